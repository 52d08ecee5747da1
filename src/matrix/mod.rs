//! Clients against services: every pair of a plane, by groups that behave alike.
//!
//! Names are resolved here, once per distinct view; the solver decides the flows; what it leaves over goes to the step
//! engine and is counted. Every cell has a witness that the step engine explains. What is not modelled is doubted step
//! by step, which classes cannot tell: in a plane that has such parts, the step engine decides every pair.

mod groups;
mod problem;
mod selector;
mod services;
mod shard;
mod views;

pub use groups::{Group, Groups};
pub use problem::Problem;
pub use selector::{Common, Glob, Labels, Selector, Traits};
pub use services::{Aim, Service, services};
pub use shard::{Shard, sharded};

use crate::{
    dataplane::{Client, ClientKind, Origin, Plane},
    reach::{Cell, Outcome, Sender, Solution, Source, Totals},
    trace::{Question, trace},
    verdict::Verdict,
};
use std::collections::BTreeMap;
use views::Views;

/// Somebody who asks.
#[derive(Debug, Clone)]
pub struct Asker<'p> {
    /// Declaration.
    pub origin: &'p Origin,
    /// The client.
    pub client: &'p Client,
    /// The name under which a question finds it.
    pub name: String,
}

/// All clients of a plane, in order of name.
#[must_use]
pub fn clients(plane: &Plane) -> Vec<Asker<'_>> {
    let named = |origin: &Origin| match plane.clients.get(&origin.name) {
        Ok(_) => origin.name.clone(),
        Err(_) => format!("{}.{}", origin.kind, origin.name),
    };
    plane.clients.iter().map(|(origin, client)| Asker { origin, client, name: named(origin) }).collect()
}

/// Every chosen client against every chosen service.
pub struct Matrix<'p> {
    plane: &'p Plane,
    /// Rows.
    pub clients: Vec<Asker<'p>>,
    /// Columns.
    pub services: Vec<Service>,
    problem: Problem<'p>,
    solution: Solution,
    /// Groups of classes, with their cells.
    pub groups: Groups,
    /// Pairs that differ from their group: something that asks for its own address.
    pub exceptions: Vec<(usize, usize, Cell)>,
    /// Pairs the solver left to the step engine.
    pub delegated: u64,
    /// Exact totals, delegated pairs included.
    pub totals: Totals,
}

/// A client as the solver sees it.
#[must_use]
pub fn source(client: &Client) -> Source {
    let sender = match client.kind {
        ClientKind::Endpoint(id) => Sender::Endpoint(id),
        ClientKind::Identity(id) => Sender::Identity(id),
    };
    let spoilt = client.unsupported.iter().filter(|u| u.spoils != crate::dataplane::Use::PrivateLink);
    Source {
        outside: client.outside,
        limited: client.limited,
        absent: client.absence.as_ref().map(|a| a.reason),
        unsupported: spoilt.map(|u| u.reason).collect(),
        ..Source::new(sender)
    }
}

impl<'p> Matrix<'p> {
    /// Solves all pairs of the given clients and services.
    #[must_use]
    pub fn new(plane: &'p Plane, clients: Vec<Asker<'p>>, services: Vec<Service>) -> Self {
        let problem = Problem::new(plane, &clients, &services);
        let solution = problem.solve();
        let mut matrix = Self {
            plane,
            clients,
            services,
            problem,
            solution,
            groups: Groups::default(),
            exceptions: Vec::new(),
            delegated: 0,
            totals: Totals::default(),
        };
        matrix.exceptions = matrix.own_addresses();
        matrix.groups = groups::of(&matrix);
        matrix.sum_up();
        matrix
    }

    /// The solver's answer for a client and a service, before anything is left to the step engine.
    #[must_use]
    pub fn solved(&self, client: usize, service: usize) -> Cell {
        if self.is_doubted() {
            return Cell::DELEGATED;
        }
        self.problem.views.column(client, service).map_or(Cell::DELEGATED, |column| self.solution.cell(client, column))
    }

    /// The answer for a client and a service.
    #[must_use]
    pub fn outcome(&self, client: usize, service: usize) -> Option<Outcome> {
        self.solved(client, service).outcome().or_else(|| self.traced(client, service))
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

    /// Whether parts of the plane are not modelled, so that no class stands for its members.
    pub(crate) fn is_doubted(&self) -> bool {
        !self.plane.unmodelled.is_empty()
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

    /// Something that asks for an address of its own is unlike its class.
    fn own_addresses(&self) -> Vec<(usize, usize, Cell)> {
        let mut by_column: BTreeMap<usize, Vec<(usize, usize)>> = BTreeMap::new();
        let exceptions = self.solution.exceptions();
        if exceptions.is_empty() || self.is_doubted() {
            return Vec::new();
        }
        for view in 0..self.problem.views.len() {
            for service in 0..self.services.len() {
                if let Some(column) = self.problem.views.column_in(view, service) {
                    by_column.entry(column).or_default().push((view, service));
                }
            }
        }
        let mut found = Vec::new();
        for (client, column, cell) in exceptions {
            let view = self.problem.views.of(client);
            let here = by_column.get(&column).into_iter().flatten().filter(|(v, _)| Some(*v) == view);
            found.extend(here.map(|(_, service)| (client, *service, cell)));
        }
        found.sort_unstable();
        found
    }

    /// Totals from the groups; exceptions moved from their group's verdict to their own.
    fn sum_up(&mut self) {
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
        for (client, service, cell) in &self.exceptions {
            let usual = self.groups.of_pair(*client, *service);
            totals.replace(usual, *cell);
        }
        self.totals = totals;
        self.delegated = delegated;
    }

    /// A pair that stands for a cell of groups: the first that is not an exception.
    #[must_use]
    pub fn witness(&self, row: usize, column: usize) -> Option<(usize, usize)> {
        let (clients, services) = (self.groups.clients.get(row)?, self.groups.services.get(column)?);
        let usual = |pair: &(usize, usize)| self.exceptions.binary_search_by(|(c, s, _)| (*c, *s).cmp(pair)).is_err();
        let pairs = clients.members.iter().flat_map(|c| services.members.iter().map(move |s| (*c, *s)));
        pairs.clone().find(usual).or_else(|| pairs.clone().next())
    }

    /// Cells whose witness the step engine answers differently; there are none unless one of the two is wrong.
    pub fn disagreements(&self, limit: usize) -> Vec<(usize, usize)> {
        let all = (0..self.groups.clients.len()).flat_map(|r| (0..self.groups.services.len()).map(move |c| (r, c)));
        let differs = |(row, column): &(usize, usize)| {
            let Some((client, service)) = self.witness(*row, *column) else { return false };
            self.outcome(client, service).map(key) != self.traced(client, service).map(key)
        };
        all.take(limit).filter(differs).collect()
    }

    /// What the classes of the solver came to.
    #[must_use]
    pub fn solution(&self) -> &Solution {
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

fn key(outcome: Outcome) -> (Verdict, Option<crate::verdict::Via>) {
    (outcome.verdict, outcome.via)
}
