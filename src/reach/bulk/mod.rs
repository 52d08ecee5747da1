//! Large estates: sources and columns in order of address, rules as ranges of both, answers as rows of bits.
//!
//! What a source's side decides (its filters, routes, firewalls on the way, the way back) is one row of bits over all
//! columns; what a column's side decides (the filters before it) is a list of runs of sources. A pair is open if both say
//! so. Equal rows are kept once, and sources or columns that both sides treat alike form one class. Everything outside
//! this pattern (gateways, appliances, balancers, managed networks, whatever is not plain) is decided one by one by the
//! probe, for classes that no rule tells apart.

#![allow(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "positions come from the layout they index; there are fewer than 2^32 of anything"
)]

mod answered;
mod bits;
mod classes;
mod content;
mod detail;
mod device;
mod flips;
mod homes;
mod inbound;
mod jobs;
mod kept;
mod layout;
mod legs;
mod patch;
mod places;
mod public;
mod rows;
mod rules;
mod scratch;
mod setup;
mod single;
mod told;
mod ways;

use super::{
    Cell, Column, Outcome, Source, Totals,
    classes::{Marks, Partition},
    model::{Fast, Model},
    probe::Probe,
};
use crate::verdict::Verdict;
pub use detail::Detail;
pub use flips::Flip;
use kept::Kept;
use layout::Layout;
use rayon::prelude::*;
use setup::Compiled;
use single::Single;

/// The pair of bits of a position: open, undecided.
#[derive(Debug, Clone, Default)]
pub(super) struct Pair {
    pub(super) open: Vec<u64>,
    pub(super) soft: Vec<u64>,
}

/// What the parts of a solution amount to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sizes {
    /// Classes of sources and of columns that no rule tells apart.
    pub fine: (usize, usize),
    /// Classes of sources and of columns that are answered alike.
    pub minimal: (usize, usize),
    /// Distinct rows of the sources' side.
    pub rows: usize,
    /// Distinct lists of runs of the columns' side, and runs in them.
    pub lists: (usize, usize),
    /// Pairs of fine classes that were decided one by one.
    pub single: u64,
}

/// A solution of a large estate.
#[derive(Debug)]
pub struct Bulk {
    fine: Partition,
    /// Position of each fine class of sources among the rows; odd ones have none.
    row_of_class: Vec<u32>,
    /// Position of each column among the lanes; odd ones have none.
    lane_of_column: Vec<u32>,
    forward: rows::Forward,
    inbound: inbound::Inbound,
    classes: classes::Minimal,
    /// The verdict of a pair that is open, by lane.
    kinds: Vec<Verdict>,
    /// Columns that are the same for every plain source.
    constant: Fast<u32, Cell>,
    /// Cells of odd sources, by fine class, over all columns; and of odd columns over all fine classes.
    odd_sources: Fast<u32, Vec<Cell>>,
    odd_columns: Fast<u32, Vec<Cell>>,
    own: Fast<(u32, u32), Cell>,
    columns: usize,
    sizes: Sizes,
    /// What edits need, if any are to come.
    kept: Option<Box<Kept>>,
    /// Whether edits were followed since the minimal classes were found.
    stale: bool,
}

const NONE: u32 = u32::MAX;

impl Bulk {
    pub(super) fn new<'p>(model: &Model<'p>, sources: &[Source], columns: &[Column], keep: bool) -> Self {
        let mut marks = Marks::new(model);
        // A source of its own class cannot be split by an edit.
        let fine = if keep {
            Partition::new((0..sources.len() as u32).collect(), sources.len())
        } else {
            super::classes::of_sources(model, &mut marks, sources)
        };
        let layout = Layout::new(model, &marks, &fine, sources, columns);
        let setup = setup::Setup::new(model, &marks, layout, columns);
        let layout = &setup.layout;
        let signatures = jobs::Signatures::new(&setup);
        let jobs = jobs::all(&setup, &signatures);
        let end_runs = rows::end_runs(&setup, keep);
        let mut forward = rows::Forward::new(&setup, &signatures, &jobs, &end_runs);
        let inbound = inbound::Inbound::new(&setup);
        let minimal = classes::Minimal::new(layout, &forward, &inbound);
        let pairs = super::solution::Pairs { model, sources, columns };
        let mut single = 0;
        // Cells that rows leave open are decided one by one, for each fine class.
        forward.odd = forward
            .odd_rows(layout)
            .into_par_iter()
            .map(|(row, lanes)| {
                let probe = Probe::new(model);
                let class = layout.rows[row as usize].class;
                let members = fine.members(class as usize);
                let cells = lanes.into_iter().map(|lane| {
                    let column = layout.lanes[lane as usize].column;
                    (lane, pairs.of_classes(&probe, members, &[column]))
                });
                (row, cells.collect::<Vec<_>>())
            })
            .collect::<Vec<_>>()
            .into_iter()
            .collect();
        single += forward.odd.values().map(|c| c.len() as u64).sum::<u64>();
        let Single { constant, sources: odd_sources, columns: odd_columns, decided } =
            Single::new(&pairs, &fine, layout, &setup.kinds, None);
        single += decided;
        let mut row_of_class = vec![NONE; fine.len()];
        for (i, row) in (0_u32..).zip(&layout.rows) {
            row_of_class[row.class as usize] = i;
        }
        let mut lane_of_column = vec![NONE; columns.len()];
        for (i, lane) in (0_u32..).zip(&layout.lanes) {
            lane_of_column[lane.column as usize] = i;
        }
        let kinds = layout.lanes.iter().map(|l| if l.public { Verdict::Public } else { Verdict::Private }).collect();
        let sizes = Sizes {
            fine: (fine.len(), columns.len()),
            minimal: (minimal.sources() + odd_sources.len(), minimal.lanes() + layout.odd_columns.len()),
            rows: forward.len(),
            lists: inbound.sizes(),
            single,
        };
        let mut bulk = Self {
            fine,
            row_of_class,
            lane_of_column,
            forward,
            inbound,
            classes: minimal,
            kinds,
            constant,
            odd_sources,
            odd_columns,
            own: Fast::default(),
            columns: columns.len(),
            sizes,
            kept: None,
            stale: false,
        };
        let own = single::own(&pairs, &setup, &bulk.fine, (&bulk.row_of_class, &bulk.lane_of_column));
        bulk.own = own
            .into_iter()
            .filter(|((s, c), cell)| {
                // What others get there may change later.
                if keep {
                    return true;
                }
                let usual = bulk.usual(*s as usize, *c as usize);
                cell.outcome().map(|o| o.verdict) != usual || usual.is_none()
            })
            .collect();
        if keep {
            bulk.kept = Some(Box::new(Kept::new(model, marks, setup, signatures, jobs, end_runs, &bulk, columns)));
        }
        bulk
    }

    /// Finds the minimal classes again after edits.
    pub(super) fn refresh(&mut self) {
        if let Some(kept) = self.kept.as_ref().filter(|_| self.stale) {
            self.classes = classes::Minimal::new(&kept.setup.layout, &self.forward, &self.inbound);
            self.stale = false;
        }
    }

    /// What the parts amount to.
    #[must_use]
    pub fn sizes(&self) -> Sizes {
        self.sizes
    }

    /// The verdict for a source and a column, by their numbers in the input; none if it was left to the step engine.
    #[must_use]
    pub fn verdict(&self, source: usize, column: usize) -> Option<Verdict> {
        if let Some(cell) = self.own.get(&(source as u32, column as u32)) {
            return cell.outcome().map(|o| o.verdict);
        }
        self.usual(source, column)
    }

    fn usual(&self, source: usize, column: usize) -> Option<Verdict> {
        let of = |cell: &Cell| cell.outcome().map(|o: Outcome| o.verdict);
        let class = self.fine.class(source)? as u32;
        if let Some(cells) = self.odd_sources.get(&class) {
            return cells.get(column).and_then(of);
        }
        let column = u32::try_from(column).ok()?;
        if let Some(cell) = self.constant.get(&column) {
            return of(cell);
        }
        if let Some(cells) = self.odd_columns.get(&column) {
            return cells.get(class as usize).and_then(of);
        }
        let (row, lane) = (self.row_of_class[class as usize], self.lane_of_column[column as usize]);
        self.of_row(row, lane)
    }

    fn of_row(&self, row: u32, lane: u32) -> Option<Verdict> {
        self.answer(self.forward.at(row, lane), lane, || self.inbound.at(lane, row))
    }

    /// The verdict from what both sides say.
    fn answer(&self, found: content::At, lane: u32, inbound: impl FnOnce() -> u8) -> Option<Verdict> {
        Some(match found {
            content::At::Odd(cell) => return cell.outcome().map(|o| o.verdict),
            content::At::Closed => Verdict::Blocked,
            content::At::Past(true, kind) => kind.unwrap_or(self.kinds[lane as usize]),
            content::At::Past(false, _) => Verdict::Unknown,
            content::At::Open(kind) => match inbound() {
                0 => Verdict::Blocked,
                1 => kind.unwrap_or(self.kinds[lane as usize]),
                _ => Verdict::Unknown,
            },
            content::At::Soft => match inbound() {
                0 => Verdict::Blocked,
                _ => Verdict::Unknown,
            },
        })
    }

    /// Exact totals over all pairs.
    #[must_use]
    pub fn totals(&self) -> Totals {
        self.totals_of(&[Part { sources: None, weights: None }])
    }

    /// Exact totals over parts: some sources each, against columns that count with a weight.
    #[must_use]
    pub fn totals_of(&self, parts: &[Part<'_>]) -> Totals {
        let mut totals = Totals::default();
        for part in parts {
            self.count(part, &mut totals);
        }
        totals
    }

    fn count(&self, part: &Part<'_>, totals: &mut Totals) {
        let mut sizes = vec![0_u64; self.fine.len()];
        match part.sources {
            None => sizes.iter_mut().enumerate().for_each(|(c, n)| *n = self.fine.members(c).len() as u64),
            Some(some) => some.iter().filter_map(|s| self.fine.class(*s as usize)).for_each(|c| sizes[c] += 1),
        }
        let weight = |column: u32| part.weights.map_or(1, |w| u64::from(w[column as usize]));
        let plain: u64 = (0_usize..).zip(&sizes).filter(|(c, _)| self.row_of_class[*c] != NONE).map(|(_, n)| n).sum();
        for (column, cell) in &self.constant {
            totals.add(*cell, plain * weight(*column));
        }
        for (column, cells) in &self.odd_columns {
            for (class, cell) in cells.iter().enumerate().filter(|(c, _)| self.row_of_class[*c] != NONE) {
                totals.add(*cell, sizes[class] * weight(*column));
            }
        }
        for (class, cells) in &self.odd_sources {
            for (column, cell) in (0_u32..).zip(cells) {
                totals.add(*cell, sizes[*class as usize] * weight(column));
            }
        }
        let mut lanes = vec![0_u64; self.kinds.len()];
        for (column, lane) in (0_u32..).zip(&self.lane_of_column).filter(|(_, l)| **l != NONE) {
            lanes[*lane as usize] = weight(column);
        }
        let mut rows = vec![0_u64; self.row_of_class.iter().filter(|r| **r != NONE).count()];
        for (class, row) in self.row_of_class.iter().enumerate().filter(|(_, r)| **r != NONE) {
            rows[*row as usize] = sizes[class];
        }
        self.classes.count(self, &rows, &lanes, totals);
        let own = self.own.iter().filter(|((s, _), _)| part.sources.is_none_or(|some| some.binary_search(s).is_ok()));
        for ((source, column), cell) in own {
            let usual = self.usual(*source as usize, *column as usize);
            totals.replace_verdict(usual, cell.outcome().map(|o| o.verdict), weight(*column));
        }
    }

    /// Number of columns.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }
}

/// Some sources against columns that count with a weight.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    /// Sources in order; all if absent.
    pub sources: Option<&'a [u32]>,
    /// Weight of each column; one if absent.
    pub weights: Option<&'a [u32]>,
}
