//! Load balancers, as a file declares them.

use super::super::defaults;
use super::network::Sku;
use crate::document::{Map, Reference, Setting, Spanned, choice, record};
use std::net::IpAddr;

record! {
    /// A load balancer (`azurerm_lb` with its pools, probes and rules).
    pub struct LoadBalancer {
        /// `Standard` or `Basic` (PEER-11, LB-08).
        sku: Setting<Sku> = defaults::SKU,
        /// Frontends by name.
        frontend_ip_configurations: Map<LoadBalancerFrontend> = required,
        /// Pools by name.
        backend_address_pools: Map<LoadBalancerPool>,
        /// Health probes by name.
        probes: Map<LoadBalancerProbe>,
        /// Rules by name.
        rules: Map<LoadBalancerRule>,
        /// Outbound rules by name (NAT-01).
        outbound_rules: Map<LoadBalancerOutboundRule>,
        /// Labels for selectors.
        tags: crate::document::Tags,
    }
}

record! {
    /// A frontend: private in a subnet, or public.
    pub struct LoadBalancerFrontend {
        /// Subnet of a private frontend.
        subnet: Option<Reference>,
        /// Address of a private frontend.
        private_ip_address: Option<Spanned<IpAddr>>,
        /// Public address by name (see `public_ips`).
        public_ip_address: Option<Reference>,
    }
}

record! {
    /// A pool of machines of one virtual network (LB-09).
    pub struct LoadBalancerPool {
        /// Names of virtual machines; a rule of a pool without any answers nobody (LB-04).
        virtual_machines: Vec<Reference>,
    }
}

record! {
    /// A health probe; it comes from 168.63.129.16 (LB-03).
    pub struct LoadBalancerProbe {
        /// Port that is probed.
        port: Spanned<u16> = required,
    }
}

record! {
    /// A rule: frontend, protocol and port to a pool.
    pub struct LoadBalancerRule {
        /// `Tcp`, `Udp`, or `All` for HA ports (LB-05).
        protocol: Spanned<LoadBalancerProtocol> = required,
        /// Port at the frontend; 0 with `All`.
        frontend_port: Spanned<u16> = required,
        /// Port at the members; 0 with `All`.
        backend_port: Spanned<u16> = required,
        /// Name of the frontend.
        frontend_ip_configuration: Reference = required,
        /// Name of the pool.
        backend_address_pool: Reference = required,
        /// Name of the probe; members count as up without one.
        probe: Option<Reference>,
        /// Whether members see the frontend's address (LB-02).
        floating_ip_enabled: Setting<bool> = defaults::FLOATING_IP,
    }
}

choice! {
    /// Protocol of a load-balancer rule.
    pub enum LoadBalancerProtocol {
        Tcp = "Tcp",
        Udp = "Udp",
        All = "All",
    }
}

record! {
    /// An outbound rule: members leave by the frontend's public address (NAT-01).
    pub struct LoadBalancerOutboundRule {
        /// Name of a public frontend.
        frontend_ip_configuration: Reference = required,
        /// Name of the pool.
        backend_address_pool: Reference = required,
    }
}
