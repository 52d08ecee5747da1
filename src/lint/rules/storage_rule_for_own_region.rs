//! An address rule for a caller of the account's own region.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0325",
    name: "storage-rule-for-own-region",
    level: Level::Warning,
    category: Category::Service,
    what: "An address rule of a storage account holds a public address that a network of the same region sends from.",
    why: "Within a region traffic to storage carries private addresses, so the rule never matches.",
    fix: "use a subnet rule with a service endpoint, or a private endpoint",
    covers: &["LINT-PAAS-03"],
    sources: &["STG-01"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let region = |own: Option<&crate::document::Spanned<String>>| {
        own.or(view.estate.location.as_ref()).map(|l| l.value.to_lowercase().replace(' ', ""))
    };
    // Public addresses with the virtual network that sends from them.
    let mut senders: Vec<(&str, &str)> = Vec::new();
    for (_, machine) in view.estate.virtual_machines.iter() {
        let vnet = machine.value.subnet.value.split('/').next().unwrap_or_default();
        senders.extend(machine.value.public_ip.iter().map(|p| (p.value.as_str(), vnet)));
    }
    for subnet in &view.subnets {
        let nat = subnet.entry.value.nat_gateway.as_ref().and_then(|n| view.estate.nat_gateways.get(&n.value));
        senders.extend(nat.iter().flat_map(|n| &n.value.public_ips).map(|p| (p.value.as_str(), subnet.vnet)));
    }
    for (_, firewall, home, _) in view.firewalls() {
        senders.extend(firewall.value.public_ips.iter().map(|p| (p.value.as_str(), home)));
    }
    for (name, service) in view.estate.services.iter() {
        let storage = service.value.type_.value.eq_ignore_ascii_case("Microsoft.Storage/storageAccounts");
        let rules = service.value.network_rules.iter().filter(|_| storage).flat_map(|r| &r.ip_rules);
        for rule in rules {
            let caller = senders.iter().find(|(address, vnet)| {
                let at = view.estate.public_ips.get(address).and_then(|p| p.value.ip_address.as_ref());
                let home = view.estate.virtual_networks.get(vnet).and_then(|v| region(v.value.location.as_ref()));
                at.is_some_and(|a| rule.value.contains(a.value))
                    && home.is_some()
                    && home == region(service.value.location.as_ref())
            });
            if let Some((address, vnet)) = caller {
                findings
                    .at(rule.span, format!("`{name}` never sees `{address}` of `{vnet}`, which is in its own region"));
            }
        }
    }
}
