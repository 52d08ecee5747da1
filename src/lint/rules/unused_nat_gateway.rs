//! A NAT gateway that no subnet uses.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0184",
    name: "unused-nat-gateway",
    level: Level::Info,
    category: Category::Unused,
    what: "A NAT gateway that no subnet is associated with.",
    why: "It costs, and nothing leaves by it.",
    fix: "associate it with a subnet, or remove it",
    covers: &[],
    sources: &["NAT-04"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let used: std::collections::BTreeSet<&str> =
        view.subnets.iter().filter_map(|s| s.entry.value.nat_gateway.as_ref()).map(|n| n.value.as_str()).collect();
    for (name, nat) in view.estate.nat_gateways.iter().filter(|(n, _)| !used.contains(n)) {
        findings.at(nat.span, format!("nothing uses NAT gateway `{name}`"));
    }
}
