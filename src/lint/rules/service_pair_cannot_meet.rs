//! Services that work together and cannot reach each other.

use crate::azure::model::service::{ConnectionStatus, Service};
use crate::lint::hubs::{is_closed, kind, trusts_nobody};
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0407",
    name: "service-pair-cannot-meet",
    level: Level::Warning,
    category: Category::ManagedNetwork,
    what: "AI services and Search, or Search and storage, of one hub, of which the called one is closed and trusts nobody, or the caller has no identity.",
    why: "Services call each other from the platform, not from the managed network, so its private endpoints do not help them.",
    fix: "let trusted services bypass the firewall and give the caller an identity, or add a shared private link",
    covers: &["LINT-08"],
    sources: &["HUB-11", "TRUST-04"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let mut seen = std::collections::BTreeSet::new();
    for hub in view.hubs() {
        let used = view.dependencies(&hub);
        for caller in &used {
            for target in used.iter().filter(|t| t.reference.value != caller.reference.value) {
                let (from, to) = (kind(&caller.service.value), kind(&target.service.value));
                let pair = matches!(
                    (from.as_str(), to.as_str()),
                    ("accounts", "searchservices") | ("searchservices", "accounts" | "storageaccounts")
                );
                let name = target.reference.value.as_str();
                let service: &Service = &target.service.value;
                let linked =
                    caller.service.value.shared_private_links.iter().any(|(_, l)| {
                        l.value.target.value == name && l.value.status.value == ConnectionStatus::Approved
                    });
                let rules = service.network_rules.as_ref();
                let named =
                    rules.is_some_and(|r| r.private_link_access.iter().any(|n| n.value == caller.reference.value));
                let identity = caller.service.value.identity.as_ref().is_some_and(|i| i.type_.value.is_own());
                if !pair || linked || named || !is_closed(service) || !trusts_nobody(service) && identity {
                    continue;
                }
                let why = if trusts_nobody(service) {
                    format!("`{name}` trusts nobody")
                } else {
                    format!("`{}` has no identity of its own", caller.reference.value)
                };
                let bypass =
                    rules.and_then(|r| r.bypass.as_ref()?.first().map(|b| b.span)).filter(|_| trusts_nobody(service));
                let place = bypass.unwrap_or(if identity { target.service.span } else { caller.service.span });
                if seen.insert((caller.reference.value.as_str(), name)) {
                    findings
                        .at(place, format!("`{}` cannot call `{name}`: {why}", caller.reference.value))
                        .related(caller.reference.span, "the caller is used here");
                }
            }
        }
    }
}
