//! Networks and what joins them.

use super::export::{Record, Template, kind, put, records};
use serde_json::{Value, json};

pub(crate) fn route_table(name: &str, record: &mut Record, template: &mut Template) -> Option<()> {
    let routes = record.remove("routes");
    let routes: Vec<Value> = records(routes.as_ref())
        .map(|(name, route)| {
            let mut properties =
                json!({ "addressPrefix": route["address_prefix"], "nextHopType": route["next_hop_type"] });
            put(&mut properties, "nextHopIpAddress", route.get("next_hop_in_ip_address").cloned());
            json!({ "name": name, "properties": properties })
        })
        .collect();
    let propagates = record.remove("bgp_route_propagation_enabled") != Some(json!(false));
    let properties = json!({ "routes": routes, "disableBgpRoutePropagation": !propagates });
    template.add(kind("route_tables"), &[name], properties);
    Some(())
}

pub(crate) fn public_ip(name: &str, record: &mut Record, template: &mut Template) -> Option<()> {
    let mut properties = json!({ "publicIPAllocationMethod": "Static" });
    put(&mut properties, "ipAddress", record.remove("ip_address"));
    let sku = record.remove("sku").unwrap_or(json!("Standard"));
    template.add(kind("public_ips"), &[name], properties)["sku"] = json!({ "name": sku });
    Some(())
}

pub(crate) fn nat_gateway(name: &str, record: &mut Record, template: &mut Template) -> Option<()> {
    let addresses = template.references("public_ips", record.get("public_ips")?)?;
    record.remove("public_ips");
    template.add(kind("nat_gateways"), &[name], json!({ "publicIpAddresses": addresses }))["sku"] =
        json!({ "name": "Standard" });
    Some(())
}

/// Keys of a subnet that stay in the patch.
const APART: [&str; 1] = ["service_endpoint_policies"];

pub(crate) fn network(name: &str, record: &mut Record, template: &mut Template) -> Option<()> {
    let mut subnets = Vec::new();
    let mut left = Record::new();
    for (name, subnet) in records(record.get("subnets")) {
        let mut properties = json!({ "addressPrefixes": subnet["address_prefixes"] });
        for (key, collection, word) in [
            ("network_security_group", "network_security_groups", "networkSecurityGroup"),
            ("route_table", "route_tables", "routeTable"),
            ("nat_gateway", "nat_gateways", "natGateway"),
        ] {
            if let Some(other) = subnet.get(key) {
                properties[word] = template.reference(collection, other)?;
            }
        }
        if let Some(to) = subnet.get("delegation") {
            properties["delegations"] = json!([{ "name": "own", "properties": { "serviceName": to } }]);
        }
        if let Some(Value::Array(endpoints)) = subnet.get("service_endpoints") {
            properties["serviceEndpoints"] = endpoints.iter().map(|e| json!({ "service": e })).collect();
        }
        let policies = subnet.get("private_endpoint_network_policies").cloned();
        properties["privateEndpointNetworkPolicies"] = policies.unwrap_or(json!("Disabled"));
        let enabled = subnet.get("private_link_service_network_policies_enabled") != Some(&json!(false));
        properties["privateLinkServiceNetworkPolicies"] = json!(if enabled { "Enabled" } else { "Disabled" });
        properties["defaultOutboundAccess"] =
            subnet.get("default_outbound_access_enabled").cloned().unwrap_or(json!(true));
        subnets.push(json!({ "name": name, "properties": properties }));
        let apart: Record =
            subnet.iter().filter(|(k, _)| APART.contains(&k.as_str())).map(|(k, v)| (k.clone(), v.clone())).collect();
        if !apart.is_empty() {
            left.insert(name.to_owned(), apart.into());
        }
    }
    record.remove("subnets");
    if !left.is_empty() {
        record.insert("subnets".to_owned(), left.into());
    }
    let mut properties = json!({
        "addressSpace": { "addressPrefixes": record.remove("address_space")? }, "subnets": subnets,
    });
    if let Some(servers) = record.remove("dns_servers") {
        properties["dhcpOptions"] = json!({ "dnsServers": servers });
    }
    let location = record.remove("location");
    let network = template.add(kind("virtual_networks"), &[name], properties);
    put(network, "location", location);
    Some(())
}

pub(crate) fn peering(name: &str, record: &mut Record, template: &mut Template) -> Option<()> {
    let own = record.get("virtual_network")?.as_str()?.to_owned();
    let mut properties = json!({
        "remoteVirtualNetwork": template.reference("virtual_networks", record.get("remote_virtual_network")?)?,
    });
    for (key, word, default) in [
        ("allow_virtual_network_access", "allowVirtualNetworkAccess", Some(true)),
        ("allow_forwarded_traffic", "allowForwardedTraffic", Some(false)),
        ("allow_gateway_transit", "allowGatewayTransit", Some(false)),
        ("use_remote_gateways", "useRemoteGateways", Some(false)),
        ("peer_complete_virtual_networks_enabled", "peerCompleteVnets", None),
        ("local_subnet_names", "localSubnetNames", None),
        ("remote_subnet_names", "remoteSubnetNames", None),
    ] {
        put(&mut properties, word, record.remove(key).or(default.map(Value::Bool)));
    }
    record.remove("virtual_network");
    record.remove("remote_virtual_network");
    template.add("Microsoft.Network/virtualNetworks/virtualNetworkPeerings", &[&own, name], properties);
    Some(())
}

pub(crate) fn gateway(name: &str, record: &mut Record, template: &mut Template) -> Option<()> {
    let network = record.get("virtual_network")?.as_str()?.to_owned();
    let subnet = template.subnet(&format!("{network}/GatewaySubnet").into())?;
    record.remove("virtual_network");
    let mut properties = json!({
        "gatewayType": record.remove("type")?,
        "vpnType": record.remove("vpn_type").unwrap_or(json!("RouteBased")),
        "activeActive": record.remove("active_active").unwrap_or(json!(false)),
        "ipConfigurations": [{ "name": "default", "properties": { "subnet": subnet } }],
    });
    if let Some(number) = record.remove("asn") {
        properties["bgpSettings"] = json!({ "asn": number });
    }
    if let Some(prefixes) = record.remove("vpn_client_address_space") {
        properties["vpnClientConfiguration"] = json!({ "vpnClientAddressPool": { "addressPrefixes": prefixes } });
    }
    template.add(kind("virtual_network_gateways"), &[name], properties);
    Some(())
}

pub(crate) fn wan(name: &str, record: &mut Record, template: &mut Template) -> Option<()> {
    let branches = record.remove("allow_branch_to_branch_traffic").unwrap_or(json!(true));
    template.add(kind("virtual_wans"), &[name], json!({ "type": "Standard", "allowBranchToBranchTraffic": branches }));
    Some(())
}

/// Tables, static routes and intent stay in the patch.
pub(crate) fn hub(name: &str, record: &mut Record, template: &mut Template) -> Option<()> {
    let mut properties = json!({ "virtualWan": template.reference("virtual_wans", record.get("virtual_wan")?)? });
    record.remove("virtual_wan");
    put(&mut properties, "addressPrefix", record.remove("address_prefix"));
    let preference = record.remove("hub_routing_preference").unwrap_or(json!("ExpressRoute"));
    properties["hubRoutingPreference"] = preference;
    let location = record.remove("location");
    let hub = template.add(kind("virtual_hubs"), &[name], properties);
    put(hub, "location", location);
    Some(())
}

pub(crate) fn hub_connection(name: &str, record: &mut Record, template: &mut Template) -> Option<()> {
    let hub = record.get("virtual_hub")?.clone();
    template.id("virtual_hubs", &hub)?;
    let network = template.reference("virtual_networks", record.get("remote_virtual_network")?)?;
    record.remove("virtual_hub");
    record.remove("remote_virtual_network");
    let secured = record.remove("internet_security_enabled").unwrap_or(json!(true));
    let properties = json!({ "remoteVirtualNetwork": network, "enableInternetSecurity": secured });
    template.add("Microsoft.Network/virtualHubs/hubVirtualNetworkConnections", &[hub.as_str()?, name], properties);
    Some(())
}
