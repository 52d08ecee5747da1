//! Settings that the mapping does not read. Each type lists what its mapping reads, and what has no part in
//! reachability; what is set beyond that is said, and puts what it belongs to in doubt.

use super::{
    Mapper, Resource,
    known::{EVERYWHERE, Listing, further_in, key_of, listing, services_pass, speaks_of_network},
    values,
};
use crate::import::{
    draft::{Key, Matters, NotUnderstood, Source},
    json::{Json, Value},
};

/// What an object holds that refers to another resource, which may be described beside its id.
const REFERENCE: &[&str] = &[
    "type",
    "resourcegroup",
    "subscriptionid",
    "sku",
    "zones",
    "kind",
    "tags",
    "properties",
    "identity",
    "extendedlocation",
];

/// Lists of which the mapping reads the first item: more than one are said. `[]` stands for every item of a list.
const SINGLE: &[(&str, &str)] = &[
    ("microsoft.network/virtualnetworks/subnets", "delegations"),
    ("microsoft.network/loadbalancers", "loadBalancingRules[].backendAddressPools"),
    ("microsoft.network/loadbalancers", "outboundRules[].frontendIPConfigurations"),
    ("microsoft.network/privatelinkservices", "loadBalancerFrontendIpConfigurations"),
    ("microsoft.network/privateendpoints", "privateLinkServiceConnections"),
    ("microsoft.network/privateendpoints", "manualPrivateLinkServiceConnections"),
    ("microsoft.network/dnsresolvers/inboundendpoints", "ipConfigurations"),
    ("microsoft.network/applicationgateways", "gatewayIPConfigurations"),
    ("microsoft.network/networkmanagers/connectivityconfigurations", "hubs"),
    ("microsoft.containerinstance/containergroups", "subnetIds"),
];

/// Reports what a resource sets and its mapping does not read, in whatever object inside it.
pub(super) fn unread(resource: &Resource, matters: &Matters, mapper: &mut Mapper<'_>) {
    let kind = resource.id.kind.as_str();
    // Of the settings of apps, those of the site itself decide.
    if kind.ends_with("/config") && !resource.id.name().eq_ignore_ascii_case("web") {
        return;
    }
    let Some(key) = key_of(kind) else { return };
    let mut found = Vec::new();
    let own = resource.full_id.as_str();
    if let Some(properties) = resource.body.get("properties") {
        let mut search = Search { own, found: &mut found };
        search.value("resource", "properties", properties, || "properties".to_owned());
        search.object(properties, &key, "properties");
    }
    Search { own, found: &mut found }.object(&resource.body, "resource", "");
    found.into_iter().for_each(|found| say(resource, found, matters, mapper));
    for (_, path) in SINGLE.iter().filter(|(owner, _)| *owner == kind) {
        let lists: Vec<&Json> = match path.split_once("[].") {
            Some((outer, inner)) => {
                let parts = resource.items(outer).iter();
                parts.filter_map(|p| p.get("properties").unwrap_or(p).at(inner)).collect()
            }
            None => resource.prop(path).into_iter().collect(),
        };
        if lists.iter().any(|l| l.items().len() > 1) {
            mapper.unmodelled(resource, path, "more than one of these are not modelled", matters.clone());
        }
    }
}

/// Interfaces that a machine or scale set describes itself.
pub(super) fn interface(resource: &Resource, interface: &Json, matters: &Matters, mapper: &mut Mapper<'_>) {
    let path = format!("networkInterfaceConfigurations.{}", interface.str_at("name").unwrap_or_default());
    let mut found = Vec::new();
    let mut search = Search { own: &resource.full_id, found: &mut found };
    search.object(interface, "microsoft.compute/networkinterfaceconfigurations", &path);
    found.into_iter().for_each(|found| say(resource, found, matters, mapper));
}

/// What is not read of a setting.
struct Found<'j> {
    /// The path to it.
    path: String,
    /// Its value.
    value: &'j Json,
    why: String,
}

/// A walk through the objects of a resource, for what no list names.
struct Search<'f, 'j> {
    /// The id of the resource.
    own: &'f str,
    /// What was found.
    found: &'f mut Vec<Found<'j>>,
}

impl<'j> Search<'_, 'j> {
    /// An object with the list of a key, a type and the path inside it.
    fn object(&mut self, object: &'j Json, key: &str, path: &str) {
        let Listing { key, row, loose } = listing(key);
        let outer = key.rsplit([' ', '.', '/']).next().unwrap_or_default();
        for (name, value) in object.fields() {
            let word = name.to_lowercase();
            let path = || if path.is_empty() { name.to_string() } else { format!("{path}.{name}") };
            // Off or not, a name that was meant to be another one sets what nobody reads.
            let meant = || row.and_then(|r| r.resembled(&word));
            match row {
                _ if word == "id" && !loose => self.value(outer, "id", value, path),
                _ if EVERYWHERE.contains(&word.as_str()) => {}
                Some(row) if row.reads(&word).is_some() => {
                    self.value(outer, &word, value, path);
                    self.inside(value, key, row.reads(&word).unwrap_or_default(), path);
                }
                // Parts keep their settings one level further in.
                Some(_) if word == "properties" && key.contains([' ', '/']) => {
                    self.value(outer, &word, value, path);
                    self.object(value, key, &path());
                }
                Some(row) if row.parts.contains(&word.as_str()) => self.value(outer, "parts", value, path),
                Some(row) if row.passes(&word) => {}
                None if !loose && self.refers(object, &word) => {}
                _ if loose && !speaks_of_network(&word) && meant().is_none() => self.inside(value, key, &word, path),
                None if loose && services_pass(&word) => {}
                _ if is_empty(value) && meant().is_none() => {}
                _ => {
                    let hint = meant().map_or_else(String::new, |known| format!("; it resembles `{known}`"));
                    let why = format!("this setting is not read, and it could matter{hint}");
                    self.found.push(Found { path: path(), value, why });
                }
            }
        }
    }

    /// The value of a property that is read; `outer` is what the object around it is called.
    fn value(&mut self, outer: &str, name: &str, value: &'j Json, path: impl FnOnce() -> String) {
        let why = values::misfit(outer, name, value);
        self.found.extend(why.map(|why| Found { path: path(), value, why }));
    }

    /// The objects of a property that is read.
    fn inside(&mut self, value: &'j Json, key: &str, name: &str, path: impl FnOnce() -> String) {
        let is_object = |json: &Json| matches!(json.value, Value::Object(_));
        if !is_object(value) && !value.items().iter().any(is_object) {
            return;
        }
        let (inner, path) = (further_in(key, name), path());
        if is_object(value) {
            return self.object(value, &inner, &path);
        }
        for (number, item) in value.items().iter().enumerate().filter(|(_, i)| is_object(i)) {
            self.object(item, &inner, &format!("{path}[{number}]"));
        }
    }

    /// Whether a word belongs to a reference to another resource. What stands beside the id of a part is the part's own.
    fn refers(&self, object: &Json, word: &str) -> bool {
        let id = object.str_at("id").map(str::to_lowercase);
        let other = id.is_some_and(|id| !id.starts_with(&self.own.to_lowercase()));
        REFERENCE.contains(&word) && (word != "properties" || other)
    }
}

/// Settings of services that decide about what they call themselves, and not about who reaches them.
const CALLS: [&str; 1] = ["restrictoutboundnetworkaccess"];

/// Where a setting at a path matters, if what it belongs to matters.
pub(super) fn matters_at(kind: &str, path: &str, matters: &Matters) -> Matters {
    let Matters::Item(key) = matters else { return matters.clone() };
    let path = path.to_lowercase();
    let setting = path.strip_prefix("properties.").unwrap_or(&path);
    let last = setting.rsplit('.').next().unwrap_or_default();
    let first = setting.split(['.', '[']).next().unwrap_or_default();
    // What a managed network leads to by endpoints of its own.
    const MANAGED: [&str; 5] =
        ["managednetwork", "storageaccount", "keyvault", "containerregistry", "applicationinsights"];
    match key.collection {
        "virtual_networks" if first == "dhcpoptions" => Matters::Answers(key.clone()),
        "virtual_machines" | "secondary_interfaces" if path.contains("dnssettings") => Matters::Answers(key.clone()),
        "subnets" if first == "routetable" => Matters::Routes(key.clone()),
        "services" if CALLS.contains(&last) => Matters::Calls(key.clone()),
        "services" if first == "virtualnetworksubnetid" && kind.starts_with("microsoft.web/") => {
            Matters::CallsElsewhere(key.clone())
        }
        "machine_learning_workspaces" if MANAGED.contains(&first) => Matters::Place(key.clone()),
        "services" | "machine_learning_workspaces" if last == "publicnetworkaccess" => {
            at_public_door(kind, key, Matters::Public)
        }
        "services" if is_public_rule(kind, setting) => at_public_door(kind, key, Matters::PublicRules),
        // Any network could be joined.
        "virtual_hub_connections" | "virtual_network_peerings" if first == "remotevirtualnetwork" => {
            Matters::Everywhere
        }
        // Rules for its members, and against others, are at whoever it meets.
        "virtual_machines" | "secondary_interfaces" if setting.contains("applicationsecuritygroups") => {
            Matters::All(vec![matters.clone(), Matters::Address(key.clone())])
        }
        "virtual_machines" | "secondary_interfaces" if POOLS.iter().any(|p| setting.contains(p)) => {
            Matters::All(vec![matters.clone(), Matters::SomePool])
        }
        _ if leads_to_addresses(setting) => Matters::All(vec![matters.clone(), Matters::SomeAddress]),
        _ => matters.clone(),
    }
}

/// Settings that make an interface a member of pools, or name one that may be.
const POOLS: [&str; 3] =
    ["loadbalancerbackendaddresspools", "applicationgatewaybackendaddresspools", "networkprofile.networkinterfaces"];

/// Whether a setting names a public address, or holds one that does.
fn leads_to_addresses(setting: &str) -> bool {
    let last = setting.rsplit('.').next().unwrap_or_default();
    let last = last.split('[').next().unwrap_or_default();
    let named = setting.contains("publicipaddress.") || setting.contains("publicipaddresses[");
    let whole =
        ["ipconfigurations", "frontendipconfigurations", "publicipaddress", "publicipaddresses"].contains(&last);
    named || whole || last == "properties" && setting.contains("ipconfigurations[")
}

/// Whether a setting in lower case is about the rules by which a service lets callers in at its public address.
fn is_public_rule(kind: &str, setting: &str) -> bool {
    const PARTS: [&str; 2] = ["/firewallrules", "/virtualnetworkrules"];
    const RULES: [&str; 8] = [
        "networkacl",
        "networkruleset",
        "iprules",
        "virtualnetworkrules",
        "iprangefilter",
        "isvirtualnetworkfilterenabled",
        "ipsecurityrestrictions",
        "scmipsecurityrestrictions",
    ];
    let setting = setting.strip_prefix("siteconfig.").unwrap_or(setting);
    PARTS.iter().any(|p| kind.ends_with(p)) || RULES.iter().any(|r| setting.starts_with(r))
}

/// Where rules matter by which a service of a type lets callers in at its public address.
pub(super) fn at_public_door(kind: &str, key: &Key, place: fn(Key) -> Matters) -> Matters {
    // Those of SignalR name private endpoints, too.
    match kind.starts_with("microsoft.signalrservice/") {
        true => Matters::Item(key.clone()),
        false => place(key.clone()),
    }
}

fn say(resource: &Resource, found: Found<'_>, matters: &Matters, mapper: &mut Mapper<'_>) {
    let Found { path, value, why } = found;
    mapper.draft.not_understood(NotUnderstood {
        kind: format!("{} {path}", resource.id.kind),
        name: resource.id.name().to_owned(),
        why,
        source: Source { address: format!("{}.{path}", resource.source.address), span: value.span },
        matters: matters_at(&resource.id.kind, &path, matters),
    });
}

/// Whether a value sets nothing.
fn is_empty(value: &Json) -> bool {
    match &value.value {
        Value::Null => true,
        Value::Text(text) => text.is_empty(),
        Value::List(items) => items.is_empty(),
        Value::Object(fields) => fields.iter().all(|(_, v)| is_empty(v)),
        // What only a deployment tells, and what is secret, is reported with its own reason.
        Value::Unknown(_) | Value::Secret => true,
        Value::Bool(_) | Value::Int(_) | Value::Float(_) => false,
    }
}
