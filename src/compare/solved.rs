//! A design whose flows are all solved, by the numbers of a list.

use super::{
    Standing,
    listed::{Words, clients_in, services_in},
};
use crate::{dataplane::Plane, matrix::Matrix, reach::Outcome, trace::trace, verdict::Verdict};
use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, OnceLock, PoisonError},
};

/// All flows of a list, as one plane answers them.
pub(crate) struct Solved<'p> {
    pub(crate) matrix: Matrix<'p>,
    /// The matrix's number of each client and service; none where the plane has none of the name.
    clients: Vec<Option<u32>>,
    services: Vec<Option<u32>>,
    /// The other way round.
    client_at: Vec<u32>,
    service_at: Vec<u32>,
    /// Classes of the matrix's clients and services.
    classes: OnceLock<[HashMap<usize, usize>; 2]>,
    /// Whether one of several equal ways is public, by classes.
    ways: Mutex<HashMap<(usize, usize), bool>>,
}

/// Those that are there, and the number that each one has among them.
fn settle<T>(all: Vec<Option<T>>) -> (Vec<T>, Vec<Option<u32>>, Vec<u32>) {
    let (mut there, mut numbers, mut back) = (Vec::new(), Vec::new(), Vec::new());
    for (at, one) in (0_u32..).zip(all) {
        numbers.push(one.is_some().then_some(back.len() as u32));
        if let Some(one) = one {
            there.push(one);
            back.push(at);
        }
    }
    (there, numbers, back)
}

impl<'p> Solved<'p> {
    /// Solves clients and services of a plane by their names.
    pub(crate) fn new<'n>(
        plane: &'p Plane,
        clients: impl Iterator<Item = &'n str>,
        services: impl Iterator<Item = Words<'n>>,
    ) -> Self {
        let (askers, clients, client_at) = settle(clients_in(plane, clients));
        let (asked, services, service_at) = settle(services_in(plane, services));
        let matrix = Matrix::new(plane, askers, asked);
        let (classes, ways) = (OnceLock::new(), Mutex::default());
        Self { matrix, clients, services, client_at, service_at, classes, ways }
    }

    /// The group of a client.
    pub(crate) fn row(&self, client: u32) -> Option<usize> {
        self.matrix.groups.row_of(self.clients.get(client as usize).copied()?? as usize)
    }

    /// The group of a service.
    pub(crate) fn column(&self, service: u32) -> Option<usize> {
        self.matrix.groups.column_of(self.services.get(service as usize).copied()?? as usize)
    }

    /// Pairs that differ from their groups.
    pub(crate) fn apart(&self) -> impl Iterator<Item = (u32, u32)> {
        let own = self.matrix.own().iter().chain(self.matrix.namesakes());
        own.filter_map(|(c, s)| self.client_at.get(*c).copied().zip(self.service_at.get(*s).copied()))
    }

    /// What two groups come to; none where the flow cannot be asked for.
    pub(crate) fn of_groups(&self, row: Option<usize>, column: Option<usize>) -> Option<Outcome> {
        self.matrix.groups.cell(row?, column?).outcome()
    }

    /// The class of a client.
    pub(crate) fn class_of_client(&self, client: u32) -> Option<usize> {
        let at = self.clients.get(client as usize).copied()?? as usize;
        self.classes()[0].get(&at).copied()
    }

    /// The class of a service.
    pub(crate) fn class_of_service(&self, service: u32) -> Option<usize> {
        let at = self.services.get(service as usize).copied()?? as usize;
        self.classes()[1].get(&at).copied()
    }

    fn classes(&self) -> &[HashMap<usize, usize>; 2] {
        self.classes.get_or_init(|| {
            let classes = self.matrix.classes(&BTreeSet::new());
            [classes.clients, classes.services].map(|lists| {
                let of = |(class, list): (usize, Vec<usize>)| list.into_iter().map(move |member| (member, class));
                lists.into_iter().enumerate().flat_map(of).collect()
            })
        })
    }

    /// How one flow comes out; none if it cannot be asked for.
    pub(crate) fn standing(&self, (client, service): (u32, u32)) -> Option<Standing> {
        let client = self.clients.get(client as usize).copied()?? as usize;
        let service = self.services.get(service as usize).copied()?? as usize;
        let verdict = self.matrix.answer(client, service).outcome()?.verdict;
        let exposed = match verdict {
            Verdict::Public => true,
            Verdict::Partial => self.any_public(client, service),
            _ => false,
        };
        Some(Standing { verdict, exposed })
    }

    /// Whether one of the equal ways of a partial flow is public: asked once for two classes.
    fn any_public(&self, client: usize, service: usize) -> bool {
        let ask = || {
            let question = self.matrix.question(client, service);
            let found = question.and_then(|q| trace(self.matrix.plane(), &q).ok());
            found.is_some_and(|t| t.alternative_verdicts().contains(&Verdict::Public))
        };
        if self.matrix.is_apart(client, service) {
            return ask();
        }
        let [clients, services] = self.classes();
        let Some(key) = clients.get(&client).copied().zip(services.get(&service).copied()) else { return ask() };
        if let Some(known) = self.ways.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return *known;
        }
        let found = ask();
        self.ways.lock().unwrap_or_else(PoisonError::into_inner).insert(key, found);
        found
    }

    /// Whether an edit of the plane is told by verdicts of the solver alone: nothing is left to the step engine, and no
    /// flow has several ways.
    pub(crate) fn is_plain(&self) -> bool {
        self.matrix.delegated == 0 && self.matrix.totals.of(Verdict::Partial) == 0
    }
}
