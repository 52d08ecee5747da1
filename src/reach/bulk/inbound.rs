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
    key
}

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
        let keys: Vec<Key> = (0..layout.width()).into_par_iter().map(|lane| key(setup, lane)).collect();
        let mut number: Fast<&Key, u32> = Fast::default();
        let mut distinct: Vec<&Key> = Vec::new();
        let mut of_lane: Vec<u32> = Vec::with_capacity(keys.len());
        for key in &keys {
            of_lane.push(*number.entry(key).or_insert_with(|| {
                distinct.push(key);
                distinct.len() as u32 - 1
            }));
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

/// Reads lists at rows that come in order.
pub(super) struct Cursor<'i> {
    inbound: &'i Inbound,
    next: Vec<u32>,
}

impl<'i> Cursor<'i> {
    pub(super) fn new(inbound: &'i Inbound) -> Self {
        Self { inbound, next: inbound.starts[..inbound.len()].to_vec() }
    }

    /// The value of a list at a row, which is none before the last one asked for.
    pub(super) fn at(&mut self, list: u32, row: u32) -> u8 {
        let end = self.inbound.starts[list as usize + 1];
        let next = &mut self.next[list as usize];
        while *next < end {
            let (from, to, value) = self.inbound.runs[*next as usize];
            if row < to {
                return if from <= row { value } else { 0 };
            }
            *next += 1;
        }
        0
    }
}
