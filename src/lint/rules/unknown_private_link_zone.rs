//! A zone with a privatelink label that no service uses.

use crate::azure::known_services::{Cloud, KnownServices};
use crate::azure::model;
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0336",
    name: "unknown-private-link-zone",
    level: Level::Warning,
    category: Category::Dns,
    what: "A private zone with a privatelink label that is in no list of Private Link zones for the cloud.",
    why: "A misspelt or superseded zone is never consulted, because no public name leads into it.",
    fix: "use the zone that Microsoft lists for the service",
    covers: &["LINT-DNS-05"],
    sources: &["ZONE-14"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let cloud = match view.estate.cloud.value {
        model::Cloud::Public => Cloud::Public,
        model::Cloud::UsGov => Cloud::UsGov,
        model::Cloud::China => Cloud::China,
    };
    for (key, zone) in view.estate.private_dns_zones.iter() {
        let name =
            zone.value.zone_name.as_ref().map_or(key, |n| n.value.as_str()).trim_end_matches('.').to_ascii_lowercase();
        if !name.split('.').any(|l| l == "privatelink") {
            continue;
        }
        if !KnownServices::get().knows_zone(cloud, &name) {
            findings.at(zone.span, format!("no service of this cloud uses zone {name}"));
        }
    }
}
