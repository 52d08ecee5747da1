//! A direct peering past the firewall.

use crate::lint::{Category, Findings, Level, Rule, View};
use crate::net::Prefix;

pub(super) static RULE: Rule = Rule {
    code: "PRL0112",
    name: "peering-beside-firewall-default",
    level: Level::Warning,
    category: Category::Routing,
    what: "A subnet that sends everything to a firewall, in a network that is peered directly with another one that does the same.",
    why: "The route of the peering is longer than the default route, so that traffic between the two networks passes no firewall.",
    fix: "name the other network's prefixes in the route tables of both sides, or remove the peering",
    covers: &["LINT-NET-14"],
    sources: &["ROUTE-16"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for subnet in &view.subnets {
        let Some((default, Some(device))) = view.default_appliance(subnet) else { continue };
        if device.vnet == subnet.vnet {
            continue;
        }
        for other in view.adjacent(subnet.vnet).filter(|o| *o != device.vnet && subnet.vnet < *o) {
            // A network that inspects nothing was perhaps joined on purpose.
            let also = view
                .subnets_of(other)
                .find(|s| view.default_appliance(s).is_some_and(|(_, d)| d.is_some_and(|d| d.id == device.id)));
            let steered = |from: &crate::lint::SubnetView<'_>, to: &str| {
                let covers = |p: &Prefix| {
                    view.segment(from).routes.iter().any(|r| {
                        r.source == crate::dataplane::RouteSource::User
                            && r.prefix.covers(*p)
                            && !r.prefix.is_default()
                            && r.prefix.length() >= p.length()
                    })
                };
                view.prefixes(to).iter().all(covers)
            };
            let Some(also) = also else { continue };
            if !steered(subnet, other) && !steered(also, subnet.vnet) {
                let link = view.link(subnet.vnet, other).map_or(default.entry.span, |(_, l)| l.span);
                findings
                    .at(
                        link,
                        format!(
                            "`{}` and `{other}` send everything to {}, and pass it by on their own peering",
                            subnet.vnet, device.endpoint.origin
                        ),
                    )
                    .related(default.entry.span, "this route is shorter than the peering's");
            }
        }
    }
}
