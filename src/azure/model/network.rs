//! Virtual networks, subnets, peerings, security groups, route tables and public addresses, as a file declares them.

use super::super::defaults;
use crate::document::{Map, PortRanges, Reference, Setting, Spanned, choice, record};
use crate::net::Prefix;
use std::net::IpAddr;

record! {
    /// A virtual network (`azurerm_virtual_network`).
    pub struct VirtualNetwork {
        /// Region; the scenario's `location` when absent.
        location: Option<Spanned<String>>,
        /// Address prefixes; disjoint from each other (ADDR-01).
        address_space: Vec<Spanned<Prefix>> = required,
        /// Custom DNS servers, in order; empty means Azure-provided DNS (DNS-01).
        dns_servers: Vec<Spanned<IpAddr>>,
        /// Subnets by name.
        subnets: Map<Subnet>,
    }
}

record! {
    /// A subnet of a virtual network.
    pub struct Subnet {
        /// Prefixes inside the virtual network's address space (ADDR-02).
        address_prefixes: Vec<Spanned<Prefix>> = required,
        /// Name of the network security group attached to the subnet.
        network_security_group: Option<Reference>,
        /// Name of the route table associated with the subnet.
        route_table: Option<Reference>,
        /// Name of the NAT gateway associated with the subnet (NAT-02).
        nat_gateway: Option<Reference>,
        /// Service the subnet is delegated to, for example `Microsoft.Web/serverFarms` (SUB-08).
        delegation: Option<Spanned<String>>,
        /// Service endpoints, for example `Microsoft.Storage` (SE-01).
        service_endpoints: Vec<Spanned<String>>,
        /// Names of service endpoint policies, which narrow what the service endpoint for storage reaches (SE-11).
        service_endpoint_policies: Vec<Reference>,
        /// Whether NSGs and user routes act on private endpoints here (PE-26).
        private_endpoint_network_policies: Setting<PrivateEndpointNetworkPolicies> = defaults::PRIVATE_ENDPOINT_NETWORK_POLICIES,
        /// Must be false on the subnet of a private-link configuration (AGW-07).
        private_link_service_network_policies_enabled: Setting<bool> = defaults::PRIVATE_LINK_SERVICE_NETWORK_POLICIES,
        /// Whether machines without an explicit outbound method reach the internet (NAT-07).
        default_outbound_access_enabled: Setting<bool> = defaults::DEFAULT_OUTBOUND_ACCESS,
    }
}

record! {
    /// A service endpoint policy (`azurerm_subnet_service_endpoint_storage_policy`): with one on a subnet, its service
    /// endpoint reaches the listed storage accounts only (SE-11).
    pub struct ServiceEndpointPolicy {
        /// Definitions by name.
        definitions: Map<ServiceEndpointDefinition>,
    }
}

record! {
    /// Services that a service endpoint policy lets through.
    pub struct ServiceEndpointDefinition {
        /// `Microsoft.Storage`.
        service: Option<Spanned<String>>,
        /// Names of storage accounts.
        service_resources: Vec<Reference> = required,
    }
}

choice! {
    /// Which network policies act on private endpoints of a subnet (PE-26).
    pub enum PrivateEndpointNetworkPolicies {
        Disabled = "Disabled",
        NetworkSecurityGroupEnabled = "NetworkSecurityGroupEnabled",
        RouteTableEnabled = "RouteTableEnabled",
        Enabled = "Enabled",
    }
}

record! {
    /// One side of a peering (`azurerm_virtual_network_peering`); a peering works with a link on each side (PEER-01).
    pub struct VirtualNetworkPeering {
        /// The virtual network that owns this link.
        virtual_network: Reference = required,
        /// The virtual network at the other end.
        remote_virtual_network: Reference = required,
        /// Whether the remote prefixes belong to this side's VirtualNetwork tag (PEER-06).
        allow_virtual_network_access: Setting<bool> = defaults::ALLOW_VIRTUAL_NETWORK_ACCESS,
        /// Whether packets forwarded by the remote side with a foreign source are accepted (PEER-07).
        allow_forwarded_traffic: Setting<bool> = defaults::ALLOW_FORWARDED_TRAFFIC,
        /// Whether the remote side may use this side's gateway (PEER-08).
        allow_gateway_transit: Setting<bool> = defaults::ALLOW_GATEWAY_TRANSIT,
        /// Whether this side uses the remote gateway (PEER-08).
        use_remote_gateways: Setting<bool> = defaults::USE_REMOTE_GATEWAYS,
        /// State of the link; derived from the presence of both links when absent (PEER-01).
        peering_state: Option<Spanned<PeeringState>>,
        /// Prefixes of the remote network that the link knows; all of them when absent. A prefix added later is missing
        /// here until the link is synchronised (PEER-12).
        remote_address_space: Option<Vec<Spanned<Prefix>>>,
        /// Whether whole networks are joined; otherwise only the named subnets (PEER-14).
        peer_complete_virtual_networks_enabled: Setting<bool> = defaults::PEER_COMPLETE_NETWORKS,
        /// Subnets of this side that a subnet peering joins.
        local_subnet_names: Vec<Spanned<String>>,
        /// Subnets of the other side that a subnet peering joins.
        remote_subnet_names: Vec<Spanned<String>>,
    }
}

choice! {
    /// State of a peering link (PEER-01).
    pub enum PeeringState {
        Connected = "Connected",
        Initiated = "Initiated",
        Disconnected = "Disconnected",
    }
}

record! {
    /// A network security group (`azurerm_network_security_group`).
    pub struct NetworkSecurityGroup {
        /// Rules by name; the six default rules are added (NSG-05).
        security_rules: Map<SecurityRule>,
    }
}

record! {
    /// A security rule. Give the singular or the plural form of each field, not both.
    pub struct SecurityRule {
        /// 100 to 4096; unique per direction, lowest first (NSG-04).
        priority: Spanned<u16> = required,
        /// Direction of the connections it filters.
        direction: Spanned<Direction> = required,
        /// What happens on a match.
        access: Spanned<Access> = required,
        /// `Tcp`, `Udp`, `Icmp`, `Esp`, `Ah` or `*` (NSG-11).
        protocol: Spanned<RuleProtocol> = required,
        /// Source prefix, address, service tag or `*`.
        source_address_prefix: Option<Spanned<String>>,
        /// Several sources.
        source_address_prefixes: Vec<Spanned<String>>,
        /// Sources by application security group (ASG-03).
        source_application_security_groups: Vec<Reference>,
        /// Source ports; `*` when absent.
        source_port_range: Option<Spanned<PortRanges>>,
        /// Several source port ranges.
        source_port_ranges: Vec<Spanned<PortRanges>>,
        /// Destination prefix, address, service tag or `*`.
        destination_address_prefix: Option<Spanned<String>>,
        /// Several destinations.
        destination_address_prefixes: Vec<Spanned<String>>,
        /// Destinations by application security group (ASG-03).
        destination_application_security_groups: Vec<Reference>,
        /// Destination ports.
        destination_port_range: Option<Spanned<PortRanges>>,
        /// Several destination port ranges.
        destination_port_ranges: Vec<Spanned<PortRanges>>,
    }
}

choice! {
    /// Direction of a rule, seen from the filtered interface.
    pub enum Direction {
        Inbound = "Inbound",
        Outbound = "Outbound",
    }
}

choice! {
    /// What a rule does with a match.
    pub enum Access {
        Allow = "Allow",
        Deny = "Deny",
    }
}

choice! {
    /// Protocol of a rule.
    pub enum RuleProtocol {
        Any = "*" | "Any",
        Tcp = "Tcp",
        Udp = "Udp",
        Icmp = "Icmp",
        Esp = "Esp",
        Ah = "Ah",
    }
}

record! {
    /// A route table (`azurerm_route_table`).
    pub struct RouteTable {
        /// Whether gateway routes are programmed in the associated subnets (UDR-08).
        bgp_route_propagation_enabled: Setting<bool> = defaults::BGP_ROUTE_PROPAGATION,
        /// Routes by name.
        routes: Map<Route>,
    }
}

record! {
    /// A user route.
    pub struct Route {
        /// Destination prefix, or a service tag (ROUTE-17).
        address_prefix: Spanned<String> = required,
        /// Next hop type (UDR-01).
        next_hop_type: Spanned<NextHopType> = required,
        /// Address of the appliance; only with `VirtualAppliance` (UDR-02).
        next_hop_in_ip_address: Option<Spanned<IpAddr>>,
    }
}

choice! {
    /// Next hop types a user route may name (UDR-01).
    pub enum NextHopType {
        VirtualAppliance = "VirtualAppliance",
        VirtualNetworkGateway = "VirtualNetworkGateway",
        VnetLocal = "VnetLocal",
        Internet = "Internet",
        None = "None",
    }
}

record! {
    /// A public address (`azurerm_public_ip`).
    pub struct PublicIp {
        /// The address; without it rules that name public prefixes cannot be decided.
        ip_address: Option<Spanned<IpAddr>>,
        /// `Standard`, closed to unsolicited traffic until a security group allows it, or `Basic` (NSG-03).
        sku: Setting<Sku> = defaults::SKU,
        /// Labels for selectors.
        tags: crate::document::Tags,
    }
}

choice! {
    /// Generation of public addresses and load balancers.
    pub enum Sku {
        Standard = "Standard",
        Basic = "Basic",
    }
}

record! {
    /// An application security group (`azurerm_application_security_group`): machines name it, rules refer to it.
    pub struct ApplicationSecurityGroup {
        /// Labels for selectors.
        tags: crate::document::Tags,
    }
}

record! {
    /// A NAT gateway (`azurerm_nat_gateway`), associated by subnets (NAT-02).
    pub struct NatGateway {
        /// Its public addresses by name (see `public_ips`).
        public_ips: Vec<Reference>,
    }
}
