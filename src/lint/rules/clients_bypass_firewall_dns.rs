//! Names in network rules that clients resolve elsewhere.

use crate::lint::{Category, Findings, Level, Rule, View};
use std::net::IpAddr;

pub(super) static RULE: Rule = Rule {
    code: "PRL0139",
    name: "clients-bypass-firewall-dns",
    level: Level::Warning,
    category: Category::Firewall,
    what: "A machine behind a firewall with names in network rules for it asks other DNS servers than the firewall.",
    why: "The rule matches the addresses that the firewall resolved; a client that got another address for the name is denied.",
    fix: "let the clients ask the firewall, or let both ask one server",
    covers: &["LINT-NET-34", "LINT-DNS-27"],
    sources: &["FW-08"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for (name, firewall, home, address) in view.firewalls() {
        let policies = view.policies(&firewall.value);
        let servers: Vec<IpAddr> = policies
            .iter()
            .flat_map(|(_, p)| p.value.dns.iter().flat_map(|d| d.servers.iter().map(|s| s.value)))
            .collect();
        let forwards = |server: IpAddr| {
            let machines =
                view.estate.virtual_machines.iter().filter(|(_, m)| m.value.private_ip_address.value == server);
            let own = machines.filter_map(|(_, m)| m.value.dns_server.as_ref());
            let sites = view.estate.on_premises_sites.iter().flat_map(|(_, s)| s.value.dns_servers.iter());
            let there = sites
                .filter(|(_, d)| d.value.ip_address.as_ref().is_some_and(|a| a.value == server))
                .map(|(_, d)| &d.value);
            own.chain(there).any(|d| d.forwarders.iter().any(|f| f.value == address))
        };
        let rules = policies.iter().flat_map(|(_, p)| p.value.rule_collection_groups.iter());
        let rules =
            rules.flat_map(|(_, g)| g.value.network_rule_collections.iter()).flat_map(|(_, c)| c.value.rules.iter());
        for (rule, entry) in rules {
            let Some(named) = entry.value.destination_fqdns.first() else { continue };
            let sources = &entry.value.source_addresses;
            let among = |at: IpAddr| {
                sources.iter().any(|s| {
                    let text = s.value.as_str();
                    text == "*"
                        || text.parse::<IpAddr>() == Ok(at)
                        || text.parse::<crate::net::Prefix>().is_ok_and(|p| p.contains(at))
                })
            };
            let bypassing = view.estate.virtual_machines.iter().find(|(_, m)| {
                let at = m.value.private_ip_address.value;
                let Some(subnet) = view.subnet(&m.value.subnet.value) else { return false };
                let behind = view
                    .default_appliance(subnet)
                    .is_some_and(|(_, d)| d.is_some_and(|d| d.vnet == home && d.endpoint.addresses.contains(&address)));
                let own = &m.value.dns_servers;
                let network = view.estate.virtual_networks.get(subnet.vnet).map(|v| v.value.dns_servers.as_slice());
                let asked = if own.is_empty() { network.unwrap_or_default() } else { own.as_slice() };
                let same = |s: IpAddr| s == address || servers.contains(&s) || forwards(s);
                among(at) && behind && !asked.iter().any(|s| same(s.value))
            });
            if let Some((machine, m)) = bypassing {
                findings
                    .at(
                        named.span,
                        format!("`{machine}` does not resolve `{}` of rule `{rule}` by `{name}`", named.value),
                    )
                    .related(m.span, "a client that asks elsewhere")
                    .fix(format!("make {address} the DNS server of its network, with the DNS proxy on"));
            }
        }
    }
}
