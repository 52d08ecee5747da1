//! The value tree.

use crate::diag::Span;

/// A value with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Its place.
    pub span: Span,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A truth value.
    Bool(bool),
    /// Text; numbers are kept as they were written.
    Text {
        /// The text.
        text: String,
        /// Whether it was written as a plain number.
        number: bool,
    },
    /// A list.
    Sequence(Vec<Node>),
    /// Keys and values in order.
    Mapping(Mapping),
}

/// Keys and values in the order of the file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Mapping(pub Vec<(String, Span, Node)>);

impl Mapping {
    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.0.iter().find(|(k, ..)| k == key).map(|(.., v)| v)
    }

    /// The place of a key.
    #[must_use]
    pub fn key_span(&self, key: &str) -> Option<Span> {
        self.0.iter().find(|(k, ..)| k == key).map(|(_, s, _)| *s)
    }

    /// Removes a key and gives its place and value.
    pub fn take(&mut self, key: &str) -> Option<(Span, Node)> {
        let at = self.0.iter().position(|(k, ..)| k == key)?;
        let (_, span, node) = self.0.remove(at);
        Some((span, node))
    }
}

impl Node {
    /// What kind of value it is, for messages.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match &self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "a truth value",
            Value::Text { number: true, .. } => "a number",
            Value::Text { .. } => "text",
            Value::Sequence(_) => "a list",
            Value::Mapping(_) => "a mapping",
        }
    }

    /// Whether it is null.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.value == Value::Null
    }
}
