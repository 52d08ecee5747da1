//! What stands in place of a result where the input is unusable.

use super::{DiagnosticReport, Digest, Place, Report, Style, text};
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::Write;

/// Why a command gave no result.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct UnusableReport {
    /// The command that was asked.
    pub of: &'static str,
    /// Problems of the input, ordered by place.
    pub diagnostics: Vec<DiagnosticReport>,
}

impl UnusableReport {
    fn summary(&self) -> String {
        let errors = self.diagnostics.iter().filter(|d| d.severity == "error").count();
        format!("no result: {} in the input", text::counted(errors, "error"))
    }
}

impl Report for UnusableReport {
    const COMMAND: &'static str = "unusable";

    fn text(&self, style: Style) -> String {
        let mut out = String::new();
        for d in &self.diagnostics {
            let place = d.place.as_ref().map_or(String::new(), |p: &Place| format!("{p}: "));
            let _ = writeln!(
                out,
                "{}",
                text::wrapped(&format!("{place}{} {}: {}", d.severity, d.code, d.message), 0, 2, style.width)
            );
            if let Some(help) = &d.help {
                let _ = writeln!(out, "  {}", text::wrapped(&format!("help: {help}"), 2, 2, style.width));
            }
        }
        let _ = writeln!(out, "{}", self.summary());
        out
    }

    fn digest(&self) -> Digest {
        let suites = super::check::problems(&self.diagnostics).into_iter().collect();
        // Under the name of the command, so that code scanning replaces its earlier results and not somebody else's.
        let mut digest = Digest { command: self.of, summary: self.summary(), suites, codes: Vec::new() };
        digest.codes = super::check::codes(&digest);
        digest
    }
}
