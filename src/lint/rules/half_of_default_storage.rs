//! A network with an endpoint to blobs of the hub's storage and none to files, or the reverse.

use crate::lint::hubs::is_closed;
use crate::lint::{Category, Findings, Level, Rule, View};
use std::collections::BTreeMap;

pub(super) static RULE: Rule = Rule {
    code: "PRL0410",
    name: "half-of-default-storage",
    level: Level::Error,
    category: Category::ManagedNetwork,
    what: "The default storage of a hub is closed, and a network has a private endpoint to only one of its blobs and files.",
    why: "Uploads in the portal use blobs; notebooks and prompt flows use the file share. One of the two fails.",
    fix: "add the other private endpoint in the same network",
    covers: &["LINT-11"],
    sources: &["IN-11", "HUB-05"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for hub in view.hubs() {
        let Some(storage) = &hub.entry.value.storage_account else { continue };
        if !view.estate.services.get(&storage.value).is_some_and(|s| is_closed(&s.value)) {
            continue;
        }
        let mut by_network: BTreeMap<&str, Vec<(&str, &str, crate::diag::Span)>> = BTreeMap::new();
        for (name, endpoint, vnet, sub) in view.endpoints_to(&storage.value) {
            by_network.entry(vnet).or_default().push((sub, name, endpoint.span));
        }
        for (vnet, endpoints) in by_network {
            let has = |wanted: &str| endpoints.iter().find(|(s, ..)| s.eq_ignore_ascii_case(wanted));
            let (lonely, missing) = match (has("blob"), has("file")) {
                (Some(blob), None) => (blob, "file"),
                (None, Some(file)) => (file, "blob"),
                _ => continue,
            };
            findings.at(
                lonely.2,
                format!(
                    "`{vnet}` reaches {} of `{}` by `{}`, and has no endpoint to {missing}",
                    lonely.0, storage.value, lonely.1
                ),
            );
        }
    }
}
