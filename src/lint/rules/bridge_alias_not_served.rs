//! An alias of a bridge that its gateway does not serve.

use crate::azure::model::workspace::OutboundRuleType;
use crate::lint::{Category, Findings, Level, Rule, View};
use crate::net::{Fqdn, FqdnPattern, HostPattern};

pub(super) static RULE: Rule = Rule {
    code: "PRL0429",
    name: "bridge-alias-not-served",
    level: Level::Error,
    category: Category::ApplicationGateway,
    what: "A name of an outbound rule to an application gateway that no listener of the target frontend takes, or that the listener's certificate does not name.",
    why: "Requests for the name find no listener, or fail in TLS.",
    fix: "add the name to a listener and its certificate, or remove it from the rule",
    covers: &["LINT-38"],
    sources: &["AGW-11", "AGW-12"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let covers = |texts: &[crate::document::Spanned<String>], name: &Fqdn| {
        texts.iter().any(|t| t.value.parse::<FqdnPattern>().is_ok_and(|p| p.covers_host(name)))
    };
    let takes = |hosts: &[crate::document::Spanned<String>], name: &Fqdn| {
        hosts.iter().any(|h| h.value.parse::<HostPattern>().is_ok_and(|p| p.matches(name)))
    };
    for hub in view.hubs() {
        for (rule, entry) in hub.rules(OutboundRuleType::PrivateEndpoint) {
            let target = entry.value.service_resource.as_ref();
            let gateway =
                target.and_then(|t| Some((t.value.as_str(), view.estate.application_gateways.get(&t.value)?)));
            let (Some((name, gateway)), Some(sub)) = (gateway, &entry.value.sub_resource_target) else { continue };
            let listeners: Vec<_> = gateway
                .value
                .http_listeners
                .iter()
                .filter(|(_, l)| l.value.frontend_ip_configuration.value == sub.value)
                .collect();
            // A frontend without any listener is a finding of its own.
            if listeners.is_empty() {
                continue;
            }
            for alias in &entry.value.fqdns {
                let Ok(host) = alias.value.parse::<Fqdn>() else { continue };
                let serving =
                    listeners.iter().find(|(_, l)| l.value.host_names.is_empty() || takes(&l.value.host_names, &host));
                let Some((listener, l)) = serving else {
                    findings
                        .at(
                            alias.span,
                            format!("no listener of `{name}` takes {}, an alias of rule `{rule}`", alias.value),
                        )
                        .related(gateway.span, "the gateway");
                    continue;
                };
                let certificate =
                    l.value.ssl_certificate.as_ref().and_then(|c| gateway.value.ssl_certificates.get(&c.value));
                if let Some(certificate) = certificate.filter(|c| !covers(&c.value.subject_alternative_names, &host)) {
                    findings
                        .at(
                            alias.span,
                            format!(
                                "the certificate of listener `{listener}` of `{name}` does not name {}",
                                alias.value
                            ),
                        )
                        .related(certificate.span, "the certificate");
                }
            }
        }
    }
}
