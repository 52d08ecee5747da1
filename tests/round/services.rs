//! Machines, services, private link and private DNS.

use super::export::{Record, Template, kind, put, records};
use serde_json::{Value, json};

pub(crate) fn balancer(name: &str, record: &mut Record, template: &mut Template) -> Option<()> {
    let own = format!(
        "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/{}/{name}",
        kind("load_balancers")
    );
    let inner = |part: &str, name: &Value| Some(json!({ "id": format!("{own}/{part}/{}", name.as_str()?) }));
    let mut frontends = Vec::new();
    for (name, frontend) in records(record.get("frontend_ip_configurations")) {
        let mut properties = json!({});
        if let Some(subnet) = frontend.get("subnet") {
            properties["subnet"] = template.subnet(subnet)?;
        }
        if let Some(address) = frontend.get("private_ip_address") {
            properties["privateIPAddress"] = address.clone();
            properties["privateIPAllocationMethod"] = json!("Static");
        }
        if let Some(address) = frontend.get("public_ip_address") {
            properties["publicIPAddress"] = template.reference("public_ips", address)?;
        }
        frontends.push(json!({ "name": name, "properties": properties }));
    }
    let mut rules = Vec::new();
    for (name, rule) in records(record.get("rules")) {
        let mut properties = json!({
            "protocol": rule["protocol"], "frontendPort": rule["frontend_port"], "backendPort": rule["backend_port"],
            "enableFloatingIP": rule.get("floating_ip_enabled").cloned().unwrap_or(json!(false)),
            "frontendIPConfiguration": inner("frontendIPConfigurations", &rule["frontend_ip_configuration"])?,
            "backendAddressPool": inner("backendAddressPools", &rule["backend_address_pool"])?,
            // What members get to the internet by the rule is declared apart in scenarios.
            "disableOutboundSnat": true,
        });
        if let Some(probe) = rule.get("probe") {
            properties["probe"] = inner("probes", probe)?;
        }
        rules.push(json!({ "name": name, "properties": properties }));
    }
    let probes: Vec<Value> = records(record.get("probes"))
        .map(|(name, probe)| {
            let protocol = probe.get("protocol").cloned().unwrap_or(json!("Tcp"));
            json!({ "name": name, "properties": { "port": probe["port"], "protocol": protocol } })
        })
        .collect();
    let pools: Vec<Value> = records(record.get("backend_address_pools")).map(|(n, _)| json!({ "name": n })).collect();
    let sku = record.remove("sku").unwrap_or(json!("Standard"));
    ["frontend_ip_configurations", "backend_address_pools", "rules", "probes"]
        .iter()
        .for_each(|k| drop(record.remove(*k)));
    let properties = json!({
        "frontendIPConfigurations": frontends, "backendAddressPools": pools, "loadBalancingRules": rules, "probes": probes,
    });
    template.add(kind("load_balancers"), &[name], properties)["sku"] = json!({ "name": sku });
    Some(())
}

pub(crate) fn machine(name: &str, record: &mut Record, template: &mut Template) -> Option<()> {
    let mut first = json!({ "subnet": template.subnet(record.get("subnet")?)? });
    first["privateIPAllocationMethod"] = json!("Static");
    first["privateIPAddress"] = record.get("private_ip_address")?.clone();
    if let Some(address) = record.get("public_ip") {
        first["publicIPAddress"] = template.reference("public_ips", address)?;
    }
    if let Some(groups) = record.get("application_security_groups") {
        first["applicationSecurityGroups"] = template.references("application_security_groups", groups)?.into();
    }
    let pools = template.pools.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let pools: Option<Vec<Value>> =
        pools.iter().map(|p| template.inner("load_balancers", "backendAddressPools", p)).collect();
    first["loadBalancerBackendAddressPools"] = pools?.into();
    let mut interface = json!({
        "enableIPForwarding": record.get("ip_forwarding_enabled").cloned().unwrap_or(json!(false)),
        "ipConfigurations": [{ "name": "first", "properties": first }],
    });
    if let Some(group) = record.get("network_security_group") {
        interface["networkSecurityGroup"] = template.reference("network_security_groups", group)?;
    }
    if let Some(servers) = record.get("dns_servers") {
        interface["dnsSettings"] = json!({ "dnsServers": servers });
    }
    for key in [
        "subnet",
        "private_ip_address",
        "public_ip",
        "application_security_groups",
        "ip_forwarding_enabled",
        "network_security_group",
        "dns_servers",
    ] {
        record.remove(key);
    }
    let nic = format!("{name}-nic");
    template.name("interfaces", &nic, "Microsoft.Network/networkInterfaces");
    template.add("Microsoft.Network/networkInterfaces", &[&nic], interface);
    let mut list = vec![template.reference("interfaces", &nic.into())?];
    list[0]["properties"] = json!({ "primary": true });
    let tags = record.remove("tags");
    let machine = template.add(
        "Microsoft.Compute/virtualMachines",
        &[name],
        json!({ "networkProfile": { "networkInterfaces": list } }),
    );
    put(machine, "tags", tags);
    Some(())
}

/// Types whose firewall is `networkAcls`.
const RULED: [&str; 3] =
    ["Microsoft.Storage/storageAccounts", "Microsoft.KeyVault/vaults", "Microsoft.CognitiveServices/accounts"];

pub(crate) fn service(name: &str, record: &mut Record, template: &mut Template) -> Option<()> {
    let kind = RULED.iter().find(|k| record.get("type").and_then(Value::as_str) == Some(**k))?;
    let public = record.get("public_network_access_enabled") != Some(&json!(false));
    let mut properties = json!({ "publicNetworkAccess": if public { "Enabled" } else { "Disabled" } });
    if let Some(rules) = record.get("network_rules").and_then(Value::as_object) {
        let list = |key: &str| rules.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
        let subnets: Option<Vec<Value>> = list("virtual_network_subnets").iter().map(|s| template.subnet(s)).collect();
        let ranges: Vec<Value> = list("ip_rules").iter().map(|r| json!({ "value": r })).collect();
        let mut words = json!({
            "defaultAction": rules.get("default_action").cloned().unwrap_or(json!("Allow")),
            "virtualNetworkRules": subnets?, "ipRules": ranges,
        });
        let bypass: Vec<&str> =
            rules.get("bypass").and_then(Value::as_array)?.iter().filter_map(Value::as_str).collect();
        words["bypass"] = bypass.join(", ").into();
        if rules.contains_key("private_link_access") {
            return None;
        }
        properties["networkAcls"] = words;
        record.remove("network_rules");
    }
    if *kind == RULED[2] {
        let label = record.remove("custom_subdomain_name").unwrap_or(name.into());
        properties["customSubDomainName"] = label;
    }
    record.remove("type");
    record.remove("public_network_access_enabled");
    let location = record.remove("location");
    let service = template.add(kind, &[name], properties);
    put(service, "location", location);
    if *kind == RULED[0] {
        service["kind"] = record.remove("account_kind").unwrap_or(json!("StorageV2"));
    }
    if let Some(own) = record.remove("kind") {
        service["kind"] = own;
    }
    template.name("services", name, kind);
    Some(())
}

/// Links of a zone or ruleset: name, network, and the rest of it.
fn links(record: &Record) -> Vec<(String, Value, Record)> {
    let all = records(record.get("virtual_network_links"));
    let network = |name: &str, link: &Record| link.get("virtual_network").cloned().unwrap_or(name.into());
    all.map(|(name, link)| (name.to_owned(), network(name, link), link.clone())).collect()
}

pub(crate) fn zone(name: &str, record: &mut Record, template: &mut Template) -> Option<()> {
    if record.contains_key("zone_name") {
        return None;
    }
    let mut found = Vec::new();
    for (link, network, record) in links(record) {
        let mut words = json!({ "virtualNetwork": template.reference("virtual_networks", &network)? });
        words["registrationEnabled"] = record.get("registration_enabled").cloned().unwrap_or(json!(false));
        put(&mut words, "resolutionPolicy", record.get("resolution_policy").cloned());
        found.push((link, words));
    }
    record.remove("virtual_network_links");
    template.add(kind("private_dns_zones"), &[name], json!({}))["location"] = json!("global");
    for (link, words) in found {
        template.add("Microsoft.Network/privateDnsZones/virtualNetworkLinks", &[name, &link], words)["location"] =
            json!("global");
    }
    let addresses = record.remove("a_records");
    for (label, set) in records(addresses.as_ref()) {
        let all: Vec<Value> = set["records"].as_array()?.iter().map(|a| json!({ "ipv4Address": a })).collect();
        template.add("Microsoft.Network/privateDnsZones/A", &[name, label], json!({ "ttl": 300, "aRecords": all }));
    }
    let aliases = record.remove("cname_records");
    for (label, set) in records(aliases.as_ref()) {
        let words = json!({ "ttl": 300, "cnameRecord": { "cname": set["record"] } });
        template.add("Microsoft.Network/privateDnsZones/CNAME", &[name, label], words);
    }
    Some(())
}

pub(crate) fn link_service(name: &str, record: &mut Record, template: &mut Template) -> Option<()> {
    let frontend =
        template.inner("load_balancers", "frontendIPConfigurations", record.get("load_balancer_frontend")?)?;
    let mut addresses = Vec::new();
    for (number, (name, one)) in records(record.get("nat_ip_configurations")).enumerate() {
        let mut words = json!({ "subnet": template.subnet(&one["subnet"])?, "primary": number == 0 });
        if let Some(address) = one.get("private_ip_address") {
            words["privateIPAddress"] = address.clone();
            words["privateIPAllocationMethod"] = json!("Static");
        }
        addresses.push(json!({ "name": name, "properties": words }));
    }
    record.remove("load_balancer_frontend");
    record.remove("nat_ip_configurations");
    let properties = json!({
        "loadBalancerFrontendIpConfigurations": [frontend], "ipConfigurations": addresses,
        "enableProxyProtocol": record.remove("enable_proxy_protocol").unwrap_or(json!(false)),
    });
    template.add(kind("private_link_services"), &[name], properties);
    Some(())
}

pub(crate) fn endpoint(name: &str, record: &mut Record, template: &mut Template) -> Option<()> {
    let connection = record.get("private_service_connection")?.as_object()?;
    let target = connection.get("private_connection_resource")?;
    let target = template.id("services", target).or_else(|| template.id("private_link_services", target))?;
    let mut words = json!({ "privateLinkServiceId": target });
    let groups = connection.get("subresource_names").cloned();
    put(&mut words, "groupIds", groups.clone());
    let manual = connection.get("is_manual_connection") == Some(&json!(true));
    let list = if manual { "manualPrivateLinkServiceConnections" } else { "privateLinkServiceConnections" };
    let mut properties = json!({ "subnet": template.subnet(record.get("subnet")?)? });
    properties[list] = json!([{ "name": "own", "properties": words }]);
    let addresses = record.get("ip_addresses").and_then(Value::as_array).cloned().unwrap_or_default();
    let group = groups.and_then(|g| g.get(0).cloned());
    let addresses = addresses.iter().enumerate().map(|(n, a)| {
        let mut words = json!({ "privateIPAddress": a });
        put(&mut words, "groupId", group.clone());
        json!({ "name": format!("a{n}"), "properties": words })
    });
    properties["ipConfigurations"] = addresses.collect();
    let zones: Option<Vec<Value>> = match record.get("private_dns_zone_group") {
        Some(group) => {
            group.get("private_dns_zones")?.as_array()?.iter().map(|z| template.id("private_dns_zones", z)).collect()
        }
        None => Some(Vec::new()),
    };
    let zones = zones?;
    // How it was approved is no setting of a template.
    let status = connection.get("status").cloned();
    record.remove("private_service_connection");
    status.map(|s| record.insert("private_service_connection".to_owned(), json!({ "status": s })));
    ["subnet", "ip_addresses", "private_dns_zone_group"].iter().for_each(|k| drop(record.remove(*k)));
    template.add("Microsoft.Network/privateEndpoints", &[name], properties);
    if !zones.is_empty() {
        let configs: Vec<Value> = zones
            .iter()
            .enumerate()
            .map(|(n, id)| json!({ "name": format!("z{n}"), "properties": { "privateDnsZoneId": id } }))
            .collect();
        let words = json!({ "privateDnsZoneConfigs": configs });
        template.add("Microsoft.Network/privateEndpoints/privateDnsZoneGroups", &[name, "default"], words);
    }
    Some(())
}

pub(crate) fn resolver(name: &str, record: &mut Record, template: &mut Template) -> Option<()> {
    let network = template.reference("virtual_networks", record.get("virtual_network")?)?;
    let mut ends = Vec::new();
    for (key, part) in [("inbound_endpoints", "inboundEndpoints"), ("outbound_endpoints", "outboundEndpoints")] {
        for (end, words) in records(record.get(key)) {
            let subnet = template.subnet(&words["subnet"])?;
            let properties = match words.get("private_ip_address") {
                Some(address) => json!({ "ipConfigurations": [{
                    "subnet": subnet, "privateIpAddress": address, "privateIpAllocationMethod": "Static",
                }] }),
                None if part == "inboundEndpoints" => return None,
                None => json!({ "subnet": subnet }),
            };
            ends.push((part, end.to_owned(), properties));
        }
    }
    ["virtual_network", "inbound_endpoints", "outbound_endpoints"].iter().for_each(|k| drop(record.remove(*k)));
    template.add(kind("private_dns_resolvers"), &[name], json!({ "virtualNetwork": network }));
    for (part, end, properties) in ends {
        template.add(&format!("{}/{part}", kind("private_dns_resolvers")), &[name, &end], properties);
    }
    Some(())
}

pub(crate) fn ruleset(name: &str, record: &mut Record, template: &mut Template) -> Option<()> {
    let ends = record.get("outbound_endpoints")?.as_array()?;
    let ends: Option<Vec<Value>> =
        ends.iter().map(|e| template.inner("private_dns_resolvers", "outboundEndpoints", e)).collect();
    let ends = ends?;
    let networks: Option<Vec<(String, Value)>> = links(record)
        .into_iter()
        .map(|(link, network, _)| Some((link, template.reference("virtual_networks", &network)?)))
        .collect();
    let networks = networks?;
    let mut rules = Vec::new();
    for (rule, words) in records(record.get("rules")) {
        let servers: Option<Vec<Value>> = words["target_dns_servers"]
            .as_array()?
            .iter()
            .map(|s| Some(json!({ "ipAddress": s.as_str()?, "port": 53 })))
            .collect();
        let properties = json!({
            "domainName": words["domain_name"], "targetDnsServers": servers?, "forwardingRuleState": "Enabled",
        });
        rules.push((rule.to_owned(), properties));
    }
    ["outbound_endpoints", "virtual_network_links", "rules"].iter().for_each(|k| drop(record.remove(*k)));
    let kind = "Microsoft.Network/dnsForwardingRulesets";
    template.add(kind, &[name], json!({ "dnsResolverOutboundEndpoints": ends }));
    for (link, network) in networks {
        template.add(&format!("{kind}/virtualNetworkLinks"), &[name, &link], json!({ "virtualNetwork": network }));
    }
    for (rule, properties) in rules {
        template.add(&format!("{kind}/forwardingRules"), &[name, &rule], properties);
    }
    Some(())
}
