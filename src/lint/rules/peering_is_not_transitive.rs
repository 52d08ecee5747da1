//! A flow between spokes that only peerings join.

use crate::lint::{Category, Findings, Level, Rule, View};
use crate::verdict::Reason;

pub(super) static RULE: Rule = Rule {
    code: "PRL0107",
    name: "peering-is-not-transitive",
    level: Level::Warning,
    category: Category::Peering,
    what: "A flow is expected to get through between two networks that are joined by a chain of peerings only, without anything that forwards.",
    why: "Peerings are not transitive: two spokes of a hub do not see each other.",
    fix: "peer the two networks, or route both through a firewall or appliance in the hub",
    covers: &["LINT-NET-08"],
    sources: &["PEER-02"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for flow in view.wanted() {
        let fields = &flow.expectation.fields;
        let ends = view.sender(&fields.from.value).zip(view.receiver(&fields.to.value));
        let networks = ends.and_then(|(a, b)| Some((view.vnet_of(a)?, view.vnet_of(b)?)));
        let Some((from, to)) = networks.filter(|(a, b)| a != b && !view.is_adjacent(a, b)) else { continue };
        let between = view.adjacent(from).find(|hub| view.is_adjacent(hub, to));
        if let (Some(hub), true) = (between, flow.trace.judgement.reasons.contains(&Reason::NoRoute)) {
            findings.at(
                fields.to.span,
                format!("`{from}` and `{to}` are both peered with `{hub}`, which does not join them to each other"),
            );
        }
    }
}
