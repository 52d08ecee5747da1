//! A firewall before private endpoints that keeps the source.

use crate::forward::Outcome;
use crate::lint::{Category, Findings, Level, Rule, View};
use crate::verdict::Reason;
use std::collections::BTreeSet;

pub(super) static RULE: Rule = Rule {
    code: "PRL0159",
    name: "endpoint-inspection-without-translation",
    level: Level::Warning,
    category: Category::PrivateLink,
    what: "A flow to a private endpoint passes a firewall or appliance that does not translate the source, so that replies may pass it by.",
    why: "Replies of private endpoints do not reliably follow the client's detour. Application rules translate, network rules do not.",
    fix: "use application rules, or translate the source towards the endpoints",
    covers: &["LINT-NET-59", "LINT-PL-15"],
    sources: &["ASYM-07", "PE-31"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    // One device is one finding, however many flows pass it.
    let mut told = BTreeSet::new();
    for flow in view.wanted() {
        let alternatives = flow.trace.alternatives.iter().flat_map(|(_, steps)| steps);
        let advised = flow.trace.steps.iter().chain(alternatives).find(|s| {
            let says = matches!(s.outcome, Outcome::Assume | Outcome::Block(Reason::Asym));
            says && s.rules.contains(&"ASYM-07")
        });
        if let Some(step) = advised.filter(|s| told.insert((s.span, s.element.clone()))) {
            findings
                .at(
                    flow.expectation.span,
                    format!(
                        "{} keeps the source of `{}` towards a private endpoint",
                        step.element.as_deref().unwrap_or("a device"),
                        flow.expectation.id
                    ),
                )
                .related(step.span, "the device");
        }
    }
}
