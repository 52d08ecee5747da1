//! Data sources: what they read of things that exist already, and what they do not tell.

use super::{Session, kinds, plan::Instance};
use crate::import::draft::{Key, Matters, NotUnderstood};

/// Where what a data source does not tell could matter.
#[derive(Clone, Copy)]
enum Untold {
    /// It tells all that matters; what it refers to is reported by itself.
    Nothing,
    /// Azure's defaults stand in for settings that it leaves out: they are open, so that nothing comes out private by
    /// them.
    Settings,
    /// Other things may stand in the subnet.
    Inhabitants,
    /// Parts of the item, in a collection of the scenario.
    Parts(&'static str, &'static str),
    /// Records and links of the zone.
    Records,
}

/// Data sources that stand for something in the scenario.
const READ: &[(&str, Untold)] = &[
    (
        "azurerm_virtual_network",
        Untold::Parts("virtual_networks", "its peerings, and what stands in its other subnets, are not in the plan"),
    ),
    ("azurerm_subnet", Untold::Inhabitants),
    ("azurerm_network_security_group", Untold::Nothing),
    ("azurerm_application_security_group", Untold::Nothing),
    ("azurerm_route_table", Untold::Nothing),
    ("azurerm_public_ip", Untold::Nothing),
    ("azurerm_nat_gateway", Untold::Nothing),
    ("azurerm_network_interface", Untold::Nothing),
    ("azurerm_ip_group", Untold::Nothing),
    ("azurerm_virtual_wan", Untold::Nothing),
    ("azurerm_local_network_gateway", Untold::Nothing),
    ("azurerm_private_dns_zone", Untold::Records),
    ("azurerm_firewall", Untold::Parts("firewalls", "rules of its own are not in the plan")),
    ("azurerm_firewall_policy", Untold::Parts("firewall_policies", "its rules are not in the plan")),
    ("azurerm_lb", Untold::Parts("load_balancers", "its pools and rules are not in the plan")),
    (
        "azurerm_virtual_network_gateway",
        Untold::Parts("virtual_network_gateways", "its connections are not in the plan"),
    ),
    ("azurerm_virtual_hub", Untold::Parts("virtual_hubs", "its connections and routes are not in the plan")),
    ("azurerm_private_dns_resolver", Untold::Parts("private_dns_resolvers", "its endpoints are not in the plan")),
    (
        "azurerm_private_dns_resolver_dns_forwarding_ruleset",
        Untold::Parts("private_dns_resolver_dns_forwarding_rulesets", "its rules and links are not in the plan"),
    ),
    ("azurerm_private_dns_resolver_inbound_endpoint", Untold::Nothing),
    ("azurerm_private_dns_resolver_outbound_endpoint", Untold::Nothing),
    ("azurerm_private_link_service", Untold::Nothing),
    (
        "azurerm_machine_learning_workspace",
        Untold::Parts("machine_learning_workspaces", "its managed network is not in the plan"),
    ),
];

fn untold(instance: &Instance) -> Option<Untold> {
    let listed = READ.iter().find(|(kind, _)| *kind == instance.kind).map(|(_, untold)| *untold);
    let service =
        || kinds::find(&instance.kind).is_some_and(|k| !k.arm.is_empty() && !k.arm.starts_with("Microsoft.Network/"));
    listed.or_else(|| service().then_some(Untold::Settings))
}

/// Whether a data source stands for something in the scenario, and is not only referred to.
pub(super) fn is_read(instance: &Instance) -> bool {
    untold(instance).is_some()
}

/// Says what a data source does not tell of the resource with an id.
pub(super) fn report(session: &mut Session, instance: &Instance, id: &str) {
    let (why, matters) = match untold(instance) {
        None | Some(Untold::Nothing) => return,
        Some(Untold::Settings) => {
            ("its settings that the data source does not tell are taken as Azure's defaults", Matters::No)
        }
        Some(Untold::Inhabitants) => {
            ("what else stands in it is not in the plan", Matters::Subnet(Key::new("subnets", id)))
        }
        Some(Untold::Parts(collection, why)) => (why, Matters::Item(Key::new(collection, id))),
        Some(Untold::Records) => {
            let name = id.rsplit('/').next().unwrap_or_default();
            ("its records and links are not in the plan", Matters::PrivateNames(vec![name.to_owned()]))
        }
    };
    session.draft.not_understood(NotUnderstood {
        kind: format!("data {}", instance.kind),
        name: instance.name.clone(),
        why: why.to_owned(),
        source: instance.source(),
        matters,
    });
}
