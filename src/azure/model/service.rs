//! PaaS services, private endpoints, machines and internet clients, as a file declares them.

use super::super::defaults;
use super::app::{AccessRestriction, AppSlot};
use super::dns::DnsServer;
use super::gateway::SiteFirewall;
use super::network::Access;
use crate::document::{ListenPort, Map, Reference, Setting, Spanned, Tags, choice, record};
use crate::net::Prefix;
use std::net::IpAddr;

record! {
    /// A PaaS service with a public endpoint, keyed by its globally unique name.
    pub struct Service {
        /// Resource type, for example `Microsoft.Storage/storageAccounts`; see `privreach explain services`.
        type_: Spanned<String> = required,
        /// Region; the scenario's `location` when absent.
        location: Option<Spanned<String>>,
        /// Whether the public endpoint accepts traffic at all (PAAS-01).
        public_network_access_enabled: Setting<bool> = defaults::PUBLIC_NETWORK_ACCESS,
        /// The same in three steps, for services in a network security perimeter; excludes the setting above (NSP-02).
        public_network_access: Option<Spanned<PublicNetworkAccess>>,
        /// Firewall of the public endpoint.
        network_rules: Option<NetworkRules>,
        /// How an app enters a virtual network with what it sends (APP-02).
        virtual_network_integration: Option<VirtualNetworkIntegration>,
        /// Rules of an app's main site, by name (APP-06).
        ip_restrictions: Map<AccessRestriction>,
        /// What happens to callers that no rule matches; `Deny` once there is a rule, else `Allow`, when absent (APP-06).
        ip_restriction_default_action: Option<Spanned<Access>>,
        /// Rules of an app's deployment site (`scm`), by name (APP-06).
        scm_ip_restrictions: Map<AccessRestriction>,
        /// The same for the deployment site.
        scm_ip_restriction_default_action: Option<Spanned<Access>>,
        /// Whether the deployment site follows the rules of the main one.
        scm_use_main_ip_restriction: Setting<bool> = defaults::SCM_FOLLOWS_MAIN,
        /// Slots of an app, by name (APP-07).
        slots: Map<AppSlot>,
        /// Kind of a storage account; general-purpose v1 (`Storage`) has no private endpoints (STG-05).
        account_kind: Option<Spanned<AccountKind>>,
        /// Kind of an AI services account, for example `OpenAI`: it has the names under `openai.azure.com` only, `AIServices` has three, and others have those under `cognitiveservices.azure.com`; all three when absent (COG-02). Kind of a Cosmos DB account, `GlobalDocumentDB` or `MongoDB`: it has the names of its interfaces only, those of all interfaces when absent.
        kind: Option<Spanned<String>>,
        /// Capabilities of a Cosmos DB account whose `kind` is given: `EnableCassandra`, `EnableGremlin`, `EnableTable` and `EnableMongo` add interfaces.
        capabilities: Vec<Spanned<String>>,
        /// Whether a cache answers on its ports without TLS, too (6379 and 13000 to 13999).
        non_ssl_port_enabled: Setting<bool> = defaults::NON_SSL_PORT,
        /// Whether a PostgreSQL flexible server answers on the port of PgBouncer, too (6432; the server parameter `pgbouncer.enabled`).
        pgbouncer_enabled: Setting<bool> = defaults::PGBOUNCER,
        /// Connection policy of a SQL server; `Redirect` needs more ports than 1433 (SQL-02, PE-18).
        connection_policy: Setting<ConnectionPolicy> = defaults::CONNECTION_POLICY,
        /// Private links of a search service to others, by name (SPL-01).
        shared_private_links: Map<SharedPrivateLink>,
        /// Where a search service runs its indexers (SPL-02).
        execution_environment: Setting<ExecutionEnvironment> = defaults::EXECUTION_ENVIRONMENT,
        /// Stock-keeping unit, where private endpoints depend on it (HUB-06); of a storage account `Standard_LRS` and others without a second region have no secondary endpoints, which accounts have when absent.
        sku_name: Option<Spanned<String>>,
        /// Custom subdomain of an AI services account; the key when absent (COG-01).
        custom_subdomain_name: Option<Spanned<String>>,
        /// Further regions of a registry or database, each with a name of its own.
        replica_locations: Vec<Spanned<String>>,
        /// Identity the service calls others with.
        identity: Option<Identity>,
        /// Public address, where rules by address matter.
        public_ip_address: Option<Spanned<IpAddr>>,
        /// Whether public names alias into the privatelink zone; derived from its private endpoints when absent (DNS-08).
        public_alias: Option<Spanned<PublicAlias>>,
        /// Values for name placeholders of the known-services table that the key does not give.
        name_values: Map<Spanned<String>>,
        /// Labels for selectors.
        tags: Tags,
    }
}

choice! {
    /// Kind of a storage account.
    pub enum AccountKind {
        StorageV2 = "StorageV2",
        Storage = "Storage",
        BlobStorage = "BlobStorage",
        BlockBlobStorage = "BlockBlobStorage",
        FileStorage = "FileStorage",
    }
}

choice! {
    /// How a SQL server takes connections (SQL-02).
    pub enum ConnectionPolicy {
        Default = "Default",
        Proxy = "Proxy",
        Redirect = "Redirect",
    }
}

impl Service {
    /// Whether the public endpoint takes traffic, in whichever of the two settings says so, and where (PAAS-01, NSP-02).
    #[must_use]
    pub fn public_access(&self) -> Setting<bool> {
        match &self.public_network_access {
            Some(access) => Setting { value: access.value == PublicNetworkAccess::Enabled, span: Some(access.span) },
            None => self.public_network_access_enabled.clone(),
        }
    }

    /// Whether a perimeter decides who comes in (NSP-02).
    #[must_use]
    pub fn secured_by_perimeter(&self) -> bool {
        self.public_network_access.as_ref().is_some_and(|a| a.value == PublicNetworkAccess::SecuredByPerimeter)
    }
}

choice! {
    /// Whether the public endpoint takes traffic (NSP-02).
    pub enum PublicNetworkAccess {
        Enabled = "Enabled",
        Disabled = "Disabled",
        SecuredByPerimeter = "SecuredByPerimeter",
    }
}

record! {
    /// Regional integration of an app with a virtual network (APP-02).
    pub struct VirtualNetworkIntegration {
        /// The integration subnet, as `vnet/subnet`; delegated to the app service.
        subnet: Reference = required,
        /// Whether everything enters the network; otherwise only private destinations and service endpoints do (APP-03).
        route_all_enabled: Setting<bool> = defaults::ROUTE_ALL,
        /// DNS servers of the app; the network's when empty (DNS-01).
        dns_servers: Vec<Spanned<IpAddr>>,
    }
}

record! {
    /// A managed private endpoint of a search service (SPL-01).
    pub struct SharedPrivateLink {
        /// Name of the service it leads to.
        target: Reference = required,
        /// Sub-resource, for example `blob`.
        group_id: Spanned<String> = required,
        /// State of the connection; the target's owner approves it.
        status: Setting<ConnectionStatus> = defaults::SHARED_LINK_STATUS,
    }
}

choice! {
    /// Where a search service runs its indexers (SPL-02).
    pub enum ExecutionEnvironment {
        Private = "private",
        Multitenant = "multitenant",
    }
}

record! {
    /// A service of the platform that calls others with an identity, and is no target itself (TRUST-01).
    pub struct PlatformCaller {
        /// Resource type, for example `Microsoft.Compute/disks`.
        type_: Spanned<String> = required,
        /// Its identity.
        identity: Setting<IdentityType> = defaults::IDENTITY_TYPE,
    }
}

choice! {
    /// Whether public DNS holds the privatelink alias of a service (DNS-08).
    pub enum PublicAlias {
        Present = "present",
        Absent = "absent",
    }
}

record! {
    /// Firewall of a service's public endpoint (PAAS-01).
    pub struct NetworkRules {
        /// What happens to callers that no rule admits.
        default_action: Setting<Access> = defaults::SERVICE_DEFAULT_ACTION,
        /// Callers excepted from the firewall; Azure's default of the service type when absent (TRUST-02).
        bypass: Option<Vec<Spanned<Bypass>>>,
        /// Public address ranges that are admitted (PAAS-04).
        ip_rules: Vec<Spanned<Prefix>>,
        /// Subnets admitted through a service endpoint, as `vnet/subnet` (SE-04).
        virtual_network_subnets: Vec<Reference>,
        /// Names of services whose identity is admitted (TRUST-07).
        private_link_access: Vec<Reference>,
    }
}

choice! {
    /// Callers excepted from a service's firewall.
    pub enum Bypass {
        AzureServices = "AzureServices",
        Logging = "Logging",
        Metrics = "Metrics",
        None = "None",
    }
}

record! {
    /// A managed identity.
    pub struct Identity {
        /// Kind of identity (TRUST-04).
        type_: Setting<IdentityType> = defaults::IDENTITY_TYPE,
        /// Name that stands for the service's own calls in `--from` and expectations.
        name: Option<Spanned<String>>,
    }
}

choice! {
    /// Kind of a managed identity.
    pub enum IdentityType {
        SystemAssigned = "SystemAssigned",
        UserAssigned = "UserAssigned",
        SystemAssignedUserAssigned = "SystemAssigned, UserAssigned",
        None = "None",
    }
}

impl IdentityType {
    /// Whether the service has an identity of its own, rather than only ones it was given.
    #[must_use]
    pub fn is_own(self) -> bool {
        matches!(self, Self::SystemAssigned | Self::SystemAssignedUserAssigned)
    }
}

record! {
    /// A private endpoint (`azurerm_private_endpoint`).
    pub struct PrivateEndpoint {
        /// Its subnet, as `vnet/subnet`.
        subnet: Reference = required,
        /// What it connects to.
        private_service_connection: PrivateServiceConnection = required,
        /// Its addresses, in the order of the target's members (PE-04); allocated from the subnet when absent.
        ip_addresses: Vec<Spanned<IpAddr>>,
        /// Application security groups of its addresses (PE-29).
        application_security_groups: Vec<Reference>,
        /// Zones in which it registers its records (ZG-01).
        private_dns_zone_group: Option<PrivateDnsZoneGroup>,
    }
}

record! {
    /// The connection of a private endpoint.
    pub struct PrivateServiceConnection {
        /// Name of the service, workspace, application gateway or private link service.
        private_connection_resource: Reference = required,
        /// Sub-resource, for example `blob`; the gateway's frontend name for an application gateway, none for a private
        /// link service (PE-02).
        subresource_names: Vec<Spanned<String>>,
        /// Whether the target's owner has to approve it by hand (PE-12).
        is_manual_connection: Setting<bool> = defaults::MANUAL_CONNECTION,
        /// State of the connection; `Approved`, or `Pending` for a manual connection, when absent (PE-11).
        status: Option<Spanned<ConnectionStatus>>,
    }
}

choice! {
    /// State of a private endpoint connection (PE-11).
    pub enum ConnectionStatus {
        Approved = "Approved",
        Pending = "Pending",
        Rejected = "Rejected",
        Disconnected = "Disconnected",
        Failed = "Failed",
    }
}

record! {
    /// The zone group of a private endpoint (ZG-01).
    pub struct PrivateDnsZoneGroup {
        /// Names of private DNS zones.
        private_dns_zones: Vec<Reference> = required,
    }
}

record! {
    /// A virtual machine and its primary network interface.
    pub struct VirtualMachine {
        /// Its subnet, as `vnet/subnet`. In `AzureBastionSubnet` it stands for the bastion host.
        subnet: Reference = required,
        /// Its address.
        private_ip_address: Spanned<IpAddr> = required,
        /// Further addresses of this interface, beside the primary one: secondary IP configurations, or an IPv6 address
        /// for a dual-stack machine. It sends from the first of the destination's family.
        private_ip_addresses: Vec<Spanned<IpAddr>>,
        /// Public address by name (see `public_ips`).
        public_ip: Option<Reference>,
        /// Its host name, under which zones with automatic registration hold it (ZONE-21); its name here when absent.
        computer_name: Option<Spanned<String>>,
        /// Security group of its interface (NSG-01).
        network_security_group: Option<Reference>,
        /// DNS servers of its interface; the network's when empty (DNS-01).
        dns_servers: Vec<Spanned<IpAddr>>,
        /// Ports it serves, as `tcp/443`; every port is taken as served when absent, and the trace says so.
        listens: Option<Vec<Spanned<ListenPort>>>,
        /// Whether its interface may carry traffic of others (NVA-01).
        ip_forwarding_enabled: Setting<bool> = defaults::IP_FORWARDING,
        /// Application security groups of its interface (ASG-01).
        application_security_groups: Vec<Reference>,
        /// Whether it is up.
        running: Setting<bool> = defaults::RUNNING,
        /// Further interfaces by name (ADDR-09).
        secondary_network_interfaces: Map<NetworkInterface>,
        /// How it forwards, if it is a network appliance (NVA-01).
        network_appliance: Option<NetworkAppliance>,
        /// HTTP status it answers to health probes (AGW-16).
        http_status: Setting<u16> = defaults::PROBE_HTTP_STATUS,
        /// Name of the private certificate authority that issued its certificate; a public one when absent (AGW-13).
        private_certificate_authority: Option<Spanned<String>>,
        /// A DNS server that runs on it.
        dns_server: Option<DnsServer>,
        /// Labels for selectors.
        tags: Tags,
    }
}

record! {
    /// A client on the public internet.
    pub struct InternetClient {
        /// Its public address.
        ip_address: Spanned<IpAddr> = required,
        /// Labels for selectors.
        tags: Tags,
    }
}

record! {
    /// A further network interface of a machine; its routes are those of its own subnet (ADDR-09).
    pub struct NetworkInterface {
        /// Its subnet, as `vnet/subnet`.
        subnet: Reference = required,
        /// Its address.
        private_ip_address: Spanned<IpAddr> = required,
        /// Further addresses of this interface, beside the primary one: secondary IP configurations, or an IPv6 address
        /// for a dual-stack machine. It sends from the first of the destination's family.
        private_ip_addresses: Vec<Spanned<IpAddr>>,
        /// Security group of the interface (NSG-01).
        network_security_group: Option<Reference>,
        /// Whether it may carry traffic of others (NVA-01).
        ip_forwarding_enabled: Setting<bool> = defaults::IP_FORWARDING,
        /// Whether the guest has routes that answer other subnets on this interface.
        guest_routes_enabled: Setting<bool> = defaults::GUEST_ROUTES,
    }
}

record! {
    /// What a machine does with packets that are not addressed to it.
    pub struct NetworkAppliance {
        /// Whether its operating system forwards (NVA-01).
        os_forwarding_enabled: Setting<bool> = defaults::OS_FORWARDING,
        /// Whether it keeps connections and drops replies of those it did not see (ASYM-01).
        stateful: Setting<bool> = defaults::APPLIANCE_STATEFUL,
        /// Which sources it replaces by its own address (NVA-04, ASYM-02).
        source_nat: Setting<SourceNat> = defaults::SOURCE_NAT,
        /// Whether its interface carries the tag `disableSnatOnPL` (PE-31).
        disable_snat_on_private_link: Setting<bool> = defaults::DISABLE_SNAT_ON_PRIVATE_LINK,
        /// Its own rules; everything passes without them.
        firewall: Option<SiteFirewall>,
    }
}

choice! {
    /// For which destinations an appliance replaces the source address.
    pub enum SourceNat {
        None = "None",
        Internet = "Internet",
        All = "All",
    }
}
