//! Which flows a plane has: everybody who asks, and everything that can be asked for, on the ports that may answer.
//!
//! The one list behind the matrix, expectations of many flows, comparisons, impact, repairs and baselines, so that none of
//! them misses what another one asks. What a trace can show to be open is on it:
//!
//! - every name of a service: all sub-resources, all names of each, slots and deployment sites
//! - machines, frontends and other owners of addresses at each of their addresses, public ones under the name of the public
//!   address; such a flow is one with the machine behind it, too
//! - names that a listener of a gateway tells apart
//! - the ports that are served, and where that is not declared those that filters tell apart
//!
//! A thing has usual ways in, of which one says that all must work, and further ones, which must not be open to those who
//! should not come in: further names, ports that only rules know, the public address of a machine.

mod names;
mod ports;
mod published;

pub use names::further;
pub use ports::{Served, served};
pub use published::Behind;

use crate::{
    dataplane::{Client, ClientKind, Endpoint, Id, Origin, Plane, Resource, Role, Target},
    net::{Fqdn, Transport},
    trace::Question,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

/// The port that is asked for where nothing says which are served.
pub const USUAL_PORT: u16 = 443;

/// Somebody who asks.
#[derive(Debug, Clone)]
pub struct Asker<'p> {
    /// Declaration.
    pub origin: &'p Origin,
    /// The client.
    pub client: &'p Client,
    /// The name under which a question finds it.
    pub name: String,
}

/// All clients of a plane, in order of name.
#[must_use]
pub fn clients(plane: &Plane) -> Vec<Asker<'_>> {
    let named = |origin: &Origin| match plane.clients.get(&origin.name) {
        Ok(_) => origin.name.clone(),
        Err(_) => format!("{}.{}", origin.kind, origin.name),
    };
    plane.clients.iter().map(|(origin, client)| Asker { origin, client, name: named(origin) }).collect()
}

/// Everybody who may ask: all clients, and beside them whoever stands for a part of the internet of which no declared
/// client is ([`crate::dataplane::Internet`]). For what must not be open.
#[must_use]
pub fn askers(plane: &Plane) -> Vec<Asker<'_>> {
    let mut all = clients(plane);
    let stand_ins = plane.internet.asking();
    all.extend(stand_ins.map(|client| Asker { origin: &client.origin, client, name: client.origin.name.clone() }));
    all
}

/// Whether a client stands for others on the internet, rather than being declared.
#[must_use]
pub fn is_implied(client: &Client) -> bool {
    client.origin.kind == "internet_client" && client.origin.span.is_none()
}

/// Whether a plane declares nobody on the internet.
#[must_use]
pub fn lacks_internet(plane: &Plane) -> bool {
    plane.clients.iter().all(|(o, _)| o.kind != "internet_client")
}

/// Something that is asked for, on one port.
#[derive(Debug, Clone)]
pub struct Service {
    /// Declaration.
    pub origin: Origin,
    /// What else this is a flow to: the owner of a public address, the gateway behind a name.
    pub also: Vec<Origin>,
    /// What a public address or name leads to: the machines of a pool, what a firewall translates to.
    pub behind: Vec<Behind>,
    /// How a question names it.
    pub to: String,
    /// Transport.
    pub transport: Transport,
    /// Port.
    pub port: u16,
    /// What the name stands for.
    pub aim: Aim,
    /// Whether the name is the usual one.
    pub usual_name: bool,
    /// Whether the port is a usual one.
    pub usual_port: bool,
}

impl Service {
    /// Whether this is how the thing is meant to be reached.
    #[must_use]
    pub fn is_usual(&self) -> bool {
        self.usual_name && self.usual_port
    }
}

impl std::fmt::Display for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.transport {
            Transport::Tcp => write!(f, "{}:{}", self.to, self.port),
            Transport::Icmp => write!(f, "{} by icmp", self.to),
            other => write!(f, "{}:{}/{other}", self.to, self.port),
        }
    }
}

/// What a service is once its words are understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Aim {
    /// A name, and the service that identities call by it.
    Name(Fqdn, Option<Id<Resource>>),
    /// An address, and what is meant by it.
    Address(IpAddr, Option<Id<Endpoint>>),
}

/// All services of a plane by their usual names, on the ports they serve, in order of what declares them; each as what it
/// is declared as.
#[must_use]
pub fn services(plane: &Plane) -> Vec<Service> {
    let mut found = ways(plane);
    found.retain(Service::is_usual);
    for service in &mut found {
        service.also.clear();
        service.behind.clear();
    }
    found
}

/// Every way to every service: the usual ones, and those by which it could be reached, too.
#[must_use]
pub fn ways(plane: &Plane) -> Vec<Service> {
    let names = names_of_resources(plane);
    let devices = ports::Devices::new(plane);
    let mut found = Vec::new();
    for (origin, target) in plane.targets.iter() {
        match target {
            Target::Resource(id) => {
                let usual: Vec<&Fqdn> = usual_names(plane, *id).collect();
                for name in names.get(id).into_iter().flatten() {
                    let door = plane.door_names.get(*name).map(|d| plane.doors.get(d.door));
                    let ports = door.map_or_else(|| vec![USUAL_PORT], |d| ports::each(&d.ports));
                    found.extend(ports.into_iter().map(|port| Service {
                        origin: origin.clone(),
                        also: Vec::new(),
                        behind: Vec::new(),
                        to: name.to_string(),
                        transport: Transport::Tcp,
                        port,
                        aim: Aim::Name((*name).clone(), Some(*id)),
                        usual_name: usual.contains(name),
                        usual_port: true,
                    }));
                }
            }
            Target::Address(address, owner) => {
                let to = match plane.targets.get(&origin.name) {
                    Ok(_) => origin.name.clone(),
                    Err(_) => format!("{}.{}", origin.kind, origin.name),
                };
                let also = owner.map_or_else(Vec::new, |o| faces(plane, origin, o));
                let mut ways = vec![(*address, *owner, to, true)];
                // What has several addresses is asked at each; an address of its own network is written as such.
                let others = owner.iter().flat_map(|o| &plane.endpoints.get(*o).addresses);
                ways.extend(
                    others.filter(|a| *a != address && also.is_empty()).map(|a| (*a, None, a.to_string(), false)),
                );
                for (address, meant, to, usual_name) in ways {
                    let served = owner.map_or_else(ports::usual, |o| ports::served_past(&devices, plane, o, address));
                    found.extend(served.into_iter().map(|((transport, port), usual_port)| Service {
                        origin: origin.clone(),
                        also: also.clone(),
                        behind:
                            owner.map_or_else(Vec::new, |o| published::behind(plane, o, address, (transport, port))),
                        to: to.clone(),
                        transport,
                        port,
                        aim: Aim::Address(address, meant),
                        usual_name,
                        usual_port,
                    }));
                }
            }
            Target::Unusable(_) => {}
        }
    }
    found.extend(names::told_apart(plane));
    found
}

/// What else an address is, beside what its name was declared as.
fn faces(plane: &Plane, origin: &Origin, owner: Id<Endpoint>) -> Vec<Origin> {
    let end = plane.endpoints.get(owner);
    let mut found = match &end.role {
        Role::Unattached => Vec::new(),
        Role::Frontend { proxy, .. } => vec![plane.proxies.get(*proxy).origin.clone()],
        Role::Balancer(_) => {
            let balancer = end.origin.name.split_once('/').map_or(end.origin.name.as_str(), |(name, _)| name);
            vec![Origin::new(end.origin.kind, balancer, end.origin.span)]
        }
        _ => vec![end.origin.clone()],
    };
    found.retain(|face| (face.kind, &face.name) != (origin.kind, &origin.name));
    found
}

/// The first name of every sub-resource.
fn usual_names(plane: &Plane, id: Id<Resource>) -> impl Iterator<Item = &Fqdn> {
    plane.resources.get(id).names.iter().filter_map(|(_, names)| names.first())
}

/// Every name of every service: the usual one of each sub-resource first, then those of its slots and sites.
fn names_of_resources(plane: &Plane) -> BTreeMap<Id<Resource>, Vec<&Fqdn>> {
    let mut found: BTreeMap<Id<Resource>, Vec<&Fqdn>> = BTreeMap::new();
    for (id, resource) in plane.resources.iter() {
        found.entry(id).or_default().extend(resource.names.iter().flat_map(|(_, names)| names));
    }
    for (name, door) in &plane.door_names {
        found.entry(plane.doors.get(door.door).resource).or_default().push(name);
    }
    for names in found.values_mut() {
        let mut known = BTreeSet::new();
        names.retain(|n| known.insert(*n));
    }
    found
}

/// The service that a question means by a resource name, domain name, URL or address; of several names of a resource the
/// first. None if it means nothing.
#[must_use]
pub fn service(plane: &Plane, to: &str, port: u16, transport: Transport) -> Option<Service> {
    let host = crate::trace::host_of(to);
    let host = plane.aliases.get(host).map_or(host, String::as_str);
    let declared = plane.targets.get(host).ok();
    let aim = match declared {
        Some(Target::Address(address, owner)) => Aim::Address(*address, *owner),
        Some(Target::Resource(id)) => Aim::Name(usual_names(plane, *id).next()?.clone(), Some(*id)),
        Some(Target::Unusable(_)) => return None,
        None => match host.parse() {
            Ok(address) => Aim::Address(address, None),
            Err(_) => {
                let name: Fqdn = host.parse().ok()?;
                let owner = plane.door_names.get(&name).map(|d| plane.doors.get(d.door).resource);
                Aim::Name(name, owner)
            }
        },
    };
    let found = plane.targets.iter().find(|(o, _)| o.name == host || format!("{}.{}", o.kind, o.name) == host);
    let origin = match &aim {
        Aim::Name(_, Some(id)) => plane.resources.get(*id).origin.clone(),
        _ => found.map_or_else(|| Origin::new("target", host, None), |(o, _)| o.clone()),
    };
    let to = to.to_owned();
    Some(Service {
        origin,
        also: Vec::new(),
        behind: Vec::new(),
        to,
        transport,
        port,
        aim,
        usual_name: true,
        usual_port: true,
    })
}

/// Whether a client that asks for a service asks for itself: its own address, or the service that it is the identity of.
#[must_use]
pub fn is_itself(plane: &Plane, client: &Client, service: &Service) -> bool {
    match (client.kind, &service.aim) {
        (ClientKind::Identity(own), Aim::Name(_, Some(resource))) => own == *resource,
        (ClientKind::Endpoint(id), Aim::Address(_, Some(owner))) => *owner == id || client.outside == Some(*owner),
        (ClientKind::Endpoint(id), Aim::Address(address, None)) => {
            let ends = std::iter::once(id).chain(client.outside);
            ends.into_iter().any(|e| plane.endpoints.get(e).addresses.contains(address))
        }
        _ => false,
    }
}

/// Every flow as a question: each client by each way to each service, but nothing to itself. Who calls with an identity, from no
/// network, calls services only; who stands for others on the internet asks for what has a name or a public address.
#[must_use]
pub fn questions(plane: &Plane) -> BTreeSet<Question> {
    let services = ways(plane);
    let mut asked = BTreeSet::new();
    for asker in askers(plane) {
        let implied = is_implied(asker.client);
        let identity = matches!(asker.client.kind, ClientKind::Identity(_));
        let callable = |s: &&Service| match &s.aim {
            Aim::Name(_, Some(_)) => true,
            Aim::Address(address, _) if implied => crate::net::is_public(*address),
            _ => !identity,
        };
        let others = services.iter().filter(callable).filter(|s| !is_itself(plane, asker.client, s));
        asked.extend(others.map(|s| Question {
            from: asker.name.clone(),
            to: s.to.clone(),
            port: s.port,
            transport: s.transport,
        }));
    }
    asked
}
