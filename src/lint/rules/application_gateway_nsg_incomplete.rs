//! A security group that an application gateway cannot live with.

use crate::lint::{Category, Findings, Level, Rule, View};
use crate::verdict::Reason;

pub(super) static RULE: Rule = Rule {
    code: "PRL0155",
    name: "application-gateway-nsg-incomplete",
    level: Level::Error,
    category: Category::ApplicationGateway,
    what: "A security group on the subnet of a classic v2 application gateway that denies GatewayManager on 65200-65535, AzureLoadBalancer, or what leaves for the internet.",
    why: "The gateway is managed from outside through these ports; without them it turns unhealthy or cannot be changed.",
    fix: "allow GatewayManager to 65200-65535 and AzureLoadBalancer before any deny, and leave outbound Internet open",
    covers: &["LINT-NET-48", "LINT-40"],
    sources: &["SUB-06", "AGW-17"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for (_, proxy) in view.plane.proxies.iter() {
        for condition in proxy.unsupported.iter().filter(|c| c.certain && c.reason == Reason::AgwNsg) {
            let Some(place) = condition.origin.span.or(proxy.origin.span) else { continue };
            findings
                .at(place, condition.text.clone())
                .related(proxy.origin.span, "the gateway")
                .fix(condition.fix.clone());
        }
    }
}
