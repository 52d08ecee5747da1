//! Lists of names by type, as data files of the importers hold them.

use std::collections::BTreeMap;

/// What is known of a type's properties or attributes.
#[derive(Debug, Default)]
pub(super) struct Listed {
    /// Those that are read.
    pub(super) read: Vec<&'static str>,
    /// Those that have no part in reachability; `*` stands for all others.
    pub(super) beside: Vec<&'static str>,
}

impl Listed {
    /// Whether a name is listed.
    pub(super) fn holds(&self, name: &str) -> bool {
        [&self.read, &self.beside].into_iter().any(|list| list.iter().any(|n| *n == name || *n == "*"))
    }
}

/// Reads a file: a type on a line of its own, below it lines that begin with `read` or `beside`, and their
/// continuations.
pub(super) fn listed(text: &'static str) -> BTreeMap<&'static str, Listed> {
    let mut found: BTreeMap<&'static str, Listed> = BTreeMap::new();
    let (mut kind, mut beside) = ("", false);
    for line in text.lines().filter(|l| !l.starts_with('#')) {
        if !line.starts_with(' ') {
            kind = line.trim();
            if !kind.is_empty() {
                found.entry(kind).or_default();
            }
            continue;
        }
        let Some(row) = found.get_mut(kind) else { continue };
        let mut words = line.split_whitespace().peekable();
        // A continuation stands further in.
        if !line.starts_with("    ") {
            beside = words.next() == Some("beside");
        }
        let list = if beside { &mut row.beside } else { &mut row.read };
        list.extend(words);
    }
    found
}
