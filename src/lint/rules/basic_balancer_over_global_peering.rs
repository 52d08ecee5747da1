//! A Basic load balancer that another region wants to reach.

use crate::lint::{Category, Findings, Level, Rule, View};
use crate::verdict::Reason;

pub(super) static RULE: Rule = Rule {
    code: "PRL0173",
    name: "basic-balancer-over-global-peering",
    level: Level::Warning,
    category: Category::Balancer,
    what: "A flow from another region to the frontend of a Basic load balancer is expected to get through.",
    why: "The frontend of a Basic load balancer is not reached over a global peering.",
    fix: "use a Standard load balancer",
    covers: &["LINT-NET-84"],
    sources: &["PEER-11"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for flow in view.wanted() {
        if let Some(step) = view.stopped(flow, Reason::PeerGlobalBasic) {
            let fields = &flow.expectation.fields;
            findings
                .at(
                    fields.to.span,
                    format!(
                        "`{}` is in another region than the Basic frontend `{}`",
                        fields.from.value, fields.to.value
                    ),
                )
                .related(step.span, "the balancer");
        }
    }
}
