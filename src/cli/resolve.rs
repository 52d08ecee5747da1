//! `privreach resolve`.

use super::{
    args::{Format, Global, Resolve},
    exit::{Exit, Failure},
    input, output,
};
use crate::{
    dataplane::ClientKind,
    lookup,
    report::{self, ResolveReport},
};

pub(super) fn run(args: &Resolve, global: &Global) -> Result<Exit, Failure> {
    let (sources, snapshot) = input::snapshot(&args.file, args.variant.as_deref(), global)?;
    let name = args.name.parse().map_err(|e: crate::net::FqdnError| input::mistake(&e.to_string()))?;
    let client = crate::trace::client(&snapshot.plane, &args.from).map_err(|e| input::mistake(&e.to_string()))?;
    let from = match client.kind {
        ClientKind::Endpoint(id) => Some(id),
        ClientKind::Identity(_) => None,
    };
    let resolution = lookup::query(&snapshot.plane, &client.resolver, from, &name);
    let report = ResolveReport::new(&sources, &args.from, &resolution);
    let text = match args.format {
        Format::Text => report::resolve_text(&report, output::style(global)),
        Format::Json => report::to_json("resolve", &report),
    };
    output::write(global, &text)?;
    Ok(if report.decided { Exit::Holds } else { Exit::Undecided })
}
