//! Addresses, ports, transports and names. Knows no cloud, no file and no format.

mod address_set;
mod fqdn;
mod port;
mod prefix;

pub use address_set::{AddressSet, Membership};
pub use fqdn::{Fqdn, FqdnError, FqdnPattern, HostPattern};
pub use port::{PortRange, PortSet, Protocol, Transport};
pub use prefix::{Prefix, PrefixError};

use std::net::{IpAddr, Ipv4Addr};

/// The virtual address of the platform's own resolver and probes (DNS-02).
pub const PLATFORM_ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16));

/// The address of the instance metadata service (ADDR-06).
pub const METADATA_ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254));

/// Whether the platform itself answers at an address, whatever routes and filters say (ADDR-06).
#[must_use]
pub fn is_platform(address: IpAddr) -> bool {
    address == PLATFORM_ADDRESS || address == METADATA_ADDRESS
}

/// Stands for the public address that traffic has which leaves by one that nobody declared.
pub const UNDECLARED_SOURCE: IpAddr = IpAddr::V4(Ipv4Addr::new(255, 255, 255, 254));

/// The prefixes of addresses that are not public, as [`is_public`] has it.
pub const NOT_PUBLIC: [&str; 11] = [
    "0.0.0.0/32",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "::/128",
    "::1/128",
    "fc00::/7",
    "fe80::/10",
];

/// Whether an address can be used on the public internet (the reserved block that stands for undeclared public
/// addresses counts as public).
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            !(v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_unspecified()
                || a == 100 && (64..128).contains(&b))
        }
        IpAddr::V6(v6) => {
            let [a, ..] = v6.octets();
            !(v6.is_loopback() || v6.is_unspecified() || a & 0xfe == 0xfc || v6.is_unicast_link_local())
        }
    }
}

/// Whether an address stands for a public address that nobody declared. Such an address equals no other and its
/// membership in a set of literal prefixes cannot be decided.
#[must_use]
pub fn is_undeclared_public(address: IpAddr) -> bool {
    matches!(address, IpAddr::V4(v4) if v4.octets()[0] >= 240)
}

/// An address as people read it: one that stands for a public address that nobody declared has no digits to show.
#[must_use]
pub fn shown(address: IpAddr) -> String {
    if is_undeclared_public(address) { "public address".to_owned() } else { address.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_begins_where_the_prefixes_that_are_not_end() {
        for text in NOT_PUBLIC {
            let prefix: Prefix = text.parse().unwrap();
            assert!(!is_public(prefix.network()) && !is_public(prefix.last()), "{text}");
            let IpAddr::V4(last) = prefix.last() else { continue };
            let next = IpAddr::V4(Ipv4Addr::from(u32::from(last) + 1));
            assert!(is_public(next), "{next} after {text}");
        }
    }
}
