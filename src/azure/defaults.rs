//! Azure's own defaults, each with its source. A default that decided something is shown in the trace.

use super::model::{
    dns::{ForwardMode, ResolutionPolicy},
    firewall::ThreatIntelligenceMode,
    gateway::{RoutingPreference, VpnType},
    network::{Access, PrivateEndpointNetworkPolicies, Sku},
    network_manager::GroupConnectivity,
    private_link::PerimeterMode,
    service::{ConnectionPolicy, ConnectionStatus, ExecutionEnvironment, IdentityType, SourceNat},
    workspace::{RuleCategory, WorkspaceKind},
};
use crate::net::{PortRange, PortSet};

/// Network policies do not act on private endpoints (PE-26).
pub const PRIVATE_ENDPOINT_NETWORK_POLICIES: PrivateEndpointNetworkPolicies = PrivateEndpointNetworkPolicies::Disabled;
/// Routing rules of a network manager keep gateway routes out (AVNM-12).
pub const MANAGED_ROUTE_PROPAGATION: bool = false;
/// The API server of a cluster is public (AKS-01).
pub const PRIVATE_CLUSTER: bool = false;
/// Caches answer on TLS ports only (the property `enableNonSslPort` of `Microsoft.Cache/redis`).
pub const NON_SSL_PORT: bool = false;
/// PgBouncer of a PostgreSQL flexible server is off (the server parameter `pgbouncer.enabled`).
pub const PGBOUNCER: bool = false;
/// A private cluster has a public name (AKS-03).
pub const PRIVATE_CLUSTER_PUBLIC_NAME: bool = true;
/// The API server is in a network of the platform (AKS-07).
pub const API_SERVER_INTEGRATION: bool = false;
/// The deployment site of an app has rules of its own (APP-06).
pub const SCM_FOLLOWS_MAIN: bool = false;
/// Private endpoints of a SQL server take connections through the gateway (SQL-02).
pub const CONNECTION_POLICY: ConnectionPolicy = ConnectionPolicy::Default;
/// Policies act on private-link services until they are switched off (AGW-07).
pub const PRIVATE_LINK_SERVICE_NETWORK_POLICIES: bool = true;
/// Subnets have default outbound access unless they are private (NAT-07).
pub const DEFAULT_OUTBOUND_ACCESS: bool = true;
/// A peering opens the remote network to the VirtualNetwork tag (PEER-06).
pub const ALLOW_VIRTUAL_NETWORK_ACCESS: bool = true;
/// A peering refuses forwarded traffic (PEER-07).
pub const ALLOW_FORWARDED_TRAFFIC: bool = false;
/// A gateway is not shared (PEER-08).
pub const ALLOW_GATEWAY_TRANSIT: bool = false;
/// A remote gateway is not used (PEER-08).
pub const USE_REMOTE_GATEWAYS: bool = false;
/// A peering joins whole networks (PEER-14).
pub const PEER_COMPLETE_NETWORKS: bool = true;
/// Public addresses and load balancers are Standard; Basic is retired.
pub const SKU: Sku = Sku::Standard;
/// Members of a pool see their own address (LB-02).
pub const FLOATING_IP: bool = false;
/// A mesh stays in its region (AVNM-09).
pub const GLOBAL_MESH: bool = false;
/// Spokes of a group are not joined among themselves (AVNM-10).
pub const GROUP_CONNECTIVITY: GroupConnectivity = GroupConnectivity::None;
/// A VPN gateway is route-based (GW-06).
pub const VPN_TYPE: VpnType = VpnType::RouteBased;
/// A VPN gateway has one live instance (GW-07).
pub const ACTIVE_ACTIVE: bool = false;
/// The autonomous system of Azure gateways (GW-03).
pub const ASN: u32 = 65515;
/// Virtual networks on one circuit do not reach each other (ER-04, A-10).
pub const REMOTE_VNET_TRAFFIC: bool = false;
/// Data pass the ExpressRoute gateway (ER-06).
pub const FAST_PATH: bool = false;
/// Connections are equal (ER-05).
pub const ROUTING_WEIGHT: u16 = 0;
/// The far end accepts both tunnels (GW-07).
pub const ACCEPTED_TUNNELS: u16 = 2;
/// Gateways and appliances do not learn each other's routes (ARS-01).
pub const BRANCH_TO_BRANCH: bool = false;
/// ExpressRoute wins for one prefix (ARS-02, VWAN-07).
pub const ROUTING_PREFERENCE: RoutingPreference = RoutingPreference::ExpressRoute;
/// One autonomous system away.
pub const AS_PATH_LENGTH: u16 = 1;
/// Routes are told to other BGP speakers (ARS-04).
pub const NO_ADVERTISE: bool = false;
/// Branches of a virtual WAN reach each other (VWAN-11).
pub const WAN_BRANCH_TO_BRANCH: bool = true;
/// Virtual networks learn the hub's default route (VWAN-08).
pub const VNET_INTERNET_SECURITY: bool = true;
/// Branches do not learn the hub's default route (VWAN-08).
pub const BRANCH_INTERNET_SECURITY: bool = false;
/// A firewall has no management interface (FW-15).
pub const FIREWALL_MANAGEMENT_IP: bool = false;
/// Threat intelligence reports and does not deny (FW-14).
pub const THREAT_INTELLIGENCE: ThreatIntelligenceMode = ThreatIntelligenceMode::Alert;
/// Machines are up.
pub const RUNNING: bool = true;
/// The guest answers by its primary interface (ADDR-09).
pub const GUEST_ROUTES: bool = false;
/// An appliance forwards in its operating system (NVA-01).
pub const OS_FORWARDING: bool = true;
/// An appliance keeps connections (ASYM-01).
pub const APPLIANCE_STATEFUL: bool = true;
/// An appliance translates nothing (NVA-04).
pub const SOURCE_NAT: SourceNat = SourceNat::None;
/// The tag that lifts source translation towards private endpoints is not set (PE-31).
pub const DISABLE_SNAT_ON_PRIVATE_LINK: bool = false;
/// An app sends private traffic into its network only, unless told otherwise (APP-03).
pub const ROUTE_ALL: bool = false;
/// A shared private link awaits approval (SPL-01).
pub const SHARED_LINK_STATUS: ConnectionStatus = ConnectionStatus::Pending;
/// Indexers run in the multitenant environment unless told otherwise (SPL-02).
pub const EXECUTION_ENVIRONMENT: ExecutionEnvironment = ExecutionEnvironment::Multitenant;
/// Proxy protocol is off (PLS-07).
pub const PROXY_PROTOCOL: bool = false;
/// An association learns before it is enforced (NSP-02).
pub const PERIMETER_MODE: PerimeterMode = PerimeterMode::Learning;
/// Gateway routes are programmed (UDR-08).
pub const BGP_ROUTE_PROPAGATION: bool = true;
/// DNS proxy is off (AFW-01).
pub const FIREWALL_DNS_PROXY: bool = false;
/// A VPN connection has static routes (GW-02).
pub const CONNECTION_BGP: bool = false;
/// A declared connection is up (GW-12).
pub const CONNECTION_UP: bool = true;
/// A site firewall denies what no rule matches, as firewalls do.
pub const SITE_FIREWALL_ACTION: Access = Access::Deny;
/// A backend answers probes with success (AGW-16).
pub const PROBE_HTTP_STATUS: u16 = 200;
/// Machines do not register themselves (ZONE-21).
pub const LINK_REGISTRATION: bool = false;
/// A linked zone is the last word on its names (ZONE-08).
pub const LINK_RESOLUTION_POLICY: ResolutionPolicy = ResolutionPolicy::Default;
/// A forwarding rule is in force (RESOLVER-07).
pub const FORWARDING_RULE_ENABLED: bool = true;
/// A DNS server resolves public names (FWD-11).
pub const DNS_RECURSION: bool = true;
/// A DNS server takes the whole answer of its upstream (FWD-04).
pub const DNS_FORWARD_MODE: ForwardMode = ForwardMode::Forward;
/// Services start open to the internet (HUB-04, PAAS-01).
pub const PUBLIC_NETWORK_ACCESS: bool = true;
/// A service firewall admits callers that no rule names (PAAS-01).
pub const SERVICE_DEFAULT_ACTION: Access = Access::Allow;
/// A service has no identity of its own (TRUST-04).
pub const IDENTITY_TYPE: IdentityType = IdentityType::None;
/// Connections are approved automatically (PE-12).
pub const MANUAL_CONNECTION: bool = false;
/// Interfaces do not forward (NVA-01).
pub const IP_FORWARDING: bool = false;
/// A workspace is a plain one (HUB-01).
pub const WORKSPACE_KIND: WorkspaceKind = WorkspaceKind::Default;
/// Creating a hub does not provision its network (MVNET-01).
pub const PROVISION_ON_CREATION: bool = false;
/// A network is not provisioned for Spark (MVNET-08).
pub const SPARK_READY: bool = false;
/// A rule is not enabled for Spark (MVNET-08).
pub const SPARK_ENABLED: bool = false;
/// Customers create user-defined rules only (OUT-01).
pub const RULE_CATEGORY: RuleCategory = RuleCategory::UserDefined;
/// Managed connections are approved where the roles allow it (APPR-01).
pub const CONNECTION_STATUS: ConnectionStatus = ConnectionStatus::Approved;
/// A service tag rule allows (OUT-02).
pub const TAG_RULE_ACTION: Access = Access::Allow;
/// An online endpoint answers public requests (MOE-02).
pub const ONLINE_ENDPOINT_PUBLIC_ACCESS: bool = true;
/// A gateway is a classic one (AGW-19).
pub const AGW_NETWORK_ISOLATION: bool = false;
/// A gateway can read its certificates (AGW-12).
pub const CERTIFICATE_ACCESSIBLE: bool = true;

/// Port of an expectation that names none.
pub const EXPECTATION_PORT: u16 = 443;

/// Healthy status codes of a probe: 200 to 399 (AGW-16).
#[must_use]
pub fn probe_status_codes() -> PortSet {
    PortSet::of([PortRange { first: 200, last: 399 }])
}
