//! An application security group with many private endpoints.

use crate::lint::{Category, Findings, Level, Rule, View};
use std::collections::BTreeMap;

pub(super) static RULE: Rule = Rule {
    code: "PRL0334",
    name: "crowded-application-group",
    level: Level::Warning,
    category: Category::PrivateLink,
    what: "An application security group with more than 50 addresses of private endpoints.",
    why: "Connections to endpoints of such a group may fail.",
    fix: "split the group",
    covers: &["LINT-PL-18"],
    sources: &["PE-29", "ASG-04"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, endpoint) in view.estate.private_endpoints.iter() {
        let owner = view.endpoint("private_endpoint", name);
        let addresses = owner.map_or(0, |(_, e)| e.addresses.len());
        for group in &endpoint.value.application_security_groups {
            *counts.entry(group.value.as_str()).or_default() += addresses;
        }
    }
    for (name, group) in view.estate.application_security_groups.iter() {
        let count = counts.get(name).copied().unwrap_or_default();
        if count > 50 {
            findings.at(group.span, format!("`{name}` holds {count} addresses of private endpoints"));
        }
    }
}
