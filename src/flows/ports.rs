//! The ports that may answer at an address.

use super::USUAL_PORT;
use crate::{
    dataplane::{Action, Direction, Endpoint, Filter, FilterRule, Id, Listens, Match, Matcher, Party, Plane, Role},
    net::{PortRange, PortSet, Transport},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

/// A wider range of ports is asked for at its first, and where filters tell a part of it from the rest.
const NARROW: u16 = 4;

/// What stands for all ports that no rule names.
const COMMON: [u16; 4] = [USUAL_PORT, 80, 8080, 1024];

/// Where nothing is known of what is served.
pub(super) fn usual() -> Served {
    [((Transport::Tcp, USUAL_PORT), true)].into()
}

/// Ports that may answer, with whether they are usual: served, or what is asked where nothing says which are.
pub type Served = BTreeMap<(Transport, u16), bool>;

/// Single ports of a set; of a wide range the first.
pub(super) fn each(set: &PortSet) -> Vec<u16> {
    let narrow = |r: &PortRange| r.last - r.first < NARROW;
    let each = set.ranges().iter().flat_map(|r| if narrow(r) { r.first..=r.last } else { r.first..=r.first });
    let all: BTreeSet<u16> = each.filter(|p| *p > 0).collect();
    if all.is_empty() { vec![USUAL_PORT] } else { all.into_iter().collect() }
}

/// Ports that may answer at an address of something: those it serves; where that is not declared, one of each interval in
/// which none of its own filters changes its mind.
#[must_use]
pub fn served(plane: &Plane, owner: Id<Endpoint>, address: IpAddr) -> Served {
    served_past(&Devices::new(plane), plane, owner, address)
}

/// What may stand on the way to anything.
pub(super) struct Devices<'p> {
    /// Matches of rules that let an echo pass, or keep it out, as such.
    echoes: Vec<&'p Matcher>,
}

impl<'p> Devices<'p> {
    pub(super) fn new(plane: &'p Plane) -> Self {
        let mut filters: Vec<&Filter> = plane.networks.iter().filter_map(|(_, n)| n.border.as_ref()).collect();
        filters.extend(plane.endpoints.iter().filter_map(|(_, e)| match &e.role {
            Role::Host(host) => host.forwarding.filter.as_deref(),
            Role::Firewall(firewall) => Some(&firewall.filter),
            _ => None,
        }));
        let rules = filters.into_iter().flat_map(|f| &f.rules).filter(|r| is_apart(&[r], Transport::Icmp));
        let mut echoes: Vec<&Matcher> = Vec::new();
        // A policy stands in several firewalls.
        rules.map(|r| &r.to).for_each(|to| {
            if !echoes.contains(&to) {
                echoes.push(to);
            }
        });
        Self { echoes }
    }

    fn echo(&self, address: IpAddr) -> Option<(Transport, u16)> {
        let party = Party { address, tags: None, perhaps: &[] };
        self.echoes.iter().any(|to| to.matches(party) != Match::No).then_some((Transport::Icmp, 0))
    }
}

/// The same where it is known what may stand on the way.
pub(super) fn served_past(devices: &Devices<'_>, plane: &Plane, owner: Id<Endpoint>, address: IpAddr) -> Served {
    let every = PortSet::all();
    let (mut found, mut further) = (BTreeSet::new(), BTreeSet::new());
    match &plane.endpoints.get(owner).role {
        Role::Host(host) => match &host.listens {
            Listens::Undeclared => {
                let rules = rules_of(plane, owner);
                found.insert((Transport::Tcp, USUAL_PORT));
                further.extend(told_apart(&rules, Transport::Tcp, &every));
                further.extend(match is_apart(&rules, Transport::Udp) {
                    true => told_apart(&rules, Transport::Udp, &every),
                    false => named(&rules, Transport::Udp, &every),
                });
                further.extend(echo(&rules).or_else(|| devices.echo(address)));
            }
            Listens::Only(list) => {
                let rules = rules_of(plane, owner);
                for (transport, set) in list {
                    found.extend(each(set).into_iter().map(|p| (*transport, p)));
                    further.extend(named(&rules, *transport, set));
                }
                // Whatever it serves, a machine answers an echo.
                further.extend(echo(&rules).or_else(|| devices.echo(address)));
            }
        },
        Role::Balancer(balancer) => {
            for rule in &balancer.rules {
                let transport = if rule.protocol.matches(Transport::Tcp) { Transport::Tcp } else { Transport::Udp };
                if rule.ports == every {
                    // HA ports serve whatever the members' filters let in.
                    let rules: Vec<&FilterRule> = rule.members.iter().flat_map(|m| rules_of(plane, *m)).collect();
                    found.insert((transport, USUAL_PORT));
                    further.extend(told_apart(&rules, transport, &every));
                } else {
                    found.extend(each(&rule.ports).into_iter().map(|p| (transport, p)));
                }
            }
        }
        Role::Frontend { proxy, frontend } => {
            let listeners = plane.proxies.get(*proxy).listeners.iter().filter(|l| l.frontend == *frontend);
            found.extend(listeners.map(|l| (Transport::Tcp, l.port)));
        }
        // A firewall serves what it translates.
        Role::Firewall(firewall) => {
            for translation in firewall.translations.iter().filter(|t| t.to.contains(address)) {
                let transports = [Transport::Tcp, Transport::Udp].into_iter();
                for transport in transports.filter(|t| translation.protocol.matches(*t)) {
                    found.extend(each(&translation.ports).into_iter().map(|p| (transport, p)));
                }
            }
        }
        _ => {}
    }
    if found.is_empty() && further.is_empty() {
        return usual();
    }
    let mut all: Served = further.into_iter().map(|p| (p, false)).collect();
    all.extend(found.into_iter().map(|p| (p, true)));
    all
}

/// Rules that decide what may come in to something itself.
fn rules_of(plane: &Plane, owner: Id<Endpoint>) -> Vec<&FilterRule> {
    let endpoint = plane.endpoints.get(owner);
    let segment = endpoint.segment.map(|s| plane.segments.get(s));
    let filters = segment.into_iter().flat_map(|s| s.admin.iter().chain(&s.filter)).chain(&endpoint.filter);
    let inward = |r: &&FilterRule| r.direction != Some(Direction::Outbound);
    filters.flat_map(|f: &Filter| &f.rules).filter(inward).collect()
}

/// Whether rules single out a transport beside TCP: one lets it in or keeps it out as such, or keeps out TCP alone.
fn is_apart(rules: &[&FilterRule], transport: Transport) -> bool {
    rules.iter().any(|r| match (r.protocol.matches(transport), r.protocol.matches(Transport::Tcp)) {
        (true, own) => !own,
        (false, true) => r.action == Action::Deny,
        (false, false) => false,
    })
}

/// ICMP, where rules single it out; it has no ports.
fn echo(rules: &[&FilterRule]) -> Option<(Transport, u16)> {
    is_apart(rules, Transport::Icmp).then_some((Transport::Icmp, 0))
}

/// Ports of a set that rules name: the first of each interval in which they do not differ.
fn named(rules: &[&FilterRule], transport: Transport, within: &PortSet) -> BTreeSet<(Transport, u16)> {
    let sets = || rules.iter().filter(|r| r.protocol.matches(transport) && r.ports != PortSet::all()).map(|r| &r.ports);
    let mut edges: BTreeSet<u16> = within.ranges().iter().map(|r| r.first).collect();
    for range in sets().flat_map(PortSet::ranges) {
        edges.insert(range.first);
        edges.extend(range.last.checked_add(1));
    }
    let known = PortSet::of(sets().flat_map(PortSet::ranges).copied());
    edges.retain(|p| *p > 0 && within.contains(*p) && known.contains(*p));
    edges.into_iter().map(|p| (transport, p)).collect()
}

/// The same with a port for all that no rule names.
fn told_apart(rules: &[&FilterRule], transport: Transport, within: &PortSet) -> BTreeSet<(Transport, u16)> {
    let mut found = named(rules, transport, within);
    let sets = rules.iter().filter(|r| r.protocol.matches(transport) && r.ports != PortSet::all()).map(|r| &r.ports);
    let known = PortSet::of(sets.flat_map(PortSet::ranges).copied());
    let beyond = known.ranges().iter().filter_map(|r| r.last.checked_add(1));
    let rest = COMMON.into_iter().chain(beyond).find(|p| within.contains(*p) && !known.contains(*p));
    found.extend(rest.map(|p| (transport, p)));
    found
}
