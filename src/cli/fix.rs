//! `privreach fix`.

use super::{
    args::{Fix, Global},
    exit::{Exit, Failure},
    input, output, progress,
    trace::target,
};
use crate::{
    document::Date,
    lint::{self, Finding, Level},
    repair::{Repairs, concerns, repair, repair_file},
    report::{self, FixFileReport, FixReport},
    scenario::load_paths,
    snapshot::Snapshot,
    trace::Question,
    verify::{Outcome, verify},
};
use std::{cell::OnceCell, collections::BTreeMap, path::Path};

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

/// Most findings of lint that are repeated for one flow.
const MAX_FINDINGS: usize = 3;

/// What lint finds, looked for once, and only if a flow is left without a repair.
struct Hints<'s> {
    snapshot: &'s Snapshot,
    found: OnceCell<Vec<Finding>>,
}

impl Hints<'_> {
    /// What lint finds where a flow is stopped, the worst first.
    fn at(&self, repairs: &Repairs) -> Vec<&Finding> {
        if repairs.reached || !repairs.proposals.is_empty() {
            return Vec::new();
        }
        // No day is before this one, so that nothing accepted counts as expired.
        let all = || lint::lint(std::slice::from_ref(self.snapshot), Date::from_days(0)).findings;
        let all = self.found.get_or_init(all).iter().filter(|f| f.level >= Level::Warning);
        let mut found: Vec<&Finding> = all.filter(|f| concerns(self.snapshot, &repairs.trace, f.place)).collect();
        found.sort_by_key(|f| std::cmp::Reverse(f.level));
        found.truncate(MAX_FINDINGS);
        found
    }
}

pub(super) fn run(args: &Fix, global: &Global) -> Result<Exit, Failure> {
    let (sources, mut snapshot) = input::snapshot(&args.file, args.variant.as_deref(), global)?;
    let (Some(from), Some(to)) = (&args.from, &args.to) else {
        let repairs = progress::telling(global, "looking for repairs", || repair_file(&snapshot));
        let hints = Hints { snapshot: &snapshot, found: OnceCell::new() };
        let mut report =
            FixFileReport::new(&sources, &snapshot.scenario.title(), &repairs).with_findings(&repairs, |r| hints.at(r));
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
    let hints = Hints { snapshot: &snapshot, found: OnceCell::new() };
    let report = FixReport::new(&sources, &snapshot.scenario.title(), &repairs).with_findings(&hints.at(&repairs));
    output::write(global, &report::render(&report, args.format, output::style(global)))?;
    // Asked for a repair, and there is none.
    Ok(if report.is_reached() || !report.proposals.is_empty() { Exit::Holds } else { Exit::Failed })
}
