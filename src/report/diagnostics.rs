//! Diagnostics drawn over the source, as compilers draw them.

use crate::diag::{Diagnostic, Severity, SourceMap, Span};
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

/// Diagnostics as text.
#[must_use]
pub fn render(sources: &SourceMap, diagnostics: &[Diagnostic], colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let mut text = String::new();
    for diagnostic in diagnostics {
        let level = match diagnostic.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let title = level.primary_title(super::format::printable(&diagnostic.message)).id(diagnostic.code.as_str());
        let mut group = Group::with_title(title);
        if let Some(span) = diagnostic.span
            && let Some(file) = sources.file(span.file)
        {
            let mut snippet = Snippet::source(file.text.as_str()).path(super::format::printable(&file.name)).fold(true);
            snippet = snippet.annotation(AnnotationKind::Primary.span(range(span, &file.text)));
            for (other, label) in diagnostic.related.iter().filter(|(o, _)| o.file == span.file) {
                snippet =
                    snippet.annotation(AnnotationKind::Context.span(range(*other, &file.text)).label(label.as_str()));
            }
            group = group.element(snippet);
        }
        if let Some(help) = &diagnostic.help {
            group = group.element(Level::HELP.message(super::format::printable(help)));
        }
        text.push_str(&super::format::drawn(&renderer.render(&[group])));
        text.push_str("\n\n");
    }
    text
}

/// The first line of a span, so that a whole mapping is not underlined; always on character borders.
pub(super) fn range(span: Span, text: &str) -> std::ops::Range<usize> {
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
