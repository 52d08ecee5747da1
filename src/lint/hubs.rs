//! Questions about hubs, the services they use, and the private endpoints to them.

use super::View;
use crate::{
    azure::model::{
        network::Access,
        service::{Bypass, ConnectionStatus, PrivateEndpoint, Service},
        workspace::{
            IsolationMode, MachineLearningWorkspace, ManagedNetwork, NetworkStatus, OutboundRule, OutboundRuleType,
            RuleCategory, RuleStatus, WorkspaceKind,
        },
    },
    document::{Entry, Reference},
};
use std::collections::BTreeSet;

/// A service that the compute of a hub uses, with the sub-resources it needs.
#[derive(Debug)]
pub struct Dependency<'a> {
    /// The reference that makes the hub use it.
    pub reference: &'a Reference,
    /// The service.
    pub service: &'a Entry<Service>,
    /// Sub-resources that are needed.
    pub needs: Vec<&'static str>,
    /// Whether the hub was made with it, so that the platform adds its rules by itself.
    pub default: bool,
}

/// A hub or stand-alone workspace with its managed network.
#[derive(Debug)]
pub struct HubView<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its declaration.
    pub entry: &'a Entry<MachineLearningWorkspace>,
}

impl<'a> HubView<'a> {
    /// Its managed network, unless isolation is disabled.
    #[must_use]
    pub fn network(&self) -> Option<&'a ManagedNetwork> {
        let network = self.entry.value.managed_network.as_ref()?;
        (network.isolation_mode.value != IsolationMode::Disabled).then_some(network)
    }

    /// Whether its managed network allows approved destinations only.
    #[must_use]
    pub fn approved_only(&self) -> bool {
        self.network().is_some_and(|n| n.isolation_mode.value == IsolationMode::AllowOnlyApprovedOutbound)
    }

    /// Whether its managed network is provisioned.
    #[must_use]
    pub fn provisioned(&self) -> bool {
        self.network().is_some_and(|n| match &n.status {
            Some(status) => status.value == NetworkStatus::Active,
            None => n.provision_on_creation_enabled.value,
        })
    }

    /// Outbound rules of a type.
    pub fn rules(&self, kind: OutboundRuleType) -> impl Iterator<Item = (&'a str, &'a Entry<OutboundRule>)> {
        let rules = self.network().map(|n| n.outbound_rules.iter()).into_iter().flatten();
        rules.filter(move |(_, r)| r.value.type_.value == kind)
    }

    /// Whether the platform adds the required rules, because none is declared.
    #[must_use]
    pub fn implied_rules(&self) -> bool {
        let declared = self.network().map(|n| n.outbound_rules.iter()).into_iter().flatten();
        !declared.into_iter().any(|(_, r)| r.value.category.value == RuleCategory::Required)
    }

    /// Whether it has compute or deployments.
    #[must_use]
    pub fn has_compute(&self) -> bool {
        let endpoints = self.entry.value.online_endpoints.iter();
        !self.entry.value.compute.is_empty() || endpoints.into_iter().any(|(_, e)| !e.value.deployments.is_empty())
    }
}

/// Whether a rule carries traffic, as far as the rule itself says.
#[must_use]
pub(super) fn is_active(rule: &OutboundRule) -> bool {
    rule.status.as_ref().is_none_or(|s| s.value == RuleStatus::Active)
}

/// Whether a service refuses whom it does not know.
#[must_use]
pub(super) fn is_closed(service: &Service) -> bool {
    let rules = service.network_rules.as_ref();
    !service.public_access().value || rules.is_some_and(|r| r.default_action.value == Access::Deny)
}

/// Whether a service was told to trust nobody.
#[must_use]
pub(super) fn trusts_nobody(service: &Service) -> bool {
    let bypass = service.network_rules.as_ref().and_then(|r| r.bypass.as_ref());
    bypass.is_some_and(|b| !b.iter().any(|b| b.value == Bypass::AzureServices))
}

/// Whether the connection of a private endpoint is approved.
#[must_use]
pub(super) fn is_approved(endpoint: &PrivateEndpoint) -> bool {
    let connection = &endpoint.private_service_connection;
    match &connection.status {
        Some(status) => status.value == ConnectionStatus::Approved,
        None => !connection.is_manual_connection.value,
    }
}

/// The short kind of a service: the last part of its type, in lower case.
#[must_use]
pub(super) fn kind(service: &Service) -> String {
    service.type_.value.rsplit('/').next().unwrap_or_default().to_lowercase()
}

/// Sub-resources that compute needs of a connected service.
fn needs(service: &Service) -> Vec<&'static str> {
    match service.type_.value.to_lowercase().as_str() {
        "microsoft.storage/storageaccounts" => vec!["blob"],
        "microsoft.keyvault/vaults" => vec!["vault"],
        "microsoft.containerregistry/registries" => vec!["registry"],
        "microsoft.cognitiveservices/accounts" => vec!["account"],
        "microsoft.search/searchservices" => vec!["searchService"],
        _ => Vec::new(),
    }
}

impl<'a> View<'a> {
    /// Hubs and stand-alone workspaces; projects share their hub's everything.
    pub fn hubs(&self) -> impl Iterator<Item = HubView<'a>> {
        let all = self.estate.machine_learning_workspaces.iter();
        all.filter(|(_, w)| w.value.kind.value != WorkspaceKind::Project).map(|(name, entry)| HubView { name, entry })
    }

    /// Services that a hub uses: those it was made with, then those it is connected to.
    #[must_use]
    pub fn dependencies(&self, hub: &HubView<'a>) -> Vec<Dependency<'a>> {
        let own = &hub.entry.value;
        let mut found: Vec<Dependency<'a>> = Vec::new();
        let made = [(&own.storage_account, true), (&own.key_vault, false), (&own.container_registry, false)];
        for (reference, storage) in made {
            let Some(reference) = reference else { continue };
            let Some(service) = self.estate.services.get(&reference.value) else { continue };
            let needs = if storage { vec!["blob", "file"] } else { needs(&service.value) };
            found.push(Dependency { reference, service, needs, default: true });
        }
        for (_, connection) in own.connections.iter() {
            let reference = &connection.value.target;
            let Some(service) = self.estate.services.get(&reference.value) else { continue };
            if found.iter().all(|d| d.reference.value != reference.value) {
                found.push(Dependency { reference, service, needs: needs(&service.value), default: false });
            }
        }
        found
    }

    /// Approved private endpoints of the customer's to a resource: name, declaration, virtual network, sub-resources.
    pub fn endpoints_to(
        &self,
        target: &str,
    ) -> impl Iterator<Item = (&'a str, &'a Entry<PrivateEndpoint>, &'a str, &'a str)> {
        let all = self.endpoints_of(target).iter().copied();
        all.filter(|(_, e)| is_approved(&e.value)).filter_map(|(name, e)| {
            let (vnet, _) = e.value.subnet.value.split_once('/')?;
            let sub = e.value.private_service_connection.subresource_names.first().map_or("", |s| s.value.as_str());
            Some((name, e, vnet, sub))
        })
    }

    /// Whether a zone of this name is linked to a virtual network.
    #[must_use]
    pub fn zone_linked(&self, zone: &str, vnet: &str) -> bool {
        self.index.is_linked(zone, vnet)
    }

    /// Private endpoints to a resource, approved or not.
    #[must_use]
    pub fn endpoints_of(&self, target: &str) -> &[(&'a str, &'a Entry<PrivateEndpoint>)] {
        self.index.endpoints_of(target)
    }

    /// Private endpoints in a subnet.
    #[must_use]
    pub fn guests(&self, subnet: &str) -> &[(&'a str, &'a Entry<PrivateEndpoint>)] {
        self.index.guests(subnet)
    }

    /// Services in some network security perimeter.
    #[must_use]
    pub fn in_perimeters(&self) -> BTreeSet<&'a str> {
        let all = self.estate.network_security_perimeters.iter().flat_map(|(_, p)| p.value.associations.iter());
        all.map(|(key, a)| a.value.resource.as_ref().map_or(key, |r| r.value.as_str())).collect()
    }

    /// Inbound addresses of resolvers, with their virtual network.
    pub fn inbound_resolvers(&self) -> impl Iterator<Item = (std::net::IpAddr, &'a str)> {
        self.estate.private_dns_resolvers.iter().flat_map(|(_, r)| {
            let vnet = r.value.virtual_network.value.as_str();
            r.value.inbound_endpoints.iter().map(move |(_, e)| (e.value.private_ip_address.value, vnet))
        })
    }
}
