//! A bridge to a frontend of another name.

use crate::azure::model::workspace::OutboundRuleType;
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0425",
    name: "bridge-frontend-misnamed",
    level: Level::Error,
    category: Category::ApplicationGateway,
    what: "An outbound rule of a hub names a frontend of an application gateway other than appGwPrivateFrontendIpIPv4.",
    why: "The name of the sub-resource is fixed for hubs; no other is offered.",
    fix: "recreate the private frontend with that name",
    covers: &["LINT-33"],
    sources: &["AGW-05"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for hub in view.hubs() {
        for (name, rule) in hub.rules(OutboundRuleType::PrivateEndpoint) {
            let target = rule.value.service_resource.as_ref();
            let gateway = target.and_then(|t| view.estate.application_gateways.get(&t.value));
            let (Some(_), Some(sub)) = (gateway, &rule.value.sub_resource_target) else { continue };
            if sub.value != "appGwPrivateFrontendIpIPv4" {
                findings.at(sub.span, format!("rule `{name}` of `{}` names frontend `{}`", hub.name, sub.value));
            }
        }
    }
}
