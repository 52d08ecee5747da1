//! `privreach routes` and `privreach rules`.

use super::{
    args::{Format, Global, Table},
    exit::{Exit, Failure},
    input, output,
};
use crate::{
    effective,
    report::{self, RoutesReport, RulesReport},
};

pub(super) fn routes(args: &Table, global: &Global) -> Result<Exit, Failure> {
    let (sources, snapshot) = input::snapshot(&args.file, args.variant.as_deref(), global)?;
    let rows = effective::routes(&snapshot.plane, &args.at).map_err(|e| input::mistake(&e.to_string()))?;
    let report = RoutesReport::new(&sources, &args.at, &rows);
    let text = match args.format {
        Format::Text => report::routes_text(&report),
        Format::Json => report::to_json("routes", &report),
    };
    output::write(global, &text)?;
    Ok(Exit::Holds)
}

pub(super) fn rules(args: &Table, global: &Global) -> Result<Exit, Failure> {
    let (sources, snapshot) = input::snapshot(&args.file, args.variant.as_deref(), global)?;
    let rows = effective::rules(&snapshot.plane, &args.at).map_err(|e| input::mistake(&e.to_string()))?;
    let report = RulesReport::new(&sources, &args.at, &rows);
    let text = match args.format {
        Format::Text => report::rules_text(&report, output::style(global)),
        Format::Json => report::to_json("rules", &report),
    };
    output::write(global, &text)?;
    Ok(Exit::Holds)
}
