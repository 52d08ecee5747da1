//! An address rule that a hub does not take.

use crate::lint::{Category, Findings, Level, Rule, View};
use crate::net::is_public;

pub(super) static RULE: Rule = Rule {
    code: "PRL0449",
    name: "hub-address-rule-refused",
    level: Level::Error,
    category: Category::ManagedNetwork,
    what: "An address rule of a hub that names a private or IPv6 range, or more than 200 rules.",
    why: "Callers are seen by their public IPv4 address; the platform refuses the rule, and it would never match.",
    fix: "name public IPv4 addresses, or use a private endpoint",
    covers: &["LINT-52"],
    sources: &["IN-01"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for hub in view.hubs() {
        let rules = &hub.entry.value.ip_rules;
        for rule in rules {
            // A wide range that ends in public space is meant for that.
            let private = !is_public(rule.value.network()) && !is_public(rule.value.last());
            if private || !rule.value.network().is_ipv4() {
                findings.at(rule.span, format!("`{}` never sees {}", hub.name, rule.value));
            }
        }
        if let (true, Some(first)) = (rules.len() > 200, rules.first()) {
            findings.at(first.span, format!("`{}` has {} address rules, and takes 200", hub.name, rules.len()));
        }
    }
}
