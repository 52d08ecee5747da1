//! A gateway that is offered and not used, or the reverse.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0104",
    name: "half-a-transit-pair",
    level: Level::Error,
    category: Category::Peering,
    what: "A link that lends its gateway while the other link does not use it, and its network has one.",
    why: "The spoke has no routes of the gateway, and the far side has none to the spoke.",
    fix: "set use_remote_gateways on the other link, or unset allow_gateway_transit here",
    covers: &["LINT-NET-06"],
    sources: &["PEER-08"],
    check,
};

/// The other half, use without consent, is refused by the loader.
fn check(view: &View<'_>, findings: &mut Findings) {
    let gateways = view.gateways();
    let users = view.peerings().filter(|(l, _)| l.value.use_remote_gateways.value);
    let users: std::collections::BTreeSet<&str> = users.map(|(l, _)| l.value.virtual_network.value.as_str()).collect();
    for (link, back) in view.peerings() {
        let (here, there) = (&link.value.virtual_network.value, &link.value.remote_virtual_network.value);
        let lends = link.value.allow_gateway_transit.value && !back.value.use_remote_gateways.value;
        let gateway = gateways.get(here.as_str()).and_then(|g| g.first());
        // A spoke with a gateway of its own, or one that uses another network's, wants none.
        let served = gateways.contains_key(there.as_str()) || users.contains(there.as_str());
        if let (true, Some((name, _)), false) = (lends, gateway, served) {
            let place = crate::lint::place(&link.value.allow_gateway_transit, link.span);
            findings
                .at(place, format!("`{here}` lends gateway `{name}` to `{there}`, which does not use it"))
                .related(back.span, "the link back");
        }
    }
}
