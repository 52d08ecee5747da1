//! Minimal classes: sources that get the same answers everywhere, and columns that give the same answers to all.
//!
//! Rows are compared by content. What one side says across the other is looked up by a hash of 128 bits, and compared by
//! content on a hit, so that nothing rests on luck.

use super::{
    super::{Totals, model::Fast},
    Bulk, bits,
    inbound::{Inbound, Values},
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
        let height = layout.height() as usize;
        let (mut minimal, mut lanes) = (Self::default(), Self::default());
        rayon::join(|| minimal.of_rows(height, forward, inbound), || lanes.of_lanes(layout, forward, inbound));
        let Self { of_lane, lanes, standing, .. } = lanes;
        Self { of_lane, lanes, standing, ..minimal }
    }

    /// Sources: which lists hold where, in one sweep over the ends of their runs.
    fn of_rows(&mut self, height: usize, forward: &Forward, inbound: &Inbound) {
        let ends = inbound.ends();
        // Two bits for each list: let in, undecided.
        let stride = bits::words(inbound.len()) * 2;
        let mut now = vec![0_u64; stride];
        let mut hash = 0_u128;
        let mut next = ends.as_slice();
        let mut classes = Contents::new(stride);
        for row in 0..height as u32 {
            while let Some(((_, list, value), rest)) = next.split_first().filter(|((at, ..), _)| *at <= row) {
                let half = if *value == 1 { 0 } else { stride / 2 };
                now[half + *list as usize / 64] ^= 1 << (list % 64);
                hash ^= key(u64::from(*list) * 4 + u64::from(*value));
                next = rest;
            }
            let content = forward.of_row[row as usize];
            let alone = if forward.contents[content as usize].odd.is_some() { row } else { super::NONE };
            let (class, fresh) = classes.class((content, alone, 0), hash, &now, &[]);
            if fresh {
                self.rows.push(row);
            }
            self.of_row.push(class);
        }
    }

    /// Columns: which rows are open there, by turning the rows' words around, some columns at a time.
    fn of_lanes(&mut self, layout: &Layout, forward: &Forward, inbound: &Inbound) {
        let width = layout.width() as usize;
        self.standing = vec![0; bits::words(width)];
        let mut planes: Vec<&[u64]> = forward.contents.iter().map(|c| &*c.open).collect();
        for content in &forward.contents {
            planes.extend(content.soft.iter().chain(&content.past).map(|row| &**row));
        }
        let mut odd = vec![0_u64; bits::words(width)];
        // By column, then by content: counted first, so that nothing need be sorted.
        let mut next = vec![0_u32; width + 1];
        for content in &forward.contents {
            if let Some(row) = &content.odd {
                odd.iter_mut().zip(row.iter()).for_each(|(a, b)| *a |= b);
            }
            content.special.iter().for_each(|(lane, _)| next[*lane as usize + 1] += 1);
        }
        let mut sum = 0;
        for count in &mut next {
            sum += *count;
            *count = sum;
        }
        let mut special = vec![(0_u32, 0_u32, Verdict::Blocked); sum as usize];
        for (number, content) in (0_u32..).zip(&forward.contents) {
            for (lane, verdict) in &content.special {
                let at = &mut next[*lane as usize];
                special[*at as usize] = (*lane, number, *verdict);
                *at += 1;
            }
        }
        let mut rest = special.as_slice();
        let stride = bits::words(planes.len()).max(1);
        let mut classes = Contents::new(stride);
        let mut turned = vec![0_u64; TILE * 64 * stride];
        for first in (0..bits::words(width)).step_by(TILE) {
            turn(&planes, first, stride, &mut turned);
            for (at, column) in turned.chunks_exact(stride.max(1)).enumerate() {
                let lane = (first * 64 + at) as u32;
                if lane as usize >= width {
                    break;
                }
                let here = rest.partition_point(|(l, ..)| *l <= lane);
                let (unusual, later) = rest.split_at(here);
                rest = later;
                let mut hash = hash_of(column);
                for (_, content, verdict) in unusual {
                    let kind = Verdict::ALL.iter().position(|v| v == verdict).unwrap_or(0) as u64;
                    hash ^= key(u64::from(*content) * 16 + kind);
                }
                let alone = if bits::get(&odd, lane) { lane } else { super::NONE };
                let public = u32::from(layout.lanes[lane as usize].public);
                let apart = (inbound.of_lane[lane as usize], alone, public);
                let (class, fresh) = classes.class(apart, hash, column, unusual);
                if fresh {
                    self.lanes.push(lane);
                    bits::set(&mut self.standing, lane);
                }
                self.of_lane.push(class);
            }
        }
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
        let at =
            |verdict: Option<Verdict>| verdict.and_then(|v| Verdict::ALL.iter().position(|w| *w == v)).unwrap_or(7);
        // By lane: its list, how often an open one counts, and as what.
        let usual: Vec<(u32, u8, u64)> = (0..bulk.kinds.len())
            .map(|lane| {
                let kind = at(Some(bulk.kinds[lane])) as u8;
                (bulk.inbound.of_lane[lane], kind, widths[self.of_lane[lane] as usize])
            })
            .collect();
        let ends = bulk.inbound.ends();
        let (blocked, unknown) = (at(Some(Verdict::Blocked)), at(Some(Verdict::Unknown)));
        let counts = self
            .rows
            .par_chunks(ROWS)
            .zip(heights.par_chunks(ROWS))
            .map(|(rows, heights)| {
                let mut found = [0_u64; 8];
                let mut lists = Values::new(&bulk.inbound, &ends, rows.first().copied().unwrap_or(0));
                for (row, height) in rows.iter().zip(heights).filter(|(_, height)| **height > 0) {
                    let content = &bulk.forward.contents[bulk.forward.of_row[*row as usize] as usize];
                    lists.go_to(*row);
                    // Open columns whose verdict is not the usual one.
                    let mut unusual =
                        content.past.as_ref().map_or_else(|| vec![0; self.standing.len()], |p| p.to_vec());
                    content.special.iter().for_each(|(lane, _)| bits::set(&mut unusual, *lane));
                    let mut counted = 0;
                    for (word, standing) in self.standing.iter().enumerate() {
                        let mut rest = !content.closed_word(word) & standing;
                        let simple = content.open[word] & !content.odd_word(word) & !unusual[word];
                        while rest != 0 {
                            let (lane, bit) = (word * 64 + rest.trailing_zeros() as usize, rest & rest.wrapping_neg());
                            rest ^= bit;
                            let (list, kind, width) = usual[lane];
                            let verdict = match simple & bit {
                                0 => at(bulk.of_row(*row, lane as u32)),
                                _ => match lists.of(list) {
                                    0 => blocked,
                                    1 => kind as usize,
                                    _ => unknown,
                                },
                            };
                            found[verdict] += width * height;
                            counted += width;
                        }
                    }
                    found[blocked] += (all - counted) * height;
                }
                found
            })
            .reduce(|| [0; 8], |a, b| std::array::from_fn(|i| a[i] + b[i]));
        for (verdict, count) in Verdict::ALL.iter().zip(counts) {
            totals.add_verdict(Some(*verdict), count);
        }
        totals.add_verdict(None, counts[7]);
    }
}

/// Rows that are counted at a time.
const ROWS: usize = 256;

/// Open columns of another verdict than usual, with the row's content.
type Unusual = [(u32, u32, Verdict)];

/// What keeps contents apart beside their words, and the hash of the words.
type Key = ((u32, u32, u32), u128);

/// Contents of classes, by hash.
struct Contents {
    stride: usize,
    stored: Vec<u64>,
    unusual: Vec<Box<Unusual>>,
    known: Fast<Key, Vec<u32>>,
}

impl Contents {
    fn new(stride: usize) -> Self {
        Self { stride, stored: Vec::new(), unusual: Vec::new(), known: Fast::default() }
    }

    /// The class of a content, and whether it is new. Others with the same hash are compared.
    fn class(&mut self, apart: (u32, u32, u32), hash: u128, content: &[u64], unusual: &Unusual) -> (u32, bool) {
        let Self { stride, stored, unusual: all, known } = self;
        let alike = known.entry((apart, hash)).or_default();
        let same = |class: &u32| {
            let at = *class as usize;
            let other = all[at].iter().map(|(_, content, verdict)| (content, verdict));
            stored[at * *stride..(at + 1) * *stride] == content[..*stride]
                && other.eq(unusual.iter().map(|(_, content, verdict)| (content, verdict)))
        };
        if let Some(class) = alike.iter().copied().find(same) {
            return (class, false);
        }
        let class = all.len() as u32;
        alike.push(class);
        stored.extend(&content[..*stride]);
        all.push(unusual.into());
        (class, true)
    }
}

fn hash_of(words: &[u64]) -> u128 {
    let (mut a, mut b) = (0x243f_6a88_85a3_08d3_u64, 0x1319_8a2e_0370_7344_u64);
    for word in words {
        a = (a ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
        b = (b.rotate_left(23) ^ word).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    }
    u128::from(a) << 64 | u128::from(b)
}

/// Words of columns that are turned around at a time: what one line of the cache holds.
const TILE: usize = 8;

/// Some words of rows as columns, one after the other.
fn turn(planes: &[&[u64]], first: usize, stride: usize, into: &mut [u64]) {
    let mut block = [[0_u64; 64]; TILE];
    for (number, rows) in planes.chunks(64).enumerate() {
        for (row, plane) in rows.iter().enumerate() {
            for (at, word) in block.iter_mut().enumerate() {
                word[row] = plane.get(first + at).copied().unwrap_or(0);
            }
        }
        for (at, word) in block.iter_mut().enumerate() {
            word[rows.len()..].fill(0);
            transpose(word);
            for (lane, bits) in word.iter().enumerate() {
                into[(at * 64 + lane) * stride + number] = *bits;
            }
        }
    }
}

/// Turns a square of bits around: bit `j` of word `i` becomes bit `i` of word `j`.
fn transpose(square: &mut [u64; 64]) {
    let mut half = 32;
    let mut mask = u64::from(u32::MAX);
    while half != 0 {
        let mut row = 0;
        while row < 64 {
            let swap = (square[row] >> half ^ square[row + half]) & mask;
            square[row] ^= swap << half;
            square[row + half] ^= swap;
            row = (row + half + 1) & !half;
        }
        half /= 2;
        mask ^= mask << half;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_are_turned_around() {
        let mut square: [u64; 64] = std::array::from_fn(|i| key(i as u64) as u64);
        let before = square;
        transpose(&mut square);
        for (i, row) in before.iter().enumerate() {
            for (j, column) in square.iter().enumerate() {
                assert_eq!(row >> j & 1, column >> i & 1);
            }
        }
    }

    #[test]
    fn equal_hashes_of_different_contents_are_two_classes() {
        let mut classes = Contents::new(2);
        let apart = (0, 0, 0);
        assert_eq!(classes.class(apart, 7, &[1, 2], &[]), (0, true));
        assert_eq!(classes.class(apart, 7, &[1, 3], &[]), (1, true));
        assert_eq!(classes.class(apart, 7, &[1, 2], &[(5, 1, Verdict::Backbone)]), (2, true));
        assert_eq!(classes.class(apart, 7, &[1, 3], &[]), (1, false));
        assert_eq!(classes.class(apart, 7, &[1, 2], &[(9, 1, Verdict::Backbone)]), (2, false));
    }
}
