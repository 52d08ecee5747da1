//! Private link services and network security perimeters, as a file declares them.

use super::super::defaults;
use crate::document::{Map, Reference, Setting, Spanned, choice, record};
use crate::net::Prefix;
use std::net::IpAddr;

record! {
    /// A private link service (`azurerm_private_link_service`): consumers reach a balancer's frontend through it (PLS-01).
    pub struct PrivateLinkService {
        /// Private frontend of a Standard load balancer, as `balancer/frontend`.
        load_balancer_frontend: Reference = required,
        /// Source addresses at the provider, by name (PLS-03).
        nat_ip_configurations: Map<NatIpConfiguration> = required,
        /// Whether it puts the consumer's address before each connection (PLS-07).
        enable_proxy_protocol: Setting<bool> = defaults::PROXY_PROTOCOL,
        /// Whether the machines behind the frontend expect that (PLS-07).
        backend_accepts_proxy_protocol: Setting<bool> = defaults::PROXY_PROTOCOL,
    }
}

record! {
    /// A source address of a private link service.
    pub struct NatIpConfiguration {
        /// Subnet of the provider's network, with private-link-service network policies off (PLS-09).
        subnet: Reference = required,
        /// The address; the first free one of the subnet when absent.
        private_ip_address: Option<Spanned<IpAddr>>,
    }
}

record! {
    /// A network security perimeter (NSP-01).
    pub struct NetworkSecurityPerimeter {
        /// Profiles with their access rules, by name.
        profiles: Map<PerimeterProfile>,
        /// Associated services; the key is the service's name unless `resource` says otherwise.
        associations: Map<PerimeterAssociation>,
    }
}

record! {
    /// Access rules of a perimeter. Only allow rules exist (NSP-06).
    pub struct PerimeterProfile {
        /// Public source prefixes that are let in.
        inbound_address_prefixes: Vec<Spanned<Prefix>>,
        /// Names of the internet that members may call; a leftmost `*` stands for any labels (NSP-07).
        outbound_fqdns: Vec<Spanned<String>>,
    }
}

record! {
    /// A service in a perimeter.
    pub struct PerimeterAssociation {
        /// The service; the association's key when absent.
        resource: Option<Reference>,
        /// Name of its profile.
        profile: Reference = required,
        /// `Learning` lets the service's own rules decide what the perimeter does not allow; `Enforced` does not (NSP-02).
        access_mode: Setting<PerimeterMode> = defaults::PERIMETER_MODE,
    }
}

choice! {
    /// How strict an association is (NSP-02).
    pub enum PerimeterMode {
        Learning = "Learning" | "Transition",
        Enforced = "Enforced",
    }
}
