//! `privreach fix`.

use super::{
    args::{Fix, Global},
    exit::{Exit, Failure},
    input, output, progress,
    trace::target,
};
use crate::{
    repair::{repair, repair_file},
    report::{self, FixFileReport, FixReport},
    scenario::load_paths,
    snapshot::Snapshot,
    trace::Question,
    verify::{Outcome, verify},
};
use std::{collections::BTreeMap, path::Path};

/// Variants of a file of which something does not hold, with how many expectations.
fn broken_variants(file: &Path) -> BTreeMap<String, usize> {
    if file.as_os_str() == "-" {
        return BTreeMap::new();
    }
    let variants = load_paths(&[file.to_path_buf()]).scenarios.into_iter().filter(|s| s.variant.is_some());
    let broken = variants.filter_map(|scenario| {
        let name = scenario.variant.clone()?;
        let snapshot = Snapshot::new(scenario);
        let failing = verify(&snapshot).checked.iter().filter(|c| c.outcome != Outcome::Held).count();
        (failing > 0).then_some((name, failing))
    });
    broken.collect()
}

pub(super) fn run(args: &Fix, global: &Global) -> Result<Exit, Failure> {
    let (sources, mut snapshot) = input::snapshot(&args.file, args.variant.as_deref(), global)?;
    let (Some(from), Some(to)) = (&args.from, &args.to) else {
        let repairs = progress::telling(global, "looking for repairs", || repair_file(&snapshot));
        let mut report = FixFileReport::new(&sources, &snapshot.scenario.title(), &repairs);
        // What a broken design does to its variants is repaired with the design.
        if args.variant.is_none() && report.failing == 0 {
            report.variants = broken_variants(&args.file);
        }
        output::write(global, &report::render(&report, args.format, output::style(global)))?;
        let holds = report.left.is_empty() && report.variants.is_empty() && report.expects > 0;
        return Ok(if holds { Exit::Holds } else { Exit::Failed });
    };
    let (to, port) = target(to).map_err(|m| input::mistake(&m))?;
    let port = args.port.unwrap_or(port);
    let question = Question { from: from.clone(), to, port: args.protocol.port(port), transport: args.protocol };
    snapshot.admit(&question.from, Some(&question.to));
    let repairs = repair(&snapshot, &question, args.verdict).map_err(|e| input::mistake(&e.to_string()))?;
    let report = FixReport::new(&sources, &snapshot.scenario.title(), &repairs);
    output::write(global, &report::render(&report, args.format, output::style(global)))?;
    // Asked for a repair, and there is none.
    Ok(if report.is_reached() || !report.proposals.is_empty() { Exit::Holds } else { Exit::Failed })
}
