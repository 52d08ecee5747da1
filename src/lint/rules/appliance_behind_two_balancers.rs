//! Stateful appliances between two balancers without translation.

use crate::azure::model::service::SourceNat;
use crate::dataplane::Role;
use crate::lint::{Category, Findings, Level, Rule, View};
use std::collections::{BTreeMap, BTreeSet};

pub(super) static RULE: Rule = Rule {
    code: "PRL0152",
    name: "appliance-behind-two-balancers",
    level: Level::Warning,
    category: Category::Balancer,
    what: "Stateful appliances that translate nothing stand in the pools of two balancers to which routes lead.",
    why: "Each balancer chooses an appliance by itself, so that requests and replies of one connection can pass different ones.",
    fix: "translate the source on the appliances, or use one balancer for both directions",
    covers: &["LINT-NET-68"],
    sources: &["NVA-05"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    // Frontends that routes lead to, by pool member.
    let mut fronts: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for subnet in &view.subnets {
        for route in view.user_routes(subnet) {
            let Some(device) = route.appliance().and_then(|a| view.device(subnet.vnet, a)) else { continue };
            let Role::Balancer(balancer) = &device.endpoint.role else { continue };
            for member in balancer.rules.iter().flat_map(|r| &r.members) {
                let name = view.plane.endpoints.get(*member).origin.name.split('/').next().unwrap_or_default();
                fronts.entry(name).or_default().insert(device.endpoint.origin.name.clone());
            }
        }
    }
    for (name, machine) in view.estate.virtual_machines.iter() {
        let Some(appliance) = &machine.value.network_appliance else { continue };
        let Some(two) = fronts.get(name).filter(|f| f.len() > 1) else { continue };
        // Alone in its pools, it sees both directions.
        let alone = fronts.iter().filter(|(_, f)| f.intersection(two).count() > 0).count() == 1;
        if appliance.stateful.value && appliance.source_nat.value != SourceNat::All && !alone {
            let names: Vec<_> = two.iter().map(|n| format!("`{n}`")).collect();
            findings.at(machine.span, format!("`{name}` keeps connections and stands behind {}", names.join(" and ")));
        }
    }
}
