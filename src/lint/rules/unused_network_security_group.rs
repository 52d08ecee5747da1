//! A security group that nothing uses.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0179",
    name: "unused-network-security-group",
    level: Level::Warning,
    category: Category::Unused,
    what: "A network security group that is attached to no subnet and no interface.",
    why: "Its rules filter nothing, which is easily mistaken for protection.",
    fix: "attach it, or remove it",
    covers: &[],
    sources: &["NSG-01"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let machines = || view.estate.virtual_machines.iter().map(|(_, m)| &m.value);
    let subnets = view.subnets.iter().filter_map(|s| s.entry.value.network_security_group.as_ref());
    let first = machines().filter_map(|m| m.network_security_group.as_ref());
    let further = machines().flat_map(|m| m.secondary_network_interfaces.iter());
    let further = further.filter_map(|(_, i)| i.value.network_security_group.as_ref());
    let used: std::collections::BTreeSet<&str> =
        subnets.chain(first).chain(further).map(|r| r.value.as_str()).collect();
    for (name, group) in view.estate.network_security_groups.iter().filter(|(n, _)| !used.contains(n)) {
        findings.at(group.span, format!("nothing uses security group `{name}`"));
    }
}
