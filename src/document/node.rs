//! The value tree.

use crate::diag::Span;
use std::collections::BTreeMap;

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

    /// Places and values by key, for looking up many keys.
    #[must_use]
    pub fn index(&self) -> BTreeMap<&str, (Span, &Node)> {
        self.0.iter().map(|(k, s, v)| (k.as_str(), (*s, v))).collect()
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

    /// Number of values in it, itself included.
    #[must_use]
    pub fn size(&self) -> usize {
        match &self.value {
            Value::Sequence(items) => 1 + items.iter().map(Self::size).sum::<usize>(),
            Value::Mapping(mapping) => 1 + mapping.0.iter().map(|(.., v)| v.size()).sum::<usize>(),
            _ => 1,
        }
    }

    /// Whether it is null.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.value == Value::Null
    }
}
