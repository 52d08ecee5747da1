//! A scenario under construction: what importers fill, whatever they read.
//!
//! Resources are items in collections named as in the scenario format, found by the identifier they have in the source
//! (an ARM id, a plan address). References between them stay identifiers until everything is read, so that files may
//! come in any order; [`super::finish`] turns them into names.

use super::{
    elsewhere::Deployed,
    json::{Json, Value},
};
use crate::diag::{FileId, Span};
use std::collections::{BTreeMap, BTreeSet};

/// Identity of an item: its collection and its identifier in the source, in lower case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// Collection, a key of the scenario format. Items inside others have a collection of their own (`subnets`).
    pub collection: &'static str,
    /// Identifier in the source, in lower case.
    pub id: String,
}

impl Key {
    /// A key; the identifier is compared without regard to case.
    #[must_use]
    pub fn new(collection: &'static str, id: &str) -> Self {
        Self { collection, id: id.trim_end_matches('/').to_lowercase() }
    }
}

/// Where something was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Address for people: a JSON path, a plan address or a resource id.
    pub address: String,
    /// Place in the file.
    pub span: Span,
}

/// A value with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The value.
    pub tree: Tree,
    /// Its place.
    pub span: Span,
    /// Remarks that are written above it.
    pub comments: Vec<String>,
}

/// How a reference is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// The name alone.
    Name,
    /// `parent/name`.
    Path,
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Tree {
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Number(i64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping.
    Map(Vec<(String, Node)>),
    /// Another item.
    Reference(Key, Style),
}

impl Node {
    /// A value at a place.
    #[must_use]
    pub fn new(tree: Tree, span: Span) -> Self {
        Self { tree, span, comments: Vec::new() }
    }

    /// Text at a place.
    #[must_use]
    pub fn text(text: impl Into<String>, span: Span) -> Self {
        Self::new(Tree::Text(text.into()), span)
    }

    /// A truth value at a place.
    #[must_use]
    pub fn flag(value: bool, span: Span) -> Self {
        Self::new(Tree::Bool(value), span)
    }

    /// A list at a place.
    #[must_use]
    pub fn list(items: Vec<Self>, span: Span) -> Self {
        Self::new(Tree::List(items), span)
    }

    /// A mapping at a place.
    #[must_use]
    pub fn map(fields: Vec<(&str, Self)>, span: Span) -> Self {
        Self::new(Tree::Map(fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()), span)
    }

    /// A reference by name.
    #[must_use]
    pub fn name_of(key: Key, span: Span) -> Self {
        Self::new(Tree::Reference(key, Style::Name), span)
    }

    /// A reference as `parent/name`.
    #[must_use]
    pub fn path_of(key: Key, span: Span) -> Self {
        Self::new(Tree::Reference(key, Style::Path), span)
    }

    /// A scalar as the source has it; nothing for what has no value that could be written.
    #[must_use]
    pub fn scalar(json: &Json) -> Option<Self> {
        let tree = match &json.value {
            Value::Bool(b) => Tree::Bool(*b),
            Value::Int(n) => Tree::Number(*n),
            Value::Float(f) => Tree::Text(f.to_string()),
            Value::Text(t) => Tree::Text(t.to_string()),
            _ => return None,
        };
        Some(Self::new(tree, json.span))
    }

    /// Its text, if it is text.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match &self.tree {
            Tree::Text(text) => Some(text),
            _ => None,
        }
    }

    /// What is in it, if it is a list.
    #[must_use]
    pub fn items(&self) -> &[Self] {
        match &self.tree {
            Tree::List(items) => items,
            _ => &[],
        }
    }

    /// The item that it refers to, if it is a reference.
    #[must_use]
    pub fn target(&self) -> Option<&Key> {
        match &self.tree {
            Tree::Reference(to, _) => Some(to),
            _ => None,
        }
    }

    /// Hands over every item that it refers to.
    pub(super) fn references<'n>(&'n self, found: &mut dyn FnMut(&'n Key)) {
        match &self.tree {
            Tree::Reference(key, _) => found(key),
            Tree::List(items) => items.iter().for_each(|i| i.references(found)),
            Tree::Map(fields) => fields.iter().for_each(|(_, n)| n.references(found)),
            _ => {}
        }
    }

    /// Adds a remark.
    #[must_use]
    pub fn comment(mut self, text: impl Into<String>) -> Self {
        self.comments.push(text.into());
        self
    }
}

/// One resource, or a part of one that others refer to.
#[derive(Debug, Clone)]
pub struct Item {
    /// The name it would like to have.
    pub name: String,
    /// A word that tells it from others of that name, for example its resource group.
    pub qualifier: Option<String>,
    /// The item it stands in, and the key there.
    pub parent: Option<(Key, &'static str)>,
    /// Where it was read first.
    pub source: Source,
    /// Whether it is only referred to so far, for example as `existing`.
    pub is_stub: bool,
    /// Keys and values, in the order they are written.
    pub fields: Vec<(String, Node)>,
    /// Remarks.
    pub notes: Vec<String>,
}

impl Item {
    /// Sets a key.
    pub fn set(&mut self, key: &str, node: Node) {
        match self.fields.iter_mut().find(|(k, _)| k == key) {
            Some((_, old)) => *old = node,
            None => self.fields.push((key.to_owned(), node)),
        }
    }

    /// Sets a key if there is a value.
    pub fn set_some(&mut self, key: &str, node: Option<Node>) {
        if let Some(node) = node {
            self.set(key, node);
        }
    }

    /// Adds to a list.
    pub fn push(&mut self, key: &str, node: Node) {
        if let Some((_, list)) = self.fields.iter_mut().find(|(k, _)| k == key)
            && let Tree::List(items) = &mut list.tree
        {
            if !items.iter().any(|i| i.tree == node.tree) {
                items.push(node);
            }
            return;
        }
        let span = node.span;
        self.set(key, Node::list(vec![node], span));
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.fields.iter().find(|(k, _)| k == key).map(|(_, n)| n)
    }

    /// Adds a remark.
    pub fn note(&mut self, text: impl Into<String>) {
        let text = text.into();
        if !self.notes.contains(&text) {
            self.notes.push(text);
        }
    }
}

/// Where something that was not understood could matter for reachability.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Matters {
    /// Nowhere: it carries no traffic and filters none.
    No,
    /// Only where it is asked for itself.
    Itself,
    /// It may own addresses of a subnet, or forward from there.
    Subnet(Key),
    /// It may change what an item does.
    Item(Key),
    /// The address of an item is assumed: what acts by addresses may do something else to it.
    Address(Key),
    /// Where an item stands is in doubt: what reaches it, and what it reaches, may do so elsewhere.
    Place(Key),
    /// It may carry these ports of an item, as `tcp/50000-50099`, where nothing else does.
    Ports(Key, String),
    /// It may change what an item calls, and not who reaches it.
    Calls(Key),
    /// Who answers names to an item is in doubt, and nothing else of it.
    Answers(Key),
    /// Whom an item lets in at its public address is in doubt, and nothing of what private endpoints bring.
    Public(Key),
    /// The same of the rules of that address, which nobody asks where it is switched off.
    PublicRules(Key),
    /// An item calls others from a place that is not modelled; who reaches it is as it would be without.
    CallsElsewhere(Key),
    /// How an item, a network or what joins some, is joined to others is in doubt.
    Links(Key),
    /// Where packets go from an item is in doubt, and so what happens to them there.
    Routes(Key),
    /// It may change what any item of an Azure type does: which one it belongs to is not known.
    AnyOf(String),
    /// It may be a member of any pool.
    SomePool,
    /// It may have any public address that nobody has.
    SomeAddress,
    /// It may be a member of a pool of an application gateway.
    Pool(Key, String),
    /// It may answer names at or below these.
    Names(Vec<String>),
    /// The same by private DNS, which nobody on the internet asks.
    PrivateNames(Vec<String>),
    /// It may answer the names of an item, a service or workspace, by which these of its parts are asked for; of all
    /// its parts, if there are none.
    Target(Key, Vec<String>),
    /// It may decide where names are asked for that the rules of a ruleset are about.
    Rules(Key),
    /// It may own any address that nobody owns, or forward from there: its subnet is not known.
    SomeSubnet,
    /// It may bring routes to any network that has a subnet for gateways.
    Gateways,
    /// In each of these places.
    All(Vec<Matters>),
    /// Anywhere.
    Everywhere,
}

impl Matters {
    /// In both places.
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (one, Self::No) => one,
            (Self::No, other) => other,
            (one, other) if one == other => one,
            (one, other) => Self::All(vec![one, other]),
        }
    }
}

/// Something that was not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotUnderstood {
    /// What it is: a resource type, or a key of one.
    pub kind: String,
    /// Its name, for the model.
    pub name: String,
    /// Why.
    pub why: String,
    /// Where it was read.
    pub source: Source,
    /// Where it could matter.
    pub matters: Matters,
}

/// What became of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is in the scenario.
    Understood,
    /// Its type carries no traffic, filters none and answers no names.
    Beside,
    /// It is not in the scenario, or not wholly.
    NotUnderstood,
}

/// Resources of one type.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Those in the scenario.
    pub understood: usize,
    /// Those whose type has nothing to do with reachability.
    pub beside: usize,
    /// Those that are not in the scenario.
    pub not_understood: usize,
}

/// The scenario under construction.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// Items by key.
    pub(super) items: BTreeMap<Key, Item>,
    /// Further items of resources that became several which are alike, by the first of each.
    pub(super) alike: BTreeMap<Key, Vec<Key>>,
    /// Resources that were counted as understood, and whose items had to be left out since: files and addresses.
    pub(super) left_out: BTreeSet<(FileId, String)>,
    /// Resources that were counted as understood: files and addresses.
    understood: BTreeSet<(FileId, String)>,
    /// Items that were declared, and had to be left out.
    pub(super) gone: BTreeSet<Key>,
    /// Where the template is taken to be deployed.
    pub(super) deployed: Option<Deployed>,
    /// Resources that were counted as not understood, likewise.
    unread: BTreeSet<(FileId, String)>,
    /// What was not understood, in the order it was met.
    pub(super) not_understood: Vec<NotUnderstood>,
    /// Kind, address and reason of what was reported.
    told: BTreeSet<(String, String, String)>,
    /// Resources read, by type: how many, and how many of them were understood.
    pub(super) counts: BTreeMap<String, Count>,
    /// The same by file.
    pub(super) shares: BTreeMap<FileId, Count>,
    /// Regions with the number of resources there, and the place of the first.
    pub(super) locations: BTreeMap<String, (usize, Span)>,
    /// Whether the region of something is known only after deployment, so that none stands for all.
    pub(super) unlocated: bool,
    /// What network interfaces belong to, by their ids.
    pub(super) interfaces: BTreeMap<String, Key>,
    /// What was taken for granted, in words.
    pub(super) assumed: Vec<String>,
    /// The same of single resources, by their addresses in the source.
    pub(super) assumed_of: BTreeMap<String, BTreeSet<String>>,
    /// The cloud, if it is not the public one.
    pub(super) cloud: Option<&'static str>,
}

impl Draft {
    /// The item of a key, made if it is new. What was only referred to before becomes declared.
    pub fn item(&mut self, key: &Key, name: &str, source: &Source) -> &mut Item {
        let item = self.items.entry(key.clone()).or_insert_with(|| Item {
            name: name.to_owned(),
            qualifier: None,
            parent: None,
            source: source.clone(),
            is_stub: true,
            fields: Vec::new(),
            notes: Vec::new(),
        });
        if item.is_stub {
            item.is_stub = false;
            item.source = source.clone();
        }
        item
    }

    /// An item inside another, under a key of it.
    pub fn child(&mut self, key: &Key, name: &str, parent: &Key, field: &'static str, source: &Source) -> &mut Item {
        let parent = (parent.clone(), field);
        let item = self.item(key, name, source);
        item.parent = Some(parent);
        item
    }

    /// The item of a key, if it was read.
    #[must_use]
    pub fn get(&self, key: &Key) -> Option<&Item> {
        self.items.get(key)
    }

    /// The item of a key, to be completed.
    pub fn get_mut(&mut self, key: &Key) -> Option<&mut Item> {
        self.items.get_mut(key)
    }

    /// Counts a resource of a type.
    pub fn count(&mut self, kind: &str, standing: Standing, source: &Source) {
        let file = source.span.file;
        match standing {
            Standing::Understood => drop(self.understood.insert((file, source.address.clone()))),
            Standing::NotUnderstood => drop(self.unread.insert((file, source.address.clone()))),
            Standing::Beside => {}
        }
        let by_kind = self.counts.entry(kind.to_owned()).or_default();
        for count in [by_kind, self.shares.entry(file).or_default()] {
            match standing {
                Standing::Understood => count.understood += 1,
                Standing::Beside => count.beside += 1,
                Standing::NotUnderstood => count.not_understood += 1,
            }
        }
    }

    /// Remembers what a network interface belongs to.
    pub fn interface(&mut self, id: &str, owner: &Key) {
        self.interfaces.insert(id.trim_end_matches('/').to_lowercase(), owner.clone());
    }

    /// Remembers a region.
    pub fn location(&mut self, location: &str, at: Span) {
        self.locations.entry(location.to_lowercase().replace(' ', "")).or_insert((0, at)).0 += 1;
    }

    /// Remembers that an item was left out: if it was a resource of its own, that one is not understood after all. Its
    /// public addresses are not unused for that.
    pub(super) fn lost(&mut self, key: &Key, item: &Item) {
        if !item.is_stub {
            self.gone.insert(key.clone());
        }
        let mut addresses = BTreeSet::new();
        item.fields.iter().for_each(|(_, node)| {
            node.references(&mut |key| {
                if key.collection == "public_ips" {
                    addresses.insert(key.clone());
                }
            });
        });
        for key in addresses {
            self.not_understood(NotUnderstood {
                kind: "public_ips".to_owned(),
                name: key.id.rsplit('/').next().unwrap_or_default().to_owned(),
                why: format!("it belongs to {}, which is left out", item.name),
                source: item.source.clone(),
                matters: Matters::Item(key),
            });
        }
        // What stands inside another resource was never counted itself.
        let place = (item.source.span.file, item.source.address.clone());
        if item.parent.is_none() && !item.is_stub && self.understood.contains(&place) {
            self.left_out.insert(place);
        }
    }

    /// What was reported of a value inside something, by words for the value in a scenario.
    pub(super) fn cause(&mut self, source: &Source, means: &dyn Fn(&str) -> bool) -> Option<&mut NotUnderstood> {
        let inside = |n: &NotUnderstood| {
            let rest =
                n.source.address.strip_prefix(&source.address).filter(|_| n.source.span.file == source.span.file);
            rest.and_then(|r| r.strip_prefix('.')).is_some_and(|r| r.split('.').any(|s| means(&scenario_word(s))))
        };
        self.not_understood.iter_mut().rev().find(|n| inside(n))
    }

    /// How many settings of resources in the scenario are in doubt.
    pub(super) fn doubts(&self) -> usize {
        let of_others = |n: &&NotUnderstood| {
            let place = (n.source.span.file, n.source.address.clone());
            n.matters != Matters::No && !self.unread.contains(&place) && !self.left_out.contains(&place)
        };
        self.not_understood.iter().filter(of_others).count()
    }

    /// Reports something that was not understood, once.
    pub fn not_understood(&mut self, what: NotUnderstood) {
        let told = (what.kind.clone(), what.source.address.clone(), what.why.clone());
        if self.told.insert(told) {
            self.not_understood.push(what);
        }
    }
}

/// What a scenario calls a property: `addressPrefixes[0]` is `address_prefixes`.
fn scenario_word(segment: &str) -> String {
    let name = segment.split('[').next().unwrap_or_default().trim_end_matches(|c: char| c.is_ascii_digit());
    let mut word = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !word.is_empty() {
            word.push('_');
        }
        word.push(c.to_ascii_lowercase());
    }
    word
}
