//! A tag that holds everybody's resources.

use crate::azure::model::network::Access;
use crate::azure::model::workspace::{OutboundRuleType, RuleCategory};
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0423",
    name: "multi-tenant-service-tag",
    level: Level::Warning,
    category: Category::ManagedNetwork,
    what: "An outbound rule of the user's that allows a service tag which holds resources of every customer.",
    why: "Data can be taken out to any account of that service, not only to one's own.",
    fix: "use an outbound rule of type PrivateEndpoint for the one resource",
    covers: &["LINT-28"],
    sources: &["HUB-TAG-05"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for hub in view.hubs() {
        for (name, rule) in hub.rules(OutboundRuleType::ServiceTag) {
            let Some(tag) = &rule.value.service_tag else { continue };
            let own =
                rule.value.category.value == RuleCategory::UserDefined && rule.value.action.value == Access::Allow;
            let lower = tag.value.to_ascii_lowercase();
            let base = lower.split('.').next().unwrap_or_default();
            let shared = matches!(base, "storage" | "azurecloud" | "internet") || lower == "azurefrontdoor.frontend";
            if own && shared && rule.value.address_prefixes.is_empty() {
                findings
                    .at(tag.span, format!("rule `{name}` of `{}` lets data out to anybody's {}", hub.name, tag.value));
            }
        }
    }
}
