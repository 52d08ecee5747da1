//! A security group that nothing uses.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0179",
    name: "unused-network-security-group",
    level: Level::Warning,
    category: Category::Unused,
    what: "A network security group that is attached to no subnet and no interface.",
    why: "Its rules filter nothing, which is easily mistaken for protection.",
    fix: "attach it, or remove it",
    covers: &[],
    sources: &["NSG-01"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let machines = || view.estate.virtual_machines.iter().map(|(_, m)| &m.value);
    for (name, group) in view.estate.network_security_groups.iter() {
        let named = |r: &Option<crate::document::Reference>| r.as_ref().is_some_and(|r| r.value == name);
        let used = view.subnets.iter().any(|s| named(&s.entry.value.network_security_group))
            || machines().any(|m| named(&m.network_security_group))
            || machines().any(|m| m.secondary_network_interfaces.iter().any(|(_, i)| named(&i.value.network_security_group)));
        if !used {
            findings.at(group.span, format!("nothing uses security group `{name}`"));
        }
    }
}
