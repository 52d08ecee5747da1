//! A managed network that the first compute will have to wait for.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0402",
    name: "managed-network-provisioned-late",
    level: Level::Warning,
    category: Category::ManagedNetwork,
    what: "A hub with a managed network that is neither provisioned nor provisioned on creation.",
    why: "The first compute then waits half an hour and may time out, and online deployments fail.",
    fix: "set provision_on_creation_enabled, or provision the network before it is needed",
    covers: &["LINT-02"],
    sources: &["MVNET-02"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for hub in view.hubs() {
        let late = |n: &crate::azure::model::workspace::ManagedNetwork| !n.provision_on_creation_enabled.value;
        // With compute it is `managed-network-not-provisioned`.
        let Some(network) = hub.network().filter(|n| late(n) && !hub.provisioned() && !hub.has_compute()) else {
            continue;
        };
        findings.at(network.isolation_mode.span, format!("nothing provisions the managed network of `{}`", hub.name));
    }
}
