//! From a draft to a scenario: names instead of identifiers, nothing left dangling.

use super::{
    dangling,
    draft::{Count, Draft, Item, Key, Node, NotUnderstood, Style, Tree},
    unmodelled,
};
use crate::{
    azure::model::Estate,
    diag::{FileId, Span},
    document::{Decode, Shape, TypeInfo},
};
use std::collections::{BTreeMap, BTreeSet};

/// A draft with everything resolved.
#[derive(Debug, Clone)]
pub struct Finished {
    /// Keys of the scenario file with their values.
    pub(super) fields: Vec<(String, Node)>,
    /// How many settings of resources in the scenario are in doubt.
    pub doubts: usize,
    /// What was taken for granted, in words.
    pub assumed: Vec<String>,
    /// What was not understood.
    pub not_understood: Vec<NotUnderstood>,
    /// Resources read by type: how many there are, and how many are of a type that is understood.
    pub counts: BTreeMap<String, Count>,
    /// The same by file, where what had to be left out is not understood.
    pub shares: BTreeMap<FileId, Count>,
    /// What the scenario calls machines, interfaces and subnets, by their ids in the source.
    pub places: BTreeMap<String, String>,
}

/// Resolves a draft. `span` stands for the whole input. What is not modelled is written once it is known what a path can
/// meet: `elements` are the names of that.
pub(super) fn finish(mut draft: Draft, title: &str, span: Span, elements: Option<&BTreeSet<String>>) -> Finished {
    let shapes = Shapes::new();
    shapes.coerce(&mut draft);
    dangling::settle(&mut draft, &shapes);
    let names = names(&draft);
    let mut top: BTreeMap<&str, Vec<(String, Node)>> = BTreeMap::new();
    let mut children: BTreeMap<(&Key, &str), Vec<&Key>> = BTreeMap::new();
    for (key, item) in &draft.items {
        if let Some((parent, field)) = &item.parent {
            children.entry((parent, field)).or_default().push(key);
        }
    }
    let writer = Writer { draft: &draft, names: &names, children: &children };
    for (key, item) in draft.items.iter().filter(|(_, i)| i.parent.is_none()) {
        let name = names.get(key).cloned().unwrap_or_default();
        top.entry(key.collection).or_default().push((name, writer.item(key, item)));
    }
    let mut named = Node::text(title, span);
    named.comments.extend(draft.assumed.iter().map(|text| format!("Assumed: {text}.")));
    let mut fields = vec![("name".to_owned(), named)];
    if let Some(cloud) = draft.cloud {
        fields.push(("cloud".to_owned(), Node::text(cloud, span)));
    }
    if let Some(location) = main_location(&draft) {
        fields.push(("location".to_owned(), location));
    }
    for collection in shapes.collections() {
        if collection == "unmodelled" {
            let unknown = elements.map_or_else(Vec::new, |e| unmodelled::entries(&draft, &names, e));
            if !unknown.is_empty() {
                let node = Node::new(Tree::Map(unknown), span);
                let text = "What was read and is not modelled. Verdicts that it could change come out unknown; remove \
                            an entry once you know that it does not matter.";
                fields.push((collection.to_owned(), node.comment(text)));
            }
        } else if let Some(mut entries) = top.remove(collection) {
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            fields.push((collection.to_owned(), Node::new(Tree::Map(entries), span)));
        }
    }
    let places = places(&draft, &names);
    for (file, _) in &draft.left_out {
        if let Some(count) = draft.shares.get_mut(file).filter(|c| c.understood > 0) {
            count.understood -= 1;
            count.not_understood += 1;
        }
    }
    let doubts = draft.doubts();
    Finished {
        fields,
        doubts,
        assumed: draft.assumed,
        not_understood: draft.not_understood,
        counts: draft.counts,
        shares: draft.shares,
        places,
    }
}

/// Names of what has routes and rules of its own, by ids in the source.
fn places(draft: &Draft, names: &BTreeMap<Key, String>) -> BTreeMap<String, String> {
    const PLACES: [&str; 4] = ["virtual_machines", "secondary_interfaces", "subnets", "private_endpoints"];
    let own = draft.items.keys().filter(|k| PLACES.contains(&k.collection)).map(|k| (&k.id, k));
    let interfaces = draft.interfaces.iter().filter(|(_, k)| draft.items.contains_key(k));
    own.chain(interfaces).map(|(id, key)| (id.clone(), written(key, Style::Path, draft, names))).collect()
}

/// The region that most resources are in.
fn main_location(draft: &Draft) -> Option<Node> {
    let known = draft.locations.iter().filter(|_| !draft.unlocated);
    let most = known.max_by_key(|(name, (uses, _))| (*uses, std::cmp::Reverse(*name)));
    most.map(|(name, (_, at))| Node::text(name.clone(), *at))
}

/// A name for every item, unique among its siblings and the same in every run.
fn names(draft: &Draft) -> BTreeMap<Key, String> {
    // Siblings share a parent and its key, or a collection.
    let mut taken: BTreeSet<(Option<&Key>, &str, String)> = BTreeSet::new();
    let mut names = BTreeMap::new();
    for (key, item) in &draft.items {
        let plain = if item.name.is_empty() || item.name == "<<" { "unnamed".to_owned() } else { item.name.clone() };
        let qualified = item.qualifier.iter().map(|q| format!("{plain}-{q}"));
        let mut wanted = std::iter::once(plain.clone()).chain(qualified).chain((2..).map(|n| format!("{plain}-{n}")));
        let (parent, field) = match &item.parent {
            Some((parent, field)) => (Some(parent), *field),
            None => (None, key.collection),
        };
        let free = wanted.find(|n| taken.insert((parent, field, n.clone())));
        names.insert(key.clone(), free.unwrap_or_default());
    }
    names
}

struct Writer<'d> {
    draft: &'d Draft,
    names: &'d BTreeMap<Key, String>,
    children: &'d BTreeMap<(&'d Key, &'d str), Vec<&'d Key>>,
}

impl Writer<'_> {
    fn item(&self, key: &Key, item: &Item) -> Node {
        let mut fields: Vec<(String, Node)> =
            item.fields.iter().map(|(k, n)| (k.clone(), resolved(n, self.draft, self.names))).collect();
        // What is renamed because its name is taken keeps the name that it answers to.
        let renamed = self.names.get(key).is_some_and(|n| *n != item.name);
        let span = item.source.span;
        match key.collection {
            "private_dns_zones" if renamed => {
                fields.push(("zone_name".to_owned(), Node::text(item.name.clone(), span)))
            }
            "services" if renamed => {
                let values = crate::azure::known_services::own_name_placeholders()
                    .iter()
                    .map(|p| ((*p).to_owned(), Node::text(item.name.clone(), span)));
                fields.push(("name_values".to_owned(), Node::new(Tree::Map(values.collect()), span)));
            }
            _ => {}
        }
        let mut inner: BTreeMap<&str, Vec<(String, Node)>> = BTreeMap::new();
        for ((_, field), keys) in self.children.range((key, "")..).take_while(|((k, _), _)| *k == key) {
            for child in keys {
                let Some(item) = self.draft.items.get(child) else { continue };
                let name = self.names.get(child).cloned().unwrap_or_default();
                inner.entry(field).or_default().push((name, self.item(child, item)));
            }
        }
        for (field, mut entries) in inner {
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            fields.push((field.to_owned(), Node::new(Tree::Map(entries), item.source.span)));
        }
        let mut node = Node::new(Tree::Map(fields), item.source.span);
        // Parts carry an address only where it says more than that of the whole.
        let parent = item.parent.as_ref().and_then(|(p, _)| self.draft.items.get(p));
        let says_more = parent.is_none_or(|p| !item.source.address.starts_with(&p.source.address));
        node.comments.extend(Some(item.source.address.clone()).filter(|a| says_more && !a.is_empty()));
        node.comments.extend(item.notes.iter().cloned());
        node.comments.extend(self.draft.assumed_of.get(&item.source.address).into_iter().flatten().cloned());
        node
    }
}

pub(super) fn written(key: &Key, style: Style, draft: &Draft, names: &BTreeMap<Key, String>) -> String {
    let name = names.get(key).cloned().unwrap_or_default();
    let parent = draft.items.get(key).and_then(|i| i.parent.as_ref()).and_then(|(p, _)| names.get(p));
    match (style, parent) {
        (Style::Path, Some(parent)) => format!("{parent}/{name}"),
        _ => name,
    }
}

fn resolved(node: &Node, draft: &Draft, names: &BTreeMap<Key, String>) -> Node {
    let tree = match &node.tree {
        Tree::Reference(key, style) => Tree::Text(written(key, *style, draft, names)),
        Tree::List(items) => Tree::List(items.iter().map(|n| resolved(n, draft, names)).collect()),
        Tree::Map(fields) => Tree::Map(fields.iter().map(|(k, n)| (k.clone(), resolved(n, draft, names))).collect()),
        plain => plain.clone(),
    };
    Node { tree, span: node.span, comments: node.comments.clone() }
}

/// Records of the scenario format, by where they stand.
pub(super) struct Shapes(TypeInfo);

impl Shapes {
    pub(super) fn new() -> Self {
        match Estate::shape() {
            Shape::Record(info) => Self(info()),
            _ => Self(TypeInfo { name: "", doc: "", fields: Vec::new }),
        }
    }

    fn collections(&self) -> Vec<&'static str> {
        (self.0.fields)().iter().filter(|f| matches!(f.shape, Shape::Map(_))).map(|f| f.key).collect()
    }

    /// The record that an item is written as.
    pub(super) fn of(&self, draft: &Draft, key: &Key, item: &Item) -> Option<TypeInfo> {
        match &item.parent {
            None => Self::inside(&self.0, key.collection),
            Some((parent, field)) => {
                let outer = self.of(draft, parent, draft.items.get(parent)?)?;
                Self::inside(&outer, field)
            }
        }
    }

    /// Azure takes numbers and truth values as text, too; a scenario does not.
    fn coerce(&self, draft: &mut Draft) {
        let found: Vec<(Key, TypeInfo)> =
            draft.items.iter().filter_map(|(k, i)| Some((k.clone(), self.of(draft, k, i)?))).collect();
        for (key, info) in found {
            if let Some(item) = draft.items.get_mut(&key) {
                fields_as(&mut item.fields, &info);
            }
        }
    }

    fn inside(outer: &TypeInfo, field: &str) -> Option<TypeInfo> {
        let field = (outer.fields)().into_iter().find(|f| f.key == field)?;
        let mut shape = field.shape;
        while let Shape::Map(inner) | Shape::List(inner) = shape {
            shape = inner();
        }
        match shape {
            Shape::Record(info) => Some(info()),
            _ => None,
        }
    }
}

fn fields_as(fields: &mut [(String, Node)], info: &TypeInfo) {
    for declared in (info.fields)() {
        if let Some((_, node)) = fields.iter_mut().find(|(k, _)| k == declared.key) {
            value_as(node, declared.shape);
        }
    }
}

fn value_as(node: &mut Node, shape: Shape) {
    match (&mut node.tree, shape) {
        (Tree::Text(text), Shape::Number(_)) => {
            if let Ok(number) = text.trim().parse() {
                node.tree = Tree::Number(number);
            }
        }
        (Tree::Text(text), Shape::Bool) => match text.to_lowercase().as_str() {
            "true" => node.tree = Tree::Bool(true),
            "false" => node.tree = Tree::Bool(false),
            _ => {}
        },
        // The platform writes ranges with blanks.
        (Tree::Text(text), Shape::TextOrNumber(_)) => *text = text.trim().to_owned(),
        (Tree::Number(number), Shape::Text(_)) => node.tree = Tree::Text(number.to_string()),
        (Tree::List(items), Shape::List(inner)) => items.iter_mut().for_each(|i| value_as(i, inner())),
        (Tree::Map(entries), Shape::Map(inner)) => entries.iter_mut().for_each(|(_, n)| value_as(n, inner())),
        (Tree::Map(fields), Shape::Record(info)) => fields_as(fields, &info()),
        _ => {}
    }
}
