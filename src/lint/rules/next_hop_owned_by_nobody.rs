//! A route to an address that nothing owns.

use crate::{
    dataplane::{Concern, UnmodelledScope},
    lint::{Category, Findings, Level, Rule, View},
};
use std::net::IpAddr;

pub(super) static RULE: Rule = Rule {
    code: "PRL0108",
    name: "next-hop-owned-by-nobody",
    level: Level::Error,
    category: Category::Routing,
    what: "A user route to an appliance whose address nothing owns in the subnet's network or one joined to it.",
    why: "Next hops are literal addresses. Packets to an address without an owner are dropped; a firewall that was restarted may have another one.",
    fix: "correct the address, or declare the appliance",
    covers: &["LINT-NET-09", "LINT-NET-12"],
    sources: &["UDR-02", "UDR-14"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let mut seen = std::collections::BTreeSet::new();
    for subnet in &view.subnets {
        for route in view.user_routes(subnet) {
            let (Some(address), Some(hop)) = (route.appliance(), &route.entry.value.next_hop_in_ip_address) else {
                continue;
            };
            // An owner out of reach is `next-hop-out-of-reach`.
            let owned = view.device(subnet.vnet, address).is_some() || view.owners(address).next().is_some();
            if owned || perhaps_owned(view, subnet.vnet, address) || !seen.insert(hop.span) {
                continue;
            }
            let text = format!("nothing owns {address}, the next hop of `{}/{}`", route.table, route.name);
            let finding = findings.at(hop.span, text);
            finding.related(subnet.entry.value.route_table.as_ref().map(|t| t.span), "a subnet that uses the table");
            let firewall = view.firewalls().find(|(_, f, vnet, _)| {
                let place = f.value.subnet.as_ref().and_then(|s| view.subnet(&s.value));
                let inside =
                    place.is_some_and(|p| p.entry.value.address_prefixes.iter().any(|p| p.value.contains(address)));
                inside && (*vnet == subnet.vnet || view.is_adjacent(subnet.vnet, vnet))
            });
            if let Some((name, entry, _, own)) = firewall {
                finding.related(entry.span, "the firewall of that subnet");
                finding.fix(format!("use {own}, the address of firewall `{name}`"));
            }
        }
    }
}

/// Whether something that is not modelled may own an address: in a network that holds it, or in what the subnet's own may be
/// joined to.
fn perhaps_owned(view: &View<'_>, vnet: &str, address: IpAddr) -> bool {
    let networks = view.plane.networks.iter().map(|(_, n)| n);
    let around: Vec<&str> = networks
        .filter(|n| n.prefixes.iter().any(|p| p.contains(address)))
        .map(|n| n.origin.name.as_str())
        .chain([vnet])
        .collect();
    let mut all = view.plane.unmodelled.iter().filter(|what| !what.doubts(Concern::Names));
    all.any(|what| match &what.scope {
        UnmodelledScope::Everything => true,
        UnmodelledScope::Owners(places) | UnmodelledScope::Elements(places) => {
            around.iter().any(|n| places.contains(*n))
        }
        UnmodelledScope::Names(_) => false,
    })
}
