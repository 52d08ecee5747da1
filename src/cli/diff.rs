//! `privreach diff`.

use super::{
    args::{Diff, FailOnChange, Global},
    exit::{Exit, Failure},
    input, output, progress,
};
use crate::{
    compare::{Comparison, Effect, FlowChange, compare},
    lint::{self, Changes, Level, changes, lint},
    report::{self, DiffReport},
    snapshot::Snapshot,
};

pub(super) fn run(args: &Diff, global: &Global) -> Result<Exit, Failure> {
    let after_name = match &args.variant {
        None => args.after.clone(),
        Some(variant) => format!("{}#{variant}", args.after),
    };
    if args.before == "-" && args.after == "-" {
        return Err(input::mistake("standard input can be read once; name a file for one of the two sides"));
    }
    let (before_sources, before) = input::named_snapshot(&args.before, global)?;
    let (after_sources, after) = input::named_snapshot(&after_name, global)?;
    let comparison = progress::telling(global, "comparing all flows", || compare(&before, &after));
    let today = args.today.unwrap_or_else(super::lint::today);
    let found = |snapshot: &Snapshot| lint(std::slice::from_ref(snapshot), today);
    let findings = changes(&found(&before), &found(&after));
    let (old, new) = ((args.before.as_str(), &before_sources), (after_name.as_str(), &after_sources));
    let report = DiffReport::new(old, new, &comparison, &findings);
    output::write(global, &report::judged(&report, args.format, output::style(global), |i| fails(i, args.fail_on)))?;
    Ok(args.fail_on.map_or(Exit::Holds, |limit| exit(&comparison, &findings, limit)))
}

/// Whether a finding of the report is among those that [`exit`] fails for.
fn fails(item: &report::Item, limit: Option<FailOnChange>) -> bool {
    let found = lint::find(item.code).is_some();
    match limit {
        None => false,
        Some(FailOnChange::Public) => [Effect::Exposed, Effect::Undecided].iter().any(|e| e.as_str() == item.code),
        Some(FailOnChange::Regression) => !found,
        Some(FailOnChange::Finding) => !found || item.level >= report::Level::Warning,
    }
}

/// What was public already does not fail; what became undecided might be anything.
fn exit(comparison: &Comparison, findings: &Changes, limit: FailOnChange) -> Exit {
    let any = |effect| comparison.changes.iter().any(|c| c.effect == effect);
    let regression = || comparison.changes.iter().any(FlowChange::is_regression);
    let failed = match limit {
        FailOnChange::Public => any(Effect::Exposed),
        FailOnChange::Regression => regression(),
        FailOnChange::Finding => regression() || findings.added.iter().any(|f| f.level >= Level::Warning),
    };
    match () {
        () if failed => Exit::Failed,
        () if any(Effect::Undecided) => Exit::Undecided,
        () => Exit::Holds,
    }
}
