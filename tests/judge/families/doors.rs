//! The doors of services: firewalls, service endpoints, trusted callers, instances, perimeters, shared links, apps.

use super::{Draft, Flow, product};

pub(crate) fn flows() -> Vec<Flow> {
    let targets = [
        "st.blob.core.windows.net",
        "kv.vault.azure.net",
        "reg.azurecr.io",
        "find.search.windows.net",
        "oai.openai.azure.com",
        "db.documents.azure.com",
        "site.azurewebsites.net",
    ];
    let mut flows = product(&["vm-s", "vm-p", "vm-r", "visitor", "app", "lone"], &targets, &[443]);
    flows.retain(|(from, to, _)| !(*from == "app" && to.starts_with("site")));
    let callers = ["find-mi", "oai-mi", "aml-mi", "disks", "backup", "cluster", "group"];
    let services = ["st", "kv", "reg", "find", "oai"];
    for caller in callers {
        for service in services {
            if caller != format!("{service}-mi") {
                flows.push((caller, service, 443));
            }
        }
    }
    flows.extend(callers.map(|caller| (caller, "st.file.core.windows.net", 443)));
    flows.push(("find-mi", "vm-s", 443));
    flows
}

pub(crate) fn text(seed: u64) -> String {
    let d = &mut Draft::new(seed, 0xd0025);
    d.top("location: westeurope");
    let endpoints = d.pick(&[
        "",
        ", service_endpoints: [Microsoft.KeyVault]",
        ", service_endpoints: [Microsoft.KeyVault, Microsoft.Storage]",
        ", service_endpoints: [Microsoft.Storage, Microsoft.CognitiveServices, Microsoft.AzureCosmosDB]",
    ]);
    let nat = d.maybe(2, ", nat_gateway: nat");
    let groups = d.maybe(4, ", network_security_group: g");
    d.add("virtual_networks", format!("v: {{ address_space: [10.0.0.0/16], subnets: {{ s: {{ address_prefixes: [10.0.0.0/24]{endpoints}{groups} }}, plain: {{ address_prefixes: [10.0.1.0/24]{nat} }}, pe: {{ address_prefixes: [10.0.2.0/24] }}, apps: {{ address_prefixes: [10.0.3.0/26], delegation: Microsoft.Web/serverFarms{nat} }} }} }}"));
    let region = d.maybe(2, "location: northeurope, ");
    d.add("virtual_networks", format!("w: {{ {region}address_space: [10.1.0.0/16], subnets: {{ s: {{ address_prefixes: [10.1.1.0/24]{endpoints} }} }} }}"));
    for (name, from, to) in [("a", "v", "w"), ("b", "w", "v")] {
        d.add(
            "virtual_network_peerings",
            format!("{name}: {{ virtual_network: {from}, remote_virtual_network: {to} }}"),
        );
    }
    d.group("g", &["Storage", "AzureKeyVault", "Internet", "VirtualNetwork", "*"], &["443", "*"]);
    for (name, last) in [("pip-s", 4), ("pip-nat", 8), ("pip-r", 12)] {
        d.add("public_ips", format!("{name}: {{ ip_address: 203.0.113.{last} }}"));
    }
    d.add("nat_gateways", "nat: { public_ips: [pip-nat] }");
    for (name, subnet, address, pip) in [
        ("vm-s", "v/s", "10.0.0.4", "pip-s"),
        ("vm-p", "v/plain", "10.0.1.4", ""),
        ("vm-r", "w/s", "10.1.1.4", "pip-r"),
    ] {
        let own = if pip.is_empty() || d.rare(3) { String::new() } else { format!(", public_ip: {pip}") };
        d.add("virtual_machines", format!("{name}: {{ subnet: {subnet}, private_ip_address: {address}{own} }}"));
    }
    d.add("internet_clients", "visitor: { ip_address: 198.51.100.9 }");
    services(d);
    callers(d);
    doors(d);
    d.text()
}

fn rules(d: &mut Draft, subnets: bool, instances: &[&str]) -> String {
    let mut keys = Vec::new();
    let action = d.pick(&["Allow", "Deny", "Deny", "Deny"]);
    keys.push(format!("default_action: {action}"));
    match d.r.below(4) {
        0 => keys.push("bypass: [None]".to_owned()),
        1 | 2 => keys.push("bypass: [AzureServices]".to_owned()),
        _ => {}
    }
    if d.rare(2) {
        let from = d.pick(&["203.0.113.4/30", "203.0.113.8/30", "198.51.100.8/30", "203.0.113.0/24"]);
        keys.push(format!("ip_rules: [{from}]"));
    }
    if subnets && d.rare(2) {
        let subnet = d.pick(&["v/s", "w/s", "v/s, w/s"]);
        keys.push(format!("virtual_network_subnets: [{subnet}]"));
    }
    if !instances.is_empty() && d.rare(3) {
        let one = d.pick(instances);
        keys.push(format!("private_link_access: [{one}]"));
    }
    format!(", network_rules: {{ {} }}", keys.join(", "))
}

fn services(d: &mut Draft) {
    let perimeter = d.rare(3);
    let mut associated = Vec::new();
    for (name, kind, more) in [
        ("st", "Microsoft.Storage/storageAccounts", ""),
        ("kv", "Microsoft.KeyVault/vaults", ""),
        ("reg", "Microsoft.ContainerRegistry/registries", ", sku_name: Premium"),
        ("find", "Microsoft.Search/searchServices", ", sku_name: standard"),
        ("oai", "Microsoft.CognitiveServices/accounts", ", custom_subdomain_name: oai, kind: OpenAI"),
        ("db", "Microsoft.DocumentDB/databaseAccounts", ""),
        ("site", "Microsoft.Web/sites", ""),
    ] {
        let mut keys = format!("type: {kind}{more}");
        let member = perimeter && matches!(name, "st" | "kv" | "find" | "oai") && d.rare(2);
        if member {
            let access = d.pick(&["SecuredByPerimeter", "Enabled", "Disabled"]);
            keys += &format!(", public_network_access: {access}");
            let mode = d.pick(&["Enforced", "Learning"]);
            associated.push(format!("{name}: {{ profile: p, access_mode: {mode} }}"));
        } else if perimeter && name == "kv" {
            keys += ", public_network_access: SecuredByPerimeter";
        } else if d.rare(2) {
            keys += &format!(", public_network_access_enabled: {}", d.rare(2));
        }
        if d.rare(2) || matches!(name, "st" | "kv") {
            let subnets = !matches!(name, "find" | "site");
            let instances: &[&str] = if name == "st" { &["find", "aml", "oai"] } else { &[] };
            keys += &rules(d, subnets, instances);
        }
        if matches!(name, "find" | "oai") {
            let kind = d.pick(&["SystemAssigned", "SystemAssigned", "UserAssigned"]);
            keys += &format!(", identity: {{ type: {kind}, name: {name}-mi }}");
        }
        if name == "find" && d.rare(2) {
            let environment = d.pick(&["private", "multitenant"]);
            let status = d.pick(&["Approved", "Approved", "Pending", "Rejected"]);
            let data = d.pick(&["blob", "blob", "file"]);
            let third =
                d.pick(&["target: db, group_id: Sql", "target: site, group_id: sites", "target: st, group_id: table"]);
            keys += &format!(
                ", execution_environment: {environment}, shared_private_links: {{ one: {{ target: st, group_id: {data}, status: {status} }}, two: {{ target: kv, group_id: vault, status: {status} }}, three: {{ {third}, status: Approved }} }}"
            );
        }
        d.add("services", format!("{name}: {{ {keys} }}"));
    }
    if perimeter {
        let inbound =
            d.pick(&["", "inbound_address_prefixes: [203.0.113.0/24]", "inbound_address_prefixes: [198.51.100.0/24]"]);
        d.add(
            "network_security_perimeters",
            format!("nsp: {{ profiles: {{ p: {{ {inbound} }} }}, associations: {{ {} }} }}", associated.join(", ")),
        );
    }
    let all = d.rare(2);
    d.add("services", format!("app: {{ type: Microsoft.Web/sites, virtual_network_integration: {{ subnet: v/apps, route_all_enabled: {all} }} }}"));
    d.add("services", "lone: { type: Microsoft.Web/sites }");
}

fn callers(d: &mut Draft) {
    let kind = d.pick(&["SystemAssigned", "UserAssigned"]);
    d.add("machine_learning_workspaces", format!("aml: {{ kind: Default, workspace_id: 11111111-2222-3333-4444-555555555555, identity: {{ type: {kind}, name: aml-mi }} }}"));
    for (name, kind) in [
        ("disks", "Microsoft.Compute/disks"),
        ("backup", "Microsoft.RecoveryServices/vaults"),
        ("cluster", "Microsoft.ContainerService/managedClusters"),
        ("group", "Microsoft.ContainerInstance/containerGroups"),
    ] {
        let identity = d.pick(&["", ", identity: SystemAssigned", ", identity: UserAssigned"]);
        d.add("platform_callers", format!("{name}: {{ type: {kind}{identity} }}"));
    }
}

fn doors(d: &mut Draft) {
    for (service, sub, zone) in [
        ("st", "blob", "privatelink.blob.core.windows.net"),
        ("kv", "vault", "privatelink.vaultcore.azure.net"),
        ("reg", "registry", "privatelink.azurecr.io"),
        ("find", "searchService", "privatelink.search.windows.net"),
        ("db", "Sql", "privatelink.documents.azure.com"),
        ("site", "sites", "privatelink.azurewebsites.net"),
    ] {
        if !d.rare(3) {
            continue;
        }
        let status = d.pick(&["Approved", "Approved", "Pending"]);
        let group = if status == "Approved" {
            format!(", private_dns_zone_group: {{ private_dns_zones: [{zone}] }}")
        } else {
            String::new()
        };
        let links = d.pick(&["v: {}", "v: {}, w: {}", "v: { resolution_policy: NxDomainRedirect }", "w: {}"]);
        d.add("private_dns_zones", format!("{zone}: {{ virtual_network_links: {{ {links} }} }}"));
        d.add("private_endpoints", format!("pe-{service}: {{ subnet: v/pe, private_service_connection: {{ private_connection_resource: {service}, subresource_names: [{sub}], status: {status} }}{group} }}"));
    }
}
