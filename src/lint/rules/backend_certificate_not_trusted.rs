//! A backend whose certificate the gateway does not trust.

use crate::azure::model::application_gateway::ListenerProtocol;
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0433",
    name: "backend-certificate-not-trusted",
    level: Level::Warning,
    category: Category::ApplicationGateway,
    what: "HTTPS backend settings without the private certificate authority that issued a backend's certificate, or a default probe to one.",
    why: "The gateway counts such a backend as unhealthy and answers 502.",
    fix: "name the authority under trusted_root_certificates",
    covers: &["LINT-43"],
    sources: &["AGW-13", "AGW-16"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let hosts = view.estate.on_premises_sites.iter().flat_map(|(_, s)| s.value.hosts.iter());
    let hosts = hosts.map(|(n, h)| (n, h.value.ip_address.value, &h.value.private_certificate_authority));
    let machines = view.estate.virtual_machines.iter();
    let machines = machines.map(|(n, m)| (n, m.value.private_ip_address.value, &m.value.private_certificate_authority));
    let owners: Vec<_> = hosts.chain(machines).collect();
    for (gateway, entry) in view.estate.application_gateways.iter() {
        for (rule, r) in entry.value.request_routing_rules.iter() {
            let pool = entry.value.backend_address_pools.get(&r.value.backend_address_pool.value);
            let settings = entry.value.backend_http_settings.get(&r.value.backend_http_settings.value);
            let (Some(pool), Some(settings)) = (pool, settings) else { continue };
            if settings.value.protocol.value != ListenerProtocol::Https {
                continue;
            }
            for address in &pool.value.ip_addresses {
                let owner = owners.iter().find(|(_, at, _)| *at == address.value);
                let authority = owner.and_then(|(n, _, ca)| Some((*n, ca.as_ref()?)));
                let Some((host, authority)) = authority else { continue };
                if !settings.value.trusted_root_certificates.iter().any(|t| t.value == authority.value) {
                    findings
                        .at(
                            settings.span,
                            format!(
                                "rule `{rule}` of `{gateway}` does not trust `{}`, the authority of backend `{host}`",
                                authority.value
                            ),
                        )
                        .related(authority.span, "issued by");
                }
            }
        }
    }
}
