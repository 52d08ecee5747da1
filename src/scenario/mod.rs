//! Scenario files: an estate with expectations, its variants, and where each value was written.

mod expectation;
mod json;
mod lint_ignore;
mod load;
mod read;
mod reference;
mod selection;
mod yaml;

pub use expectation::{Expectation, ExpectationFields, HopType, OneOrMany, RouteFields, RouteOrigin, answer_of};
pub use lint_ignore::{LintIgnore, Suppression};
pub use load::{load_document, load_file, load_paths, load_text};
pub use reference::{json_schema, reference_page};
pub use selection::{End, Selection, selector};

use crate::{
    azure::{model::Estate, not_modelled::gap, service_tags::PublishedTags},
    diag::{Diagnostic, SourceMap, Span},
    document::{Context, Map, Mapping, Spanned, record},
};
use std::sync::Arc;

/// An estate with what must hold in it.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// File it was loaded from, as the user named it.
    pub file: String,
    /// Name, the file's stem when none is given.
    pub name: String,
    /// Variant of the file.
    pub variant: Option<String>,
    /// What it is about.
    pub description: Option<String>,
    /// The resources.
    pub estate: Estate,
    /// The same as they were written, with everything that the file extends merged in; empty if no file declares them.
    pub document: Arc<Mapping>,
    /// Published service tags, if the file names a list.
    pub service_tags: Option<Arc<PublishedTags>>,
    /// What must hold, in order of the file.
    pub expectations: Vec<Expectation>,
    /// What the base expects of flows that this variant, or this file, expects otherwise.
    pub designed: Vec<Expectation>,
    /// Codes of diagnostics, once for each, that the platform's refusal is expected to cause.
    pub expected_diagnostics: Vec<Spanned<String>>,
    /// Suppressions of lint findings.
    pub suppressions: Vec<Suppression>,
}

impl Scenario {
    /// The same scenario with other resources.
    ///
    /// # Errors
    /// If the document does not read as an estate.
    pub fn with_document(&self, document: Mapping) -> Result<Self, Vec<Diagnostic>> {
        let mut context = Context { suppressible: true, caseless: true, gaps: Some(gap), ..Context::default() };
        let span = document.0.first().map_or(Span::default(), |(_, span, _)| *span);
        let (estate, document) = load::decode_estate(document, span, &mut context);
        match estate.filter(|_| !context.diagnostics.has_errors()) {
            Some(estate) => Ok(Self { estate, document: Arc::new(document), ..self.clone() }),
            None => Err(context.diagnostics.into_sorted()),
        }
    }

    /// `file` or `file#variant`.
    #[must_use]
    pub fn title(&self) -> String {
        match &self.variant {
            Some(variant) => format!("{} [{variant}]", self.file),
            None => self.file.clone(),
        }
    }
}

/// What loading gave.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    /// Every file that was read.
    pub sources: SourceMap,
    /// Scenarios that could be read; others are explained by the diagnostics.
    pub scenarios: Vec<Scenario>,
    /// What could be read of scenarios that could not be read whole, to look for further problems; not to be evaluated.
    pub partial: Vec<Scenario>,
    /// Problems, ordered by place.
    pub diagnostics: Vec<Diagnostic>,
}

record! {
    /// Keys of a scenario file beside those of the estate.
    pub struct ScenarioKeys {
        /// Name of the scenario; the file's name when absent.
        name: Option<Spanned<String>>,
        /// What it is about.
        description: Option<Spanned<String>>,
        /// A file that this one extends; the estate's keys then stand under `patch`.
        extends: Option<Spanned<String>>,
        /// RFC 7396 merge patch of the estate of the extended file: `null` removes.
        patch: Option<Anything>,
        /// Mutations of this scenario by name.
        variants: Map<Variant>,
        /// Flows by name, and what must hold for each.
        expectations: Map<ExpectationFields>,
        /// Codes of diagnostics, once for each, that the platform's refusal is expected to cause.
        expected_diagnostics: Vec<Spanned<String>>,
    }
}

record! {
    /// A mutation of a scenario. An expectation of the same name inherits the flow and replaces everything expected of it; all others are inherited; `null` removes one.
    pub struct Variant {
        /// What is different.
        description: Option<Spanned<String>>,
        /// RFC 7396 merge patch of the estate: `null` removes.
        patch: Option<Anything>,
        /// Flows that come out differently.
        expectations: Option<Anything>,
        /// Codes of diagnostics, once for each, that the platform's refusal is expected to cause.
        expected_diagnostics: Vec<Spanned<String>>,
    }
}

/// A value that is read later, once merged.
#[derive(Debug, Clone)]
pub struct Anything(pub crate::document::Node);

impl crate::document::Decode for Anything {
    fn decode(node: &crate::document::Node, _: &mut crate::document::Context) -> Option<Self> {
        Some(Self(node.clone()))
    }

    fn shape() -> crate::document::Shape {
        crate::document::Shape::Text("mapping")
    }
}
