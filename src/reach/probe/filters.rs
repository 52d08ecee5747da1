//! Filters on the way.

use super::{Flow, Probe};
use crate::{
    dataplane::{Action, Decision, Direction, Endpoint, Filter, FilterRule, Id, Names, Packet, Resolved, Role},
    net::{Fqdn, PLATFORM_ADDRESS},
    reach::Findings,
    verdict::Reason,
};
use std::net::IpAddr;

/// Into, or out of, the filtered thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    In,
    Out,
}

impl Way {
    fn direction(self) -> Direction {
        match self {
            Self::In => Direction::Inbound,
            Self::Out => Direction::Outbound,
        }
    }
}

/// What a filter makes of a flow.
pub(super) enum Ruling<'f> {
    /// Nothing against it, by this rule.
    Lets(&'f FilterRule),
    /// A rule, or the end of the list, stops it.
    Stops,
    /// It cannot be known.
    Open,
    /// It cannot be known, nor where the flow goes on.
    Forked,
}

fn packet(flow: &Flow<'_>, named: bool) -> Packet {
    let Flow { source, destination, transport, port, name, reply } = *flow;
    Packet { source, destination, transport, port, name: name.filter(|_| named).cloned(), reply }
}

/// Where groups act at all (NSG-12, NSG-13).
pub(in crate::reach) fn is_subject(endpoint: &Endpoint) -> bool {
    match &endpoint.role {
        Role::Host(_) | Role::Frontend { .. } | Role::Instance(_) | Role::Resolver => true,
        Role::PrivateEndpoint(private) => private.filtered,
        Role::Firewall(_) | Role::Gateway(_) | Role::Router | Role::Balancer(_) | Role::Door(_) | Role::Unattached => {
            false
        }
    }
}

impl<'p> Probe<'_, 'p> {
    pub(super) fn ruling(&self, filter: &'p Filter, way: Way, flow: &Flow<'_>, resolved: &Resolved<'_>) -> Ruling<'p> {
        let (from, to) = (self.model.party(flow.source), self.model.party(flow.destination));
        // Copying the name is dear, and few filters look at it.
        let looks = |r: &FilterRule| r.names != Names::Ignored;
        let direction = way.direction();
        let index = self.model.index(filter);
        let some = index.and_then(|i| i.bearing(direction, flow.transport, from, to));
        let some = some.as_deref();
        let named = flow.name.is_some()
            && some.map_or_else(|| filter.rules.iter().any(looks), |some| filter.some(some).any(looks));
        let packet = packet(flow, named);
        let decision = match some {
            Some(some) => filter.decide_among(some, direction, &packet, from, to, resolved),
            None => filter.decide(direction, &packet, from, to, resolved),
        };
        match decision {
            Decision::Allow(rule) => Ruling::Lets(rule),
            Decision::Deny(_) | Decision::NoMatch => Ruling::Stops,
            Decision::Undecided { proxied: true, .. } => Ruling::Forked,
            Decision::Undecided { proxied: false, .. } => Ruling::Open,
        }
    }

    /// Why a filter leaves a flow open: which address something has, or what a set holds.
    pub(super) fn doubt(&self, flow: &Flow<'_>) -> Reason {
        let unplaced = |address| !self.model.plane.allocations.at(address).is_empty();
        if unplaced(flow.source) || unplaced(flow.destination) { Reason::Address } else { Reason::Tag }
    }

    /// A filter without a view of names.
    pub(super) fn filtered(&self, filter: &'p Filter, way: Way, flow: &Flow<'_>) -> Findings {
        let nameless = |_: &Fqdn| -> Option<Vec<IpAddr>> { None };
        let mut found = Findings::default();
        match self.ruling(filter, way, flow, &nameless) {
            Ruling::Lets(_) => {}
            Ruling::Stops => found.block(filter.reason),
            Ruling::Open | Ruling::Forked => found.unknown(self.doubt(flow)),
        }
        found
    }

    /// All filters between an endpoint and its network: admin rules, which may end the matter, then the two groups,
    /// outbound the interface's first (AVNM-01, AVNM-02, NSG-02, NSG-09).
    pub(super) fn guarded(&self, id: Id<Endpoint>, way: Way, flow: &Flow<'_>) -> Findings {
        let mut found = Findings::default();
        let endpoint = self.model.endpoint(id);
        let machine = !matches!(endpoint.role, Role::PrivateEndpoint(_));
        if !is_subject(endpoint) || flow.destination == PLATFORM_ADDRESS {
            return found;
        }
        let segment = endpoint.segment.map(|s| self.model.segment(s));
        for filter in segment.iter().flat_map(|s| &s.admin).filter(|_| machine) {
            let (from, to) = (self.model.party(flow.source), self.model.party(flow.destination));
            let Some((rule, unsure)) = filter.first(way.direction(), &packet(flow, true), from, to) else { continue };
            if unsure {
                found.unknown(self.doubt(flow));
            } else if rule.action == Action::Deny {
                found.block(Reason::Avnm);
            }
            match rule.action {
                Action::Allow => break,
                Action::Deny | Action::AlwaysAllow => return found,
            }
        }
        let edge = segment.and_then(|s| s.filter_before(&endpoint.role));
        let both = match way {
            Way::Out => [endpoint.filter.as_ref(), edge],
            Way::In => [edge, endpoint.filter.as_ref()],
        };
        for filter in both.into_iter().flatten() {
            found.then(&self.filtered(filter, way, flow));
        }
        found
    }

    /// The groups that act at an endpoint.
    fn groups(&self, id: Id<Endpoint>) -> [Option<&'p Filter>; 2] {
        let endpoint = self.model.endpoint(id);
        let edge = endpoint.segment.and_then(|s| self.model.segment(s).filter_before(&endpoint.role));
        if is_subject(endpoint) { [edge, endpoint.filter.as_ref()] } else { [None, None] }
    }

    pub(super) fn grouped(&self, id: Id<Endpoint>) -> bool {
        self.groups(id).iter().any(Option::is_some)
    }

    /// Whether every group before an endpoint admits the source by an address, not by a tag (PEER-07).
    pub(super) fn named_by_address(&self, id: Id<Endpoint>, flow: &Flow<'_>) -> bool {
        let groups = self.groups(id);
        let nameless = |_: &Fqdn| -> Option<Vec<IpAddr>> { None };
        let by_address = |f: &'p Filter| matches!(self.ruling(f, Way::In, flow, &nameless), Ruling::Lets(r) if r.from.literal.contains(flow.source));
        groups.iter().any(Option::is_some) && groups.into_iter().flatten().all(by_address)
    }
}
