//! Provider rules written for the consumer's addresses.

use crate::lint::{Category, Findings, Level, Rule, View};
use crate::verdict::Reason;

pub(super) static RULE: Rule = Rule {
    code: "PRL0335",
    name: "provider-rules-for-consumers",
    level: Level::Warning,
    category: Category::PrivateLink,
    what: "A flow through a private link service is expected to get through, and a security group at the provider's machines denies it.",
    why: "The provider sees the addresses of the service's translation, never the consumer's.",
    fix: "allow the translation addresses of the private link service",
    covers: &["LINT-PL-22"],
    sources: &["PLS-03"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for flow in view.wanted() {
        let Some(step) = view.stopped(flow, Reason::Nsg) else { continue };
        let passed = flow.trace.elements();
        let target = flow.expectation.fields.to.value.as_str();
        let named = |service: &str| {
            passed.contains(&service)
                || view.endpoints_of(service).iter().any(|(name, e)| {
                    *name == target
                        || e.value.ip_addresses.iter().any(|a| a.value.to_string() == target)
                        || passed.contains(name)
                })
        };
        if let Some((service, entry)) = view.estate.private_link_services.iter().find(|(n, _)| named(n)) {
            findings
                .at(
                    step.span.unwrap_or(flow.expectation.span),
                    format!(
                        "`{}` arrives from the translation addresses of `{service}` and is denied",
                        flow.expectation.id
                    ),
                )
                .related(entry.span, "the private link service");
        }
    }
}
