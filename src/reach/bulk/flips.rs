//! Which pairs an edit changed.

use super::{
    Bulk, bits,
    content::Content,
    inbound::{Run, value},
    kept::Kept,
};
use crate::{
    reach::{Cell, model::Fast},
    verdict::Verdict,
};
use std::collections::BTreeMap;

/// Pairs of all these sources with all these columns changed alike. A verdict is none where a pair is left to the step
/// engine.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Flip {
    /// The verdict before.
    pub was: Option<Verdict>,
    /// The verdict now.
    pub is: Option<Verdict>,
    /// Sources, by their numbers in the input, in order.
    pub sources: Vec<u32>,
    /// Columns, by their numbers in the input, in order.
    pub columns: Vec<u32>,
}

impl Flip {
    /// Number of pairs.
    #[must_use]
    pub fn pairs(&self) -> u64 {
        self.sources.len() as u64 * self.columns.len() as u64
    }
}

/// Cells of a row that are decided one by one.
pub(super) type Cells = Vec<(u32, Cell)>;

/// Rows that had one content and have another.
pub(super) struct Moved {
    pub(super) rows: Vec<u32>,
    pub(super) was: u32,
    pub(super) is: u32,
}

/// Everything before the edit that is not any more.
#[derive(Default)]
pub(super) struct Before {
    /// Lists of lanes, where they changed.
    pub(super) lists: BTreeMap<u32, u32>,
    /// Cells that were decided one by one, of rows that changed.
    pub(super) odd: Fast<u32, Cells>,
}

type Change = (Option<Verdict>, Option<Verdict>);

/// Collects pairs by what happened to them.
#[derive(Default)]
struct Found(BTreeMap<(Change, Vec<u32>), Vec<u32>>);

impl Found {
    fn add(&mut self, change: Change, rows: Vec<u32>, lanes: impl IntoIterator<Item = u32>) {
        if change.0 != change.1 && !rows.is_empty() {
            self.0.entry((change, rows)).or_default().extend(lanes);
        }
    }
}

fn verdict(
    bulk: &Bulk,
    content: &Content,
    cells: Option<&Cells>,
    list: &[Run],
    row: u32,
    lane: u32,
) -> Option<Verdict> {
    bulk.answer(content.at(lane, cells), lane, || value(list, row))
}

/// The value of a list over rows, if it is the same for all of them.
fn same(list: &[Run], rows: &[u32]) -> bool {
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return true };
    let next = list.partition_point(|r| r.1 <= *first);
    list.get(next).is_none_or(|run| run.1 > *last && run.0 <= *first || run.0 > *last)
}

/// Pairs that changed: rows with another content, lanes with another list.
pub(super) fn between(bulk: &Bulk, kept: &Kept, moved: &[Moved], before: &Before) -> Vec<Flip> {
    let mut found = Found::default();
    let contents = &bulk.forward.contents;
    let mut elsewhere = vec![true; bulk.forward.of_row.len()];
    for group in moved {
        group.rows.iter().for_each(|r| elsewhere[*r as usize] = false);
        let (was, is) = (&contents[group.was as usize], &contents[group.is as usize]);
        let mut lanes = was.differences(is);
        for lane in before.lists.keys() {
            let open = |c: &Content| c.closed_word((*lane / 64) as usize) >> (lane % 64) & 1 == 0;
            if open(was) || open(is) {
                bits::set(&mut lanes, *lane);
            }
        }
        // All rows of the group together, where nothing tells them apart.
        let mut together: BTreeMap<Change, Vec<u32>> = BTreeMap::new();
        for lane in bits::ones(&lanes) {
            let new_list = bulk.inbound.list(bulk.inbound.of_lane[lane as usize]);
            let old_list = before.lists.get(&lane).map_or(new_list, |l| bulk.inbound.list(*l));
            let odd = was.is_odd(lane) || is.is_odd(lane);
            let own = own_rows(kept, lane).iter().any(|r| group.rows.binary_search(r).is_ok());
            let change = |row: u32| {
                let old = verdict(bulk, was, before.odd.get(&row), old_list, row, lane);
                (old, verdict(bulk, is, bulk.forward.odd.get(&row), new_list, row, lane))
            };
            if !odd && !own && same(old_list, &group.rows) && same(new_list, &group.rows) {
                if let Some(first) = group.rows.first() {
                    together.entry(change(*first)).or_default().push(lane);
                }
                continue;
            }
            let mut each: BTreeMap<Change, Vec<u32>> = BTreeMap::new();
            for row in group.rows.iter().filter(|r| !own_rows(kept, lane).contains(r)) {
                each.entry(change(*row)).or_default().push(*row);
            }
            each.into_iter().for_each(|(change, rows)| found.add(change, rows, [lane]));
        }
        together.into_iter().for_each(|(change, lanes)| found.add(change, group.rows.clone(), lanes));
    }
    by_lanes(bulk, kept, before, &elsewhere, &mut found);
    let rows = |rows: Vec<u32>| {
        let classes = rows.iter().map(|r| kept.setup.layout.rows[*r as usize].class as usize);
        let mut sources: Vec<u32> = classes.flat_map(|c| bulk.fine.members(c)).copied().collect();
        sources.sort_unstable();
        sources
    };
    let lanes = |lanes: Vec<u32>| {
        let mut columns: Vec<u32> = lanes.iter().map(|l| kept.setup.layout.lanes[*l as usize].column).collect();
        columns.sort_unstable();
        columns
    };
    let flips = found.0.into_iter();
    flips.map(|(((was, is), r), l)| Flip { was, is, sources: rows(r), columns: lanes(l) }).collect()
}

/// Rows that are a lane's own: something that asks for its own address is decided apart.
fn own_rows(kept: &Kept, lane: u32) -> &[u32] {
    let owner = kept.setup.layout.lanes[lane as usize].owner;
    owner.and_then(|o| kept.rows_of.get(&o)).map_or(&[], Vec::as_slice)
}

/// Lanes with another list, for rows that kept their content.
fn by_lanes(bulk: &Bulk, kept: &Kept, before: &Before, elsewhere: &[bool], found: &mut Found) {
    // Lanes that went from one list to another are alike.
    let mut groups: BTreeMap<(u32, u32), Vec<u32>> = BTreeMap::new();
    for (lane, was) in &before.lists {
        groups.entry((*was, bulk.inbound.of_lane[*lane as usize])).or_default().push(*lane);
    }
    for ((was, is), lanes) in groups {
        let (was, is) = (bulk.inbound.list(was), bulk.inbound.list(is));
        let ranges = differing(was, is);
        let mut masks: Vec<(usize, u64)> = Vec::new();
        for lane in &lanes {
            let (word, bit) = ((lane / 64) as usize, 1_u64 << (lane % 64));
            match masks.last_mut() {
                Some((same, mask)) if *same == word => *mask |= bit,
                _ => masks.push((word, bit)),
            }
        }
        for (content, rows) in bulk.forward.contents.iter().zip(&kept.holders).filter(|(_, r)| !r.is_empty()) {
            if masks.iter().all(|(word, mask)| content.closed_word(*word) & mask == *mask) {
                continue;
            }
            for (from, to, old, new) in &ranges {
                let first = rows.partition_point(|r| r < from);
                let last = rows.partition_point(|r| r < to);
                let all: Vec<u32> = rows[first..last].iter().copied().filter(|r| elsewhere[*r as usize]).collect();
                if all.is_empty() {
                    continue;
                }
                let mut together: BTreeMap<Change, Vec<u32>> = BTreeMap::new();
                for (word, mask) in &masks {
                    // What is decided one by one was decided again with its row.
                    let mut rest = !content.closed_word(*word) & mask & !content.odd_word(*word);
                    while rest != 0 {
                        let lane = *word as u32 * 64 + rest.trailing_zeros();
                        rest &= rest - 1;
                        let at = |value: u8| bulk.answer(content.at(lane, None), lane, || value);
                        let (own, change) = (own_rows(kept, lane), (at(*old), at(*new)));
                        if own.iter().any(|r| all.binary_search(r).is_ok()) {
                            let rows = all.iter().copied().filter(|r| !own.contains(r)).collect();
                            found.add(change, rows, [lane]);
                        } else {
                            together.entry(change).or_default().push(lane);
                        }
                    }
                }
                together.into_iter().for_each(|(change, lanes)| found.add(change, all.clone(), lanes));
            }
        }
    }
}

/// Rows at which two lists differ, with both values.
fn differing(was: &[Run], is: &[Run]) -> Vec<(u32, u32, u8, u8)> {
    let mut cuts: Vec<u32> = was.iter().chain(is).flat_map(|r| [r.0, r.1]).collect();
    cuts.sort_unstable();
    cuts.dedup();
    let pieces = cuts.windows(2).map(|p| (p[0], p[1], value(was, p[0]), value(is, p[0])));
    pieces.filter(|(_, _, a, b)| a != b).collect()
}

/// What two solutions take a source or a column for.
type Kinds = ((u8, u32), (u8, u32));

impl Bulk {
    /// Pairs that another solution of the same sources and columns answers otherwise. Sources that both treat alike are
    /// looked at once.
    pub(in crate::reach) fn compare(&self, now: &Self, sources: usize, columns: usize) -> Vec<Flip> {
        use rayon::prelude::*;
        let rows = |bulk: &Self, source: usize| bulk.kind_of_source(source);
        let lanes = |bulk: &Self, column: usize| bulk.kind_of_column(column);
        let grouped = |count: usize, key: &dyn Fn(usize) -> Kinds| {
            let mut groups: BTreeMap<Kinds, Vec<u32>> = BTreeMap::new();
            (0..count).for_each(|i| groups.entry(key(i)).or_default().push(i as u32));
            groups.into_values().collect::<Vec<_>>()
        };
        let all_rows = grouped(sources, &|s| (rows(self, s), rows(now, s)));
        let all_lanes = grouped(columns, &|c| (lanes(self, c), lanes(now, c)));
        let own = |s: u32, c: u32| self.own.contains_key(&(s, c)) || now.own.contains_key(&(s, c));
        let mut flips: Vec<Flip> = all_rows
            .par_iter()
            .flat_map_iter(|senders| {
                let mut found: BTreeMap<Change, Vec<u32>> = BTreeMap::new();
                for places in &all_lanes {
                    let pair = senders.first().zip(places.first());
                    let Some((s, c)) = pair.map(|(s, c)| (*s as usize, *c as usize)) else { continue };
                    let change = (self.usual(s, c), now.usual(s, c));
                    if change.0 != change.1 {
                        found.entry(change).or_default().extend(places);
                    }
                }
                found.into_iter().flat_map(|((was, is), mut columns)| {
                    columns.sort_unstable();
                    // Something and its own address are apart.
                    let apart: Vec<u32> =
                        senders.iter().copied().filter(|s| columns.iter().any(|c| own(*s, *c))).collect();
                    let together: Vec<u32> = senders.iter().copied().filter(|s| !apart.contains(s)).collect();
                    let alone = apart.into_iter().map(|s| {
                        let columns = columns.iter().copied().filter(|c| !own(s, *c)).collect();
                        Flip { was, is, sources: vec![s], columns }
                    });
                    let mut flips: Vec<Flip> = alone.collect();
                    flips.push(Flip { was, is, sources: together, columns: columns.clone() });
                    flips
                })
            })
            .filter(|f| f.pairs() > 0)
            .collect();
        // Something may have got further addresses.
        let fresh = now.own.keys().filter(|pair| !self.own.contains_key(*pair));
        for (source, column) in self.own.keys().chain(fresh) {
            let was = self.verdict(*source as usize, *column as usize);
            let is = now.verdict(*source as usize, *column as usize);
            if was != is {
                flips.push(Flip { was, is, sources: vec![*source], columns: vec![*column] });
            }
        }
        flips.sort_unstable();
        flips
    }

    /// Sources of one kind get the same answers everywhere, but for their own addresses.
    fn kind_of_source(&self, source: usize) -> (u8, u32) {
        let class = self.fine.class(source).unwrap_or(0);
        match self.row_of_class.get(class).copied() {
            Some(row) if row != super::NONE && self.odd_columns.is_empty() => (0, self.classes.of_row[row as usize]),
            _ => (1, class as u32),
        }
    }

    fn kind_of_column(&self, column: usize) -> (u8, u32) {
        match self.lane_of_column.get(column).copied() {
            Some(lane) if lane != super::NONE && self.odd_sources.is_empty() => {
                (0, self.classes.of_lane[lane as usize])
            }
            _ => (1, column as u32),
        }
    }
}
