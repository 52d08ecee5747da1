//! A zone group that is too long or names a zone twice.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0313",
    name: "too-many-zones-in-group",
    level: Level::Error,
    category: Category::Dns,
    what: "A zone group with more than five zones, or with two zones of one name.",
    why: "The platform refuses the group.",
    fix: "keep one zone of each name, five at most",
    covers: &["LINT-DNS-10"],
    sources: &["ZG-01"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for (name, endpoint) in view.estate.private_endpoints.iter() {
        let Some(group) = &endpoint.value.private_dns_zone_group else { continue };
        if let Some(sixth) = group.private_dns_zones.get(5) {
            findings.at(
                sixth.span,
                format!("the zone group of `{name}` has {} zones, and takes five", group.private_dns_zones.len()),
            );
        }
        let own = |key: &str| {
            let declared = view.estate.private_dns_zones.get(key);
            declared.and_then(|d| d.value.zone_name.as_ref()).map_or(key, |n| n.value.as_str()).to_ascii_lowercase()
        };
        for (i, zone) in group.private_dns_zones.iter().enumerate() {
            if let Some(twin) = group.private_dns_zones.iter().take(i).find(|z| own(&z.value) == own(&zone.value)) {
                findings
                    .at(zone.span, format!("the zone group of `{name}` names {} twice", own(&zone.value)))
                    .related(twin.span, "the other");
            }
        }
    }
}
