//! An address rule for a subnet that sends private addresses.

use crate::lint::{Category, Findings, Level, Rule, View};
use crate::verdict::Reason;

pub(super) static RULE: Rule = Rule {
    code: "PRL0339",
    name: "address-rule-behind-service-endpoint",
    level: Level::Warning,
    category: Category::Service,
    what: "A flow from a subnet with a service endpoint is refused by a service that admits addresses and not the subnet.",
    why: "With the service endpoint the traffic carries a private address, so that address rules no longer match.",
    fix: "admit the subnet by a subnet rule",
    covers: &["LINT-PAAS-05"],
    sources: &["SE-02"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for flow in view.wanted() {
        let Some(step) = view.stopped(flow, Reason::Pna) else { continue };
        let segment =
            view.sender(&flow.expectation.fields.from.value).and_then(|s| view.plane.endpoints.get(s).segment);
        let Some(subnet) = segment.and_then(|s| view.subnet_at(s)) else { continue };
        let Some(endpoint) = subnet.entry.value.service_endpoints.first() else { continue };
        let host = flow.trace.name.as_ref().map(|n| n.as_str().to_owned()).unwrap_or_default();
        let first = host.split('.').next().unwrap_or_default();
        let service =
            view.estate.services.get(&flow.expectation.fields.to.value).or_else(|| view.estate.services.get(first));
        let rule = service.and_then(|s| s.value.network_rules.as_ref()?.ip_rules.first());
        if let Some(rule) = rule {
            findings
                .at(rule.span, format!("address rules do not admit `{}`, which has a service endpoint", subnet.full))
                .related(endpoint.span, "the service endpoint")
                .related(step.span, "refused here");
        }
    }
}
