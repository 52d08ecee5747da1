//! A flow between a VPN site and an ExpressRoute site without transit.

use crate::azure::model::gateway::GatewayType;
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0164",
    name: "no-transit-between-vpn-and-expressroute",
    level: Level::Error,
    category: Category::Hybrid,
    what: "A flow between sites behind a VPN and an ExpressRoute gateway of one network is expected to get through, and nothing exchanges their routes.",
    why: "Gateways do not pass on each other's routes. A Route Server with branch-to-branch traffic does, if the VPN gateway is active-active with ASN 65515.",
    fix: "add a Route Server with branch_to_branch_traffic_enabled, and make the VPN gateway active-active with ASN 65515",
    covers: &["LINT-NET-72"],
    sources: &["COEX-02"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for flow in view.wanted() {
        let fields = &flow.expectation.fields;
        let kinds = |name: &str| -> Vec<GatewayType> {
            let site = view.estate.on_premises_sites.iter().find(|(_, s)| s.value.hosts.get(name).is_some());
            let connections = view.estate.virtual_network_gateway_connections.iter();
            connections
                .filter(|(_, c)| c.value.on_premises_site.as_ref().map(|s| s.value.as_str()) == site.map(|(n, _)| n))
                .filter_map(|(_, c)| view.estate.virtual_network_gateways.get(&c.value.virtual_network_gateway.value))
                .map(|g| g.value.type_.value)
                .collect()
        };
        let (from, to) = (kinds(&fields.from.value), kinds(&fields.to.value));
        let across = from.iter().any(|a| to.iter().any(|b| a != b)) && !from.iter().any(|a| to.contains(a));
        if across && flow.trace.judgement.reason().is_some() {
            findings.at(
                fields.to.span,
                format!(
                    "`{}` and `{}` are behind gateways of two kinds that exchange no routes",
                    fields.from.value, fields.to.value
                ),
            );
        }
    }
}
