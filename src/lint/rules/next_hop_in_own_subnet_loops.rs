//! An appliance whose subnet sends back to it.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0111",
    name: "next-hop-in-own-subnet-loops",
    level: Level::Error,
    category: Category::Routing,
    what: "A route to an appliance on the appliance's own subnet, for destinations outside the network.",
    why: "What the appliance forwards meets the same route again and comes back to it.",
    fix: "give the appliance a subnet of its own, with a table that leads on",
    covers: &["LINT-NET-13"],
    sources: &["UDR-13"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for subnet in &view.subnets {
        for route in view.user_routes(subnet) {
            let Some(device) = route.appliance().and_then(|a| view.device(subnet.vnet, a)) else { continue };
            let own = device.endpoint.segment == Some(subnet.segment);
            // Inside the network a route may lead siblings to an appliance that delivers itself.
            let inside =
                route.prefix.is_some_and(|p| subnet.entry.value.address_prefixes.iter().any(|own| own.value.covers(p)));
            if own && !inside && !device.is_firewall() {
                findings
                    .at(
                        route.entry.span,
                        format!(
                            "`{}/{}` sends what {} forwards back to it",
                            route.table, route.name, device.endpoint.origin
                        ),
                    )
                    .related(subnet.entry.value.route_table.as_ref().map(|t| t.span), "the appliance's own subnet");
            }
        }
    }
}
