//! A private DNS zone that nobody sees.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0181",
    name: "unused-private-dns-zone",
    level: Level::Warning,
    category: Category::Unused,
    what: "A private DNS zone without a link to a virtual network.",
    why: "No client gets an answer from it; its names resolve publicly, or not at all.",
    fix: "link it to the networks where its names are asked for, or remove it",
    covers: &[],
    sources: &["ZONE-02"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for (name, zone) in view.estate.private_dns_zones.iter() {
        if zone.value.virtual_network_links.is_empty() {
            findings.at(zone.span, format!("zone `{name}` is linked to no network"));
        }
    }
}
