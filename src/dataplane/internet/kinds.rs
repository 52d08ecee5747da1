//! The kinds of public addresses that rules tell apart.

use super::{ANYBODY, GLOBAL, KIND, Kind};
use crate::{
    dataplane::{Client, ClientKind, Plane, spread},
    net::{NOT_PUBLIC, PLATFORM_ADDRESS, Prefix, is_public},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// Addresses that are tried before a range counts as taken.
const TRIES: usize = 64;

/// Further IPv4 addresses that nobody on the internet has: reserved ones, and the block that stands for undeclared
/// addresses.
const RESERVED: [&str; 3] = ["0.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4"];

/// Kept for documentation, so that they mislead nobody: taken first where anybody will do.
const PREFERRED: [IpAddr; 4] = [
    IpAddr::V4(Ipv4Addr::new(192, 0, 2, 199)),
    IpAddr::V4(Ipv4Addr::new(198, 51, 100, 199)),
    IpAddr::V4(Ipv4Addr::new(203, 0, 113, 199)),
    IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0xc7)),
];

/// First and last address of a range, as numbers.
pub(super) type Range = (u128, u128);

fn size(kind: &[Range]) -> u128 {
    kind.iter().fold(0, |sum, (first, last)| sum.saturating_add(last - first))
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u32::from(v4).into(),
        IpAddr::V6(v6) => v6.into(),
    }
}

fn address(number: u128, v6: bool) -> IpAddr {
    match u32::try_from(number) {
        Ok(v4) if !v6 => IpAddr::V4(v4.into()),
        _ => IpAddr::V6(number.into()),
    }
}

pub(super) fn range(prefix: Prefix) -> Range {
    (number(prefix.network()), number(prefix.last()))
}

/// The ranges of prefixes of one family, in order, without overlaps.
fn ranges(prefixes: &[Prefix], v6: bool) -> Vec<Range> {
    let mut all: Vec<Range> = prefixes.iter().filter(|p| p.network().is_ipv6() == v6).map(|p| range(*p)).collect();
    all.sort_unstable();
    let mut merged: Vec<Range> = Vec::with_capacity(all.len());
    for (first, last) in all {
        match merged.last_mut() {
            Some((_, end)) if first <= end.saturating_add(1) => *end = (*end).max(last),
            _ => merged.push((first, last)),
        }
    }
    merged
}

/// A number that is as good as no other set's.
fn mark(set: usize) -> u128 {
    let mix = |seed: u64| {
        let mut z = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        u128::from(z ^ (z >> 31))
    };
    let seed = u64::try_from(set).unwrap_or(u64::MAX).wrapping_mul(2);
    (mix(seed.wrapping_add(1)) << 64) | mix(seed.wrapping_add(2))
}

/// What is known of public addresses: the sets that tell them apart, and who has which.
pub(super) struct Reading<'p> {
    planes: &'p [&'p Plane],
    sets: BTreeSet<Vec<Prefix>>,
    /// Addresses in private use, and others that are nobody's on the internet.
    nobody: Vec<Prefix>,
    /// Prefixes that are named somewhere.
    named: BTreeSet<Prefix>,
    /// Addresses that cannot stand for anybody: the estate's own, or asked for.
    taken: BTreeSet<IpAddr>,
}

impl<'p> Reading<'p> {
    pub(super) fn new(planes: &'p [&'p Plane], asked_for: impl IntoIterator<Item = IpAddr>) -> Self {
        let mut sets: BTreeSet<Vec<Prefix>> = BTreeSet::new();
        let fixed = NOT_PUBLIC.iter().chain(&RESERVED).filter_map(|p| p.parse().ok());
        let mut nobody: Vec<Prefix> = fixed.chain([Prefix::host(PLATFORM_ADDRESS)]).collect();
        let mut taken: BTreeSet<IpAddr> = asked_for.into_iter().collect();
        for plane in planes {
            plane.looks_at_senders(&mut |set| {
                if set.iter().any(|p| p.holds_public()) && !sets.contains(set) {
                    sets.insert(set.to_vec());
                }
            });
            nobody.extend(plane.networks.iter().flat_map(|(_, n)| &n.prefixes).filter(|p| p.holds_public()));
            taken.extend(plane.own_sources());
            taken.extend(plane.addresses_of_names());
        }
        let named = sets.iter().flatten().copied().filter(|p| !p.is_default()).collect();
        Self { planes, sets, nobody, named, taken }
    }

    /// Whether an address is somebody's on the internet who is no part of the estate.
    fn is_free(&self, address: IpAddr) -> bool {
        is_public(address)
            && !self.taken.contains(&address)
            && !self.nobody.iter().any(|p| p.contains(address))
            && self.planes.iter().all(|p| !p.is_declared(address))
    }

    /// The longest prefix that is named somewhere and holds an address.
    pub(super) fn innermost(&self, address: IpAddr) -> Option<Prefix> {
        let host = Prefix::host(address);
        (1..=host.length()).rev().filter_map(|l| host.widened(l)).find(|p| self.named.contains(p))
    }

    /// Ranges of addresses of one family by what holds them, in order of the first.
    pub(super) fn kinds(&self, v6: bool) -> Vec<Vec<Range>> {
        self.kinds_by(&self.sets, v6)
    }

    /// The same by some sets.
    fn kinds_by(&self, sets: &BTreeSet<Vec<Prefix>>, v6: bool) -> Vec<Vec<Range>> {
        // Where each set begins and ends; what is nobody's is a set of its own.
        let mut edges: Vec<(u128, u128)> = Vec::new();
        let mut add = |all: Vec<Range>, mark: u128| {
            for (first, last) in all {
                edges.push((first, mark));
                edges.extend(last.checked_add(1).map(|beyond| (beyond, mark)));
            }
        };
        for (number, set) in sets.iter().enumerate() {
            add(ranges(set, v6), mark(number + 1));
        }
        let whole: Range = match v6 {
            false => (0, u32::MAX.into()),
            true => GLOBAL.parse().map_or((0, 0), range),
        };
        let out = mark(0);
        add(ranges(&self.nobody, v6), out);
        edges.push((whole.0, 0));
        edges.sort_unstable();
        let nobodys = ranges(&self.nobody, v6);
        let mut found: BTreeMap<u128, Vec<Range>> = BTreeMap::new();
        let mut held = 0_u128;
        let mut all = edges.into_iter().peekable();
        while let Some((at, mark)) = all.next() {
            held ^= mark;
            let next = all.peek().map(|(next, _)| *next);
            if next == Some(at) {
                continue;
            }
            let last = next.map_or(whole.1, |n| n.saturating_sub(1)).min(whole.1);
            let inside = at >= whole.0 && at <= last;
            let before = nobodys.partition_point(|(first, _)| *first <= at);
            let nobodys = before.checked_sub(1).and_then(|b| nobodys.get(b)).is_some_and(|(_, end)| at <= *end);
            if inside && !nobodys {
                found.entry(held).or_default().push((at, last));
            }
        }
        let mut kinds: Vec<Vec<Range>> = found.into_values().collect();
        kinds.sort_unstable();
        kinds
    }

    /// An address of a kind that is nobody's in the estate.
    pub(super) fn one_of(&self, kind: &[Range], v6: bool) -> Option<IpAddr> {
        self.one_beside(kind, v6, &BTreeSet::new())
    }

    /// The same, but none of some.
    fn one_beside(&self, kind: &[Range], v6: bool, but: &BTreeSet<IpAddr>) -> Option<IpAddr> {
        let holds = |a: &IpAddr| a.is_ipv6() == v6 && kind.iter().any(|(f, l)| (*f..=*l).contains(&number(*a)));
        let preferred = PREFERRED.into_iter().filter(holds);
        // The first address of a range looks like a network's.
        let inner = kind.iter().flat_map(|(first, last)| {
            let from = if first < last { first + 1 } else { *first };
            (from..=*last).take(TRIES + but.len()).chain([*first])
        });
        preferred.chain(inner.map(|n| address(n, v6))).find(|a| !but.contains(a) && self.is_free(*a))
    }

    fn of_family(&self, v6: bool) -> Vec<Kind> {
        let kinds = self.kinds(v6);
        let all = kinds.iter().fold(0_u128, |sum, k| sum.saturating_add(size(k)));
        let anybody = if v6 { "internet:ipv6" } else { ANYBODY };
        let mut names = BTreeSet::new();
        // The largest first, so that it gets the widest name.
        let mut order: Vec<&Vec<Range>> = kinds.iter().collect();
        order.sort_by_key(|k| std::cmp::Reverse(size(k)));
        let mut found = Vec::new();
        for kind in order {
            let Some(address) = self.one_of(kind, v6) else { continue };
            let innermost = self.innermost(address);
            let name = match innermost {
                Some(prefix) if size(kind) <= all / 4 * 3 => format!("{ANYBODY}:{prefix}"),
                _ => anybody.to_owned(),
            };
            let is_taken = |name: &str| names.contains(name) || self.planes.iter().any(|p| p.clients.get(name).is_ok());
            let name = if is_taken(&name) { format!("{ANYBODY}:{address}") } else { name };
            names.insert(name.clone());
            let holds = |a: IpAddr| a.is_ipv6() == v6 && kind.iter().any(|(f, l)| (*f..=*l).contains(&number(a)));
            let declared = self.declared().into_iter().filter(|(_, a)| holds(*a)).collect();
            let rank = if name == anybody { 0 } else { 2 };
            found.push(Kind { name, address, tag: None, rank, declared });
        }
        found
    }

    /// Somebody in each service tag that rules look at, beside those who are in none: in each range that rules tell apart,
    /// since a rule for a range may come before the one for the tag, and two lists on one way may ask for both.
    fn in_tags(&self, known: &[Kind]) -> Vec<Kind> {
        // Tags are told apart without regard to case.
        let mut tags: BTreeMap<String, String> = BTreeMap::new();
        let mut sets: BTreeSet<Vec<Prefix>> = BTreeSet::new();
        for plane in self.planes {
            plane.rules_on_senders(&mut |matcher| {
                for tag in &matcher.tags {
                    tags.entry(tag.to_ascii_lowercase()).or_insert_with(|| tag.to_owned());
                }
                spread::matcher(matcher, &mut |set| {
                    if set.iter().any(|p| p.holds_public()) && !sets.contains(set) {
                        sets.insert(set.to_vec());
                    }
                });
            });
        }
        let mut used: BTreeSet<IpAddr> = known.iter().map(|k| k.address).collect();
        let mut kinds = self.kinds_by(&sets, false);
        kinds.sort_by_key(|kind| std::cmp::Reverse(size(kind)));
        let mut found = Vec::new();
        for tag in tags.into_values() {
            for (number, kind) in kinds.iter().enumerate() {
                // A range of which each address is somebody's has none in a tag.
                let Some(address) = self.one_beside(kind, false, &used) else { continue };
                used.insert(address);
                let within = self.innermost(address).map_or_else(|| address.to_string(), |p| p.to_string());
                let (name, rank) = match number {
                    0 => (format!("{ANYBODY}:{tag}"), 1),
                    _ => (format!("{ANYBODY}:{tag}:{within}"), 3),
                };
                let is_taken = found.iter().any(|k: &Kind| k.name == name);
                let name = if is_taken { format!("{ANYBODY}:{tag}:{address}") } else { name };
                found.push(Kind { name, address, tag: Some(tag.clone()), rank, declared: BTreeSet::new() });
            }
        }
        found
    }

    /// Clients on the internet that all sides declare alike.
    fn declared(&self) -> BTreeSet<(String, IpAddr)> {
        let of = |plane: &Plane| -> BTreeSet<(String, IpAddr)> {
            let clients = plane.clients.iter().filter(|(o, _)| o.kind == KIND);
            let at = |c: &Client| match c.kind {
                ClientKind::Endpoint(id) => plane.endpoints.get(id).addresses.first().copied(),
                ClientKind::Identity(_) => None,
            };
            clients.filter_map(|(o, c)| Some((o.name.clone(), at(c)?))).collect()
        };
        let mut sides = self.planes.iter().map(|p| of(p));
        let first = sides.next().unwrap_or_default();
        sides.fold(first, |common, side| common.intersection(&side).cloned().collect())
    }
}

/// The kinds of public addresses that something in any of the planes tells apart, in order of name, but none that only the
/// estate itself has. `asked_for` are addresses that cannot stand for anybody, because somebody asks for them.
#[must_use]
pub fn kinds_of_internet(planes: &[&Plane], asked_for: impl IntoIterator<Item = IpAddr>) -> Vec<Kind> {
    let reading = Reading::new(planes, asked_for);
    let mut kinds = reading.of_family(false);
    // Where nothing can be reached by IPv6, nobody asks by it.
    if planes.iter().any(|p| p.public_owners.iter().any(|(a, id)| a.is_ipv6() && !p.is_on_internet(*id))) {
        kinds.extend(reading.of_family(true));
    }
    kinds.extend(reading.in_tags(&kinds));
    kinds.sort_unstable();
    kinds
}
