//! Public addresses inside a network behind a firewall.

use crate::lint::{Category, Findings, Level, Rule, View};
use crate::net::{Prefix, is_public};

pub(super) static RULE: Rule = Rule {
    code: "PRL0142",
    name: "public-range-used-privately",
    level: Level::Warning,
    category: Category::Addressing,
    what: "A network or site with a prefix outside the private ranges that a firewall reaches and does not list as private.",
    why: "The firewall translates what goes there, so that destinations see its address, and replies and rules by source go wrong.",
    fix: "add the prefix to private_ip_ranges of the policy, or renumber",
    covers: &["LINT-NET-40"],
    sources: &["SNAT-04", "VWAN-22"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let mut seen = std::collections::BTreeSet::new();
    for (name, firewall, home, _) in view.firewalls() {
        let policy = view.policies(&firewall.value).into_iter().next_back();
        let ranges = policy.and_then(|(_, p)| p.value.private_ip_ranges.as_ref());
        let listed = |prefix: Prefix| {
            ranges.into_iter().flatten().any(|r| r.value.parse::<Prefix>().is_ok_and(|l| l.covers(prefix)))
        };
        let networks =
            std::iter::once(home).chain(view.adjacent(home)).filter_map(|v| view.estate.virtual_networks.get(v));
        let networks = networks.flat_map(|v| &v.value.address_space);
        let sites = view.estate.virtual_network_gateway_connections.iter().filter_map(|(_, c)| {
            let gateway = view.estate.virtual_network_gateways.get(&c.value.virtual_network_gateway.value)?;
            let site = c.value.on_premises_site.as_ref().filter(|_| gateway.value.virtual_network.value == home)?;
            view.estate.on_premises_sites.get(&site.value)
        });
        for prefix in networks.chain(sites.flat_map(|s| &s.value.address_space)) {
            let public =
                prefix.value.network().is_ipv4() && is_public(prefix.value.network()) && !prefix.value.is_default();
            if public && !listed(prefix.value) && seen.insert(prefix.span) {
                findings
                    .at(
                        prefix.span,
                        format!("{} is no private range, so `{name}` translates what goes there", prefix.value),
                    )
                    .related(policy.map_or(firewall.span, |(_, p)| p.span), "its ranges are set here");
            }
        }
    }
}
