//! The ends of an expectation: a name, or a selection of clients or services.

use super::OneOrMany;
use crate::{
    azure::kinds,
    diag::{Diagnostic, Span, code, nearest},
    document::{Context, Decode, Map, Node, Shape, Spanned, Value, record},
    select::{Glob, Kind, Selector, is_selector},
};

/// One end of an expectation.
#[derive(Debug, Clone)]
pub struct End {
    /// The name; of a selection, as the command line writes it.
    pub value: String,
    /// Its place.
    pub span: Span,
    /// What is selected by one of several; empty if it is a name.
    pub selectors: Vec<Selector>,
}

impl End {
    /// Whether it selects rather than names.
    #[must_use]
    pub fn selects(&self) -> bool {
        !self.selectors.is_empty()
    }
}

record! {
    /// Clients or services of a scenario: those that match one pattern of every key that is there. In patterns `*` stands for any text and `?` for one character; case does not matter. The same is written on one line as `kind:virtual_machine,tag:env=prod`, which is what `privreach matrix` takes.
    pub struct Selection {
        /// Names, or names as a question has them, as the domain names of a service; a name without `*` and `?` must exist.
        name: Option<OneOrMany>,
        /// Kinds in the words of this format (`virtual_machine`), words of the provider for types of services (`storage_account`), or types (`Microsoft.Storage/*`).
        kind: Option<OneOrMany>,
        /// Networks that they are members of.
        network: Option<OneOrMany>,
        /// Subnets that they are members of, as `vnet/subnet`.
        subnet: Option<OneOrMany>,
        /// Tags that all must be there, each with a pattern for its value.
        tags: Map<Spanned<String>>,
    }
}

impl Selection {
    fn selector(self, span: Span, context: &mut Context) -> Option<Selector> {
        let Self { name, kind, network, subnet, tags } = self;
        let globs = |list: Option<OneOrMany>| -> Vec<Glob> {
            list.into_iter().flat_map(|l| l.0).map(|text| Glob::new(&text.value)).collect()
        };
        let before = context.diagnostics.as_slice().len();
        let kinds = kind.into_iter().flat_map(|l| l.0);
        let kinds = kinds.filter_map(|k| match known_kind(&k.value) {
            Ok(kind) => Some(kind),
            Err((text, help)) => {
                context.diagnostics.push(Diagnostic::error(code::VALUE, k.span, text).help(help));
                None
            }
        });
        let selector = Selector {
            kinds: kinds.collect(),
            names: globs(name),
            networks: globs(network),
            subnets: globs(subnet),
            tags: tags.iter().map(|(k, v)| (k.to_owned(), Glob::new(&v.value.value))).collect(),
        };
        if context.diagnostics.as_slice().len() > before {
            return None;
        }
        if selector.is_empty() {
            let text = "an empty selection";
            let help = "name what is meant, as `kind: virtual_machine`; `name: \"*\"` is everything";
            context.diagnostics.push(Diagnostic::error(code::VALUE, span, text).help(help));
            return None;
        }
        Some(selector)
    }
}

/// A kind that something can have: a misspelt one would select nothing, or less than is meant.
fn known_kind(text: &str) -> Result<Kind, (String, String)> {
    let written = Glob::new(text);
    let types = kinds::types_called(|word| written.matches(word));
    // A scenario may declare services of types that no table knows.
    if text.contains('/') || kinds::words().any(|word| written.matches(word)) {
        return Ok(Kind { written, types });
    }
    let help = match nearest(text, kinds::words()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "a kind is a word of docs/format.md in the singular, as `virtual_machine`, or a type of services, as \
                 `Microsoft.Storage/storageAccounts`"
            .to_owned(),
    };
    Err((format!("nothing is of kind `{text}`"), help))
}

/// Reads a selector as the command line and scenarios write it on one line.
///
/// # Errors
/// With what is wrong with it.
pub fn selector(text: &str) -> Result<Selector, String> {
    let mut selector: Selector = text.parse()?;
    for kind in &mut selector.kinds {
        *kind = known_kind(kind.written.as_str()).map_err(|(text, help)| format!("{text}; {help}"))?;
    }
    Ok(selector)
}

fn written(node: &Node, context: &mut Context) -> Option<Selector> {
    let text = String::decode(node, context)?;
    selector(&text)
        .map_err(|why| context.bad_value(node.span, why, "see the keys of a selection in docs/format.md"))
        .ok()
}

impl Decode for End {
    fn decode(node: &Node, context: &mut Context) -> Option<Self> {
        let one = |node: &Node, context: &mut Context| match &node.value {
            Value::Mapping(_) => Selection::decode(node, context)?.selector(node.span, context),
            _ => written(node, context),
        };
        let selectors = match &node.value {
            Value::Sequence(items) => {
                let found: Vec<_> = items.iter().map(|n| one(n, context)).collect();
                found.into_iter().collect::<Option<Vec<_>>>()?
            }
            Value::Text { text, .. } if !is_selector(text) => {
                let name = String::decode(node, context)?;
                return Some(Self { value: name, span: node.span, selectors: Vec::new() });
            }
            Value::Mapping(_) | Value::Text { .. } => vec![one(node, context)?],
            _ => {
                context.wrong_type(node, "a name or a selection");
                return None;
            }
        };
        let value = selectors.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
        Some(Self { value, span: node.span, selectors })
    }

    fn shape() -> Shape {
        Shape::TextOr(Selection::shape)
    }
}
