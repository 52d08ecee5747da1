//! Comma-separated values (RFC 4180), safe to open in a spreadsheet.

use super::{Digest, Status, printable};

/// One row. A cell that a spreadsheet would take for a formula gets an apostrophe in front.
pub fn row<C: AsRef<str>>(cells: impl IntoIterator<Item = C>) -> String {
    let mut line = cells.into_iter().map(|c| cell(c.as_ref())).collect::<Vec<_>>().join(",");
    line.push_str("\r\n");
    line
}

fn cell(text: &str) -> String {
    let mut text = printable(text);
    if text.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']) {
        text.insert(0, '\'');
    }
    if text.contains([',', '"', ';', ' ', '\'']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

pub(super) fn render(digest: &Digest) -> String {
    let mut out = row(["suite", "id", "status", "level", "code", "title", "message", "file", "line", "column"]);
    for suite in &digest.suites {
        for item in &suite.items {
            let (status, level) = match item.status {
                Status::Held => ("held", ""),
                Status::Failed => ("failed", item.level.as_str()),
                Status::Undecided => ("undecided", item.level.as_str()),
                Status::Noted => ("noted", item.level.as_str()),
            };
            let place = item.place.as_ref();
            out.push_str(&row([
                suite.name.clone(),
                item.id.clone(),
                status.to_owned(),
                level.to_owned(),
                item.code.to_owned(),
                item.title.clone(),
                item.message.clone(),
                place.map_or(String::new(), |p| p.file.clone()),
                place.map_or(String::new(), |p| p.line.to_string()),
                place.map_or(String::new(), |p| p.column.to_string()),
            ]));
        }
    }
    out
}
