//! An outbound rule to a gateway frontend without private link.

use crate::azure::model::workspace::OutboundRuleType;
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0424",
    name: "bridge-without-private-link",
    level: Level::Error,
    category: Category::ApplicationGateway,
    what: "An outbound rule of a hub targets an application gateway whose named frontend has no private-link configuration, or does not exist.",
    why: "The rule cannot become active: private link enters a gateway only through a configuration attached to that frontend.",
    fix: "attach a private-link configuration to the frontend that the rule names",
    covers: &["LINT-32"],
    sources: &["AGW-07"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for hub in view.hubs() {
        for (name, rule) in hub.rules(OutboundRuleType::PrivateEndpoint) {
            let target = rule.value.service_resource.as_ref();
            let gateway = target.and_then(|t| view.estate.application_gateways.get(&t.value));
            let (Some(gateway), Some(sub)) = (gateway, &rule.value.sub_resource_target) else { continue };
            let frontend = gateway.value.frontend_ip_configurations.get(&sub.value);
            if frontend.is_none_or(|f| f.value.private_link_configuration.is_none()) {
                findings
                    .at(
                        sub.span,
                        format!(
                            "rule `{name}` of `{}` leads to frontend `{}`, which has no private link",
                            hub.name, sub.value
                        ),
                    )
                    .related(frontend.map_or(gateway.span, |f| f.span), "the gateway");
            }
        }
    }
}
