//! What users read: a plain model of results, and one renderer per format.

pub mod diagnostics;
mod json;
mod lint;
mod live;
mod model;
mod tables;
mod text;

pub use json::to_json;
pub use lint::{Counts, FindingReport, LintReport, Region, RelatedReport, SuppressedReport, text as lint_text};
pub use live::{LiveReport, NameReport, ServerReport, live as live_text};
pub use model::{
    CheckReport, DiagnosticReport, ExpectationReport, Place, ResolveReport, ScenarioReport, StepReport, TraceReport,
    step_report,
};
pub use tables::{
    RouteRowReport, RoutesReport, RuleRowReport, RulesReport, routes as routes_text, rules as rules_text,
};
pub use text::{Style, check as check_text, resolve as resolve_text, trace as trace_text};
