//! The report model: names and places instead of ids and spans, ready to be written in any format.

use super::matrix::Flow;
use crate::{
    diag::{Diagnostic, Severity, SourceMap, Span},
    forward::{Outcome, Step},
    lookup::{Answer, Resolution},
    trace::Trace,
    verify::{self, Verification},
};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Place {
    /// File as the user named it.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1, in characters.
    pub column: usize,
    /// Line of the end.
    pub end_line: usize,
    /// Column after the last character.
    pub end_column: usize,
}

impl Place {
    /// The place of a span, if there is one.
    #[must_use]
    pub fn of(sources: &SourceMap, span: Option<Span>) -> Option<Self> {
        span.map(|span| Self::at(sources, span))
    }

    /// The place of a span.
    #[must_use]
    pub fn at(sources: &SourceMap, span: Span) -> Self {
        let location = sources.locate(span);
        let end = sources.locate(Span { start: span.end.max(span.start), ..span });
        Self {
            file: location.file,
            line: location.line,
            column: location.column,
            end_line: end.line,
            end_column: end.column,
        }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// One step of an explanation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StepReport {
    /// Part of the journey.
    pub stage: &'static str,
    /// `pass`, `assume`, `admit`, `block`, `unsupported` or `unknown`.
    pub outcome: &'static str,
    /// Reason code of a step that stops the flow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// What happens.
    pub text: String,
    /// The element met.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub element: Option<String>,
    /// The line that decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// Rule ids.
    pub rules: Vec<&'static str>,
    /// What to change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
    /// A journey of its own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub inner: Vec<StepReport>,
}

/// A step for reports.
#[must_use]
pub fn step_report(sources: &SourceMap, step: &Step) -> StepReport {
    use crate::verdict::Word;
    let (outcome, reason) = match step.outcome {
        Outcome::Pass => ("pass", None),
        Outcome::Assume => ("assume", None),
        Outcome::Admit(..) => ("admit", None),
        Outcome::Block(reason) => ("block", Some(reason)),
        Outcome::Unsupported(reason) => ("unsupported", Some(reason)),
        Outcome::Unknown(reason) => ("unknown", Some(reason)),
    };
    let mut rules = step.rules.clone();
    rules.dedup();
    StepReport {
        stage: step.stage.label(),
        outcome,
        reason: reason.map(Word::as_str),
        text: step.text.clone(),
        element: step.element.clone(),
        place: Place::of(sources, step.span),
        rules,
        fix: step.fix.clone(),
        inner: step.inner.iter().map(|s| step_report(sources, s)).collect(),
    }
}

/// One flow, explained.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct TraceReport {
    /// Client.
    pub from: String,
    /// Target as asked.
    pub to: String,
    /// The name that was resolved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Transport.
    pub protocol: String,
    /// Port.
    pub port: u16,
    /// Verdict.
    pub verdict: &'static str,
    /// How it gets through.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub via: Option<&'static str>,
    /// The different ways in which equal alternatives get through, if there are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub vias: Vec<&'static str>,
    /// Why not, the deciding reason first.
    pub reasons: Vec<&'static str>,
    /// Addresses the name answered; undeclared public ones are left out.
    pub addresses: Vec<String>,
    /// Steps in order.
    pub steps: Vec<StepReport>,
    /// Steps of each equal alternative.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub alternatives: Vec<(String, Vec<StepReport>)>,
    /// What to change, without repetitions, in order.
    pub fixes: Vec<String>,
}

impl TraceReport {
    /// A trace for reports.
    #[must_use]
    pub fn new(sources: &SourceMap, trace: &Trace) -> Self {
        use crate::verdict::Word;
        let report = |steps: &[Step]| steps.iter().map(|s| step_report(sources, s)).collect::<Vec<_>>();
        let mut fixes = Vec::new();
        let all = trace.steps.iter().chain(trace.alternatives.iter().flat_map(|(_, s)| s));
        for fix in all.filter(|s| s.is_blocker()).filter_map(|s| s.fix.clone()) {
            if !fixes.contains(&fix) {
                fixes.push(fix);
            }
        }
        let mut addresses: Vec<String> = trace
            .addresses
            .iter()
            .filter(|a| !crate::net::is_undeclared_public(**a))
            .map(ToString::to_string)
            .collect();
        if trace.nxdomain {
            addresses.push("NXDOMAIN".to_owned());
        }
        Self {
            from: trace.question.from.clone(),
            to: trace.question.to.clone(),
            name: trace.name.as_ref().map(ToString::to_string),
            protocol: trace.question.transport.to_string(),
            port: trace.question.port,
            verdict: trace.judgement.verdict.as_str(),
            via: trace.judgement.via.map(Word::as_str),
            vias: trace.judgement.vias.iter().map(|v| v.as_str()).collect(),
            reasons: trace.judgement.reasons.iter().map(|r| r.as_str()).collect(),
            addresses,
            steps: report(&trace.steps),
            alternatives: trace.alternatives.iter().map(|(a, s)| (a.clone(), report(s))).collect(),
            fixes,
        }
    }
}

/// A resolution, explained.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ResolveReport {
    /// Client.
    pub from: String,
    /// Name.
    pub name: String,
    /// Names of the alias chain.
    pub chain: Vec<String>,
    /// Addresses, `public address`, `NXDOMAIN`, or a reason code.
    pub answer: Vec<String>,
    /// Whether it is known what the name answers.
    pub decided: bool,
    /// Steps in order.
    pub steps: Vec<StepReport>,
}

impl ResolveReport {
    /// A resolution for reports.
    #[must_use]
    pub fn new(sources: &SourceMap, from: &str, resolution: &Resolution) -> Self {
        let answer = match &resolution.answer {
            Answer::Addresses(list) => list.iter().map(|a| crate::net::shown(*a)).collect(),
            Answer::NxDomain => vec!["NXDOMAIN".to_owned()],
            Answer::None(reason) => vec![reason.to_string()],
        };
        Self {
            from: from.to_owned(),
            name: resolution.chain.first().map(ToString::to_string).unwrap_or_default(),
            chain: resolution.chain.iter().map(ToString::to_string).collect(),
            answer,
            decided: resolution.answer != Answer::None(crate::verdict::Reason::DnsUndeclared),
            steps: resolution.steps.iter().map(|s| step_report(sources, s)).collect(),
        }
    }
}

/// A diagnostic for reports.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct DiagnosticReport {
    /// Code.
    pub code: &'static str,
    /// `error` or `warning`.
    pub severity: &'static str,
    /// What is wrong.
    pub message: String,
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl DiagnosticReport {
    /// A diagnostic for reports.
    #[must_use]
    pub fn new(sources: &SourceMap, diagnostic: &Diagnostic) -> Self {
        Self {
            code: diagnostic.code.as_str(),
            severity: match diagnostic.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            },
            message: diagnostic.message.clone(),
            place: Place::of(sources, diagnostic.span),
            help: diagnostic.help.clone(),
        }
    }
}

/// An expectation that was evaluated.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ExpectationReport {
    /// Name.
    pub id: String,
    /// `held`, `failed` or `undecided`.
    pub outcome: &'static str,
    /// Its place.
    pub place: Option<Place>,
    /// What differs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<String>,
    /// Client, or what selects clients.
    pub from: String,
    /// Target, or what selects services.
    pub to: String,
    /// The flow; its steps are left out where the expectation holds. Of an expectation of many flows the first
    /// counterexample, or the first flow; absent if nothing is selected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flow: Option<TraceReport>,
    /// What the flows of an expectation of many came to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pairs: Option<PairsReport>,
}

/// What the flows of an expectation of many came to.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PairsReport {
    /// Number of selected clients.
    pub clients: usize,
    /// Number of selected services, each on one port.
    pub services: usize,
    /// Number of flows; something is not asked to reach itself.
    pub pairs: u64,
    /// Flows by verdict.
    pub verdicts: BTreeMap<&'static str, u64>,
    /// Flows that the step engine decided and not the all-pairs solver.
    pub delegated: u64,
    /// Flows that come out otherwise or are undecided, by what is alike.
    pub counterexamples: Vec<CounterexampleReport>,
}

/// Flows that differ alike: clients and services that no rule tells apart, the same verdict, path and reasons.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct CounterexampleReport {
    /// Number of flows.
    pub pairs: u64,
    /// `failed` or `undecided`.
    pub outcome: &'static str,
    /// Verdict.
    pub verdict: &'static str,
    /// How they get through.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub via: Option<&'static str>,
    /// Why not, the deciding reason first.
    pub reasons: Vec<&'static str>,
    /// What differs.
    pub differences: Vec<String>,
    /// What the clients have in common, in words.
    pub clients: String,
    /// The clients.
    pub from: Vec<String>,
    /// What the services have in common, in words.
    pub services: String,
    /// The services, each with its port.
    pub to: Vec<String>,
    /// One of the flows, which `privreach trace` explains.
    pub witness: Flow,
}

impl CounterexampleReport {
    /// The flows in a line: what they come to, and who.
    #[must_use]
    pub fn line(&self) -> String {
        let flows = if self.pairs == 1 { "flow".to_owned() } else { "flows".to_owned() };
        let why = self.via.map_or_else(|| self.reasons.join(", "), |via| format!("via {via}"));
        let lead = if self.outcome == "undecided" { "undecided: " } else { "" };
        format!("{lead}{} {flows} {} ({why}): {} → {}", self.pairs, self.verdict, self.clients, self.services)
    }

    /// The arguments by which `privreach trace` explains one of the flows.
    #[must_use]
    pub fn arguments(&self) -> String {
        let Flow { from, to, port, protocol } = &self.witness;
        format!("--from {from} --to {}", super::text::target((to, protocol, *port)))
    }
}

impl PairsReport {
    fn new(pairs: &verify::Pairs) -> Self {
        use crate::verdict::Word;
        let counterexample = |c: &verify::Counterexample| CounterexampleReport {
            pairs: c.pairs,
            outcome: outcome(c.outcome),
            verdict: c.verdict.as_str(),
            via: c.via.map(Word::as_str),
            reasons: c.reasons.iter().map(|r| r.as_str()).collect(),
            differences: c.differences.clone(),
            clients: c.clients.label.clone(),
            from: c.clients.names.clone(),
            services: c.services.label.clone(),
            to: c.services.names.clone(),
            witness: Flow {
                from: c.witness.from.clone(),
                to: c.witness.to.clone(),
                port: c.witness.port,
                protocol: c.witness.transport.to_string(),
            },
        };
        Self {
            clients: pairs.clients,
            services: pairs.services,
            pairs: pairs.pairs,
            verdicts: pairs.verdicts.iter().map(|(v, n)| (v.as_str(), *n)).collect(),
            delegated: pairs.delegated,
            counterexamples: pairs.counterexamples.iter().map(counterexample).collect(),
        }
    }
}

fn outcome(outcome: verify::Outcome) -> &'static str {
    match outcome {
        verify::Outcome::Held => "held",
        verify::Outcome::Failed => "failed",
        verify::Outcome::Undecided => "undecided",
    }
}

/// A refusal of the platform that was expected and did not occur.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct MissingRefusal {
    /// Code of the diagnostic.
    pub code: String,
    /// Where it is expected.
    pub place: Option<Place>,
}

/// A scenario that was checked.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ScenarioReport {
    /// File.
    pub file: String,
    /// Variant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// Description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Number of expectations that hold.
    pub held: usize,
    /// Number that do not.
    pub failed: usize,
    /// Number that cannot be decided.
    pub undecided: usize,
    /// Number that cannot be asked; the diagnostics say why.
    pub unusable: usize,
    /// Refusals of the platform that were expected and did not occur.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing_refusals: Vec<MissingRefusal>,
    /// Expectations in order of the file.
    pub expectations: Vec<ExpectationReport>,
}

impl ScenarioReport {
    /// A verification for reports.
    #[must_use]
    pub fn new(sources: &SourceMap, scenario: &crate::scenario::Scenario, verification: &Verification) -> Self {
        let expectations = verification.checked.iter().map(|checked| {
            let mut flow = checked.trace.as_ref().map(|t| TraceReport::new(sources, t));
            if let Some(flow) = flow.as_mut().filter(|_| checked.outcome == verify::Outcome::Held) {
                flow.steps.clear();
                flow.alternatives.clear();
            }
            ExpectationReport {
                id: checked.id.clone(),
                outcome: outcome(checked.outcome),
                place: Place::of(sources, Some(checked.span)),
                differences: checked.differences.clone(),
                from: checked.from.clone(),
                to: checked.to.clone(),
                flow,
                pairs: checked.pairs.as_ref().map(PairsReport::new),
            }
        });
        Self {
            file: scenario.file.clone(),
            variant: scenario.variant.clone(),
            description: scenario.description.clone(),
            held: verification.count(verify::Outcome::Held),
            failed: verification.count(verify::Outcome::Failed),
            undecided: verification.count(verify::Outcome::Undecided),
            unusable: verification.unusable,
            missing_refusals: verification
                .missing_refusals
                .iter()
                .map(|(code, span)| MissingRefusal { code: code.clone(), place: Place::of(sources, Some(*span)) })
                .collect(),
            expectations: expectations.collect(),
        }
    }

    /// Whether everything asked holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.failed == 0 && self.undecided == 0 && self.unusable == 0 && self.missing_refusals.is_empty()
    }
}

/// Everything `check` found.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct CheckReport {
    /// Scenarios in order.
    pub scenarios: Vec<ScenarioReport>,
    /// Problems of the input.
    pub diagnostics: Vec<DiagnosticReport>,
}
