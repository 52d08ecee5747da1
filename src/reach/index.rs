//! Long filters by address: which rules can match a private address, without reading all of them.

use crate::{
    dataplane::{Direction, Filter, FilterRule, Matcher, Names, Party},
    net::{AddressSet, Prefix, Transport, is_public},
};
use std::net::IpAddr;

/// Shorter filters are read through.
const LONG: usize = 64;
/// An index with more words than this is not made.
const MOST_WORDS: usize = 1 << 20;

/// The rules of one filter that can match, as bits, by either end of a flow.
#[derive(Debug)]
pub(super) struct Index {
    from: Axis,
    to: Axis,
    /// Rules of each direction and transport.
    kinds: Vec<(Direction, Transport, Vec<u64>)>,
}

/// Rules by address, as rows of bits for each interval in which nothing changes.
#[derive(Debug)]
struct Axis {
    starts: Vec<u32>,
    rows: Vec<u64>,
    stride: usize,
}

impl Index {
    /// Whether reading all rules of a filter is dearer than looking here.
    pub(super) fn pays(filter: &Filter) -> bool {
        filter.rules.len() >= LONG
    }

    /// The index of a filter; none where it would be too large.
    pub(super) fn new(filter: &Filter) -> Option<Self> {
        let from = Axis::new(filter.rules.iter().map(|r| ranges(&r.from)).collect())?;
        // Application rules look at the name, wherever it leads.
        let to = |rule: &FilterRule| match rule.names {
            Names::Application(_) => vec![(0, 1 << 32)],
            Names::Ignored | Names::Resolved(_) => ranges(&rule.to),
        };
        let to = Axis::new(filter.rules.iter().map(to).collect())?;
        let mut kinds = Vec::new();
        for direction in [Direction::Inbound, Direction::Outbound] {
            for transport in [Transport::Tcp, Transport::Udp, Transport::Icmp] {
                let bears =
                    |r: &FilterRule| r.direction.is_none_or(|d| d == direction) && r.protocol.matches(transport);
                let mut bits = vec![0_u64; filter.rules.len().div_ceil(64)];
                for (number, _) in filter.rules.iter().enumerate().filter(|(_, r)| bears(r)) {
                    set(&mut bits, number);
                }
                kinds.push((direction, transport, bits));
            }
        }
        Some(Self { from, to, kinds })
    }

    /// The numbers of rules that can match, in order; none if neither end is a private IPv4 address of which prefixes tell all.
    pub(super) fn bearing(
        &self,
        direction: Direction,
        transport: Transport,
        from: Party<'_>,
        to: Party<'_>,
    ) -> Option<Vec<u32>> {
        let ends = [(&self.from, plain(from)), (&self.to, plain(to))].map(|(axis, at)| at.map(|a| axis.row(a)));
        let (_, _, kind) = self.kinds.iter().find(|(d, t, _)| (*d, *t) == (direction, transport))?;
        ends.iter().any(Option::is_some).then(|| {
            let mut found = Vec::new();
            for (word, kind) in kind.iter().enumerate() {
                let in_word = |row: &[u64]| row.get(word).copied().unwrap_or(0);
                let mut rest = ends.iter().flatten().fold(*kind, |all, row| all & in_word(row));
                while rest != 0 {
                    found.push(word as u32 * 64 + rest.trailing_zeros());
                    rest &= rest - 1;
                }
            }
            found
        })
    }
}

/// An address of which prefixes tell all that a matcher asks: no service tag holds it, and it is nobody's by choice of
/// the model.
fn plain(party: Party<'_>) -> Option<u32> {
    match party.address {
        IpAddr::V4(v4) if !is_public(party.address) && party.perhaps.is_empty() => Some(u32::from(v4)),
        _ => None,
    }
}

/// What a matcher holds of the private addresses, in order, each range with its end behind it.
fn ranges(matcher: &Matcher) -> Vec<(u64, u64)> {
    let mut all: Vec<(u64, u64)> = matcher.sets_of_private().flat_map(AddressSet::prefixes).filter_map(range).collect();
    all.sort_unstable();
    let mut joined: Vec<(u64, u64)> = Vec::with_capacity(all.len());
    for (from, to) in all {
        match joined.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => joined.push((from, to)),
        }
    }
    joined
}

fn range(prefix: &Prefix) -> Option<(u64, u64)> {
    match (prefix.network(), prefix.last()) {
        (IpAddr::V4(first), IpAddr::V4(last)) => Some((u32::from(first).into(), u64::from(u32::from(last)) + 1)),
        _ => None,
    }
}

fn set(bits: &mut [u64], at: usize) {
    if let Some(word) = bits.get_mut(at / 64) {
        *word ^= 1 << (at % 64);
    }
}

impl Axis {
    /// One list of ranges for each rule, in order and apart from each other.
    fn new(rules: Vec<Vec<(u64, u64)>>) -> Option<Self> {
        let stride = rules.len().div_ceil(64);
        let mut turns: Vec<(u64, usize)> = Vec::new();
        for (number, ranges) in rules.iter().enumerate() {
            turns.extend(ranges.iter().flat_map(|(from, to)| [(*from, number), (*to, number)]));
        }
        turns.sort_unstable();
        let mut axis = Self { starts: vec![0], rows: Vec::new(), stride };
        let mut now = vec![0_u64; stride];
        let mut at = 0_u64;
        for (place, number) in turns {
            if place > at {
                axis.rows.extend(&now);
                at = place;
                let Ok(start) = u32::try_from(place) else { break };
                axis.starts.push(start);
                if axis.starts.len() * stride > MOST_WORDS {
                    return None;
                }
            }
            set(&mut now, number);
        }
        if axis.rows.len() < axis.starts.len() * stride {
            axis.rows.extend(&now);
        }
        Some(axis)
    }

    fn row(&self, address: u32) -> &[u64] {
        let at = self.starts.partition_point(|s| *s <= address).saturating_sub(1);
        self.rows.get(at * self.stride..(at + 1) * self.stride).unwrap_or(&[])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        dataplane::{Action, Origin, Packet},
        net::{Fqdn, FqdnPattern, PortRange, PortSet, Protocol},
        verdict::Reason,
    };

    /// Numbers that look random, the same in every run.
    struct Dice(u64);

    impl Dice {
        fn roll(&mut self, sides: u64) -> u64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) % sides
        }

        fn prefix(&mut self) -> Prefix {
            let texts = ["10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "10.1.2.3/32", "10.9.0.0/16", "0.0.0.0/0", "::/0"];
            texts[self.roll(texts.len() as u64) as usize].parse().unwrap()
        }

        fn set(&mut self) -> AddressSet {
            (0..self.roll(4)).map(|_| self.prefix()).collect()
        }

        fn matcher(&mut self) -> Matcher {
            Matcher {
                addresses: self.set(),
                tags: (self.roll(4) == 0).then(|| "Storage".to_owned()).into_iter().collect(),
                known_tags: (0..self.roll(2)).map(|_| ("Known".to_owned(), self.set())).collect(),
                internet: self.roll(5) == 0,
                assumed: (0..self.roll(2)).map(|_| (self.set(), "A-01")).collect(),
                ..Matcher::default()
            }
        }

        fn rule(&mut self) -> FilterRule {
            let direction = [None, Some(Direction::Inbound), Some(Direction::Outbound)];
            let protocol =
                [Protocol::Any, Protocol::Only(Transport::Tcp), Protocol::Only(Transport::Udp), Protocol::Other("ESP")];
            let named = || Names::Application(vec![FqdnPattern::Any]);
            let first = [22, 53, 443][self.roll(3) as usize];
            FilterRule {
                origin: Origin::new("rule", "x", None),
                priority: None,
                direction: direction[self.roll(3) as usize],
                action: if self.roll(2) == 0 { Action::Allow } else { Action::Deny },
                protocol: protocol[self.roll(4) as usize],
                from: self.matcher(),
                source_ports: PortSet::all(),
                to: self.matcher(),
                ports: PortSet::of([PortRange { first, last: first }]),
                names: if self.roll(6) == 0 { named() } else { Names::Ignored },
            }
        }
    }

    #[test]
    fn rules_that_are_left_out_match_nothing() {
        let mut dice = Dice(7);
        let addresses =
            ["10.1.2.3", "10.1.2.4", "10.1.3.1", "10.9.9.9", "192.168.1.1", "8.8.8.8", "240.0.0.1", "fd00::1"];
        let (mut read, mut left_out) = (0, 0);
        for _ in 0..20 {
            let rules = (0..100).map(|_| dice.rule()).collect();
            let filter =
                Filter { origin: Origin::new("filter", "x", None), reason: Reason::Nsg, rules_ids: &[], rules };
            let index = Index::new(&filter).unwrap();
            for _ in 0..400 {
                let mut address = || addresses[dice.roll(addresses.len() as u64) as usize].parse::<IpAddr>().unwrap();
                let (source, destination) = (address(), address());
                let transport = [Transport::Tcp, Transport::Udp, Transport::Icmp][dice.roll(3) as usize];
                let direction = [Direction::Inbound, Direction::Outbound][dice.roll(2) as usize];
                let port = [22, 53, 443][dice.roll(3) as usize];
                let name = (dice.roll(2) == 0).then(|| "a.example".parse::<Fqdn>().unwrap());
                let packet = Packet { source, destination, transport, port, name, reply: dice.roll(2) == 0 };
                let [from, to] = [source, destination].map(|address| Party { address, tags: None, perhaps: &[] });
                let Some(some) = index.bearing(direction, transport, from, to) else { continue };
                let whole = filter.decide(direction, &packet, from, to, &|_| None);
                let among = filter.decide_among(&some, direction, &packet, from, to, &|_| None);
                assert_eq!(format!("{whole:?}"), format!("{among:?}"), "{packet:?}");
                read += some.len();
                left_out += filter.rules.len() - some.len();
            }
        }
        assert!(left_out > read * 2, "{read} read, {left_out} left out");
    }
}
