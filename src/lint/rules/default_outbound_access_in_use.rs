//! A flow that leaves by default outbound access.

use crate::forward::Outcome;
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0147",
    name: "default-outbound-access-in-use",
    level: Level::Info,
    category: Category::Outbound,
    what: "A flow that is expected to get through leaves by the platform's default outbound access.",
    why: "The source address belongs to nobody and changes; new networks no longer have this access.",
    fix: "attach a NAT gateway to the subnet",
    covers: &["LINT-NET-63"],
    sources: &["NAT-06"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let mut seen = std::collections::BTreeSet::new();
    for flow in view.wanted() {
        let alternatives = flow.trace.alternatives.iter().flat_map(|(_, steps)| steps);
        let rests = flow
            .trace
            .steps
            .iter()
            .chain(alternatives)
            .any(|s| s.outcome == Outcome::Assume && s.rules.contains(&"NAT-06"));
        let segment =
            view.sender(&flow.expectation.fields.from.value).and_then(|s| view.plane.endpoints.get(s).segment);
        let subnet = segment.and_then(|s| view.subnet_at(s));
        if let (true, Some(subnet)) = (rests, subnet)
            && seen.insert(subnet.full.as_str())
        {
            findings
                .at(subnet.entry.span, format!("`{}` leaves for the internet by default outbound access", subnet.full))
                .related(flow.expectation.span, "expected to get through");
        }
    }
}
