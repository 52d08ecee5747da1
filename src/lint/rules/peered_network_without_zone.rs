//! A network that reaches a private endpoint and does not see its zone.

use crate::dataplane::Role;
use crate::lint::{Category, Findings, Level, Rule, View};

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
    for (vnet, entry) in view.estate.virtual_networks.iter() {
        let ruleset = view.estate.private_dns_resolver_dns_forwarding_rulesets.iter().any(|(_, r)| {
            r.value.virtual_network_links.iter().any(|(k, l)| l.value.virtual_network.as_ref().map_or(k, |v| v.value.as_str()) == vnet)
        });
        let clients = view.subnets_of(vnet).any(|s| view.members(s).any(|(_, e)| matches!(e.role, Role::Host(_))));
        if !clients || ruleset || !entry.value.dns_servers.is_empty() {
            continue;
        }
        let mut missing: Vec<&str> = Vec::new();
        let mut first = None;
        for (_, endpoint) in view.estate.private_endpoints.iter() {
            let home = endpoint.value.subnet.value.split('/').next().unwrap_or_default();
            let zones = endpoint.value.private_dns_zone_group.iter().flat_map(|g| &g.private_dns_zones);
            for zone in zones.filter(|_| home == vnet || view.is_adjacent(vnet, home)) {
                if !view.zone_linked(&zone.value, vnet) && !missing.contains(&zone.value.as_str()) {
                    missing.push(&zone.value);
                    first.get_or_insert(endpoint.span);
                }
            }
        }
        if let Some(at) = first {
            missing.sort_unstable();
            let more = if missing.len() > 1 { format!(" and {} more", missing.len() - 1) } else { String::new() };
            findings
                .at(entry.span, format!("`{vnet}` reaches private endpoints and is not linked to {}{more}", missing.first().copied().unwrap_or_default()))
                .related(at, "an endpoint it reaches");
        }
    }
}
