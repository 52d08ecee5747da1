//! A registry that cannot be closed.

use crate::azure::model::network::Access;
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0416",
    name: "registry-sku-without-private-access",
    level: Level::Error,
    category: Category::Service,
    what: "A container registry of another SKU than Premium with public access switched off, address rules or a default of Deny.",
    why: "Only Premium registries have these settings; the deployment is refused or the registry stays open.",
    fix: "use the Premium SKU",
    covers: &["LINT-20"],
    sources: &["HUB-06"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for (name, service) in view.estate.services.iter() {
        let registry = service.value.type_.value.eq_ignore_ascii_case("Microsoft.ContainerRegistry/registries");
        let Some(sku) =
            service.value.sku_name.as_ref().filter(|s| registry && !s.value.eq_ignore_ascii_case("Premium"))
        else {
            continue;
        };
        let rules = service.value.network_rules.as_ref();
        let closed = !service.value.public_access().value
            || rules.is_some_and(|r| r.default_action.value == Access::Deny || !r.ip_rules.is_empty());
        if closed {
            findings.at(sku.span, format!("`{name}` is {}, and restricting its network takes Premium", sku.value));
        }
    }
}
