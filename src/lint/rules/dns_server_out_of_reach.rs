//! A DNS server that does not answer its client.

use crate::lint::{Category, Findings, Level, Rule, View};
use crate::verdict::Reason;

pub(super) static RULE: Rule = Rule {
    code: "PRL0317",
    name: "dns-server-out-of-reach",
    level: Level::Error,
    category: Category::Dns,
    what: "A flow is expected to get through, and no DNS server that the client asks can be reached or answers.",
    why: "Without an answer nothing is sent.",
    fix: "open the way to the server on port 53, or name another server",
    covers: &["LINT-DNS-15"],
    sources: &["FWD-06", "DNS-05"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for flow in view.wanted() {
        if let Some(step) = view.stopped(flow, Reason::DnsFail) {
            let from = &flow.expectation.fields.from;
            findings
                .at(from.span, format!("no DNS server answers `{}` for `{}`", from.value, flow.expectation.id))
                .related(step.span, "decided here");
        }
    }
}
