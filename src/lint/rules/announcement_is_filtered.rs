//! A site that announces part of the network behind the gateway.

use crate::lint::{Category, Findings, Level, Rule, View};
use crate::net::Prefix;

pub(super) static RULE: Rule = Rule {
    code: "PRL0161",
    name: "announcement-is-filtered",
    level: Level::Error,
    category: Category::Hybrid,
    what: "A site announces a prefix that equals, or lies inside, a prefix of the gateway's own network.",
    why: "The gateway filters the announcement, so that nothing in Azure has a route to that part of the site.",
    fix: "announce a prefix that contains the network's, or renumber",
    covers: &["LINT-NET-70"],
    sources: &["GW-04"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for (name, connection) in view.estate.virtual_network_gateway_connections.iter() {
        let Some(gateway) = view.estate.virtual_network_gateways.get(&connection.value.virtual_network_gateway.value)
        else {
            continue;
        };
        let vnet = &gateway.value.virtual_network.value;
        let own: Vec<Prefix> = view.prefixes(vnet);
        let site = connection.value.on_premises_site.as_ref().and_then(|s| view.estate.on_premises_sites.get(&s.value));
        let announced = match (&connection.value.learned_prefixes, site) {
            (Some(list), _) => list.as_slice(),
            (None, Some(site)) => site.value.address_space.as_slice(),
            (None, None) => continue,
        };
        for prefix in announced {
            if let Some(inside) = own.iter().find(|o| o.covers(prefix.value)) {
                findings
                    .at(
                        prefix.span,
                        format!(
                            "{} announced over `{name}` lies in {inside} of `{vnet}`, and is filtered",
                            prefix.value
                        ),
                    )
                    .related(connection.span, "the connection");
            }
        }
    }
}
