//! A row in the making.

use super::{
    Pair,
    bits::{self, words},
    content::Content,
    homes::Served,
    rules::Decided,
};
use crate::verdict::Verdict;
use std::ops::Range;

/// What has been found of a row so far.
pub(super) struct Scratch {
    pub(super) pair: Pair,
    pub(super) odd: Vec<u64>,
    pub(super) past: Vec<u64>,
    /// Columns of another verdict than usual where they are open, in order.
    pub(super) special: Vec<(u32, Verdict)>,
}

impl Scratch {
    pub(super) fn new(width: usize) -> Self {
        let empty = || vec![0_u64; words(width)];
        let pair = Pair { open: empty(), soft: empty() };
        Self { pair, odd: empty(), past: empty(), special: Vec::new() }
    }

    fn rows(&mut self) -> [&mut Vec<u64>; 4] {
        [&mut self.pair.open, &mut self.pair.soft, &mut self.odd, &mut self.past]
    }

    pub(super) fn clear(&mut self, window: &Range<usize>) {
        self.rows().into_iter().for_each(|row| row[window.clone()].fill(0));
        self.special.clear();
    }

    /// Copies everything but the unusual verdicts.
    pub(super) fn copy(&mut self, from: &Self, window: &Range<usize>) {
        let from = [&from.pair.open, &from.pair.soft, &from.odd, &from.past];
        for (into, from) in self.rows().into_iter().zip(from) {
            into[window.clone()].copy_from_slice(&from[window.clone()]);
        }
    }

    /// Columns that the segment reaches with its own identity.
    pub(super) fn serve(&mut self, served: &Served, window: &Range<usize>) {
        let Self { pair, odd, past, special } = self;
        special.retain(|(lane, _)| !bits::get(&served.lanes, *lane));
        special.extend_from_slice(&served.special);
        special.sort_unstable_by_key(|(lane, _)| *lane);
        for word in window.clone() {
            let lanes = served.lanes[word];
            past[word] &= !lanes;
            pair.open[word] = pair.open[word] & !lanes | served.pair.open[word] & lanes;
            pair.soft[word] = pair.soft[word] & !lanes | served.pair.soft[word] & lanes;
            odd[word] = odd[word] & !lanes | served.odd[word] & lanes;
        }
    }

    /// What a filter leaves of a row.
    pub(super) fn filter(&mut self, decided: &Decided, window: &Range<usize>) {
        let [open, soft, odd, _] = self.rows().map(|row| &mut row[window.clone()]);
        let filter = decided.open[window.clone()].iter().zip(&decided.soft[window.clone()]);
        for (((open, soft), odd), (lets, perhaps)) in open.iter_mut().zip(soft).zip(odd).zip(filter) {
            let before = *open | *soft;
            *open &= lets;
            *soft = before & (lets | perhaps) & !*open;
            *odd &= lets | perhaps;
        }
    }

    /// The row within a range of words, with the unusual verdicts of open columns; what is decided one by one is neither
    /// open nor undecided.
    pub(super) fn content(&mut self, window: &Range<usize>, special: &[(u32, Verdict)]) -> Content {
        let (mut any_soft, mut any_odd, mut any_past) = (0, 0, 0);
        let [open, soft, odd, past] = self.rows().map(|row| &mut row[window.clone()]);
        for (((open, soft), odd), past) in open.iter_mut().zip(soft).zip(odd).zip(past) {
            *open &= !*odd;
            *soft &= !*odd;
            *past &= *open | *soft;
            any_soft |= *soft;
            any_odd |= *odd;
            any_past |= *past;
        }
        let Self { pair, odd, past, .. } = self;
        let open: Box<[u64]> = pair.open[window.clone()].into();
        let some = |any: u64, row: &[u64]| (any != 0).then(|| Box::from(&row[window.clone()]));
        let lanes = (window.start * 64) as u32..(window.end * 64) as u32;
        let special = special.iter().filter(|(l, _)| lanes.contains(l) && bits::get(&pair.open, *l));
        Content {
            open,
            soft: some(any_soft, &pair.soft),
            odd: some(any_odd, odd),
            past: some(any_past, past),
            special: special.copied().collect(),
        }
    }
}
