//! Networks with common addresses that meet somewhere.

use crate::diag::Span;
use crate::lint::{Category, Findings, Level, Rule, View};
use crate::net::Prefix;
use std::collections::BTreeMap;

pub(super) static RULE: Rule = Rule {
    code: "PRL0105",
    name: "overlapping-networks",
    level: Level::Warning,
    category: Category::Addressing,
    what: "Two networks that a third one joins to, or a network and a site behind its gateway, with common addresses.",
    why: "Whoever is joined to both can send to one of them only, and a gateway drops or refuses the routes of the other; two spokes of one hub cannot both be peered.",
    fix: "renumber one of the two",
    covers: &["LINT-NET-03"],
    sources: &["ADDR-07", "PEER-03", "GW-02"],
    check,
};

/// Networks that are peered with each other, static sites inside their gateway's network, networks on one virtual hub
/// and pools of point-to-site clients are refused by the loader.
fn check(view: &View<'_>, findings: &mut Findings) {
    let space = |vnet: &str| -> Vec<(Prefix, Span)> {
        let declared = view.estate.virtual_networks.get(vnet).map(|v| v.value.address_space.as_slice());
        declared.unwrap_or_default().iter().map(|p| (p.value, p.span)).collect()
    };
    let mut spokes_of: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let links = view.estate.virtual_network_peerings.iter().map(|(_, l)| &l.value);
    for link in links.filter(|l| l.peer_complete_virtual_networks_enabled.value) {
        spokes_of.entry(&link.virtual_network.value).or_default().push(&link.remote_virtual_network.value);
    }
    for (hub, spokes) in spokes_of {
        let mut sites: Vec<(&str, Vec<(Prefix, Span)>)> = Vec::new();
        for (_, connection) in view.estate.virtual_network_gateway_connections.iter() {
            let gateway = view.estate.virtual_network_gateways.get(&connection.value.virtual_network_gateway.value);
            let site = connection.value.on_premises_site.as_ref();
            let declared = site.and_then(|s| Some((s, view.estate.on_premises_sites.get(&s.value)?)));
            if let (true, Some((site, declared))) =
                (gateway.is_some_and(|g| g.value.virtual_network.value == hub), declared)
            {
                let prefixes = declared.value.address_space.iter().map(|p| (p.value, p.span)).collect();
                sites.push((&site.value, prefixes));
            }
        }
        // Mostly nothing overlaps, which is quickly told by going through all ranges in order.
        let joined: std::collections::BTreeSet<&str> = spokes.iter().copied().collect();
        let of_sites = sites.iter().flat_map(|(_, p)| p.iter().map(|(p, _)| *p));
        let mut ranges: Vec<Prefix> = joined.iter().flat_map(|s| space(s)).map(|(p, _)| p).chain(of_sites).collect();
        ranges.sort_unstable_by_key(|p| (p.network(), p.last()));
        if ranges.windows(2).all(|pair| matches!(pair, [a, b] if a.last() < b.network())) {
            continue;
        }
        for (i, spoke) in spokes.iter().enumerate() {
            let others = spokes.iter().skip(i + 1).map(|s| (*s, space(s))).filter(|(o, _)| o != spoke);
            // A site that holds a spoke's range inside a wider one announces a summary, which longer routes beat.
            let sites = sites.iter().map(|(n, p)| (*n, p.clone()));
            for (other, prefixes) in others.chain(sites) {
                let both = |a: Prefix, b: Prefix| {
                    a == b || a.covers(b) && view.estate.virtual_networks.get(other).is_some() || b.covers(a)
                };
                let hit = prefixes.iter().find_map(|(p, at)| {
                    space(spoke)
                        .into_iter()
                        .find(|(own, _)| both(*own, *p) && own.overlaps(*p))
                        .map(|(own, here)| (own, here, *p, *at))
                });
                let summary = |own: Prefix, p: Prefix| {
                    p.covers(own) && p != own && view.estate.virtual_networks.get(other).is_none()
                };
                if let Some((own, here, p, at)) = hit.filter(|(own, _, p, _)| !summary(*own, *p)) {
                    findings
                        .at(
                            here,
                            format!("{own} of `{spoke}` overlaps {p} of `{other}`, and both are joined to `{hub}`"),
                        )
                        .related(at, "the other prefix");
                }
            }
        }
    }
}
