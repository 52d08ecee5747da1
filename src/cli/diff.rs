//! `privreach diff`.

use super::{
    args::{Diff, FailOnChange, Global},
    exit::{Exit, Failure},
    input, output,
};
use crate::{
    compare::{Comparison, Effect, compare},
    report::{self, DiffReport},
};

pub(super) fn run(args: &Diff, global: &Global) -> Result<Exit, Failure> {
    let (before_sources, before) = input::named_snapshot(&args.before, global)?;
    let (after_sources, after) = input::named_snapshot(&args.after, global)?;
    let comparison = compare(&before, &after);
    let report = DiffReport::new((&args.before, &before_sources), (&args.after, &after_sources), &comparison);
    output::write(global, &report::render(&report, args.format, output::style(global)))?;
    Ok(args.fail_on.map_or(Exit::Holds, |limit| exit(&comparison, limit)))
}

/// What was public already does not fail; what became undecided might be anything.
fn exit(comparison: &Comparison, limit: FailOnChange) -> Exit {
    let any = |effect| comparison.changes.iter().any(|c| c.effect == effect);
    let failed = match limit {
        FailOnChange::Public => any(Effect::Exposed),
        FailOnChange::Regression => comparison.changes.iter().any(crate::compare::FlowChange::is_regression),
    };
    match () {
        () if failed => Exit::Failed,
        () if any(Effect::Undecided) => Exit::Undecided,
        () => Exit::Holds,
    }
}
