//! `privreach routes` and `privreach rules`, and what Azure's own tools printed beside them.

use super::{
    args::{Format, Global, Table},
    exit::{Exit, Failure},
    input, output,
};
use crate::{
    diag::SourceMap,
    effective, import,
    report::{self, EvidenceReport, RoutesReport, RulesReport},
    snapshot::Snapshot,
};
use std::path::Path;

pub(super) fn routes(args: &Table, global: &Global) -> Result<Exit, Failure> {
    let (sources, snapshot) = input::snapshot(&args.file, args.variant.as_deref(), global)?;
    if let Some(path) = &args.compare {
        return compare(args, path, sources, &snapshot, global);
    }
    let rows = effective::routes(&snapshot.plane, &args.at).map_err(|e| input::mistake(&e.to_string()))?;
    let report = RoutesReport::new(&sources, &args.at, &rows);
    let text = match args.format {
        Format::Text => report::routes_text(&report, output::style(global)),
        Format::Json => report::to_json("routes", &report),
    };
    output::write(global, &text)?;
    Ok(Exit::Holds)
}

pub(super) fn rules(args: &Table, global: &Global) -> Result<Exit, Failure> {
    let (sources, snapshot) = input::snapshot(&args.file, args.variant.as_deref(), global)?;
    if let Some(path) = &args.compare {
        return compare(args, path, sources, &snapshot, global);
    }
    let rows = effective::rules(&snapshot.plane, &args.at).map_err(|e| input::mistake(&e.to_string()))?;
    let report = RulesReport::new(&sources, &args.at, &rows);
    let text = match args.format {
        Format::Text => report::rules_text(&report, output::style(global)),
        Format::Json => report::to_json("rules", &report),
    };
    output::write(global, &text)?;
    Ok(Exit::Holds)
}

/// The table beside what Azure's own tool printed; a file may hold routes or rules, whichever command it is given to.
fn compare(
    args: &Table,
    path: &Path,
    mut sources: SourceMap,
    snapshot: &Snapshot,
    global: &Global,
) -> Result<Exit, Failure> {
    let text = super::import::text(path, global)?;
    let file = sources.add(super::import::shown(path), &text);
    let evidence = import::evidence(file, &text).map_err(|problems| input::failure(&sources, &problems, global))?;
    let comparison =
        effective::compare(&snapshot.plane, &args.at, &evidence).map_err(|e| input::mistake(&e.to_string()))?;
    let report = EvidenceReport::new(&sources, &args.at, &comparison);
    let text = match args.format {
        Format::Text => report::evidence_text(&report, output::style(global)),
        Format::Json => report::to_json("evidence", &report),
    };
    output::write(global, &text)?;
    Ok(if report.differences.is_empty() { Exit::Holds } else { Exit::Failed })
}
