//! An open service behind a closed hub.

use crate::lint::hubs::is_closed;
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0405",
    name: "hub-dependency-public",
    level: Level::Error,
    category: Category::ManagedNetwork,
    what: "A closed hub uses storage, a key vault, a registry, AI services or Search that answer everyone.",
    why: "Closing the hub closes none of the services it uses; each has its own switch.",
    fix: "set public_network_access_enabled to false on the service once its private endpoints exist",
    covers: &["LINT-06"],
    sources: &["HUB-04"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let mut seen = std::collections::BTreeSet::new();
    for hub in view.hubs().filter(|h| !h.entry.value.public_network_access_enabled.value) {
        for dependency in view.dependencies(&hub).into_iter().filter(|d| !is_closed(&d.service.value)) {
            let access = dependency.service.value.public_access();
            let name = &dependency.reference.value;
            if !dependency.needs.is_empty() && seen.insert(name.as_str()) {
                findings
                    .at(
                        crate::lint::place(&access, dependency.service.span),
                        format!("`{}` is closed, and `{name}` answers everyone", hub.name),
                    )
                    .related(dependency.reference.span, "used here");
            }
        }
    }
}
