//! Parts of a matrix that are solved apart, without a word between them.

use super::{Asker, source};
use crate::{
    dataplane::Plane,
    reach::{Source, classes_of},
};
use std::str::FromStr;

/// One of several parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    index: usize,
    count: usize,
}

impl Shard {
    /// Whether it is the first, which writes the header.
    #[must_use]
    pub fn is_first(self) -> bool {
        self.index == 0
    }
}

impl FromStr for Shard {
    type Err = String;

    /// Reads `1/4`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || format!("`{text}` is not a part such as 1/4");
        let (index, count) = text.split_once('/').ok_or_else(bad)?;
        let (index, count): (usize, usize) = (index.parse().map_err(|_| bad())?, count.parse().map_err(|_| bad())?);
        if index == 0 || index > count {
            return Err(bad());
        }
        Ok(Self { index: index - 1, count })
    }
}

/// Clients in order of their classes, or the part of them that belongs to a shard: whole classes, so that the lines of
/// all shards together are the lines of one run.
#[must_use]
pub fn sharded<'p>(plane: &Plane, clients: Vec<Asker<'p>>, shard: Option<Shard>) -> Vec<Asker<'p>> {
    let sources: Vec<Source> = clients.iter().map(|c| source(c.client)).collect();
    let classes = classes_of(plane, &sources);
    let Shard { index, count } = shard.unwrap_or(Shard { index: 0, count: 1 });
    let cut = |i: usize| classes.len() * i / count;
    let mut numbered: Vec<(usize, Asker<'p>)> =
        clients.into_iter().enumerate().map(|(i, c)| (classes.class(i).unwrap_or(0), c)).collect();
    numbered.retain(|(class, _)| (cut(index)..cut(index + 1)).contains(class));
    numbered.sort_by_key(|(class, _)| *class);
    numbered.into_iter().map(|(_, c)| c).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_counted_from_one() {
        assert!("1/4".parse::<Shard>().is_ok_and(Shard::is_first));
        for bad in ["0/4", "5/4", "1", "a/b", "1/0"] {
            assert!(bad.parse::<Shard>().is_err(), "{bad}");
        }
    }
}
