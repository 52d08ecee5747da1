//! Sets of addresses, written as prefixes.

use super::{PLATFORM_ADDRESS, Prefix, is_undeclared_public};
use std::net::IpAddr;

/// A set of addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddressSet(Vec<Prefix>);

/// Whether an address belongs to a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Membership {
    /// It does.
    In,
    /// It does not.
    Out,
    /// The address is public and undeclared, and the set holds some public addresses but not all.
    Undecided,
}

impl AddressSet {
    /// The set of all addresses of both families.
    #[must_use]
    pub fn everything() -> Self {
        Self(["0.0.0.0/0", "::/0"].iter().filter_map(|p| p.parse().ok()).collect())
    }

    /// Adds the addresses of a prefix.
    pub fn insert(&mut self, prefix: Prefix) {
        if let Err(at) = self.0.binary_search(&prefix) {
            self.0.insert(at, prefix);
        }
    }

    /// The prefixes, in order.
    #[must_use]
    pub fn prefixes(&self) -> &[Prefix] {
        &self.0
    }

    /// Whether the set is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the address is literally in one of the prefixes.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|p| p.contains(address))
    }

    /// Membership of an address that may stand for an undeclared public one.
    #[must_use]
    pub fn membership(&self, address: IpAddr) -> Membership {
        if !is_undeclared_public(address) {
            return if self.contains(address) { Membership::In } else { Membership::Out };
        }
        if self.0.iter().any(|p| p.is_default() && p.contains(address)) {
            Membership::In
        } else if self.0.iter().any(|p| {
            // The platform's own address is nobody's public address (ADDR-06).
            let platform = *p == Prefix::host(PLATFORM_ADDRESS);
            !platform && p.network().is_ipv4() && p.holds_public()
        }) {
            Membership::Undecided
        } else {
            Membership::Out
        }
    }
}

impl FromIterator<Prefix> for AddressSet {
    fn from_iter<I: IntoIterator<Item = Prefix>>(prefixes: I) -> Self {
        let mut prefixes: Vec<_> = prefixes.into_iter().collect();
        prefixes.sort_unstable();
        prefixes.dedup();
        Self(prefixes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_undeclared_public_address_is_undecided_in_a_partial_public_set() {
        let set = |texts: &[&str]| texts.iter().map(|t| t.parse::<Prefix>().unwrap()).collect::<AddressSet>();
        let undeclared: IpAddr = "240.0.0.1".parse().unwrap();
        assert_eq!(set(&["20.0.0.0/8"]).membership(undeclared), Membership::Undecided);
        assert_eq!(set(&["10.0.0.0/8"]).membership(undeclared), Membership::Out);
        assert_eq!(set(&["10.0.0.0/8", "168.63.129.16/32"]).membership(undeclared), Membership::Out);
        assert_eq!(AddressSet::everything().membership(undeclared), Membership::In);
        assert_eq!(set(&["20.0.0.0/8"]).membership("20.1.2.3".parse().unwrap()), Membership::In);
    }
}
