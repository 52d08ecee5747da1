//! A pool member that calls itself through its frontend.

use crate::lint::{Category, Findings, Level, Rule, View};
use crate::verdict::Reason;

pub(super) static RULE: Rule = Rule {
    code: "PRL0150",
    name: "backend-calls-own-frontend",
    level: Level::Warning,
    category: Category::Balancer,
    what: "A flow from a member of a pool to its own internal frontend is expected to get through.",
    why: "A connection that the balancer hands back to its sender fails; with several members it fails now and then.",
    fix: "call the member directly, or put a proxy between",
    covers: &["LINT-NET-66"],
    sources: &["LB-06"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for flow in view.wanted() {
        if let Some(step) = view.stopped(flow, Reason::LbHairpin) {
            let fields = &flow.expectation.fields;
            findings
                .at(
                    fields.to.span,
                    format!("`{}` is a member of the pool behind `{}`", fields.from.value, fields.to.value),
                )
                .related(step.span, "the balancer");
        }
    }
}
