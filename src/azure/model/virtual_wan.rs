//! Virtual WANs, their hubs and what hangs on them, as a file declares them.

use super::super::defaults;
use super::gateway::RoutingPreference;
use crate::document::{Map, Reference, Setting, Spanned, choice, record};
use crate::net::Prefix;
use std::net::IpAddr;

record! {
    /// A virtual WAN (`azurerm_virtual_wan`); its hubs are meshed (VWAN-01).
    pub struct VirtualWan {
        /// Whether VPN and ExpressRoute branches learn each other's routes (VWAN-11).
        allow_branch_to_branch_traffic: Setting<bool> = defaults::WAN_BRANCH_TO_BRANCH,
    }
}

record! {
    /// A virtual hub (`azurerm_virtual_hub`).
    pub struct VirtualHub {
        /// Its virtual WAN.
        virtual_wan: Reference = required,
        /// Region; the scenario's `location` when absent.
        location: Option<Spanned<String>>,
        /// Address prefix of the hub (VWAN-01).
        address_prefix: Spanned<Prefix> = required,
        /// Which route wins for one prefix (VWAN-07).
        hub_routing_preference: Setting<RoutingPreference> = defaults::ROUTING_PREFERENCE,
        /// Route tables beside the built-in `defaultRouteTable` and `noneRouteTable`, by name.
        route_tables: Map<HubRouteTable>,
        /// Static routes of the default route table, by name.
        default_routes: Map<HubRoute>,
        /// What all traffic passes (VWAN-13).
        routing_intent: Option<RoutingIntent>,
    }
}

record! {
    /// A route table of a hub.
    pub struct HubRouteTable {
        /// Labels that connections can propagate to.
        labels: Vec<Spanned<String>>,
        /// Static routes by name.
        routes: Map<HubRoute>,
    }
}

record! {
    /// A static route of a hub route table.
    pub struct HubRoute {
        /// Destinations.
        destinations: Vec<Spanned<Prefix>> = required,
        /// The hub's firewall, or a connection of the hub, by name.
        next_hop: Reference = required,
    }
}

record! {
    /// A routing intent (`azurerm_virtual_hub_routing_intent`): one device for internet, private traffic, or both.
    pub struct RoutingIntent {
        /// Firewall of the hub that takes internet traffic (VWAN-15).
        internet_traffic: Option<Reference>,
        /// Firewall of the hub that takes private traffic (VWAN-14).
        private_traffic: Option<Reference>,
        /// Private prefixes beside the ranges of RFC 1918.
        private_traffic_prefixes: Vec<Spanned<Prefix>>,
    }
}

record! {
    /// A virtual network on a hub (`azurerm_virtual_hub_connection`).
    pub struct VirtualHubConnection {
        /// The hub.
        virtual_hub: Reference = required,
        /// The virtual network.
        remote_virtual_network: Reference = required,
        /// Whether the network learns the hub's default route (VWAN-08).
        internet_security_enabled: Setting<bool> = defaults::VNET_INTERNET_SECURITY,
        /// Which tables it uses and fills.
        routing: Option<HubRouting>,
    }
}

record! {
    /// Association and propagation of a connection (VWAN-03, VWAN-04).
    pub struct HubRouting {
        /// The table that routes what comes from the connection; `defaultRouteTable` when absent.
        associated_route_table: Option<Reference>,
        /// Tables its prefixes go to; with no label either, `defaultRouteTable`.
        propagated_route_tables: Vec<Reference>,
        /// Labels its prefixes go to; `default` stands for the default tables of all hubs.
        propagated_labels: Vec<Spanned<String>>,
        /// Routes inside the network, by name: destinations to the address of an appliance (VWAN-21).
        static_vnet_routes: Map<StaticVnetRoute>,
    }
}

record! {
    /// A route inside a connected network.
    pub struct StaticVnetRoute {
        /// Destinations.
        address_prefixes: Vec<Spanned<Prefix>> = required,
        /// Address of the appliance.
        next_hop_ip_address: Spanned<IpAddr> = required,
    }
}

record! {
    /// A branch on a hub: an on-premises site by VPN or ExpressRoute (`azurerm_vpn_gateway_connection` and others).
    pub struct VirtualHubBranch {
        /// The hub.
        virtual_hub: Reference = required,
        /// The site.
        on_premises_site: Reference = required,
        /// Kind of the connection.
        type_: Spanned<BranchType> = required,
        /// Whether the connection is up (GW-12).
        connected: Setting<bool> = defaults::CONNECTION_UP,
        /// Prefixes the hub learns; the site's address space when absent.
        learned_prefixes: Option<Vec<Spanned<Prefix>>>,
        /// Length of the AS path of what it announces (VWAN-07).
        as_path_length: Setting<u16> = defaults::AS_PATH_LENGTH,
        /// Whether the site learns the hub's default route (VWAN-08).
        internet_security_enabled: Setting<bool> = defaults::BRANCH_INTERNET_SECURITY,
        /// Tables its prefixes go to (VWAN-06).
        routing: Option<HubRouting>,
    }
}

choice! {
    /// Kind of a branch.
    pub enum BranchType {
        Vpn = "Vpn",
        ExpressRoute = "ExpressRoute",
        PointToSite = "PointToSite",
    }
}
