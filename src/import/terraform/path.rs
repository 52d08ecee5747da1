//! Addresses and references of Terraform, taken apart: `module.a["x"].azurerm_subnet.b[0].id`.

use std::fmt;

/// A step of a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Part {
    /// An attribute, or a word of an address.
    Word(String),
    /// An index or key in brackets.
    Key(String),
}

/// A path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(super) struct Path(pub(super) Vec<Part>);

impl Path {
    /// Takes a text apart; what is no path becomes one word, which then leads nowhere.
    pub(super) fn parse(text: &str) -> Self {
        let mut parts = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            if let Some(inner) = rest.strip_prefix('[') {
                let (key, after) = match inner.strip_prefix('"') {
                    Some(quoted) => quoted_key(quoted),
                    None => inner.split_once(']').map_or((inner.to_owned(), ""), |(k, a)| (k.to_owned(), a)),
                };
                parts.push(Part::Key(key));
                rest = after;
            } else {
                let rest_of = rest.strip_prefix('.').unwrap_or(rest);
                let end = rest_of.find(['.', '[']).unwrap_or(rest_of.len());
                let (word, after) = rest_of.split_at(end);
                if !word.is_empty() {
                    // `list.0.attribute` is an older way to write `list[0].attribute`.
                    let number = word.bytes().all(|b| b.is_ascii_digit());
                    parts.push(if number { Part::Key(word.to_owned()) } else { Part::Word(word.to_owned()) });
                }
                if end == 0 && after.len() == rest.len() {
                    break;
                }
                rest = after;
            }
        }
        Self(parts)
    }

    /// The word at a position.
    pub(super) fn word(&self, at: usize) -> Option<&str> {
        match self.0.get(at) {
            Some(Part::Word(word)) => Some(word),
            _ => None,
        }
    }

    /// The key at a position.
    pub(super) fn key(&self, at: usize) -> Option<&str> {
        match self.0.get(at) {
            Some(Part::Key(key)) => Some(key),
            _ => None,
        }
    }

    /// What follows a position.
    pub(super) fn from(&self, at: usize) -> Self {
        Self(self.0.get(at..).unwrap_or_default().to_vec())
    }

    /// Whether another path goes on where this one ends.
    pub(super) fn is_beginning_of(&self, other: &Self) -> bool {
        self.0.len() < other.0.len() && other.0.starts_with(&self.0)
    }

    /// Modules of an address, each with its key: `module.a["x"].module.b` is `[(a, x), (b, –)]`.
    pub(super) fn modules(&self) -> Vec<(String, Option<String>)> {
        let mut found = Vec::new();
        let mut at = 0;
        while self.word(at) == Some("module") {
            let Some(name) = self.word(at + 1) else { break };
            let key = self.key(at + 2).map(str::to_owned);
            at += if key.is_some() { 3 } else { 2 };
            found.push((name.to_owned(), key));
        }
        found
    }
}

/// A key up to its closing quote and bracket, with the rest.
fn quoted_key(text: &str) -> (String, &str) {
    let mut key = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => key.extend(chars.next().map(|(_, c)| c)),
            '"' => {
                let after = text.get(at + 1..).unwrap_or_default();
                return (key, after.strip_prefix(']').unwrap_or(after));
            }
            c => key.push(c),
        }
    }
    (key, "")
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, part) in self.0.iter().enumerate() {
            match part {
                Part::Word(word) if number == 0 => f.write_str(word)?,
                Part::Word(word) => write!(f, ".{word}")?,
                Part::Key(key) => write!(f, "[{key}]")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_come_apart() {
        let path = Path::parse("module.net[\"a.b\"].module.sub.azurerm_subnet.s[0].id");
        assert_eq!(path.modules(), [("net".to_owned(), Some("a.b".to_owned())), ("sub".to_owned(), None)]);
        assert_eq!(path.to_string(), "module.net[a.b].module.sub.azurerm_subnet.s[0].id");
        assert_eq!(Path::parse("a.b.0.c"), Path::parse("a.b[0].c"));
        assert_eq!(Path::parse("x[\"q\\\"]\"].y").key(1), Some("q\"]"));
        assert!(Path::parse("a.b").is_beginning_of(&Path::parse("a.b.id")));
        for odd in ["", ".", "[", "[\"", "a..b", "]]", "a[", ".[", "é.ü"] {
            let _ = Path::parse(odd);
        }
    }
}
