//! A VPN client that wants to reach a site without BGP.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0165",
    name: "vpn-client-to-static-site",
    level: Level::Warning,
    category: Category::Hybrid,
    what: "A flow from a point-to-site client to a site behind a connection without BGP is expected to get through.",
    why: "Clients reach sites behind tunnels only if their routes are exchanged by BGP, or added by hand on both sides.",
    fix: "set bgp_enabled on the connection",
    covers: &["LINT-NET-74"],
    sources: &["GW-09"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for flow in view.wanted() {
        let fields = &flow.expectation.fields;
        let Some(client) = view.estate.vpn_clients.get(&fields.from.value) else { continue };
        let site = view.estate.on_premises_sites.iter().find(|(_, s)| s.value.hosts.get(&fields.to.value).is_some());
        let Some((site, _)) = site else { continue };
        let connection = view.estate.virtual_network_gateway_connections.iter().find(|(_, c)| {
            c.value.on_premises_site.as_ref().is_some_and(|s| s.value == site)
                && c.value.virtual_network_gateway.value == client.value.virtual_network_gateway.value
        });
        if let Some((name, entry)) = connection.filter(|(_, c)| !c.value.bgp_enabled.value) {
            findings
                .at(
                    fields.to.span,
                    format!("`{}` wants to reach `{site}` over `{name}`, which has no BGP", fields.from.value),
                )
                .related(crate::lint::place(&entry.value.bgp_enabled, entry.span), "the connection");
        }
    }
}
