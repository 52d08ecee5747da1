//! A tag rule for private addresses.

use crate::azure::model::workspace::OutboundRuleType;
use crate::lint::{Category, Findings, Level, Rule, View};
use crate::net::is_public;

pub(super) static RULE: Rule = Rule {
    code: "PRL0444",
    name: "private-prefix-in-tag-rule",
    level: Level::Warning,
    category: Category::ManagedNetwork,
    what: "A service tag rule of a managed network that names private address prefixes.",
    why: "The rule allows the addresses and makes no route to them; a managed network reaches no other network.",
    fix: "use a private endpoint rule, or the bridge of an application gateway",
    covers: &["LINT-65"],
    sources: &["HUB-TAG-03"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for hub in view.hubs() {
        for (name, rule) in hub.rules(OutboundRuleType::ServiceTag) {
            if let Some(prefix) =
                rule.value.address_prefixes.iter().find(|p| !is_public(p.value.network()) && !p.value.is_default())
            {
                findings.at(prefix.span, format!("rule `{name}` of `{}` makes no route to {}", hub.name, prefix.value));
            }
        }
    }
}
