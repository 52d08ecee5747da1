//! Gateways that end a connection and open another.

use super::{Id, Origin, Resolver, Segment, network::Endpoint};
use crate::{
    net::{Fqdn, FqdnPattern, HostPattern, PortSet},
    verdict::Reason,
};
use std::{fmt, net::IpAddr};

/// A gateway with listeners and backends.
#[derive(Debug, Clone)]
pub struct Proxy {
    /// Declaration.
    pub origin: Origin,
    /// Segment its instances sit in.
    pub segment: Id<Segment>,
    /// The endpoint that stands for its instances.
    pub instance: Option<Id<Endpoint>>,
    /// Frontends.
    pub frontends: Vec<Frontend>,
    /// Listeners.
    pub listeners: Vec<Listener>,
    /// Routing rules, lowest priority number first.
    pub rules: Vec<ProxyRule>,
    /// How it resolves names of backends.
    pub resolver: Resolver,
    /// Conditions the platform does not support.
    pub unsupported: Vec<Unsupported>,
}

impl Proxy {
    /// Whether a public and a private frontend listen on one port: filters see the frontend's own address then, and an
    /// instance's otherwise (AGW-17).
    #[must_use]
    pub fn shares_port(&self, front: &Frontend, port: u16) -> bool {
        let other = |l: &&Listener| self.frontends.get(l.frontend).is_some_and(|f| f.public != front.public);
        front.public && self.listeners.iter().filter(|l| l.port == port).any(|l| other(&l))
    }
}

/// A configuration that the platform does not support, and what it spoils.
#[derive(Debug, Clone)]
pub struct Unsupported {
    /// Code.
    pub reason: Reason,
    /// What it spoils.
    pub spoils: Use,
    /// Whether it is known to be so; otherwise it may be.
    pub certain: bool,
    /// What decided it.
    pub origin: Origin,
    /// In words.
    pub text: String,
    /// What to do.
    pub fix: String,
    /// Rule ids.
    pub rules: &'static [&'static str],
}

/// A use of a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// Only what enters through private link.
    PrivateLink,
    /// What enters through private link, and what the instances send.
    Backends,
    /// All of it.
    Everything,
}

/// A frontend.
#[derive(Debug, Clone)]
pub struct Frontend {
    /// Declaration.
    pub origin: Origin,
    /// Its address; none when public and undeclared.
    pub address: IpAddr,
    /// Whether it is on the internet.
    pub public: bool,
    /// The endpoint that owns its address.
    pub endpoint: Option<Id<Endpoint>>,
}

/// A listener.
#[derive(Debug, Clone)]
pub struct Listener {
    /// Declaration.
    pub origin: Origin,
    /// Index of the frontend.
    pub frontend: usize,
    /// Port.
    pub port: u16,
    /// Host names; empty takes every host.
    pub hosts: Vec<HostPattern>,
    /// Certificate, if it ends TLS.
    pub certificate: Option<Certificate>,
    /// Why it serves nothing.
    pub disabled: Option<String>,
    /// Whether it works below HTTP.
    pub layer4: bool,
}

/// A listener's certificate.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// Declaration.
    pub origin: Origin,
    /// Names it is valid for.
    pub names: Vec<FqdnPattern>,
}

/// Listener to backend.
#[derive(Debug, Clone)]
pub struct ProxyRule {
    /// Declaration.
    pub origin: Origin,
    /// Index of the listener.
    pub listener: usize,
    /// Where requests go.
    pub backend: Backend,
}

/// A pool with its settings.
#[derive(Debug, Clone)]
pub struct Backend {
    /// Declaration of the pool.
    pub origin: Origin,
    /// Members.
    pub members: Vec<Member>,
    /// Port at the members.
    pub port: u16,
    /// Whether the members are asked over TLS.
    pub tls: bool,
    /// Private authorities it trusts.
    pub trusted_authorities: Vec<String>,
    /// Healthy status codes.
    pub healthy: PortSet,
    /// Declaration of the probe, if one is declared.
    pub probe: Origin,
    /// Whether what the gateway sends to a private endpoint in a globally peered network is dropped (AGW-19).
    pub drops_distant_endpoints: bool,
}

/// A member of a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Member {
    /// By address.
    Address(IpAddr),
    /// By name.
    Name(Fqdn),
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Name(name) => name.fmt(f),
        }
    }
}
