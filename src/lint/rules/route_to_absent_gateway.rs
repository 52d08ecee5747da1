//! A user route to a gateway that is not there.

use crate::azure::model::network::NextHopType;
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0122",
    name: "route-to-absent-gateway",
    level: Level::Error,
    category: Category::Routing,
    what: "A user route with next hop VirtualNetworkGateway in a network that has no gateway and uses none of a peer.",
    why: "The route has no next hop, and what it catches is dropped.",
    fix: "declare the gateway, or the transit pair of the peering, or remove the route",
    covers: &["LINT-NET-27"],
    sources: &["UDR-04"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let mut seen = std::collections::BTreeSet::new();
    for subnet in &view.subnets {
        let holds = |vnet: &str| view.estate.virtual_network_gateways.iter().any(|(_, g)| g.value.virtual_network.value == vnet);
        let remote = view.estate.virtual_network_peerings.iter().any(|(_, l)| {
            l.value.virtual_network.value == subnet.vnet
                && l.value.use_remote_gateways.value
                && holds(&l.value.remote_virtual_network.value)
        });
        // A network on a virtual hub has the hub's gateways, and a group of a network manager may lend one.
        let elsewhere = view.estate.virtual_hub_connections.iter().any(|(_, c)| c.value.remote_virtual_network.value == subnet.vnet)
            || !view.estate.network_managers.is_empty();
        if holds(subnet.vnet) || remote || elsewhere {
            continue;
        }
        for route in view.user_routes(subnet).filter(|r| r.leads_to(NextHopType::VirtualNetworkGateway)) {
            if seen.insert(route.entry.span) {
                findings.at(
                    route.entry.span,
                    format!("`{}/{}` leads to a gateway, and `{}` has none", route.table, route.name, subnet.vnet),
                );
            }
        }
    }
}
