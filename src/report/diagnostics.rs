//! Diagnostics drawn over the source, as compilers draw them.

use crate::diag::{Diagnostic, Severity, SourceFile, SourceMap, Span};
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use std::fmt::Write;

/// Diagnostics that are drawn; a file with more is best mended from the top.
const DRAWN: usize = 100;

/// Diagnostics as text.
#[must_use]
pub fn render(sources: &SourceMap, diagnostics: &[Diagnostic], colour: bool, width: usize) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let mut text = String::new();
    for diagnostic in diagnostics.iter().take(DRAWN) {
        let level = match diagnostic.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let lead = "warning[]: ".len() + diagnostic.code.as_str().len();
        let title = level.primary_title(folded(&diagnostic.message, lead, width)).id(diagnostic.code.as_str());
        let mut group = Group::with_title(title);
        if let Some(span) = diagnostic.span
            && let Some(file) = sources.file(span.file)
        {
            let related = diagnostic.related.iter().filter(|(o, _)| o.file == span.file);
            let marks = std::iter::once((span, None)).chain(related.map(|(o, label)| (*o, Some(label.as_str()))));
            let (marks, far) = apart(file, marks.collect(), width);
            group = group.element(snippet(sources, file, &marks));
            for note in far {
                group = group.element(Level::NOTE.message(folded(&note, HELP_LEAD, width)));
            }
        }
        if let Some(help) = &diagnostic.help {
            group = group.element(Level::HELP.message(folded(help, HELP_LEAD, width)));
        }
        let fits = beside_labels(diagnostic.related.iter().map(|(_, label)| label.as_str()), width);
        let drawn = super::format::drawn(&renderer.clone().term_width(fits).render(&[group]));
        // What has no place has no source to frame.
        let framed = diagnostic.span.is_some_and(|span| sources.file(span.file).is_some());
        let lines = drawn.lines().filter(|line| framed || !is_bar(line));
        text.push_str(&lines.collect::<Vec<_>>().join("\n"));
        text.push_str("\n\n");
    }
    let rest = diagnostics.len().saturating_sub(DRAWN);
    if rest > 0 {
        let _ = write!(text, "and {rest} more; other formats list all of them\n\n");
    }
    text
}

/// Whether a line is an empty part of a frame, whatever its colour.
fn is_bar(line: &str) -> bool {
    let mut parts = line.split('\u{1b}');
    let first = parts.next().unwrap_or_default();
    let rest = parts.map(|p| p.split_once('m').map_or(p, |(_, text)| text));
    std::iter::once(first).chain(rest).collect::<String>().trim() == "|"
}

/// The width of source lines, so that labels behind a mark at their end fit, too.
pub(super) fn beside_labels<'a>(labels: impl Iterator<Item = &'a str>, width: usize) -> usize {
    let longest = labels.map(|l| l.chars().count() + 2).max().unwrap_or(0);
    width.saturating_sub(longest).max(width / 2)
}

/// Columns before the text of a help or a note: the number of the line, and the word.
pub(super) const HELP_LEAD: usize = 14;

/// A text in lines that fit behind a lead; the renderer indents what follows the first.
pub(super) fn folded(text: &str, lead: usize, width: usize) -> String {
    super::text::wrapped(text, 0, 0, width.saturating_sub(lead).max(20))
}

/// Marks to draw, and in words those that are too far along the line of the first: what lies between would be drawn, too.
pub(super) fn apart<'a>(
    file: &SourceFile,
    marks: Vec<(Span, Option<&'a str>)>,
    width: usize,
) -> (Vec<(Span, Option<&'a str>)>, Vec<String>) {
    let Some((first, _)) = marks.first().copied() else { return (marks, Vec::new()) };
    let near = |span: Span| {
        let (a, b) = (range(first, &file.text), range(span, &file.text));
        let reach = width.saturating_sub(HELP_LEAD);
        let between = file.text.get(a.end.min(b.end)..a.start.max(b.start)).unwrap_or_default();
        let close = between.len() + (b.len().min(reach / 2)) <= reach || between.contains('\n');
        span == first || close && !file.withheld
    };
    let (drawn, far): (Vec<_>, Vec<_>) = marks.into_iter().partition(|(span, _)| near(*span));
    let words = far.into_iter().map(|(span, label)| {
        let at = file.text.get(..range(span, &file.text).start).unwrap_or_default();
        let column = at.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let label = super::format::printable(label.unwrap_or("here"));
        match file.withheld {
            true => format!("{label} (line {}, column {column})", at.matches('\n').count() + 1),
            false => format!("{label} (column {column} of the same line)"),
        }
    });
    (drawn, words.collect())
}

/// Lines of more bytes are not drawn: the renderer walks them many times.
const LONGEST: usize = 1024 * 1024;

/// The part of a file that holds some places: first the one it is about, unless it has a label, then those beside it.
/// Only their lines are handed to the renderer, which reads all it is given. Of a file that may hold secrets, the place.
pub(super) fn snippet<'a>(
    sources: &SourceMap,
    file: &'a SourceFile,
    marks: &[(Span, Option<&'a str>)],
) -> annotate_snippets::Element<'a> {
    let ranges: Vec<_> = marks.iter().map(|(span, _)| range(*span, &file.text)).collect();
    let start = ranges.iter().map(|r| r.start).min().unwrap_or(0);
    let end = ranges.iter().map(|r| r.end).max().unwrap_or(0);
    let lines = file.lines(start..end);
    if let (true, Some((span, _))) = (file.withheld || lines.text.len() > LONGEST, marks.first()) {
        let at = sources.locate(*span);
        return Origin::path(super::format::printable(&file.name)).line(at.line).char_column(at.column).into();
    }
    let mut snippet =
        Snippet::source(lines.text).line_start(lines.first).path(super::format::printable(&file.name)).fold(true);
    for ((_, label), range) in marks.iter().zip(ranges) {
        let here = |at: usize| at.saturating_sub(lines.offset).min(lines.text.len());
        let span = here(range.start)..here(range.end);
        snippet = snippet.annotation(match label {
            None => AnnotationKind::Primary.span(span),
            Some(label) => AnnotationKind::Context.span(span).label(super::format::printable(label)),
        });
    }
    snippet.into()
}

/// The first line of a span, so that a whole mapping is not underlined; always on character borders.
fn range(span: Span, text: &str) -> std::ops::Range<usize> {
    let clamp = |at: u32| {
        let mut at = (at as usize).min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let start = clamp(span.start);
    let end = clamp(span.end).max(start);
    let line = text.get(start..end).and_then(|t| t.find('\n')).map_or(end, |n| start + n);
    start..line.max(start)
}
