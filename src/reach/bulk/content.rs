//! One row of bits over all columns, and what it says of one.

use super::{super::Cell, bits};
use crate::verdict::Verdict;
use std::ops::Range;

/// A row: what is open, what is undecided, what is decided one by one, and open columns of another verdict than usual.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Content {
    pub(super) open: Box<[u64]>,
    pub(super) soft: Option<Box<[u64]>>,
    pub(super) odd: Option<Box<[u64]>>,
    /// Columns that a device asks for in its own name: filters before them never see the source.
    pub(super) past: Option<Box<[u64]>>,
    pub(super) special: Vec<(u32, Verdict)>,
}

/// What a row says of a column.
pub(super) enum At {
    Closed,
    /// Open if the column's filters let it in.
    Open(Option<Verdict>),
    Soft,
    /// Decided, whatever the column's filters say: whether it is open, and the verdict if it is not the usual one.
    Past(bool, Option<Verdict>),
    Odd(Cell),
}

impl Content {
    /// What the row says of a column; `cells` are those that were decided one by one.
    pub(super) fn at(&self, lane: u32, cells: Option<&Vec<(u32, Cell)>>) -> At {
        if self.is_odd(lane) {
            let cells = cells.map_or(&[][..], Vec::as_slice);
            let found = cells.binary_search_by_key(&lane, |(l, _)| *l).ok().and_then(|at| cells.get(at));
            return At::Odd(found.map_or(Cell::DELEGATED, |(_, cell)| *cell));
        }
        let open = bits::get(&self.open, lane);
        if self.past.as_ref().is_some_and(|past| bits::get(past, lane)) {
            return At::Past(open, self.special(lane));
        }
        if open {
            return At::Open(self.special(lane));
        }
        if self.soft.as_ref().is_some_and(|soft| bits::get(soft, lane)) { At::Soft } else { At::Closed }
    }

    pub(super) fn is_odd(&self, lane: u32) -> bool {
        self.odd.as_ref().is_some_and(|odd| bits::get(odd, lane))
    }

    pub(super) fn odd_word(&self, word: usize) -> u64 {
        self.odd.as_ref().map_or(0, |odd| odd[word])
    }

    /// The columns of a word to which the way is closed.
    pub(super) fn closed_word(&self, word: usize) -> u64 {
        !(self.open[word] | self.soft.as_ref().map_or(0, |s| s[word]) | self.odd_word(word))
    }

    fn parts(&self) -> [Option<&[u64]>; 4] {
        [Some(&self.open), self.soft.as_deref(), self.odd.as_deref(), self.past.as_deref()]
    }

    /// Columns of which two rows do not say the same; those decided one by one may differ.
    pub(super) fn differences(&self, other: &Self) -> Vec<u64> {
        let mut found = vec![0_u64; self.open.len()];
        for (a, b) in self.parts().into_iter().zip(other.parts()) {
            match (a, b) {
                (None, None) => {}
                (Some(a), Some(b)) => found.iter_mut().zip(a.iter().zip(b)).for_each(|(f, (a, b))| *f |= a ^ b),
                (Some(one), None) | (None, Some(one)) => found.iter_mut().zip(one).for_each(|(f, a)| *f |= a),
            }
        }
        for odd in self.odd.iter().chain(&other.odd) {
            found.iter_mut().zip(odd.iter()).for_each(|(f, a)| *f |= a);
        }
        for (lane, verdict) in &self.special {
            if other.special(*lane) != Some(*verdict) {
                bits::set(&mut found, *lane);
            }
        }
        other.special.iter().filter(|(l, _)| self.special(*l).is_none()).for_each(|(l, _)| bits::set(&mut found, *l));
        found
    }

    /// Whether a row says in a range of words what a part of a row says there.
    pub(super) fn agrees(&self, window: &Range<usize>, part: &Self) -> bool {
        let nothing = |row: &[u64]| row.iter().all(|w| *w == 0);
        let lanes = (window.start * 64) as u32..(window.end * 64) as u32;
        let same = |(whole, part): (Option<&[u64]>, Option<&[u64]>)| match (whole.map(|w| &w[window.clone()]), part) {
            (Some(a), Some(b)) => a == b,
            (Some(one), None) | (None, Some(one)) => nothing(one),
            (None, None) => true,
        };
        let special = self.special.iter().filter(|(l, _)| lanes.contains(l));
        self.parts().into_iter().zip(part.parts()).all(same) && special.eq(&part.special)
    }

    /// A row that says in a range of words what a part of a row says there.
    pub(super) fn with(&self, window: &Range<usize>, part: &Self) -> Self {
        let merged = |whole: Option<&[u64]>, part: Option<&[u64]>| {
            let mut row = whole.map_or_else(|| vec![0; self.open.len()], <[u64]>::to_vec);
            match part {
                Some(part) => row[window.clone()].copy_from_slice(part),
                None => row[window.clone()].fill(0),
            }
            row.into_boxed_slice()
        };
        let some = |row: Box<[u64]>| row.iter().any(|w| *w != 0).then_some(row);
        let lanes = (window.start * 64) as u32..(window.end * 64) as u32;
        let mut special: Vec<(u32, Verdict)> =
            self.special.iter().filter(|(l, _)| !lanes.contains(l)).chain(&part.special).copied().collect();
        special.sort_unstable();
        Self {
            open: merged(Some(&self.open), Some(&part.open)),
            soft: some(merged(self.soft.as_deref(), part.soft.as_deref())),
            odd: some(merged(self.odd.as_deref(), part.odd.as_deref())),
            past: some(merged(self.past.as_deref(), part.past.as_deref())),
            special,
        }
    }

    pub(super) fn special(&self, lane: u32) -> Option<Verdict> {
        let at = self.special.binary_search_by_key(&lane, |(l, _)| *l).ok()?;
        self.special.get(at).map(|(_, verdict)| *verdict)
    }
}
