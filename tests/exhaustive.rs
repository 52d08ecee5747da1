//! Every pair of many random estates: the all-pairs solver, in both of its forms, against the step engine, and the naive
//! reading against both on the flows that it knows.
//!
//! `PRIVREACH_PAIRS=100000000 cargo test --release --test exhaustive -- --nocapture` goes on, on all cores, until so many
//! pairs were compared, and says how many; `PRIVREACH_FIRST_SEED=1000000` takes other estates.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

#[path = "judge/families/mod.rs"]
mod families;
#[path = "judge/reading/mod.rs"]
#[allow(dead_code)]
mod reading;

use privreach::{
    generate::{Options, Shape, scenario},
    matrix::{Problem, clients, services},
    net::Transport,
    scenario::load_text,
    snapshot::Snapshot,
    trace::{Judgement, Question, trace},
};
use rayon::prelude::*;
use reading::Reading;
use std::{collections::BTreeMap, time::Instant};

/// What was compared, and what differs: how often, and where first.
#[derive(Default)]
struct Tally {
    estates: u64,
    /// Pairs of the solver and the step engine; of them, those that the solver left over.
    pairs: u64,
    delegated: u64,
    /// Flows of the reading and the step engine.
    read: u64,
    /// Of them, those that the step engine leaves unknown and the reading decides, case by case.
    cautious: u64,
    /// Of them, those that both say are blocked, and by the same among several reasons, of which another comes first.
    ordered: u64,
    differences: BTreeMap<String, (u64, String)>,
}

impl Tally {
    fn differs(&mut self, kind: String, place: impl FnOnce() -> String) {
        self.differences.entry(kind).or_insert_with(|| (0, place())).0 += 1;
    }

    fn with(mut self, other: Self) -> Self {
        self.estates += other.estates;
        self.pairs += other.pairs;
        self.delegated += other.delegated;
        self.read += other.read;
        self.cautious += other.cautious;
        self.ordered += other.ordered;
        for (kind, (count, place)) in other.differences {
            self.differences.entry(kind).or_insert_with(|| (0, place)).0 += count;
        }
        self
    }

    /// Every client against every service. What a plane says is not modelled is nothing that the solver knows of: such
    /// estates are compared by `--test reach`.
    fn solved(&mut self, title: &str, snapshot: &Snapshot) {
        let plane = &snapshot.plane;
        if !plane.unmodelled.is_empty() {
            return;
        }
        self.estates += 1;
        let (clients, services) = (clients(plane), services(plane));
        let problem = Problem::new(plane, &clients, &services);
        let (bulk, detail) = (problem.solve_bulk(), problem.solve_detail());
        for (c, client) in clients.iter().enumerate() {
            for (s, service) in services.iter().enumerate() {
                let (from, to) = (client.name.clone(), service.to.clone());
                let question = Question { from, to, port: service.port, transport: service.transport };
                let judged = trace(plane, &question).unwrap().judgement;
                self.pairs += 1;
                let column = problem.column(c, s);
                let Some(outcome) = column.and_then(|column| detail.cell(c, column).outcome()) else {
                    self.delegated += 1;
                    continue;
                };
                let verdict = column.and_then(|column| bulk.verdict(c, column));
                if (outcome.verdict, outcome.via, outcome.reason) != (judged.verdict, judged.via, judged.reason())
                    || verdict != Some(judged.verdict)
                {
                    let kind = format!("solver {verdict:?} {outcome:?}, step engine {}", words(&judged).join(" "));
                    self.differs(kind, || format!("{title}: {question:?}"));
                }
            }
        }
    }

    /// The flows of a family, as the rules read without engine say.
    fn read(&mut self, title: &str, snapshot: &Snapshot, flows: &[families::Flow]) {
        let reading = Reading::new(&snapshot.scenario.estate);
        for (from, to, port) in flows {
            let question =
                Question { from: (*from).to_owned(), to: (*to).to_owned(), port: *port, transport: Transport::Tcp };
            let answers = reading.judge(from, to, *port);
            let judged = trace(&snapshot.plane, &question).unwrap().judgement;
            let found = words(&judged);
            self.read += 1;
            let alike = |n: usize| answers.iter().all(|a| [a.0, a.1][n] == [answers[0].0, answers[0].1][n]);
            let expected = match (alike(0), answers.iter().any(|a| a.0 == "unknown")) {
                (true, _) => answers[0].0,
                (false, true) => "unknown",
                (false, false) => "partial",
            };
            if found[0] == "unknown" && expected != "unknown" {
                self.cautious += 1;
                continue;
            }
            // Alternatives that agree in the verdict may differ in why.
            let differs = found[1] != answers[0].1;
            if differs
                && found[0] == "blocked"
                && expected == "blocked"
                && judged.reasons.iter().any(|r| r.to_string() == answers[0].1)
            {
                self.ordered += u64::from(alike(0) && alike(1));
                continue;
            }
            if found[0] != expected || alike(0) && alike(1) && differs {
                let kind = format!("rules {answers:?}, step engine {}", found.join(" "));
                self.differs(kind, || format!("{title}: {question:?}"));
            }
        }
    }
}

/// Verdict, and path or deciding reason.
fn words(judged: &Judgement) -> [String; 2] {
    let why = judged.via.map(|v| v.to_string()).or_else(|| judged.reason().map(|r| r.to_string()));
    [judged.verdict.to_string(), why.unwrap_or_default()]
}

/// All estates of a seed: one of each family, and one of generated hubs and spokes.
fn estates(seed: u64) -> Tally {
    let mut tally = Tally::default();
    for family in families::ALL {
        let title = format!("{} {seed}", family.name);
        let loaded = load_text("random.yaml", &(family.text)(seed));
        for (number, scenario) in loaded.scenarios.into_iter().enumerate() {
            let snapshot = Snapshot::new(scenario);
            if snapshot.is_usable() {
                tally.solved(&title, &snapshot);
                if number == 0 {
                    tally.read(&title, &snapshot, &(family.flows)());
                }
            }
        }
    }
    let shapes = [Shape::Typical, Shape::Flat, Shape::Hosts, Shape::Worst];
    let shape = shapes[usize::try_from(seed % 4).unwrap()];
    let machines = 20 + usize::try_from(seed * 7 % 60).unwrap();
    let options = Options { shape, ..Options::new(machines, 8 + machines / 4, seed) };
    let title = format!("generated {shape:?} {seed} with {machines} machines");
    tally.solved(&title, &Snapshot::new(scenario(&options).unwrap()));
    tally
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|s| s.parse().ok())
}

/// Seeds that are compared at a time.
const BATCH: u64 = 4;

#[test]
fn every_pair_of_random_estates_is_answered_alike() {
    let wanted = number("PRIVREACH_PAIRS").unwrap_or(20_000);
    let first = number("PRIVREACH_FIRST_SEED").unwrap_or(500_000);
    let (start, mut all, mut batch, mut told) = (Instant::now(), Tally::default(), 0, 0);
    let batches = if wanted > 1_000_000 { BATCH * 16 } else { BATCH };
    while all.pairs < wanted {
        let seeds = first + batch * batches..first + (batch + 1) * batches;
        let known: Vec<String> = all.differences.keys().cloned().collect();
        all = all.with(seeds.into_par_iter().map(estates).reduce(Tally::default, Tally::with));
        for (kind, (_, place)) in all.differences.iter().filter(|(kind, _)| !known.contains(kind)) {
            eprintln!("differs: {kind}; first {place}");
        }
        batch += 1;
        if all.pairs / 1_000_000 > told || all.pairs >= wanted {
            told = all.pairs / 1_000_000;
            eprintln!(
                "{} pairs of {} estates by solver and step engine, {} left over; {} flows by the reading, {} of \
                 them left unknown by the step engine, {} with another reason first; {} kinds of difference; {:.0} s",
                all.pairs,
                all.estates,
                all.delegated,
                all.read,
                all.cautious,
                all.ordered,
                all.differences.len(),
                start.elapsed().as_secs_f64()
            );
        }
    }
    for (kind, (count, place)) in &all.differences {
        eprintln!("{count} times {kind}; first {place}");
    }
    assert!(all.differences.is_empty(), "the judges differ");
    assert!(all.read > 0, "the reading was asked nothing");
    assert!(all.ordered * 1000 <= all.read, "{} of {} for another reason first", all.ordered, all.read);
    assert!(all.cautious * 1000 <= all.read, "{} of {} left unknown", all.cautious, all.read);
    assert!(all.delegated * 100 < all.pairs, "{} of {} left over", all.delegated, all.pairs);
}
