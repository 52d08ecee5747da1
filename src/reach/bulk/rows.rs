//! The sources' side: one row of bits over all columns for each way of being treated.

use super::{
    super::{Cell, model::Fast},
    NONE, Pair,
    bits::{self, Span, words},
    layout::Layout,
    places::{Lists, Pieces, To},
    rules::{Rule, decide},
    setup::Setup,
};
use crate::verdict::Verdict;
use rayon::prelude::*;
use rustc_hash::FxHasher;
use std::hash::{Hash, Hasher};

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
    /// Decided, whatever the column's filters say: whether it is open.
    Past(bool),
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
const MAX_DEVICES: usize = 6;

impl Forward {
    pub(super) fn new(setup: &Setup<'_, '_>) -> Self {
        let mut rows_of_home: Vec<Vec<u32>> = vec![Vec::new(); setup.homes.len()];
        for (row, home) in (0_u32..).zip(&setup.home_of_row) {
            rows_of_home[*home as usize].push(row);
        }
        let end_runs = end_runs(setup);
        let mut forward = Self { of_row: vec![NONE; setup.home_of_row.len()], ..Self::default() };
        let mut known: Fast<u64, Vec<u32>> = Fast::default();
        let homes: Vec<usize> = (0..setup.homes.len()).collect();
        for chunk in homes.chunks(CHUNK) {
            let made: Vec<Vec<Made>> =
                chunk.par_iter().map(|home| of_home(setup, &end_runs, *home, &rows_of_home[*home])).collect();
            for (content, hash, rows) in made.into_iter().flatten() {
                let alike = known.entry(hash).or_default();
                let same = alike.iter().find(|id| forward.contents[**id as usize] == content).copied();
                let id = same.unwrap_or_else(|| {
                    forward.contents.push(content);
                    let id = forward.contents.len() as u32 - 1;
                    alike.push(id);
                    id
                });
                rows.into_iter().for_each(|row| forward.of_row[row as usize] = id);
            }
        }
        forward
    }

    pub(super) fn len(&self) -> usize {
        self.contents.len()
    }

    pub(super) fn at(&self, row: u32, lane: u32) -> At {
        let content = &self.contents[self.of_row[row as usize] as usize];
        if content.odd.as_ref().is_some_and(|odd| bits::get(odd, lane)) {
            let cells = self.odd.get(&row).map_or(&[][..], Vec::as_slice);
            let found = cells.binary_search_by_key(&lane, |(l, _)| *l).ok().and_then(|at| cells.get(at));
            return At::Odd(found.map_or(Cell::DELEGATED, |(_, cell)| *cell));
        }
        let open = bits::get(&content.open, lane);
        let past = content.past.as_ref().is_some_and(|past| bits::get(past, lane));
        if past {
            return At::Past(open);
        }
        if open {
            return At::Open(content.special(lane));
        }
        if content.soft.as_ref().is_some_and(|soft| bits::get(soft, lane)) { At::Soft } else { At::Closed }
    }

    /// Rows with columns that are decided one by one.
    pub(super) fn odd_rows(&self, layout: &Layout<'_>) -> Vec<(u32, Vec<u32>)> {
        let odd = |row: u32| self.contents[self.of_row[row as usize] as usize].odd.as_ref();
        (0..layout.height()).filter_map(|row| Some((row, bits::ones(odd(row)?).collect()))).collect()
    }
}

impl Content {
    pub(super) fn special(&self, lane: u32) -> Option<Verdict> {
        let at = self.special.binary_search_by_key(&lane, |(l, _)| *l).ok()?;
        self.special.get(at).map(|(_, verdict)| *verdict)
    }
}

type Made = (Content, u64, Vec<u32>);

/// What tells rows of one home apart: signatures at devices, the own filter, and which rules of both filters name them.
type Job = (Vec<u32>, Option<usize>, Vec<u32>, Vec<u32>);

/// Ranges of private lanes with one end.
fn end_runs(setup: &Setup<'_, '_>) -> Vec<(Span, u32)> {
    let mut runs: Vec<(Span, u32)> = Vec::new();
    for (lane, end) in (0_u32..).zip(&setup.end_of_lane).filter(|(_, e)| **e != NONE) {
        match runs.last_mut() {
            Some((span, same)) if same == end && span.1 == lane => span.1 = lane + 1,
            _ => runs.push(((lane, lane + 1), *end)),
        }
    }
    runs
}

/// Rows of one home, those that nothing tells apart once.
fn of_home(setup: &Setup<'_, '_>, end_runs: &[(Span, u32)], number: usize, rows: &[u32]) -> Vec<Made> {
    let home = &setup.homes[number];
    let width = setup.layout.lanes.len();
    let empty = || vec![0_u64; words(width)];
    let mut back = Back { setup, end_runs, home: number, open: empty(), odd: empty() };
    back.open.fill(u64::MAX);
    back.follow(&home.pieces, (0, width as u32), &mut Vec::new());
    let rules = |filter: Option<usize>| filter.map_or(&[][..], |f| setup.filters[f].out.as_slice());
    let chosen = |filter: Option<usize>, row: u32| -> Vec<u32> {
        let all = (0_u32..).zip(rules(filter));
        all.filter(|(_, r)| bits::within(&r.rows, row)).map(|(n, _)| n).collect()
    };
    let mut jobs: Fast<Job, Vec<u32>> = Fast::default();
    let mut order: Vec<Job> = Vec::new();
    for row in rows {
        let signatures = setup.devices.iter().map(|d| d.signature[*row as usize]).collect();
        let own = setup.row_filter[*row as usize];
        let key = (signatures, own, chosen(own, *row), chosen(home.filter, *row));
        let members = jobs.entry(key.clone()).or_default();
        if members.is_empty() {
            order.push(key);
        }
        members.push(*row);
    }
    let mut made = Vec::with_capacity(order.len());
    let mut scratch = Scratch { pair: Pair { open: empty(), soft: empty() }, odd: empty(), past: empty() };
    for key in order {
        let members = jobs.remove(&key).unwrap_or_default();
        let (signatures, own, by_own, by_segment) = key;
        scratch.pair.open.fill(0);
        scratch.pair.soft.fill(0);
        scratch.odd.fill(0);
        scratch.past.fill(0);
        let mut way = Way { setup, signatures: &signatures, back: &back, into: &mut scratch };
        way.follow(&home.pieces, (0, width as u32), home.outside, 0);
        let mut special = Vec::new();
        if let Some(served) = &home.served {
            for (word, lanes) in served.lanes.iter().enumerate().filter(|(_, l)| **l != 0) {
                let Scratch { pair, odd, past } = &mut scratch;
                past[word] &= !lanes;
                pair.open[word] = pair.open[word] & !lanes | served.pair.open[word] & lanes;
                pair.soft[word] = pair.soft[word] & !lanes | served.pair.soft[word] & lanes;
                odd[word] = odd[word] & !lanes | served.odd[word] & lanes;
            }
            special.clone_from(&served.special);
        }
        let filters = [(own, &by_own), (home.filter, &by_segment)];
        for (filter, numbers) in filters.into_iter().filter(|(f, _)| f.is_some()) {
            let all = rules(filter);
            let chosen: Vec<&Rule> = numbers.iter().map(|n| &all[*n as usize]).collect();
            let Scratch { pair, odd, .. } = &mut scratch;
            for (word, odd) in odd.iter_mut().enumerate() {
                let (open, soft) = (pair.open[word], pair.soft[word]);
                let live = open | soft | *odd;
                if live == 0 {
                    continue;
                }
                let ruling = decide(word, live, &setup.ports, chosen.iter().copied());
                pair.open[word] = open & ruling.open;
                pair.soft[word] = (open | soft) & (ruling.open | ruling.soft) & !pair.open[word];
                *odd &= ruling.open | ruling.soft;
            }
        }
        let Scratch { pair, odd, past } = &mut scratch;
        for (((open, soft), odd), past) in pair.open.iter_mut().zip(&mut pair.soft).zip(odd.iter()).zip(past.iter_mut())
        {
            *open &= !odd;
            *soft &= !odd;
            *past &= *open | *soft;
        }
        special.retain(|(lane, _)| bits::get(&pair.open, *lane));
        special.sort_unstable();
        let some = |row: &[u64]| row.iter().any(|w| *w != 0).then(|| row.to_vec().into_boxed_slice());
        let content = Content {
            open: pair.open.clone().into_boxed_slice(),
            soft: some(&pair.soft),
            odd: some(odd),
            past: some(past),
            special,
        };
        let mut hasher = FxHasher::default();
        content.hash(&mut hasher);
        made.push((content, hasher.finish(), members));
    }
    made
}

struct Scratch {
    pair: Pair,
    odd: Vec<u64>,
    past: Vec<u64>,
}

/// Which columns' answers come back through exactly the devices that saw the requests.
struct Back<'b, 's, 'p> {
    setup: &'b Setup<'s, 'p>,
    end_runs: &'b [(Span, u32)],
    home: usize,
    open: Vec<u64>,
    odd: Vec<u64>,
}

fn overlap(a: Span, b: Span) -> Span {
    (a.0.max(b.0), a.1.min(b.1))
}

/// Pieces that overlap a range.
fn within(pieces: &Pieces, span: Span) -> impl Iterator<Item = (Span, To)> + '_ {
    let first = pieces.partition_point(|(s, _)| s.1 <= span.0);
    let ahead = pieces[first..].iter().take_while(move |(s, _)| s.0 < span.1);
    ahead.map(move |(s, to)| (overlap(*s, span), *to)).filter(|(s, _)| s.0 < s.1)
}

impl Back<'_, '_, '_> {
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
                To::Device(_) | To::Closed | To::Internet | To::Odd => {}
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
            let seen = found != Lists::LOST && setup.lists.of(found).iter().all(|d| there.contains(d));
            for word in bits::touched(run) {
                let forgiven = if seen { setup.lenient[word] } else { 0 };
                self.open[word] &= !(bits::mask(word, run) & !forgiven);
            }
        }
    }
}

/// Follows columns to their owners for one signature.
struct Way<'w, 's, 'p> {
    setup: &'w Setup<'s, 'p>,
    signatures: &'w [u32],
    back: &'w Back<'w, 's, 'p>,
    into: &'w mut Scratch,
}

impl Way<'_, '_, '_> {
    fn follow(&mut self, pieces: &Pieces, span: Span, outside: usize, depth: usize) {
        let setup = self.setup;
        for (span, to) in within(pieces, span) {
            match to {
                To::Closed => {}
                To::Odd => bits::fill(&mut self.into.odd, span),
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
                    let (pair, odd) = &setup.outside[outside];
                    bits::copy(&mut self.into.pair.open, &pair.open, span);
                    bits::copy(&mut self.into.pair.soft, &pair.soft, span);
                    bits::copy(&mut self.into.odd, odd, span);
                }
                // What a firewall keeps the source of is private, and goes nowhere on the internet.
                To::Internet => {}
                To::Device(device) if depth < MAX_DEVICES => self.through(device as usize, span, outside, depth),
                To::Device(_) => bits::fill(&mut self.into.odd, span),
            }
        }
    }

    fn through(&mut self, number: usize, span: Span, outside: usize, depth: usize) {
        let setup = self.setup;
        let device = &setup.devices[number];
        // Private columns go on with their source, by the device's own routes; public ones in the device's name.
        self.follow(&device.pieces, span, outside, depth + 1);
        let rulings = &device.rulings[self.signatures[number] as usize];
        for word in bits::touched(span) {
            let here = bits::mask(word, span);
            let public = setup.public[word] & here;
            let Scratch { pair, odd, past } = &mut *self.into;
            let open = pair.open[word] & !public | device.own_name.open[word] & public;
            let soft = pair.soft[word] & !public | device.own_name.soft[word] & public;
            let strange = odd[word] & !public | device.odd[word] & here;
            let pass = rulings.open[word];
            let named = rulings.named.as_ref().map_or(0, |n| n[word]);
            let perhaps = rulings.soft.as_ref().map_or(0, |s| s[word]);
            let through = open & pass;
            let unsure = (open | soft) & (pass | perhaps) & !through;
            pair.open[word] = pair.open[word] & !here | (through | device.taken.open[word] & named) & here;
            pair.soft[word] = pair.soft[word] & !here | (unsure | device.taken.soft[word] & named) & here;
            past[word] |= named & here;
            odd[word] = odd[word] & !here | strange & (pass | perhaps | named) & here;
        }
    }
}
