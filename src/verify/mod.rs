//! Expectations to outcomes. Nothing passes because it was not evaluated.

mod baseline;
mod claims;
mod many;
mod ports;

pub use baseline::{Today, baseline};
pub use many::{Counterexample, Members, Pairs};

use crate::{
    diag::{Diagnostic, Span, code},
    snapshot::{Snapshot, question_problem},
    trace::{Question, Trace, trace},
};

/// How an expectation came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// It does not hold.
    Failed,
    /// The verdict is unknown, and another was expected.
    Undecided,
    /// It holds.
    Held,
}

/// An expectation with its outcome.
#[derive(Debug, Clone)]
pub struct Checked {
    /// Name of the expectation.
    pub id: String,
    /// Its place.
    pub span: Span,
    /// Client, or the selection of clients as the command line writes it.
    pub from: String,
    /// Target, or the selection of services.
    pub to: String,
    /// The outcome.
    pub outcome: Outcome,
    /// What differs, one sentence each.
    pub differences: Vec<String>,
    /// The trace that decided: of an expectation of many flows the first counterexample's, or that of the first flow. None
    /// if nothing is selected.
    pub trace: Option<Trace>,
    /// What the flows of an expectation of many came to.
    pub pairs: Option<Pairs>,
}

/// What a scenario's expectations came to.
#[derive(Debug, Clone, Default)]
pub struct Verification {
    /// Expectations in order of the file.
    pub checked: Vec<Checked>,
    /// Expected refusals that did not occur, with their place.
    pub missing_refusals: Vec<(String, Span)>,
    /// Questions that cannot be asked.
    pub problems: Vec<Diagnostic>,
}

impl Verification {
    /// Number of expectations with an outcome.
    #[must_use]
    pub fn count(&self, outcome: Outcome) -> usize {
        self.checked.iter().filter(|c| c.outcome == outcome).count()
    }
}

/// Evaluates all expectations of a usable snapshot.
#[must_use]
pub fn verify(snapshot: &Snapshot) -> Verification {
    let mut result = Verification {
        missing_refusals: snapshot.missing_refusals().map(|m| (m.value.clone(), m.span)).collect(),
        ..Verification::default()
    };
    result.problems.extend(unknown_elements(snapshot));
    result.problems.extend(ports::problems(snapshot));
    let choice = many::Choice::default();
    for expectation in &snapshot.scenario.expectations {
        let fields = &expectation.fields;
        let checked = if fields.selects() {
            many::check(snapshot, expectation, &choice)
        } else {
            let question = Question {
                from: fields.from.value.clone(),
                to: fields.to.value.clone(),
                port: fields.port.value,
                transport: fields.protocol.value,
            };
            trace(&snapshot.plane, &question).map(|trace| {
                let claim = claims::of_trace(fields, &snapshot.plane, &trace);
                Checked {
                    id: expectation.id.clone(),
                    span: expectation.span,
                    from: question.from.clone(),
                    to: question.to.clone(),
                    outcome: claim.outcome,
                    differences: claim.differences,
                    trace: Some(trace),
                    pairs: None,
                }
            })
        };
        match checked {
            Ok(checked) => result.checked.push(checked),
            Err(error) => result.problems.push(question_problem(&error, fields.from.span, fields.to.span)),
        }
    }
    result
}

/// Names under `through` and `not_through` that nothing has: a misspelt name is never off the path by itself.
fn unknown_elements(snapshot: &Snapshot) -> Vec<Diagnostic> {
    let expectations = &snapshot.scenario.expectations;
    let mut asked = expectations.iter().flat_map(|e| e.fields.through.iter().chain(&e.fields.not_through)).peekable();
    if asked.peek().is_none() {
        return Vec::new();
    }
    let mut known = snapshot.plane.element_names();
    // A Route Server is on no path, which is what a scenario may want to assert (NVA-08).
    known.extend(snapshot.scenario.estate.route_servers.keys());
    asked
        .filter(|name| !known.contains(name.value.as_str()))
        .map(|name| {
            let near = crate::diag::nearest(&name.value, known.iter().copied());
            let hint = near.map_or(String::new(), |n| format!("; did you mean `{n}`?"));
            let text = format!("nothing in this scenario that a path can pass is called `{}`{hint}", name.value);
            Diagnostic::error(code::REFERENCE, name.span, text)
        })
        .collect()
}
