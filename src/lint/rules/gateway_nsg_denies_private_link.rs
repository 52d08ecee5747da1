//! A gateway's security group that denies its own private link.

use crate::dataplane::{Direction, FilterRule};
use crate::lint::cover::{Fate, addresses, class, deciders, fate};
use crate::lint::{Category, Findings, Level, Rule, View};
use crate::net::{PortSet, Protocol, Transport};

pub(super) static RULE: Rule = Rule {
    code: "PRL0431",
    name: "gateway-nsg-denies-private-link",
    level: Level::Error,
    category: Category::ApplicationGateway,
    what: "The security group of an application gateway denies its private-link subnet on the port of a listener.",
    why: "Private link enters the gateway from that subnet, so whoever comes by it is dropped.",
    fix: "allow the private-link subnet to the listener's port",
    covers: &["LINT-40"],
    sources: &["AGW-17", "AGW-07"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for (name, gateway) in view.estate.application_gateways.iter() {
        let Some(subnet) = view.subnet(&gateway.value.subnet.value) else { continue };
        let Some(filter) = &view.segment(subnet).filter else { continue };
        let rules: Vec<&FilterRule> = filter.rules.iter().collect();
        for (frontend, entry) in gateway.value.frontend_ip_configurations.iter() {
            let configuration = entry.value.private_link_configuration.as_ref();
            let configuration = configuration.and_then(|c| gateway.value.private_link_configurations.get(&c.value));
            let Some(from) = configuration.and_then(|c| view.subnet(&c.value.subnet.value)) else { continue };
            let ports: std::collections::BTreeSet<u16> = gateway
                .value
                .http_listeners
                .iter()
                .filter(|(_, l)| l.value.frontend_ip_configuration.value == frontend)
                .map(|(_, l)| l.value.frontend_port.value)
                .collect();
            for port in ports {
                let prefixes =
                    |s: &crate::lint::SubnetView<'_>| addresses(s.entry.value.address_prefixes.iter().map(|p| p.value));
                let asked = class(
                    Direction::Inbound,
                    Protocol::Only(Transport::Tcp),
                    prefixes(from),
                    prefixes(subnet),
                    PortSet::one(port),
                );
                if fate(&asked, &rules) == Some(Fate::Denied) {
                    let by = deciders(&asked, &rules).and_then(|d| d.into_iter().flatten().next());
                    let place = by.and_then(|b| b.origin.span).or(filter.origin.span).unwrap_or(gateway.span);
                    findings
                        .at(
                            place,
                            format!(
                                "`{}` denies tcp/{port} from `{}`, by which private link enters `{name}`",
                                filter.origin.name, from.full
                            ),
                        )
                        .related(entry.span, "the frontend");
                }
            }
        }
    }
}
