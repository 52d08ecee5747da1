//! A peering with one link.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0101",
    name: "peering-one-sided",
    level: Level::Error,
    category: Category::Peering,
    what: "A peering link without the link back.",
    why: "A peering is two links. One alone stays Initiated and brings no routes to either side.",
    fix: "declare the link of the other virtual network, too",
    covers: &["LINT-NET-01"],
    sources: &["PEER-01"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for (name, link) in view.estate.virtual_network_peerings.iter() {
        let (here, there) = (&link.value.virtual_network.value, &link.value.remote_virtual_network.value);
        // What is no virtual network has no links, and the loader says so.
        let network = view.estate.virtual_networks.get(there).is_some();
        if network && view.link(there, here).is_none() {
            findings.at(link.span, format!("`{name}` is one-sided: `{there}` has no link to `{here}`"));
        }
    }
}
