//! A list of untranslated ranges that forgets private ones.

use crate::lint::{Category, Findings, Level, Rule, View};
use crate::net::{Prefix, is_public};

pub(super) static RULE: Rule = Rule {
    code: "PRL0140",
    name: "snat-list-without-private-ranges",
    level: Level::Warning,
    category: Category::Firewall,
    what: "A policy whose private_ip_ranges leave out a private prefix that the scenario uses.",
    why: "The list replaces the default. Traffic of network rules to what it leaves out gets the firewall's own address, so that rules by source at the destination no longer match.",
    fix: "add IANAPrivateRanges to the list",
    covers: &["LINT-NET-38"],
    sources: &["SNAT-03"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for (name, policy) in view.estate.firewall_policies.iter() {
        let Some(ranges) = &policy.value.private_ip_ranges else { continue };
        let listed: Vec<Prefix> = ranges.iter().filter_map(|r| r.value.parse().ok()).collect();
        // 255.255.255.255/32 alone asks for translation of everything.
        let always = listed.iter().all(|p| p.to_string() == "255.255.255.255/32") && !listed.is_empty();
        if always || ranges.iter().any(|r| r.value.eq_ignore_ascii_case("IANAPrivateRanges")) {
            continue;
        }
        let networks = view.estate.virtual_networks.iter().flat_map(|(_, v)| &v.value.address_space);
        let sites = view.estate.on_premises_sites.iter().flat_map(|(_, s)| &s.value.address_space);
        let forgotten = networks.chain(sites).find(|p| {
            p.value.network().is_ipv4() && !is_public(p.value.network()) && !listed.iter().any(|l| l.covers(p.value))
        });
        if let (Some(forgotten), Some(first)) = (forgotten, ranges.first()) {
            findings
                .at(
                    first.span,
                    format!("`{name}` translates traffic to {}, which its list leaves out", forgotten.value),
                )
                .related(forgotten.span, "in use");
        }
    }
}
