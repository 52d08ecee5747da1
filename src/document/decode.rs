//! Decoding nodes into values, collecting every problem.

use super::{Entry, ListenPort, Map, Mapping, Node, Setting, Spanned, Value};
use crate::{
    diag::{Diagnostic, Diagnostics, Span, code},
    net::{PortSet, Prefix, PrefixError, Transport},
};
use std::{collections::BTreeMap, net::IpAddr};

/// Where problems go while decoding.
#[derive(Debug, Default)]
pub struct Context {
    /// Problems so far.
    pub diagnostics: Diagnostics,
    /// Whether records may hold suppressions of lint findings, which are read apart from them.
    pub suppressible: bool,
    /// Whether names that differ only by case are one name.
    pub caseless: bool,
    /// Knows the keys that the provider has and this format does not, by record and key.
    pub gaps: Option<Gaps>,
}

/// A lookup of what is not modelled, by record and key.
pub type Gaps = fn(&str, &str) -> Option<&'static Gap>;

/// A key that the provider knows and this format does not model.
#[derive(Debug, Clone, Copy)]
pub struct Gap {
    /// The rule of the specification that it belongs to.
    pub rule: &'static str,
    /// Why it is not modelled.
    pub why: &'static str,
    /// What to declare in its place.
    pub instead: &'static str,
}

impl Gap {
    /// The refusal of a key.
    #[must_use]
    pub fn refusal(&self, key: &str, span: Span) -> Diagnostic {
        let text = format!("`{key}` is not modelled: {} ({})", self.why, self.rule);
        Diagnostic::error(code::NOT_MODELLED, span, text).help(self.instead)
    }
}

impl Context {
    /// Reports a value of the wrong type.
    pub fn wrong_type(&mut self, node: &Node, expected: &str) {
        let found = node.kind();
        let problem = Diagnostic::error(code::TYPE, node.span, format!("expected {expected}, found {found}"));
        self.diagnostics.push(problem.help(instead(&node.value, expected)));
    }

    /// Reports a value that the format does not allow, and what to write.
    pub fn bad_value(&mut self, span: Span, message: String, help: &str) {
        self.diagnostics.push(Diagnostic::error(code::VALUE, span, message).help(help));
    }
}

/// What to write in place of a value of the wrong type.
fn instead(found: &Value, expected: &str) -> String {
    let word = |yes: &[&str], no: &[&str], text: &str| {
        let among = |list: &[&str]| list.iter().any(|w| w.eq_ignore_ascii_case(text));
        if among(yes) {
            Some("true")
        } else if among(no) {
            Some("false")
        } else {
            None
        }
    };
    match (found, expected) {
        (Value::Text { text, .. }, "true or false") => {
            match word(&["yes", "on", "y", "1", "true"], &["no", "off", "n", "0", "false"], text) {
                Some(meant) => format!("write `{meant}`: YAML 1.2 has no other words for it"),
                None => "write `true` or `false`".to_owned(),
            }
        }
        (Value::Text { text, number: false }, "a whole number") if text.parse::<u32>().is_ok() => {
            format!("write {text} without quotes")
        }
        (_, "a whole number") => "write digits only, as `443`".to_owned(),
        (Value::Text { text, .. }, "a list") => format!("write it in brackets: `[{text}]`"),
        (Value::Mapping(_), "a list") => "write `- ` before each entry, or brackets around all of them".to_owned(),
        (_, "a list") => "write a list in brackets, `[]` if it is empty".to_owned(),
        (_, "a mapping by name") => "write each entry under its name: `name: { … }`".to_owned(),
        (Value::Sequence(_), "a mapping") => "write keys and values, without `- ` before them".to_owned(),
        (_, "a mapping") => "write keys and values: `{ key: value }`; docs/format.md lists the keys".to_owned(),
        (Value::Bool(_), _) => "put it in quotes if it is a name".to_owned(),
        (Value::Sequence(_), _) => "write one value, without brackets".to_owned(),
        _ => format!("write {expected}"),
    }
}

/// The form of a type, for the schema and the reference page.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// A truth value.
    Bool,
    /// A whole number up to a limit.
    Number(u32),
    /// Text of some form, with the form in words.
    Text(&'static str),
    /// Text or a number.
    TextOrNumber(&'static str),
    /// One of a list of words.
    Choice(&'static [&'static str]),
    /// Text, another form, or a list of either.
    TextOr(fn() -> Shape),
    /// A list.
    List(fn() -> Shape),
    /// A mapping by name.
    Map(fn() -> Shape),
    /// A record.
    Record(fn() -> TypeInfo),
}

/// A record, for the schema and the reference page.
#[derive(Debug, Clone, Copy)]
pub struct TypeInfo {
    /// Name.
    pub name: &'static str,
    /// Meaning.
    pub doc: &'static str,
    /// Keys.
    pub fields: fn() -> Vec<FieldInfo>,
}

/// A key of a record.
#[derive(Debug, Clone)]
pub struct FieldInfo {
    /// The key.
    pub key: &'static str,
    /// Meaning.
    pub doc: &'static str,
    /// Form of the value.
    pub shape: Shape,
    /// Whether it must be present.
    pub required: bool,
    /// Default, if it has one.
    pub default: Option<String>,
}

/// A type that can be read from a node.
pub trait Decode: Sized {
    /// Reads the value; reports what is wrong and gives nothing if it cannot be used.
    fn decode(node: &Node, context: &mut Context) -> Option<Self>;

    /// Value of an absent key, for types that have one.
    fn absent() -> Option<Self> {
        None
    }

    /// Form of the value.
    fn shape() -> Shape;

    /// The value as it would be written, for defaults.
    fn written(&self) -> String {
        String::new()
    }
}

fn text<'n>(node: &'n Node, context: &mut Context, expected: &str) -> Option<&'n str> {
    match &node.value {
        Value::Text { text, .. } => Some(text),
        _ => {
            context.wrong_type(node, expected);
            None
        }
    }
}

impl Decode for bool {
    fn decode(node: &Node, context: &mut Context) -> Option<Self> {
        match node.value {
            Value::Bool(value) => Some(value),
            _ => {
                context.wrong_type(node, "true or false");
                None
            }
        }
    }

    fn shape() -> Shape {
        Shape::Bool
    }

    fn written(&self) -> String {
        self.to_string()
    }
}

macro_rules! whole_number {
    ($($type:ty),*) => {$(
        impl Decode for $type {
            fn decode(node: &Node, context: &mut Context) -> Option<Self> {
                let parsed = match &node.value {
                    Value::Text { text, number: true } => text.parse().ok(),
                    _ => {
                        context.wrong_type(node, "a whole number");
                        return None;
                    }
                };
                if parsed.is_none() {
                    context.bad_value(
                        node.span,
                        format!("expected a whole number from 0 to {}", Self::MAX),
                        "write digits only: no fraction, sign, exponent or other base",
                    );
                }
                parsed
            }

            fn shape() -> Shape {
                Shape::Number(Self::MAX.into())
            }

            fn written(&self) -> String {
                self.to_string()
            }
        }
    )*};
}

whole_number!(u16, u32);

impl Decode for String {
    fn decode(node: &Node, context: &mut Context) -> Option<Self> {
        let text = text(node, context, "text")?;
        if text.is_empty() {
            context.bad_value(node.span, "the text is empty".to_owned(), "write something, or remove the key");
            return None;
        }
        Some(text.to_owned())
    }

    fn shape() -> Shape {
        Shape::TextOrNumber("text")
    }

    fn written(&self) -> String {
        self.clone()
    }
}

impl Decode for IpAddr {
    fn decode(node: &Node, context: &mut Context) -> Option<Self> {
        let text = text(node, context, "an address such as 10.0.0.4")?;
        let parsed = text.parse().ok();
        if parsed.is_none() {
            context.bad_value(node.span, format!("`{text}` is not an address such as 10.0.0.4"), address_help(text));
        }
        parsed
    }

    fn shape() -> Shape {
        Shape::Text("address")
    }

    fn written(&self) -> String {
        self.to_string()
    }
}

fn address_help(text: &str) -> &'static str {
    match text {
        _ if text.contains('/') => "write one address, without a prefix length",
        _ if text.contains(':') => {
            "an IPv6 address is up to eight groups of four hexadecimal digits, with one `::` at most"
        }
        _ => "an IPv4 address is four numbers from 0 to 255, without leading zeros",
    }
}

impl Decode for Prefix {
    fn decode(node: &Node, context: &mut Context) -> Option<Self> {
        let text = text(node, context, "a prefix such as 10.0.0.0/16")?;
        match text.parse() {
            Ok(prefix) => Some(prefix),
            Err(error) => {
                let mut diagnostic = Diagnostic::error(code::PREFIX, node.span, error.to_string());
                if let PrefixError::HostBits { canonical, .. } = &error {
                    diagnostic = diagnostic.help(format!("write {canonical}"));
                } else if let Ok(address) = text.parse::<IpAddr>() {
                    diagnostic = diagnostic.help(format!("write {} for one address", Prefix::host(address)));
                } else {
                    diagnostic = diagnostic.help(
                        "write four numbers from 0 to 255 and a length from 0 to 32 (10.0.0.0/16), or IPv6 groups and a length \
                         up to 128 (fd00::/64)",
                    );
                }
                context.diagnostics.push(diagnostic);
                None
            }
        }
    }

    fn shape() -> Shape {
        Shape::Text("prefix")
    }

    fn written(&self) -> String {
        self.to_string()
    }
}

impl Decode for PortSet {
    fn decode(node: &Node, context: &mut Context) -> Option<Self> {
        let text = text(node, context, "ports such as 443 or 80,8080-8089")?;
        match text.parse() {
            Ok(ports) => Some(ports),
            Err(why) => {
                context.bad_value(node.span, why, "write `443`, `80,8080-8089` or `*`");
                None
            }
        }
    }

    fn shape() -> Shape {
        Shape::TextOrNumber("ports")
    }

    fn written(&self) -> String {
        self.to_string()
    }
}

impl Decode for Transport {
    fn decode(node: &Node, context: &mut Context) -> Option<Self> {
        match text(node, context, "tcp, udp or icmp")?.parse() {
            Ok(transport) => Some(transport),
            Err(why) => {
                context.bad_value(node.span, why, "write tcp, udp or icmp");
                None
            }
        }
    }

    fn shape() -> Shape {
        Shape::Choice(&["tcp", "udp", "icmp"])
    }

    fn written(&self) -> String {
        self.to_string()
    }
}

impl Decode for ListenPort {
    fn decode(node: &Node, context: &mut Context) -> Option<Self> {
        let text = text(node, context, "a port such as tcp/443")?;
        let parsed = text
            .split_once('/')
            .ok_or_else(|| format!("`{text}` is not of the form tcp/443"))
            .and_then(|(transport, ports)| Ok(Self { transport: transport.parse()?, ports: ports.parse()? }));
        match parsed {
            Ok(port) => Some(port),
            Err(why) => {
                context.bad_value(node.span, why, "write a transport and its ports, as `tcp/443` or `udp/53`");
                None
            }
        }
    }

    fn shape() -> Shape {
        Shape::Text("transport and ports, as tcp/443")
    }
}

impl<T: Decode> Decode for Spanned<T> {
    fn decode(node: &Node, context: &mut Context) -> Option<Self> {
        T::decode(node, context).map(|value| Self { value, span: node.span })
    }

    fn shape() -> Shape {
        T::shape()
    }
}

impl<T: Decode> Decode for Setting<T> {
    fn decode(node: &Node, context: &mut Context) -> Option<Self> {
        T::decode(node, context).map(|value| Self { value, span: Some(node.span) })
    }

    fn shape() -> Shape {
        T::shape()
    }

    fn written(&self) -> String {
        self.value.written()
    }
}

impl<T: Decode> Decode for Option<T> {
    fn decode(node: &Node, context: &mut Context) -> Option<Self> {
        T::decode(node, context).map(Some)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }

    fn shape() -> Shape {
        T::shape()
    }
}

impl<T: Decode> Decode for Vec<T> {
    fn decode(node: &Node, context: &mut Context) -> Option<Self> {
        match &node.value {
            Value::Sequence(items) => Some(items.iter().filter_map(|n| T::decode(n, context)).collect()),
            _ => {
                context.wrong_type(node, "a list");
                None
            }
        }
    }

    fn absent() -> Option<Self> {
        Some(Vec::new())
    }

    fn shape() -> Shape {
        Shape::List(T::shape)
    }
}

/// Names that are one and the same where upper and lower case do not count.
fn refuse_twins(mapping: &Mapping, context: &mut Context) {
    let mut known: BTreeMap<String, (&str, Span)> = BTreeMap::new();
    for (key, span, _) in &mapping.0 {
        match known.get(&key.to_lowercase()) {
            None => {
                known.insert(key.to_lowercase(), (key, *span));
            }
            Some((other, first)) => {
                let text = format!("`{key}` and `{other}` are one name to Azure, which does not tell case apart");
                let problem = Diagnostic::error(code::DUPLICATE_KEY, *span, text).related(*first, "first here");
                context.diagnostics.push(problem.help("remove or rename one of the two"));
            }
        }
    }
}

impl<T: Decode> Decode for Map<T> {
    fn decode(node: &Node, context: &mut Context) -> Option<Self> {
        let Value::Mapping(mapping) = &node.value else {
            context.wrong_type(node, "a mapping by name");
            return None;
        };
        let mut map = Self::default();
        for (key, span, value) in &mapping.0 {
            if key.is_empty() {
                context.bad_value(*span, "a name is empty".to_owned(), "give it a name");
            } else if let Some(value) = T::decode(value, context) {
                map.insert(key.clone(), Entry { span: *span, value });
            }
        }
        if context.caseless && matches!(T::shape(), Shape::Record(_)) {
            refuse_twins(mapping, context);
        }
        Some(map)
    }

    fn absent() -> Option<Self> {
        Some(Self::default())
    }

    fn shape() -> Shape {
        Shape::Map(T::shape)
    }
}
