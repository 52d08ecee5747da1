//! Solving, and reading what was solved.

use super::{
    Bulk, Cell, Column, Detail, Names, Sender, Source,
    classes::{Marks, Partition, of_columns, of_sources},
    model::{Fast, Model},
    probe::Probe,
};
use crate::{
    dataplane::{Endpoint, Id, Plane},
    verdict::{Verdict, Word},
};
use rayon::prelude::*;
use std::{collections::BTreeMap, net::IpAddr};

/// Every source against every column.
#[derive(Debug, Clone)]
pub struct Solution {
    sources: Partition,
    columns: Partition,
    /// Cells of classes, row by row.
    cells: Vec<Cell>,
    /// Pairs that differ from their classes: something and its own address.
    own: Fast<(u32, u32), Cell>,
}

/// How many pairs came to each verdict.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    /// Pairs by verdict.
    pub verdicts: BTreeMap<Verdict, u64>,
    /// Pairs left to the step engine.
    pub delegated: u64,
}

impl Totals {
    /// Adds pairs of one kind.
    pub fn add(&mut self, cell: Cell, pairs: u64) {
        match cell.outcome() {
            Some(outcome) => *self.verdicts.entry(outcome.verdict).or_default() += pairs,
            None => self.delegated += pairs,
        }
    }

    pub(super) fn add_verdict(&mut self, verdict: Option<Verdict>, pairs: u64) {
        match verdict {
            Some(_) if pairs == 0 => {}
            Some(verdict) => *self.verdicts.entry(verdict).or_default() += pairs,
            None => self.delegated += pairs,
        }
    }

    pub(super) fn replace_verdict(&mut self, from: Option<Verdict>, to: Option<Verdict>, pairs: u64) {
        let count = match from {
            Some(verdict) => self.verdicts.entry(verdict).or_default(),
            None => &mut self.delegated,
        };
        *count = count.saturating_sub(pairs);
        self.verdicts.retain(|_, n| *n > 0);
        self.add_verdict(to, pairs);
    }

    /// Moves one pair from one kind to another.
    pub fn replace(&mut self, from: Cell, to: Cell) {
        self.remove(from, 1);
        self.add(to, 1);
    }

    /// Takes pairs of one kind away again.
    fn remove(&mut self, cell: Cell, pairs: u64) {
        let count = match cell.outcome() {
            Some(outcome) => self.verdicts.entry(outcome.verdict).or_default(),
            None => &mut self.delegated,
        };
        *count = count.saturating_sub(pairs);
    }

    /// All pairs.
    #[must_use]
    pub fn pairs(&self) -> u64 {
        self.verdicts.values().sum::<u64>() + self.delegated
    }

    /// Pairs of a verdict.
    #[must_use]
    pub fn of(&self, verdict: Verdict) -> u64 {
        self.verdicts.get(&verdict).copied().unwrap_or(0)
    }

    /// Verdicts with their number of pairs, in documented order.
    pub fn iter(&self) -> impl Iterator<Item = (Verdict, u64)> {
        Verdict::ALL.iter().map(|v| (*v, self.of(*v))).filter(|(_, n)| *n > 0)
    }
}

/// Solves all pairs. Equal inputs give equal solutions, whatever the number of threads.
#[must_use]
pub fn solve(plane: &Plane, sources: &[Source], columns: &[Column], names: &dyn Names) -> Solution {
    let model = Model::new(plane, names);
    let mut marks = Marks::new(&model);
    let source_classes = of_sources(&model, &mut marks, sources);
    let column_classes = of_columns(&model, &mut marks, columns);
    let pairs = Pairs { model: &model, sources, columns };
    let width = column_classes.len();
    let rows: Vec<Vec<Cell>> = (0..source_classes.len())
        .into_par_iter()
        .map(|row| {
            let probe = Probe::new(&model);
            let senders = source_classes.members(row);
            (0..width).map(|c| pairs.of_classes(&probe, senders, column_classes.members(c))).collect()
        })
        .collect();
    let mut solution = Solution {
        sources: source_classes,
        columns: column_classes,
        cells: rows.into_iter().flatten().collect(),
        own: Fast::default(),
    };
    let own = pairs.own();
    let probe = Probe::new(&model);
    for (s, c) in own {
        let cell = pairs.decide(&probe, s, c);
        if cell != solution.cell(s as usize, c as usize) {
            solution.own.insert((s, c), cell);
        }
    }
    solution
}

/// Solves all pairs of a large estate by verdict. Equal inputs give equal solutions, whatever the number of threads.
#[must_use]
pub fn solve_bulk(plane: &Plane, sources: &[Source], columns: &[Column], names: &dyn Names) -> Bulk {
    Bulk::new(&Model::new(plane, names), sources, columns, false)
}

/// Solves all pairs of a large estate, each with its path or reason. Equal inputs give equal solutions, whatever the number
/// of threads.
#[must_use]
pub fn solve_detail(plane: &Plane, sources: &[Source], columns: &[Column], names: &dyn Names) -> Detail {
    Detail::new(&Model::new(plane, names), sources, columns)
}

/// Classes of sources that no rule of the plane tells apart.
#[must_use]
pub fn classes_of(plane: &Plane, sources: &[Source]) -> Partition {
    let model = Model::new(plane, &super::NoNames);
    of_sources(&model, &mut Marks::new(&model), sources)
}

pub(super) struct Pairs<'m, 'p, 'i> {
    pub(super) model: &'m Model<'p>,
    pub(super) sources: &'i [Source],
    pub(super) columns: &'i [Column],
}

impl Pairs<'_, '_, '_> {
    pub(super) fn decide(&self, probe: &Probe<'_, '_>, source: u32, column: u32) -> Cell {
        let pair = self.sources.get(source as usize).zip(self.columns.get(column as usize));
        pair.and_then(|(s, c)| probe.decide(s, c)).map_or(Cell::DELEGATED, Cell::new)
    }

    /// Whether a column is the source's own address, which no class-mate shares.
    fn is_own(&self, source: u32, column: u32) -> bool {
        let pair = self.sources.get(source as usize).zip(self.columns.get(column as usize));
        pair.is_some_and(|(s, c)| {
            let owns = |id| c.address().is_some_and(|a| self.model.endpoint(id).addresses.contains(&a));
            endpoints(s).any(owns)
        })
    }

    /// The answer of two classes, by a pair that stands for all: not one of something with itself, if there is another.
    pub(super) fn of_classes(&self, probe: &Probe<'_, '_>, sources: &[u32], columns: &[u32]) -> Cell {
        let mut ahead = sources.iter().take(2).flat_map(|s| columns.iter().take(2).map(move |c| (*s, *c)));
        let pair = ahead.find(|(s, c)| !self.is_own(*s, *c));
        let pair = pair.or_else(|| sources.first().copied().zip(columns.first().copied()));
        pair.map_or(Cell::DELEGATED, |(s, c)| self.decide(probe, s, c))
    }

    /// Pairs of something with its own address.
    pub(super) fn own(&self) -> Vec<(u32, u32)> {
        let mut by_address: Fast<IpAddr, Vec<u32>> = Fast::default();
        for (i, column) in (0_u32..).zip(self.columns) {
            if let Some(address) = column.address() {
                by_address.entry(address).or_default().push(i);
            }
        }
        let mut found = Vec::new();
        for (s, source) in (0_u32..).zip(self.sources) {
            for id in endpoints(source) {
                for address in &self.model.endpoint(id).addresses {
                    found.extend(by_address.get(address).into_iter().flatten().map(|c| (s, *c)));
                }
            }
        }
        found
    }
}

/// What a source may send from.
fn endpoints(source: &Source) -> impl Iterator<Item = Id<Endpoint>> {
    let own = match source.sender {
        Sender::Endpoint(id) => Some(id),
        Sender::Identity(_) => None,
    };
    own.into_iter().chain(source.outside)
}

impl Solution {
    /// The answer for a source and a column, by their numbers in the input.
    #[must_use]
    pub fn cell(&self, source: usize, column: usize) -> Cell {
        let own = || {
            let key = (u32::try_from(source).ok()?, u32::try_from(column).ok()?);
            self.own.get(&key).copied()
        };
        let classes = || self.sources.class(source).zip(self.columns.class(column));
        own().or_else(|| classes().map(|(s, c)| self.of_classes(s, c))).unwrap_or(Cell::DELEGATED)
    }

    /// The answer for two classes.
    #[must_use]
    pub fn of_classes(&self, sources: usize, columns: usize) -> Cell {
        self.cells.get(sources * self.columns.len() + columns).copied().unwrap_or(Cell::DELEGATED)
    }

    /// Classes of sources.
    #[must_use]
    pub fn sources(&self) -> &Partition {
        &self.sources
    }

    /// Classes of columns.
    #[must_use]
    pub fn columns(&self) -> &Partition {
        &self.columns
    }

    /// Pairs that differ from those of their classes, in order: something that asks for its own address.
    #[must_use]
    pub fn exceptions(&self) -> Vec<(usize, usize, Cell)> {
        let mut all: Vec<_> = self.own.iter().map(|((s, c), cell)| (*s as usize, *c as usize, *cell)).collect();
        all.sort_unstable();
        all
    }

    /// Exact totals over all pairs.
    #[must_use]
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for s in 0..self.sources.len() {
            let height = self.sources.members(s).len() as u64;
            for c in 0..self.columns.len() {
                totals.add(self.of_classes(s, c), height * self.columns.members(c).len() as u64);
            }
        }
        for ((s, c), cell) in &self.own {
            let classes = self.sources.class(*s as usize).zip(self.columns.class(*c as usize));
            let usual = classes.map_or(Cell::DELEGATED, |(s, c)| self.of_classes(s, c));
            totals.replace(usual, *cell);
        }
        totals
    }
}
