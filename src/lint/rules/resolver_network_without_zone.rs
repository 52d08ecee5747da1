//! A resolver that does not see a zone its clients need.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0318",
    name: "resolver-network-without-zone",
    level: Level::Warning,
    category: Category::Dns,
    what: "A resolver that other networks or sites ask stands in a network that is not linked to a zone in which a private endpoint is registered.",
    why: "An inbound endpoint answers as the platform does in its own network, whatever the clients' networks are linked to.",
    fix: "link the zone to the network of the resolver",
    covers: &["LINT-DNS-19"],
    sources: &["FWD-02", "RESOLVER-13", "AFW-02"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let networks = view.estate.virtual_networks.iter().flat_map(|(_, v)| v.value.dns_servers.iter().map(|s| s.value));
    let sites = view.estate.on_premises_sites.iter().flat_map(|(_, s)| s.value.dns_servers.iter());
    let sites = sites
        .flat_map(|(_, d)| d.value.conditional_forwarders.iter().flat_map(|(_, f)| &f.value).chain(&d.value.forwarders))
        .map(|a| a.value);
    let asked: std::collections::BTreeSet<std::net::IpAddr> = networks.chain(sites).collect();
    let mut seen = std::collections::BTreeSet::new();
    for (address, vnet) in view.inbound_resolvers().filter(|(a, _)| asked.contains(a)) {
        for (name, endpoint) in view.estate.private_endpoints.iter() {
            for zone in endpoint.value.private_dns_zone_group.iter().flat_map(|g| &g.private_dns_zones) {
                let Some(declared) = view.estate.private_dns_zones.get(&zone.value) else { continue };
                // A zone that nobody is linked to is a finding of its own.
                let elsewhere = !declared.value.virtual_network_links.is_empty();
                let own = declared.value.zone_name.as_ref().map_or(zone.value.as_str(), |n| n.value.as_str());
                if elsewhere && !view.zone_linked(own, vnet) && seen.insert((own.to_owned(), vnet)) {
                    findings
                        .at(
                            declared.span,
                            format!(
                                "clients that ask {address} in `{vnet}` do not see `{}`, where `{name}` is registered",
                                zone.value
                            ),
                        )
                        .related(endpoint.span, "the private endpoint");
                }
            }
        }
    }
}
