//! A closed service that nobody can reach.

use crate::azure::model::workspace::OutboundRuleType;
use crate::lint::{Category, Findings, Level, Rule, View};
use std::collections::BTreeSet;

pub(super) static RULE: Rule = Rule {
    code: "PRL0303",
    name: "closed-service-without-endpoint",
    level: Level::Warning,
    category: Category::Service,
    what: "A service without public access that has no private endpoint, managed rule or shared link, and names nobody it trusts.",
    why: "Nothing gets in at all: neither by its public address nor by a private one.",
    fix: "add a private endpoint, or open it to whom it serves",
    covers: &["LINT-PL-05"],
    sources: &["PAAS-01"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let held = view.in_perimeters();
    let endpoints = view
        .estate
        .private_endpoints
        .iter()
        .map(|(_, e)| &e.value.private_service_connection.private_connection_resource);
    let shared = view
        .estate
        .services
        .iter()
        .flat_map(|(_, s)| s.value.shared_private_links.iter())
        .map(|(_, l)| &l.value.target);
    let mut led: BTreeSet<&str> = endpoints.chain(shared).map(|r| r.value.as_str()).collect();
    for hub in view.hubs() {
        let rules = hub.rules(OutboundRuleType::PrivateEndpoint).filter_map(|(_, r)| r.value.service_resource.as_ref());
        led.extend(rules.map(|r| r.value.as_str()));
        if hub.implied_rules() {
            led.extend(view.dependencies(&hub).iter().filter(|d| d.default).map(|d| d.reference.value.as_str()));
        }
    }
    for (name, service) in view.estate.services.iter() {
        let access = service.value.public_access();
        let rules = service.value.network_rules.as_ref();
        let trusts = rules.is_some_and(|r| r.bypass.is_some() || !r.private_link_access.is_empty());
        if !access.value && !trusts && !held.contains(name) && !led.contains(name) {
            findings
                .at(crate::lint::place(&access, service.span), format!("`{name}` is closed, and nothing leads to it"));
        }
    }
}
