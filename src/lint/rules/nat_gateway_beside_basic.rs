//! A NAT gateway beside Basic resources.

use crate::azure::model::network::Sku;
use crate::lint::{Category, Findings, Level, Rule, View};
use std::collections::BTreeMap;

pub(super) static RULE: Rule = Rule {
    code: "PRL0149",
    name: "nat-gateway-beside-basic",
    level: Level::Error,
    category: Category::Outbound,
    what: "A NAT gateway on a subnet with a Basic public address or a member of a Basic load balancer.",
    why: "The platform refuses the association while Basic resources are in the subnet.",
    fix: "replace the Basic resources by Standard ones",
    covers: &["LINT-NET-65"],
    sources: &["NAT-04"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let mut basic: BTreeMap<&str, &str> = BTreeMap::new();
    for (balancer, b) in view.estate.load_balancers.iter().filter(|(_, b)| b.value.sku.value == Sku::Basic) {
        for machine in b.value.backend_address_pools.iter().flat_map(|(_, p)| &p.value.virtual_machines) {
            basic.entry(&machine.value).or_insert(balancer);
        }
    }
    let mut machines: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for (name, machine) in view.estate.virtual_machines.iter() {
        machines.entry(&machine.value.subnet.value).or_default().push((name, machine));
    }
    for subnet in &view.subnets {
        let Some(nat) = &subnet.entry.value.nat_gateway else { continue };
        for (name, machine) in machines.get(subnet.full.as_str()).into_iter().flatten().copied() {
            let address = machine.value.public_ip.as_ref().and_then(|p| view.estate.public_ips.get(&p.value));
            let basic_address = address.is_some_and(|a| a.value.sku.value == Sku::Basic);
            let what = match basic.get(name) {
                Some(balancer) => format!("Basic load balancer `{balancer}`"),
                None if basic_address => "a Basic public address".to_owned(),
                None => continue,
            };
            findings
                .at(
                    nat.span,
                    format!("`{name}` in `{}` has {what}, which `{}` cannot stand beside", subnet.full, nat.value),
                )
                .related(machine.span, "the machine");
        }
    }
}
