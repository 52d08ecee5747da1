//! A name of somebody else's that a linked zone hides.

use crate::lint::{Category, Findings, Level, Rule, View};
use crate::{trace::waiting, verdict::Reason};

pub(super) static RULE: Rule = Rule {
    code: "PRL0315",
    name: "foreign-name-hidden-by-zone",
    level: Level::Warning,
    category: Category::Dns,
    what: "A flow is expected to reach a name that does not exist in the client's view, because a linked Private Link zone holds no such record.",
    why: "A zone is the last word on its names, also for accounts of others that have private endpoints.",
    fix: "set resolution_policy to NxDomainRedirect on the link, or add the record",
    covers: &["LINT-DNS-11"],
    sources: &["ZONE-16"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for flow in view.wanted() {
        if let Some(step) = view.stopped(flow, Reason::DnsNxdomain) {
            let to = &flow.expectation.fields.to;
            let finding = findings
                .at(to.span, format!("{} does not exist for `{}`", to.value, flow.expectation.fields.from.value))
                .related(step.span, "decided here");
            // Its own endpoint would hold the record, if its connection were approved.
            if let Some(fix) = flow.trace.name.as_ref().and_then(|name| waiting(view.plane, name)) {
                finding.fix(fix);
            }
        }
    }
}
