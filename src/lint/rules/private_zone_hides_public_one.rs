//! A private zone that takes the place of a service's public one.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0311",
    name: "private-zone-hides-public-one",
    level: Level::Warning,
    category: Category::Dns,
    what: "A private zone with the public name of an Azure service, without the privatelink label, is linked to a network.",
    why: "The zone is the last word on its names: every other account of the service no longer exists there.",
    fix: "use the zone with the privatelink label",
    covers: &["LINT-DNS-04"],
    sources: &["ZONE-13"],
    check,
};

const PUBLIC: [&str; 18] = [
    "blob.core.windows.net",
    "file.core.windows.net",
    "queue.core.windows.net",
    "table.core.windows.net",
    "dfs.core.windows.net",
    "web.core.windows.net",
    "database.windows.net",
    "vault.azure.net",
    "vaultcore.azure.net",
    "azurecr.io",
    "azurewebsites.net",
    "search.windows.net",
    "cognitiveservices.azure.com",
    "openai.azure.com",
    "services.ai.azure.com",
    "documents.azure.com",
    "servicebus.windows.net",
    "redis.cache.windows.net",
];

fn check(view: &View<'_>, findings: &mut Findings) {
    for (key, zone) in view.estate.private_dns_zones.iter() {
        let name = zone.value.zone_name.as_ref().map_or(key, |n| n.value.as_str());
        let public = PUBLIC.iter().any(|p| p.eq_ignore_ascii_case(name.trim_end_matches('.')));
        if public && !zone.value.virtual_network_links.is_empty() {
            findings.at(zone.span, format!("zone `{key}` hides every public name under {name} in its networks"));
        }
    }
}
