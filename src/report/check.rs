//! The report of `privreach check` in every format.

use super::text::counted;
use super::{
    CheckReport, CodeText, DiagnosticReport, Digest, ExpectationReport, Item, Level, Place, Report, ScenarioReport,
    Status, Style, Suite, TraceReport,
};
use crate::diag::CODES;

const FAILED: &str = "expectation-failed";
const UNDECIDED: &str = "expectation-undecided";
const HELD: &str = "expectation";
const NO_REFUSAL: &str = "refusal-missing";

/// What the codes of this report mean, beside those of diagnostics.
const OWN: &[(&str, &str)] = &[
    (FAILED, "A flow comes out otherwise than the scenario expects."),
    (UNDECIDED, "A flow of which something is asserted comes out unknown. The trace names what is missing."),
    (NO_REFUSAL, "The scenario expects the platform to refuse its design, which it does not."),
];

impl Report for CheckReport {
    const COMMAND: &'static str = "check";

    fn text(&self, style: Style) -> String {
        super::check_text(self, style)
    }

    fn digest(&self) -> Digest {
        let mut suites: Vec<Suite> = self.scenarios.iter().map(suite).collect();
        suites.extend(problems(&self.diagnostics));
        let mut digest = Digest { command: Self::COMMAND, summary: self.summary(), suites, codes: Vec::new() };
        digest.codes = codes(&digest);
        digest
    }
}

impl CheckReport {
    /// The result in a line.
    #[must_use]
    pub fn summary(&self) -> String {
        let sum = |f: fn(&ScenarioReport) -> usize| self.scenarios.iter().map(f).sum::<usize>();
        let (held, failed, undecided) = (sum(|s| s.held), sum(|s| s.failed), sum(|s| s.undecided));
        let unusable = sum(|s| s.unusable);
        let total = held + failed + undecided + unusable;
        let (scenarios, expectations) = (counted(self.scenarios.len(), "scenario"), counted(total, "expectation"));
        let mut line = format!("{scenarios}, {expectations}: {held} hold{}", if held == 1 { "s" } else { "" });
        if failed > 0 {
            line.push_str(&format!(", {failed} fail{}", if failed == 1 { "s" } else { "" }));
        }
        if undecided > 0 {
            line.push_str(&format!(", {undecided} undecided"));
        }
        if unusable > 0 {
            line.push_str(&format!(", {unusable} cannot be asked"));
        }
        line
    }
}

fn suite(scenario: &ScenarioReport) -> Suite {
    let name = match &scenario.variant {
        Some(variant) => format!("{}#{variant}", scenario.file),
        None => scenario.file.clone(),
    };
    let traced = match &scenario.variant {
        Some(variant) => format!("privreach trace {} --variant {variant}", scenario.file),
        None => format!("privreach trace {}", scenario.file),
    };
    let refusals = scenario.missing_refusals.iter().map(|missing| Item {
        id: missing.code.clone(),
        status: Status::Failed,
        level: Level::Error,
        code: NO_REFUSAL,
        title: missing.code.clone(),
        message: "the platform does not refuse this design".to_owned(),
        details: Vec::new(),
        place: missing.place.clone(),
        related: Vec::new(),
        help: vec![format!("remove {} from expected_diagnostics, or restore what it shows", missing.code)],
    });
    Suite { name, items: refusals.chain(scenario.expectations.iter().map(|e| expectation(e, &traced))).collect() }
}

fn expectation(expectation: &ExpectationReport, traced: &str) -> Item {
    let (status, code) = match expectation.outcome {
        "held" => (Status::Held, HELD),
        "undecided" => (Status::Undecided, UNDECIDED),
        _ => (Status::Failed, FAILED),
    };
    let mut item = Item {
        id: expectation.id.clone(),
        status,
        level: Level::Error,
        code,
        title: title(expectation),
        message: String::new(),
        details: Vec::new(),
        place: expectation.place.clone(),
        related: Vec::new(),
        help: Vec::new(),
    };
    if status == Status::Held {
        return item;
    }
    item.message = expectation.differences.join("; ");
    for group in expectation.pairs.iter().flat_map(|p| &p.counterexamples) {
        item.details.push(group.line());
        item.details.extend(group.differences.iter().map(|d| format!("  {d}")));
        item.details.push(format!("  for example: {traced} {}", group.arguments()));
    }
    if let Some(flow) = &expectation.flow {
        item.details.extend(deciding(flow).map(|(line, _)| line));
        item.related = deciding(flow).filter_map(|(l, p)| Some((p?, l))).collect();
        item.help.clone_from(&flow.fixes);
    }
    item
}

fn title(expectation: &ExpectationReport) -> String {
    let ExpectationReport { id, from, to, flow, pairs, .. } = expectation;
    match (flow, pairs) {
        (_, Some(pairs)) => format!("{id}: {from} → {to}  {} flows", pairs.pairs),
        (Some(flow), None) => format!("{id}: {from} → {to}  {}", super::text::on_port(&flow.protocol, flow.port)),
        (None, None) => format!("{id}: {from} → {to}"),
    }
}

/// Steps that stop or admit a flow, with their place.
fn deciding(flow: &TraceReport) -> impl Iterator<Item = (String, Option<Place>)> + '_ {
    let all = flow.steps.iter().chain(flow.alternatives.iter().flat_map(|(_, s)| s));
    all.filter(|s| matches!(s.outcome, "block" | "unsupported" | "unknown" | "admit")).map(|step| {
        let code = step.reason.map_or(String::new(), |r| format!("{r}: "));
        (format!("{} {code}{}", step.stage, step.text), step.place.clone())
    })
}

/// Problems of the input as a suite, if there are any.
pub(super) fn problems(diagnostics: &[DiagnosticReport]) -> Option<Suite> {
    let items = || diagnostics.iter().map(diagnostic).collect();
    (!diagnostics.is_empty()).then(|| Suite { name: "input".to_owned(), items: items() })
}

/// A problem of the input as an item.
fn diagnostic(problem: &DiagnosticReport) -> Item {
    let place = problem.place.as_ref();
    Item {
        id: format!("{}@{}", problem.code, place.map_or(String::new(), ToString::to_string)),
        status: Status::Failed,
        level: if problem.severity == "error" { Level::Error } else { Level::Warning },
        code: problem.code,
        title: String::new(),
        message: problem.message.clone(),
        details: Vec::new(),
        place: problem.place.clone(),
        related: Vec::new(),
        help: problem.help.iter().cloned().collect(),
    }
}

/// Meanings of the codes that the findings name: this report's own, and those of diagnostics.
pub(super) fn codes(digest: &Digest) -> Vec<CodeText> {
    let used = |code: &str| digest.findings().any(|(_, i)| i.code == code);
    let own = OWN.iter().map(|(code, meaning)| (*code, (*meaning).to_owned()));
    let diagnostics = CODES.iter().map(|c| (c.code.as_str(), c.explanation.to_owned()));
    own.chain(diagnostics)
        .filter(|(code, _)| used(code))
        .map(|(code, meaning)| CodeText { code, name: "", meaning })
        .collect()
}
