//! Which room may import which (design: one room per stage). A violation fails with `file:line: a may not import b`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// Each room with the rooms it may import.
const ALLOWED: &[(&str, &[&str])] = &[
    ("net", &[]),
    ("diag", &[]),
    ("verdict", &["diag"]),
    ("select", &[]),
    ("document", &["diag", "net"]),
    ("dataplane", &["diag", "net", "verdict"]),
    ("azure", &["dataplane", "diag", "document", "net", "verdict"]),
    ("effective", &["dataplane", "diag", "forward", "net"]),
    ("reach", &["dataplane", "net", "verdict"]),
    ("forward", &["dataplane", "diag", "net", "verdict"]),
    ("lookup", &["dataplane", "forward", "net", "verdict"]),
    ("trace", &["dataplane", "forward", "lookup", "net", "verdict"]),
    ("flows", &["dataplane", "net", "trace"]),
    ("matrix", &["dataplane", "flows", "forward", "lookup", "net", "reach", "select", "trace", "verdict"]),
    ("scenario", &["azure", "diag", "document", "net", "select", "verdict"]),
    ("generate", &["azure", "diag", "document", "scenario"]),
    ("snapshot", &["azure", "dataplane", "diag", "document", "matrix", "scenario", "trace"]),
    // An expectation of many flows is asked of the matrix, which answers all of them at once.
    (
        "verify",
        &[
            "dataplane",
            "diag",
            "document",
            "effective",
            "flows",
            "matrix",
            "net",
            "reach",
            "scenario",
            "select",
            "snapshot",
            "trace",
            "verdict",
        ],
    ),
    ("picture", &["azure", "diag", "trace", "verdict"]),
    (
        "compare",
        &[
            "dataplane",
            "diag",
            "document",
            "flows",
            "matrix",
            "net",
            "reach",
            "scenario",
            "snapshot",
            "trace",
            "verdict",
        ],
    ),
    (
        "impact",
        &[
            "compare",
            "dataplane",
            "diag",
            "document",
            "flows",
            "matrix",
            "net",
            "reach",
            "snapshot",
            "trace",
            "verdict",
        ],
    ),
    (
        "repair",
        &[
            "azure",
            "compare",
            "dataplane",
            "diag",
            "document",
            "forward",
            "net",
            "scenario",
            "snapshot",
            "trace",
            "verdict",
            "verify",
        ],
    ),
    ("import", &["azure", "diag", "document", "effective", "net", "scenario"]),
    ("live", &["dataplane", "diag", "lookup", "net", "verdict"]),
    ("lint", &["azure", "dataplane", "diag", "document", "forward", "net", "scenario", "snapshot", "trace", "verdict"]),
    (
        "report",
        &[
            "azure",
            "compare",
            "diag",
            "effective",
            "forward",
            "impact",
            "lint",
            "live",
            "lookup",
            "matrix",
            "net",
            "picture",
            "reach",
            "repair",
            "scenario",
            "select",
            "snapshot",
            "trace",
            "verdict",
            "verify",
        ],
    ),
    (
        "cli",
        &[
            "azure",
            "compare",
            "dataplane",
            "diag",
            "document",
            "effective",
            "impact",
            "live",
            "lint",
            "generate",
            "import",
            "lookup",
            "matrix",
            "net",
            "picture",
            "repair",
            "report",
            "scenario",
            "select",
            "snapshot",
            "trace",
            "verdict",
            "verify",
        ],
    ),
    ("main", &[]),
    ("lib", &[]),
];

fn files(directory: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(directory).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// Rooms a line of code names: after `crate::`, and as entries of a `use crate::{…}` list.
fn imports(text: &str) -> Vec<(usize, String)> {
    let rooms: Vec<&str> = ALLOWED.iter().map(|(r, _)| *r).collect();
    let mut found = Vec::new();
    let mut list_depth = 0_usize;
    for (number, line) in text.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        for part in code.split("crate::").skip(1) {
            let word: String = part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if rooms.contains(&word.as_str()) {
                found.push((number + 1, word));
            }
        }
        if list_depth == 1 {
            let word: String = code.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if rooms.contains(&word.as_str()) {
                found.push((number + 1, word));
            }
        }
        if list_depth > 0 || code.trim_start().starts_with("use crate::{") {
            list_depth += code.matches('{').count();
            list_depth = list_depth.saturating_sub(code.matches('}').count());
            // A one-line list names its rooms after `{` and `, `.
            if list_depth == 0 && code.trim_start().starts_with("use crate::{") {
                let inside = code.split_once('{').map_or("", |(_, rest)| rest);
                found.extend(inside.split([',', '{', ' ']).filter(|w| w.contains("::")).filter_map(|w| {
                    let room = w.split("::").next().unwrap_or_default();
                    rooms.contains(&room).then(|| (number + 1, room.to_owned()))
                }));
            }
        }
    }
    found
}

#[test]
fn rooms_import_only_what_they_may() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let allowed: BTreeMap<&str, &[&str]> = ALLOWED.iter().copied().collect();
    let mut sources = Vec::new();
    files(&root, &mut sources);
    let mut violations = Vec::new();
    let mut seen = 0;
    for path in sources {
        let relative = path.strip_prefix(&root).unwrap();
        let room = relative.components().next().unwrap().as_os_str().to_string_lossy().replace(".rs", "");
        let Some(may) = allowed.get(room.as_str()) else {
            panic!("src/{room} is a room without a place in the layering");
        };
        for (line, other) in imports(&fs::read_to_string(&path).unwrap()) {
            seen += 1;
            if other != room && !may.contains(&other.as_str()) {
                violations.push(format!("src/{}:{line}: {room} may not import {other}", relative.display()));
            }
        }
    }
    assert!(seen > 50, "the scan sees almost no imports; it is broken");
    assert!(violations.is_empty(), "{}", violations.join("\n"));
}

#[test]
fn the_scan_sees_every_form_of_import() {
    let text = "use crate::net::Prefix;\nuse crate::{\n    diag::{Span,\n    code},\n    azure::model,\n};\nlet x: crate::trace::Y;\nuse crate::{cli::A, report::{B}};\n";
    let rooms: Vec<_> = imports(text).into_iter().map(|(l, r)| format!("{l}{r}")).collect();
    assert!(
        ["1net", "3diag", "5azure", "7trace", "8cli", "8report"].iter().all(|r| rooms.contains(&(*r).to_owned())),
        "{rooms:?}"
    );
}

#[test]
fn no_file_is_longer_than_600_lines() {
    let mut sources = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut sources);
    let long: Vec<_> = sources.iter().filter(|p| fs::read_to_string(p).unwrap().lines().count() > 600).collect();
    assert!(long.is_empty(), "{long:?}");
}

/// A code that nothing reports is a promise that nothing keeps.
#[test]
fn every_reason_and_diagnostic_code_is_used() {
    let mut sources = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut sources);
    let texts: Vec<String> = sources.iter().map(|p| fs::read_to_string(p).unwrap()).collect();
    let codes = texts.iter().find(|t| t.contains("macro_rules! codes")).unwrap();
    let words = texts.iter().find(|t| t.contains("macro_rules! words")).unwrap();
    let reasons = &words[words.find("pub enum Reason").unwrap()..];
    let names = |text: &str| -> Vec<String> {
        text.lines()
            .filter(|l| l.starts_with("    ") && l.contains(" = "))
            .filter_map(|l| l.trim().split(' ').next().map(str::to_owned))
            .collect()
    };
    let used = |needle: String| texts.iter().any(|t| t.contains(&needle));
    let mut unused: Vec<String> =
        names(&codes[codes.find("codes! {").unwrap()..]).into_iter().filter(|c| !used(format!("code::{c}"))).collect();
    let end = reasons.find("\n}\n").unwrap();
    unused.extend(names(&reasons[..end]).into_iter().filter(|r| !used(format!("Reason::{r}"))));
    assert!(unused.is_empty(), "nothing reports {unused:?}");
}
