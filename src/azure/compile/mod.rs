//! Azure resources to data plane: each file here compiles one family of resources.
//!
//! The order matters only where addresses must exist before they are referred to: networks, then owners of addresses,
//! then endpoints, then names, then routes and filters, then clients.

mod allocations;
mod app_access;
mod application_gateway;
mod apps;
mod claims;
mod clients;
mod clusters;
mod dns;
mod filters;
mod gates;
mod gateway_conditions;
mod load_balancers;
mod machines;
mod managed;
mod name_policies;
mod networks;
mod outbound_keys;
mod perimeters;
mod plausible;
mod private_endpoints;
mod private_links;
mod resolvers;
mod routing;
mod service_keys;
mod service_parts;
mod services;
mod ties;
mod trust;
mod unmodelled;
mod workspaces;

use super::known_services::{Cloud, KnownServices};
use super::model::{self, Estate, SharedNames};
use super::service_tags::PublishedTags;
use crate::{
    dataplane::{
        Absence, Assumptions, ConnectionTarget, Door, Endpoint, Id, Network, Origin, Plane, Proxy, Resource, Segment,
    },
    diag::{Diagnostic, Diagnostics, Span, code, nearest},
    document::{Map, Reference, Setting, Spanned},
    net::{Fqdn, FqdnError},
    verdict::Reason,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr},
    str::FromStr,
    sync::Arc,
};

/// Compiles an estate. The plane is usable unless the diagnostics contain an error that is not a refusal.
#[must_use]
pub fn compile(estate: &Estate, published: Option<&PublishedTags>) -> (Plane, Diagnostics) {
    let mut compiler = Compiler::new(estate, published);
    compiler.assumptions();
    compiler.plausible();
    compiler.networks();
    compiler.managed_networks();
    compiler.claims();
    compiler.resources();
    compiler.platform_callers();
    compiler.workspaces();
    compiler.machines();
    compiler.load_balancers();
    compiler.clusters();
    compiler.application_gateways();
    compiler.private_link_services();
    compiler.private_endpoints();
    compiler.shared_private_links();
    compiler.perimeters();
    compiler.service_endpoint_policies();
    compiler.managed_endpoints();
    compiler.public_names();
    compiler.dns();
    compiler.cluster_zones();
    compiler.routes();
    compiler.filters();
    compiler.gateway_conditions();
    compiler.ties();
    compiler.clients();
    compiler.app_clients();
    compiler.cluster_clients();
    compiler.unmodelled();
    compiler.free_endpoints();
    compiler.allocations();
    compiler.spread();
    (compiler.plane, compiler.diagnostics)
}

/// What is known of a network while compiling.
struct Managed {
    network: Id<Network>,
    segment: Id<Segment>,
    provisioned: bool,
}

/// A name of a service and how private endpoints answer it.
#[derive(Clone)]
struct NamedDoor {
    /// Name that clients use.
    public: Fqdn,
    /// Alias in the privatelink zone.
    private: Fqdn,
    /// Owner name of the record in the zone.
    record: Fqdn,
    /// Index of the endpoint address that serves it.
    member: usize,
    /// The door.
    door: Id<Door>,
}

/// One sub-resource that private endpoints can target.
#[derive(Default, Clone)]
struct Target {
    names: Vec<NamedDoor>,
    /// Records that endpoints register, beyond the names: owner name and member.
    records: Vec<(Fqdn, usize)>,
    members: usize,
    /// Doors without a name of their own, by the member that leads to them.
    unnamed: Vec<(usize, Id<Door>)>,
    /// Why the platform refuses private endpoints, if it does.
    refused: Option<String>,
    /// Whether that is only that its names cannot be told: the file lacks a value, and the platform refuses nothing.
    untold: bool,
    /// Whether that was reported where its cause is.
    reported: bool,
    /// Whether some private endpoint to it is approved or active, so that the public name is an alias (DNS-08).
    active: bool,
    /// Whether some private endpoint to it awaits approval.
    requested: bool,
    /// Whether the alias was declared present or absent.
    alias_declared: Option<bool>,
}

struct Compiler<'e> {
    estate: &'e Estate,
    published: Option<&'e PublishedTags>,
    cloud: Cloud,
    known: &'static KnownServices,
    plane: Plane,
    diagnostics: Diagnostics,
    vnets: BTreeMap<String, Id<Network>>,
    subnets: BTreeMap<String, Id<Segment>>,
    sites: BTreeMap<String, (Id<Network>, Id<Segment>)>,
    managed: BTreeMap<String, Managed>,
    gateways: BTreeMap<String, Id<Endpoint>>,
    firewalls: BTreeMap<String, Id<Endpoint>>,
    machines: BTreeMap<String, Id<Endpoint>>,
    hosts: BTreeMap<String, Id<Endpoint>>,
    internet_clients: BTreeMap<String, Id<Endpoint>>,
    resources: BTreeMap<String, Id<Resource>>,
    proxies: BTreeMap<String, Id<Proxy>>,
    /// Resources that a type of service trusts, as far as AI Search reads it, by the number of resources there were; the
    /// same for all of the type.
    trusted: BTreeMap<trust::Asked, Arc<BTreeSet<Id<Resource>>>>,
    /// (resource name, sub-resource in lower case).
    targets: BTreeMap<(String, String), Target>,
    /// Customer private endpoints: name, endpoint, subnet, addresses, target key, whether approved.
    customer_endpoints: Vec<CustomerEndpoint>,
    /// Their positions by network.
    endpoints_in: BTreeMap<Id<Network>, Vec<usize>>,
    /// What private endpoints of steered subnets send by.
    endpoint_tables: Vec<(Id<Segment>, routing::Table)>,
    /// Sub-resources of each target with an approved endpoint, and where it names the target; once somebody asked.
    approved: Option<BTreeMap<&'e str, Vec<(&'e str, Span)>>>,
    clusters: Vec<clusters::Cluster>,
    managed_routes: BTreeMap<String, routing::ManagedTable>,
    /// Names a managed rule answers, or would answer.
    managed_names: Vec<ManagedName>,
    peers: routing::Peers,
    tables: routing::Tables,
    hubs: BTreeMap<String, routing::Hub>,
    /// Networks of point-to-site clients, by gateway.
    client_pools: BTreeMap<String, (Id<Network>, Id<Segment>)>,
    vpn_clients: BTreeMap<String, Id<Endpoint>>,
    /// Frontends of load balancers by `balancer/frontend`.
    frontends: BTreeMap<String, Id<Endpoint>>,
    /// What endpoints to private link services lead to, by service.
    link_services: BTreeMap<String, ConnectionTarget>,
    /// Addresses of public IPs by name, once something uses them, and where it does.
    public_addresses: BTreeMap<String, (IpAddr, Span)>,
    /// Subnets that the platform refuses.
    refused_subnets: BTreeSet<String>,
    /// Places of values that several subnets share, already reported.
    reported: BTreeSet<Span>,
    /// Names of parts that need their owner's.
    shared: SharedNames,
    taken: BTreeMap<Id<Segment>, BTreeSet<IpAddr>>,
    /// Addresses given out, by segment, that may as well be others.
    given: BTreeMap<Id<Segment>, BTreeSet<IpAddr>>,
    /// Addresses that something leads to by number, which none is given out of.
    mentioned: BTreeSet<IpAddr>,
    /// Addresses of a segment that allocation has not looked at yet.
    untried: BTreeMap<Id<Segment>, Box<dyn Iterator<Item = IpAddr>>>,
    /// What sends from any address of its segment.
    anywhere: Vec<Id<Endpoint>>,
    /// What private link brings into application gateways comes from these, by gateway and configuration.
    link_sources: BTreeMap<(String, String), Vec<Id<Endpoint>>>,
    next_public: u32,
}

struct CustomerEndpoint {
    name: String,
    endpoint: Id<Endpoint>,
    segment: Id<Segment>,
    addresses: Vec<IpAddr>,
    target: (String, String),
}

struct ManagedName {
    workspace: String,
    origin: Origin,
    addresses: Vec<IpAddr>,
    target: Option<(String, String)>,
    aliases: Vec<Fqdn>,
    closed: Option<Reason>,
}

impl<'e> Compiler<'e> {
    fn new(estate: &'e Estate, published: Option<&'e PublishedTags>) -> Self {
        let cloud = match estate.cloud.value {
            model::Cloud::Public => Cloud::Public,
            model::Cloud::UsGov => Cloud::UsGov,
            model::Cloud::China => Cloud::China,
        };
        Self {
            estate,
            published,
            cloud,
            known: KnownServices::get(),
            plane: Plane::default(),
            diagnostics: Diagnostics::default(),
            vnets: BTreeMap::new(),
            subnets: BTreeMap::new(),
            sites: BTreeMap::new(),
            managed: BTreeMap::new(),
            gateways: BTreeMap::new(),
            firewalls: BTreeMap::new(),
            machines: BTreeMap::new(),
            hosts: BTreeMap::new(),
            internet_clients: BTreeMap::new(),
            resources: BTreeMap::new(),
            proxies: BTreeMap::new(),
            targets: BTreeMap::new(),
            customer_endpoints: Vec::new(),
            endpoints_in: BTreeMap::new(),
            endpoint_tables: Vec::new(),
            approved: None,
            trusted: BTreeMap::new(),
            clusters: Vec::new(),
            managed_routes: BTreeMap::new(),
            managed_names: Vec::new(),
            peers: routing::Peers::default(),
            tables: routing::Tables::default(),
            hubs: BTreeMap::new(),
            client_pools: BTreeMap::new(),
            vpn_clients: BTreeMap::new(),
            frontends: BTreeMap::new(),
            link_services: BTreeMap::new(),
            public_addresses: BTreeMap::new(),
            refused_subnets: BTreeSet::new(),
            reported: BTreeSet::new(),
            shared: SharedNames::of(estate),
            taken: BTreeMap::new(),
            given: BTreeMap::new(),
            mentioned: allocations::mentioned(estate),
            untried: BTreeMap::new(),
            anywhere: Vec::new(),
            link_sources: BTreeMap::new(),
            next_public: 0,
        }
    }

    /// Choices of the file where the documentation leaves something open.
    fn assumptions(&mut self) {
        if let Some(chosen) = &self.estate.assumptions {
            self.plane.assumptions = Assumptions {
                closed_peering_blocks: chosen.peering_without_access_blocks.value,
                address_admits_forwarded: chosen.rule_by_address_admits_forwarded.value,
                rulesets_see_aliases: chosen.ruleset_matches_aliases.value,
                policies_see_aliases: chosen.dns_policy_matches_aliases.value,
                dns_needs_tcp: !chosen.dns_over_udp_suffices.value,
                one_sided_endpoints_block: chosen.untranslated_endpoint_traffic_blocks.value,
            };
            self.plane.dns.falls_through = !chosen.nearest_zone_only.value;
        }
    }

    /// An address that stands for a public one nobody declared; equal to no other.
    fn undeclared_public(&mut self) -> IpAddr {
        self.next_public += 1;
        IpAddr::V4(Ipv4Addr::from(0xf000_0000 | self.next_public))
    }

    /// Region of a resource, in the short lower-case form of service tags.
    fn region(&self, own: Option<&crate::document::Spanned<String>>) -> Option<String> {
        own.or(self.estate.location.as_ref()).map(|l| crate::azure::regions::short(&l.value))
    }

    /// Looks a reference up and reports it if nothing has that name.
    fn find<T: Copy>(&mut self, what: &str, reference: &Reference, names: &BTreeMap<String, T>) -> Option<T> {
        let found = names.get(&reference.value).copied();
        if found.is_none() {
            self.dangling(what, reference, names.keys().map(String::as_str));
        }
        found
    }

    fn declared<'m, T>(&mut self, what: &str, reference: &Reference, names: &'m Map<T>) -> Option<&'m T> {
        let found = names.get(&reference.value).map(|e| &e.value);
        if found.is_none() {
            self.dangling(what, reference, names.keys());
        }
        found
    }

    fn dangling<'n>(&mut self, what: &str, reference: &Reference, names: impl Iterator<Item = &'n str>) {
        let names: Vec<_> = names.collect();
        let mut diagnostic =
            Diagnostic::error(code::REFERENCE, reference.span, format!("no {what} is named `{}`", reference.value));
        diagnostic = match nearest(&reference.value, names.iter().copied()) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
            None if names.is_empty() => diagnostic.help(format!("declare one; the scenario has no {what} yet")),
            None => diagnostic.help(format!("declared: {}", names.join(", "))),
        };
        self.diagnostics.push(diagnostic);
    }

    /// Finds a `vnet/subnet` reference.
    fn subnet(&mut self, reference: &Reference) -> Option<Id<Segment>> {
        let names = std::mem::take(&mut self.subnets);
        let found = self.find("subnet", reference, &names);
        self.subnets = names;
        found
    }

    fn error(
        &mut self,
        code: crate::diag::Code,
        span: impl Into<Option<Span>>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.diagnostics.push(Diagnostic::error(code, span, message).help(help));
    }

    /// A name or pattern of names; reports a text that is none.
    fn name<N: FromStr<Err = FqdnError>>(&mut self, text: &str, span: Span) -> Option<N> {
        text.parse()
            .map_err(|error: FqdnError| self.diagnostics.push(Diagnostic::error(code::VALUE, span, error.to_string())))
            .ok()
    }

    /// Names or patterns of names, without those that are none.
    fn names<N: FromStr<Err = FqdnError>>(&mut self, texts: &[Spanned<String>]) -> Vec<N> {
        texts.iter().filter_map(|text| self.name(&text.value, text.span)).collect()
    }

    /// A free address of a segment: declared ones are claimed before, so an allocation never collides. A full one is
    /// reported (ADDR-03).
    fn allocate(&mut self, segment: Id<Segment>) -> Option<IpAddr> {
        let mentioned = std::mem::take(&mut self.mentioned);
        let given = self.next_free(segment, &mentioned);
        self.mentioned = mentioned;
        self.given.entry(segment).or_default().extend(given);
        given
    }

    /// The same for what stands in a subnet of its own, or where nothing goes by addresses.
    fn free_address(&mut self, segment: Id<Segment>) -> Option<IpAddr> {
        self.next_free(segment, &BTreeSet::new())
    }

    fn next_free(&mut self, segment: Id<Segment>, mentioned: &BTreeSet<IpAddr>) -> Option<IpAddr> {
        let taken = self.taken.entry(segment).or_default();
        let here = self.plane.segments.get(segment);
        let untried = self.untried.entry(segment).or_insert_with(|| {
            // What is placed without an address gets one of IPv4, wherever there are some: those of IPv6 are chosen.
            let (v4, v6): (Vec<_>, Vec<_>) = here.prefixes.iter().partition(|p| p.network().is_ipv4());
            let prefixes = if v4.is_empty() { v6 } else { v4 };
            Box::new(prefixes.into_iter().flat_map(crate::net::Prefix::usable))
        });
        let free = untried.find(|a| !taken.contains(a) && !mentioned.contains(a));
        // Of a small subnet all may be mentioned.
        let rest = || here.prefixes.iter().flat_map(|p| p.usable()).find(|a| !taken.contains(a));
        let free = free.or_else(|| if mentioned.is_empty() { None } else { rest() });
        taken.extend(free);
        let (origin, empty) = (here.origin.clone(), here.prefixes.is_empty());
        if free.is_none() && !empty && origin.span.is_none_or(|span| self.reported.insert(span)) {
            let text = format!("no address of {origin} is free for what is placed there without one (ADDR-03)");
            self.error(
                code::PLACEMENT,
                origin.span,
                text,
                "enlarge the subnet; the platform keeps five of its addresses",
            );
        }
        free
    }

    /// Something that the platform refuses does not exist as declared: it sends and takes nothing, and what it would pass is
    /// not supported.
    fn refuse(&mut self, id: Id<Endpoint>) {
        let endpoint = self.plane.endpoints.get_mut(id);
        let origin = endpoint.origin.clone();
        let absence = Absence {
            reason: Reason::Refused,
            text: format!("the platform refuses {origin} as it is declared"),
            fix: format!("correct what is reported of {origin}"),
            rules: &["DEF-01"],
            origin,
        };
        endpoint.unsupported.push(absence.clone());
        endpoint.absence.get_or_insert(absence);
    }

    /// Notes that something sends from any address of its segment: the platform gives it one, or several, that nobody
    /// declares.
    fn anywhere(&mut self, id: Id<Endpoint>) {
        self.anywhere.push(id);
    }

    /// Addresses for what sends from any, once everything is known that tells addresses apart.
    fn spread(&mut self) {
        for id in std::mem::take(&mut self.anywhere) {
            let Some(segment) = self.plane.endpoints.get(id).segment else { continue };
            let taken = self.taken.entry(segment).or_default();
            self.plane.spread(id, |a| taken.insert(a));
        }
    }

    /// Claims a declared address for a segment: it must lie inside and be free (ADDR-03).
    fn claim(&mut self, segment: Id<Segment>, address: IpAddr, span: Span) {
        let here = self.plane.segments.get(segment);
        let inside = here.prefixes.iter().find(|p| p.contains(address));
        let origin = here.origin.clone();
        match inside {
            None => {
                let prefixes = here.prefixes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                self.error(
                    code::PLACEMENT,
                    span,
                    format!("{address} lies outside {origin}"),
                    format!("use an address of {prefixes}"),
                );
            }
            Some(prefix) if prefix.length() < 31 && is_reserved(*prefix, address) => self.error(
                code::ADDR_RESERVED,
                span,
                format!("{address} is reserved by the platform in {origin} (ADDR-03)"),
                "the first four addresses and the last of a subnet cannot be used",
            ),
            Some(_) => {}
        }
        let taken = self.taken.entry(segment).or_default();
        if !taken.insert(address) {
            self.error(
                code::OVERLAP,
                span,
                format!("{address} is used twice in {origin}"),
                "give each its own address",
            );
        }
    }
}

fn is_reserved(prefix: crate::net::Prefix, address: IpAddr) -> bool {
    let (IpAddr::V4(first), IpAddr::V4(last), IpAddr::V4(at)) = (prefix.network(), prefix.last(), address) else {
        return false;
    };
    u32::from(at) - u32::from(first) < 4 || at == last
}

/// A file's setting as the data plane keeps it.
fn setting<T: Copy>(setting: &Setting<T>) -> crate::dataplane::Setting<T> {
    crate::dataplane::Setting { value: setting.value, span: setting.span }
}
