//! `privreach check`.

use super::{
    args::{Check, Global},
    exit::{Exit, Failure},
    input, output, progress,
};
use crate::{
    diag::{Diagnostic, Severity, SourceMap, code},
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
    evaluate(loaded, (args.format, "add `expectations`, or ask with `privreach trace`"), global)
}

/// The same for scenarios that are loaded already; the form of the report, and what to do where nothing is asserted.
pub(super) fn evaluate(loaded: Loaded, form: (report::Format, &str), global: &Global) -> Result<Exit, Failure> {
    let mut evaluated = Evaluated::new(loaded.sources, loaded.diagnostics);
    for scenario in loaded.scenarios {
        let title = format!("checking {}", scenario.title());
        let snapshot = progress::telling(global, &title, || Snapshot::new(scenario));
        evaluated.add(&snapshot, global);
    }
    let partial = input::of_partial(loaded.partial, &evaluated.problems, verify::question_problems);
    evaluated.problems.extend(partial);
    evaluated.show(form, global)
}

/// The same for a scenario that is compiled already, and what loading it said.
pub(super) fn evaluate_compiled(
    sources: SourceMap,
    remarks: Vec<Diagnostic>,
    snapshot: &Snapshot,
    form: (report::Format, &str),
    global: &Global,
) -> Result<Exit, Failure> {
    let mut evaluated = Evaluated::new(sources, remarks);
    evaluated.add(snapshot, global);
    evaluated.show(form, global)
}

/// What scenarios came to so far.
struct Evaluated {
    sources: SourceMap,
    problems: Vec<Diagnostic>,
    report: CheckReport,
    /// Scenarios that assert nothing.
    silent: Vec<Diagnostic>,
}

impl Evaluated {
    fn new(sources: SourceMap, problems: Vec<Diagnostic>) -> Self {
        Self { sources, problems, report: CheckReport::default(), silent: Vec::new() }
    }

    fn add(&mut self, snapshot: &Snapshot, global: &Global) {
        self.problems.extend(snapshot.diagnostics.iter().filter(|d| d.severity == Severity::Warning).cloned());
        if !snapshot.is_usable() {
            self.problems.extend(snapshot.explained_errors());
            self.problems.extend(verify::question_problems(snapshot));
            return;
        }
        let scenario = &snapshot.scenario;
        let title = format!("checking {}", scenario.title());
        let verification = progress::telling(global, &title, || verify(snapshot));
        if scenario.expectations.is_empty() && scenario.expected_diagnostics.is_empty() {
            let text = format!("{} asserts nothing: it has no expectations", scenario.title());
            self.silent.push(Diagnostic::warning(code::NO_EXPECTATION, None, text).help("add `expectations`"));
        }
        self.problems.extend(verification.problems.iter().cloned());
        self.report.scenarios.push(ScenarioReport::new(&self.sources, scenario, &verification));
    }

    fn show(self, (format, help): (report::Format, &str), global: &Global) -> Result<Exit, Failure> {
        let Self { sources, mut problems, mut report, silent } = self;
        // Problems explain an empty report better than this would.
        let asserted = report.scenarios.iter().any(|s| !s.expectations.is_empty() || !s.missing_refusals.is_empty());
        if !asserted && problems.iter().all(|d| d.severity == Severity::Warning) {
            let text = "nothing was asserted: no scenario under the paths has expectations";
            problems.push(Diagnostic::error(code::NO_EXPECTATION, None, text).help(help));
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
