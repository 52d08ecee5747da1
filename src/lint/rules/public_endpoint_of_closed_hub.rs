//! A public scoring endpoint of a closed hub.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0435",
    name: "public-endpoint-of-closed-hub",
    level: Level::Error,
    category: Category::ManagedNetwork,
    what: "An online endpoint with public access in a hub without.",
    why: "The switch of the endpoint is its own; the hub's does not close it.",
    fix: "set public_network_access_enabled to false on the endpoint",
    covers: &["LINT-47"],
    sources: &["MOE-02"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for (name, workspace) in view.estate.machine_learning_workspaces.iter() {
        // A project is as open as its hub.
        let hub = workspace.value.hub.as_ref().and_then(|h| view.estate.machine_learning_workspaces.get(&h.value));
        if hub.unwrap_or(workspace).value.public_network_access_enabled.value {
            continue;
        }
        for (endpoint, entry) in workspace.value.online_endpoints.iter() {
            let access = &entry.value.public_network_access_enabled;
            if access.value {
                findings.at(
                    crate::lint::place(access, entry.span),
                    format!("`{endpoint}` of `{name}` answers the internet, and its hub does not"),
                );
            }
        }
    }
}
