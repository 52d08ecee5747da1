//! A security rule that never decides.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0125",
    name: "nsg-shadowed-rule",
    level: Level::Warning,
    category: Category::Filter,
    what: "A security rule whose traffic is decided entirely by rules with lower numbers, at least one of which does the opposite.",
    why: "The first match decides, so the rule has no effect; what it was meant to allow or deny is not.",
    fix: "give it a lower number than the rules that block it, or narrow or remove them",
    covers: &["LINT-NET-43"],
    sources: &["NSG-04"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for rule in view.security_rules() {
        let blocking = rule.covering();
        let opposed = blocking.iter().any(|b| b.action != rule.action());
        if let (Some(first), true) = (blocking.first(), opposed) {
            let names: Vec<_> = blocking.iter().map(|b| format!("`{}`", b.origin.name)).collect();
            let finding = findings.at(
                rule.entry.span,
                format!(
                    "`{}/{}` never decides: {} decide{} all of it",
                    rule.group,
                    rule.name,
                    names.join(", "),
                    if names.len() == 1 { "s" } else { "" }
                ),
            );
            for other in blocking {
                finding.related(other.origin.span, format!("priority {}", other.priority.unwrap_or_default()));
            }
            let _ = first;
        }
    }
}
