//! What exists beyond the model, and which verdicts it could change.

use super::Origin;
use crate::net::{Fqdn, PortSet, Transport};
use std::collections::BTreeSet;

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
    /// Whether the address of what it affects is in doubt, and with it what rules and routes by address do.
    pub address_assumed: bool,
    /// Ports that the affected elements may carry by rules which are not known; if there are any, only what no known rule
    /// carries is in doubt.
    pub ports: Vec<(Transport, PortSet)>,
    /// Whether it is in doubt where what it affects stands, and with it whatever blocks its flows.
    pub place_assumed: bool,
    /// Whether what names answer to what it affects, or by it, is in doubt, and nothing else.
    pub names_assumed: bool,
    /// Whether it is in doubt where packets go that meet what it affects, and with it what happens to them there.
    pub routes_assumed: bool,
    /// What flows stay among that are not concerned, if links of networks are in doubt and nothing else.
    pub links: Option<Links>,
    /// Whether only what the affected elements call is in doubt, and not who reaches them.
    pub calls_only: bool,
    /// Whether only whom the affected services let in at their public address is in doubt, and not what private endpoints
    /// bring.
    pub public_only: bool,
    /// Whether only the rules of their public address are in doubt, which nobody asks where it is switched off.
    pub public_rules_only: bool,
}

/// Networks whose links to others are in doubt.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Links {
    /// The networks, and all that stands in them.
    pub inside: BTreeSet<String>,
    /// What stands elsewhere, and what leads there.
    pub outside: BTreeSet<String>,
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
