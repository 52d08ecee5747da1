//! A subnet rule without its service endpoint.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0326",
    name: "subnet-rule-without-endpoint",
    level: Level::Warning,
    category: Category::Service,
    what: "A service admits a subnet that has no service endpoint for it.",
    why: "Without the service endpoint the subnet's identity is missing, and the rule never matches.",
    fix: "add the service endpoint to the subnet",
    covers: &["LINT-PAAS-04"],
    sources: &["SE-04"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for (name, service) in view.estate.services.iter() {
        let wanted: &[&str] = match service.value.type_.value.to_lowercase().as_str() {
            "microsoft.storage/storageaccounts" => &["microsoft.storage", "microsoft.storage.global"],
            "microsoft.keyvault/vaults" => &["microsoft.keyvault"],
            "microsoft.sql/servers" => &["microsoft.sql"],
            "microsoft.documentdb/databaseaccounts" => &["microsoft.azurecosmosdb"],
            "microsoft.cognitiveservices/accounts" => &["microsoft.cognitiveservices"],
            "microsoft.containerregistry/registries" => &["microsoft.containerregistry"],
            _ => continue,
        };
        for reference in service.value.network_rules.iter().flat_map(|r| &r.virtual_network_subnets) {
            let Some(subnet) = view.subnet(&reference.value) else { continue };
            let has =
                subnet.entry.value.service_endpoints.iter().any(|e| wanted.contains(&e.value.to_lowercase().as_str()));
            if !has {
                findings
                    .at(
                        reference.span,
                        format!("`{name}` admits `{}`, which has no service endpoint for it", subnet.full),
                    )
                    .related(subnet.entry.span, "the subnet");
            }
        }
    }
}
