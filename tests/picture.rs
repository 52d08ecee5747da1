//! Pictures of every shipped scenario in every format: complete, well formed, and safe against hostile names.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use privreach::{
    azure::topology::Topology,
    picture::{Drawing, Options, Overlay, PictureError, dot, draw, mermaid, svg},
    scenario::{load_paths, load_text},
    snapshot::Snapshot,
    trace::{Question, trace},
};
use std::path::PathBuf;

fn topologies() -> Vec<(String, Topology)> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let loaded = load_paths(&[root]);
    loaded.scenarios.iter().map(|s| (s.title(), Topology::new(&s.estate))).collect()
}

fn drawn(topology: &Topology, options: &Options) -> Drawing {
    draw(topology, options, &Overlay::default()).unwrap()
}

/// Elements open and close in pairs, and no text holds a bare markup character.
fn well_formed(svg: &str) {
    let mut open: Vec<String> = Vec::new();
    for part in svg.split('<').skip(1) {
        let (tag, text) = part.split_once('>').unwrap_or_else(|| panic!("unclosed tag: {part}"));
        assert_eq!(tag.matches('"').count() % 2, 0, "quotes of <{tag}>");
        let name: String = tag.trim_start_matches('/').chars().take_while(|c| c.is_alphanumeric()).collect();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !tag.ends_with('/') {
            open.push(name);
        }
        for entity in text.split('&').skip(1) {
            let known = ["amp;", "lt;", "gt;", "quot;", "#39;"];
            assert!(known.iter().any(|k| entity.starts_with(k)), "bare & in {text:?}");
        }
        assert!(text.chars().all(|c| !c.is_control() || c == '\n'));
    }
    assert!(open.is_empty(), "never closed: {open:?}");
}

#[test]
fn every_scenario_is_drawn_whole() {
    let all = topologies();
    assert!(all.len() > 30);
    for (title, topology) in all {
        for collapse in [1, Options::COLLAPSE] {
            let drawing = drawn(&topology, &Options { collapse, ..Options::titled(&title) });
            let shown: usize = drawing.shapes.iter().map(|s| s.names.len()).sum();
            assert_eq!(shown, topology.graph().node_count(), "{title}");
            let picture = svg(&drawing);
            well_formed(&picture);
            for name in drawing.shapes.iter().flat_map(|s| &s.names) {
                assert!(picture.contains(name.as_str()), "{title}: {name}");
            }
            assert!(dot(&drawing).starts_with("digraph") && mermaid(&drawing).starts_with("flowchart"));
        }
    }
}

#[test]
fn a_focus_draws_what_is_near_and_no_more() {
    let (_, topology) = topologies().into_iter().find(|(t, _)| t.ends_with("foundry-hub.yaml")).unwrap();
    let options = |name: &str, depth| Options { focus: vec![name.to_owned()], depth, ..Options::titled("focus") };
    let names = |depth| -> Vec<String> {
        drawn(&topology, &options("srch-contoso", depth)).shapes.into_iter().flat_map(|s| s.names).collect()
    };
    assert_eq!(names(0), ["srch-contoso"]);
    let near = names(1);
    assert!(near.iter().any(|n| n == "pe-srch") && near.iter().any(|n| n == "vnet-hub/snet-pe"));
    assert!(!near.iter().any(|n| n == "onprem-user" || n == "vnet-spoke-app"));
    let wrong = draw(&topology, &options("srch-contosa", 1), &Overlay::default());
    assert_eq!(
        wrong.unwrap_err(),
        PictureError::Unknown { name: "srch-contosa".to_owned(), near: Some("srch-contoso".to_owned()) }
    );
}

#[test]
fn a_traced_path_is_drawn_on_top() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios/quickstart");
    let snapshot = Snapshot::new(load_paths(&[root]).scenarios.remove(0));
    let question = Question {
        from: "vm-web".to_owned(),
        to: "stquickstart.blob.core.windows.net".to_owned(),
        port: 443,
        transport: privreach::net::Transport::Tcp,
    };
    let traced = trace(&snapshot.plane, &question).unwrap();
    let topology = Topology::new(&snapshot.scenario.estate);
    let drawing = draw(&topology, &Options::titled("path"), &Overlay::of_trace(&traced)).unwrap();
    let path: Vec<_> = drawing.path.iter().map(|at| drawing.shapes[*at].names[0].as_str()).collect();
    assert_eq!(path.first(), Some(&"vm-web"));
    assert!(path.contains(&"pe-blob"), "{path:?}");
    let picture = svg(&drawing);
    well_formed(&picture);
    assert!(picture.contains(">private</text>"), "the legend names the verdict");
}

#[test]
fn hostile_names_never_become_markup() {
    let text = "name: '<script>alert(1)</script>\"'\nvirtual_networks:\n  '\"]; </text><script>x</script> %%{init}%%': { address_space: [10.0.0.0/16] }\n";
    let loaded = load_text("hostile.yaml", text);
    let Some(scenario) = loaded.scenarios.first() else { return assert!(!loaded.diagnostics.is_empty()) };
    let topology = Topology::new(&scenario.estate);
    let drawing = drawn(&topology, &Options::titled(&scenario.name));
    well_formed(&svg(&drawing));
    assert!(!svg(&drawing).contains("<script") && !mermaid(&drawing).contains("<script"));
    assert!(!mermaid(&drawing).contains("%%{"));
    assert!(dot(&drawing).contains("\\\"]; </text>"), "the quote is escaped");
}

#[test]
fn the_picture_in_the_readme_is_current() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let (_, topology) = topologies().into_iter().find(|(t, _)| t.ends_with("foundry-hub.yaml")).unwrap();
    let picture = svg(&drawn(&topology, &Options::titled("foundry-hub")));
    let path = root.join("docs/foundry-hub.svg");
    if std::env::var_os("PRIVREACH_UPDATE").is_some() {
        std::fs::write(&path, &picture).unwrap();
    }
    let stored = std::fs::read_to_string(&path).unwrap();
    assert!(stored == picture, "out of date; refresh it with PRIVREACH_UPDATE=1 cargo test --test picture");
}
