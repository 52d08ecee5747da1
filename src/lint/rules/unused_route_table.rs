//! A route table that nothing uses.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0180",
    name: "unused-route-table",
    level: Level::Warning,
    category: Category::Unused,
    what: "A route table that no subnet is associated with.",
    why: "Its routes lead nothing anywhere, which is easily mistaken for steering.",
    fix: "associate it, or remove it",
    covers: &[],
    sources: &["UDR-09"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let used: std::collections::BTreeSet<&str> =
        view.subnets.iter().filter_map(|s| s.entry.value.route_table.as_ref()).map(|t| t.value.as_str()).collect();
    for (name, table) in view.estate.route_tables.iter().filter(|(n, _)| !used.contains(n)) {
        findings.at(table.span, format!("nothing uses route table `{name}`"));
    }
}
