//! Annotations of GitHub Actions: workflow commands on standard output.

use super::{Digest, Level, Status, clean::printable};
use std::fmt::Write;

pub(super) fn render(digest: &Digest) -> String {
    let mut out = String::new();
    for (_, item) in digest.findings() {
        let command = match item.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Info => "notice",
        };
        let mut properties = Vec::new();
        if let Some(place) = &item.place {
            properties.push(format!("file={}", property(&place.file)));
            properties.push(format!("line={}", place.line));
            properties.push(format!("col={}", place.column));
            if place.end_line == place.line && place.end_column > place.column {
                properties.push(format!("endColumn={}", place.end_column));
            }
        }
        properties.push(format!("title={}", property(item.code)));
        let mut lines = vec![item.line()];
        lines.extend(item.details.iter().cloned());
        lines.extend(item.help.iter().map(|h| format!("to fix: {h}")));
        let message = lines.iter().map(|l| data(l)).collect::<Vec<_>>().join("%0A");
        let _ = writeln!(out, "::{command} {}::{message}", properties.join(","));
    }
    let _ = writeln!(out, "{}", printable(&digest.summary).replace("::", ":\u{200b}:"));
    debug_assert!(digest.count(Status::Failed) + digest.count(Status::Undecided) <= out.lines().count());
    out
}

/// The text of a command.
fn data(text: &str) -> String {
    printable(text).replace('%', "%25")
}

/// The value of a command's property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
