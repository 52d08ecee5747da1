//! The sources' side with reasons: what becomes of each column, as one code, for people who read why.
//!
//! A second reading of the same parts as [`super::rows`]. A code is an outcome that filters before the column cannot
//! change, or says what is known when a flow arrives there: whether something before it is undecided, and what closes the
//! way back. Parts are put together in order of the path: what is certain first, then what is not.

use super::{
    super::{Cell, Outcome, model::Fast},
    NONE,
    bits::{self, Span},
    jobs::{self, Job, Signatures},
    legs::{Leg, legs},
    places::{Lists, Pieces, To},
    rules::Decided,
    setup::Setup,
    ways::{MAX_DEVICES, overlap, within},
};
use crate::verdict::{Reason, Verdict, Word};
use rayon::prelude::*;
use rustc_hash::FxHasher;
use std::hash::{Hash, Hasher};

/// What becomes of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Code(u16);

impl Code {
    /// Decided one by one.
    pub(super) const ODD: Self = Self(u16::MAX);
    const ARRIVES: u16 = 0x8000;
    const SOFT: u16 = 0x4000;

    /// The code as a number, for hashes.
    pub(super) fn number(self) -> u64 {
        u64::from(self.0)
    }

    fn done(cell: Cell) -> Self {
        // The mark of what is left over is the same.
        Self(cell.raw())
    }

    fn blocked(reason: Reason) -> Self {
        Self::done(Cell::new(Outcome::refused(Verdict::Blocked, reason)))
    }

    /// It arrives; a reason closes the way back.
    fn arrives(back: Option<Reason>) -> Self {
        let at = back.and_then(|b| Reason::ALL.iter().position(|r| *r == b)).map_or(0, |at| at as u16 + 1);
        Self(Self::ARRIVES | at)
    }

    /// The same behind something undecided.
    fn softened(self) -> Self {
        match self {
            Self::ODD => self,
            Self(code) if code & Self::ARRIVES != 0 => Self(code | Self::SOFT),
            Self(code) if Cell::from_raw(code).is_certain() => self,
            _ => Self::done(Cell::new(Outcome::refused(Verdict::Unknown, Reason::Tag))),
        }
    }

    /// The outcome at a column whose filters let a source in, do not, or cannot be decided (1, 0, 2).
    pub(super) fn at(self, inbound: u8, column: &Taker) -> Cell {
        let Self(code) = self;
        if self == Self::ODD || code & Self::ARRIVES == 0 {
            return Cell::from_raw(code);
        }
        let refused = |verdict, reason| Cell::new(Outcome::refused(verdict, reason));
        if inbound == 0 {
            return refused(Verdict::Blocked, column.reason);
        }
        if column.lands.is_certain() {
            return column.lands;
        }
        let back = usize::from(code & !(Self::ARRIVES | Self::SOFT));
        if let Some(reason) = back.checked_sub(1).and_then(|at| Reason::ALL.get(at)) {
            return refused(Verdict::Blocked, *reason);
        }
        if inbound == 2 || code & Self::SOFT != 0 {
            return refused(Verdict::Unknown, Reason::Tag);
        }
        column.lands
    }
}

/// What takes a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Taker {
    /// What it makes of a flow that arrives and can be answered.
    pub(super) lands: Cell,
    /// Why its filters stop what they stop.
    pub(super) reason: Reason,
}

/// Takers of all columns. Two filters with different reasons before one column are decided one by one.
pub(super) fn takers(setup: &Setup) -> Vec<Option<Taker>> {
    let reason = |lane: usize| {
        let mut reasons = setup.lane_filters[lane].into_iter().flatten().filter_map(|f| setup.filters[f].reason);
        let first = reasons.next().unwrap_or(Reason::Nsg);
        reasons.all(|r| r == first).then_some(first)
    };
    let all = setup.landed_cells.iter().enumerate();
    all.map(|(lane, lands)| Some(Taker { lands: *lands, reason: reason(lane)? })).collect()
}

/// Rows of codes, each once.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// The codes of each row of the layout.
    pub(super) of_row: Vec<u32>,
    pub(super) codes: Vec<Vec<Code>>,
}

/// Homes whose rows are made at a time, which bounds memory.
const CHUNK: usize = 64;

impl Told {
    pub(super) fn new(setup: &Setup, signatures: &Signatures, jobs: &[Vec<Job>], end_runs: &[(Span, u32)]) -> Self {
        let mut told = Self { of_row: vec![NONE; setup.home_of_row.len()], ..Self::default() };
        let mut known: Fast<u64, Vec<u32>> = Fast::default();
        let takers = takers(setup);
        for (chunk, first) in jobs.chunks(CHUNK).zip((0..).step_by(CHUNK)) {
            let made: Vec<Vec<Made<'_>>> = chunk
                .par_iter()
                .enumerate()
                .map(|(at, jobs)| of_home(setup, signatures, end_runs, &takers, first + at, jobs))
                .collect();
            for (codes, hash, rows) in made.into_iter().flatten() {
                let alike = known.entry(hash).or_default();
                let same = alike.iter().find(|id| told.codes[**id as usize] == codes).copied();
                let id = same.unwrap_or_else(|| {
                    told.codes.push(codes);
                    let id = told.codes.len() as u32 - 1;
                    alike.push(id);
                    id
                });
                rows.into_iter().flatten().for_each(|row| told.of_row[*row as usize] = id);
            }
        }
        told
    }

    pub(super) fn at(&self, row: u32, lane: u32) -> Code {
        self.codes[self.of_row[row as usize] as usize][lane as usize]
    }
}

/// A row, its hash, and the sources of the jobs that share it.
type Made<'j> = (Vec<Code>, u64, Vec<&'j [u32]>);

fn of_home<'j>(
    setup: &Setup,
    signatures: &Signatures,
    end_runs: &[(Span, u32)],
    takers: &[Option<Taker>],
    number: usize,
    jobs: &'j [Job],
) -> Vec<Made<'j>> {
    let home = &setup.homes[number];
    let width = setup.layout.width();
    let whole = (0, width);
    let mut made: Vec<Made<'_>> = Vec::new();
    let mut known: Fast<u64, Vec<usize>> = Fast::default();
    let mut base: Vec<Code> = Vec::new();
    let mut signature = None;
    let mut decided = Decided::default();
    for job in jobs {
        if signature != Some(job.signature) {
            signature = Some(job.signature);
            let into = vec![Code::ODD; width as usize];
            let signatures = signatures.of(job.signature);
            let mut teller = Teller { setup, signatures, end_runs, takers, home: number, there: Vec::new(), into };
            teller.follow(&home.pieces, whole);
            teller.serve();
            base = teller.into;
        }
        let mut codes = base.clone();
        // From the column outwards: the segment's filter, then the interface's.
        let filters = [(home.filter, &job.by_segment), (job.own, &job.by_own)];
        for (filter, numbers) in filters {
            let Some(filter) = filter else { continue };
            let all = jobs::outgoing(setup, Some(filter));
            decided.run(width as usize, whole, &setup.ports, bits::ones(numbers).map(|n| &all[n as usize]));
            let stopped = Code::blocked(setup.filters[filter].reason.unwrap_or(Reason::Nsg));
            for word in bits::touched(whole) {
                let (here, soft) = (bits::mask(word, whole), decided.soft[word]);
                each(word, here & !(decided.open[word] | soft), |lane| codes[lane] = stopped);
                each(word, soft, |lane| codes[lane] = codes[lane].softened());
            }
        }
        let mut hasher = FxHasher::default();
        codes.hash(&mut hasher);
        let hash = hasher.finish();
        let alike = known.entry(hash).or_default();
        match alike.iter().copied().find(|at| made[*at].0 == codes) {
            Some(same) => made[same].2.push(&job.rows),
            None => {
                alike.push(made.len());
                made.push((codes, hash, vec![&job.rows]));
            }
        }
    }
    made
}

/// Does something for each bit of a word.
fn each(word: usize, mut bits: u64, mut of: impl FnMut(usize)) {
    while bits != 0 {
        of(word * 64 + bits.trailing_zeros() as usize);
        bits &= bits - 1;
    }
}

/// Follows columns to their owners for one signature.
struct Teller<'t> {
    setup: &'t Setup,
    signatures: &'t [u32],
    end_runs: &'t [(Span, u32)],
    takers: &'t [Option<Taker>],
    home: usize,
    /// Devices passed so far.
    there: Vec<u16>,
    into: Vec<Code>,
}

impl Teller<'_> {
    fn fill(&mut self, span: Span, code: Code) {
        self.into[span.0 as usize..span.1 as usize].fill(code);
    }

    fn follow(&mut self, pieces: &Pieces, span: Span) {
        let setup = self.setup;
        for (span, to) in within(pieces, span) {
            match to {
                To::Closed(Some(reason)) => self.fill(span, Code::blocked(reason)),
                To::Closed(None) | To::Odd => self.fill(span, Code::ODD),
                To::Unclear => {
                    self.fill(span, Code::done(Cell::new(Outcome::refused(Verdict::Unknown, Reason::Tag))));
                }
                To::Owner => self.arrive(span),
                To::Internet => {
                    // Behind a device these columns are decided in its name.
                    if self.there.is_empty() {
                        let outside = &setup.outside[setup.homes[self.home].outside];
                        for lane in span.0..span.1 {
                            let odd = bits::get(&outside.odd, lane);
                            let code = if odd { Code::ODD } else { Code::done(outside.cells[lane as usize]) };
                            self.into[lane as usize] = code;
                        }
                    }
                }
                To::Device(device) if self.there.len() < MAX_DEVICES => self.through(device, span),
                To::Device(_) => self.fill(span, Code::ODD),
            }
        }
    }

    /// Columns whose owners get them: answers come back through exactly the devices that saw the requests, or do not.
    fn arrive(&mut self, span: Span) {
        let setup = self.setup;
        self.fill(span, Code::ODD);
        let expected: Vec<u16> = self.there.iter().rev().copied().collect();
        let wanted = setup.lists.find(&expected);
        let first = self.end_runs.partition_point(|(s, _)| s.1 <= span.0);
        for (run, end) in self.end_runs[first..].iter().take_while(|(s, _)| s.0 < span.1) {
            let found = setup.back[*end as usize][self.home];
            let run = overlap(*run, span);
            // For usual columns, and for those that forgive a device which sees requests only.
            let (usual, lenient) = match Lists::why(found) {
                _ if Some(found) == wanted => (Code::arrives(None), Code::arrives(None)),
                _ if found == Lists::ODD => (Code::ODD, Code::ODD),
                Some(reason) => (Code::arrives(Some(reason)), Code::arrives(Some(reason))),
                None => {
                    let seen = setup.lists.of(found).iter().all(|d| self.there.contains(d));
                    let asymmetric = Code::arrives(Some(Reason::Asym));
                    (asymmetric, if seen { Code::arrives(None) } else { asymmetric })
                }
            };
            for lane in run.0..run.1 {
                let odd = bits::get(&setup.odd, lane) || self.takers[lane as usize].is_none();
                let code = if bits::get(&setup.lenient, lane) { lenient } else { usual };
                self.into[lane as usize] = if odd { Code::ODD } else { code };
            }
        }
    }

    fn through(&mut self, number: u16, span: Span) {
        let setup = self.setup;
        let device = &setup.devices[number as usize];
        // Private columns go on with their source, by the device's own routes; public ones in the device's name.
        self.there.push(number);
        self.follow(&device.pieces, span);
        self.there.pop();
        let legs = legs(setup, number, self.home, &self.there);
        let leg = |lane: usize| if bits::get(&setup.others, lane as u32) { legs.1 } else { legs.0 };
        let rulings = &device.rulings[self.signatures[number as usize] as usize];
        let stops = Code::blocked(device.reason);
        for word in bits::touched(span) {
            let here = bits::mask(word, span);
            let named = rulings.named.as_ref().map_or(0, |n| n[word]) & here;
            let perhaps = rulings.soft.as_ref().map_or(0, |s| s[word]) & here;
            let pass = rulings.open[word] & here;
            let odd = device.odd[word] & (pass | perhaps | named);
            let into = &mut self.into;
            each(word, setup.public[word] & (pass | perhaps), |lane| {
                let own = device.own_cells[lane];
                into[lane] = match leg(lane) {
                    Leg::Clear => Code::done(own),
                    Leg::Closed(_) if own.is_certain() || bits::get(&device.lost, lane as u32) => Code::done(own),
                    Leg::Closed(reason) => Code::blocked(reason),
                    Leg::Odd => Code::ODD,
                };
            });
            each(word, perhaps, |lane| into[lane] = into[lane].softened());
            each(word, named, |lane| {
                into[lane] = match leg(lane) {
                    Leg::Clear => Code::done(device.taken_cells[lane]),
                    Leg::Closed(reason) => Code::blocked(reason),
                    Leg::Odd => Code::ODD,
                };
            });
            each(word, odd, |lane| into[lane] = Code::ODD);
            each(word, here & !(pass | perhaps | named), |lane| into[lane] = stops);
        }
    }

    /// Columns that the segment reaches with its own identity.
    fn serve(&mut self) {
        let Some(served) = &self.setup.homes[self.home].served else { return };
        let cells = served.shared.iter().chain(&served.own);
        for (lane, cell) in cells.filter(|(lane, _)| bits::get(&served.lanes, *lane)) {
            let odd = bits::get(&served.odd, *lane);
            self.into[*lane as usize] = if odd { Code::ODD } else { Code::done(*cell) };
        }
    }
}
