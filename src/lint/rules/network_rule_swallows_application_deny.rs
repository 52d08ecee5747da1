//! A network rule that lets through what an application rule denies.

use crate::dataplane::{Action, FilterRule, Names};
use crate::lint::cover::{cover, tag};
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0138",
    name: "network-rule-swallows-application-deny",
    level: Level::Warning,
    category: Category::Firewall,
    what: "A denying application rule whose sources may reach every public address on its ports by a network rule.",
    why: "Network rules come before application rules, whatever their priorities; the name is never looked at.",
    fix: "narrow the network rule, or deny there",
    covers: &["LINT-NET-36"],
    sources: &["FW-03"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for rule in view.firewall_rules().iter().filter(|r| r.action == Action::Deny) {
        let mut allowing: Vec<&FilterRule> = Vec::new();
        let swallowed = rule.parts.iter().all(|part| {
            let asked = FilterRule { to: tag("Internet"), names: Names::Ignored, ..part.acting.rule.clone() };
            let over = part.network.as_ref().and_then(|network| cover(&asked, network));
            let over = over.filter(|o| o.iter().all(|r| r.action == Action::Allow));
            allowing.extend(over.iter().flatten());
            over.is_some()
        });
        if let (true, Some(first)) = (swallowed, allowing.first()) {
            findings
                .at(rule.span, format!("`{}` is never asked: `{}` allows it before", rule.label, first.origin.name))
                .related(first.origin.span, "network rules come first");
        }
    }
}
