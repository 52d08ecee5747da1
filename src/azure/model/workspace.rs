//! AI Foundry hubs and machine learning workspaces, their managed network and compute, as a file declares them.

use super::super::defaults;
use super::network::{Access, RuleProtocol};
use super::service::{ConnectionStatus, Identity};
use crate::document::{Map, PortRanges, Reference, Setting, Spanned, Tags, choice, record};
use crate::net::Prefix;
use std::net::IpAddr;

record! {
    /// A hub, hub project or workspace (`Microsoft.MachineLearningServices/workspaces`, HUB-01).
    pub struct MachineLearningWorkspace {
        /// `Hub`, `Project` or `Default` (HUB-01).
        kind: Setting<WorkspaceKind> = defaults::WORKSPACE_KIND,
        /// Region; the scenario's `location` when absent.
        location: Option<Spanned<String>>,
        /// The immutable identifier in its names (IN-04); required unless it is a project.
        workspace_id: Option<Spanned<String>>,
        /// The hub of a project (HUB-02).
        hub: Option<Reference>,
        /// Whether the public endpoint accepts traffic (IN-01).
        public_network_access_enabled: Setting<bool> = defaults::PUBLIC_NETWORK_ACCESS,
        /// Public address ranges that are admitted; empty admits everyone when public access is enabled (IN-01).
        ip_rules: Vec<Spanned<Prefix>>,
        /// Default storage account (HUB-03).
        storage_account: Option<Reference>,
        /// Key vault (HUB-03).
        key_vault: Option<Reference>,
        /// Container registry (HUB-03).
        container_registry: Option<Reference>,
        /// Application Insights component, by name only.
        application_insights: Option<Spanned<String>>,
        /// Identity of the control plane (HUB-10).
        identity: Option<Identity>,
        /// Compute that builds images (MVNET-14).
        image_build_compute_name: Option<Reference>,
        /// The managed virtual network; isolation is disabled without it (ISO-01).
        managed_network: Option<ManagedNetwork>,
        /// Compute by name (MVNET-06).
        compute: Map<Compute>,
        /// Managed online endpoints by name (MOE-01).
        online_endpoints: Map<OnlineEndpoint>,
        /// Connections to other services by name (MPE-06).
        connections: Map<WorkspaceConnection>,
        /// Public address, where rules by address matter.
        public_ip_address: Option<Spanned<IpAddr>>,
        /// Labels for selectors.
        tags: Tags,
    }
}

choice! {
    /// Kind of a workspace (HUB-01).
    pub enum WorkspaceKind {
        Hub = "Hub",
        Project = "Project",
        Default = "Default",
    }
}

record! {
    /// The managed virtual network of a hub.
    pub struct ManagedNetwork {
        /// Isolation mode (ISO-01 to ISO-03).
        isolation_mode: Spanned<IsolationMode> = required,
        /// Whether it is provisioned; `Active` when `provision_on_creation_enabled` is true, else `Inactive` (MVNET-01).
        status: Option<Spanned<NetworkStatus>>,
        /// Whether creating the hub provisions the network (MVNET-02).
        provision_on_creation_enabled: Setting<bool> = defaults::PROVISION_ON_CREATION,
        /// Whether it was provisioned for serverless Spark (MVNET-08).
        spark_ready: Setting<bool> = defaults::SPARK_READY,
        /// SKU of the firewall that FQDN rules create (FQDN-01).
        firewall_sku: Option<Spanned<FirewallSku>>,
        /// Range its addresses are shown from; never part of customer routing (DEF-02).
        address_space: Option<Spanned<Prefix>>,
        /// Outbound rules by name. The required ones are added when no rule here has category `Required` (ISO-04, HUB-TAG-01).
        outbound_rules: Map<OutboundRule>,
    }
}

choice! {
    /// Isolation mode of a managed network (DEF-09).
    pub enum IsolationMode {
        Disabled = "Disabled",
        AllowInternetOutbound = "AllowInternetOutbound" | "allow_internet_outbound",
        AllowOnlyApprovedOutbound = "AllowOnlyApprovedOutbound" | "allow_only_approved_outbound",
    }
}

choice! {
    /// Provisioning status of a managed network (DEF-09).
    pub enum NetworkStatus {
        Active = "Active",
        Inactive = "Inactive",
    }
}

choice! {
    /// SKU of the managed firewall (FQDN-01).
    pub enum FirewallSku {
        Standard = "Standard",
        Basic = "Basic",
    }
}

record! {
    /// An outbound rule of a managed network (OUT-01). Which fields it takes depends on its type.
    pub struct OutboundRule {
        /// `PrivateEndpoint`, `ServiceTag` or `FQDN`.
        type_: Spanned<OutboundRuleType> = required,
        /// Who made it (OUT-01).
        category: Setting<RuleCategory> = defaults::RULE_CATEGORY,
        /// Status; follows the network's when absent (OUT-03).
        status: Option<Spanned<RuleStatus>>,
        /// Private endpoint: name of the target (MPE-01).
        service_resource: Option<Reference>,
        /// Private endpoint: sub-resource of the target (MPE-01).
        sub_resource_target: Option<Spanned<String>>,
        /// Private endpoint: whether serverless Spark may use it (MVNET-08).
        spark_enabled: Setting<bool> = defaults::SPARK_ENABLED,
        /// Private endpoint: state of the connection at the target (APPR-01).
        connection_status: Setting<ConnectionStatus> = defaults::CONNECTION_STATUS,
        /// Private endpoint to an application gateway: names that resolve to it (AGW-10).
        fqdns: Vec<Spanned<String>>,
        /// Private endpoint: managed addresses, for display, in the order of the target's members (DEF-02).
        ip_addresses: Vec<Spanned<IpAddr>>,
        /// Service tag: the tag (HUB-TAG-02).
        service_tag: Option<Spanned<String>>,
        /// Service tag: protocol (HUB-TAG-02).
        protocol: Option<Spanned<RuleProtocol>>,
        /// Service tag: ports, as `80, 8080-8089` (HUB-TAG-02).
        port_ranges: Option<Spanned<PortRanges>>,
        /// Service tag: prefixes matched in place of the tag (HUB-TAG-03).
        address_prefixes: Vec<Spanned<Prefix>>,
        /// Service tag: `Allow` or `Deny` (OUT-02).
        action: Setting<Access> = defaults::TAG_RULE_ACTION,
        /// FQDN: the name, or `*.name` (FQDN-03).
        destination_fqdn: Option<Spanned<String>>,
    }
}

choice! {
    /// Type of an outbound rule (DEF-09).
    pub enum OutboundRuleType {
        PrivateEndpoint = "PrivateEndpoint" | "private_endpoint",
        ServiceTag = "ServiceTag" | "service_tag",
        Fqdn = "FQDN" | "fqdn",
    }
}

choice! {
    /// Category of an outbound rule (DEF-09).
    pub enum RuleCategory {
        Required = "Required",
        Recommended = "Recommended",
        UserDefined = "UserDefined",
        Dependency = "Dependency",
    }
}

choice! {
    /// Status of an outbound rule (DEF-09).
    pub enum RuleStatus {
        Active = "Active",
        Inactive = "Inactive",
        Provisioning = "Provisioning",
        Deleting = "Deleting",
        Failed = "Failed",
    }
}

record! {
    /// Compute of a workspace (MVNET-06).
    pub struct Compute {
        /// Kind of compute.
        type_: Spanned<ComputeType> = required,
        /// Its address in the managed range, for display (DEF-02).
        private_ip_address: Option<Spanned<IpAddr>>,
        /// Labels for selectors.
        tags: Tags,
    }
}

choice! {
    /// Kind of compute.
    pub enum ComputeType {
        ComputeInstance = "ComputeInstance",
        ComputeCluster = "AmlCompute" | "ComputeCluster",
        ServerlessCompute = "ServerlessCompute",
        ServerlessSpark = "ServerlessSpark",
    }
}

record! {
    /// A managed online endpoint (MOE-01); its deployments are clients named `endpoint/deployment`.
    pub struct OnlineEndpoint {
        /// Whether it answers public requests, apart from the hub's own switch (MOE-02).
        public_network_access_enabled: Setting<bool> = defaults::ONLINE_ENDPOINT_PUBLIC_ACCESS,
        /// Deployments by name.
        deployments: Map<Deployment>,
    }
}

record! {
    /// A deployment of an online endpoint.
    pub struct Deployment {
        /// Its address in the managed range, for display (DEF-02).
        private_ip_address: Option<Spanned<IpAddr>>,
    }
}

record! {
    /// A connection of a hub to another service.
    pub struct WorkspaceConnection {
        /// Category, for example `AIServices`.
        category: Spanned<String> = required,
        /// Name of the service.
        target: Reference = required,
    }
}
