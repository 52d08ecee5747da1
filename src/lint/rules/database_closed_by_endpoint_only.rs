//! A database that only its private endpoint closes.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0332",
    name: "database-closed-by-endpoint-only",
    level: Level::Warning,
    category: Category::Service,
    what: "A Cosmos account has a private endpoint, no rules and no word on public access.",
    why: "The account closes because it has an endpoint, and opens to everyone when the endpoint goes.",
    fix: "set public_network_access_enabled to false",
    covers: &["LINT-PAAS-15"],
    sources: &["COSMOS-01"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for (name, service) in view.estate.services.iter() {
        let cosmos = service.value.type_.value.eq_ignore_ascii_case("Microsoft.DocumentDB/databaseAccounts");
        let said = service.value.public_access().span.is_some() || service.value.network_rules.is_some();
        if let (true, false, Some((endpoint, entry, ..))) = (cosmos, said, view.endpoints_to(name).next()) {
            findings
                .at(service.span, format!("only `{endpoint}` keeps `{name}` closed"))
                .related(entry.span, "the private endpoint");
        }
    }
}
