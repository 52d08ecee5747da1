//! What real servers answered, beside the design.

use super::{
    Place,
    format::printable,
    text::{BOLD, DIM, GREEN, RED, Style, YELLOW, wrapped},
};
use crate::{
    diag::SourceMap,
    live::{Drift, Finding, Reply},
    lookup::Answer,
    net::shown,
    verdict::Word,
};
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::Write;

/// All servers that were asked.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct LiveReport {
    /// Client.
    pub from: String,
    /// Servers in the order they were given.
    pub servers: Vec<ServerReport>,
}

/// One server.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ServerReport {
    /// Address and port.
    pub server: String,
    /// Number of names answered as designed.
    pub agrees: usize,
    /// Number that drifted.
    pub drifted: usize,
    /// Number that cannot be said.
    pub undecided: usize,
    /// Names in order.
    pub names: Vec<NameReport>,
}

/// One name.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct NameReport {
    /// Name.
    pub name: String,
    /// How the two compare.
    pub drift: &'static str,
    /// The design's answer: addresses, `public address`, `NXDOMAIN`, or a reason code.
    pub expected: Vec<String>,
    /// The server's: addresses, `NODATA`, `NXDOMAIN`, `REFUSED`, a failure; empty where it was not asked or not heard.
    pub found: Vec<String>,
    /// Alias chain of the design.
    pub chain: Vec<String>,
    /// The line that decides the design's answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    #[serde(skip)]
    kind: Drift,
}

impl ServerReport {
    /// A server's findings for reports.
    #[must_use]
    pub fn new(sources: &SourceMap, server: &str, findings: &[Finding]) -> Self {
        let count = |f: fn(Drift) -> bool| findings.iter().filter(|x| f(x.drift)).count();
        let names = findings.iter().map(|finding| NameReport {
            name: finding.expected.name.to_string(),
            drift: finding.drift.as_str(),
            expected: match &finding.expected.answer {
                Answer::Addresses(list) => {
                    let mut list: Vec<String> = list.iter().map(|a| shown(*a)).collect();
                    list.dedup();
                    list
                }
                Answer::NxDomain => vec!["NXDOMAIN".to_owned()],
                Answer::None(reason) => vec![reason.to_string()],
            },
            found: match &finding.reply {
                Some(Reply::Addresses(list)) => list.iter().map(|a| shown(*a)).collect(),
                Some(Reply::NoData) => vec!["NODATA".to_owned()],
                Some(Reply::NxDomain) => vec!["NXDOMAIN".to_owned()],
                Some(Reply::Refused) => vec!["REFUSED".to_owned()],
                Some(Reply::Failure(why) | Reply::Unreachable(why)) => vec![why.clone()],
                Some(Reply::Cut | Reply::Silent) | None => Vec::new(),
            },
            chain: finding.expected.chain.iter().map(ToString::to_string).collect(),
            place: Place::of(sources, finding.expected.span),
            kind: finding.drift,
        });
        Self {
            server: server.to_owned(),
            agrees: count(|d| d == Drift::Agrees),
            drifted: count(Drift::is_drift),
            undecided: count(Drift::is_undecided),
            names: names.collect(),
        }
    }
}

impl LiveReport {
    /// Whether any server drifted.
    #[must_use]
    pub fn has_drift(&self) -> bool {
        self.servers.iter().any(|s| s.drifted > 0)
    }

    /// Whether every server answers every name as designed.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.servers.iter().all(|s| s.drifted == 0 && s.undecided == 0)
    }
}

/// All servers, for people: what drifted with both answers, what agrees in verbose text only.
#[must_use]
pub fn live(report: &LiveReport, style: Style) -> String {
    let mut out = String::new();
    for server in &report.servers {
        let _ = writeln!(out, "{}", style.paint(BOLD, &format!("{} as {}", server.server, printable(&report.from))));
        for name in &server.names {
            let (mark, colour) = match name.kind {
                Drift::Agrees => ("✓", GREEN),
                kind if kind.is_drift() => ("✗", RED),
                _ => ("!", YELLOW),
            };
            if style.verbosity < 0 || name.kind == Drift::Agrees && style.verbosity < 1 {
                continue;
            }
            let _ = writeln!(out, "  {} {:<18} {}", style.paint(colour, mark), name.drift, printable(&name.name));
            let list = |list: &[String]| if list.is_empty() { "no answer".to_owned() } else { list.join(", ") };
            let mut text = format!("design {}", list(&name.expected));
            if name.kind != Drift::Agrees && name.kind != Drift::Undeclared {
                let _ = write!(text, "; server {}", list(&name.found));
            }
            let _ = writeln!(out, "      {}", wrapped(&text, 6, 8, style.width));
            if let Some(place) = name.place.as_ref().filter(|_| name.kind != Drift::Agrees) {
                let _ = writeln!(out, "      {}", style.paint(DIM, &place.to_string()));
            }
        }
        let mut line = format!("  {} names: {} as designed", server.names.len(), server.agrees);
        if server.drifted > 0 {
            let _ = write!(line, ", {} drifted", server.drifted);
        }
        if server.undecided > 0 {
            let _ = write!(line, ", {} undecided", server.undecided);
        }
        let colour = match (server.drifted, server.undecided) {
            (0, 0) => GREEN,
            (0, _) => YELLOW,
            _ => RED,
        };
        let _ = writeln!(out, "{}", style.paint(colour, &line));
    }
    out
}
