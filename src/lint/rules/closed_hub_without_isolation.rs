//! Compute without isolation beside closed services.

use crate::lint::hubs::is_closed;
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0443",
    name: "closed-hub-without-isolation",
    level: Level::Error,
    category: Category::ManagedNetwork,
    what: "A hub without a managed network has compute, and it or a service it uses is closed.",
    why: "Its compute has no private endpoints and does not reach its own hub or services.",
    fix: "set isolation_mode to AllowInternetOutbound or AllowOnlyApprovedOutbound",
    covers: &["LINT-64"],
    sources: &["ISO-01"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for hub in view.hubs().filter(|h| h.network().is_none() && h.has_compute()) {
        let used = view.dependencies(&hub);
        let closed = used.iter().find(|d| is_closed(&d.service.value));
        let own = !hub.entry.value.public_network_access_enabled.value;
        if own || closed.is_some() {
            let mode = hub.entry.value.managed_network.as_ref().map_or(hub.entry.span, |n| n.isolation_mode.span);
            let what = closed.map_or(hub.name, |d| d.reference.value.as_str());
            findings
                .at(mode, format!("the compute of `{}` has no managed network, and `{what}` is closed", hub.name))
                .related(closed.map(|d| d.reference.span), "used here");
        }
    }
}
