//! Telemetry of a hub that leaves by a public path.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0440",
    name: "public-telemetry",
    level: Level::Info,
    category: Category::ManagedNetwork,
    what: "A hub with Application Insights in an estate without a private endpoint to an Azure Monitor private link scope.",
    why: "Telemetry leaves through the AzureMonitor tag to public addresses. A private link scope in private-only mode would break the hub.",
    fix: "use a private link scope in open mode, if telemetry must be private",
    covers: &["LINT-56"],
    sources: &["HUB-TRUST-09"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let scoped = view.estate.private_endpoints.iter().any(|(_, e)| {
        let target = &e.value.private_service_connection.private_connection_resource.value;
        view.estate
            .services
            .get(target)
            .is_some_and(|s| s.value.type_.value.eq_ignore_ascii_case("Microsoft.Insights/privateLinkScopes"))
    });
    for hub in view.hubs().filter(|h| !scoped && h.network().is_some()) {
        if let Some(insights) = &hub.entry.value.application_insights {
            findings.at(
                insights.span,
                format!("telemetry of `{}` reaches `{}` by public addresses", hub.name, insights.value),
            );
        }
    }
}
