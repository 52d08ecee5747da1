//! Clients and services as the solver takes them.

use super::{
    Asker, Service, source,
    views::{self, Lookups, Views},
};
use crate::{
    dataplane::Plane,
    reach::{Bulk, Column, Detail, Part, Solution, Source, Totals, solve, solve_bulk, solve_detail},
};

/// Sources and columns of a matrix: names are resolved, nothing is solved.
pub struct Problem<'p> {
    lookups: Lookups<'p>,
    /// One source for each client.
    pub sources: Vec<Source>,
    /// Where services land, in any view.
    pub columns: Vec<Column>,
    pub(crate) views: Views,
    services: usize,
}

impl<'p> Problem<'p> {
    /// Resolves the names of services for all clients, once for each distinct view.
    #[must_use]
    pub fn new(plane: &'p Plane, clients: &[Asker<'_>], services: &[Service]) -> Self {
        let lookups = Lookups::new(plane);
        let sources: Vec<Source> = clients.iter().map(|c| source(c.client)).collect();
        let (views, columns) = views::resolve(&lookups, clients, &sources, services);
        Self { lookups, sources, columns, views, services: services.len() }
    }

    /// Solves pair by pair, one for each two classes: slow, and what the other forms are compared with.
    #[must_use]
    pub fn solve(&self) -> Solution {
        solve(self.lookups.plane, &self.sources, &self.columns, &self.lookups)
    }

    /// Solves with the path or reason of every pair.
    #[must_use]
    pub fn solve_detail(&self) -> Detail {
        solve_detail(self.lookups.plane, &self.sources, &self.columns, &self.lookups)
    }

    /// Solves by verdict: for estates of any size.
    #[must_use]
    pub fn solve_bulk(&self) -> Bulk {
        solve_bulk(self.lookups.plane, &self.sources, &self.columns, &self.lookups)
    }

    /// The column in which a service lands for a client; none where its name depends on equal alternatives.
    #[must_use]
    pub fn column(&self, client: usize, service: usize) -> Option<usize> {
        self.views.column(client, service)
    }

    /// The verdicts of all clients against all services, as each client sees their names.
    #[must_use]
    pub fn totals(&self, bulk: &Bulk) -> Totals {
        let mut members: Vec<Vec<u32>> = vec![Vec::new(); self.views.len()];
        for (client, view) in (0_u32..).zip((0..self.sources.len()).map(|c| self.views.of(c))) {
            if let Some(list) = view.and_then(|v| members.get_mut(v)) {
                list.push(client);
            }
        }
        let mut weights: Vec<Vec<u32>> = Vec::with_capacity(members.len());
        let mut delegated = 0;
        for (view, clients) in members.iter().enumerate() {
            let mut weight = vec![0_u32; self.columns.len()];
            for service in 0..self.services {
                match self.views.column_in(view, service).and_then(|c| weight.get_mut(c)) {
                    Some(count) => *count += 1,
                    None => delegated += clients.len() as u64,
                }
            }
            weights.push(weight);
        }
        let parts: Vec<Part<'_>> =
            members.iter().zip(&weights).map(|(s, w)| Part { sources: Some(s), weights: Some(w) }).collect();
        let mut totals = bulk.totals_of(&parts);
        totals.delegated += delegated;
        totals
    }
}
