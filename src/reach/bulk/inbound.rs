//! The columns' side: for each column, which sources its filters let in, as runs of sources in order of address.

use super::{
    super::model::Fast,
    bits::within,
    rules::{Rule, runs},
    setup::Setup,
};
use rayon::prelude::*;

/// Lists of runs; the value of a run is 1 for let in and 2 for undecided, and nothing else is let in.
#[derive(Debug, Default)]
pub(super) struct Inbound {
    /// The list of each lane.
    pub(super) of_lane: Vec<u32>,
    starts: Vec<u32>,
    runs: Vec<Run>,
}

/// A run of sources and its value.
pub(super) type Run = (u32, u32, u8);

/// Which rules bear on a lane, by filter; and whether each surely does.
pub(super) type Key = Vec<(u32, u32, bool)>;

/// Which rules bear on a lane.
pub(super) fn key(setup: &Setup, lane: u32) -> Key {
    let mut key = Key::new();
    put_key(setup, lane, &mut key);
    key
}

fn put_key(setup: &Setup, lane: u32, key: &mut Key) {
    key.clear();
    let bit = 1_u64 << setup.layout.lanes[lane as usize].combination;
    for filter in setup.lane_filters[lane as usize].into_iter().flatten() {
        key.push((filter as u32, u32::MAX, true));
        for (number, rule) in (0_u32..).zip(&setup.filters[filter].into) {
            if rule.combinations & bit == 0 {
                continue;
            }
            if within(&rule.lanes, lane) {
                key.push((filter as u32, number, true));
            } else if within(&rule.maybe, lane) {
                key.push((filter as u32, number, false));
            }
        }
    }
}

/// The keys of lanes that follow each other, and how many have each: neighbours are mostly alike.
fn keys(setup: &Setup, lanes: std::ops::Range<u32>) -> Vec<(Key, u32)> {
    let mut found: Vec<(Key, u32)> = Vec::new();
    let mut now = Key::new();
    for lane in lanes {
        put_key(setup, lane, &mut now);
        match found.last_mut() {
            Some((last, count)) if *last == now => *count += 1,
            _ => found.push((now.clone(), 1)),
        }
    }
    found
}

/// Lanes whose keys are found at a time.
const CHUNK: u32 = 256;

/// What those rules let in.
pub(super) fn list_of(setup: &Setup, key: &Key) -> Vec<Run> {
    let mut filters: Vec<Vec<(&Rule, bool)>> = Vec::new();
    for (filter, rule, sure) in key {
        match (rule, filters.last_mut()) {
            (&u32::MAX, _) => filters.push(Vec::new()),
            (rule, Some(last)) => last.push((&setup.filters[*filter as usize].into[*rule as usize], *sure)),
            (_, None) => {}
        }
    }
    runs(setup.layout.height(), &filters)
}

impl Inbound {
    pub(super) fn new(setup: &Setup) -> Self {
        let layout = &setup.layout;
        let width = layout.width();
        let chunks = (0..width.div_ceil(CHUNK)).into_par_iter();
        let keys: Vec<Vec<(Key, u32)>> = chunks.map(|n| keys(setup, n * CHUNK..((n + 1) * CHUNK).min(width))).collect();
        let mut number: Fast<&Key, u32> = Fast::default();
        let mut distinct: Vec<&Key> = Vec::new();
        let mut of_lane: Vec<u32> = Vec::with_capacity(width as usize);
        for (key, count) in keys.iter().flatten() {
            let id = *number.entry(key).or_insert_with(|| {
                distinct.push(key);
                distinct.len() as u32 - 1
            });
            of_lane.extend(std::iter::repeat_n(id, *count as usize));
        }
        let made: Vec<Vec<Run>> = distinct.par_iter().map(|key| list_of(setup, key)).collect();
        let mut inbound = Self { starts: vec![0], ..Self::default() };
        let mut known: Fast<Vec<Run>, u32> = Fast::default();
        let mut list_of: Vec<u32> = Vec::with_capacity(made.len());
        for list in made {
            let next = inbound.starts.len() as u32 - 1;
            let id = *known.entry(list).or_insert_with_key(|list| {
                inbound.runs.extend(list);
                inbound.starts.push(inbound.runs.len() as u32);
                next
            });
            list_of.push(id);
        }
        inbound.of_lane = of_lane.into_iter().map(|k| list_of[k as usize]).collect();
        inbound
    }

    /// Number of lists.
    pub(super) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    pub(super) fn sizes(&self) -> (usize, usize) {
        (self.len(), self.runs.len())
    }

    /// Adds a list.
    pub(super) fn add(&mut self, list: &[Run]) -> u32 {
        self.runs.extend(list);
        self.starts.push(self.runs.len() as u32);
        self.len() as u32 - 1
    }

    pub(super) fn list(&self, id: u32) -> &[Run] {
        &self.runs[self.starts[id as usize] as usize..self.starts[id as usize + 1] as usize]
    }

    /// Where runs begin and end, each with its list and value, in order of the rows.
    pub(super) fn ends(&self) -> Vec<(u32, u32, u8)> {
        let mut ends: Vec<(u32, u32, u8)> = Vec::with_capacity(self.runs.len() * 2);
        for list in 0..self.len() as u32 {
            let runs = self.list(list).iter();
            ends.extend(runs.flat_map(|(from, to, value)| [(*from, list, *value), (*to, list, *value)]));
        }
        ends.sort_unstable();
        ends
    }

    /// What a lane's filters make of a row: 0, 1 or 2.
    pub(super) fn at(&self, lane: u32, row: u32) -> u8 {
        value(self.list(self.of_lane[lane as usize]), row)
    }
}

/// The value of a list at a row: 0, 1 or 2.
pub(super) fn value(list: &[Run], row: u32) -> u8 {
    let next = list.partition_point(|r| r.1 <= row);
    list.get(next).filter(|r| r.0 <= row).map_or(0, |r| r.2)
}

/// The values of all lists at rows that come in order.
pub(super) struct Values<'i> {
    now: Vec<u8>,
    /// Ends of runs behind the row.
    rest: &'i [(u32, u32, u8)],
}

impl<'i> Values<'i> {
    /// At a row; `ends` are those of all lists.
    pub(super) fn new(inbound: &Inbound, ends: &'i [(u32, u32, u8)], row: u32) -> Self {
        let now = (0..inbound.len() as u32).map(|list| value(inbound.list(list), row)).collect();
        Self { now, rest: &ends[ends.partition_point(|(at, ..)| *at <= row)..] }
    }

    /// Goes on to a row that is not before the last one.
    pub(super) fn go_to(&mut self, row: u32) {
        while let Some(((_, list, value), rest)) = self.rest.split_first().filter(|((at, ..), _)| *at <= row) {
            self.now[*list as usize] ^= value;
            self.rest = rest;
        }
    }

    pub(super) fn of(&self, list: u32) -> u8 {
        self.now[list as usize]
    }
}
