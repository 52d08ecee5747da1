//! Learned routes past the firewall default.

use crate::dataplane::{NextHop, RouteSource};
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0114",
    name: "learned-route-past-firewall",
    level: Level::Warning,
    category: Category::Routing,
    what: "A subnet that sends everything to a firewall learns routes to sites that the GatewaySubnet sends to the firewall.",
    why: "A learned route is longer than the default route. Requests of the site pass the firewall, replies do not, and it drops what follows.",
    fix: "set bgp_route_propagation_enabled to false on the table, or name the learned prefixes in it",
    covers: &["LINT-NET-25"],
    sources: &["ASYM-05"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for subnet in &view.subnets {
        let Some((default, Some(device))) = view.default_appliance(subnet) else { continue };
        if !device.is_firewall() {
            continue;
        }
        let learned =
            view.segment(subnet).routes.iter().find(|r| r.source == RouteSource::Gateway && !r.prefix.is_default());
        let home = view.subnet(&format!("{}/GatewaySubnet", device.vnet));
        let (Some(learned), Some(home)) = (learned, home) else { continue };
        // Only what the gateway steers through the firewall on its way in goes two ways.
        let steered = subnet.entry.value.address_prefixes.iter().any(|p| {
            let address = p.value.usable().next().unwrap_or(p.value.network());
            let winner = view
                .segment(home)
                .routes
                .iter()
                .filter(|r| r.prefix.contains(address))
                .max_by_key(|r| r.prefix.length());
            winner.is_some_and(|r| {
                r.source == RouteSource::User && !matches!(r.hop, NextHop::Drop(_) | NextHop::Internet)
            })
        });
        if steered {
            let table = view.table(subnet).map_or(default.entry.span, |(_, t)| {
                crate::lint::place(&t.value.bgp_route_propagation_enabled, t.span)
            });
            findings
                .at(
                    table,
                    format!(
                        "`{}` learns {}, so it answers that site past {}",
                        subnet.full, learned.prefix, device.endpoint.origin
                    ),
                )
                .related(default.entry.span, "shorter than the learned route");
        }
    }
}
