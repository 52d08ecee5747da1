//! Lint rules: the registry's laws, a firing and a silent case for each rule, and the catalogue of mistakes.
//!
//! A case file holds one or more scenarios, separated by `---`; each begins with `# firing` or `# silent`, and a line on
//! which a finding of the file's rule must start ends with `#~` and the rule's name.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use privreach::{
    diag::{CODES, Severity},
    document::Date,
    lint::{Level, Outcome, RULES, View, find, index_page, lint},
    scenario::{load_paths, load_text},
    snapshot::Snapshot,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn today() -> Date {
    "2026-06-15".parse().unwrap()
}

/// Sections of a case file, each padded so that its lines keep their numbers.
fn sections(text: &str) -> Vec<(bool, String)> {
    let mut found = Vec::new();
    let mut line = 0;
    for part in text.split("---\n") {
        let firing = match part.lines().next().unwrap_or_default() {
            l if l.starts_with("# firing") => true,
            l if l.starts_with("# silent") => false,
            other => panic!("a section begins with `# firing` or `# silent`, not `{other}`"),
        };
        found.push((firing, "\n".repeat(line) + part));
        line += part.matches('\n').count() + 1;
    }
    found
}

/// (line, rule) of every mark, or of every finding of a rule.
fn marks(text: &str) -> Vec<(usize, String)> {
    let marked = text.lines().enumerate().filter_map(|(i, l)| Some((i + 1, l.split_once("#~ ")?.1.trim().to_owned())));
    let mut all: Vec<_> = marked.collect();
    all.sort();
    all
}

fn case(rule: &str, text: &str) -> (Vec<(usize, String)>, Vec<String>) {
    let loaded = load_text(rule, text);
    let mut problems: Vec<_> = loaded.diagnostics.iter().filter(|d| d.severity == Severity::Error).cloned().collect();
    let snapshots: Vec<_> = loaded.scenarios.into_iter().map(Snapshot::new).collect();
    problems.extend(snapshots.iter().flat_map(|s| s.errors().cloned()));
    let place = |span| loaded.sources.locate(span).line;
    let problems =
        problems.iter().map(|d| format!("{rule}.yaml:{} {} {}", d.span.map_or(0, place), d.code, d.message)).collect();
    let outcome = lint(&snapshots, today());
    let own = outcome.findings.iter().filter(|f| f.rule.name == rule);
    let mut found: Vec<_> = own.map(|f| (place(f.place), f.rule.name.to_owned())).collect();
    found.sort();
    (found, problems)
}

#[test]
fn every_rule_fires_and_is_silent_as_its_cases_say() {
    let mut failures = Vec::new();
    for rule in RULES {
        let path = root().join("tests/lint").join(format!("{}.yaml", rule.name));
        let Ok(text) = fs::read_to_string(&path) else {
            failures.push(format!("{} has no case file", rule.name));
            continue;
        };
        let sections = sections(&text);
        for wanted in [true, false] {
            if sections.iter().all(|(firing, _)| *firing != wanted) {
                failures.push(format!("{} has no {} case", rule.name, if wanted { "firing" } else { "silent" }));
            }
        }
        for (firing, section) in sections {
            let expected = marks(&section);
            let (found, problems) = case(rule.name, &section);
            failures.extend(problems);
            if firing == expected.is_empty() {
                failures.push(format!("{}: a firing case has marks, a silent one has none", rule.name));
            }
            if found != expected {
                failures.push(format!("{}: expected {expected:?}, found {found:?}", rule.name));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_case_file_has_a_rule() {
    for entry in fs::read_dir(root().join("tests/lint")).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().replace(".yaml", "");
        assert!(find(&name).is_some_and(|r| r.name == name), "tests/lint/{name}.yaml belongs to no rule");
    }
}

#[test]
fn codes_and_names_are_unique_and_well_formed() {
    let mut seen = BTreeSet::new();
    for rule in RULES {
        assert!(seen.insert(rule.code) && seen.insert(rule.name), "{} {} is used twice", rule.code, rule.name);
        let number = rule.code.strip_prefix("PRL").unwrap_or_default();
        assert!(number.len() == 4 && number.bytes().all(|b| b.is_ascii_digit()), "{}", rule.code);
        assert!(rule.name.bytes().all(|b| b == b'-' || b.is_ascii_lowercase() || b.is_ascii_digit()), "{}", rule.name);
        let file = root().join("src/lint/rules").join(format!("{}.rs", rule.name.replace('-', "_")));
        assert!(file.is_file(), "{} is not in a file of its name", rule.name);
    }
    for info in CODES {
        assert!(find(info.code.as_str()).is_none(), "{} is a diagnostic and a lint rule", info.code);
    }
}

#[test]
fn every_rule_is_documented() {
    for rule in RULES {
        for (what, text, least) in [("what", rule.what, 20), ("why", rule.why, 30), ("fix", rule.fix, 10)] {
            assert!(text.len() >= least, "{}: `{what}` says too little", rule.name);
            assert!(!text.contains('\n') && text.trim() == text, "{}: `{what}` is one paragraph", rule.name);
        }
        assert!(rule.what.ends_with('.') && rule.why.ends_with('.'), "{}: sentences end with a full stop", rule.name);
        assert!(!rule.fix.ends_with('.'), "{}: a fix is not a sentence", rule.name);
        assert!(!rule.sources.is_empty(), "{}: names no source", rule.name);
    }
}

#[test]
fn the_index_is_current() {
    let (path, text) = (root().join("docs/lints.md"), index_page());
    if std::env::var_os("PRIVREACH_UPDATE").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let file = fs::read_to_string(&path).unwrap_or_default();
    assert!(file == text, "docs/lints.md is out of date; refresh it with PRIVREACH_UPDATE=1 cargo test --test lint");
}

/// Families of the catalogue and how many entries each has.
const FAMILIES: &[(&str, usize)] =
    &[("LINT-NET", 92), ("LINT", 65), ("LINT-PL", 22), ("LINT-DNS", 30), ("LINT-PAAS", 16)];

/// Entries that no rule covers: `ID: refused CODE…` or `ID: exempt, why`.
fn elsewhere() -> BTreeMap<String, String> {
    let text = fs::read_to_string(root().join("tests/lint-catalogue.yaml")).unwrap();
    let lines = text.lines().filter(|l| !l.starts_with('#') && !l.trim().is_empty());
    lines
        .map(|l| {
            let (id, how) = l.split_once(": ").unwrap_or_else(|| panic!("`{l}` is no entry"));
            (id.to_owned(), how.trim().to_owned())
        })
        .collect()
}

#[test]
fn no_entry_of_the_catalogue_is_forgotten() {
    let ids: BTreeSet<String> =
        FAMILIES.iter().flat_map(|(family, count)| (1..=*count).map(move |n| format!("{family}-{n:02}"))).collect();
    let covered: BTreeSet<String> = RULES.iter().flat_map(|r| r.covers).map(|c| (*c).to_owned()).collect();
    let elsewhere = elsewhere();
    for (id, how) in &elsewhere {
        if let Some(codes) = how.strip_prefix("refused ") {
            let known = |c: &str| CODES.iter().any(|i| i.code.as_str() == c);
            let codes: Vec<_> =
                codes.split([' ', ',']).take_while(|c| c.starts_with("E-") || c.starts_with("W-")).collect();
            assert!(!codes.is_empty() && codes.iter().all(|c| known(c)), "{id}: {how}");
        } else {
            let why = how.strip_prefix("exempt, ").unwrap_or_else(|| panic!("{id}: neither refused nor exempt"));
            assert!(why.len() > 20, "{id}: an exemption is argued");
            assert!(!covered.contains(id), "{id} is exempt, and a rule covers it");
        }
    }
    let known: BTreeSet<String> = covered.into_iter().chain(elsewhere.into_keys()).collect();
    let forgotten: Vec<_> = ids.difference(&known).collect();
    assert!(forgotten.is_empty(), "nothing covers {forgotten:?}");
    let families = |id: &&String| FAMILIES.iter().any(|(f, _)| id.rsplit_once('-').is_some_and(|(i, _)| i == *f));
    let invented: Vec<_> = known.difference(&ids).filter(families).collect();
    assert!(invented.is_empty(), "the catalogue has no {invented:?}");
}

fn shipped(variants: bool) -> (Outcome, Vec<String>) {
    let loaded = load_paths(&[root().join("scenarios")]);
    let scenarios = loaded.scenarios.into_iter().filter(|s| variants || s.variant.is_none());
    let snapshots: Vec<_> = scenarios.map(Snapshot::new).collect();
    let outcome = lint(&snapshots, today());
    let lines = outcome
        .findings
        .iter()
        .map(|f| {
            let at = loaded.sources.locate(f.place).to_string();
            let at = at.split_once("scenarios/").map_or(at.clone(), |(_, rest)| rest.to_owned());
            format!("{} {} {at} {}", f.level, f.rule.name, f.message)
        })
        .collect();
    (outcome, lines)
}

/// What is worth knowing of the finished flagship, and of nothing else that is shipped.
const EXPECTED: &[&str] = &["managed-firewall-in-use", "public-telemetry"];

#[test]
fn shipped_scenarios_are_clean() {
    let (outcome, lines) = shipped(false);
    let unexpected: Vec<_> =
        outcome.findings.iter().zip(&lines).filter(|(f, _)| !EXPECTED.contains(&f.rule.name)).map(|(_, l)| l).collect();
    assert!(unexpected.is_empty(), "{unexpected:#?}");
    for name in EXPECTED {
        let level = outcome.findings.iter().find(|f| f.rule.name == *name).map(|f| f.level);
        assert_eq!(level, Some(Level::Info), "{name}");
    }
}

/// What each mutation of the flagship must at least show.
const MUTATIONS: &[(&str, &[&str])] = &[
    ("M01", &["managed-network-not-provisioned"]),
    ("M02", &["managed-compute-without-endpoint", "connection-without-rule"]),
    ("M03", &["managed-compute-without-endpoint", "hub-dependency-public", "connection-without-rule"]),
    ("M04", &["hub-dependency-public"]),
    ("M05", &["hub-control-plane-locked-out", "service-pair-cannot-meet"]),
    ("M07", &["closed-hub-without-endpoint"]),
    ("M08", &["half-of-default-storage"]),
    ("M09", &["hub-zone-not-linked"]),
    ("M10", &["site-without-forwarder"]),
    ("M12", &["managed-compute-without-endpoint", "connection-without-rule"]),
    ("M15", &["bridge-frontend-without-listener", "bridge-open-to-internet"]),
    ("M16", &["private-link-without-public-frontend"]),
    ("M17", &["gateway-nsg-denies-private-link"]),
    ("M18", &["application-gateway-default-rerouted"]),
    ("M19", &["endpoint-connection-not-approved"]),
    ("M20", &["no-package-source"]),
    ("M21", &["managed-compute-without-endpoint"]),
    ("M22", &["service-pair-cannot-meet"]),
    ("M23", &["managed-compute-without-endpoint", "hub-dependency-public"]),
    ("M24", &["public-endpoint-of-closed-hub"]),
    ("M25", &["peered-network-without-zone"]),
    ("M26", &["site-firewall-denies-gateway-subnet"]),
    ("M30", &["managed-compute-without-endpoint", "fqdn-rule-for-storage"]),
];

/// Only the findings that a mutation adds to the finished design count.
#[test]
fn mutations_of_the_flagship_are_found() {
    let loaded = load_paths(&[root().join("scenarios/foundry-hub/mutations.yaml")]);
    let mut missing = Vec::new();
    for (mutation, expected) in MUTATIONS {
        let scenario = loaded
            .scenarios
            .iter()
            .find(|s| s.variant.as_ref().is_some_and(|v| v.split('-').next() == Some(*mutation)));
        let outcome = lint(&[Snapshot::new(scenario.unwrap().clone())], today());
        for rule in *expected {
            if !outcome.findings.iter().any(|f| f.rule.name == *rule) {
                missing.push(format!("{mutation}: {rule}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn two_runs_give_the_same_findings() {
    let (first, second) = (shipped(true), shipped(true));
    assert_eq!(first.1, second.1);
}

/// What analyses of filters cost is the number of places where a rule acts, times the rules there: a group at many
/// interfaces acts once in each network, as long as it acts alike there.
#[test]
fn a_rule_is_analysed_once_where_it_acts_alike() {
    let estate = |machines: usize| {
        let mut text = String::from(
            "network_security_groups:\n  nsg:\n    security_rules:\n      web: { priority: 100, direction: Inbound, access: Allow, protocol: Tcp, source_address_prefix: VirtualNetwork, source_port_range: '*', destination_address_prefix: '*', destination_port_range: 443 }\n      rest: { priority: 200, direction: Inbound, access: Deny, protocol: '*', source_address_prefix: '*', source_port_range: '*', destination_address_prefix: '*', destination_port_range: '*' }\nvirtual_networks:\n",
        );
        for vnet in ["a", "b"] {
            let block = u8::from(vnet == "b");
            text += &format!(
                "  {vnet}:\n    address_space: [10.{block}.0.0/16]\n    subnets:\n      one: {{ address_prefixes: [10.{block}.1.0/24], network_security_group: nsg }}\n      two: {{ address_prefixes: [10.{block}.2.0/24] }}\n",
            );
        }
        text += "virtual_machines:\n";
        for (vnet, block) in [("a", 0), ("b", 1)] {
            for n in 0..machines {
                let at = n + 10;
                text += &format!(
                    "  vm-{vnet}-{n}: {{ subnet: {vnet}/two, private_ip_address: 10.{block}.2.{at}, network_security_group: nsg }}\n"
                );
            }
        }
        text
    };
    for machines in [1, 40] {
        let loaded = load_text("shared", &estate(machines));
        let snapshot = Snapshot::new(loaded.scenarios.into_iter().next().unwrap());
        assert_eq!(snapshot.errors().map(|d| d.message.clone()).collect::<Vec<_>>(), [""; 0]);
        let view = View::new(&snapshot);
        let rules = view.security_rules();
        let places: Vec<usize> = rules.iter().map(|r| r.acting.len()).collect();
        assert_eq!(places, [2, 2], "once in each network, with {machines} machines");
        assert_eq!(*rules[0].vnets, ["a", "b"]);
        assert!(rules.iter().all(|r| r.covering().is_empty()));
    }
}
