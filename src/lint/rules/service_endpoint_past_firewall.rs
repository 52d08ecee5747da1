//! A service endpoint past the firewall.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0144",
    name: "service-endpoint-past-firewall",
    level: Level::Warning,
    category: Category::Outbound,
    what: "A service endpoint on a subnet that sends everything to a firewall.",
    why: "Routes of service endpoints cannot be overridden: what goes to that service leaves the subnet directly, to any account of it, and no firewall rule sees it.",
    fix: "move the service endpoint to AzureFirewallSubnet, or use a private endpoint",
    covers: &["LINT-NET-60"],
    sources: &["ROUTE-15"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for subnet in &view.subnets {
        let Some((default, Some(device))) = view.default_appliance(subnet) else { continue };
        for service in &subnet.entry.value.service_endpoints {
            findings
                .at(service.span, format!("{} leaves `{}` past {}", service.value, subnet.full, device.endpoint.origin))
                .related(default.entry.span, "everything else goes to the firewall");
        }
    }
}
