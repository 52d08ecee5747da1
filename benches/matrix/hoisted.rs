//! A simulator pair by pair with everything hoisted that depends on the source alone: which rules of every filter and
//! firewall name it, where its routes lead as one table without overlaps, and by which firewalls answers come back from
//! each subnet. What is left for a pair is a binary search for its route, and reading those rules.
//!
//! It knows machines, private endpoints, security groups, firewalls and symmetry, over TCP to private addresses: what
//! generated estates consist of. It tells open from closed, and no reasons.

use super::meter::{Cost, best_of};
use privreach::{
    dataplane::{Action, Direction, Endpoint, Filter, Id, Matcher, Names, Network, NextHop, Plane, Role, Segment},
    matrix::Problem,
    net::{Prefix, Transport},
    reach::Bulk,
    verdict::Verdict,
};
use std::{collections::HashMap, hint::black_box, net::IpAddr};

type Ranges = Vec<(u32, u32)>;

struct Rule {
    allow: bool,
    by_name: bool,
    from: Ranges,
    to: Ranges,
    ports: Vec<(u16, u16)>,
}

impl Rule {
    fn hits(&self, to: u32, port: u16) -> bool {
        self.ports.iter().any(|(a, b)| (*a..=*b).contains(&port)) && holds(&self.to, to)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Hop {
    Network(Id<Network>),
    Owner(Id<Endpoint>),
    Device(usize),
    Nowhere,
}

/// Routes without overlaps: where each range of addresses begins, in order.
type Table = Vec<(u32, Hop)>;

struct Device {
    table: usize,
    rules: usize,
}

struct Place {
    number: usize,
    address: u32,
    port: u16,
    owner: Id<Endpoint>,
    network: Id<Network>,
    table: usize,
    filters: [Option<usize>; 2],
    /// Whether it forgives a firewall that sees requests only.
    lenient: bool,
}

struct Sender {
    number: usize,
    address: u32,
    network: Id<Network>,
    table: usize,
    filters: [Option<usize>; 2],
}

/// An estate made ready.
pub(crate) struct Hoisted {
    filters: Vec<[Vec<Rule>; 2]>,
    tables: Vec<Table>,
    devices: Vec<Device>,
    senders: Vec<Sender>,
    places: Vec<Place>,
}

fn v4(address: IpAddr) -> Option<u32> {
    match address {
        IpAddr::V4(v4) => Some(v4.into()),
        IpAddr::V6(_) => None,
    }
}

fn holds(ranges: &Ranges, address: u32) -> bool {
    let next = ranges.partition_point(|r| r.1 < address);
    ranges.get(next).is_some_and(|r| r.0 <= address)
}

fn range(prefix: &Prefix) -> Option<(u32, u32)> {
    v4(prefix.network()).zip(v4(prefix.last()))
}

fn ranges(matcher: &Matcher) -> Ranges {
    let known = matcher.known_tags.iter().map(|(_, set)| set);
    let sets = std::iter::once(&matcher.addresses).chain(known).chain(matcher.assumed.iter().map(|(set, _)| set));
    let mut all: Ranges = sets.flat_map(|s| s.prefixes()).filter_map(range).collect();
    all.sort_unstable();
    let mut joined = Ranges::new();
    for (from, to) in all {
        match joined.last_mut() {
            Some(last) if from <= last.1.saturating_add(1) => last.1 = last.1.max(to),
            _ => joined.push((from, to)),
        }
    }
    joined
}

fn rules(filter: &Filter) -> [Vec<Rule>; 2] {
    [Direction::Outbound, Direction::Inbound].map(|way| {
        let all = filter.rules.iter();
        let mine = all.filter(|r| r.direction.is_none_or(|d| d == way) && r.protocol.matches(Transport::Tcp));
        let made = mine.map(|r| Rule {
            allow: r.action != Action::Deny,
            by_name: !matches!(r.names, Names::Ignored),
            from: ranges(&r.from),
            to: ranges(&r.to),
            ports: r.ports.ranges().iter().map(|p| (p.first, p.last)).collect(),
        });
        made.collect()
    })
}

/// Numbers things by where they are in memory.
struct Numbers<'p> {
    plane: &'p Plane,
    by_address: HashMap<u32, Id<Endpoint>>,
    filters: HashMap<*const Filter, usize>,
    made: Vec<[Vec<Rule>; 2]>,
    tables: HashMap<Id<Segment>, usize>,
    all_tables: Vec<Table>,
    devices: HashMap<Id<Endpoint>, usize>,
    all_devices: Vec<Device>,
}

impl Numbers<'_> {
    fn filter(&mut self, filter: Option<&Filter>) -> Option<usize> {
        let filter = filter?;
        let next = self.made.len();
        let id = *self.filters.entry(std::ptr::from_ref(filter)).or_insert(next);
        if id == next {
            self.made.push(rules(filter));
        }
        Some(id)
    }

    fn device(&mut self, id: Id<Endpoint>) -> Option<usize> {
        if let Some(known) = self.devices.get(&id) {
            return Some(*known);
        }
        let endpoint = self.plane.endpoints.get(id);
        let Role::Firewall(firewall) = &endpoint.role else { return None };
        let rules = self.filter(Some(&firewall.filter))?;
        let number = self.all_devices.len();
        self.devices.insert(id, number);
        self.all_devices.push(Device { table: 0, rules });
        let table = self.table(endpoint.segment?);
        if let Some(device) = self.all_devices.get_mut(number) {
            device.table = table;
        }
        Some(number)
    }

    /// The routes of a segment, the first that holds an address wins, as ranges.
    fn table(&mut self, segment: Id<Segment>) -> usize {
        if let Some(known) = self.tables.get(&segment) {
            return *known;
        }
        let number = self.all_tables.len();
        self.tables.insert(segment, number);
        self.all_tables.push(Table::new());
        let plane = self.plane;
        let mut hops: Vec<((u32, u32), Hop)> = Vec::new();
        for route in plane.segments.get(segment).routes.iter() {
            let hop = match &route.hop {
                NextHop::Network { network, .. } => Hop::Network(*network),
                NextHop::Endpoint(owner) => Hop::Owner(*owner),
                NextHop::Appliance(address) => {
                    let owner = v4(*address).and_then(|a| self.by_address.get(&a)).copied();
                    owner.and_then(|o| self.device(o)).map_or(Hop::Nowhere, Hop::Device)
                }
                _ => Hop::Nowhere,
            };
            hops.extend(range(&route.prefix).map(|r| (r, hop)));
        }
        let mut edges: Vec<u32> = vec![0];
        edges.extend(hops.iter().flat_map(|((a, b), _)| [Some(*a), b.checked_add(1)]).flatten());
        edges.sort_unstable();
        edges.dedup();
        let mut table: Vec<Option<Hop>> = vec![None; edges.len()];
        for ((from, to), hop) in &hops {
            let (first, last) = (edges.partition_point(|e| e < from), edges.partition_point(|e| e <= to));
            table.iter_mut().take(last).skip(first).filter(|h| h.is_none()).for_each(|h| *h = Some(*hop));
        }
        let mut merged = Table::new();
        for (edge, hop) in edges.into_iter().zip(table) {
            let hop = hop.unwrap_or(Hop::Nowhere);
            if merged.last().is_none_or(|(_, last)| *last != hop) {
                merged.push((edge, hop));
            }
        }
        if let Some(slot) = self.all_tables.get_mut(number) {
            *slot = merged;
        }
        number
    }
}

impl Hoisted {
    /// Makes an estate ready; what it does not know is left out.
    pub(crate) fn new(plane: &Plane, problem: &Problem<'_>) -> Self {
        let addresses = |(id, e): (Id<Endpoint>, &Endpoint)| {
            e.addresses.iter().filter_map(|a| v4(*a)).map(|a| (a, id)).collect::<Vec<_>>()
        };
        let mut numbers = Numbers {
            plane,
            by_address: plane.endpoints.iter().flat_map(addresses).collect(),
            filters: HashMap::new(),
            made: Vec::new(),
            tables: HashMap::new(),
            all_tables: Vec::new(),
            devices: HashMap::new(),
            all_devices: Vec::new(),
        };
        let mut senders = Vec::new();
        for (number, source) in problem.sources.iter().enumerate() {
            let privreach::reach::Sender::Endpoint(id) = source.sender else { continue };
            let endpoint = plane.endpoints.get(id);
            let at = endpoint.segment.zip(endpoint.addresses.first().and_then(|a| v4(*a)));
            let Some((segment, address)) = at.filter(|_| matches!(endpoint.role, Role::Host(_))) else { continue };
            let home = plane.segments.get(segment);
            let filters = [numbers.filter(home.filter.as_ref()), numbers.filter(endpoint.filter.as_ref())];
            senders.push(Sender { number, address, network: home.network, table: numbers.table(segment), filters });
        }
        let advice = !plane.assumptions.one_sided_endpoints_block;
        let mut places = Vec::new();
        for (number, column) in problem.columns.iter().enumerate() {
            let Some(address) = column.address().and_then(v4).filter(|_| column.transport == Transport::Tcp) else {
                continue;
            };
            let Some(owner) = numbers.by_address.get(&address).copied() else { continue };
            let endpoint = plane.endpoints.get(owner);
            let Some(segment) = endpoint.segment else { continue };
            let (filtered, lenient) = match &endpoint.role {
                Role::Host(_) => (true, false),
                Role::PrivateEndpoint(private) => (private.filtered, advice),
                _ => continue,
            };
            let home = plane.segments.get(segment);
            let filters = match filtered {
                true => [numbers.filter(home.filter_before(&endpoint.role)), numbers.filter(endpoint.filter.as_ref())],
                false => [None, None],
            };
            let (network, table, port) = (home.network, numbers.table(segment), column.port);
            places.push(Place { number, address, port, owner, network, table, filters, lenient });
        }
        let Numbers { made: filters, all_tables: tables, all_devices: devices, .. } = numbers;
        Self { filters, tables, devices, senders, places }
    }

    /// The cost of one pair, from some senders to all places, and how many of those pairs the solver answers alike.
    pub(crate) fn measure(&self, bulk: &Bulk, sources: usize) -> (Cost, u64, u64) {
        let step = (self.senders.len() / sources).max(1);
        let some: Vec<&Sender> = self.senders.iter().step_by(step).take(sources).collect();
        let mut open = Vec::new();
        let cost = best_of(3, || {
            for sender in &some {
                self.from(sender, &mut open);
                black_box(&open);
            }
        });
        let (mut alike, mut pairs) = (0, 0);
        for sender in &some {
            self.from(sender, &mut open);
            for (place, open) in self.places.iter().zip(&open) {
                let solved = bulk.verdict(sender.number, place.number) == Some(Verdict::Private);
                pairs += 1;
                alike += u64::from(solved == *open);
            }
        }
        (cost.times(1.0 / (some.len() * self.places.len()).max(1) as f64), alike, pairs)
    }

    /// Whether each place is open to a sender.
    fn from(&self, sender: &Sender, open: &mut Vec<bool>) {
        open.clear();
        // Everything that depends on the source alone.
        let mine = |number: usize, way: usize| -> Vec<&Rule> {
            let all = self.filters.get(number).and_then(|f| f.get(way)).into_iter().flatten();
            all.filter(|r| !r.by_name && holds(&r.from, sender.address)).collect()
        };
        let out: Vec<Vec<&Rule>> = sender.filters.iter().flatten().map(|f| mine(*f, 0)).collect();
        let devices: Vec<Vec<&Rule>> = self.devices.iter().map(|d| mine(d.rules, 0)).collect();
        let into: Vec<Vec<&Rule>> = (0..self.filters.len()).map(|f| mine(f, 1)).collect();
        let back: Vec<Option<Vec<usize>>> = (0..self.tables.len()).map(|t| self.back(t, sender)).collect();
        let lets = |rules: &[&Rule], place: &Place| {
            rules.iter().find(|r| r.hits(place.address, place.port)).is_some_and(|r| r.allow)
        };
        open.extend(self.places.iter().map(|place| {
            if !out.iter().all(|rules| lets(rules, place)) {
                return false;
            }
            let (mut table, mut there) = (sender.table, [0_usize; 8]);
            let mut passed = 0;
            loop {
                match self.hop(table, place.address) {
                    Hop::Network(network) if network == place.network => break,
                    Hop::Owner(owner) if owner == place.owner => break,
                    Hop::Device(device) if passed < 7 => {
                        let rules = devices.get(device).map_or(&[][..], Vec::as_slice);
                        if !lets(rules, place) {
                            return false;
                        }
                        if let Some(slot) = there.get_mut(passed) {
                            *slot = device;
                        }
                        passed += 1;
                        table = self.devices.get(device).map_or(0, |d| d.table);
                    }
                    _ => return false,
                }
            }
            let there = there.get(..passed).unwrap_or_default();
            let Some(Some(answers)) = back.get(place.table) else { return false };
            let symmetric = there.iter().rev().eq(answers);
            if !(symmetric || place.lenient && answers.iter().all(|d| there.contains(d))) {
                return false;
            }
            place.filters.iter().flatten().all(|f| into.get(*f).is_some_and(|rules| lets(rules, place)))
        }));
    }

    fn hop(&self, table: usize, address: u32) -> Hop {
        let Some(table) = self.tables.get(table) else { return Hop::Nowhere };
        let next = table.partition_point(|(edge, _)| *edge <= address);
        next.checked_sub(1).and_then(|at| table.get(at)).map_or(Hop::Nowhere, |(_, hop)| *hop)
    }

    /// The firewalls on the way back from a segment; none if answers do not arrive.
    fn back(&self, table: usize, to: &Sender) -> Option<Vec<usize>> {
        let (mut table, mut passed) = (table, Vec::new());
        loop {
            match self.hop(table, to.address) {
                Hop::Network(network) if network == to.network => return Some(passed),
                Hop::Device(device) if passed.len() < 7 => {
                    passed.push(device);
                    table = self.devices.get(device)?.table;
                }
                _ => return None,
            }
        }
    }
}
