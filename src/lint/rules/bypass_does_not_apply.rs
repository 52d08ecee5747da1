//! A caller that trusted services do not include.

use crate::lint::{Category, Findings, Level, Rule, View};
use crate::verdict::Reason;

pub(super) static RULE: Rule = Rule {
    code: "PRL0327",
    name: "bypass-does-not-apply",
    level: Level::Warning,
    category: Category::Service,
    what: "A call from a service to another is expected to get through, and neither the bypass nor a rule admits the caller.",
    why: "The bypass holds for listed types of callers with an identity of their own only, and an enforced perimeter overrides it.",
    fix: "use a private endpoint, a rule that names the caller, or an access rule of the perimeter",
    covers: &["LINT-PAAS-06", "LINT-PAAS-08"],
    sources: &["TRUST-01", "NSP-03"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for flow in view.wanted() {
        if let Some(step) = view.stopped(flow, Reason::TrustedOff) {
            findings
                .at(
                    flow.expectation.span,
                    format!(
                        "nothing admits `{}` to `{}`",
                        flow.expectation.fields.from.value, flow.expectation.fields.to.value
                    ),
                )
                .related(step.span, "decided here");
        }
    }
}
