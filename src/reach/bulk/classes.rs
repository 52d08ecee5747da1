//! Minimal classes: sources that get the same answers everywhere, and columns that give the same answers to all.
//!
//! Rows are compared by content. Columns of the one side across the other are compared by a hash of 128 bits with fixed
//! keys: the exclusive or of the keys of everything that holds there.

use super::{
    super::{Totals, model::Fast},
    Bulk, bits,
    inbound::Inbound,
    layout::Layout,
    rows::Forward,
};
use crate::verdict::{Verdict, Word};
use rayon::prelude::*;

/// Classes with one member that stands for each.
#[derive(Debug, Default)]
pub(super) struct Minimal {
    pub(super) of_row: Vec<u32>,
    pub(super) of_lane: Vec<u32>,
    rows: Vec<u32>,
    lanes: Vec<u32>,
    /// Lanes that stand for their class, as bits.
    standing: Vec<u64>,
}

/// A key for the hash of whatever has this number.
pub(super) fn key(number: u64) -> u128 {
    let mix = |seed: u64| {
        let mut z = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x6a09_e667_f3bc_c908;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    let low = mix(number.wrapping_mul(2).wrapping_add(1));
    u128::from(low) << 64 | u128::from(mix(low ^ number.rotate_left(32)))
}

impl Minimal {
    pub(super) fn new(layout: &Layout, forward: &Forward, inbound: &Inbound) -> Self {
        let (height, width) = (layout.height() as usize, layout.width() as usize);
        // Sources: which lists hold where.
        let mut change = vec![0_u128; height + 1];
        for list in 0..inbound.len() as u32 {
            for (from, to, value) in inbound.list(list) {
                let key = key(u64::from(list) * 4 + u64::from(*value));
                change[*from as usize] ^= key;
                change[*to as usize] ^= key;
            }
        }
        let mut minimal = Self { standing: vec![0; bits::words(width)], ..Self::default() };
        let mut known: Fast<(u32, u128, u32), u32> = Fast::default();
        let mut hash = 0;
        for row in 0..height as u32 {
            hash ^= change[row as usize];
            let content = forward.of_row[row as usize];
            let alone = if forward.contents[content as usize].odd.is_some() { row } else { super::NONE };
            let next = minimal.rows.len() as u32;
            let class = *known.entry((content, hash, alone)).or_insert(next);
            if class == next {
                minimal.rows.push(row);
            }
            minimal.of_row.push(class);
        }
        // Columns: which rows are open there.
        let numbered: Vec<(usize, &super::rows::Content)> = forward.contents.iter().enumerate().collect();
        let (changes, odd) = numbered
            .par_chunks(256)
            .map(|chunk| {
                let mut change = vec![0_u128; width + 1];
                let mut odd = vec![0_u64; bits::words(width)];
                for (number, content) in chunk {
                    let number = *number as u64 * 16;
                    edges(&content.open, width, key(number), &mut change);
                    if let Some(soft) = &content.soft {
                        edges(soft, width, key(number + 1), &mut change);
                    }
                    if let Some(past) = &content.past {
                        edges(past, width, key(number + 1 + 10), &mut change);
                    }
                    for (lane, verdict) in &content.special {
                        let kind = Verdict::WORDS.iter().position(|w| *w == verdict.as_str()).unwrap_or(0) as u64;
                        let key = key(number + 2 + kind);
                        change[*lane as usize] ^= key;
                        change[*lane as usize + 1] ^= key;
                    }
                    if let Some(row) = &content.odd {
                        odd.iter_mut().zip(row.iter()).for_each(|(a, b)| *a |= b);
                    }
                }
                (change, odd)
            })
            .reduce(
                || (vec![0; width + 1], vec![0; bits::words(width)]),
                |(mut a, mut c), (b, d)| {
                    a.iter_mut().zip(b).for_each(|(a, b)| *a ^= b);
                    c.iter_mut().zip(d).for_each(|(c, d)| *c |= d);
                    (a, c)
                },
            );
        let mut known: Fast<(u32, u128, bool, u32), u32> = Fast::default();
        let mut hash = 0;
        for lane in 0..width as u32 {
            hash ^= changes[lane as usize];
            let alone = if bits::get(&odd, lane) { lane } else { super::NONE };
            let next = minimal.lanes.len() as u32;
            let public = layout.lanes[lane as usize].public;
            let class = *known.entry((inbound.of_lane[lane as usize], hash, public, alone)).or_insert(next);
            if class == next {
                minimal.lanes.push(lane);
                bits::set(&mut minimal.standing, lane);
            }
            minimal.of_lane.push(class);
        }
        minimal
    }

    pub(super) fn sources(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn lanes(&self) -> usize {
        self.lanes.len()
    }

    /// Adds the pairs of rows and lanes that count with a weight.
    pub(super) fn count(&self, bulk: &Bulk, rows: &[u64], lanes: &[u64], totals: &mut Totals) {
        let mut heights = vec![0_u64; self.rows.len()];
        rows.iter().zip(&self.of_row).for_each(|(n, class)| heights[*class as usize] += n);
        let mut widths = vec![0_u64; self.lanes.len()];
        lanes.iter().zip(&self.of_lane).for_each(|(n, class)| widths[*class as usize] += n);
        let all: u64 = widths.iter().sum();
        let counts = self
            .rows
            .par_iter()
            .zip(&heights)
            .filter(|(_, height)| **height > 0)
            .map(|(row, height)| {
                let content = &bulk.forward.contents[bulk.forward.of_row[*row as usize] as usize];
                let mut found = [0_u64; 8];
                let mut add = |verdict: Option<Verdict>, lane: u32| {
                    let at = verdict.and_then(|v| Verdict::ALL.iter().position(|w| *w == v)).unwrap_or(7);
                    found[at] += widths[self.of_lane[lane as usize] as usize] * height;
                };
                let standing =
                    |row: &[u64]| -> Vec<u64> { row.iter().zip(&self.standing).map(|(a, b)| a & b).collect() };
                let mut rest = standing(&content.open);
                for other in content.soft.iter().chain(&content.odd) {
                    rest.iter_mut().zip(other.iter().zip(&self.standing)).for_each(|(a, (b, c))| *a |= b & c);
                }
                bits::ones(&rest).for_each(|lane| add(bulk.of_row(*row, lane), lane));
                let blocked = Verdict::ALL.iter().position(|w| *w == Verdict::Blocked).unwrap_or(7);
                found[blocked] += all * height - found.iter().sum::<u64>();
                found
            })
            .reduce(|| [0; 8], |a, b| std::array::from_fn(|i| a[i] + b[i]));
        for (verdict, count) in Verdict::ALL.iter().zip(counts) {
            totals.add_verdict(Some(*verdict), count);
        }
        totals.add_verdict(None, counts[7]);
    }
}

/// Notes a key wherever a row's bits begin or end.
fn edges(row: &[u64], width: usize, key: u128, change: &mut [u128]) {
    let mut before = 0;
    for (word, bits) in row.iter().enumerate() {
        let mut edges = bits ^ (bits << 1 | before);
        before = bits >> 63;
        while edges != 0 {
            let at = word * 64 + edges.trailing_zeros() as usize;
            edges &= edges - 1;
            if at <= width {
                change[at] ^= key;
            }
        }
    }
    if before == 1 && row.len() * 64 <= width {
        change[row.len() * 64] ^= key;
    }
}
