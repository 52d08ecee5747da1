//! What traces advise: each file under `advice` asks flows in its comments and says what must be, or must not be, among
//! the advice and the steps.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use privreach::{
    forward::{Outcome, Step},
    net::Transport,
    scenario::load_paths,
    snapshot::Snapshot,
    trace::{Question, trace},
    verdict::Word,
};
use std::{fs, path::PathBuf};

/// What a trace says: its verdict and reasons, every blocker's advice, and what is admitted.
fn said(snapshot: &Snapshot, flow: &str) -> (String, String, String) {
    let (from, to) = flow.split_once(" -> ").expect("FROM -> TO:PORT");
    let (to, port) = to.rsplit_once(':').expect("a port");
    let question =
        Question { from: from.into(), to: to.into(), port: port.parse().expect("a port"), transport: Transport::Tcp };
    let trace = trace(&snapshot.plane, &question).expect("a question");
    let all: Vec<&Step> = trace.all_steps().collect();
    let fixes: Vec<&str> = all.iter().filter(|s| s.is_blocker()).filter_map(|s| s.fix.as_deref()).collect();
    let admitted: Vec<&str> =
        all.iter().filter(|s| matches!(s.outcome, Outcome::Admit(..))).map(|s| s.text.as_str()).collect();
    let reasons: Vec<&str> = trace.judgement.reasons.iter().map(|r| r.as_str()).collect();
    let verdict = format!("{} {}", trace.judgement.verdict.as_str(), reasons.join(" "));
    (verdict, fixes.join("\n"), admitted.join("\n"))
}

#[test]
fn traces_advise_what_the_files_say() {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/advice");
    let mut files: Vec<PathBuf> = fs::read_dir(directory).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    assert!(files.len() > 2, "the files are not found");
    let mut wrong = Vec::new();
    for file in files {
        let loaded = load_paths(std::slice::from_ref(&file));
        let snapshot = Snapshot::new(loaded.scenarios.into_iter().next().expect("a scenario"));
        let errors: Vec<_> = snapshot.errors().map(|d| format!("{} {}", d.code, d.message)).collect();
        assert!(errors.is_empty(), "{}: {errors:?}", file.display());
        let mut now = (String::new(), String::new(), String::new());
        let mut asked = 0;
        for line in fs::read_to_string(&file).unwrap().lines().filter_map(|l| l.strip_prefix("# ")) {
            let Some((word, text)) = line.split_once(": ") else { continue };
            let holds = match word {
                "ask" => {
                    now = said(&snapshot, text);
                    asked += 1;
                    true
                }
                "verdict" => now.0 == text,
                "advice" => now.1.lines().any(|l| l == text),
                "never" => !now.1.contains(text),
                "not admitted" => !now.2.contains(text),
                _ => true,
            };
            if !holds {
                wrong.push(format!("{}: {line}\n  verdict {}\n  advice {:?}", file.display(), now.0, now.1));
            }
        }
        assert!(asked > 0, "{}: nothing is asked", file.display());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
