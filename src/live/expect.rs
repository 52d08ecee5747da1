//! What the design implies of names, from one client's point of view.

use crate::{
    dataplane::{Client, ClientKind, Plane, RecordData, RecordSet},
    diag::Span,
    lookup::{self, Answer},
    net::{Fqdn, is_public},
};
use std::collections::BTreeSet;

/// A name with what the client's resolver answers in the model.
#[derive(Debug, Clone)]
pub struct Expected {
    /// The name to ask for. A wildcard record is asked for by a label that no other record has.
    pub name: Fqdn,
    /// The answer.
    pub answer: Answer,
    /// Names of the alias chain, the asked one first.
    pub chain: Vec<Fqdn>,
    /// The zone that makes the answer.
    pub zone: Option<Fqdn>,
    /// The line that decides the answer.
    pub span: Option<Span>,
}

/// The label that stands for "any" when a wildcard record is asked for.
const ANY_LABEL: &str = "any-label-of-the-wildcard";

/// What a name answers to a client in the model.
#[must_use]
pub fn expected(plane: &Plane, client: &Client, name: &Fqdn) -> Expected {
    let from = match client.kind {
        ClientKind::Endpoint(id) => Some(id),
        ClientKind::Identity(_) => None,
    };
    let resolution = lookup::query(plane, &client.resolver, from, name);
    let span = resolution.decider().and_then(|s| s.span);
    let zone = resolution.authority.map(|a| a.zone);
    Expected { name: name.clone(), answer: resolution.answer, chain: resolution.chain, zone, span }
}

/// Every private name that the design implies, in order of name: records of private zones and of the customer's DNS
/// servers, names of managed private endpoints, and every name of a service, machine or alias that leads to one of them
/// or to a private address.
#[must_use]
pub fn private_names(plane: &Plane, client: &Client) -> Vec<Expected> {
    let concrete = |name: &Fqdn| -> Option<Fqdn> {
        match name.as_str().strip_prefix("*.") {
            Some(rest) => format!("{ANY_LABEL}.{rest}").parse().ok(),
            None => Some(name.clone()),
        }
    };
    let dns = &plane.dns;
    let zones = dns.zones.iter().map(|(_, z)| (&z.name, &z.records));
    let served = dns.servers.iter().flat_map(|(_, s)| s.zones.iter().map(|(name, records)| (name, records)));
    let zones: Vec<(&Fqdn, &RecordSet)> = zones.chain(served).collect();
    let held: BTreeSet<Fqdn> = zones
        .iter()
        .map(|(_, records)| *records)
        .chain(dns.views.iter().map(|(_, v)| &v.overrides))
        .flat_map(|records| records.iter().filter_map(|(name, _)| concrete(name)))
        .collect();
    let aliases = dns.public.iter().filter(|(_, r)| matches!(r.data, RecordData::Alias(_))).map(|(name, _)| name);
    let candidates: BTreeSet<Fqdn> = held
        .iter()
        .chain(plane.door_names.keys())
        .chain(plane.machine_names.keys())
        .chain(aliases)
        .filter_map(concrete)
        .collect();
    let implied = |e: &Expected| {
        let private = matches!(&e.answer, Answer::Addresses(list) if list.iter().any(|a| !is_public(*a)));
        let zoned = |name: &Fqdn| held.contains(name) || zones.iter().any(|(apex, _)| name.is_under(apex));
        private || e.chain.iter().any(zoned)
    };
    candidates.iter().map(|name| expected(plane, client, name)).filter(implied).collect()
}
