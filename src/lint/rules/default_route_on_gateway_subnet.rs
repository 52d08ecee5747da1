//! A default route on the GatewaySubnet.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0115",
    name: "default-route-on-gateway-subnet",
    level: Level::Error,
    category: Category::Subnet,
    what: "A route table with a default route on a GatewaySubnet.",
    why: "The gateway cannot be created, or stops working, because it loses its way to its own control plane.",
    fix: "remove the default route; name the prefixes of the spokes instead",
    covers: &["LINT-NET-17"],
    sources: &["SUB-02", "UDR-10"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for subnet in view.subnets.iter().filter(|s| s.name.eq_ignore_ascii_case("GatewaySubnet")) {
        if let Some(route) = view.user_routes(subnet).find(|r| r.prefix.is_some_and(|p| p.is_default())) {
            findings
                .at(
                    route.entry.span,
                    format!("`{}/{}` is a default route on `{}`", route.table, route.name, subnet.full),
                )
                .related(subnet.entry.value.route_table.as_ref().map(|t| t.span), "the association");
        }
    }
}
