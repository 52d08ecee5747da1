//! A rule on an application security group that has no members where the rule acts.

use crate::lint::{Category, Findings, Level, Rule, View};
use std::collections::BTreeMap;

pub(super) static RULE: Rule = Rule {
    code: "PRL0129",
    name: "asg-without-members-here",
    level: Level::Warning,
    category: Category::Filter,
    what: "A security rule that names an application security group without members, or whose members are in another network than the rule acts on.",
    why: "Such a group stands for no address there, so the rule never matches.",
    fix: "make the machines members of the group, or name prefixes",
    covers: &["LINT-NET-47"],
    sources: &["ASG-03", "ASG-05"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let members = {
        let machines =
            view.estate.virtual_machines.iter().map(|(_, m)| (&m.value.application_security_groups, &m.value.subnet));
        let endpoints =
            view.estate.private_endpoints.iter().map(|(_, e)| (&e.value.application_security_groups, &e.value.subnet));
        let mut homes: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (groups, subnet) in machines.chain(endpoints) {
            for group in groups {
                let vnets = homes.entry(&group.value).or_default();
                vnets.extend(subnet.value.split_once('/').map(|(vnet, _)| vnet).filter(|v| !vnets.contains(v)));
            }
        }
        homes
    };
    for rule in view.security_rules() {
        let declared = &rule.entry.value;
        for reference in
            declared.source_application_security_groups.iter().chain(&declared.destination_application_security_groups)
        {
            let homes = members.get(reference.value.as_str()).map(Vec::as_slice).unwrap_or_default();
            let text = if homes.is_empty() {
                format!("`{}` has no members, so `{}/{}` never matches", reference.value, rule.group, rule.name)
            } else if rule.vnets.iter().all(|v| !homes.contains(v)) {
                format!(
                    "the members of `{}` are in `{}`, and `{}/{}` acts in `{}`",
                    reference.value,
                    homes.join("`, `"),
                    rule.group,
                    rule.name,
                    rule.vnets.join("`, `")
                )
            } else {
                continue;
            };
            findings.at(reference.span, text);
        }
    }
}
