//! A zone link in a network that asks other servers.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0316",
    name: "link-never-consulted",
    level: Level::Warning,
    category: Category::Dns,
    what: "A zone is linked to a network whose machines ask custom DNS servers elsewhere, and in which no DNS server, resolver or firewall asks the platform.",
    why: "Links act on queries to the platform's resolver from that network; there are none.",
    fix: "link the zone to the network of the servers, or let them forward there",
    covers: &["LINT-DNS-14"],
    sources: &["DNS-04", "RESOLVER-05"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let machines = view.estate.virtual_machines.iter().map(|(_, m)| &m.value);
    let machines = machines
        .filter(|m| m.dns_server.is_some() || m.dns_servers.iter().any(|s| s.value == crate::net::PLATFORM_ADDRESS));
    let subnets =
        machines.map(|m| &m.subnet).chain(view.estate.application_gateways.iter().map(|(_, g)| &g.value.subnet));
    let subnets = subnets.filter_map(|s| s.value.split('/').next());
    let resolvers = view.estate.private_dns_resolvers.iter().map(|(_, r)| r.value.virtual_network.value.as_str());
    let firewalls = view.firewalls().map(|(_, _, home, _)| home);
    let asking: std::collections::BTreeSet<&str> = subnets.chain(resolvers).chain(firewalls).collect();
    for (zone, entry) in view.estate.private_dns_zones.iter() {
        for (link, declared) in entry.value.virtual_network_links.iter() {
            let vnet = declared.value.virtual_network.as_ref().map_or(link, |v| v.value.as_str());
            let Some(network) = view.estate.virtual_networks.get(vnet) else { continue };
            let servers = &network.value.dns_servers;
            let outside = !servers.is_empty()
                && servers.iter().all(|s| {
                    s.value != crate::net::PLATFORM_ADDRESS
                        && !network.value.address_space.iter().any(|p| p.value.contains(s.value))
                });
            if outside && !asking.contains(vnet) && !declared.value.registration_enabled.value {
                findings
                    .at(declared.span, format!("`{zone}` is linked to `{vnet}`, whose machines ask elsewhere"))
                    .related(servers.first().map(|s| s.span), "its DNS servers");
            }
        }
    }
}
