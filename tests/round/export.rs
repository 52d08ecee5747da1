//! A scenario as an ARM template, with the rest of it beside.
//!
//! What the exporter has a word for is taken out of the estate and goes into the template; what is left, keys of records
//! and whole records, is a patch that is laid over what the import makes of the template.

use super::{network, security, services};
use serde_json::{Map, Value, json};

pub(crate) type Record = Map<String, Value>;

const GROUP: &str = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers";

/// A type of resource by the collection that holds it.
const TYPES: &[(&str, &str)] = &[
    ("application_security_groups", "Microsoft.Network/applicationSecurityGroups"),
    ("network_security_groups", "Microsoft.Network/networkSecurityGroups"),
    ("route_tables", "Microsoft.Network/routeTables"),
    ("nat_gateways", "Microsoft.Network/natGateways"),
    ("public_ips", "Microsoft.Network/publicIPAddresses"),
    ("virtual_networks", "Microsoft.Network/virtualNetworks"),
    ("firewall_policies", "Microsoft.Network/firewallPolicies"),
    ("firewalls", "Microsoft.Network/azureFirewalls"),
    ("load_balancers", "Microsoft.Network/loadBalancers"),
    ("private_link_services", "Microsoft.Network/privateLinkServices"),
    ("private_dns_zones", "Microsoft.Network/privateDnsZones"),
    ("private_dns_resolvers", "Microsoft.Network/dnsResolvers"),
    ("virtual_network_gateways", "Microsoft.Network/virtualNetworkGateways"),
    ("virtual_wans", "Microsoft.Network/virtualWans"),
    ("virtual_hubs", "Microsoft.Network/virtualHubs"),
];

/// How a record becomes resources: it takes the keys that it has words for, and says whether it can be exported at all.
type Export = fn(&str, &mut Record, &mut Template) -> Option<()>;

/// In this order: whatever a record refers to comes before it.
const EXPORTS: &[(&str, Export)] = &[
    ("application_security_groups", security::application_group),
    ("network_security_groups", security::group),
    ("route_tables", network::route_table),
    ("public_ips", network::public_ip),
    ("nat_gateways", network::nat_gateway),
    ("virtual_networks", network::network),
    ("virtual_network_peerings", network::peering),
    ("virtual_network_gateways", network::gateway),
    ("virtual_wans", network::wan),
    ("virtual_hubs", network::hub),
    ("virtual_hub_connections", network::hub_connection),
    ("firewall_policies", security::policy),
    ("firewalls", security::firewall),
    ("load_balancers", services::balancer),
    ("virtual_machines", services::machine),
    ("services", services::service),
    ("private_dns_zones", services::zone),
    ("private_link_services", services::link_service),
    ("private_endpoints", services::endpoint),
    ("private_dns_resolvers", services::resolver),
    ("private_dns_resolver_dns_forwarding_rulesets", services::ruleset),
];

/// A template under construction.
#[derive(Default)]
pub(crate) struct Template {
    pub(crate) resources: Vec<Value>,
    /// Where everything stands that says nothing else; nothing where the estate does not say it.
    location: Value,
    /// Type and id of what stands in it, by collection and name.
    known: Map<String, Value>,
    /// Pools of load balancers that a machine is a member of.
    pub(crate) pools: Map<String, Value>,
}

impl Template {
    /// Adds a resource with its names, outermost first.
    pub(crate) fn add(&mut self, kind: &str, names: &[&str], properties: Value) -> &mut Value {
        self.resources.push(json!({
            "type": kind, "apiVersion": "2024-05-01", "name": names.join("/"), "location": self.location,
            "properties": properties,
        }));
        self.resources.last_mut().unwrap()
    }

    /// Remembers a record under another type than its collection's.
    pub(crate) fn name(&mut self, collection: &str, name: &str, kind: &str) {
        self.known.insert(format!("{collection}/{name}"), format!("{GROUP}/{kind}/{name}").into());
    }

    /// The id of an exported record.
    pub(crate) fn id(&self, collection: &str, name: &Value) -> Option<Value> {
        self.known.get(&format!("{collection}/{}", name.as_str()?)).cloned()
    }

    /// `{"id": …}` of an exported record.
    pub(crate) fn reference(&self, collection: &str, name: &Value) -> Option<Value> {
        Some(json!({ "id": self.id(collection, name)? }))
    }

    /// References to all of a list.
    pub(crate) fn references(&self, collection: &str, names: &Value) -> Option<Vec<Value>> {
        names.as_array()?.iter().map(|n| self.reference(collection, n)).collect()
    }

    /// `{"id": …}` of a subnet written as `network/subnet`.
    pub(crate) fn subnet(&self, path: &Value) -> Option<Value> {
        self.inner("virtual_networks", "subnets", path)
    }

    /// `{"id": …}` of a part of a record, written as `record/part`.
    pub(crate) fn inner(&self, collection: &str, parts: &str, path: &Value) -> Option<Value> {
        let (owner, part) = path.as_str()?.split_once('/')?;
        let id = self.id(collection, &owner.into())?;
        Some(json!({ "id": format!("{}/{parts}/{part}", id.as_str()?) }))
    }
}

/// The type of a collection's resources.
pub(crate) fn kind(collection: &str) -> &'static str {
    TYPES.iter().find(|(c, _)| *c == collection).map_or("", |(_, k)| k)
}

/// Sets a key if there is a value.
pub(crate) fn put(object: &mut Value, key: &str, value: Option<Value>) {
    if let Some(value) = value {
        object[key] = value;
    }
}

/// Whether a record holds these keys and no others.
pub(crate) fn only(record: &Record, keys: &[&str]) -> bool {
    record.keys().all(|k| keys.contains(&k.as_str()))
}

/// Records by name, in a value that holds a mapping of them.
pub(crate) fn records(value: Option<&Value>) -> impl Iterator<Item = (&str, &Record)> {
    let fields = value.and_then(Value::as_object).into_iter().flatten();
    fields.filter_map(|(name, value)| Some((name.as_str(), value.as_object()?)))
}

/// The template, what is left of the estate, and how many records went into the template.
pub(crate) fn export(mut estate: Record) -> (Value, Record, usize) {
    let mut template =
        Template { location: estate.get("location").cloned().unwrap_or_default(), ..Template::default() };
    // Members are declared at the pool and exported at the machine.
    for (balancer, record) in records(estate.get("load_balancers")) {
        for (pool, record) in records(record.get("backend_address_pools")) {
            for machine in record.get("virtual_machines").and_then(Value::as_array).into_iter().flatten() {
                let of = template.pools.entry(machine.as_str().unwrap_or_default()).or_insert(json!([]));
                of.as_array_mut().unwrap().push(json!(format!("{balancer}/{pool}")));
            }
        }
    }
    let mut count = 0;
    for (collection, how) in EXPORTS {
        let Some(Value::Object(all)) = estate.get_mut(*collection) else { continue };
        for (name, value) in all.iter_mut() {
            let mut record = match &value {
                Value::Object(fields) => fields.clone(),
                _ => Record::new(),
            };
            let before = template.resources.len();
            if how(name, &mut record, &mut template).is_none() {
                template.resources.truncate(before);
                continue;
            }
            count += 1;
            if !kind(collection).is_empty() {
                template.name(collection, name, kind(collection));
            }
            *value = Value::Object(record);
        }
        // What is wholly in the template needs no patch.
        all.retain(|_, v| v.as_object().is_none_or(|fields| !fields.is_empty()));
    }
    estate.retain(|_, v| !v.is_null() && v.as_object().is_none_or(|fields| !fields.is_empty()));
    let document = json!({
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0", "resources": template.resources,
    });
    (document, estate, count)
}
