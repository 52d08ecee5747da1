//! Addresses that nobody declared, and which the model gives out itself: rules and routes that tell the candidates apart
//! cannot be decided for them.

use super::{Endpoint, Id};
use crate::net::{Membership, Prefix};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
};

/// The addresses of a segment that something placed there without one may get (ADDR-03).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidates {
    prefixes: Vec<Prefix>,
    /// Addresses that something declares.
    claimed: BTreeSet<IpAddr>,
}

fn number(address: IpAddr) -> Option<u64> {
    match address {
        IpAddr::V4(v4) => Some(u32::from(v4).into()),
        IpAddr::V6(_) => None,
    }
}

/// First and last usable address of a prefix (ADDR-03); none of IPv6.
fn usable(prefix: Prefix) -> Option<(u64, u64)> {
    let (first, last) = (number(prefix.network())? + 4, number(prefix.last())?.saturating_sub(1));
    (first <= last).then_some((first, last))
}

impl Candidates {
    /// Of a segment with these prefixes, in which these addresses are declared.
    #[must_use]
    pub fn new(prefixes: Vec<Prefix>, claimed: BTreeSet<IpAddr>) -> Self {
        Self { prefixes, claimed }
    }

    /// Whether something without a declared address may have this one.
    #[must_use]
    pub fn holds(&self, address: IpAddr) -> bool {
        let Some(at) = number(address) else { return false };
        let mut ranges = self.prefixes.iter().filter_map(|p| usable(*p));
        ranges.any(|(first, last)| (first..=last).contains(&at)) && !self.claimed.contains(&address)
    }

    /// Whether all candidates, some or none are in one of the prefixes.
    #[must_use]
    pub fn membership(&self, set: impl IntoIterator<Item = Prefix>) -> Membership {
        let mut named: Vec<(u64, u64)> = Vec::new();
        for prefix in set {
            named.extend(number(prefix.network()).zip(number(prefix.last())));
        }
        named.sort_unstable();
        let (mut inside, mut all) = (0, 0);
        for (first, last) in self.prefixes.iter().filter_map(|p| usable(*p)) {
            all += last - first + 1;
            let mut next = first;
            for (from, to) in &named {
                let (from, to) = ((*from).max(next), (*to).min(last));
                if from <= to {
                    inside += to - from + 1;
                    next = to + 1;
                }
            }
        }
        for address in self.claimed.iter().filter_map(|a| number(*a)) {
            if self.prefixes.iter().filter_map(|p| usable(*p)).any(|(first, last)| (first..=last).contains(&address)) {
                all -= 1;
                inside -= u64::from(named.iter().any(|(from, to)| (*from..=*to).contains(&address)));
            }
        }
        match inside {
            0 => Membership::Out,
            _ if inside == all => Membership::In,
            _ => Membership::Undecided,
        }
    }
}

/// Something without a declared address, and which addresses it may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allocated {
    /// What has it.
    pub endpoint: Id<Endpoint>,
    /// The addresses that it may have.
    pub candidates: Arc<Candidates>,
}

/// Everything that has an address of the model's choice.
#[derive(Debug, Clone, Default)]
pub struct Allocations {
    all: BTreeMap<IpAddr, Vec<Allocated>>,
    /// Those whose candidates something tells apart.
    told: BTreeMap<IpAddr, Vec<Allocated>>,
    /// Addresses given out, by each prefix of their segments.
    by_prefix: BTreeMap<Prefix, BTreeSet<IpAddr>>,
    /// The same of segments with several prefixes.
    several: BTreeMap<Prefix, BTreeSet<IpAddr>>,
    ends: BTreeSet<Id<Endpoint>>,
}

impl Allocations {
    /// Adds an address of the model's choice.
    pub fn insert(&mut self, address: IpAddr, allocated: Allocated) {
        let prefixes = &allocated.candidates.prefixes;
        for prefix in prefixes {
            let place = if prefixes.len() > 1 { &mut self.several } else { &mut self.by_prefix };
            place.entry(*prefix).or_default().insert(address);
        }
        self.ends.insert(allocated.endpoint);
        self.all.entry(address).or_default().push(allocated);
    }

    /// Takes note of prefixes that rules or routes name: those that hold a part of some candidates tell them apart.
    pub fn tell_apart(&mut self, prefixes: impl IntoIterator<Item = Prefix>) {
        if self.all.is_empty() {
            return;
        }
        let distinct: BTreeSet<Prefix> = prefixes.into_iter().collect();
        for prefix in distinct {
            // Of segments with one prefix only those that hold it are concerned.
            let wider = (0..=prefix.length()).filter_map(|length| self.by_prefix.get(&prefix.widened(length)?));
            let of_several = self.several.iter().filter(|(p, _)| p.overlaps(prefix)).map(|(_, addresses)| addresses);
            let met: Vec<IpAddr> = wider.chain(of_several).flatten().copied().collect();
            for address in met {
                let Some(here) = self.all.get(&address).filter(|_| !self.told.contains_key(&address)) else { continue };
                if here.iter().any(|a| a.candidates.membership([prefix]) == Membership::Undecided) {
                    self.told.insert(address, here.clone());
                }
            }
        }
    }

    /// Who may have an address of the model's choice that something tells apart from others; nobody, mostly.
    #[must_use]
    pub fn at(&self, address: IpAddr) -> &[Allocated] {
        self.told.get(&address).map_or(&[], Vec::as_slice)
    }

    /// Whether something has an address of the model's choice.
    #[must_use]
    pub fn has(&self, endpoint: Id<Endpoint>) -> bool {
        self.ends.contains(&endpoint)
    }

    /// What may have an address, by segments that hold it, in order.
    pub(super) fn perhaps(&self, address: IpAddr) -> impl Iterator<Item = &Allocated> {
        let host = Prefix::host(address);
        let wider = (0..=host.length()).filter_map(move |length| self.by_prefix.get(&host.widened(length)?));
        let of_several = self.several.iter().filter(move |(p, _)| p.contains(address)).map(|(_, addresses)| addresses);
        let all = wider.chain(of_several).flatten().filter_map(|a| self.all.get(a)).flatten();
        all.filter(move |a| a.candidates.holds(address))
    }

    /// Number of addresses that something tells apart.
    #[must_use]
    pub fn told(&self) -> usize {
        self.told.len()
    }

    /// The addresses that something tells apart, each with what has it.
    pub fn iter(&self) -> impl Iterator<Item = (IpAddr, Id<Endpoint>)> {
        self.told.iter().flat_map(|(address, all)| all.iter().map(|a| (*address, a.endpoint)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_are_what_is_usable_and_not_declared() {
        let prefix = |text: &str| text.parse::<Prefix>().unwrap();
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let all = Candidates::new(vec![prefix("10.0.1.0/29")], [address("10.0.1.4")].into());
        let membership = |texts: &[&str]| all.membership(texts.iter().map(|t| prefix(t)));
        assert_eq!(membership(&["10.0.1.0/29"]), Membership::In);
        assert_eq!(membership(&["10.0.0.0/16"]), Membership::In);
        assert_eq!(membership(&["10.0.2.0/24"]), Membership::Out);
        // Declared, and the platform's.
        assert_eq!(membership(&["10.0.1.4/32", "10.0.1.0/30", "10.0.1.7/32"]), Membership::Out);
        assert_eq!(membership(&["10.0.1.5/32"]), Membership::Undecided);
        assert_eq!(membership(&["10.0.1.5/32", "10.0.1.6/32"]), Membership::In);
        assert_eq!(membership(&["10.0.1.4/30", "10.0.1.4/31"]), Membership::In);
        assert!(all.holds(address("10.0.1.5")) && !all.holds(address("10.0.1.4")) && !all.holds(address("10.0.1.7")));
    }
}
