//! Peering in every state, network managers, security groups at two gates, and user routes of every type.

use super::{Draft, Flow, product};

pub(crate) fn flows() -> Vec<Flow> {
    let all = ["vm-a", "vm-b", "vm-c", "vm-c2", "vm-d"];
    let targets =
        ["vm-a", "vm-b", "vm-c", "vm-c2", "vm-d", "vm-twin", "10.1.3.4", "10.2.1.99", "172.20.0.1", "www.example.com"];
    product(&all, &targets, &[443])
}

pub(crate) fn text(seed: u64) -> String {
    let d = &mut Draft::new(seed, 0xf117);
    d.top("location: westeurope");
    if d.rare(4) {
        d.top("assumptions: { peering_without_access_blocks: false }");
    }
    for (name, spaces, subnets) in [
        ("a", "10.0.0.0/16", [("s", "10.0.1.0/24"), ("nva", "10.0.3.0/24")]),
        ("b", "10.1.0.0/16", [("s", "10.1.1.0/24"), ("u", "10.1.3.0/24")]),
        ("c", "10.2.0.0/16, 10.9.0.0/16", [("s", "10.2.1.0/24"), ("t", "10.9.1.0/24")]),
        ("d", "10.3.0.0/16", [("s", "10.3.1.0/24"), ("t", "10.3.2.0/24")]),
    ] {
        let mut inside = String::new();
        for (subnet, prefix) in subnets {
            let mut keys = format!("address_prefixes: [{prefix}]");
            if subnet != "nva" && d.rare(2) {
                keys += &format!(", network_security_group: nsg-{name}");
            }
            if subnet != "nva" && d.rare(2) {
                keys += &format!(", route_table: rt-{name}");
            }
            inside += &format!("{subnet}: {{ {keys} }}, ");
        }
        let region = d.maybe(4, "location: northeurope, ");
        d.add("virtual_networks", format!("{name}: {{ {region}address_space: [{spaces}], subnets: {{ {inside} }} }}"));
        let places =
            ["10.0.0.0/16", "10.1.0.0/16", "10.2.0.0/16", "10.9.0.0/16", "*", "VirtualNetwork", "Internet", "10.3.1.4"];
        d.group(&format!("nsg-{name}"), &places, &["443", "*", "22"]);
        table(d, name);
    }
    for pair in [["a", "b"], ["a", "c"], ["b", "c"], ["a", "d"]] {
        peering(d, pair);
    }
    // A network of its own that happens to use the range of `d` (ADDR-07).
    d.add(
        "virtual_networks",
        "twin: { address_space: [10.3.0.0/16], subnets: { s: { address_prefixes: [10.3.1.0/24] } } }",
    );
    d.add("virtual_machines", "vm-twin: { subnet: twin/s, private_ip_address: 10.3.1.4 }");
    managers(d);
    machines(d);
    d.add("public_hosts", "www.example.com: { ip_address: 192.0.2.80 }");
    d.text()
}

fn table(d: &mut Draft, name: &str) {
    let mut routes = Vec::new();
    let mut prefixes =
        vec!["10.0.0.0/16", "10.1.0.0/16", "10.2.0.0/16", "10.9.1.0/24", "0.0.0.0/0", "192.0.2.0/24", "172.20.0.0/16"];
    for i in 0..d.r.below(3) {
        let at = usize::try_from(d.r.below(prefixes.len() as u64)).unwrap();
        let prefix = prefixes.remove(at);
        let hop = match d.r.below(7) {
            0 => "next_hop_type: None".to_owned(),
            1 => "next_hop_type: Internet".to_owned(),
            2 => "next_hop_type: VnetLocal".to_owned(),
            3 => "next_hop_type: VirtualAppliance, next_hop_in_ip_address: 10.0.3.99".to_owned(),
            _ => "next_hop_type: VirtualAppliance, next_hop_in_ip_address: 10.0.3.4".to_owned(),
        };
        routes.push(format!("r{i}: {{ address_prefix: {prefix}, {hop} }}"));
    }
    d.add("route_tables", format!("rt-{name}: {{ routes: {{ {} }} }}", routes.join(", ")));
}

fn peering(d: &mut Draft, [one, two]: [&str; 2]) {
    let kind = d.r.below(10);
    if kind == 0 {
        return;
    }
    let by_subnet = kind == 1;
    for (from, to) in [(one, two), (two, one)] {
        if kind == 2 && from == one {
            continue;
        }
        let mut keys = format!("virtual_network: {from}, remote_virtual_network: {to}");
        keys += &format!(", allow_virtual_network_access: {}", !d.rare(5));
        keys += &format!(", allow_forwarded_traffic: {}", !d.rare(3));
        if kind == 3 {
            keys += ", peering_state: Disconnected";
        }
        // PEER-12: the second prefix of `c` came later.
        if to == "c" && d.rare(4) {
            keys += ", remote_address_space: [10.2.0.0/16]";
        }
        if by_subnet {
            keys +=
                ", peer_complete_virtual_networks_enabled: false, local_subnet_names: [s], remote_subnet_names: [s]";
        }
        d.add("virtual_network_peerings", format!("{from}-{to}: {{ {keys} }}"));
    }
}

fn managers(d: &mut Draft) {
    if d.rare(2) {
        return;
    }
    let mut rules = Vec::new();
    for i in 0..d.r.below(4) {
        let action = d.pick(&["Allow", "AlwaysAllow", "Deny", "Deny"]);
        let direction = d.pick(&["Inbound", "Outbound"]);
        let place = d.pick(&["10.0.0.0/16", "10.1.0.0/16", "10.2.0.0/16", "10.0.0.0/8", "192.0.2.0/24"]);
        let side = if direction == "Inbound" { "source" } else { "destination" };
        let ports = d.pick(&["", ", destination_port_ranges: [443]", ", destination_port_ranges: [22]"]);
        rules.push(format!(
            "a{i}: {{ priority: {}, direction: {direction}, action: {action}, {side}_address_prefixes: [{place}]{ports} }}",
            10 + i
        ));
    }
    let members = d.pick(&["a, b", "b, c", "a, b, c, d", "d"]);
    let mesh = d.pick(&["a, d", "b, d", "b, c, d"]);
    let global = d.rare(2);
    let connectivity = if d.rare(2) {
        format!(
            ", connectivity_configurations: {{ m: {{ connectivity_topology: Mesh, global_mesh_enabled: {global}, applies_to_groups: {{ mesh: {{}} }} }} }}"
        )
    } else {
        String::new()
    };
    d.add(
        "network_managers",
        format!(
            "nm: {{ network_groups: {{ g: {{ virtual_networks: [{members}] }}, mesh: {{ virtual_networks: [{mesh}] }} }}, security_admin_configurations: {{ c: {{ rule_collections: {{ r: {{ network_groups: [g], rules: {{ {} }} }} }} }} }}{connectivity} }}",
            rules.join(", ")
        ),
    );
}

fn machines(d: &mut Draft) {
    d.add("application_security_groups", "asg-b: {}");
    for (name, subnet, address) in [
        ("vm-a", "a/s", "10.0.1.4"),
        ("vm-b", "b/s", "10.1.1.4"),
        ("vm-c", "c/s", "10.2.1.4"),
        ("vm-c2", "c/t", "10.9.1.4"),
        ("vm-d", "d/s", "10.3.1.4"),
    ] {
        let mut keys = format!("subnet: {subnet}, private_ip_address: {address}");
        if d.rare(4) {
            keys += &format!(", network_security_group: nsg-{}", &subnet[..1]);
        }
        if name == "vm-b" {
            let guest = d.rare(3);
            keys += &format!(
                ", secondary_network_interfaces: {{ second: {{ subnet: b/u, private_ip_address: 10.1.3.4, guest_routes_enabled: {guest} }} }}"
            );
        }
        let port = if d.rare(8) { 22 } else { 443 };
        d.add("virtual_machines", format!("{name}: {{ {keys}, listens: [tcp/{port}] }}"));
    }
    let forwards = !d.rare(6);
    let stateful = !d.rare(3);
    let nat = d.pick(&["None", "Internet", "All"]);
    d.add(
        "virtual_machines",
        format!(
            "nva: {{ subnet: a/nva, private_ip_address: 10.0.3.4, ip_forwarding_enabled: {forwards}, network_appliance: {{ stateful: {stateful}, source_nat: {nat} }} }}"
        ),
    );
}
