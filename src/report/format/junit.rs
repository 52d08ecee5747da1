//! JUnit XML in the dialect that Jenkins' schema describes and other CI systems read.
//!
//! Written by hand: libraries for it bring a clock and random identifiers, and two runs must give the same bytes.

use super::{Digest, Item, Status, printable};
use std::fmt::Write;

pub(super) fn render(digest: &Digest) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let counts = |items: &[Item]| {
        let of = |status| items.iter().filter(|i| i.status == status).count();
        (items.len(), of(Status::Failed), of(Status::Undecided), of(Status::Noted))
    };
    let all: Vec<Item> = digest.suites.iter().flat_map(|s| s.items.iter().cloned()).collect();
    let (tests, failures, errors, _) = counts(&all);
    let _ = writeln!(
        out,
        "<testsuites name=\"privreach {}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\">",
        escape(digest.command)
    );
    for suite in &digest.suites {
        let (tests, failures, errors, skipped) = counts(&suite.items);
        let name = escape(&suite.name);
        let _ = writeln!(
            out,
            "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\">"
        );
        for item in &suite.items {
            case(&mut out, &name, item);
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn case(out: &mut String, class: &str, item: &Item) {
    let title = if item.title.is_empty() { &item.id } else { &item.title };
    let _ = write!(out, "    <testcase name=\"{}\" classname=\"{class}\"", escape(title));
    let element = match item.status {
        Status::Held => {
            out.push_str("/>\n");
            return;
        }
        Status::Noted => {
            let lines: Vec<String> = remarks(item).iter().map(|l| escape(l)).collect();
            let _ = writeln!(
                out,
                ">\n      <skipped message=\"{}\"/>\n      <system-out>{}</system-out>\n    </testcase>",
                escape(&item.message),
                lines.join("\n")
            );
            return;
        }
        Status::Failed => "failure",
        Status::Undecided => "error",
    };
    let lines: Vec<String> = remarks(item).iter().map(|l| escape(l)).collect();
    let _ = writeln!(
        out,
        ">\n      <{element} type=\"{}\" message=\"{}\">{}</{element}>\n    </testcase>",
        escape(item.code),
        escape(&item.message),
        lines.join("\n")
    );
}

/// Where it is, and everything else that is known of it.
fn remarks(item: &Item) -> Vec<String> {
    let mut lines: Vec<String> = item.place.iter().map(ToString::to_string).collect();
    lines.extend(item.details.iter().cloned());
    lines.extend(item.related.iter().map(|(place, text)| format!("{place}: {text}")));
    lines.extend(item.help.iter().map(|h| format!("to fix: {h}")));
    lines
}

/// Text of an element or a quoted attribute. XML cannot hold control characters at all.
fn escape(text: &str) -> String {
    let text = printable(text).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}");
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&apos;")
}
