//! The graph of an estate, kind by kind. Owners of addresses are indexed once, so that routes and pools find them.

use super::{Kind, Node, Relation, Topology};
use crate::{
    azure::model::{Estate, SharedNames, workspace::OutboundRuleType},
    diag::Span,
};
use petgraph::graph::NodeIndex;
use std::{collections::BTreeMap, net::IpAddr};

pub(super) fn build(topology: &mut Topology, estate: &Estate) {
    let mut builder = Builder { topology, owners: BTreeMap::new() };
    builder.networks(estate);
    builder.sites(estate);
    builder.services(estate);
    builder.workspaces(estate);
    builder.balancers(estate);
    builder.endpoints(estate);
    builder.wans(estate);
    builder.names(estate);
    builder.routes(estate);
    builder.backends(estate);
}

struct Builder<'t> {
    topology: &'t mut Topology,
    owners: BTreeMap<IpAddr, NodeIndex>,
}

fn joined<T: std::fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|i| i.to_string()).collect::<Vec<_>>().join(", ")
}

impl Builder<'_> {
    fn add(&mut self, kind: Kind, name: &str, detail: impl Into<String>, span: impl Into<Option<Span>>) -> NodeIndex {
        let node = Node { kind, name: name.to_owned(), detail: detail.into(), span: span.into() };
        let id = self.topology.graph.add_node(node);
        self.topology.index.insert((kind, name.to_owned()), id);
        id
    }

    fn owns(&mut self, node: NodeIndex, address: IpAddr) {
        self.owners.entry(address).or_insert(node);
    }

    fn find(&self, kind: Kind, name: &str) -> Option<NodeIndex> {
        self.topology.find(kind, name)
    }

    fn inside(&mut self, parent: Option<NodeIndex>, child: NodeIndex) {
        if let Some(parent) = parent {
            self.topology.graph.add_edge(parent, child, Relation::Contains);
        }
    }

    /// A relation, drawn once however many declarations make it.
    fn relate(&mut self, from: Option<NodeIndex>, to: Option<NodeIndex>, relation: Relation) {
        if let (Some(from), Some(to)) = (from, to)
            && from != to
            && !self.topology.graph.edges_connecting(from, to).any(|e| *e.weight() == relation)
        {
            self.topology.graph.add_edge(from, to, relation);
        }
    }

    /// What a connection or a reference to a service leads to.
    fn target(&self, name: &str) -> Option<NodeIndex> {
        let kinds = [Kind::Service, Kind::Workspace, Kind::ApplicationGateway, Kind::PrivateLinkService];
        kinds.into_iter().find_map(|k| self.find(k, name))
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
            let drawn = a.zip(b).is_some_and(|(a, b)| self.topology.graph.find_edge(b, a).is_some());
            if !drawn {
                self.relate(a, b, Relation::Peers);
            }
        }
        for (name, entry) in estate.virtual_machines.iter() {
            let address = entry.value.private_ip_address.value;
            let id = self.add(Kind::Machine, name, address.to_string(), entry.span);
            let interfaces = entry.value.secondary_network_interfaces.iter().map(|(_, i)| &i.value);
            let others = interfaces.flat_map(|i| std::iter::once(&i.private_ip_address).chain(&i.private_ip_addresses));
            for owned in
                std::iter::once(&entry.value.private_ip_address).chain(&entry.value.private_ip_addresses).chain(others)
            {
                self.owns(id, owned.value);
            }
            let subnet = self.find(Kind::Subnet, &entry.value.subnet.value);
            self.inside(subnet, id);
        }
        for (name, entry) in estate.firewalls.iter() {
            let address = entry.value.private_ip_address.as_ref().map(|a| a.value);
            let id = self.add(Kind::Firewall, name, joined(address), entry.span);
            if let Some(address) = address {
                self.owns(id, address);
            }
            let subnet = entry.value.subnet.as_ref().and_then(|s| self.find(Kind::Subnet, &s.value));
            self.inside(subnet, id);
        }
        for (name, _) in estate.nat_gateways.iter() {
            let span = estate.nat_gateways.get(name).map(|e| e.span);
            self.add(Kind::NatGateway, name, "", span);
        }
        for (name, entry) in estate.route_servers.iter() {
            let id = self.add(Kind::RouteServer, name, "", entry.span);
            let subnet = self.find(Kind::Subnet, &format!("{}/RouteServerSubnet", entry.value.virtual_network.value));
            self.inside(subnet, id);
        }
    }

    fn sites(&mut self, estate: &Estate) {
        for (name, entry) in estate.on_premises_sites.iter() {
            let detail = joined(entry.value.address_space.iter().map(|p| p.value));
            let site = self.add(Kind::Site, name, detail, entry.span);
            for (host, declared) in entry.value.hosts.iter() {
                let address = declared.value.ip_address.value;
                let id = self.add(Kind::Host, host, address.to_string(), declared.span);
                self.owns(id, address);
                self.inside(Some(site), id);
            }
            for (server, declared) in entry.value.dns_servers.iter() {
                let detail = joined(declared.value.ip_address.as_ref().map(|a| a.value));
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
        for (name, entry) in estate.vpn_clients.iter() {
            let id = self.add(Kind::VpnClient, name, entry.value.ip_address.value.to_string(), entry.span);
            let gateway = self.find(Kind::Gateway, &entry.value.virtual_network_gateway.value);
            self.relate(Some(id), gateway, Relation::Connects);
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
        for (name, entry) in estate.services.iter() {
            let own = self.find(Kind::Service, name);
            for (_, link) in entry.value.shared_private_links.iter() {
                let to = self.target(&link.value.target.value);
                self.relate(own, to, Relation::Targets);
            }
            if let Some(integration) = &entry.value.virtual_network_integration {
                let subnet = self.find(Kind::Subnet, &integration.subnet.value);
                self.relate(own, subnet, Relation::Uses);
            }
        }
        for (name, entry) in estate.network_security_perimeters.iter() {
            let id = self.add(Kind::Perimeter, name, "", entry.span);
            for (association, a) in entry.value.associations.iter() {
                let member = self.target(a.value.resource.as_ref().map_or(association, |r| &r.value));
                self.relate(Some(id), member, Relation::Encloses);
            }
        }
    }

    fn workspaces(&mut self, estate: &Estate) {
        for (name, entry) in estate.machine_learning_workspaces.iter() {
            self.add(Kind::Workspace, name, entry.value.kind.value.as_str(), entry.span);
        }
        let shared = SharedNames::of(estate);
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
            let mode = &declared.isolation_mode;
            let network = self.add(Kind::ManagedNetwork, name, mode.value.as_str(), mode.span);
            for (compute, c) in workspace.compute.iter() {
                let id = self.add(Kind::Compute, &shared.compute(name, compute), c.value.type_.value.as_str(), c.span);
                self.inside(Some(network), id);
            }
            for (endpoint, e) in workspace.online_endpoints.iter() {
                for (deployment, d) in e.value.deployments.iter() {
                    let full = shared.compute(name, &format!("{endpoint}/{deployment}"));
                    let id = self.add(Kind::Compute, &full, "deployment", d.span);
                    self.inside(Some(network), id);
                }
            }
            let rules = declared.outbound_rules.iter();
            for (rule, r) in rules.filter(|(_, r)| r.value.type_.value == OutboundRuleType::PrivateEndpoint) {
                let detail = joined(r.value.ip_addresses.iter().map(|a| a.value));
                let id = self.add(Kind::ManagedEndpoint, rule, detail, r.span);
                self.inside(Some(network), id);
                let target = r.value.service_resource.as_ref().and_then(|t| self.target(&t.value));
                self.relate(Some(id), target, Relation::Targets);
            }
        }
    }

    fn balancers(&mut self, estate: &Estate) {
        for (name, entry) in estate.load_balancers.iter() {
            let fronts = || entry.value.frontend_ip_configurations.iter().map(|(_, f)| &f.value);
            let detail = joined(fronts().filter_map(|f| f.private_ip_address.as_ref()).map(|a| a.value));
            let id = self.add(Kind::LoadBalancer, name, detail, entry.span);
            for address in fronts().filter_map(|f| f.private_ip_address.as_ref()) {
                self.owns(id, address.value);
            }
            let subnet = fronts().find_map(|f| f.subnet.as_ref()).and_then(|s| self.find(Kind::Subnet, &s.value));
            self.inside(subnet, id);
            for (_, pool) in entry.value.backend_address_pools.iter() {
                for machine in &pool.value.virtual_machines {
                    let machine = machine.value.split_once('/').map_or(machine.value.as_str(), |(m, _)| m);
                    let machine = self.find(Kind::Machine, machine);
                    self.relate(Some(id), machine, Relation::Uses);
                }
            }
        }
        for (name, entry) in estate.private_link_services.iter() {
            let id = self.add(Kind::PrivateLinkService, name, "", entry.span);
            let front = &entry.value.load_balancer_frontend.value;
            let balancer = self.find(Kind::LoadBalancer, front.split_once('/').map_or(front, |(b, _)| b));
            self.relate(Some(id), balancer, Relation::Targets);
            let nat = entry.value.nat_ip_configurations.iter().next();
            let subnet = nat.and_then(|(_, n)| self.find(Kind::Subnet, &n.value.subnet.value));
            self.inside(subnet, id);
        }
    }

    fn endpoints(&mut self, estate: &Estate) {
        for (name, entry) in estate.private_endpoints.iter() {
            let detail = joined(entry.value.ip_addresses.iter().map(|a| a.value));
            let id = self.add(Kind::PrivateEndpoint, name, detail, entry.span);
            let subnet = self.find(Kind::Subnet, &entry.value.subnet.value);
            self.inside(subnet, id);
            let target = self.target(&entry.value.private_service_connection.private_connection_resource.value);
            self.relate(Some(id), target, Relation::Targets);
        }
    }

    fn wans(&mut self, estate: &Estate) {
        for (name, entry) in estate.virtual_hubs.iter() {
            self.add(Kind::VirtualHub, name, entry.value.address_prefix.value.to_string(), entry.span);
        }
        for (name, entry) in estate.firewalls.iter() {
            let hub = entry.value.virtual_hub.as_ref().and_then(|h| self.find(Kind::VirtualHub, &h.value));
            if let (Some(hub), Some(firewall)) = (hub, self.find(Kind::Firewall, name)) {
                self.inside(Some(hub), firewall);
            }
        }
        for (_, entry) in estate.virtual_hub_connections.iter() {
            let network = self.find(Kind::VirtualNetwork, &entry.value.remote_virtual_network.value);
            let hub = self.find(Kind::VirtualHub, &entry.value.virtual_hub.value);
            self.relate(hub, network, Relation::Peers);
        }
        for (_, entry) in estate.virtual_hub_branches.iter() {
            let site = self.find(Kind::Site, &entry.value.on_premises_site.value);
            let hub = self.find(Kind::VirtualHub, &entry.value.virtual_hub.value);
            self.relate(site, hub, Relation::Connects);
        }
        // Hubs of one WAN are meshed.
        let hubs: Vec<_> = estate.virtual_hubs.iter().map(|(n, h)| (n, &h.value.virtual_wan.value)).collect();
        for (at, (a, wan)) in hubs.iter().enumerate() {
            for (b, _) in hubs.iter().skip(at + 1).filter(|(_, other)| other == wan) {
                let (a, b) = (self.find(Kind::VirtualHub, a), self.find(Kind::VirtualHub, b));
                self.relate(a, b, Relation::Peers);
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
                let address = e.value.private_ip_address.value;
                let id = self.add(Kind::Resolver, &format!("{name}/{endpoint}"), address.to_string(), e.span);
                self.owns(id, address);
                let subnet = self.find(Kind::Subnet, &e.value.subnet.value);
                self.inside(subnet, id);
            }
            for (endpoint, e) in entry.value.outbound_endpoints.iter() {
                let id = self.add(Kind::Resolver, &format!("{name}/{endpoint}"), "outbound", e.span);
                let subnet = self.find(Kind::Subnet, &e.value.subnet.value);
                self.inside(subnet, id);
            }
        }
        for (site, entry) in estate.on_premises_sites.iter() {
            for (server, s) in entry.value.dns_servers.iter() {
                let from = self.find(Kind::Resolver, &format!("{site}/{server}"));
                for address in s.value.conditional_forwarders.iter().flat_map(|(_, f)| &f.value) {
                    let to = self.owners.get(&address.value).copied();
                    self.relate(from, to, Relation::Forwards);
                }
            }
        }
        for (_, entry) in estate.private_dns_resolver_dns_forwarding_rulesets.iter() {
            let servers = || entry.value.rules.iter().flat_map(|(_, r)| &r.value.target_dns_servers);
            for outbound in &entry.value.outbound_endpoints {
                let from = self.find(Kind::Resolver, &outbound.value);
                for address in servers() {
                    let to = self.owners.get(&address.value).copied();
                    self.relate(from, to, Relation::Forwards);
                }
            }
        }
    }

    /// Which devices the routes of a subnet lead to, and by which NAT gateway it leaves.
    fn routes(&mut self, estate: &Estate) {
        for (vnet, entry) in estate.virtual_networks.iter() {
            for (subnet, declared) in entry.value.subnets.iter() {
                let from = self.find(Kind::Subnet, &format!("{vnet}/{subnet}"));
                let table = declared.value.route_table.as_ref().and_then(|t| estate.route_tables.get(&t.value));
                let routes = table.into_iter().flat_map(|t| t.value.routes.iter());
                for hop in routes.filter_map(|(_, r)| r.value.next_hop_in_ip_address.as_ref()) {
                    let device = self.owners.get(&hop.value).copied();
                    self.relate(from, device, Relation::RoutesVia);
                }
                let nat = declared.value.nat_gateway.as_ref().and_then(|n| self.find(Kind::NatGateway, &n.value));
                self.relate(from, nat, Relation::RoutesVia);
            }
        }
    }

    fn backends(&mut self, estate: &Estate) {
        for (name, entry) in estate.application_gateways.iter() {
            let gateway = self.find(Kind::ApplicationGateway, name);
            for address in entry.value.backend_address_pools.iter().flat_map(|(_, p)| &p.value.ip_addresses) {
                let to = self.owners.get(&address.value).copied();
                self.relate(gateway, to, Relation::Bridges);
            }
        }
    }
}
