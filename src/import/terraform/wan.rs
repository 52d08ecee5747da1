//! Virtual WANs: hubs, connections, route tables, routing intent, branches.

use super::fields::{HUB, INTERNET_SECURITY, NAME};
use super::kinds::{
    Field,
    How::{Copy, Each, First, Id, Ids},
    Kind,
};
use super::shape::Shaper;

const ROUTE: &[Field] = &[
    NAME,
    ("destinations", "destinations", Copy),
    ("destinations_type", "destinationType", Copy),
    ("next_hop", "nextHop", Copy),
    ("next_hop_type", "nextHopType", Copy),
];

const ROUTING: &[Field] = &[
    ("associated_route_table_id", "properties.routingConfiguration.associatedRouteTable", Id),
    (
        "propagated_route_table",
        "properties",
        First(&[
            ("labels", "properties.routingConfiguration.propagatedRouteTables.labels", Copy),
            ("route_table_ids", "properties.routingConfiguration.propagatedRouteTables.ids", Ids),
        ]),
    ),
    (
        "static_vnet_route",
        "properties.routingConfiguration.vnetRoutes.staticRoutes",
        Each(&[NAME, ("address_prefixes", "addressPrefixes", Copy), ("next_hop_ip_address", "nextHopIpAddress", Copy)]),
    ),
    (
        "static_vnet_local_route_override_criteria",
        "properties.routingConfiguration.vnetRoutes.staticRoutesConfig.vnetLocalRouteOverrideCriteria",
        Copy,
    ),
    (
        "static_vnet_propagate_static_routes_enabled",
        "properties.routingConfiguration.vnetRoutes.staticRoutesConfig.propagateStaticRoutes",
        Copy,
    ),
    ("inbound_route_map_id", "properties.routingConfiguration.inboundRouteMap", Id),
    ("outbound_route_map_id", "properties.routingConfiguration.outboundRouteMap", Id),
];

/// Of the links of a branch, what decides about paths.
const LINK: &[Field] = &[
    ("bgp_enabled", "properties.enableBgp", Copy),
    ("policy_based_traffic_selector_enabled", "properties.usePolicyBasedTrafficSelectors", Copy),
    ("ingress_nat_rule_ids", "properties.ingressNatRules", Ids),
    ("egress_nat_rule_ids", "properties.egressNatRules", Ids),
];

pub(super) const KINDS: &[Kind] = &[
    Kind::group(
        "azurerm_virtual_wan",
        "Microsoft.Network/virtualWans",
        &[
            ("type", "properties.type", Copy),
            ("allow_branch_to_branch_traffic", "properties.allowBranchToBranchTraffic", Copy),
        ],
    ),
    Kind::group(
        "azurerm_virtual_hub",
        "Microsoft.Network/virtualHubs",
        &[
            ("address_prefix", "properties.addressPrefix", Copy),
            ("virtual_wan_id", "properties.virtualWan", Id),
            ("hub_routing_preference", "properties.hubRoutingPreference", Copy),
        ],
    ),
    Kind::under(
        "azurerm_virtual_hub_connection",
        "Microsoft.Network/virtualHubs/hubVirtualNetworkConnections",
        "virtual_hub_id",
        &[
            ("remote_virtual_network_id", "properties.remoteVirtualNetwork", Id),
            INTERNET_SECURITY,
            ("routing", "properties", First(ROUTING)),
        ],
    ),
    Kind::under(
        "azurerm_virtual_hub_route_table",
        "Microsoft.Network/virtualHubs/hubRouteTables",
        "virtual_hub_id",
        &[("labels", "properties.labels", Copy), ("route", "properties.routes", Each(ROUTE))],
    ),
    Kind::patch("azurerm_virtual_hub_route_table_route", "route_table_id", None, &[]).with(route),
    Kind::under(
        "azurerm_virtual_hub_routing_intent",
        "Microsoft.Network/virtualHubs/routingIntent",
        "virtual_hub_id",
        &[(
            "routing_policy",
            "properties.routingPolicies",
            Each(&[NAME, ("destinations", "destinations", Copy), ("next_hop", "nextHop", Copy)]),
        )],
    ),
    Kind::group("azurerm_vpn_gateway", "Microsoft.Network/vpnGateways", &[HUB]),
    Kind::group(
        "azurerm_vpn_site",
        "Microsoft.Network/vpnSites",
        &[
            ("virtual_wan_id", "properties.virtualWan", Id),
            ("address_cidrs", "properties.addressSpace.addressPrefixes", Copy),
        ],
    ),
    Kind::under(
        "azurerm_vpn_gateway_connection",
        "Microsoft.Network/vpnGateways/vpnConnections",
        "vpn_gateway_id",
        &[
            ("remote_vpn_site_id", "properties.remoteVpnSite", Id),
            ("vpn_link", "properties.vpnLinkConnections", Each(LINK)),
            INTERNET_SECURITY,
            (
                "routing",
                "properties",
                First(&[
                    ("associated_route_table", "properties.routingConfiguration.associatedRouteTable", Id),
                    ("propagated_route_tables", "properties.routingConfiguration.propagatedRouteTables.ids", Ids),
                    (
                        "propagated_route_table",
                        "properties",
                        First(&[
                            ("labels", "properties.routingConfiguration.propagatedRouteTables.labels", Copy),
                            ("route_table_ids", "properties.routingConfiguration.propagatedRouteTables.ids", Ids),
                        ]),
                    ),
                ]),
            ),
        ],
    ),
    Kind::group(
        "azurerm_express_route_gateway",
        "Microsoft.Network/expressRouteGateways",
        &[HUB, ("allow_non_virtual_wan_traffic", "properties.allowNonVirtualWanTraffic", Copy)],
    ),
    Kind::under(
        "azurerm_express_route_connection",
        "Microsoft.Network/expressRouteGateways/expressRouteConnections",
        "express_route_gateway_id",
        &[
            ("express_route_circuit_peering_id", "properties.expressRouteCircuitPeering", Id),
            ("enable_internet_security", "properties.enableInternetSecurity", Copy),
            INTERNET_SECURITY,
        ],
    ),
    Kind::group(
        "azurerm_point_to_site_vpn_gateway",
        "Microsoft.Network/p2sVpnGateways",
        &[HUB, ("connection_configuration", "properties.p2SConnectionConfigurations", Each(CLIENTS))],
    ),
];

/// Clients of a hub's gateway.
const CLIENTS: &[Field] = &[
    NAME,
    ("vpn_client_address_pool.address_prefixes", "properties.vpnClientAddressPool.addressPrefixes", Copy),
    ("internet_security_enabled", "properties.enableInternetSecurity", Copy),
    (
        "route",
        "properties",
        First(&[
            ("associated_route_table_id", "properties.routingConfiguration.associatedRouteTable", Id),
            ("inbound_route_map_id", "properties.routingConfiguration.inboundRouteMap", Id),
            ("outbound_route_map_id", "properties.routingConfiguration.outboundRouteMap", Id),
            ("propagated_route_table.ids", "properties.routingConfiguration.propagatedRouteTables.ids", Ids),
            ("propagated_route_table.labels", "properties.routingConfiguration.propagatedRouteTables.labels", Copy),
        ]),
    ),
];

fn route(shaper: &mut Shaper<'_, '_>) {
    let span = shaper.values.span;
    let mut item = super::shape::object(Vec::new(), span);
    super::shape::shape(&shaper.values, ROUTE, &mut item);
    shaper.put("properties.routes", super::shape::list(vec![item], span));
}
