//! What exists beyond the model, and which verdicts it could change.

use super::Origin;
use crate::net::{Fqdn, PortSet, Transport};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Something that exists and is not modelled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmodelled {
    /// Declaration.
    pub origin: Origin,
    /// What it is and why it could matter.
    pub text: String,
    /// Where it could matter.
    pub scope: UnmodelledScope,
    /// What learns routes from the gateway that it may stand at, a default among them.
    pub learners: BTreeSet<String>,
    /// Ports that the affected elements may carry by rules which are not known; if there are any, only what no known rule
    /// carries is in doubt.
    pub ports: Vec<(Transport, PortSet)>,
    /// What of the elements is in doubt; all they do, if nothing is said.
    pub concerns: BTreeSet<Concern>,
    /// What flows stay among that are not concerned, if links of networks are in doubt.
    pub links: Option<Links>,
}

impl Unmodelled {
    /// Something that puts in doubt all that is in its scope.
    #[must_use]
    pub fn new(origin: Origin, text: String, scope: UnmodelledScope) -> Self {
        let (learners, concerns, ports) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
        Self { origin, text, scope, learners, ports, concerns, links: None }
    }

    /// Whether this is in doubt, among what is.
    #[must_use]
    pub fn doubts(&self, concern: Concern) -> bool {
        self.concerns.contains(&concern)
    }
}

/// What of elements can be in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Concern {
    /// The address, and with it what rules and routes by address do.
    Address,
    /// Where they stand, and with it whatever blocks their flows.
    Place,
    /// What names answer to them, or by them, and nothing else.
    Names,
    /// Where packets go that meet them, and with it what happens to them there.
    Routes,
    /// How networks are joined to others, and nothing else.
    Links,
    /// What they call, and not who reaches them.
    Calls,
    /// Whom services let in at their public address, and not what private endpoints bring.
    PublicAccess,
    /// The rules of the public address, which nobody asks where it is switched off.
    PublicRules,
}

/// Networks whose links to others are in doubt.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Links {
    /// The networks, and all that stands in them.
    pub inside: BTreeSet<String>,
    /// What stands, or leads, anywhere, with how many are called so.
    pub all: Arc<BTreeMap<String, usize>>,
}

/// Where something that is not modelled could matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnmodelledScope {
    /// Anywhere: no verdict is certain.
    Everything,
    /// It may own addresses of these networks that nothing modelled owns, or forward from there.
    Owners(BTreeSet<String>),
    /// It may change what these elements do.
    Elements(BTreeSet<String>),
    /// It may answer these names and those below them.
    Names(Vec<Fqdn>),
}
