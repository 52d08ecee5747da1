//! Things with nothing special about them.

use super::{Endpoint, Host, Id, Listens, Origin, Role, Segment, Tags, Transit};
use std::net::IpAddr;

impl Endpoint {
    /// Something with these addresses and nothing special about it.
    #[must_use]
    pub fn new(origin: Origin, segment: Option<Id<Segment>>, addresses: Vec<IpAddr>, role: Role) -> Self {
        Self {
            origin,
            segment,
            addresses,
            any_address: false,
            public_addresses: Vec::new(),
            filter: None,
            role,
            tags: Tags::default(),
            public_source: None,
            balanced_source: None,
            internal_pool: None,
            open_public: false,
            unsupported: Vec::new(),
            dns: None,
            absence: None,
        }
    }

    /// A client on the internet: it serves nothing, and no service tag holds it.
    #[must_use]
    pub fn on_internet(origin: Origin, address: IpAddr) -> Self {
        let host = Host::new(Listens::Only(Vec::new()));
        let tags = Tags { complete: true, ..Tags::default() };
        Self { tags, ..Self::new(origin, None, vec![address], Role::Host(host)) }
    }
}

impl Host {
    /// A machine with nothing special about it.
    #[must_use]
    pub fn new(listens: Listens) -> Self {
        Self {
            listens,
            isolated: false,
            forwarding: Transit::default(),
            running: true,
            replies_unknown: false,
            http_status: 200,
            private_ca: None,
            interfaces: Vec::new(),
        }
    }
}
