//! An admin rule against what a group or the file says.

use crate::dataplane::{Action, FilterRule};
use crate::lint::cover::cover;
use crate::lint::{Category, Findings, Level, Rule, View};
use crate::verdict::Reason;

pub(super) static RULE: Rule = Rule {
    code: "PRL0134",
    name: "admin-rule-contradicts",
    level: Level::Warning,
    category: Category::Filter,
    what: "An admin rule that always allows what a security group denies, or that denies a flow that is expected to get through.",
    why: "Admin rules come first: AlwaysAllow passes by the groups, and Deny ends it before they are asked.",
    fix: "align the admin rule with the groups and expectations",
    covers: &["LINT-NET-56"],
    sources: &["AVNM-02"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let mut seen = std::collections::BTreeSet::new();
    for subnet in &view.subnets {
        let segment = view.segment(subnet);
        let before: Vec<&FilterRule> = segment.admin.iter().flat_map(|f| &f.rules).collect();
        for rule in segment.filter.iter().flat_map(|f| &f.rules) {
            let Some(span) = rule.origin.span.filter(|_| rule.action == Action::Deny) else { continue };
            let over = cover(rule, &before).unwrap_or_default();
            if !over.is_empty() && over.iter().all(|o| o.action == Action::AlwaysAllow) && seen.insert(span) {
                let names: Vec<_> = over.iter().map(|o| format!("`{}`", o.origin.name)).collect();
                let finding = findings.at(
                    span,
                    format!(
                        "`{}` denies what {} always allow{}",
                        rule.origin.name,
                        names.join(", "),
                        if names.len() == 1 { "s" } else { "" }
                    ),
                );
                for o in over {
                    finding.related(o.origin.span, "admin rule");
                }
            }
        }
    }
    for flow in view.wanted() {
        if flow.trace.judgement.reasons.contains(&Reason::Avnm) {
            let step = view.stopped(flow, Reason::Avnm);
            findings
                .at(flow.expectation.span, format!("an admin rule denies what `{}` expects", flow.expectation.id))
                .related(step.and_then(|s| s.span), "the admin rule");
        }
    }
}
