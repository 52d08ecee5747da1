//! A subnet on a virtual hub that learns nothing.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0167",
    name: "wan-spoke-without-propagation",
    level: Level::Error,
    category: Category::VirtualWan,
    what: "A subnet of a network on a virtual hub whose route table switches propagation off and leads nowhere by itself.",
    why: "The hub's routes reach the subnet as gateway routes; without them it sends nothing to the hub.",
    fix: "set bgp_route_propagation_enabled to true on the table",
    covers: &["LINT-NET-76"],
    sources: &["VWAN-09"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for (name, connection) in view.estate.virtual_hub_connections.iter() {
        for subnet in view.subnets_of(&connection.value.remote_virtual_network.value) {
            // A table with routes of its own was made to replace the hub's.
            if view.propagates(subnet) || view.user_routes(subnet).next().is_some() || subnet.name.starts_with("Azure")
            {
                continue;
            }
            let Some((table, entry)) = view.table(subnet) else { continue };
            findings
                .at(
                    crate::lint::place(&entry.value.bgp_route_propagation_enabled, entry.span),
                    format!("`{table}` keeps the routes of `{name}` out of `{}`", subnet.full),
                )
                .related(subnet.entry.value.route_table.as_ref().map(|t| t.span), "the association");
        }
    }
}
