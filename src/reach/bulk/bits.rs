//! Rows of bits, and operations on ranges of them.

/// A range of positions.
pub(super) type Span = (u32, u32);

pub(super) fn words(bits: usize) -> usize {
    bits.div_ceil(64)
}

/// The bits of one word that lie in a range.
pub(super) fn mask(word: usize, (from, to): Span) -> u64 {
    let start = (word * 64) as u32;
    if to <= start || from >= start + 64 || from >= to {
        return 0;
    }
    let low = from.saturating_sub(start);
    let high = (to - start).min(64);
    let below = if high == 64 { u64::MAX } else { (1 << high) - 1 };
    below & (u64::MAX << low)
}

/// Words that a range touches.
pub(super) fn touched((from, to): Span) -> std::ops::Range<usize> {
    if from >= to { 0..0 } else { (from / 64) as usize..((to as usize - 1) / 64 + 1) }
}

pub(super) fn get(row: &[u64], at: u32) -> bool {
    row[(at / 64) as usize] >> (at % 64) & 1 == 1
}

pub(super) fn set(row: &mut [u64], at: u32) {
    row[(at / 64) as usize] |= 1 << (at % 64);
}

pub(super) fn put(row: &mut [u64], at: u32, value: bool) {
    let bit = 1 << (at % 64);
    let word = &mut row[(at / 64) as usize];
    *word = if value { *word | bit } else { *word & !bit };
}

pub(super) fn fill(row: &mut [u64], span: Span) {
    for word in touched(span) {
        row[word] |= mask(word, span);
    }
}

/// Copies a range of one row into another.
pub(super) fn copy(into: &mut [u64], from: &[u64], span: Span) {
    for word in touched(span) {
        let here = mask(word, span);
        into[word] = into[word] & !here | from[word] & here;
    }
}

/// Positions of a row's bits, in order.
pub(super) fn ones(row: &[u64]) -> impl Iterator<Item = u32> + '_ {
    row.iter().enumerate().flat_map(|(w, bits)| {
        let mut rest = *bits;
        std::iter::from_fn(move || {
            if rest == 0 {
                return None;
            }
            let at = rest.trailing_zeros();
            rest &= rest - 1;
            Some(w as u32 * 64 + at)
        })
    })
}

/// Whether a position lies in any of some ranges in order.
pub(super) fn within(spans: &[Span], at: u32) -> bool {
    let next = spans.partition_point(|s| s.1 <= at);
    spans.get(next).is_some_and(|s| s.0 <= at)
}

/// What two lists of ranges in order have in common, in order.
pub(super) fn common(a: &[Span], b: &[Span]) -> Vec<Span> {
    let mut found = Vec::new();
    for one in a {
        let first = b.partition_point(|two| two.1 <= one.0);
        let ahead = b[first..].iter().take_while(|two| two.0 < one.1);
        found.extend(ahead.map(|two| (one.0.max(two.0), one.1.min(two.1))));
    }
    settle(found)
}

/// Puts ranges in order and joins those that touch.
pub(super) fn settle(mut spans: Vec<Span>) -> Vec<Span> {
    put_in_order(&mut spans);
    spans
}

/// The same where they are.
pub(super) fn put_in_order(spans: &mut Vec<Span>) {
    spans.retain(|s| s.0 < s.1);
    if !spans.is_sorted() {
        spans.sort_unstable();
    }
    spans.dedup_by(|next, last| {
        let touch = next.0 <= last.1;
        if touch {
            last.1 = last.1.max(next.1);
        }
        touch
    });
}

/// Ranges in order. Most rules name one, which needs no room of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Spans {
    One(Span),
    Several(Box<[Span]>),
}

impl From<&[Span]> for Spans {
    fn from(all: &[Span]) -> Self {
        match all {
            [only] => Self::One(*only),
            all => Self::Several(all.into()),
        }
    }
}

impl std::ops::Deref for Spans {
    type Target = [Span];

    fn deref(&self) -> &[Span] {
        match self {
            Self::One(only) => std::slice::from_ref(only),
            Self::Several(all) => all,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_across_words() {
        let mut row = vec![0_u64; 4];
        fill(&mut row, (60, 130));
        assert_eq!(ones(&row).collect::<Vec<_>>(), (60..130).collect::<Vec<_>>());
        let spans = settle(vec![(5, 9), (1, 3), (3, 4), (200, 256)]);
        assert_eq!(spans, [(1, 4), (5, 9), (200, 256)]);
        for at in 0..256 {
            assert_eq!(within(&spans, at), spans.iter().any(|s| mask((at / 64) as usize, *s) >> (at % 64) & 1 == 1));
        }
    }
}
