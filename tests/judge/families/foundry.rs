//! An AI Foundry hub with its managed network, its endpoints, the gateway bridge, and the services behind.

use super::{Draft, Flow, product};

const GUID: &str = "11111111-2222-3333-4444-555555555555";

pub(crate) fn flows() -> Vec<Flow> {
    let inside = ["ci", "cluster", "spark", "moe/blue"];
    let targets = [
        "st.blob.core.windows.net",
        "st.file.core.windows.net",
        "kv.vault.azure.net",
        "find.search.windows.net",
        "other.blob.core.windows.net",
        "11111111-2222-3333-4444-555555555555.workspace.westeurope.api.azureml.ms",
        "login.microsoftonline.com",
        "pypi.org",
        "files.pythonhosted.org",
        "art.corp.contoso.com",
        "tcp.corp.contoso.com",
        "192.168.1.10",
        "10.0.1.4",
        "cluster",
    ];
    let mut flows = product(&inside, &targets, &[443]);
    flows.extend(product(
        &["ci"],
        &["st.file.core.windows.net", "pypi.org", "art.corp.contoso.com", "tcp.corp.contoso.com"],
        &[445, 8443],
    ));
    let outside = [
        "st.blob.core.windows.net",
        "11111111-2222-3333-4444-555555555555.workspace.westeurope.api.azureml.ms",
        "ci.westeurope.instances.azureml.ms",
        "moe.westeurope.inference.ml.azure.com",
        "10.0.4.10",
        "cluster",
    ];
    flows.extend(product(&["vm", "pc", "visitor"], &outside, &[443]));
    flows.extend(product(&["hub-mi", "find-mi"], &["st", "kv", "find"], &[443]));
    flows.retain(|(from, to, _)| !(*from == "find-mi" && *to == "find"));
    flows
}

pub(crate) fn text(seed: u64) -> String {
    let d = &mut Draft::new(seed, 0xf0_0d2a);
    d.top("location: westeurope");
    d.top("public_dns: { absent: [corp.contoso.com] }");
    networks(d);
    bridge(d);
    services(d);
    hub(d);
    for (host, tags) in [
        ("login.microsoftonline.com", "service_tags: [AzureActiveDirectory]"),
        ("pypi.org", ""),
        ("files.pythonhosted.org", ""),
        ("other.blob.core.windows.net", "service_tags: [Storage]"),
    ] {
        d.add("public_hosts", format!("{host}: {{ {tags} }}"));
    }
    d.add("internet_clients", "visitor: { ip_address: 198.51.100.9 }");
    d.text()
}

fn networks(d: &mut Draft) {
    let table = d.pick(&["", "", "", ", route_table: rt-agw"]);
    let guarded = d.maybe(2, ", network_security_group: nsg-agw");
    d.add("virtual_networks", format!("v: {{ address_space: [10.0.0.0/16], subnets: {{ GatewaySubnet: {{ address_prefixes: [10.0.0.0/27] }}, s: {{ address_prefixes: [10.0.1.0/24] }}, pe: {{ address_prefixes: [10.0.2.0/24] }}, agw: {{ address_prefixes: [10.0.4.0/24]{table}{guarded} }}, pl: {{ address_prefixes: [10.0.5.0/27], private_link_service_network_policies_enabled: false }} }} }}"));
    d.add("route_tables", "rt-agw: { routes: { all: { address_prefix: 0.0.0.0/0, next_hop_type: VirtualAppliance, next_hop_in_ip_address: 10.0.1.4 } } }");
    let manager = if d.rare(6) { "Deny" } else { "Allow" };
    let link = if d.rare(5) { "Deny" } else { "Allow" };
    d.add("network_security_groups", format!("nsg-agw: {{ security_rules: {{ m: {{ priority: 100, direction: Inbound, access: {manager}, protocol: Tcp, source_address_prefix: GatewayManager, destination_address_prefix: \"*\", destination_port_range: \"65200-65535\" }}, l: {{ priority: 110, direction: Inbound, access: {link}, protocol: Tcp, source_address_prefix: 10.0.5.0/27, destination_address_prefix: \"*\", destination_port_range: 443 }} }} }}"));
    d.add("virtual_network_gateways", "er: { virtual_network: v, type: ExpressRoute }");
    d.add("virtual_network_gateway_connections", "dc: { virtual_network_gateway: er, on_premises_site: dc }");
    let firewall = d.pick(&["", ", firewall: { default_action: Deny, rules: { all: { priority: 100, action: Allow, source_addresses: [192.168.0.0/16], destination_addresses: [\"*\"] } } }", ", firewall: { default_action: Deny, rules: { a: { priority: 100, action: Allow, source_addresses: [10.0.0.0/16], destination_addresses: [\"*\"] }, b: { priority: 110, action: Allow, source_addresses: [192.168.0.0/16], destination_addresses: [\"*\"] } } }"]);
    let status = d.pick(&[200, 200, 401]);
    let served = d.pick(&["tcp/443", "tcp/443", "tcp/80"]);
    let authority = d.pick(&["", ", private_certificate_authority: corp-root"]);
    d.add("on_premises_sites", format!("dc: {{ address_space: [192.168.0.0/16], internet: {{ public_ip_address: 203.0.113.10 }}, hosts: {{ art: {{ ip_address: 192.168.1.10, listens: [{served}], http_status: {status}{authority} }}, pc: {{ ip_address: 192.168.1.20 }} }}, dns_servers: {{ ns: {{ ip_address: 192.168.0.53, conditional_forwarders: {{ blob.core.windows.net: [10.0.1.9], api.azureml.ms: [10.0.1.9], instances.azureml.ms: [10.0.1.9], inference.ml.azure.com: [10.0.1.9] }} }} }}{firewall} }}"));
    d.add("virtual_machines", "vm: { subnet: v/s, private_ip_address: 10.0.1.4, listens: [tcp/443] }");
    d.add(
        "virtual_machines",
        "ns: { subnet: v/s, private_ip_address: 10.0.1.9, dns_server: { forwarders: [168.63.129.16] } }",
    );
}

fn bridge(d: &mut Draft) {
    d.add("public_ips", "pip-agw: { ip_address: 192.0.2.10 }");
    let public = if d.rare(6) { "" } else { "pub: { public_ip_address: pip-agw }, " };
    let san = if d.rare(6) { "other.corp.contoso.com" } else { "art.corp.contoso.com" };
    let readable = !d.rare(6);
    let hosts = d.pick(&["host_names: [art.corp.contoso.com], ", "", "host_names: [\"*.corp.contoso.com\"], "]);
    let trusted = d.pick(&["", ", trusted_root_certificates: [corp-root]"]);
    let probe = d.pick(&["", ", probe: p"]);
    let layer4 = if d.rare(3) {
        (
            ", tcp: { frontend_ip_configuration: appGwPrivateFrontendIpIPv4, frontend_port: 8443, protocol: Tcp }",
            ", tcp: { priority: 200, http_listener: tcp, backend_address_pool: p, backend_http_settings: raw }",
            ", raw: { port: 443, protocol: Tcp }",
        )
    } else {
        ("", "", "")
    };
    d.add("application_gateways", format!("agw: {{ sku_name: WAF_v2, subnet: v/agw, frontend_ip_configurations: {{ {public}appGwPrivateFrontendIpIPv4: {{ private_ip_address: 10.0.4.10, private_link_configuration: plc }} }}, private_link_configurations: {{ plc: {{ subnet: v/pl, ip_addresses: [10.0.5.4] }} }}, ssl_certificates: {{ c: {{ subject_alternative_names: [{san}], key_vault_accessible: {readable} }} }}, http_listeners: {{ l: {{ frontend_ip_configuration: appGwPrivateFrontendIpIPv4, frontend_port: 443, protocol: Https, {hosts}ssl_certificate: c }}{} }}, backend_address_pools: {{ p: {{ ip_addresses: [192.168.1.10] }} }}, backend_http_settings: {{ b: {{ port: 443, protocol: Https{probe}{trusted} }}{} }}, probes: {{ p: {{ match_status_codes: \"200-401\" }} }}, request_routing_rules: {{ r: {{ priority: 100, http_listener: l, backend_address_pool: p, backend_http_settings: b }}{} }} }}", layer4.0, layer4.2, layer4.1));
}

fn services(d: &mut Draft) {
    for (name, kind, more) in [
        ("st", "Microsoft.Storage/storageAccounts", ""),
        ("kv", "Microsoft.KeyVault/vaults", ""),
        (
            "find",
            "Microsoft.Search/searchServices",
            ", sku_name: standard, identity: { type: SystemAssigned, name: find-mi }",
        ),
    ] {
        let open = d.rare(3);
        let bypass = d.pick(&["AzureServices", "AzureServices", "None"]);
        let instance = if name == "st" { d.maybe(4, ", private_link_access: [hub]") } else { String::new() };
        d.add("services", format!("{name}: {{ type: {kind}{more}, public_network_access_enabled: {open}, network_rules: {{ bypass: [{bypass}]{instance} }} }}"));
    }
    for (name, target, sub, zones, addresses, odds) in [
        (
            "pe-hub",
            "hub",
            "amlworkspace",
            "privatelink.api.azureml.ms, privatelink.notebooks.azure.net",
            "10.0.2.4, 10.0.2.5, 10.0.2.6",
            5,
        ),
        ("pe-blob", "st", "blob", "privatelink.blob.core.windows.net", "10.0.2.7", 4),
    ] {
        if !d.rare(odds) {
            d.add("private_endpoints", format!("{name}: {{ subnet: v/pe, ip_addresses: [{addresses}], private_service_connection: {{ private_connection_resource: {target}, subresource_names: [{sub}] }}, private_dns_zone_group: {{ private_dns_zones: [{zones}] }} }}"));
        }
    }
    for zone in ["privatelink.api.azureml.ms", "privatelink.notebooks.azure.net", "privatelink.blob.core.windows.net"] {
        let links = d.pick(&["v: {}", "v: {}", "v: { resolution_policy: NxDomainRedirect }", ""]);
        d.add("private_dns_zones", format!("{zone}: {{ virtual_network_links: {{ {links} }} }}"));
    }
}

fn hub(d: &mut Draft) {
    let open = d.rare(4);
    let rules = if open { d.maybe(2, ", ip_rules: [198.51.100.8/30]") } else { String::new() };
    let mode = d.pick(&["AllowOnlyApprovedOutbound", "AllowOnlyApprovedOutbound", "AllowInternetOutbound", "Disabled"]);
    let approved = mode == "AllowOnlyApprovedOutbound";
    let network = if mode == "Disabled" {
        ", managed_network: { isolation_mode: Disabled }".to_owned()
    } else {
        let status = d.pick(&["Active", "Active", "Active", "Inactive"]);
        let spark = d.rare(2);
        let rules = outbound(d, approved);
        format!(
            ", managed_network: {{ isolation_mode: {mode}, status: {status}, spark_ready: {spark}, outbound_rules: {{ {rules} }} }}"
        )
    };
    let identity = d.pick(&["SystemAssigned", "UserAssigned"]);
    let public = d.rare(3);
    d.add("machine_learning_workspaces", format!("hub: {{ kind: Hub, workspace_id: {GUID}, public_network_access_enabled: {open}{rules}, storage_account: st, key_vault: kv, identity: {{ type: {identity}, name: hub-mi }}, compute: {{ ci: {{ type: ComputeInstance }}, cluster: {{ type: AmlCompute, private_ip_address: 10.255.0.77 }}, spark: {{ type: ServerlessSpark }} }}, online_endpoints: {{ moe: {{ public_network_access_enabled: {public}, deployments: {{ blue: {{}} }} }} }}{network} }}"));
}

fn outbound(d: &mut Draft, approved: bool) -> String {
    let mut rules = Vec::new();
    for (name, target, sub, odds) in [
        ("ws", "hub", "amlworkspace", 6),
        ("blob", "st", "blob", 5),
        ("file", "st", "file", 4),
        ("vault", "kv", "vault", 4),
        ("search", "find", "searchService", 2),
    ] {
        if d.rare(odds) {
            continue;
        }
        let status = d.pick(&["", "", "", ", status: Inactive", ", connection_status: Pending"]);
        let spark = d.rare(2);
        rules.push(format!("{name}: {{ type: PrivateEndpoint, category: Required, service_resource: {target}, sub_resource_target: {sub}, spark_enabled: {spark}{status} }}"));
    }
    if !d.rare(4) {
        rules.push("bridge: { type: PrivateEndpoint, category: UserDefined, service_resource: agw, sub_resource_target: appGwPrivateFrontendIpIPv4, fqdns: [art.corp.contoso.com, tcp.corp.contoso.com] }".to_owned());
    }
    if approved {
        rules.push("aad: { type: ServiceTag, category: Required, service_tag: AzureActiveDirectory, protocol: Tcp, port_ranges: \"80,443\" }".to_owned());
        if d.rare(3) {
            let action = d.pick(&["Allow", "Deny"]);
            rules.push(format!("storage: {{ type: ServiceTag, category: UserDefined, service_tag: Storage, protocol: Tcp, port_ranges: 443, action: {action} }}"));
        }
        for (name, fqdn) in [
            ("pypi", "pypi.org"),
            ("hosted", "\"*.pythonhosted.org\""),
            ("account", "other.blob.core.windows.net"),
            ("find", "find.search.windows.net"),
        ] {
            if d.rare(3) {
                rules.push(format!("{name}: {{ type: FQDN, category: UserDefined, destination_fqdn: {fqdn} }}"));
            }
        }
    }
    rules.join(", ")
}
