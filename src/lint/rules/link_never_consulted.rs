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
    for (zone, entry) in view.estate.private_dns_zones.iter() {
        for (link, declared) in entry.value.virtual_network_links.iter() {
            let vnet = declared.value.virtual_network.as_ref().map_or(link, |v| v.value.as_str());
            let Some(network) = view.estate.virtual_networks.get(vnet) else { continue };
            let servers = &network.value.dns_servers;
            let outside = !servers.is_empty()
                && servers.iter().all(|s| s.value != crate::net::PLATFORM_ADDRESS && !network.value.address_space.iter().any(|p| p.value.contains(s.value)));
            let machine = view.estate.virtual_machines.iter().any(|(_, m)| {
                m.value.subnet.value.split('/').next() == Some(vnet) && (m.value.dns_server.is_some() || m.value.dns_servers.iter().any(|s| s.value == crate::net::PLATFORM_ADDRESS))
            });
            let resolver = view.estate.private_dns_resolvers.iter().any(|(_, r)| r.value.virtual_network.value == vnet);
            let firewall = view.firewalls().any(|(_, _, home, _)| home == vnet);
            let gateway = view.estate.application_gateways.iter().any(|(_, g)| g.value.subnet.value.split('/').next() == Some(vnet));
            if outside && !machine && !resolver && !firewall && !gateway && !declared.value.registration_enabled.value {
                findings
                    .at(declared.span, format!("`{zone}` is linked to `{vnet}`, whose machines ask elsewhere"))
                    .related(servers.first().map(|s| s.span), "its DNS servers");
            }
        }
    }
}
