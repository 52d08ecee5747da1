//! Settings that the mapping does not read. Each type lists what its mapping reads, and what has no part in
//! reachability; what is set beyond that is said, and puts what it belongs to in doubt.

use super::{Mapper, Resource, services};
use crate::import::{
    draft::{Matters, NotUnderstood, Source},
    json::{Json, Value},
    listed::{Listed, listed},
};
use std::{collections::BTreeMap, sync::OnceLock};

/// What the platform adds to every resource.
const EVERYWHERE: &[&str] = &[
    "provisioningstate",
    "resourceguid",
    "etag",
    "uniqueid",
    "systemdata",
    "creationtime",
    "createdtime",
    "createdat",
    "timecreated",
    "lastmodifiedtime",
    "lastmodifiedat",
    "statuschangetime",
    "description",
    "name",
    "id",
    "location",
    "allocatedbyimport",
    "virtualmachinemigration",
    "migrationphase",
    "diagnosticsettings",
];

/// Types whose properties are known one by one.
const TYPES: &str = include_str!("../data/properties.txt");

/// Parts that are mapped with what they are written in, by the type of that and the property that lists them.
const PARTS: &[(&str, &str, &str)] = &[
    ("microsoft.network/networkinterfaces", "ipConfigurations", "microsoft.network/networkinterfaces/ipconfigurations"),
    ("microsoft.network/loadbalancers", "loadBalancingRules", "microsoft.network/loadbalancers/loadbalancingrules"),
    ("microsoft.network/loadbalancers", "outboundRules", "microsoft.network/loadbalancers/outboundrules"),
    (
        "microsoft.network/vpngateways/vpnconnections",
        "vpnLinkConnections",
        "microsoft.network/vpngateways/vpnconnections/vpnlinkconnections",
    ),
];

/// What is known of a type.
fn known(kind: &str) -> Option<&'static Listed> {
    static INDEX: OnceLock<BTreeMap<&'static str, Listed>> = OnceLock::new();
    INDEX.get_or_init(|| listed(TYPES)).get(kind)
}

/// Words in names of settings that speak of the network: what a service sets by them, and its mapping does not read, may
/// decide who reaches it.
const WORDS: &[&str] = &[
    "network",
    "vnet",
    "subnet",
    "firewall",
    "privateendpoint",
    "privatelink",
    "publicaccess",
    "ipaddress",
    "iprange",
    "iprule",
    "ipfilter",
    "outbound",
    "inbound",
    "egress",
    "dns",
    "route",
    "proxy",
    "perimeter",
    "gateway",
    "peering",
    "hostingenvironment",
    "injection",
    "restriction",
];

/// Settings of services with such words that are read, or have no part in who reaches them.
const SERVICES: &[&str] = &[
    // Read by the mapping.
    "hostingenvironmentprofile",
    "dnsconfiguration",
    "ipsecurityrestrictions",
    "ipsecurityrestrictionsdefaultaction",
    "scmipsecurityrestrictions",
    "scmipsecurityrestrictionsdefaultaction",
    "scmipsecurityrestrictionsusemain",
    "publicnetworkaccess",
    "networkacls",
    "networkruleset",
    "networkrulesets",
    "networkrulebypassoptions",
    "virtualnetworksubnetid",
    "vnetrouteallenabled",
    "networkinjections",
    "virtualnetworkrules",
    "iprules",
    "networkaclbypass",
    "isvirtualnetworkfilterenabled",
    "managednetwork",
    "ipallowlist",
    "outboundvnetrouting",
    "provisionnetworknow",
    // What the platform tells of itself.
    "privateendpointconnections",
    "privateendpoints",
    "outboundipaddresses",
    "possibleoutboundipaddresses",
    "inboundipaddress",
    "possibleinboundipaddresses",
    "inboundipv6address",
    "possibleinboundipv6addresses",
    "outboundipv6addresses",
    "possibleoutboundipv6addresses",
    "publicipaddresses",
    "privateipaddresses",
    "outboundpublicipaddresses",
    "sharedprivatelinkresources",
    "privatelinkserviceconnections",
    "dnsprefix",
    "networkaclbypassresourceids",
    "reversedns",
    "gatewayurl",
    "gatewayregionalurl",
    "dnsendpointtype",
    "hostingenvironment",
    "hostingenvironmentid",
    "defaulthostnamescope",
    "routingpreference",
    "allowcrosstenantreplication",
    "fqdnoutboundrules",
    "vnetbackuprestoreenabled",
    "vnetcontentshareenabled",
    "vnetimagepullenabled",
    "ipmode",
];

/// Whether a name, in lower case, has a word that speaks of the network.
pub(in crate::import) fn speaks_of_network(name: &str) -> bool {
    WORDS.iter().any(|w| name.contains(w))
}

/// Reports what a resource sets and its mapping does not read.
pub(super) fn unread(resource: &Resource, matters: &Matters, mapper: &mut Mapper<'_>) {
    let Some(properties) = resource.body.get("properties") else { return };
    let kind = resource.id.kind.as_str();
    let row = known(kind);
    let service = row.is_none() && services::is_service(kind);
    if row.is_none() && !service {
        return;
    }
    // The configuration of an app is a list of settings of its own.
    let inside = properties.at("siteConfig").map_or(&[][..], Json::fields);
    for (name, value) in properties.fields().iter().chain(inside.iter().filter(|_| service)) {
        let word = name.to_lowercase();
        let said = match row {
            Some(row) => {
                let known = EVERYWHERE.contains(&word.as_str()) || row.holds(&word);
                !known && !is_empty(value) && !is_off(value)
            }
            None => {
                let known = EVERYWHERE.contains(&word.as_str()) || SERVICES.contains(&word.as_str());
                !known && speaks_of_network(&word) && !is_empty(value) && !is_off(value)
            }
        };
        if said {
            say(resource, &format!("properties.{name}"), value, matters, mapper);
        }
    }
    for (_, list, part) in PARTS.iter().filter(|(owner, ..)| *owner == kind) {
        for (number, item) in properties.items_at(list).iter().enumerate() {
            inside_of(resource, item, part, &format!("properties.{list}[{number}]"), matters, mapper);
        }
    }
}

/// Interfaces that a machine or scale set describes itself.
pub(super) fn interface(resource: &Resource, interface: &Json, matters: &Matters, mapper: &mut Mapper<'_>) {
    const OWN: &str = "microsoft.compute/networkinterfaceconfigurations";
    let path = format!("networkInterfaceConfigurations.{}", interface.str_at("name").unwrap_or_default());
    inside_of(resource, interface, OWN, &path, matters, mapper);
    let configurations = interface.get("properties").unwrap_or(interface).items_at("ipConfigurations");
    for (number, item) in configurations.iter().enumerate() {
        let path = format!("{path}.ipConfigurations[{number}]");
        inside_of(resource, item, &format!("{OWN}/ipconfigurations"), &path, matters, mapper);
    }
}

/// Reports what a part sets and nothing reads.
fn inside_of(resource: &Resource, item: &Json, part: &str, path: &str, matters: &Matters, mapper: &mut Mapper<'_>) {
    let Some(row) = known(part) else { return };
    for (name, value) in item.get("properties").unwrap_or(item).fields() {
        let word = name.to_lowercase();
        let known = EVERYWHERE.contains(&word.as_str()) || row.holds(&word) || ["type", "zones"].contains(&&*word);
        // A way out for TCP is one for what is asked of it.
        let usual = word == "protocol" && value.as_str().is_some_and(|p| !p.eq_ignore_ascii_case("Udp"));
        if !known && !usual && !is_empty(value) && !is_off(value) {
            say(resource, &format!("{path}.properties.{name}"), value, matters, mapper);
        }
    }
}

fn say(resource: &Resource, path: &str, value: &Json, matters: &Matters, mapper: &mut Mapper<'_>) {
    mapper.draft.not_understood(NotUnderstood {
        kind: format!("{} {path}", resource.id.kind),
        name: resource.id.name().to_owned(),
        why: "this setting is not read, and it could matter".to_owned(),
        source: Source { address: format!("{}.{path}", resource.source.address), span: value.span },
        matters: matters.clone(),
    });
}

/// Whether a value sets nothing.
fn is_empty(value: &Json) -> bool {
    match &value.value {
        Value::Null => true,
        Value::Text(text) => text.is_empty(),
        Value::List(items) => items.is_empty(),
        // Encryption that lets everything else pass, too, decides about nothing.
        Value::Object(_) if value.str_at("enforcement") == Some("AllowUnencrypted") => true,
        Value::Object(_) if value.at("enabled").and_then(Json::as_bool) == Some(false) => true,
        Value::Object(fields) => fields.iter().all(|(_, v)| is_empty(v)),
        // What only a deployment tells, and what is secret, is reported with its own reason.
        Value::Unknown(_) | Value::Secret => true,
        Value::Bool(_) | Value::Int(_) | Value::Float(_) => false,
    }
}

/// Whether a value turns something off.
fn is_off(value: &Json) -> bool {
    match &value.value {
        Value::Bool(on) => !on,
        Value::Text(text) => {
            ["disabled", "none", "false", "notspecified", "default"].contains(&text.to_lowercase().as_str())
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// A property stands in one list of its type, in lower case, and every type of the network has its lists.
    #[test]
    fn lists_are_whole_and_disjoint() {
        let kinds: BTreeSet<&str> = listed(TYPES).into_keys().collect();
        assert_eq!(kinds.len(), TYPES.lines().filter(|l| !l.starts_with([' ', '#']) && !l.is_empty()).count());
        for kind in &kinds {
            let row = known(kind).unwrap();
            let all: Vec<&str> = [EVERYWHERE, &row.read, &row.beside].concat();
            let distinct: BTreeSet<&str> = all.iter().copied().collect();
            assert_eq!(all.len(), distinct.len(), "{kind} lists a property twice");
            assert!(all.iter().all(|p| p.to_lowercase() == **p), "{kind}");
        }
        let mapped = || super::super::FAMILIES.iter().flat_map(|f| f.iter()).map(|(t, _)| *t);
        let parts = ["microsoft.network/loadbalancers/frontendipconfigurations"];
        let inside =
            |k: &str| k.contains("networkinterfaceconfigurations") || PARTS.iter().any(|(_, _, part)| *part == k);
        assert!(kinds.iter().all(|k| parts.contains(k) || inside(k) || mapped().any(|t| t == *k)));
        // Parts of services are read whole.
        let without = mapped().filter(|t| !kinds.contains(t) && super::super::service_of(t).is_none());
        assert_eq!(without.collect::<Vec<_>>(), Vec::<&str>::new(), "types whose unread settings nobody would hear of");
    }
}
