//! Every rule of the specification, the function that implements it, and the cases that show it. The table is
//! `docs/rules.md`; a rule without a function or without a case is named, with the reason, in `rules/exempt.yaml`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use privreach::azure::rulebook;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files(directory: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(directory).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, extension, found);
        } else if path.extension().is_some_and(|e| e == extension) {
            found.push(path);
        }
    }
}

/// Rule ids in a line: `ROUTE-14`, `HUB-TAG-06`. What has no two digits after the dash is none.
fn ids(line: &str) -> Vec<&str> {
    let boundary = |c: char| !(c.is_ascii_alphanumeric() || c == '-');
    let is_id = |word: &&str| {
        // The hub's own families of names that other pages use, too, say so: `HUB-TAG-06`.
        let word = word.strip_prefix("HUB-").filter(|rest| rest.contains('-')).unwrap_or(word);
        let Some((family, number)) = word.rsplit_once('-') else { return false };
        family.len() >= 2
            && family.starts_with(|c: char| c.is_ascii_uppercase())
            && family.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
            && number.len() == 2
            && number.chars().all(|c| c.is_ascii_digit())
    };
    line.split(boundary).filter(is_id).collect()
}

/// `  FAMILY: ["01", "02"]` under the name of a page.
fn rules() -> Vec<(String, String)> {
    let text = fs::read_to_string(root().join("tests/rules/rules.yaml")).unwrap();
    let mut page = String::new();
    let mut all = Vec::new();
    for line in text.lines().filter(|l| !l.starts_with('#')) {
        match line.trim().split_once(": [") {
            Some((family, numbers)) => {
                let numbers = numbers.trim_end_matches(']').split(", ").map(|n| n.trim_matches('"'));
                all.extend(numbers.map(|n| (page.clone(), format!("{family}-{n}"))));
            }
            None => line.trim_end_matches(':').clone_into(&mut page),
        }
    }
    all
}

/// Id to kind and reason.
fn exempt() -> BTreeMap<String, (String, String)> {
    let text = fs::read_to_string(root().join("tests/rules/exempt.yaml")).unwrap();
    let lines = text.lines().filter(|l| !l.starts_with('#') && !l.is_empty());
    lines
        .map(|line| {
            let (id, rest) = line.split_once(": [").unwrap();
            let (kind, reason) = rest.trim_end_matches(']').split_once(", ").unwrap();
            (id.to_owned(), (kind.to_owned(), reason.to_owned()))
        })
        .collect()
}

/// Which functions name a rule, in their documentation or inside. Descriptions of the format and of the vocabulary do
/// not count: they implement nothing.
fn functions() -> BTreeMap<String, BTreeSet<String>> {
    let mut found = Vec::new();
    files(&root().join("src"), "rs", &mut found);
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in found {
        let name = path.strip_prefix(root()).unwrap().display().to_string();
        let describes = ["src/azure/model", "src/azure/defaults", "src/verdict", "src/diag/codes", "src/report"];
        if describes.iter().any(|d| name.starts_with(d)) {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let mut current: Option<String> = None;
        let mut waiting: Vec<String> = Vec::new();
        for line in text.lines() {
            let code = line.trim_start();
            if code.starts_with("//!") {
                continue;
            }
            if code.starts_with("///") {
                waiting.extend(ids(code).into_iter().map(str::to_owned));
                continue;
            }
            if code.starts_with("#[") {
                continue;
            }
            if let Some(function) = function_name(code) {
                let place = format!("{}::{function}", name.trim_start_matches("src/").trim_end_matches(".rs"));
                current = Some(place.replace("/mod", ""));
            } else if !waiting.is_empty() {
                // Documentation of something that is no function.
                waiting.clear();
            }
            let here = ids(code).into_iter().map(str::to_owned).chain(waiting.drain(..));
            if let Some(place) = &current {
                for id in here {
                    all.entry(id).or_default().insert(place.clone());
                }
            }
        }
    }
    all
}

fn function_name(code: &str) -> Option<&str> {
    let mut words = code.split(' ');
    let mut word = words.next()?;
    while ["pub", "pub(super)", "pub(crate)", "pub(in", "super::super)", "const"].contains(&word) {
        word = words.next()?;
    }
    if word != "fn" {
        return None;
    }
    words.next()?.split(['(', '<']).next()
}

/// Which case files name a rule.
fn cases() -> BTreeMap<String, BTreeSet<String>> {
    let mut found = Vec::new();
    for directory in ["tests/cases", "tests/diagnostics", "scenarios"] {
        files(&root().join(directory), "yaml", &mut found);
    }
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in found {
        let name = path.strip_prefix(root()).unwrap().display().to_string();
        for id in fs::read_to_string(&path).unwrap().lines().flat_map(ids) {
            all.entry(id.to_owned()).or_default().insert(name.clone());
        }
    }
    all
}

#[test]
fn every_rule_has_a_function_and_a_case_or_a_reason() {
    let (functions, cases, exempt) = (functions(), cases(), exempt());
    let mut missing = Vec::new();
    let mut stale = Vec::new();
    let known: BTreeSet<String> = rules().into_iter().map(|(_, id)| id).collect();
    for id in &known {
        let both = functions.contains_key(id) && cases.contains_key(id);
        match (both, exempt.contains_key(id)) {
            (false, false) => missing.push(format!(
                "{id}: {}{}",
                if functions.contains_key(id) { "" } else { "no function " },
                if cases.contains_key(id) { "" } else { "no case" }
            )),
            (true, true) => stale.push(id.clone()),
            _ => {}
        }
    }
    let strangers: Vec<_> = exempt.keys().filter(|id| !known.contains(*id)).collect();
    assert!(missing.is_empty(), "cite these, show them, or say why not:\n{}", missing.join("\n"));
    assert!(stale.is_empty(), "these have both, strike them off the exemptions: {stale:?}");
    assert!(strangers.is_empty(), "no such rules: {strangers:?}");
    let kinds = ["lint", "platform", "consequence", "not modelled"];
    assert!(exempt.values().all(|(k, _)| kinds.contains(&k.as_str())), "kinds are {kinds:?}");
}

/// Whatever an answer may cite can be looked up: every rule of the specification, every rule that a function names, and
/// every assumption.
#[test]
fn every_rule_and_assumption_is_explained() {
    let explained: BTreeSet<&str> = rulebook::rules().iter().map(|r| r.id.as_str()).collect();
    let cited = functions().into_keys().chain(rules().into_iter().map(|(_, id)| id));
    // The catalogue of mistakes is explained by the lint rules that cover it.
    let other = |id: &String| ["LINT-", "UTF-"].iter().any(|family| id.starts_with(family));
    let missing: BTreeSet<String> = cited.filter(|id| !other(id) && !explained.contains(id.as_str())).collect();
    assert!(missing.is_empty(), "src/azure/data/rules.txt lacks {missing:?}");
    let table = fs::read_to_string(root().join("tests/rules/assumptions.yaml")).unwrap();
    let lines = table.lines().filter(|l| !l.starts_with('#'));
    let taken: BTreeSet<&str> = rulebook::assumptions().iter().map(|a| a.id).collect();
    let missing: Vec<_> = lines.map(|l| l.split_once(": ").unwrap().0).filter(|id| !taken.contains(id)).collect();
    assert!(missing.is_empty(), "src/azure/data/assumptions.txt lacks {missing:?}");
    // What a file can choose is said as the format spells it.
    for line in table.lines().filter_map(|l| l.split_once(": choice ")) {
        let said = rulebook::assumptions().iter().any(|a| a.id == line.0 && a.instead.contains(line.1));
        assert!(said, "{} does not name {}", line.0, line.1);
    }
}

#[test]
fn the_rule_table_is_current() {
    let (functions, cases, exempt) = (functions(), cases(), exempt());
    let mut out = String::from(
        "# Rules, functions, cases\n\nGenerated by `tests/rules.rs`: which function implements each rule of the \
         specification, and which scenario shows it. Refresh with `PRIVREACH_UPDATE=1 cargo test --test rules`.\n",
    );
    let mut page = String::new();
    for (here, id) in rules() {
        if here != page {
            let _ = writeln!(
                out,
                "\n## {}{}\n\n| rule | functions | cases |\n|---|---|---|",
                here[..1].to_uppercase(),
                &here[1..]
            );
            page = here;
        }
        let list = |set: Option<&BTreeSet<String>>, most: usize| {
            let set = set.map(|s| s.iter().collect::<Vec<_>>()).unwrap_or_default();
            let shown: Vec<_> = set.iter().take(most).map(|f| format!("`{f}`")).collect();
            let rest = set.len().saturating_sub(most);
            if rest > 0 { format!("{} and {rest} more", shown.join(" ")) } else { shown.join(" ") }
        };
        let (shown, exempted) = (list(cases.get(&id), 3), exempt.get(&id));
        let shown = match exempted {
            Some((kind, reason)) if shown.is_empty() => format!("{kind}: {reason}"),
            Some((kind, reason)) => format!("{shown}; {kind}: {reason}"),
            None => shown,
        };
        let _ = writeln!(out, "| {id} | {} | {shown} |", list(functions.get(&id), 3));
    }
    let path = root().join("docs/rules.md");
    if std::env::var_os("PRIVREACH_UPDATE").is_some() {
        fs::write(&path, &out).unwrap();
    }
    let stored = fs::read_to_string(&path).unwrap_or_default();
    assert!(stored == out, "docs/rules.md is out of date; refresh it with PRIVREACH_UPDATE=1 cargo test --test rules");
}

#[test]
fn ids_are_told_from_other_words() {
    assert_eq!(ids("/// (ROUTE-14, A-03) M02-search NAT-06, 10.0.0.0/16 E-RI"), ["ROUTE-14", "NAT-06"]);
}
