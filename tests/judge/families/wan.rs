//! Two virtual hubs with route tables, labels, static routes, branches, firewalls and routing intent.

use super::{Draft, Flow, product};

pub(crate) fn flows() -> Vec<Flow> {
    let clients = ["vm-1", "vm-2", "vm-3", "vm-4", "plc", "pc", "user"];
    let targets = ["vm-1", "vm-2", "vm-3", "vm-4", "plc", "pc", "www.example.com", "kv.vault.azure.net"];
    product(&clients, &targets, &[443])
}

pub(crate) fn text(seed: u64) -> String {
    let d = &mut Draft::new(seed, 0x3a9);
    let branches = !d.rare(3);
    d.add("virtual_wans", format!("wan: {{ allow_branch_to_branch_traffic: {branches} }}"));
    // Hubs with intent have neither tables of their own nor static routes (VWAN-18).
    let intents = [d.rare(3), d.rare(3)];
    for (n, intent) in intents.into_iter().enumerate() {
        hub(d, n + 1, intent);
    }
    for (n, hub) in [(1, 1), (2, 1), (3, 2), (4, 2)] {
        let table = d.maybe(4, &format!(", route_table: rt-{n}"));
        d.add("virtual_networks", format!("n{n}: {{ address_space: [10.{n}.0.0/16], subnets: {{ s: {{ address_prefixes: [10.{n}.1.0/24]{table} }}, pe: {{ address_prefixes: [10.{n}.2.0/24] }} }} }}"));
        let out = d.rare(3);
        let routes = d.pick(&["", "none: { address_prefix: 192.168.1.0/24, next_hop_type: None }"]);
        d.add("route_tables", format!("rt-{n}: {{ bgp_route_propagation_enabled: {out}, routes: {{ {routes} }} }}"));
        let security = if d.rare(3) { ", internet_security_enabled: false" } else { "" };
        let routing = if intents[hub - 1] { String::new() } else { routing(d, hub, true) };
        d.add(
            "virtual_hub_connections",
            format!("c{n}: {{ virtual_hub: hub-{hub}, remote_virtual_network: n{n}{security}{routing} }}"),
        );
        d.add(
            "virtual_machines",
            format!("vm-{n}: {{ subnet: n{n}/s, private_ip_address: 10.{n}.1.4, listens: [tcp/443] }}"),
        );
    }
    if d.rare(3) {
        for (name, from, to) in [("a", "n1", "n2"), ("b", "n2", "n1")] {
            d.add(
                "virtual_network_peerings",
                format!("{name}: {{ virtual_network: {from}, remote_virtual_network: {to} }}"),
            );
        }
    }
    sites(d, intents);
    d.add("public_hosts", "www.example.com: { ip_address: 192.0.2.80 }");
    d.add("services", "kv: { type: Microsoft.KeyVault/vaults, public_network_access_enabled: false }");
    d.add("private_endpoints", "pe: { subnet: n4/pe, ip_addresses: [10.4.2.10], private_service_connection: { private_connection_resource: kv, subresource_names: [vault] }, private_dns_zone_group: { private_dns_zones: [privatelink.vaultcore.azure.net] } }");
    d.add(
        "private_dns_zones",
        "privatelink.vaultcore.azure.net: { virtual_network_links: { n1: {}, n2: {}, n3: {}, n4: {} } }",
    );
    d.text()
}

fn hub(d: &mut Draft, n: usize, intent: bool) {
    let preference = d.pick(&["", ", hub_routing_preference: VpnGateway", ", hub_routing_preference: ASPath"]);
    let other = if intent {
        let (private, internet) = d.pick(&[(true, false), (true, true), (false, true)]);
        let mut keys = Vec::new();
        if private {
            keys.push(format!("private_traffic: fw-{n}"));
        }
        if internet {
            keys.push(format!("internet_traffic: fw-{n}"));
        }
        format!(", routing_intent: {{ {} }}", keys.join(", "))
    } else {
        // A static default route is the hub's own (VWAN-08).
        let default =
            d.maybe(4, &format!(", default_routes: {{ all: {{ destinations: [0.0.0.0/0], next_hop: fw-{n} }} }}"));
        format!(", route_tables: {{ RT: {{ labels: [vnets] }} }}{default}")
    };
    d.add(
        "virtual_hubs",
        format!("hub-{n}: {{ virtual_wan: wan, address_prefix: 10.10{n}.0.0/23{preference}{other} }}"),
    );
    d.add("public_ips", format!("pip-{n}: {{ ip_address: 203.0.113.{n} }}"));
    d.add("firewalls", format!("fw-{n}: {{ virtual_hub: hub-{n}, private_ip_address: 10.10{n}.0.132, public_ips: [pip-{n}], firewall_policy: p-{n} }}"));
    let to = d.pick(&["*", "*", "10.0.0.0/8", "192.168.0.0/16", "10.3.0.0/16"]);
    d.add("firewall_policies", format!("p-{n}: {{ rule_collection_groups: {{ g: {{ priority: 100, network_rule_collections: {{ c: {{ priority: 100, action: Allow, rules: {{ r: {{ protocols: [TCP], source_addresses: [\"*\"], destination_addresses: [\"{to}\"], destination_ports: [\"*\"] }} }} }} }} }} }} }}"));
}

fn routing(d: &mut Draft, _hub: usize, network: bool) -> String {
    if d.rare(2) {
        return String::new();
    }
    let mut keys = Vec::new();
    if network && d.rare(2) {
        keys.push("associated_route_table: RT".to_owned());
    }
    match d.r.below(5) {
        0 => keys.push("propagated_route_tables: [noneRouteTable]".to_owned()),
        1 => keys.push("propagated_route_tables: [RT]".to_owned()),
        2 => keys.push("propagated_route_tables: [RT, defaultRouteTable]".to_owned()),
        3 => keys.push("propagated_labels: [default, vnets]".to_owned()),
        _ => keys.push("propagated_labels: [default]".to_owned()),
    }
    format!(", routing: {{ {} }}", keys.join(", "))
}

fn sites(d: &mut Draft, intents: [bool; 2]) {
    // All branches of a hub propagate to the same tables (VWAN-06).
    for (branch, site, space, host, address, hub) in [
        ("b1", "plant", "192.168.1.0/24", "plc", "192.168.1.5", 1),
        ("b2", "office", "192.168.2.0/24", "pc", "192.168.2.5", 2),
        ("b3", "home", "172.31.0.0/24", "user", "172.31.0.5", 1),
    ] {
        let kind = match branch {
            "b3" => "PointToSite",
            _ => d.pick(&["Vpn", "ExpressRoute"]),
        };
        let up = !d.rare(6);
        let security = d.maybe(3, ", internet_security_enabled: true");
        let learned =
            if branch == "b2" { d.pick(&["", ", learned_prefixes: [192.168.2.0/24, 0.0.0.0/0]"]) } else { "" };
        let routing = if intents[hub - 1] || hub == 1 { String::new() } else { routing(d, hub, false) };
        d.add("virtual_hub_branches", format!("{branch}: {{ virtual_hub: hub-{hub}, on_premises_site: {site}, type: {kind}, connected: {up}{security}{learned}{routing} }}"));
        let out = if d.rare(2) { ", internet: { public_ip_address: 198.51.100.30 }" } else { "" };
        d.add("on_premises_sites", format!("{site}: {{ address_space: [{space}], hosts: {{ {host}: {{ ip_address: {address}, listens: [tcp/443] }} }}{out} }}"));
    }
}
