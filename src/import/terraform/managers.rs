//! Network managers.

use super::kinds::{
    How::{Copy, Each, First, Listed, Not},
    Kind,
};
use super::shape::Shaper;

pub(super) const KINDS: &[Kind] = &[
    Kind::group(
        "azurerm_network_manager",
        "Microsoft.Network/networkManagers",
        &[
            ("scope.subscription_ids", "properties.networkManagerScopes.subscriptions", Copy),
            ("scope.management_group_ids", "properties.networkManagerScopes.managementGroups", Copy),
            ("scope_accesses", "properties.networkManagerScopeAccesses", Copy),
        ],
    ),
    Kind::under(
        "azurerm_network_manager_network_group",
        "Microsoft.Network/networkManagers/networkGroups",
        "network_manager_id",
        &[("member_type", "properties.memberType", Copy)],
    ),
    Kind::under(
        "azurerm_network_manager_static_member",
        "Microsoft.Network/networkManagers/networkGroups/staticMembers",
        "network_group_id",
        &[("target_virtual_network_id", "properties.resourceId", Copy)],
    ),
    Kind::under(
        "azurerm_network_manager_connectivity_configuration",
        "Microsoft.Network/networkManagers/connectivityConfigurations",
        "network_manager_id",
        &[
            ("connectivity_topology", "properties.connectivityTopology", Copy),
            (
                "applies_to_group",
                "properties.appliesToGroups",
                Each(&[
                    ("network_group_id", "networkGroupId", Copy),
                    ("group_connectivity", "groupConnectivity", Copy),
                    ("use_hub_gateway", "useHubGateway", Copy),
                    ("global_mesh_enabled", "isGlobal", Copy),
                ]),
            ),
            (
                "hub",
                "properties.hubs",
                Each(&[("resource_id", "resourceId", Copy), ("resource_type", "resourceType", Copy)]),
            ),
            ("global_mesh_enabled", "properties.isGlobal", Copy),
            ("delete_existing_peering_enabled", "properties.deleteExistingPeering", Copy),
        ],
    ),
    Kind::under(
        "azurerm_network_manager_security_admin_configuration",
        "Microsoft.Network/networkManagers/securityAdminConfigurations",
        "network_manager_id",
        &[],
    ),
    Kind::under(
        "azurerm_network_manager_admin_rule_collection",
        "Microsoft.Network/networkManagers/securityAdminConfigurations/ruleCollections",
        "security_admin_configuration_id",
        &[],
    )
    .with(groups),
    Kind::under(
        "azurerm_network_manager_admin_rule",
        "Microsoft.Network/networkManagers/securityAdminConfigurations/ruleCollections/rules",
        "admin_rule_collection_id",
        &[
            ("action", "properties.access", Copy),
            ("direction", "properties.direction", Copy),
            ("priority", "properties.priority", Copy),
            ("protocol", "properties.protocol", Copy),
            ("source_port_ranges", "properties.sourcePortRanges", Copy),
            ("destination_port_ranges", "properties.destinationPortRanges", Copy),
            (
                "source",
                "properties.sources",
                Each(&[("address_prefix", "addressPrefix", Copy), ("address_prefix_type", "addressPrefixType", Copy)]),
            ),
            (
                "destination",
                "properties.destinations",
                Each(&[("address_prefix", "addressPrefix", Copy), ("address_prefix_type", "addressPrefixType", Copy)]),
            ),
        ],
    )
    .implies(&[("kind", "Custom")]),
    Kind::under(
        "azurerm_network_manager_routing_configuration",
        "Microsoft.Network/networkManagers/routingConfigurations",
        "network_manager_id",
        &[],
    ),
    Kind::under(
        "azurerm_network_manager_routing_rule_collection",
        "Microsoft.Network/networkManagers/routingConfigurations/ruleCollections",
        "routing_configuration_id",
        &[("bgp_route_propagation_enabled", "properties.disableBgpRoutePropagation", Not)],
    )
    .with(routing_groups),
    Kind::under(
        "azurerm_network_manager_routing_rule",
        "Microsoft.Network/networkManagers/routingConfigurations/ruleCollections/rules",
        "rule_collection_id",
        &[
            (
                "destination",
                "properties.destination",
                First(&[
                    ("type", "properties.destination.type", Copy),
                    ("address", "properties.destination.destinationAddress", Copy),
                ]),
            ),
            (
                "next_hop",
                "properties.nextHop",
                First(&[
                    ("type", "properties.nextHop.nextHopType", Copy),
                    ("address", "properties.nextHop.nextHopAddress", Copy),
                ]),
            ),
        ],
    ),
    Kind::under(
        "azurerm_network_manager_deployment",
        "Microsoft.Network/networkManagers/commits",
        "network_manager_id",
        &[
            ("location", "properties.targetLocations", Listed),
            ("scope_access", "properties.commitType", Copy),
            ("configuration_ids", "properties.configurationIds", Copy),
        ],
    ),
];

fn groups(shaper: &mut Shaper<'_, '_>) {
    put_groups(shaper, "properties.appliesToGroups[]");
}

fn routing_groups(shaper: &mut Shaper<'_, '_>) {
    put_groups(shaper, "properties.appliesTo[]");
}

fn put_groups(shaper: &mut Shaper<'_, '_>, path: &str) {
    let Some(ids) = shaper.get("network_group_ids") else { return };
    for id in ids.items() {
        let mut item = super::shape::object(Vec::new(), id.span);
        super::shape::put(&mut item, "networkGroupId", id.clone());
        shaper.put(path, item);
    }
}
