//! Networks, segments, routes and the owners of addresses.

use super::{DnsServer, Filter, Id, Matcher, Origin, PrivateEndpoint, Proxy, Realm, View, service::Door};
use crate::{
    net::{AddressSet, FqdnPattern, PortSet, Prefix, Protocol, Transport},
    verdict::Reason,
};
use std::net::IpAddr;

/// A network: virtual, on premises, or managed by the platform.
#[derive(Debug, Clone)]
pub struct Network {
    /// Declaration.
    pub origin: Origin,
    /// The realm it belongs to.
    pub realm: Realm,
    /// Its addresses.
    pub prefixes: Vec<Prefix>,
    /// A stateful filter that every connection across its border passes.
    pub border: Option<Filter>,
    /// Its own way to the internet, with the public source address.
    pub breakout: Option<Breakout>,
    /// Which public destinations its members may reach; no limit when absent.
    pub egress: Option<Egress>,
    /// Whether its members are fully declared; an unowned address is then known to be unowned.
    pub complete: bool,
    /// Whether it lies at the far end of gateways; traffic that leaves it enters a gateway from outside.
    pub beyond_gateway: bool,
    /// Region of a network in the cloud, where declared.
    pub region: Option<String>,
    /// Whether its members are known to reach each other.
    pub members_connected: bool,
    /// What the platform's resolver answers inside.
    pub view: Option<Id<View>>,
}

/// A network's own way to the internet.
#[derive(Debug, Clone)]
pub struct Breakout {
    /// Declaration.
    pub origin: Origin,
    /// Source address outside.
    pub address: IpAddr,
}

/// Part of a network whose members share routes and a filter.
#[derive(Debug, Clone)]
pub struct Segment {
    /// Declaration.
    pub origin: Origin,
    /// The network.
    pub network: Id<Network>,
    /// Its addresses.
    pub prefixes: Vec<Prefix>,
    /// The filter at its edge.
    pub filter: Option<Filter>,
    /// Effective routes, the first that contains the destination wins.
    pub routes: Vec<Route>,
    /// Routes that are gone because a connection is down: they explain why there is no way.
    pub withdrawn: Vec<Route>,
    /// Whether members without a public address of their own reach the internet, and where that was decided.
    pub default_outbound: (bool, Option<crate::diag::Span>),
    /// Services reached with the segment's identity (service endpoints), by service tag.
    pub service_endpoints: Vec<(String, Option<crate::diag::Span>)>,
}

/// An effective route.
#[derive(Debug, Clone)]
pub struct Route {
    /// Destinations.
    pub prefix: Prefix,
    /// Where they go.
    pub hop: NextHop,
    /// Who made it.
    pub source: RouteSource,
    /// Declaration.
    pub origin: Origin,
    /// Rule ids that made it win.
    pub rules: &'static [&'static str],
}

/// Who made a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RouteSource {
    /// A route table.
    User,
    /// A gateway, learned or static.
    Gateway,
    /// The platform.
    System,
}

/// Where a route leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NextHop {
    /// The owner of the destination in a network.
    Network {
        /// The network.
        network: Id<Network>,
        /// The peering link of the receiving side, if it refuses traffic that did not start in the sending network.
        refuses_forwarded: Option<Box<Origin>>,
    },
    /// One endpoint.
    Endpoint(Id<Endpoint>),
    /// Whoever owns this address nearby.
    Appliance(IpAddr),
    /// A gateway of this or a peered network.
    Gateway(Id<Endpoint>),
    /// Across a gateway's connection to a far network.
    Tunnel(Id<Network>),
    /// Out to the internet.
    Internet,
    /// Nowhere.
    Drop(Reason),
}

/// Which public destinations the members of a network may reach.
#[derive(Debug, Clone)]
pub struct Egress {
    /// Declaration of the mode.
    pub origin: Origin,
    /// Whether everything public is allowed.
    pub open: bool,
    /// Rules: a matching active deny beats every allow.
    pub rules: Vec<EgressRule>,
}

/// A rule of an [`Egress`].
#[derive(Debug, Clone)]
pub struct EgressRule {
    /// Declaration.
    pub origin: Origin,
    /// What a match does.
    pub allow: bool,
    /// What it matches.
    pub matches: EgressMatch,
    /// The status, if it carries no traffic.
    pub inactive: Option<String>,
    /// Why a match has no effect although the rule is active.
    pub void: Option<Reason>,
}

/// What an egress rule matches.
#[derive(Debug, Clone)]
pub enum EgressMatch {
    /// Addresses or tags, protocol and ports.
    Address {
        /// Destinations.
        to: Matcher,
        /// Protocol.
        protocol: Protocol,
        /// Ports.
        ports: PortSet,
    },
    /// A name, on the ports of the web (FQDN-02).
    Name(FqdnPattern, PortSet),
}

/// Something that owns addresses.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Declaration.
    pub origin: Origin,
    /// Its segment; none outside on the internet.
    pub segment: Option<Id<Segment>>,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// Public addresses that lead to it from outside.
    pub public_addresses: Vec<IpAddr>,
    /// Filter of its own interface.
    pub filter: Option<Filter>,
    /// What it does with what arrives.
    pub role: Role,
    /// Service tags that contain it, with and without region.
    pub tags: Tags,
    /// Source address it carries on the internet, if it has one of its own.
    pub public_source: Option<IpAddr>,
    /// Answers DNS queries on port 53.
    pub dns: Option<Id<DnsServer>>,
    /// Why it cannot exist yet.
    pub absence: Option<Absence>,
}

impl Endpoint {
    /// The address it sends from towards a destination: its first of the same family, or its first if it has none.
    #[must_use]
    pub fn source_for(&self, destination: IpAddr) -> Option<IpAddr> {
        let same = |a: &&IpAddr| a.is_ipv4() == destination.is_ipv4();
        self.addresses.iter().find(same).or(self.addresses.first()).copied()
    }
}

/// Service tags of an address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tags {
    /// Tag names without region, as `Storage`.
    pub names: Vec<String>,
    /// Region, as `eastus2`; unknown when absent.
    pub region: Option<String>,
    /// Whether the list is complete, so that any other tag is known not to contain the address.
    pub complete: bool,
}

/// Why something cannot exist yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absence {
    /// The reason.
    pub reason: Reason,
    /// What decided it.
    pub origin: Origin,
    /// In words.
    pub text: String,
    /// What to do.
    pub fix: String,
    /// Rule ids.
    pub rules: &'static [&'static str],
}

/// What an endpoint does with what arrives.
#[derive(Debug, Clone)]
pub enum Role {
    /// A machine.
    Host(Host),
    /// An entry to a service.
    PrivateEndpoint(PrivateEndpoint),
    /// A stateful filter that forwards.
    Firewall(Firewall),
    /// A gateway between networks.
    Gateway(Gateway),
    /// A frontend of a proxy.
    Frontend {
        /// The proxy.
        proxy: Id<Proxy>,
        /// Index of the frontend.
        frontend: usize,
    },
    /// The instances of a proxy: they open connections and accept none.
    Instance(Id<Proxy>),
    /// The public entry of a service.
    Door(Id<Door>),
    /// Nothing but what its `dns` says.
    Resolver,
    /// A public address that is attached to nothing.
    Unattached,
}

/// A machine.
#[derive(Debug, Clone)]
pub struct Host {
    /// Ports it serves.
    pub listens: Listens,
    /// Forwards what is not addressed to it.
    pub forwards: bool,
    /// HTTP status for probes.
    pub http_status: u16,
    /// Private authority that issued its certificate.
    pub private_ca: Option<String>,
}

/// Ports that are served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listens {
    /// Not declared: any port is taken as served.
    Undeclared,
    /// Exactly these.
    Only(Vec<(Transport, PortSet)>),
}

impl Listens {
    /// Whether a port is served.
    #[must_use]
    pub fn serves(&self, transport: Transport, port: u16) -> bool {
        match self {
            Self::Undeclared => true,
            Self::Only(list) => list.iter().any(|(t, ports)| *t == transport && ports.contains(port)),
        }
    }
}

/// A stateful firewall that forwards.
#[derive(Debug, Clone)]
pub struct Firewall {
    /// Network rules, then application rules, then the final deny.
    pub filter: Filter,
    /// Destinations whose traffic keeps its source address (SNAT-01).
    pub keeps_source: AddressSet,
    /// How it resolves the names of application rules.
    pub resolver: super::Resolver,
}

/// A gateway between networks.
#[derive(Debug, Clone)]
pub struct Gateway {
    /// Routes over its connections.
    pub tunnels: Vec<Route>,
}
