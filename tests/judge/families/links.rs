//! Private endpoints: policies of their subnets, routes that override theirs, appliances before them, states, ports,
//! names they do not serve.

use super::{Draft, Flow, product};

pub(crate) fn flows() -> Vec<Flow> {
    let clients = ["vm-1", "vm-2", "vm-3", "pc"];
    let targets = [
        "kv0.vault.azure.net",
        "kv1.vault.azure.net",
        "st.blob.core.windows.net",
        "st.privatelink.blob.core.windows.net",
        "10.1.2.10",
        "10.1.2.12",
        "10.1.2.99",
    ];
    product(&clients, &targets, &[443, 445])
}

pub(crate) fn text(seed: u64) -> String {
    let d = &mut Draft::new(seed, 0x11a25);
    let region = d.pick(&["westeurope", "westeurope", "westeurope", "westindia"]);
    d.top(format!("location: {region}"));
    if d.rare(3) {
        d.top("assumptions: { untranslated_endpoint_traffic_blocks: true }");
    }
    let policy = |d: &mut Draft| d.pick(&["Disabled", "NetworkSecurityGroupEnabled", "RouteTableEnabled", "Enabled"]);
    let (one, two) = (policy(d), policy(d));
    let table = |d: &mut Draft, n: u8| d.maybe(2, &format!(", route_table: rt-{n}"));
    let (t1, t2, t3, tg) = (table(d, 1), table(d, 2), table(d, 3), table(d, 4));
    let group = |d: &mut Draft, name: &str| d.maybe(2, &format!(", network_security_group: {name}"));
    let (g1, g2, g3) = (group(d, "clients"), group(d, "pe"), group(d, "pe"));
    d.add("virtual_networks", format!("h: {{ address_space: [10.0.0.0/16], subnets: {{ s: {{ address_prefixes: [10.0.1.0/24]{t1}{g1} }}, nva: {{ address_prefixes: [10.0.3.0/24] }}, GatewaySubnet: {{ address_prefixes: [10.0.255.0/27]{tg} }} }} }}"));
    d.add("virtual_networks", format!("e: {{ address_space: [10.1.0.0/16], subnets: {{ s: {{ address_prefixes: [10.1.1.0/24]{t2}{g1} }}, pe: {{ address_prefixes: [10.1.2.0/24], private_endpoint_network_policies: {one}{g2} }}, pe2: {{ address_prefixes: [10.1.3.0/24], private_endpoint_network_policies: {two}{g3} }} }} }}"));
    d.add(
        "virtual_networks",
        format!("x: {{ address_space: [10.2.0.0/16], subnets: {{ s: {{ address_prefixes: [10.2.1.0/24]{t3} }} }} }}"),
    );
    for (from, to) in [("h", "e"), ("h", "x")] {
        d.add("virtual_network_peerings", format!("{from}-{to}: {{ virtual_network: {from}, remote_virtual_network: {to}, allow_forwarded_traffic: true, allow_gateway_transit: true }}"));
        let forwarded = !d.rare(5);
        d.add("virtual_network_peerings", format!("{to}-{from}: {{ virtual_network: {to}, remote_virtual_network: {from}, allow_forwarded_traffic: {forwarded}, use_remote_gateways: true }}"));
    }
    for n in 1..5 {
        let mut routes = Vec::new();
        let prefixes: &[&str] = if n == 4 {
            &["10.1.0.0/16", "10.1.2.0/24", "10.1.2.10/32"]
        } else {
            &["10.1.0.0/16", "10.1.2.0/24", "10.0.0.0/8", "10.1.2.10/32", "0.0.0.0/0"]
        };
        for (i, prefix) in prefixes.iter().enumerate() {
            if d.rare(3) {
                routes.push(format!("r{i}: {{ address_prefix: {prefix}, next_hop_type: VirtualAppliance, next_hop_in_ip_address: 10.0.3.4 }}"));
            }
        }
        d.add("route_tables", format!("rt-{n}: {{ routes: {{ {} }} }}", routes.join(", ")));
    }
    d.group(
        "clients",
        &["AzureKeyVault", "Storage", "VirtualNetwork", "10.1.2.0/24", "Internet", "10.1.2.10"],
        &["443", "*"],
    );
    d.group("pe", &["10.0.1.0/24", "10.1.1.4", "VirtualNetwork", "*", "192.168.0.0/16"], &["443", "*"]);
    let (nat, stateful, tag) = (d.pick(&["None", "Internet", "All"]), !d.rare(3), d.rare(3));
    d.add("virtual_machines", format!("nva: {{ subnet: h/nva, private_ip_address: 10.0.3.4, ip_forwarding_enabled: true, network_appliance: {{ stateful: {stateful}, source_nat: {nat}, disable_snat_on_private_link: {tag} }} }}"));
    for (name, subnet, address) in
        [("vm-1", "h/s", "10.0.1.4"), ("vm-2", "e/s", "10.1.1.4"), ("vm-3", "x/s", "10.2.1.4")]
    {
        d.add("virtual_machines", format!("{name}: {{ subnet: {subnet}, private_ip_address: {address} }}"));
    }
    d.add("virtual_network_gateways", "gw: { virtual_network: h, type: Vpn }");
    d.add("virtual_network_gateway_connections", "hq: { virtual_network_gateway: gw, on_premises_site: hq }");
    d.add("on_premises_sites", "hq: { address_space: [192.168.0.0/16], internet: { public_ip_address: 198.51.100.20 }, hosts: { pc: { ip_address: 192.168.1.10 } }, dns_servers: { ns: { ip_address: 192.168.0.53, zones: { vault.azure.net: { a_records: { kv0: { records: [10.1.2.10] }, kv1: { records: [10.1.3.11] } } }, privatelink.blob.core.windows.net: { a_records: { st: { records: [10.1.2.12] } } } } } } }");
    doors(d);
    d.text()
}

fn doors(d: &mut Draft) {
    let mut by_hand = [Vec::new(), Vec::new()];
    let zones = ["privatelink.vaultcore.azure.net", "privatelink.blob.core.windows.net"];
    for (name, kind, sub, zone, subnet, address) in [
        ("kv0", "Microsoft.KeyVault/vaults", "vault", 0, "pe", "10.1.2.10"),
        ("kv1", "Microsoft.KeyVault/vaults", "vault", 0, "pe2", "10.1.3.11"),
        ("st", "Microsoft.Storage/storageAccounts", "blob", 1, "pe", "10.1.2.12"),
    ] {
        let open = d.rare(3);
        d.add(
            "services",
            format!("{name}: {{ type: {kind}, public_network_access_enabled: {open}, public_alias: present }}"),
        );
        let status = d.pick(&["Approved", "Approved", "Approved", "Approved", "Pending", "Disconnected"]);
        let group = if d.rare(3) || status != "Approved" {
            // A record by hand, now and then of the other vault's endpoint (PE-01), or none.
            let at = if name == "kv1" { d.pick(&["10.1.3.11", "10.1.2.10"]) } else { address };
            if !d.rare(4) {
                by_hand[zone].push(format!("{name}: {{ records: [{at}] }}"));
            }
            String::new()
        } else {
            format!(", private_dns_zone_group: {{ private_dns_zones: [{}] }}", zones[zone])
        };
        d.add("private_endpoints", format!("pe-{name}: {{ subnet: e/{subnet}, ip_addresses: [{address}], private_service_connection: {{ private_connection_resource: {name}, subresource_names: [{sub}], status: {status} }}{group} }}"));
    }
    for (zone, records) in zones.into_iter().zip(by_hand) {
        let links = d.pick(&["h: {}, e: {}, x: {}", "h: {}, e: {}, x: {}", "h: {}"]);
        d.add(
            "private_dns_zones",
            format!("{zone}: {{ virtual_network_links: {{ {links} }}, a_records: {{ {} }} }}", records.join(", ")),
        );
    }
}
