//! A closed hub that nobody can enter.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0409",
    name: "closed-hub-without-endpoint",
    level: Level::Error,
    category: Category::ManagedNetwork,
    what: "A hub without public access and without an approved private endpoint in any network of the customer's.",
    why: "Portal and API of the hub answer nobody.",
    fix: "add a private endpoint to amlworkspace of the hub in the network that its users reach",
    covers: &["LINT-10"],
    sources: &["IN-02"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for hub in view.hubs().filter(|h| !h.entry.value.public_network_access_enabled.value) {
        // Without any machine or site there is nobody to let in.
        let people = !view.estate.virtual_machines.is_empty() || !view.estate.on_premises_sites.is_empty();
        if people && view.endpoints_to(hub.name).next().is_none() {
            findings.at(
                crate::lint::place(&hub.entry.value.public_network_access_enabled, hub.entry.span),
                format!("`{}` is closed, and no approved private endpoint leads to it", hub.name),
            );
        }
    }
}
