//! What users read: a plain model of results, and one renderer per format.

mod check;
pub mod diagnostics;
mod diff;
mod evidence;
mod fix;
mod format;
mod impact;
mod lint;
mod live;
mod matrix;
mod model;
pub mod page;
mod tables;
mod text;
mod unusable;

pub use diff::{AnswerReport, ClassReport, DiffReport, DifferenceReport};
pub use evidence::{ContrastReport, EvidenceReport, evidence as evidence_text};
pub use fix::{FixFileReport, FixReport, MendedReport, ProposalReport, RefutedReport};
pub use format::{
    CodeText, Digest, Format, Item, Level, REPORTS, Report, Status, Suite, csv_row, json_reference, json_schema,
    judged, markdown_code, markdown_text, render, to_json,
};
pub use impact::{ElementReport, ImpactReport};
pub use lint::{Counts, FindingReport, LintReport, RelatedReport, SuppressedReport, text as lint_text};
pub use live::{LiveReport, NameReport, ServerReport, live as live_text};
pub use matrix::{
    CellReport, Flow, GroupReport, MatrixReport, PairReport, Shown, csv as matrix_csv, markdown as matrix_markdown,
    text as matrix_text, totals_csv as matrix_totals_csv,
};
pub use model::{
    CheckReport, CounterexampleReport, DiagnosticReport, ExpectationReport, MissingRefusal, PairsReport, Place,
    ResolveReport, ScenarioReport, StepReport, TraceReport, step_report,
};
pub use tables::{
    RouteRowReport, RoutesReport, RuleRowReport, RulesReport, routes as routes_text, rules as rules_text,
};
pub use text::{Style, check as check_text, resolve as resolve_text, trace as trace_text, wrapped};
pub use unusable::UnusableReport;
