//! `privreach matrix`.

use super::{
    args::{Global, Matrix as Args, MatrixFormat},
    exit::{Exit, Failure},
    input, output, progress,
};
use crate::{
    diag::SourceMap,
    lint,
    matrix::{Matrix, askers, clients, count, lacks_internet, services, sharded, ways},
    report::{
        self, MatrixReport, Shown,
        page::{Ingredients, Page, html},
    },
    select::{Selector, Traits},
    snapshot::Snapshot,
    trace::Question,
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
    if args.shard.is_some() && !args.expand {
        return Err(input::mistake(
            "--shard writes single pairs: groups of different parts would have to be merged; add --expand",
        ));
    }
    let asked = if args.every_way { ways(plane) } else { services(plane) };
    // Who is not declared asks where that is what one wants to know: what is open at all, and to the internet.
    let asking = if args.every_way || lacks_internet(plane) { askers(plane) } else { clients(plane) };
    let of_clients: Vec<Traits> = asking.iter().map(|c| Traits::of_client(plane, c, &labels)).collect();
    let of_services: Vec<Traits> = asked.iter().map(|s| Traits::of_service(plane, s, &labels)).collect();
    let asking = chosen(asking, &of_clients, &args.from, "--from", "client")?;
    let asked = chosen(asked, &of_services, &args.to, "--to", "service")?;
    let header = args.shard.is_none_or(|s| s.is_first());
    let asking = sharded(plane, asking, args.shard);
    let pairs = asking.len() as u64 * asked.len() as u64;
    let solving = format!("solving {pairs} pairs");
    if args.totals {
        let counted = progress::telling(global, &solving, || count(plane, asking, asked)).map_err(contradiction)?;
        let report = MatrixReport::counted(&snapshot.scenario.title(), &counted);
        let text = match args.format {
            MatrixFormat::Text => report::matrix_text(&report, output::style(global)),
            MatrixFormat::Json => report::to_json("matrix", &report),
            MatrixFormat::Csv => report::matrix_totals_csv(&report),
            MatrixFormat::Markdown => report::matrix_markdown(&report),
            MatrixFormat::Html => return Err(input::mistake("--totals has no page; leave one of the two away")),
        };
        return output::write(global, &text).map(|()| Exit::Holds);
    }
    let matrix = progress::telling(global, &solving, || Matrix::new(plane, asking, asked));
    // A witness that the step engine answers otherwise would make the whole matrix worthless.
    if let Some((row, column)) = matrix.disagreements(VERIFIED).first().copied() {
        let question = matrix.witness(row, column).and_then(|(c, s)| matrix.question(c, s));
        return Err(question.map_or_else(|| Failure::Internal("a cell has no pair".to_owned()), contradiction));
    }
    let page = || {
        let findings = lint::lint(std::slice::from_ref(snapshot), super::lint::today()).findings;
        let ingredients = Ingredients { snapshot, sources, matrix: &matrix, labels: &labels, findings: &findings };
        html(&Page::new(&ingredients))
    };
    // Nobody reads a page of a hundred thousand cells; programs do.
    let most = (args.format == MatrixFormat::Text && args.only.is_empty() && !args.expand).then_some(READABLE);
    let shown = Shown { only: args.only.clone(), expand: args.expand, most };
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

/// What selectors mean; each must select something.
fn chosen<T>(
    all: Vec<T>,
    traits: &[Traits],
    selectors: &[Selector],
    option: &str,
    what: &str,
) -> Result<Vec<T>, Failure> {
    if selectors.is_empty() {
        return match all.is_empty() {
            true => Err(input::mistake(&format!("this scenario has no {what}"))),
            false => Ok(all),
        };
    }
    for selector in selectors {
        if let Some(complaint) = selector.complaints(traits, what).first() {
            let nothing = !traits.iter().any(|t| selector.matches(t));
            let lead = if nothing { format!("{option} selects nothing") } else { option.to_owned() };
            return Err(input::mistake(&format!("{lead}: {complaint}")));
        }
    }
    let meant = all.into_iter().zip(traits).filter(|(_, t)| selectors.iter().any(|s| s.matches(t)));
    Ok(meant.map(|(one, _)| one).collect())
}

/// Cells that text shows; beyond, it tells how many there are.
const READABLE: usize = 100_000;

fn contradiction(question: Question) -> Failure {
    let Question { from, to, port, transport } = question;
    Failure::Internal(format!("the solver and the step engine disagree about {from} to {to} {transport}/{port}"))
}

/// Cells whose witnesses are traced before anything is written.
const VERIFIED: usize = 2_000;
