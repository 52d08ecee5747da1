//! Clients against services: every pair of a plane, by groups that behave alike.
//!
//! Names are resolved here, once per distinct view; the solver decides the flows; what it leaves over goes to the step
//! engine and is counted. Every cell has a witness that the step engine explains.

mod count;
mod doubts;
mod groups;
mod live;
mod problem;
mod quick;
mod shard;
mod traits;
mod views;

pub use crate::flows::{Aim, Asker, Service, askers, clients, is_implied, lacks_internet, service, services, ways};
pub use count::{Count, count};
pub use groups::{Classes, Group, Groups};
pub use live::{Change, Live};
pub use problem::Problem;
pub use shard::{Shard, sharded};
pub use traits::{Common, Labels};

use crate::{
    dataplane::{Client, ClientKind, Endpoint, Id, Plane, Resource},
    reach::{Cell, Column, Detail, Outcome, Sender, Source, Totals},
    trace::{Question, trace},
};
use doubts::Doubts;
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use std::{collections::BTreeSet, net::IpAddr};
use views::Views;

/// Every chosen client against every chosen service.
pub struct Matrix<'p> {
    plane: &'p Plane,
    /// Rows.
    pub clients: Vec<Asker<'p>>,
    /// Columns.
    pub services: Vec<Service>,
    problem: Problem<'p>,
    solution: Detail,
    /// Groups of classes, with their cells.
    pub groups: Groups,
    doubts: Doubts<'p>,
    /// Pairs of something with itself: its own address, or the service that it is the identity of.
    own: Vec<(usize, usize)>,
    /// Pairs of two that have one address in two networks. They differ from their group as if they were one.
    namesakes: Vec<(usize, usize)>,
    /// Pairs that differ from their group: something that asks for its own address.
    pub exceptions: Vec<(usize, usize, Cell)>,
    /// Pairs that were left to the step engine: by the solver, or because something unmodelled could change them.
    pub delegated: u64,
    /// Exact totals, delegated pairs included.
    pub totals: Totals,
}

/// A client and a service each, by their numbers.
type Pairs = Vec<(usize, usize)>;

/// A client as the solver sees it.
#[must_use]
pub fn source(client: &Client) -> Source {
    let sender = match client.kind {
        ClientKind::Endpoint(id) => Sender::Endpoint(id),
        ClientKind::Identity(id) => Sender::Identity(id),
    };
    let mut unsupported = crate::reach::Findings::default();
    let spoilt = client.unsupported.iter().filter(|u| u.spoils != crate::dataplane::Use::PrivateLink);
    spoilt.for_each(|u| unsupported.then(&crate::reach::Findings::of_condition(u)));
    Source {
        outside: client.outside,
        limited: client.limited,
        absent: client.absence.as_ref().map(|a| a.reason),
        unsupported,
        ..Source::new(sender)
    }
}

impl<'p> Matrix<'p> {
    /// Solves all pairs of the given clients and services.
    #[must_use]
    pub fn new(plane: &'p Plane, clients: Vec<Asker<'p>>, services: Vec<Service>) -> Self {
        let problem = Problem::new(plane, &clients, &services);
        let solution = problem.solve_detail();
        let doubts = Doubts::new(plane);
        let mut matrix = Self {
            plane,
            clients,
            services,
            problem,
            solution,
            groups: Groups::default(),
            doubts,
            own: Vec::new(),
            namesakes: Vec::new(),
            exceptions: Vec::new(),
            delegated: 0,
            totals: Totals::default(),
        };
        (matrix.own, matrix.namesakes) = matrix.own_pairs();
        matrix.groups = groups::of(&matrix);
        matrix.sum_up();
        matrix
    }

    /// The solver's answer for a client and a service, before anything is left to the step engine.
    #[must_use]
    pub fn solved(&self, client: usize, service: usize) -> Cell {
        self.problem.views.column(client, service).map_or(Cell::DELEGATED, |column| self.solution.cell(client, column))
    }

    /// The answer for a client and a service, as its group or exception has it.
    #[must_use]
    pub fn answer(&self, client: usize, service: usize) -> Cell {
        match self.exceptions.binary_search_by(|(c, s, _)| (*c, *s).cmp(&(client, service))) {
            Ok(at) => self.exceptions.get(at).map_or(Cell::DELEGATED, |(.., cell)| *cell),
            Err(_) => self.groups.of_pair(client, service),
        }
    }

    /// The plane that was solved.
    #[must_use]
    pub fn plane(&self) -> &'p Plane {
        self.plane
    }

    /// The question that the step engine answers for a pair.
    #[must_use]
    pub fn question(&self, client: usize, service: usize) -> Option<Question> {
        let (client, service) = self.clients.get(client).zip(self.services.get(service))?;
        Some(Question {
            from: client.name.clone(),
            to: service.to.clone(),
            port: service.port,
            transport: service.transport,
        })
    }

    /// The step engine's answer for a pair.
    #[must_use]
    pub fn traced(&self, client: usize, service: usize) -> Option<Outcome> {
        let judged = trace(self.plane, &self.question(client, service)?).ok()?.judgement;
        Some(Outcome { verdict: judged.verdict, via: judged.via, reason: judged.reason() })
    }

    /// Something with itself, in order: its own address, or the service that it is the identity of. Then what only has
    /// the same address.
    fn own_pairs(&self) -> (Pairs, Pairs) {
        let (plane, views) = (self.plane, &self.problem.views);
        let mut at: HashMap<IpAddr, Vec<(usize, usize)>, FxBuildHasher> = HashMap::default();
        let mut named: HashMap<Id<Resource>, Vec<usize>, FxBuildHasher> = HashMap::default();
        let mut owned: HashMap<Id<Endpoint>, Vec<usize>, FxBuildHasher> = HashMap::default();
        for view in 0..views.len() {
            for service in 0..self.services.len() {
                let column = views.column_in(view, service).and_then(|c| self.problem.columns.get(c));
                if let Some(address) = column.and_then(Column::address) {
                    at.entry(address).or_default().push((view, service));
                }
            }
        }
        for (number, service) in self.services.iter().enumerate() {
            match service.aim {
                Aim::Name(_, Some(resource)) => named.entry(resource).or_default().push(number),
                Aim::Address(_, Some(owner)) => owned.entry(owner).or_default().push(number),
                Aim::Name(_, None) | Aim::Address(_, None) => {}
            }
        }
        let (mut found, mut namesakes) = (Vec::new(), Vec::new());
        for (number, asker) in self.clients.iter().enumerate() {
            match asker.client.kind {
                ClientKind::Identity(resource) => {
                    found.extend(named.get(&resource).into_iter().flatten().map(|s| (number, *s)));
                }
                ClientKind::Endpoint(id) => {
                    let ends = std::iter::once(id).chain(asker.client.outside);
                    found.extend(ends.clone().filter_map(|e| owned.get(&e)).flatten().map(|s| (number, *s)));
                    let addresses = ends.clone().flat_map(|e| &plane.endpoints.get(e).addresses);
                    let here = addresses.filter_map(|a| at.get(a)).flatten();
                    for (_, service) in here.filter(|(v, _)| Some(*v) == views.of(number)) {
                        let other = match self.services.get(*service).map(|s| &s.aim) {
                            Some(Aim::Address(_, Some(owner))) => ends.clone().all(|e| e != *owner),
                            _ => false,
                        };
                        if other { &mut namesakes } else { &mut found }.push((number, *service));
                    }
                }
            }
        }
        for list in [&mut found, &mut namesakes] {
            list.sort_unstable();
            list.dedup();
        }
        (found, namesakes)
    }

    /// Pairs of two that have one address in two networks, in order: each is answered by itself.
    #[must_use]
    pub fn namesakes(&self) -> &[(usize, usize)] {
        &self.namesakes
    }

    /// Whether a pair is answered by itself, apart from its group: something with itself, or with its namesake.
    #[must_use]
    pub fn is_apart(&self, client: usize, service: usize) -> bool {
        self.is_own(client, service) || self.namesakes.binary_search(&(client, service)).is_ok()
    }

    /// Pairs of something with itself, in order.
    #[must_use]
    pub fn own(&self) -> &[(usize, usize)] {
        &self.own
    }

    /// Whether a pair is something with itself.
    #[must_use]
    pub fn is_own(&self, client: usize, service: usize) -> bool {
        self.own.binary_search(&(client, service)).is_ok()
    }

    /// Clients and services that no rule tells apart: every pair of two classes passes the same elements. What is called
    /// by one of the names is apart from its class.
    #[must_use]
    pub fn classes(&self, apart: &BTreeSet<&str>) -> Classes {
        groups::classes(self, apart)
    }

    /// The class of the column of a service in a view; none where names depend on equal alternatives.
    fn column_class(&self, view: usize, service: usize) -> Option<usize> {
        self.solution.columns().class(self.problem.views.column_in(view, service)?)
    }

    /// Totals from the groups; exceptions moved from their group's verdict to their own.
    fn sum_up(&mut self) {
        // Groups of one pair that is something with itself have no other.
        let mut apart = [self.own.as_slice(), &self.namesakes].concat();
        apart.sort_unstable();
        for (client, service) in apart.iter().copied() {
            let Some(at) = self.groups.alone(client, service) else { continue };
            let solved = self.solved(client, service);
            if solved.outcome().is_some() && self.doubts.is_empty() {
                self.groups.put(at, solved);
            }
        }
        let mut totals = Totals::default();
        let mut delegated = 0;
        for (row, clients) in self.groups.clients.iter().enumerate() {
            for (column, services) in self.groups.services.iter().enumerate() {
                let pairs = clients.members.len() as u64 * services.members.len() as u64;
                totals.add(self.groups.cell(row, column), pairs);
                if self.groups.was_delegated(row, column) {
                    delegated += pairs;
                }
            }
        }
        for (client, service) in apart {
            let (solved, usual) = (self.solved(client, service), self.groups.of_pair(client, service));
            let left = solved.outcome().is_none() || !self.doubts.is_empty();
            let cell = match left {
                true => self.traced(client, service).map_or(Cell::DELEGATED, Cell::new),
                false => solved,
            };
            let counted = self.groups.row_of(client).zip(self.groups.column_of(service));
            match (left, counted.is_some_and(|(r, c)| self.groups.was_delegated(r, c))) {
                (true, false) => delegated += 1,
                (false, true) => delegated -= 1,
                _ => {}
            }
            if cell != usual {
                self.exceptions.push((client, service, cell));
                totals.replace(usual, cell);
            }
        }
        self.totals = totals;
        self.delegated = delegated;
    }

    /// A pair that stands for a cell of groups: the first that is not answered by itself.
    #[must_use]
    pub fn witness(&self, row: usize, column: usize) -> Option<(usize, usize)> {
        let (clients, services) = (self.groups.clients.get(row)?, self.groups.services.get(column)?);
        let usual = |pair: &(usize, usize)| !self.is_apart(pair.0, pair.1);
        let pairs = clients.members.iter().flat_map(|c| services.members.iter().map(move |s| (*c, *s)));
        pairs.clone().find(usual).or_else(|| pairs.clone().next())
    }

    /// Cells whose witness the step engine answers differently; there are none unless one of the two is wrong.
    pub fn disagreements(&self, limit: usize) -> Vec<(usize, usize)> {
        let all = (0..self.groups.clients.len()).flat_map(|r| (0..self.groups.services.len()).map(move |c| (r, c)));
        let differs = |(row, column): &(usize, usize)| {
            let Some((client, service)) = self.witness(*row, *column) else { return false };
            self.answer(client, service).outcome() != self.traced(client, service)
        };
        all.take(limit).filter(differs).collect()
    }

    /// What the solver came to.
    #[must_use]
    pub fn solution(&self) -> &Detail {
        &self.solution
    }

    /// What was solved.
    #[must_use]
    pub fn problem(&self) -> &Problem<'p> {
        &self.problem
    }

    /// Name resolution: which column a client of a view lands in.
    pub(crate) fn views(&self) -> &Views {
        &self.problem.views
    }
}
