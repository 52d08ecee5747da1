//! A security group where none is supported.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0117",
    name: "nsg-on-special-subnet",
    level: Level::Error,
    category: Category::Subnet,
    what: "A network security group on a GatewaySubnet, AzureFirewallSubnet, AzureFirewallManagementSubnet or RouteServerSubnet.",
    why: "The platform does not support it: the association is refused, ignored, or breaks the service in the subnet.",
    fix: "remove the association; filter at the subnets of the workloads",
    covers: &["LINT-NET-19", "LINT-NET-21", "LINT-NET-51"],
    sources: &["SUB-01", "SUB-02", "NSG-13"],
    check,
};

const SPECIAL: [&str; 4] =
    ["GatewaySubnet", "AzureFirewallSubnet", "AzureFirewallManagementSubnet", "RouteServerSubnet"];

fn check(view: &View<'_>, findings: &mut Findings) {
    for subnet in view.subnets.iter().filter(|s| SPECIAL.iter().any(|n| s.name.eq_ignore_ascii_case(n))) {
        if let Some(group) = &subnet.entry.value.network_security_group {
            findings.at(group.span, format!("`{}` is attached to `{}`", group.value, subnet.full));
        }
    }
}
