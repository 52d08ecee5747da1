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
         ## Verdicts\n\n| verdict | meaning |\n|---|---|\n{}\n## Paths (`via`)\n\n| path | meaning |\n|---|---|\n{}\n## Reasons\n\n| reason | meaning |\n|---|---|\n{}\n## Live DNS\n\nWhat is not undecided, and does not agree, is drift.\n\n| word | meaning |\n|---|---|\n{}",
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

/// Command lines that documents, the action and the hooks show are ones that the program understands.
#[test]
fn shown_command_lines_are_understood() {
    let mut files = vec!["README.md".to_owned(), "action.yml".to_owned(), ".pre-commit-hooks.yaml".to_owned()];
    let docs = fs::read_dir(root().join("docs")).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    files.extend(docs.filter(|d| d.ends_with(".md")).map(|d| format!("docs/{d}")));
    let mut shown = 0;
    for file in files {
        let text = fs::read_to_string(root().join(&file)).unwrap();
        let mut code = !file.ends_with(".md");
        for line in text.lines().map(str::trim) {
            if line.starts_with("```") {
                code = !code;
            }
            if !code {
                continue;
            }
            let line = ["$ ", "- run: ", "run: ", "entry: ", "docker run --rm -v \"$PWD:/work\" "]
                .iter()
                .fold(line, |l, prefix| l.strip_prefix(prefix).unwrap_or(l));
            let Some(rest) = line.strip_prefix("privreach ") else { continue };
            let command = rest.split(['|', ';', '#']).next().unwrap();
            let words: Vec<_> = command.split_whitespace().map(|w| w.trim_matches(['"', '\'', '`'])).collect();
            let words: Vec<_> = std::iter::once("privreach").chain(words).collect();
            assert_eq!(privreach::cli::understand(&words), Ok(()), "{file}: {line}");
            shown += 1;
        }
    }
    assert!(shown > 10, "only {shown} command lines found");
}

/// Every command has a manual page and a line in the README, and every shell its completions.
#[test]
fn every_command_is_in_the_readme_and_in_the_manual() {
    let run = |words: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_privreach")).args(words).output().unwrap();
        assert!(output.status.success(), "{words:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let help = privreach::cli::help();
    let commands: Vec<_> = help
        .lines()
        .skip_while(|l| !l.starts_with("Commands:"))
        .skip(1)
        .take_while(|l| !l.starts_with("Options:"))
        .filter(|l| l.starts_with("  ") && !l.starts_with("   "))
        .filter_map(|l| l.split_whitespace().next())
        .filter(|c| *c != "help")
        .collect();
    assert!(commands.len() > 8, "{help}");
    for command in commands {
        assert!(readme.contains(&format!("privreach {command}")), "README lacks {command}");
        assert!(run(&["man", command]).contains(&format!("privreach\\-{}", command.replace('-', "\\-"))), "{command}");
    }
    assert!(run(&["man"]).contains(".TH"));
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(run(&["completions", shell]).contains("privreach"));
    }
}
