//! A learned prefix inside a peered network.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0162",
    name: "learned-prefix-inside-peer",
    level: Level::Warning,
    category: Category::Hybrid,
    what: "A gateway learns a prefix that lies inside a prefix of a network peered with its own.",
    why: "The route of the peering is preferred even over a longer learned one, so the site is not reached by it.",
    fix: "add a user route where the site is meant, or renumber",
    covers: &["LINT-NET-71"],
    sources: &["ROUTE-14"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for (name, connection) in view.estate.virtual_network_gateway_connections.iter() {
        let Some(gateway) = view.estate.virtual_network_gateways.get(&connection.value.virtual_network_gateway.value)
        else {
            continue;
        };
        let vnet = gateway.value.virtual_network.value.as_str();
        let site = connection.value.on_premises_site.as_ref().and_then(|s| view.estate.on_premises_sites.get(&s.value));
        let announced = match (&connection.value.learned_prefixes, site) {
            (Some(list), _) => list.as_slice(),
            (None, Some(site)) => site.value.address_space.as_slice(),
            (None, None) => continue,
        };
        for prefix in announced {
            // An equal range of a site and a spoke is `overlapping-networks`.
            let beaten = view.adjacent(vnet).find_map(|peer| {
                let over = view.prefixes(peer).into_iter().find(|p| p.covers(prefix.value) && *p != prefix.value)?;
                Some((peer, over))
            });
            if let Some((peer, over)) = beaten {
                findings
                    .at(
                        prefix.span,
                        format!(
                            "{} learned over `{name}` loses against the peering with `{peer}` ({over})",
                            prefix.value
                        ),
                    )
                    .related(connection.span, "the connection");
            }
        }
    }
}
