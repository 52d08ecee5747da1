//! `privreach lint`.

use super::{
    args::{FailOn, Global, Lint},
    exit::{Exit, Failure},
    input, output,
};
use crate::{
    diag::{Diagnostic, Severity},
    document::Date,
    lint::{self, Level, Outcome, Rule},
    report::{self, Format, LintReport},
    scenario::{Loaded, load_paths},
    snapshot::Snapshot,
};
use std::time::{SystemTime, UNIX_EPOCH};

/// Looks at every scenario that can be used, then reports problems of the input beside it.
pub(super) fn run(args: &Lint, global: &Global) -> Result<Exit, Failure> {
    let mut loaded = load_paths(&args.paths);
    if let Some(variant) = &args.variant {
        input::only_variant(&mut loaded, variant)?;
    }
    evaluate(loaded, args, global)
}

/// The same for scenarios that are loaded already; the paths of the arguments are not looked at.
pub(super) fn evaluate(loaded: Loaded, args: &Lint, global: &Global) -> Result<Exit, Failure> {
    let (only, ignored) = (rules(&args.only)?, rules(&args.ignore)?);
    let mut problems: Vec<Diagnostic> = loaded.diagnostics;
    let mut snapshots = Vec::new();
    for scenario in loaded.scenarios.into_iter().filter(|s| args.variants || s.variant == args.variant) {
        let snapshot = Snapshot::new(scenario);
        if snapshot.is_usable() {
            snapshots.push(snapshot);
        } else {
            problems.extend(snapshot.explained_errors());
        }
    }
    problems.extend(input::of_partial(loaded.partial, &problems, |_| Vec::new()));
    let mut outcome = lint::lint(&snapshots, args.today.unwrap_or_else(today));
    // Rules are left out here and not in the run, because a suppression is stale only if its rule looked.
    let wanted = |rule: &'static Rule| {
        let among = |list: &[&'static Rule]| list.iter().any(|r| std::ptr::eq(*r, rule));
        (only.is_empty() || among(&only)) && !among(&ignored)
    };
    outcome.findings.retain(|f| wanted(f.rule));
    outcome.suppressed.retain(|s| wanted(s.finding.rule));

    problems.retain(|d| d.severity == Severity::Error);
    let problems = input::sorted(problems);
    let text = match args.format {
        Format::Text => report::lint_text(&loaded.sources, &outcome, output::style(global)),
        format => {
            let report = LintReport::new(&loaded.sources, &outcome, &problems);
            let least = least(args.fail_on);
            // A finding's code is a rule's, a problem's is not.
            let fails =
                |item: &report::Item| lint::find(item.code).is_none() || least.is_some_and(|l| item.level >= l.into());
            report::judged(&report, format, output::style(global), fails)
        }
    };
    output::write(global, &text)?;
    if !problems.is_empty() {
        return Err(input::failure(&loaded.sources, &problems, global));
    }
    Ok(exit(&outcome, args.fail_on))
}

fn exit(outcome: &Outcome, fail_on: FailOn) -> Exit {
    let fails = least(fail_on).is_some_and(|least| outcome.findings.iter().any(|f| f.level >= least));
    if fails { Exit::Failed } else { Exit::Holds }
}

/// The least level that fails a run, if one does.
fn least(fail_on: FailOn) -> Option<Level> {
    match fail_on {
        FailOn::Error => Some(Level::Error),
        FailOn::Warning => Some(Level::Warning),
        FailOn::Info => Some(Level::Info),
        FailOn::Never => None,
    }
}

fn rules(words: &[String]) -> Result<Vec<&'static Rule>, Failure> {
    words
        .iter()
        .map(|word| {
            lint::find(word).ok_or_else(|| {
                let hint = lint::nearest(word)
                    .map_or("docs/lints.md lists them".to_owned(), |n| format!("did you mean `{n}`?"));
                input::mistake(&format!("no lint rule is called `{word}`; {hint}"))
            })
        })
        .collect()
}

/// The system's date; only here, so that the library gives the same answer every day.
pub(super) fn today() -> Date {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    Date::from_days(seconds / 86_400)
}
