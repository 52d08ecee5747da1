//! Both address families side by side: peering, security groups, user routes and an appliance in IPv6.

use super::{Draft, Flow, product};

pub(crate) fn flows() -> Vec<Flow> {
    let clients = ["six-1", "four-1", "six-2", "four-2", "six-3"];
    let targets = ["six-1", "four-1", "six-2", "four-2", "six-3", "2001:db8:9::80", "192.0.2.80"];
    product(&clients, &targets, &[443])
}

pub(crate) fn text(seed: u64) -> String {
    let d = &mut Draft::new(seed, 0xd0a1);
    for n in 1..4 {
        let mut keys = [String::new(), String::new()];
        for key in &mut keys {
            if d.rare(2) {
                *key += &format!(", network_security_group: nsg-{n}");
            }
            if d.rare(2) {
                *key += &format!(", route_table: rt-{n}");
            }
        }
        let nva = if n == 1 { ", nva: { address_prefixes: [\"fd00:1:0:9::/64\"] }" } else { "" };
        d.add("virtual_networks", format!("v{n}: {{ address_space: [\"fd00:{n}::/48\", 10.{n}.0.0/16], subnets: {{ six: {{ address_prefixes: [\"fd00:{n}:0:1::/64\"]{} }}, four: {{ address_prefixes: [10.{n}.1.0/24]{} }}{nva} }} }}", keys[0], keys[1]));
        let places = [
            "fd00:1::/48",
            "fd00:2::/48",
            "10.1.0.0/16",
            "10.2.0.0/16",
            "*",
            "VirtualNetwork",
            "Internet",
            "fd00:3:0:1::4",
        ];
        d.group(&format!("nsg-{n}"), &places, &["443", "*"]);
        let mut routes = Vec::new();
        for (i, prefix) in ["fd00:1::/48", "fd00:2::/48", "fd00:3::/48", "::/0", "0.0.0.0/0"].into_iter().enumerate() {
            match d.r.below(6) {
                0 => routes.push(format!("r{i}: {{ address_prefix: \"{prefix}\", next_hop_type: None }}")),
                1 | 2 if prefix.contains(':') => routes.push(format!("r{i}: {{ address_prefix: \"{prefix}\", next_hop_type: VirtualAppliance, next_hop_in_ip_address: \"fd00:1:0:9::4\" }}")),
                _ => {}
            }
        }
        d.add("route_tables", format!("rt-{n}: {{ routes: {{ {} }} }}", routes.join(", ")));
        d.add(
            "virtual_machines",
            format!("six-{n}: {{ subnet: v{n}/six, private_ip_address: \"fd00:{n}:0:1::4\", listens: [tcp/443] }}"),
        );
        d.add(
            "virtual_machines",
            format!("four-{n}: {{ subnet: v{n}/four, private_ip_address: 10.{n}.1.4, listens: [tcp/443] }}"),
        );
    }
    let (stateful, nat) = (!d.rare(3), d.pick(&["None", "All"]));
    d.add("virtual_machines", format!("nva: {{ subnet: v1/nva, private_ip_address: \"fd00:1:0:9::4\", ip_forwarding_enabled: true, network_appliance: {{ stateful: {stateful}, source_nat: {nat} }} }}"));
    for n in 2..4 {
        if d.rare(5) {
            continue;
        }
        let (up, down) = (!d.rare(4), !d.rare(4));
        d.add(
            "virtual_network_peerings",
            format!("a{n}: {{ virtual_network: v1, remote_virtual_network: v{n}, allow_forwarded_traffic: {down} }}"),
        );
        d.add(
            "virtual_network_peerings",
            format!("b{n}: {{ virtual_network: v{n}, remote_virtual_network: v1, allow_forwarded_traffic: {up} }}"),
        );
    }
    d.text()
}
