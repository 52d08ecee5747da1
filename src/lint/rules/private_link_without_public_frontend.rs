//! Private link on a gateway without a public frontend.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0427",
    name: "private-link-without-public-frontend",
    level: Level::Error,
    category: Category::ApplicationGateway,
    what: "An application gateway with a private-link configuration and no public frontend.",
    why: "The platform does not support private link on private-only gateways.",
    fix: "add a public frontend without listeners",
    covers: &["LINT-36"],
    sources: &["AGW-06"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for (name, gateway) in view.estate.application_gateways.iter() {
        let public = gateway.value.frontend_ip_configurations.iter().any(|(_, f)| f.value.public_ip_address.is_some());
        if let (false, Some((_, configuration))) = (public, gateway.value.private_link_configurations.iter().next()) {
            findings.at(configuration.span, format!("`{name}` has no public frontend, and private link needs one"));
        }
    }
}
