//! A public frontend whose replies pass a firewall.

use crate::azure::model::network::NextHopType;
use crate::dataplane::{NextHop, Role};
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0153",
    name: "public-balancer-behind-firewall-default",
    level: Level::Error,
    category: Category::Balancer,
    what: "A member of the pool behind a public frontend in a subnet whose default route leads to a firewall or appliance, without a host route for the firewall's public address.",
    why: "Requests come in by the frontend and replies leave by the default route; the device drops them. Behind a NAT rule of the firewall a route to the firewall's own public address keeps them together.",
    fix: "publish an internal frontend by a NAT rule, or add a route for the firewall's public address with next hop Internet",
    covers: &["LINT-NET-30", "LINT-NET-31"],
    sources: &["ASYM-03", "LB-07"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let mut seen = std::collections::BTreeSet::new();
    for (_, frontend) in view.plane.endpoints.iter().filter(|(_, e)| e.segment.is_none()) {
        let Role::Balancer(balancer) = &frontend.role else { continue };
        for member in balancer.rules.iter().flat_map(|r| &r.members) {
            let machine = view.plane.endpoints.get(*member);
            let Some(subnet) = machine.segment.and_then(|s| view.subnet_at(s)) else { continue };
            let Some(default) = view.default_route(subnet) else { continue };
            if matches!(default.hop, NextHop::Internet | NextHop::Drop(_))
                || !seen.insert((frontend.origin.name.clone(), subnet.full.clone()))
            {
                continue;
            }
            // A firewall that translates to the frontend is the only client, if its address has a route of its own.
            let firewall = view.firewalls().find(|(_, f, _, _)| {
                let policies = view.policies(&f.value);
                let groups = policies.iter().flat_map(|(_, p)| p.value.rule_collection_groups.iter());
                let rules = groups
                    .flat_map(|(_, g)| g.value.nat_rule_collections.iter())
                    .flat_map(|(_, c)| c.value.rules.iter());
                let mut targets = rules.filter_map(|(_, r)| r.value.translated_address.as_ref());
                targets.any(|t| frontend.addresses.contains(&t.value))
            });
            let own = firewall.iter().flat_map(|(_, f, _, _)| &f.value.public_ips);
            let own: Vec<_> =
                own.filter_map(|p| view.estate.public_ips.get(&p.value)?.value.ip_address.as_ref()).collect();
            let kept = !own.is_empty()
                && own.iter().all(|a| {
                    view.user_routes(subnet).any(|r| {
                        r.leads_to(NextHopType::Internet)
                            && r.prefix.is_some_and(|p| !p.is_default() && p.contains(a.value))
                    })
                });
            if kept {
                continue;
            }
            let place = frontend.origin.span.unwrap_or(subnet.entry.span);
            let finding = findings.at(
                place,
                format!(
                    "replies of {} behind {} leave `{}` by {}",
                    machine.origin, frontend.origin, subnet.full, default.origin
                ),
            );
            finding.related(default.origin.span, "the default route");
            if let (Some(address), Some((name, ..))) = (own.first(), firewall) {
                finding.fix(format!(
                    "add a route {}/32 with next hop Internet, for what `{name}` translates",
                    address.value
                ));
            }
        }
    }
}
