//! A security group that Bastion cannot live with.

use crate::dataplane::{Direction, FilterRule, Matcher};
use crate::lint::cover::{Fate, addresses, class, fate, tag};
use crate::lint::{Category, Findings, Level, Rule, View};
use crate::net::{PLATFORM_ADDRESS, PortSet, Prefix, Protocol, Transport};

pub(super) static RULE: Rule = Rule {
    code: "PRL0130",
    name: "bastion-nsg-incomplete",
    level: Level::Error,
    category: Category::Subnet,
    what: "A security group on AzureBastionSubnet that denies something Bastion needs.",
    why: "The update is refused, or sessions fail, unless all of it is allowed.",
    fix: "allow what Bastion needs before any deny",
    covers: &["LINT-NET-50"],
    sources: &["SUB-05"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for subnet in view.subnets.iter().filter(|s| s.name.eq_ignore_ascii_case("AzureBastionSubnet")) {
        let (Some(filter), Some(group)) = (&view.segment(subnet).filter, &subnet.entry.value.network_security_group)
        else {
            continue;
        };
        let own = || addresses(subnet.entry.value.address_prefixes.iter().map(|p| p.value));
        let network = || addresses(view.prefixes(subnet.vnet));
        let (inward, outward) = (Direction::Inbound, Direction::Outbound);
        let needs: [(&str, Direction, Matcher, Matcher, &[u16]); 9] = [
            ("tcp/443 from Internet", inward, tag("Internet"), own(), &[443]),
            ("tcp/443 from GatewayManager", inward, tag("GatewayManager"), own(), &[443]),
            ("tcp/443 from AzureLoadBalancer", inward, addresses([Prefix::host(PLATFORM_ADDRESS)]), own(), &[443]),
            ("tcp/8080 and 5701 within VirtualNetwork", inward, own(), own(), &[8080, 5701]),
            ("tcp/22 to VirtualNetwork", outward, own(), network(), &[22]),
            ("tcp/3389 to VirtualNetwork", outward, own(), network(), &[3389]),
            ("tcp/443 to AzureCloud", outward, own(), tag("AzureCloud"), &[443]),
            ("tcp/8080 and 5701 within VirtualNetwork", outward, own(), own(), &[8080, 5701]),
            ("tcp/80 to Internet", outward, own(), tag("Internet"), &[80]),
        ];
        let rules: Vec<&FilterRule> = filter.rules.iter().collect();
        let missing: Vec<String> = needs
            .into_iter()
            .filter(|(_, direction, from, to, ports)| {
                ports.iter().any(|port| {
                    let asked = class(
                        *direction,
                        Protocol::Only(Transport::Tcp),
                        from.clone(),
                        to.clone(),
                        PortSet::one(*port),
                    );
                    fate(&asked, &rules) != Some(Fate::Allowed)
                })
            })
            .map(|(what, direction, ..)| format!("{what} ({})", if direction == inward { "in" } else { "out" }))
            .collect();
        if !missing.is_empty() {
            findings
                .at(group.span, format!("`{}` on `{}` denies {}", group.value, subnet.full, missing.join(", ")))
                .related(filter.origin.span, "the group");
        }
    }
}
