//! Where a generated estate goes: a tree for the library, or text. All get the same calls, so all get the same estate.

use crate::{
    diag::{FileId, Span},
    document::{Mapping, Node, Value},
};
use std::fmt::{Display, Write};

/// How a collection is laid out in text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A mapping with a line for each key.
    Block,
    /// A mapping on one line.
    Row,
    /// A list on one line.
    List,
}

/// A scalar.
#[derive(Debug, Clone, Copy)]
pub(super) enum Scalar<'t> {
    Text(&'t str),
    Number(usize),
    Flag(bool),
}

/// Takes an estate, value by value. In a list there are no keys.
pub(super) trait Sink {
    fn open(&mut self, key: &str, form: Form);
    fn close(&mut self);
    fn value(&mut self, key: &str, value: Scalar<'_>);
}

/// Convenience over a sink.
pub(super) struct Out<'s>(pub(super) &'s mut dyn Sink);

impl Out<'_> {
    pub(super) fn block(&mut self, key: &str, inside: impl FnOnce(&mut Self)) {
        self.within(key, Form::Block, inside);
    }

    pub(super) fn row(&mut self, key: &str, inside: impl FnOnce(&mut Self)) {
        self.within(key, Form::Row, inside);
    }

    /// A list of records.
    pub(super) fn records(&mut self, key: &str, inside: impl FnOnce(&mut Self)) {
        self.within(key, Form::List, inside);
    }

    fn within(&mut self, key: &str, form: Form, inside: impl FnOnce(&mut Self)) {
        self.0.open(key, form);
        inside(self);
        self.0.close();
    }

    pub(super) fn text(&mut self, key: &str, value: impl Display) {
        self.0.value(key, Scalar::Text(&value.to_string()));
    }

    pub(super) fn number(&mut self, key: &str, value: usize) {
        self.0.value(key, Scalar::Number(value));
    }

    pub(super) fn flag(&mut self, key: &str, value: bool) {
        self.0.value(key, Scalar::Flag(value));
    }

    pub(super) fn list<T: Display>(&mut self, key: &str, values: impl IntoIterator<Item = T>) {
        self.records(key, |out| values.into_iter().for_each(|v| out.text("", v)));
    }
}

/// Builds the tree that a file would be read to. There is no text, so a place is the number of the value.
pub(super) struct Tree {
    file: FileId,
    places: u32,
    stack: Vec<(String, Span, Value)>,
    root: Mapping,
}

impl Tree {
    pub(super) fn new(file: FileId) -> Self {
        Self { file, places: 0, stack: Vec::new(), root: Mapping::default() }
    }

    /// The whole estate.
    pub(super) fn finish(self) -> Node {
        Node { value: Value::Mapping(self.root), span: Span { file: self.file, start: 0, end: 0 } }
    }

    fn place(&mut self) -> Span {
        self.places = self.places.saturating_add(1);
        Span { file: self.file, start: self.places, end: self.places }
    }

    fn add(&mut self, key: String, span: Span, value: Value) {
        let node = Node { value, span };
        match self.stack.last_mut() {
            Some((.., Value::Sequence(items))) => items.push(node),
            Some((.., Value::Mapping(entries))) => entries.0.push((key, span, node)),
            _ => self.root.0.push((key, span, node)),
        }
    }
}

impl Sink for Tree {
    fn open(&mut self, key: &str, form: Form) {
        let span = self.place();
        let value = match form {
            Form::List => Value::Sequence(Vec::new()),
            Form::Block | Form::Row => Value::Mapping(Mapping::default()),
        };
        self.stack.push((key.to_owned(), span, value));
    }

    fn close(&mut self) {
        if let Some((key, span, value)) = self.stack.pop() {
            self.add(key, span, value);
        }
    }

    fn value(&mut self, key: &str, value: Scalar<'_>) {
        let span = self.place();
        let value = match value {
            Scalar::Text(text) => Value::Text { text: text.to_owned(), number: false },
            Scalar::Number(number) => Value::Text { text: number.to_string(), number: true },
            Scalar::Flag(flag) => Value::Bool(flag),
        };
        self.add(key.to_owned(), span, value);
    }
}

/// Language of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// YAML, for reading.
    Yaml,
    /// JSON, for large estates: it is read faster.
    Json,
}

/// Writes text.
pub(super) struct Text {
    format: Format,
    text: String,
    /// Open collections, each with whether something is in it.
    stack: Vec<(Form, bool)>,
}

impl Text {
    pub(super) fn new(format: Format) -> Self {
        let text = if format == Format::Json { "{".to_owned() } else { String::new() };
        Self { format, text, stack: vec![(Form::Block, false)] }
    }

    pub(super) fn finish(mut self) -> String {
        while !self.stack.is_empty() {
            self.close();
        }
        self.text.push('\n');
        self.text
    }

    /// What stands before a value: separator, line, key.
    fn begin(&mut self, key: &str) {
        let depth = self.stack.len();
        let Some((form, filled)) = self.stack.last_mut() else { return };
        let (form, first) = (*form, !std::mem::replace(filled, true));
        match form {
            Form::Block => {
                if !first && self.format == Format::Json {
                    self.text.push(',');
                }
                let indent = if self.format == Format::Json { depth } else { depth - 1 };
                if !self.text.is_empty() {
                    self.text.push('\n');
                }
                (0..indent).for_each(|_| self.text.push_str("  "));
            }
            Form::Row => self.text.push_str(if first { " " } else { ", " }),
            Form::List => self.text.push_str(if first { "" } else { ", " }),
        }
        if form != Form::List {
            self.written(key);
            self.text.push(':');
        }
    }

    /// A space before a value, but for the first of a list.
    fn space(&mut self) {
        if !self.text.ends_with(['[', ' ']) {
            self.text.push(' ');
        }
    }

    fn written(&mut self, text: &str) {
        if self.format == Format::Yaml && is_plain(text) {
            self.text.push_str(text);
            return;
        }
        self.text.push('"');
        for c in text.chars() {
            match c {
                '"' | '\\' => self.text.extend(['\\', c]),
                c if u32::from(c) < 0x20 => {
                    let _ = write!(self.text, "\\u{:04x}", u32::from(c));
                }
                c => self.text.push(c),
            }
        }
        self.text.push('"');
    }
}

/// Whether YAML reads the text as the very same text without quotes, in block and flow context.
fn is_plain(text: &str) -> bool {
    let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '/' | '-' | '_' | '@');
    let word = matches!(text.to_ascii_lowercase().as_str(), "true" | "false" | "null" | "yes" | "no" | "on" | "off");
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(inside)
        && !word
        && text.parse::<f64>().is_err()
}

impl Sink for Text {
    fn open(&mut self, key: &str, form: Form) {
        self.begin(key);
        match (form, self.format) {
            (Form::List, _) => {
                self.space();
                self.text.push('[');
            }
            (Form::Row, _) | (Form::Block, Format::Json) => {
                self.space();
                self.text.push('{');
            }
            (Form::Block, Format::Yaml) => {}
        }
        self.stack.push((form, false));
    }

    fn close(&mut self) {
        let depth = self.stack.len();
        let Some((form, filled)) = self.stack.pop() else { return };
        match (form, self.format, filled) {
            (Form::List, ..) => self.text.push(']'),
            (Form::Row, _, true) => self.text.push_str(" }"),
            (Form::Row, _, false) => self.text.push('}'),
            (Form::Block, Format::Json, true) => {
                self.text.push('\n');
                (1..depth).for_each(|_| self.text.push_str("  "));
                self.text.push('}');
            }
            (Form::Block, Format::Json, false) => self.text.push('}'),
            (Form::Block, Format::Yaml, true) => {}
            (Form::Block, Format::Yaml, false) => self.text.push_str(" {}"),
        }
    }

    fn value(&mut self, key: &str, value: Scalar<'_>) {
        self.begin(key);
        self.space();
        match value {
            Scalar::Text(text) => self.written(text),
            Scalar::Number(number) => self.text.push_str(&number.to_string()),
            Scalar::Flag(flag) => self.text.push_str(if flag { "true" } else { "false" }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(sink: &mut dyn Sink) {
        let mut out = Out(sink);
        out.block("empty", |_| {});
        out.block("a", |out| {
            out.row("b", |out| {
                out.text("c", "*");
                out.list("d", ["443", "10.0.0.0/8"]);
                out.row("e", |_| {});
            });
            out.flag("f", true);
        });
        out.records("g", |out| out.row("", |out| out.number("h", 7)));
    }

    fn text(format: Format) -> String {
        let mut sink = Text::new(format);
        sample(&mut sink);
        sink.finish()
    }

    #[test]
    fn yaml_is_laid_out_by_form() {
        let expected = "empty: {}\na:\n  b: { c: \"*\", d: [\"443\", 10.0.0.0/8], e: {} }\n  f: true\ng: [{ h: 7 }]\n";
        assert_eq!(text(Format::Yaml), expected);
    }

    #[test]
    fn json_is_json() {
        let value: serde_json::Value = serde_json::from_str(&text(Format::Json)).unwrap();
        let expected = serde_json::json!({
            "empty": {}, "a": { "b": { "c": "*", "d": ["443", "10.0.0.0/8"], "e": {} }, "f": true }, "g": [{ "h": 7 }]
        });
        assert_eq!(value, expected);
    }

    #[test]
    fn what_yaml_would_read_otherwise_is_quoted() {
        for word in ["true", "NULL", "1e3", "0x10", "a: b", "-", "*x", "", "#", "nan", "inf"] {
            assert!(!is_plain(word) || word == "0x10", "{word}");
        }
        assert!(is_plain("vnet-hub1/snet-web") && is_plain("10.0.0.4") && !is_plain("443"));
    }
}
