//! Readers that accept only what a format's standard allows.

use quick_xml::{Reader, escape::unescape, events::Event};
use serde_json::Value;

/// An element with its required attributes, optional ones, and children.
type Element = (&'static str, &'static [&'static str], &'static [&'static str], &'static [&'static str]);

/// Elements of JUnit XML as Jenkins' published schema describes them.
const JUNIT: &[Element] = &[
    ("", &[], &[], &["testsuites"]),
    ("testsuites", &[], &["name", "time", "tests", "failures", "errors"], &["testsuite"]),
    (
        "testsuite",
        &["name", "tests", "failures", "errors"],
        &["group", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url"],
        &["testsuite", "properties", "testcase", "system-out", "system-err"],
    ),
    (
        "testcase",
        &["name"],
        &["time", "classname", "group"],
        &["skipped", "error", "failure", "system-out", "system-err"],
    ),
    ("skipped", &[], &["type", "message"], &[]),
    ("system-out", &[], &[], &[]),
    ("failure", &[], &["type", "message"], &[]),
    ("error", &[], &["type", "message"], &[]),
];

/// A test case of JUnit XML.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) failed: bool,
}

/// The test cases of a document; panics where it departs from the schema or miscounts.
pub(crate) fn junit(text: &str) -> Vec<Case> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<String> = vec![String::new()];
    let mut cases: Vec<Case> = Vec::new();
    let mut promised = (0, 0);
    loop {
        let event = reader.read_event().unwrap_or_else(|e| panic!("{e} in {text}"));
        let (element, empty) = match event {
            Event::Start(element) => (element, false),
            Event::Empty(element) => (element, true),
            Event::End(_) => {
                open.pop();
                continue;
            }
            Event::Text(part) => {
                let part = part.to_string();
                let inside = open.last().unwrap();
                assert!(
                    part.trim().is_empty() || matches!(inside.as_str(), "failure" | "error" | "system-out"),
                    "{part:?} in {inside}"
                );
                assert!(!part.contains('<'), "{part}");
                continue;
            }
            Event::Eof => break,
            Event::Decl(_) | Event::GeneralRef(_) => continue,
            other => panic!("{other:?} has no place in JUnit"),
        };
        let name = element.name().as_ref().to_owned();
        let parent = JUNIT.iter().find(|(n, ..)| *n == open.last().unwrap()).unwrap();
        assert!(parent.3.contains(&name.as_str()), "{name} inside {}", parent.0);
        let (_, required, optional, _) = JUNIT.iter().find(|(n, ..)| *n == name).unwrap();
        let attributes: Vec<(String, String)> = element
            .attributes()
            .map(|a| {
                let a = a.unwrap();
                let value = unescape(&a.value).unwrap().into_owned();
                (a.key.as_ref().to_owned(), value)
            })
            .collect();
        let get = |key: &str| attributes.iter().find(|(k, _)| k == key).map(|(_, v)| v.clone());
        assert!(required.iter().all(|k| get(k).is_some()), "{name} lacks an attribute: {attributes:?}");
        let known = |key: &str| required.contains(&key) || optional.contains(&key);
        assert!(attributes.iter().all(|(k, _)| known(k)), "{name} has an unknown attribute: {attributes:?}");
        match name.as_str() {
            "testsuite" => {
                let number = |key: &str| get(key).unwrap().parse::<usize>().unwrap();
                promised = (promised.0 + number("tests"), promised.1 + number("failures") + number("errors"));
            }
            "testcase" => cases.push(Case { name: get("name").unwrap(), failed: false }),
            "failure" | "error" => cases.last_mut().unwrap().failed = true,
            _ => {}
        }
        if !empty {
            open.push(name);
        }
    }
    assert_eq!(open.len(), 1, "elements are left open");
    assert_eq!(promised, (cases.len(), cases.iter().filter(|c| c.failed).count()), "the counts are wrong");
    cases
}

/// The results of a SARIF log; panics where it departs from the published schema.
///
/// The types of `serde_sarif` are generated from that schema. What they do not know they drop, so a log that comes
/// back whole knows no key, type or word that the schema does not.
pub(crate) fn sarif(text: &str) -> Vec<Value> {
    let value: Value = serde_json::from_str(text).unwrap();
    let typed: serde_sarif::sarif::Sarif = serde_json::from_value(value.clone()).unwrap();
    assert_eq!(serde_json::to_value(&typed).unwrap(), value, "SARIF's schema does not know this");
    let run = &value["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap().clone();
    for result in &results {
        assert_eq!(rules[result["ruleIndex"].as_u64().unwrap() as usize]["id"], result["ruleId"]);
        let places = ["locations", "relatedLocations"].iter().filter_map(|k| result[*k].as_array()).flatten();
        for place in places {
            let at = &place["physicalLocation"];
            let uri = at["artifactLocation"]["uri"].as_str().unwrap();
            let plain = |c: char| c.is_ascii_alphanumeric() || "-._~/%:".contains(c);
            assert!(uri.chars().all(plain), "{uri} is not a URI");
            let number = |key: &str| at["region"][key].as_u64().unwrap();
            let (start, end) = ((number("startLine"), number("startColumn")), (number("endLine"), number("endColumn")));
            assert!(start.0 >= 1 && start.1 >= 1 && end >= start, "{at}");
        }
    }
    results
}

/// Messages of the annotations; everything else on the page must be one plain line at the end.
pub(crate) fn github_lines(text: &str) -> Vec<String> {
    let mut lines: Vec<&str> = text.lines().collect();
    let last = lines.pop().unwrap();
    assert!(!last.contains("::"), "{last}");
    lines
        .iter()
        .map(|line| {
            let rest = line.strip_prefix("::").unwrap_or_else(|| panic!("{line} is not an annotation"));
            let (command, message) = rest.split_once("::").unwrap();
            let (level, properties) = command.split_once(' ').unwrap();
            assert!(["error", "warning", "notice"].contains(&level), "{line}");
            for property in properties.split(',') {
                let (key, value) = property.split_once('=').unwrap();
                assert!(["file", "line", "col", "endColumn", "title"].contains(&key), "{property}");
                assert!(!value.contains([':', '\r', '\n']), "{property}");
            }
            message.replace("%0A", "\n").replace("%25", "%")
        })
        .collect()
}

/// Rows of the tables, each as wide as its head.
pub(crate) fn markdown_rows(text: &str) -> Vec<&str> {
    let bars = |row: &str| row.char_indices().filter(|(i, c)| *c == '|' && !row[..*i].ends_with('\\')).count();
    let mut rows = Vec::new();
    let mut width = None;
    for (line, next) in text.lines().zip(text.lines().skip(1).chain([""])) {
        match width {
            _ if next.starts_with("|---") => width = Some(bars(line)),
            _ if line.starts_with("|---") => assert_eq!(Some(bars(line)), width, "{line}"),
            Some(width) if line.starts_with('|') => {
                assert_eq!(bars(line), width, "{line}");
                rows.push(line);
            }
            _ => width = None,
        }
    }
    rows
}

/// Records of CSV by RFC 4180.
pub(crate) fn csv_records(text: &str) -> Vec<Vec<String>> {
    let mut records = vec![Vec::new()];
    let mut cell = String::new();
    let mut quoted = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                cell.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => records.last_mut().unwrap().push(std::mem::take(&mut cell)),
            '\n' if !quoted => {
                records.last_mut().unwrap().push(std::mem::take(&mut cell));
                records.push(Vec::new());
            }
            '\r' if !quoted => {}
            c => cell.push(c),
        }
    }
    assert!(!quoted && records.pop() == Some(Vec::new()));
    let width = records[0].len();
    assert!(records.iter().all(|r| r.len() == width));
    records
}

/// Markdown without its code spans, in which nothing is markup.
pub(crate) fn outside_code(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('`') {
        // An escaped backtick opens nothing.
        if rest[..at].ends_with('\\') {
            out.push_str(&rest[..=at]);
            rest = &rest[at + 1..];
            continue;
        }
        let length = rest[at..].len() - rest[at..].trim_start_matches('`').len();
        let (fence, inside) = rest[at..].split_at(length);
        out.push_str(&rest[..at]);
        let line = inside.find('\n').map_or(inside, |end| &inside[..end]);
        let closing =
            line.match_indices(fence).find(|(i, _)| !line[..*i].ends_with('`') && !line[i + length..].starts_with('`'));
        let (end, _) = closing.unwrap_or_else(|| panic!("a code span is left open in {line}"));
        rest = &inside[end + length..];
    }
    out + rest
}
