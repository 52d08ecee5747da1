//! A firewall that does not know the other hub's spokes.

use crate::lint::{Category, Findings, Level, Rule, View};
use crate::verdict::Reason;

pub(super) static RULE: Rule = Rule {
    code: "PRL0172",
    name: "firewall-without-remote-spokes",
    level: Level::Warning,
    category: Category::Routing,
    what: "A flow to a spoke of another hub is expected to get through, and the firewall on its way has no route to that spoke.",
    why: "A hub learns the other hub's network by peering, not the networks behind it.",
    fix: "add routes for the other hub's spokes to the firewall's subnet, with the other firewall as next hop",
    covers: &["LINT-NET-83"],
    sources: &["NVA-07"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for flow in view.wanted() {
        let fields = &flow.expectation.fields;
        let Some(step) = view.stopped(flow, Reason::NoRoute) else { continue };
        let Some(to) = view.receiver(&fields.to.value).and_then(|e| view.vnet_of(e)) else { continue };
        let passed = flow.trace.elements();
        let here = view
            .firewalls()
            .find(|(name, _, home, _)| passed.contains(name) && !view.is_adjacent(home, to) && *home != to);
        let there = view.firewalls().find(|(_, _, home, _)| view.is_adjacent(home, to));
        if let (Some((name, firewall, home, _)), Some((other, _, far, address))) = (here, there)
            && view.is_adjacent(home, far)
        {
            findings
                .at(
                    firewall.value.subnet.as_ref().map_or(firewall.span, |s| s.span),
                    format!("`{name}` has no route to `{to}`, a network of hub `{far}`"),
                )
                .related(step.span, "where it ends")
                .related(flow.expectation.span, "expected to get through")
                .fix(format!(
                    "add a route for `{to}` to the subnet of `{name}`, with {address} of `{other}` as next hop"
                ));
        }
    }
}
