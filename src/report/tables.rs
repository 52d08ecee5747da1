//! Effective routes and rules as tables.

use super::format::printable;
use super::{Place, Style};
use crate::{
    diag::SourceMap,
    effective::{RouteRow, RuleRow},
};
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::Write;

/// Effective routes of a place.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RoutesReport {
    /// The place that was asked for.
    pub at: String,
    /// Rows in order of selection.
    pub routes: Vec<RouteRowReport>,
}

/// A row of effective routes.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RouteRowReport {
    /// `Active` or `Invalid`.
    pub state: &'static str,
    /// Who made it.
    pub source: &'static str,
    /// Destination.
    pub address_prefix: String,
    /// Next hop type.
    pub next_hop_type: &'static str,
    /// Addresses of the next hop.
    pub next_hop_ip: Vec<String>,
    /// What declared it.
    pub origin: String,
    /// Where.
    pub place: Option<Place>,
}

/// Effective rules of a place.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RulesReport {
    /// The place that was asked for.
    pub at: String,
    /// Rows in order of evaluation, per filter and direction.
    pub rules: Vec<RuleRowReport>,
}

/// A row of effective rules.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RuleRowReport {
    /// The security group or network manager.
    pub filter: String,
    /// The subnet or interface it is attached to.
    pub attached_to: String,
    /// Name of the rule.
    pub name: String,
    /// Its number.
    pub priority: Option<u32>,
    /// `Inbound` or `Outbound`.
    pub direction: &'static str,
    /// `Allow`, `AlwaysAllow` or `Deny`.
    pub access: &'static str,
    /// Protocol.
    pub protocol: String,
    /// Sources as written.
    pub source: Vec<String>,
    /// Prefixes that tags and groups among them stand for here.
    pub expanded_source: Vec<String>,
    /// Source ports.
    pub source_port_range: String,
    /// Destinations as written.
    pub destination: Vec<String>,
    /// Prefixes that tags and groups among them stand for here.
    pub expanded_destination: Vec<String>,
    /// Destination ports.
    pub destination_port_range: String,
    /// Where it is declared.
    pub place: Option<Place>,
}

impl RoutesReport {
    /// Rows for reports.
    #[must_use]
    pub fn new(sources: &SourceMap, at: &str, rows: &[RouteRow]) -> Self {
        let row = |r: &RouteRow| RouteRowReport {
            state: r.state,
            source: r.source,
            address_prefix: r.prefix.clone(),
            next_hop_type: r.next_hop_type,
            next_hop_ip: r.next_hop.iter().map(ToString::to_string).collect(),
            origin: r.origin.to_string(),
            place: Place::of(sources, r.origin.span),
        };
        Self { at: at.to_owned(), routes: rows.iter().map(row).collect() }
    }
}

impl RulesReport {
    /// Rows for reports.
    #[must_use]
    pub fn new(sources: &SourceMap, at: &str, rows: &[RuleRow]) -> Self {
        let row = |r: &RuleRow| RuleRowReport {
            filter: r.filter.to_string(),
            attached_to: r.attached.to_string(),
            name: r.name.name.clone(),
            priority: r.priority,
            direction: r.direction,
            access: r.access,
            protocol: r.protocol.clone(),
            source: r.sources.written.clone(),
            expanded_source: r.sources.expanded.clone(),
            source_port_range: r.source_ports.to_string(),
            destination: r.destinations.written.clone(),
            expanded_destination: r.destinations.expanded.clone(),
            destination_port_range: r.ports.to_string(),
            place: Place::of(sources, r.name.span),
        };
        Self { at: at.to_owned(), rules: rows.iter().map(row).collect() }
    }
}

/// The routes as a table.
#[must_use]
pub fn routes(report: &RoutesReport, style: Style) -> String {
    let mut rows =
        vec![["Source", "State", "Address Prefix", "Next Hop Type", "Next Hop IP", "Origin"].map(str::to_owned)];
    for r in &report.routes {
        rows.push([
            r.source.to_owned(),
            r.state.to_owned(),
            r.address_prefix.clone(),
            r.next_hop_type.to_owned(),
            r.next_hop_ip.join(", "),
            declared(&r.origin, r.place.as_ref()),
        ]);
    }
    table(&rows, style.width)
}

/// The rules as one table per filter and direction.
#[must_use]
pub fn rules(report: &RulesReport, style: Style) -> String {
    let mut out = String::new();
    let heads = ["Priority", "Name", "Access", "Protocol", "Source", "Ports", "Destination", "Ports", "Origin"];
    let mut rest = report.rules.as_slice();
    while let Some(first) = rest.first() {
        let same = |r: &&RuleRowReport| {
            (&r.filter, &r.attached_to, r.direction) == (&first.filter, &first.attached_to, first.direction)
        };
        let length = rest.iter().take_while(same).count();
        let (group, others) = rest.split_at(length);
        rest = others;
        let line = format!("{} at {}, {}", first.filter, first.attached_to, first.direction);
        let _ = writeln!(out, "{}", super::text::wrapped(&line, 0, 2, style.width));
        let mut rows = vec![heads.map(str::to_owned)];
        for r in group {
            rows.push([
                r.priority.map_or(String::new(), |p| p.to_string()),
                r.name.clone(),
                r.access.to_owned(),
                r.protocol.clone(),
                both(&r.source, &r.expanded_source, style),
                r.source_port_range.clone(),
                both(&r.destination, &r.expanded_destination, style),
                r.destination_port_range.clone(),
                r.place.as_ref().map_or("default".to_owned(), |p| format!("{}:{}", p.file, p.line)),
            ]);
        }
        out.push_str(&table(&rows, style.width));
        out.push('\n');
    }
    if report.rules.is_empty() {
        let _ = writeln!(out, "nothing filters {}", printable(&report.at));
    }
    out
}

/// What was written; verbose, with the prefixes it stands for.
fn both(written: &[String], expanded: &[String], style: Style) -> String {
    let mut text = written.join(", ");
    if style.verbosity > 0 && !expanded.is_empty() {
        let _ = write!(text, " = {}", expanded.join(", "));
    }
    text
}

fn declared(origin: &str, place: Option<&Place>) -> String {
    place.map_or_else(|| origin.to_owned(), |p| format!("{origin} ({}:{})", p.file, p.line))
}

/// A table that fits: if it is too wide, its last column goes to a line of its own below each row, and the widest
/// columns are wrapped.
fn table<const N: usize>(rows: &[[String; N]], width: usize) -> String {
    let clean: Vec<[String; N]> = rows.iter().map(|r| r.clone().map(|c| printable(&c))).collect();
    let natural =
        |column: usize| clean.iter().filter_map(|r| r.get(column)).map(|c| c.chars().count()).max().unwrap_or(0);
    let mut widths: Vec<usize> = (0..N).map(natural).collect();
    let total = |widths: &[usize]| widths.iter().map(|w| w + GAP).sum::<usize>().saturating_sub(GAP);
    let below = total(&widths) > width;
    if below {
        widths.pop();
    }
    while total(&widths) > width {
        let Some(widest) = widths.iter_mut().max_by_key(|w| **w).filter(|w| **w > NARROWEST) else { break };
        *widest -= 1;
    }
    let mut out = String::new();
    for (number, row) in clean.iter().enumerate() {
        let cells: Vec<Vec<String>> = row.iter().zip(&widths).map(|(cell, width)| lines(cell, *width)).collect();
        let height = cells.iter().map(Vec::len).max().unwrap_or(1);
        for at in 0..height {
            let mut line = String::new();
            for (cell, width) in cells.iter().zip(&widths) {
                let _ = write!(line, "{:width$}  ", cell.get(at).map_or("", String::as_str));
            }
            let _ = writeln!(out, "{}", line.trim_end());
        }
        // The head of a column that stands below says nothing there.
        if let Some(last) = row.last().filter(|l| below && number > 0 && !l.is_empty()) {
            let _ = writeln!(out, "    {}", super::text::wrapped(last, 4, 6, width));
        }
    }
    out
}

/// Blanks between columns.
const GAP: usize = 2;

/// Columns are not made narrower than this.
const NARROWEST: usize = 9;

/// The lines of a cell.
fn lines(cell: &str, width: usize) -> Vec<String> {
    super::text::wrapped(cell, 0, 0, width.max(1)).lines().map(str::to_owned).collect()
}
