//! A zone group that forgets some of an endpoint's names.

use crate::azure::{known_services::account_family, model::Cloud};
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0445",
    name: "zone-group-incomplete",
    level: Level::Warning,
    category: Category::Dns,
    what: "The zone group of a private endpoint to a hub or to AI services lacks one of the zones of its names.",
    why: "The names of the missing zone resolve to public addresses. The documented walk-through for hubs stops after the first zone.",
    fix: "add the zone to the group",
    covers: &["LINT-14", "LINT-19", "LINT-DNS-07"],
    sources: &["IN-06", "DEF-06", "ZG-06"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    if view.estate.cloud.value != Cloud::Public {
        return;
    }
    for (name, endpoint) in view.estate.private_endpoints.iter() {
        let connection = &endpoint.value.private_service_connection;
        let target = &connection.private_connection_resource.value;
        let hub = view.estate.machine_learning_workspaces.get(target).is_some();
        let account = view
            .estate
            .services
            .get(target)
            .map(|s| &s.value)
            .filter(|s| s.type_.value.eq_ignore_ascii_case("Microsoft.CognitiveServices/accounts"));
        // An account of most kinds has one name, and needs one zone (COG-02).
        let one = account.and_then(|s| s.kind.as_ref()).and_then(|k| account_family(&k.value));
        let zones: &[&str] = match (hub, account.is_some() && one.is_none()) {
            (true, _) => &["privatelink.api.azureml.ms", "privatelink.notebooks.azure.net"],
            (_, true) => &[
                "privatelink.cognitiveservices.azure.com",
                "privatelink.openai.azure.com",
                "privatelink.services.ai.azure.com",
            ],
            _ => continue,
        };
        let Some(group) = &endpoint.value.private_dns_zone_group else { continue };
        let holds = |zone: &&&str| {
            group.private_dns_zones.iter().any(|z| {
                let declared = view.estate.private_dns_zones.get(&z.value);
                let own =
                    declared.and_then(|d| d.value.zone_name.as_ref()).map_or(z.value.as_str(), |n| n.value.as_str());
                own.eq_ignore_ascii_case(zone)
            })
        };
        let missing: Vec<_> = zones.iter().filter(|z| !holds(z)).copied().collect();
        let place = group.private_dns_zones.first().map_or(endpoint.span, |z| z.span);
        if !missing.is_empty() && missing.len() < zones.len() {
            let finding = findings.at(place, format!("the zone group of `{name}` lacks {}", missing.join(" and ")));
            if hub {
                finding.level(Level::Error);
            }
        }
    }
}
