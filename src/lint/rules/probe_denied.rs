//! A health probe that a security group denies.

use crate::dataplane::{Direction, FilterRule, Role};
use crate::lint::cover::{Fate, addresses, class, deciders, fate};
use crate::lint::{Category, Findings, Level, Rule, View};
use crate::net::{PLATFORM_ADDRESS, PortSet, Prefix, Protocol, Transport};

pub(super) static RULE: Rule = Rule {
    code: "PRL0128",
    name: "probe-denied",
    level: Level::Error,
    category: Category::Balancer,
    what: "A member of a load balancer's pool whose security groups deny the probe.",
    why: "Probes come from 168.63.129.16, the tag AzureLoadBalancer. A member whose probe is denied counts as down and gets no connections.",
    fix: "allow the tag AzureLoadBalancer to the probe's port before the rule that denies it",
    covers: &["LINT-NET-45"],
    sources: &["LB-03"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let mut seen = std::collections::BTreeSet::new();
    for (_, frontend) in view.plane.endpoints.iter() {
        let Role::Balancer(balancer) = &frontend.role else { continue };
        for rule in &balancer.rules {
            let Some(probe) = &rule.probe else { continue };
            for member in &rule.members {
                let machine = view.plane.endpoints.get(*member);
                let to = addresses(machine.addresses.iter().map(|a| Prefix::host(*a)));
                let from = addresses([Prefix::host(PLATFORM_ADDRESS)]);
                let asked =
                    class(Direction::Inbound, Protocol::Only(Transport::Tcp), from, to, PortSet::one(probe.port));
                let outer = machine.segment.and_then(|s| view.plane.segments.get(s).filter.as_ref());
                for filter in outer.into_iter().chain(&machine.filter) {
                    let rules: Vec<&FilterRule> = filter.rules.iter().collect();
                    let denied = fate(&asked, &rules) == Some(Fate::Denied);
                    let by = deciders(&asked, &rules).and_then(|d| d.into_iter().flatten().next());
                    let place = by.and_then(|b| b.origin.span).or(filter.origin.span);
                    if let (true, Some(place)) = (denied, place)
                        && seen.insert((place, probe.port))
                    {
                        findings
                            .at(
                                place,
                                format!(
                                    "`{}` denies the probe tcp/{} of {}",
                                    filter.origin.name, probe.port, machine.origin
                                ),
                            )
                            .related(probe.origin.span, "the probe");
                    }
                }
            }
        }
    }
}
