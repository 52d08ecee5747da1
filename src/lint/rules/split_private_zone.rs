//! Two zones of one name for networks that need each other's endpoints.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0310",
    name: "split-private-zone",
    level: Level::Warning,
    category: Category::Dns,
    what: "Two private zones of one Private Link name are linked to networks that reach each other, and to no network in common.",
    why: "Each network sees only part of the records; a name of the other zone does not exist there.",
    fix: "merge the two into one zone that is linked to both networks",
    covers: &["LINT-DNS-03"],
    sources: &["ZONE-15"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let zones: Vec<_> = view
        .estate
        .private_dns_zones
        .iter()
        .map(|(key, z)| {
            let name = z.value.zone_name.as_ref().map_or(key, |n| n.value.as_str()).to_ascii_lowercase();
            let links = z.value.virtual_network_links.iter();
            let links: Vec<&str> =
                links.map(|(k, l)| l.value.virtual_network.as_ref().map_or(k, |v| v.value.as_str())).collect();
            (key, z, name, links)
        })
        .filter(|(_, _, name, _)| name.split('.').any(|l| l == "privatelink"))
        .collect();
    for (i, (key, zone, name, links)) in zones.iter().enumerate() {
        for (other, second, other_name, other_links) in zones.iter().skip(i + 1) {
            let apart = name == other_name && links.iter().all(|l| !other_links.contains(l));
            let near = links.iter().find_map(|a| other_links.iter().find(|b| view.is_adjacent(a, b)).map(|b| (a, b)));
            if let (true, Some((a, b))) = (apart, near) {
                findings
                    .at(
                        second.span,
                        format!("`{key}` and `{other}` split {name} between `{a}` and `{b}`, which reach each other"),
                    )
                    .related(zone.span, "the other zone");
            }
        }
    }
}
