//! What users read: a plain model of results, and one renderer per format.

pub mod diagnostics;
pub mod dot;
mod json;
mod model;
mod text;

pub use json::to_json;
pub use model::{
    CheckReport, DiagnosticReport, ExpectationReport, Place, ResolveReport, ScenarioReport, StepReport, TraceReport,
    step_report,
};
pub use text::{Style, check as check_text, resolve as resolve_text, trace as trace_text};
