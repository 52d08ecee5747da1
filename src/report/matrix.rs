//! The matrix of clients and services, for people and programs.

use super::{Style, format::printable};
use crate::{
    matrix::{Common, Count, Labels, Matrix},
    reach::{Cell, Outcome},
    select::Traits,
    verdict::{Verdict, Word},
};
use schemars::JsonSchema;
use serde::Serialize;
use std::{collections::BTreeMap, fmt::Write};

/// Answers for all pairs.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct MatrixReport {
    /// Name of the scenario.
    pub scenario: String,
    /// Number of clients.
    pub clients: usize,
    /// Number of services, each on one port.
    pub services: usize,
    /// Number of pairs.
    pub pairs: u64,
    /// Pairs by verdict.
    pub totals: BTreeMap<&'static str, u64>,
    /// Pairs that the step engine decided because the solver left them over.
    pub delegated: u64,
    /// Groups of clients that behave alike.
    pub client_groups: Vec<GroupReport>,
    /// Groups of services that every client meets alike.
    pub service_groups: Vec<GroupReport>,
    /// One cell for each pair of groups that is shown.
    pub cells: Vec<CellReport>,
    /// Pairs unlike their groups: something that asks for an address of its own.
    pub exceptions: Vec<PairReport>,
    /// Single pairs, if they were asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub flows: Vec<PairReport>,
    /// Numbers of groups of clients and of services, if they are too many to be shown.
    #[serde(skip)]
    pub crowd: Option<(usize, usize)>,
}

/// A group.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct GroupReport {
    /// Number of members.
    pub count: usize,
    /// What they have in common, in words.
    pub label: String,
    /// Kind, if shared.
    pub kind: Option<String>,
    /// Network, if shared.
    pub network: Option<String>,
    /// Subnet, if shared.
    pub subnet: Option<String>,
    /// Tags that all carry.
    pub tags: BTreeMap<String, String>,
    /// All members.
    pub members: Vec<String>,
}

/// The answer for two groups.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct CellReport {
    /// Index of the group of clients.
    pub clients: usize,
    /// Index of the group of services.
    pub services: usize,
    /// Number of pairs.
    pub pairs: u64,
    /// The verdict.
    pub verdict: &'static str,
    /// How it gets through.
    pub via: Option<&'static str>,
    /// What decides against it.
    pub reason: Option<&'static str>,
    /// Whether the step engine decided.
    pub delegated: bool,
    /// A flow that `privreach trace` explains.
    pub witness: Flow,
}

/// A flow that can be traced.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Flow {
    /// Client.
    pub from: String,
    /// Target.
    pub to: String,
    /// Port.
    pub port: u16,
    /// Transport.
    pub protocol: String,
}

/// The answer for one pair.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PairReport {
    /// The flow.
    #[serde(flatten)]
    pub flow: Flow,
    /// The verdict.
    pub verdict: &'static str,
    /// How it gets through.
    pub via: Option<&'static str>,
    /// What decides against it.
    pub reason: Option<&'static str>,
}

/// What of a matrix is shown.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// Only these verdicts; all if empty.
    pub only: Vec<Verdict>,
    /// Single pairs too.
    pub expand: bool,
    /// No groups at all if there are more cells.
    pub most: Option<usize>,
}

fn parts(outcome: Option<Outcome>) -> (&'static str, Option<&'static str>, Option<&'static str>) {
    let verdict = outcome.map_or(Verdict::Unknown, |o| o.verdict);
    let via = outcome.and_then(|o| o.via);
    (verdict.as_str(), via.map(Word::as_str), outcome.and_then(|o| o.reason).map(Word::as_str))
}

fn flow(matrix: &Matrix<'_>, client: usize, service: usize) -> Option<Flow> {
    let question = matrix.question(client, service)?;
    Some(Flow { from: question.from, to: question.to, port: question.port, protocol: question.transport.to_string() })
}

fn pair(matrix: &Matrix<'_>, client: usize, service: usize, cell: Cell) -> Option<PairReport> {
    let (verdict, via, reason) = parts(cell.outcome());
    Some(PairReport { flow: flow(matrix, client, service)?, verdict, via, reason })
}

fn group(members: Vec<String>, common: Common) -> GroupReport {
    let label = common.to_string();
    let Common { count, kind, network, subnet, tags, .. } = common;
    GroupReport { count, label, kind, network, subnet, tags, members }
}

impl MatrixReport {
    /// Totals alone.
    #[must_use]
    pub fn counted(scenario: &str, count: &Count) -> Self {
        Self {
            scenario: scenario.to_owned(),
            clients: count.clients,
            services: count.services,
            pairs: count.totals.pairs(),
            totals: count.totals.iter().map(|(v, n)| (v.as_str(), n)).collect(),
            delegated: count.delegated,
            client_groups: Vec::new(),
            service_groups: Vec::new(),
            cells: Vec::new(),
            exceptions: Vec::new(),
            flows: Vec::new(),
            crowd: None,
        }
    }

    /// A matrix with what is shown of it.
    #[must_use]
    pub fn new(scenario: &str, matrix: &Matrix<'_>, labels: &Labels, shown: &Shown) -> Self {
        let plane = matrix.plane();
        let sizes = (matrix.groups.clients.len(), matrix.groups.services.len());
        if shown.most.is_some_and(|most| sizes.0.saturating_mul(sizes.1) > most) {
            let (clients, services) = (matrix.clients.len(), matrix.services.len());
            let count = Count { clients, services, totals: matrix.totals.clone(), delegated: matrix.delegated };
            return Self { crowd: Some(sizes), ..Self::counted(scenario, &count) };
        }
        let wanted = |outcome: Option<Outcome>| {
            shown.only.is_empty() || shown.only.contains(&outcome.map_or(Verdict::Unknown, |o| o.verdict))
        };
        let client_groups = matrix.groups.clients.iter().map(|g| {
            let all: Vec<_> = g.members.iter().filter_map(|m| matrix.clients.get(*m)).collect();
            let traits: Vec<_> = all.iter().map(|c| Traits::of_client(plane, c, labels)).collect();
            let names: Vec<String> = all.iter().map(|c| c.name.clone()).collect();
            group(names.clone(), Common::of(traits.iter().zip(names)))
        });
        let service_groups = matrix.groups.services.iter().map(|g| {
            let all: Vec<_> = g.members.iter().filter_map(|m| matrix.services.get(*m)).collect();
            let traits: Vec<_> = all.iter().map(|s| Traits::of_service(plane, s, labels)).collect();
            let names: Vec<String> = all.iter().map(|s| s.to_string()).collect();
            group(names.clone(), Common::of(traits.iter().zip(names)))
        });
        let (client_groups, service_groups): (Vec<_>, Vec<_>) = (client_groups.collect(), service_groups.collect());
        let mut cells = Vec::new();
        for (row, clients) in client_groups.iter().enumerate() {
            for (column, services) in service_groups.iter().enumerate() {
                let outcome = matrix.groups.cell(row, column).outcome();
                let witness = matrix.witness(row, column).and_then(|(c, s)| flow(matrix, c, s));
                let Some(witness) = witness.filter(|_| wanted(outcome)) else { continue };
                let (verdict, via, reason) = parts(outcome);
                cells.push(CellReport {
                    clients: row,
                    services: column,
                    pairs: clients.count as u64 * services.count as u64,
                    verdict,
                    via,
                    reason,
                    delegated: matrix.groups.was_delegated(row, column),
                    witness,
                });
            }
        }
        let exceptions = matrix.exceptions.iter().filter(|(.., cell)| wanted(cell.outcome()));
        let flows = if shown.expand { Self::flows(matrix, wanted) } else { Vec::new() };
        Self {
            scenario: scenario.to_owned(),
            clients: matrix.clients.len(),
            services: matrix.services.len(),
            pairs: matrix.totals.pairs(),
            totals: matrix.totals.iter().map(|(v, n)| (v.as_str(), n)).collect(),
            delegated: matrix.delegated,
            exceptions: exceptions.filter_map(|(c, s, cell)| pair(matrix, *c, *s, *cell)).collect(),
            client_groups,
            service_groups,
            cells,
            flows,
            crowd: None,
        }
    }

    fn flows(matrix: &Matrix<'_>, wanted: impl Fn(Option<Outcome>) -> bool) -> Vec<PairReport> {
        let mut found = Vec::new();
        for client in 0..matrix.clients.len() {
            for service in 0..matrix.services.len() {
                let cell = matrix.answer(client, service);
                if wanted(cell.outcome()) {
                    found.extend(pair(matrix, client, service, cell));
                }
            }
        }
        found
    }
}

fn why(via: Option<&'static str>, reason: Option<&'static str>) -> &'static str {
    via.or(reason).unwrap_or("")
}

/// The matrix as text: totals, then each group of clients with what it meets, by outcome.
#[must_use]
pub fn text(report: &MatrixReport, style: Style) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{}\n{} × {}, {}\n",
        super::text::wrapped(&report.scenario, 0, 2, style.width),
        super::text::counted(report.clients, "client"),
        super::text::counted(report.services, "service"),
        super::text::counted(usize::try_from(report.pairs).unwrap_or(usize::MAX), "pair")
    );
    for verdict in Verdict::ALL {
        if let Some(count) = report.totals.get(verdict.as_str()) {
            let name = super::text::painted(style, verdict.as_str(), 12);
            let _ = writeln!(out, "  {name} {count:>12}");
        }
    }
    if report.delegated > 0 {
        let _ = writeln!(out, "\n  {} pairs were left to the step engine", report.delegated);
    }
    if let Some((clients, services)) = report.crowd {
        let why = format!("{clients} groups of clients × {services} groups of services are too many for a page:");
        let ask = "select some with --from, --to or --only, or write all with --format csv or json";
        let _ = writeln!(out, "\n{}", super::text::wrapped(&format!("{why} {ask}"), 0, 2, style.width));
    }
    if report.flows.is_empty() {
        for (number, clients) in report.client_groups.iter().enumerate() {
            let cells: Vec<_> = report.cells.iter().filter(|c| c.clients == number).collect();
            if !cells.is_empty() {
                let _ = writeln!(out);
                let _ = writeln!(out, "{}", super::text::wrapped(&clients.label, 0, 2, style.width));
                out.push_str(&row(report, &cells, style));
            }
        }
    }
    let pairs = report.flows.iter().chain(report.exceptions.iter().filter(|_| report.flows.is_empty()));
    let mut pairs = pairs.peekable();
    if pairs.peek().is_some() {
        let title = if report.flows.is_empty() { "asking for an address of its own" } else { "pairs" };
        let _ = writeln!(out, "\n{title}");
    }
    for p in pairs {
        let name = super::text::painted(style, p.verdict, 11);
        let line = format!("{} → {} {}", p.flow.from, p.flow.to, super::text::on_port(&p.flow.protocol, p.flow.port));
        let line = super::text::wrapped(&line, 39, 16, style.width);
        let _ = writeln!(out, "  {name} {:<24} {line}", why(p.via, p.reason));
    }
    out
}

/// What one group of clients meets, by outcome.
fn row(report: &MatrixReport, cells: &[&CellReport], style: Style) -> String {
    let mut kinds: BTreeMap<(usize, &str), Vec<&CellReport>> = BTreeMap::new();
    for cell in cells {
        let order = Verdict::WORDS.iter().position(|w| *w == cell.verdict).unwrap_or(usize::MAX);
        kinds.entry((order, why(cell.via, cell.reason))).or_default().push(cell);
    }
    let mut out = String::new();
    for ((_, why), cells) in kinds {
        let Some(first) = cells.first() else { continue };
        let groups: Vec<_> = cells.iter().filter_map(|c| report.service_groups.get(c.services)).collect();
        let count: usize = groups.iter().map(|g| g.count).sum();
        let names: Vec<&str> = groups.iter().flat_map(|g| &g.members).map(String::as_str).collect();
        let shown = if style.verbosity > 0 { names.len() } else { 4 };
        let mut list = names.iter().take(shown).copied().collect::<Vec<_>>().join(", ");
        if count > shown {
            let _ = write!(list, " and {} more", count - shown);
        }
        let name = super::text::painted(style, first.verdict, 11);
        let _ = writeln!(out, "  {name} {why}");
        let _ = writeln!(out, "    {}", super::text::wrapped(&list, 4, 4, style.width));
        if style.verbosity >= 0 {
            let w = &first.witness;
            let line = format!("e.g. --from {} --to {}", w.from, super::text::target((&w.to, &w.protocol, w.port)));
            let _ = writeln!(out, "    {}", super::text::wrapped(&line, 4, 9, style.width));
        }
    }
    out
}

/// A field of CSV: quoted where it must be, without control characters, and never a formula for a spreadsheet.
fn field(text: &str) -> String {
    let text = printable(text);
    let formula = text.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    let safe = if formula { format!("'{text}") } else { text };
    if safe.contains(['"', ',']) { format!("\"{}\"", safe.replace('"', "\"\"")) } else { safe }
}

fn line(fields: &[&str]) -> String {
    let mut text = fields.iter().map(|f| field(f)).collect::<Vec<_>>().join(",");
    text.push('\n');
    text
}

/// The matrix as CSV: one line for each pair of groups, or for each pair. The header is optional, so that the output of
/// shards can be put together.
#[must_use]
pub fn csv(report: &MatrixReport, expand: bool, header: bool) -> String {
    let mut out = String::new();
    if expand {
        if header {
            out.push_str(&line(&["from", "to", "port", "protocol", "verdict", "via", "reason"]));
        }
        for p in &report.flows {
            let Flow { from, to, port, protocol } = &p.flow;
            let (via, reason) = (p.via.unwrap_or(""), p.reason.unwrap_or(""));
            out.push_str(&line(&[from, to, &port.to_string(), protocol, p.verdict, via, reason]));
        }
        return out;
    }
    if header {
        out.push_str(&line(&[
            "clients",
            "client_count",
            "services",
            "service_count",
            "pairs",
            "verdict",
            "via",
            "reason",
            "delegated",
            "from",
            "to",
            "port",
            "protocol",
        ]));
    }
    for cell in &report.cells {
        let groups = report.client_groups.get(cell.clients).zip(report.service_groups.get(cell.services));
        let Some((clients, services)) = groups else { continue };
        let w = &cell.witness;
        out.push_str(&line(&[
            &clients.label,
            &clients.count.to_string(),
            &services.label,
            &services.count.to_string(),
            &cell.pairs.to_string(),
            cell.verdict,
            cell.via.unwrap_or(""),
            cell.reason.unwrap_or(""),
            if cell.delegated { "true" } else { "false" },
            &w.from,
            &w.to,
            &w.port.to_string(),
            &w.protocol,
        ]));
    }
    // A pair unlike its groups is counted there, and told apart here.
    for p in &report.exceptions {
        let Flow { from, to, port, protocol } = &p.flow;
        let (via, reason) = (p.via.unwrap_or(""), p.reason.unwrap_or(""));
        let port = port.to_string();
        out.push_str(&line(&[from, "1", to, "1", "0", p.verdict, via, reason, "false", from, to, &port, protocol]));
    }
    out
}

/// Totals as CSV.
#[must_use]
pub fn totals_csv(report: &MatrixReport) -> String {
    let mut out = line(&["verdict", "pairs"]);
    for verdict in Verdict::ALL {
        if let Some(count) = report.totals.get(verdict.as_str()) {
            out.push_str(&line(&[verdict.as_str(), &count.to_string()]));
        }
    }
    out
}

/// The matrix as Markdown: totals, then a table of cells or pairs.
#[must_use]
pub fn markdown(report: &MatrixReport) -> String {
    let cell = |text: &str| printable(text).replace('\\', "\\\\").replace('|', "\\|").replace('<', "&lt;");
    let mut out = format!(
        "# {}\n\n{} clients × {} services, {} pairs\n\n| verdict | pairs |\n|---|---:|\n",
        cell(&report.scenario),
        report.clients,
        report.services,
        report.pairs
    );
    for verdict in Verdict::ALL {
        if let Some(count) = report.totals.get(verdict.as_str()) {
            let _ = writeln!(out, "| {verdict} | {count} |");
        }
    }
    if report.delegated > 0 {
        let _ = writeln!(out, "\n{} pairs were left to the step engine.", report.delegated);
    }
    if report.cells.is_empty() && report.flows.is_empty() && report.exceptions.is_empty() {
        return out;
    }
    out.push_str(
        "\n| clients | services | verdict | path or reason | pairs | for example |\n|---|---|---|---|---:|---|\n",
    );
    for c in &report.cells {
        let groups = report.client_groups.get(c.clients).zip(report.service_groups.get(c.services));
        let Some((clients, services)) = groups else { continue };
        let w = &c.witness;
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} → {}:{} |",
            cell(&clients.label),
            cell(&services.label),
            c.verdict,
            why(c.via, c.reason),
            c.pairs,
            cell(&w.from),
            cell(&w.to),
            w.port
        );
    }
    for p in report.flows.iter().chain(&report.exceptions) {
        let Flow { from, to, port, .. } = &p.flow;
        let reason = why(p.via, p.reason);
        let _ = writeln!(out, "| {} | {}:{port} | {} | {reason} | 1 | |", cell(from), cell(to), p.verdict);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_csv_are_no_formulas() {
        assert_eq!(field("=1+1"), "'=1+1");
        assert_eq!(field("@a,b"), "\"'@a,b\"");
        assert_eq!(field("say \"hi\""), "\"say \"\"hi\"\"\"");
        assert_eq!(field("plain-name"), "plain-name");
        assert_eq!(field(" =1+1"), "' =1+1");
        assert_eq!(field("a\u{1b}[31m\u{202e}b\nc"), "a\u{fffd}[31m\u{fffd}b\u{fffd}c");
    }
}
