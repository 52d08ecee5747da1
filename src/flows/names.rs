//! Names that are no service's.

use super::{Aim, Service, published};
use crate::{
    dataplane::{DoorName, Plane, RecordSet},
    net::{Fqdn, Transport},
};
use std::collections::BTreeSet;

/// Names in public DNS that a listener of a gateway tells from others, on its port: what the frontend's address alone does
/// not reach. Others are known to some clients only, and to them a name of what they reach by its address.
pub(super) fn told_apart(plane: &Plane) -> Vec<Service> {
    let mut known: BTreeSet<(&Fqdn, u16)> = BTreeSet::new();
    let mut found = Vec::new();
    if plane.proxies.iter().all(|(_, p)| p.listeners.iter().all(|l| l.hosts.is_empty())) {
        return found;
    }
    let public = plane.dns.public.iter().map(|(name, _)| name);
    let names: Vec<&Fqdn> = public.filter(|n| askable(n, plane.door_names.get(*n))).collect();
    for (_, proxy) in plane.proxies.iter() {
        for (number, listener) in proxy.listeners.iter().enumerate().filter(|(_, l)| !l.hosts.is_empty()) {
            let meant = names.iter().filter(|n| listener.hosts.iter().any(|h| h.matches(n)));
            found.extend(meant.filter(|n| known.insert((**n, listener.port))).map(|name| Service {
                origin: proxy.origin.clone(),
                also: Vec::new(),
                behind: published::backends(plane, proxy, |l| l == number),
                to: name.to_string(),
                transport: Transport::Tcp,
                port: listener.port,
                aim: Aim::Name((*name).clone(), None),
                usual_name: false,
                usual_port: true,
            }));
        }
    }
    found
}

/// Names that lead to no service: of machines, of the customer's own zones, of managed endpoints, of public hosts.
#[must_use]
pub fn further(plane: &Plane) -> BTreeSet<&Fqdn> {
    let mut names: BTreeSet<&Fqdn> = plane.machine_names.keys().collect();
    let mut sets: Vec<&RecordSet> = vec![&plane.dns.public];
    sets.extend(plane.dns.views.iter().map(|(_, v)| &v.overrides));
    sets.extend(plane.dns.servers.iter().flat_map(|(_, s)| s.zones.iter().map(|(_, r)| r)));
    sets.extend(plane.dns.zones.iter().map(|(_, z)| &z.records));
    names.extend(sets.into_iter().flat_map(RecordSet::iter).map(|(name, _)| name));
    names.retain(|n| askable(n, plane.door_names.get(*n)));
    names
}

/// Names of doors are asked for already, and those that only aliases lead to are nobody's to ask for.
fn askable(name: &Fqdn, door: Option<&DoorName>) -> bool {
    let inner = name.as_str().split('.').any(|label| label == "privatelink" || label == "*");
    door.is_none() && !inner
}
