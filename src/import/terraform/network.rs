//! Virtual networks, subnets, peerings, security groups, route tables.

use super::fields::{NAME, SECURITY_GROUP};
use super::kinds::{
    Field,
    How::{Copy, Each, Id, Ids, Keyed, Listed, Not, Words},
    Kind,
};
use super::shape::Shaper;

const RULE: &[Field] = &[
    NAME,
    ("priority", "properties.priority", Copy),
    ("direction", "properties.direction", Copy),
    ("access", "properties.access", Copy),
    ("protocol", "properties.protocol", Copy),
    ("source_address_prefix", "properties.sourceAddressPrefix", Copy),
    ("source_address_prefixes", "properties.sourceAddressPrefixes", Copy),
    ("source_application_security_group_ids", "properties.sourceApplicationSecurityGroups", Ids),
    ("source_port_range", "properties.sourcePortRange", Copy),
    ("source_port_ranges", "properties.sourcePortRanges", Copy),
    ("destination_address_prefix", "properties.destinationAddressPrefix", Copy),
    ("destination_address_prefixes", "properties.destinationAddressPrefixes", Copy),
    ("destination_application_security_group_ids", "properties.destinationApplicationSecurityGroups", Ids),
    ("destination_port_range", "properties.destinationPortRange", Copy),
    ("destination_port_ranges", "properties.destinationPortRanges", Copy),
];

const ROUTE: &[Field] = &[
    NAME,
    ("address_prefix", "properties.addressPrefix", Copy),
    ("next_hop_type", "properties.nextHopType", Copy),
    ("next_hop_in_ip_address", "properties.nextHopIpAddress", Copy),
];

const SUBNET: &[Field] = &[
    NAME,
    ("address_prefix", "properties.addressPrefixes", Listed),
    ("address_prefixes", "properties.addressPrefixes", Copy),
    ("security_group", "properties.networkSecurityGroup", Id),
    SECURITY_GROUP,
    ("route_table_id", "properties.routeTable", Id),
    ("service_endpoints", "properties.serviceEndpoints", Keyed("service")),
    ("service_endpoint", "properties.serviceEndpoints", Each(&[("service", "service", Copy)])),
    ("service_endpoint_policy_ids", "properties.serviceEndpointPolicies", Ids),
    (
        "delegation",
        "properties.delegations",
        Each(&[NAME, ("service_delegation.name", "properties.serviceName", Copy)]),
    ),
    // Older versions of the provider: a truth value that means the opposite, and later another. The newest counts.
    (
        "enforce_private_link_endpoint_network_policies",
        "properties.privateEndpointNetworkPolicies",
        Words("Disabled", "Enabled"),
    ),
    (
        "enforce_private_link_service_network_policies",
        "properties.privateLinkServiceNetworkPolicies",
        Words("Disabled", "Enabled"),
    ),
    (
        "private_endpoint_network_policies_enabled",
        "properties.privateEndpointNetworkPolicies",
        Words("Enabled", "Disabled"),
    ),
    ("private_endpoint_network_policies", "properties.privateEndpointNetworkPolicies", Copy),
    (
        "private_link_service_network_policies_enabled",
        "properties.privateLinkServiceNetworkPolicies",
        Words("Enabled", "Disabled"),
    ),
    ("default_outbound_access_enabled", "properties.defaultOutboundAccess", Copy),
];

pub(super) const KINDS: &[Kind] = &[
    Kind::group(
        "azurerm_virtual_network",
        "Microsoft.Network/virtualNetworks",
        &[
            ("address_space", "properties.addressSpace.addressPrefixes", Copy),
            ("dns_servers", "properties.dhcpOptions.dnsServers", Copy),
            ("subnet", "properties.subnets", Each(SUBNET)),
        ],
    )
    .with(without_parts_of_their_own),
    Kind::patch(
        "azurerm_virtual_network_dns_servers",
        "virtual_network_id",
        None,
        &[("dns_servers", "properties.dhcpOptions.dnsServers", Copy)],
    ),
    Kind::within("azurerm_subnet", "Microsoft.Network/virtualNetworks/subnets", &["virtual_network_name"], SUBNET),
    Kind::patch("azurerm_subnet_network_security_group_association", "subnet_id", None, &[SECURITY_GROUP]),
    Kind::patch(
        "azurerm_subnet_route_table_association",
        "subnet_id",
        None,
        &[("route_table_id", "properties.routeTable", Id)],
    ),
    Kind::patch(
        "azurerm_subnet_nat_gateway_association",
        "subnet_id",
        None,
        &[("nat_gateway_id", "properties.natGateway", Id)],
    ),
    Kind::group(
        "azurerm_subnet_service_endpoint_storage_policy",
        "Microsoft.Network/serviceEndpointPolicies",
        &[(
            "definition",
            "properties.serviceEndpointPolicyDefinitions",
            Each(&[
                NAME,
                ("service", "properties.service", Copy),
                ("service_resources", "properties.serviceResources", Copy),
            ]),
        )],
    ),
    Kind::within(
        "azurerm_virtual_network_peering",
        "Microsoft.Network/virtualNetworks/virtualNetworkPeerings",
        &["virtual_network_name"],
        &[
            ("remote_virtual_network_id", "properties.remoteVirtualNetwork", Id),
            ("allow_virtual_network_access", "properties.allowVirtualNetworkAccess", Copy),
            ("allow_forwarded_traffic", "properties.allowForwardedTraffic", Copy),
            ("allow_gateway_transit", "properties.allowGatewayTransit", Copy),
            ("use_remote_gateways", "properties.useRemoteGateways", Copy),
            ("peer_complete_virtual_networks_enabled", "properties.peerCompleteVnets", Copy),
            ("local_subnet_names", "properties.localSubnetNames", Copy),
            ("remote_subnet_names", "properties.remoteSubnetNames", Copy),
        ],
    )
    .implies(&[("properties.allowVirtualNetworkAccess", "true")]),
    Kind::group(
        "azurerm_network_security_group",
        "Microsoft.Network/networkSecurityGroups",
        &[("security_rule", "properties.securityRules", Each(RULE))],
    ),
    Kind::within(
        "azurerm_network_security_rule",
        "Microsoft.Network/networkSecurityGroups/securityRules",
        &["network_security_group_name"],
        RULE,
    ),
    Kind::group("azurerm_application_security_group", "Microsoft.Network/applicationSecurityGroups", &[]),
    Kind::group(
        "azurerm_route_table",
        "Microsoft.Network/routeTables",
        &[
            ("disable_bgp_route_propagation", "properties.disableBgpRoutePropagation", Copy),
            ("bgp_route_propagation_enabled", "properties.disableBgpRoutePropagation", Not),
            ("route", "properties.routes", Each(ROUTE)),
        ],
    ),
    Kind::within("azurerm_route", "Microsoft.Network/routeTables/routes", &["route_table_name"], ROUTE),
    Kind::group(
        "azurerm_public_ip",
        "Microsoft.Network/publicIPAddresses",
        &[
            ("sku", "sku.name", Copy),
            ("allocation_method", "properties.publicIPAllocationMethod", Copy),
            ("ip_address", "properties.ipAddress", Copy),
            ("ip_version", "properties.publicIPAddressVersion", Copy),
        ],
    ),
    Kind::group(
        "azurerm_public_ip_prefix",
        "Microsoft.Network/publicIPPrefixes",
        &[("ip_prefix", "properties.ipPrefix", Copy)],
    ),
    Kind::group(
        "azurerm_nat_gateway",
        "Microsoft.Network/natGateways",
        &[
            ("sku_name", "sku.name", Copy),
            ("public_ip_address_ids", "properties.publicIpAddresses", Ids),
            ("public_ip_prefix_ids", "properties.publicIpPrefixes", Ids),
            ("source_virtual_network_id", "properties.sourceVirtualNetwork", Id),
        ],
    ),
    Kind::patch(
        "azurerm_nat_gateway_public_ip_association",
        "nat_gateway_id",
        None,
        &[("public_ip_address_id", "properties.publicIpAddresses[]", Id)],
    ),
    Kind::patch(
        "azurerm_nat_gateway_public_ip_prefix_association",
        "nat_gateway_id",
        None,
        &[("public_ip_prefix_id", "properties.publicIpPrefixes[]", Id)],
    ),
    Kind::group(
        "azurerm_route_server",
        "Microsoft.Network/virtualHubs",
        &[
            ("branch_to_branch_traffic_enabled", "properties.allowBranchToBranchTraffic", Copy),
            ("hub_routing_preference", "properties.hubRoutingPreference", Copy),
        ],
    )
    .with(route_server),
    Kind::under(
        "azurerm_route_server_bgp_connection",
        "Microsoft.Network/virtualHubs/bgpConnections",
        "route_server_id",
        &[("peer_ip", "properties.peerIp", Copy), ("peer_asn", "properties.peerAsn", Copy)],
    ),
];

/// A state lists every subnet in its network, too, with less than the subnet's own resource says.
fn without_parts_of_their_own(shaper: &mut Shaper<'_, '_>) {
    let Some(subnets) = shaper.body.at("properties.subnets").cloned() else { return };
    let own = |name: &str| shaper.resolver.subnet(&format!("{}/subnets/{name}", shaper.id)).is_some();
    let inline = subnets.items().iter().filter(|s| !s.str_at("name").is_some_and(own)).cloned().collect();
    shaper.put("properties.subnets", super::shape::list(inline, subnets.span));
}

/// A Route Server is a hub of the kind `RouteServer` in Azure's model, standing in a subnet.
fn route_server(shaper: &mut Shaper<'_, '_>) {
    shaper.put_text("kind", "RouteServer");
    if let Some(subnet) = shaper.text("subnet_id") {
        let id = format!("{}/ipConfigurations/default", shaper.id);
        let mut configuration = super::shape::object(Vec::new(), shaper.values.span);
        super::shape::put(&mut configuration, "properties.subnet", shaper.reference(&subnet));
        shaper.parts.push((id, configuration));
    }
}
