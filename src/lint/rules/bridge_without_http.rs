//! A bridge that carries something else than HTTP.

use crate::azure::model::{application_gateway::ListenerProtocol, workspace::OutboundRuleType};
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0430",
    name: "bridge-without-http",
    level: Level::Error,
    category: Category::ApplicationGateway,
    what: "The target frontend of a hub's outbound rule has a TCP or TLS listener.",
    why: "Hubs reach only HTTP and HTTPS listeners of an application gateway.",
    fix: "put an HTTP front before the service, or use another integration",
    covers: &["LINT-39"],
    sources: &["AGW-02", "AGW-03"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let mut seen = std::collections::BTreeSet::new();
    for hub in view.hubs() {
        for (rule, entry) in hub.rules(OutboundRuleType::PrivateEndpoint) {
            let target = entry.value.service_resource.as_ref();
            let gateway = target.and_then(|t| view.estate.application_gateways.get(&t.value));
            let (Some(gateway), Some(sub)) = (gateway, &entry.value.sub_resource_target) else { continue };
            for (name, listener) in gateway.value.http_listeners.iter() {
                let raw = matches!(listener.value.protocol.value, ListenerProtocol::Tcp | ListenerProtocol::Tls);
                if raw && listener.value.frontend_ip_configuration.value == sub.value && seen.insert(listener.span) {
                    findings
                        .at(
                            listener.value.protocol.span,
                            format!("listener `{name}` is not reached by rule `{rule}` of `{}`", hub.name),
                        )
                        .related(entry.span, "the rule");
                }
            }
        }
    }
}
