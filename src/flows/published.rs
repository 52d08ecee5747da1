//! What a firewall, a balancer or a gateway publishes at a public address: the flow is one to what stands behind it, too.

use crate::{
    dataplane::{Endpoint, Id, Member, Origin, Plane, Proxy, Role, TranslationTarget},
    net::{Fqdn, Transport},
};
use std::net::IpAddr;

/// Something behind what is asked for, and where it sits.
pub type Behind = (Origin, Option<Id<Endpoint>>);

/// What stands behind a public address on a port.
pub(super) fn behind(
    plane: &Plane,
    owner: Id<Endpoint>,
    address: IpAddr,
    (transport, port): (Transport, u16),
) -> Vec<Behind> {
    if !crate::net::is_public(address) {
        return Vec::new();
    }
    let end = plane.endpoints.get(owner);
    let mut found = match &end.role {
        Role::Balancer(balancer) => {
            let rules = balancer.rules.iter().filter(|r| r.protocol.matches(transport) && r.ports.contains(port));
            rules.flat_map(|r| &r.members).map(|id| machine(plane, *id)).collect()
        }
        Role::Frontend { proxy, frontend } => {
            let proxy = plane.proxies.get(*proxy);
            let here = |l: usize| proxy.listeners.get(l).is_some_and(|l| l.frontend == *frontend && l.port == port);
            backends(plane, proxy, here)
        }
        Role::Firewall(firewall) => {
            let rules = firewall
                .translations
                .iter()
                .filter(|t| t.to.contains(address) && t.protocol.matches(transport) && t.ports.contains(port));
            let found = rules.map(|t| match &t.target {
                TranslationTarget::Address(address) => at(plane, *address),
                TranslationTarget::Name(name) => called(plane, name),
            });
            found.flatten().collect()
        }
        _ => Vec::new(),
    };
    settle(&mut found);
    found
}

/// What stands behind listeners of a gateway.
pub(super) fn backends(plane: &Plane, proxy: &Proxy, wanted: impl Fn(usize) -> bool) -> Vec<Behind> {
    let members = proxy.rules.iter().filter(|r| wanted(r.listener)).flat_map(|r| &r.backend.members);
    let found = members.map(|m| match m {
        Member::Address(address) => at(plane, *address),
        Member::Name(name) => called(plane, name),
    });
    let mut all = found.flatten().collect();
    settle(&mut all);
    all
}

fn machine(plane: &Plane, id: Id<Endpoint>) -> Behind {
    let id = plane.machine(id);
    (plane.endpoints.get(id).origin.clone(), Some(id))
}

fn at(plane: &Plane, address: IpAddr) -> Vec<Behind> {
    plane.owners(address).chain(plane.public_owner(address)).map(|id| machine(plane, id)).collect()
}

/// What has a name: a machine that registered it, a service.
fn called(plane: &Plane, name: &Fqdn) -> Vec<Behind> {
    let machines = plane.machine_names.get(name).into_iter().flatten().map(|id| machine(plane, *id));
    let service = plane.door_names.get(name).map(|d| plane.doors.get(d.door).resource);
    machines.chain(service.map(|id| (plane.resources.get(id).origin.clone(), None))).collect()
}

fn settle(all: &mut Vec<Behind>) {
    all.sort_by(|(a, _), (b, _)| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
    all.dedup_by(|(a, _), (b, _)| (a.kind, &a.name) == (b.kind, &b.name));
}
