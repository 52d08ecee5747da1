//! Kubernetes clusters: where their API server is and who reaches it.

use super::super::defaults;
use crate::document::{Reference, Setting, Spanned, Tags, record};
use crate::net::Prefix;
use std::net::IpAddr;

record! {
    /// A Kubernetes cluster (`azurerm_kubernetes_cluster`). Its name as a client stands for its nodes and their pods,
    /// which share one view of names (AKS-05); as a target, for its API server.
    pub struct KubernetesCluster {
        /// Region; the scenario's `location` when absent.
        location: Option<Spanned<String>>,
        /// The first node pool, in whose subnet a private cluster has its endpoint (AKS-01).
        default_node_pool: NodePool = required,
        /// First label of its names; the key when absent. The identifier that the platform adds is left out.
        dns_prefix: Option<Spanned<String>>,
        /// Whether the API server has a private address only (AKS-01).
        private_cluster_enabled: Setting<bool> = defaults::PRIVATE_CLUSTER,
        /// Whether a private cluster has a public name, too, which answers with the private address (AKS-03).
        private_cluster_public_fqdn_enabled: Setting<bool> = defaults::PRIVATE_CLUSTER_PUBLIC_NAME,
        /// `System` for a zone that only the nodes' network is linked to, `None` for no zone, or a zone of the file
        /// (AKS-02).
        private_dns_zone: Option<Reference>,
        /// Who reaches the API server, and where it is.
        api_server_access_profile: Option<ApiServerAccess>,
        /// Private address of the API server; the first free one of its subnet when absent.
        private_ip_address: Option<Spanned<IpAddr>>,
        /// Public address of the API server, where rules by address matter.
        public_ip_address: Option<Spanned<IpAddr>>,
        /// Labels for selectors.
        tags: Tags,
    }
}

record! {
    /// A node pool.
    pub struct NodePool {
        /// Its subnet, as `vnet/subnet`.
        subnet: Reference = required,
    }
}

record! {
    /// Access to the API server.
    pub struct ApiServerAccess {
        /// Public ranges that reach a public API server; all when empty. They do not act on private addresses (AKS-06).
        authorized_ip_ranges: Vec<Spanned<Prefix>>,
        /// Whether the API server has an address in a subnet of yours, without a private endpoint (AKS-07).
        virtual_network_integration_enabled: Setting<bool> = defaults::API_SERVER_INTEGRATION,
        /// That subnet, as `vnet/subnet`, delegated to `Microsoft.ContainerService/managedClusters`.
        subnet: Option<Reference>,
    }
}
