//! A client that asks for a privatelink name or a bare address.

use crate::lint::{Category, Findings, Level, Rule, View};
use crate::verdict::Reason;

pub(super) static RULE: Rule = Rule {
    code: "PRL0304",
    name: "privatelink-name-in-use",
    level: Level::Warning,
    category: Category::PrivateLink,
    what: "A flow is expected to reach a service by a name with a privatelink label, or by the address of its private endpoint.",
    why: "Services answer to their public names only; TLS or login fails for any other.",
    fix: "use the public name",
    covers: &["LINT-PL-07"],
    sources: &["PE-17"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for flow in view.wanted() {
        let to = &flow.expectation.fields.to;
        let labelled = to.value.to_ascii_lowercase().split('.').any(|l| l == "privatelink");
        if labelled || view.stopped(flow, Reason::HostName).is_some() {
            findings.at(to.span, format!("no service answers to {}", to.value));
        }
    }
}
