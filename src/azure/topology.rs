//! The estate as a graph: typed resources and relations, each with the place that declared it.
//!
//! Diagrams are drawn from it. Containment is a relation like any other; every resource has at most one container.

use super::model::{Estate, workspace::OutboundRuleType};
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
    /// The public internet, or a client on it.
    Internet,
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
    /// A project belongs to a hub, a hub uses a service.
    Uses,
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

fn joined<T: std::fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|i| i.to_string()).collect::<Vec<_>>().join(", ")
}

impl Topology {
    /// Builds the graph of an estate. References that lead nowhere were reported by compilation and have no edge.
    #[must_use]
    pub fn new(estate: &Estate) -> Self {
        let mut topology = Self::default();
        topology.networks(estate);
        topology.sites(estate);
        topology.services(estate);
        topology.workspaces(estate);
        topology.endpoints(estate);
        topology.gateways(estate);
        topology.names(estate);
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

    /// Resources that nothing holds.
    #[must_use]
    pub fn roots(&self) -> Vec<NodeIndex> {
        let held = |n| self.graph.edges_directed(n, Direction::Incoming).any(|e| *e.weight() == Relation::Contains);
        self.graph.node_indices().filter(|n| !held(*n)).collect()
    }

    fn add(&mut self, kind: Kind, name: &str, detail: impl Into<String>, span: impl Into<Option<Span>>) -> NodeIndex {
        let node = Node { kind, name: name.to_owned(), detail: detail.into(), span: span.into() };
        let id = self.graph.add_node(node);
        self.index.insert((kind, name.to_owned()), id);
        id
    }

    fn inside(&mut self, parent: Option<NodeIndex>, child: NodeIndex) {
        if let Some(parent) = parent {
            self.graph.add_edge(parent, child, Relation::Contains);
        }
    }

    fn relate(&mut self, from: Option<NodeIndex>, to: Option<NodeIndex>, relation: Relation) {
        if let (Some(from), Some(to)) = (from, to) {
            self.graph.update_edge(from, to, relation);
        }
    }

    /// The service or workspace of a name.
    fn target(&self, name: &str) -> Option<NodeIndex> {
        [Kind::Service, Kind::Workspace, Kind::ApplicationGateway].into_iter().find_map(|k| self.find(k, name))
    }

    fn networks(&mut self, estate: &Estate) {
        for (name, entry) in estate.virtual_networks.iter() {
            let detail = joined(entry.value.address_space.iter().map(|p| p.value));
            let vnet = self.add(Kind::VirtualNetwork, name, detail, entry.span);
            for (subnet, declared) in entry.value.subnets.iter() {
                let detail = joined(declared.value.address_prefixes.iter().map(|p| p.value));
                let id = self.add(Kind::Subnet, &format!("{name}/{subnet}"), detail, declared.span);
                self.inside(Some(vnet), id);
            }
        }
        for (_, entry) in estate.virtual_network_peerings.iter() {
            let ends = (&entry.value.virtual_network.value, &entry.value.remote_virtual_network.value);
            let (a, b) = (self.find(Kind::VirtualNetwork, ends.0), self.find(Kind::VirtualNetwork, ends.1));
            // One edge stands for both links.
            let drawn = a.zip(b).is_some_and(|(a, b)| self.graph.find_edge(b, a).is_some());
            if !drawn {
                self.relate(a, b, Relation::Peers);
            }
        }
        for (name, entry) in estate.virtual_machines.iter() {
            let id = self.add(Kind::Machine, name, entry.value.private_ip_address.value.to_string(), entry.span);
            let subnet = self.find(Kind::Subnet, &entry.value.subnet.value);
            self.inside(subnet, id);
        }
        for (name, entry) in estate.firewalls.iter() {
            let detail = entry.value.private_ip_address.as_ref().map_or(String::new(), |a| a.value.to_string());
            let id = self.add(Kind::Firewall, name, detail, entry.span);
            let subnet = entry.value.subnet.as_ref().and_then(|s| self.find(Kind::Subnet, &s.value));
            self.inside(subnet, id);
        }
        for (vnet, entry) in estate.virtual_networks.iter() {
            for (subnet, declared) in entry.value.subnets.iter() {
                let table = declared.value.route_table.as_ref().and_then(|t| estate.route_tables.get(&t.value));
                let hops = table
                    .into_iter()
                    .flat_map(|t| t.value.routes.iter())
                    .filter_map(|(_, r)| r.value.next_hop_in_ip_address.as_ref());
                for hop in hops {
                    let firewall = estate
                        .firewalls
                        .iter()
                        .find(|(_, f)| f.value.private_ip_address.as_ref().is_some_and(|a| a.value == hop.value));
                    let machine =
                        estate.virtual_machines.iter().find(|(_, m)| m.value.private_ip_address.value == hop.value);
                    let device = firewall
                        .and_then(|(n, _)| self.find(Kind::Firewall, n))
                        .or_else(|| machine.and_then(|(n, _)| self.find(Kind::Machine, n)));
                    let from = self.find(Kind::Subnet, &format!("{vnet}/{subnet}"));
                    self.relate(from, device, Relation::RoutesVia);
                }
            }
        }
    }

    fn sites(&mut self, estate: &Estate) {
        for (name, entry) in estate.on_premises_sites.iter() {
            let site =
                self.add(Kind::Site, name, joined(entry.value.address_space.iter().map(|p| p.value)), entry.span);
            for (host, declared) in entry.value.hosts.iter() {
                let id = self.add(Kind::Host, host, declared.value.ip_address.value.to_string(), declared.span);
                self.inside(Some(site), id);
            }
            for (server, declared) in entry.value.dns_servers.iter() {
                let detail = declared.value.ip_address.as_ref().map_or(String::new(), |a| a.value.to_string());
                let id = self.add(Kind::Resolver, &format!("{name}/{server}"), detail, declared.span);
                self.inside(Some(site), id);
            }
        }
        for (name, entry) in estate.virtual_network_gateways.iter() {
            let id = self.add(Kind::Gateway, name, entry.value.type_.value.as_str(), entry.span);
            let subnet = self.find(Kind::Subnet, &format!("{}/GatewaySubnet", entry.value.virtual_network.value));
            self.inside(subnet, id);
        }
        for (_, entry) in estate.virtual_network_gateway_connections.iter() {
            let gateway = self.find(Kind::Gateway, &entry.value.virtual_network_gateway.value);
            let far = match (&entry.value.on_premises_site, &entry.value.peer_virtual_network_gateway) {
                (Some(site), _) => self.find(Kind::Site, &site.value),
                (None, Some(peer)) => self.find(Kind::Gateway, &peer.value),
                (None, None) => None,
            };
            self.relate(far, gateway, Relation::Connects);
        }
        for (name, entry) in estate.internet_clients.iter() {
            self.add(Kind::Internet, name, entry.value.ip_address.value.to_string(), entry.span);
        }
    }

    fn services(&mut self, estate: &Estate) {
        for (name, entry) in estate.services.iter() {
            let access = if entry.value.public_network_access_enabled.value { "public access" } else { "private" };
            let kind = entry.value.type_.value.rsplit('/').next().unwrap_or_default();
            self.add(Kind::Service, name, format!("{kind}, {access}"), entry.span);
        }
        for (name, entry) in estate.application_gateways.iter() {
            let id = self.add(Kind::ApplicationGateway, name, entry.value.sku_name.value.as_str(), entry.span);
            let subnet = self.find(Kind::Subnet, &entry.value.subnet.value);
            self.inside(subnet, id);
        }
    }

    fn workspaces(&mut self, estate: &Estate) {
        for (name, entry) in estate.machine_learning_workspaces.iter() {
            self.add(Kind::Workspace, name, entry.value.kind.value.as_str(), entry.span);
        }
        for (name, entry) in estate.machine_learning_workspaces.iter() {
            let workspace = &entry.value;
            let own = self.find(Kind::Workspace, name);
            if let Some(hub) = &workspace.hub {
                let hub = self.find(Kind::Workspace, &hub.value);
                self.relate(own, hub, Relation::Uses);
            }
            let Some(declared) = &workspace.managed_network else {
                continue;
            };
            let network = self.add(
                Kind::ManagedNetwork,
                name,
                declared.isolation_mode.value.as_str(),
                declared.isolation_mode.span,
            );
            for (compute, c) in workspace.compute.iter() {
                let id = self.add(Kind::Compute, compute, c.value.type_.value.as_str(), c.span);
                self.inside(Some(network), id);
            }
            for (endpoint, e) in workspace.online_endpoints.iter() {
                for (deployment, d) in e.value.deployments.iter() {
                    let id = self.add(Kind::Compute, &format!("{endpoint}/{deployment}"), "deployment", d.span);
                    self.inside(Some(network), id);
                }
            }
            for (rule, r) in
                declared.outbound_rules.iter().filter(|(_, r)| r.value.type_.value == OutboundRuleType::PrivateEndpoint)
            {
                let detail = joined(r.value.ip_addresses.iter().map(|a| a.value));
                let id = self.add(Kind::ManagedEndpoint, rule, detail, r.span);
                self.inside(Some(network), id);
                let target = r.value.service_resource.as_ref().and_then(|t| self.target(&t.value));
                self.relate(Some(id), target, Relation::Targets);
            }
        }
    }

    fn endpoints(&mut self, estate: &Estate) {
        for (name, entry) in estate.private_endpoints.iter() {
            let id = self.add(
                Kind::PrivateEndpoint,
                name,
                joined(entry.value.ip_addresses.iter().map(|a| a.value)),
                entry.span,
            );
            let subnet = self.find(Kind::Subnet, &entry.value.subnet.value);
            self.inside(subnet, id);
            let target = self.target(&entry.value.private_service_connection.private_connection_resource.value);
            self.relate(Some(id), target, Relation::Targets);
        }
    }

    fn gateways(&mut self, estate: &Estate) {
        for (name, entry) in estate.application_gateways.iter() {
            let gateway = self.find(Kind::ApplicationGateway, name);
            for address in entry.value.backend_address_pools.iter().flat_map(|(_, p)| &p.value.ip_addresses) {
                let hosts = estate.on_premises_sites.iter().flat_map(|(_, s)| s.value.hosts.iter());
                let host = hosts
                    .filter(|(_, h)| h.value.ip_address.value == address.value)
                    .find_map(|(n, _)| self.find(Kind::Host, n));
                let machine = || {
                    estate
                        .virtual_machines
                        .iter()
                        .find(|(_, m)| m.value.private_ip_address.value == address.value)
                        .and_then(|(n, _)| self.find(Kind::Machine, n))
                };
                let to = host.or_else(machine);
                self.relate(gateway, to, Relation::Bridges);
            }
        }
    }

    fn names(&mut self, estate: &Estate) {
        for (name, entry) in estate.private_dns_zones.iter() {
            let zone = self.add(Kind::Zone, name, "", entry.span);
            for (link, l) in entry.value.virtual_network_links.iter() {
                let vnet = l.value.virtual_network.as_ref().map_or(link, |v| v.value.as_str());
                let vnet = self.find(Kind::VirtualNetwork, vnet);
                self.relate(Some(zone), vnet, Relation::Links);
            }
        }
        for (name, entry) in estate.private_dns_resolvers.iter() {
            for (endpoint, e) in entry.value.inbound_endpoints.iter() {
                let id = self.add(
                    Kind::Resolver,
                    &format!("{name}/{endpoint}"),
                    e.value.private_ip_address.value.to_string(),
                    e.span,
                );
                let subnet = self.find(Kind::Subnet, &e.value.subnet.value);
                self.inside(subnet, id);
            }
        }
        let inbound: BTreeMap<_, _> = estate
            .private_dns_resolvers
            .iter()
            .flat_map(|(n, r)| {
                r.value
                    .inbound_endpoints
                    .iter()
                    .map(move |(e, i)| (i.value.private_ip_address.value, format!("{n}/{e}")))
            })
            .collect();
        for (site, entry) in estate.on_premises_sites.iter() {
            for (server, s) in entry.value.dns_servers.iter() {
                let from = self.find(Kind::Resolver, &format!("{site}/{server}"));
                for address in s.value.conditional_forwarders.iter().flat_map(|(_, f)| &f.value) {
                    let to = inbound.get(&address.value).and_then(|n| self.find(Kind::Resolver, n));
                    self.relate(from, to, Relation::Forwards);
                }
            }
        }
    }
}
