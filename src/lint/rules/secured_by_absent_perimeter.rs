//! A service secured by a perimeter that does not hold it.

use crate::azure::model::service::PublicNetworkAccess;
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0328",
    name: "secured-by-absent-perimeter",
    level: Level::Warning,
    category: Category::Service,
    what: "A service whose public access is SecuredByPerimeter is associated with no perimeter.",
    why: "Only private endpoints lead to it then.",
    fix: "associate it with a perimeter, or set its public access to Enabled or Disabled",
    covers: &["LINT-PAAS-09"],
    sources: &["NSP-02"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let held = view.in_perimeters();
    for (name, service) in view.estate.services.iter() {
        let Some(access) =
            service.value.public_network_access.as_ref().filter(|a| a.value == PublicNetworkAccess::SecuredByPerimeter)
        else {
            continue;
        };
        if !held.contains(name) {
            findings.at(access.span, format!("`{name}` is secured by a perimeter, and none holds it"));
        }
    }
}
