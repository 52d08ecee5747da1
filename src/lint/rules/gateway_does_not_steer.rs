//! Sites enter past the firewall that replies pass.

use crate::dataplane::NextHop;
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0113",
    name: "gateway-does-not-steer",
    level: Level::Error,
    category: Category::Routing,
    what: "A subnet answers a site through a firewall, while the GatewaySubnet has no route that leads to the firewall for that subnet's network, or a shorter one than the peering's.",
    why: "What comes from the site reaches the subnet directly, and the firewall drops the replies of connections that it did not see begin.",
    fix: "add a route for every prefix of the network to the route table of the GatewaySubnet, with the firewall as next hop",
    covers: &["LINT-NET-15", "LINT-NET-16"],
    sources: &["ASYM-04", "UDR-10", "ROUTE-16"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for subnet in &view.subnets {
        let Some((default, Some(device))) = view.default_appliance(subnet) else { continue };
        if !device.is_firewall() || subnet.name.eq_ignore_ascii_case("GatewaySubnet") {
            continue;
        }
        let home = view.subnet(&format!("{}/GatewaySubnet", device.vnet));
        let gateways =
            view.estate.virtual_network_gateways.iter().filter(|(_, g)| g.value.virtual_network.value == device.vnet);
        let Some(home) = home.filter(|_| gateways.count() > 0) else { continue };
        // Does the subnet answer the gateway's sites through the firewall, and do sites reach it through the gateway?
        let learned: Vec<_> = view
            .segment(home)
            .routes
            .iter()
            .filter(|r| matches!(r.hop, NextHop::Gateway(_) | NextHop::Tunnel(_)))
            .collect();
        let by_default = |address| {
            let first = view
                .segment(subnet)
                .routes
                .iter()
                .filter(|r| r.prefix.contains(address))
                .max_by_key(|r| r.prefix.length());
            first.is_some_and(|r| {
                matches!(&r.hop, NextHop::Endpoint(id) if *id == device.id)
                    || matches!(&r.hop, NextHop::Appliance(a) if Some(*a) == default.appliance())
            })
        };
        let answers = learned.iter().any(|r| !r.prefix.is_default() && by_default(r.prefix.network()));
        let used = subnet.vnet == device.vnet
            || view.link(subnet.vnet, device.vnet).is_some_and(|(_, l)| l.value.use_remote_gateways.value);
        if !answers || !used {
            continue;
        }
        for prefix in &subnet.entry.value.address_prefixes {
            let address = prefix.value.usable().next().unwrap_or(prefix.value.network());
            let winner = view
                .segment(home)
                .routes
                .iter()
                .filter(|r| r.prefix.contains(address))
                .max_by_key(|r| r.prefix.length());
            let direct = winner.is_some_and(|r| matches!(r.hop, NextHop::Network { .. }));
            if direct {
                let summary =
                    view.user_routes(home).find(|r| r.prefix.is_some_and(|p| p.contains(address) && !p.is_default()));
                let place = summary.map_or(home.entry.span, |s| s.entry.span);
                let why = match summary {
                    Some(s) => format!("`{}/{}` is shorter than the route to `{}`", s.table, s.name, subnet.vnet),
                    None => format!(
                        "the GatewaySubnet of `{}` does not send what is for `{}` to {}",
                        home.vnet, subnet.full, device.endpoint.origin
                    ),
                };
                findings
                    .at(
                        place,
                        format!("{why}, so sites reach `{}` past the firewall that its replies pass", subnet.full),
                    )
                    .related(default.entry.span, "the replies take this route");
                break;
            }
        }
    }
}
