//! A network that reaches a private endpoint and does not see its zone.

use crate::dataplane::Role;
use crate::diag::Span;
use crate::lint::{Category, Findings, Level, Rule, View};
use std::collections::{BTreeMap, BTreeSet};

pub(super) static RULE: Rule = Rule {
    code: "PRL0441",
    name: "peered-network-without-zone",
    level: Level::Warning,
    category: Category::Dns,
    what: "A network with machines reaches the network of a private endpoint directly, uses the platform's DNS, and sees no zone in which the endpoint is registered.",
    why: "The name resolves to the public address there, which the service refuses or which leaves by the internet.",
    fix: "link the zone to the network, or let it ask a resolver in a network that has the link",
    covers: &["LINT-61", "LINT-DNS-01"],
    sources: &["ZONE-11", "ZONE-18"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let ruled = view
        .estate
        .private_dns_resolver_dns_forwarding_rulesets
        .iter()
        .flat_map(|(_, r)| r.value.virtual_network_links.iter());
    let ruled: BTreeSet<&str> =
        ruled.map(|(k, l)| l.value.virtual_network.as_ref().map_or(k, |v| v.value.as_str())).collect();
    // Zones that endpoints of each network register in, each with the first such endpoint.
    let mut registered: BTreeMap<&str, BTreeMap<&str, (usize, Span)>> = BTreeMap::new();
    for (order, (_, endpoint)) in view.estate.private_endpoints.iter().enumerate() {
        let home = endpoint.value.subnet.value.split('/').next().unwrap_or_default();
        for zone in endpoint.value.private_dns_zone_group.iter().flat_map(|g| &g.private_dns_zones) {
            registered.entry(home).or_default().entry(&zone.value).or_insert((order, endpoint.span));
        }
    }
    for (vnet, entry) in view.estate.virtual_networks.iter() {
        let clients = view.subnets_of(vnet).any(|s| view.members(s).any(|(_, e)| matches!(e.role, Role::Host(_))));
        if !clients || ruled.contains(vnet) || !entry.value.dns_servers.is_empty() {
            continue;
        }
        let reached =
            std::iter::once(vnet).chain(view.adjacent(vnet)).filter_map(|home| registered.get(home)).flatten();
        let lacking: Vec<_> = reached.filter(|(zone, _)| !view.zone_linked(zone, vnet)).collect();
        let first = lacking.iter().map(|(_, at)| **at).min().map(|(_, span)| span);
        let missing: BTreeSet<&str> = lacking.iter().map(|(zone, _)| **zone).collect();
        if let Some(at) = first {
            let more = if missing.len() > 1 { format!(" and {} more", missing.len() - 1) } else { String::new() };
            findings
                .at(
                    entry.span,
                    format!(
                        "`{vnet}` reaches private endpoints and is not linked to {}{more}",
                        missing.first().copied().unwrap_or_default()
                    ),
                )
                .related(at, "an endpoint it reaches");
        }
    }
}
