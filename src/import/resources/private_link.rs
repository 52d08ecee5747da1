//! Private endpoints, private link services, perimeters.

use super::{Map, Mapper, Resource, id_of, list_of, members, name_of, path_of, scalars, services, subnet_of};
use crate::azure::known_services::Cloud;
use crate::import::{
    draft::{Key, Matters, Node, Tree},
    ids::ArmId,
    json::{Json, Value},
    scope::any_with,
};

pub(super) const TYPES: &[(&str, Map)] = &[
    ("microsoft.network/privatelinkservices", link_service),
    ("microsoft.network/privateendpoints", endpoint),
    ("microsoft.network/privateendpoints/privatednszonegroups", zone_group),
    ("microsoft.network/networksecurityperimeters", perimeter),
    ("microsoft.network/networksecurityperimeters/profiles", profile),
    ("microsoft.network/networksecurityperimeters/profiles/accessrules", access_rule),
    ("microsoft.network/networksecurityperimeters/resourceassociations", association),
];

/// The item that an id of something with private endpoints stands for.
pub(in crate::import) fn target(id: &str) -> Key {
    let kind = ArmId::parse(id).map(|i| i.kind).unwrap_or_default();
    match kind.as_str() {
        "microsoft.network/applicationgateways" => Key::new("application_gateways", id),
        "microsoft.network/privatelinkservices" => Key::new("private_link_services", id),
        "microsoft.machinelearningservices/workspaces" => Key::new("machine_learning_workspaces", id),
        _ => Key::new("services", id),
    }
}

fn endpoint(resource: &Resource, mapper: &mut Mapper<'_>) {
    let automatic = resource.items("privateLinkServiceConnections").first();
    let Some(connection) = automatic.or_else(|| resource.items("manualPrivateLinkServiceConnections").first()) else {
        return mapper.unmodelled(resource, "", "it has no connection", Matters::No);
    };
    let inner = connection.get("properties").unwrap_or(connection);
    let mut fields: Vec<(&str, Node)> = Vec::new();
    if let Some(id) = inner.at("privateLinkServiceId")
        && let Some(text) = id.as_str()
    {
        let key = target(text);
        services::refer(text, &key, resource, mapper);
        fields.push(("private_connection_resource", Node::name_of(key, id.span)));
    } else {
        let why = "which service it leads to is not known; any that has such a part may be reached by it";
        mapper.unmodelled(resource, "privateLinkServiceId", why, of_any(inner.items_at("groupIds"), mapper));
    }
    fields.extend(scalars(inner.at("groupIds")).map(|n| ("subresource_names", n)));
    if automatic.is_none() {
        fields.push(("is_manual_connection", Node::flag(true, connection.span)));
    }
    let status = inner.at("privateLinkServiceConnectionState.status").and_then(Node::scalar);
    // Who asks cannot approve: in a template the word is a left-over of an export.
    let by_word = !resource.live && status.is_some();
    if by_word && automatic.is_none() {
        let why = "a template cannot approve a connection by hand; whether its target did is not known";
        mapper.unmodelled(
            resource,
            "privateLinkServiceConnectionState",
            why,
            Matters::Item(resource.key("private_endpoints")),
        );
    }
    fields.extend(status.map(|n| ("status", n)));
    let complete = fields.iter().any(|(k, _)| *k == "private_connection_resource");
    let to = inner.str_at("privateLinkServiceId").map(target);
    let group = inner.items_at("groupIds").first().and_then(Json::as_str);
    let (addresses, in_order) = members::addresses(resource, to.as_ref(), group, mapper);
    let groups = resource
        .items("applicationSecurityGroups")
        .iter()
        .filter_map(|g| name_of(Some(g), "application_security_groups"));
    let groups = list_of(groups);
    let subnet = subnet_of(resource.body.get("properties"));
    if resource.str("ipVersionType").is_some_and(|v| !v.eq_ignore_ascii_case("IPv4")) {
        let why = "endpoints of IPv6 are not modelled";
        mapper.unmodelled(resource, "ipVersionType", why, Matters::Item(resource.key("private_endpoints")));
    }
    let item = mapper.item(resource, "private_endpoints");
    item.set_some("subnet", subnet);
    if complete {
        item.set("private_service_connection", Node::map(fields, connection.span));
    }
    item.set_some("ip_addresses", list_of(addresses));
    if !in_order {
        item.note("Which of its addresses serves which name is assumed: in the order of the list.");
    }
    item.set_some("application_security_groups", groups);
}

/// Where an endpoint to a target that is not known could matter: names of all services that have the parts.
fn of_any(groups: &[Json], mapper: &Mapper<'_>) -> Matters {
    let cloud = mapper.draft.cloud.and_then(|c| c.parse().ok()).unwrap_or(Cloud::Public);
    let known: Option<Vec<String>> = groups.iter().map(|g| g.as_str().map(str::to_owned)).collect();
    match any_with(&known.unwrap_or_default(), cloud) {
        Some(names) => Matters::Names(names.into_iter().collect()),
        None => Matters::Everywhere,
    }
}

/// Where the zones of an endpoint matter, if they are not known: at the names of its target.
fn answers(endpoint: &Resource) -> Matters {
    let lists = ["privateLinkServiceConnections", "manualPrivateLinkServiceConnections"];
    let connections = lists.iter().flat_map(|l| endpoint.items(l)).map(|c| c.get("properties").unwrap_or(c));
    let targets = connections.map(|c| {
        let key = c.str_at("privateLinkServiceId").map(target)?;
        let groups: Option<Vec<String>> =
            c.items_at("groupIds").iter().map(|g| g.as_str().map(str::to_owned)).collect();
        let named = ["services", "machine_learning_workspaces"].contains(&key.collection);
        named.then(|| Matters::Target(key, groups.unwrap_or_default()))
    });
    let targets: Option<Vec<Matters>> = targets.collect();
    targets.filter(|t| !t.is_empty()).map_or(Matters::Everywhere, Matters::All)
}

/// The type of private DNS zones.
const ZONE: &str = "microsoft.network/privatednszones";

fn zone_group(resource: &Resource, mapper: &mut Mapper<'_>) {
    let id = |c: &Json| c.get("properties").unwrap_or(c).get("privateDnsZoneId").cloned();
    let zone = |c: &Json| {
        let id = id(c)?;
        let text = id.as_str().filter(|t| ArmId::parse(t).is_some_and(|i| i.kind == ZONE))?;
        Some(Node::name_of(Key::new("private_dns_zones", text), id.span))
    };
    let all = resource.items("privateDnsZoneConfigs");
    let zones = list_of(all.iter().filter_map(zone));
    let list = |c: &Json| matches!(c.value, Value::List(_) | Value::Null);
    let wholly = resource.prop("privateDnsZoneConfigs").is_some_and(|c| !list(c));
    if wholly || all.iter().any(|c| zone(c).is_none()) {
        let endpoint = resource.id.parent().and_then(|id| mapper.find(&id).cloned());
        let matters = endpoint.map_or(Matters::Everywhere, |e| answers(&e));
        let why = "in which zones its endpoint registers is not known";
        mapper.unmodelled(resource, "privateDnsZoneConfigs", why, matters);
    }
    let Some(zones) = zones else { return };
    if let Some(item) = mapper.draft.get_mut(&resource.parent("private_endpoints")) {
        item.set("private_dns_zone_group", Node::map(vec![("private_dns_zones", zones)], resource.source.span));
    }
}

fn link_service(resource: &Resource, mapper: &mut Mapper<'_>) {
    let span = resource.source.span;
    let frontend = resource.items("loadBalancerFrontendIpConfigurations").first();
    let addresses: Vec<(String, Node)> = resource
        .items("ipConfigurations")
        .iter()
        .filter_map(|c| {
            let inner = c.get("properties")?;
            let mut fields: Vec<_> = subnet_of(Some(inner)).map(|n| ("subnet", n)).into_iter().collect();
            fields.extend(inner.at("privateIPAddress").and_then(Node::scalar).map(|n| ("private_ip_address", n)));
            Some((c.str_at("name")?.to_owned(), Node::map(fields, c.span)))
        })
        .collect();
    let item = mapper.item(resource, "private_link_services");
    item.set_some("load_balancer_frontend", path_of(frontend, "frontends"));
    if !addresses.is_empty() {
        item.set("nat_ip_configurations", Node::new(Tree::Map(addresses), span));
    }
    item.set_some("enable_proxy_protocol", resource.scalar("enableProxyProtocol"));
}

fn perimeter(resource: &Resource, mapper: &mut Mapper<'_>) {
    mapper.item(resource, "network_security_perimeters");
}

fn profile(resource: &Resource, mapper: &mut Mapper<'_>) {
    mapper.child(resource, "perimeter_profiles", "network_security_perimeters", "profiles");
}

fn access_rule(resource: &Resource, mapper: &mut Mapper<'_>) {
    let inbound = resource.str("direction").is_none_or(|d| d.eq_ignore_ascii_case("Inbound"));
    let prefixes: Vec<Node> = resource.items("addressPrefixes").iter().filter_map(Node::scalar).collect();
    let profile = resource.parent("perimeter_profiles");
    if !inbound || prefixes.is_empty() {
        let why = "only inbound rules by address are modelled";
        return mapper.unmodelled(resource, "", why, Matters::Everywhere);
    }
    if let Some(item) = mapper.draft.get_mut(&profile) {
        prefixes.into_iter().for_each(|p| item.push("inbound_address_prefixes", p));
    }
}

fn association(resource: &Resource, mapper: &mut Mapper<'_>) {
    let service = id_of(resource.prop("privateLinkResource")).map(|(id, span)| Node::name_of(target(id), span));
    let profile = name_of(resource.prop("profile"), "perimeter_profiles");
    let item = mapper.child(resource, "perimeter_associations", "network_security_perimeters", "associations");
    item.set_some("resource", service);
    item.set_some("profile", profile);
    let mode = resource.prop("accessMode").and_then(Json::as_str).filter(|m| !m.eq_ignore_ascii_case("Audit"));
    item.set_some("access_mode", mode.and(resource.scalar("accessMode")));
}
