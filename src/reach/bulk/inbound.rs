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
    runs: Vec<(u32, u32, u8)>,
}

/// Which rules bear on a lane, by filter; and whether each surely does.
type Key = Vec<(u32, u32, bool)>;

impl Inbound {
    pub(super) fn new(setup: &Setup<'_, '_>) -> Self {
        let layout = setup.layout;
        let keys: Vec<Key> = (0..layout.width())
            .into_par_iter()
            .map(|lane| {
                let mut key = Key::new();
                let bit = 1_u64 << layout.lanes[lane as usize].combination;
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
            })
            .collect();
        let mut number: Fast<&Key, u32> = Fast::default();
        let mut distinct: Vec<&Key> = Vec::new();
        let mut of_lane: Vec<u32> = Vec::with_capacity(keys.len());
        for key in &keys {
            of_lane.push(*number.entry(key).or_insert_with(|| {
                distinct.push(key);
                distinct.len() as u32 - 1
            }));
        }
        let made: Vec<Vec<(u32, u32, u8)>> = distinct
            .par_iter()
            .map(|key| {
                let mut filters: Vec<Vec<(&Rule, bool)>> = Vec::new();
                for (filter, rule, sure) in key.iter() {
                    match (rule, filters.last_mut()) {
                        (&u32::MAX, _) => filters.push(Vec::new()),
                        (rule, Some(last)) => last.push((&setup.filters[*filter as usize].into[*rule as usize], *sure)),
                        (_, None) => {}
                    }
                }
                runs(layout.height(), &filters)
            })
            .collect();
        let mut inbound = Self { starts: vec![0], ..Self::default() };
        let mut known: Fast<Vec<(u32, u32, u8)>, u32> = Fast::default();
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

    pub(super) fn list(&self, id: u32) -> &[(u32, u32, u8)] {
        &self.runs[self.starts[id as usize] as usize..self.starts[id as usize + 1] as usize]
    }

    /// What a lane's filters make of a row: 0, 1 or 2.
    pub(super) fn at(&self, lane: u32, row: u32) -> u8 {
        let list = self.list(self.of_lane[lane as usize]);
        let next = list.partition_point(|r| r.1 <= row);
        list.get(next).filter(|r| r.0 <= row).map_or(0, |r| r.2)
    }
}
