//! Canonical address prefixes of either family.

use ipnet::IpNet;
use std::{fmt, net::IpAddr, str::FromStr};
use thiserror::Error;

/// An address prefix without host bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix(IpNet);

/// Why a text is not a canonical prefix.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PrefixError {
    /// Not of the form `address/length`.
    #[error("`{0}` is not an address prefix such as 10.0.0.0/16")]
    Syntax(String),
    /// The address has bits beyond the length.
    #[error("`{given}` has host bits set")]
    HostBits {
        /// The text.
        given: String,
        /// The prefix that was probably meant.
        canonical: Prefix,
    },
}

impl Prefix {
    /// The prefix of a single address.
    #[must_use]
    pub fn host(address: IpAddr) -> Self {
        Self(IpNet::from(address))
    }

    /// Number of leading bits that are fixed.
    #[must_use]
    pub fn length(self) -> u8 {
        self.0.prefix_len()
    }

    /// Whether this is `0.0.0.0/0` or `::/0`.
    #[must_use]
    pub fn is_default(self) -> bool {
        self.length() == 0
    }

    /// Whether this is a single address.
    #[must_use]
    pub fn is_host(self) -> bool {
        self.network() == self.last()
    }

    /// First address of the prefix.
    #[must_use]
    pub fn network(self) -> IpAddr {
        self.0.network()
    }

    /// Last address of the prefix.
    #[must_use]
    pub fn last(self) -> IpAddr {
        self.0.broadcast()
    }

    /// Whether the address lies inside.
    #[must_use]
    pub fn contains(self, address: IpAddr) -> bool {
        self.0.contains(&address)
    }

    /// Whether every address of `other` lies inside.
    #[must_use]
    pub fn covers(self, other: Self) -> bool {
        self.0.contains(&other.0)
    }

    /// Whether the two share an address.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        self.covers(other) || other.covers(self)
    }

    /// The prefix of this length that holds it; none if that is longer than its own.
    #[must_use]
    pub fn widened(self, length: u8) -> Option<Self> {
        let wide = IpNet::new(self.network(), length).ok()?;
        (length <= self.length()).then(|| Self(wide.trunc()))
    }

    /// Whether it holds addresses that hosts on the internet have; multicast and reserved ones are none.
    #[must_use]
    pub fn holds_public(self) -> bool {
        let reserved = |a: IpAddr| matches!(a, IpAddr::V4(v4) if v4.octets()[0] >= 224);
        let apart = |a: IpAddr| !super::is_public(a) || reserved(a);
        // No range of private use is wider than this, so between two ends of one lies nothing else.
        let narrow = self.length() >= 7;
        !(reserved(self.network()) || narrow && apart(self.network()) && apart(self.last()))
    }

    /// Whether prefixes hold every IPv4 address that hosts on the internet have, in one piece or in several.
    #[must_use]
    pub fn all_public(all: &[Self]) -> bool {
        fn held(piece: Prefix, all: &[Prefix]) -> bool {
            if !piece.holds_public() || all.iter().any(|p| p.covers(piece)) {
                return true;
            }
            let within: Vec<Prefix> = all.iter().filter(|p| piece.covers(**p)).copied().collect();
            let Ok(halves) = piece.0.subnets(piece.length() + 1) else { return false };
            !within.is_empty() && halves.map(Prefix).all(|half| held(half, &within))
        }
        let everything = Self::host(IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED)).widened(0);
        everything.is_some_and(|everything| held(everything, all))
    }

    /// The addresses a subnet of this prefix can hand out: Azure keeps the first four and the last (ADDR-05).
    pub fn usable(self) -> impl Iterator<Item = IpAddr> {
        let last = self.last();
        // Of IPv6 the first is among the hosts.
        let kept = if last.is_ipv6() { 4 } else { 3 };
        self.0.hosts().filter(move |a| *a != last).skip(kept)
    }
}

impl FromStr for Prefix {
    type Err = PrefixError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let net = IpNet::from_str(text).map_err(|_| PrefixError::Syntax(text.to_owned()))?;
        let canonical = net.trunc();
        if canonical == net {
            Ok(Self(net))
        } else {
            Err(PrefixError::HostBits { given: text.to_owned(), canonical: Self(canonical) })
        }
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_bits_are_an_error_with_the_canonical_form() {
        let error = "10.0.0.1/16".parse::<Prefix>().unwrap_err();
        assert_eq!(
            error,
            PrefixError::HostBits { given: "10.0.0.1/16".into(), canonical: "10.0.0.0/16".parse().unwrap() }
        );
    }

    #[test]
    fn public_addresses_lie_in_what_is_no_range_of_private_use() {
        let holds = |text: &str| text.parse::<Prefix>().unwrap().holds_public();
        for text in ["0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "20.0.0.0/8", "10.0.0.0/7", "172.0.0.0/8", "::/0"] {
            assert!(holds(text), "{text}");
        }
        for text in ["10.0.0.0/8", "172.16.0.0/12", "224.0.0.0/4", "240.0.0.0/4", "100.64.0.0/10", "fc00::/7"] {
            assert!(!holds(text), "{text}");
        }
    }

    #[test]
    fn a_default_route_may_come_in_pieces() {
        let all = |texts: &[&str]| Prefix::all_public(&texts.iter().map(|t| t.parse().unwrap()).collect::<Vec<_>>());
        assert!(
            all(&["0.0.0.0/0"])
                && all(&["0.0.0.0/1", "128.0.0.0/1"])
                && all(&["128.0.0.0/2", "0.0.0.0/1", "192.0.0.0/3"])
        );
        assert!(
            !all(&[]) && !all(&["0.0.0.0/1"]) && !all(&["10.0.0.0/8", "::/0"]) && !all(&["0.0.0.0/1", "128.0.0.0/2"])
        );
    }

    #[test]
    fn usable_addresses_start_at_the_fifth() {
        let prefix: Prefix = "10.0.2.0/29".parse().unwrap();
        let usable: Vec<_> = prefix.usable().map(|a| a.to_string()).collect();
        assert_eq!(usable, ["10.0.2.4", "10.0.2.5", "10.0.2.6"]);
        let prefix: Prefix = "fd00:1::/64".parse().unwrap();
        assert_eq!(prefix.usable().next().unwrap().to_string(), "fd00:1::4");
    }
}
