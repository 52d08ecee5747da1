//! A route table where none is supported.

use crate::azure::model::network::NextHopType;
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0120",
    name: "route-table-on-special-subnet",
    level: Level::Error,
    category: Category::Subnet,
    what: "A route table on AzureBastionSubnet or RouteServerSubnet, or one on AzureFirewallManagementSubnet that does more than send everything to the internet.",
    why: "These services manage their own routes; a table on their subnet is refused or cuts them off from their control plane.",
    fix: "remove the association",
    covers: &["LINT-NET-24", "LINT-NET-50", "LINT-NET-51"],
    sources: &["SUB-01"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for subnet in &view.subnets {
        let Some(table) = &subnet.entry.value.route_table else { continue };
        let closed = ["AzureBastionSubnet", "RouteServerSubnet"].iter().any(|n| subnet.name.eq_ignore_ascii_case(n));
        let management = subnet.name.eq_ignore_ascii_case("AzureFirewallManagementSubnet");
        if closed {
            findings.at(table.span, format!("`{}` takes no route table, and has `{}`", subnet.full, table.value));
        } else if management {
            let other = view.user_routes(subnet).find(|r| !(r.is_default() && r.leads_to(NextHopType::Internet)));
            if let Some(route) = other {
                findings
                    .at(
                        route.entry.span,
                        format!("`{}` may hold 0.0.0.0/0 to Internet only on `{}`", table.value, subnet.full),
                    )
                    .related(table.span, "the association");
            } else if view.propagates(subnet) {
                findings.at(table.span, format!("`{}` lets learned routes into `{}`", table.value, subnet.full));
            }
        }
    }
}
