//! A route that sends neighbours through an appliance.

use crate::azure::model::network::NextHopType;
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0123",
    name: "own-subnet-captured",
    level: Level::Warning,
    category: Category::Routing,
    what: "A user route to an appliance that covers the subnet's own network, without a VnetLocal route for the subnet.",
    why: "Even two machines of one subnet then reach each other through the appliance, which sees only one direction if the other machine answers directly, and adds load and a point of failure.",
    fix: "add a route for the subnet's own prefix with next hop VnetLocal",
    covers: &["LINT-NET-28"],
    sources: &["UDR-12"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for subnet in &view.subnets {
        for own in &subnet.entry.value.address_prefixes {
            let covering = || view.user_routes(subnet).filter(|r| r.prefix.is_some_and(|p| p.covers(own.value)));
            let longest = covering().max_by_key(|r| r.prefix.map(|p| p.length()));
            // A route shorter than the network's own prefix loses against it.
            let network = view.prefixes(subnet.vnet).into_iter().find(|p| p.covers(own.value));
            let wins = longest.is_some_and(|r| r.prefix.zip(network).is_some_and(|(p, n)| p.length() >= n.length()));
            // A subnet with one machine has no neighbours to capture.
            let several = view.members(subnet).count() > 1;
            if let Some(route) = longest.filter(|r| wins && several && r.leads_to(NextHopType::VirtualAppliance)) {
                findings
                    .at(
                        route.entry.span,
                        format!("`{}/{}` also captures what stays inside `{}`", route.table, route.name, subnet.full),
                    )
                    .related(own.span, "the subnet's own prefix")
                    .fix(format!("add a route {} with next hop VnetLocal", own.value));
            }
        }
    }
}
