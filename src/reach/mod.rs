//! The all-pairs solver: every source against every landing place, by classes of ends that behave alike.
//!
//! An independent judge: it reads the data plane by the same rules as the step engine and shares nothing with it but
//! the vocabulary of verdicts. What it cannot express for a pair it marks [`Cell::DELEGATED`], for the step engine to
//! decide; it never guesses.

mod bulk;
mod classes;
mod edit;
mod follow;
mod index;
mod model;
mod outcome;
mod probe;
mod solution;

pub use bulk::{Bulk, Detail, Flip, Part, Sizes};
pub use classes::Partition;
pub use edit::{Edit, EditError, Place, Whole};
pub use follow::{Change, Followed};
pub use model::{Named, Names, NoNames};
pub use outcome::{Cell, Findings, Objection, Outcome};
pub use solution::{Solution, Totals, classes_of, solve, solve_bulk, solve_detail};

use crate::{
    dataplane::{Endpoint, Id, Resource},
    net::{Fqdn, Transport},
    verdict::Reason,
};
use std::net::IpAddr;

/// Who sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// What it sends from, or as whom it calls.
    pub sender: Sender,
    /// What sends in its place where a destination does not enter its network (APP-03).
    pub outside: Option<Id<Endpoint>>,
    /// Whether it can use only private endpoints that are enabled for it (MVNET-08).
    pub limited: bool,
    /// Why it cannot exist yet.
    pub absent: Option<Reason>,
    /// What the platform does not support about its traffic, or may not.
    pub unsupported: Findings,
}

/// What a source sends from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sender {
    /// Something with an address.
    Endpoint(Id<Endpoint>),
    /// A service that calls by its identity, from no network of the customer's (HUB-11).
    Identity(Id<Resource>),
}

impl Source {
    /// A sender with nothing special about it.
    #[must_use]
    pub fn new(sender: Sender) -> Self {
        Self { sender, outside: None, limited: false, absent: None, unsupported: Findings::default() }
    }
}

/// Where flows land, with transport and port, and the name by which it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The place.
    pub landing: Landing,
    /// Transport.
    pub transport: Transport,
    /// Port.
    pub port: u16,
    /// The name that was asked for, which the flow repeats.
    pub name: Option<Fqdn>,
    /// What was meant; nothing else may answer in its place. Empty if anything may.
    pub meant: Vec<Id<Endpoint>>,
    /// What was found before the flow sets out, as when its name was resolved.
    pub before: Findings,
}

/// A place to land.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Landing {
    /// An address; names were resolved before.
    At(IpAddr),
    /// One of the addresses of a name, as equal alternatives.
    OneOf(Vec<IpAddr>),
    /// None: the name has no address here, and `before` says why.
    Nowhere,
    /// A service, for those that call it by their identity.
    Service(Id<Resource>),
}

impl Column {
    /// An address asked for as such.
    #[must_use]
    pub fn new(address: IpAddr, transport: Transport, port: u16) -> Self {
        let landing = Landing::At(address);
        Self { landing, transport, port, name: None, meant: Vec::new(), before: Findings::default() }
    }

    /// The only address, if there is exactly one.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        match &self.landing {
            Landing::At(address) => Some(*address),
            _ => None,
        }
    }
}
