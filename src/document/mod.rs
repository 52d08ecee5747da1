//! Documents: a value tree in which every value knows its place, and its decoding into typed records.
//!
//! A derive over text stops at the first error and forgets places once values are merged. Here a file becomes a
//! [`Node`] tree; patches work on trees; each record then decodes by itself and collects every problem. The same
//! declaration of a record yields its decoder, its JSON Schema and its page of the reference.

mod date;
mod decode;
mod macros;
mod node;
mod patch;

pub use date::Date;
pub use decode::{Context, Decode, FieldInfo, Gap, Gaps, Shape, TypeInfo};
pub(crate) use macros::{choice, choice_value, record, record_field, record_key, record_mapping, record_required};
pub use node::{Mapping, Node, Value};
pub(crate) use patch::MAX_SUGGESTIONS;
pub use patch::{merge, overlay};

use crate::{diag::Span, net};
use std::collections::BTreeMap;
use std::ops::Deref;

/// The key under which any record may hold suppressions of lint findings.
pub const LINT_IGNORE: &str = "lint_ignore";

/// A value with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Its place.
    pub span: Span,
}

/// The name of something declared elsewhere.
pub type Reference = Spanned<String>;

/// A value with a default: no place means that the default applies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// Its place, if it was written.
    pub span: Option<Span>,
}

impl<T> Setting<T> {
    pub(crate) fn from_default(value: T) -> Self {
        Self { value, span: None }
    }
}

impl<T> Deref for Setting<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// A value with the place of its key.
#[derive(Debug, Clone)]
pub struct Entry<T> {
    /// Place of the key.
    pub span: Span,
    /// The value.
    pub value: T,
}

/// Values by name, in order of name.
#[derive(Debug, Clone)]
pub struct Map<T>(BTreeMap<String, Entry<T>>);

impl<T> Default for Map<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T> Map<T> {
    /// Entries in order of name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Entry<T>)> {
        self.0.iter().map(|(k, v)| (k.as_str(), v))
    }

    /// The entry of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Entry<T>> {
        self.0.get(name)
    }

    /// Names in order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Whether there are no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.0.remove(name);
    }

    pub(crate) fn insert(&mut self, name: String, entry: Entry<T>) {
        self.0.insert(name, entry);
    }
}

/// Labels.
pub type Tags = Map<Spanned<String>>;

/// A set of ports, written `443`, `80,8080-8089` or `*`.
pub type PortRanges = net::PortSet;

/// Ports that something serves, written `tcp/443`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenPort {
    /// Transport.
    pub transport: net::Transport,
    /// Ports.
    pub ports: net::PortSet,
}
