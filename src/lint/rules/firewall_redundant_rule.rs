//! A firewall rule that repeats others.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0137",
    name: "firewall-redundant-rule",
    level: Level::Info,
    category: Category::Firewall,
    what: "A network or application rule whose traffic is decided entirely by earlier rules that do the same.",
    why: "It has no effect, and hides that removing one of the others would not close what it opens.",
    fix: "remove the rule",
    covers: &[],
    sources: &["FW-03", "FW-04"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for rule in view.firewall_rules() {
        let same = rule.covering();
        if !same.is_empty() && same.iter().all(|b| b.action == rule.action) {
            let names: Vec<_> = same.iter().map(|b| format!("`{}`", b.origin.name)).collect();
            let finding = findings.at(rule.span, format!("`{}` repeats {}", rule.label, names.join(", ")));
            for other in same {
                finding.related(other.origin.span, "does the same");
            }
        }
    }
}
