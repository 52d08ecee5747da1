//! Virtual network gateways, their connections, and on-premises sites, as a file declares them.

use super::super::defaults;
use super::dns::DnsServer;
use super::network::{Access, RuleProtocol};
use crate::document::{ListenPort, Map, PortRanges, Reference, Setting, Spanned, Tags, choice, record};
use crate::net::Prefix;
use std::net::IpAddr;

record! {
    /// A VPN or ExpressRoute gateway (`azurerm_virtual_network_gateway`).
    pub struct VirtualNetworkGateway {
        /// The virtual network whose GatewaySubnet holds it (GW-01).
        virtual_network: Reference = required,
        /// `Vpn` or `ExpressRoute`.
        type_: Spanned<GatewayType> = required,
        /// `RouteBased` or `PolicyBased` (GW-06).
        vpn_type: Setting<VpnType> = defaults::VPN_TYPE,
        /// Whether both instances carry tunnels (GW-07).
        active_active: Setting<bool> = defaults::ACTIVE_ACTIVE,
        /// Number of the gateway's autonomous system.
        asn: Setting<u32> = defaults::ASN,
        /// Prefixes that point-to-site clients get their addresses from (GW-09).
        vpn_client_address_space: Vec<Spanned<Prefix>>,
        /// Public addresses by name (see `public_ips`): ends of tunnels, by which nothing else is reached.
        public_ips: Vec<Reference>,
        /// Whether an ExpressRoute gateway carries traffic of other virtual networks on its circuit (ER-04).
        remote_vnet_traffic_enabled: Setting<bool> = defaults::REMOTE_VNET_TRAFFIC,
    }
}

choice! {
    /// How a VPN gateway chooses tunnels.
    pub enum VpnType {
        RouteBased = "RouteBased",
        PolicyBased = "PolicyBased",
    }
}

choice! {
    /// Kind of gateway.
    pub enum GatewayType {
        Vpn = "Vpn",
        ExpressRoute = "ExpressRoute",
    }
}

record! {
    /// A connection between a gateway and an on-premises site (`azurerm_virtual_network_gateway_connection`).
    pub struct VirtualNetworkGatewayConnection {
        /// The gateway.
        virtual_network_gateway: Reference = required,
        /// The on-premises site at the far end.
        on_premises_site: Option<Reference>,
        /// The gateway at the far end of a VNet-to-VNet connection; it needs a connection of its own back (GW-12).
        peer_virtual_network_gateway: Option<Reference>,
        /// The ExpressRoute circuit; virtual networks on one circuit may reach each other (ER-04).
        express_route_circuit: Option<Spanned<String>>,
        /// Whether data bypass the ExpressRoute gateway (FastPath, ER-06).
        express_route_gateway_bypass: Setting<bool> = defaults::FAST_PATH,
        /// Preference among ExpressRoute connections with the same prefix: the highest wins (ER-05).
        routing_weight: Setting<u16> = defaults::ROUTING_WEIGHT,
        /// Tunnels that the far end accepts of an active-active gateway (GW-07).
        accepted_tunnels: Setting<u16> = defaults::ACCEPTED_TUNNELS,
        /// Whether routes are exchanged by BGP; a static connection keeps its routes when it is down. ExpressRoute always
        /// uses BGP (ER-01).
        bgp_enabled: Setting<bool> = defaults::CONNECTION_BGP,
        /// Whether the connection is up (GW-12).
        connected: Setting<bool> = defaults::CONNECTION_UP,
        /// Prefixes the gateway learns from the site; the site's address space when absent (ROUTE-07).
        learned_prefixes: Option<Vec<Spanned<Prefix>>>,
        /// Prefixes the site learns from the gateway; its VNet and the spokes in transit when absent (ER-02, PEER-09).
        advertised_prefixes: Option<Vec<Spanned<Prefix>>>,
    }
}

record! {
    /// A Route Server (`azurerm_route_server`): it exchanges routes with appliances, and forwards nothing (NVA-08).
    pub struct RouteServer {
        /// Its virtual network, which holds a RouteServerSubnet.
        virtual_network: Reference = required,
        /// Whether gateways and appliances learn each other's routes (ARS-01, COEX-02).
        branch_to_branch_traffic_enabled: Setting<bool> = defaults::BRANCH_TO_BRANCH,
        /// Which source wins for one prefix (ARS-02).
        hub_routing_preference: Setting<RoutingPreference> = defaults::ROUTING_PREFERENCE,
        /// BGP sessions with appliances, by name.
        bgp_connections: Map<BgpConnection>,
    }
}

choice! {
    /// Which source of routes wins for one prefix (ARS-02, VWAN-07).
    pub enum RoutingPreference {
        ExpressRoute = "ExpressRoute",
        VpnGateway = "VpnGateway",
        AsPath = "ASPath",
    }
}

record! {
    /// A BGP session of a Route Server with an appliance.
    pub struct BgpConnection {
        /// Address of the appliance.
        peer_ip: Spanned<IpAddr> = required,
        /// Prefixes the appliance announces, by name.
        advertised_routes: Map<AdvertisedRoute>,
    }
}

record! {
    /// A prefix that an appliance announces.
    pub struct AdvertisedRoute {
        /// The prefix.
        address_prefix: Spanned<Prefix> = required,
        /// The next hop it announces; the appliance itself when absent.
        next_hop_ip_address: Option<Spanned<IpAddr>>,
        /// Length of the AS path; the shorter wins (ROUTE-22).
        as_path_length: Setting<u16> = defaults::AS_PATH_LENGTH,
        /// Whether other BGP speakers are not told (ARS-04).
        no_advertise: Setting<bool> = defaults::NO_ADVERTISE,
    }
}

record! {
    /// A point-to-site client of a VPN gateway (GW-09).
    pub struct VpnClient {
        /// Its gateway.
        virtual_network_gateway: Reference = required,
        /// Its address, from the gateway's client address space.
        ip_address: Spanned<IpAddr> = required,
        /// DNS servers it asks; its own public resolver when empty.
        dns_servers: Vec<Spanned<IpAddr>>,
        /// Labels for selectors.
        tags: Tags,
    }
}

record! {
    /// An on-premises network reached through a gateway.
    pub struct OnPremisesSite {
        /// Prefixes of the site.
        address_space: Vec<Spanned<Prefix>> = required,
        /// DNS servers that the site's hosts ask, in order.
        dns_servers: Map<DnsServer>,
        /// Machines of the site.
        hosts: Map<OnPremisesHost>,
        /// Internet breakout of the site; without it the site has no way to the internet.
        internet: Option<InternetBreakout>,
        /// The site's edge firewall; without it everything passes.
        firewall: Option<SiteFirewall>,
    }
}

record! {
    /// A machine on premises.
    pub struct OnPremisesHost {
        /// Its address, inside the site's address space.
        ip_address: Spanned<IpAddr> = required,
        /// Ports it serves, as `tcp/443`; every port is taken as served when absent, and the trace says so.
        listens: Option<Vec<Spanned<ListenPort>>>,
        /// HTTP status it answers to health probes (AGW-16).
        http_status: Setting<u16> = defaults::PROBE_HTTP_STATUS,
        /// Name of the private certificate authority that issued its certificate; a public one when absent (AGW-13).
        private_certificate_authority: Option<Spanned<String>>,
        /// Labels for selectors.
        tags: Tags,
    }
}

record! {
    /// How a site reaches the internet.
    pub struct InternetBreakout {
        /// The public address its traffic carries.
        public_ip_address: Spanned<IpAddr> = required,
    }
}

record! {
    /// The edge firewall of a site: stateful, evaluated for every connection that crosses the site's border.
    pub struct SiteFirewall {
        /// What happens when no rule matches.
        default_action: Setting<Access> = defaults::SITE_FIREWALL_ACTION,
        /// Rules by name, lowest priority number first.
        rules: Map<SiteFirewallRule>,
    }
}

record! {
    /// A rule of a site firewall.
    pub struct SiteFirewallRule {
        /// Lowest first; unique.
        priority: Spanned<u16> = required,
        /// What a match does.
        action: Spanned<Access> = required,
        /// Protocol; any when absent.
        protocol: Setting<RuleProtocol> = RuleProtocol::Any,
        /// Sources: prefixes, addresses, `Internet` or `*`.
        source_addresses: Vec<Spanned<String>> = required,
        /// Destinations: prefixes, addresses, `Internet` or `*`.
        destination_addresses: Vec<Spanned<String>> = required,
        /// Destination ports; all when absent.
        destination_ports: Vec<Spanned<PortRanges>>,
    }
}
