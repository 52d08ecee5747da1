//! Loading one scenario for a command that looks at one.

use super::{args::Global, exit::Failure, output};
use crate::{
    diag::{Diagnostic, SourceMap},
    report,
    scenario::{Loaded, load_file},
    snapshot::Snapshot,
};
use std::{io::Write, path::Path};

/// Loads a file or one of its variants, or explains why it cannot be used.
pub(super) fn snapshot(path: &Path, variant: Option<&str>, global: &Global) -> Result<(SourceMap, Snapshot), Failure> {
    usable(load_file(path, variant), global)
}

/// The first of the loaded scenarios, or why it cannot be used.
pub(super) fn usable(loaded: Loaded, global: &Global) -> Result<(SourceMap, Snapshot), Failure> {
    let Some(scenario) = loaded.scenarios.into_iter().next() else {
        return Err(failure(&loaded.sources, &loaded.diagnostics, global));
    };
    if loaded.diagnostics.iter().any(|d| d.severity == crate::diag::Severity::Error) {
        return Err(failure(&loaded.sources, &loaded.diagnostics, global));
    }
    let snapshot = Snapshot::new(scenario);
    if !snapshot.is_usable() {
        return Err(failure(&loaded.sources, &snapshot.explained_errors(), global));
    }
    if !global.quiet {
        let mut remarks = loaded.diagnostics;
        remarks.extend(snapshot.remarks());
        let text = report::diagnostics::render(&loaded.sources, &remarks, output::error_colour(global));
        let _ = anstream::stderr().write_all(text.as_bytes());
    }
    Ok((loaded.sources, snapshot))
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
    let mut text = report::diagnostics::render(sources, diagnostics, output::error_colour(global));
    let errors = diagnostics.iter().filter(|d| d.severity == crate::diag::Severity::Error).count();
    text.push_str(&format!("{errors} error{} in the input\n", if errors == 1 { "" } else { "s" }));
    Failure::Input(text)
}

/// A mistake on the command line.
pub(super) fn mistake(message: &str) -> Failure {
    Failure::Input(format!("error: {message}\n"))
}
