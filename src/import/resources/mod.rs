//! Azure resources to items of the draft: one function per resource type over ARM's own JSON, whatever file held it.
//!
//! Templates, `az` output and Resource Graph all give resources in this form; each family of types has a file.

mod addresses;
mod application_gateways;
mod apps;
mod clusters;
mod compute;
mod dns;
mod firewalls;
mod gateways;
mod known;
mod manager;
mod members;
mod network;
mod outside;
mod places;
mod policies;
mod private_link;
mod refer;
mod service_rules;
mod services;
mod settings;
mod settle;
mod state;
mod values;
mod web_firewalls;
mod workspaces;

use self::{
    known::Place,
    places::places_of,
    refer::{id_of, last_of, list_of, name_of, path_of, scalars, servers, subnet_of},
};
pub(super) use self::{
    known::speaks_of_network, places::ELEMENTS, private_link::target, services::is_service, values::turns_off,
};

use super::{
    draft::{Draft, Item, Key, Matters, Node, NotUnderstood, Source, Standing},
    ids::ArmId,
    json::{Json, Value},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

/// A resource in ARM's form, with every expression evaluated.
#[derive(Debug, Clone)]
pub struct Resource {
    /// Its id.
    pub id: ArmId,
    /// The id as text.
    pub full_id: String,
    /// The resource object: `properties`, `sku`, `identity` and so on.
    pub body: Json,
    /// Where it was read.
    pub source: Source,
    /// Whether the file only refers to it.
    pub existing: bool,
    /// Whether Azure itself said it, so that what it tells of its state holds.
    pub live: bool,
    /// Why it may not exist, or more than once.
    pub doubt: Option<Rc<str>>,
    /// Which deployment of a template made it.
    pub deployment: Option<usize>,
}

impl Resource {
    /// Its key in a collection.
    #[must_use]
    pub fn key(&self, collection: &'static str) -> Key {
        Key::new(collection, &self.full_id)
    }

    /// A property.
    #[must_use]
    pub fn prop(&self, path: &str) -> Option<&Json> {
        self.body.at("properties")?.at(path)
    }

    /// How many properties it has.
    pub(super) fn prop_count(&self) -> usize {
        self.body.get("properties").map_or(0, |p| p.fields().len())
    }

    /// A property that is text.
    #[must_use]
    pub fn str(&self, path: &str) -> Option<&str> {
        self.prop(path).and_then(Json::as_str)
    }

    /// A property as a scalar.
    #[must_use]
    pub fn scalar(&self, path: &str) -> Option<Node> {
        self.prop(path).and_then(Node::scalar)
    }

    /// The items of a property that is a list.
    #[must_use]
    pub fn items(&self, path: &str) -> &[Json] {
        self.prop(path).map_or(&[], Json::items)
    }

    /// The key of the resource that this one is part of.
    #[must_use]
    pub fn parent(&self, collection: &'static str) -> Key {
        Key::new(collection, &self.id.parent().unwrap_or_default())
    }
}

/// Everything a mapping may need: the draft, and all resources by id.
pub(super) struct Mapper<'a> {
    /// The draft to fill.
    pub(super) draft: &'a mut Draft,
    /// All resources by id in lower case.
    pub(super) all: &'a BTreeMap<String, &'a Resource>,
    /// Members of application gateway pools by the pool's id: an address, or the machine that has it.
    pub(super) gateway_members: Vec<(String, Result<Node, Key>)>,
    /// Records that take the address of a private endpoint, with the endpoint and the place that says so.
    pub(super) endpoint_records: Vec<(Key, Key, crate::diag::Span)>,
    /// Inbound NAT rules by their ids, until an interface names them: their balancer, name and rule.
    pub(super) nat_rules: BTreeMap<String, (Key, String, Node)>,
    /// The first item that the current resource became.
    current: Option<Key>,
}

impl<'a> Mapper<'a> {
    /// Another resource of the input.
    pub(super) fn find(&self, id: &str) -> Option<&'a Resource> {
        self.all.get(&id.trim_end_matches('/').to_lowercase()).copied()
    }

    /// The item of a resource, made if it is new.
    pub(super) fn item(&mut self, resource: &Resource, collection: &'static str) -> &mut Item {
        let key = resource.key(collection);
        self.current.get_or_insert_with(|| key.clone());
        let item = self.draft.item(&key, resource.id.name(), &resource.source);
        item.qualifier = resource.id.group().map(str::to_owned);
        item
    }

    /// The item of a resource that is part of another.
    pub(super) fn child(
        &mut self,
        resource: &Resource,
        collection: &'static str,
        parent: &'static str,
        field: &'static str,
    ) -> &mut Item {
        let parent = resource.parent(parent);
        self.current.get_or_insert_with(|| resource.key(collection));
        self.draft.child(&resource.key(collection), resource.id.name(), &parent, field, &resource.source)
    }

    /// A part that is written inside its parent's properties, as an object with `name` and `properties`.
    pub(super) fn inline(
        &mut self,
        part: &Json,
        path: &str,
        number: usize,
        owner: &Resource,
        segment: &str,
    ) -> Option<Resource> {
        let name = match part.get("name").map(|n| &n.value) {
            Some(Value::Text(name)) => name.to_string(),
            _ => match part.str_at("id").and_then(ArmId::parse) {
                Some(id) => id.name().to_owned(),
                None => format!("{}-{number}", segment.trim_end_matches('s')),
            },
        };
        let full_id = format!("{}/{segment}/{name}", owner.full_id.trim_end_matches('/'));
        let source =
            Source { address: format!("{}.properties.{path}[{number}]", owner.source.address), span: part.span };
        let part = Resource {
            id: ArmId::parse(&full_id)?,
            full_id,
            body: part.clone(),
            source,
            existing: false,
            live: owner.live,
            doubt: None,
            deployment: None,
        };
        if let Some(key) = self.current.clone() {
            let matters = Matters::Item(key);
            settings::unread(&part, &matters, self);
            state::doubts(&part, &matters, self);
        }
        Some(part)
    }

    /// Reports a setting that is not modelled.
    pub(super) fn unmodelled(&mut self, resource: &Resource, what: &str, why: &str, matters: Matters) {
        self.draft.not_understood(NotUnderstood {
            kind: format!("{} {what}", resource.id.kind),
            name: resource.id.name().to_owned(),
            why: why.to_owned(),
            source: resource.source.clone(),
            matters,
        });
    }
}

/// Maps one resource.
type Map = fn(&Resource, &mut Mapper<'_>);

/// The rank of services among the families: before their parts, and before endpoints that lead to them.
const SERVICES: usize = 7;

/// After all families.
const LAST: usize = 100;

/// Resource types in lower case, and what maps them.
const FAMILIES: &[&[(&str, Map)]] = &[
    network::TYPES,
    addresses::TYPES,
    gateways::TYPES,
    firewalls::TYPES,
    compute::TYPES,
    application_gateways::TYPES,
    web_firewalls::TYPES,
    clusters::TYPES,
    dns::TYPES,
    services::INTEGRATIONS,
    services::TYPES,
    service_rules::TYPES,
    workspaces::TYPES,
    private_link::TYPES,
    manager::TYPES,
    policies::TYPES,
];

/// Types that carry no traffic, filter none and answer no names.
const BESIDE: &[&str] = &[
    "microsoft.authorization/",
    "microsoft.insights/",
    "microsoft.operationalinsights/",
    "microsoft.operationsmanagement/",
    "microsoft.managedidentity/",
    "microsoft.policyinsights/",
    "microsoft.advisor/",
    "microsoft.alertsmanagement/",
    "microsoft.automation/automationaccounts/",
    "microsoft.compute/availabilitysets",
    "microsoft.compute/disks",
    "microsoft.compute/diskencryptionsets",
    "microsoft.compute/galleries",
    "microsoft.compute/images",
    "microsoft.compute/proximityplacementgroups",
    "microsoft.compute/snapshots",
    "microsoft.compute/sshpublickeys",
    "microsoft.compute/virtualmachines/",
    "microsoft.compute/virtualmachinescalesets/extensions",
    "microsoft.consumption/",
    "microsoft.devtestlab/schedules",
    "microsoft.eventgrid/systemtopics",
    "microsoft.network/frontdoorwebapplicationfirewallpolicies",
    "microsoft.network/ddosprotectionplans",
    "microsoft.network/networkwatchers",
    "microsoft.network/dnszones",
    "microsoft.portal/",
    "microsoft.resources/",
    "microsoft.security/",
    "microsoft.support/",
    "microsoft.web/serverfarms",
    "microsoft.web/certificates",
    "microsoft.recoveryservices/vaults/",
    "microsoft.maintenance/",
];

/// Whether a type has no part in reachability.
pub(super) fn is_beside(kind: &str) -> bool {
    let listed = BESIDE.iter().any(|p| kind.starts_with(p));
    // Parts of services hold data and settings of data, unless their own name speaks of the network.
    listed || service_of(kind).is_some() && !speaks_of_network(kind.rsplit('/').next().unwrap_or_default())
}

/// The type of the service that a type is part of.
fn service_of(kind: &str) -> Option<&str> {
    let end = kind.match_indices('/').nth(1)?.0;
    kind.get(..end).filter(|outer| services::is_service(outer))
}

/// Maps every resource into the draft: family by family, because later ones ask what earlier ones declared, and parents
/// before their parts.
pub(super) fn map(resources: &[Resource], draft: &mut Draft) {
    let mut all: BTreeMap<String, &Resource> = BTreeMap::new();
    let mut declared_twice = Vec::new();
    for resource in resources {
        let id = resource.full_id.trim_end_matches('/').to_lowercase();
        let before = all.insert(id.clone(), resource);
        if let Some(before) = before.filter(|b| !b.existing) {
            match resource.existing {
                true => drop(all.insert(id, before)),
                false => declared_twice.extend(twice(before, resource).map(|why| (resource, why))),
            }
        }
    }
    let mut table: BTreeMap<&str, (usize, Map)> = BTreeMap::new();
    for (rank, family) in FAMILIES.iter().enumerate() {
        table.extend(family.iter().map(|(kind, map)| (*kind, (rank, *map))));
    }
    let entry = |kind: &str| match table.get(kind) {
        Some(found) => Some(*found),
        None if services::is_service(kind) => Some((SERVICES, services::service as Map)),
        None if kind.ends_with("/privateendpointconnections") => Some((LAST, state::connection as Map)),
        None if kind.ends_with("/firewallrules") && service_of(kind).is_some() => {
            Some((SERVICES, service_rules::address_rule as Map))
        }
        None => None,
    };
    let mut ordered: Vec<(Option<(usize, Map)>, &Resource)> =
        resources.iter().filter(|r| !r.existing).map(|r| (entry(&r.id.kind), r)).collect();
    ordered.sort_by_key(|(e, r)| (e.map_or(usize::MAX, |(rank, _)| rank), r.id.names.len()));
    // A plan has one resource where Azure has several: the whole stands for its parts.
    let place = |r: &Resource| (r.source.span.file, r.source.address.clone());
    let mut wholes: BTreeMap<_, &Resource> = BTreeMap::new();
    for resource in resources.iter().filter(|r| r.deployment.is_none() && !r.live) {
        let whole = wholes.entry(place(resource)).or_insert(resource);
        if resource.id.names.len() < whole.id.names.len() {
            *whole = resource;
        }
    }
    let mut counted: BTreeSet<String> = BTreeSet::new();
    let mut again: BTreeMap<_, (usize, &Resource)> = BTreeMap::new();
    let mut mapper = Mapper {
        draft,
        all: &all,
        gateway_members: Vec::new(),
        endpoint_records: Vec::new(),
        nat_rules: BTreeMap::new(),
        current: None,
    };
    let mut parts = Vec::new();
    for (entry, resource) in ordered {
        if let Some(at) = resource.body.at("location")
            && let Some(location) = at.as_str().filter(|l| !l.eq_ignore_ascii_case("global"))
        {
            mapper.draft.location(location, at.span);
        }
        let kind = resource.id.kind.as_str();
        let is_part = wholes.get(&place(resource)).is_some_and(|whole| !std::ptr::eq(*whole, resource));
        let is_again = !counted.insert(resource.full_id.trim_end_matches('/').to_lowercase()) && resource.live;
        let counts = !is_part && !is_again;
        if is_again {
            again.entry(resource.source.span.file).or_insert((0, resource)).0 += 1;
        }
        mapper.current = None;
        let before = mapper.draft.not_understood.len();
        match entry {
            Some((_, map)) => {
                map(resource, &mut mapper);
                match mapper.current.clone() {
                    Some(key) => doubts(resource, &Matters::Item(key), &mut mapper),
                    // Others read it; what it belongs to may come later.
                    None => parts.push(resource),
                }
                // What became an item is in the scenario, in doubt or not.
                let known = mapper.current.is_some() || mapper.draft.not_understood.len() == before;
                let standing = if known { Standing::Understood } else { Standing::NotUnderstood };
                if counts {
                    mapper.draft.count(kind, standing, &resource.source);
                }
            }
            None if is_beside(kind) && counts => mapper.draft.count(kind, Standing::Beside, &resource.source),
            None if is_beside(kind) => {}
            None => {
                if counts {
                    mapper.draft.count(kind, Standing::NotUnderstood, &resource.source);
                }
                for (why, matters) in places_of(resource) {
                    mapper.draft.not_understood(NotUnderstood {
                        kind: kind.to_owned(),
                        name: resource.id.name().to_owned(),
                        why,
                        source: resource.source.clone(),
                        matters,
                    });
                }
            }
        }
    }
    let (twice, why): (Vec<&Resource>, Vec<String>) = declared_twice.into_iter().unzip();
    for ((resource, why), matters) in twice.iter().zip(why).zip(settle::owners(&twice, &mapper)) {
        mapper.unmodelled(resource, "", &why, if matters == Matters::No { Matters::Itself } else { matters });
    }
    for (resource, matters) in parts.iter().zip(settle::owners(&parts, &mapper)) {
        doubts(resource, &matters, &mut mapper);
    }
    for (many, first) in again.into_values() {
        let why = match many {
            1 => "one resource of it was read before, and counts once".to_owned(),
            _ => format!("{many} resources of it were read before, and count once"),
        };
        mapper.draft.not_understood(NotUnderstood {
            kind: "export".to_owned(),
            name: String::new(),
            why,
            source: first.source.clone(),
            matters: Matters::No,
        });
    }
    state::both_sides(resources, &mut mapper);
    settle::addresses(&mut mapper);
    compute::guests(&mut mapper);
}

/// What of a resource is not known, not read or not in force, where it matters.
fn doubts(resource: &Resource, matters: &Matters, mapper: &mut Mapper<'_>) {
    if let Some(why) = &resource.doubt {
        mapper.unmodelled(resource, "", why, matters.clone());
    }
    settle::unknowns(resource, matters, mapper);
    outside::doubts(resource, matters, mapper);
    settings::unread(resource, matters, mapper);
    state::doubts(resource, matters, mapper);
}

/// What is wrong with two descriptions of one resource.
fn twice(one: &Resource, other: &Resource) -> Option<String> {
    // What is not modelled is in doubt itself.
    let kind = one.id.kind.as_str();
    let differ = || contradiction(&one.body, &other.body, "", &Place::around(kind)?);
    if let Some(path) = differ() {
        return Some(format!("it is declared twice, and differently ({path}); the last one counts"));
    }
    // Deployments of templates may say the same of one resource, one after the other.
    let chosen = one.doubt.is_some() || other.doubt.is_some();
    let same = !chosen && one.deployment.is_some() && one.deployment == other.deployment;
    same.then(|| "it is declared twice in one template, which Azure refuses".to_owned())
}

/// Where two descriptions of one resource say different things, as far as that has a part in reachability; what one of
/// them leaves out contradicts nothing.
fn contradiction(one: &Json, other: &Json, path: &str, at: &Place) -> Option<String> {
    const TOLD: [&str; 6] = ["etag", "apiversion", "tags", "dependson", "systemdata", "resourceguid"];
    match (&one.value, &other.value) {
        (Value::Object(_), Value::Object(fields)) => {
            let fields = fields.iter().map(|(k, v)| (k, k.to_lowercase(), v));
            let fields = fields.filter(|(_, word, _)| !TOLD.contains(&word.as_str()));
            fields.filter_map(|(k, word, v)| Some((k, one.get(k)?, v, at.under(&word)?))).find_map(|(key, a, b, at)| {
                let path = if path.is_empty() { key.to_string() } else { format!("{path}.{key}") };
                contradiction(a, b, &path, &at)
            })
        }
        (Value::List(a), Value::List(b)) if a.len() == b.len() => {
            let pairs = a.iter().zip(b.iter()).enumerate();
            pairs.into_iter().find_map(|(n, (a, b))| contradiction(a, b, &format!("{path}[{n}]"), at))
        }
        (Value::Null, _) | (_, Value::Null) => None,
        (Value::Text(a), Value::Text(b)) if a.eq_ignore_ascii_case(b) => None,
        (a, b) => (at.counts && a != b).then(|| path.to_owned()),
    }
}
