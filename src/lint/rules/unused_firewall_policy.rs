//! A firewall policy that no firewall uses.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0185",
    name: "unused-firewall-policy",
    level: Level::Info,
    category: Category::Unused,
    what: "A firewall policy that neither a firewall nor another policy names.",
    why: "Its rules decide nothing, which is easily mistaken for protection.",
    fix: "attach it to a firewall, or remove it",
    covers: &[],
    sources: &["FW-02", "FW-04"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for (name, policy) in view.estate.firewall_policies.iter() {
        let attached = view.estate.firewalls.iter().any(|(_, f)| f.value.firewall_policy.as_ref().is_some_and(|p| p.value == name));
        let parent = view.estate.firewall_policies.iter().any(|(_, p)| p.value.base_policy.as_ref().is_some_and(|b| b.value == name));
        if !attached && !parent {
            findings.at(policy.span, format!("no firewall uses policy `{name}`"));
        }
    }
}
