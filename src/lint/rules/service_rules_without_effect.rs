//! Rules of a service firewall that decide nothing.

use crate::azure::model::network::Access;
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0324",
    name: "service-rules-without-effect",
    level: Level::Warning,
    category: Category::Service,
    what: "A service has address or subnet rules while its default action is Allow, or while public access is off.",
    why: "With Allow everyone is admitted anyway; without public access nobody is, whatever the rules say.",
    fix: "set default_action to Deny, or remove the rules",
    covers: &["LINT-PAAS-01"],
    sources: &["PAAS-02", "PAAS-03"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for (name, service) in view.estate.services.iter() {
        let Some(rules) = &service.value.network_rules else { continue };
        let first = rules.ip_rules.first().map(|r| r.span).or(rules.virtual_network_subnets.first().map(|r| r.span));
        let Some(first) = first else { continue };
        let access = service.value.public_access();
        let cosmos = service.value.type_.value.eq_ignore_ascii_case("Microsoft.DocumentDB/databaseAccounts");
        if !access.value {
            findings
                .at(first, format!("`{name}` has no public access, so its rules admit nobody"))
                .related(access.span, "switched off");
        } else if rules.default_action.value == Access::Allow && !cosmos {
            findings
                .at(first, format!("`{name}` admits everyone, so its rules decide nothing"))
                .related(rules.default_action.span, "the default action");
        }
    }
}
