//! A firewall that is tunnelled away from the internet.

use crate::dataplane::{NextHop, RouteSource};
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0119",
    name: "firewall-without-direct-default",
    level: Level::Error,
    category: Category::Firewall,
    what: "A firewall without a management interface whose own default route does not lead to the internet, by a user route or a learned one.",
    why: "The firewall needs a direct way to its control plane. Without one the platform disables the route or the firewall stops working.",
    fix: "add a user route 0.0.0.0/0 to Internet on AzureFirewallSubnet, or set management_ip_enabled",
    covers: &["LINT-NET-22", "LINT-NET-23"],
    sources: &["UDR-11", "FW-15"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for (name, firewall, _, _) in view.firewalls() {
        let subnet = firewall.value.subnet.as_ref().and_then(|s| view.subnet(&s.value));
        let Some(subnet) = subnet.filter(|_| !firewall.value.management_ip_enabled.value) else { continue };
        let Some(default) = view.default_route(subnet).filter(|d| d.hop != NextHop::Internet) else { continue };
        let what = if default.source == RouteSource::User { "a user route" } else { "a route it learns" };
        findings
            .at(
                default.origin.span.unwrap_or(subnet.entry.span),
                format!("{what} leads `{name}`, which has no management interface, away from the internet"),
            )
            .related(firewall.span, "the firewall");
    }
}
