//! An exception to the internet that leads nowhere.

use crate::azure::model::network::NextHopType;
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0146",
    name: "internet-route-without-way-out",
    level: Level::Error,
    category: Category::Outbound,
    what: "A user route to the internet on a private subnet without an outbound method.",
    why: "In a private subnet next hop Internet works only with a NAT gateway, a public address or an outbound rule.",
    fix: "attach a NAT gateway to the subnet",
    covers: &["LINT-NET-62"],
    sources: &["NAT-07"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for subnet in &view.subnets {
        let special = ["GatewaySubnet", "AzureFirewallSubnet", "AzureFirewallManagementSubnet", "AzureBastionSubnet"];
        let private = !subnet.entry.value.default_outbound_access_enabled.value
            && subnet.entry.value.nat_gateway.is_none()
            && subnet.entry.value.delegation.is_none()
            && !special.iter().any(|n| subnet.name.eq_ignore_ascii_case(n));
        // One machine without a way out is enough.
        let stuck = view.members(subnet).any(|(_, e)| {
            matches!(e.role, crate::dataplane::Role::Host(_))
                && e.public_source.is_none()
                && e.balanced_source.is_none()
        });
        if !(private && stuck) {
            continue;
        }
        for route in view.user_routes(subnet).filter(|r| r.leads_to(NextHopType::Internet)) {
            findings
                .at(
                    route.entry.span,
                    format!(
                        "`{}/{}` leads to the internet, and `{}` has no way out",
                        route.table, route.name, subnet.full
                    ),
                )
                .related(subnet.entry.value.default_outbound_access_enabled.span, "a private subnet");
        }
    }
}
