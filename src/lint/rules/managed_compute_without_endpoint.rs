//! A service that managed compute needs and has no private endpoint to.

use crate::azure::model::workspace::OutboundRuleType;
use crate::lint::hubs::{is_active, is_closed};
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0403",
    name: "managed-compute-without-endpoint",
    level: Level::Error,
    category: Category::ManagedNetwork,
    what: "A hub uses a closed service, or allows approved destinations only, without an active private endpoint rule for what it needs of the service.",
    why: "A private endpoint in the customer's network does not serve managed compute, and connecting a service makes no path to it.",
    fix: "add an outbound rule of type PrivateEndpoint for the service",
    covers: &["LINT-03"],
    sources: &["MPE-05"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for hub in view.hubs().filter(|h| h.provisioned()) {
        for dependency in view.dependencies(&hub) {
            let required = is_closed(&dependency.service.value) || hub.approved_only();
            // The platform adds the rules of what the hub was made with, if none is declared.
            if !required || dependency.default && hub.implied_rules() {
                continue;
            }
            for need in &dependency.needs {
                let mut rules = hub.rules(OutboundRuleType::PrivateEndpoint).filter(|(_, r)| {
                    let to = r.value.service_resource.as_ref().is_some_and(|t| t.value == dependency.reference.value);
                    to && r.value.sub_resource_target.as_ref().is_some_and(|s| s.value.eq_ignore_ascii_case(need))
                });
                let found = rules.next();
                // A rule that waits for approval is `endpoint-connection-not-approved`.
                if found.is_some_and(|(_, r)| is_active(&r.value)) {
                    continue;
                }
                let finding = findings.at(
                    dependency.reference.span,
                    format!(
                        "the compute of `{}` has no active private endpoint to {need} of `{}`",
                        hub.name, dependency.reference.value
                    ),
                );
                if let Some((name, rule)) = found {
                    finding.related(rule.span, "the rule is inactive").fix(format!("activate rule `{name}`"));
                }
            }
        }
    }
}
