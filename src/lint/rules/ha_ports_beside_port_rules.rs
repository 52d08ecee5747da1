//! An HA-ports rule beside other rules for one pool.

use crate::azure::model::load_balancer::LoadBalancerProtocol;
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0177",
    name: "ha-ports-beside-port-rules",
    level: Level::Error,
    category: Category::Balancer,
    what: "A load balancer with an HA-ports rule without floating IP and another rule for the same pool.",
    why: "The platform refuses to combine the two for the same interfaces.",
    fix: "use one HA-ports rule for the pool, or port rules only",
    covers: &[],
    sources: &["LB-12", "LB-05"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for (balancer, entry) in view.estate.load_balancers.iter() {
        for (name, rule) in entry.value.rules.iter() {
            let all = rule.value.protocol.value == LoadBalancerProtocol::All && !rule.value.floating_ip_enabled.value;
            let other = entry.value.rules.iter().find(|(n, r)| {
                *n != name
                    && r.value.backend_address_pool.value == rule.value.backend_address_pool.value
                    && !r.value.floating_ip_enabled.value
                    && r.value.protocol.value != LoadBalancerProtocol::All
            });
            if let (true, Some((other, at))) = (all, other) {
                findings
                    .at(rule.span, format!("HA-ports rule `{name}` of `{balancer}` stands beside `{other}`"))
                    .related(at.span, "the other rule");
            }
        }
    }
}
