//! FQDN rules that bring a firewall.

use crate::azure::model::workspace::OutboundRuleType;
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0422",
    name: "managed-firewall-in-use",
    level: Level::Info,
    category: Category::ManagedNetwork,
    what: "A managed network with at least one FQDN outbound rule.",
    why: "The first FQDN rule makes the platform deploy an Azure Firewall for this hub, at its cost; private endpoint and tag rules need none.",
    fix: "choose its SKU knowingly, or do without FQDN rules",
    covers: &["LINT-27"],
    sources: &["FQDN-01"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for hub in view.hubs().filter(|h| h.approved_only()) {
        if let Some((name, rule)) = hub.rules(OutboundRuleType::Fqdn).next() {
            findings.at(
                rule.span,
                format!("FQDN rules such as `{name}` bring a firewall into the managed network of `{}`", hub.name),
            );
        }
    }
}
