//! A prefix that a routing intent does not know as private.

use crate::lint::{Category, Findings, Level, Rule, View};
use crate::net::{Prefix, is_public};

pub(super) static RULE: Rule = Rule {
    code: "PRL0168",
    name: "undeclared-private-prefix",
    level: Level::Error,
    category: Category::VirtualWan,
    what: "A network or site on a virtual WAN with a prefix outside the private ranges that some hub with a private policy does not list.",
    why: "Only the private ranges and the listed prefixes go to the hub's firewall; the rest is not inspected, or not reached from other hubs.",
    fix: "list the prefix under private_traffic_prefixes of every hub with a private policy",
    covers: &["LINT-NET-78"],
    sources: &["VWAN-14"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let mut connected: Vec<(&str, &crate::document::Spanned<Prefix>)> = Vec::new();
    for (_, c) in view.estate.virtual_hub_connections.iter() {
        let vnet = view.estate.virtual_networks.get(&c.value.remote_virtual_network.value);
        connected
            .extend(vnet.iter().flat_map(|v| &v.value.address_space).map(|p| (c.value.virtual_hub.value.as_str(), p)));
    }
    for (_, b) in view.estate.virtual_hub_branches.iter() {
        let site = view.estate.on_premises_sites.get(&b.value.on_premises_site.value);
        connected
            .extend(site.iter().flat_map(|s| &s.value.address_space).map(|p| (b.value.virtual_hub.value.as_str(), p)));
    }
    for (at, prefix) in connected {
        // 100.64.0.0/10 is private, and not in the ranges that every intent knows.
        let shared: Option<Prefix> = "100.64.0.0/10".parse().ok();
        let special = is_public(prefix.value.network()) || shared.is_some_and(|s| s.covers(prefix.value));
        let Some(home) = view.estate.virtual_hubs.get(at).filter(|_| special && prefix.value.network().is_ipv4())
        else {
            continue;
        };
        for (hub, entry) in view.estate.virtual_hubs.iter() {
            let Some(intent) = &entry.value.routing_intent else { continue };
            let private =
                intent.private_traffic.is_some() && entry.value.virtual_wan.value == home.value.virtual_wan.value;
            if private && !intent.private_traffic_prefixes.iter().any(|l| l.value.covers(prefix.value)) {
                findings
                    .at(prefix.span, format!("{} is no private range, and `{hub}` does not list it", prefix.value))
                    .related(entry.span, "a hub with a private policy");
            }
        }
    }
}
