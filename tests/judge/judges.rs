//! Three judges, family by family: the naive reading, the step engine, and the all-pairs solver.
//!
//! `PRIVREACH_SEEDS=9000 cargo test --test judge judges` compares more than ten thousand estates; without it a few
//! hundred.

use super::{
    ask,
    families::{self, Family, Flow},
    reading::{Answer, Reading},
};
use privreach::{
    dataplane::{Origin, Plane, Target},
    matrix::{Aim, Matrix, Service, clients},
    net::Transport,
    trace::Judgement,
};
use std::collections::{BTreeMap, BTreeSet};

/// What is asked for, as the solver takes it.
fn service(plane: &Plane, to: &str, port: u16) -> Service {
    let aim = match plane.targets.get(to) {
        Ok(Target::Address(address, owner)) => Aim::Address(*address, *owner),
        Ok(Target::Resource(id)) => {
            let name = plane.resources.get(*id).names.iter().find_map(|(_, names)| names.first());
            Aim::Name(name.unwrap_or_else(|| panic!("{to} has no name")).clone(), Some(*id))
        }
        _ => match to.parse() {
            Ok(address) => Aim::Address(address, None),
            Err(_) => {
                let name: privreach::net::Fqdn = to.parse().unwrap();
                let resource = plane.door_names.get(&name).map(|d| plane.doors.get(d.door).resource);
                Aim::Name(name, resource)
            }
        },
    };
    let origin = Origin::new("flow", to, None);
    let (to, transport) = (to.to_owned(), Transport::Tcp);
    Service {
        origin,
        also: Vec::new(),
        behind: Vec::new(),
        to,
        transport,
        port,
        aim,
        usual_name: true,
        usual_port: true,
    }
}

/// The solver on the flows of a family.
struct Solver<'p> {
    matrix: Matrix<'p>,
    rows: BTreeMap<String, usize>,
    columns: BTreeMap<(&'static str, u16), usize>,
}

impl<'p> Solver<'p> {
    fn new(plane: &'p Plane, flows: &[Flow]) -> Self {
        let askers = clients(plane);
        let rows = askers.iter().enumerate().map(|(i, a)| (a.name.clone(), i)).collect();
        let wanted: BTreeSet<_> = flows.iter().map(|(_, to, port)| (*to, *port)).collect();
        let services = wanted.iter().map(|(to, port)| service(plane, to, *port)).collect();
        let columns = wanted.into_iter().enumerate().map(|(i, w)| (w, i)).collect();
        Self { matrix: Matrix::new(plane, askers, services), rows, columns }
    }

    /// Where it differs from the step engine: what it says. `None` too where it leaves a flow to the step engine, which
    /// is counted.
    fn differs(&self, (from, to, port): Flow, judged: &Judgement, delegated: &mut u64) -> Option<String> {
        let cell = self.matrix.solved(self.rows[from], self.columns[&(to, port)]);
        let Some(found) = cell.outcome() else {
            *delegated += 1;
            return None;
        };
        let same = (found.verdict, found.via, found.reason) == (judged.verdict, judged.via, judged.reason());
        (!same).then(|| format!("{found:?}"))
    }
}

/// What the reading says of a flow: one answer, or several that differ.
fn told(answers: &[Answer]) -> (String, String) {
    let first = answers[0];
    if answers.iter().all(|a| a.0 == first.0) {
        return (first.0.to_owned(), first.1.to_owned());
    }
    let verdict = if answers.iter().any(|a| a.0 == "unknown") { "unknown" } else { "partial" };
    (verdict.to_owned(), String::new())
}

fn compare(family: &Family, usual: u64) {
    let mut different: BTreeMap<String, (usize, String)> = BTreeMap::new();
    let (mut flows, mut delegated) = (0, 0);
    for seed in ask::seeds(usual) {
        let (text, snapshot) = ask::estate(family, seed);
        let reading = Reading::new(&snapshot.scenario.estate);
        let all = (family.flows)();
        let solver = Solver::new(&snapshot.plane, &all);
        for flow in all {
            flows += 1;
            let answers = reading.judge(flow.0, flow.1, flow.2);
            let expected = told(&answers);
            let trace = ask::ask(&snapshot, flow);
            let found = ask::words(&trace.judgement);
            // Alternatives that agree in the verdict may differ in why.
            let same = answers.iter().all(|a| *a == answers[0]);
            let mut kinds = Vec::new();
            if found.0 != expected.0 || (same && found.1 != expected.1) {
                kinds.push(format!("rules say {} {}, engine says {} {}", expected.0, expected.1, found.0, found.1));
            }
            if let Some(solved) = solver.differs(flow, &trace.judgement, &mut delegated) {
                kinds.push(format!("solver says {solved}, engine says {} {}", found.0, found.1));
            }
            for kind in kinds {
                let place = format!("{} {seed}: {flow:?} {answers:?}\n{}{text}", family.name, ask::told(&trace));
                let entry = different.entry(kind).or_insert_with(|| (0, place.clone()));
                entry.0 += 1;
                // The shortest estate tells the most.
                if place.len() < entry.1.len() {
                    entry.1 = place;
                }
            }
        }
    }
    for (kind, (count, example)) in &different {
        eprintln!("{count} times: {kind}; as at {example}");
    }
    let kinds: Vec<_> = different.iter().map(|(kind, (count, _))| format!("{count} times {kind}")).collect();
    assert!(different.is_empty(), "the judges differ on {}: {kinds:#?}", family.name);
    assert!(delegated * 20 < flows, "the solver left {delegated} of {flows} flows of {} undecided", family.name);
    if std::env::var_os("PRIVREACH_SHOW").is_some() {
        eprintln!("{}: {flows} flows, {delegated} left by the solver to the step engine", family.name);
    }
}

fn family(name: &str) -> &'static Family {
    families::ALL.iter().find(|f| f.name == name).unwrap()
}

macro_rules! compared {
    ($($name:ident: $seeds:literal,)*) => {
        const COMPARED: &[&str] = &[$(stringify!($name)),*];
        $(
        #[test]
        fn $name() {
            compare(family(stringify!($name)), $seeds);
        }
        )*
    };
}

/// No family is left out of the comparison.
#[test]
fn every_family_is_compared() {
    let missing: Vec<_> = families::ALL.iter().map(|f| f.name).filter(|name| !COMPARED.contains(name)).collect();
    assert!(missing.is_empty(), "not compared: {missing:?}");
}

compared! {
    store: 30,
    hybrid: 30,
    filters: 36,
    balance: 30,
    guard: 36,
    links: 36,
    dual: 30,
    names: 36,
    doors: 36,
    wan: 36,
    sites: 36,
    foundry: 36,
}
