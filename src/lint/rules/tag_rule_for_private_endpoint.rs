//! A tag that does not hold the private endpoint.

use crate::dataplane::{Action, Direction, Role};
use crate::lint::{Category, Findings, Level, Rule, View};
use crate::verdict::Reason;

pub(super) static RULE: Rule = Rule {
    code: "PRL0309",
    name: "tag-rule-for-private-endpoint",
    level: Level::Warning,
    category: Category::Filter,
    what: "A flow to a private endpoint is expected to get through, and the client's security group allows the service's tag only.",
    why: "Tags hold public addresses; once the name answers a private one, the rule no longer matches.",
    fix: "allow the subnet of the private endpoint",
    covers: &["LINT-PL-17"],
    sources: &["PE-28"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for flow in view.wanted() {
        let Some(step) = view.stopped(flow, Reason::Nsg) else { continue };
        let endpoint =
            flow.trace.addresses.iter().any(|a| view.owners(*a).any(|e| matches!(e.role, Role::PrivateEndpoint(_))));
        let segment =
            view.sender(&flow.expectation.fields.from.value).and_then(|s| view.plane.endpoints.get(s).segment);
        let filter = segment.and_then(|s| view.plane.segments.get(s).filter.as_ref());
        let tagged = filter.and_then(|f| {
            f.rules.iter().find(|r| {
                r.direction == Some(Direction::Outbound) && r.action == Action::Allow && !r.to.tags.is_empty()
            })
        });
        if let (true, Some(rule)) = (endpoint, tagged) {
            findings
                .at(
                    rule.origin.span.unwrap_or(flow.expectation.span),
                    format!(
                        "`{}` allows {} and not the private endpoint that `{}` needs",
                        rule.origin.name,
                        rule.to.tags.join(", "),
                        flow.expectation.id
                    ),
                )
                .related(step.span, "denied here")
                .related(flow.expectation.span, "expected to get through");
        }
    }
}
