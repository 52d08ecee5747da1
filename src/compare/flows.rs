//! Which flows there are, and how one comes out.

use crate::{
    dataplane::{ClientKind, DoorName, Endpoint, Id, Listens, Plane, RecordSet, Role, Target},
    matrix::served,
    net::{Fqdn, PortSet, Transport},
    snapshot::Snapshot,
    trace::{Question, Trace, trace},
    verdict::{Reason, Verdict, Via},
};
use std::collections::BTreeSet;

/// How a flow comes out, as far as it can be compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Answer {
    /// The verdict.
    pub verdict: Verdict,
    /// How it gets through.
    pub via: Option<Via>,
    /// The reason that decides.
    pub decides: Option<Reason>,
    /// Why not, in order of word; the order in which blockers are met is no difference.
    pub reasons: Vec<Reason>,
    /// Elements on the path of a flow that gets through.
    pub path: Vec<String>,
    /// Whether it, or one of several equal ways, is public.
    pub exposed: bool,
}

impl Answer {
    /// Whether the name that was asked for is declared nowhere.
    #[must_use]
    pub fn is_undeclared(&self) -> bool {
        self.decides == Some(Reason::DnsUndeclared)
    }
}

/// How a flow comes out; nothing if it cannot be asked for.
#[must_use]
pub fn evaluate(plane: &Plane, question: &Question) -> Option<Answer> {
    trace(plane, question).ok().map(|t| answer(&t))
}

/// What a trace says, as far as it can be compared.
#[must_use]
pub fn answer(trace: &Trace) -> Answer {
    let mut reasons = trace.judgement.reasons.clone();
    reasons.sort_unstable();
    let through = matches!(trace.judgement.verdict, Verdict::Private | Verdict::Backbone | Verdict::Public);
    let mut path: Vec<String> = Vec::new();
    if through {
        for element in trace.elements() {
            if path.last().is_none_or(|l| l != element) {
                path.push(element.to_owned());
            }
        }
    }
    let judged = &trace.judgement;
    let exposed = trace.alternative_verdicts().contains(&Verdict::Public);
    Answer { verdict: judged.verdict, via: judged.via, decides: judged.reason(), reasons, path, exposed }
}

/// Every client to every name and address of the scenario on the ports that are served there, and what its
/// expectations ask for.
#[must_use]
pub fn questions(snapshot: &Snapshot) -> BTreeSet<Question> {
    let plane = &snapshot.plane;
    let by_address = targets(plane);
    let services: BTreeSet<&str> = plane.resources.iter().map(|(_, r)| r.origin.name.as_str()).collect();
    let mut asked = BTreeSet::new();
    for (origin, client) in plane.clients.iter() {
        let from = written(plane.clients.get(&origin.name).is_ok(), origin.kind, &origin.name);
        let ask = |to: &str, transport, port| Question { from: from.clone(), to: to.to_owned(), port, transport };
        match client.kind {
            ClientKind::Identity(own) => {
                let own = &plane.resources.get(own).origin.name;
                let others = services.iter().filter(|s| *s != own && plane.targets.get(s).is_ok());
                asked.extend(others.map(|s| ask(s, Transport::Tcp, HTTPS)));
            }
            ClientKind::Endpoint(_) => {
                let others = by_address.iter().filter(|t| t.0 != from);
                asked.extend(others.map(|(to, transport, port)| ask(to, *transport, *port)));
            }
        }
    }
    // Flows that an expectation selects are among those above.
    for expectation in snapshot.scenario.expectations.iter().filter(|e| !e.fields.selects()) {
        let fields = &expectation.fields;
        asked.insert(Question {
            from: fields.from.value.clone(),
            to: fields.to.value.clone(),
            port: fields.port.value,
            transport: fields.protocol.value,
        });
    }
    asked
}

const HTTPS: u16 = 443;

fn written(unique: bool, kind: &str, name: &str) -> String {
    if unique { name.to_owned() } else { format!("{kind}.{name}") }
}

/// Names and addresses with a transport and a port.
fn targets(plane: &Plane) -> BTreeSet<(String, Transport, u16)> {
    let mut found = BTreeSet::new();
    for (name, door) in &plane.door_names {
        let ports = &plane.doors.get(door.door).ports;
        found.extend(sample(ports).into_iter().map(|p| (name.to_string(), Transport::Tcp, p)));
    }
    for (origin, target) in plane.targets.iter() {
        let Target::Address(_, owner) = target else { continue };
        let name = written(plane.targets.get(&origin.name).is_ok(), origin.kind, &origin.name);
        let mut ports: Vec<(Transport, u16)> = Vec::new();
        match owner.map(|o| &plane.endpoints.get(o).role) {
            Some(Role::Host(host)) => match &host.listens {
                // It may serve whatever its own filters let in.
                Listens::Undeclared => {
                    ports.push((Transport::Tcp, HTTPS));
                    ports.extend(owner.iter().flat_map(|o| ruled(plane, *o)));
                }
                Listens::Only(list) => {
                    ports.extend(list.iter().flat_map(|(t, set)| sample(set).into_iter().map(|p| (*t, p))));
                }
            },
            Some(_) => ports.extend(owner.iter().flat_map(|o| served(plane, *o))),
            None => {}
        }
        if ports.is_empty() {
            ports.push((Transport::Tcp, HTTPS));
        }
        found.extend(ports.into_iter().map(|(t, p)| (name.clone(), t, p)));
    }
    for name in other_names(plane) {
        found.insert((name.to_string(), Transport::Tcp, HTTPS));
    }
    found
}

/// Ports that the rules of an endpoint's own filters name.
fn ruled(plane: &Plane, owner: Id<Endpoint>) -> BTreeSet<(Transport, u16)> {
    let endpoint = plane.endpoints.get(owner);
    let segment = endpoint.segment.and_then(|s| plane.segments.get(s).filter.as_ref());
    let rules = segment.into_iter().chain(endpoint.filter.as_ref()).flat_map(|f| &f.rules);
    let transports = [Transport::Tcp, Transport::Udp];
    // What a rule for any port lets in, 443 stands for.
    let named = rules.filter(|r| r.ports != PortSet::all());
    let of = named.flat_map(|r| transports.into_iter().filter(|t| r.protocol.matches(*t)).map(move |t| (t, &r.ports)));
    of.flat_map(|(t, ports)| sample(ports).into_iter().map(move |p| (t, p))).collect()
}

/// Ports that stand for a set: 443 if it is served, and every port that is listed by itself.
fn sample(ports: &PortSet) -> BTreeSet<u16> {
    let mut chosen: BTreeSet<u16> = ports.ranges().iter().filter(|r| r.first == r.last).map(|r| r.first).collect();
    if ports.contains(HTTPS) {
        chosen.insert(HTTPS);
    }
    if chosen.is_empty() {
        chosen.extend(ports.ranges().first().map(|r| r.first));
    }
    chosen
}

/// Names that lead to no service: of machines, of the customer's own zones, of managed endpoints, of public hosts.
fn other_names(plane: &Plane) -> BTreeSet<&Fqdn> {
    let mut names: BTreeSet<&Fqdn> = plane.machine_names.keys().collect();
    let mut sets: Vec<&RecordSet> = vec![&plane.dns.public];
    sets.extend(plane.dns.views.iter().map(|(_, v)| &v.overrides));
    sets.extend(plane.dns.servers.iter().flat_map(|(_, s)| s.zones.iter().map(|(_, r)| r)));
    sets.extend(plane.dns.zones.iter().map(|(_, z)| &z.records));
    names.extend(sets.into_iter().flat_map(RecordSet::iter).map(|(name, _)| name));
    names.retain(|n| askable(n, plane.door_names.get(*n)));
    names
}

/// Names of doors are asked for already, and those that only aliases lead to are nobody's to ask for.
fn askable(name: &Fqdn, door: Option<&DoorName>) -> bool {
    let inner = name.as_str().split('.').any(|label| label == "privatelink" || label == "*");
    door.is_none() && !inner
}
