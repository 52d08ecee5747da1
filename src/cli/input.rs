//! Loading one scenario for a command that looks at one.

use super::{args::Global, exit::Failure, output, progress};
use crate::{
    diag::{Diagnostic, SourceMap, nearest},
    report::{self, DiagnosticReport},
    scenario::{Loaded, Scenario, load_file},
    snapshot::{Snapshot, further_problems},
};
use std::{io::Write, path::Path};

/// Loads a file or one of its variants, or explains why it cannot be used.
pub(super) fn snapshot(path: &Path, variant: Option<&str>, global: &Global) -> Result<(SourceMap, Snapshot), Failure> {
    usable(progress::telling(global, "reading", || load_file(path, variant)), global)
}

/// The first of the loaded scenarios, or why it cannot be used.
pub(super) fn usable(loaded: Loaded, global: &Global) -> Result<(SourceMap, Snapshot), Failure> {
    let scenario = loaded.scenarios.into_iter().next();
    let broken = loaded.diagnostics.iter().any(|d| d.severity == crate::diag::Severity::Error);
    let Some(scenario) = scenario.filter(|_| !broken) else {
        let mut problems = loaded.diagnostics;
        problems.extend(of_partial(loaded.partial, &problems, |_| Vec::new()));
        return Err(failure(&loaded.sources, &sorted(problems), global));
    };
    let snapshot = progress::telling(global, "compiling", || Snapshot::new(scenario));
    if !snapshot.is_usable() {
        return Err(failure(&loaded.sources, &snapshot.explained_errors(), global));
    }
    remark(&loaded.sources, loaded.diagnostics, &snapshot, global);
    Ok((loaded.sources, snapshot))
}

/// Shows warnings of loading and compiling.
pub(super) fn remark(sources: &SourceMap, mut remarks: Vec<Diagnostic>, snapshot: &Snapshot, global: &Global) {
    if global.quiet {
        return;
    }
    remarks.extend(snapshot.remarks());
    let text =
        report::diagnostics::render(sources, &remarks, output::error_colour(global), output::style(global).width);
    let _ = anstream::stderr().write_all(text.as_bytes());
}

/// Further problems of scenarios that could not be read whole, and what else is asked of them.
pub(super) fn of_partial(
    partial: Vec<Scenario>,
    found: &[Diagnostic],
    asked: impl Fn(&Snapshot) -> Vec<Diagnostic>,
) -> Vec<Diagnostic> {
    let snapshots = partial.into_iter().map(Snapshot::new);
    snapshots.flat_map(|snapshot| further_problems(&snapshot, found, asked(&snapshot))).collect()
}

/// Loads `FILE` or `FILE#VARIANT`; a file of that whole name goes first.
pub(super) fn named_snapshot(name: &str, global: &Global) -> Result<(SourceMap, Snapshot), Failure> {
    match name.rsplit_once('#') {
        Some((file, variant)) if !Path::new(name).exists() => snapshot(Path::new(file), Some(variant), global),
        _ => snapshot(Path::new(name), None, global),
    }
}

/// Diagnostics as the reason for failing.
pub(super) fn failure(sources: &SourceMap, diagnostics: &[Diagnostic], global: &Global) -> Failure {
    let mut text =
        report::diagnostics::render(sources, diagnostics, output::error_colour(global), output::style(global).width);
    let errors = diagnostics.iter().filter(|d| d.severity == crate::diag::Severity::Error).count();
    text.push_str(&format!("{errors} error{} in the input\n", if errors == 1 { "" } else { "s" }));
    let reported = diagnostics.iter().map(|d| DiagnosticReport::new(sources, d)).collect();
    Failure::Problems(text, reported)
}

/// Leaves the variants of a name, of which there must be one.
pub(super) fn only_variant(loaded: &mut Loaded, name: &str) -> Result<(), Failure> {
    let of = |s: &Scenario| s.variant.clone();
    let known: Vec<String> = loaded.scenarios.iter().chain(&loaded.partial).filter_map(of).collect();
    if !known.iter().any(|v| v == name) && loaded.diagnostics.is_empty() {
        let hint = match nearest(name, known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => "there are no variants".to_owned(),
            None => format!("variants: {}", known.join(", ")),
        };
        return Err(mistake(&format!("no scenario under the paths has a variant `{name}`; {hint}")));
    }
    loaded.scenarios.retain(|s| s.variant.as_deref() == Some(name));
    loaded.partial.retain(|s| s.variant.as_deref() == Some(name));
    Ok(())
}

/// Problems by place, each once.
pub(super) fn sorted(mut problems: Vec<Diagnostic>) -> Vec<Diagnostic> {
    problems.sort_by(|a, b| (a.span, a.code, &a.message).cmp(&(b.span, b.code, &b.message)));
    problems.dedup();
    problems
}

/// A mistake on the command line.
pub(super) fn mistake(message: &str) -> Failure {
    Failure::Input(message.to_owned())
}
