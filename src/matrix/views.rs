//! Name resolution: once per service and distinct view, outside the solver.
//!
//! Clients share a view if they ask the same resolvers and their queries reach the same servers. Whether a query arrives is
//! a flow like any other: the solver tells which clients come to the same, and one of them is asked.

use super::{
    Aim, Asker, Service,
    quick::{self, Quick},
};
use crate::{
    dataplane::{Client, ClientKind, Endpoint, Id, Packet, Plane, Resolver, Role, View},
    forward::{Context, End, Forks, Outcome as StepOutcome, Step, is_open, platform_dns_denied, round_trip},
    lookup::{self, Answer},
    net::{Fqdn, PLATFORM_ADDRESS, Transport},
    reach::{Cell, Column, Detail, Findings, Landing, Named, Names, NoNames, Outcome, Source, solve_detail},
    verdict::Verdict,
};
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

/// What names come to at the devices that resolve them.
type Resolved = HashMap<Fqdn, HashMap<Id<Endpoint>, Named, FxBuildHasher>, FxBuildHasher>;

/// Resolves names for the solver, each once.
pub(crate) struct Lookups<'p> {
    pub(super) plane: &'p Plane,
    known: Mutex<Resolved>,
}

impl<'p> Lookups<'p> {
    pub(crate) fn new(plane: &'p Plane) -> Self {
        Self { plane, known: Mutex::default() }
    }

    /// A context in which many names are resolved.
    fn context(&self) -> Context<'p> {
        Context::remembering(self.plane, lookup::answers)
    }

    fn resolve_from(
        &self,
        context: &mut Context<'_>,
        resolver: &Resolver,
        from: Option<Id<Endpoint>>,
        name: &Fqdn,
    ) -> Named {
        context.forks = Forks::default();
        let resolution = lookup::resolve(context, resolver, from, name);
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
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(named) = known().get(name).and_then(|n| n.get(&at)) {
            return named.clone();
        }
        let named = self.resolve_from(&mut self.context(), resolver, Some(at), name);
        known().entry(name.clone()).or_default().insert(at, named.clone());
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

const NOWHERE: u32 = u32::MAX;

/// Which view each client has, and where each service lands in each view.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Views {
    of_client: Vec<usize>,
    /// Columns of all services by view; [`NOWHERE`] where names depend on equal alternatives.
    landings: Vec<Vec<u32>>,
    /// What clients of each view have in common.
    sights: Vec<Sight>,
    /// Networks whose platform resolvers answer alike.
    alike: Alike,
}

/// The first of the platform's views that answer all names alike.
pub(super) type Alike = HashMap<Id<View>, Id<View>, FxBuildHasher>;

impl Views {
    pub(super) fn alike(&self) -> &Alike {
        &self.alike
    }

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
        let column = self.landings.get(view)?.get(service).copied()?;
        (column != NOWHERE).then_some(column as usize)
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
    let alike = quick::alike(plane);
    let mut sights: BTreeMap<Sight, usize> = BTreeMap::new();
    // One client that stands for each view.
    let mut samples: Vec<&Asker<'_>> = Vec::new();
    let mut of_client = Vec::with_capacity(clients.len());
    let mut queries = Queries::new(plane, clients, sources);
    for (i, asker) in clients.iter().enumerate() {
        let sight = sight(plane, &alike, asker.client, i, |from, to| queries.ask(i, from, to));
        let next = sights.len();
        let view = *sights.entry(sight).or_insert(next);
        if view == samples.len() {
            samples.push(asker);
        }
        of_client.push(view);
    }
    let mut columns: Vec<Column> = Vec::new();
    // The columns of each service: few, however many views there are.
    let mut known: Vec<Vec<u32>> = vec![Vec::new(); services.len()];
    // What is asked for by address lands there for everybody.
    let mut fixed: Vec<Option<u32>> = vec![None; services.len()];
    let mut landings = Vec::with_capacity(samples.len());
    let mut ordered: Vec<(Sight, usize)> = sights.into_iter().collect();
    ordered.sort_unstable_by_key(|(_, view)| *view);
    let sights: Vec<Sight> = ordered.into_iter().map(|(sight, _)| sight).collect();
    for (sample, sight) in samples.into_iter().zip(&sights) {
        let quick = Quick::of(plane, sight);
        let mut here = Vec::with_capacity(services.len());
        // A service on several ports has one name.
        let mut named: HashMap<&Fqdn, Named, FxBuildHasher> = HashMap::default();
        let mut context = lookups.context();
        for ((service, known), fixed) in services.iter().zip(&mut known).zip(&mut fixed) {
            if let Some(column) = fixed {
                here.push(*column);
                continue;
            }
            let found = landing(lookups, &mut context, quick.as_ref(), sample, service, &mut named);
            let Some((landing, before)) = found else {
                here.push(NOWHERE);
                continue;
            };
            let same = |at: &&u32| {
                let other = columns.get(**at as usize);
                other.is_some_and(|o| (&o.landing, o.before) == (&landing, before))
            };
            let at = match known.iter().find(same) {
                Some(at) => *at,
                None => {
                    let next = u32::try_from(columns.len()).unwrap_or(NOWHERE);
                    known.push(next);
                    columns.push(column(plane, sample, service, landing, before));
                    next
                }
            };
            if matches!(service.aim, Aim::Address(..)) {
                *fixed = Some(at);
            }
            here.push(at);
        }
        landings.push(here);
    }
    (Views { of_client, landings, sights, alike }, columns)
}

/// Queries of clients to the servers they ask, each kind once.
struct Queries<'p> {
    plane: &'p Plane,
    /// What each client comes to at each server.
    solved: Option<Detail>,
    /// Columns of servers by UDP, those by TCP being as many further on; and whether the outcome tells what becomes of a query there.
    servers: BTreeMap<IpAddr, (usize, bool)>,
    known: Known,
    /// By class and server, where what the solver says does not tell.
    by_class: BTreeMap<(usize, IpAddr), Option<Server>>,
}

/// What became of queries to servers, by what the solver says of them, by UDP and by TCP. Edits do not change it: one server
/// owns the address, and where it stands nothing is followed in place.
#[derive(Debug, Default)]
pub(super) struct Known(BTreeMap<(IpAddr, [Cell; 2]), Option<Server>>);

impl Known {
    /// What becomes of a query to a server whose outcomes tell; none if these do not.
    pub(super) fn of(
        &mut self,
        plane: &Plane,
        from: Id<Endpoint>,
        server: IpAddr,
        cells: [Cell; 2],
    ) -> Option<Option<Server>> {
        let decided = |o: Outcome| !matches!(o.verdict, Verdict::Unsupported | Verdict::Partial);
        let all = cells.iter().all(|c| c.outcome().is_some_and(decided));
        all.then(|| *self.0.entry((server, cells)).or_insert_with(|| ask(plane, from, server)))
    }
}

/// The columns in which a query to a server lands: by UDP, and by TCP.
pub(super) fn queries(server: IpAddr) -> [Column; 2] {
    [Transport::Udp, Transport::Tcp].map(|transport| Column::new(server, transport, 53))
}

impl<'p> Queries<'p> {
    fn new(plane: &'p Plane, clients: &[Asker<'_>], sources: &[Source]) -> Self {
        let asked: BTreeSet<IpAddr> = clients
            .iter()
            .filter_map(|asker| match &asker.client.resolver {
                Resolver::Servers { servers, .. } => Some(servers),
                _ => None,
            })
            .flatten()
            .copied()
            .filter(|a| *a != PLATFORM_ADDRESS)
            .collect();
        let (udp, tcp): (Vec<Column>, Vec<Column>) = asked.iter().map(|a| queries(*a).into()).unzip();
        let columns: Vec<Column> = udp.into_iter().chain(tcp).collect();
        let solved = (!columns.is_empty()).then(|| {
            // A client that cannot send yet asks as if it could.
            let free: Vec<Source> = sources.iter().map(|s| Source::new(s.sender)).collect();
            solve_detail(plane, &free, &columns, &NoNames)
        });
        let servers = asked.into_iter().zip(0..).map(|(a, n)| (a, (n, tells(plane, a)))).collect();
        Self { plane, solved, servers, known: Known::default(), by_class: BTreeMap::new() }
    }

    fn ask(&mut self, client: usize, from: Id<Endpoint>, to: IpAddr) -> Option<Server> {
        let plane = self.plane;
        let Some(solved) = &self.solved else { return ask(plane, from, to) };
        if let Some((column, true)) = self.servers.get(&to) {
            let cells = [*column, *column + self.servers.len()].map(|c| solved.cell(client, c));
            if let Some(known) = self.known.of(plane, from, to, cells) {
                return known;
            }
        }
        let class = solved.sources().class(client).unwrap_or(client);
        *self.by_class.entry((class, to)).or_insert_with(|| ask(plane, from, to))
    }
}

/// Whether an outcome at a server tells what becomes of the query: one server answers there, nothing objects at its end,
/// and whatever stops the query is what decides.
pub(super) fn tells(plane: &Plane, server: IpAddr) -> bool {
    let mut owners = plane.owners(server);
    let only = owners.next().filter(|_| owners.next().is_none()).map(|id| plane.endpoints.get(id));
    only.is_some_and(|end| {
        let serves = matches!(end.role, Role::Firewall(_) | Role::Resolver);
        serves && end.dns.is_some() && end.absence.is_none() && end.unsupported.is_empty()
    })
}

pub(super) fn sight(
    plane: &Plane,
    alike: &Alike,
    client: &Client,
    number: usize,
    mut reached: impl FnMut(Id<Endpoint>, IpAddr) -> Option<Server>,
) -> Sight {
    let ClientKind::Endpoint(from) = client.kind else { return Sight::Identity };
    let closed = || platform_dns_denied(plane, from).map(|d| d.certain);
    let of = |view: &Id<View>| alike.get(view).copied().unwrap_or(*view);
    match &client.resolver {
        Resolver::Public => Sight::Public,
        Resolver::Platform(view) => Sight::Platform(of(view), closed()),
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
            // Only at its own address does the platform answer here.
            let platform = platform.as_ref().filter(|_| servers.contains(&PLATFORM_ADDRESS)).map(of);
            Sight::Servers(servers.clone(), platform, found)
        }
    }
}

/// What becomes of a query to a server, by UDP and by TCP (FWD-06); none if that depends on which of several equal paths
/// it takes.
pub(super) fn ask(plane: &Plane, from: Id<Endpoint>, server: IpAddr) -> Option<Server> {
    let found = ask_by(plane, from, server, Transport::Udp)?;
    let customers = match &found {
        Server::Reached(at) => plane.endpoints.get(*at).dns.is_some(),
        _ => false,
    };
    if !customers {
        return Some(found);
    }
    let further = ask_by(plane, from, server, Transport::Tcp)?;
    Some(match further {
        Server::Silent | Server::Undecided if plane.assumptions.dns_needs_tcp => further,
        _ => found,
    })
}

fn ask_by(plane: &Plane, from: Id<Endpoint>, server: IpAddr, transport: Transport) -> Option<Server> {
    let context = Context::new(plane, lookup::answers);
    let Some(source) = context.source(from, server) else { return Some(Server::Silent) };
    let packet = Packet { source, destination: server, transport, port: 53, name: None, reply: false };
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

/// Where a service lands for a client, and what was found before; none if its name's answer depends on equal alternatives.
fn landing<'s>(
    lookups: &Lookups<'_>,
    context: &mut Context<'_>,
    quick: Option<&Quick<'_>>,
    asker: &Asker<'_>,
    service: &'s Service,
    known: &mut HashMap<&'s Fqdn, Named, FxBuildHasher>,
) -> Option<(Landing, Findings)> {
    let mut before = Findings::default();
    Some(match (&service.aim, asker.client.kind) {
        (Aim::Name(_, Some(resource)), ClientKind::Identity(_)) => (Landing::Service(*resource), before),
        (Aim::Address(address, _), _) => (Landing::At(*address), before),
        (Aim::Name(_, None), ClientKind::Identity(_)) => (Landing::Nowhere, before),
        (Aim::Name(name, _), ClientKind::Endpoint(from)) => {
            let resolve = || {
                let walk = || lookups.resolve_from(context, &asker.client.resolver, Some(from), name);
                quick.and_then(|q| q.resolve(name)).unwrap_or_else(walk)
            };
            let named = known.entry(name).or_insert_with(resolve);
            if named.forked {
                return None;
            }
            if let Some(required) = lookups.plane.door_names.get(name).and_then(|d| d.requires.as_ref()) {
                before.block(required.reason);
            }
            before.then(&named.findings);
            let landing = match named.addresses.as_deref().unwrap_or_default() {
                [] => Landing::Nowhere,
                [only] => Landing::At(*only),
                several => Landing::OneOf(several.to_vec()),
            };
            (landing, before)
        }
    })
}

/// The column of a service that lands somewhere.
fn column(plane: &Plane, asker: &Asker<'_>, service: &Service, landing: Landing, before: Findings) -> Column {
    let (name, meant) = match (&service.aim, asker.client.kind) {
        (Aim::Address(_, owner), _) => (None, owner.iter().copied().collect()),
        (Aim::Name(_, None), ClientKind::Identity(_)) => (None, Vec::new()),
        (Aim::Name(name, Some(_)), ClientKind::Identity(_)) => (Some(name.clone()), Vec::new()),
        (Aim::Name(name, _), ClientKind::Endpoint(_)) => {
            (Some(name.clone()), plane.machine_names.get(name).cloned().unwrap_or_default())
        }
    };
    Column { landing, transport: service.transport, port: service.port, name, meant, before }
}
