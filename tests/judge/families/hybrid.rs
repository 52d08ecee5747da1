//! Seeded random hybrid estates, as scenario text: a site, a hub with gateway, resolver and firewall, two spokes.

use super::estate::Random;
use std::fmt::Write;

pub(crate) const BREAKOUT: &str = "198.51.100.20";
pub(crate) const VISITOR: &str = "198.51.100.7";
const INBOUND: &str = "10.0.4.4";
const SITE_SERVER: &str = "192.168.0.53";

/// Clients of every estate.
pub(crate) const CLIENTS: [&str; 5] = ["desk", "vm-0", "vm-1", "vm-2", "visitor"];
/// Targets of every estate.
pub(crate) const TARGETS: [&str; 8] = [
    "st0.blob.core.windows.net",
    "st1.blob.core.windows.net",
    "kv0.vault.azure.net",
    "kv1.vault.azure.net",
    "10.0.1.4",
    "10.1.1.4",
    "10.2.1.4",
    "192.168.1.10",
];

fn pick<'a>(r: &mut Random, of: &[&'a str]) -> &'a str {
    of[usize::try_from(r.below(of.len() as u64)).unwrap()]
}

/// The text of a seed. `closed` names a machine network whose outbound traffic is denied by one more rule.
pub(crate) fn text(seed: u64, closed: Option<usize>) -> String {
    let r = &mut Random(seed ^ 0x5eed_4b1d);
    let mut out = String::new();
    if r.one_in(2) {
        out.push_str("location: westeurope\n");
    }
    let tables = networks(r, &mut out, closed);
    peerings(r, &mut out);
    groups(r, &mut out, &tables, closed);
    routes(r, &mut out);
    firewall(r, &mut out);
    site(r, &mut out);
    machines(&mut out);
    services(r, &mut out);
    out
}

/// Virtual networks; answers, for each, whether its machine subnet has an NSG and a route table.
fn networks(r: &mut Random, out: &mut String, closed: Option<usize>) -> Vec<(bool, bool)> {
    let mut tables = Vec::new();
    out.push_str("virtual_networks:\n");
    for n in 0..3 {
        let (group, table) = (r.one_in(2), r.one_in(3));
        let dns = match r.below(6) {
            0 | 1 => format!("    dns_servers: [{INBOUND}]\n"),
            2 => format!("    dns_servers: [10.0.4.9, {INBOUND}]\n"),
            3 => format!("    dns_servers: [{SITE_SERVER}]\n"),
            _ => String::new(),
        };
        let _ = write!(out, "  vnet-{n}:\n    address_space: [10.{n}.0.0/16]\n{dns}    subnets:\n");
        let nsg = if group || closed == Some(n) { format!(", network_security_group: nsg-{n}") } else { String::new() };
        let rt = if table { format!(", route_table: rt-{n}") } else { String::new() };
        let _ = writeln!(out, "      vms: {{ address_prefixes: [10.{n}.1.0/24]{nsg}{rt} }}");
        let _ = writeln!(out, "      endpoints: {{ address_prefixes: [10.{n}.2.0/24] }}");
        tables.push((group, table));
    }
    // The last network is written first in the hub's place: subnets of the hub follow as a map of their own.
    let hub = "      AzureFirewallSubnet: { address_prefixes: [10.0.3.0/26] }\n      inbound: { address_prefixes: [10.0.4.0/28] }\n";
    let gateway = if r.one_in(3) { ", route_table: rt-gateway" } else { "" };
    let hub = format!("{hub}      GatewaySubnet: {{ address_prefixes: [10.0.5.0/27]{gateway} }}\n");
    let end = out.find("  vnet-1:").unwrap();
    out.insert_str(end, &hub);
    tables
}

fn peerings(r: &mut Random, out: &mut String) {
    out.push_str("virtual_network_peerings:\n");
    for n in 1..3 {
        let (transit, remote) = match r.below(6) {
            0 => (false, false),
            1 => (true, false),
            _ => (true, true),
        };
        let forwarded = !r.one_in(4);
        let missing = r.below(8);
        // A link that uses a remote gateway is refused without the other one (PEER-08).
        if missing != 0 {
            let _ = writeln!(
                out,
                "  down-{n}: {{ virtual_network: vnet-0, remote_virtual_network: vnet-{n}, allow_gateway_transit: {transit}, allow_forwarded_traffic: true }}"
            );
        }
        if missing != 1 {
            let remote = remote && missing != 0;
            let _ = writeln!(
                out,
                "  up-{n}: {{ virtual_network: vnet-{n}, remote_virtual_network: vnet-0, use_remote_gateways: {remote}, allow_forwarded_traffic: {forwarded} }}"
            );
        }
    }
}

fn groups(r: &mut Random, out: &mut String, tables: &[(bool, bool)], closed: Option<usize>) {
    out.push_str("network_security_groups:\n");
    for (n, (group, table)) in tables.iter().enumerate() {
        let mut rules = String::new();
        for i in 0..r.below(4) {
            // What the VirtualNetwork tag holds beside a default user route is an assumption: no rule names it there.
            let tags: &[&str] = if *table { &["\"*\""] } else { &["\"*\"", "VirtualNetwork", "Internet"] };
            let places = ["10.0.0.0/16", "10.1.0.0/16", "10.2.0.0/16", "192.168.0.0/16", "10.0.4.4/32"];
            let to = if r.one_in(3) { pick(r, tags) } else { pick(r, &places) };
            let (access, port) = (pick(r, &["Allow", "Deny"]), pick(r, &["\"*\"", "443", "53"]));
            let priority = 200 + 10 * i;
            let _ = writeln!(
                rules,
                "      o{i}: {{ priority: {priority}, direction: Outbound, access: {access}, protocol: \"*\", source_address_prefix: \"*\", destination_address_prefix: {to}, destination_port_range: {port} }}"
            );
        }
        if r.one_in(3) {
            let from = pick(r, &["10.0.0.0/16", "10.1.0.0/16", "192.168.0.0/16", "\"*\""]);
            let _ = writeln!(
                rules,
                "      i0: {{ priority: 200, direction: Inbound, access: Deny, protocol: \"*\", source_address_prefix: {from}, destination_address_prefix: \"*\", destination_port_range: \"*\" }}"
            );
        }
        if closed == Some(n) {
            if !group {
                rules.clear();
            }
            rules.push_str("      closed: { priority: 100, direction: Outbound, access: Deny, protocol: \"*\", source_address_prefix: \"*\", destination_address_prefix: \"*\", destination_port_range: \"*\" }\n");
        }
        let rules = if rules.is_empty() { " {}\n".to_owned() } else { format!("\n{rules}") };
        let _ = write!(out, "  nsg-{n}:\n    security_rules:{rules}");
    }
}

fn routes(r: &mut Random, out: &mut String) {
    out.push_str("route_tables:\n");
    for n in 0..3 {
        let propagation = r.one_in(2);
        let _ = writeln!(
            out,
            "  rt-{n}:\n    bgp_route_propagation_enabled: {propagation}\n    routes:\n      default: {{ address_prefix: 0.0.0.0/0, next_hop_type: VirtualAppliance, next_hop_in_ip_address: 10.0.3.4 }}"
        );
    }
    out.push_str("  rt-gateway:\n    routes:\n");
    for n in 1..3 {
        let _ = writeln!(
            out,
            "      spoke-{n}: {{ address_prefix: 10.{n}.0.0/16, next_hop_type: VirtualAppliance, next_hop_in_ip_address: 10.0.3.4 }}"
        );
    }
}

fn firewall(r: &mut Random, out: &mut String) {
    out.push_str("public_ips:\n  pip: { ip_address: 203.0.113.5 }\nfirewalls:\n  fw: { subnet: vnet-0/AzureFirewallSubnet, private_ip_address: 10.0.3.4, public_ips: [pip], firewall_policy: policy }\nfirewall_policies:\n  policy:\n    rule_collection_groups:");
    let kind = r.below(4);
    if kind == 0 {
        out.push_str(" {}\n");
        return;
    }
    out.push_str("\n      g:\n        priority: 100\n        network_rule_collections:\n");
    if kind == 1 {
        let to = pick(r, &["10.1.0.0/16", "10.2.0.0/16", "192.168.0.0/16"]);
        let _ = writeln!(
            out,
            "          deny: {{ priority: 200, action: Deny, rules: {{ some: {{ protocols: [\"*\"], source_addresses: [\"*\"], destination_addresses: [{to}], destination_ports: [\"*\"] }} }} }}"
        );
    }
    let from = if kind == 2 { pick(r, &["10.1.0.0/16", "10.2.0.0/16", "192.168.0.0/16"]) } else { "\"*\"" };
    let _ = writeln!(
        out,
        "          allow: {{ priority: 300, action: Allow, rules: {{ all: {{ protocols: [\"*\"], source_addresses: [{from}], destination_addresses: [\"*\"], destination_ports: [\"*\"] }} }} }}"
    );
}

fn site(r: &mut Random, out: &mut String) {
    let _ = writeln!(
        out,
        "virtual_network_gateways:\n  gw: {{ virtual_network: vnet-0, type: Vpn }}\nvirtual_network_gateway_connections:\n  link: {{ virtual_network_gateway: gw, on_premises_site: hq, connected: {} }}",
        !r.one_in(5)
    );
    if !r.one_in(6) {
        let _ = writeln!(
            out,
            "private_dns_resolvers:\n  resolver:\n    virtual_network: vnet-0\n    inbound_endpoints:\n      in: {{ subnet: vnet-0/inbound, private_ip_address: {INBOUND} }}"
        );
    }
    let _ = writeln!(
        out,
        "on_premises_sites:\n  hq:\n    address_space: [192.168.0.0/16]\n    internet: {{ public_ip_address: {BREAKOUT} }}\n    hosts:\n      desk: {{ ip_address: 192.168.1.10, listens: [tcp/443] }}\n    dns_servers:\n      dc:\n        ip_address: {SITE_SERVER}"
    );
    // FWD-04: an iterative server is told of the alias zone only; FWD-03: a forwarding one of the public name, or wrongly.
    let (mode, suffixes): (_, [&str; 2]) = match r.below(6) {
        0 => ("iterative", ["privatelink.blob.core.windows.net", "privatelink.vaultcore.azure.net"]),
        1 => ("forward", ["privatelink.blob.core.windows.net", "vaultcore.azure.net"]),
        _ => ("forward", ["blob.core.windows.net", "vault.azure.net"]),
    };
    let _ = writeln!(out, "        mode: {mode}");
    let mut forwarders = String::new();
    for suffix in suffixes {
        match r.below(6) {
            0 => {}
            1 => {
                let _ = writeln!(forwarders, "          {suffix}: [168.63.129.16]");
            }
            _ => {
                let _ = writeln!(forwarders, "          {suffix}: [{INBOUND}]");
            }
        }
    }
    if !forwarders.is_empty() {
        let _ = write!(out, "        conditional_forwarders:\n{forwarders}");
    }
}

fn machines(out: &mut String) {
    out.push_str("virtual_machines:\n");
    for n in 0..3 {
        let _ =
            writeln!(out, "  vm-{n}: {{ subnet: vnet-{n}/vms, private_ip_address: 10.{n}.1.4, listens: [tcp/443] }}");
    }
    let _ = writeln!(out, "internet_clients:\n  visitor: {{ ip_address: {VISITOR} }}");
}

fn services(r: &mut Random, out: &mut String) {
    let mut endpoints = String::new();
    let mut records = [String::new(), String::new()];
    let all = [("st0", 0), ("st1", 0), ("kv0", 1), ("kv1", 1)];
    out.push_str("services:\n");
    for (i, (name, kind)) in all.into_iter().enumerate() {
        let (type_, sub, zone) = [
            ("Microsoft.Storage/storageAccounts", "blob", "privatelink.blob.core.windows.net"),
            ("Microsoft.KeyVault/vaults", "vault", "privatelink.vaultcore.azure.net"),
        ][kind];
        let rules = match r.below(5) {
            0 => format!(
                ", network_rules: {{ default_action: Deny, ip_rules: [{}] }}",
                pick(r, &["198.51.100.4/30", "198.51.100.20/30", "203.0.113.4/30"])
            ),
            1 => ", network_rules: { default_action: Deny }".to_owned(),
            _ => String::new(),
        };
        let alias = if r.one_in(3) { ", public_alias: present" } else { "" };
        let _ = writeln!(
            out,
            "  {name}: {{ type: {type_}, public_network_access_enabled: {}{rules}{alias} }}",
            r.one_in(2)
        );
        if !r.one_in(6) {
            let status = pick(r, &["Approved", "Approved", "Approved", "Pending", "Rejected", "Disconnected"]);
            let n = r.below(3);
            let how = r.below(6);
            let group = if status == "Approved" && how > 1 {
                format!(", private_dns_zone_group: {{ private_dns_zones: [{zone}] }}")
            } else {
                String::new()
            };
            let _ = writeln!(
                endpoints,
                "  pe-{name}: {{ subnet: vnet-{n}/endpoints, ip_addresses: [10.{n}.2.{}], private_service_connection: {{ private_connection_resource: {name}, subresource_names: [{sub}], status: {status} }}{group} }}",
                10 + i
            );
            if group.is_empty() && how > 0 {
                let _ = writeln!(records[kind], "      {name}: {{ records: [10.{n}.2.{}] }}", 10 + i);
            }
        } else if r.one_in(2) {
            // A record that outlived its endpoint (PE-37).
            let _ = writeln!(records[kind], "      {name}: {{ records: [10.{}.2.99] }}", r.below(3));
        }
    }
    if !endpoints.is_empty() {
        let _ = write!(out, "private_endpoints:\n{endpoints}");
    }
    out.push_str("private_dns_zones:\n");
    for (kind, zone) in ["privatelink.blob.core.windows.net", "privatelink.vaultcore.azure.net"].into_iter().enumerate()
    {
        let mut links = String::new();
        for n in 0..3 {
            let odds = if n == 0 { 4 } else { 2 };
            if !r.one_in(odds) {
                let _ = writeln!(
                    links,
                    "      vnet-{n}: {{ resolution_policy: {} }}",
                    pick(r, &["Default", "Default", "NxDomainRedirect"])
                );
            }
        }
        let links = if links.is_empty() { " {}\n".to_owned() } else { format!("\n{links}") };
        let _ = write!(out, "  {zone}:\n    virtual_network_links:{links}");
        if !records[kind].is_empty() {
            let _ = write!(out, "    a_records:\n{}", records[kind]);
        }
    }
    // ZONE-13: a zone that captures the public suffix.
    if r.one_in(8) {
        out.push_str("  blob.core.windows.net:\n    virtual_network_links:\n      vnet-0: { resolution_policy: NxDomainRedirect }\n");
    }
}
