//! A route to an appliance in a network that is not joined.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0109",
    name: "next-hop-out-of-reach",
    level: Level::Error,
    category: Category::Routing,
    what: "A user route to an appliance that stands in a network which is neither the subnet's own nor joined to it directly.",
    why: "A next hop must be in the own network or a directly peered one. Behind a gateway, a virtual WAN or a second peering the route is invalid.",
    fix: "peer the network of the appliance, or place an appliance nearer",
    covers: &["LINT-NET-11", "LINT-NET-92"],
    sources: &["UDR-03"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let mut seen = std::collections::BTreeSet::new();
    for subnet in &view.subnets {
        for route in view.user_routes(subnet) {
            let (Some(address), Some(hop)) = (route.appliance(), &route.entry.value.next_hop_in_ip_address) else {
                continue;
            };
            let far = view.owners(address).next();
            if let (None, Some(owner)) = (view.device(subnet.vnet, address), far)
                && seen.insert((hop.span, subnet.vnet))
            {
                findings
                    .at(
                        hop.span,
                        format!(
                            "{} owns {address}, but its network is not joined to `{}`, where `{}` sends to it",
                            owner.origin, subnet.vnet, subnet.full
                        ),
                    )
                    .related(owner.origin.span, "the appliance");
            }
        }
    }
}
