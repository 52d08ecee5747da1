//! A firewall with inherited policies and rules of every type, its translations and its own ways out.

use super::{Draft, Flow, product};

pub(crate) fn flows() -> Vec<Flow> {
    let clients = ["vm-1", "vm-2", "vm-h", "visitor"];
    let targets = ["vm-1", "vm-2", "vm-h", "www.example.com", "api.example.com", "203.0.113.5", "kv.vault.azure.net"];
    product(&clients, &targets, &[443, 22, 8080])
}

pub(crate) fn text(seed: u64) -> String {
    let d = &mut Draft::new(seed, 0x60a2d);
    if d.rare(4) {
        d.top("assumptions: { untranslated_endpoint_traffic_blocks: true }");
    }
    networks(d);
    routes(d);
    policies(d);
    d.add("public_ips", "pip: { ip_address: 203.0.113.5 }");
    let managed = d.maybe(3, ", management_ip_enabled: true");
    d.add("firewalls", format!("fw: {{ subnet: h/AzureFirewallSubnet, private_ip_address: 10.0.3.4, public_ips: [pip], firewall_policy: child{managed} }}"));
    for (name, subnet, address) in
        [("vm-1", "s1/s", "10.1.1.4"), ("vm-2", "s2/s", "10.2.1.4"), ("vm-h", "h/s", "10.0.1.4")]
    {
        let listens = d.pick(&["tcp/443, tcp/22", "tcp/443, tcp/8080", "tcp/22"]);
        d.add(
            "virtual_machines",
            format!("{name}: {{ subnet: {subnet}, private_ip_address: {address}, listens: [{listens}] }}"),
        );
    }
    appliance(d);
    d.add("public_hosts", "www.example.com: { ip_address: 192.0.2.80 }");
    d.add("public_hosts", "api.example.com: { ip_address: 192.0.2.81 }");
    if d.rare(2) {
        let threat = d.pick(&["192.0.2.80", "api.example.com", "10.2.1.4"]);
        d.top(format!("known_threats: [{threat}]"));
    }
    d.add("internet_clients", "visitor: { ip_address: 198.51.100.9 }");
    let rules = d.pick(&["", ", network_rules: { default_action: Deny, ip_rules: [203.0.113.5/32] }"]);
    d.add(
        "services",
        format!("kv: {{ type: Microsoft.KeyVault/vaults, public_network_access_enabled: {}{rules} }}", d_bool(seed)),
    );
    d.add("private_endpoints", "pe: { subnet: s2/pe, ip_addresses: [10.2.2.10], private_service_connection: { private_connection_resource: kv, subresource_names: [vault] }, private_dns_zone_group: { private_dns_zones: [privatelink.vaultcore.azure.net] } }");
    let links = d.pick(&["s1: {}, s2: {}, h: {}", "h: {}", "s1: {}", "s1: {}, h: {}"]);
    d.add("private_dns_zones", format!("privatelink.vaultcore.azure.net: {{ virtual_network_links: {{ {links} }} }}"));
    d.text()
}

fn d_bool(seed: u64) -> bool {
    seed.is_multiple_of(2)
}

fn networks(d: &mut Draft) {
    let table = |d: &mut Draft, name: &str| d.maybe(2, &format!(", route_table: {name}"));
    let (f, h, one, two) = (table(d, "rt-f"), table(d, "rt-h"), table(d, "rt-1"), table(d, "rt-2"));
    let nat = d.maybe(5, ", nat_gateway: nat");
    if !nat.is_empty() {
        d.add("nat_gateways", "nat: { public_ips: [pip-nat] }");
        d.add("public_ips", "pip-nat: { ip_address: 203.0.113.8 }");
    }
    let dns = d.pick(&["", "", "dns_servers: [10.0.3.4], "]);
    d.add("virtual_networks", format!("h: {{ address_space: [10.0.0.0/16], subnets: {{ AzureFirewallSubnet: {{ address_prefixes: [10.0.3.0/26]{f}{nat} }}, s: {{ address_prefixes: [10.0.1.0/24]{h} }}, nva: {{ address_prefixes: [10.0.4.0/24] }} }} }}"));
    d.add(
        "virtual_networks",
        format!(
            "s1: {{ {dns}address_space: [10.1.0.0/16], subnets: {{ s: {{ address_prefixes: [10.1.1.0/24]{one} }} }} }}"
        ),
    );
    let policies = d.pick(&["Disabled", "RouteTableEnabled"]);
    d.add("virtual_networks", format!("s2: {{ address_space: [10.2.0.0/16], subnets: {{ s: {{ address_prefixes: [10.2.1.0/24]{two} }}, pe: {{ address_prefixes: [10.2.2.0/24], private_endpoint_network_policies: {policies} }} }} }}"));
    for n in ["s1", "s2"] {
        let (up, down) = (!d.rare(5), !d.rare(5));
        d.add(
            "virtual_network_peerings",
            format!("h-{n}: {{ virtual_network: h, remote_virtual_network: {n}, allow_forwarded_traffic: {down} }}"),
        );
        d.add(
            "virtual_network_peerings",
            format!("{n}-h: {{ virtual_network: {n}, remote_virtual_network: h, allow_forwarded_traffic: {up} }}"),
        );
    }
}

fn routes(d: &mut Draft) {
    let appliance = |d: &mut Draft| d.pick(&["10.0.3.4", "10.0.3.4", "10.0.3.4", "10.0.4.4"]);
    for (table, prefixes) in [
        ("rt-1", ["0.0.0.0/0", "10.2.0.0/16", "10.0.0.0/16"]),
        ("rt-2", ["0.0.0.0/0", "10.1.0.0/16", "10.0.0.0/16"]),
        ("rt-h", ["0.0.0.0/0", "10.1.0.0/16", "10.2.0.0/16"]),
    ] {
        let mut routes = Vec::new();
        for (i, prefix) in prefixes.into_iter().enumerate() {
            if i == 0 || d.rare(2) {
                let hop = appliance(d);
                routes.push(format!("r{i}: {{ address_prefix: {prefix}, next_hop_type: VirtualAppliance, next_hop_in_ip_address: {hop} }}"));
            }
        }
        d.add("route_tables", format!("{table}: {{ routes: {{ {} }} }}", routes.join(", ")));
    }
    let own = d.pick(&[
        "next_hop_type: Internet",
        "next_hop_type: Internet",
        "next_hop_type: VirtualAppliance, next_hop_in_ip_address: 10.0.4.4",
    ]);
    d.add("route_tables", format!("rt-f: {{ routes: {{ all: {{ address_prefix: 0.0.0.0/0, {own} }} }} }}"));
}

fn policies(d: &mut Draft) {
    let mode = d.pick(&["Off", "Alert", "Deny"]);
    let allow = d.maybe(4, ", threat_intelligence_allowlist: [192.0.2.80]");
    let ranges = d.pick(&[
        "",
        "",
        ", private_ip_ranges: [255.255.255.255/32]",
        ", private_ip_ranges: [0.0.0.0/0]",
        ", private_ip_ranges: [10.1.0.0/16]",
        ", private_ip_ranges: [IANAPrivateRanges, 20.0.0.0/8]",
    ]);
    let proxy = !d.rare(4);
    let (parent, child) = (group(d, 300, proxy), group(d, 200, proxy));
    let other = group(d, 400, proxy);
    d.add("firewall_policies", format!("parent: {{ rule_collection_groups: {{ g: {parent} }} }}"));
    let base = d.maybe(2, "base_policy: parent, ");
    d.add("firewall_policies", format!("child: {{ {base}dns: {{ proxy_enabled: {proxy} }}, threat_intelligence_mode: {mode}{allow}{ranges}, rule_collection_groups: {{ one: {other}, two: {child} }} }}"));
}

fn group(d: &mut Draft, priority: u16, names: bool) -> String {
    let mut network = Vec::new();
    for i in 0..d.r.below(3) {
        let action = d.pick(&["Allow", "Allow", "Deny"]);
        let from = d.pick(&["*", "10.1.0.0/16", "10.2.0.0/16", "10.0.0.0/16"]);
        let to = d.pick(&["*", "*", "10.0.0.0/8", "10.2.0.0/16", "192.0.2.80", "10.2.2.10"]);
        let port = d.pick(&["\"*\"", "443", "22"]);
        let to = if names && d.rare(5) {
            "destination_fqdns: [www.example.com]".to_owned()
        } else {
            format!("destination_addresses: [\"{to}\"]")
        };
        network.push(format!("n{i}: {{ priority: {}, action: {action}, rules: {{ r: {{ protocols: [TCP], source_addresses: [\"{from}\"], {to}, destination_ports: [{port}] }} }} }}", 300 - 10 * i));
    }
    let mut application = Vec::new();
    for i in 0..d.r.below(3) {
        let action = d.pick(&["Allow", "Allow", "Deny"]);
        let name = d.pick(&["\"*.example.com\"", "www.example.com", "\"*.azure.net\"", "kv.vault.azure.net", "\"*\""]);
        let from = d.pick(&["*", "10.1.0.0/16", "10.2.0.0/16"]);
        application.push(format!("a{i}: {{ priority: {}, action: {action}, rules: {{ r: {{ source_addresses: [\"{from}\"], destination_fqdns: [{name}], protocols: [{{ type: Https, port: 443 }}] }} }} }}", 200 + 10 * i));
    }
    let mut nat = Vec::new();
    if d.rare(3) {
        let to = d.pick(&[
            "translated_address: 10.1.1.4",
            "translated_address: 10.2.1.4",
            "translated_address: 10.0.1.4",
            "translated_fqdn: gone.example.org",
        ]);
        let port = d.pick(&[443, 22]);
        let from = d.pick(&["*", "198.51.100.0/24", "203.0.113.0/24"]);
        nat.push(format!("t: {{ priority: 100, rules: {{ r: {{ protocols: [TCP], source_addresses: [\"{from}\"], destination_address: 203.0.113.5, destination_ports: [8080], {to}, translated_port: {port} }} }} }}"));
    }
    format!(
        "{{ priority: {priority}, nat_rule_collections: {{ {} }}, network_rule_collections: {{ {} }}, application_rule_collections: {{ {} }} }}",
        nat.join(", "),
        network.join(", "),
        application.join(", ")
    )
}

fn appliance(d: &mut Draft) {
    d.top("public_dns: { absent: [example.org] }");
    let nat = d.pick(&["None", "Internet", "All"]);
    let stateful = !d.rare(3);
    let mut rules = Vec::new();
    for i in 0..d.r.below(3) {
        let action = d.pick(&["Allow", "Deny"]);
        let to = d.pick(&["10.0.0.0/8", "Internet", "10.2.0.0/16", "*"]);
        rules.push(format!(
            "f{i}: {{ priority: {}, action: {action}, source_addresses: [\"*\"], destination_addresses: [\"{to}\"] }}",
            100 + i
        ));
    }
    let firewall = if d.rare(2) {
        let default = d.pick(&["Allow", "Deny"]);
        format!(", firewall: {{ default_action: {default}, rules: {{ {} }} }}", rules.join(", "))
    } else {
        String::new()
    };
    d.add("virtual_machines", format!("nva: {{ subnet: h/nva, private_ip_address: 10.0.4.4, ip_forwarding_enabled: true, network_appliance: {{ stateful: {stateful}, source_nat: {nat}{firewall} }} }}"));
}
