//! What exists beyond the model: where it could matter.

use super::Compiler;
use crate::{
    azure::model::{network::VirtualNetworkPeering, unmodelled::Concern as Written},
    dataplane::{Concern, Id, Links, Member, Network, Origin, Resolver, Unmodelled, UnmodelledScope},
    diag::{Diagnostic, code, nearest},
    document::Reference,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// What elements have inside, made once for all entries.
struct Inside {
    /// Names of all that a path can meet.
    names: BTreeSet<String>,
    /// Parts of gateways that go by their own names, by the gateway's.
    of_gateways: BTreeMap<String, Vec<String>>,
    /// What has an address in a network or subnet, by its name.
    inhabitants: BTreeMap<String, Vec<String>>,
}

fn concern(written: Written) -> Concern {
    match written {
        Written::Address => Concern::Address,
        Written::Place => Concern::Place,
        Written::Names => Concern::Names,
        Written::Routes => Concern::Routes,
        Written::Links => Concern::Links,
        Written::Calls => Concern::Calls,
        Written::PublicAccess => Concern::PublicAccess,
        Written::PublicRules => Concern::PublicRules,
    }
}

impl Compiler<'_> {
    /// Comes last, because it refers to the names of everything else.
    pub(super) fn unmodelled(&mut self) {
        let estate = self.estate;
        if estate.unmodelled.iter().next().is_none() {
            return;
        }
        let inside = self.insides();
        let joins = estate.unmodelled.iter().any(|(_, e)| e.value.concerns.iter().any(|c| c.value == Written::Links));
        let all = Arc::new(if joins { self.names_of_all() } else { BTreeMap::new() });
        let mut found = Vec::new();
        for (name, entry) in estate.unmodelled.iter() {
            let what = &entry.value;
            let subnet = what.subnet.as_ref().map(|s| (self.subnet(s), s));
            let mut elements = BTreeSet::new();
            for element in &what.affects {
                if inside.names.contains(&element.value) {
                    elements.insert(element.value.clone());
                    continue;
                }
                let text = format!("nothing that a path can meet is named `{}`", element.value);
                let near = nearest(&element.value, inside.names.iter().map(String::as_str));
                let help =
                    near.map_or("name it as `privreach trace` does".to_owned(), |n| format!("did you mean `{n}`?"));
                self.diagnostics.push(Diagnostic::error(code::REFERENCE, element.span, text).help(help));
            }
            let concerns: BTreeSet<Concern> = what.concerns.iter().map(|c| concern(c.value)).collect();
            let scope = match subnet {
                Some((Some(segment), _)) => {
                    let network = self.plane.segments.get(segment).network;
                    elements.insert(self.plane.segments.get(segment).origin.name.clone());
                    elements.insert(self.plane.networks.get(network).origin.name.clone());
                    UnmodelledScope::Owners(elements)
                }
                Some((None, _)) => continue,
                None if !what.names.is_empty() => UnmodelledScope::Names(self.names(&what.names)),
                None if what.subnet_unknown.value => UnmodelledScope::Owners(self.subnets_of_hosts()),
                None if what.affects.is_empty() => UnmodelledScope::Everything,
                None if concerns.contains(&Concern::Names) => UnmodelledScope::Elements(self.with_askers(elements)),
                None => UnmodelledScope::Elements(inside.with_inhabitants(elements)),
            };
            let text = format!("{} {name} is not modelled: {}", what.type_.value, what.reason.value);
            found.push(Unmodelled {
                origin: Origin::new("unmodelled", name, entry.span),
                text,
                scope,
                learners: what.subnet.iter().flat_map(|s| self.learners(&inside, &s.value)).collect(),
                ports: what.ports.iter().map(|p| (p.value.transport, p.value.ports.clone())).collect(),
                links: concerns.contains(&Concern::Links).then(|| self.links(&what.affects, &all)),
                concerns,
            });
        }
        self.plane.unmodelled.extend(found);
    }

    /// Elements with whoever asks for names as they say: clients, and pools of gateways whose members are names.
    fn with_askers(&self, mut elements: BTreeSet<String>) -> BTreeSet<String> {
        // Servers of a member's own are told by their place.
        let of_network = |at: &Origin| {
            let network = self.estate.virtual_networks.get(&at.name);
            network.is_none_or(|n| n.value.dns_servers.first().is_some_and(|s| Some(s.span) == at.span))
        };
        let asks = |resolver: &Resolver| match resolver {
            Resolver::Platform(view) => elements.contains(&self.plane.dns.views.get(*view).origin.name),
            Resolver::Servers { origin, .. } => elements.contains(&origin.name) && of_network(origin),
            Resolver::Public => false,
        };
        let clients = self.plane.clients.iter().map(|(_, c)| c).filter(|c| asks(&c.resolver)).map(|c| &c.origin);
        let gateways = self.plane.proxies.iter().map(|(_, p)| p).filter(|p| asks(&p.resolver));
        let by_name = |m: &Member| matches!(m, Member::Name(_));
        let pools = gateways.flat_map(|p| &p.rules).map(|r| &r.backend).filter(|b| b.members.iter().any(by_name));
        let askers: Vec<String> = clients.chain(pools.map(|b| &b.origin)).map(|o| o.name.clone()).collect();
        elements.extend(askers);
        elements
    }

    /// What learns from the gateway of a subnet: all in its network, and in those that use it from beside (GW-03).
    fn learners(&self, inside: &Inside, subnet: &str) -> Vec<String> {
        let Some(home) = subnet.strip_suffix("/GatewaySubnet") else { return Vec::new() };
        let uses = |p: &&VirtualNetworkPeering| p.use_remote_gateways.value && p.remote_virtual_network.value == home;
        let peerings = self.estate.virtual_network_peerings.iter().map(|(_, p)| &p.value);
        let users = peerings.filter(uses).map(|p| p.virtual_network.value.as_str());
        let networks = std::iter::once(home).chain(users);
        let networks = networks.filter_map(|n| Some((n, &self.estate.virtual_networks.get(n)?.value)));
        // A table may keep what is learned from its subnet (UDR-08).
        let learns = |table: Option<&Reference>| {
            let table = table.and_then(|t| self.estate.route_tables.get(&t.value));
            table.is_none_or(|t| t.value.bgp_route_propagation_enabled.value)
        };
        let subnets =
            networks.flat_map(|(n, network)| network.subnets.iter().map(move |(s, subnet)| (n, s, &subnet.value)));
        let learning = subnets.filter(|(.., subnet)| learns(subnet.route_table.as_ref()));
        learning.filter_map(|(n, s, _)| inside.inhabitants.get(&format!("{n}/{s}"))).flatten().cloned().collect()
    }

    /// What stands inside networks that are named; `all` is what stands, or leads, anywhere.
    fn links(&self, affected: &[Reference], all: &Arc<BTreeMap<String, usize>>) -> Links {
        let is_named = |id| {
            let name = &self.plane.networks.get(id).origin.name;
            affected.iter().any(|a| a.value == *name)
        };
        let mut inside: BTreeMap<&str, usize> = BTreeMap::new();
        for (network, name) in self.placed() {
            if network.is_some_and(is_named) {
                *inside.entry(name).or_default() += 1;
            }
        }
        // What something elsewhere is called, too, may be that.
        let own = |(name, count): &(&str, usize)| all.get(*name) == Some(count);
        Links {
            inside: inside.into_iter().filter(own).map(|(name, _)| name.to_owned()).collect(),
            all: Arc::clone(all),
        }
    }

    /// Networks, subnets and what has an address, with the network of each.
    fn placed(&self) -> impl Iterator<Item = (Option<Id<Network>>, &str)> {
        let networks = self.plane.networks.iter().map(|(id, n)| (Some(id), n.origin.name.as_str()));
        let segments = self.plane.segments.iter().map(|(_, s)| (Some(s.network), s.origin.name.as_str()));
        let endpoints = self.plane.endpoints.iter().map(|(id, e)| (self.plane.network_of(id), e.origin.name.as_str()));
        networks.chain(segments).chain(endpoints)
    }

    /// How often each name is that of something that stands somewhere, or of a route that does not lead into the network
    /// of that name.
    fn names_of_all(&self) -> BTreeMap<String, usize> {
        let mut all: BTreeMap<String, usize> = BTreeMap::new();
        self.placed().for_each(|(_, name)| *all.entry(name.to_owned()).or_default() += 1);
        let routes = self.plane.segments.iter().flat_map(|(_, s)| s.routes.iter());
        let led: BTreeSet<(&str, &str)> = routes
            .filter(|r| r.origin.kind != "virtual_network")
            .map(|r| (r.origin.kind, r.origin.name.as_str()))
            .collect();
        let endpoints: BTreeSet<(&str, &str)> =
            self.plane.endpoints.iter().map(|(_, e)| (e.origin.kind, e.origin.name.as_str())).collect();
        led.difference(&endpoints).for_each(|(_, name)| *all.entry((*name).to_owned()).or_default() += 1);
        all
    }

    /// Networks, and subnets that anything may stand in.
    fn subnets_of_hosts(&self) -> BTreeSet<String> {
        let segments = self.plane.segments.iter().map(|(_, s)| &s.origin.name);
        let networks = self.plane.networks.iter().map(|(_, n)| &n.origin.name);
        segments.filter(|name| !name.ends_with("/GatewaySubnet")).chain(networks).cloned().collect()
    }

    fn insides(&self) -> Inside {
        let names = self.plane.element_names().into_iter().map(str::to_owned).collect();
        let parts = self.plane.proxies.iter().map(|(_, p)| {
            let own = p.frontends.iter().map(|f| &f.origin).chain(p.listeners.iter().map(|l| &l.origin));
            (p.origin.name.clone(), own.map(|o| o.name.clone()).collect())
        });
        let of_gateways = parts.collect();
        let mut inhabitants: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (_, endpoint) in self.plane.endpoints.iter() {
            let Some(segment) = endpoint.segment.map(|s| self.plane.segments.get(s)) else { continue };
            for place in [&segment.origin, &self.plane.networks.get(segment.network).origin] {
                inhabitants.entry(place.name.clone()).or_default().push(endpoint.origin.name.clone());
            }
        }
        Inside { names, of_gateways, inhabitants }
    }
}

impl Inside {
    /// Elements with their parts, and with everything that has an address in those of them that are networks or subnets.
    fn with_inhabitants(&self, mut elements: BTreeSet<String>) -> BTreeSet<String> {
        let below = |element: &String| {
            let start = format!("{element}/");
            let parts = self.names.range(start.clone()..);
            parts.take_while(move |n| n.starts_with(&start)).cloned().collect::<Vec<_>>()
        };
        let parts: Vec<String> = elements.iter().flat_map(below).collect();
        elements.extend(parts);
        for inside in [&self.of_gateways, &self.inhabitants] {
            let found: Vec<String> = elements.iter().filter_map(|e| inside.get(e)).flatten().cloned().collect();
            elements.extend(found);
        }
        elements
    }
}
