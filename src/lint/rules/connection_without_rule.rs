//! A connected service without any outbound rule.

use crate::azure::model::workspace::OutboundRuleType;
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0408",
    name: "connection-without-rule",
    level: Level::Warning,
    category: Category::ManagedNetwork,
    what: "A hub with a managed network is connected to a service for which no outbound rule exists, active or not.",
    why: "The platform adds a rule by itself only in some cases; without one the connection works for people and not for compute.",
    fix: "add an outbound rule of type PrivateEndpoint by hand",
    covers: &["LINT-09"],
    sources: &["MPE-06"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for hub in view.hubs().filter(|h| h.network().is_some()) {
        for (name, connection) in hub.entry.value.connections.iter() {
            let target = &connection.value.target;
            let known = view
                .dependencies(&hub)
                .iter()
                .any(|d| d.reference.value == target.value && !d.needs.is_empty() && !d.default);
            let ruled = hub
                .rules(OutboundRuleType::PrivateEndpoint)
                .any(|(_, r)| r.value.service_resource.as_ref().is_some_and(|t| t.value == target.value));
            if known && !ruled {
                findings.at(
                    connection.span,
                    format!(
                        "connection `{name}` of `{}` leads to `{}`, for which no outbound rule exists",
                        hub.name, target.value
                    ),
                );
            }
        }
    }
}
