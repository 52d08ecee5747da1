//! A hub's network in Docker's own range.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0438",
    name: "network-clashes-with-docker",
    level: Level::Warning,
    category: Category::Addressing,
    what: "A network with a private endpoint of a hub overlaps 172.17.0.0/16.",
    why: "Compute instances use that range for the Docker bridge and do not reach addresses in it.",
    fix: "use another range for the network",
    covers: &["LINT-53"],
    sources: &["HUB-13"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let Ok(docker) = "172.17.0.0/16".parse::<crate::net::Prefix>() else { return };
    for hub in view.hubs() {
        for (name, endpoint, vnet, _) in view.endpoints_to(hub.name) {
            let space = view.estate.virtual_networks.get(vnet).map(|v| v.value.address_space.as_slice());
            if let Some(clash) = space.unwrap_or_default().iter().find(|p| p.value.overlaps(docker)) {
                findings
                    .at(
                        clash.span,
                        format!("{} of `{vnet}`, where `{name}` stands, overlaps Docker's {docker}", clash.value),
                    )
                    .related(endpoint.span, "the private endpoint");
            }
        }
    }
}
