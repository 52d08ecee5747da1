//! Three judges: the all-pairs solver against the step engine, every client against every service, on every shipped
//! scenario, every case file and seeded random estates. (The third judge, which reads the rules from the topology,
//! meets the step engine in `judge.rs` on the same estates.)
//!
//! `PRIVREACH_SEEDS=N cargo test --release --test reach` compares as many estates of each kind.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

#[path = "judge/families/mod.rs"]
mod families;
#[path = "judge/transit.rs"]
#[allow(dead_code)]
mod transit;

use privreach::{
    matrix::{Matrix, clients, services},
    reach::{Cell, Solution},
    scenario::{load_paths, load_text},
    snapshot::Snapshot,
    trace::trace,
    verdict::Verdict,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

/// What a run of comparisons came to.
#[derive(Default)]
struct Tally {
    pairs: u64,
    delegated: u64,
    /// Pairs of estates with unmodelled parts, and those of them that went to the step engine.
    unmodelled: u64,
    doubted: u64,
    /// Of all cells of the bulk form, those that it decided one by one.
    single: u64,
    cells: u64,
    verdicts: BTreeMap<Verdict, u64>,
    differences: BTreeMap<String, (u64, String)>,
}

impl Tally {
    /// Every client against every service.
    fn compare(&mut self, title: &str, snapshot: &Snapshot) {
        let plane = &snapshot.plane;
        let matrix = Matrix::new(plane, clients(plane), services(plane));
        // The solver knows nothing of what is not modelled; the matrix leaves what that could change to the step engine.
        if !plane.unmodelled.is_empty() {
            return self.compare_answers(title, &matrix);
        }
        let mut by_verdict: BTreeMap<Verdict, u64> = BTreeMap::new();
        for c in 0..matrix.clients.len() {
            for s in 0..matrix.services.len() {
                let question = matrix.question(c, s).unwrap();
                let traced = trace(plane, &question).unwrap().judgement;
                self.pairs += 1;
                *by_verdict.entry(traced.verdict).or_default() += 1;
                *self.verdicts.entry(traced.verdict).or_default() += 1;
                let Some(found) = matrix.solved(c, s).outcome() else {
                    self.delegated += 1;
                    continue;
                };
                if (found.verdict, found.via, found.reason) != (traced.verdict, traced.via, traced.reason()) {
                    let kind = format!("solver {found:?}, step engine {:?} {:?}", traced.verdict, traced.reasons);
                    let at = || format!("{title}: {} to {}:{}", question.from, question.to, question.port);
                    self.differences.entry(kind).or_insert_with(|| (0, at())).0 += 1;
                }
            }
        }
        self.compare_bulk(title, &matrix);
        let totals: BTreeMap<_, _> = matrix.totals.iter().collect();
        assert_eq!(totals, by_verdict, "{title}: totals");
        assert_eq!(matrix.disagreements(1000), [], "{title}: witnesses");
    }

    /// What the matrix says of each pair, whoever decided it.
    fn compare_answers(&mut self, title: &str, matrix: &Matrix<'_>) {
        self.unmodelled += (matrix.clients.len() * matrix.services.len()) as u64;
        self.doubted += matrix.delegated;
        let mut totals: BTreeMap<Verdict, u64> = BTreeMap::new();
        for c in 0..matrix.clients.len() {
            for s in 0..matrix.services.len() {
                let (found, traced) = (matrix.answer(c, s).outcome(), matrix.traced(c, s));
                *totals.entry(traced.unwrap().verdict).or_default() += 1;
                assert_eq!(found, traced, "{title}: {:?}", matrix.question(c, s));
            }
        }
        assert_eq!(matrix.totals.iter().collect::<BTreeMap<_, _>>(), totals, "{title}: totals");
    }

    /// The forms of the solver, on every source and column: pair by pair, in bulk by verdict, in bulk with reasons.
    fn compare_bulk(&mut self, title: &str, matrix: &Matrix<'_>) {
        let problem = matrix.problem();
        let (single, bulk, detail) = (problem.solve(), problem.solve_bulk(), matrix.solution());
        let mut totals: BTreeMap<Verdict, u64> = BTreeMap::new();
        for s in 0..problem.sources.len() {
            for c in 0..problem.columns.len() {
                let cell = single.cell(s, c).outcome();
                let found = bulk.verdict(s, c);
                if let Some(verdict) = found {
                    *totals.entry(verdict).or_default() += 1;
                }
                let detailed = detail.cell(s, c).outcome();
                if found != cell.map(|o| o.verdict) || detailed != cell {
                    let column = &problem.columns[c];
                    let kind = format!("in bulk {found:?}, {detailed:?}, one by one {cell:?}");
                    let from = &matrix.clients[s].name;
                    let at = || format!("{title}: {from} to {:?} {:?} {}", column.landing, column.name, column.port);
                    self.differences.entry(kind).or_insert_with(|| (0, at())).0 += 1;
                }
            }
        }
        self.single += bulk.sizes().single;
        self.cells += (problem.sources.len() * problem.columns.len()) as u64;
        assert_eq!(bulk.totals().iter().collect::<BTreeMap<_, _>>(), totals, "{title}: totals in bulk");
        assert_eq!(detail.totals().iter().collect::<BTreeMap<_, _>>(), totals, "{title}: totals with reasons");
        let asked: BTreeMap<_, _> = problem.totals(&bulk).iter().collect();
        let delegated = matrix.delegated > 0;
        if !delegated {
            assert_eq!(asked, matrix.totals.iter().collect(), "{title}: totals by view");
        }
        Self::compare_groups(title, matrix, &single);
    }

    /// Groups are what the answers pair by pair make of them: the fewest whose members are answered alike. What something
    /// answers itself is no difference; of that a group may hold anything.
    fn compare_groups(title: &str, matrix: &Matrix<'_>, single: &Solution) {
        let (groups, problem) = (&matrix.groups, matrix.problem());
        let (clients, services) = (matrix.clients.len(), matrix.services.len());
        let mut lines: Vec<Vec<(Cell, bool)>> = vec![Vec::new(); clients];
        for (c, line) in lines.iter_mut().enumerate() {
            for s in 0..services {
                let (row, column) = (groups.row_of(c).unwrap(), groups.column_of(s).unwrap());
                line.push((groups.cell(row, column), groups.was_delegated(row, column)));
                let cell = problem.column(c, s).map_or(Cell::DELEGATED, |column| single.cell(c, column));
                let wanted = cell.outcome().or_else(|| matrix.traced(c, s));
                assert_eq!(matrix.answer(c, s).outcome(), wanted, "{title}: {:?}", matrix.question(c, s));
                if !matrix.is_own(c, s) {
                    let place = || format!("{title}: {:?}", matrix.question(c, s));
                    assert_eq!(groups.of_pair(c, s).outcome(), wanted, "{}", place());
                    assert_eq!(groups.was_delegated(row, column), cell.outcome().is_none(), "{}", place());
                }
            }
        }
        // Groups of equal lines and columns are one, unless only a pair of something with itself keeps them apart.
        let distinct = |lines: &[Vec<(Cell, bool)>]| lines.iter().collect::<BTreeSet<_>>().len();
        let turned: Vec<Vec<_>> = (0..services).map(|s| lines.iter().map(|l| l[s]).collect()).collect();
        let alone = matrix.own().iter().filter(|(c, s)| {
            let single = |g: &privreach::matrix::Group| g.members.len() == 1;
            single(&groups.clients[groups.row_of(*c).unwrap()])
                && single(&groups.services[groups.column_of(*s).unwrap()])
        });
        if alone.count() == 0 {
            assert_eq!(groups.clients.len(), distinct(&lines), "{title}: groups of clients");
            assert_eq!(groups.services.len(), distinct(&turned), "{title}: groups of services");
        }
    }

    fn report(&self, what: &str) {
        eprintln!(
            "{what}: {} pairs, {} delegated, {} of {} cells one by one in bulk, {:?}",
            self.pairs, self.delegated, self.single, self.cells, self.verdicts
        );
        eprintln!("{what}: {} pairs beside something unmodelled, {} left over", self.unmodelled, self.doubted);
        for (kind, (count, first)) in &self.differences {
            eprintln!("  {count} times {kind}; first {first}");
        }
        assert!(self.differences.is_empty(), "{what}: the judges differ");
        assert!(self.pairs > 0, "{what}: nothing was compared");
        assert!(self.delegated * 100 < self.pairs, "{what}: {} of {} delegated", self.delegated, self.pairs);
    }
}

fn seeds() -> u64 {
    std::env::var("PRIVREACH_SEEDS").ok().and_then(|s| s.parse().ok()).unwrap_or(30)
}

fn directory(name: &str) {
    let loaded = load_paths(&[Path::new(env!("CARGO_MANIFEST_DIR")).join(name)]);
    let mut tally = Tally::default();
    for scenario in loaded.scenarios {
        let title = scenario.title();
        tally.compare(&title, &Snapshot::new(scenario));
    }
    tally.report(name);
}

#[test]
fn the_solver_agrees_with_the_step_engine_on_shipped_scenarios() {
    directory("scenarios");
}

#[test]
fn the_solver_agrees_with_the_step_engine_on_case_files() {
    directory("tests/cases");
}

#[test]
fn the_solver_agrees_with_the_step_engine_on_random_estates() {
    let families = families::ALL.iter().map(|f| (f.name, f.text));
    let transit: fn(u64) -> String = |seed| transit::text(&transit::estate(seed));
    let mut all = Tally::default();
    for (name, text) in families.chain([("transit", transit)]) {
        for seed in 0..seeds() {
            let loaded = load_text("random.yaml", &text(seed));
            for scenario in loaded.scenarios {
                let snapshot = Snapshot::new(scenario);
                if snapshot.is_usable() {
                    all.compare(&format!("{name} {seed}"), &snapshot);
                }
            }
        }
    }
    all.report("random estates");
}

/// Estates in which the bulk form decides almost everything by itself, with every third machine asking.
#[test]
fn the_solver_agrees_with_the_step_engine_on_generated_estates() {
    use privreach::generate::{Options, Shape, scenario};
    let mut tally = Tally::default();
    let shapes = [Shape::Typical, Shape::Flat, Shape::Hosts, Shape::Worst];
    for (seed, shape) in (1..).zip(shapes.into_iter().cycle()).take(if seeds() > 30 { 400 } else { 4 }) {
        let options = Options { shape, ..Options::new(60, 24, seed) };
        let estate = scenario(&options).unwrap();
        tally.compare(&format!("generated {shape:?} {seed}"), &Snapshot::new(estate));
    }
    tally.report("generated estates");
    assert!(tally.single * 10 < tally.cells, "{} of {} cells one by one", tally.single, tally.cells);
}
