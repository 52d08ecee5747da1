//! Things of which nobody knows the address: they send from any free one of a segment (AGW-14, APP-02, AKS-05).
//!
//! What reads addresses of a segment (filters, routes, rules of firewalls and sites) tells them apart only at the ends of
//! its prefixes, so one address of each kind stands for all of its kind.

use super::{EgressMatch, Endpoint, Filter, Id, Matcher, NextHop, Plane, Role, Route, Segment};
use crate::net::Prefix;
use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr},
};

/// First and last address of a range.
type Range = (u32, u32);

impl Plane {
    /// The IPv4 addresses that a segment hands out, as ranges of those that nothing in the plane tells apart.
    #[must_use]
    pub fn alike(&self, segment: Id<Segment>) -> Vec<Vec<Range>> {
        let prefixes: Vec<Prefix> = self.segments.get(segment).prefixes.iter().copied().filter(is_v4).collect();
        let mut sets: BTreeSet<Vec<Prefix>> = BTreeSet::new();
        self.readers(&mut |set| {
            let here: Vec<Prefix> = set.iter().copied().filter(|p| prefixes.iter().any(|s| s.overlaps(*p))).collect();
            // What holds all of them, or none, tells none apart.
            let all = here.iter().any(|p| prefixes.iter().all(|s| p.covers(*s)));
            if !here.is_empty() && !all {
                sets.insert(here);
            }
        });
        let mut found: BTreeMap<Vec<bool>, Vec<Range>> = BTreeMap::new();
        for prefix in &prefixes {
            let Some((first, last)) = handed_out(*prefix) else { continue };
            let mut edges: BTreeSet<u32> = [first].into();
            for inner in sets.iter().flatten() {
                let ends = number(inner.network()).zip(number(inner.last()));
                edges.extend(ends.into_iter().flat_map(|(from, to)| [Some(from), to.checked_add(1)]).flatten());
            }
            let edges: Vec<u32> = edges.into_iter().filter(|e| (first..=last).contains(e)).collect();
            for (i, from) in edges.iter().enumerate() {
                let to = edges.get(i + 1).map_or(last, |next| next - 1);
                let address = IpAddr::V4(Ipv4Addr::from(*from));
                let told = sets.iter().map(|set| set.iter().any(|p| p.contains(address))).collect();
                found.entry(told).or_default().push((*from, to));
            }
        }
        // In order of their first address, so that renaming changes nothing.
        let mut all: Vec<Vec<Range>> = found.into_values().collect();
        all.sort_unstable();
        all
    }

    /// Lets an endpoint send from an address of each kind of its segment that is free, beside those that it has.
    pub fn spread(&mut self, id: Id<Endpoint>, mut free: impl FnMut(IpAddr) -> bool) {
        let endpoint = self.endpoints.get(id);
        let Some(segment) = endpoint.segment else { return };
        let network = self.segments.get(segment).network;
        let own: Vec<u32> = endpoint.addresses.iter().filter_map(|a| number(*a)).collect();
        let mut further = Vec::new();
        for kind in self.alike(segment) {
            let holds = |a: &u32| kind.iter().any(|(from, to)| (from..=to).contains(&a));
            if own.iter().any(holds) {
                continue;
            }
            let addresses = kind.iter().flat_map(|(from, to)| *from..=*to).map(|a| IpAddr::V4(a.into()));
            let unowned = |a: &IpAddr| self.owner(network, *a).is_none();
            further.extend(addresses.filter(unowned).find(|a| free(*a)));
        }
        for address in further {
            self.private_owners.entry((network, address)).or_insert(id);
            self.endpoints.get_mut(id).addresses.push(address);
        }
        self.endpoints.get_mut(id).any_address = true;
    }

    /// What sends from any address of its segment.
    #[must_use]
    pub fn anywhere(&self) -> Vec<Id<Endpoint>> {
        self.endpoints.iter().filter(|(_, e)| e.any_address).map(|(id, _)| id).collect()
    }

    /// Gives every set of prefixes that something reads addresses by.
    fn readers(&self, give: &mut dyn FnMut(&[Prefix])) {
        for (_, network) in self.networks.iter() {
            network.border.iter().for_each(|f| filter(f, give));
            for rule in network.egress.iter().flat_map(|e| &e.rules) {
                if let EgressMatch::Address { to, .. } = &rule.matches {
                    matcher(to, give);
                }
            }
        }
        for (_, segment) in self.segments.iter() {
            segment.filter.iter().chain(&segment.admin).for_each(|f| filter(f, give));
            segment.routes.iter().chain(segment.replaced_routes.iter()).for_each(|r| route(r, give));
        }
        for (_, endpoint) in self.endpoints.iter() {
            endpoint.filter.iter().for_each(|f| filter(f, give));
            match &endpoint.role {
                Role::Host(host) => host.forwarding.filter.iter().for_each(|f| filter(f, give)),
                Role::Gateway(gateway) => gateway.tunnels.iter().for_each(|r| route(r, give)),
                Role::Firewall(firewall) => {
                    filter(&firewall.filter, give);
                    firewall.threats.iter().for_each(|f| filter(f, give));
                    firewall.translations.iter().for_each(|t| matcher(&t.from, give));
                    give(firewall.keeps_source.prefixes());
                }
                _ => {}
            }
        }
        for (_, door) in self.doors.iter() {
            door.gate.addresses.iter().for_each(|(p, _)| give(&[*p]));
            door.gate.perimeter.iter().for_each(|p| give(p.addresses.prefixes()));
            door.gate.matchers().for_each(|m| matcher(m, give));
        }
    }
}

fn is_v4(prefix: &Prefix) -> bool {
    prefix.network().is_ipv4()
}

fn number(address: IpAddr) -> Option<u32> {
    match address {
        IpAddr::V4(v4) => Some(v4.into()),
        IpAddr::V6(_) => None,
    }
}

/// The first and the last address that a subnet of this prefix hands out: the first four and the last are the platform's
/// (ADDR-03).
fn handed_out(prefix: Prefix) -> Option<Range> {
    let (first, last) = (number(prefix.network())?.checked_add(4)?, number(prefix.last())?.checked_sub(1)?);
    (first <= last).then_some((first, last))
}

pub(super) fn filter(filter: &Filter, give: &mut dyn FnMut(&[Prefix])) {
    for rule in &filter.rules {
        matcher(&rule.from, give);
        matcher(&rule.to, give);
    }
}

pub(super) fn matcher(matcher: &Matcher, give: &mut dyn FnMut(&[Prefix])) {
    give(matcher.addresses.prefixes());
    give(matcher.inside.prefixes());
    matcher.known_tags.iter().for_each(|(_, set)| give(set.prefixes()));
    matcher.assumed.iter().for_each(|(set, _)| give(set.prefixes()));
}

pub(super) fn route(route: &Route, give: &mut dyn FnMut(&[Prefix])) {
    give(&[route.prefix]);
    match &route.hop {
        NextHop::Network { link: Some(link), .. } => link.only.iter().for_each(|only| give(&only.prefixes)),
        NextHop::OneOf(several) => several.iter().for_each(|r| self::route(r, give)),
        _ => {}
    }
}
