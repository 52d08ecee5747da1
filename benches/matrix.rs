//! All pairs of generated estates (seed 1), beside what they are measured against, in one run: the step engine pair by
//! pair, the same without names and explanations, a simulator with its look-ups hoisted, a breadth-first search by petgraph over the wiring alone, and writing two
//! bits for each pair; then edits in place.
//!
//! `PRIVREACH_BENCH_PAIRS=10000000000 cargo bench --bench matrix` goes up to 10^10 pairs; 10^8 when it is not set.
//! `PRIVREACH_BENCH_SHAPE=worst` measures estates in which every interface has a random group of its own,
//! `PRIVREACH_BENCH_ROWS=3` traces every pair of so many clients of each estate and compares, and
//! `PRIVREACH_BENCH_ONLY=solve` or `edits` measures nothing else; `PRIVREACH_BENCH_LEAST=100000000` leaves out smaller
//! estates.

#![allow(missing_docs, reason = "criterion's macros make undocumented items")]

#[path = "matrix/baseline.rs"]
mod baseline;
#[path = "matrix/edits.rs"]
mod edits;
#[path = "matrix/hoisted.rs"]
mod hoisted;
#[path = "matrix/meter.rs"]
mod meter;
#[path = "matrix/rows.rs"]
mod rows;

use baseline::Wiring;
use criterion::{Criterion, criterion_group, criterion_main};
use meter::{Cost, best_of, bytes, once, seconds};
use privreach::{
    azure::compile::compile,
    dataplane::{ClientKind, Endpoint, Id, Packet, Plane, Target},
    generate::{self, Options, Shape},
    matrix::{self, Problem},
    net::Transport,
    trace::{Question, trace},
};

/// Machines and services of an estate with so many pairs, about.
const SIZES: [(&str, u64, usize, usize); 4] = [
    ("10^6", 1_000_000, 970, 60),
    ("10^8", 100_000_000, 9_700, 700),
    ("10^9", 1_000_000_000, 31_000, 2_200),
    ("10^10", 10_000_000_000, 97_000, 6_800),
];

fn number<T: std::str::FromStr>(variable: &str) -> Option<T> {
    std::env::var(variable).ok().and_then(|t| t.parse().ok())
}

fn largest() -> u64 {
    number("PRIVREACH_BENCH_PAIRS").unwrap_or(100_000_000)
}

fn shape() -> Shape {
    match std::env::var("PRIVREACH_BENCH_SHAPE").as_deref() {
        Ok("worst") => Shape::Worst,
        Ok("hosts") => Shape::Hosts,
        Ok("flat") => Shape::Flat,
        _ => Shape::Typical,
    }
}

fn bench(c: &mut Criterion) {
    let mut group = c.benchmark_group("matrix");
    group.sample_size(10);
    let only = std::env::var("PRIVREACH_BENCH_ONLY").ok();
    let least = number("PRIVREACH_BENCH_LEAST").unwrap_or(0);
    for (name, _, machines, offered) in SIZES.into_iter().filter(|s| (least..=largest()).contains(&s.1)) {
        let options = Options { shape: shape(), ..Options::new(machines, offered, 1) };
        let Ok(estate) = generate::estate(&options) else { continue };
        let (plane, compiled) = once(|| compile(&estate, None).0);
        if only.as_deref() == Some("edits") {
            println!("\n{name}");
            edits::print(plane);
            continue;
        }
        let (askers, services) = (matrix::clients(&plane), matrix::services(&plane));
        let pairs = askers.len() as u64 * services.len() as u64;
        let (problem, resolved) = once(|| Problem::new(&plane, &askers, &services));
        let solved =
            best_of(if pairs < 5_000_000_000 { 5 } else { 3 }, || problem.totals(&problem.solve_bulk()).pairs());
        let (solution, once_solved) = once(|| problem.solve_bulk());
        let (_, counted) = once(|| problem.totals(&solution).pairs());
        println!("\n{name}: {} clients x {} services = {pairs} pairs", askers.len(), services.len());
        println!("  {:?}\n  {:?}", problem.totals(&solution).iter().collect::<Vec<_>>(), solution.sizes());
        let line = |what: &str, cost: Cost| line(what, cost, pairs, solved);
        line("compile the estate", compiled);
        line("resolve names, once for each view", resolved);
        line("solve all pairs, with totals", solved);
        line("  of it, without totals", once_solved);
        line("  of it, totals as each client sees names", counted);
        if only.is_some() {
            continue;
        }
        let hoisted = hoisted::Hoisted::new(&plane, &problem);
        let (simulated, alike, compared) = hoisted.measure(&solution, 100);
        drop(hoisted);
        if let Some(count) = number("PRIVREACH_BENCH_ROWS") {
            rows::compare(&plane, &problem, &solution, &askers, &services, count);
        }
        drop(solution);
        if pairs <= 2_000_000_000 {
            line("solve all pairs, with paths and reasons", once(|| problem.solve_detail().kinds_count()).1);
        }
        line("simulator with look-ups hoisted (sampled)", simulated.times(pairs as f64));
        println!("    it answers {alike} of {compared} pairs as the solver does");
        let (clients, targets) = (clients(&plane), targets(&plane));
        let questions = spread(&clients, &targets, 500, question);
        line("step engine, pair by pair (sampled)", baseline::traced(&plane, &questions).times(pairs as f64));
        line(
            "pair by pair without explanations (sampled)",
            baseline::decided(&plane, &problem, 40, 250).times(pairs as f64),
        );
        let flows = spread(&clients, &targets, 2_000, |client, target| flow(&plane, client, target));
        line("  without names, one context (sampled)", baseline::walked(&plane, &flows).times(pairs as f64));
        line("petgraph search over the wiring (sampled)", Wiring::new(&estate).searched(8));
        line("write two bits for each pair", baseline::written(pairs));
        if pairs <= 2_000_000_000 {
            edits::print(plane.clone());
        }
        group.bench_function(format!("solve {name} pairs"), |b| b.iter(|| problem.totals(&problem.solve_bulk())));
        if let Some(question) = questions.first() {
            group.bench_function(format!("one trace among {name} pairs"), |b| b.iter(|| trace(&plane, question)));
        }
    }
    group.finish();
}

/// What something costs for all pairs and for one, and how many times what solving costs.
fn line(what: &str, cost: Cost, pairs: u64, solved: Cost) {
    let cpu = cost.cpu.map_or("not available".to_owned(), seconds);
    let (wall, memory, each) = (seconds(cost.wall), bytes(cost.memory), cost.work() / pairs as f64 * 1e9);
    println!(
        "  {what:<42} wall {wall:>9}  cpu {cpu:>13}  memory {memory:>13}  {each:>9.3} ns a pair  {:>9.2} times",
        cost.work() / solved.work()
    );
}

/// A client with an address.
struct Sender {
    name: String,
    endpoint: Id<Endpoint>,
}

fn clients(plane: &Plane) -> Vec<Sender> {
    let sender = |name: &str, kind: ClientKind| match kind {
        ClientKind::Endpoint(endpoint) => Some(Sender { name: name.to_owned(), endpoint }),
        ClientKind::Identity(_) => None,
    };
    plane.clients.iter().filter_map(|(origin, client)| sender(&origin.name, client.kind)).collect()
}

/// What may be asked for: machines, and services by the first name of each of their parts.
fn targets(plane: &Plane) -> Vec<(String, Target)> {
    let mut found = Vec::new();
    for (origin, target) in plane.targets.iter() {
        match target {
            Target::Resource(id) => {
                let names = &plane.resources.get(*id).names;
                let first = names.iter().filter_map(|(_, names)| names.first());
                found.extend(first.map(|name| (name.to_string(), target.clone())));
            }
            Target::Address(..) => found.push((origin.name.clone(), target.clone())),
            Target::Unusable(_) => {}
        }
    }
    found
}

/// Pairs spread evenly over all of them.
fn spread<T>(
    clients: &[Sender],
    targets: &[(String, Target)],
    count: usize,
    made: impl Fn(&Sender, &(String, Target)) -> Option<T>,
) -> Vec<T> {
    let at = |n: usize, of: usize| (n * 7_919 + n * of / count) % of.max(1);
    let pair = |n: usize| made(clients.get(at(n, clients.len()))?, targets.get(at(n + 1, targets.len()))?);
    (0..count).filter_map(pair).collect()
}

fn question(client: &Sender, target: &(String, Target)) -> Option<Question> {
    Some(Question { from: client.name.clone(), to: target.0.clone(), port: 443, transport: Transport::Tcp })
}

/// A packet to a machine; services have no address before their names are resolved.
fn flow(plane: &Plane, client: &Sender, target: &(String, Target)) -> Option<(Id<Endpoint>, Packet)> {
    let Target::Address(destination, _) = target.1 else { return None };
    let source = *plane.endpoints.get(client.endpoint).addresses.first()?;
    Some((
        client.endpoint,
        Packet { source, destination, transport: Transport::Tcp, port: 443, name: None, reply: false },
    ))
}

criterion_group!(benches, bench);
criterion_main!(benches);
