//! `privreach check`.

use super::{
    args::{Check, Global},
    exit::{Exit, Failure},
    input, output, progress,
};
use crate::{
    diag::{Diagnostic, Severity, code},
    report::{self, CheckReport, DiagnosticReport, ScenarioReport, UnusableReport},
    scenario::{Loaded, load_paths},
    snapshot::Snapshot,
    verify::{self, verify},
};
use std::io::Write;

/// Evaluates everything that can be evaluated, then reports problems of the input beside it.
pub(super) fn run(args: &Check, global: &Global) -> Result<Exit, Failure> {
    let mut loaded = progress::telling(global, "reading", || load_paths(&args.paths));
    if let Some(variant) = &args.variant {
        input::only_variant(&mut loaded, variant)?;
    }
    evaluate(loaded, args.format, global)
}

/// The same for scenarios that are loaded already.
pub(super) fn evaluate(loaded: Loaded, format: report::Format, global: &Global) -> Result<Exit, Failure> {
    let sources = loaded.sources;
    let mut problems = loaded.diagnostics;
    let mut report = CheckReport::default();
    let mut silent = Vec::new();
    for scenario in loaded.scenarios {
        let title = format!("checking {}", scenario.title());
        let snapshot = progress::telling(global, &title, || Snapshot::new(scenario));
        problems.extend(snapshot.diagnostics.iter().filter(|d| d.severity == Severity::Warning).cloned());
        if !snapshot.is_usable() {
            problems.extend(snapshot.explained_errors());
            problems.extend(verify::question_problems(&snapshot));
            continue;
        }
        let verification = progress::telling(global, &title, || verify(&snapshot));
        if snapshot.scenario.expectations.is_empty() && snapshot.scenario.expected_diagnostics.is_empty() {
            let text = format!("{} asserts nothing: it has no expectations", snapshot.scenario.title());
            silent.push(Diagnostic::warning(code::NO_EXPECTATION, None, text).help("add `expectations`"));
        }
        problems.extend(verification.problems.iter().cloned());
        report.scenarios.push(ScenarioReport::new(&sources, &snapshot.scenario, &verification));
    }
    problems.extend(input::of_partial(loaded.partial, &problems, verify::question_problems));
    // Problems explain an empty report better than this would.
    let asserted = report.scenarios.iter().any(|s| !s.expectations.is_empty() || !s.missing_refusals.is_empty());
    if !asserted && problems.iter().all(|d| d.severity == Severity::Warning) {
        let text = "nothing was asserted: no scenario under the paths has expectations";
        problems.push(
            Diagnostic::error(code::NO_EXPECTATION, None, text)
                .help("add `expectations`, or ask with `privreach trace`"),
        );
    } else {
        // Beside others it would look as if it had passed.
        problems.extend(silent);
    }
    let problems = input::sorted(problems);
    report.diagnostics = problems.iter().map(|d| DiagnosticReport::new(&sources, d)).collect();

    if asserted || format != report::Format::Text {
        output::write(global, &report::render(&report, format, output::style(global)))?;
    } else if global.output.is_some() {
        // Nothing was evaluated, which is no result that people could read.
        let none = UnusableReport { of: "check", diagnostics: report.diagnostics.clone() };
        output::write(global, &report::render(&none, format, output::style(global)))?;
    }
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
