//! Azure resources to items of the draft: one function per resource type over ARM's own JSON, whatever file held it.
//!
//! Templates, `az` output and Resource Graph all give resources in this form; each family of types has a file.

mod network;

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

/// What a mapping fills.
pub(super) struct Mapper<'a> {
    /// The draft to fill.
    pub(super) draft: &'a mut Draft,
}

impl Mapper<'_> {
    /// The item of a resource, made if it is new.
    pub(super) fn item(&mut self, resource: &Resource, collection: &'static str) -> &mut Item {
        let key = resource.key(collection);
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
        Some(Resource { id: ArmId::parse(&full_id)?, full_id, body: part.clone(), source, existing: false })
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
const FAMILIES: &[&[(&str, Map)]] = &[network::TYPES];

/// The reference in an object `{ "id": … }`.
pub(super) fn id_of(json: Option<&Json>) -> Option<(&str, crate::diag::Span)> {
    let id = json?.get("id")?;
    Some((id.as_str()?, id.span))
}

/// A reference by name to the resource of an object `{ "id": … }`.
pub(super) fn name_of(json: Option<&Json>, collection: &'static str) -> Option<Node> {
    id_of(json).map(|(id, span)| Node::name_of(Key::new(collection, id), span))
}

/// The scalars of a list.
pub(super) fn scalars(json: Option<&Json>) -> Option<Node> {
    let list = json?;
    let items: Vec<Node> = list.items().iter().filter_map(Node::scalar).collect();
    (!items.is_empty()).then(|| Node::list(items, list.span))
}

/// Maps every resource into the draft. Parents come before their parts, and files in the order they were given.
pub(super) fn map(resources: &[Resource], draft: &mut Draft) {
    let table: BTreeMap<&str, Map> = FAMILIES.iter().flat_map(|f| f.iter().copied()).collect();
    let mut ordered: Vec<&Resource> = resources.iter().filter(|r| !r.existing).collect();
    ordered.sort_by_key(|r| r.id.names.len());
    let mut mapper = Mapper { draft };
    for resource in ordered {
        if let Some(location) = resource.body.str_at("location") {
            mapper.draft.location(location);
        }
        match table.get(resource.id.kind.as_str()) {
            Some(map) => {
                map(resource, &mut mapper);
                mapper.draft.count(&resource.id.kind, Standing::Understood);
            }
            None => {
                mapper.draft.count(&resource.id.kind, Standing::NotUnderstood);
                let (why, matters) = place_of(resource);
                mapper.draft.not_understood(NotUnderstood {
                    kind: resource.id.kind.clone(),
                    name: resource.id.name().to_owned(),
                    why: why.to_owned(),
                    source: resource.source.clone(),
                    matters,
                });
            }
        }
    }
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
