//! `privreach impact`.

use super::{
    args::{Global, Impact},
    exit::{Exit, Failure},
    input, output,
};
use crate::{
    impact::impact,
    report::{self, ImpactReport},
};

pub(super) fn run(args: &Impact, global: &Global) -> Result<Exit, Failure> {
    let (sources, snapshot) = input::snapshot(&args.file, args.variant.as_deref(), global)?;
    let report = ImpactReport::new(&sources, &snapshot.scenario.title(), &impact(&snapshot));
    output::write(global, &report::render(&report, args.format, output::style(global)))?;
    Ok(Exit::Holds)
}
