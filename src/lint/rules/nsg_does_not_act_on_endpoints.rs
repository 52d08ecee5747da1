//! A security group that private endpoints ignore.

use crate::azure::model::network::PrivateEndpointNetworkPolicies as Policies;
use crate::dataplane::Role;
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0308",
    name: "nsg-does-not-act-on-endpoints",
    level: Level::Warning,
    category: Category::PrivateLink,
    what: "A security group with rules on a subnet that holds private endpoints only, and whose network policies leave them alone.",
    why: "The rules filter nothing there.",
    fix: "set private_endpoint_network_policies to NetworkSecurityGroupEnabled",
    covers: &["LINT-PL-12"],
    sources: &["PE-27"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for subnet in &view.subnets {
        let Some(group) = &subnet.entry.value.network_security_group else { continue };
        let policies = &subnet.entry.value.private_endpoint_network_policies;
        let ignored = matches!(policies.value, Policies::Disabled | Policies::RouteTableEnabled);
        let ruled =
            view.estate.network_security_groups.get(&group.value).is_some_and(|g| !g.value.security_rules.is_empty());
        let mut members = view.members(subnet).peekable();
        if ignored
            && ruled
            && members.peek().is_some()
            && members.all(|(_, e)| matches!(e.role, Role::PrivateEndpoint(_)))
        {
            findings
                .at(
                    group.span,
                    format!(
                        "`{}` filters nothing: `{}` holds private endpoints, on which it does not act",
                        group.value, subnet.full
                    ),
                )
                .related(policies.span, "network policies");
        }
    }
}
