//! A bridge to a frontend that nothing listens on.

use crate::azure::model::workspace::OutboundRuleType;
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0426",
    name: "bridge-frontend-without-listener",
    level: Level::Error,
    category: Category::ApplicationGateway,
    what: "An outbound rule or private endpoint targets a frontend of an application gateway without a listener.",
    why: "A frontend without a listener is not offered as a target of private link.",
    fix: "add a listener and a rule on that frontend",
    covers: &["LINT-34"],
    sources: &["AGW-08"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for hub in view.hubs() {
        for (name, rule) in hub.rules(OutboundRuleType::PrivateEndpoint) {
            let target = rule.value.service_resource.as_ref();
            let gateway = target.and_then(|t| view.estate.application_gateways.get(&t.value));
            let (Some(gateway), Some(sub)) = (gateway, &rule.value.sub_resource_target) else { continue };
            let Some(frontend) = gateway.value.frontend_ip_configurations.get(&sub.value) else { continue };
            if !gateway.value.http_listeners.iter().any(|(_, l)| l.value.frontend_ip_configuration.value == sub.value) {
                findings
                    .at(
                        frontend.span,
                        format!("nothing listens on `{}`, the target of rule `{name}` of `{}`", sub.value, hub.name),
                    )
                    .related(rule.span, "the rule");
            }
        }
    }
}
