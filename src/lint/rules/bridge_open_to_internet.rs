//! A bridge that the internet can use.

use crate::azure::model::workspace::OutboundRuleType;
use crate::dataplane::{Direction, FilterRule};
use crate::lint::cover::{Fate, addresses, class, fate, tag};
use crate::lint::{Category, Findings, Level, Rule, View};
use crate::net::{PortSet, Protocol, Transport};

pub(super) static RULE: Rule = Rule {
    code: "PRL0428",
    name: "bridge-open-to-internet",
    level: Level::Warning,
    category: Category::ApplicationGateway,
    what: "An application gateway that bridges a hub to a private application has a listener on its public frontend, or its security group lets the internet in on a listener's port.",
    why: "An internal application is exposed to the internet.",
    fix: "move the listener to the private frontend, and deny Internet on the gateway's subnet",
    covers: &["LINT-37"],
    sources: &["AGW-06"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for (name, gateway) in view.estate.application_gateways.iter() {
        let bridge = view.hubs().any(|h| {
            h.rules(OutboundRuleType::PrivateEndpoint)
                .any(|(_, r)| r.value.service_resource.as_ref().is_some_and(|t| t.value == name))
        });
        if !bridge {
            continue;
        }
        for (listener, l) in gateway.value.http_listeners.iter() {
            let frontend = gateway.value.frontend_ip_configurations.get(&l.value.frontend_ip_configuration.value);
            if frontend.is_some_and(|f| f.value.public_ip_address.is_some()) {
                findings.at(
                    l.value.frontend_ip_configuration.span,
                    format!("listener `{listener}` of `{name}` answers the internet"),
                );
            }
        }
        let Some(subnet) = view.subnet(&gateway.value.subnet.value) else { continue };
        let Some(filter) = &view.segment(subnet).filter else { continue };
        let rules: Vec<&FilterRule> = filter.rules.iter().collect();
        let to = || addresses(subnet.entry.value.address_prefixes.iter().map(|p| p.value));
        let open = gateway.value.http_listeners.iter().map(|(_, l)| l.value.frontend_port.value).find(|port| {
            let asked =
                class(Direction::Inbound, Protocol::Only(Transport::Tcp), tag("Internet"), to(), PortSet::one(*port));
            fate(&asked, &rules).is_some_and(|f| f != Fate::Denied)
        });
        if let (Some(port), Some(group)) = (open, &subnet.entry.value.network_security_group) {
            findings
                .at(group.span, format!("`{}` lets the internet in to `{name}` on tcp/{port}", group.value))
                .related(gateway.span, "the bridge");
        }
    }
}
