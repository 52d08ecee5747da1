//! Where the columns of a home lead, there and back.

use super::{
    answered::Answered,
    bits::{self, Span},
    device::Device,
    legs::{Leg, legs},
    places::{Lists, Pieces, To},
    rules::Rulings,
    scratch::Scratch,
    setup::Setup,
};
use crate::verdict::Verdict;
use std::ops::Range;

/// Firewalls behind each other before the rest is decided one by one.
pub(super) const MAX_DEVICES: usize = 6;

/// Which columns' answers come back through exactly the devices that saw the requests.
pub(super) struct Back<'b> {
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

impl<'b> Back<'b> {
    /// For a home, within a range of columns.
    pub(super) fn new(setup: &'b Setup, end_runs: &'b [(Span, u32)], home: usize, span: Span) -> Self {
        let empty = || vec![0_u64; bits::words(setup.layout.lanes.len())];
        let mut back = Self { setup, end_runs, home, open: empty(), odd: empty() };
        back.open[bits::touched(span)].fill(u64::MAX);
        back.follow(&setup.homes[home].pieces, span, &mut Vec::new());
        back
    }

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

/// Where the columns of a range lead from the home that answers were followed to, for one signature.
pub(super) fn follow(back: &Back<'_>, signatures: &[u32], span: Span, into: &mut Scratch) {
    let home = &back.setup.homes[back.home];
    let mut way = Way { setup: back.setup, signatures, back, into, there: Vec::new() };
    way.follow(&home.pieces, span, home.outside);
}

impl Way<'_> {
    /// The verdicts of what a device asks for itself, where they are not the usual ones.
    fn verdicts(&mut self, device: &Device, rulings: &Rulings, span: Span) {
        let special = &mut self.into.special;
        let (public, named) = (&self.setup.public, rulings.named.as_deref());
        let taken = |lane: u32| named.is_some_and(|n| bits::get(n, lane));
        let own = part(&device.own_special, span).iter().filter(|(l, _)| bits::get(&rulings.open, *l));
        let by_name = part(&device.taken_special, span).iter().filter(|(l, _)| taken(*l));
        let inner = range(special, span);
        let kept = special[inner.clone()].iter().filter(|(l, _)| !bits::get(public, *l) && !taken(*l));
        // What was taken over by name comes before what was asked for by address.
        let mut found: Vec<(u32, Verdict)> = by_name.chain(own).chain(kept).copied().collect();
        found.sort_by_key(|(lane, _)| *lane);
        found.dedup_by_key(|(lane, _)| *lane);
        special.splice(inner, found);
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
        let (mut closed, mut doubtful) = (Transports::default(), Transports::default());
        for (leg, tcp) in [(legs.0, true), (legs.1, false)] {
            match leg {
                Leg::Clear => {}
                Leg::Closed(_) => closed.add(tcp),
                Leg::Odd => doubtful.add(tcp),
            }
        }
        let window = bits::touched(span);
        let first = window.start;
        let Scratch { pair, odd, past, .. } = &mut *self.into;
        let (opened, soft) = (&mut pair.open[window.clone()], &mut pair.soft[window.clone()]);
        let (odd, past) = (&mut odd[window.clone()], &mut past[window.clone()]);
        let (public, others) = (&setup.public[window.clone()], &setup.others[window.clone()]);
        let (own_open, own_soft) = (&device.own_name.open[window.clone()], &device.own_name.soft[window.clone()]);
        let (taken_open, taken_soft) = (&device.taken.open[window.clone()], &device.taken.soft[window.clone()]);
        let (lost, strange) = (&device.lost[window.clone()], &device.odd[window.clone()]);
        let passes = &rulings.open[window.clone()];
        let perhaps = rulings.soft.as_ref().map(|row| &row[window.clone()]);
        let named = rulings.named.as_ref().map(|row| &row[window.clone()]);
        for at in 0..window.len() {
            let here = bits::mask(first + at, span);
            let public = public[at] & here;
            let (closed, doubtful) = (closed.of(others[at]), doubtful.of(others[at]));
            let own = (own_open[at] & !closed, own_soft[at] & !(closed & !lost[at]));
            let open = opened[at] & !public | own.0 & public;
            let unsure = soft[at] & !public | own.1 & public;
            let named = named.map_or(0, |n| n[at]);
            let single = odd[at] & !public | (strange[at] | doubtful & (public | named)) & here;
            let pass = passes[at];
            let taken = (taken_open[at] & !closed, taken_soft[at] & !closed);
            let perhaps = perhaps.map_or(0, |s| s[at]);
            let through = open & pass;
            let unsure = (open | unsure) & (pass | perhaps) & !through;
            opened[at] = opened[at] & !here | (through | taken.0 & named) & here;
            soft[at] = soft[at] & !here | (unsure | taken.1 & named) & here;
            past[at] |= named & here;
            odd[at] = odd[at] & !here | single & (pass | perhaps | named) & here;
        }
    }
}

/// Columns by whether they are of TCP.
#[derive(Debug, Clone, Copy, Default)]
struct Transports {
    tcp: u64,
    others: u64,
}

impl Transports {
    fn add(&mut self, tcp: bool) {
        *(if tcp { &mut self.tcp } else { &mut self.others }) = u64::MAX;
    }

    /// The columns of a word, of which some are of other transports.
    fn of(self, others: u64) -> u64 {
        self.tcp & !others | self.others & others
    }
}

/// Where the columns of a span are among some in order.
fn range(all: &[(u32, Verdict)], span: Span) -> Range<usize> {
    all.partition_point(|(l, _)| *l < span.0)..all.partition_point(|(l, _)| *l < span.1)
}

fn part(all: &[(u32, Verdict)], span: Span) -> &[(u32, Verdict)] {
    &all[range(all, span)]
}
