//! An appliance balancer with port rules.

use crate::dataplane::Role;
use crate::lint::{Category, Findings, Level, Rule, View};
use crate::net::PortSet;

pub(super) static RULE: Rule = Rule {
    code: "PRL0151",
    name: "appliance-balancer-without-ha-ports",
    level: Level::Error,
    category: Category::Balancer,
    what: "A user route to the frontend of a load balancer that has no HA-ports rule.",
    why: "Forwarded packets carry any port and foreign destinations; those without a rule are dropped.",
    fix: "add a rule with protocol All and both ports 0",
    covers: &["LINT-NET-67"],
    sources: &["LB-05"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let mut seen = std::collections::BTreeSet::new();
    for subnet in &view.subnets {
        for route in view.user_routes(subnet) {
            let Some(device) = route.appliance().and_then(|a| view.device(subnet.vnet, a)) else { continue };
            let Role::Balancer(balancer) = &device.endpoint.role else { continue };
            let all = balancer.rules.iter().any(|r| r.ports == PortSet::all());
            let place = device.endpoint.origin.span.unwrap_or(route.entry.span);
            if !all && seen.insert(place) {
                findings
                    .at(
                        place,
                        format!("routes lead to {}, which has rules for some ports only", device.endpoint.origin),
                    )
                    .related(route.entry.span, "a route that leads there");
            }
        }
    }
}
