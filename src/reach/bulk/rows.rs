//! The sources' side: one row of bits over all columns for each way of being treated.

use super::{
    super::{Cell, model::Fast},
    NONE, Pair,
    answered::Answered,
    bits::{self, Span, words},
    device::Device,
    homes::Served,
    jobs::{self, Job, Signatures},
    layout::Layout,
    legs::{Leg, legs},
    places::{Lists, Pieces, To},
    rules::{Decided, Rulings},
    setup::Setup,
};
use crate::verdict::Verdict;
use rayon::prelude::*;
use rustc_hash::FxHasher;
use std::{
    collections::BTreeMap,
    hash::{Hash, Hasher},
    ops::Range,
};

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

#[derive(Debug, Default)]
pub(super) struct Forward {
    /// The content of each row of the layout.
    pub(super) of_row: Vec<u32>,
    pub(super) contents: Vec<Content>,
    /// Cells that are decided one by one, by row.
    pub(super) odd: Fast<u32, Vec<(u32, Cell)>>,
}

/// Homes whose rows are made at a time, which bounds memory.
const CHUNK: usize = 256;
/// Firewalls behind each other before the rest is decided one by one.
pub(super) const MAX_DEVICES: usize = 6;

impl Forward {
    pub(super) fn new(setup: &Setup, signatures: &Signatures, jobs: &[Vec<Job>], end_runs: &[(Span, u32)]) -> Self {
        let mut forward = Self { of_row: vec![NONE; setup.home_of_row.len()], ..Self::default() };
        let mut known: Fast<u64, Vec<u32>> = Fast::default();
        let whole = (0, setup.layout.width());
        for (chunk, first) in jobs.chunks(CHUNK).zip((0..).step_by(CHUNK)) {
            let made: Vec<Vec<Made>> = chunk
                .par_iter()
                .enumerate()
                .map(|(at, jobs)| of_home(setup, signatures, end_runs, first + at, jobs.iter(), whole))
                .collect();
            for (content, hash, rows) in made.into_iter().flatten() {
                let alike = known.entry(hash).or_default();
                let same = alike.iter().find(|id| forward.contents[**id as usize] == content).copied();
                let id = same.unwrap_or_else(|| {
                    forward.contents.push(content);
                    let id = forward.contents.len() as u32 - 1;
                    alike.push(id);
                    id
                });
                rows.into_iter().flatten().for_each(|row| forward.of_row[*row as usize] = id);
            }
        }
        forward
    }

    pub(super) fn len(&self) -> usize {
        self.contents.len()
    }

    pub(super) fn at(&self, row: u32, lane: u32) -> At {
        self.contents[self.of_row[row as usize] as usize].at(lane, self.odd.get(&row))
    }

    /// Rows with columns that are decided one by one.
    pub(super) fn odd_rows(&self, layout: &Layout) -> Vec<(u32, Vec<u32>)> {
        let odd = |row: u32| self.contents[self.of_row[row as usize] as usize].odd.as_ref();
        (0..layout.height()).filter_map(|row| Some((row, bits::ones(odd(row)?).collect()))).collect()
    }
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

/// A row, its hash, and the sources of the jobs that share it.
type Made<'j> = (Content, u64, Vec<&'j [u32]>);

/// Ranges of private lanes with one end. Ends from which answers go back alike count as one, unless edits may part them.
pub(super) fn end_runs(setup: &Setup, keep: bool) -> Vec<(Span, u32)> {
    let alike =
        |a: u32, b: u32| a == b || !keep && std::sync::Arc::ptr_eq(&setup.back[a as usize], &setup.back[b as usize]);
    let mut runs: Vec<(Span, u32)> = Vec::new();
    for (lane, end) in (0_u32..).zip(&setup.end_of_lane).filter(|(_, e)| **e != NONE) {
        match runs.last_mut() {
            Some((span, same)) if span.1 == lane && alike(*same, *end) => span.1 = lane + 1,
            _ => runs.push(((lane, lane + 1), *end)),
        }
    }
    runs
}

/// Rows of jobs of one home within a range of columns, equal ones once.
pub(super) fn of_home<'j>(
    setup: &Setup,
    signatures: &Signatures,
    end_runs: &[(Span, u32)],
    number: usize,
    jobs: impl Iterator<Item = &'j Job>,
    span: Span,
) -> Vec<Made<'j>> {
    let home = &setup.homes[number];
    let width = setup.layout.lanes.len();
    let window = bits::touched(span);
    let empty = || vec![0_u64; words(width)];
    let mut back = Back { setup, end_runs, home: number, open: empty(), odd: empty() };
    back.open[window.clone()].fill(u64::MAX);
    back.follow(&home.pieces, span, &mut Vec::new());
    let mut made: Vec<Made<'_>> = Vec::new();
    let mut known: Fast<u64, Vec<usize>> = Fast::default();
    let mut base = Scratch::new(width);
    let mut scratch = Scratch::new(width);
    let mut decided = Decided::default();
    let mut signature = None;
    for job in jobs {
        if signature != Some(job.signature) {
            signature = Some(job.signature);
            base.clear(&window);
            let signatures = signatures.of(job.signature);
            let mut way = Way { setup, signatures, back: &back, into: &mut base, there: Vec::new() };
            way.follow(&home.pieces, span, home.outside);
            if let Some(served) = &home.served {
                base.serve(served, &window);
            }
        }
        scratch.copy(&base, &window);
        let filters = [(job.own, &job.by_own), (home.filter, &job.by_segment)];
        for (filter, numbers) in filters.into_iter().filter(|(f, _)| f.is_some()) {
            let all = jobs::outgoing(setup, filter);
            decided.run(width, span, &setup.ports, bits::ones(numbers).map(|n| &all[n as usize]));
            let Scratch { pair, odd, .. } = &mut scratch;
            for word in window.clone() {
                let (open, soft) = (pair.open[word], pair.soft[word]);
                let (lets, perhaps) = (decided.open[word], decided.soft[word]);
                pair.open[word] = open & lets;
                pair.soft[word] = (open | soft) & (lets | perhaps) & !pair.open[word];
                odd[word] &= lets | perhaps;
            }
        }
        let content = scratch.content(&window);
        let mut hasher = FxHasher::default();
        content.hash(&mut hasher);
        let hash = hasher.finish();
        let alike = known.entry(hash).or_default();
        match alike.iter().copied().find(|at| made[*at].0 == content) {
            Some(same) => made[same].2.push(&job.rows),
            None => {
                alike.push(made.len());
                made.push((content, hash, vec![&job.rows]));
            }
        }
    }
    made
}

struct Scratch {
    pair: Pair,
    odd: Vec<u64>,
    past: Vec<u64>,
    /// Columns of another verdict than usual where they are open, in order.
    special: BTreeMap<u32, Verdict>,
}

impl Scratch {
    fn new(width: usize) -> Self {
        let empty = || vec![0_u64; words(width)];
        let pair = Pair { open: empty(), soft: empty() };
        Self { pair, odd: empty(), past: empty(), special: BTreeMap::new() }
    }

    fn rows(&mut self) -> [&mut Vec<u64>; 4] {
        [&mut self.pair.open, &mut self.pair.soft, &mut self.odd, &mut self.past]
    }

    fn clear(&mut self, window: &Range<usize>) {
        self.rows().into_iter().for_each(|row| row[window.clone()].fill(0));
        self.special.clear();
    }

    fn copy(&mut self, from: &Self, window: &Range<usize>) {
        self.special.clone_from(&from.special);
        let from = [&from.pair.open, &from.pair.soft, &from.odd, &from.past];
        for (into, from) in self.rows().into_iter().zip(from) {
            into[window.clone()].copy_from_slice(&from[window.clone()]);
        }
    }

    /// Columns that the segment reaches with its own identity.
    fn serve(&mut self, served: &Served, window: &Range<usize>) {
        let Self { pair, odd, past, special } = self;
        special.retain(|lane, _| !bits::get(&served.lanes, *lane));
        special.extend(served.special.iter().copied());
        for word in window.clone() {
            let lanes = served.lanes[word];
            past[word] &= !lanes;
            pair.open[word] = pair.open[word] & !lanes | served.pair.open[word] & lanes;
            pair.soft[word] = pair.soft[word] & !lanes | served.pair.soft[word] & lanes;
            odd[word] = odd[word] & !lanes | served.odd[word] & lanes;
        }
    }

    /// The row within a range of words; what is decided one by one is neither open nor undecided.
    fn content(&mut self, window: &Range<usize>) -> Content {
        let Self { pair, odd, past, special } = self;
        let (mut any_soft, mut any_odd, mut any_past) = (0, 0, 0);
        for word in window.clone() {
            pair.open[word] &= !odd[word];
            pair.soft[word] &= !odd[word];
            past[word] &= pair.open[word] | pair.soft[word];
            any_soft |= pair.soft[word];
            any_odd |= odd[word];
            any_past |= past[word];
        }
        let open: Box<[u64]> = pair.open[window.clone()].into();
        let some = |any: u64, row: &[u64]| (any != 0).then(|| Box::from(&row[window.clone()]));
        let lanes = (window.start * 64) as u32..(window.end * 64) as u32;
        let special = special.range(lanes).filter(|(lane, _)| bits::get(&pair.open, **lane));
        Content {
            open,
            soft: some(any_soft, &pair.soft),
            odd: some(any_odd, odd),
            past: some(any_past, past),
            special: special.map(|(lane, verdict)| (*lane, *verdict)).collect(),
        }
    }
}

/// Which columns' answers come back through exactly the devices that saw the requests.
struct Back<'b> {
    setup: &'b Setup,
    end_runs: &'b [(Span, u32)],
    home: usize,
    open: Vec<u64>,
    odd: Vec<u64>,
}

pub(super) fn overlap(a: Span, b: Span) -> Span {
    (a.0.max(b.0), a.1.min(b.1))
}

/// Pieces that overlap a range.
pub(super) fn within(pieces: &Pieces, span: Span) -> impl Iterator<Item = (Span, To)> + '_ {
    let first = pieces.partition_point(|(s, _)| s.1 <= span.0);
    let ahead = pieces[first..].iter().take_while(move |(s, _)| s.0 < span.1);
    ahead.map(move |(s, to)| (overlap(*s, span), *to)).filter(|(s, _)| s.0 < s.1)
}

impl Back<'_> {
    fn follow(&mut self, pieces: &Pieces, span: Span, there: &mut Vec<u16>) {
        for (span, to) in within(pieces, span) {
            match to {
                To::Owner => self.compare(span, there),
                To::Device(device) if there.len() < MAX_DEVICES => {
                    there.push(device);
                    let setup = self.setup;
                    self.follow(&setup.devices[device as usize].pieces, span, there);
                    there.pop();
                }
                To::Device(_) | To::Closed(_) | To::Unclear | To::Internet | To::Odd => {}
            }
        }
    }

    fn compare(&mut self, span: Span, there: &[u16]) {
        let setup = self.setup;
        let mut expected: Vec<u16> = there.to_vec();
        expected.reverse();
        let wanted = setup.lists.find(&expected);
        let first = self.end_runs.partition_point(|(s, _)| s.1 <= span.0);
        for (run, end) in self.end_runs[first..].iter().take_while(|(s, _)| s.0 < span.1) {
            let found = setup.back[*end as usize][self.home];
            if Some(found) == wanted {
                continue;
            }
            let run = overlap(*run, span);
            if found == Lists::ODD {
                bits::fill(&mut self.odd, run);
                continue;
            }
            let seen = Lists::why(found).is_none() && setup.lists.of(found).iter().all(|d| there.contains(d));
            for word in bits::touched(run) {
                let forgiven = if seen { setup.lenient[word] } else { 0 };
                self.open[word] &= !(bits::mask(word, run) & !forgiven);
            }
        }
    }
}

/// Follows columns to their owners for one signature.
struct Way<'w> {
    setup: &'w Setup,
    signatures: &'w [u32],
    back: &'w Back<'w>,
    into: &'w mut Scratch,
    /// Devices passed so far.
    there: Vec<u16>,
}

impl Way<'_> {
    /// The verdicts of what a device asks for itself, where they are not the usual ones.
    fn verdicts(&mut self, device: &Device, rulings: &Rulings, span: Span) {
        let special = &mut self.into.special;
        let (public, named) = (&self.setup.public, rulings.named.as_deref());
        let taken = |lane: u32| named.is_some_and(|n| bits::get(n, lane));
        if !special.is_empty() {
            let inner: Vec<u32> = special.range(span.0..span.1).map(|(lane, _)| *lane).collect();
            for lane in inner.into_iter().filter(|l| bits::get(public, *l) || taken(*l)) {
                special.remove(&lane);
            }
        }
        let within = |all: &[(u32, Verdict)]| -> Range<usize> {
            all.partition_point(|(l, _)| *l < span.0)..all.partition_point(|(l, _)| *l < span.1)
        };
        let own = &device.own_special[within(&device.own_special)];
        special.extend(own.iter().copied().filter(|(l, _)| bits::get(&rulings.open, *l)));
        let named = &device.taken_special[within(&device.taken_special)];
        special.extend(named.iter().copied().filter(|(l, _)| taken(*l)));
    }

    fn follow(&mut self, pieces: &Pieces, span: Span, outside: usize) {
        let depth = self.there.len();
        let setup = self.setup;
        for (span, to) in within(pieces, span) {
            match to {
                To::Closed(_) => {}
                To::Odd => bits::fill(&mut self.into.odd, span),
                To::Unclear => bits::fill(&mut self.into.pair.soft, span),
                To::Owner => {
                    for word in bits::touched(span) {
                        let here = bits::mask(word, span);
                        let back = self.back.open[word] & here;
                        self.into.pair.open[word] |= setup.landed.open[word] & back;
                        self.into.pair.soft[word] |= setup.landed.soft[word] & back;
                        self.into.odd[word] |= (setup.odd[word] | self.back.odd[word]) & here;
                    }
                }
                To::Internet if depth == 0 => {
                    let Answered { pair, odd, .. } = &setup.outside[outside];
                    bits::copy(&mut self.into.pair.open, &pair.open, span);
                    bits::copy(&mut self.into.pair.soft, &pair.soft, span);
                    bits::copy(&mut self.into.odd, odd, span);
                }
                // What a firewall keeps the source of is private, and goes nowhere on the internet.
                To::Internet => {}
                To::Device(device) if depth < MAX_DEVICES => self.through(device, span, outside),
                To::Device(_) => bits::fill(&mut self.into.odd, span),
            }
        }
    }

    fn through(&mut self, number: u16, span: Span, outside: usize) {
        let setup = self.setup;
        let device = &setup.devices[number as usize];
        // Private columns go on with their source, by the device's own routes; public ones in the device's name.
        self.there.push(number);
        self.follow(&device.pieces, span, outside);
        self.there.pop();
        // From it, answers go back over what was passed before (ASYM-02).
        let legs = legs(setup, number, self.back.home, &self.there);
        let rulings = &device.rulings[self.signatures[number as usize] as usize];
        self.verdicts(device, rulings, span);
        for word in bits::touched(span) {
            let here = bits::mask(word, span);
            let public = setup.public[word] & here;
            let Scratch { pair, odd, past, .. } = &mut *self.into;
            let (mut closed, mut doubtful) = (0, 0);
            for (leg, lanes) in [(legs.0, !setup.others[word]), (legs.1, setup.others[word])] {
                match leg {
                    Leg::Clear => {}
                    Leg::Closed(_) => closed |= lanes,
                    Leg::Odd => doubtful |= lanes,
                }
            }
            let own =
                (device.own_name.open[word] & !closed, device.own_name.soft[word] & !(closed & !device.lost[word]));
            let open = pair.open[word] & !public | own.0 & public;
            let soft = pair.soft[word] & !public | own.1 & public;
            let named = rulings.named.as_ref().map_or(0, |n| n[word]);
            let strange = odd[word] & !public | (device.odd[word] | doubtful & (public | named)) & here;
            let pass = rulings.open[word];
            let taken = (device.taken.open[word] & !closed, device.taken.soft[word] & !closed);
            let perhaps = rulings.soft.as_ref().map_or(0, |s| s[word]);
            let through = open & pass;
            let unsure = (open | soft) & (pass | perhaps) & !through;
            pair.open[word] = pair.open[word] & !here | (through | taken.0 & named) & here;
            pair.soft[word] = pair.soft[word] & !here | (unsure | taken.1 & named) & here;
            past[word] |= named & here;
            odd[word] = odd[word] & !here | strange & (pass | perhaps | named) & here;
        }
    }
}
