//! A link in a state other than Connected.

use crate::azure::model::network::PeeringState;
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0102",
    name: "peering-disconnected",
    level: Level::Error,
    category: Category::Peering,
    what: "A peering link that is Disconnected, or Initiated although the link back exists.",
    why: "The other link was deleted and made anew, or never saw this one. Neither side has routes to the other.",
    fix: "delete both links and create them again",
    covers: &["LINT-NET-02"],
    sources: &["PEER-01"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for (name, link) in view.estate.virtual_network_peerings.iter() {
        let Some(state) = &link.value.peering_state else { continue };
        let back = view.link(&link.value.remote_virtual_network.value, &link.value.virtual_network.value);
        // An Initiated link without a link back is `peering-one-sided`.
        if state.value == PeeringState::Disconnected || state.value == PeeringState::Initiated && back.is_some() {
            findings
                .at(state.span, format!("link `{name}` is {}", state.value.as_str()))
                .related(back.map(|(_, b)| b.span), "the link back");
        }
    }
}
