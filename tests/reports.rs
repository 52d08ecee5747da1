//! Every format of every report: well-formed by its own standard, and closed to hostile names.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

#[path = "reports/formats.rs"]
mod formats;
#[path = "reports/schema.rs"]
mod schema;

use assert_cmd::Command;
use formats::{csv_records, github_lines, junit, markdown_rows, outside_code, sarif};
use privreach::{
    compare::compare,
    impact::impact,
    lint::{changes, lint},
    net::Transport,
    repair::{repair, repair_file},
    report::{
        CheckReport, DiffReport, FixFileReport, FixReport, Format, ImpactReport, LintReport, Report, ScenarioReport,
        Style, render,
    },
    scenario::load_text,
    snapshot::Snapshot,
    trace::Question,
    verdict::Verdict,
    verify::verify,
};
use std::fs;

const STYLE: Style = Style { colour: false, verbosity: 0, width: 80 };

/// Texts that mean something to a terminal, to XML, JSON, Markdown, a spreadsheet, or to GitHub's log.
const HOSTILE: &[&str] = &[
    "\"quoted\" and 'quoted'",
    "two\nlines",
    "carriage\rreturn\ttab",
    "<script>alert(1)</script>",
    "</testcase><x a=\"",
    "]]>&amp;&#x41;",
    "\u{1b}[31mred\u{1b}]0;title\u{7}",
    "\u{9b}31m",
    "\u{202e}reversed\u{2066}",
    "comma, semicolon; pipe | cell",
    "=1+2",
    "+1",
    "-1+1",
    "@SUM(A1)",
    "  =1",
    "'quoted",
    "`tick` ``ticks`` *bold* _it_ [link](http://x) ![image](http://x)",
    "@octocat #1 ~~gone~~ $x$",
    "::error::injected",
    "%0A::error::injected",
    "a%25b\\",
    "\u{0}nul",
    "\u{fffe}",
];

/// A scenario whose names are all hostile, with one expectation that fails and one that holds.
fn hostile(name: &str) -> String {
    let quoted = serde_json::to_string(name).unwrap().replace('\u{9b}', "\\u009b");
    let holds = serde_json::to_string(&format!("{name} holds")).unwrap();
    format!(
        "{{\"name\": {quoted}, \"description\": {quoted},\n \"services\": {{\"stsample\": {{\"type\": \"Microsoft.Storage/storageAccounts\", \"public_network_access_enabled\": false}}}},\n \
         \"internet_clients\": {{{quoted}: {{\"ip_address\": \"198.51.100.7\"}}}},\n \"expectations\": {{{quoted}: {{\"from\": {quoted}, \"to\": \"stsample.blob.core.windows.net\", \"verdict\": \"public\"}},\n \
         {holds}: {{\"from\": {quoted}, \"to\": \"stsample.blob.core.windows.net\", \"verdict\": \"blocked\"}}}}}}\n"
    )
}

fn check(file: &str, text: &str) -> CheckReport {
    let loaded = load_text(file, text);
    let mut report = CheckReport::default();
    for scenario in loaded.scenarios {
        let snapshot = Snapshot::new(scenario);
        report.scenarios.push(ScenarioReport::new(&loaded.sources, &snapshot.scenario, &verify(&snapshot)));
    }
    let problems = loaded.diagnostics.iter();
    report.diagnostics = problems.map(|d| privreach::report::DiagnosticReport::new(&loaded.sources, d)).collect();
    report
}

/// What a name may look like where control characters cannot be written.
fn visible(name: &str) -> String {
    let reorders = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    name.chars().map(|c| if c.is_control() || reorders(c) { '\u{fffd}' } else { c }).collect()
}

/// Checks one report in every format: `tests` items of which `findings` are findings; `name` is visible in each.
fn closed<R: Report>(report: &R, tests: usize, findings: usize, name: &str) {
    closed_but_for_tables(report, tests, findings, name);
    assert_eq!(markdown_rows(&render(report, Format::Markdown, STYLE)).len(), findings, "{name:?}");
}

/// The same for a report whose Markdown has tables of its own.
fn closed_but_for_tables<R: Report>(report: &R, tests: usize, findings: usize, name: &str) {
    let seen = visible(name);
    for format in Format::ALL {
        let out = render(report, *format, STYLE);
        let context = format!("{} with {name:?}:\n{out}", format.as_str());
        assert!(out.chars().all(|c| c == '\n' || c == '\r' || !c.is_control()), "control characters in {context}");
        assert!(!out.contains('\u{202e}') && !out.contains('\u{2066}'), "reordered text in {context}");
        match format {
            Format::Text => assert!(!out.contains('\r'), "{context}"),
            Format::Json => {
                let value: serde_json::Value = serde_json::from_str(&out).expect(&context);
                assert_eq!(schema::problems(&value), Vec::<String>::new(), "{context}");
            }
            Format::Junit => {
                let cases = junit(&out);
                assert_eq!((cases.len(), cases.iter().filter(|c| c.failed).count()), (tests, findings), "{context}");
                let seen = seen.replace('\u{fffe}', "\u{fffd}");
                assert!(cases.iter().any(|c| c.name.contains(&seen)), "{context}");
            }
            Format::Sarif => {
                let results = sarif(&out);
                assert_eq!(results.len(), findings, "{context}");
                let message = |r: &serde_json::Value| r["message"]["text"].as_str().unwrap().contains(&seen);
                assert!(findings == 0 || results.iter().any(message), "{context}");
            }
            Format::Github => {
                let lines = github_lines(&out);
                assert_eq!(lines.len(), findings, "{context}");
                assert!(findings == 0 || lines.iter().any(|l| l.contains(&seen)), "{context}");
            }
            Format::Markdown => {
                let markup = outside_code(&out);
                for live in ["<script", "<x", "](http", "@octocat", "*bold*", "`tick"] {
                    assert!(!markup.replace("\\*", "").replace("\\`", "").contains(live), "{live} in {context}");
                }
                markdown_rows(&out);
            }
            Format::Csv => {
                let records = csv_records(&out);
                assert_eq!(records.len(), tests + 1, "{context}");
                for cell in records.iter().flatten() {
                    assert!(!cell.trim_start().starts_with(['=', '+', '-', '@']), "{cell:?} in {context}");
                }
            }
        }
    }
}

/// Clients, tags and an expectation of many flows with hostile names; all of its flows are counterexamples.
fn hostile_many(name: &str) -> String {
    let quoted = serde_json::to_string(name).unwrap().replace('\u{9b}', "\\u009b");
    format!(
        "{{\"services\": {{\"stsample\": {{\"type\": \"Microsoft.Storage/storageAccounts\", \"public_network_access_enabled\": false}}}},\n \
         \"internet_clients\": {{{quoted}: {{\"ip_address\": \"198.51.100.7\", \"tags\": {{{quoted}: {quoted}}}}}, \"other\": {{\"ip_address\": \"198.51.100.8\", \"tags\": {{{quoted}: {quoted}}}}}}},\n \
         \"expectations\": {{{quoted}: {{\"from\": {{\"kind\": \"internet_client\", \"tags\": {{{quoted}: \"*\"}}}}, \"to\": {{\"kind\": \"storage_account\"}}, \"never\": \"blocked\"}}}}}}\n"
    )
}

#[test]
fn hostile_counterexamples_stay_inside_every_format() {
    for name in HOSTILE {
        let report = check("many.json", &hostile_many(name));
        assert!(report.diagnostics.is_empty() && report.scenarios.len() == 1, "{name:?}: {:?}", report.diagnostics);
        let pairs = report.scenarios[0].expectations[0].pairs.as_ref().unwrap();
        assert_eq!(pairs.counterexamples.iter().map(|c| c.pairs).sum::<u64>(), pairs.pairs, "{name:?}");
        closed(&report, 1, 1, name);
    }
}

#[test]
fn hostile_names_stay_inside_every_format() {
    for name in HOSTILE {
        let report = check(&format!("dir/{name}.yaml"), &hostile(name));
        assert!(report.diagnostics.is_empty() && report.scenarios.len() == 1, "{name:?}: {:?}", report.diagnostics);
        closed(&report, 2, 1, name);
    }
}

/// A problem of the file quotes what is wrong with it.
#[test]
fn hostile_mistakes_stay_inside_every_format() {
    for name in HOSTILE {
        let key = serde_json::to_string(name).unwrap();
        let report = check(&format!("{name}.yaml"), &format!("{{{key}: 1}}\n"));
        let problems = report.diagnostics.len();
        assert!(problems > 0, "{name:?} is accepted as a key");
        let seen_in_title = Report::digest(&report).findings().any(|(_, i)| i.line().contains(name));
        assert!(seen_in_title, "{name:?}");
        closed(&Shown(report), problems, problems, "");
    }
}

/// Lint findings quote names of resources.
#[test]
fn hostile_findings_stay_inside_every_format() {
    for name in HOSTILE {
        let other = format!("{name} other");
        let [one, two] = [*name, &other].map(|n| serde_json::to_string(n).unwrap());
        let text = format!(
            "{{\"virtual_networks\": {{{one}: {{\"address_space\": [\"10.0.0.0/16\"]}}, {two}: {{\"address_space\": [\"10.1.0.0/16\"]}}}},\n\
             \"virtual_network_peerings\": {{{one}: {{\"virtual_network\": {one}, \"remote_virtual_network\": {two}}}}}}}\n"
        );
        let loaded = load_text(&format!("{name}.yaml"), &text);
        let snapshots: Vec<Snapshot> = loaded.scenarios.into_iter().map(Snapshot::new).collect();
        let outcome = privreach::lint::lint(&snapshots, "2026-01-01".parse().unwrap());
        assert!(!outcome.findings.is_empty(), "{name:?}: {:?}", loaded.diagnostics);
        let count = outcome.findings.len();
        closed(&LintReport::new(&loaded.sources, &outcome, &[]), count, count, "");
        let drawn = privreach::report::lint_text(&loaded.sources, &outcome, STYLE);
        assert!(drawn.chars().all(|c| c == '\n' || !c.is_control()), "{drawn}");
    }
}

/// A difference quotes names and values of both files.
#[test]
fn hostile_differences_stay_inside_every_format() {
    for name in HOSTILE {
        let load = |text: &str| {
            let mut loaded = load_text(&format!("{name}.yaml"), text);
            assert!(loaded.diagnostics.is_empty(), "{name:?}: {:?}", loaded.diagnostics);
            (Snapshot::new(loaded.scenarios.remove(0)), loaded.sources)
        };
        let text = hostile(name);
        // A group that nothing uses, of the hostile name itself, before and of another one after.
        let unused = |more: &str| {
            let quoted = serde_json::to_string(&format!("{name}{more}")).unwrap();
            text.replacen("{\"name\"", &format!("{{\"application_security_groups\": {{{quoted}: {{}}}}, \"name\""), 1)
        };
        let (before, before_sources) = load(&unused("1"));
        let (after, after_sources) = load(&unused("2").replace("_enabled\": false", "_enabled\": true"));
        let today = "2026-06-15".parse().unwrap();
        let comparison = compare(&before, &after);
        let found = |s: &Snapshot| lint(std::slice::from_ref(s), today);
        let findings = changes(&found(&before), &found(&after));
        let report = DiffReport::new((name, &before_sources), (name, &after_sources), &comparison, &findings);
        let classes = report.classes.len();
        assert!(report.exposed > 0 && report.differences.len() == 3, "{name:?}");
        let (new, gone) = (report.findings_added.len(), report.findings_removed.len());
        assert!(new > 0 && gone > 0, "{name:?}: {new} new, {gone} gone");
        closed_but_for_tables(&report, classes + new + gone, classes + new, name);
        let rows = markdown_rows(&render(&report, Format::Markdown, STYLE)).len();
        assert_eq!(rows, classes + 3 + new + gone, "{name:?}");
    }
}

/// A repair quotes names, and writes them into a patch.
#[test]
fn hostile_repairs_stay_inside_every_format() {
    for name in HOSTILE {
        let mut loaded = load_text("a.yaml", &hostile(name).replace("_enabled\": false", "_enabled\": true"));
        let snapshot = Snapshot::new(loaded.scenarios.remove(0));
        let to = "stsample.blob.core.windows.net".to_owned();
        let question = Question { from: (*name).to_owned(), to, port: 443, transport: Transport::Tcp };
        for goal in [Verdict::Blocked, Verdict::Private] {
            let repairs = repair(&snapshot, &question, goal).unwrap();
            let report = FixReport::new(&loaded.sources, name, &repairs);
            closed_but_for_tables(&report, 1, 1, name);
        }
        // Two expectations contradict each other, so at least one fails.
        let repairs = repair_file(&snapshot);
        let report = FixFileReport::new(&loaded.sources, name, &repairs);
        let searched = report.repairs.len();
        assert!(searched > 0 && repairs.failing > 0, "{name:?}");
        closed_but_for_tables(&report, searched, searched, name);
    }
}

/// What an element's failure does quotes names of elements and flows.
#[test]
fn hostile_elements_stay_inside_every_format() {
    for name in HOSTILE {
        let quoted = serde_json::to_string(name).unwrap().replace('\u{9b}', "\\u009b");
        let text = format!(
            "{{\"virtual_networks\": {{\"vnet\": {{\"address_space\": [\"10.0.0.0/16\"], \"subnets\": {{\"one\": {{\"address_prefixes\": [\"10.0.1.0/24\"], \"network_security_group\": \"nsg\"}}}}}}}},\n \
             \"network_security_groups\": {{\"nsg\": {{\"security_rules\": {{{quoted}: {{\"priority\": 100, \"direction\": \"Inbound\", \"access\": \"Deny\", \"protocol\": \"Tcp\", \"source_address_prefix\": \"10.9.0.0/16\", \"destination_address_prefix\": \"*\", \"destination_port_range\": 443}},\n \
             \"deny\": {{\"priority\": 110, \"direction\": \"Inbound\", \"access\": \"Deny\", \"protocol\": \"*\", \"source_address_prefix\": \"*\", \"destination_address_prefix\": \"*\", \"destination_port_range\": \"*\"}}}}}}}},\n \
             \"virtual_machines\": {{{quoted}: {{\"subnet\": \"vnet/one\", \"private_ip_address\": \"10.0.1.4\"}}, \"other\": {{\"subnet\": \"vnet/one\", \"private_ip_address\": \"10.0.1.5\"}}}}}}\n"
        );
        let mut loaded = load_text("a.yaml", &text);
        assert!(loaded.diagnostics.is_empty(), "{name:?}: {:?}", loaded.diagnostics);
        let snapshot = Snapshot::new(loaded.scenarios.remove(0));
        let report = ImpactReport::new(&loaded.sources, name, &impact(&snapshot));
        assert_eq!(report.elements.len(), 2, "{name:?}");
        let findings = Report::digest(&report).findings().count();
        closed_but_for_tables(&report, 2, findings, name);
    }
}

/// A report whose items have no title of their own, so that names are not looked for.
#[derive(serde::Serialize, schemars::JsonSchema)]
#[serde(transparent)]
struct Shown(CheckReport);

impl Report for Shown {
    const COMMAND: &'static str = "check";

    fn text(&self, style: Style) -> String {
        self.0.text(style)
    }

    fn digest(&self) -> privreach::report::Digest {
        self.0.digest()
    }
}

fn run(args: &[&str]) -> String {
    let mut command = Command::cargo_bin("privreach").unwrap();
    let output = command.current_dir(env!("CARGO_MANIFEST_DIR")).args(args).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Real output of every command that writes JSON keeps to the documented schema.
#[test]
fn json_output_keeps_to_its_schema() {
    let flagship = "scenarios/foundry-hub/foundry-hub.yaml";
    let sessions: &[&[&str]] = &[
        &["check", "scenarios", "tests/diagnostics"],
        &["lint", "scenarios", "--variants", "--today", "2026-01-01"],
        &["lint", "tests/lint", "--variants", "--today", "2026-01-01"],
        &["diff", flagship, "scenarios/foundry-hub/mutations.yaml#M15-public-listener"],
        &["fix", flagship, "--from", "ci-alice", "--to", "sql01.corp.contoso.com:1433"],
        &[
            "fix",
            "scenarios/foundry-hub/mutations.yaml",
            "--variant",
            "M15-public-listener",
            "--from",
            "onprem-user",
            "--to",
            "agw-hub",
        ],
        &["impact", "scenarios/hub-spoke-firewall/hub-spoke-firewall.yaml"],
        &["diff", "scenarios/foundry-hub/mutations.yaml#M28-hub-public-only", flagship],
        &["trace", flagship, "--from", "onprem-user", "--to", "ais-contoso.openai.azure.com"],
        &["trace", flagship, "--from", "ci-alice", "--to", "sql01.corp.contoso.com:1433"],
        &["resolve", flagship, "--from", "onprem-user", "kv-aih-contoso.vault.azure.net"],
        &["routes", flagship, "--at", "vnet-spoke-app/snet-app"],
        &["rules", flagship, "--at", "vnet-hub/snet-agw"],
    ];
    for session in sessions {
        let out = run(&[session, &["--format", "json"][..]].concat());
        let value: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!(schema::problems(&value), Vec::<String>::new(), "{session:?}");
    }
}

/// The check of the schema is able to fail.
#[test]
fn the_schema_refuses_what_it_does_not_know() {
    let out = run(&["check", "scenarios/quickstart", "--format", "json"]);
    let good: serde_json::Value = serde_json::from_str(&out).unwrap();
    let broken = |change: fn(&mut serde_json::Value)| {
        let mut value = good.clone();
        change(&mut value);
        schema::problems(&value)
    };
    assert!(broken(|_| ()).is_empty());
    assert!(!broken(|v| v["version"] = 2.into()).is_empty());
    assert!(!broken(|v| v["result"]["extra"] = 1.into()).is_empty());
    assert!(!broken(|v| v["result"]["scenarios"][0]["held"] = "3".into()).is_empty());
    assert!(
        !broken(|v| v["result"]["scenarios"][0].as_object_mut().unwrap().remove("file").map_or((), |_| ())).is_empty()
    );
}

/// A region covers exactly the name of the expectation, in characters.
#[test]
fn sarif_regions_lie_on_the_yaml() {
    let text = "services:\n  stsample: { type: Microsoft.Storage/storageAccounts }\ninternet_clients:\n  bésucher: { ip_address: 198.51.100.7 }\n\
                expectations:\n  \"ä b\": { from: bésucher, to: stsample.blob.core.windows.net, verdict: blocked }\n  E2: { from: bésucher, to: stsample.blob.core.windows.net, verdict: private }\n";
    let results = sarif(&render(&check("my dir/a.yaml", text), Format::Sarif, STYLE));
    assert_eq!(results.len(), 2);
    let place = &results[1]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "my%20dir/a.yaml");
    let region = &place["region"];
    let [line, from, to] = ["startLine", "startColumn", "endColumn"].map(|k| region[k].as_u64().unwrap() as usize);
    let found: String = text.lines().nth(line - 1).unwrap().chars().skip(from - 1).take(to - from).collect();
    assert_eq!(found, "E2");
    assert!(results[1]["relatedLocations"].as_array().is_some_and(|r| !r.is_empty()));
}

/// The program offers every format, writes it to a file, and keeps its exit code.
#[test]
fn every_format_of_check_is_offered() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("scenario.yaml");
    fs::write(&file, hostile("plain")).unwrap();
    for format in Format::ALL {
        let out = directory.path().join("out");
        let mut command = Command::cargo_bin("privreach").unwrap();
        let args = ["check", file.to_str().unwrap(), "--format", format.as_str(), "--output", out.to_str().unwrap()];
        let output = command.args(args).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{format:?}");
        assert!(!fs::read_to_string(&out).unwrap().is_empty(), "{format:?}");
    }
}

/// Where the input is unusable, every report says so in place of the result, and none looks like a clean one.
#[test]
fn unusable_input_is_in_every_report() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("bad.yaml");
    fs::write(&file, "virtual_networks: { v: { address_spaces: [10.0.0.0/16] } }\n").unwrap();
    let file = file.to_str().unwrap();
    let commands: &[&[&str]] =
        &[&["check", file], &["lint", file], &["diff", file, file], &["fix", file], &["impact", file]];
    for command in commands {
        for format in Format::ALL.iter().filter(|f| **f != Format::Text) {
            let out = run(&[*command, &["--format", format.as_str()][..]].concat());
            let context = format!("{} as {}:\n{out}", command[0], format.as_str());
            assert!(out.contains("E-UNKNOWN-KEY"), "{context}");
            match format {
                Format::Json => {
                    let value: serde_json::Value = serde_json::from_str(&out).expect(&context);
                    assert_eq!(schema::problems(&value), Vec::<String>::new(), "{context}");
                }
                Format::Junit => assert!(junit(&out).iter().any(|c| c.failed), "{context}"),
                Format::Sarif => assert!(!sarif(&out).is_empty(), "{context}"),
                Format::Markdown => assert!(out.starts_with("## ❌"), "{context}"),
                _ => {}
            }
        }
    }
    let plain: &[&[&str]] = &[
        &["trace", file, "--from", "a", "--to", "b"],
        &["resolve", file, "--from", "a", "b.example.com"],
        &["routes", file, "--at", "v/s"],
        &["rules", file, "--at", "v/s"],
        &["matrix", file],
    ];
    for command in plain {
        let value: serde_json::Value =
            serde_json::from_str(&run(&[*command, &["--format", "json"][..]].concat())).unwrap();
        assert_eq!(schema::problems(&value), Vec::<String>::new(), "{command:?}");
        assert_eq!((&value["command"], &value["result"]["of"]), (&"unusable".into(), &command[0].into()));
    }
    // A file that holds an old result does not keep it.
    let old = directory.path().join("old.txt");
    fs::write(&old, "everything holds\n").unwrap();
    run(&["diff", file, file, "--output", old.to_str().unwrap()]);
    assert!(fs::read_to_string(&old).unwrap().contains("E-UNKNOWN-KEY"));
}

/// So it is where the command line names something that is not there.
#[test]
fn mistakes_on_the_command_line_are_in_every_report() {
    let file = "scenarios/quickstart/quickstart.yaml";
    let commands: &[&[&str]] = &[
        &["check", file, "--variant", "nope"],
        &["lint", file, "--variant", "nope"],
        &["lint", file, "--only", "NOPE"],
        &["fix", file, "--from", "nobody", "--to", "nothing"],
    ];
    for command in commands {
        for format in Format::ALL.iter().filter(|f| **f != Format::Text) {
            let out = run(&[*command, &["--format", format.as_str()][..]].concat());
            assert!(
                out.contains("E-USAGE") || out.contains("E-REFERENCE"),
                "{command:?} as {}:\n{out}",
                format.as_str()
            );
        }
    }
    let trace = run(&["trace", file, "--from", "nobody", "--to", "nothing", "--format", "json"]);
    let value: serde_json::Value = serde_json::from_str(&trace).unwrap();
    assert_eq!(schema::problems(&value), Vec::<String>::new());
    assert_eq!(&value["command"], "unusable");
    // A check of nothing neither looks passed nor hides why.
    let directory = tempfile::tempdir().unwrap();
    let (silent, report) = (directory.path().join("silent.yaml"), directory.path().join("report.txt"));
    fs::write(&silent, "virtual_networks: { v: { address_space: [10.0.0.0/16] } }\n").unwrap();
    let out = run(&["check", silent.to_str().unwrap(), "--output", report.to_str().unwrap()]);
    assert_eq!(out, "");
    let written = fs::read_to_string(&report).unwrap();
    assert!(written.contains("E-NO-EXPECTATION") && !written.contains('✓'), "{written}");
}

/// Pairs that answer unlike their groups count on the page as in every other form.
#[test]
fn the_page_has_the_totals_of_the_matrix() {
    let directory = tempfile::tempdir().unwrap();
    let estate = directory.path().join("estate.yaml");
    let estate = estate.to_str().unwrap();
    run(&["generate", "--endpoints", "60", "--services", "8", "--seed", "1", "--output", estate]);
    let matrix: serde_json::Value = serde_json::from_str(&run(&["matrix", estate, "--format", "json"])).unwrap();
    assert!(!matrix["result"]["exceptions"].as_array().unwrap().is_empty());
    let page = run(&["matrix", estate, "--format", "html"]);
    let (_, data) = page.split_once("\"totals\":").unwrap();
    let shown = serde_json::Deserializer::from_str(data).into_iter::<Vec<serde_json::Value>>().next().unwrap().unwrap();
    let shown: serde_json::Map<_, _> =
        shown.iter().map(|t| (t["verdict"].as_str().unwrap().to_owned(), t["count"].clone())).collect();
    assert_eq!(serde_json::Value::Object(shown), matrix["result"]["totals"]);
}

/// A test report is red exactly where the run fails.
#[test]
fn findings_below_the_failing_level_are_no_failures() {
    let flagship = "scenarios/foundry-hub/foundry-hub.yaml";
    let exposed = "scenarios/foundry-hub/mutations.yaml#M24-endpoint-public";
    let red = |args: &[&str]| junit(&run(&[args, &["--format", "junit"][..]].concat())).iter().any(|c| c.failed);
    let lint = ["lint", flagship, "--today", "2026-01-01"];
    assert!(!red(&lint));
    assert!(red(&[&lint[..], &["--fail-on", "info"]].concat()));
    let diff = ["diff", flagship, exposed, "--today", "2026-01-01"];
    assert!(!red(&diff));
    assert!(red(&[&diff[..], &["--fail-on", "public"]].concat()));
    assert!(!red(&["impact", "scenarios/quickstart/quickstart.yaml"]));
    let markdown = run(&[&lint[..], &["--format", "markdown"]].concat());
    assert!(markdown.starts_with("## ⚠️"), "{markdown}");
}
