//! Azure resources to items of the draft: one function per resource type over ARM's own JSON, whatever file held it.
//!
//! Templates, `az` output and Resource Graph all give resources in this form; each family of types has a file.

mod addresses;
mod application_gateways;
mod compute;
mod dns;
mod firewalls;
mod gateways;
mod manager;
mod network;
mod private_link;
mod services;
mod settings;
mod settle;
mod workspaces;

use super::{
    draft::{Draft, Item, Key, Matters, Node, NotUnderstood, Source, Standing},
    ids::ArmId,
    json::{Json, Value},
};
use std::collections::BTreeMap;

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
        let part = Resource { id: ArmId::parse(&full_id)?, full_id, body: part.clone(), source, existing: false };
        if let Some(key) = self.current.clone() {
            settings::unread(&part, &Matters::Item(key), self);
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

/// Resource types in lower case, and what maps them.
const FAMILIES: &[&[(&str, Map)]] = &[
    network::TYPES,
    addresses::TYPES,
    gateways::TYPES,
    firewalls::TYPES,
    compute::TYPES,
    application_gateways::TYPES,
    dns::TYPES,
    services::TYPES,
    workspaces::TYPES,
    private_link::TYPES,
    manager::TYPES,
];

/// The reference in an object `{ "id": … }`.
pub(super) fn id_of(json: Option<&Json>) -> Option<(&str, crate::diag::Span)> {
    let id = json?.get("id")?;
    Some((id.as_str()?, id.span))
}

/// A reference by name to the resource of an object `{ "id": … }`.
pub(super) fn name_of(json: Option<&Json>, collection: &'static str) -> Option<Node> {
    id_of(json).map(|(id, span)| Node::name_of(Key::new(collection, id), span))
}

/// A reference as `parent/name` to the resource of an object `{ "id": … }`.
pub(super) fn path_of(json: Option<&Json>, collection: &'static str) -> Option<Node> {
    id_of(json).map(|(id, span)| Node::path_of(Key::new(collection, id), span))
}

/// The last name of the id in an object `{ "id": … }`: parts of one resource refer to each other by it.
pub(super) fn last_of(json: Option<&Json>) -> Option<Node> {
    id_of(json).and_then(|(id, span)| Some(Node::text(id.rsplit('/').next()?, span)))
}

/// The subnet of an IP configuration's properties.
pub(super) fn subnet_of(properties: Option<&Json>) -> Option<Node> {
    path_of(properties?.at("subnet"), "subnets")
}

/// A list, if anything is in it.
pub(super) fn list_of(items: impl IntoIterator<Item = Node>) -> Option<Node> {
    let items: Vec<Node> = items.into_iter().collect();
    let span = items.first()?.span;
    Some(Node::list(items, span))
}

/// The scalars of a list.
pub(super) fn scalars(json: Option<&Json>) -> Option<Node> {
    let list = json?;
    let items: Vec<Node> = list.items().iter().filter_map(Node::scalar).collect();
    (!items.is_empty()).then(|| Node::list(items, list.span))
}

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
    "microsoft.network/applicationgatewaywebapplicationfirewallpolicies",
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
    // Parts of services hold data and settings of data; those that decide about traffic have a mapping.
    let mut segments = kind.match_indices('/').map(|(i, _)| i);
    let part_of_service = segments.nth(1).and_then(|end| kind.get(..end)).is_some_and(services::is_service);
    listed || part_of_service
}

/// Maps every resource into the draft: family by family, because later ones ask what earlier ones declared, and parents
/// before their parts.
pub(super) fn map(resources: &[Resource], draft: &mut Draft) {
    let all: BTreeMap<String, &Resource> =
        resources.iter().map(|r| (r.full_id.trim_end_matches('/').to_lowercase(), r)).collect();
    let mut table: BTreeMap<&str, (usize, Map)> = BTreeMap::new();
    for (rank, family) in FAMILIES.iter().enumerate() {
        table.extend(family.iter().map(|(kind, map)| (*kind, (rank, *map))));
    }
    let entry = |kind: &str| match table.get(kind) {
        Some(found) => Some(*found),
        // Services come before their parts, and before endpoints that lead to them.
        None if services::is_service(kind) => Some((6, services::service as Map)),
        None => None,
    };
    let mut ordered: Vec<(Option<(usize, Map)>, &Resource)> =
        resources.iter().filter(|r| !r.existing).map(|r| (entry(&r.id.kind), r)).collect();
    ordered.sort_by_key(|(e, r)| (e.map_or(usize::MAX, |(rank, _)| rank), r.id.names.len()));
    let mut mapper = Mapper { draft, all: &all, gateway_members: Vec::new(), current: None };
    let mut parts = Vec::new();
    for (entry, resource) in ordered {
        if let Some(location) = resource.body.str_at("location").filter(|l| !l.eq_ignore_ascii_case("global")) {
            mapper.draft.location(location);
        }
        let kind = resource.id.kind.as_str();
        mapper.current = None;
        let before = mapper.draft.not_understood.len();
        match entry {
            Some((_, map)) => {
                map(resource, &mut mapper);
                match mapper.current.clone() {
                    Some(key) => {
                        settle::unknowns(resource, &Matters::Item(key.clone()), &mut mapper);
                        settings::unread(resource, &Matters::Item(key), &mut mapper);
                    }
                    // Others read it; what it belongs to may come later.
                    None => parts.push(resource),
                }
                let whole = mapper.draft.not_understood.len() == before;
                mapper.draft.count(kind, if whole { Standing::Understood } else { Standing::NotUnderstood });
            }
            None if is_beside(kind) => mapper.draft.count(kind, Standing::Beside),
            None => {
                mapper.draft.count(kind, Standing::NotUnderstood);
                let (why, matters) = place_of(resource);
                mapper.draft.not_understood(NotUnderstood {
                    kind: kind.to_owned(),
                    name: resource.id.name().to_owned(),
                    why: why.to_owned(),
                    source: resource.source.clone(),
                    matters,
                });
            }
        }
    }
    for (resource, matters) in parts.iter().zip(settle::owners(&parts, &mapper)) {
        settle::unknowns(resource, &matters, &mut mapper);
        settings::unread(resource, &matters, &mut mapper);
    }
    settle::addresses(&mut mapper);
}

/// Where a resource of a type that is not known could matter.
fn place_of(resource: &Resource) -> (&'static str, Matters) {
    if let Some(subnet) = subnet_in(&resource.body) {
        return ("its type is not modelled, and it stands in a subnet", Matters::Subnet(Key::new("subnets", &subnet)));
    }
    match resource.id.kind.starts_with("microsoft.network/") {
        true => ("its type is not modelled, and it belongs to the network", Matters::Everywhere),
        false => ("its type is not modelled; it names no subnet", Matters::No),
    }
}

/// The first id of a subnet inside a value.
fn subnet_in(json: &Json) -> Option<String> {
    match &json.value {
        Value::Text(text) => ArmId::parse(text)
            .filter(|id| id.kind == "microsoft.network/virtualnetworks/subnets")
            .map(|_| text.to_string()),
        Value::List(items) => items.iter().find_map(subnet_in),
        Value::Object(fields) => fields.iter().find_map(|(_, v)| subnet_in(v)),
        _ => None,
    }
}
