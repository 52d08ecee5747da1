//! A flow to a second interface whose guest has no routes.

use crate::lint::{Category, Findings, Level, Rule, View};
use crate::verdict::Reason;

pub(super) static RULE: Rule = Rule {
    code: "PRL0174",
    name: "second-interface-answers-elsewhere",
    level: Level::Warning,
    category: Category::Routing,
    what: "A flow from another subnet to a secondary interface is expected to get through, and the guest has no routes for it.",
    why: "The guest answers by its primary interface, from another address and subnet.",
    fix: "add routes in the guest and set guest_routes_enabled, or use the primary interface",
    covers: &["LINT-NET-87"],
    sources: &["ADDR-09"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for flow in view.wanted() {
        if let Some(step) = view.stopped(flow, Reason::MultiNic) {
            let to = &flow.expectation.fields.to;
            findings
                .at(to.span, format!("`{}` answers other subnets by its primary interface", to.value))
                .related(step.span, "the interface");
        }
    }
}
