//! Numbers that look random and are the same for ever.
//!
//! An estate of a seed is a fixture: benches and bug reports name it. The maintained generators do not promise the same
//! numbers across releases (`rand` says so of its standard one), or bring several crates for it; SplitMix64 (Steele, Lea
//! and Flood, 2014) is ten lines. Every resource draws from a stream of its own, so that a larger estate of the same
//! seed keeps what the smaller one has of each resource.

/// What a stream is for; streams of different topics are independent.
#[derive(Debug, Clone, Copy)]
pub(super) enum Topic {
    Spoke = 1,
    Subnet,
    Group,
    Machine,
    Firewall,
    Service,
}

/// A stream of numbers.
#[derive(Debug, Clone)]
pub(super) struct Random(u64);

impl Random {
    /// The stream of one resource.
    pub(super) fn new(seed: u64, topic: Topic, of: [usize; 2]) -> Self {
        let [a, b] = of.map(|n| n as u64);
        let mut state = Self(seed ^ ((topic as u64) << 56));
        for part in [a, b] {
            state.0 = state.next() ^ part.wrapping_mul(0xd6e8_feb8_6659_fd93);
        }
        state
    }

    /// 64 bits.
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below a limit; 0 for the limit 0.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        let product = u128::from(self.next()) * limit as u128;
        usize::try_from(product >> 64).unwrap_or(0)
    }

    /// True in so many of a hundred cases.
    pub(super) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of several, by percentages; the first takes what the others leave.
    pub(super) fn weighted<T: Copy>(&mut self, first: T, others: &[(usize, T)]) -> T {
        let mut left = self.below(100);
        for (percent, value) in others {
            if left < *percent {
                return *value;
            }
            left -= percent;
        }
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The published first outputs of SplitMix64 for the seed 1234567.
    #[test]
    fn the_numbers_are_those_of_splitmix64() {
        let mut random = Random(1_234_567);
        assert_eq!(
            [random.next(), random.next(), random.next()],
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn streams_differ_by_topic_and_resource() {
        let first = |topic, of| Random::new(7, topic, of).next();
        let all = [first(Topic::Spoke, [1, 0]), first(Topic::Subnet, [1, 0]), first(Topic::Spoke, [0, 1])];
        assert!(all[0] != all[1] && all[1] != all[2] && all[0] != all[2]);
    }

    #[test]
    fn percentages_are_kept() {
        let mut random = Random(3);
        let hits = (0..10_000).filter(|_| random.weighted('r', &[(12, 'a'), (30, 'b')]) == 'a').count();
        assert!((1_000..1_400).contains(&hits), "{hits}");
    }
}
