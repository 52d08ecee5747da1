//! What rules look at: the estate with its places, the compiled plane, and answers to the questions that
//! several rules ask, each computed once.

use super::{FirewallRuleView, SecurityRuleView, index::Index};
use crate::{
    azure::model::{
        Estate,
        firewall::{Firewall, FirewallPolicy},
        gateway::VirtualNetworkGateway,
        network::{NextHopType, PeeringState, Route, RouteTable, Subnet, VirtualNetworkPeering},
    },
    dataplane::{self, Endpoint, Id, Network, Plane, Role, Segment},
    diag::Span,
    document::{Entry, Reference},
    forward::{Outcome, Step},
    net::Prefix,
    scenario::Expectation,
    snapshot::Snapshot,
    trace::{Question, Trace, trace},
    verdict::{Reason, Verdict},
};
use std::{
    cell::OnceCell,
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

/// A subnet with what surrounds it.
#[derive(Debug)]
pub struct SubnetView<'a> {
    /// `vnet/subnet`.
    pub full: String,
    /// Name of its virtual network.
    pub vnet: &'a str,
    /// Its own name.
    pub name: &'a str,
    /// Its declaration.
    pub entry: &'a Entry<Subnet>,
    /// Its segment of the plane.
    pub segment: Id<Segment>,
}

/// A user route with the table that holds it.
#[derive(Debug, Clone, Copy)]
pub struct UserRoute<'a> {
    /// Name of the table.
    pub table: &'a str,
    /// Name of the route.
    pub name: &'a str,
    /// Its declaration.
    pub entry: &'a Entry<Route>,
    /// Its prefix; none if it names a service tag.
    pub prefix: Option<Prefix>,
}

impl UserRoute<'_> {
    /// Whether it is the IPv4 default route.
    #[must_use]
    pub fn is_default(&self) -> bool {
        self.prefix.is_some_and(|p| p.is_default() && p.network().is_ipv4())
    }

    /// Whether it leads to this kind of next hop.
    #[must_use]
    pub fn leads_to(&self, kind: NextHopType) -> bool {
        self.entry.value.next_hop_type.value == kind
    }

    /// The address of the appliance it leads to.
    #[must_use]
    pub fn appliance(&self) -> Option<IpAddr> {
        let hop = self.entry.value.next_hop_in_ip_address.as_ref()?;
        self.leads_to(NextHopType::VirtualAppliance).then_some(hop.value)
    }
}

/// What owns an address that routes lead to.
#[derive(Debug, Clone, Copy)]
pub struct Device<'a> {
    /// The endpoint of the plane.
    pub id: Id<Endpoint>,
    /// The same.
    pub endpoint: &'a Endpoint,
    /// Name of the virtual network it stands in.
    pub vnet: &'a str,
}

impl Device<'_> {
    /// Whether it is an Azure Firewall.
    #[must_use]
    pub fn is_firewall(&self) -> bool {
        matches!(self.endpoint.role, Role::Firewall(_))
    }
}

/// An expectation that a flow gets through, with its trace.
#[derive(Debug)]
pub struct Flow<'a> {
    /// The expectation.
    pub expectation: &'a Expectation,
    /// How it comes out.
    pub trace: Trace,
}

/// What rules look at.
#[derive(Debug)]
pub struct View<'a> {
    /// The scenario with everything computed from it.
    pub snapshot: &'a Snapshot,
    /// Its resources.
    pub estate: &'a Estate,
    /// Its compiled plane.
    pub plane: &'a Plane,
    /// Every subnet.
    pub subnets: Vec<SubnetView<'a>>,
    networks: BTreeMap<&'a str, Id<Network>>,
    names: BTreeMap<Id<Network>, &'a str>,
    adjacent: BTreeMap<&'a str, BTreeSet<&'a str>>,
    pub(super) index: Index<'a>,
    flows: OnceCell<Vec<Flow<'a>>>,
    pub(super) security_rules: OnceCell<Vec<SecurityRuleView<'a>>>,
    pub(super) firewall_rules: OnceCell<Vec<FirewallRuleView<'a>>>,
}

impl<'a> View<'a> {
    /// Looks at a snapshot.
    #[must_use]
    pub fn new(snapshot: &'a Snapshot) -> Self {
        let (estate, plane) = (&snapshot.scenario.estate, &snapshot.plane);
        let mut networks = BTreeMap::new();
        for (id, network) in plane.networks.iter() {
            if network.origin.kind == "virtual_network" {
                networks.insert(network.origin.name.as_str(), id);
            }
        }
        let mut segments: BTreeMap<&str, Id<Segment>> = BTreeMap::new();
        for (id, segment) in plane.segments.iter().filter(|(_, s)| s.origin.kind == "subnet") {
            // The first is the subnet; a further one of its name holds only what private endpoints send.
            segments.entry(segment.origin.name.as_str()).or_insert(id);
        }
        let mut subnets = Vec::new();
        for (vnet, entry) in estate.virtual_networks.iter() {
            for (name, subnet) in entry.value.subnets.iter() {
                let full = format!("{vnet}/{name}");
                if let Some(segment) = segments.get(full.as_str()).copied() {
                    subnets.push(SubnetView { full, vnet, name, entry: subnet, segment });
                }
            }
        }
        let names: BTreeMap<Id<Network>, &'a str> = networks.iter().map(|(n, id)| (*id, *n)).collect();
        let mut adjacent: BTreeMap<&'a str, BTreeSet<&'a str>> = BTreeMap::new();
        for subnet in &subnets {
            let segment = plane.segments.get(subnet.segment);
            for route in segment.routes.iter().chain(segment.replaced_routes.iter()) {
                if let dataplane::NextHop::Network { network, link: Some(_) } = &route.hop
                    && let Some(other) = names.get(network).copied()
                {
                    adjacent.entry(subnet.vnet).or_default().insert(other);
                    adjacent.entry(other).or_default().insert(subnet.vnet);
                }
            }
        }
        Self {
            snapshot,
            estate,
            plane,
            index: Index::new(estate, plane, &subnets),
            subnets,
            networks,
            names,
            adjacent,
            flows: OnceCell::new(),
            security_rules: OnceCell::new(),
            firewall_rules: OnceCell::new(),
        }
    }

    /// The subnet of a `vnet/subnet` reference.
    #[must_use]
    pub fn subnet(&self, full: &str) -> Option<&SubnetView<'a>> {
        self.index.subnet(full).and_then(|at| self.subnets.get(at))
    }

    /// The subnet of a segment.
    #[must_use]
    pub fn subnet_at(&self, segment: Id<Segment>) -> Option<&SubnetView<'a>> {
        self.index.subnet_at(segment).and_then(|at| self.subnets.get(at))
    }

    /// Subnets of a virtual network.
    pub fn subnets_of(&self, vnet: &str) -> impl Iterator<Item = &SubnetView<'a>> {
        self.index.subnets_of(vnet).filter_map(|at| self.subnets.get(at))
    }

    /// The segment of a subnet.
    #[must_use]
    pub fn segment(&self, subnet: &SubnetView<'_>) -> &'a Segment {
        self.plane.segments.get(subnet.segment)
    }

    /// The network of a virtual network.
    #[must_use]
    pub fn network(&self, vnet: &str) -> Option<Id<Network>> {
        self.networks.get(vnet).copied()
    }

    /// Prefixes of a virtual network.
    #[must_use]
    pub fn prefixes(&self, vnet: &str) -> Vec<Prefix> {
        let space = self.estate.virtual_networks.get(vnet).map(|v| v.value.address_space.as_slice());
        space.unwrap_or_default().iter().map(|p| p.value).collect()
    }

    /// Virtual networks that packets from this one reach without a gateway: peered, meshed or grouped.
    pub fn adjacent(&self, vnet: &str) -> impl Iterator<Item = &'a str> {
        self.adjacent.get(vnet).into_iter().flatten().copied()
    }

    /// Whether packets go straight from one virtual network to another.
    #[must_use]
    pub fn is_adjacent(&self, from: &str, to: &str) -> bool {
        self.adjacent.get(from).is_some_and(|a| a.contains(to))
    }

    /// The name of the virtual network of an endpoint.
    #[must_use]
    pub fn vnet_of(&self, endpoint: Id<Endpoint>) -> Option<&'a str> {
        self.plane.network_of(endpoint).and_then(|n| self.names.get(&n).copied())
    }

    /// The link of a peering on one side.
    #[must_use]
    pub fn link(&self, from: &str, to: &str) -> Option<(&'a str, &'a Entry<VirtualNetworkPeering>)> {
        self.index.link(from, to)
    }

    /// Both links of every working peering of whole networks, as (link, link back), each pair in both orders.
    pub fn peerings(
        &self,
    ) -> impl Iterator<Item = (&'a Entry<VirtualNetworkPeering>, &'a Entry<VirtualNetworkPeering>)> {
        let open = |l: &Entry<VirtualNetworkPeering>| {
            l.value.peering_state.as_ref().is_none_or(|s| s.value == PeeringState::Connected)
        };
        self.estate.virtual_network_peerings.iter().filter_map(move |(_, link)| {
            let (_, back) = self.link(&link.value.remote_virtual_network.value, &link.value.virtual_network.value)?;
            (open(link) && open(back)).then_some((link, back))
        })
    }

    /// The route table of a subnet.
    #[must_use]
    pub fn table(&self, subnet: &SubnetView<'a>) -> Option<(&'a str, &'a Entry<RouteTable>)> {
        let name = &subnet.entry.value.route_table.as_ref()?.value;
        self.estate.route_tables.get(name).map(|t| (name.as_str(), t))
    }

    /// The user routes of a subnet.
    pub fn user_routes(&self, subnet: &SubnetView<'a>) -> impl Iterator<Item = UserRoute<'a>> {
        self.table(subnet).into_iter().flat_map(|(table, t)| {
            t.value.routes.iter().map(move |(name, entry)| UserRoute {
                table,
                name,
                entry,
                prefix: entry.value.address_prefix.value.parse().ok(),
            })
        })
    }

    /// Whether learned routes are programmed in a subnet.
    #[must_use]
    pub fn propagates(&self, subnet: &SubnetView<'a>) -> bool {
        self.table(subnet).is_none_or(|(_, t)| t.value.bgp_route_propagation_enabled.value)
    }

    /// The effective IPv4 default route of a subnet.
    #[must_use]
    pub fn default_route(&self, subnet: &SubnetView<'_>) -> Option<&'a dataplane::Route> {
        self.segment(subnet).routes.iter().find(|r| r.prefix.is_default() && r.prefix.network().is_ipv4())
    }

    /// The device that owns an address in a virtual network or one adjacent to it.
    #[must_use]
    pub fn device(&self, vnet: &'a str, address: IpAddr) -> Option<Device<'a>> {
        let near = self.index.owners(address).filter_map(|id| Some((self.vnet_of(id)?, id)));
        // Its own network comes first, then the others by name.
        let (vnet, id) = near
            .filter(|(there, _)| *there == vnet || self.is_adjacent(vnet, there))
            .min_by_key(|(there, _)| (*there != vnet, *there))?;
        Some(Device { id, endpoint: self.plane.endpoints.get(id), vnet })
    }

    /// The device that the user default route of a subnet leads to, with the route.
    #[must_use]
    pub fn default_appliance(&self, subnet: &SubnetView<'a>) -> Option<(UserRoute<'a>, Option<Device<'a>>)> {
        let route = self.user_routes(subnet).find(|r| r.is_default() && r.appliance().is_some())?;
        Some((route, route.appliance().and_then(|a| self.device(subnet.vnet, a))))
    }

    /// Firewalls in virtual networks: name, declaration, virtual network, private address.
    pub fn firewalls(&self) -> impl Iterator<Item = (&'a str, &'a Entry<Firewall>, &'a str, IpAddr)> {
        self.estate.firewalls.iter().filter_map(|(name, entry)| {
            let (id, endpoint) = self.endpoint("firewall", name)?;
            Some((name, entry, self.vnet_of(id)?, *endpoint.addresses.first()?))
        })
    }

    /// The policy of a firewall and its parents, the most distant parent first.
    #[must_use]
    pub fn policies(&self, firewall: &'a Firewall) -> Vec<(&'a str, &'a Entry<FirewallPolicy>)> {
        let own = self.estate.firewall_policies_of(firewall).into_iter();
        let entry = |(name, _): (&'a Reference, _)| self.estate.firewall_policies.get(&name.value).map(|p| (name, p));
        let mut chain: Vec<_> = own.filter_map(entry).map(|(n, p)| (n.value.as_str(), p)).collect();
        chain.reverse();
        chain
    }

    /// Gateways of every virtual network that has some.
    #[must_use]
    pub fn gateways(&self) -> BTreeMap<&'a str, Vec<(&'a str, &'a Entry<VirtualNetworkGateway>)>> {
        let mut found: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        for (name, gateway) in self.estate.virtual_network_gateways.iter() {
            found.entry(gateway.value.virtual_network.value.as_str()).or_default().push((name, gateway));
        }
        found
    }

    /// Whether an address lies in the address space of a declared virtual network.
    #[must_use]
    pub fn in_a_network(&self, address: IpAddr) -> bool {
        self.index.in_a_network(address)
    }

    /// Endpoints of the plane that stand in a subnet.
    pub fn members(&self, subnet: &SubnetView<'_>) -> impl Iterator<Item = (Id<Endpoint>, &'a Endpoint)> {
        let plane = self.plane;
        self.index.members(subnet.segment).map(move |id| (id, plane.endpoints.get(id)))
    }

    /// The endpoint of the plane that a declaration made.
    #[must_use]
    pub fn endpoint(&self, kind: &'static str, name: &str) -> Option<(Id<Endpoint>, &'a Endpoint)> {
        let id = self.index.endpoint(kind, name)?;
        Some((id, self.plane.endpoints.get(id)))
    }

    /// Owners of an address in any network.
    pub fn owners(&self, address: IpAddr) -> impl Iterator<Item = &'a Endpoint> {
        let plane = self.plane;
        self.index.owners(address).map(move |id| plane.endpoints.get(id))
    }

    /// Expectations that one flow gets through (every verdict but `blocked`, `unsupported` and `unknown`), traced. Those
    /// that cannot be asked, or select many flows, are left to `privreach check`.
    #[must_use]
    pub fn wanted(&self) -> &[Flow<'a>] {
        self.flows.get_or_init(|| {
            let through = |v| !matches!(v, Verdict::Blocked | Verdict::Unsupported | Verdict::Unknown);
            let expectations = self.snapshot.scenario.expectations.iter();
            expectations
                .filter(|e| !e.fields.selects() && e.fields.verdict.as_ref().is_some_and(|v| through(v.value)))
                .filter_map(|expectation| {
                    let fields = &expectation.fields;
                    let question = Question {
                        from: fields.from.value.clone(),
                        to: fields.to.value.clone(),
                        port: fields.port.value,
                        transport: fields.protocol.value,
                    };
                    Some(Flow { expectation, trace: trace(self.plane, &question).ok()? })
                })
                .collect()
        })
    }

    /// The step that stops a flow for a reason.
    #[must_use]
    pub fn stopped<'f>(&self, flow: &'f Flow<'_>, reason: Reason) -> Option<&'f Step> {
        let alternatives = flow.trace.alternatives.iter().flat_map(|(_, steps)| steps);
        flow.trace.steps.iter().chain(alternatives).find(|s| match s.outcome {
            Outcome::Block(r) | Outcome::Unsupported(r) | Outcome::Unknown(r) => r == reason,
            Outcome::Pass | Outcome::Assume | Outcome::Admit(..) => false,
        })
    }

    /// The client of a question: what sends, if it has an address.
    #[must_use]
    pub fn sender(&self, name: &str) -> Option<Id<Endpoint>> {
        match self.plane.clients.get(name).ok()?.kind {
            dataplane::ClientKind::Endpoint(id) => Some(id),
            dataplane::ClientKind::Identity(_) => None,
        }
    }

    /// What a question is about, if the file declares it with an address.
    #[must_use]
    pub fn receiver(&self, name: &str) -> Option<Id<Endpoint>> {
        match self.plane.targets.get(name).ok()? {
            dataplane::Target::Address(_, owner) => *owner,
            dataplane::Target::Resource(_) | dataplane::Target::Unusable(_) => None,
        }
    }
}

/// Place of a setting, or of what holds it where the default applies.
#[must_use]
pub fn place<T>(setting: &crate::document::Setting<T>, holder: Span) -> Span {
    setting.span.unwrap_or(holder)
}
