//! Network managers: groups, connectivity and security admin rules, as a file declares them.

use super::super::defaults;
use super::network::{Direction, RuleProtocol};
use crate::document::{Map, PortRanges, Reference, Setting, Spanned, choice, record};
use std::net::IpAddr;

record! {
    /// A network manager (`azurerm_network_manager` with its groups and configurations).
    pub struct NetworkManager {
        /// What it manages; the rules of a manager of wider scope come first (AVNM-05, A-22).
        scope: Option<ManagerScope>,
        /// Groups of virtual networks by name.
        network_groups: Map<NetworkGroup>,
        /// Connectivity configurations by name (AVNM-09, AVNM-10).
        connectivity_configurations: Map<ConnectivityConfiguration>,
        /// Security admin configurations by name (AVNM-01).
        security_admin_configurations: Map<SecurityAdminConfiguration>,
        /// Routing configurations by name (AVNM-12).
        routing_configurations: Map<RoutingConfiguration>,
    }
}

record! {
    /// What a network manager manages. A management group is wider than a subscription.
    pub struct ManagerScope {
        /// Management groups.
        management_group_ids: Vec<Spanned<String>>,
        /// Subscriptions.
        subscription_ids: Vec<Spanned<String>>,
    }
}

record! {
    /// Routes that a network manager writes for the subnets of groups (AVNM-12).
    pub struct RoutingConfiguration {
        /// Rule collections by name.
        rule_collections: Map<RoutingRuleCollection>,
    }
}

record! {
    /// A collection of routing rules.
    pub struct RoutingRuleCollection {
        /// Names of network groups.
        network_groups: Vec<Reference> = required,
        /// Whether gateway routes stay in the subnets that the rules act on (UDR-08).
        bgp_route_propagation_enabled: Setting<bool> = defaults::MANAGED_ROUTE_PROPAGATION,
        /// Rules by name.
        rules: Map<RoutingRule>,
    }
}

record! {
    /// A routing rule.
    pub struct RoutingRule {
        /// Where packets go.
        destination: RoutingDestination = required,
        /// Where they are sent.
        next_hop: RoutingNextHop = required,
    }
}

record! {
    /// Destination of a routing rule.
    pub struct RoutingDestination {
        /// `AddressPrefix` or `ServiceTag`.
        type_: Spanned<RoutingDestinationType> = required,
        /// The prefix or the tag.
        address: Spanned<String> = required,
    }
}

choice! {
    /// Kind of a destination.
    pub enum RoutingDestinationType {
        AddressPrefix = "AddressPrefix",
        ServiceTag = "ServiceTag",
    }
}

record! {
    /// Next hop of a routing rule.
    pub struct RoutingNextHop {
        /// `VirtualAppliance`, `VirtualNetworkGateway`, `VnetLocal`, `Internet` or `NoNextHop`.
        type_: Spanned<RoutingNextHopType> = required,
        /// Address of the appliance; only with `VirtualAppliance`.
        address: Option<Spanned<IpAddr>>,
    }
}

choice! {
    /// Kind of a next hop.
    pub enum RoutingNextHopType {
        VirtualAppliance = "VirtualAppliance",
        VirtualNetworkGateway = "VirtualNetworkGateway",
        VnetLocal = "VnetLocal",
        Internet = "Internet",
        NoNextHop = "NoNextHop",
    }
}

record! {
    /// A group of virtual networks.
    pub struct NetworkGroup {
        /// Its members.
        virtual_networks: Vec<Reference> = required,
    }
}

record! {
    /// How the members of groups are connected.
    pub struct ConnectivityConfiguration {
        /// `Mesh` or `HubAndSpoke`.
        connectivity_topology: Spanned<Topology> = required,
        /// The hub's virtual network, with `HubAndSpoke`.
        hub: Option<Reference>,
        /// Whether a mesh spans regions (AVNM-09).
        global_mesh_enabled: Setting<bool> = defaults::GLOBAL_MESH,
        /// The groups it acts on, by name.
        applies_to_groups: Map<ConnectedGroup> = required,
    }
}

choice! {
    /// Shape of a connectivity configuration.
    pub enum Topology {
        Mesh = "Mesh",
        HubAndSpoke = "HubAndSpoke",
    }
}

record! {
    /// A group in a connectivity configuration.
    pub struct ConnectedGroup {
        /// `DirectlyConnected` joins the spokes of the group among themselves (AVNM-10).
        group_connectivity: Setting<GroupConnectivity> = defaults::GROUP_CONNECTIVITY,
        /// Whether the direct connections span regions.
        global_mesh_enabled: Setting<bool> = defaults::GLOBAL_MESH,
        /// Whether the spokes use the hub's gateway.
        use_hub_gateway: Setting<bool> = defaults::USE_REMOTE_GATEWAYS,
    }
}

choice! {
    /// Whether the spokes of a group are joined among themselves.
    pub enum GroupConnectivity {
        None = "None",
        DirectlyConnected = "DirectlyConnected",
    }
}

record! {
    /// Security admin rules and the groups they act on.
    pub struct SecurityAdminConfiguration {
        /// Rule collections by name.
        rule_collections: Map<AdminRuleCollection>,
    }
}

record! {
    /// A collection of admin rules.
    pub struct AdminRuleCollection {
        /// Names of network groups.
        network_groups: Vec<Reference> = required,
        /// Rules by name.
        rules: Map<AdminRule>,
    }
}

record! {
    /// A security admin rule: evaluated before every security group (AVNM-01).
    pub struct AdminRule {
        /// 1 to 4096, lowest first (AVNM-03).
        priority: Spanned<u16> = required,
        /// Direction of the connections it filters.
        direction: Spanned<Direction> = required,
        /// `Allow`, `AlwaysAllow` or `Deny` (AVNM-02).
        action: Spanned<AdminAction> = required,
        /// Protocol; any when absent.
        protocol: Setting<RuleProtocol> = RuleProtocol::Any,
        /// Sources: prefixes, addresses, service tags or `*`; any when absent.
        source_address_prefixes: Vec<Spanned<String>>,
        /// Destinations: prefixes, addresses, service tags or `*`; any when absent.
        destination_address_prefixes: Vec<Spanned<String>>,
        /// Destination ports; all when absent.
        destination_port_ranges: Vec<Spanned<PortRanges>>,
    }
}

choice! {
    /// What an admin rule does with a match (AVNM-02).
    pub enum AdminAction {
        Allow = "Allow",
        AlwaysAllow = "AlwaysAllow",
        Deny = "Deny",
    }
}
