//! Which sources of one home the rules tell apart: each job is a set of sources that share one row.

use super::{
    super::model::Fast,
    bits::{self, words},
    rules::Rule,
    setup::Setup,
};
use rayon::prelude::*;

/// Sources of one home that the same rules name everywhere.
#[derive(Debug)]
pub(super) struct Job {
    /// Which rules of devices name them.
    pub(super) signature: u32,
    /// Filter of their interface.
    pub(super) own: Option<usize>,
    /// Rules of that filter, and of their segment's, that name them, as bits.
    pub(super) by_own: Box<[u64]>,
    pub(super) by_segment: Box<[u64]>,
    /// The sources, in order.
    pub(super) rows: Vec<u32>,
}

/// What devices' rules make of sources, each combination once.
#[derive(Debug, Default)]
pub(super) struct Signatures {
    of_row: Vec<u32>,
    all: Vec<Box<[u32]>>,
}

impl Signatures {
    pub(super) fn new(setup: &Setup) -> Self {
        let mut found = Self::default();
        let mut known: Fast<Box<[u32]>, u32> = Fast::default();
        let mut last: Vec<u32> = Vec::new();
        for row in 0..setup.home_of_row.len() {
            let now = setup.devices.iter().map(|d| d.signature[row]);
            // Neighbours are mostly alike.
            if row > 0 && now.clone().eq(last.iter().copied()) {
                found.of_row.push(found.of_row[row - 1]);
                continue;
            }
            last.clear();
            last.extend(now);
            let next = found.all.len() as u32;
            let id = *known.entry(last.clone().into_boxed_slice()).or_insert(next);
            if id == next {
                found.all.push(last.clone().into_boxed_slice());
            }
            found.of_row.push(id);
        }
        found
    }

    /// The signature at each device.
    pub(super) fn of(&self, id: u32) -> &[u32] {
        &self.all[id as usize]
    }
}

/// Rules that name a source going out.
pub(super) fn outgoing(setup: &Setup, filter: Option<usize>) -> &[Rule] {
    filter.map_or(&[], |f| setup.filters[f].out.as_slice())
}

/// Sources by home, in order.
pub(super) fn rows_of_homes(setup: &Setup) -> Vec<Vec<u32>> {
    let mut found: Vec<Vec<u32>> = vec![Vec::new(); setup.homes.len()];
    for (row, home) in (0_u32..).zip(&setup.home_of_row) {
        found[*home as usize].push(row);
    }
    found
}

/// Jobs of all homes.
pub(super) fn all(setup: &Setup, signatures: &Signatures) -> Vec<Vec<Job>> {
    let rows = rows_of_homes(setup);
    (0..setup.homes.len()).into_par_iter().map(|home| of_home(setup, signatures, home, &rows[home])).collect()
}

/// What sources must share to share a job.
type Signature<'a> = (u32, Option<usize>, Box<[u64]>, &'a [u64]);

/// Jobs of one home, those of one signature together.
pub(super) fn of_home(setup: &Setup, signatures: &Signatures, home: usize, rows: &[u32]) -> Vec<Job> {
    let rules = outgoing(setup, setup.homes[home].filter);
    let stride = words(rules.len());
    // One line of bits for each source, filled rule by rule.
    let mut named = vec![0_u64; stride * rows.len()];
    for (number, rule) in rules.iter().enumerate() {
        for span in rule.rows.iter() {
            let first = rows.partition_point(|r| *r < span.0);
            let last = first + rows[first..].partition_point(|r| *r < span.1);
            for at in first..last {
                named[at * stride + number / 64] |= 1 << (number % 64);
            }
        }
    }
    let mut found: Vec<Job> = Vec::new();
    let mut known: Fast<Signature<'_>, usize> = Fast::default();
    for (at, row) in rows.iter().enumerate() {
        let own = setup.row_filter[*row as usize];
        let mine = outgoing(setup, own);
        let mut by_own = vec![0_u64; words(mine.len())];
        for (number, _) in mine.iter().enumerate().filter(|(_, r)| bits::within(&r.rows, *row)) {
            by_own[number / 64] |= 1 << (number % 64);
        }
        let signature = signatures.of_row[*row as usize];
        let by_segment = &named[at * stride..(at + 1) * stride];
        let key = (signature, own, by_own.into_boxed_slice(), by_segment);
        match known.get(&key) {
            Some(job) => found[*job].rows.push(*row),
            None => {
                let by_own = key.2.clone();
                known.insert(key, found.len());
                found.push(Job { signature, own, by_own, by_segment: by_segment.into(), rows: vec![*row] });
            }
        }
    }
    found.sort_by_key(|j| j.signature);
    found
}
