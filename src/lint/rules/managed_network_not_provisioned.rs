//! Compute in a managed network that does not exist yet.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0401",
    name: "managed-network-not-provisioned",
    level: Level::Error,
    category: Category::ManagedNetwork,
    what: "A hub with compute or deployments whose managed network is not provisioned.",
    why: "Nothing runs before the network is active, and every private endpoint of it is inactive.",
    fix: "provision the managed network and wait until it is Active",
    covers: &["LINT-01"],
    sources: &["MVNET-01", "MVNET-03"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for hub in view.hubs() {
        let Some(network) = hub.network().filter(|_| hub.has_compute() && !hub.provisioned()) else { continue };
        let place = network.status.as_ref().map_or(network.isolation_mode.span, |s| s.span);
        findings
            .at(place, format!("the managed network of `{}` is not provisioned, and its compute cannot run", hub.name));
    }
}
