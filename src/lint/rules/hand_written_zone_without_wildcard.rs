//! Hand-written records of a hub without the wildcard of its endpoints.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0448",
    name: "hand-written-zone-without-wildcard",
    level: Level::Error,
    category: Category::ManagedNetwork,
    what: "A hub's private endpoint has no zone group, and the records kept by hand name the hub without a wildcard for its online endpoints.",
    why: "Every new online endpoint has a name of its own, which does not resolve.",
    fix: "add a record *.<workspace_id>.inference.<region>, or use a zone group",
    covers: &["LINT-15"],
    sources: &["IN-04"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for hub in view.hubs() {
        let Some(id) = hub.entry.value.workspace_id.as_ref().map(|i| i.value.to_ascii_lowercase()) else { continue };
        let by_hand = view.endpoints_to(hub.name).find(|(_, e, ..)| e.value.private_dns_zone_group.is_none());
        let Some((endpoint, ..)) = by_hand else { continue };
        for (key, zone) in view.estate.private_dns_zones.iter() {
            let own: Vec<_> =
                zone.value.a_records.iter().filter(|(r, _)| r.to_ascii_lowercase().contains(&id)).collect();
            let Some((_, first)) = own.first() else { continue };
            let wildcard = own.iter().any(|(r, _)| r.to_ascii_lowercase().starts_with(&format!("*.{id}.inference")));
            if key.to_ascii_lowercase().contains("api.") && !wildcard {
                findings.at(
                    first.span,
                    format!(
                        "`{key}` holds records of `{}` for `{endpoint}`, and no wildcard for its online endpoints",
                        hub.name
                    ),
                );
            }
        }
    }
}
