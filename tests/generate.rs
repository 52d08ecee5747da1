//! Generated estates: they load without a word, one seed is one estate in every form, and every kind of verdict occurs.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use privreach::{
    generate::{Format, Options, Shape, scenario, text},
    net::Transport,
    scenario::{Scenario, load_text},
    snapshot::Snapshot,
    trace::{Question, trace},
};
use std::{collections::BTreeMap, fmt::Debug};

const SHAPES: [Shape; 4] = [Shape::Typical, Shape::Flat, Shape::Hosts, Shape::Worst];

fn options(endpoints: usize, services: usize, seed: u64, shape: Shape) -> Options {
    Options { shape, ..Options::new(endpoints, services, seed) }
}

fn loaded(options: &Options, format: Format) -> Scenario {
    let name = if format == Format::Json { "generated.json" } else { "generated.yaml" };
    let mut loaded = load_text(name, &text(options, format).unwrap());
    assert!(loaded.diagnostics.is_empty(), "{options:?}: {:?}", &loaded.diagnostics[..1]);
    loaded.scenarios.remove(0)
}

/// What a value holds, without the places: they differ between files.
fn without_places(value: &impl Debug) -> String {
    let text = format!("{value:?}");
    let mut rest = text.as_str();
    let mut kept = String::with_capacity(text.len());
    while let Some((before, after)) = rest.split_once("Span {") {
        kept.push_str(before);
        rest = after.split_once('}').unwrap().1;
    }
    kept + rest
}

#[test]
fn text_and_library_give_the_same_estate() {
    for shape in SHAPES {
        let options = options(60, 13, 5, shape);
        let built = without_places(&scenario(&options).unwrap().estate);
        assert!(built.len() > 10_000);
        for format in [Format::Yaml, Format::Json] {
            let read = without_places(&loaded(&options, format).estate);
            assert!(built == read, "{shape:?} differs between the library and {format:?}");
        }
    }
}

#[test]
fn one_seed_is_one_estate() {
    let of = |seed| text(&Options::new(40, 9, seed), Format::Yaml).unwrap();
    assert_eq!(of(1), of(1));
    assert_ne!(of(1), of(2));
}

#[test]
fn every_shape_and_size_compiles_without_a_remark() {
    let sizes = [(1, 0), (1, 1), (7, 3), (33, 20), (120, 60), (300, 40)];
    for (number, (endpoints, services)) in sizes.into_iter().enumerate() {
        for shape in SHAPES {
            for seed in 0..3 {
                let options = options(endpoints, services, seed + 10 * number as u64, shape);
                let snapshot = Snapshot::new(loaded(&options, Format::Json));
                assert!(snapshot.diagnostics.is_empty(), "{options:?}: {:?}", &snapshot.diagnostics[..1]);
                assert_eq!(snapshot.scenario.estate.virtual_machines.len(), endpoints);
                assert_eq!(snapshot.scenario.estate.services.len(), services);
            }
        }
    }
}

#[test]
fn given_numbers_are_kept() {
    let options =
        Options { hubs: Some(3), spokes: Some(7), subnets: Some(2), rules: Some(4), ..Options::new(90, 10, 1) };
    let estate = scenario(&options).unwrap().estate;
    assert_eq!((estate.firewalls.len(), estate.virtual_networks.len()), (3, 10));
    assert_eq!(estate.virtual_networks.get("vnet-spoke7").unwrap().value.subnets.len(), 3);
    let rules = estate.network_security_groups.iter().map(|(_, g)| g.value.security_rules.len()).max();
    assert!(rules.is_some_and(|r| (8..=11).contains(&r)), "{rules:?}");
}

/// The estate is worth solving: most verdicts and the usual reasons occur, and little is undecided.
#[test]
fn verdicts_are_mixed() {
    let snapshot = Snapshot::new(scenario(&Options::new(800, 60, 3)).unwrap());
    let estate = &snapshot.scenario.estate;
    let machines: Vec<&str> = estate.virtual_machines.keys().collect();
    let kinds = [
        ("st", "blob.core.windows.net", 443),
        ("kv", "vault.azure.net", 443),
        ("sql", "database.windows.net", 1433),
        ("srch", "search.windows.net", 443),
    ];
    let named = |service: &str| {
        let (_, suffix, port) = kinds.iter().find(|k| service.starts_with(k.0)).unwrap();
        (format!("{service}.{suffix}"), *port)
    };
    let mut flows: Vec<(&str, (String, u16))> = Vec::new();
    for (number, from) in machines.iter().enumerate().step_by(17) {
        flows.extend(estate.services.keys().step_by(2).map(|s| (*from, named(s))));
        flows.push((from, (machines[(number * 7 + 13) % machines.len()].to_owned(), 443)));
    }
    // Callers that a service admits by their subnet.
    for (service, entry) in estate.services.iter() {
        for subnet in entry.value.network_rules.iter().flat_map(|r| &r.virtual_network_subnets) {
            let mut inside = estate.virtual_machines.iter().filter(|(_, m)| m.value.subnet.value == subnet.value);
            flows.extend(inside.next().map(|(from, _)| (from, named(service))));
        }
    }
    let (mut verdicts, mut reasons) = (BTreeMap::new(), BTreeMap::new());
    let asked = flows.len();
    for (from, (to, port)) in flows {
        let question = Question { from: from.to_owned(), to, port, transport: Transport::Tcp };
        let judgement = trace(&snapshot.plane, &question).unwrap().judgement;
        *verdicts.entry(judgement.verdict.to_string()).or_insert(0) += 1;
        judgement.reasons.iter().for_each(|r| *reasons.entry(r.to_string()).or_insert(0) += 1);
    }
    for verdict in ["private", "public", "backbone", "blocked"] {
        assert!(verdicts.contains_key(verdict), "no {verdict} in {verdicts:?}");
    }
    for reason in ["NSG", "FW", "PNA", "DNS-NXDOMAIN"] {
        assert!(reasons.contains_key(reason), "no {reason} in {reasons:?}");
    }
    let undecided: usize = ["unknown", "unsupported"].iter().filter_map(|v| verdicts.get(*v)).sum();
    assert!(undecided * 50 < asked, "{verdicts:?} {reasons:?}");
    println!("{verdicts:?} {reasons:?}");
}
