//! A site's firewall that does not admit a whole gateway.

use crate::dataplane::{Direction, FilterRule};
use crate::lint::cover::{Fate, addresses, class, fate};
use crate::lint::{Category, Findings, Level, Rule, View};
use crate::net::{PortSet, Prefix, Protocol, Transport};

pub(super) static RULE: Rule = Rule {
    code: "PRL0432",
    name: "site-firewall-denies-gateway-subnet",
    level: Level::Warning,
    category: Category::ApplicationGateway,
    what: "The firewall of a site does not let every address of an application gateway's subnet through to a backend there.",
    why: "A gateway opens its connections from any of its instances, whose addresses change as it scales; a rule for its frontend or one instance works now and then.",
    fix: "allow the gateway's whole subnet to the backend",
    covers: &["LINT-42"],
    sources: &["AGW-14"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let mut seen = std::collections::BTreeSet::new();
    for (name, gateway) in view.estate.application_gateways.iter() {
        let Some(subnet) = view.subnet(&gateway.value.subnet.value) else { continue };
        for (_, rule) in gateway.value.request_routing_rules.iter() {
            let pool = gateway.value.backend_address_pools.get(&rule.value.backend_address_pool.value);
            let settings = gateway.value.backend_http_settings.get(&rule.value.backend_http_settings.value);
            let (Some(pool), Some(settings)) = (pool, settings) else { continue };
            for backend in &pool.value.ip_addresses {
                let site = view
                    .estate
                    .on_premises_sites
                    .iter()
                    .find(|(_, s)| s.value.address_space.iter().any(|p| p.value.contains(backend.value)));
                let border = site.and_then(|(n, _)| {
                    let mut all = view.plane.networks.iter().map(|(_, network)| network);
                    all.find(|network| network.origin.kind == "on_premises_site" && network.origin.name == n)?
                        .border
                        .as_ref()
                });
                let (Some((site, declared)), Some(border)) = (site, border) else { continue };
                let port = settings.value.port.value;
                let asked = class(
                    Direction::Inbound,
                    Protocol::Only(Transport::Tcp),
                    addresses(subnet.entry.value.address_prefixes.iter().map(|p| p.value)),
                    addresses([Prefix::host(backend.value)]),
                    PortSet::one(port),
                );
                let rules: Vec<&FilterRule> = border.rules.iter().collect();
                if fate(&asked, &rules).is_some_and(|f| f != Fate::Allowed)
                    && seen.insert((site, name, backend.value, port))
                {
                    let place = border.origin.span.unwrap_or(declared.span);
                    findings
                        .at(place, format!("the firewall of `{site}` does not admit all of `{}` to {}:{port}, a backend of `{name}`", subnet.full, backend.value))
                        .related(backend.span, "the backend");
                }
            }
        }
    }
}
