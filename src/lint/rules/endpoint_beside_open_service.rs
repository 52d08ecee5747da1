//! A private endpoint to a service that stays open.

use crate::lint::hubs::is_closed;
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0302",
    name: "endpoint-beside-open-service",
    level: Level::Warning,
    category: Category::PrivateLink,
    what: "A service with an approved private endpoint still answers everyone at its public address.",
    why: "A private endpoint opens a way and closes none.",
    fix: "set public_network_access_enabled to false, or the default action to Deny",
    covers: &["LINT-PL-04"],
    sources: &["PE-16"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for (name, service) in view.estate.services.iter() {
        let kind = service.value.type_.value.to_lowercase();
        // These close by themselves once they have an endpoint, as long as nobody says otherwise.
        let closes = matches!(kind.as_str(), "microsoft.web/sites" | "microsoft.documentdb/databaseaccounts")
            && service.value.public_access().span.is_none();
        if is_closed(&service.value) || closes {
            continue;
        }
        if let Some((endpoint, entry, ..)) = view.endpoints_to(name).next() {
            findings
                .at(
                    crate::lint::place(&service.value.public_access(), service.span),
                    format!("`{name}` has private endpoint `{endpoint}` and answers everyone"),
                )
                .related(entry.span, "the private endpoint");
        }
    }
}
