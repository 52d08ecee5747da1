//! Endpoints of a hub and its services in different networks.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0411",
    name: "hub-endpoints-apart",
    level: Level::Warning,
    category: Category::ManagedNetwork,
    what: "No network holds the private endpoints to a hub and to those of its storage, key vault and registry that have one.",
    why: "The portal checks that they are together, and users of one network reach only part of the hub.",
    fix: "put the private endpoints into one network",
    covers: &["LINT-12"],
    sources: &["IN-12"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for hub in view.hubs() {
        let own: Vec<_> = view.endpoints_to(hub.name).collect();
        let Some((_, first, ..)) = own.first() else { continue };
        let used = view.dependencies(&hub);
        let needed: Vec<_> =
            used.iter().filter(|d| d.default && view.endpoints_to(&d.reference.value).next().is_some()).collect();
        let together = own.iter().any(|(_, _, vnet, _)| {
            needed.iter().all(|d| view.endpoints_to(&d.reference.value).any(|(_, _, v, _)| v == *vnet))
        });
        if !together {
            let apart = needed.iter().find_map(|d| {
                view.endpoints_to(&d.reference.value).find(|(_, _, v, _)| own.iter().all(|(_, _, o, _)| o != v))
            });
            findings
                .at(first.span, format!("no network holds the endpoints to `{}` and to all of its services", hub.name))
                .related(apart.map(|(_, e, ..)| e.span), "in another network");
        }
    }
}
