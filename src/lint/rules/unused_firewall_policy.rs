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
    let attached = view.estate.firewalls.iter().filter_map(|(_, f)| f.value.firewall_policy.as_ref());
    let parents = view.estate.firewall_policies.iter().filter_map(|(_, p)| p.value.base_policy.as_ref());
    let used: std::collections::BTreeSet<&str> = attached.chain(parents).map(|r| r.value.as_str()).collect();
    for (name, policy) in view.estate.firewall_policies.iter().filter(|(n, _)| !used.contains(n)) {
        findings.at(policy.span, format!("no firewall uses policy `{name}`"));
    }
}
