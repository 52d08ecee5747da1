//! A firewall rule that never decides.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0136",
    name: "firewall-shadowed-rule",
    level: Level::Warning,
    category: Category::Firewall,
    what: "A network or application rule whose traffic is decided entirely by earlier rules of the same kind, at least one of which does the opposite.",
    why: "The first match ends processing. Groups of the parent policy come before those of the child, then groups and collections by priority, whatever the rules say.",
    fix: "move the rule to a collection that comes earlier, or narrow the rules that block it",
    covers: &["LINT-NET-37"],
    sources: &["FW-03", "FW-04"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for rule in view.firewall_rules() {
        let blocking = rule.covering();
        if blocking.iter().any(|b| b.action != rule.action) {
            let names: Vec<_> = blocking.iter().map(|b| format!("`{}`", b.origin.name)).collect();
            let finding = findings.at(
                rule.span,
                format!(
                    "`{}` never decides: {} come{} first",
                    rule.label,
                    names.join(", "),
                    if names.len() == 1 { "s" } else { "" }
                ),
            );
            for other in blocking {
                finding.related(other.origin.span, "comes first");
            }
        }
    }
}
