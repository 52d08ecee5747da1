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
        on_premises_site: Reference = required,
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
