//! Expectations of many flows: each file under `tests/expectations` says how its expectations come out and what their
//! explanations hold, as the text that people read has it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use privreach::{
    azure::kinds::KINDS,
    dataplane::Plane,
    matrix::{Asker, Matrix, askers, clients, is_implied, services, ways},
    net::Fqdn,
    report::{CheckReport, ScenarioReport, Style, check_text},
    scenario::{End, load_paths, load_text},
    select::Traits,
    snapshot::Snapshot,
    trace::{Trace, client, trace},
    verify::{Outcome, exposing, verify},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

fn root(directory: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(directory)
}

#[test]
fn each_file_comes_out_as_it_says() {
    let mut files: Vec<_> = fs::read_dir(root("tests/expectations")).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    let (mut wrong, mut asserted) = (Vec::new(), 0);
    for path in files {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).unwrap();
        let loaded = load_paths(&[path]);
        assert!(loaded.diagnostics.is_empty(), "{name}: {:?}", loaded.diagnostics);
        let snapshot = Snapshot::new(loaded.scenarios.into_iter().next().unwrap());
        assert!(snapshot.is_usable(), "{name}: {:?}", snapshot.explained_errors());
        let verification = verify(&snapshot);
        assert!(verification.problems.is_empty(), "{name}: {:?}", verification.problems);
        let mut expected: BTreeMap<String, (&str, Vec<&str>)> = BTreeMap::new();
        for line in text.lines().filter_map(|l| l.strip_prefix("# expect: ")) {
            let mut parts = line.split(" | ");
            let (id, outcome) = parts.next().unwrap().split_once(' ').unwrap();
            expected.insert(id.to_owned(), (outcome, parts.collect()));
        }
        for checked in &verification.checked {
            let (outcome, words) = expected.remove(&checked.id).unwrap_or_else(|| panic!("{name}: {}", checked.id));
            asserted += 1;
            let found = match checked.outcome {
                Outcome::Held => "held",
                Outcome::Failed => "failed",
                Outcome::Undecided => "undecided",
            };
            let mut alone = verification.clone();
            alone.checked.retain(|c| c.id == checked.id);
            let scenarios = vec![ScenarioReport::new(&loaded.sources, &snapshot.scenario, &alone)];
            let report = CheckReport { scenarios, diagnostics: Vec::new() };
            let shown = check_text(&report, Style { colour: false, verbosity: 0, width: usize::MAX });
            if found != outcome || words.iter().any(|w| !shown.contains(w)) {
                wrong.push(format!("{name}: {} should be {outcome} with {words:?}, but:\n{shown}", checked.id));
            }
        }
        assert!(expected.is_empty(), "{name}: nothing is called {expected:?}");
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(asserted > 20);
}

/// Where rules tell more ranges apart than ask, nothing that is forbidden to the internet holds for sure; what asks first are
/// the widest, service tags among them.
#[test]
fn more_ranges_than_ask_leave_never_undecided() {
    let outcome = |tag: &str, client: &str| {
        let mut rules = String::new();
        for n in 0..600 {
            rules += &format!(
                "      d{n}: {{ priority: {}, direction: Inbound, access: Deny, protocol: Tcp, source_address_prefix: \
                 52.{}.{}.0/24, destination_address_prefix: \"*\", destination_port_range: {} }}\n",
                200 + n,
                n / 256,
                n % 256,
                1000 + n
            );
        }
        let text = format!(
            "location: westeurope\nvirtual_networks:\n  v: {{ address_space: [10.0.0.0/16], subnets: {{ a: {{ \
             address_prefixes: [10.0.1.0/24], network_security_group: g }} }} }}\npublic_ips: {{ p1: {{ ip_address: 20.1.1.1 \
             }} }}\n{client}network_security_groups:\n  g:\n    security_rules:\n      tag: {{ priority: 110, direction: \
             Inbound, access: Allow, protocol: Tcp, source_address_prefix: {tag}, destination_address_prefix: \"*\", \
             destination_port_range: 443 }}\n{rules}virtual_machines:\n  web: {{ subnet: v/a, private_ip_address: \
             10.0.1.4, public_ip: p1, listens: [tcp/443] }}\nexpectations:\n  none: {{ from: {{ kind: internet_client }}, \
             to: {{ name: web }}, never: public }}\n"
        );
        let loaded = load_text("many.yaml", &text);
        assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
        let snapshot = Snapshot::new(loaded.scenarios.into_iter().next().unwrap());
        verify(&snapshot).checked[0].outcome
    };
    let declared = "internet_clients: { somebody: { ip_address: 203.0.113.9 } }\n";
    assert_eq!(outcome("VirtualNetwork", ""), Outcome::Undecided);
    assert_eq!(outcome("VirtualNetwork", declared), Outcome::Undecided);
    assert_eq!(outcome("Storage", ""), Outcome::Failed);
    assert_eq!(outcome("Storage", declared), Outcome::Failed);
}

fn is_meant(end: &End, traits: &Traits) -> bool {
    match end.selects() {
        true => end.selectors.iter().any(|s| s.matches(traits)),
        false => traits.name == end.value || traits.asked.as_ref() == Some(&end.value),
    }
}

/// An expectation of many flows comes out as all of its flows asked for one by one.
#[test]
fn many_flows_come_out_as_each_of_them() {
    let mut compared = 0;
    for scenario in load_paths(&[root("scenarios"), root("tests/expectations"), root("tests/cases/core")]).scenarios {
        let title = scenario.title();
        let snapshot = Snapshot::new(scenario);
        let (plane, labels) = (&snapshot.plane, snapshot.labels());
        for checked in verify(&snapshot).checked {
            let Some(pairs) = &checked.pairs else { continue };
            let expectation = snapshot.scenario.expectations.iter().find(|e| e.id == checked.id).unwrap();
            let fields = &expectation.fields;
            // Another port or protocol is another service, and another spelling of a target is tried by the files.
            if pairs.pairs == 0
                || fields.port.span.is_some()
                || fields.protocol.span.is_some()
                || fields.to.value.contains("://")
            {
                continue;
            }
            let further = exposing(fields);
            let (mut all, mut asked) = (askers(plane), ways(plane));
            // Further ways must only not be open.
            let usual = |s: &privreach::matrix::Service| {
                let as_itself = |t: &Traits| !fields.to.selects() || fields.to.selectors.iter().any(|f| f.means(t));
                s.is_usual() && as_itself(&Traits::of_service(plane, s, &labels))
            };
            asked.retain(|s| further.is_some() || usual(s));
            all.retain(|c| is_meant(&fields.from, &Traits::of_client(plane, c, &labels)));
            // An address of the internet asks because it is written.
            if all.is_empty() {
                let client = client(plane, &fields.from.value).unwrap();
                all.push(Asker { origin: &client.origin, client, name: fields.from.value.clone() });
            }
            // Who is not declared asks for what must not be open, or if nobody else is selected.
            if further.is_none() && all.iter().any(|c| !is_implied(c.client)) {
                all.retain(|c| !is_implied(c.client));
            }
            // What must not be open by its name must not be so by what else it is.
            let also = |t: &Traits| further.is_some() && t.also.iter().any(|f| f.name == fields.to.value);
            asked.retain(|s| {
                let traits = Traits::of_service(plane, s, &labels);
                is_meant(&fields.to, &traits) || also(&traits)
            });
            let matrix = Matrix::new(plane, all, asked);
            let mut single = snapshot.clone();
            single.scenario.expectations.clear();
            let mut names = BTreeMap::new();
            for (c, client) in matrix.clients.iter().enumerate() {
                for (s, service) in matrix.services.iter().enumerate().filter(|(s, _)| !matrix.is_own(c, *s)) {
                    let mut one = expectation.clone();
                    one.id = format!("{c}/{s}");
                    if let Some(further) = further.as_ref().filter(|_| !usual(service)) {
                        one.fields.never.clone_from(&further.never);
                    }
                    one.fields.from.value.clone_from(&client.name);
                    one.fields.to.value.clone_from(&service.to);
                    (one.fields.from.selectors, one.fields.to.selectors) = (Vec::new(), Vec::new());
                    (one.fields.port.value, one.fields.protocol.value) = (service.port, service.transport);
                    // With its port written it is about this one flow.
                    one.fields.protocol.span = Some(one.span);
                    names.insert(one.id.clone(), (client.name.clone(), service.to_string()));
                    single.scenario.expectations.push(one);
                }
            }
            let alone: BTreeMap<_, _> = verify(&single)
                .checked
                .into_iter()
                .filter(|c| c.outcome != Outcome::Held)
                .map(|c| (names[&c.id].clone(), c.outcome))
                .collect();
            let mut together = BTreeMap::new();
            for group in &pairs.counterexamples {
                let before = together.len() as u64;
                for (from, to) in
                    group.clients.names.iter().flat_map(|c| group.services.names.iter().map(move |s| (c, s)))
                {
                    let pair = (from.clone(), to.clone());
                    if names.values().any(|n| *n == pair) {
                        together.insert(pair, group.outcome);
                    }
                }
                assert_eq!(together.len() as u64 - before, group.pairs, "{title} {}", checked.id);
                let traced = trace(plane, &group.witness).unwrap().judgement;
                let found = (group.verdict, group.via, group.reasons.clone());
                assert_eq!((traced.verdict, traced.via, traced.reasons), found, "{title} {}", checked.id);
            }
            assert_eq!(together, alone, "{title} {}", checked.id);
            assert_eq!(names.len() as u64, pairs.pairs, "{title} {}", checked.id);
            compared += names.len();
        }
    }
    assert!(compared > 50, "{compared} flows");
}

/// What a step says of a path, apart from the ends.
fn signs(plane: &Plane, trace: &Trace, members: &BTreeSet<String>) -> Vec<String> {
    let door = trace.question.to.parse::<Fqdn>().ok().and_then(|n| plane.door_names.get(&n));
    // A service asked by its name is an end, too.
    let asked = door.map_or("", |d| plane.doors.get(d.door).origin.name.as_str());
    let elements = trace.elements().into_iter().filter(|e| !members.contains(*e) && *e != asked);
    // Equal paths come in the order of what they lead to.
    let elements = elements.map(str::to_owned).collect::<BTreeSet<_>>().into_iter();
    let judged = format!("{:?} {:?}", trace.judgement, trace.alternative_verdicts());
    elements.chain([judged]).collect()
}

/// One pair stands for all of two classes, in everything that an expectation can assert.
#[test]
fn classes_pass_the_same_elements() {
    let mut compared = 0;
    for scenario in load_paths(&[root("scenarios"), root("tests/cases/core"), root("tests/expectations")]).scenarios {
        let title = scenario.title();
        let snapshot = Snapshot::new(scenario);
        let plane = &snapshot.plane;
        let matrix = Matrix::new(plane, clients(plane), services(plane));
        let classes = matrix.classes(&BTreeSet::new());
        for row in &classes.clients {
            for column in classes.services.iter().filter(|c| row.len() > 1 || c.len() > 1) {
                let pairs = row.iter().flat_map(|c| column.iter().map(move |s| (*c, *s)));
                // Members of one class stand for each other, also where one passes another.
                let ends = pairs.clone().filter_map(|(c, s)| matrix.question(c, s));
                let members: BTreeSet<String> = ends.flat_map(|q| [q.from, q.to]).collect();
                let mut first: Option<Vec<String>> = None;
                for (c, s) in pairs.filter(|(c, s)| !matrix.is_own(*c, *s)) {
                    let found = signs(plane, &trace(plane, &matrix.question(c, s).unwrap()).unwrap(), &members);
                    compared += 1;
                    let first = first.get_or_insert_with(|| found.clone());
                    assert_eq!(*first, found, "{title}: {:?}", matrix.question(c, s));
                }
            }
        }
    }
    assert!(compared > 500, "{compared} pairs of shared classes");
}

/// The words for kinds are those that clients and services have.
#[test]
fn every_kind_has_a_word() {
    let mut unknown = BTreeSet::new();
    for scenario in load_paths(&[root("scenarios"), root("tests/cases")]).scenarios {
        let plane = Snapshot::new(scenario).plane;
        let kinds = plane.clients.iter().map(|(o, _)| o.kind).chain(plane.targets.iter().map(|(o, _)| o.kind));
        unknown.extend(kinds.filter(|k| !KINDS.contains(k)));
    }
    assert!(unknown.is_empty(), "{unknown:?}");
}
