//! An application security group that nothing uses.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0182",
    name: "unused-application-security-group",
    level: Level::Info,
    category: Category::Unused,
    what: "An application security group that has no members and that no rule names.",
    why: "No rule and no machine is affected by it, so it only misleads who reads the design.",
    fix: "remove it, or make machines members of it",
    covers: &[],
    sources: &["ASG-03"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let machines = view.estate.virtual_machines.iter().flat_map(|(_, m)| &m.value.application_security_groups);
    let endpoints = view.estate.private_endpoints.iter().flat_map(|(_, e)| &e.value.application_security_groups);
    let rules = view.estate.network_security_groups.iter().flat_map(|(_, g)| g.value.security_rules.iter());
    let named = rules.flat_map(|(_, r)| {
        r.value.source_application_security_groups.iter().chain(&r.value.destination_application_security_groups)
    });
    let used: std::collections::BTreeSet<&str> =
        machines.chain(endpoints).chain(named).map(|r| r.value.as_str()).collect();
    for (name, group) in view.estate.application_security_groups.iter().filter(|(n, _)| !used.contains(n)) {
        findings.at(group.span, format!("nothing uses application security group `{name}`"));
    }
}
