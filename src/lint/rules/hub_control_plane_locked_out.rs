//! A closed service that does not trust the hub.

use crate::lint::hubs::{is_closed, trusts_nobody};
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0406",
    name: "hub-control-plane-locked-out",
    level: Level::Error,
    category: Category::ManagedNetwork,
    what: "Storage, a key vault or a registry of a hub is closed, trusts no services of the platform, and names no exception for the hub.",
    why: "The control plane of the hub comes from no network of the customer's; what it does for users fails.",
    fix: "let trusted services bypass the firewall, or name the hub under private_link_access of the storage account",
    covers: &["LINT-07"],
    sources: &["TRUST-01"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for hub in view.hubs() {
        for dependency in view.dependencies(&hub).into_iter().filter(|d| d.default) {
            let service = &dependency.service.value;
            let rules = service.network_rules.as_ref();
            let named = rules.is_some_and(|r| r.private_link_access.iter().any(|n| n.value == hub.name));
            if !is_closed(service) || !trusts_nobody(service) || named {
                continue;
            }
            let place =
                rules.and_then(|r| r.bypass.as_ref()?.first().map(|b| b.span)).unwrap_or(dependency.service.span);
            findings
                .at(
                    place,
                    format!(
                        "`{}` lets no service of the platform in, not even `{}`",
                        dependency.reference.value, hub.name
                    ),
                )
                .related(dependency.reference.span, "used here");
        }
    }
}
