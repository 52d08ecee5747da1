//! What a resource says of its own state: whether it runs, whether its last change failed, and what its target says of a
//! connection.

use super::{Mapper, Resource, id_of};
use crate::import::{
    draft::{Key, Matters, Node, NotUnderstood, Source, Tree},
    json::Json,
};

/// Properties that tell whether something works.
const STATES: [&str; 10] = [
    "state",
    "properties.state",
    "powerState",
    "powerState.code",
    "status",
    "instanceView.state",
    "operationalState",
    "adminState",
    "resourceState",
    "enabled",
];

/// Words of a state in which nothing is answered or carried.
const STOPPED: [&str; 13] = [
    "stopped",
    "stopping",
    "disabled",
    "down",
    "dropping",
    "deallocated",
    "suspended",
    "paused",
    "pausing",
    "inactive",
    "failed",
    "false",
    "soft-deleted",
];

/// Types whose state the mapping reads itself, or whose state is another's.
const READ: [&str; 4] = [
    "microsoft.compute/virtualmachines",
    "microsoft.compute/virtualmachinescalesets",
    "microsoft.machinelearningservices/workspaces",
    "microsoft.search/searchservices/sharedprivatelinkresources",
];

/// Puts in doubt what does not run, or what Azure could not bring into the state that it is asked for.
pub(super) fn doubts(resource: &Resource, matters: &Matters, mapper: &mut Mapper<'_>) {
    let kind = resource.id.kind.as_str();
    if READ.contains(&kind) {
        return;
    }
    let mut say = |path: &str, value: &Json, why: String| {
        mapper.draft.not_understood(NotUnderstood {
            kind: format!("{kind} properties.{path}"),
            name: resource.id.name().to_owned(),
            why,
            source: Source { address: format!("{}.properties.{path}", resource.source.address), span: value.span },
            matters: matters.clone(),
        });
    };
    for path in STATES {
        let Some(value) = resource.prop(path) else { continue };
        let word = Node::scalar(value).map(|n| match n.tree {
            Tree::Text(text) => text,
            Tree::Bool(truth) => truth.to_string(),
            _ => String::new(),
        });
        if let Some(word) = word.filter(|w| STOPPED.contains(&w.to_lowercase().trim_start_matches("powerstate/"))) {
            say(path, value, format!("it is not in force ({path}: {word})"));
        }
    }
    let done = resource.prop("provisioningState");
    if let Some(value) = done.filter(|_| resource.live && kind.starts_with("microsoft.network/"))
        && let Some(word) = value.as_str().filter(|w| !["succeeded", "updating"].contains(&w.to_lowercase().as_str()))
    {
        say(
            "provisioningState",
            value,
            format!("its last change did not succeed ({word}), so something else may be in force"),
        );
    }
}

/// A connection as the target sees it: a resource of its own, as a template approves or rejects one.
pub(super) fn connection(resource: &Resource, mapper: &mut Mapper<'_>) {
    let Some(properties) = resource.body.get("properties") else { return };
    if seen_by_target(properties, mapper) {
        return;
    }
    // Without the endpoint's id, the name begins with the endpoint's.
    let name = resource.id.name().split('.').next().unwrap_or_default().to_lowercase();
    let named = mapper.draft.items.keys().filter(|k| k.collection == "private_endpoints");
    let mut named = named.filter(|k| k.id.rsplit('/').next() == Some(name.as_str())).cloned();
    if let (Some(key), None) = (named.next(), named.next()) {
        return put(&key, properties, mapper);
    }
    let status = properties.str_at("privateLinkServiceConnectionState.status");
    if status.is_none_or(|s| !s.eq_ignore_ascii_case("Approved"))
        && let Some(target) = resource.id.parent()
    {
        let why = "it decides about a connection that cannot be told from the input";
        mapper.unmodelled(resource, "", why, Matters::Item(super::private_link::target(&target)));
    }
}

/// What targets list of their connections, beside what the endpoints say.
pub(super) fn both_sides(resources: &[Resource], mapper: &mut Mapper<'_>) {
    for resource in resources.iter().filter(|r| r.live) {
        for connection in resource.items("privateEndpointConnections") {
            seen_by_target(connection.get("properties").unwrap_or(connection), mapper);
        }
    }
}

fn seen_by_target(properties: &Json, mapper: &mut Mapper<'_>) -> bool {
    let Some((id, _)) = id_of(properties.at("privateEndpoint")) else { return false };
    let key = Key::new("private_endpoints", id);
    let known = mapper.draft.get(&key).is_some();
    put(&key, properties, mapper);
    known
}

/// The word of the target decides.
fn put(endpoint: &Key, properties: &Json, mapper: &mut Mapper<'_>) {
    let Some(status) = properties.at("privateLinkServiceConnectionState.status").and_then(Node::scalar) else { return };
    let Some(item) = mapper.draft.get_mut(endpoint) else { return };
    let connection = item.fields.iter_mut().find(|(k, _)| k == "private_service_connection");
    let Some((_, Node { tree: Tree::Map(fields), .. })) = connection else { return };
    match fields.iter_mut().find(|(k, _)| k == "status") {
        Some((_, old)) => *old = status,
        None => {
            let automatic = fields.iter().all(|(k, _)| k != "is_manual_connection");
            if !(automatic && status.tree == Tree::Text("Approved".to_owned())) {
                fields.push(("status".to_owned(), status));
            }
        }
    }
}
