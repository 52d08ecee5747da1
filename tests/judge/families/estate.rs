//! Seeded random estates: plain values, and the scenario text they stand for.

use std::fmt::Write;

/// A small deterministic generator (splitmix64).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    pub(crate) fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Approved,
    Pending,
    Rejected,
}

/// A deny or allow of one NSG: outbound to a destination prefix `10.n.0.0/16`, or to everything.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) priority: u16,
    pub(crate) allow: bool,
    pub(crate) network: Option<usize>,
}

#[derive(Debug, Clone)]
pub(crate) struct Network {
    /// Peered with network 0 on this side, and on the other.
    pub(crate) links: (bool, bool),
    /// Forwarded by default to the firewall of network 0.
    pub(crate) default_to_firewall: bool,
    /// Rules of the machine subnet's NSG, if it has one.
    pub(crate) rules: Option<Vec<Rule>>,
    /// Zone linked, and whether it falls back to public DNS.
    pub(crate) zone: Option<bool>,
}

#[derive(Debug, Clone)]
pub(crate) struct Store {
    pub(crate) public: bool,
    /// Admits only this visitor's address, if any list is declared.
    pub(crate) selected: Option<bool>,
    /// The network of its private endpoint, with state, and whether the endpoint registers itself.
    pub(crate) endpoint: Option<(usize, State, bool)>,
}

#[derive(Debug, Clone)]
pub(crate) struct Estate {
    pub(crate) networks: Vec<Network>,
    pub(crate) stores: Vec<Store>,
    pub(crate) firewall_allows: bool,
}

pub(crate) fn estate(seed: u64) -> Estate {
    let mut r = Random(seed);
    let networks = (0..3)
        .map(|n| Network {
            links: if n == 0 { (false, false) } else { (!r.one_in(5), !r.one_in(5)) },
            default_to_firewall: n > 0 && r.one_in(3),
            rules: r.one_in(2).then(|| {
                let mut rules: Vec<Rule> = (0..r.below(4))
                    .map(|i| Rule {
                        priority: 100 + 10 * u16::try_from(i).unwrap(),
                        allow: r.one_in(2),
                        network: (!r.one_in(4)).then(|| usize::try_from(r.below(3)).unwrap()),
                    })
                    .collect();
                rules.sort_by_key(|r| r.priority);
                rules
            }),
            zone: (!r.one_in(3)).then(|| r.one_in(4)),
        })
        .collect();
    let stores = (0..4)
        .map(|_| Store {
            public: r.one_in(2),
            selected: r.one_in(3).then(|| r.one_in(2)),
            endpoint: (!r.one_in(4)).then(|| {
                let state = [State::Approved, State::Approved, State::Pending, State::Rejected]
                    [usize::try_from(r.below(4)).unwrap()];
                (usize::try_from(r.below(3)).unwrap(), state, !r.one_in(5))
            }),
        })
        .collect();
    Estate { networks, stores, firewall_allows: r.one_in(2) }
}

pub(crate) const VISITOR: &str = "198.51.100.7";
pub(crate) const STRANGER: &str = "198.51.100.8";
/// Public address of every machine, and of the firewall.
pub(crate) const EGRESS: &str = "203.0.113.5";

/// The scenario text of an estate; maps are written in the order of the indices, or backwards.
pub(crate) fn text(estate: &Estate, backwards: bool) -> String {
    let mut out = String::from("virtual_networks:\n");
    let order = |n: usize| -> Vec<usize> { if backwards { (0..n).rev().collect() } else { (0..n).collect() } };
    let networks = order(estate.networks.len());
    for &n in &networks {
        let network = &estate.networks[n];
        let nsg = if network.rules.is_some() { format!(", network_security_group: nsg-{n}") } else { String::new() };
        let table = if network.default_to_firewall { ", route_table: rt" } else { "" };
        let _ = writeln!(
            out,
            "  vnet-{n}:\n    address_space: [10.{n}.0.0/16]\n    subnets:\n      vms: {{ address_prefixes: [10.{n}.1.0/24]{nsg}{table} }}\n      endpoints: {{ address_prefixes: [10.{n}.2.0/24] }}"
        );
        if n == 0 {
            out.push_str("      AzureFirewallSubnet: { address_prefixes: [10.0.3.0/26] }\n");
        }
    }
    out.push_str("virtual_network_peerings:\n");
    for &n in &networks {
        let (mine, theirs) = estate.networks[n].links;
        for (here, from, to) in [(mine, n, 0), (theirs, 0, n)] {
            if here {
                let _ = writeln!(
                    out,
                    "  link-{from}-{to}: {{ virtual_network: vnet-{from}, remote_virtual_network: vnet-{to}, allow_forwarded_traffic: true }}"
                );
            }
        }
    }
    out.push_str("network_security_groups:\n");
    for &n in &networks {
        if let Some(rules) = &estate.networks[n].rules {
            let _ = writeln!(out, "  nsg-{n}:\n    security_rules:");
            for rule in rules {
                let to = rule.network.map_or("\"*\"".to_owned(), |n| format!("10.{n}.0.0/16"));
                let access = if rule.allow { "Allow" } else { "Deny" };
                let _ = writeln!(
                    out,
                    "      r{}: {{ priority: {}, direction: Outbound, access: {access}, protocol: \"*\", source_address_prefix: \"*\", destination_address_prefix: {to}, destination_port_range: \"*\" }}",
                    rule.priority, rule.priority
                );
            }
        }
    }
    out.push_str("route_tables:\n  rt:\n    routes:\n      default: { address_prefix: 0.0.0.0/0, next_hop_type: VirtualAppliance, next_hop_in_ip_address: 10.0.3.4 }\n");
    let _ = writeln!(
        out,
        "public_ips:\n  pip: {{ ip_address: {EGRESS} }}\nfirewalls:\n  fw: {{ subnet: vnet-0/AzureFirewallSubnet, private_ip_address: 10.0.3.4, public_ips: [pip], firewall_policy: policy }}\nfirewall_policies:\n  policy:"
    );
    if estate.firewall_allows {
        out.push_str("    rule_collection_groups:\n      g:\n        priority: 100\n        network_rule_collections:\n          c: { priority: 100, action: Allow, rules: { all: { protocols: [\"*\"], source_addresses: [\"*\"], destination_addresses: [\"*\"], destination_ports: [\"*\"] } } }\n");
    } else {
        out.push_str("    rule_collection_groups: {}\n");
    }
    out.push_str("virtual_machines:\n");
    for &n in &networks {
        let _ =
            writeln!(out, "  vm-{n}: {{ subnet: vnet-{n}/vms, private_ip_address: 10.{n}.1.4, listens: [tcp/443] }}");
    }
    let _ = writeln!(
        out,
        "internet_clients:\n  visitor: {{ ip_address: {VISITOR} }}\n  stranger: {{ ip_address: {STRANGER} }}\nservices:"
    );
    for &s in &order(estate.stores.len()) {
        let store = &estate.stores[s];
        let rules = match store.selected {
            Some(true) => format!(", network_rules: {{ default_action: Deny, ip_rules: [{VISITOR}/32] }}"),
            Some(false) => ", network_rules: { default_action: Deny }".to_owned(),
            None => String::new(),
        };
        let _ = writeln!(
            out,
            "  store{s}: {{ type: Microsoft.Storage/storageAccounts, public_network_access_enabled: {}{rules} }}",
            store.public
        );
    }
    out.push_str("private_endpoints:\n");
    for &s in &order(estate.stores.len()) {
        if let Some((n, state, registers)) = estate.stores[s].endpoint {
            let group = if registers {
                ", private_dns_zone_group: { private_dns_zones: [privatelink.blob.core.windows.net] }"
            } else {
                ""
            };
            let _ = writeln!(
                out,
                "  pe-{s}: {{ subnet: vnet-{n}/endpoints, ip_addresses: [10.{n}.2.{}], private_service_connection: {{ private_connection_resource: store{s}, subresource_names: [blob], status: {state:?} }}{group} }}",
                10 + s
            );
        }
    }
    out.push_str("private_dns_zones:\n  privatelink.blob.core.windows.net:\n    virtual_network_links:\n");
    for &n in &networks {
        if let Some(fallback) = estate.networks[n].zone {
            let policy = if fallback { "NxDomainRedirect" } else { "Default" };
            let _ = writeln!(out, "      vnet-{n}: {{ resolution_policy: {policy} }}");
        }
    }
    out
}
