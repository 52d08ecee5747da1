//! A public address that nothing uses.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0183",
    name: "unused-public-ip",
    level: Level::Info,
    category: Category::Unused,
    what: "A public address that is attached to nothing.",
    why: "It costs money, and nothing answers there.",
    fix: "remove it, or attach it",
    covers: &[],
    sources: &["NAT-01"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let estate = view.estate;
    let machines = estate.virtual_machines.iter().filter_map(|(_, m)| m.value.public_ip.as_ref());
    let nat = estate.nat_gateways.iter().flat_map(|(_, n)| &n.value.public_ips);
    let firewalls = estate.firewalls.iter().flat_map(|(_, f)| &f.value.public_ips);
    let managed = estate.firewalls.iter().filter_map(|(_, f)| f.value.management_public_ip.as_ref());
    let tunnels = estate.virtual_network_gateways.iter().flat_map(|(_, g)| &g.value.public_ips);
    let firewalls = firewalls.chain(managed).chain(tunnels);
    let balancers = estate.load_balancers.iter().flat_map(|(_, b)| b.value.frontend_ip_configurations.iter());
    let balancers = balancers.filter_map(|(_, f)| f.value.public_ip_address.as_ref());
    let gateways = estate.application_gateways.iter().flat_map(|(_, g)| g.value.frontend_ip_configurations.iter());
    let gateways = gateways.filter_map(|(_, f)| f.value.public_ip_address.as_ref());
    let used: std::collections::BTreeSet<&str> =
        machines.chain(nat).chain(firewalls).chain(balancers).chain(gateways).map(|r| r.value.as_str()).collect();
    for (name, address) in estate.public_ips.iter().filter(|(n, _)| !used.contains(n)) {
        findings.at(address.span, format!("nothing uses public address `{name}`"));
    }
}
