//! What may be asked for: the targets of a plane with the ports they serve.

use crate::{
    dataplane::{Endpoint, Id, Listens, Origin, Plane, Resource, Role, Target},
    net::{Fqdn, PortSet, Transport},
};
use std::{collections::BTreeSet, net::IpAddr};

/// The port that is asked for where nothing says which are served.
const USUAL_PORT: u16 = 443;
/// A wider range of ports is asked for at its first.
const NARROW: u16 = 4;

/// Something that is asked for, on one port.
#[derive(Debug, Clone)]
pub struct Service {
    /// Declaration.
    pub origin: Origin,
    /// How a question names it.
    pub to: String,
    /// Transport.
    pub transport: Transport,
    /// Port.
    pub port: u16,
    /// What the name stands for.
    pub aim: Aim,
}

impl std::fmt::Display for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.transport {
            Transport::Tcp => write!(f, "{}:{}", self.to, self.port),
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

/// All services of a plane on the ports they serve, in order of name.
#[must_use]
pub fn services(plane: &Plane) -> Vec<Service> {
    let mut found = Vec::new();
    for (origin, target) in plane.targets.iter() {
        match target {
            Target::Resource(id) => {
                let names = plane.resources.get(*id).names.iter().filter_map(|(_, names)| names.first());
                for name in names {
                    let door = plane.door_names.get(name).map(|d| plane.doors.get(d.door));
                    let ports = door.map_or_else(|| vec![USUAL_PORT], |d| ports(&d.ports));
                    found.extend(ports.into_iter().map(|port| Service {
                        origin: origin.clone(),
                        to: name.to_string(),
                        transport: Transport::Tcp,
                        port,
                        aim: Aim::Name(name.clone(), Some(*id)),
                    }));
                }
            }
            Target::Address(address, owner) => {
                let to = match plane.targets.get(&origin.name) {
                    Ok(_) => origin.name.clone(),
                    Err(_) => format!("{}.{}", origin.kind, origin.name),
                };
                let served = owner.map_or_else(|| vec![(Transport::Tcp, USUAL_PORT)], |o| served(plane, o));
                found.extend(served.into_iter().map(|(transport, port)| Service {
                    origin: origin.clone(),
                    to: to.clone(),
                    transport,
                    port,
                    aim: Aim::Address(*address, *owner),
                }));
            }
            Target::Unusable(_) => {}
        }
    }
    found
}

/// The service that a question means by a resource name, domain name, URL or address; of several names of a resource the
/// first. None if it means nothing.
#[must_use]
pub fn service(plane: &Plane, to: &str, port: u16, transport: Transport) -> Option<Service> {
    let host = crate::trace::host_of(to);
    let declared = plane.targets.get(host).ok();
    let aim = match declared {
        Some(Target::Address(address, owner)) => Aim::Address(*address, *owner),
        Some(Target::Resource(id)) => {
            let mut names = plane.resources.get(*id).names.iter().filter_map(|(_, names)| names.first());
            Aim::Name(names.next()?.clone(), Some(*id))
        }
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
    Some(Service { origin, to: to.to_owned(), transport, port, aim })
}

/// Single ports of a set; of a wide range the first.
fn ports(set: &PortSet) -> Vec<u16> {
    let narrow = |r: &crate::net::PortRange| r.last - r.first < NARROW;
    let each = set.ranges().iter().flat_map(|r| if narrow(r) { r.first..=r.last } else { r.first..=r.first });
    let all: BTreeSet<u16> = each.filter(|p| *p > 0).collect();
    if all.is_empty() { vec![USUAL_PORT] } else { all.into_iter().collect() }
}

/// Ports that something with an address serves, or the usual one where that is not declared.
#[must_use]
pub fn served(plane: &Plane, owner: Id<Endpoint>) -> Vec<(Transport, u16)> {
    let usual = vec![(Transport::Tcp, USUAL_PORT)];
    let found: Vec<(Transport, u16)> = match &plane.endpoints.get(owner).role {
        Role::Host(host) => match &host.listens {
            Listens::Undeclared => Vec::new(),
            Listens::Only(list) => list.iter().flat_map(|(t, set)| ports(set).into_iter().map(|p| (*t, p))).collect(),
        },
        Role::Balancer(balancer) => balancer
            .rules
            .iter()
            .flat_map(|r| {
                let transport = if r.protocol.matches(Transport::Tcp) { Transport::Tcp } else { Transport::Udp };
                let all = r.ports == PortSet::all();
                let ports = if all { vec![USUAL_PORT] } else { ports(&r.ports) };
                ports.into_iter().map(move |p| (transport, p))
            })
            .collect(),
        Role::Frontend { proxy, frontend } => {
            let listeners = plane.proxies.get(*proxy).listeners.iter().filter(|l| l.frontend == *frontend);
            listeners.map(|l| (Transport::Tcp, l.port)).collect()
        }
        _ => Vec::new(),
    };
    let mut unique: Vec<_> = found.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
    if unique.is_empty() {
        unique = usual;
    }
    unique
}
