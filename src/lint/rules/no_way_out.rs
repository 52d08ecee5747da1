//! A flow to the internet from a subnet without a way out.

use crate::lint::{Category, Findings, Level, Rule, View};
use crate::verdict::Reason;

pub(super) static RULE: Rule = Rule {
    code: "PRL0145",
    name: "no-way-out",
    level: Level::Error,
    category: Category::Outbound,
    what: "A flow to a public address is expected to get through, and its source has no outbound method.",
    why: "A private subnet has no default outbound access. Without a NAT gateway, a public address, an outbound rule or an appliance nothing leaves it.",
    fix: "attach a NAT gateway to the subnet",
    covers: &["LINT-NET-61"],
    sources: &["NAT-01", "NAT-06"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for flow in view.wanted() {
        let from = &flow.expectation.fields.from;
        let segment = view.sender(&from.value).and_then(|s| view.plane.endpoints.get(s).segment);
        let subnet = segment.and_then(|s| view.subnet_at(s));
        let Some(subnet) = subnet.filter(|_| flow.trace.judgement.reasons.contains(&Reason::NoEgress)) else {
            continue;
        };
        findings
            .at(from.span, format!("`{}` has no way out to the internet for `{}`", subnet.full, flow.expectation.id))
            .related(
                crate::lint::place(&subnet.entry.value.default_outbound_access_enabled, subnet.entry.span),
                "the subnet",
            );
    }
}
