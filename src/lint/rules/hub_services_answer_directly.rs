//! Shared services that answer past the firewall.

use crate::dataplane::{NextHop, Role, RouteSource};
use crate::lint::{Category, Findings, Level, Rule, View};
use std::net::IpAddr;

pub(super) static RULE: Rule = Rule {
    code: "PRL0154",
    name: "hub-services-answer-directly",
    level: Level::Error,
    category: Category::Routing,
    what: "A subnet of the firewall's network that another network reaches through the firewall, and that answers directly over the peering.",
    why: "The firewall sees requests only and drops the connection.",
    fix: "add routes for the other networks' prefixes to the subnet's route table, with the firewall as next hop",
    covers: &["LINT-NET-32"],
    sources: &["ASYM-06"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let winner = |subnet: &crate::lint::SubnetView<'_>, to: IpAddr| {
        view.segment(subnet).routes.iter().filter(|r| r.prefix.contains(to)).max_by_key(|r| r.prefix.length())
    };
    let special = [
        "GatewaySubnet",
        "AzureFirewallSubnet",
        "AzureFirewallManagementSubnet",
        "AzureBastionSubnet",
        "RouteServerSubnet",
    ];
    for (name, _, home, address) in view.firewalls() {
        for shared in view.subnets_of(home).filter(|s| !special.iter().any(|n| s.name.eq_ignore_ascii_case(n))) {
            // Private endpoints have rules of their own.
            let Some((_, host)) =
                view.members(shared).find(|(_, e)| matches!(e.role, Role::Host(_)) && !e.addresses.is_empty())
            else {
                continue;
            };
            let Some(to) = host.addresses.first().copied() else { continue };
            for spoke in view.subnets.iter().filter(|s| s.vnet != home && view.is_adjacent(s.vnet, home)) {
                let Some(from) = spoke.entry.value.address_prefixes.first().and_then(|p| p.value.usable().next())
                else {
                    continue;
                };
                let there = winner(spoke, to);
                let firewalled = there.is_some_and(|r| {
                    r.source == RouteSource::User
                        && match &r.hop {
                            NextHop::Appliance(a) => *a == address,
                            NextHop::Endpoint(id) => view.plane.endpoints.get(*id).addresses.contains(&address),
                            _ => false,
                        }
                });
                let back = winner(shared, from);
                let direct = back.is_some_and(|r| matches!(r.hop, NextHop::Network { link: Some(_), .. }));
                if firewalled && direct {
                    findings
                        .at(
                            shared.entry.value.route_table.as_ref().map_or(shared.entry.span, |t| t.span),
                            format!(
                                "`{}` reaches `{}` through `{name}`, which does not see the answers",
                                spoke.full, shared.full
                            ),
                        )
                        .related(there.and_then(|r| r.origin.span), "requests take this route");
                    break;
                }
            }
        }
    }
}
