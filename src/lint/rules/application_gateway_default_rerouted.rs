//! A default route that takes an application gateway's replies away.

use crate::lint::{Category, Findings, Level, Rule, View};
use crate::verdict::Reason;

pub(super) static RULE: Rule = Rule {
    code: "PRL0156",
    name: "application-gateway-default-rerouted",
    level: Level::Error,
    category: Category::ApplicationGateway,
    what: "The subnet of a classic v2 application gateway has, or learns, a default route that does not lead to the internet.",
    why: "The platform does not support it: the gateway loses its control plane, and replies leave by another way.",
    fix: "switch propagation off, or add a user route 0.0.0.0/0 to Internet",
    covers: &["LINT-NET-49", "LINT-41"],
    sources: &["SUB-07", "AGW-18"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for (_, proxy) in view.plane.proxies.iter() {
        for condition in proxy.unsupported.iter().filter(|c| c.reason == Reason::AgwUdr) {
            let Some(place) = condition.origin.span.or(proxy.origin.span) else { continue };
            findings
                .at(place, condition.text.clone())
                .related(proxy.origin.span, "the gateway")
                .fix(condition.fix.clone());
        }
    }
}
