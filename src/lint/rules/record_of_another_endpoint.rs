//! A record that leads to the private endpoint of another resource.

use crate::dataplane::Role;
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0305",
    name: "record-of-another-endpoint",
    level: Level::Warning,
    category: Category::Dns,
    what: "A hand-written record with the name of one declared service leads to a private endpoint of another resource.",
    why: "A private endpoint serves its own target only; requests for another are refused.",
    fix: "correct the record",
    covers: &["LINT-PL-09"],
    sources: &["PE-01"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for (zone, entry) in view.estate.private_dns_zones.iter() {
        for (record, set) in entry.value.a_records.iter().filter(|(r, _)| view.estate.services.get(r).is_some()) {
            for address in &set.value.records {
                let owner = view.owners(address.value).find(|e| matches!(e.role, Role::PrivateEndpoint(_)));
                let declared = owner.and_then(|o| view.estate.private_endpoints.get(&o.origin.name));
                let target = declared.map(|d| &d.value.private_service_connection.private_connection_resource);
                if let Some(target) = target.filter(|t| t.value != record) {
                    findings
                        .at(address.span, format!("`{record}` of `{zone}` leads to an endpoint of `{}`", target.value))
                        .related(target.span, "its target");
                }
            }
        }
    }
}
