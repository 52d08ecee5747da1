//! What parts of flows come to, for all columns: as bits, and as outcomes.

use super::{
    super::{Cell, Findings, Objection},
    Pair,
    bits::{self, words},
    device::Device,
    homes::Served,
};
use crate::verdict::Verdict;
use std::sync::Arc;

/// What a finding is as bits; an unsupported or specially admitted one is none.
pub(super) fn bits_of(found: Option<Findings>, usual: Verdict) -> Option<(bool, bool)> {
    let found = found?;
    match (found.certain, found.uncertain, found.admitted) {
        (Some((Objection::Blocked, _)), ..) => Some((false, false)),
        (Some((Objection::Unsupported, _)), ..) => None,
        (None, Some(_), _) | (None, None, None) => Some((false, true)),
        (None, None, Some((verdict, _))) => (verdict == usual).then_some((true, false)),
    }
}

/// What a finding comes to, or the mark of what is left over.
pub(super) fn cell(found: Option<Findings>) -> Cell {
    found.map_or(Cell::DELEGATED, |f| Cell::new(f.outcome()))
}

/// What a finding is as bits, and the verdict of an open one if it is not the usual one.
pub(super) fn with_verdict(found: Option<Findings>, usual: Verdict) -> (Option<(bool, bool)>, Option<Verdict>) {
    let admitted = found.filter(Findings::is_open).and_then(|f| f.admitted).map(|(v, _)| v);
    let bits = bits_of(found, admitted.unwrap_or(usual));
    (bits, admitted.filter(|v| *v != usual))
}

#[derive(Debug)]
pub(super) struct Answered {
    pub(super) pair: Pair,
    pub(super) odd: Vec<u64>,
    /// Open ones with an unusual verdict, in the order in which they were put.
    pub(super) special: Vec<(u32, Verdict)>,
    /// The outcome of each column; the mark of what is left over where there is none.
    pub(super) cells: Vec<Cell>,
}

impl Answered {
    pub(super) fn new(width: usize) -> Self {
        let empty = || vec![0_u64; words(width)];
        let pair = Pair { open: empty(), soft: empty() };
        Self { pair, odd: empty(), special: Vec::new(), cells: vec![Cell::DELEGATED; width] }
    }

    pub(super) fn find(&mut self, lane: u32, found: Option<Findings>, usual: Verdict) {
        let (answer, special) = with_verdict(found, usual);
        self.put(lane, answer);
        self.tell(lane, found);
        self.special.extend(special.map(|v| (lane, v)));
    }

    /// The outcome of a column.
    pub(super) fn tell(&mut self, lane: u32, found: Option<Findings>) {
        self.cells[lane as usize] = cell(found);
    }

    pub(super) fn put(&mut self, lane: u32, answer: Option<(bool, bool)>) {
        match answer {
            Some((open, soft)) => {
                if open {
                    bits::set(&mut self.pair.open, lane);
                }
                if soft {
                    bits::set(&mut self.pair.soft, lane);
                }
            }
            None => bits::set(&mut self.odd, lane),
        }
    }
}

impl Device {
    /// Takes note of what becomes of a private column that is asked for by name; tells whether that is new.
    pub(super) fn take(&mut self, lane: u32, found: Option<Findings>, usual: Verdict) -> bool {
        let at = self.taken_special.partition_point(|(l, _)| *l < lane);
        let known = self.taken_special.get(at).filter(|(l, _)| *l == lane).map(|(_, v)| *v);
        let old = (bits::get(&self.taken.open, lane), bits::get(&self.taken.soft, lane), bits::get(&self.odd, lane));
        let (answer, special) = with_verdict(found, usual);
        let (open, soft) = answer.unwrap_or_default();
        let odd = answer.is_none() || self.all_odd;
        bits::put(&mut self.taken.open, lane, open);
        bits::put(&mut self.taken.soft, lane, soft);
        bits::put(&mut self.odd, lane, odd);
        if known.is_some() {
            self.taken_special.remove(at);
        }
        self.taken_special.splice(at..at, special.map(|v| (lane, v)));
        (old, known) != ((open, soft, odd), special)
    }
}

impl Served {
    pub(super) fn new(width: usize, shared: Arc<Vec<(u32, Cell)>>) -> Self {
        let empty = || vec![0_u64; words(width)];
        let pair = Pair { open: empty(), soft: empty() };
        Self { lanes: empty(), pair, odd: empty(), special: Vec::new(), shared, own: Vec::new() }
    }

    /// What a column comes to by the segment's identity; nothing inside where that does not act, none at all where it is
    /// decided one by one. So are columns behind a perimeter.
    pub(super) fn put(&mut self, lane: u32, found: Option<Option<Findings>>, guarded: &[u64]) {
        match found {
            Some(None) => return,
            Some(Some(found)) => {
                let admitted = found.is_open().then_some(found.admitted).flatten().map(|(v, _)| v);
                let (open, soft) = bits_of(Some(found), admitted.unwrap_or(Verdict::Public)).unwrap_or_default();
                let decided = bits_of(Some(found), admitted.unwrap_or(Verdict::Public)).is_some();
                bits::put(&mut self.pair.open, lane, open);
                bits::put(&mut self.pair.soft, lane, soft);
                bits::put(&mut self.odd, lane, !decided);
                self.special.extend(admitted.filter(|v| *v != Verdict::Public).map(|v| (lane, v)));
            }
            None => bits::set(&mut self.odd, lane),
        }
        bits::set(&mut self.lanes, lane);
        if bits::get(guarded, lane) {
            bits::set(&mut self.odd, lane);
        }
    }

    /// Forgets a column.
    pub(super) fn take_out(&mut self, lane: u32) {
        for row in [&mut self.lanes, &mut self.pair.open, &mut self.pair.soft, &mut self.odd] {
            bits::put(row, lane, false);
        }
        self.special.retain(|(l, _)| *l != lane);
    }
}
