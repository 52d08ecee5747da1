//! Admin rules that never reach their network.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0135",
    name: "admin-rules-skipped",
    level: Level::Warning,
    category: Category::Filter,
    what: "A network in the scope of security admin rules that holds a subnet of SQL managed instances or Databricks.",
    why: "The platform gives such networks no admin rules at all, in any subnet, without a word.",
    fix: "use rules that only allow, or security groups in that network",
    covers: &["LINT-NET-57"],
    sources: &["AVNM-06"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for (name, manager) in view.estate.network_managers.iter() {
        let collections =
            manager.value.security_admin_configurations.iter().flat_map(|(_, c)| c.value.rule_collections.iter());
        for group in collections.flat_map(|(_, c)| &c.value.network_groups) {
            let Some(group) = manager.value.network_groups.get(&group.value) else { continue };
            for member in &group.value.virtual_networks {
                let service = view.subnets_of(&member.value).find_map(|s| {
                    let delegation = s.entry.value.delegation.as_ref()?;
                    let lower = delegation.value.to_lowercase();
                    matches!(lower.as_str(), "microsoft.sql/managedinstances" | "microsoft.databricks/workspaces")
                        .then_some(delegation)
                });
                if let Some(service) = service {
                    findings
                        .at(
                            member.span,
                            format!(
                                "`{}` gets no admin rules of `{name}`, because it holds {}",
                                member.value, service.value
                            ),
                        )
                        .related(service.span, "the delegation");
                }
            }
        }
    }
}
