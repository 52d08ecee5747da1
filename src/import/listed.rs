//! Lists of names by type, as data files of the importers hold them.

use std::collections::BTreeMap;

/// What is known of the properties of an object, or of the attributes of a block.
#[derive(Debug, Default)]
pub(super) struct Listed {
    /// Those that are read.
    pub(super) read: Vec<&'static str>,
    /// Those that become items of their own.
    pub(super) parts: Vec<&'static str>,
    /// Those that have no part in reachability; `*` stands for all others, `~` for those that do not speak of the network.
    pub(super) beside: Vec<&'static str>,
    /// Those that have no part while they are off.
    pub(super) off: Vec<&'static str>,
    /// The key of the list that counts instead.
    pub(super) like: Option<String>,
}

/// Shorter names resemble each other by accident.
const LONG: usize = 10;

/// What stands for names that the author of a design chooses.
pub(super) const NAME: &str = "<name>";

impl Listed {
    /// Whether a name has no part in reachability.
    pub(super) fn passes(&self, name: &str) -> bool {
        self.beside.iter().any(|n| *n == name || *n == "*")
    }

    /// Whether only names that speak of the network count.
    pub(super) fn is_loose(&self) -> bool {
        self.beside.contains(&"~")
    }

    /// A name that is read and that another one resembles, as if it were misspelt.
    pub(super) fn resembled(&self, name: &str) -> Option<&'static str> {
        let close = |known: &&str| {
            let long = known.len() >= LONG && name.len() >= LONG;
            long && matches!(strsim::damerau_levenshtein(known, name), 1..=2)
        };
        // Where only the network counts, what stands beside it is read elsewhere.
        let beside = self.beside.iter().filter(|_| self.is_loose());
        self.read.iter().chain(beside).copied().find(close)
    }

    /// The entry by which a name is read.
    pub(super) fn reads(&self, name: &str) -> Option<&'static str> {
        self.read.iter().copied().find(|n| *n == name || *n == NAME)
    }
}

/// Lists by their keys: a type, or a type and a path inside it.
#[derive(Debug, Default)]
pub(super) struct Lists {
    all: BTreeMap<&'static str, Listed>,
}

impl Lists {
    /// Reads a file: a key on a line of its own, below it lines that begin with `read`, `parts`, `beside`, `off` or
    /// `like`, and their continuations, which stand further in.
    pub(super) fn new(text: &'static str) -> Self {
        let mut all: BTreeMap<&'static str, Listed> = BTreeMap::new();
        let (mut key, mut list) = ("", "");
        for line in text.lines().filter(|l| !l.starts_with('#')) {
            if !line.starts_with(' ') {
                key = line.trim();
                if !key.is_empty() {
                    all.entry(key).or_default();
                }
                continue;
            }
            let Some(row) = all.get_mut(key) else { continue };
            let mut words = line.split_whitespace();
            if !line.starts_with("    ") {
                list = words.next().unwrap_or_default();
            }
            match list {
                "read" => row.read.extend(words),
                "parts" => row.parts.extend(words),
                "off" => row.off.extend(words),
                "like" => row.like = Some(words.collect::<Vec<_>>().join(" ")),
                _ => row.beside.extend(words),
            }
        }
        Self { all }
    }

    /// The list of a key, with the key that it is found by at last.
    pub(super) fn get(&self, key: &str) -> Option<(&'static str, &Listed)> {
        let (key, row) = self.all.get_key_value(key)?;
        match &row.like {
            Some(other) => self.get(other),
            None => Some((key, row)),
        }
    }

    /// All lists.
    #[cfg(test)]
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static str, &Listed)> {
        self.all.iter().map(|(key, row)| (*key, row))
    }
}
