//! Where resources of types that are not known could matter.

use super::{Resource, private_link, service_of};
use crate::import::{
    draft::{Key, Matters},
    ids::ArmId,
    json::{Json, Value},
};
use std::collections::BTreeSet;

/// Where a resource of a type that is not known could matter: in a subnet that it names, at all else of the network that
/// it names, anywhere if it is of the network itself, or only where it is asked for itself.
pub(super) fn places_of(resource: &Resource) -> Vec<(String, Matters)> {
    let mut named = BTreeSet::new();
    ids_in(&resource.body, &mut named);
    let own = resource.full_id.to_lowercase();
    let named = named.into_iter().filter(|(id, _)| !own.starts_with(id.as_str()));
    let (subnets, others): (Vec<_>, Vec<_>) = named.partition(|(_, collection)| *collection == "subnets");
    if let Some((id, _)) = subnets.first() {
        let why = "its type is not modelled, and it stands in a subnet".to_owned();
        return vec![(why, Matters::Subnet(Key::new("subnets", id)))];
    }
    if let Some(service) = service_of(&resource.id.kind) {
        let why = format!("this part of a service ({service}) is not modelled, and may decide who reaches it");
        let id = std::iter::successors(resource.id.parent(), |id| ArmId::parse(id)?.parent());
        return id.last().map(|id| (why, Matters::Item(private_link::target(&id)))).into_iter().collect();
    }
    // They answer at the edge of the internet, and lead to public names.
    const EDGES: [&str; 3] = ["frontdoors", "trafficmanagerprofiles", "networkexperimentprofiles"];
    let own = resource.id.kind.strip_prefix("microsoft.network/").unwrap_or_default();
    if EDGES.contains(&own.split('/').next().unwrap_or_default()) {
        return vec![("its type is not modelled; it answers at the edge of the internet".to_owned(), Matters::Itself)];
    }
    if resource.id.kind.starts_with("microsoft.network/") {
        return vec![("its type is not modelled, and it belongs to the network".to_owned(), Matters::Everywhere)];
    }
    let places = others.into_iter().map(|(id, collection)| {
        let name = id.rsplit('/').next().unwrap_or_default();
        (format!("its type is not modelled, and it names {name}"), Matters::Item(Key::new(collection, &id)))
    });
    let places: Vec<_> = places.collect();
    match places.is_empty() {
        true => vec![("its type is not modelled; it names nothing of the network".to_owned(), Matters::Itself)],
        false => places,
    }
}

/// Resource types that others act on by naming them, and the collections of their items.
pub(in crate::import) const ELEMENTS: [(&str, &str); 14] = [
    ("microsoft.network/virtualnetworks", "virtual_networks"),
    ("microsoft.network/virtualnetworks/subnets", "subnets"),
    ("microsoft.network/networksecuritygroups", "network_security_groups"),
    ("microsoft.network/routetables", "route_tables"),
    ("microsoft.network/azurefirewalls", "firewalls"),
    ("microsoft.network/firewallpolicies", "firewall_policies"),
    ("microsoft.network/loadbalancers", "load_balancers"),
    ("microsoft.network/applicationgateways", "application_gateways"),
    ("microsoft.network/virtualnetworkgateways", "virtual_network_gateways"),
    ("microsoft.network/virtualhubs", "virtual_hubs"),
    ("microsoft.network/privateendpoints", "private_endpoints"),
    ("microsoft.network/privatelinkservices", "private_link_services"),
    ("microsoft.network/privatednszones", "private_dns_zones"),
    ("microsoft.network/dnsforwardingrulesets", "private_dns_resolver_dns_forwarding_rulesets"),
];

/// The ids of elements inside a value, with their collections.
fn ids_in(json: &Json, found: &mut BTreeSet<(String, &'static str)>) {
    match &json.value {
        Value::Text(text) => {
            let element = ArmId::parse(text).and_then(|id| ELEMENTS.iter().find(|(kind, _)| *kind == id.kind));
            found.extend(element.map(|(_, collection)| (text.trim_end_matches('/').to_lowercase(), *collection)));
        }
        Value::List(items) => items.iter().for_each(|i| ids_in(i, found)),
        Value::Object(fields) => fields.iter().for_each(|(_, v)| ids_in(v, found)),
        _ => {}
    }
}
