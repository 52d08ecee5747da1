//! `privreach check`.

use super::{
    args::{Check, Global},
    exit::{Exit, Failure},
    input, output,
};
use crate::{
    diag::{Diagnostic, Severity, code},
    report::{self, CheckReport, DiagnosticReport, ScenarioReport},
    scenario::{Loaded, load_paths},
    snapshot::Snapshot,
    verify::verify,
};
use std::io::Write;

/// Evaluates everything that can be evaluated, then reports problems of the input beside it.
pub(super) fn run(args: &Check, global: &Global) -> Result<Exit, Failure> {
    evaluate(load_paths(&args.paths), args.format, global)
}

/// The same for scenarios that are loaded already.
pub(super) fn evaluate(loaded: Loaded, format: report::Format, global: &Global) -> Result<Exit, Failure> {
    let sources = loaded.sources;
    let mut problems = loaded.diagnostics;
    let mut report = CheckReport::default();
    for scenario in loaded.scenarios {
        let snapshot = Snapshot::new(scenario);
        problems.extend(snapshot.diagnostics.iter().filter(|d| d.severity == Severity::Warning).cloned());
        if !snapshot.is_usable() {
            problems.extend(snapshot.explained_errors());
            continue;
        }
        let verification = verify(&snapshot);
        problems.extend(verification.problems.iter().cloned());
        report.scenarios.push(ScenarioReport::new(&sources, &snapshot.scenario, &verification));
    }
    // Problems explain an empty report better than this would.
    let asserted = report.scenarios.iter().any(|s| !s.expectations.is_empty() || !s.missing_refusals.is_empty());
    if !asserted && problems.iter().all(|d| d.severity == Severity::Warning) {
        let text = "nothing was asserted: no scenario under the paths has expectations";
        problems.push(
            Diagnostic::error(code::NO_EXPECTATION, None, text)
                .help("add `expectations`, or ask with `privreach trace`"),
        );
    }
    problems.sort_by(|a, b| (a.span, a.code, &a.message).cmp(&(b.span, b.code, &b.message)));
    problems.dedup();
    report.diagnostics = problems.iter().map(|d| DiagnosticReport::new(&sources, d)).collect();

    let text = report::render(&report, format, output::style(global));
    output::write(global, &text)?;
    if !problems.is_empty() {
        let failure = input::failure(&sources, &problems, global);
        if problems.iter().any(|d| d.severity == Severity::Error) {
            return Err(failure);
        }
        let _ = write!(anstream::stderr(), "{failure}");
    }
    Ok(exit(&report))
}

/// A failure outweighs something undecided. A run that evaluated nothing does not pass.
fn exit(report: &CheckReport) -> Exit {
    let any = |f: fn(&ScenarioReport) -> bool| report.scenarios.iter().any(f);
    if any(|s| s.failed > 0 || !s.missing_refusals.is_empty()) {
        Exit::Failed
    } else if any(|s| s.undecided > 0) {
        Exit::Undecided
    } else {
        Exit::Holds
    }
}
