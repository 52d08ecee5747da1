//! Names from every vantage: Azure DNS, custom servers, resolvers, rulesets, policies, proxies, sites and clients.

use super::{Draft, Flow, product};

pub(crate) fn flows() -> Vec<Flow> {
    let clients = ["vm-h", "vm-1", "vm-2", "pc", "visitor", "laptop"];
    let targets = [
        "st0.blob.core.windows.net",
        "st1.blob.core.windows.net",
        "kv0.vault.azure.net",
        "app.azure.contoso.com",
        "srv.corp.contoso.com",
        "www.example.com",
        "www.undeclared.org",
        "vm-1.vms.contoso.com",
    ];
    product(&clients, &targets, &[443])
}

const SERVERS: [&str; 7] =
    ["10.0.4.4", "10.0.4.4", "10.0.6.4", "10.0.3.4", "192.168.0.53", "168.63.129.16", "10.0.4.99"];

pub(crate) fn text(seed: u64) -> String {
    let d = &mut Draft::new(seed, 0x0a3e5);
    d.top("location: westeurope");
    d.top("public_dns: { absent: [contoso.com] }");
    if d.rare(3) {
        let aliases = (d.rare(2), d.rare(2));
        d.top(format!(
            "assumptions: {{ ruleset_matches_aliases: {}, dns_policy_matches_aliases: {} }}",
            aliases.0, aliases.1
        ));
    }
    networks(d);
    servers(d);
    zones(d);
    d.add("public_hosts", "www.example.com: { ip_address: 192.0.2.80 }");
    d.add("public_hosts", "dns.example.com: { ip_address: 8.8.8.8, listens: [udp/53, tcp/53] }");
    d.add("internet_clients", "visitor: { ip_address: 198.51.100.9 }");
    d.text()
}

fn dns(d: &mut Draft) -> String {
    match d.r.below(5) {
        0 | 1 => String::new(),
        2 | 3 => format!("dns_servers: [{}], ", d.pick(&SERVERS)),
        _ => {
            let first = if d.rare(4) { d.pick(&["8.8.8.8", "9.9.9.9"]) } else { d.pick(&SERVERS) };
            let two = (first, d.pick(&["168.63.129.16", "10.0.6.5", "10.0.6.4"]));
            let second = if two.0 == two.1 { "10.0.6.5" } else { two.1 };
            format!("dns_servers: [{}, {second}], ", two.0)
        }
    }
}

fn networks(d: &mut Draft) {
    let servers = [dns(d), dns(d), dns(d)];
    let out = d.maybe(4, ", default_outbound_access_enabled: false");
    let guarded = [
        d.maybe(4, ", network_security_group: g"),
        d.maybe(4, ", network_security_group: g"),
        d.maybe(4, ", network_security_group: g"),
    ];
    d.add("virtual_networks", format!("h: {{ {}address_space: [10.0.0.0/16], subnets: {{ s: {{ address_prefixes: [10.0.1.0/24]{} }}, AzureFirewallSubnet: {{ address_prefixes: [10.0.3.0/26] }}, in: {{ address_prefixes: [10.0.4.0/28] }}, out: {{ address_prefixes: [10.0.4.16/28] }}, GatewaySubnet: {{ address_prefixes: [10.0.5.0/27] }}, dns: {{ address_prefixes: [10.0.6.0/24]{}{out} }}, pe: {{ address_prefixes: [10.0.7.0/24] }} }} }}", servers[0], guarded[0], guarded[1]));
    for (n, servers) in servers.iter().enumerate().skip(1) {
        d.add("virtual_networks", format!("s{n}: {{ {}address_space: [10.{n}.0.0/16], subnets: {{ s: {{ address_prefixes: [10.{n}.1.0/24]{} }}, pe: {{ address_prefixes: [10.{n}.2.0/24] }} }} }}", servers, guarded[2]));
        if n == 1 || !d.rare(3) {
            d.add(
                "virtual_network_peerings",
                format!("h-{n}: {{ virtual_network: h, remote_virtual_network: s{n}, allow_gateway_transit: true }}"),
            );
            d.add(
                "virtual_network_peerings",
                format!("{n}-h: {{ virtual_network: s{n}, remote_virtual_network: h, use_remote_gateways: true }}"),
            );
        }
        d.add(
            "virtual_machines",
            format!("vm-{n}: {{ subnet: s{n}/s, private_ip_address: 10.{n}.1.4, listens: [tcp/443] }}"),
        );
    }
    let own = d.maybe(5, ", dns_servers: [10.0.4.4]");
    d.add(
        "virtual_machines",
        format!("vm-h: {{ subnet: h/s, private_ip_address: 10.0.1.4, listens: [tcp/443]{own} }}"),
    );
    let places = ["AzurePlatformDNS", "10.0.4.4", "*", "10.0.0.0/16", "10.1.0.0/16", "192.168.0.0/16"];
    d.group("g", &places, &["53", "53", "*", "443"]);
    d.add(
        "virtual_network_gateways",
        "gw: { virtual_network: h, type: Vpn, vpn_client_address_space: [172.31.0.0/24] }",
    );
    let up = !d.rare(6);
    d.add(
        "virtual_network_gateway_connections",
        format!("hq: {{ virtual_network_gateway: gw, on_premises_site: hq, connected: {up}, bgp_enabled: true }}"),
    );
    let asked = d.pick(&["", ", dns_servers: [10.0.4.4]", ", dns_servers: [10.0.6.4]"]);
    d.add("vpn_clients", format!("laptop: {{ virtual_network_gateway: gw, ip_address: 172.31.0.2{asked} }}"));
    let proxy = !d.rare(3);
    d.add("firewalls", "fw: { subnet: h/AzureFirewallSubnet, private_ip_address: 10.0.3.4, firewall_policy: p }");
    let upstream = d.pick(&["", "", ", servers: [10.0.6.4]", ", servers: [192.168.0.53]"]);
    d.add("firewall_policies", format!("p: {{ dns: {{ proxy_enabled: {proxy}{upstream} }} }}"));
}

fn servers(d: &mut Draft) {
    let inbound =
        if d.rare(6) { "" } else { "inbound_endpoints: { in: { subnet: h/in, private_ip_address: 10.0.4.4 } }, " };
    d.add(
        "private_dns_resolvers",
        format!("res: {{ virtual_network: h, {inbound}outbound_endpoints: {{ out: {{ subnet: h/out }} }} }}"),
    );
    let mut rules = Vec::new();
    let domains = [
        "blob.core.windows.net.",
        "privatelink.blob.core.windows.net.",
        "azure.contoso.com.",
        "corp.contoso.com.",
        "contoso.com.",
        ".",
        "vault.azure.net.",
    ];
    for (i, domain) in domains.into_iter().enumerate() {
        if d.rare(4) {
            let to =
                d.pick(&["10.0.4.4", "192.168.0.53", "10.0.6.4", "10.0.99.99, 10.0.6.4", "10.0.6.4, 192.168.0.53"]);
            let on = d.maybe(6, ", enabled: false");
            rules.push(format!("r{i}: {{ domain_name: \"{domain}\", target_dns_servers: [{to}]{on} }}"));
        }
    }
    let links = d.pick(&["", "h: {}", "s1: {}", "s1: {}, s2: {}", "h: {}, s2: {}"]);
    d.add(
        "private_dns_resolver_dns_forwarding_rulesets",
        format!(
            "rs: {{ outbound_endpoints: [res/out], virtual_network_links: {{ {links} }}, rules: {{ {} }} }}",
            rules.join(", ")
        ),
    );
    if d.rare(2) {
        let members = d.pick(&["h", "s1", "h, s1, s2"]);
        let mut rules = Vec::new();
        for i in 0..=d.r.below(2) {
            let action = d.pick(&["Allow", "Block", "Block", "Alert"]);
            let domain = d.pick(&[
                "windows.net.",
                "privatelink.blob.core.windows.net.",
                "st0.blob.core.windows.net.",
                ".",
                "contoso.com.",
            ]);
            rules.push(format!("r{i}: {{ priority: {}, action: {action}, domains: [\"{domain}\"] }}", 100 + 10 * i));
        }
        d.add(
            "dns_security_policies",
            format!("dp: {{ virtual_networks: [{members}], rules: {{ {} }} }}", rules.join(", ")),
        );
    }
    let server = server(d, "10.0.4.4");
    d.add(
        "virtual_machines",
        format!("ns: {{ subnet: h/dns, private_ip_address: 10.0.6.4, dns_server: {{ {server} }} }}"),
    );
    let server = self::server(d, "10.0.6.4");
    let internet = d.maybe(2, ", internet: { public_ip_address: 198.51.100.20 }");
    d.add("on_premises_sites", format!("hq: {{ address_space: [192.168.0.0/16], hosts: {{ pc: {{ ip_address: 192.168.1.10 }}, srv: {{ ip_address: 192.168.1.20, listens: [tcp/443] }} }}, dns_servers: {{ ns: {{ ip_address: 192.168.0.53, {server} }} }}{internet} }}"));
}

fn server(d: &mut Draft, other: &str) -> String {
    let mode = d.pick(&["forward", "forward", "iterative"]);
    let mut forwarders = Vec::new();
    for suffix in [
        "blob.core.windows.net",
        "privatelink.blob.core.windows.net",
        "vault.azure.net",
        "azure.contoso.com",
        "windows.net",
    ] {
        if d.rare(3) {
            let to = d.pick(&[other, "10.0.4.4", "168.63.129.16", "10.0.3.4", "10.0.99.99"]);
            forwarders.push(format!("{suffix}: [{to}]"));
        }
    }
    let zone = d.pick(&[
        "",
        "",
        ", zones: { corp.contoso.com: { a_records: { srv: { records: [192.168.1.20] } } } }",
        ", zones: { privatelink.blob.core.windows.net: { a_records: { st0: { records: [10.0.7.4] } } } }",
    ]);
    let rest = d.pick(&[
        "",
        "",
        ", forwarders: [168.63.129.16]",
        ", recursion_enabled: false",
        ", forwarders: [10.0.4.4]",
        ", forwarders: [10.0.99.99, 8.8.8.8]",
    ]);
    format!("mode: {mode}, conditional_forwarders: {{ {} }}{zone}{rest}", forwarders.join(", "))
}

fn zones(d: &mut Draft) {
    for (i, (name, kind, sub, zone)) in [
        ("st0", "Microsoft.Storage/storageAccounts", "blob", "privatelink.blob.core.windows.net"),
        ("st1", "Microsoft.Storage/storageAccounts", "blob", "privatelink.blob.core.windows.net"),
        ("kv0", "Microsoft.KeyVault/vaults", "vault", "privatelink.vaultcore.azure.net"),
    ]
    .into_iter()
    .enumerate()
    {
        let open = d.rare(2);
        let alias = d.pick(&["", "", ", public_alias: present", ", public_alias: absent"]);
        d.add("services", format!("{name}: {{ type: {kind}, public_network_access_enabled: {open}{alias} }}"));
        if d.rare(5) {
            continue;
        }
        let home = d.pick(&["h", "h", "s1", "s2"]);
        let third = if home == "h" { 0 } else { home[1..].parse().unwrap() };
        let net = if third == 0 { "10.0.7".to_owned() } else { format!("10.{third}.2") };
        let status = d.pick(&["Approved", "Approved", "Approved", "Pending", "Rejected"]);
        let group = if status == "Approved" && !d.rare(4) {
            format!(", private_dns_zone_group: {{ private_dns_zones: [{zone}] }}")
        } else {
            String::new()
        };
        d.add("private_endpoints", format!("pe-{name}: {{ subnet: {home}/pe, ip_addresses: [{net}.{}], private_service_connection: {{ private_connection_resource: {name}, subresource_names: [{sub}], status: {status} }}{group} }}", 10 + i));
    }
    for zone in ["privatelink.blob.core.windows.net", "privatelink.vaultcore.azure.net"] {
        let mut links = Vec::new();
        for n in ["h", "s1", "s2"] {
            if !d.rare(3) {
                let policy = d.pick(&["", "", "resolution_policy: NxDomainRedirect"]);
                links.push(format!("{n}: {{ {policy} }}"));
            }
        }
        d.add("private_dns_zones", format!("{zone}: {{ virtual_network_links: {{ {} }} }}", links.join(", ")));
    }
    let links = d.pick(&["h: {}", "h: {}, s1: {}", "s2: {}", ""]);
    let record = d.pick(&[
        "a_records: { app: { records: [10.1.1.4] } }",
        "a_records: { \"*\": { records: [10.0.1.4] } }",
        "cname_records: { app: { record: other.azure.contoso.com }, other: { record: app.azure.contoso.com } }",
        "cname_records: { app: { record: st0.blob.core.windows.net } }",
    ]);
    d.add("private_dns_zones", format!("azure.contoso.com: {{ virtual_network_links: {{ {links} }}, {record} }}"));
    let registers =
        d.pick(&["s1: { registration_enabled: true }, h: {}", "s1: { registration_enabled: true }", "h: {}"]);
    d.add("private_dns_zones", format!("vms.contoso.com: {{ virtual_network_links: {{ {registers} }} }}"));
    if d.rare(6) {
        d.add(
            "private_dns_zones",
            "blob.core.windows.net: { virtual_network_links: { h: {} }, a_records: { st1: { records: [10.0.7.11] } } }",
        );
    }
}
