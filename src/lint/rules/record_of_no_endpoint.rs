//! A record in a zone of Private Link that leads to no private endpoint.

use crate::dataplane::Role;
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0446",
    name: "record-of-no-endpoint",
    level: Level::Error,
    category: Category::Dns,
    what: "A hand-written address record in a zone with a privatelink label whose address belongs to no private endpoint of the scenario.",
    why: "Endpoints get other addresses when they are made anew; the record then leads to nothing, or to somebody else.",
    fix: "use a zone group, or correct or delete the record",
    covers: &["LINT-60", "LINT-PL-08"],
    sources: &["PE-37", "ZG-03"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for (key, zone) in view.estate.private_dns_zones.iter() {
        let name = zone.value.zone_name.as_ref().map_or(key, |n| n.value.as_str());
        if !name.to_ascii_lowercase().split('.').any(|l| l == "privatelink") {
            continue;
        }
        for (record, set) in zone.value.a_records.iter() {
            for address in &set.value.records {
                let owned = view.owners(address.value).any(|e| matches!(e.role, Role::PrivateEndpoint(_)));
                // What lies outside every declared network may be an endpoint that is not part of the scenario.
                if !owned && view.in_a_network(address.value) {
                    findings.at(
                        address.span,
                        format!("`{record}` of `{key}` leads to {}, which is no private endpoint", address.value),
                    );
                }
            }
        }
    }
}
