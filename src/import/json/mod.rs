//! JSON with places: every value knows the bytes that wrote it.
//!
//! A reader of our own, for three reasons: errors and origins need line and column of *every* value, not only of syntax
//! errors; Azure accepts comments, trailing commas and raw line breaks in templates, which strict readers refuse; and an
//! export of hundreds of megabytes is read element by element, so that memory holds what is kept and not the whole tree.

mod read;

pub(super) use read::{read, read_items};

use super::ids::ArmId;
use crate::diag::Span;
use std::rc::Rc;

/// A value with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Json {
    /// The value.
    pub value: Value,
    /// Its place.
    pub span: Span,
}

/// A key with its value.
pub(super) type Field = (Rc<str>, Json);

/// What a value is. Cloning is cheap: long values are shared.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Another number.
    Float(f64),
    /// Text.
    Text(Rc<str>),
    /// A list.
    List(Rc<Vec<Json>>),
    /// Keys and values in order.
    Object(Rc<Vec<Field>>),
    /// Something that must never be written anywhere.
    Secret,
    /// Something that only a deployment can tell, with the reason.
    Unknown(Rc<str>),
}

/// What is known of the address of something that Azure allocates: whose it is.
const ADDRESS_OF: &str = "only a deployment tells the address of ";

/// The key that stands for whatever else an object holds that is known in part.
pub(super) const REST: &str = "\u{2026}";

/// Why the rest of a description is not known.
const ADDED: &str = "what Azure adds is known only after deployment";

/// Values inside each other, at most.
const MAX_DEPTH: usize = 256;

impl Json {
    /// A value at a place.
    #[must_use]
    pub fn new(value: Value, span: Span) -> Self {
        Self { value, span }
    }

    /// Gives it and all inside another place.
    pub(super) fn place(&mut self, span: Span) {
        self.span = span;
        match &mut self.value {
            Value::List(items) => Rc::make_mut(items).iter_mut().for_each(|i| i.place(span)),
            Value::Object(fields) => Rc::make_mut(fields).iter_mut().for_each(|(_, v)| v.place(span)),
            _ => {}
        }
    }

    /// What Azure adds to the description of something deployed.
    #[must_use]
    pub fn added(span: Span) -> Self {
        Self::new(Value::Unknown(ADDED.into()), span)
    }

    /// Whether it is what Azure adds, and nothing that a design sets.
    #[must_use]
    pub fn is_added(&self) -> bool {
        matches!(&self.value, Value::Unknown(why) if **why == *ADDED)
    }

    /// Whether its value is not known: only a deployment tells it, or it is secret.
    #[must_use]
    pub fn is_withheld(&self) -> bool {
        matches!(self.value, Value::Unknown(_) | Value::Secret)
    }

    /// The address of a resource with an id, which only a deployment tells.
    #[must_use]
    pub fn address_of(id: &str, span: Span) -> Self {
        Self::new(Value::Unknown(format!("{ADDRESS_OF}{id}").into()), span)
    }

    /// The id of the resource of a type (in lower case) whose address it is, if it is known as that.
    #[must_use]
    pub fn whose_address(&self, kind: &str) -> Option<&str> {
        let Value::Unknown(why) = &self.value else { return None };
        why.strip_prefix(ADDRESS_OF).filter(|id| ArmId::parse(id).is_some_and(|i| i.kind == kind))
    }

    /// What is made of something unknown by a function is not known either, and no longer whose address it is.
    #[must_use]
    pub fn made_of(stop: Value, function: &str) -> Value {
        match stop {
            Value::Unknown(why) if why.starts_with(ADDRESS_OF) => {
                Value::Unknown(format!("`{function}` makes it of what {why}").into())
            }
            other => other,
        }
    }

    /// Text at a place.
    #[must_use]
    pub fn text(text: &str, span: Span) -> Self {
        Self::new(Value::Text(Rc::from(text)), span)
    }

    /// The value of a key; keys are compared without regard to case, as Azure does, and the last of equal keys counts.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        match &self.value {
            Value::Object(fields) => fields.iter().rev().find(|(k, _)| k.eq_ignore_ascii_case(key)).map(|(_, v)| v),
            _ => None,
        }
    }

    /// The value at the end of a path of keys, `null` counting as absent.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<&Self> {
        let mut here = self;
        for key in path.split('.') {
            here = here.get(key)?;
        }
        (here.value != Value::Null).then_some(here)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text at the end of a path.
    #[must_use]
    pub fn str_at(&self, path: &str) -> Option<&str> {
        self.at(path).and_then(Self::as_str)
    }

    /// The items of a list.
    #[must_use]
    pub fn items(&self) -> &[Self] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The items of a list at the end of a path.
    #[must_use]
    pub fn items_at(&self, path: &str) -> &[Self] {
        self.at(path).map_or(&[], Self::items)
    }

    /// Keys and values.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        match &self.value {
            Value::Object(fields) => fields,
            _ => &[],
        }
    }

    /// The whole number, also if it was written as text.
    #[must_use]
    pub fn as_int(&self) -> Option<i64> {
        match &self.value {
            Value::Int(n) => Some(*n),
            Value::Text(t) => t.trim().parse().ok(),
            _ => None,
        }
    }

    /// The truth value, also if it was written as text.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match &self.value {
            Value::Bool(b) => Some(*b),
            Value::Text(t) if t.eq_ignore_ascii_case("true") => Some(true),
            Value::Text(t) if t.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }
    }

    /// What kind of value it is, for messages.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "null",
            Value::Bool(_) => "a truth value",
            Value::Int(_) | Value::Float(_) => "a number",
            Value::Text(_) => "text",
            Value::List(_) => "a list",
            Value::Object(_) => "an object",
            Value::Secret => "a secret",
            Value::Unknown(_) => "a value known only after deployment",
        }
    }
}
