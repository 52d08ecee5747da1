//! Virtual networks, subnets, peerings, security groups, route tables.

use super::{Map, Mapper, Resource, name_of, scalars};
use crate::import::draft::{Matters, Node, Tree};

pub(super) const TYPES: &[(&str, Map)] = &[
    ("microsoft.network/virtualnetworks", virtual_network),
    ("microsoft.network/virtualnetworks/subnets", lone_subnet),
    ("microsoft.network/virtualnetworks/virtualnetworkpeerings", peering),
    ("microsoft.network/networksecuritygroups", security_group),
    ("microsoft.network/networksecuritygroups/securityrules", security_rule),
    ("microsoft.network/applicationsecuritygroups", application_group),
    ("microsoft.network/routetables", route_table),
    ("microsoft.network/routetables/routes", route),
];

fn virtual_network(resource: &Resource, mapper: &mut Mapper<'_>) {
    let item = mapper.item(resource, "virtual_networks");
    item.set_some("location", resource.body.at("location").and_then(Node::scalar));
    item.set_some("address_space", scalars(resource.prop("addressSpace.addressPrefixes")));
    item.set_some("dns_servers", super::servers(resource.prop("dhcpOptions.dnsServers")));
    for (number, part) in resource.items("subnets").iter().enumerate() {
        if let Some(part) = mapper.inline(part, "subnets", number, resource, "subnets") {
            subnet(&part, resource, mapper);
        }
    }
    for (number, part) in resource.items("virtualNetworkPeerings").iter().enumerate() {
        if let Some(part) = mapper.inline(part, "virtualNetworkPeerings", number, resource, "virtualNetworkPeerings") {
            peering(&part, mapper);
        }
    }
}

/// A resource of its own, by its own version.
fn lone_subnet(resource: &Resource, mapper: &mut Mapper<'_>) {
    subnet(resource, resource, mapper);
}

/// The first version of the API by which subnets have no outbound access unless they say so (NAT-06).
const PRIVATE_SINCE: &str = "2026-03-31";

fn subnet(resource: &Resource, declared: &Resource, mapper: &mut Mapper<'_>) {
    let item = mapper.child(resource, "subnets", "virtual_networks", "subnets");
    let one = resource.prop("addressPrefix").and_then(Node::scalar).map(|n| {
        let span = n.span;
        Node::list(vec![n], span)
    });
    item.set_some("address_prefixes", scalars(resource.prop("addressPrefixes")).or(one));
    item.set_some("network_security_group", name_of(resource.prop("networkSecurityGroup"), "network_security_groups"));
    item.set_some("route_table", name_of(resource.prop("routeTable"), "route_tables"));
    item.set_some("nat_gateway", name_of(resource.prop("natGateway"), "nat_gateways"));
    let delegation = resource.items("delegations").first().and_then(|d| d.at("properties.serviceName"));
    item.set_some("delegation", delegation.and_then(Node::scalar));
    let endpoints: Vec<Node> =
        resource.items("serviceEndpoints").iter().filter_map(|e| e.get("service").and_then(Node::scalar)).collect();
    if let Some(first) = endpoints.first() {
        let span = first.span;
        item.set("service_endpoints", Node::list(endpoints, span));
    }
    item.set_some("private_endpoint_network_policies", resource.scalar("privateEndpointNetworkPolicies"));
    if let Some(policies) = resource.prop("privateLinkServiceNetworkPolicies") {
        let enabled = policies.as_str().is_none_or(|p| !p.eq_ignore_ascii_case("Disabled"));
        item.set("private_link_service_network_policies_enabled", Node::flag(enabled, policies.span));
    }
    let version = declared.body.at("apiVersion").filter(|v| v.as_str().is_some_and(|v| v >= PRIVATE_SINCE));
    let outbound = resource.scalar("defaultOutboundAccess").or(version.map(|v| Node::flag(false, v.span)));
    item.set_some("default_outbound_access_enabled", outbound);
    item.set_some("service_endpoint_policies", super::policies::of_subnet(resource));
}

fn peering(resource: &Resource, mapper: &mut Mapper<'_>) {
    let local = resource.parent("virtual_networks");
    let remote = name_of(resource.prop("remoteVirtualNetwork"), "virtual_networks");
    let span = resource.source.span;
    // Two spokes of one hub usually call their links the same, so the network's name goes before a name that is taken.
    let network = local.id.rsplit('/').next().unwrap_or_default().to_owned();
    let item = mapper.item(resource, "virtual_network_peerings");
    item.qualifier = Some(network);
    item.set("virtual_network", Node::name_of(local, span));
    item.set_some("remote_virtual_network", remote);
    for (key, path) in [
        ("allow_virtual_network_access", "allowVirtualNetworkAccess"),
        ("allow_forwarded_traffic", "allowForwardedTraffic"),
        ("allow_gateway_transit", "allowGatewayTransit"),
        ("use_remote_gateways", "useRemoteGateways"),
        ("peering_state", "peeringState"),
        ("peer_complete_virtual_networks_enabled", "peerCompleteVnets"),
    ] {
        item.set_some(key, resource.scalar(path));
    }
    item.set_some("local_subnet_names", scalars(resource.prop("localSubnetNames")));
    item.set_some("remote_subnet_names", scalars(resource.prop("remoteSubnetNames")));
    // A link that lags behind knows fewer prefixes than the network has (PEER-12). Older exports do not say that it does.
    let lags = match resource.str("peeringSyncLevel") {
        Some(level) => !level.eq_ignore_ascii_case("FullyInSync"),
        None => resource.live,
    };
    if lags {
        item.set_some("remote_address_space", scalars(resource.prop("remoteAddressSpace.addressPrefixes")));
    }
    if resource.prop("allowVirtualNetworkAccess").is_none() {
        let why = "it does not say whether the networks may talk to each other, and Azure documents no default";
        let matters = Matters::Item(resource.key("virtual_network_peerings"));
        mapper.unmodelled(resource, "allowVirtualNetworkAccess", why, matters);
    }
}

fn security_group(resource: &Resource, mapper: &mut Mapper<'_>) {
    mapper.item(resource, "network_security_groups");
    for (number, part) in resource.items("securityRules").iter().enumerate() {
        if let Some(part) = mapper.inline(part, "securityRules", number, resource, "securityRules") {
            security_rule(&part, mapper);
        }
    }
}

fn security_rule(resource: &Resource, mapper: &mut Mapper<'_>) {
    let item = mapper.child(resource, "security_rules", "network_security_groups", "security_rules");
    for key in ["priority", "direction", "access", "protocol"] {
        item.set_some(key, resource.scalar(key));
    }
    for (side, prefix, groups, port) in [
        ("source", "sourceAddressPrefix", "sourceApplicationSecurityGroups", "sourcePortRange"),
        ("destination", "destinationAddressPrefix", "destinationApplicationSecurityGroups", "destinationPortRange"),
    ] {
        let asgs: Vec<Node> =
            resource.items(groups).iter().filter_map(|g| name_of(Some(g), "application_security_groups")).collect();
        let several = scalars(resource.prop(&format!("{prefix}es")));
        let one = resource.scalar(prefix).filter(|n| n.tree != Tree::Text(String::new()));
        match (asgs.first().map(|n| n.span), several, one) {
            (Some(span), ..) => item.set(&format!("{side}_application_security_groups"), Node::list(asgs, span)),
            (None, Some(list), _) => item.set(&format!("{side}_address_prefixes"), list),
            (None, None, one) => item.set_some(&format!("{side}_address_prefix"), one),
        }
        let one = resource.scalar(port).filter(|n| n.tree != Tree::Text(String::new()));
        match scalars(resource.prop(&format!("{port}s"))) {
            Some(list) => item.set(&format!("{side}_port_ranges"), list),
            None => item.set_some(&format!("{side}_port_range"), one),
        }
    }
}

fn application_group(resource: &Resource, mapper: &mut Mapper<'_>) {
    mapper.item(resource, "application_security_groups");
}

fn route_table(resource: &Resource, mapper: &mut Mapper<'_>) {
    let item = mapper.item(resource, "route_tables");
    if let Some(off) = resource.prop("disableBgpRoutePropagation")
        && let Some(disabled) = off.as_bool()
    {
        item.set("bgp_route_propagation_enabled", Node::flag(!disabled, off.span));
    }
    for (number, part) in resource.items("routes").iter().enumerate() {
        if let Some(part) = mapper.inline(part, "routes", number, resource, "routes") {
            route(&part, mapper);
        }
    }
}

fn route(resource: &Resource, mapper: &mut Mapper<'_>) {
    let item = mapper.child(resource, "routes", "route_tables", "routes");
    item.set_some("address_prefix", resource.scalar("addressPrefix"));
    item.set_some("next_hop_type", resource.scalar("nextHopType"));
    let hop = resource.scalar("nextHopIpAddress").filter(|n| n.tree != Tree::Text(String::new()));
    item.set_some("next_hop_in_ip_address", hop);
}
