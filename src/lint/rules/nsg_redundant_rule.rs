//! A security rule that repeats others.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0126",
    name: "nsg-redundant-rule",
    level: Level::Info,
    category: Category::Filter,
    what: "A security rule whose traffic is decided entirely by rules with lower numbers that do the same.",
    why: "It has no effect, and hides that removing one of the others would not close what it opens.",
    fix: "remove the rule",
    covers: &[],
    sources: &["NSG-04"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for rule in view.security_rules() {
        let same = rule.covering();
        if !same.is_empty() && same.iter().all(|b| b.action == rule.action()) {
            let names: Vec<_> = same.iter().map(|b| format!("`{}`", b.origin.name)).collect();
            let finding =
                findings.at(rule.entry.span, format!("`{}/{}` repeats {}", rule.group, rule.name, names.join(", ")));
            for other in same {
                finding.related(other.origin.span, format!("priority {}", other.priority.unwrap_or_default()));
            }
        }
    }
}
