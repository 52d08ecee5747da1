//! The sources' side: one row of bits over all columns for each way of being treated.

use super::{
    super::{Cell, model::Fast},
    NONE,
    bits::{self, Span},
    content::{At, Content},
    jobs::{self, Job, Signatures},
    layout::Layout,
    rules::Decided,
    scratch::Scratch,
    setup::Setup,
    ways::{self, Back},
};
use rayon::prelude::*;
use rustc_hash::{FxHashSet, FxHasher};
use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

#[derive(Debug, Default)]
pub(super) struct Forward {
    /// The content of each row of the layout.
    pub(super) of_row: Vec<u32>,
    pub(super) contents: Vec<Content>,
    /// Cells that are decided one by one, by row.
    pub(super) odd: Fast<u32, Vec<(u32, Cell)>>,
}

/// Groups of homes whose rows are made at a time, and homes of a group, which bounds memory.
const CHUNK: usize = 128;
const TOGETHER: usize = 16;

impl Forward {
    pub(super) fn new(setup: &Setup, signatures: &Signatures, jobs: &[Vec<Job>], end_runs: &[(Span, u32)]) -> Self {
        let mut forward = Self { of_row: vec![NONE; setup.home_of_row.len()], ..Self::default() };
        let mut known: Fast<u64, Vec<u32>> = Fast::default();
        let whole = (0, setup.layout.width());
        for chunk in alike(setup).chunks(CHUNK) {
            let made: Vec<Vec<Made<'_>>> = chunk
                .par_iter()
                .map(|homes| {
                    let jobs = homes.iter().flat_map(|home| jobs[*home as usize].iter().map(|job| (*home, job)));
                    of_homes(setup, signatures, end_runs, jobs.collect(), whole)
                })
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

/// Homes of which routes and answers treat columns alike, together.
fn alike(setup: &Setup) -> Vec<Vec<u32>> {
    let mut ways: Vec<&[u16]> = Vec::new();
    let mut seen: FxHashSet<usize> = FxHashSet::default();
    ways.extend(setup.back.iter().filter(|way| seen.insert(Arc::as_ptr(way).addr())).map(|way| way.as_slice()));
    ways.extend(setup.by_device.iter().map(Vec::as_slice));
    let mut hashes = vec![0_u64; setup.homes.len()];
    for way in &ways {
        hashes.iter_mut().zip(*way).for_each(|(hash, list)| {
            *hash = (hash.rotate_left(5) ^ u64::from(*list)).wrapping_mul(0x517c_c1b7_2722_0a95);
        });
    }
    let mut groups: Vec<Vec<u32>> = Vec::new();
    let mut known: Fast<(usize, usize, u64), Vec<usize>> = Fast::default();
    for (number, home) in (0_u32..).zip(&setup.homes) {
        let key = (Arc::as_ptr(&home.pieces).addr(), home.outside, hashes[number as usize]);
        let alike = known.entry(key).or_default();
        // Contents are compared on a hit, so that nothing rests on luck.
        let same = alike.iter().copied().find(|group| {
            let first = groups[*group][0];
            groups[*group].len() < TOGETHER && ways.iter().all(|w| w[first as usize] == w[number as usize])
        });
        match same {
            Some(group) => groups[group].push(number),
            None => {
                alike.push(groups.len());
                groups.push(vec![number]);
            }
        }
    }
    groups
}

/// Rows of jobs within a range of columns, equal ones once. The jobs are of homes whose columns lead to the same places, there
/// and back.
pub(super) fn of_homes<'j>(
    setup: &Setup,
    signatures: &Signatures,
    end_runs: &[(Span, u32)],
    mut jobs: Vec<(u32, &'j Job)>,
    span: Span,
) -> Vec<Made<'j>> {
    let Some((first, _)) = jobs.first().copied() else { return Vec::new() };
    jobs.sort_by_key(|(_, job)| job.signature);
    let width = setup.layout.lanes.len();
    let window = bits::touched(span);
    let back = Back::new(setup, end_runs, first as usize, span);
    let mut made: Vec<Made<'_>> = Vec::new();
    let mut known: Fast<u64, Vec<usize>> = Fast::default();
    // What all homes have in common, what one has, and what one job has.
    let (mut common, mut base, mut scratch) = (Scratch::new(width), Scratch::new(width), Scratch::new(width));
    let mut decided = Decided::default();
    let (mut signature, mut served) = (None, None);
    for (number, job) in jobs {
        let home = &setup.homes[number as usize];
        if signature != Some(job.signature) {
            (signature, served) = (Some(job.signature), None);
            common.clear(&window);
            ways::follow(&back, signatures.of(job.signature), span, &mut common);
        }
        let start = match &home.served {
            None => &common,
            Some(own) => {
                if served != Some(number) {
                    served = Some(number);
                    base.copy(&common, &window);
                    base.special.clone_from(&common.special);
                    base.serve(own, &window);
                }
                &base
            }
        };
        scratch.copy(start, &window);
        let filters = [(job.own, &job.by_own), (home.filter, &job.by_segment)];
        for (filter, numbers) in filters.into_iter().filter(|(f, _)| f.is_some()) {
            let all = jobs::outgoing(setup, filter);
            decided.run(width, span, &setup.ports, bits::ones(numbers).map(|n| &all[n as usize]));
            scratch.filter(&decided, &window);
        }
        let content = scratch.content(&window, &start.special);
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
