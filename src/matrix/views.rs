//! Name resolution: once per service and distinct view, outside the solver.
//!
//! Clients share a view if they ask the same resolvers and the queries of their class reach the same servers. Whether a
//! query arrives is decided per class of clients, since it is a flow like any other.

use super::{Aim, Asker, Service};
use crate::{
    dataplane::{Client, ClientKind, Endpoint, Id, Packet, Plane, Resolver, View},
    forward::{Context, End, Outcome as StepOutcome, Step, is_open, platform_dns_denied, round_trip},
    lookup::{self, Answer},
    net::{Fqdn, PLATFORM_ADDRESS, Transport},
    reach::{Column, Findings, Landing, Named, Names, Source, classes_of},
};
use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

/// A device and a name it resolves.
type Asked = (Id<Endpoint>, Fqdn);

/// Resolves names for the solver, each once.
pub(crate) struct Lookups<'p> {
    pub(super) plane: &'p Plane,
    known: Mutex<BTreeMap<Asked, Named>>,
}

impl<'p> Lookups<'p> {
    pub(crate) fn new(plane: &'p Plane) -> Self {
        Self { plane, known: Mutex::default() }
    }

    fn resolve_from(&self, resolver: &Resolver, from: Option<Id<Endpoint>>, name: &Fqdn) -> Named {
        let context = Context::new(self.plane, lookup::answers);
        let resolution = lookup::resolve(&context, resolver, from, name);
        let addresses = match resolution.answer {
            Answer::Addresses(addresses) => Some(addresses),
            Answer::NxDomain => Some(Vec::new()),
            Answer::None(_) => None,
        };
        Named { findings: findings(&resolution.steps), addresses, forked: context.forks.next() }
    }
}

impl Names for Lookups<'_> {
    fn resolve(&self, resolver: &Resolver, at: Id<Endpoint>, name: &Fqdn) -> Named {
        let key = (at, name.clone());
        if let Some(known) = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return known.clone();
        }
        let named = self.resolve_from(resolver, Some(at), name);
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(key, named.clone());
        named
    }
}

/// What steps found.
fn findings(steps: &[Step]) -> Findings {
    let mut found = Findings::default();
    for step in steps {
        match step.outcome {
            StepOutcome::Pass | StepOutcome::Assume => {}
            StepOutcome::Admit(verdict, via) => found.admit(verdict, via),
            StepOutcome::Block(reason) => found.block(reason),
            StepOutcome::Unsupported(reason) => found.unsupported(reason),
            StepOutcome::Unknown(reason) => found.unknown(reason),
        }
    }
    found
}

/// What decides how a client's names are answered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sight {
    Public,
    Platform(Id<View>, Option<bool>),
    Servers(Vec<IpAddr>, Option<Id<View>>, Vec<Server>),
    /// Calls by identity need no names.
    Identity,
    /// Depends on which of several equal paths a query takes.
    Alone(usize),
}

/// What became of a query to one server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Server {
    /// Whether a filter closes it, and surely.
    Platform(Option<bool>),
    Reached(Id<Endpoint>),
    Silent,
    /// It is not known whether the query arrives.
    Undecided,
}

/// Which view each client has, and where each service lands in each view.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Views {
    of_client: Vec<usize>,
    landings: Vec<Vec<Option<usize>>>,
    /// What clients of each view have in common.
    sights: Vec<Sight>,
}

impl Views {
    pub(crate) fn len(&self) -> usize {
        self.landings.len()
    }

    /// The view of a client.
    pub(crate) fn of(&self, client: usize) -> Option<usize> {
        self.of_client.get(client).copied()
    }

    /// How the names of a client are answered.
    pub(super) fn sight(&self, client: usize) -> Option<&Sight> {
        self.sights.get(self.of(client)?)
    }

    /// The solver's column of a service in a view; none where names depend on equal alternatives.
    pub(crate) fn column_in(&self, view: usize, service: usize) -> Option<usize> {
        self.landings.get(view)?.get(service).copied().flatten()
    }

    pub(crate) fn column(&self, client: usize, service: usize) -> Option<usize> {
        self.column_in(self.of(client)?, service)
    }
}

/// Views of all clients, and the columns that services land in.
pub(super) fn resolve(
    lookups: &Lookups<'_>,
    clients: &[Asker<'_>],
    sources: &[Source],
    services: &[Service],
) -> (Views, Vec<Column>) {
    let plane = lookups.plane;
    let classes = classes_of(plane, sources);
    let mut sights: BTreeMap<Sight, usize> = BTreeMap::new();
    // One client that stands for each view.
    let mut samples: Vec<&Asker<'_>> = Vec::new();
    let mut of_client = Vec::with_capacity(clients.len());
    let mut reached: BTreeMap<(usize, IpAddr), Option<Server>> = BTreeMap::new();
    for (i, asker) in clients.iter().enumerate() {
        let class = classes.class(i).unwrap_or(i);
        let sight = sight(plane, asker.client, i, |from, to| {
            *reached.entry((class, to)).or_insert_with(|| ask(plane, from, to))
        });
        let next = sights.len();
        let view = *sights.entry(sight).or_insert(next);
        if view == samples.len() {
            samples.push(asker);
        }
        of_client.push(view);
    }
    let mut columns = Vec::new();
    let mut known: BTreeMap<(usize, Vec<IpAddr>, String), usize> = BTreeMap::new();
    let mut landings = Vec::with_capacity(samples.len());
    for sample in samples {
        let mut here = Vec::with_capacity(services.len());
        for (number, service) in services.iter().enumerate() {
            here.push(column(lookups, sample, service).map(|column| {
                let (kind, addresses) = match &column.landing {
                    Landing::At(address) => (0, vec![*address]),
                    Landing::OneOf(addresses) => (1, addresses.clone()),
                    Landing::Nowhere => (2, Vec::new()),
                    Landing::Service(_) => (3, Vec::new()),
                };
                let key = (number, addresses, format!("{kind} {:?}", column.before));
                *known.entry(key).or_insert_with(|| {
                    columns.push(column);
                    columns.len() - 1
                })
            }));
        }
        landings.push(here);
    }
    let mut known: Vec<(Sight, usize)> = sights.into_iter().collect();
    known.sort_unstable_by_key(|(_, view)| *view);
    let sights = known.into_iter().map(|(sight, _)| sight).collect();
    (Views { of_client, landings, sights }, columns)
}

pub(super) fn sight(
    plane: &Plane,
    client: &Client,
    number: usize,
    mut reached: impl FnMut(Id<Endpoint>, IpAddr) -> Option<Server>,
) -> Sight {
    let ClientKind::Endpoint(from) = client.kind else { return Sight::Identity };
    let closed = || platform_dns_denied(plane, from).map(|d| d.certain);
    match &client.resolver {
        Resolver::Public => Sight::Public,
        Resolver::Platform(view) => Sight::Platform(*view, closed()),
        Resolver::Servers { servers, platform, .. } => {
            let mut found = Vec::with_capacity(servers.len());
            for server in servers {
                if *server == PLATFORM_ADDRESS {
                    found.push(Server::Platform(closed()));
                    continue;
                }
                let Some(answer) = reached(from, *server) else { return Sight::Alone(number) };
                found.push(answer);
            }
            Sight::Servers(servers.clone(), *platform, found)
        }
    }
}

/// What becomes of a query to a server; none if that depends on which of several equal paths it takes.
pub(super) fn ask(plane: &Plane, from: Id<Endpoint>, server: IpAddr) -> Option<Server> {
    let context = Context::new(plane, lookup::answers);
    let Some(source) = plane.endpoints.get(from).source_for(server) else { return Some(Server::Silent) };
    let packet = Packet { source, destination: server, transport: Transport::Udp, port: 53, name: None, reply: false };
    let journey = round_trip(&context, from, &packet);
    if context.forks.next() {
        return None;
    }
    let stopped = journey.steps.iter().any(|s| matches!(s.outcome, StepOutcome::Block(_)));
    Some(match journey.end {
        End::Delivered(arrival) if is_open(&journey.steps) => Server::Reached(arrival.endpoint),
        _ if stopped || is_open(&journey.steps) => Server::Silent,
        _ => Server::Undecided,
    })
}

/// Where a service lands for a client; none if its name's answer depends on equal alternatives.
fn column(lookups: &Lookups<'_>, asker: &Asker<'_>, service: &Service) -> Option<Column> {
    let plane = lookups.plane;
    let (transport, port) = (service.transport, service.port);
    let empty = Column {
        landing: Landing::Nowhere,
        transport,
        port,
        name: None,
        meant: Vec::new(),
        before: Findings::default(),
    };
    match (&service.aim, asker.client.kind) {
        (Aim::Name(name, Some(resource)), ClientKind::Identity(_)) => {
            Some(Column { landing: Landing::Service(*resource), name: Some(name.clone()), ..empty })
        }
        (Aim::Address(address, owner), _) => {
            Some(Column { landing: Landing::At(*address), meant: owner.iter().copied().collect(), ..empty })
        }
        (Aim::Name(..), ClientKind::Identity(_)) => Some(empty),
        (Aim::Name(name, _), ClientKind::Endpoint(from)) => {
            let named = lookups.resolve_from(&asker.client.resolver, Some(from), name);
            if named.forked {
                return None;
            }
            let mut before = Findings::default();
            if let Some(required) = plane.door_names.get(name).and_then(|d| d.requires.as_ref()) {
                before.block(required.reason);
            }
            before.then(&named.findings);
            let addresses = named.addresses.unwrap_or_default();
            let landing = match addresses.as_slice() {
                [] => Landing::Nowhere,
                [only] => Landing::At(*only),
                _ => Landing::OneOf(addresses),
            };
            let meant = plane.machine_names.get(name).cloned().unwrap_or_default();
            Some(Column { landing, name: Some(name.clone()), meant, before, ..empty })
        }
    }
}
