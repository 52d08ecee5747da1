//! A user route to a gateway that is not there.

use crate::azure::model::network::NextHopType;
use crate::lint::{Category, Findings, Level, Rule, View};
use std::collections::BTreeSet;

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
    let mut seen = BTreeSet::new();
    let gateways = view.gateways();
    let links =
        view.estate.virtual_network_peerings.iter().map(|(_, l)| &l.value).filter(|l| l.use_remote_gateways.value);
    let served: BTreeSet<&str> = links
        .filter(|l| gateways.contains_key(l.remote_virtual_network.value.as_str()))
        .map(|l| l.virtual_network.value.as_str())
        .collect();
    let on_hubs =
        view.estate.virtual_hub_connections.iter().map(|(_, c)| c.value.remote_virtual_network.value.as_str());
    let on_hubs: BTreeSet<&str> = on_hubs.collect();
    for subnet in &view.subnets {
        // A network on a virtual hub has the hub's gateways, and a group of a network manager may lend one.
        let elsewhere = on_hubs.contains(subnet.vnet) || !view.estate.network_managers.is_empty();
        if gateways.contains_key(subnet.vnet) || served.contains(subnet.vnet) || elsewhere {
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
