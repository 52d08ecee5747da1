//! A user route that names an ExpressRoute gateway.

use crate::azure::model::{gateway::GatewayType, network::NextHopType};
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0121",
    name: "route-to-expressroute-gateway",
    level: Level::Error,
    category: Category::Routing,
    what: "A user route with next hop VirtualNetworkGateway where the network's gateway is an ExpressRoute one, or both kinds exist.",
    why: "Only a VPN gateway can be named by a user route; ExpressRoute takes what it announces by BGP.",
    fix: "remove the route, and let the circuit announce the prefix",
    covers: &["LINT-NET-26"],
    sources: &["UDR-04"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let mut seen = std::collections::BTreeSet::new();
    let gateways = view.gateways();
    let mut lent: std::collections::BTreeMap<&str, &str> = std::collections::BTreeMap::new();
    for (_, link) in view.estate.virtual_network_peerings.iter().filter(|(_, l)| l.value.use_remote_gateways.value) {
        lent.entry(&link.value.virtual_network.value).or_insert(&link.value.remote_virtual_network.value);
    }
    for subnet in &view.subnets {
        let home = lent.get(subnet.vnet).copied().unwrap_or(subnet.vnet);
        let express =
            gateways.get(home).into_iter().flatten().find(|(_, g)| g.value.type_.value == GatewayType::ExpressRoute);
        let Some((name, gateway)) = express else { continue };
        for route in view.user_routes(subnet).filter(|r| r.leads_to(NextHopType::VirtualNetworkGateway)) {
            if seen.insert(route.entry.span) {
                findings
                    .at(
                        route.entry.span,
                        format!("`{}/{}` cannot lead to ExpressRoute gateway `{name}`", route.table, route.name),
                    )
                    .related(gateway.span, "the gateway");
            }
        }
    }
}
