//! Address rules that outlived a hub's public access.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0436",
    name: "address-rules-left-on-closed-hub",
    level: Level::Warning,
    category: Category::ManagedNetwork,
    what: "A hub without public access that still has address rules and online endpoints.",
    why: "Endpoints keep honouring the rules of the time when they were made.",
    fix: "clear ip_rules before public access is switched off",
    covers: &["LINT-48"],
    sources: &["MOE-03"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for hub in view.hubs().filter(|h| !h.entry.value.public_network_access_enabled.value) {
        if let Some(rule) = hub.entry.value.ip_rules.first().filter(|_| !hub.entry.value.online_endpoints.is_empty()) {
            findings
                .at(rule.span, format!("`{}` is closed, and its endpoints may still admit {}", hub.name, rule.value));
        }
    }
}
