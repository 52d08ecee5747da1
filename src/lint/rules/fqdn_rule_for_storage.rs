//! An FQDN rule for a storage account.

use crate::azure::model::workspace::OutboundRuleType;
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0419",
    name: "fqdn-rule-for-storage",
    level: Level::Error,
    category: Category::ManagedNetwork,
    what: "An FQDN outbound rule that names a host of a storage account.",
    why: "The platform accepts the rule and does not honour it.",
    fix: "use an outbound rule of type PrivateEndpoint for the account",
    covers: &["LINT-24"],
    sources: &["FQDN-05"],
    check,
};

const STORAGE: [&str; 6] = ["blob", "file", "queue", "table", "dfs", "web"];

fn check(view: &View<'_>, findings: &mut Findings) {
    for hub in view.hubs() {
        for (name, rule) in hub.rules(OutboundRuleType::Fqdn) {
            let Some(host) = &rule.value.destination_fqdn else { continue };
            let lower = host.value.to_ascii_lowercase();
            let account = STORAGE.iter().any(|s| lower.ends_with(&format!(".{s}.core.windows.net")));
            if account && lower != "vscode.blob.core.windows.net" {
                findings.at(
                    host.span,
                    format!("rule `{name}` of `{}` has no effect: {} is a storage account", hub.name, host.value),
                );
            }
        }
    }
}
