//! Virtual network gateways, connections, sites and circuits.

use super::fields::{NAME, PUBLIC_ADDRESS, SUBNET_OF};
use super::kinds::{
    How::{Copy, Each, Id},
    Kind,
};

pub(super) const KINDS: &[Kind] = &[
    Kind::group(
        "azurerm_virtual_network_gateway",
        "Microsoft.Network/virtualNetworkGateways",
        &[
            ("type", "properties.gatewayType", Copy),
            ("vpn_type", "properties.vpnType", Copy),
            ("sku", "properties.sku.name", Copy),
            ("active_active", "properties.activeActive", Copy),
            ("enable_bgp", "properties.enableBgp", Copy),
            ("bgp_enabled", "properties.enableBgp", Copy),
            ("bgp_settings.asn", "properties.bgpSettings.asn", Copy),
            ("remote_vnet_traffic_enabled", "properties.allowRemoteVnetTraffic", Copy),
            ("virtual_wan_traffic_enabled", "properties.allowVirtualWanTraffic", Copy),
            ("ip_configuration", "properties.ipConfigurations", Each(&[NAME, SUBNET_OF, PUBLIC_ADDRESS])),
            (
                "vpn_client_configuration.address_space",
                "properties.vpnClientConfiguration.vpnClientAddressPool.addressPrefixes",
                Copy,
            ),
            ("default_local_network_gateway_id", "properties.gatewayDefaultSite", Id),
            ("custom_route.address_prefixes", "properties.customRoutes.addressPrefixes", Copy),
        ],
    ),
    Kind::group(
        "azurerm_local_network_gateway",
        "Microsoft.Network/localNetworkGateways",
        &[
            ("address_space", "properties.localNetworkAddressSpace.addressPrefixes", Copy),
            ("gateway_address", "properties.gatewayIpAddress", Copy),
            ("gateway_fqdn", "properties.fqdn", Copy),
            ("bgp_settings.asn", "properties.bgpSettings.asn", Copy),
        ],
    ),
    Kind::group(
        "azurerm_virtual_network_gateway_connection",
        "Microsoft.Network/connections",
        &[
            ("type", "properties.connectionType", Copy),
            ("virtual_network_gateway_id", "properties.virtualNetworkGateway1", Id),
            ("peer_virtual_network_gateway_id", "properties.virtualNetworkGateway2", Id),
            ("local_network_gateway_id", "properties.localNetworkGateway2", Id),
            ("express_route_circuit_id", "properties.peer", Id),
            ("routing_weight", "properties.routingWeight", Copy),
            ("enable_bgp", "properties.enableBgp", Copy),
            ("bgp_enabled", "properties.enableBgp", Copy),
            ("express_route_gateway_bypass", "properties.expressRouteGatewayBypass", Copy),
        ],
    ),
    Kind::group(
        "azurerm_express_route_circuit",
        "Microsoft.Network/expressRouteCircuits",
        &[("service_provider_name", "properties.serviceProviderProperties.serviceProviderName", Copy)],
    ),
    Kind::within(
        "azurerm_express_route_circuit_peering",
        "Microsoft.Network/expressRouteCircuits/peerings",
        &["express_route_circuit_name"],
        &[("peering_type", "properties.peeringType", Copy), ("peer_asn", "properties.peerASN", Copy)],
    ),
];
