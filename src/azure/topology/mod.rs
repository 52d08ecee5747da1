//! The estate as a graph: typed resources and relations, each with the place that declared it.
//!
//! Diagrams are drawn from it. Containment is a relation like any other; every resource has at most one container.

mod build;

use super::model::Estate;
use crate::diag::Span;
use petgraph::{
    Direction,
    graph::{DiGraph, NodeIndex},
    visit::EdgeRef,
};
use std::collections::BTreeMap;

/// Kind of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// An on-premises site.
    Site,
    /// A machine on premises.
    Host,
    /// A virtual network.
    VirtualNetwork,
    /// A subnet.
    Subnet,
    /// A managed virtual network.
    ManagedNetwork,
    /// Compute in a managed network.
    Compute,
    /// An outbound rule that makes a private endpoint.
    ManagedEndpoint,
    /// A virtual machine.
    Machine,
    /// A VPN or ExpressRoute gateway.
    Gateway,
    /// An Azure Firewall.
    Firewall,
    /// An application gateway.
    ApplicationGateway,
    /// An endpoint of a DNS resolver.
    Resolver,
    /// A private endpoint.
    PrivateEndpoint,
    /// A PaaS service.
    Service,
    /// A hub, project or workspace.
    Workspace,
    /// A private DNS zone.
    Zone,
    /// The public internet: a client on it, or a host.
    Internet,
    /// A virtual hub of a virtual WAN.
    VirtualHub,
    /// A load balancer.
    LoadBalancer,
    /// A NAT gateway.
    NatGateway,
    /// A Route Server.
    RouteServer,
    /// A private link service.
    PrivateLinkService,
    /// A network security perimeter.
    Perimeter,
    /// A point-to-site client.
    VpnClient,
}

/// Relation between two resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relation {
    /// The first holds the second.
    Contains,
    /// Two networks are peered.
    Peers,
    /// A gateway is connected to a site.
    Connects,
    /// An endpoint leads to its target.
    Targets,
    /// A zone is visible in a network.
    Links,
    /// A subnet's routes lead to an appliance.
    RoutesVia,
    /// A gateway passes requests on to a backend.
    Bridges,
    /// A server sends queries on.
    Forwards,
    /// A project belongs to a hub, a hub uses a service, a balancer its machines, a subnet its NAT gateway.
    Uses,
    /// A perimeter holds a service.
    Encloses,
}

/// A resource in the graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Kind.
    pub kind: Kind,
    /// Name, unique within its kind.
    pub name: String,
    /// A second line for people: an address, a prefix, a type.
    pub detail: String,
    /// Place of its declaration.
    pub span: Option<Span>,
}

/// The estate as a graph.
#[derive(Debug, Clone, Default)]
pub struct Topology {
    graph: DiGraph<Node, Relation>,
    index: BTreeMap<(Kind, String), NodeIndex>,
}

impl Topology {
    /// Builds the graph of an estate. References that lead nowhere were reported by compilation and have no edge.
    #[must_use]
    pub fn new(estate: &Estate) -> Self {
        let mut topology = Self::default();
        build::build(&mut topology, estate);
        topology
    }

    /// The underlying graph.
    #[must_use]
    pub fn graph(&self) -> &DiGraph<Node, Relation> {
        &self.graph
    }

    /// The node of a resource.
    #[must_use]
    pub fn find(&self, kind: Kind, name: &str) -> Option<NodeIndex> {
        self.index.get(&(kind, name.to_owned())).copied()
    }

    /// What a resource holds, in order of declaration.
    #[must_use]
    pub fn children(&self, node: NodeIndex) -> Vec<NodeIndex> {
        let mut children: Vec<_> =
            self.graph.edges(node).filter(|e| *e.weight() == Relation::Contains).map(|e| e.target()).collect();
        children.sort_unstable();
        children
    }

    /// Everything of a name, whatever its kind, or of the last part of a subnet's name after its network.
    #[must_use]
    pub fn named(&self, name: &str) -> Vec<NodeIndex> {
        let (kind, plain) = name.split_once('.').map_or((None, name), |(kind, rest)| (Some(kind), rest));
        let by = |wanted: &str| {
            let mut all: Vec<_> = self
                .graph
                .node_indices()
                .filter(|n| self.graph.node_weight(*n).is_some_and(|w| w.name == wanted))
                .collect();
            all.sort_unstable();
            all
        };
        match by(name) {
            found if !found.is_empty() || kind.is_none() => found,
            _ => by(plain),
        }
    }

    /// What holds a resource.
    #[must_use]
    pub fn parent(&self, node: NodeIndex) -> Option<NodeIndex> {
        self.graph
            .edges_directed(node, Direction::Incoming)
            .find(|e| *e.weight() == Relation::Contains)
            .map(|e| e.source())
    }

    /// Resources that nothing holds.
    #[must_use]
    pub fn roots(&self) -> Vec<NodeIndex> {
        let held = |n| self.graph.edges_directed(n, Direction::Incoming).any(|e| *e.weight() == Relation::Contains);
        self.graph.node_indices().filter(|n| !held(*n)).collect()
    }
}
