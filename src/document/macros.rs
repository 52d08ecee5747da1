//! `record!` and `choice!`: one declaration yields the type, its decoder and its documentation.

use super::{Context, Decode, Mapping, Node, Value};
use crate::diag::{Diagnostic, code, nearest};

/// Declares a record: `key: Type` may be missing if the type allows it, `= required` must be present, `= value` is a
/// default. A trailing underscore of a field is not part of its key.
macro_rules! record {
    ($(#[doc = $doc:literal])* pub struct $name:ident { $($(#[doc = $field_doc:literal])* $field:ident : $type:ty $(= $default:tt $($rest:ident)? $(:: $rest2:ident)* $(($($arg:tt)*))?)? ,)* }) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone)]
        pub struct $name { $($(#[doc = $field_doc])* pub $field: $type,)* }

        impl $crate::document::Decode for $name {
            fn decode(node: &$crate::document::Node, context: &mut $crate::document::Context) -> Option<Self> {
                const KEYS: &[&str] = &[$($crate::document::record_key(stringify!($field)),)*];
                let mapping = $crate::document::record_mapping(node, stringify!($name), KEYS, context)?;
                $(let $field: Option<$type> = $crate::document::record!(@field mapping, node, context, $field, $type $(, $default $($rest)? $(:: $rest2)* $(($($arg)*))?)?);)*
                Some(Self { $($field: $field?,)* })
            }

            fn shape() -> $crate::document::Shape {
                $crate::document::Shape::Record(|| $crate::document::TypeInfo {
                    name: stringify!($name),
                    doc: concat!($($doc, "\n",)*),
                    fields: || vec![$($crate::document::FieldInfo {
                        key: $crate::document::record_key(stringify!($field)),
                        doc: concat!($($field_doc, "\n",)*),
                        shape: <$type as $crate::document::Decode>::shape(),
                        required: $crate::document::record!(@required $($default)?),
                        default: $crate::document::record!(@default $type $(, $default $($rest)? $(:: $rest2)* $(($($arg)*))?)?),
                    },)*],
                })
            }
        }
    };
    (@field $mapping:ident, $node:ident, $context:ident, $field:ident, $type:ty) => {
        $crate::document::record_field::<$type>($mapping, $crate::document::record_key(stringify!($field)), $context, || <$type as $crate::document::Decode>::absent())
    };
    (@field $mapping:ident, $node:ident, $context:ident, $field:ident, $type:ty, required) => {
        $crate::document::record_required::<$type>($mapping, $node, $crate::document::record_key(stringify!($field)), $context)
    };
    (@field $mapping:ident, $node:ident, $context:ident, $field:ident, $type:ty, $($value:tt)+) => {
        $crate::document::record_field::<$type>($mapping, $crate::document::record_key(stringify!($field)), $context, || Some($crate::document::Setting { value: $($value)+, span: None }))
    };
    (@required required) => { true };
    (@required $($other:tt)?) => { false };
    (@default $type:ty) => { None };
    (@default $type:ty, required) => { None };
    (@default $type:ty, $($value:tt)+) => { Some($crate::document::Decode::written(&<$type>::from_default($($value)+))) };
}

/// Declares a closed list of words, read without regard to case.
macro_rules! choice {
    ($(#[doc = $doc:literal])* pub enum $name:ident { $($variant:ident = $word:literal $(| $alias:literal)*,)* }) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $(#[doc = concat!("`", $word, "`")] $variant,)* }

        impl $name {
            /// The spelling.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        impl $crate::document::Decode for $name {
            fn decode(node: &$crate::document::Node, context: &mut $crate::document::Context) -> Option<Self> {
                let options = [$(($word, Self::$variant), $(($alias, Self::$variant),)*)*];
                $crate::document::choice_value(node, &options, context)
            }

            fn shape() -> $crate::document::Shape {
                $crate::document::Shape::Choice(&[$($word,)*])
            }

            fn written(&self) -> String {
                self.as_str().to_owned()
            }
        }
    };
}

pub(crate) use {choice, record};

/// The key of a field: without the underscore that keeps it apart from a Rust word.
pub(crate) const fn record_key(field: &'static str) -> &'static str {
    match field.as_bytes() {
        b"type_" => "type",
        _ => field,
    }
}

/// The mapping of a record, with unknown keys reported.
pub(crate) fn record_mapping<'n>(
    node: &'n Node,
    record: &str,
    keys: &[&str],
    context: &mut Context,
) -> Option<&'n Mapping> {
    static EMPTY: Mapping = Mapping(Vec::new());
    let mapping = match &node.value {
        Value::Mapping(mapping) => mapping,
        // `name:` with nothing after it is a record with nothing in it.
        Value::Null => &EMPTY,
        _ => {
            context.wrong_type(node, "a mapping");
            return None;
        }
    };
    for (key, span, _) in &mapping.0 {
        let suppression = context.suppressible && key == super::LINT_IGNORE;
        if !keys.contains(&key.as_str()) && !suppression {
            if let Some(gap) = context.gaps.and_then(|gaps| gaps(record, key)) {
                context.diagnostics.push(gap.refusal(key, *span));
                continue;
            }
            let help = match nearest(key, keys.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known keys here: {}", keys.join(", ")),
            };
            context
                .diagnostics
                .push(Diagnostic::error(code::UNKNOWN_KEY, *span, format!("unknown key `{key}`")).help(help));
        }
    }
    Some(mapping)
}

/// A key that may be missing.
pub(crate) fn record_field<T: Decode>(
    mapping: &Mapping,
    key: &str,
    context: &mut Context,
    absent: impl FnOnce() -> Option<T>,
) -> Option<T> {
    match mapping.get(key) {
        Some(node) if !node.is_null() => T::decode(node, context),
        _ => absent(),
    }
}

/// A key that must be present; a list must hold something, or the record would match or make nothing.
pub(crate) fn record_required<T: Decode>(
    mapping: &Mapping,
    node: &Node,
    key: &str,
    context: &mut Context,
) -> Option<T> {
    match mapping.get(key) {
        Some(value) if matches!(&value.value, Value::Sequence(items) if items.is_empty()) => {
            context.diagnostics.push(
                Diagnostic::error(code::VALUE, value.span, format!("`{key}` is empty"))
                    .help("name at least one, or remove the whole entry"),
            );
            None
        }
        Some(value) if !value.is_null() => T::decode(value, context),
        _ => {
            context.diagnostics.push(
                Diagnostic::error(code::MISSING_KEY, node.span, format!("missing key `{key}`"))
                    .help(format!("add `{key}:` here")),
            );
            None
        }
    }
}

/// One of a list of words.
pub(crate) fn choice_value<T: Copy>(node: &Node, options: &[(&str, T)], context: &mut Context) -> Option<T> {
    let Value::Text { text, .. } = &node.value else {
        context.wrong_type(node, "one of a list of words");
        return None;
    };
    let found = options.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)).map(|(_, v)| *v);
    if found.is_none() {
        let words: Vec<_> = options.iter().map(|(w, _)| *w).collect();
        let help = match nearest(text, words.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("one of {}", words.join(", ")),
        };
        context
            .diagnostics
            .push(Diagnostic::error(code::VALUE, node.span, format!("`{text}` is not known here")).help(help));
    }
    found
}
