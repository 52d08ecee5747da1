//! Inspection by another hub's firewall that does not happen.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0169",
    name: "inspection-between-hubs-needs-both",
    level: Level::Warning,
    category: Category::VirtualWan,
    what: "A flow is expected to pass a hub's firewall, and one of the hubs on its way has no routing intent for that traffic.",
    why: "Traffic between hubs passes firewalls only if both hubs have a private policy, and a default route never crosses hubs.",
    fix: "give both hubs a routing intent with the same policies",
    covers: &["LINT-NET-79", "LINT-NET-80"],
    sources: &["VWAN-17", "VWAN-08"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for flow in view.wanted() {
        let fields = &flow.expectation.fields;
        let passed = flow.trace.elements();
        let missed = fields.through.iter().find(|t| {
            let firewall = view.estate.firewalls.get(&t.value);
            firewall.is_some_and(|f| f.value.virtual_hub.is_some()) && !passed.contains(&t.value.as_str())
        });
        let Some(missed) = missed else { continue };
        let hub_of = |vnet: Option<&str>| {
            let connection = view
                .estate
                .virtual_hub_connections
                .iter()
                .find(|(_, c)| Some(c.value.remote_virtual_network.value.as_str()) == vnet);
            connection.map(|(_, c)| c.value.virtual_hub.value.as_str())
        };
        let from = hub_of(view.sender(&fields.from.value).and_then(|e| view.vnet_of(e)));
        let to = hub_of(view.receiver(&fields.to.value).and_then(|e| view.vnet_of(e)));
        // Within one hub, or from a hub with its own policy, the firewall is missed for another reason.
        let without = [from, to].into_iter().flatten().find(|h| {
            view.estate.virtual_hubs.get(h).is_some_and(|h| {
                h.value.routing_intent.as_ref().is_none_or(|i| {
                    if to.is_some() { i.private_traffic.is_none() } else { i.internet_traffic.is_none() }
                })
            })
        });
        if let Some(hub) = without.filter(|_| from != to) {
            findings
                .at(
                    missed.span,
                    format!("`{hub}` has no policy that sends `{}` through `{}`", flow.expectation.id, missed.value),
                )
                .related(view.estate.virtual_hubs.get(hub).map(|h| h.span), "the hub");
        }
    }
}
