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
    picture::{Drawing, Options, Overlay, PictureError, Rect, dot, draw, layout, mermaid, svg},
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
    let text = "name: '<script>alert(1)</script>\"'\nvirtual_networks:\n  '\"]; </text><script>x</script> %%{init}%%': { address_space: [10.0.0.0/16] }\n  \"turned \\u202e round\": { address_space: [10.1.0.0/16] }\n";
    let loaded = load_text("hostile.yaml", text);
    let scenario = loaded.scenarios.first().expect("it loads");
    let topology = Topology::new(&scenario.estate);
    let drawing = drawn(&topology, &Options::titled(&scenario.name));
    well_formed(&svg(&drawing));
    for picture in [svg(&drawing), dot(&drawing), mermaid(&drawing)] {
        assert!(picture.contains("turned") && !picture.contains('\u{202e}'), "{picture}");
    }
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

/// A hub with a firewall, and many spokes whose endpoints lead to many services.
fn estate(spokes: usize, endpoints: usize) -> String {
    use std::fmt::Write;
    let mut text = String::from(
        "name: many\nvirtual_networks:\n  hub: { address_space: [10.0.0.0/16], subnets: { AzureFirewallSubnet: { address_prefixes: [10.0.0.0/26] } } }\n",
    );
    for n in 0..spokes {
        let _ = writeln!(
            text,
            "  spoke-{n}: {{ address_space: [10.{}.0.0/16], subnets: {{ app: {{ address_prefixes: [10.{0}.0.0/24] }}, pe: {{ address_prefixes: [10.{0}.1.0/24] }} }} }}",
            n + 1
        );
    }
    text.push_str("virtual_network_peerings:\n");
    for n in 0..spokes {
        let _ = writeln!(
            text,
            "  hub-{n}: {{ virtual_network: hub, remote_virtual_network: spoke-{n} }}\n  spoke-{n}: {{ virtual_network: spoke-{n}, remote_virtual_network: hub }}"
        );
    }
    text.push_str("firewalls: { afw: { subnet: hub/AzureFirewallSubnet, private_ip_address: 10.0.0.4 } }\nservices:\n");
    for n in 0..endpoints {
        let _ = writeln!(text, "  st{n}: {{ type: Microsoft.Storage/storageAccounts }}");
    }
    text.push_str("private_endpoints:\n");
    for n in 0..endpoints {
        let _ = writeln!(
            text,
            "  pe-{n}: {{ subnet: spoke-{}/pe, private_service_connection: {{ private_connection_resource: st{n}, subresource_names: [blob] }} }}",
            n % spokes
        );
    }
    text
}

fn many(text: &str, collapse: usize) -> (Topology, Drawing) {
    let loaded = load_text("many.yaml", text);
    assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
    let topology = Topology::new(&loaded.scenarios[0].estate);
    let options = Options { collapse, ..Options::titled("many") };
    let drawing = draw(&topology, &options, &Overlay::default()).unwrap();
    (topology, drawing)
}

#[test]
fn alike_things_share_a_box_and_none_is_lost() {
    let (topology, drawing) = many(&estate(40, 300), 6);
    assert!(drawing.shapes.len() < 15, "{} boxes", drawing.shapes.len());
    let shown: usize = drawing.shapes.iter().map(|s| s.names.len()).sum();
    assert_eq!(shown, topology.graph().node_count());
    assert!(drawing.lines.iter().any(|l| l.count == 40) && drawing.lines.iter().any(|l| l.count == 300));
}

#[test]
fn boxes_lie_inside_their_holder_and_beside_each_other() {
    for collapse in [1, 6, 1000] {
        let (_, drawing) = many(&estate(12, 30), collapse);
        let layout = layout(&drawing);
        let inside =
            |a: &Rect, b: &Rect| a.x >= b.x && a.y >= b.y && a.right() <= b.right() && a.bottom() <= b.bottom();
        let apart = |a: &Rect, b: &Rect| a.right() <= b.x || b.right() <= a.x || a.bottom() <= b.y || b.bottom() <= a.y;
        for (at, shape) in drawing.shapes.iter().enumerate() {
            let own = &layout.rects[at];
            if let Some(parent) = shape.parent {
                assert!(inside(own, &layout.rects[parent]), "{:?}", shape.names);
            }
            for (other, beside) in
                drawing.shapes.iter().enumerate().filter(|(o, s)| *o != at && s.parent == shape.parent)
            {
                assert!(apart(own, &layout.rects[other]), "{:?} {:?}", shape.names, beside.names);
            }
        }
    }
}
