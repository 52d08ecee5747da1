//! Expectations to outcomes. Nothing passes because it was not evaluated.

mod baseline;
mod claims;
mod many;
mod ports;

pub use baseline::{Today, baseline};
pub use many::{Counterexample, Members, Pairs, exposing};

use crate::{
    dataplane::Plane,
    diag::{Diagnostic, Span, code},
    scenario::{End, Expectation},
    snapshot::{Snapshot, question_problem},
    trace::{Question, Trace, problems, trace},
};
use std::collections::BTreeSet;

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
    /// Number of expectations that were not evaluated for that reason.
    pub unusable: usize,
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
    let found = unaskable(snapshot);
    let unusable: BTreeSet<&str> = found.iter().map(|(id, _)| id.as_str()).collect();
    let choice = many::Choice::default();
    for expectation in &snapshot.scenario.expectations {
        let fields = &expectation.fields;
        if unusable.contains(expectation.id.as_str()) {
            continue;
        }
        let checked = if fields.selects() {
            many::check(snapshot, expectation, &choice)
        } else {
            // What must not be public must not be so by any of its names.
            let further = || {
                let asked = exposing(fields).and_then(|_| many::check(snapshot, expectation, &choice).ok());
                asked.filter(|c| c.pairs.as_ref().is_some_and(|p| !p.counterexamples.is_empty()))
            };
            let question = Question {
                from: fields.from.value.clone(),
                to: fields.to.value.clone(),
                port: fields.protocol.value.port(fields.port.value),
                transport: fields.protocol.value,
            };
            trace(&snapshot.plane, &question)
                .map(|trace| {
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
                .map(|one| if one.outcome == Outcome::Held { further().unwrap_or(one) } else { one })
        };
        match checked {
            Ok(checked) => result.checked.push(checked),
            Err(error) => result.problems.push(question_problem(&error, fields.from.span, fields.to.span)),
        }
    }
    result.unusable = snapshot.scenario.expectations.len() - result.checked.len();
    result.problems.extend(found.into_iter().map(|(_, problem)| problem));
    result
}

/// What differs between what an expectation of one flow says and a trace of that flow, one sentence each.
#[must_use]
pub fn differences(expectation: &Expectation, plane: &Plane, trace: &Trace) -> Vec<String> {
    claims::of_trace(&expectation.fields, plane, trace).differences
}

/// What keeps expectations from being asked, found without asking: both ends, ports, and elements of the path.
#[must_use]
pub fn question_problems(snapshot: &Snapshot) -> Vec<Diagnostic> {
    unaskable(snapshot).into_iter().map(|(_, problem)| problem).collect()
}

/// Problems of expectations, each with the name of the expectation.
fn unaskable(snapshot: &Snapshot) -> Vec<(String, Diagnostic)> {
    let mut found = unknown_elements(snapshot);
    for expectation in &snapshot.scenario.expectations {
        let fields = &expectation.fields;
        let name = |end: &'_ End| (!end.selects()).then(|| end.value.clone());
        let (from, to) = (name(&fields.from), name(&fields.to));
        let errors = problems(&snapshot.plane, from.as_deref(), to.as_deref());
        let ends = errors.iter().map(|e| question_problem(e, fields.from.span, fields.to.span));
        found.extend(ends.chain(ports::problem(expectation)).map(|d| (expectation.id.clone(), d)));
    }
    found
}

/// Names under `through` and `not_through` that nothing has: a misspelt name is never off the path by itself.
fn unknown_elements(snapshot: &Snapshot) -> Vec<(String, Diagnostic)> {
    let expectations = &snapshot.scenario.expectations;
    let named = |e: &'_ Expectation| !e.fields.through.is_empty() || !e.fields.not_through.is_empty();
    if !expectations.iter().any(named) {
        return Vec::new();
    }
    let mut known = snapshot.plane.element_names();
    // A Route Server is on no path, which is what a scenario may want to assert (NVA-08).
    known.extend(snapshot.scenario.estate.route_servers.keys());
    let mut found = Vec::new();
    for expectation in expectations {
        let elements = expectation.fields.through.iter().chain(&expectation.fields.not_through);
        for name in elements.filter(|name| !known.contains(name.value.as_str())) {
            let text = format!("nothing in this scenario that a path can pass is called `{}`", name.value);
            let help = match crate::diag::nearest(&name.value, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "write the name of a firewall, gateway, appliance, balancer, endpoint or resolver, as a trace \
                         prints it"
                    .to_owned(),
            };
            found.push((expectation.id.clone(), Diagnostic::error(code::REFERENCE, name.span, text).help(help)));
        }
    }
    found
}
