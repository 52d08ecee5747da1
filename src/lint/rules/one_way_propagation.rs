//! Connections of a hub of which only one knows the other.

use crate::azure::model::virtual_wan::VirtualHubConnection;
use crate::document::Entry;
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0171",
    name: "one-way-propagation",
    level: Level::Warning,
    category: Category::VirtualWan,
    what: "A connection of a hub whose prefixes reach the table of another one, while the other's do not reach its own table.",
    why: "Requests find their way and replies do not.",
    fix: "propagate both connections to each other's route table",
    covers: &["LINT-NET-82"],
    sources: &["VWAN-04"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let table = |c: &VirtualHubConnection| {
        let routing = c.routing.as_ref();
        routing
            .and_then(|r| r.associated_route_table.as_ref())
            .map_or("defaultRouteTable", |t| t.value.as_str())
            .to_owned()
    };
    let reaches = |c: &VirtualHubConnection, wanted: &str| {
        let Some(routing) = &c.routing else { return wanted == "defaultRouteTable" };
        if routing.propagated_route_tables.is_empty() && routing.propagated_labels.is_empty() {
            return wanted == "defaultRouteTable";
        }
        let hub = view.estate.virtual_hubs.get(&c.virtual_hub.value);
        let labels = hub.and_then(|h| h.value.route_tables.get(wanted)).map(|t| t.value.labels.as_slice());
        routing.propagated_route_tables.iter().any(|t| t.value == wanted)
            || routing.propagated_labels.iter().any(|l| {
                l.value.eq_ignore_ascii_case("default") && wanted == "defaultRouteTable"
                    || labels.unwrap_or_default().iter().any(|o| o.value.eq_ignore_ascii_case(&l.value))
            })
    };
    // Static routes can carry what is not propagated.
    let fixed = |c: &VirtualHubConnection, to: &VirtualHubConnection| {
        let Some(hub) = view.estate.virtual_hubs.get(&c.virtual_hub.value) else { return true };
        let own = hub.value.route_tables.get(&table(c)).map(|t| &t.value.routes).unwrap_or(&hub.value.default_routes);
        hub.value.routing_intent.is_some()
            || view
                .prefixes(&to.remote_virtual_network.value)
                .iter()
                .all(|p| own.iter().any(|(_, r)| r.value.destinations.iter().any(|d| d.value.covers(*p))))
    };
    let all: Vec<(&str, &Entry<VirtualHubConnection>)> = view.estate.virtual_hub_connections.iter().collect();
    for (name, one) in &all {
        for (other, two) in all.iter().filter(|(_, c)| c.value.virtual_hub.value == one.value.virtual_hub.value) {
            let there = reaches(&two.value, &table(&one.value));
            let back = reaches(&one.value, &table(&two.value));
            if there && !back && !fixed(&two.value, &one.value) {
                let place = one
                    .value
                    .routing
                    .as_ref()
                    .and_then(|r| r.propagated_route_tables.first())
                    .map_or(one.span, |t| t.span);
                findings
                    .at(
                        place,
                        format!("`{name}` finds `{other}`, whose table `{}` does not know `{name}`", table(&two.value)),
                    )
                    .related(two.span, "the other connection");
            }
        }
    }
}
