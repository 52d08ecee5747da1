//! VPN and ExpressRoute gateways, Route Servers, point-to-site clients, and the sites behind them.

use super::{Draft, Flow, product};

pub(crate) fn flows() -> Vec<Flow> {
    let clients = ["desk", "pc", "vm-h", "vm-1", "vm-2", "vm-far", "laptop"];
    let targets = [
        "desk",
        "pc",
        "vm-h",
        "vm-1",
        "vm-2",
        "vm-far",
        "laptop",
        "other",
        "10.50.0.1",
        "172.20.0.1",
        "www.example.com",
    ];
    product(&clients, &targets, &[443])
}

pub(crate) fn text(seed: u64) -> String {
    let d = &mut Draft::new(seed, 0x517e5);
    if d.rare(5) {
        let carries = d.rare(2);
        let clients = d.rare(2);
        d.top(format!("assumptions: {{ learned_default_carries_private: {carries}, clients_reach_peers_without_transit: {clients} }}"));
    }
    networks(d);
    gateways(d);
    sites(d);
    d.add("public_ips", "pip-nva: { ip_address: 203.0.113.9 }");
    for (name, subnet, address) in [
        ("vm-h", "h/s", "10.0.1.4"),
        ("vm-1", "s1/s", "10.1.1.4"),
        ("vm-2", "s2/s", "10.2.1.4"),
        ("vm-far", "far/s", "10.8.1.4"),
    ] {
        d.add(
            "virtual_machines",
            format!("{name}: {{ subnet: {subnet}, private_ip_address: {address}, listens: [tcp/443] }}"),
        );
    }
    let stateful = d.rare(2);
    let nat = d.pick(&["None", "Internet", "All"]);
    d.add("virtual_machines", format!("nva: {{ subnet: h/nva, private_ip_address: 10.0.3.4, public_ip: pip-nva, ip_forwarding_enabled: true, network_appliance: {{ stateful: {stateful}, source_nat: {nat} }} }}"));
    d.add("public_hosts", "www.example.com: { ip_address: 192.0.2.80 }");
    d.text()
}

fn networks(d: &mut Draft) {
    let tables = [
        d.maybe(3, ", route_table: rt-g"),
        d.maybe(3, ", route_table: rt-1"),
        d.maybe(3, ", route_table: rt-2"),
        d.maybe(4, ", route_table: rt-h"),
    ];
    d.add("virtual_networks", format!("h: {{ address_space: [10.0.0.0/16], subnets: {{ GatewaySubnet: {{ address_prefixes: [10.0.255.0/26]{} }}, RouteServerSubnet: {{ address_prefixes: [10.0.254.0/26] }}, nva: {{ address_prefixes: [10.0.3.0/24] }}, s: {{ address_prefixes: [10.0.1.0/24]{} }} }} }}", tables[0], tables[3]));
    d.add(
        "virtual_networks",
        format!(
            "s1: {{ address_space: [10.1.0.0/16], subnets: {{ s: {{ address_prefixes: [10.1.1.0/24]{} }} }} }}",
            tables[1]
        ),
    );
    d.add(
        "virtual_networks",
        format!(
            "s2: {{ address_space: [10.2.0.0/16], subnets: {{ s: {{ address_prefixes: [10.2.1.0/24]{} }} }} }}",
            tables[2]
        ),
    );
    d.add("virtual_networks", "far: { address_space: [10.8.0.0/16], subnets: { GatewaySubnet: { address_prefixes: [10.8.255.0/27] }, s: { address_prefixes: [10.8.1.0/24] } } }");
    for n in ["s1", "s2"] {
        let (transit, remote) = d.pick(&[(true, true), (true, true), (true, true), (true, false), (false, false)]);
        let forwarded = !d.rare(3);
        d.add("virtual_network_peerings", format!("h-{n}: {{ virtual_network: h, remote_virtual_network: {n}, allow_gateway_transit: {transit}, allow_forwarded_traffic: true }}"));
        d.add("virtual_network_peerings", format!("{n}-h: {{ virtual_network: {n}, remote_virtual_network: h, use_remote_gateways: {remote}, allow_forwarded_traffic: {forwarded} }}"));
    }
    let nva = "next_hop_type: VirtualAppliance, next_hop_in_ip_address: 10.0.3.4";
    let gateway = "next_hop_type: VirtualNetworkGateway";
    for (table, prefixes) in [
        ("rt-1", ["10.2.0.0/16", "0.0.0.0/0", "192.168.0.0/16", "10.8.0.0/16"]),
        ("rt-2", ["10.1.0.0/16", "0.0.0.0/0", "192.168.0.0/16", "172.16.0.0/16"]),
        ("rt-h", ["10.1.0.0/16", "0.0.0.0/0", "192.168.0.0/16", "172.16.0.0/16"]),
    ] {
        let mut routes = Vec::new();
        for (i, prefix) in prefixes.into_iter().enumerate() {
            match d.r.below(6) {
                0 | 1 => routes.push(format!("r{i}: {{ address_prefix: {prefix}, {gateway} }}")),
                2 | 3 => routes.push(format!("r{i}: {{ address_prefix: {prefix}, {nva} }}")),
                _ => {}
            }
        }
        let propagation = !d.rare(3);
        d.add(
            "route_tables",
            format!("{table}: {{ bgp_route_propagation_enabled: {propagation}, routes: {{ {} }} }}", routes.join(", ")),
        );
    }
    let mut routes = vec![format!("one: {{ address_prefix: 10.1.0.0/16, {nva} }}")];
    if d.rare(2) {
        routes.push(format!("two: {{ address_prefix: 10.2.0.0/16, {nva} }}"));
    }
    if d.rare(6) {
        routes.push(format!("all: {{ address_prefix: 0.0.0.0/0, {nva} }}"));
    }
    d.add("route_tables", format!("rt-g: {{ routes: {{ {} }} }}", routes.join(", ")));
}

fn gateways(d: &mut Draft) {
    let active = d.rare(3);
    let pool = d.pick(&["172.31.0.0/24"]);
    d.add(
        "virtual_network_gateways",
        format!(
            "vpn: {{ virtual_network: h, type: Vpn, active_active: {active}, vpn_client_address_space: [{pool}] }}"
        ),
    );
    let bgp = d.rare(2);
    let up = !d.rare(6);
    let tunnels = d.pick(&["", "", ", accepted_tunnels: 1"]);
    let learned = if bgp {
        d.pick(&[
            "",
            "",
            ", learned_prefixes: [192.168.0.0/16, 0.0.0.0/0]",
            ", learned_prefixes: [192.168.0.0/16, 10.0.0.0/8]",
            ", learned_prefixes: [192.168.0.0/17]",
        ])
    } else {
        ""
    };
    let told = if bgp { d.pick(&["", "", "", ", advertised_prefixes: [10.0.0.0/16]"]) } else { "" };
    d.add("virtual_network_gateway_connections", format!("to-hq: {{ virtual_network_gateway: vpn, on_premises_site: hq, bgp_enabled: {bgp}, connected: {up}{tunnels}{learned}{told} }}"));
    let express = d.rare(2);
    if express {
        let remote = d.rare(2);
        let bypass = d.rare(4);
        d.add(
            "virtual_network_gateways",
            format!("er: {{ virtual_network: h, type: ExpressRoute, remote_vnet_traffic_enabled: {remote} }}"),
        );
        let learned = d.pick(&[
            "",
            "",
            ", learned_prefixes: [172.16.0.0/16, 0.0.0.0/0]",
            ", learned_prefixes: [172.16.0.0/16, 192.168.0.0/16]",
        ]);
        d.add("virtual_network_gateway_connections", format!("to-dc: {{ virtual_network_gateway: er, on_premises_site: dc, express_route_circuit: circuit, express_route_gateway_bypass: {bypass}{learned} }}"));
        d.add(
            "virtual_network_gateways",
            format!(
                "er-far: {{ virtual_network: far, type: ExpressRoute, remote_vnet_traffic_enabled: {} }}",
                remote || bypass
            ),
        );
        d.add(
            "virtual_network_gateway_connections",
            "far-dc: { virtual_network_gateway: er-far, on_premises_site: dc, express_route_circuit: circuit }",
        );
    } else {
        d.add("virtual_network_gateways", "vpn-far: { virtual_network: far, type: Vpn }");
        let (there, back, bgp) = (!d.rare(5), !d.rare(5), d.rare(2));
        d.add("virtual_network_gateway_connections", format!("h-far: {{ virtual_network_gateway: vpn, peer_virtual_network_gateway: vpn-far, connected: {there}, bgp_enabled: {bgp} }}"));
        d.add("virtual_network_gateway_connections", format!("far-h: {{ virtual_network_gateway: vpn-far, peer_virtual_network_gateway: vpn, connected: {back}, bgp_enabled: {bgp} }}"));
    }
    if d.rare(3) {
        let branch = d.rare(2);
        let preference = d.pick(&["", ", hub_routing_preference: VpnGateway", ", hub_routing_preference: ASPath"]);
        let prefix = d.pick(&["172.20.0.0/16", "10.50.0.0/16", "0.0.0.0/0", "192.168.0.0/16"]);
        let hidden = d.rare(3);
        d.add("route_servers", format!("ars: {{ virtual_network: h, branch_to_branch_traffic_enabled: {branch}{preference}, bgp_connections: {{ n: {{ peer_ip: 10.0.3.4, advertised_routes: {{ r: {{ address_prefix: {prefix}, no_advertise: {hidden} }} }} }} }} }}"));
    }
    d.add("vpn_clients", "laptop: { virtual_network_gateway: vpn, ip_address: 172.31.0.2 }");
    d.add("vpn_clients", "other: { virtual_network_gateway: vpn, ip_address: 172.31.0.3 }");
}

fn sites(d: &mut Draft) {
    for (name, space, host, address, breakout) in [
        ("hq", "192.168.0.0/16", "desk", "192.168.1.10", "198.51.100.20"),
        ("dc", "172.16.0.0/16", "pc", "172.16.1.10", "198.51.100.21"),
    ] {
        let internet =
            if d.rare(2) { format!(", internet: {{ public_ip_address: {breakout} }}") } else { String::new() };
        let firewall = if d.rare(3) {
            let default = d.pick(&["Allow", "Deny"]);
            let action = d.pick(&["Allow", "Deny"]);
            let (from, to) =
                d.pick(&[("10.0.0.0/8", "*"), ("*", "10.1.0.0/16"), ("*", "10.0.0.0/8"), ("*", "Internet")]);
            format!(
                ", firewall: {{ default_action: {default}, rules: {{ r: {{ priority: 100, action: {action}, source_addresses: [\"{from}\"], destination_addresses: [\"{to}\"] }} }} }}"
            )
        } else {
            String::new()
        };
        let space = if name == "dc" && d.rare(6) { "172.16.0.0/16, 10.1.0.0/16".to_owned() } else { space.to_owned() };
        d.add("on_premises_sites", format!("{name}: {{ address_space: [{space}], hosts: {{ {host}: {{ ip_address: {address}, listens: [tcp/443] }} }}{internet}{firewall} }}"));
    }
}
