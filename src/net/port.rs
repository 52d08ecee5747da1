//! Ports, port sets and transports.

use std::{fmt, str::FromStr};

/// What carries a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// ICMP echo; it has no ports.
    Icmp,
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Icmp => "icmp",
        })
    }
}

impl Transport {
    /// The transport with a port of it, for people: `tcp/443`. ICMP has no ports.
    #[must_use]
    pub fn on(self, port: impl fmt::Display) -> String {
        match self {
            Self::Icmp => self.to_string(),
            Self::Tcp | Self::Udp => format!("{self}/{port}"),
        }
    }

    /// The port that a flow of it has: none where there are no ports, written as 0.
    #[must_use]
    pub fn port(self, port: u16) -> u16 {
        if self == Self::Icmp { 0 } else { port }
    }
}

impl FromStr for Transport {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.to_ascii_lowercase().as_str() {
            "tcp" => Ok(Self::Tcp),
            "udp" => Ok(Self::Udp),
            "icmp" => Ok(Self::Icmp),
            // ADDR-04: what security groups know beside these is not asked for.
            "esp" | "ah" | "gre" => Err(format!("flows of `{text}` are not modelled; use tcp, udp or icmp")),
            _ => Err(format!("`{text}` is not a protocol; use tcp, udp or icmp")),
        }
    }
}

/// Protocol field of a filter rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// Matches every transport.
    Any,
    /// Matches one transport.
    Only(Transport),
    /// A protocol that no modelled flow uses, such as ESP; it matches nothing that privreach asks about.
    Other(&'static str),
}

impl Protocol {
    /// Whether a flow of this transport matches.
    #[must_use]
    pub fn matches(self, transport: Transport) -> bool {
        match self {
            Self::Any => true,
            Self::Only(only) => only == transport,
            Self::Other(_) => false,
        }
    }
}

/// An inclusive range of ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortRange {
    /// First port.
    pub first: u16,
    /// Last port.
    pub last: u16,
}

/// A set of ports.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortSet(Vec<PortRange>);

impl PortSet {
    /// Every port.
    #[must_use]
    pub fn all() -> Self {
        Self(vec![PortRange { first: 0, last: u16::MAX }])
    }

    /// The given ports.
    pub fn of(ranges: impl IntoIterator<Item = PortRange>) -> Self {
        let mut ranges: Vec<_> = ranges.into_iter().collect();
        ranges.sort_unstable();
        Self(ranges)
    }

    /// One port.
    #[must_use]
    pub fn one(port: u16) -> Self {
        Self(vec![PortRange { first: port, last: port }])
    }

    /// Whether the port is in the set.
    #[must_use]
    pub fn contains(&self, port: u16) -> bool {
        self.0.iter().any(|r| (r.first..=r.last).contains(&port))
    }

    /// Whether every port from one to another is in the set.
    #[must_use]
    pub fn covers(&self, first: u16, last: u16) -> bool {
        let mut next = u32::from(first);
        for range in self.0.iter().filter(|r| r.first <= last) {
            if u32::from(range.first) > next {
                return false;
            }
            next = next.max(u32::from(range.last) + 1);
        }
        next > u32::from(last)
    }

    /// Whether the two sets share a port.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.0.iter().any(|a| other.0.iter().any(|b| a.first <= b.last && b.first <= a.last))
    }

    /// The ranges, in order.
    #[must_use]
    pub fn ranges(&self) -> &[PortRange] {
        &self.0
    }
}

impl FromStr for PortSet {
    type Err = String;

    /// Reads `*`, `443`, `80,8080-8089`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.trim() == "*" {
            return Ok(Self::all());
        }
        let port =
            |t: &str| t.trim().parse::<u16>().map_err(|_| format!("`{}` is not a port from 0 to 65535", t.trim()));
        let mut ranges = Vec::new();
        for part in text.split(',') {
            let (first, last) = match part.split_once('-') {
                Some((a, b)) => (port(a)?, port(b)?),
                None => (port(part)?, port(part)?),
            };
            if first > last {
                return Err(format!("the range `{}` runs backwards", part.trim()));
            }
            ranges.push(PortRange { first, last });
        }
        Ok(Self::of(ranges))
    }
}

impl fmt::Display for PortSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::all() {
            return f.write_str("*");
        }
        for (i, range) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(",")?;
            }
            if range.first == range.last {
                write!(f, "{}", range.first)?;
            } else {
                write!(f, "{}-{}", range.first, range.last)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_lists_and_ranges() {
        let set: PortSet = "80, 8080-8089".parse().unwrap();
        assert!(set.contains(80) && set.contains(8085) && !set.contains(443));
        assert_eq!(set.to_string(), "80,8080-8089");
        assert!("90-80".parse::<PortSet>().is_err());
        assert!("70000".parse::<PortSet>().is_err());
    }
}
