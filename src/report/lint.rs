//! Lint findings for people and programs.

use super::{CodeText, DiagnosticReport, Digest, Item, Place, Report, Status, Style, Suite};
use crate::{
    diag::{Diagnostic, SourceMap, Span},
    lint::{Finding, Level, Outcome, Suppressed},
};
use annotate_snippets::{Group, Renderer};
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::Write;

/// What linting gave, ready to be written in any format.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct LintReport {
    /// Scenarios that were looked at.
    pub scenarios: usize,
    /// Findings, ordered by place.
    pub findings: Vec<FindingReport>,
    /// Findings that their files accept.
    pub suppressed: Vec<SuppressedReport>,
    /// Problems of the input; what has errors was not looked at.
    pub diagnostics: Vec<DiagnosticReport>,
    /// Number of errors, warnings and other findings.
    pub counts: Counts,
}

/// Findings by level.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct Counts {
    /// Errors.
    pub error: usize,
    /// Warnings.
    pub warning: usize,
    /// Other findings.
    pub info: usize,
}

/// A finding.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct FindingReport {
    /// Code of the rule.
    pub code: &'static str,
    /// Name of the rule.
    pub name: &'static str,
    /// `error`, `warning` or `info`.
    pub level: &'static str,
    /// What the rule is about.
    pub category: &'static str,
    /// What is wrong.
    pub message: String,
    /// The place to look at first.
    pub place: Place,
    /// Other places that matter.
    pub related: Vec<RelatedReport>,
    /// What to do.
    pub fix: String,
    /// Scenarios and variants that show it.
    pub scenarios: Vec<String>,
}

/// Another place.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RelatedReport {
    /// The place.
    pub place: Place,
    /// What is there.
    pub label: String,
}

/// A finding that its file accepts.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct SuppressedReport {
    /// The finding.
    pub finding: FindingReport,
    /// Why it is accepted.
    pub reason: String,
    /// Place of the suppression.
    pub place: Option<Place>,
}

impl LintReport {
    /// The report of an outcome, and of what could not be looked at.
    #[must_use]
    pub fn new(sources: &SourceMap, outcome: &Outcome, problems: &[Diagnostic]) -> Self {
        let count = |level| outcome.findings.iter().filter(|f| f.level == level).count();
        Self {
            scenarios: outcome.scenarios,
            findings: outcome.findings.iter().map(|f| finding(sources, f)).collect(),
            suppressed: outcome.suppressed.iter().map(|s| suppressed(sources, s)).collect(),
            diagnostics: problems.iter().map(|d| DiagnosticReport::new(sources, d)).collect(),
            counts: Counts { error: count(Level::Error), warning: count(Level::Warning), info: count(Level::Info) },
        }
    }
}

fn region(sources: &SourceMap, span: Span) -> Place {
    Place::at(sources, span)
}

pub(super) fn finding(sources: &SourceMap, finding: &Finding) -> FindingReport {
    let related =
        |(span, label): &(Span, String)| RelatedReport { place: region(sources, *span), label: label.clone() };
    FindingReport {
        code: finding.rule.code,
        name: finding.rule.name,
        level: finding.level.as_str(),
        category: finding.rule.category.title(),
        message: finding.message.clone(),
        place: region(sources, finding.place),
        related: finding.related.iter().map(related).collect(),
        fix: finding.fix.clone(),
        scenarios: finding.scenarios.clone(),
    }
}

fn suppressed(sources: &SourceMap, suppressed: &Suppressed) -> SuppressedReport {
    SuppressedReport {
        finding: finding(sources, &suppressed.finding),
        reason: suppressed.reason.clone(),
        place: Place::of(sources, Some(suppressed.place)),
    }
}

/// Findings drawn over the source, and a line that counts them.
#[must_use]
pub fn text(sources: &SourceMap, outcome: &Outcome, style: Style) -> String {
    let renderer = if style.colour { Renderer::styled() } else { Renderer::plain() };
    let mut text = String::new();
    if style.verbosity >= 0 {
        for finding in &outcome.findings {
            let labels = finding.related.iter().map(|(_, label)| label.as_str());
            let fits = super::diagnostics::beside_labels(labels, style.width);
            let drawn = renderer.clone().term_width(fits).render(&[drawn(sources, finding, style.width)]);
            text.push_str(&super::format::drawn(&drawn));
            text.push_str("\n\n");
        }
    }
    if style.verbosity > 0 {
        for one in &outcome.suppressed {
            let (rule, reason) = (one.finding.rule, super::format::printable(&one.reason));
            let at = sources.locate(one.finding.place);
            let line = format!("accepted  {} {} at {at}: {reason}", rule.code, rule.name);
            let _ = writeln!(text, "{}", super::text::wrapped(&line, 0, 10, style.width));
        }
    }
    let count = |level, one: &str| {
        let n = outcome.findings.iter().filter(|f| f.level == level).count();
        format!("{n} {one}{}", if n == 1 || level == Level::Info { "" } else { "s" })
    };
    let _ = writeln!(
        text,
        "{}, {}, {} in {} scenario{}; {} accepted",
        count(Level::Error, "error"),
        count(Level::Warning, "warning"),
        count(Level::Info, "info"),
        outcome.scenarios,
        if outcome.scenarios == 1 { "" } else { "s" },
        outcome.suppressed.len()
    );
    text
}

fn drawn<'a>(sources: &'a SourceMap, finding: &'a Finding, width: usize) -> Group<'a> {
    use annotate_snippets::Level as Drawn;
    let level = match finding.level {
        Level::Error => Drawn::ERROR,
        Level::Warning => Drawn::WARNING,
        Level::Info => Drawn::INFO,
    };
    let folded = |text: &str| super::diagnostics::folded(text, super::diagnostics::HELP_LEAD, width);
    let title = super::diagnostics::folded(&finding.message, "warning[PRL0000]: ".len(), width);
    let title = level.primary_title(title).id(finding.rule.code);
    let mut group = Group::with_title(title);
    let mut notes = Vec::new();
    let mut files = vec![finding.place.file];
    for (span, _) in &finding.related {
        if !files.contains(&span.file) {
            files.push(span.file);
        }
    }
    for id in files {
        let Some(file) = sources.file(id) else { continue };
        let own = (finding.place.file == id).then_some((finding.place, None));
        let related = finding.related.iter().filter(|(s, _)| s.file == id);
        let marks: Vec<_> = own.into_iter().chain(related.map(|(s, label)| (*s, Some(label.as_str())))).collect();
        let (marks, far) = super::diagnostics::apart(file, marks, width);
        group = group.element(super::diagnostics::snippet(sources, file, &marks));
        notes.extend(far);
    }
    for note in notes {
        group = group.element(Drawn::NOTE.message(folded(&note)));
    }
    group = group.element(Drawn::NOTE.message(folded(&format!("{} ({})", finding.rule.name, finding.rule.source()))));
    if let [only] = finding.scenarios.as_slice()
        && only.ends_with(']')
    {
        group = group.element(Drawn::NOTE.message(folded(&format!("only in {only}"))));
    }
    group.element(Drawn::HELP.message(folded(&finding.fix)))
}

impl Report for LintReport {
    const COMMAND: &'static str = "lint";

    /// One line per finding; [`text`] draws them over the source.
    fn text(&self, style: Style) -> String {
        let mut out = String::new();
        for f in &self.findings {
            let line = format!("{}: {} {} {}: {}", f.place, f.level, f.code, f.name, f.message);
            let _ = writeln!(out, "{}", super::text::wrapped(&line, 0, 2, style.width));
        }
        let _ = writeln!(out, "{}", self.summary());
        out
    }

    fn digest(&self) -> Digest {
        let accepted = self.suppressed.iter().map(|s| item(&s.finding, Status::Held));
        let items: Vec<Item> = self.findings.iter().map(|f| item(f, Status::Failed)).chain(accepted).collect();
        let used = |code: &str| self.findings.iter().any(|f| f.code == code);
        let rules = crate::lint::RULES.iter().filter(|r| used(r.code));
        let mut suites = vec![Suite { name: "lint".to_owned(), items }];
        suites.extend(super::check::problems(&self.diagnostics));
        let mut digest = Digest { command: Self::COMMAND, summary: self.summary(), suites, codes: Vec::new() };
        digest.codes = rules.map(|r| CodeText { code: r.code, name: r.name, meaning: r.what.to_owned() }).collect();
        digest.codes.extend(super::check::codes(&digest));
        digest
    }
}

impl LintReport {
    fn summary(&self) -> String {
        let Counts { error, warning, info } = self.counts;
        let accepted = self.suppressed.len();
        let counted = super::text::counted;
        let mut line = format!(
            "{}: {}, {}, {info} info; {accepted} accepted",
            counted(self.scenarios, "scenario"),
            counted(error, "error"),
            counted(warning, "warning")
        );
        let problems = self.diagnostics.iter().filter(|d| d.severity == "error").count();
        if problems > 0 {
            line.push_str(&format!("; {} in the input", counted(problems, "error")));
        }
        line
    }
}

impl From<Level> for super::Level {
    fn from(level: Level) -> Self {
        match level {
            Level::Error => Self::Error,
            Level::Warning => Self::Warning,
            Level::Info => Self::Info,
        }
    }
}

pub(super) fn item(finding: &FindingReport, status: Status) -> Item {
    Item {
        id: format!("{} {}", finding.code, finding.message),
        status,
        level: match finding.level {
            "error" => super::Level::Error,
            "warning" => super::Level::Warning,
            _ => super::Level::Info,
        },
        code: finding.code,
        title: finding.name.to_owned(),
        message: finding.message.clone(),
        details: Vec::new(),
        place: Some(finding.place.clone()),
        related: finding.related.iter().map(|r| (r.place.clone(), r.label.clone())).collect(),
        help: vec![finding.fix.clone()],
    }
}
