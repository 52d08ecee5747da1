//! A mesh of networks with common addresses.

use crate::azure::model::network_manager::{GroupConnectivity, Topology};
use crate::lint::{Category, Findings, Level, Rule, View};
use crate::net::Prefix;
use std::collections::BTreeSet;

pub(super) static RULE: Rule = Rule {
    code: "PRL0175",
    name: "mesh-with-equal-ranges",
    level: Level::Warning,
    category: Category::Peering,
    what: "Two networks with overlapping prefixes that a network manager connects directly.",
    why: "The platform drops traffic to the addresses that both have, without refusing the configuration.",
    fix: "renumber one of the two, or take it out of the group",
    covers: &["LINT-NET-89"],
    sources: &["AVNM-09"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for (_, manager) in view.estate.network_managers.iter() {
        for (_, configuration) in manager.value.connectivity_configurations.iter() {
            let mesh = configuration.value.connectivity_topology.value == Topology::Mesh;
            let groups: Vec<_> = configuration
                .value
                .applies_to_groups
                .iter()
                .filter(|(_, g)| mesh || g.value.group_connectivity.value == GroupConnectivity::DirectlyConnected)
                .filter_map(|(n, _)| manager.value.network_groups.get(n))
                .collect();
            let members: Vec<_> = groups.iter().flat_map(|g| &g.value.virtual_networks).collect();
            // Mostly nothing overlaps, which is quickly told by going through all ranges in order.
            let joined: BTreeSet<&str> = members.iter().map(|m| m.value.as_str()).collect();
            let mut ranges: Vec<Prefix> = joined.iter().flat_map(|m| view.prefixes(m)).collect();
            ranges.sort_unstable_by_key(|p| (p.network(), p.last()));
            if ranges.windows(2).all(|pair| matches!(pair, [a, b] if a.last() < b.network())) {
                continue;
            }
            for (i, one) in members.iter().enumerate() {
                for two in members.iter().skip(i + 1).filter(|t| t.value != one.value) {
                    let (a, b) = (view.prefixes(&one.value), view.prefixes(&two.value));
                    if let Some(hit) = a.iter().find(|p| b.iter().any(|q| q.overlaps(**p))) {
                        findings
                            .at(
                                two.span,
                                format!(
                                    "`{}` and `{}` both have addresses of {hit}, and are meshed",
                                    one.value, two.value
                                ),
                            )
                            .related(one.span, "the other member");
                    }
                }
            }
        }
    }
}
