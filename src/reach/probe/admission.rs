//! What machines and the doors of services admit.

use super::{
    Probe,
    walk::{LetOut, Passage},
};
use crate::{
    dataplane::{Door, Gate, Host, Id, Match, Network, OrderedRules, Party, Plane, Recognises, Resource, Segment},
    net::{Fqdn, Membership, Prefix, Transport, is_undeclared_public},
    reach::{Column, Findings},
    verdict::{Reason, Verdict, Via},
};
use std::net::IpAddr;

/// Who stands before a public door.
struct Caller<'p> {
    source: IpAddr,
    identity: Option<Id<Segment>>,
    /// The network of the cloud it called from.
    cloud: Option<&'p Network>,
    /// Whether it came out of a managed network.
    managed: bool,
    via: Via,
}

impl Caller<'_> {
    fn party<'p>(&self, plane: &'p Plane) -> Party<'p> {
        let tags = plane.public_owner(self.source).map(|id| &plane.endpoints.get(id).tags);
        Party { address: self.source, tags, perhaps: &[] }
    }
}

pub(super) fn public_via(way: &Passage<'_>) -> Via {
    match way.let_out {
        Some(LetOut::ByAddress) => Via::ServiceTagRule,
        Some(LetOut::ByName) => Via::FqdnRule,
        Some(LetOut::Freely) | None => Via::PublicEndpoint,
    }
}

impl<'p> Probe<'_, 'p> {
    /// A machine is no service of another name, runs, and serves the port (PE-01, DEF-05).
    pub(super) fn machine(&self, host: &Host, way: &Passage<'_>, found: &mut Findings) {
        let serves = way.transport == Transport::Icmp || host.listens.serves(way.transport, way.port);
        if way.name.is_some_and(|n| self.model.plane.door_names.contains_key(n)) {
            found.block(Reason::PeTarget);
        } else if !host.running {
            found.block(Reason::Stopped);
        } else if !serves {
            found.block(Reason::Port);
        } else if way.over_internet {
            found.admit(Verdict::Public, public_via(way));
        } else {
            found.admit(Verdict::Private, Via::Routed);
        }
    }

    /// A private endpoint leads to its own doors on their ports, whatever the service's firewall says (PE-01, PE-15).
    pub(super) fn private_door(
        &self,
        managed: bool,
        members: &[(IpAddr, Vec<Id<Door>>)],
        way: &Passage<'_>,
        found: &mut Findings,
    ) {
        let plane = self.model.plane;
        let here = || members.iter().filter(|(a, _)| *a == way.destination).flat_map(|(_, doors)| doors);
        let door = match way.name {
            None => here().next().copied(),
            Some(name) => {
                let named = plane.door_names.get(name).map(|d| d.door);
                let mut own = named.filter(|d| here().any(|h| h == d));
                let further = |d: &Id<Door>| plane.doors.get(*d).further.iter().find(|f| f.pattern.matches(name));
                if let (None, Some((door, further))) = (named, here().find_map(|d| Some((*d, further(d)?)))) {
                    further.requires.iter().for_each(|r| found.block(r.reason));
                    own = Some(door);
                }
                let first = here().next().copied().filter(|d| plane.doors.get(*d).binds);
                if own.is_none() && named.is_none() && first.is_some() && !name.labels().any(|l| l == "privatelink") {
                    foreign(name, found);
                    own = first;
                } else if own.is_none() {
                    let alias = named.is_none() && plane.dns.zones.iter().any(|(_, z)| name.is_under(&z.name));
                    found.block(if alias { Reason::HostName } else { Reason::PeTarget });
                }
                own
            }
        };
        let Some(door) = door.map(|d| plane.doors.get(d)) else { return };
        if way.transport != Transport::Tcp || !serves(door, way.port) {
            found.block(Reason::Port);
        }
        // A bare address connects, and is no name of the service (PE-17).
        if way.name.is_none() {
            found.block(Reason::HostName);
        }
        found.admit(Verdict::Private, if managed { Via::ManagedPrivateEndpoint } else { Via::PrivateEndpoint });
    }

    /// The public door of a service: its own name, its ports, its gate (PAAS-01, PE-17).
    pub(super) fn public_door(&self, id: Id<Door>, way: &Passage<'_>, found: &mut Findings) {
        let plane = self.model.plane;
        let reached = plane.doors.get(id);
        let named = way.name.and_then(|n| plane.door_names.get(n)).map(|d| plane.doors.get(d.door));
        let door = match named {
            Some(other) if other.resource != reached.resource => return found.block(Reason::PeTarget),
            Some(own) => own,
            None => reached,
        };
        match way.name {
            // A bare address is no name of the service (PE-17).
            None => found.block(Reason::HostName),
            Some(name) if named.is_none() => foreign(name, found),
            Some(_) => {}
        }
        if way.transport != Transport::Tcp || !serves(door, way.port) {
            found.block(Reason::Port);
        }
        if let Some(policy) = way.identity.and_then(|s| self.model.segment(s).endpoint_policy.as_ref()) {
            // A policy speaks of the services of one tag only (SE-11).
            let owner = plane.public_owner(door.public_address).map(|o| &self.model.endpoint(o).tags.names);
            let concerned = owner.is_some_and(|names| names.iter().any(|t| t == policy.tag));
            if concerned && !policy.allowed.contains(&door.resource) {
                found.block(Reason::SePolicy);
            }
        }
        let cloud = plane.network_of(way.sender).map(|n| self.model.network(n));
        let cloud = cloud.filter(|n| !n.beyond_gateway && !way.left_by_site);
        let caller = Caller {
            source: way.source,
            identity: way.identity,
            cloud,
            managed: way.let_out.is_some(),
            via: public_via(way),
        };
        let mut gate = Findings::default();
        match door.gate.ordered.as_ref().filter(|_| door.gate.enabled.value) {
            Some(rules) => {
                // The perimeter speaks first; where it says nothing, rules in order take the place of the rest (APP-06).
                if !before_rules(&door.gate, &caller, &mut gate) {
                    self.by_rules(rules, &caller, &mut gate);
                }
            }
            None => admit(plane, &door.gate, &caller, &mut gate),
        }
        if let (Some((reason, ..)), Some(_)) = (door.gate.unsupported, gate.admitted) {
            gate = Findings::default();
            gate.unsupported(reason);
        }
        found.then(&gate);
    }
}

impl Probe<'_, '_> {
    /// Access restrictions: the first rule that matches decides (APP-06). A subnet's identity comes without an address.
    fn by_rules(&self, rules: &OrderedRules, caller: &Caller<'_>, found: &mut Findings) {
        for rule in &rules.rules {
            let matched = match (rule.segment, caller.identity) {
                (Some(wanted), identity) => Match::from(identity == Some(wanted)),
                (None, Some(_)) => Match::No,
                (None, None) => rule.from.matches(caller.party(self.model.plane)),
            };
            return match (matched, rule.allow, rule.segment) {
                (Match::No, ..) => continue,
                (Match::Undecided, ..) => found.unknown(Reason::Tag),
                (Match::Yes, true, Some(_)) => found.admit(Verdict::Backbone, Via::ServiceEndpoint),
                (Match::Yes, true, None) => found.admit(Verdict::Public, caller.via),
                (Match::Yes, false, _) => found.block(Reason::Pna),
            };
        }
        if rules.default_allow {
            found.admit(Verdict::Public, caller.via);
        } else {
            found.block(Reason::Pna);
        }
    }

    /// A call of one service to another, by its identity and one of the other's names: a private link of its own, the
    /// perimeter, open to all, by name, as one of the trusted (SPL-01, NSP-04, TRUST-01, TRUST-06).
    pub(super) fn service_call(&self, caller: Id<Resource>, target: Id<Resource>, column: &Column) -> Findings {
        let mut found = Findings::default();
        let name = column.name.as_ref();
        let resources = &self.model.plane.resources;
        let plane = self.model.plane;
        let door = name.and_then(|n| plane.door_names.get(n));
        let gate = match (&resources.get(target).gate, door) {
            (None, _) => {
                found.unknown(Reason::NotModelled);
                return found;
            }
            (Some(_), Some(named)) => &plane.doors.get(named.door).gate,
            (Some(gate), None) => gate,
        };
        let usual = || resources.get(target).names.first().and_then(|(_, names)| names.first());
        let asked = door.or_else(|| usual().and_then(|n| plane.door_names.get(n))).map(|d| plane.doors.get(d.door));
        if asked.is_some_and(|d| column.transport != Transport::Tcp || !serves(d, column.port)) {
            found.block(Reason::Port);
        }
        let carries = |names: &[Fqdn]| match (name, resources.get(target).names.first()) {
            (Some(name), _) => names.contains(name),
            (None, Some((_, usual))) => usual.iter().any(|n| names.contains(n)),
            (None, None) => false,
        };
        let links = &resources.get(caller).shared_links;
        let mut links: Vec<_> = links.iter().filter(|l| l.target == target && carries(&l.names)).collect();
        links.sort_by_key(|l| l.connection.closed.is_none());
        if let Some(link) = links.first() {
            match &link.connection.closed {
                Some((reason, _)) if link.usable => {
                    found.block(*reason);
                    return found;
                }
                None if link.usable => {
                    found.admit(Verdict::Private, Via::PrivateEndpoint);
                    return found;
                }
                _ => {}
            }
        }
        if let Some(outbound) = &resources.get(caller).outbound {
            // A perimeter around the caller lets it call members, and names of its profile (NSP-02, NSP-07).
            let mut names = resources.get(target).names.iter().flat_map(|(_, names)| names);
            let listed = names.any(|n| outbound.names.iter().any(|p| p.matches(n)));
            if !outbound.members.contains(&target) && !listed {
                found.block(Reason::NspOut);
            }
        }
        let admitted = by_identity(gate, caller);
        if gate.ordered.is_some() && gate.enabled.value && decided_by_perimeter(gate, caller).is_none() {
            found.unknown(Reason::NotModelled);
            return found;
        }
        match (admitted, gate.unsupported) {
            (Ok(_), Some((reason, ..))) => found.unsupported(reason),
            (Ok((verdict, via)), None) => found.admit(verdict, via),
            (Err((reason, true)), _) => found.block(reason),
            (Err((reason, false)), _) => found.unknown(reason),
        }
        found
    }
}

fn decided_by_perimeter(gate: &Gate, caller: Id<Resource>) -> Option<Result<(Verdict, Via), Reason>> {
    match &gate.perimeter {
        Some(perimeter) if perimeter.members.contains(&caller) => Some(Ok((Verdict::Backbone, Via::Perimeter))),
        Some(perimeter) if perimeter.enforced || gate.perimeter_only => Some(Err(Reason::Pna)),
        None if gate.perimeter_only => Some(Err(Reason::Pna)),
        _ => None,
    }
}

/// How a caller is admitted by its identity, or why not and whether that is certain.
fn by_identity(gate: &Gate, caller: Id<Resource>) -> Result<(Verdict, Via), (Reason, bool)> {
    if let Some(decided) = decided_by_perimeter(gate, caller) {
        return decided.map_err(|reason| (reason, true));
    }
    let trusted = gate.bypass.is_some_and(|b| b.value) && gate.trusted.contains(&caller);
    if gate.enabled.value && gate.default_allow.value {
        Ok((Verdict::Public, Via::PublicEndpoint))
    } else if gate.instances.iter().any(|(id, _)| *id == caller) {
        Ok((Verdict::Backbone, Via::ResourceInstance))
    } else if gate.enabled.value && gate.cloud.is_some() {
        Ok((Verdict::Public, Via::PublicEndpoint))
    } else if trusted {
        Ok((Verdict::Backbone, Via::TrustedService))
    } else if gate.trust_unmodelled {
        Err((Reason::NotModelled, false))
    } else {
        Err((Reason::TrustedOff, true))
    }
}

/// A name that is not the service's (PE-17).
fn foreign(name: &Fqdn, found: &mut Findings) {
    if name.labels().any(|l| l == "privatelink") {
        found.block(Reason::HostName);
    } else {
        found.unknown(Reason::HostName);
    }
}

/// What a perimeter decides before the service's own rules; whether it decides (NSP-02 to NSP-04).
fn before_rules(gate: &Gate, caller: &Caller<'_>, found: &mut Findings) -> bool {
    let source = caller.source;
    let Some(perimeter) = &gate.perimeter else {
        if gate.perimeter_only {
            found.block(Reason::Pna);
        }
        return gate.perimeter_only;
    };
    let seen = caller.identity.is_none();
    if seen && is_undeclared_public(source) && !perimeter.addresses.is_empty() {
        found.unknown(Reason::Tag);
    } else if seen && perimeter.addresses.contains(source) {
        found.admit(Verdict::Public, Via::Perimeter);
    } else if perimeter.enforced || gate.perimeter_only || !gate.enabled.value {
        found.block(Reason::Pna);
    } else {
        return false;
    }
    true
}

/// The ports of a door and those it redirects to (PE-18).
fn serves(door: &Door, port: u16) -> bool {
    door.ports.contains(port) || door.redirects.as_ref().is_some_and(|r| r.contains(port))
}

/// The gate's answer to a caller from a network: the perimeter, open to all, its subnet, its address (NSP-02, NSP-03,
/// PAAS-01 to PAAS-04, SE-03, SE-04, STG-01).
fn admit(plane: &Plane, gate: &Gate, caller: &Caller<'_>, found: &mut Findings) {
    if before_rules(gate, caller, found) {
        return;
    }
    let Caller { source, identity, cloud, managed, via } = *caller;
    let nameless = is_undeclared_public(source);
    if !gate.enabled.value {
        return found.block(Reason::Pna);
    }
    if gate.default_allow.value {
        return found.admit(Verdict::Public, via);
    }
    if identity.is_some_and(|i| gate.segments.iter().any(|(s, _)| *s == i)) {
        return found.admit(Verdict::Backbone, Via::ServiceEndpoint);
    }
    // Whether the caller's public address is one the gate sees at all.
    let same_region = match (&gate.recognises, cloud) {
        (Recognises::Outside(own), Some(network)) => own.as_ref().zip(network.region.as_ref()).map(|(a, b)| a == b),
        _ => Some(false),
    };
    let holds = |p: &Prefix| p.contains(source) && (p.is_default() || !nameless);
    let listed = identity.is_none() && gate.addresses.iter().any(|(p, _)| holds(p));
    let ruled = if identity.is_none() { gate.admits_cloud(caller.party(plane), cloud.is_some()) } else { Match::No };
    if ruled == Match::Yes {
        return found.admit(Verdict::Public, via);
    }
    match (listed, same_region) {
        (true, Some(false)) => found.admit(Verdict::Public, via),
        (true, Some(true)) => found.block(Reason::Pna),
        (true, None) => found.unknown(Reason::Tag),
        (false, _) => {
            let perhaps = nameless
                && same_region != Some(true)
                && gate.address_set().membership(source) != Membership::Out
                && !managed
                && identity.is_none();
            if perhaps || ruled == Match::Undecided { found.unknown(Reason::Tag) } else { found.block(Reason::Pna) }
        }
    }
}
