//! A compute instance that a private zone hides.

use crate::azure::model::workspace::ComputeType;
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0447",
    name: "instance-without-record",
    level: Level::Error,
    category: Category::ManagedNetwork,
    what: "A private zone instances.azureml.ms is linked to a network and holds no record for some compute instance.",
    why: "The zone is the last word on its names, so that the instance's name does not exist there.",
    fix: "add a record for every instance, or drop the zone",
    covers: &["LINT-16"],
    sources: &["IN-07"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for (key, zone) in view.estate.private_dns_zones.iter() {
        let name = zone.value.zone_name.as_ref().map_or(key, |n| n.value.as_str());
        let shadows = name.eq_ignore_ascii_case("instances.azureml.ms") && !zone.value.virtual_network_links.is_empty();
        if !shadows || zone.value.a_records.get("*").is_some() {
            continue;
        }
        for hub in view.hubs() {
            for (compute, entry) in
                hub.entry.value.compute.iter().filter(|(_, c)| c.value.type_.value == ComputeType::ComputeInstance)
            {
                let held = |record: &str| {
                    record.eq_ignore_ascii_case(compute)
                        || record.to_lowercase().starts_with(&format!("{}.", compute.to_lowercase()))
                };
                if !zone.value.a_records.keys().any(held) && !zone.value.cname_records.keys().any(held) {
                    findings
                        .at(zone.span, format!("`{key}` hides `{compute}` of `{}`", hub.name))
                        .related(entry.span, "the instance");
                }
            }
        }
    }
}
