//! Networks, segments, routes and the owners of addresses.

use super::{DnsServer, Filter, Id, Matcher, Origin, PrivateEndpoint, Proxy, Realm, View, service::Door};
use crate::{
    net::{AddressSet, Fqdn, FqdnPattern, PortSet, Prefix, Protocol, Transport},
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

/// A way out that translates to one of several addresses (NAT-01).
#[derive(Debug, Clone)]
pub struct NatGateway {
    /// Declaration.
    pub origin: Origin,
    /// Source addresses outside; a connection gets any of them.
    pub addresses: Vec<IpAddr>,
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
    /// The same as it acts before private endpoints, where that differs (PE-27).
    pub filter_at_endpoints: Option<Filter>,
    /// Effective routes, the first that contains the destination wins.
    pub routes: Routes,
    /// Routes that are absent because of a state (a connection that is down, a link without its other half): they
    /// explain why there is no way, and lead nowhere themselves.
    pub absent_routes: Routes,
    /// Routes that another route of the same prefix replaces, for people who look at the table.
    pub replaced_routes: Routes,
    /// Routes whose destinations are a service tag (ROUTE-17).
    pub tag_routes: Vec<TagRoute>,
    /// Rules that administrators set above every other filter (AVNM-01).
    pub admin: Vec<Filter>,
    /// A shared way out with its own public addresses (NAT-02).
    pub nat: Option<NatGateway>,
    /// Whether members without a public address of their own reach the internet, and where that was decided.
    pub default_outbound: (bool, Option<crate::diag::Span>),
    /// Services reached with the segment's identity (service endpoints).
    pub service_endpoints: Vec<ServiceEndpoint>,
    /// Services that its service endpoints may reach, by tag; others of the tag are closed to it (SE-11).
    pub endpoint_policy: Option<EndpointPolicy>,
}

impl Segment {
    /// The filter at its edge as it acts before something in it (PE-27).
    #[must_use]
    pub fn filter_before(&self, role: &Role) -> Option<&Filter> {
        let other = self.filter_at_endpoints.as_ref().filter(|_| matches!(role, Role::PrivateEndpoint(_)));
        other.or(self.filter.as_ref())
    }
}

/// The services of one tag that a segment's service endpoint may reach (SE-11).
#[derive(Debug, Clone)]
pub struct EndpointPolicy {
    /// Declaration.
    pub origin: super::Origin,
    /// The tag.
    pub tag: &'static str,
    /// The services.
    pub allowed: std::collections::BTreeSet<super::Id<super::Resource>>,
}

/// A service that a segment reaches with its own identity (SE-01).
#[derive(Debug, Clone)]
pub struct ServiceEndpoint {
    /// Tag of the service's addresses.
    pub tag: String,
    /// In which regions it acts (SE-06).
    pub reach: Reach,
    /// Declaration.
    pub span: Option<crate::diag::Span>,
}

/// Regions of services that a service endpoint serves (SE-06).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The segment's own region.
    Own,
    /// The own region and the one paired with it.
    Paired(&'static str),
    /// The own region, and one paired with it that is not known.
    PairUnknown,
    /// Every region.
    Any,
}

/// A route whose destination is a service tag.
#[derive(Debug, Clone)]
pub struct TagRoute {
    /// The tag.
    pub tag: String,
    /// Where it leads.
    pub hop: NextHop,
    /// Declaration.
    pub origin: Origin,
}

/// A table of routes. Segments whose tables were made from the same declarations share one, so that those who look at
/// all tables need not look twice.
pub type Routes = std::sync::Arc<Vec<Route>>;

/// An effective route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Destinations.
    pub prefix: Prefix,
    /// Where they go.
    pub hop: NextHop,
    /// Who made it.
    pub source: RouteSource,
    /// The next hop type as Azure's tools print it.
    pub shown: &'static str,
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
        /// The link it crosses; none inside a network.
        link: Option<Box<Link>>,
    },
    /// One endpoint.
    Endpoint(Id<Endpoint>),
    /// Whoever owns this address nearby.
    Appliance(IpAddr),
    /// A gateway of this or a peered network.
    Gateway(Id<Endpoint>),
    /// Across a gateway's connection to a far network.
    Tunnel(Id<Network>),
    /// A router of the platform, which decides by its own routes.
    Router(Id<Endpoint>),
    /// One of several equal routes, per connection (ROUTE-22).
    OneOf(Vec<Route>),
    /// Out to the internet.
    Internet,
    /// Nowhere.
    Drop(Reason),
    /// Onto something the platform does not support.
    Unsupported(Reason),
    /// Where, cannot be known.
    Unknown(Reason),
}

/// What a peering does to packets that cross it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The receiving side, if it refuses traffic that did not start in the sending network (PEER-07).
    pub refuses_forwarded: Option<Origin>,
    /// Whether that is the default of a flag that nobody set.
    pub forwarding_undeclared: bool,
    /// The side that keeps the other out of its VirtualNetwork tag (PEER-06).
    pub access_off: Option<Origin>,
    /// Whether it joins two regions (PEER-11).
    pub regions: Regions,
    /// What makes it, where that joins networks of one region only (AVNM-09).
    pub regional: Option<Origin>,
    /// Why a pair of addresses may not use it, if it joins only some subnets (PEER-14).
    pub only: Option<Box<LinkedSubnets>>,
}

impl Link {
    /// What makes it, where it is not known to be there: it joins networks of one region only, and one names none (AVNM-09).
    pub(crate) fn doubtful(&self) -> Option<&Origin> {
        self.regional.as_ref().filter(|_| self.regions == Regions::Undeclared)
    }
}

/// Whether two networks lie in one region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Regions {
    /// They do.
    Same,
    /// They do not.
    Different,
    /// Only one of them says where it lies.
    Undeclared,
}

/// The subnets a subnet peering joins (PEER-14).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedSubnets {
    /// Declaration.
    pub origin: Origin,
    /// Prefixes on both sides.
    pub prefixes: Vec<Prefix>,
}

impl LinkedSubnets {
    /// Which of a segment that sends and an address that it sends to is not joined, if one is not. What a forwarder sends
    /// on comes from the forwarder's own segment.
    pub(crate) fn outsider(&self, from: &Segment, to: IpAddr) -> Option<String> {
        if !from.prefixes.iter().any(|p| self.prefixes.contains(p)) {
            return Some(from.origin.to_string());
        }
        (!self.prefixes.iter().any(|p| p.contains(to))).then(|| to.to_string())
    }
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
    /// Names on which a match has no effect although the rule is active.
    pub void: Option<Void>,
}

impl EgressRule {
    /// Why a match of a name has no effect, if it has none.
    #[must_use]
    pub fn void_for(&self, name: Option<&Fqdn>) -> Option<Reason> {
        let void = self.void.as_ref()?;
        let name = name?;
        let concerned = void.under.iter().any(|s| name.is_under(s)) && !void.except.contains(name);
        concerned.then_some(void.reason)
    }
}

/// Names that a rule cannot open.
#[derive(Debug, Clone)]
pub struct Void {
    /// Why.
    pub reason: Reason,
    /// These names, and all below them.
    pub under: Vec<Fqdn>,
    /// But not these.
    pub except: Vec<Fqdn>,
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
    /// Whether it may send from any of them, so that nobody can count on one (AGW-14, APP-02, AKS-05).
    pub any_address: bool,
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
    /// Source address that a balancer's outbound rule gives it (NAT-01).
    pub balanced_source: Option<IpAddr>,
    /// The internal balancer whose pool takes default outbound access from it (NAT-10).
    pub internal_pool: Option<Origin>,
    /// Whether its public address takes unsolicited traffic although no filter is attached (NSG-03).
    pub open_public: bool,
    /// Conditions under which the platform does not support what passes it.
    pub unsupported: Vec<Absence>,
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
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Tags {
    /// Tag names without region, as `Storage`.
    pub names: Vec<String>,
    /// Tags that may hold it, or not: nobody says.
    pub perhaps: Vec<String>,
    /// Region, as `eastus2`; unknown when absent.
    pub region: Option<String>,
    /// Whether the lists are complete, so that any other tag is known not to contain the address.
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
    Firewall(Box<Firewall>),
    /// A gateway between networks.
    Gateway(Gateway),
    /// A router of the platform: it forwards by its segment's routes and has no other function.
    Router,
    /// A frontend that spreads connections over a pool.
    Balancer(Box<Balancer>),
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

impl Role {
    /// Whether it is kept apart from others of its network that are so, too (MVNET-10).
    #[must_use]
    pub fn is_isolated(&self) -> bool {
        matches!(self, Self::Host(host) if host.isolated)
    }
}

/// A machine.
#[derive(Debug, Clone)]
pub struct Host {
    /// Ports it serves.
    pub listens: Listens,
    /// Whether it is kept apart from others of its network that are so, too (MVNET-10).
    pub isolated: bool,
    /// What it does with what is not addressed to it.
    pub forwarding: Transit,
    /// Whether it is up.
    pub running: bool,
    /// Whether it answers clients outside its subnet on a secondary interface (ADDR-09).
    pub replies_unknown: bool,
    /// HTTP status for probes.
    pub http_status: u16,
    /// Private authority that issued its certificate.
    pub private_ca: Option<String>,
    /// The interfaces of its machine, the primary one first; none if it is the only one.
    pub interfaces: Vec<Id<Endpoint>>,
}

/// What a machine does with packets that are not addressed to it.
#[derive(Debug, Clone, Default)]
pub struct Transit {
    /// Whether its interface may forward (NVA-01).
    pub enabled: bool,
    /// Whether its operating system forwards too.
    pub system: Option<bool>,
    /// Whether it forgets connections, so that it may see one direction only.
    pub stateless: bool,
    /// Which sources it replaces by its own address.
    pub translates: Translates,
    /// Its own rules.
    pub filter: Option<Box<Filter>>,
    /// Whether its interface lifts the need of source translation towards private endpoints (PE-31).
    pub symmetric_private_link: bool,
}

/// For which destinations a forwarder replaces the source address by its own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Translates {
    /// For none.
    #[default]
    Never,
    /// For public ones.
    Internet,
    /// For all.
    Always,
}

/// A frontend that spreads connections over a pool (LB-01). It never changes the source (LB-02).
#[derive(Debug, Clone)]
pub struct Balancer {
    /// Whether it is of the Basic kind: not reached from other regions (PEER-11), open by default (LB-08).
    pub basic: bool,
    /// Rules in order.
    pub rules: Vec<BalancerRule>,
}

/// A rule of a balancer.
#[derive(Debug, Clone)]
pub struct BalancerRule {
    /// Declaration.
    pub origin: Origin,
    /// Protocol.
    pub protocol: Protocol,
    /// Ports at the frontend; all of them in an HA-ports rule (LB-05).
    pub ports: PortSet,
    /// Port at the members; the same when absent.
    pub backend_port: Option<u16>,
    /// Whether members see the frontend's address.
    pub floating: bool,
    /// Members of the pool.
    pub members: Vec<Id<Endpoint>>,
    /// How members are probed; without a probe they count as up.
    pub probe: Option<BalancerProbe>,
}

/// A health probe.
#[derive(Debug, Clone)]
pub struct BalancerProbe {
    /// Declaration.
    pub origin: Origin,
    /// Port.
    pub port: u16,
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
    /// Destinations and names that threat intelligence denies before any rule (FW-14).
    pub threats: Option<Filter>,
    /// Translations of its own addresses to others (FW-10).
    pub translations: Vec<Translation>,
    /// Why its translations are not supported, if they are not (FW-11).
    pub translations_unsupported: Option<Absence>,
    /// Whether names of rules are resolved by the firewall for its clients too (FW-08).
    pub answers_names: bool,
    /// Destinations whose traffic keeps its source address (SNAT-01).
    pub keeps_source: AddressSet,
    /// How it resolves the names of application rules.
    pub resolver: super::Resolver,
}

/// A translation of one of a firewall's own addresses to another place (FW-10).
#[derive(Debug, Clone)]
pub struct Translation {
    /// Declaration.
    pub origin: Origin,
    /// Sources.
    pub from: Matcher,
    /// The firewall's own addresses it acts on.
    pub to: AddressSet,
    /// Protocol.
    pub protocol: Protocol,
    /// Ports.
    pub ports: PortSet,
    /// The new destination.
    pub target: TranslationTarget,
    /// The new port.
    pub port: u16,
}

/// Where a translation leads.
#[derive(Debug, Clone)]
pub enum TranslationTarget {
    /// To an address.
    Address(IpAddr),
    /// To any address of a name (EVAL-05); a name that does not resolve leaves the rule without a match.
    Name(crate::net::Fqdn),
}

/// A gateway between networks.
#[derive(Debug, Clone)]
pub struct Gateway {
    /// Routes over its connections.
    pub tunnels: Vec<Route>,
}
