//! A closed registry that nothing builds images for.

use crate::lint::hubs::is_closed;
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0417",
    name: "closed-registry-without-build-compute",
    level: Level::Warning,
    category: Category::ManagedNetwork,
    what: "A hub with a managed network and a closed container registry names no compute that builds images.",
    why: "A closed registry cannot build images by itself, so that environments and deployments fail.",
    fix: "set image_build_compute_name to a cluster of the hub",
    covers: &["LINT-21"],
    sources: &["MVNET-14"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for hub in view.hubs().filter(|h| h.network().is_some()) {
        let Some(reference) = &hub.entry.value.container_registry else { continue };
        let closed = view.estate.services.get(&reference.value).is_some_and(|s| is_closed(&s.value));
        if closed && hub.entry.value.image_build_compute_name.is_none() {
            findings.at(
                reference.span,
                format!("`{}` is closed, and `{}` has no compute that builds images", reference.value, hub.name),
            );
        }
    }
}
