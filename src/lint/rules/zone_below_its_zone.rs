//! A zone that takes records away from the one above it.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0312",
    name: "zone-below-its-zone",
    level: Level::Warning,
    category: Category::Dns,
    what: "A private zone for a part of a Private Link zone whose records belong into the zone above.",
    why: "Zone groups write into the zone above; the more specific zone hides what they wrote.",
    fix: "remove the zone, and keep the records in the zone above",
    covers: &["LINT-DNS-06"],
    sources: &["ZONE-06"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for (key, zone) in view.estate.private_dns_zones.iter() {
        let name = zone.value.zone_name.as_ref().map_or(key, |n| n.value.as_str()).to_ascii_lowercase();
        let above = ["privatelink.azurecr.io", "privatelink.azurewebsites.net"]
            .into_iter()
            .find(|above| name.strip_suffix(above).is_some_and(|rest| rest.ends_with(".data.") || rest == "scm."));
        if let Some(above) = above {
            findings.at(zone.span, format!("`{key}` hides records that belong into {above}"));
        }
    }
}
