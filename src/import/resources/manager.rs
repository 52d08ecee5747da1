//! Network managers.

use super::{Map, Mapper, Resource, addresses::nothing, list_of, scalars};
use crate::import::{
    draft::{Key, Matters, Node, Tree},
    json::Json,
};

pub(super) const TYPES: &[(&str, Map)] = &[
    ("microsoft.network/networkmanagers", manager),
    ("microsoft.network/networkmanagers/networkgroups", group),
    ("microsoft.network/networkmanagers/networkgroups/staticmembers", member),
    ("microsoft.network/networkmanagers/connectivityconfigurations", connectivity),
    ("microsoft.network/networkmanagers/securityadminconfigurations", security),
    ("microsoft.network/networkmanagers/securityadminconfigurations/rulecollections", collection),
    ("microsoft.network/networkmanagers/securityadminconfigurations/rulecollections/rules", rule),
    ("microsoft.network/networkmanagers/routingconfigurations", routing),
    ("microsoft.network/networkmanagers/routingconfigurations/rulecollections", routing_collection),
    ("microsoft.network/networkmanagers/routingconfigurations/rulecollections/rules", routing_rule),
    ("microsoft.network/networkmanagers/commits", nothing),
];

fn manager(resource: &Resource, mapper: &mut Mapper<'_>) {
    mapper.item(resource, "network_managers");
    let own = format!("{}/", resource.full_id.trim_end_matches('/').to_lowercase());
    let alone = !mapper.all.keys().any(|k| k.starts_with(&own));
    if resource.live && alone {
        let why = "its groups and configurations are not in the input; add `az network manager … list`";
        mapper.unmodelled(resource, "configurations", why, Matters::Everywhere);
    }
}

/// A configuration acts once it is deployed, which is a step of its own.
fn deployed(resource: &Resource, mapper: &mut Mapper<'_>) {
    let own = resource.full_id.trim_end_matches('/');
    let names = |r: &&Resource| {
        let ids = r.items("configurationIds").iter().filter_map(Json::as_str);
        ids.into_iter().any(|id| id.trim_end_matches('/').eq_ignore_ascii_case(own))
    };
    let known = mapper.all.values().filter(|r| r.id.kind.ends_with("/networkmanagers/commits")).any(names);
    if !known {
        let why = "whether it is deployed is not in the input; add `az network manager list-deploy-status`";
        mapper.unmodelled(resource, "deployment", why, Matters::Everywhere);
    }
}

fn group(resource: &Resource, mapper: &mut Mapper<'_>) {
    let item = mapper.child(resource, "network_groups", "network_managers", "network_groups");
    if item.get("virtual_networks").is_none() {
        item.set("virtual_networks", Node::list(Vec::new(), resource.source.span));
    }
    item.note("Members by Azure Policy are not in the input; add them.");
    let subnets = resource.str("memberType").is_some_and(|t| t.eq_ignore_ascii_case("Subnet"));
    let own = format!("{}/staticmembers/", resource.full_id.trim_end_matches('/').to_lowercase());
    let alone = !mapper.all.range(own.clone()..).next().is_some_and(|(k, _)| k.starts_with(&own));
    let by_policy = mapper.all.values().any(|r| {
        r.id.kind == "microsoft.authorization/policydefinitions"
            && r.str("mode").is_some_and(|m| m.eq_ignore_ascii_case("Microsoft.Network.Data"))
    });
    let why = match (subnets, alone || by_policy) {
        (true, _) => "groups of subnets are not modelled",
        (_, true) => {
            "its members by Azure Policy are not in the input; name those of \
                      `az network manager list-effective-vnet` as static members"
        }
        _ => return,
    };
    mapper.unmodelled(resource, "members", why, Matters::Everywhere);
}

fn member(resource: &Resource, mapper: &mut Mapper<'_>) {
    let network = resource
        .prop("resourceId")
        .and_then(|id| Some(Node::name_of(Key::new("virtual_networks", id.as_str()?), id.span)));
    if let (Some(network), Some(group)) = (network, mapper.draft.get_mut(&resource.parent("network_groups"))) {
        group.push("virtual_networks", network);
    }
}

fn groups(list: &[Json]) -> impl Iterator<Item = (String, &Json)> {
    list.iter().filter_map(|g| Some((g.str_at("networkGroupId")?.rsplit('/').next()?.to_owned(), g)))
}

fn flag(json: &Json, path: &str) -> Option<Node> {
    let value = json.at(path)?;
    Some(Node::flag(value.as_bool()?, value.span))
}

fn connectivity(resource: &Resource, mapper: &mut Mapper<'_>) {
    let applied = groups(resource.items("appliesToGroups")).map(|(name, g)| {
        let mut fields: Vec<(&str, Node)> = Vec::new();
        fields.extend(g.at("groupConnectivity").and_then(Node::scalar).map(|n| ("group_connectivity", n)));
        fields.extend(flag(g, "isGlobal").map(|n| ("global_mesh_enabled", n)));
        fields.extend(flag(g, "useHubGateway").map(|n| ("use_hub_gateway", n)));
        (name, Node::map(fields, g.span))
    });
    let applied: Vec<_> = applied.collect();
    let hub = resource.items("hubs").first().and_then(|h| h.at("resourceId"));
    let hub = hub.and_then(|h| Some(Node::name_of(Key::new("virtual_networks", h.as_str()?), h.span)));
    let global = resource.body.get("properties").and_then(|p| flag(p, "isGlobal"));
    deployed(resource, mapper);
    let item = mapper.child(resource, "connectivity", "network_managers", "connectivity_configurations");
    item.set_some("connectivity_topology", resource.scalar("connectivityTopology"));
    item.set_some("hub", hub);
    item.set_some("global_mesh_enabled", global);
    item.set("applies_to_groups", Node::new(Tree::Map(applied), resource.source.span));
}

fn security(resource: &Resource, mapper: &mut Mapper<'_>) {
    deployed(resource, mapper);
    mapper.child(resource, "admin_configurations", "network_managers", "security_admin_configurations");
}

fn collection(resource: &Resource, mapper: &mut Mapper<'_>) {
    let names = groups(resource.items("appliesToGroups")).map(|(name, g)| Node::text(name, g.span));
    let names = list_of(names);
    let item = mapper.child(resource, "admin_collections", "admin_configurations", "rule_collections");
    item.set_some("network_groups", names);
}

fn rule(resource: &Resource, mapper: &mut Mapper<'_>) {
    let item = mapper.child(resource, "admin_rules", "admin_collections", "rules");
    for (key, path) in
        [("priority", "priority"), ("direction", "direction"), ("action", "access"), ("protocol", "protocol")]
    {
        item.set_some(key, resource.scalar(path));
    }
    let whole = ["sources", "destinations"]
        .iter()
        .all(|list| resource.items(list).iter().all(|p| p.at("addressPrefix").and_then(Node::scalar).is_some()));
    let ports = resource.items("sourcePortRanges").iter().filter_map(Json::as_str);
    let narrow = ports.into_iter().any(|p| !["*", "0-65535"].contains(&p));
    let group = ["sources", "destinations"]
        .iter()
        .flat_map(|l| resource.items(l))
        .any(|p| p.str_at("addressPrefixType").is_some_and(|t| t.eq_ignore_ascii_case("NetworkGroup")));
    if !whole || narrow || group {
        let why = "a part of this rule is not modelled";
        mapper.unmodelled(resource, "addresses and ports", why, Matters::Everywhere);
    }
    let item = mapper.child(resource, "admin_rules", "admin_collections", "rules");
    let prefixes =
        |list: &str| list_of(resource.items(list).iter().filter_map(|p| p.at("addressPrefix").and_then(Node::scalar)));
    item.set_some("source_address_prefixes", prefixes("sources"));
    item.set_some("destination_address_prefixes", prefixes("destinations"));
    item.set_some("destination_port_ranges", scalars(resource.prop("destinationPortRanges")));
}

fn routing(resource: &Resource, mapper: &mut Mapper<'_>) {
    deployed(resource, mapper);
    mapper.child(resource, "routing_configurations", "network_managers", "routing_configurations");
}

fn routing_collection(resource: &Resource, mapper: &mut Mapper<'_>) {
    let names = list_of(groups(resource.items("appliesTo")).map(|(name, g)| Node::text(name, g.span)));
    let item = mapper.child(resource, "routing_collections", "routing_configurations", "rule_collections");
    item.set_some("network_groups", names);
    // The platform writes the truth value as a word, too.
    if let Some(off) = resource.prop("disableBgpRoutePropagation") {
        let word = off.as_str().map(str::to_lowercase);
        if let Some(off_too) = off.as_bool().or_else(|| word.map(|w| w == "true")) {
            item.set("bgp_route_propagation_enabled", Node::flag(!off_too, off.span));
        }
    }
}

fn routing_rule(resource: &Resource, mapper: &mut Mapper<'_>) {
    let part = |object: &str, kind: &str, address: &str| {
        let object = resource.prop(object)?;
        let text = |key: &str| object.at(key).and_then(Node::scalar).filter(|n| n.tree != Tree::Text(String::new()));
        let fields = [("type", text(kind)), ("address", text(address))];
        Some(Node::map(fields.into_iter().filter_map(|(k, n)| Some((k, n?))).collect(), object.span))
    };
    let destination = part("destination", "type", "destinationAddress");
    let hop = part("nextHop", "nextHopType", "nextHopAddress");
    let item = mapper.child(resource, "routing_rules", "routing_collections", "rules");
    item.set_some("destination", destination);
    item.set_some("next_hop", hop);
}
