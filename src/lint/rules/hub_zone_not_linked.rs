//! A zone of a hub that its clients do not see.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0412",
    name: "hub-zone-not-linked",
    level: Level::Error,
    category: Category::ManagedNetwork,
    what: "The network of a hub's private endpoint, or of a resolver that sites ask, uses the platform's DNS and is not linked to a zone of the hub.",
    why: "The hub's names resolve to public addresses there, where it refuses everyone.",
    fix: "create the zone and link it to the network",
    covers: &["LINT-13"],
    sources: &["IN-06"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let zones = match view.estate.cloud.value {
        crate::azure::model::Cloud::Public => ["privatelink.api.azureml.ms", "privatelink.notebooks.azure.net"],
        crate::azure::model::Cloud::UsGov => ["privatelink.api.ml.azure.us", "privatelink.notebooks.usgovcloudapi.net"],
        crate::azure::model::Cloud::China => ["privatelink.api.ml.azure.cn", "privatelink.notebooks.chinacloudapi.cn"],
    };
    for hub in view.hubs() {
        let homes: std::collections::BTreeMap<&str, crate::diag::Span> =
            view.endpoints_to(hub.name).map(|(_, e, vnet, _)| (vnet, e.span)).collect();
        for (vnet, at) in homes {
            // With servers of its own, somebody else answers the network's queries.
            let custom = view.estate.virtual_networks.get(vnet).is_some_and(|v| !v.value.dns_servers.is_empty());
            for zone in zones.iter().filter(|z| !custom && !view.zone_linked(z, vnet)) {
                let declared = view.estate.private_dns_zones.get(zone);
                findings
                    .at(
                        declared.map_or(at, |z| z.span),
                        format!("`{zone}` of `{}` is not linked to `{vnet}`", hub.name),
                    )
                    .related(declared.map(|_| at), "the hub's private endpoint there");
            }
        }
    }
}
