//! No learned routes on the GatewaySubnet.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0116",
    name: "propagation-off-on-gateway-subnet",
    level: Level::Error,
    category: Category::Subnet,
    what: "A route table that switches propagation off on a GatewaySubnet.",
    why: "The gateway needs the routes it learned itself; without them it stops working.",
    fix: "set bgp_route_propagation_enabled to true, or give the GatewaySubnet a table of its own",
    covers: &["LINT-NET-18"],
    sources: &["SUB-02"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for subnet in view.subnets.iter().filter(|s| s.name.eq_ignore_ascii_case("GatewaySubnet")) {
        let Some((name, table)) = view.table(subnet).filter(|_| !view.propagates(subnet)) else { continue };
        findings
            .at(
                crate::lint::place(&table.value.bgp_route_propagation_enabled, table.span),
                format!("`{name}` switches propagation off on `{}`", subnet.full),
            )
            .related(subnet.entry.value.route_table.as_ref().map(|t| t.span), "the association");
    }
}
