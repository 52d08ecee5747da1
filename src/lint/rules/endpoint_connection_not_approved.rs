//! A private endpoint whose connection is not approved.

use crate::azure::model::service::ConnectionStatus;
use crate::azure::model::workspace::OutboundRuleType;
use crate::lint::hubs::is_approved;
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0404",
    name: "endpoint-connection-not-approved",
    level: Level::Error,
    category: Category::PrivateLink,
    what: "A private endpoint or outbound rule whose connection is pending, rejected or disconnected, or is made by hand without a state.",
    why: "No traffic passes before the owner of the target approves the connection.",
    fix: "approve the connection at the target, or give the identity that makes it the role to approve",
    covers: &["LINT-04", "LINT-PL-01"],
    sources: &["PE-11", "APPR-01"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for (name, endpoint) in view.estate.private_endpoints.iter().filter(|(_, e)| !is_approved(&e.value)) {
        let connection = &endpoint.value.private_service_connection;
        let place = connection.status.as_ref().map(|s| s.span).or(connection.is_manual_connection.span);
        let state = connection.status.as_ref().map_or("Pending", |s| s.value.as_str());
        findings.at(place.unwrap_or(endpoint.span), format!("the connection of `{name}` is {state}"));
    }
    for hub in view.hubs() {
        for (name, rule) in hub.rules(OutboundRuleType::PrivateEndpoint) {
            let status = &rule.value.connection_status;
            if status.value != ConnectionStatus::Approved {
                findings.at(
                    crate::lint::place(status, rule.span),
                    format!("the connection of rule `{name}` of `{}` is {}", hub.name, status.value.as_str()),
                );
            }
        }
    }
}
