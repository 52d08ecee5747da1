//! An app that enters by a subnet of private endpoints.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0331",
    name: "integration-subnet-holds-endpoints",
    level: Level::Warning,
    category: Category::Service,
    what: "The integration subnet of an app also holds a private endpoint.",
    why: "The integration subnet is delegated to the apps and takes nothing else.",
    fix: "use two subnets",
    covers: &["LINT-PAAS-14"],
    sources: &["APP-09"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for (name, service) in view.estate.services.iter() {
        let Some(integration) = &service.value.virtual_network_integration else { continue };
        let guest = view.guests(&integration.subnet.value).first().copied();
        if let Some((endpoint, entry)) = guest {
            findings
                .at(
                    integration.subnet.span,
                    format!("`{name}` enters by `{}`, which holds `{endpoint}`", integration.subnet.value),
                )
                .related(entry.span, "the private endpoint");
        }
    }
}
