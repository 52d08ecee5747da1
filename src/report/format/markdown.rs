//! GitHub-flavoured Markdown.

use super::{Digest, Item, Status, printable};
use std::fmt::Write;

pub(super) fn render(digest: &Digest) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "## {} privreach {}\n\n{}", digest.mark(), digest.command, text(&digest.summary));
    for suite in &digest.suites {
        let findings: Vec<&Item> = suite.items.iter().filter(|i| i.status != Status::Held).collect();
        if findings.is_empty() {
            continue;
        }
        let _ = writeln!(out, "\n### {}\n\n| | what | why | where |\n|---|---|---|---|", code(&suite.name));
        for item in findings {
            let mut why = vec![text(&item.message)];
            why.extend(item.details.iter().map(|d| text(d)));
            why.extend(item.help.iter().map(|h| format!("**to fix:** {}", text(h))));
            why.retain(|line| !line.is_empty());
            let title = if item.title.is_empty() { code(&item.id) } else { text(&item.title) };
            let place = item.place.as_ref().map_or(String::new(), |p| code(&format!("{}:{}", p.file, p.line)));
            let _ = writeln!(out, "| {} | {title} | {} | {place} |", code(item.code), why.join("<br>"));
        }
    }
    out
}

/// Text that stays text: no markup, no mention of a user, no link to an issue, also inside a table.
#[must_use]
pub fn text(text: &str) -> String {
    let mut out = String::new();
    let text = printable(text);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            // Before a space it begins neither a link nor a picture.
            ':' if chars.peek().is_none_or(|c| *c == ' ') => out.push(c),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // Mentions and issue numbers are found after rendering, so an escape alone would not stop them.
            '@' | '#' => {
                out.push('\\');
                out.push(c);
                out.push('\u{200b}');
            }
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '!' | '|' | '~' | '$' | ':' => {
                out.push('\\');
                out.push(c);
            }
            '+' | '-' | '=' if out.is_empty() => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}

/// A name as code, also inside a table.
#[must_use]
pub fn code(text: &str) -> String {
    let text = printable(text).replace('|', "\\|");
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    // A space on both sides is taken off again; it keeps a backtick of the text apart from the fence.
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    if text.is_empty() { String::new() } else { format!("{fence}{pad}{text}{pad}{fence}") }
}
