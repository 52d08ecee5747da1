//! The library's front door: a scenario with everything computed from it once.

use crate::{
    azure::compile::compile,
    dataplane::Plane,
    diag::{CODES, Diagnostic, Severity, code},
    document::Spanned,
    scenario::Scenario,
};

/// A scenario with its data plane.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The scenario.
    pub scenario: Scenario,
    /// Its data plane.
    pub plane: Plane,
    /// Problems of the estate, ordered by place.
    pub diagnostics: Vec<Diagnostic>,
}

impl Snapshot {
    /// Compiles a scenario.
    #[must_use]
    pub fn new(scenario: Scenario) -> Self {
        let (plane, diagnostics) = compile(&scenario.estate, scenario.service_tags.as_deref());
        let mut diagnostics = diagnostics;
        for expected in &scenario.expected_diagnostics {
            let known = || CODES.iter().map(|c| c.code.as_str());
            if known().all(|c| c != expected.value) {
                let near = crate::diag::nearest(&expected.value, known());
                let hint =
                    near.map_or_else(|| "see `privreach explain`".to_owned(), |n| format!("did you mean `{n}`?"));
                let text = format!("no diagnostic has the code `{}`", expected.value);
                diagnostics.push(Diagnostic::error(code::REFERENCE, expected.span, text).help(hint));
            }
        }
        Self { scenario, plane, diagnostics: diagnostics.into_sorted() }
    }

    /// What is worth knowing of a scenario that can be evaluated: warnings, and refusals that it expects.
    #[must_use]
    pub fn remarks(&self) -> Vec<Diagnostic> {
        let mut remarks = Vec::new();
        for diagnostic in &self.diagnostics {
            let expected = diagnostic.refused && self.expects(diagnostic);
            if diagnostic.severity == Severity::Warning || expected {
                let mut remark = diagnostic.clone();
                remark.severity = Severity::Warning;
                if expected {
                    remark.message = format!("the platform refuses this design, as it expects: {}", remark.message);
                }
                remarks.push(remark);
            }
        }
        remarks
    }

    /// Problems that make the scenario unusable: errors, and refusals by the platform that it does not expect.
    pub fn errors(&self) -> impl Iterator<Item = &Diagnostic> {
        self.diagnostics.iter().filter(|d| d.severity == Severity::Error && !(d.refused && self.expects(d)))
    }

    /// Whether the scenario can be evaluated.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        self.errors().next().is_none()
    }

    fn expects(&self, diagnostic: &Diagnostic) -> bool {
        self.scenario.expected_diagnostics.iter().any(|e| e.value == diagnostic.code.as_str())
    }

    /// Expected refusals that did not occur.
    pub fn missing_refusals(&self) -> impl Iterator<Item = &Spanned<String>> {
        let produced = |code: &str| self.diagnostics.iter().any(|d| d.code.as_str() == code);
        self.scenario.expected_diagnostics.iter().filter(move |e| !produced(&e.value))
    }

    /// Errors with what to do about an unexpected refusal.
    #[must_use]
    pub fn explained_errors(&self) -> Vec<Diagnostic> {
        self.errors()
            .map(|d| {
                let mut diagnostic = d.clone();
                if d.refused {
                    let hint =
                        format!("if the scenario means to show this, list {} under expected_diagnostics", d.code);
                    diagnostic.help = Some(d.help.as_ref().map_or(hint.clone(), |h| format!("{h}; {hint}")));
                }
                diagnostic
            })
            .collect()
    }
}

/// A question that cannot be asked is a problem of the file that asks it.
#[must_use]
pub fn question_problem(
    error: &crate::trace::QuestionError,
    from: crate::diag::Span,
    to: crate::diag::Span,
) -> Diagnostic {
    let span = match error {
        crate::trace::QuestionError::Client(..) => from,
        _ => to,
    };
    Diagnostic::error(code::REFERENCE, span, error.to_string())
}
