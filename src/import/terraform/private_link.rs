//! Private endpoints, private link services, perimeters.

use super::fields::{NAME, PRIMARY, PRIVATE_ADDRESS, SUBNET_OF};
use super::kinds::{
    How::{Copy, Each, Id, Ids},
    Kind,
};
use super::shape::{Shaper, is_unknown, list, put};
use crate::import::json::{Json, Value};

pub(super) const KINDS: &[Kind] = &[
    Kind::group(
        "azurerm_private_endpoint",
        "Microsoft.Network/privateEndpoints",
        &[
            SUBNET_OF,
            (
                "ip_configuration",
                "properties.ipConfigurations",
                Each(&[
                    NAME,
                    PRIVATE_ADDRESS,
                    ("subresource_name", "properties.groupId", Copy),
                    ("member_name", "properties.memberName", Copy),
                ]),
            ),
        ],
    )
    .with(endpoint),
    Kind::patch(
        "azurerm_private_endpoint_application_security_group_association",
        "private_endpoint_id",
        None,
        &[("application_security_group_id", "properties.applicationSecurityGroups[]", Id)],
    ),
    Kind::group(
        "azurerm_private_link_service",
        "Microsoft.Network/privateLinkServices",
        &[
            ("load_balancer_frontend_ip_configuration_ids", "properties.loadBalancerFrontendIpConfigurations", Ids),
            ("enable_proxy_protocol", "properties.enableProxyProtocol", Copy),
            ("proxy_protocol_enabled", "properties.enableProxyProtocol", Copy),
            ("auto_approval_subscription_ids", "properties.autoApproval.subscriptions", Copy),
            ("nat_ip_configuration", "properties.ipConfigurations", Each(&[NAME, SUBNET_OF, PRIVATE_ADDRESS, PRIMARY])),
        ],
    ),
    Kind::group("azurerm_network_security_perimeter", "Microsoft.Network/networkSecurityPerimeters", &[]),
    Kind::under(
        "azurerm_network_security_perimeter_profile",
        "Microsoft.Network/networkSecurityPerimeters/profiles",
        "network_security_perimeter_id",
        &[],
    ),
    Kind::under(
        "azurerm_network_security_perimeter_access_rule",
        "Microsoft.Network/networkSecurityPerimeters/profiles/accessRules",
        "network_security_perimeter_profile_id",
        &[
            ("direction", "properties.direction", Copy),
            ("address_prefixes", "properties.addressPrefixes", Copy),
            ("fqdns", "properties.fullyQualifiedDomainNames", Copy),
        ],
    ),
    Kind::under(
        "azurerm_network_security_perimeter_association",
        "Microsoft.Network/networkSecurityPerimeters/resourceAssociations",
        "network_security_perimeter_profile_id",
        &[
            ("network_security_perimeter_profile_id", "properties.profile", Id),
            ("resource_id", "properties.privateLinkResource", Id),
            ("access_mode", "properties.accessMode", Copy),
        ],
    ),
    Kind::under(
        "azurerm_search_shared_private_link_service",
        "Microsoft.Search/searchServices/sharedPrivateLinkResources",
        "search_service_id",
        &[
            ("target_resource_id", "properties.privateLinkResourceId", Copy),
            ("subresource_name", "properties.groupId", Copy),
        ],
    ),
];

/// The connection of an endpoint, by hand or not, and its zone group, which is a resource of its own in Azure.
fn endpoint(shaper: &mut Shaper<'_, '_>) {
    let Some(connections) = shaper.get("private_service_connection") else { return };
    let way = connections.items().first().and_then(|c| c.get("is_manual_connection"));
    let manual = way.and_then(Json::as_bool);
    let span = connections.span;
    // Whether somebody has to approve it decides about every flow through it.
    let unknown = [Some(&connections), connections.items().first(), way];
    if let Some(unknown) = unknown.into_iter().flatten().find(|v| is_unknown(v)) {
        shaper.put("properties.approval", unknown.clone());
    }
    let items = connections.items().iter().map(|connection| {
        let mut item = super::shape::object(Vec::new(), connection.span);
        let fields: [(&str, &str, super::kinds::How); 4] = [
            NAME,
            ("private_connection_resource_id", "properties.privateLinkServiceId", Copy),
            ("private_connection_resource_alias", "properties.privateLinkServiceAlias", Copy),
            ("subresource_names", "properties.groupIds", Copy),
        ];
        super::shape::shape(connection, &fields, &mut item);
        item
    });
    let key = match manual {
        Some(true) => "properties.manualPrivateLinkServiceConnections",
        _ => "properties.privateLinkServiceConnections",
    };
    shaper.put(key, list(items.collect(), span));
    shaper.parts.extend(zone_group(shaper));
    // Addresses that a state knows, where none is set by hand.
    if shaper.body.at("properties.ipConfigurations").is_none() {
        let known = shaper.get("custom_dns_configs").map(|configs| {
            let of = |c: &Json| c.items_at("ip_addresses").to_vec();
            let mut all: Vec<Json> = Vec::new();
            for address in configs.items().iter().flat_map(of) {
                if all.iter().all(|a| a.value != address.value) {
                    all.push(address);
                }
            }
            all
        });
        for address in known.unwrap_or_default() {
            let mut item = super::shape::object(Vec::new(), address.span);
            put(&mut item, "properties.privateIPAddress", address);
            shaper.put("properties.ipConfigurations[]", item);
        }
    }
}

/// The zone group of an endpoint as a resource: its id and body.
fn zone_group(shaper: &Shaper<'_, '_>) -> Option<(String, Json)> {
    let groups = shaper.get("private_dns_zone_group")?;
    // Of a group that is not known nothing is known.
    let group = if is_unknown(&groups) { groups } else { groups.items().first()?.clone() };
    let zones = if is_unknown(&group) { group.clone() } else { group.get("private_dns_zone_ids")?.clone() };
    let name = group.str_at("name").unwrap_or("default");
    let id = format!("{}/privateDnsZoneGroups/{name}", shaper.id);
    let mut body = super::shape::object(Vec::new(), group.span);
    put(&mut body, "name", Json::text(name, group.span));
    let zones_of = match &zones.value {
        Value::List(items) => items.to_vec(),
        _ => vec![zones.clone()],
    };
    let items = zones_of.into_iter().map(|zone| {
        let mut item = super::shape::object(Vec::new(), zone.span);
        put(&mut item, "properties.privateDnsZoneId", zone);
        item
    });
    put(&mut body, "properties.privateDnsZoneConfigs", list(items.collect(), group.span));
    Some((id, body))
}
