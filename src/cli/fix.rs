//! `privreach fix`.

use super::{
    args::{Fix, Global},
    exit::{Exit, Failure},
    input, output,
    trace::target,
};
use crate::{
    repair::{repair, repair_file},
    report::{self, FixFileReport, FixReport},
    trace::Question,
};

pub(super) fn run(args: &Fix, global: &Global) -> Result<Exit, Failure> {
    let (sources, snapshot) = input::snapshot(&args.file, args.variant.as_deref(), global)?;
    let (Some(from), Some(to)) = (&args.from, &args.to) else {
        let repairs = repair_file(&snapshot);
        let report = FixFileReport::new(&sources, &snapshot.scenario.title(), &repairs);
        output::write(global, &report::render(&report, args.format, output::style(global)))?;
        return Ok(if report.left.is_empty() { Exit::Holds } else { Exit::Failed });
    };
    let (to, port) = target(to).map_err(|m| input::mistake(&m))?;
    let port = args.port.unwrap_or(port);
    let question = Question { from: from.clone(), to, port, transport: args.protocol };
    let repairs = repair(&snapshot, &question, args.verdict).map_err(|e| input::mistake(&e.to_string()))?;
    let report = FixReport::new(&sources, &snapshot.scenario.title(), &repairs);
    output::write(global, &report::render(&report, args.format, output::style(global)))?;
    // Asked for a repair, and there is none.
    Ok(if report.is_reached() || !report.proposals.is_empty() { Exit::Holds } else { Exit::Failed })
}
