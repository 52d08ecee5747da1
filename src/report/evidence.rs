//! What Azure's own tools printed for a place, beside what the design comes to.

use super::{
    Place,
    format::printable,
    text::{BOLD, DIM, GREEN, RED, Style},
};
use crate::{diag::SourceMap, effective::Comparison};
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::Write;

/// The comparison of one place.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct EvidenceReport {
    /// The place.
    pub at: String,
    /// Number of routes and rules that agree.
    pub agreeing: usize,
    /// Number of public destinations that the platform keeps to itself and no design declares.
    pub reserved: usize,
    /// Differences, routes first.
    pub differences: Vec<ContrastReport>,
}

/// One difference.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ContrastReport {
    /// The destination, or the security group, direction and name of the rule.
    pub about: String,
    /// `differs`, `missing` in the evidence, or `unexpected` by the design.
    pub contrast: &'static str,
    /// What the design comes to.
    pub designed: Option<String>,
    /// Where the design says so; nowhere for what the platform adds by itself.
    pub designed_place: Option<Place>,
    /// What the evidence says.
    pub seen: Option<String>,
    /// Where the evidence says so.
    pub seen_place: Option<Place>,
}

impl EvidenceReport {
    /// A comparison for reports.
    #[must_use]
    pub fn new(sources: &SourceMap, at: &str, comparison: &Comparison) -> Self {
        let differences = comparison.differences.iter().map(|d| ContrastReport {
            about: d.about.clone(),
            contrast: d.contrast.as_str(),
            designed: d.designed.as_ref().map(|s| s.text.clone()),
            designed_place: Place::of(sources, d.designed.as_ref().and_then(|s| s.span)),
            seen: d.seen.as_ref().map(|s| s.text.clone()),
            seen_place: Place::of(sources, d.seen.as_ref().and_then(|s| s.span)),
        });
        Self {
            at: at.to_owned(),
            agreeing: comparison.agreeing,
            reserved: comparison.reserved,
            differences: differences.collect(),
        }
    }
}

/// The comparison for people: every difference with both sides and their places.
#[must_use]
pub fn evidence(report: &EvidenceReport, style: Style) -> String {
    let mut out = String::new();
    let all = report.agreeing + report.differences.len();
    let mark = if report.differences.is_empty() { style.paint(GREEN, "✓") } else { style.paint(RED, "✗") };
    let at = style.paint(BOLD, &printable(&report.at));
    let _ = writeln!(out, "{mark} {at}  {} of {all} routes and rules as designed", report.agreeing);
    for one in &report.differences {
        let _ = writeln!(out, "  {:<10} {}", one.contrast, printable(&one.about));
        let sides = [("design", &one.designed, &one.designed_place), ("evidence", &one.seen, &one.seen_place)];
        for (who, text, place) in sides {
            let text = text.as_deref().unwrap_or("nothing");
            let place = place.as_ref().map(|p| format!("  {}:{}", p.file, p.line)).unwrap_or_default();
            let _ = writeln!(out, "    {who:<9}{}{}", printable(text), style.paint(DIM, &printable(&place)));
        }
    }
    if report.reserved > 0 && style.verbosity > 0 {
        let _ = writeln!(out, "  {} public prefixes that the platform keeps to itself", report.reserved);
    }
    out
}
