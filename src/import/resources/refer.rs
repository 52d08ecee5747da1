//! References and lists of ARM as nodes of the draft.

use crate::import::{
    draft::{Key, Node, Tree},
    json::Json,
};

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

/// DNS servers of a list. Azure's own may be called by a word.
pub(super) fn servers(json: Option<&Json>) -> Option<Node> {
    let mut list = scalars(json)?;
    if let Tree::List(items) = &mut list.tree {
        for item in items {
            if matches!(&item.tree, Tree::Text(text) if text.eq_ignore_ascii_case("AzureProvidedDNS")) {
                item.tree = Tree::Text("168.63.129.16".to_owned());
            }
        }
    }
    Some(list)
}
