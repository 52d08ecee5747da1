//! A GatewaySubnet that is too small.

use crate::azure::model::gateway::GatewayType;
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0118",
    name: "small-gateway-subnet",
    level: Level::Warning,
    category: Category::Subnet,
    what: "A GatewaySubnet smaller than /27, or smaller than /26 with 16 circuits, which is an error.",
    why: "The subnet cannot be enlarged under a running gateway; a second gateway or more circuits do not fit.",
    fix: "make it a /27 or larger before anything is deployed into it",
    covers: &["LINT-NET-20"],
    sources: &["SUB-01", "COEX-03"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for subnet in view.subnets.iter().filter(|s| s.name.eq_ignore_ascii_case("GatewaySubnet")) {
        let gateways: Vec<_> = view
            .estate
            .virtual_network_gateways
            .iter()
            .filter(|(_, g)| g.value.virtual_network.value == subnet.vnet)
            .collect();
        let circuits = view
            .estate
            .virtual_network_gateway_connections
            .iter()
            .filter(|(_, c)| {
                gateways.iter().any(|(n, g)| {
                    *n == c.value.virtual_network_gateway.value && g.value.type_.value == GatewayType::ExpressRoute
                })
            })
            .count();
        let Some(prefix) = subnet.entry.value.address_prefixes.iter().find(|p| p.value.network().is_ipv4()) else {
            continue;
        };
        // Two kinds of gateway in less than a /27 are refused by the loader.
        let (needed, why) = if circuits >= 16 { (26, "16 circuits need a /26") } else { (27, "a /27 is advised") };
        if prefix.value.length() > needed {
            let finding =
                findings.at(prefix.span, format!("`{}` is a /{}, and {why}", subnet.full, prefix.value.length()));
            if circuits >= 16 {
                finding.level(Level::Error);
            }
        }
    }
}
