//! A closed service that nobody can reach.

use crate::azure::model::workspace::OutboundRuleType;
use crate::lint::{Category, Findings, Level, Rule, View};

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
    for (name, service) in view.estate.services.iter() {
        let access = &service.value.public_network_access_enabled;
        let rules = service.value.network_rules.as_ref();
        let trusts = rules.is_some_and(|r| r.bypass.is_some() || !r.private_link_access.is_empty());
        let perimeter = view.estate.network_security_perimeters.iter().any(|(_, p)| {
            p.value.associations.iter().any(|(k, a)| a.value.resource.as_ref().map_or(k, |r| r.value.as_str()) == name)
        });
        let endpoint = view.estate.private_endpoints.iter().any(|(_, e)| {
            e.value.private_service_connection.private_connection_resource.value == name
        });
        let managed = view.hubs().any(|h| {
            h.rules(OutboundRuleType::PrivateEndpoint).any(|(_, r)| r.value.service_resource.as_ref().is_some_and(|t| t.value == name))
                || h.implied_rules() && view.dependencies(&h).iter().any(|d| d.default && d.reference.value == name)
        });
        let shared = view.estate.services.iter().any(|(_, s)| s.value.shared_private_links.iter().any(|(_, l)| l.value.target.value == name));
        if !access.value && !trusts && !perimeter && !endpoint && !managed && !shared {
            findings.at(crate::lint::place(access, service.span), format!("`{name}` is closed, and nothing leads to it"));
        }
    }
}
