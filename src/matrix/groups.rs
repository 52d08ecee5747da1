//! Groups of clients that behave alike towards every service, and of services that every client meets alike.

use super::Matrix;
use crate::reach::Cell;
use std::collections::BTreeMap;

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
fn partition<K: Ord>(keys: impl Iterator<Item = K>) -> Vec<Vec<usize>> {
    let mut known: BTreeMap<K, usize> = BTreeMap::new();
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

/// Groups by class first, then by equal rows and columns of answers, delegated ones decided.
pub(super) fn of(matrix: &Matrix<'_>) -> Groups {
    let (views, solution) = (matrix.views(), matrix.solution());
    let service_class = |view: usize, service: usize| {
        let column = views.column_in(view, service)?;
        solution.columns().class(column)
    };
    // Doubts are about single steps of a path, so that nobody stands for others before the answers are known.
    let alone = |member: usize| matrix.is_doubted().then_some(member);
    let rows = partition((0..matrix.clients.len()).map(|c| (views.of(c), solution.sources().class(c), alone(c))));
    let columns = partition((0..matrix.services.len()).map(|s| {
        // A service that depends on alternatives somewhere is alone.
        let classes: Option<Vec<usize>> = (0..views.len()).map(|v| service_class(v, s)).collect();
        (classes.ok_or(s), alone(s))
    }));
    let usual = |client: usize, service: usize| {
        if matrix.is_doubted() {
            return Cell::DELEGATED;
        }
        let classes = solution.sources().class(client).zip(views.of(client).and_then(|v| service_class(v, service)));
        classes.map_or(Cell::DELEGATED, |(s, c)| solution.of_classes(s, c))
    };
    let mut cells: Vec<Vec<(Cell, bool)>> = Vec::with_capacity(rows.len());
    for row in &rows {
        let Some(client) = row.first().copied() else { continue };
        let decide = |column: &Vec<usize>| {
            let Some(service) = column.first().copied() else { return (Cell::DELEGATED, true) };
            let cell = usual(client, service);
            match cell.outcome() {
                Some(_) => (cell, false),
                None => (decided(matrix, row, column), true),
            }
        };
        cells.push(columns.iter().map(decide).collect());
    }
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

/// The step engine's answer for two classes, by a pair that is not something and its own address.
fn decided(matrix: &Matrix<'_>, clients: &[usize], services: &[usize]) -> Cell {
    let mut pairs = clients.iter().take(2).flat_map(|c| services.iter().take(2).map(move |s| (*c, *s)));
    let own = |(c, s): &(usize, usize)| matrix.exceptions.iter().any(|(ec, es, _)| (ec, es) == (c, s));
    let pair = pairs.clone().find(|p| !own(p)).or_else(|| pairs.next());
    pair.and_then(|(c, s)| matrix.traced(c, s)).map_or(Cell::DELEGATED, Cell::new)
}

type Line = Vec<(Cell, bool)>;

fn merge(groups: Vec<Vec<usize>>, lines: Vec<Line>) -> (Vec<Vec<usize>>, Vec<Line>) {
    let mut known: BTreeMap<Line, usize> = BTreeMap::new();
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
