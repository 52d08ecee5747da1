//! A VPN client that wants to reach an ExpressRoute site.

use crate::azure::model::gateway::GatewayType;
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0166",
    name: "vpn-client-to-expressroute",
    level: Level::Error,
    category: Category::Hybrid,
    what: "A flow from a point-to-site client to a site behind an ExpressRoute gateway is expected to get through.",
    why: "There is no transit between point-to-site clients and ExpressRoute, not even with a Route Server.",
    fix: "use a virtual WAN, or reach the site by VPN",
    covers: &["LINT-NET-75"],
    sources: &["GW-11"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for flow in view.wanted() {
        let fields = &flow.expectation.fields;
        if view.estate.vpn_clients.get(&fields.from.value).is_none() {
            continue;
        }
        let site = view.estate.on_premises_sites.iter().find(|(_, s)| s.value.hosts.get(&fields.to.value).is_some());
        let Some((site, _)) = site else { continue };
        let mut connections = view
            .estate
            .virtual_network_gateway_connections
            .iter()
            .filter(|(_, c)| c.value.on_premises_site.as_ref().is_some_and(|s| s.value == site));
        let express = |c: &crate::azure::model::gateway::VirtualNetworkGatewayConnection| {
            let gateway = view.estate.virtual_network_gateways.get(&c.virtual_network_gateway.value);
            gateway.is_some_and(|g| g.value.type_.value == GatewayType::ExpressRoute)
        };
        let Some((name, first)) = connections.next() else { continue };
        if express(&first.value) && connections.all(|(_, c)| express(&c.value)) {
            findings
                .at(
                    fields.to.span,
                    format!(
                        "`{}` cannot reach `{site}`, which is behind ExpressRoute `{name}` only",
                        fields.from.value
                    ),
                )
                .related(first.span, "the connection");
        }
    }
}
