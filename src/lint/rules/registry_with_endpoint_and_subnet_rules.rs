//! A registry with a private endpoint and subnet rules.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0330",
    name: "registry-with-endpoint-and-subnet-rules",
    level: Level::Warning,
    category: Category::Service,
    what: "A container registry has a private endpoint and admits subnets by rules.",
    why: "The platform does not support the two together.",
    fix: "remove the subnet rules",
    covers: &["LINT-PAAS-12"],
    sources: &["SE-09"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for (name, service) in view.estate.services.iter() {
        let registry = service.value.type_.value.eq_ignore_ascii_case("Microsoft.ContainerRegistry/registries");
        let rule = service.value.network_rules.as_ref().and_then(|r| r.virtual_network_subnets.first());
        if let (true, Some(rule), Some((endpoint, entry, ..))) = (registry, rule, view.endpoints_to(name).next()) {
            findings
                .at(rule.span, format!("`{name}` has subnet rules and private endpoint `{endpoint}`"))
                .related(entry.span, "the private endpoint");
        }
    }
}
