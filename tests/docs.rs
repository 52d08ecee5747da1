//! Documents that must stay true: generated ones equal their source, and the README's tables and sessions the program.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use privreach::{
    cli::Exit,
    live::Drift,
    scenario,
    verdict::{Reason, Verdict, Via, Word},
};
use std::{fs, path::PathBuf, process::Command};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Compares a generated document with its file; `PRIVREACH_UPDATE=1 cargo test` writes it.
fn generated(name: &str, text: &str) {
    let path = root().join(name);
    if std::env::var_os("PRIVREACH_UPDATE").is_some() {
        fs::write(&path, text).unwrap();
    }
    let file = fs::read_to_string(&path).unwrap_or_default();
    assert!(file == text, "{name} is out of date; refresh it with PRIVREACH_UPDATE=1 cargo test --test docs");
}

#[test]
fn the_format_reference_is_current() {
    generated("docs/format.md", &scenario::reference_page());
}

#[test]
fn the_json_reference_is_current() {
    generated("docs/json.md", &privreach::report::json_reference());
}

#[test]
fn the_reason_reference_is_current() {
    fn table<W: Word>() -> String {
        W::ALL.iter().map(|w| format!("| `{}` | {} |\n", w.as_str(), w.meaning())).collect()
    }
    let text = format!(
        "# Verdicts, paths and reasons\n\nGenerated from the program's closed lists; a test keeps it true. `privreach explain CODE` prints the same.\n\n\
         ## Verdicts\n\n| verdict | meaning |\n|---|---|\n{}\n## Paths (`via`)\n\n| path | meaning |\n|---|---|\n{}\n## Reasons\n\n| reason | meaning |\n|---|---|\n{}\n## Drift of live DNS\n\n| drift | meaning |\n|---|---|\n{}",
        table::<Verdict>(),
        table::<Via>(),
        table::<Reason>(),
        table::<Drift>()
    );
    generated("docs/reasons.md", &text);
}

#[test]
fn the_readme_names_every_verdict_and_exit_code() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    for verdict in Verdict::ALL {
        assert!(
            readme.contains(&format!("| `{}` | {} |", verdict.as_str(), verdict.meaning())),
            "README lacks {verdict}"
        );
    }
    for exit in Exit::ALL {
        assert!(
            readme.contains(&format!("| `{}` | {} |", exit.code(), exit.meaning())),
            "README lacks exit code {}",
            exit.code()
        );
    }
}

#[test]
fn the_readme_names_every_format() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    for format in privreach::report::Format::ALL {
        let row = format!("| `{}` | {} |", format.as_str(), format.meaning());
        assert!(readme.contains(&row), "README lacks {row}");
    }
}

/// Every `console` block of the README is a true session: each `$ privreach …` line prints what follows it.
#[test]
fn the_readme_sessions_are_true() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let mut sessions = 0;
    for block in readme.split("```console\n").skip(1).filter_map(|b| b.split("```").next()) {
        for session in block.split("$ privreach ").skip(1) {
            let (command, expected) = session.split_once('\n').unwrap();
            let output = Command::new(env!("CARGO_BIN_EXE_privreach"))
                .args(command.split_whitespace())
                .current_dir(root())
                .env("COLUMNS", "80")
                .output()
                .unwrap();
            let found = String::from_utf8(output.stdout).unwrap();
            assert_eq!(found.trim_end(), expected.trim_end(), "privreach {command}");
            sessions += 1;
        }
    }
    assert!(sessions > 0, "the README shows no session");
}

/// The schema accepts what the decoder accepts, as far as keys go: every key of every shipped scenario is known to it.
#[test]
fn the_schema_knows_every_estate_key() {
    let schema = scenario::json_schema();
    for key in ["virtual_networks", "machine_learning_workspaces", "expectations", "variants", "extends"] {
        assert!(schema["properties"].get(key).is_some(), "{key}");
    }
    assert_eq!(schema["additionalProperties"], serde_json::json!(false));
    assert!(schema["$defs"]["VirtualNetwork"]["required"].as_array().unwrap().contains(&"address_space".into()));
}
