//! Load balancers inside and outside, their probes, ways out to the internet, and a private link service.

use super::{Draft, Flow, product};

pub(crate) fn flows() -> Vec<Flow> {
    let clients = ["client", "far", "b1", "b2", "consumer", "visitor"];
    let targets = [
        "10.0.2.100",
        "10.0.2.101",
        "b1",
        "203.0.113.20",
        "203.0.113.21",
        "www.example.com",
        "kv.vault.azure.net",
        "10.5.2.10",
    ];
    product(&clients, &targets, &[443, 8443])
}

pub(crate) fn text(seed: u64) -> String {
    let d = &mut Draft::new(seed, 0xba1a);
    d.top("location: westeurope");
    let egress = |d: &mut Draft| {
        let nat = d.maybe(4, ", nat_gateway: nat");
        format!("{nat}, default_outbound_access_enabled: {}", d.rare(2))
    };
    let (client, back) = (egress(d), egress(d));
    let guarded = d.maybe(2, ", network_security_group: back");
    d.add(
        "virtual_networks",
        format!("v: {{ address_space: [10.0.0.0/16], subnets: {{ client: {{ address_prefixes: [10.0.1.0/24]{client} }}, back: {{ address_prefixes: [10.0.2.0/24]{guarded}{back} }}, pls: {{ address_prefixes: [10.0.4.0/24], private_link_service_network_policies_enabled: false }} }} }}"),
    );
    let region = d.maybe(2, "location: northeurope, ");
    d.add(
        "virtual_networks",
        format!(
            "w: {{ {region}address_space: [10.9.0.0/16], subnets: {{ s: {{ address_prefixes: [10.9.1.0/24] }} }} }}"
        ),
    );
    d.add("virtual_networks", "z: { address_space: [10.5.0.0/16], subnets: { s: { address_prefixes: [10.5.1.0/24] }, pe: { address_prefixes: [10.5.2.0/24] } } }");
    for (name, from, to) in [("a", "v", "w"), ("b", "w", "v")] {
        d.add(
            "virtual_network_peerings",
            format!("{name}: {{ virtual_network: {from}, remote_virtual_network: {to} }}"),
        );
    }
    let places = [
        "10.0.1.0/24",
        "10.9.0.0/16",
        "AzureLoadBalancer",
        "Internet",
        "*",
        "10.0.2.100",
        "198.51.100.0/24",
        "10.0.4.0/24",
    ];
    d.group("back", &places, &["443", "80", "*"]);
    for ip in [("nat", 8), ("own", 16), ("lb", 20), ("vm", 21)] {
        let sku = if ip.0 == "nat" { "" } else { d.pick(&["", ", sku: Basic"]) };
        // A balancer and its address are of one generation.
        let sku = if ip.0 == "lb" { "" } else { sku };
        d.add("public_ips", format!("pip-{}: {{ ip_address: 203.0.113.{}{sku} }}", ip.0, ip.1));
    }
    d.add("nat_gateways", "nat: { public_ips: [pip-nat] }");
    for (name, subnet, address, pip) in [
        ("client", "v/client", "10.0.1.4", "pip-own"),
        ("far", "w/s", "10.9.1.4", ""),
        ("b1", "v/back", "10.0.2.4", "pip-vm"),
        ("b2", "v/back", "10.0.2.5", ""),
        ("b3", "v/back", "10.0.2.6", ""),
        ("consumer", "z/s", "10.5.1.4", ""),
    ] {
        let always = name == "b1";
        let own = if !pip.is_empty() && (always || d.rare(3)) { format!(", public_ip: {pip}") } else { String::new() };
        let up = !d.rare(6);
        let listens = d.pick(&["tcp/443, tcp/80", "tcp/443, tcp/80", "tcp/443", "tcp/80", "tcp/8443"]);
        d.add("virtual_machines", format!("{name}: {{ subnet: {subnet}, private_ip_address: {address}, running: {up}, listens: [{listens}]{own} }}"));
    }
    balancers(d);
    let proxy = (d.rare(3), d.rare(3));
    d.add("private_link_services", format!("pls: {{ load_balancer_frontend: lb/f, nat_ip_configurations: {{ n: {{ subnet: v/pls, private_ip_address: 10.0.4.4 }} }}, enable_proxy_protocol: {}, backend_accepts_proxy_protocol: {} }}", proxy.0, proxy.1));
    let status = d.pick(&["Approved", "Approved", "Pending"]);
    d.add("private_endpoints", format!("pe: {{ subnet: z/pe, ip_addresses: [10.5.2.10], private_service_connection: {{ private_connection_resource: pls, is_manual_connection: true, status: {status} }} }}"));
    d.add("public_hosts", "www.example.com: { ip_address: 192.0.2.80 }");
    let admitted = d.pick(&["203.0.113.8/32", "203.0.113.16/32", "203.0.113.20/32", "198.51.100.0/24"]);
    d.add("services", format!("kv: {{ type: Microsoft.KeyVault/vaults, public_ip_address: 192.0.2.44, network_rules: {{ default_action: Deny, ip_rules: [{admitted}] }} }}"));
    d.add("internet_clients", "visitor: { ip_address: 198.51.100.9 }");
    d.text()
}

fn balancers(d: &mut Draft) {
    let members = d.pick(&["b1", "b1, b2", "b2, b3", "b1, b2, b3"]);
    let probe = d.pick(&["", ", probe: health"]);
    let port = d.pick(&[443, 443, 8443]);
    let back = d.pick(&[443, 443, 8443]);
    d.add("load_balancers", format!("lb: {{ frontend_ip_configurations: {{ f: {{ subnet: v/back, private_ip_address: 10.0.2.100 }} }}, backend_address_pools: {{ p: {{ virtual_machines: [{members}] }} }}, probes: {{ health: {{ port: 80 }} }}, rules: {{ r: {{ protocol: Tcp, frontend_port: {port}, backend_port: {back}, frontend_ip_configuration: f, backend_address_pool: p{probe} }} }} }}"));
    d.add("load_balancers", "old: { sku: Basic, frontend_ip_configurations: { f: { subnet: v/back, private_ip_address: 10.0.2.101 } }, backend_address_pools: { p: { virtual_machines: [b2, b3] } }, rules: { r: { protocol: Tcp, frontend_port: 443, backend_port: 443, frontend_ip_configuration: f, backend_address_pool: p } } }");
    let outbound = d.maybe(2, ", outbound_rules: { o: { frontend_ip_configuration: f, backend_address_pool: p } }");
    let members = d.pick(&["b1", "b1, b2", "b3"]);
    d.add("load_balancers", format!("plb: {{ frontend_ip_configurations: {{ f: {{ public_ip_address: pip-lb }} }}, backend_address_pools: {{ p: {{ virtual_machines: [{members}] }} }}, probes: {{ health: {{ port: 80 }} }}, rules: {{ r: {{ protocol: Tcp, frontend_port: 443, backend_port: 443, frontend_ip_configuration: f, backend_address_pool: p{probe} }} }}{outbound} }}"));
}
