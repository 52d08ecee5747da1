//! A private endpoint that a site has no route to.

use crate::dataplane::NextHop;
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0439",
    name: "endpoint-not-announced-to-site",
    level: Level::Error,
    category: Category::Hybrid,
    what: "A site whose DNS servers ask a resolver in Azure is not told of the network that holds a private endpoint which the resolver answers with.",
    why: "The name resolves to a private address that the site cannot send to.",
    fix: "add the network's prefix to advertised_prefixes, or share the gateway with the network",
    covers: &["LINT-55"],
    sources: &["GW-13", "ER-02"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for (site, entry) in view.estate.on_premises_sites.iter() {
        let resolvers: Vec<_> = view.inbound_resolvers().collect();
        let servers = entry.value.dns_servers.iter().map(|(_, d)| &d.value);
        let asked =
            servers.flat_map(|d| d.conditional_forwarders.iter().flat_map(|(_, f)| &f.value).chain(&d.forwarders));
        let asked: Vec<_> = asked.collect();
        let Some((_, vnet)) = resolvers.iter().find(|(at, _)| asked.iter().any(|a| a.value == *at)) else { continue };
        let segment =
            view.plane.segments.iter().find(|(_, s)| s.origin.kind == "on_premises_site" && s.origin.name == site);
        let Some((_, segment)) = segment else { continue };
        let mut seen = std::collections::BTreeSet::new();
        for (name, endpoint) in view.estate.private_endpoints.iter() {
            let zones = endpoint.value.private_dns_zone_group.iter().flat_map(|g| &g.private_dns_zones);
            let answered = zones.into_iter().any(|z| view.zone_linked(&z.value, vnet));
            let home = endpoint.value.subnet.value.split('/').next().unwrap_or_default();
            let first = view.prefixes(home).first().map(|p| p.network());
            let Some(address) = first.filter(|_| answered && seen.insert(home.to_owned())) else { continue };
            let known = segment
                .routes
                .iter()
                .any(|r| r.prefix.contains(address) && !r.prefix.is_default() && !matches!(r.hop, NextHop::Drop(_)));
            if !known {
                findings
                    .at(
                        endpoint.value.subnet.span,
                        format!("`{site}` resolves `{name}` to an address of `{home}`, and has no route there"),
                    )
                    .related(entry.span, "the site");
            }
        }
    }
}
