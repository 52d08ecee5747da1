//! Bad input: every file under `tests/diagnostics` names the diagnostics it must cause, with their places, and no
//! other may occur. What cannot be written as such a file follows in Rust.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use privreach::{
    diag::{Diagnostic, SourceMap},
    scenario::{Loaded, load_paths, load_text},
    snapshot::{Snapshot, further_problems},
    verify::{question_problems, verify},
};
use std::{fs, path::Path, time::Instant};

/// All problems of loaded scenarios: of reading, compiling, and asking.
fn problems(loaded: Loaded) -> (SourceMap, Vec<Diagnostic>) {
    let mut all = loaded.diagnostics;
    for scenario in loaded.scenarios {
        let snapshot = Snapshot::new(scenario);
        all.extend(snapshot.diagnostics.iter().cloned());
        all.extend(if snapshot.is_usable() { verify(&snapshot).problems } else { question_problems(&snapshot) });
    }
    for scenario in loaded.partial {
        let snapshot = Snapshot::new(scenario);
        let asked = question_problems(&snapshot);
        all.extend(further_problems(&snapshot, &all, asked));
    }
    all.sort_by_key(|d| (d.span, d.code));
    all.dedup();
    (loaded.sources, all)
}

#[test]
fn each_file_causes_exactly_its_diagnostics() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics");
    let mut files: Vec<_> = fs::read_dir(directory).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    let mut wrong = Vec::new();
    let mut expected_in_all = 0;
    for path in files {
        let text = fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let mut expected: Vec<Vec<&str>> = text
            .lines()
            .filter_map(|l| l.trim().strip_prefix("# expect: "))
            .map(|l| l.splitn(3, ' ').collect())
            .collect();
        expected_in_all += expected.len();
        let (sources, found) = problems(load_paths(&[path]));
        for diagnostic in found {
            if diagnostic.help.is_none() {
                wrong.push(format!("{name}: says not what to do: {} {}", diagnostic.code, diagnostic.message));
            }
            let place = diagnostic
                .span
                .map(|s| sources.locate(s))
                .map(|l| format!("{}:{}", l.line, l.column))
                .unwrap_or_default();
            let words = format!("{} {}", diagnostic.message, diagnostic.help.as_deref().unwrap_or_default());
            let at = expected.iter().position(|e| {
                e[0] == diagnostic.code.as_str() && e[1] == place && words.contains(e.get(2).copied().unwrap_or(""))
            });
            match at {
                Some(at) => drop(expected.remove(at)),
                None => wrong.push(format!("{name}: not expected: {} {place} {words}", diagnostic.code)),
            }
        }
        wrong.extend(expected.iter().map(|e| format!("{name}: missing: {}", e.join(" "))));
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(expected_in_all > 20);
}

fn codes(loaded: Loaded) -> Vec<&'static str> {
    problems(loaded).1.iter().map(|d| d.code.as_str()).collect()
}

#[test]
fn files_that_are_no_text_or_no_scenario() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = directory.path().join(name);
        fs::write(&path, bytes).unwrap();
        codes(load_paths(&[path]))
    };
    assert_eq!(write("latin1.yaml", b"name: caf\xe9\n"), ["E-ENCODING"]);
    assert_eq!(write("binary.yaml", b"name: x\n\0\0\0"), ["E-ENCODING"]);
    // Editors and shells of Windows write UTF-16.
    let wide = |text: &str, bytes: fn(u16) -> [u8; 2]| -> Vec<u8> { text.encode_utf16().flat_map(bytes).collect() };
    let text = "\u{feff}virtual_networks: { v: { address_space: [10.0.0.0/16] } }\n";
    assert_eq!(write("little.yaml", &wide(text, u16::to_le_bytes)), [""; 0]);
    assert_eq!(write("big.yaml", &wide(text, u16::to_be_bytes)), [""; 0]);
    assert_eq!(write("cut.yaml", &wide(text, u16::to_le_bytes)[..31]), ["E-ENCODING"]);
    assert_eq!(write("empty.yaml", b""), ["E-EMPTY"]);
    assert_eq!(write("comment.yaml", b"# nothing\n"), ["E-EMPTY"]);
    assert_eq!(write("list.yaml", b"- a\n- b\n"), ["E-TYPE"]);
    assert_eq!(write("json.json", br#"{"virtual_networks": {"v": {"address_space": ["10.0.0.0/16"]}}}"#), [""; 0]);
    let bare = tempfile::tempdir().unwrap();
    assert_eq!(codes(load_paths(&[bare.path().to_owned()])), ["E-NO-SCENARIO"]);
    assert_eq!(codes(load_paths(&[bare.path().join("absent.yaml")])), ["E-IO"]);
}

#[test]
fn hostile_files_are_refused_quickly_and_without_overflow() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for i in 1..12 {
        let previous = vec![format!("*a{}", i - 1); 10].join(", ");
        bomb.push_str(&format!("a{i}: &a{i} [{previous}]\n"));
    }
    let deep_block: String = (0..3000).map(|i| format!("{}a:\n", " ".repeat(i))).collect();
    let mut spiral = format!("a0: &a0 {}x{}\n", "[".repeat(60), "]".repeat(60));
    for i in 1..170 {
        spiral.push_str(&format!("a{i}: &a{i} {}*a{}{}\n", "[".repeat(60), i - 1, "]".repeat(60)));
    }
    let many_anchors: String = (0..60).map(|i| format!("&a{i} [")).collect();
    let many_anchors = format!("a: {many_anchors}{}{}\n", vec!["x"; 50_000].join(","), "]".repeat(60));
    let long_text = format!("a: &a {}\nb: [{}]\n", "x".repeat(1_000_000), vec!["*a"; 1500].join(","));
    let hostile = [
        (bomb, "E-LIMIT"),
        (spiral, "E-LIMIT"),
        (many_anchors, "E-LIMIT"),
        (long_text, "E-LIMIT"),
        ("[".repeat(100_000), "E-LIMIT"),
        ("{a: ".repeat(100_000), "E-LIMIT"),
        ("[\"]\",".repeat(100_000), "E-LIMIT"),
        ("- ".repeat(100_000), "E-LIMIT"),
        // The outermost key is a mapping, which is refused before anything nests.
        ("? ".repeat(100_000), "E-TYPE"),
        (deep_block, "E-LIMIT"),
        (format!("name: {}", "[".repeat(300)), "E-LIMIT"),
    ];
    // An ordinary thread's stack, so that an overflow would show.
    std::thread::Builder::new()
        .stack_size(2 * 1024 * 1024)
        .spawn(move || {
            for (text, code) in hostile {
                let started = Instant::now();
                let found = codes(load_text("hostile.yaml", &text));
                assert_eq!(found, [code], "{:.40}", text);
                assert!(started.elapsed().as_secs() < 20);
            }
        })
        .unwrap()
        .join()
        .unwrap();
}
