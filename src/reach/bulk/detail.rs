//! A solution of a large estate with the verdict, the path and the deciding reason of every pair.

use super::{
    super::{
        Cell, Column, Source, Totals,
        classes::{Marks, Partition, of_columns, of_sources},
        model::{Fast, Model},
        probe::Probe,
        solution::Pairs,
    },
    NONE, bits, inbound, jobs,
    layout::Layout,
    rows,
    setup::Setup,
    single::{self, Single, members_of},
    told::{Code, Taker, Told, takers},
};
use rayon::prelude::*;

/// A solution of a large estate, every pair with its verdict, path and reason.
#[derive(Debug)]
pub struct Detail {
    sources: Partition,
    columns: Partition,
    row_of_class: Vec<u32>,
    lane_of_column: Vec<u32>,
    told: Told,
    takers: Vec<Option<Taker>>,
    inbound: inbound::Inbound,
    /// Cells of rows that are decided one by one, in order of the columns.
    odd: Fast<u32, Vec<(u32, Cell)>>,
    single: Single,
    /// Something with its own address, where that differs from what others get there.
    own: Fast<(u32, u32), Cell>,
    kinds: Kinds,
}

/// Sources, and columns, that are answered alike everywhere.
#[derive(Debug, Default)]
struct Kinds {
    of_source: Vec<u32>,
    of_column: Vec<u32>,
    /// One that stands for each.
    sources: Vec<u32>,
    columns: Vec<u32>,
}

impl Detail {
    pub(in crate::reach) fn new(model: &Model<'_>, sources: &[Source], columns: &[Column]) -> Self {
        let mut marks = Marks::new(model);
        let fine = of_sources(model, &mut marks, sources);
        let alike = of_columns(model, &mut marks, columns);
        let layout = Layout::new(model, &marks, &fine, sources, columns);
        let setup = Setup::new(model, &marks, layout, columns);
        let signatures = jobs::Signatures::new(&setup);
        let jobs = jobs::all(&setup, &signatures);
        let told = Told::new(&setup, &signatures, &jobs, &rows::end_runs(&setup, false));
        let inbound = inbound::Inbound::new(&setup);
        let layout = &setup.layout;
        let pairs = Pairs { model, sources, columns };
        let single = Single::new(&pairs, &fine, layout, &setup.kinds, Some(&alike));
        // What codes leave open is decided one by one, for each two classes.
        let odd: Vec<(u32, Vec<(u32, Cell)>)> = (0..layout.height())
            .into_par_iter()
            .filter_map(|row| {
                let codes = &told.codes[told.of_row[row as usize] as usize];
                let lanes: Vec<u32> =
                    (0_u32..).zip(codes).filter(|(_, c)| **c == Code::ODD).map(|(lane, _)| lane).collect();
                if lanes.is_empty() {
                    return None;
                }
                let probe = Probe::new(model);
                let senders = fine.members(layout.rows[row as usize].class as usize);
                let cells = lanes.into_iter().map(|lane| {
                    let column = &layout.lanes[lane as usize].column;
                    (lane, pairs.of_classes(&probe, senders, members_of(Some(&alike), column)))
                });
                Some((row, cells.collect()))
            })
            .collect();
        let mut row_of_class = vec![NONE; fine.len()];
        for (i, row) in (0_u32..).zip(&layout.rows) {
            row_of_class[row.class as usize] = i;
        }
        let mut lane_of_column = vec![NONE; columns.len()];
        for (i, lane) in (0_u32..).zip(&layout.lanes) {
            lane_of_column[lane.column as usize] = i;
        }
        let mut detail = Self {
            sources: fine,
            columns: alike,
            row_of_class,
            lane_of_column,
            told,
            takers: takers(&setup),
            inbound,
            odd: odd.into_iter().collect(),
            single,
            own: Fast::default(),
            kinds: Kinds::default(),
        };
        let own = single::own(&pairs, &setup, &detail.sources, (&detail.row_of_class, &detail.lane_of_column));
        detail.own = own.into_iter().filter(|((s, c), cell)| *cell != detail.usual(*s as usize, *c as usize)).collect();
        detail.kinds = detail.kinds(layout);
        detail
    }

    /// The answer for a source and a column, by their numbers in the input.
    #[must_use]
    pub fn cell(&self, source: usize, column: usize) -> Cell {
        let key = (source as u32, column as u32);
        self.own.get(&key).copied().unwrap_or_else(|| self.usual(source, column))
    }

    /// The same for a column that were not the source's own address.
    #[must_use]
    pub fn usual(&self, source: usize, column: usize) -> Cell {
        let Some(class) = self.sources.class(source) else { return Cell::DELEGATED };
        if let Some(cells) = self.single.sources.get(&(class as u32)) {
            return cells.get(column).copied().unwrap_or(Cell::DELEGATED);
        }
        let number = column as u32;
        if let Some(cell) = self.single.constant.get(&number) {
            return *cell;
        }
        if let Some(cells) = self.single.columns.get(&number) {
            return cells.get(class).copied().unwrap_or(Cell::DELEGATED);
        }
        let (row, lane) = (self.row_of_class[class], self.lane_of_column[column]);
        self.of_lane(row, lane, || self.inbound.at(lane, row))
    }

    fn of_lane(&self, row: u32, lane: u32, inbound: impl FnOnce() -> u8) -> Cell {
        match (self.told.at(row, lane), &self.takers[lane as usize]) {
            (Code::ODD, _) | (_, None) => {
                let cells = self.odd.get(&row).map_or(&[][..], Vec::as_slice);
                let found = cells.binary_search_by_key(&lane, |(l, _)| *l).ok().and_then(|at| cells.get(at));
                found.map_or(Cell::DELEGATED, |(_, cell)| *cell)
            }
            (code, Some(taker)) => code.at(inbound(), taker),
        }
    }

    /// Classes of sources that no rule tells apart.
    #[must_use]
    pub fn sources(&self) -> &Partition {
        &self.sources
    }

    /// Classes of columns that no rule tells apart.
    #[must_use]
    pub fn columns(&self) -> &Partition {
        &self.columns
    }

    /// Pairs of classes that were decided one by one.
    #[must_use]
    pub fn single(&self) -> u64 {
        self.single.decided + self.odd.values().map(|c| c.len() as u64).sum::<u64>()
    }

    /// Number of kinds of sources, and of columns: those of one kind are answered alike everywhere, apart from their own
    /// addresses.
    #[must_use]
    pub fn kinds_count(&self) -> (usize, usize) {
        (self.kinds.sources.len(), self.kinds.columns.len())
    }

    /// The kind of a source.
    #[must_use]
    pub fn kind_of_source(&self, source: usize) -> Option<usize> {
        self.kinds.of_source.get(source).map(|k| *k as usize)
    }

    /// The kind of a column.
    #[must_use]
    pub fn kind_of_column(&self, column: usize) -> Option<usize> {
        self.kinds.of_column.get(column).map(|k| *k as usize)
    }

    /// The answers of a kind of sources for all kinds of columns.
    #[must_use]
    pub fn line(&self, kind: usize) -> Vec<Cell> {
        let Some(source) = self.kinds.sources.get(kind).map(|s| *s as usize) else { return Vec::new() };
        let row = self.sources.class(source).map_or(NONE, |c| self.row_of_class[c]);
        let lists: Vec<u8> = match row {
            NONE => Vec::new(),
            row => (0..self.inbound.len() as u32).map(|l| inbound::value(self.inbound.list(l), row)).collect(),
        };
        let columns = self.kinds.columns.iter();
        columns
            .map(|column| match self.lane_of_column[*column as usize] {
                lane if lane != NONE && row != NONE => {
                    self.of_lane(row, lane, || lists[self.inbound.of_lane[lane as usize] as usize])
                }
                _ => self.usual(source, *column as usize),
            })
            .collect()
    }

    /// Exact totals over all sources and columns.
    #[must_use]
    pub fn totals(&self) -> Totals {
        let mut heights = vec![0_u64; self.kinds.sources.len()];
        self.kinds.of_source.iter().for_each(|k| heights[*k as usize] += 1);
        let mut widths = vec![0_u64; self.kinds.columns.len()];
        self.kinds.of_column.iter().for_each(|k| widths[*k as usize] += 1);
        let mut totals = Totals::default();
        for (kind, height) in heights.iter().enumerate() {
            self.line(kind).into_iter().zip(&widths).for_each(|(cell, width)| totals.add(cell, height * width));
        }
        for ((s, c), cell) in &self.own {
            totals.replace(self.usual(*s as usize, *c as usize), *cell);
        }
        totals
    }

    fn kinds(&self, layout: &Layout) -> Kinds {
        let raw = |cells: &mut dyn Iterator<Item = Cell>| cells.map(Cell::raw).collect::<Vec<u16>>();
        let mut odd_columns: Vec<u32> = self.single.columns.keys().copied().collect();
        odd_columns.sort_unstable();
        let mut odd_sources: Vec<u32> = self.single.sources.keys().copied().collect();
        odd_sources.sort_unstable();
        // Pairs that are left over are decided later, for each class by itself.
        let left = |cells: &[u16]| cells.contains(&Cell::DELEGATED.raw());
        let row_kinds = self.row_kinds(layout);
        let mut known: Fast<(u8, u32, Vec<u16>), u32> = Fast::default();
        let mut kinds = Kinds::default();
        let mut kind_of_class = vec![0_u32; self.sources.len()];
        for (class, row) in self.row_of_class.iter().enumerate() {
            let key = match *row {
                NONE => (1, class as u32, Vec::new()),
                row => {
                    let cells = raw(&mut odd_columns.iter().map(|c| self.single.columns[c][class]));
                    let alone = left(&cells) || self.odd.contains_key(&row);
                    if alone { (1, class as u32, Vec::new()) } else { (0, row_kinds[row as usize], cells) }
                }
            };
            let next = kinds.sources.len() as u32;
            let kind = *known.entry(key).or_insert(next);
            if kind == next {
                kinds.sources.push(self.sources.members(class).first().copied().unwrap_or(0));
            }
            kind_of_class[class] = kind;
        }
        kinds.of_source =
            (0..self.sources_count()).map(|s| kind_of_class[self.sources.class(s).unwrap_or(0)]).collect();
        let lane_kinds = self.lane_kinds(layout);
        let mut odd_lanes = vec![0_u64; bits::words(layout.lanes.len())];
        self.odd.values().flatten().for_each(|(lane, _)| bits::set(&mut odd_lanes, *lane));
        let mut known: Fast<(u8, u32, Vec<u16>), u32> = Fast::default();
        for (column, lane) in (0_u32..).zip(&self.lane_of_column) {
            let mut cells = raw(&mut odd_sources.iter().map(|s| self.single.sources[s][column as usize]));
            let key = match (*lane, self.single.constant.get(&column), self.single.columns.get(&column)) {
                _ if left(&cells) => (1, column, Vec::new()),
                (NONE, Some(constant), _) => (2, u32::from(constant.raw()), cells),
                (NONE, None, Some(all)) => {
                    cells.extend(raw(&mut all.iter().copied()));
                    if left(&cells) { (1, column, Vec::new()) } else { (3, 0, cells) }
                }
                (NONE, None, None) => (1, column, Vec::new()),
                (lane, ..) if bits::get(&odd_lanes, lane) => (1, column, Vec::new()),
                (lane, ..) => (0, lane_kinds[lane as usize], cells),
            };
            let next = kinds.columns.len() as u32;
            let kind = *known.entry(key).or_insert(next);
            if kind == next {
                kinds.columns.push(column);
            }
            kinds.of_column.push(kind);
        }
        kinds
    }

    fn sources_count(&self) -> usize {
        (0..self.sources.len()).map(|c| self.sources.members(c).len()).sum()
    }

    /// Rows with the same codes that the same lists let in.
    fn row_kinds(&self, layout: &Layout) -> Vec<u32> {
        let height = layout.height() as usize;
        let mut change = vec![0_u128; height + 1];
        for list in 0..self.inbound.len() as u32 {
            for (from, to, value) in self.inbound.list(list) {
                let key = super::classes::key(u64::from(list) * 4 + u64::from(*value));
                change[*from as usize] ^= key;
                change[*to as usize] ^= key;
            }
        }
        let mut hash = 0;
        let keys = self.told.of_row.iter().zip(&change).map(|(codes, change)| {
            hash ^= change;
            (*codes, hash)
        });
        let (mut kinds, standing) = numbered(keys);
        // Contents are compared on a hit, so that nothing rests on luck.
        let mut values = vec![0_u8; height];
        for list in 0..self.inbound.len() as u32 {
            values.fill(0);
            for (from, to, value) in self.inbound.list(list) {
                values[*from as usize..*to as usize].fill(*value);
            }
            separate(&mut kinds, &standing, |a, b| values[a] == values[b]);
        }
        kinds
    }

    /// Columns with the same list, taker and codes in every row.
    fn lane_kinds(&self, layout: &Layout) -> Vec<u32> {
        let width = layout.width() as usize;
        let numbered_codes: Vec<(usize, &Vec<Code>)> = self.told.codes.iter().enumerate().collect();
        let sums = numbered_codes
            .par_chunks(64)
            .map(|chunk| {
                let mut sums = vec![(0_u64, 0_u64); width];
                for (number, codes) in chunk {
                    let key = super::classes::key(*number as u64);
                    let (a, b) = ((key >> 64) as u64 | 1, key as u64 | 1);
                    for (sum, code) in sums.iter_mut().zip(codes.iter()) {
                        let code = code.number() + 1;
                        sum.0 = sum.0.wrapping_add(a.wrapping_mul(code));
                        sum.1 = sum.1.wrapping_add(b.wrapping_mul(code.wrapping_mul(code)));
                    }
                }
                sums
            })
            .reduce(
                || vec![(0, 0); width],
                |mut a, b| {
                    a.iter_mut().zip(b).for_each(|(a, b)| *a = (a.0.wrapping_add(b.0), a.1.wrapping_add(b.1)));
                    a
                },
            );
        let keys = self.inbound.of_lane.iter().zip(&self.takers).zip(sums);
        let (mut kinds, standing) = numbered(keys);
        for codes in &self.told.codes {
            separate(&mut kinds, &standing, |a, b| codes[a] == codes[b]);
        }
        kinds
    }
}

/// Numbers for equal keys, and the first of each.
fn numbered<K: Eq + std::hash::Hash>(keys: impl Iterator<Item = K>) -> (Vec<u32>, Vec<u32>) {
    let mut known: Fast<K, u32> = Fast::default();
    let (mut of, mut standing): (Vec<u32>, Vec<u32>) = (Vec::new(), Vec::new());
    for (at, key) in (0_u32..).zip(keys) {
        let next = standing.len() as u32;
        let number = *known.entry(key).or_insert(next);
        if number == next {
            standing.push(at);
        }
        of.push(number);
    }
    (of, standing)
}

/// Takes whatever differs from what stands for its kind out of it. Those are then numbered by themselves, above all
/// others.
pub(super) fn separate(kinds: &mut [u32], standing: &[u32], same: impl Fn(usize, usize) -> bool) {
    for (at, kind) in kinds.iter_mut().enumerate() {
        let Some(first) = standing.get(*kind as usize) else { continue };
        if !same(at, *first as usize) {
            *kind = u32::MAX - at as u32;
        }
    }
}
