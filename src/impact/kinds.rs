//! Flows that nothing tells apart, so that one of them is asked for all.

use crate::{
    dataplane::Plane,
    matrix::{Matrix, clients, ways},
    net::Transport,
    trace::Question,
};
use std::collections::{BTreeMap, BTreeSet};

/// Classes of the clients and services of one design. Every flow between two classes passes the same elements.
pub(super) struct Kinds {
    clients: BTreeMap<String, (usize, usize)>,
    services: BTreeMap<(String, u16, Transport), (usize, usize)>,
    /// Pairs that are answered by themselves.
    apart: BTreeSet<(usize, usize)>,
}

impl Kinds {
    pub(super) fn new(plane: &Plane) -> Self {
        let matrix = Matrix::new(plane, clients(plane), ways(plane));
        let classes = matrix.classes(&BTreeSet::new());
        let numbered = |lists: &[Vec<usize>]| -> Vec<(usize, usize)> {
            lists.iter().enumerate().flat_map(|(class, list)| list.iter().map(move |n| (*n, class))).collect()
        };
        let client =
            |(number, class): (usize, usize)| Some((matrix.clients.get(number)?.name.clone(), (number, class)));
        let service = |(number, class): (usize, usize)| {
            let service = matrix.services.get(number)?;
            Some(((service.to.clone(), service.port, service.transport), (number, class)))
        };
        Self {
            clients: numbered(&classes.clients).into_iter().filter_map(client).collect(),
            services: numbered(&classes.services).into_iter().filter_map(service).collect(),
            apart: matrix.own().iter().chain(matrix.namesakes()).copied().collect(),
        }
    }

    /// The classes of a flow; nothing if it is one by itself.
    pub(super) fn of(&self, question: &Question) -> Option<(usize, usize)> {
        let (client, row) = self.clients.get(&question.from)?;
        let (service, column) = self.services.get(&(question.to.clone(), question.port, question.transport))?;
        (!self.apart.contains(&(*client, *service))).then_some((*row, *column))
    }
}
