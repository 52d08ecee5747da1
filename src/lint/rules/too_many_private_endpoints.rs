//! More private endpoints than a network takes.

use crate::lint::{Category, Findings, Level, Rule, View};
use std::collections::BTreeMap;

pub(super) static RULE: Rule = Rule {
    code: "PRL0333",
    name: "too-many-private-endpoints",
    level: Level::Warning,
    category: Category::PrivateLink,
    what: "A network with more than 1,000 private endpoints, or more than 4,000 with those of the networks it reaches directly.",
    why: "The platform refuses more, or connections fail silently, unless the high-scale policy is on.",
    fix: "split the endpoints over networks that do not meet, or ask for the high-scale policy",
    covers: &["LINT-PL-11"],
    sources: &["PE-09"],
    check,
};

const IN_NETWORK: usize = 1000;
const IN_REACH: usize = 4000;

fn check(view: &View<'_>, findings: &mut Findings) {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, endpoint) in view.estate.private_endpoints.iter() {
        *counts.entry(endpoint.value.subnet.value.split('/').next().unwrap_or_default()).or_default() += 1;
    }
    let count = |vnet: &str| counts.get(vnet).copied().unwrap_or_default();
    for (vnet, entry) in view.estate.virtual_networks.iter() {
        let own = count(vnet);
        let reach = own + view.adjacent(vnet).map(count).sum::<usize>();
        if own > IN_NETWORK {
            findings.at(entry.span, format!("`{vnet}` holds {own} private endpoints, and takes {IN_NETWORK}"));
        } else if own > 0 && reach > IN_REACH {
            findings
                .at(entry.span, format!("`{vnet}` and its peers hold {reach} private endpoints, and take {IN_REACH}"));
        }
    }
}
