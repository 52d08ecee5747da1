//! One flow, decided from the rules: the exact answer for one source and one column, without an explanation.
//!
//! This is an own reading of the rules over the data plane, made to disagree with the step engine wherever one of the
//! two is wrong. What differs is the form: findings are folded as they are met, and nothing is kept but the first.

mod admission;
mod arrive;
mod back;
mod devices;
mod filters;
mod internet;
mod redirect;
mod stages;
mod walk;

pub(super) use filters::is_subject;
pub(super) use walk::Sends;

use super::{Column, Findings, Landing, Outcome, Sender, Source, model::Model};
use crate::{
    dataplane::{Backend, Endpoint, Id, Proxy},
    net::{Fqdn, Transport},
    verdict::Reason,
};
use std::{cell::Cell, cell::RefCell, net::IpAddr};

/// Equal alternatives of one flow that are looked at; more are left to the step engine.
const MAX_ALTERNATIVES: usize = 64;
/// Connections behind each other (gateways, firewalls that take over) before a circle is assumed.
const MAX_LEGS: usize = 8;

/// A flow on the wire.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flow<'a> {
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    pub(super) transport: Transport,
    pub(super) port: u16,
    pub(super) name: Option<&'a Fqdn>,
    /// An answer: from `port`, to a port of the client's own.
    pub(super) reply: bool,
}

/// Who the flow is for, in whose name.
#[derive(Debug, Clone, Copy)]
struct Asker<'a> {
    limited: bool,
    meant: &'a [Id<Endpoint>],
    /// What a gateway asks of the machine that takes its request.
    backend: Option<&'a Backend>,
    /// The gateway and the frontend that private link leads to, and whether it does so from a managed network.
    bridge: Option<(Id<Proxy>, usize, bool)>,
    /// Who asked the gateway that asks.
    outer: Option<&'a Asker<'a>>,
}

impl<'a> Asker<'a> {
    /// Asked by a client itself.
    fn client(limited: bool, meant: &'a [Id<Endpoint>]) -> Self {
        Self { limited, meant, backend: None, bridge: None, outer: None }
    }

    fn onward<'b>(&'b self, backend: Option<&'b Backend>, bridge: Option<(Id<Proxy>, usize, bool)>) -> Asker<'b> {
        Asker { backend, bridge, outer: Some(self), ..*self }
    }

    /// The pools of all gateways on the way: the answer of the last machine goes back to each of them (AGW-16).
    fn gateways(&self) -> impl Iterator<Item = &'a Backend> {
        self.backend.into_iter().chain(std::iter::successors(self.outer, |a| a.outer).filter_map(|a| a.backend))
    }
}

/// Which of equal alternatives to take, as an odometer over the choices met.
#[derive(Debug, Default)]
struct Choices {
    digits: RefCell<Vec<(usize, usize)>>,
    at: Cell<usize>,
    /// What was taken for something that keeps it all the way.
    kept: RefCell<Vec<(Id<Endpoint>, usize)>>,
}

impl Choices {
    fn take(&self, options: usize) -> usize {
        if options < 2 {
            return 0;
        }
        let at = self.at.get();
        self.at.set(at + 1);
        let mut digits = self.digits.borrow_mut();
        match digits.get_mut(at) {
            Some((digit, of)) => {
                *of = options;
                *digit = (*digit).min(options - 1);
                *digit
            }
            None => {
                digits.push((0, options));
                0
            }
        }
    }

    /// One alternative for all of a flow.
    fn take_for(&self, who: Id<Endpoint>, options: usize) -> usize {
        if let Some((_, digit)) = self.kept.borrow().iter().find(|(id, _)| *id == who) {
            return *digit;
        }
        let digit = self.take(options);
        self.kept.borrow_mut().push((who, digit));
        digit
    }

    /// Turns the odometer; false once it is through.
    fn turn(&self) -> bool {
        self.kept.borrow_mut().clear();
        let mut digits = self.digits.borrow_mut();
        digits.truncate(self.at.replace(0));
        while let Some((digit, of)) = digits.pop() {
            if digit + 1 < of {
                digits.push((digit + 1, of));
                return true;
            }
        }
        false
    }
}

/// Decides flows one by one.
pub(super) struct Probe<'m, 'p> {
    model: &'m Model<'p>,
    choices: Choices,
    /// Set when something is met that only the step engine can answer.
    beyond: Cell<bool>,
}

impl<'m, 'p> Probe<'m, 'p> {
    pub(super) fn new(model: &'m Model<'p>) -> Self {
        Self { model, choices: Choices::default(), beyond: Cell::new(false) }
    }

    /// The answer, or none if it is left to the step engine.
    pub(super) fn decide(&self, source: &Source, column: &Column) -> Option<Outcome> {
        self.begin();
        let mut all: Vec<Outcome> = Vec::new();
        loop {
            all.push(self.once(source, column).outcome());
            if self.beyond.get() {
                return None;
            }
            if !self.choices.turn() {
                return Outcome::of_alternatives(&all);
            }
            if all.len() == MAX_ALTERNATIVES {
                return None;
            }
        }
    }

    fn begin(&self) {
        self.beyond.set(false);
        self.choices.digits.borrow_mut().clear();
        self.choices.at.set(0);
        self.choices.kept.borrow_mut().clear();
    }

    /// Where something sends from: of several addresses that it may have, any (AGW-14, APP-02, AKS-05).
    fn source(&self, who: Id<Endpoint>, destination: IpAddr) -> Option<IpAddr> {
        let sender = self.model.endpoint(who);
        let usual = sender.source_for(destination);
        if !sender.any_address {
            return usual;
        }
        let all: Vec<_> = sender.addresses.iter().filter(|a| a.is_ipv4() == destination.is_ipv4()).collect();
        all.get(self.choices.take_for(who, all.len())).copied().copied().or(usual)
    }

    fn once(&self, source: &Source, column: &Column) -> Findings {
        let mut found = Findings::default();
        if let Some(reason) = source.absent {
            found.block(reason);
        }
        let from = match (source.sender, &column.landing) {
            (Sender::Identity(caller), Landing::Service(target)) => {
                found.then(&self.service_call(caller, *target, column));
                return found;
            }
            (Sender::Identity(_), _) | (Sender::Endpoint(_), Landing::Service(_)) => {
                found.unknown(Reason::NotModelled);
                return found;
            }
            (Sender::Endpoint(from), _) => from,
        };
        found.then(&column.before);
        found.then(&source.unsupported);
        let destination = match &column.landing {
            Landing::At(address) => Some(*address),
            Landing::OneOf(addresses) => addresses.get(self.choices.take(addresses.len())).copied(),
            Landing::Nowhere | Landing::Service(_) => None,
        };
        let Some(destination) = destination else { return found };
        let from = self.sender(from, source.outside, destination);
        // Something without any address counts as sending from its destination's.
        let address = self.source(from, destination).unwrap_or(destination);
        let Column { transport, port, name, .. } = column;
        let flow = Flow {
            source: address,
            destination,
            transport: *transport,
            port: *port,
            name: name.as_ref(),
            reply: false,
        };
        found.then(&self.leg(from, &flow, Asker::client(source.limited, &column.meant), 0));
        found
    }

    /// An app enters its network for destinations of RFC 1918 and for those of a service endpoint there (APP-03).
    fn sender(&self, from: Id<Endpoint>, outside: Option<Id<Endpoint>>, destination: IpAddr) -> Id<Endpoint> {
        let enters = matches!(destination, IpAddr::V4(v4) if v4.is_private());
        let Some(outside) = outside.filter(|_| !enters) else { return from };
        let tags = self.model.plane.public_owner(destination).map(|o| &self.model.endpoint(o).tags.names);
        let services = self.model.endpoint(from).segment.map(|s| &self.model.segment(s).service_endpoints);
        let inside = match (tags, services) {
            (Some(tags), Some(services)) => services.iter().any(|s| tags.contains(&s.tag)),
            _ => false,
        };
        if inside { from } else { outside }
    }

    /// There, what was reached, and back.
    fn leg(&self, from: Id<Endpoint>, flow: &Flow<'_>, asker: Asker<'_>, depth: usize) -> Findings {
        if depth > MAX_LEGS {
            let mut circle = Findings::default();
            circle.block(Reason::RouteLoop);
            return circle;
        }
        self.conclude(from, self.walk(from, flow), flow, asker, depth)
    }

    /// What was reached, and back.
    fn conclude(
        &self,
        from: Id<Endpoint>,
        walked: walk::Passage<'_>,
        flow: &Flow<'_>,
        asker: Asker<'_>,
        depth: usize,
    ) -> Findings {
        let mut found = walked.findings;
        match walked.end {
            walk::End::Lost => found.then(&walked.late),
            walk::End::TakenOver(firewall) => {
                found.then(&walked.late);
                found.then(&self.legs_back(&walked, flow));
                found.then(&self.further_ports(from, None, flow));
                found.then(&self.taken_over(firewall, flow, asker, depth));
            }
            walk::End::Reached(at) => {
                let meant = if depth == 0 { asker.meant } else { &[] };
                if !meant.is_empty() && !meant.contains(&walked.asked.unwrap_or(at)) {
                    found.block(Reason::Overlap);
                }
                let asked = walked.asked.unwrap_or(at);
                if depth == 0 && meant.is_empty() && flow.name.is_none() && self.model.plane.allocations.has(asked) {
                    found.unknown(Reason::Address);
                }
                found.then(&self.further_ports(from, Some(at), flow));
                let mut reached = self.arrive(at, &walked, asker, depth);
                self.expose(at, flow.destination, &walked, &mut reached);
                found.then(&reached);
                let mut closing = walked.late;
                closing.then(&self.back(from, at, &walked, flow));
                closing.then(&self.legs_back(&walked, flow));
                // What closes the way has no say in what admitted the flow.
                closing.admitted = None;
                found.then(&closing);
            }
        }
        found
    }
}
