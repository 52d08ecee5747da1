//! JSON text to a value tree: the same tree and places as reading it as YAML, in less than half the time.
//!
//! It takes only what is beyond doubt. Anything else (bad syntax, a repeated key, a limit, an exotic escape) is left to
//! the YAML reader, of which JSON is a part, and which says what is wrong.

use super::yaml::{MAX_DEPTH, MAX_NODES};
use crate::{
    diag::{FileId, Span},
    document::{Mapping, Node, Value},
};
use std::{borrow::Cow, collections::BTreeSet};

/// Reads a document, if it is JSON without any problem.
pub(super) fn read(file: FileId, text: &str) -> Option<Node> {
    let mut reader = Reader { file, text, at: 0, nodes: 0 };
    reader.blank();
    if reader.peek()? != b'{' {
        return None;
    }
    let node = reader.value(0)?;
    reader.blank();
    (reader.at == text.len()).then_some(node)
}

struct Reader<'t> {
    file: FileId,
    text: &'t str,
    at: usize,
    nodes: usize,
}

impl<'t> Reader<'t> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blank(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Steps over a byte that must be there.
    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// Whether a byte follows, which is stepped over.
    fn accept(&mut self, byte: u8) -> bool {
        self.blank();
        self.expect(byte).is_some()
    }

    fn span(&self, start: usize, end: usize) -> Span {
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Span { file: self.file, start: offset(start), end: offset(end) }
    }

    fn value(&mut self, depth: usize) -> Option<Node> {
        self.nodes += 1;
        if self.nodes > MAX_NODES || depth >= MAX_DEPTH {
            return None;
        }
        let start = self.at;
        // The place of a collection is its bracket.
        let bracket = self.span(start, start + 1);
        match self.peek()? {
            b'{' => {
                let entries = self.entries(depth)?;
                Some(Node { value: Value::Mapping(entries), span: bracket })
            }
            b'[' => {
                let items = self.items(depth)?;
                Some(Node { value: Value::Sequence(items), span: bracket })
            }
            b'"' => {
                let text = self.string()?.into_owned();
                Some(Node { value: Value::Text { text, number: false }, span: self.span(start, self.at) })
            }
            _ => {
                let word = self.word();
                let value = match word {
                    "true" => Value::Bool(true),
                    "false" => Value::Bool(false),
                    "null" => Value::Null,
                    number if is_number(number) => Value::Text { text: number.to_owned(), number: true },
                    _ => return None,
                };
                Some(Node { value, span: self.span(start, self.at) })
            }
        }
    }

    fn entries(&mut self, depth: usize) -> Option<Mapping> {
        self.at += 1;
        let mut entries = Mapping::default();
        if self.accept(b'}') {
            return Some(entries);
        }
        loop {
            self.blank();
            let start = self.at;
            let key = self.string()?;
            let span = self.span(start, self.at);
            // A key counts, too, as it does in YAML.
            self.nodes += 1;
            if key == "<<" || !self.accept(b':') {
                return None;
            }
            self.blank();
            let value = self.value(depth + 1)?;
            entries.0.push((key.into_owned(), span, value));
            if !self.accept(b',') {
                break;
            }
        }
        (self.accept(b'}') && are_distinct(&entries)).then_some(entries)
    }

    fn items(&mut self, depth: usize) -> Option<Vec<Node>> {
        self.at += 1;
        let mut items = Vec::new();
        if self.accept(b']') {
            return Some(items);
        }
        loop {
            self.blank();
            items.push(self.value(depth + 1)?);
            if !self.accept(b',') {
                break;
            }
        }
        self.accept(b']').then_some(items)
    }

    /// Text between quotes.
    fn string(&mut self) -> Option<Cow<'t, str>> {
        self.expect(b'"')?;
        let mut text = self.run()?;
        while self.accept_here(b'\\') {
            let escaped = self.escaped()?;
            let rest = self.run()?;
            let text = text.to_mut();
            text.push(escaped);
            text.push_str(&rest);
        }
        self.expect(b'"')?;
        Some(text)
    }

    /// Text up to a quote or an escape.
    fn run(&mut self) -> Option<Cow<'t, str>> {
        let start = self.at;
        let rest = self.text.as_bytes().get(start..)?;
        self.at += rest.iter().position(|b| matches!(b, b'"' | b'\\' | 0..0x20))?;
        self.text.get(start..self.at).map(Cow::Borrowed)
    }

    /// What stands for one character after a backslash. Halves of a pair are left to the other reader.
    fn escaped(&mut self) -> Option<char> {
        let kind = self.peek()?;
        self.at += 1;
        Some(match kind {
            b'"' | b'\\' | b'/' => char::from(kind),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let digits = self.text.get(self.at..self.at + 4)?;
                let code = digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok());
                self.at += 4;
                char::from_u32(code??)?
            }
            _ => return None,
        })
    }

    fn accept_here(&mut self, byte: u8) -> bool {
        self.expect(byte).is_some()
    }

    fn word(&mut self) -> &'t str {
        let start = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'+' | b'.')) {
            self.at += 1;
        }
        self.text.get(start..self.at).unwrap_or_default()
    }
}

/// A number as JSON writes them.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = digits.bytes().all(|b| b.is_ascii_digit()) && (digits.len() == 1 || !digits.starts_with('0'));
    !digits.is_empty() && plain
}

/// Whether no key occurs twice.
fn are_distinct(entries: &Mapping) -> bool {
    if entries.0.len() <= 16 {
        let keys = entries.0.iter().enumerate();
        return keys.clone().all(|(at, (key, ..))| entries.0.iter().take(at).all(|(other, ..)| other != key));
    }
    let mut seen = BTreeSet::new();
    entries.0.iter().all(|(key, ..)| seen.insert(key.as_str()))
}

#[cfg(test)]
mod tests {
    use super::super::yaml;
    use super::*;
    use crate::diag::{Diagnostics, SourceMap};

    fn both(text: &str) -> (Option<Node>, Option<Node>) {
        let file = SourceMap::default().add("x.json", text);
        (read(file, text), yaml::read(file, text, &mut Diagnostics::default()))
    }

    #[test]
    fn trees_and_places_are_those_of_the_yaml_reader() {
        let text = "{\n  \"a\": {\"b\": [1, -20, \"x y\", \"é: #\", true, false, null, {}, []], \"c\": {\"d\": \"\"}},\r\n  \
                    \"10.0.0.0/8\": [[\"*\"], {\"e\": 0}], \"ü\": \"~\", \"f\": \"\\\"\\\\\\/\\n\\u00e9\"\n}\n";
        let (json, yaml) = both(text);
        assert!(json.is_some());
        assert_eq!(json, yaml);
    }

    #[test]
    fn whatever_is_doubtful_is_left_to_the_yaml_reader() {
        let deep = format!("{}1{}", "{\"a\":".repeat(MAX_DEPTH + 1), "}".repeat(MAX_DEPTH + 1));
        for text in [
            "",
            "[1]",
            "a: 1",
            "{\"a\": 1",
            "{\"a\": 1,}",
            "{\"a\" 1}",
            "{a: 1}",
            "{\"a\": 1} x",
            "{\"a\": 1, \"a\": 2}",
            "{\"<<\": 1}",
            "{\"a\": \"\\ud83d\\ude00\"}",
            "{\"a\": \"\\q\"}",
            "{\"a\": tru}",
            "{\"a\": 01}",
            "{\"a\": 1.5}",
            "{\"a\": \"x\ny\"}",
            "{\"a\": 'x'}",
            "{\"a\": 1} # comment",
            &deep,
        ] {
            assert_eq!(both(text).0, None, "{text:?}");
        }
    }
}
