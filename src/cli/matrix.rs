//! `privreach matrix`.

use super::{
    args::{Global, Matrix as Args, MatrixFormat},
    exit::{Exit, Failure},
    input, output,
};
use crate::{
    dataplane::Plane,
    diag::SourceMap,
    lint,
    matrix::{Matrix, Selector, Traits, clients, services, sharded},
    report::{
        self, MatrixReport, Shown,
        page::{Ingredients, Page, html},
    },
    snapshot::Snapshot,
};
use std::{
    io::{IsTerminal, Write},
    sync::mpsc,
    time::Duration,
};

pub(super) fn run(args: &Args, global: &Global) -> Result<Exit, Failure> {
    let (sources, snapshot) = input::snapshot(&args.file, args.variant.as_deref(), global)?;
    show(&sources, &snapshot, args, global)
}

/// The same on a snapshot; file and variant of the arguments are not looked at.
pub(super) fn show(sources: &SourceMap, snapshot: &Snapshot, args: &Args, global: &Global) -> Result<Exit, Failure> {
    let (plane, labels) = (&snapshot.plane, snapshot.labels());
    if args.shard.is_some() && args.format != MatrixFormat::Csv {
        return Err(input::mistake("--shard writes CSV, whose lines can be put together: add --format csv"));
    }
    let chosen =
        |selectors: &[Selector], traits: &Traits| selectors.is_empty() || selectors.iter().any(|s| s.matches(traits));
    let mut asking = clients(plane);
    asking.retain(|c| chosen(&args.from, &Traits::of_client(plane, c, &labels)));
    let mut asked = services(plane);
    asked.retain(|s| chosen(&args.to, &Traits::of_service(plane, s, &labels)));
    for (what, option, none) in [("client", "--from", asking.is_empty()), ("service", "--to", asked.is_empty())] {
        if none {
            let hint = "select by name, kind:, network:, subnet: or tag:";
            return Err(input::mistake(&format!("{option} selects no {what} of this scenario; {hint}")));
        }
    }
    let header = args.shard.is_none_or(|s| s.is_first());
    let asking = sharded(plane, asking, args.shard);
    let pairs = asking.len() as u64 * asked.len() as u64;
    traceable(plane, pairs)?;
    let matrix = while_telling(global, pairs, || Matrix::new(plane, asking, asked));
    // A witness that the step engine answers otherwise would make the whole matrix worthless.
    if let Some((row, column)) = matrix.disagreements(VERIFIED).first().copied() {
        let question = matrix.witness(row, column).and_then(|(c, s)| matrix.question(c, s));
        return Err(Failure::Internal(format!("the solver and the step engine disagree about {question:?}")));
    }
    let page = || {
        let findings = lint::lint(std::slice::from_ref(snapshot), super::lint::today()).findings;
        let ingredients = Ingredients { snapshot, sources, matrix: &matrix, labels: &labels, findings: &findings };
        html(&Page::new(&ingredients))
    };
    let shown = Shown { only: args.only.clone(), expand: args.expand };
    let report = MatrixReport::new(&snapshot.scenario.title(), &matrix, &labels, &shown);
    let text = match args.format {
        MatrixFormat::Text => report::matrix_text(&report, output::style(global)),
        MatrixFormat::Json => report::to_json("matrix", &report),
        MatrixFormat::Csv => report::matrix_csv(&report, args.expand, header),
        MatrixFormat::Markdown => report::matrix_markdown(&report),
        MatrixFormat::Html => page(),
    };
    output::write(global, &text)?;
    Ok(Exit::Holds)
}

/// Pairs that are traced one by one before a selection is asked for: some minutes.
const MOST_TRACED: u64 = 1_000_000;

/// Refuses to trace more pairs than anyone waits for. The all-pairs solver does not know what `unmodelled` parts could
/// change, so that the step engine decides every pair of a scenario that has some.
pub(super) fn traceable(plane: &Plane, pairs: u64) -> Result<(), Failure> {
    if plane.unmodelled.is_empty() || pairs <= MOST_TRACED {
        return Ok(());
    }
    Err(input::mistake(&format!(
        "the scenario has `unmodelled` parts, so that each of {pairs} pairs has to be traced, more than {MOST_TRACED}; \
         select some with --from and --to, or remove the entries that do not matter"
    )))
}

/// Cells whose witnesses are traced before anything is written.
const VERIFIED: usize = 2_000;

/// Says what is being done, if it takes more than a second and somebody watches.
fn while_telling<T>(global: &Global, pairs: u64, work: impl FnOnce() -> T) -> T {
    if global.quiet || !std::io::stderr().is_terminal() {
        return work();
    }
    let (done, wait) = mpsc::channel::<()>();
    let teller = std::thread::spawn(move || {
        let mut told = false;
        let mut seconds = 0;
        while wait.recv_timeout(Duration::from_secs(1)) == Err(mpsc::RecvTimeoutError::Timeout) {
            seconds += 1;
            told = true;
            let _ = write!(std::io::stderr(), "\rsolving {pairs} pairs … {seconds} s");
        }
        if told {
            let _ = writeln!(std::io::stderr());
        }
    });
    let result = work();
    drop(done);
    let _ = teller.join();
    result
}
