//! Three judges on seeded random estates: a naive reading of the rules, the step engine, and the all-pairs solver. Every
//! family of estates is put to all three; the oldest families to two smaller references as well. And laws that need no
//! judge.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

#[path = "judge/ask.rs"]
mod ask;
#[path = "judge/coverage.rs"]
mod coverage;
#[path = "judge/families/mod.rs"]
mod families;
#[path = "judge/judges.rs"]
mod judges;
#[path = "judge/laws.rs"]
mod laws;
#[path = "judge/reading/mod.rs"]
mod reading;
#[path = "judge/reference.rs"]
mod reference;
#[path = "judge/rules.rs"]
mod rules;
#[path = "judge/transit.rs"]
mod transit;

use ask::words;
use families::{
    estate::{self, Estate, Rule},
    hybrid,
};
use privreach::{
    net::Transport,
    scenario::load_text,
    snapshot::Snapshot,
    trace::{Question, Trace, trace},
    verdict::Verdict,
};
use reference::{From, To};
use std::collections::{BTreeMap, BTreeSet};

fn snapshot(estate: &Estate, backwards: bool) -> Snapshot {
    let text = estate::text(estate, backwards);
    let loaded = load_text("random.yaml", &text);
    assert!(loaded.diagnostics.is_empty(), "{:?}\n{text}", loaded.diagnostics);
    let snapshot = Snapshot::new(loaded.scenarios.into_iter().next().unwrap());
    assert!(snapshot.errors().next().is_none(), "{:?}\n{text}", snapshot.diagnostics);
    snapshot
}

fn questions() -> Vec<(From, To)> {
    let clients = [From::Machine(0), From::Machine(1), From::Machine(2), From::Visitor, From::Stranger];
    let targets: Vec<To> = (0..4).map(To::Store).chain((0..3).map(To::Machine)).collect();
    clients.iter().flat_map(|c| targets.iter().map(move |t| (*c, *t))).collect()
}

fn ask(snapshot: &Snapshot, from: From, to: To) -> Trace {
    let question = Question {
        from: match from {
            From::Machine(n) => format!("vm-{n}"),
            From::Visitor => "visitor".to_owned(),
            From::Stranger => "stranger".to_owned(),
        },
        to: match to {
            To::Store(s) => format!("store{s}.blob.core.windows.net"),
            To::Machine(n) => format!("10.{n}.1.4"),
        },
        port: 443,
        transport: Transport::Tcp,
    };
    trace(&snapshot.plane, &question).unwrap()
}

/// Seeds of a run: a hundred or so, or as many as `PRIVREACH_SEEDS` says.
fn seeds() -> u64 {
    std::env::var("PRIVREACH_SEEDS").ok().and_then(|s| s.parse().ok()).unwrap_or(120)
}

#[test]
fn the_step_engine_agrees_with_the_reference() {
    let mut seen = BTreeSet::new();
    for seed in 0..seeds() {
        let estate = estate::estate(seed);
        let snapshot = snapshot(&estate, false);
        for (from, to) in questions() {
            let (verdict, why) = reference::judge(&estate, from, to);
            let traced = ask(&snapshot, from, to);
            let found = words(&traced.judgement);
            assert_eq!(
                (found.0.as_str(), found.1.as_str()),
                (verdict, why),
                "seed {seed}: {from:?} to {to:?}\nsteps: {:#?}\n{}",
                traced.steps.iter().map(|s| (&s.text, s.outcome)).collect::<Vec<_>>(),
                estate::text(&estate, false)
            );
            seen.insert(why);
        }
    }
    let wanted = [
        "private-endpoint",
        "public-endpoint",
        "routed",
        "DNS-NXDOMAIN",
        "PNA",
        "NSG",
        "FW",
        "NOROUTE",
        "NEXTHOP",
        "TAG",
    ];
    let missing: Vec<_> = wanted.iter().filter(|w| !seen.contains(**w)).collect();
    assert!(missing.is_empty(), "no estate shows {missing:?}; seen {seen:?}");
}

#[test]
fn order_changes_nothing_and_neither_does_asking_again() {
    for seed in 0..60 {
        let estate = estate::estate(seed);
        let (forwards, backwards) = (snapshot(&estate, false), snapshot(&estate, true));
        for (from, to) in questions() {
            let first = ask(&forwards, from, to);
            assert_eq!(first.judgement, ask(&backwards, from, to).judgement, "seed {seed}: {from:?} to {to:?}");
            assert_eq!(first.steps, ask(&forwards, from, to).steps);
        }
    }
}

#[test]
fn a_further_deny_never_opens_anything() {
    for seed in 0..60 {
        let estate = estate::estate(seed);
        let mut denied = estate.clone();
        let rules = denied.networks[1].rules.get_or_insert_default();
        rules.insert(0, Rule { priority: 99 + 1 + 500, allow: false, network: Some(2) });
        let (before, after) = (snapshot(&estate, false), snapshot(&denied, false));
        for (from, to) in questions() {
            let reaches = |v: Verdict| matches!(v, Verdict::Private | Verdict::Public | Verdict::Backbone);
            let (old, new) = (ask(&before, from, to).judgement.verdict, ask(&after, from, to).judgement.verdict);
            assert!(reaches(old) || !reaches(new), "seed {seed}: {from:?} to {to:?}: {old} became {new}");
        }
    }
}

fn hybrid(seed: u64, closed: Option<usize>) -> (Snapshot, String) {
    let text = hybrid::text(seed, closed);
    let loaded = load_text("hybrid.yaml", &text);
    assert!(loaded.diagnostics.is_empty(), "seed {seed}: {:?}\n{text}", loaded.diagnostics);
    let snapshot = Snapshot::new(loaded.scenarios.into_iter().next().unwrap());
    assert!(snapshot.errors().next().is_none(), "seed {seed}: {:?}\n{text}", snapshot.diagnostics);
    (snapshot, text)
}

fn ask_by_name(snapshot: &Snapshot, from: &str, to: &str) -> Trace {
    let question = Question { from: from.to_owned(), to: to.to_owned(), port: 443, transport: Transport::Tcp };
    trace(&snapshot.plane, &question).unwrap()
}

fn hybrid_questions() -> impl Iterator<Item = (&'static str, &'static str)> {
    hybrid::CLIENTS.iter().flat_map(|c| hybrid::TARGETS.iter().map(move |t| (*c, *t)))
}

#[test]
fn the_step_engine_agrees_with_the_rules_on_hybrid_estates() {
    let mut seen: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut different: BTreeMap<String, (usize, String)> = BTreeMap::new();
    for seed in 0..seeds() {
        let (snapshot, text) = hybrid(seed, None);
        for (from, to) in hybrid_questions() {
            let (verdict, why) = rules::Rules::new(&snapshot.scenario.estate).judge(from, to);
            let traced = ask_by_name(&snapshot, from, to);
            let found = words(&traced.judgement);
            if (found.0.as_str(), found.1.as_str()) != (verdict, why) {
                let kind = format!("rules say {verdict} {why}, engine says {} {}", found.0, found.1);
                let steps: Vec<_> = traced.steps.iter().map(|s| (&s.text, s.outcome)).collect();
                different
                    .entry(kind)
                    .or_insert_with(|| (0, format!("seed {seed}: {from} to {to}\nsteps: {steps:#?}\n{text}")))
                    .0 += 1;
            }
            *seen.entry((verdict.to_owned(), why.to_owned())).or_default() += 1;
        }
    }
    for (kind, (count, example)) in &different {
        eprintln!("{count} times: {kind}; first at {example}");
    }
    let kinds: Vec<_> = different.iter().map(|(kind, (count, _))| format!("{count} times {kind}")).collect();
    assert!(different.is_empty(), "the judges differ: {kinds:#?}");
    let wanted = [
        ("private", "private-endpoint"),
        ("private", "routed"),
        ("public", "public-endpoint"),
        ("unknown", "TAG"),
        ("blocked", "DNS-NXDOMAIN"),
        ("blocked", "DNS-FAIL"),
        ("blocked", "PNA"),
        ("blocked", "NSG"),
        ("blocked", "FW"),
        ("blocked", "NOROUTE"),
        ("blocked", "NEXTHOP"),
        ("blocked", "PEER-FWD"),
        ("blocked", "GW-DOWN"),
        ("blocked", "ASYM"),
        ("blocked", "PE-PENDING"),
        ("blocked", "PE-INACTIVE"),
    ];
    let missing: Vec<_> =
        wanted.iter().filter(|(v, w)| !seen.contains_key(&((*v).to_owned(), (*w).to_owned()))).collect();
    assert!(missing.is_empty(), "no hybrid estate shows {missing:?}; seen {seen:?}");
}

#[test]
fn asking_a_hybrid_estate_again_gives_the_same_trace() {
    for seed in 0..60 {
        let (first, second) = (hybrid(seed, None).0, hybrid(seed, None).0);
        for (from, to) in hybrid_questions() {
            let (a, b, c) =
                (ask_by_name(&first, from, to), ask_by_name(&first, from, to), ask_by_name(&second, from, to));
            for other in [b, c] {
                assert_eq!(a.judgement, other.judgement, "seed {seed}: {from} to {to}");
                assert_eq!((&a.steps, &a.addresses), (&other.steps, &other.addresses), "seed {seed}: {from} to {to}");
            }
        }
    }
}

#[test]
fn a_machine_that_may_send_nothing_reaches_nothing() {
    for seed in 0..100 {
        let before = hybrid(seed, None).0;
        for n in 0..3 {
            let (after, text) = hybrid(seed, Some(n));
            let from = format!("vm-{n}");
            for to in hybrid::TARGETS {
                let reaches = |s: &Snapshot| {
                    let verdict = ask_by_name(s, &from, to).judgement.verdict;
                    matches!(verdict, Verdict::Private | Verdict::Public | Verdict::Backbone)
                };
                assert!(reaches(&before) || !reaches(&after), "seed {seed}: a deny opened {from} to {to}\n{text}");
                // What a machine sends itself never leaves it.
                let itself = to == format!("10.{n}.1.4");
                assert!(itself || !reaches(&after), "seed {seed}: {from} to {to} passes a deny of everything\n{text}");
            }
        }
    }
}

#[test]
fn the_step_engine_agrees_with_the_rules_on_transit_estates() {
    let mut different: BTreeMap<String, (usize, String)> = BTreeMap::new();
    let mut seen: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for seed in 0..seeds() {
        let estate = transit::estate(seed);
        let text = transit::text(&estate);
        let loaded = load_text("transit.yaml", &text);
        assert!(loaded.diagnostics.is_empty(), "{:?}\n{text}", loaded.diagnostics);
        let snapshot = Snapshot::new(loaded.scenarios.into_iter().next().unwrap());
        assert!(snapshot.errors().next().is_none(), "{:?}\n{text}", snapshot.diagnostics);
        for (from, to, port) in transit::questions() {
            let question = Question {
                from: format!("vm-{from}"),
                to: match to {
                    transit::To::Machine(n) => format!("vm-{n}"),
                    transit::To::Host => "www.example.com".to_owned(),
                    transit::To::Vault => "kvt.vault.azure.net".to_owned(),
                },
                port,
                transport: Transport::Tcp,
            };
            let expected = estate.judge(from, to, port);
            *seen.entry(expected).or_default() += 1;
            let traced = trace(&snapshot.plane, &question).unwrap();
            let found = words(&traced.judgement);
            let same = match expected.0 {
                "several" => !traced.alternatives.is_empty(),
                _ => (found.0.as_str(), found.1.as_str()) == expected,
            };
            if !same {
                let kind = format!("rules say {expected:?}, engine says {found:?}");
                let steps: Vec<_> = traced.steps.iter().map(|s| (&s.text, s.outcome)).collect();
                let place = || {
                    let alternatives = &traced.alternatives;
                    format!("seed {seed}: {from} to {to:?}:{port}\n{estate:#?}\nsteps {steps:#?}\n{alternatives:#?}")
                };
                different.entry(kind).or_insert_with(|| (0, place())).0 += 1;
            }
        }
    }
    for (kind, (count, example)) in &different {
        eprintln!("{count} times: {kind}; first at {example}");
    }
    assert!(different.is_empty(), "the judges differ: {:#?}", different.keys());
    let wanted = [
        "NOROUTE",
        "NEXTHOP",
        "IPFWD",
        "LB-NORULE",
        "LB-PROBE",
        "PEER-ACCESS",
        "PEER-FWD",
        "NO-EGRESS",
        "NSG",
        "PORT",
        "PNA",
        "ASYM",
        "TAG",
        "routed",
        "public-endpoint",
    ];
    let missing: Vec<_> = wanted.iter().filter(|w| !seen.keys().any(|(_, why)| why == *w)).collect();
    assert!(missing.is_empty(), "no transit estate shows {missing:?}");
}
