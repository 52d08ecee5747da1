//! Groups of clients that behave alike towards every service, and of services that every client meets alike.

use super::Matrix;
use crate::{
    dataplane::ClientKind,
    reach::{Cell, Column},
};
use hashbrown::HashMap;
use rayon::prelude::*;
use rustc_hash::FxBuildHasher;
use std::{
    collections::{BTreeMap, BTreeSet},
    hash::Hash,
    net::IpAddr,
};

/// Members of a group, by their numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Group {
    /// In order.
    pub members: Vec<usize>,
}

/// All groups with the cells between them.
#[derive(Debug, Clone, Default)]
pub struct Groups {
    /// Groups of clients, in order of their first member.
    pub clients: Vec<Group>,
    /// Groups of services, in order of their first member.
    pub services: Vec<Group>,
    cells: Vec<Cell>,
    delegated: Vec<bool>,
    of_client: Vec<usize>,
    of_service: Vec<usize>,
}

impl Groups {
    /// The answer of a cell.
    #[must_use]
    pub fn cell(&self, row: usize, column: usize) -> Cell {
        self.cells.get(row * self.services.len() + column).copied().unwrap_or(Cell::DELEGATED)
    }

    /// Whether the step engine decided a cell.
    #[must_use]
    pub fn was_delegated(&self, row: usize, column: usize) -> bool {
        self.delegated.get(row * self.services.len() + column).copied().unwrap_or(false)
    }

    /// The answer of the group of a pair.
    #[must_use]
    pub fn of_pair(&self, client: usize, service: usize) -> Cell {
        let at = self.of_client.get(client).zip(self.of_service.get(service));
        at.map_or(Cell::DELEGATED, |(r, c)| self.cell(*r, *c))
    }

    /// The cell of two groups of which a pair is the only one.
    pub(super) fn alone(&self, client: usize, service: usize) -> Option<usize> {
        let (row, column) = (self.row_of(client)?, self.column_of(service)?);
        let single = |groups: &[Group], at: usize| groups.get(at).is_some_and(|g| g.members.len() == 1);
        let only = single(&self.clients, row) && single(&self.services, column);
        only.then_some(row * self.services.len() + column)
    }

    /// Gives a cell that the solver decided another answer.
    pub(super) fn put(&mut self, at: usize, answer: Cell) {
        if let Some((cell, delegated)) = self.cells.get_mut(at).zip(self.delegated.get_mut(at)) {
            (*cell, *delegated) = (answer, false);
        }
    }

    /// The group of a client.
    #[must_use]
    pub fn row_of(&self, client: usize) -> Option<usize> {
        self.of_client.get(client).copied()
    }

    /// The group of a service.
    #[must_use]
    pub fn column_of(&self, service: usize) -> Option<usize> {
        self.of_service.get(service).copied()
    }
}

/// What tells two members apart before any answer is known: clients by view and class, services by the classes of their
/// columns in every view.
fn partition<K: Eq + Hash>(keys: impl Iterator<Item = K>) -> Vec<Vec<usize>> {
    let mut known: HashMap<K, usize, FxBuildHasher> = HashMap::default();
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (member, key) in keys.enumerate() {
        let next = groups.len();
        let at = *known.entry(key).or_insert(next);
        match groups.get_mut(at) {
            Some(group) => group.push(member),
            None => groups.push(vec![member]),
        }
    }
    groups
}

/// Clients and services that no rule tells apart, and nothing unmodelled either.
#[derive(Debug, Clone, Default)]
pub struct Classes {
    /// Clients.
    pub clients: Vec<Vec<usize>>,
    /// Services.
    pub services: Vec<Vec<usize>>,
}

/// Classes of a matrix. What is called by one of the names is apart from its class.
pub(super) fn classes(matrix: &Matrix<'_>, apart: &BTreeSet<&str>) -> Classes {
    let (views, solution, doubts) = (matrix.views(), matrix.solution(), &matrix.doubts);
    let plane = matrix.plane();
    let alone = |names: &[&str], number: usize| names.iter().any(|n| apart.contains(n)).then_some(number);
    let clients = partition(matrix.clients.iter().enumerate().map(|(c, asker)| {
        let at = match asker.client.kind {
            ClientKind::Endpoint(id) => plane.endpoints.get(id).origin.name.as_str(),
            ClientKind::Identity(id) => plane.resources.get(id).origin.name.as_str(),
        };
        let names = [asker.origin.name.as_str(), at];
        (views.of(c), solution.sources().class(c), doubts.naming(names.into_iter()), alone(&names, c))
    }));
    let wanted = !doubts.is_empty() || !apart.is_empty();
    let mut owners: BTreeMap<IpAddr, Vec<&str>> = BTreeMap::new();
    for (_, endpoint) in plane.endpoints.iter().filter(|_| wanted) {
        for address in endpoint.addresses.iter().chain(&endpoint.public_addresses) {
            owners.entry(*address).or_default().push(&endpoint.origin.name);
        }
    }
    let services = partition(matrix.services.iter().enumerate().map(|(s, service)| {
        // A service that depends on alternatives somewhere is alone.
        let classes: Option<Vec<usize>> = (0..views.len()).map(|v| matrix.column_class(v, s)).collect();
        let mut names = vec![service.origin.name.as_str()];
        if wanted {
            let columns = (0..views.len()).filter_map(|v| matrix.problem.columns.get(views.column_in(v, s)?));
            names.extend(columns.filter_map(Column::address).filter_map(|a| owners.get(&a)).flatten().copied());
        }
        (classes.ok_or(s), doubts.naming(names.iter().copied()), alone(&names, s))
    }));
    Classes { clients, services }
}

/// Groups by what is answered alike first, then by equal rows and columns of answers, delegated ones decided.
pub(super) fn of(matrix: &Matrix<'_>) -> Groups {
    let (rows, columns, cells) = if matrix.doubts.is_empty() { by_kind(matrix) } else { by_class(matrix) };
    let (rows, cells) = merge(rows, cells);
    let turned = transpose(&cells, columns.len());
    let (columns, turned) = merge(columns, turned);
    let cells = transpose(&turned, rows.len());
    let of = |groups: &[Vec<usize>], count: usize| {
        let mut of = vec![0; count];
        for (number, group) in groups.iter().enumerate() {
            for member in group {
                if let Some(slot) = of.get_mut(*member) {
                    *slot = number;
                }
            }
        }
        of
    };
    Groups {
        of_client: of(&rows, matrix.clients.len()),
        of_service: of(&columns, matrix.services.len()),
        clients: rows.into_iter().map(|members| Group { members }).collect(),
        services: columns.into_iter().map(|members| Group { members }).collect(),
        cells: cells.iter().flatten().map(|(cell, _)| *cell).collect(),
        delegated: cells.iter().flatten().map(|(_, delegated)| *delegated).collect(),
    }
}

/// Rows, columns, and what each row comes to in each column.
type Parts = (Vec<Vec<usize>>, Vec<Vec<usize>>, Vec<Line>);

/// Every cell by the step engine, for classes that no rule tells apart.
fn by_class(matrix: &Matrix<'_>) -> Parts {
    let Classes { clients: rows, services: columns } = classes(matrix, &BTreeSet::new());
    let line = |row: &Vec<usize>| columns.iter().map(|column| (decided(matrix, row, column), true)).collect();
    let cells = rows.par_iter().map(line).collect();
    (rows, columns, cells)
}

/// By the kinds of the solver: clients by view and kind, services by the kinds of their columns in every view.
fn by_kind(matrix: &Matrix<'_>) -> Parts {
    let (views, solution) = (matrix.views(), matrix.solution());
    let services = matrix.services.len();
    // Where a name depends on equal alternatives, the step engine is asked for each class.
    let left: Vec<bool> = (0..views.len()).map(|v| (0..services).any(|s| views.column_in(v, s).is_none())).collect();
    let rows = partition((0..matrix.clients.len()).map(|client| {
        let view = views.of(client);
        let class = view.filter(|v| left.get(*v) == Some(&true)).and_then(|_| solution.sources().class(client));
        (view, solution.kind_of_source(client), class)
    }));
    let columns = partition((0..services).map(|service| {
        let kinds: Option<Vec<usize>> =
            (0..views.len()).map(|v| solution.kind_of_column(views.column_in(v, service)?)).collect();
        kinds.ok_or(service)
    }));
    // The kinds of each column's services, by view.
    let kinds: Vec<Vec<Option<usize>>> = (0..views.len())
        .map(|view| {
            let kind = |column: &Vec<usize>| solution.kind_of_column(views.column_in(view, *column.first()?)?);
            columns.iter().map(kind).collect()
        })
        .collect();
    let line = |row: &Vec<usize>| -> Line {
        let client = row.first().copied();
        let all = client.and_then(|c| solution.kind_of_source(c)).map_or_else(Vec::new, |k| solution.line(k));
        let here = client.and_then(|c| views.of(c)).and_then(|v| kinds.get(v)).map_or(&[][..], Vec::as_slice);
        let answer = |(column, kind): (&Vec<usize>, &Option<usize>)| {
            let cell = kind.and_then(|k| all.get(k)).copied().unwrap_or(Cell::DELEGATED);
            if cell.outcome().is_none() { (decided(matrix, row, column), true) } else { (cell, false) }
        };
        columns.iter().zip(here).map(answer).collect()
    };
    let cells = rows.par_iter().map(line).collect();
    (rows, columns, cells)
}

/// The step engine's answer for two classes, by a pair that is not answered by itself.
fn decided(matrix: &Matrix<'_>, clients: &[usize], services: &[usize]) -> Cell {
    let mut pairs = clients.iter().take(2).flat_map(|c| services.iter().take(2).map(move |s| (*c, *s)));
    let pair = pairs.clone().find(|(c, s)| !matrix.is_apart(*c, *s)).or_else(|| pairs.next());
    pair.and_then(|(c, s)| matrix.traced(c, s)).map_or(Cell::DELEGATED, Cell::new)
}

type Line = Vec<(Cell, bool)>;

fn merge(groups: Vec<Vec<usize>>, lines: Vec<Line>) -> (Vec<Vec<usize>>, Vec<Line>) {
    let mut known: HashMap<Line, usize, FxBuildHasher> = HashMap::default();
    let mut merged: Vec<Vec<usize>> = Vec::new();
    let mut kept: Vec<Line> = Vec::new();
    for (group, line) in groups.into_iter().zip(lines) {
        match known.get(&line).and_then(|at| merged.get_mut(*at)) {
            Some(same) => same.extend(group),
            None => {
                known.insert(line.clone(), merged.len());
                merged.push(group);
                kept.push(line);
            }
        }
    }
    merged.iter_mut().for_each(|g| g.sort_unstable());
    (merged, kept)
}

fn transpose(lines: &[Line], width: usize) -> Vec<Line> {
    (0..width).map(|c| lines.iter().filter_map(|l| l.get(c).copied()).collect()).collect()
}
