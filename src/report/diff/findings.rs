//! Findings of lint that a change brings or takes away.

use super::{
    super::{
        CodeText, FindingReport, Item, Status, Style,
        format::{markdown_code, markdown_text, printable},
        lint, text,
    },
    DiffReport,
};
use crate::lint::RULES;
use std::fmt::Write;

/// Findings with their headings; for the text of a terminal.
pub(super) fn text(report: &DiffReport, style: Style, out: &mut String) {
    let most = if style.verbosity > 0 { usize::MAX } else { 6 };
    for (head, colour, findings) in
        [("found", text::RED, &report.findings_added), ("no longer found", text::GREEN, &report.findings_removed)]
    {
        if findings.is_empty() || style.verbosity < 0 && head != "found" {
            continue;
        }
        let _ = writeln!(out, "\n{}", style.paint(&format!("{};{colour}", text::BOLD), head));
        for finding in findings.iter().take(most) {
            let line = format!("{} {} {}: {}", finding.level, finding.code, finding.name, finding.message);
            let _ = writeln!(out, "  · {}", text::wrapped(&line, 4, 4, style.width));
            let _ = writeln!(out, "    {}", printable(&finding.place.to_string()));
        }
        if findings.len() > most {
            let _ = writeln!(out, "  · and {} more (-v lists them)", findings.len() - most);
        }
    }
}

/// New findings as findings, those that are gone as held.
pub(super) fn items(report: &DiffReport) -> impl Iterator<Item = Item> {
    let added = report.findings_added.iter().map(|f| lint::item(f, Status::Failed));
    let removed = report.findings_removed.iter().map(|f| {
        let item = lint::item(f, Status::Held);
        Item { id: format!("gone {}", item.id), ..item }
    });
    added.chain(removed)
}

/// Rules of the new findings.
pub(super) fn codes(report: &DiffReport) -> impl Iterator<Item = CodeText> {
    let used = |code: &str| report.findings_added.iter().any(|f| f.code == code);
    let rules = RULES.iter().filter(move |r| used(r.code));
    rules.map(|r| CodeText { code: r.code, name: r.name, meaning: r.what.to_owned() })
}

/// New findings open, those that are gone folded away.
pub(super) fn markdown(report: &DiffReport, out: &mut String) {
    let rows = |out: &mut String, findings: &[FindingReport]| {
        let _ = writeln!(out, "| level | rule | finding | place |\n|---|---|---|---|");
        for f in findings {
            let place = markdown_code(&format!("{}:{}", f.place.file, f.place.line));
            let _ = writeln!(out, "| {} | {} {} | {} | {place} |", f.level, f.code, f.name, markdown_text(&f.message));
        }
    };
    if !report.findings_added.is_empty() {
        let _ = writeln!(out, "\n### New findings ({})\n", report.findings_added.len());
        rows(out, &report.findings_added);
    }
    if !report.findings_removed.is_empty() {
        let count = report.findings_removed.len();
        let _ = writeln!(out, "\n<details><summary>Findings that are gone ({count})</summary>\n");
        rows(out, &report.findings_removed);
        out.push_str("\n</details>\n");
    }
}
