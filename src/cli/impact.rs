//! `privreach impact`.

use super::{
    args::{Global, Impact},
    exit::{Exit, Failure},
    input, output, progress,
};
use crate::{
    impact::impact_telling,
    report::{self, ImpactReport},
};

pub(super) fn run(args: &Impact, global: &Global) -> Result<Exit, Failure> {
    let (sources, snapshot) = input::snapshot(&args.file, args.variant.as_deref(), global)?;
    let work = |tell: &(dyn Fn(usize, usize) + Sync)| impact_telling(&snapshot, tell);
    let found = progress::counting(global, "taking every element away in turn", work);
    let report = ImpactReport::new(&sources, &snapshot.scenario.title(), &found);
    // What depends on what is told and not judged.
    output::write(global, &report::judged(&report, args.format, output::style(global), |_| false))?;
    Ok(Exit::Holds)
}
