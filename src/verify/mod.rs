//! Expectations to outcomes. Nothing passes because it was not evaluated.

mod baseline;

pub use baseline::{Today, baseline};

use crate::{
    dataplane::ClientKind,
    diag::{Diagnostic, Span, code},
    effective::first_route,
    scenario::{Expectation, OneOrMany, RouteFields},
    snapshot::{Snapshot, question_problem},
    trace::{Question, Trace, trace},
    verdict::Verdict,
};

/// How an expectation came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It holds.
    Held,
    /// It does not.
    Failed,
    /// The verdict is unknown, and another was expected.
    Undecided,
}

/// An expectation with its outcome.
#[derive(Debug, Clone)]
pub struct Checked {
    /// Name of the expectation.
    pub id: String,
    /// Its place.
    pub span: Span,
    /// The outcome.
    pub outcome: Outcome,
    /// What differs, one sentence each.
    pub differences: Vec<String>,
    /// The trace that decided.
    pub trace: Trace,
}

impl Checked {
    /// Compares the first hop's winning route.
    fn expect_route(&mut self, snapshot: &Snapshot, fields: &RouteFields) {
        let plane = &snapshot.plane;
        let from = match plane.clients.get(&self.trace.question.from).map(|c| c.kind) {
            Ok(ClientKind::Endpoint(id)) => Some(id),
            _ => None,
        };
        let found = from.zip(self.trace.addresses.first()).and_then(|(f, a)| first_route(plane, f, *a));
        let Some(found) = found else {
            self.differences.push("route: nothing is sent, so no route wins".to_owned());
            self.outcome = Outcome::Failed;
            return;
        };
        let before = self.differences.len();
        let mut differ = |what: &str, expected: Option<String>, found: String| {
            if let Some(expected) = expected.filter(|e| *e != found) {
                self.differences.push(format!("route {what}: expected {expected}, found {found}"));
            }
        };
        differ("prefix", fields.prefix.as_ref().map(|p| p.value.clone()), found.prefix);
        differ("source", fields.source.as_ref().map(|s| s.value.clone()), found.source.to_owned());
        differ("next_hop_type", fields.next_hop_type.as_ref().map(|t| t.value.clone()), found.next_hop_type.to_owned());
        let addresses = |list: &OneOrMany| sorted(list.0.iter().map(|a| a.value.clone()));
        let hops = sorted(found.next_hop.iter().map(ToString::to_string));
        differ("next_hop_in_ip_address", fields.next_hop_in_ip_address.as_ref().map(addresses), hops);
        if self.differences.len() > before {
            self.outcome = Outcome::Failed;
        }
    }
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
    for expectation in &snapshot.scenario.expectations {
        let fields = &expectation.fields;
        let question = Question {
            from: fields.from.value.clone(),
            to: fields.to.value.clone(),
            port: fields.port.value,
            transport: fields.protocol.value,
        };
        match trace(&snapshot.plane, &question) {
            Ok(trace) => {
                let mut checked = check(expectation, trace);
                if let Some(route) = &fields.route {
                    checked.expect_route(snapshot, route);
                }
                result.checked.push(checked);
            }
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

fn check(expectation: &Expectation, trace: Trace) -> Checked {
    let fields = &expectation.fields;
    let judged = &trace.judgement;
    let mut differences = Vec::new();
    let mut differ = |what: &str, expected: String, found: String| {
        if expected != found {
            differences.push(format!("{what}: expected {expected}, found {found}"));
        }
    };
    differ("verdict", fields.verdict.value.to_string(), judged.verdict.to_string());
    let none = || "none".to_owned();
    if let Some(via) = &fields.via {
        differ("via", via.value.to_string(), judged.via.map_or_else(none, |v| v.to_string()));
    }
    if let Some(reason) = &fields.reason {
        differ("reason", reason.value.to_string(), judged.reason().map_or_else(none, |r| r.to_string()));
    }
    if let Some(reasons) = &fields.reasons {
        differ(
            "reasons",
            sorted(reasons.iter().map(|r| r.value.to_string())),
            sorted(judged.reasons.iter().map(ToString::to_string)),
        );
    }
    if let Some(dns) = &fields.dns {
        let found: Vec<String> = if trace.nxdomain {
            vec!["NXDOMAIN".to_owned()]
        } else {
            trace.addresses.iter().map(ToString::to_string).collect()
        };
        differ("dns", sorted(dns.0.iter().map(|d| d.value.clone())), sorted(found.into_iter()));
    }
    let passed = trace.elements();
    for element in &fields.through {
        if !passed.contains(&element.value.as_str()) {
            differences.push(format!("through: the path does not pass {}", element.value));
        }
    }
    for element in &fields.not_through {
        if passed.contains(&element.value.as_str()) {
            differences.push(format!("not_through: the path passes {}", element.value));
        }
    }
    let undecided = judged.verdict == Verdict::Unknown && fields.verdict.value != Verdict::Unknown;
    let outcome = match (differences.is_empty(), undecided) {
        (true, _) => Outcome::Held,
        (false, true) => Outcome::Undecided,
        (false, false) => Outcome::Failed,
    };
    Checked { id: expectation.id.clone(), span: expectation.span, outcome, differences, trace }
}

fn sorted(items: impl Iterator<Item = String>) -> String {
    let mut items: Vec<_> = items.collect();
    items.sort();
    if items.is_empty() { "none".to_owned() } else { items.join(", ") }
}
