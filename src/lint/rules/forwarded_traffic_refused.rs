//! A spoke that refuses what its firewall forwards.

use crate::dataplane::{Role, Translates};
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0106",
    name: "forwarded-traffic-refused",
    level: Level::Error,
    category: Category::Peering,
    what: "A network that other networks or sites reach through an appliance in a peered network, while its own link refuses forwarded traffic.",
    why: "Packets that an appliance passes on still carry the source of whoever sent them, and the receiving side's link drops them.",
    fix: "set allow_forwarded_traffic on the link of the receiving network",
    covers: &["LINT-NET-05"],
    sources: &["PEER-07"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for (link, _) in view.peerings() {
        let (here, there) = (&link.value.virtual_network.value, &link.value.remote_virtual_network.value);
        if link.value.allow_forwarded_traffic.value {
            continue;
        }
        let own = view.prefixes(here);
        // Some other network steers what it sends here to an appliance over there.
        let steering = view.subnets.iter().filter(|s| s.vnet != here).find_map(|subnet| {
            let route = view.user_routes(subnet).find(|r| {
                let covers = r.prefix.is_some_and(|p| own.iter().any(|o| p.covers(*o) || o.covers(p)));
                let device = r.appliance().and_then(|a| view.device(subnet.vnet, a));
                // What an appliance translates comes from the appliance itself.
                let keeps_source = device.is_some_and(|d| match &d.endpoint.role {
                    Role::Host(host) => host.forwarding.translates != Translates::Always,
                    _ => true,
                });
                covers && keeps_source && device.is_some_and(|d| d.vnet == there)
            })?;
            // From the appliance's own network the source is not foreign; a default route does not show that the two
            // are meant to meet, unless this network steers back.
            let back =
                || view.subnets_of(here).any(|mine| view.user_routes(mine).any(|r| r.appliance() == route.appliance()));
            let gateway = subnet.name.eq_ignore_ascii_case("GatewaySubnet");
            let foreign = subnet.vnet != there || gateway;
            (foreign && (!route.is_default() || back())).then_some((subnet, route))
        });
        if let Some((subnet, route)) = steering {
            findings
                .at(
                    crate::lint::place(&link.value.allow_forwarded_traffic, link.span),
                    format!("`{here}` refuses what the appliance in `{there}` forwards from `{}`", subnet.full),
                )
                .related(route.entry.span, "this route sends it there");
        }
    }
}
