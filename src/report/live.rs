//! What real servers answered, beside the design.

use super::{
    Place,
    format::printable,
    text::{BOLD, DIM, GREEN, RED, Style, YELLOW, counted, wrapped},
};
use crate::{
    diag::SourceMap,
    live::{Drift, Finding, Said, advice},
    lookup::Answer,
    net::{is_public, is_undeclared_public, shown},
    verdict::Word,
};
use schemars::JsonSchema;
use serde::Serialize;
use std::{fmt::Write, net::IpAddr};

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
    /// The server's: addresses, `NODATA`, `NXDOMAIN`, `REFUSED`, `TRUNCATED`, a failure, why it is out of reach; empty where
    /// it was not asked or not heard.
    pub found: Vec<String>,
    /// Addresses of the design that the server did not answer; none where it answered no address.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// Addresses that the server answered and the design does not have.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unexpected: Vec<String>,
    /// Alias chain of the design.
    pub chain: Vec<String>,
    /// Names that the server gave as aliases, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// What the server says of its answer, by extended DNS errors (RFC 8914).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
    /// The line that decides the design's answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    #[serde(skip)]
    kind: Drift,
    #[serde(skip)]
    said: String,
}

/// Addresses as they are shown, each once.
fn addresses<'a>(list: impl IntoIterator<Item = &'a IpAddr>) -> Vec<String> {
    let mut list: Vec<String> = list.into_iter().map(|a| shown(*a)).collect();
    list.dedup();
    list
}

/// What a list shows at most; the rest is counted.
const SHOWN: usize = 8;

fn listed(list: &[String]) -> String {
    match list {
        [] => "no answer".to_owned(),
        list if list.len() <= SHOWN + 1 => list.join(", "),
        list => {
            let head: Vec<&str> = list.iter().take(SHOWN).map(String::as_str).collect();
            format!("{} and {} more", head.join(", "), list.len() - SHOWN)
        }
    }
}

impl NameReport {
    fn new(sources: &SourceMap, finding: &Finding) -> Self {
        let said = finding.reply.as_ref().map(|r| &r.said);
        let (mut missing, mut unexpected) = (Vec::new(), Vec::new());
        if let (Answer::Addresses(design), Some(Said::Addresses(found))) = (&finding.expected.answer, said) {
            let undeclared = design.iter().any(|a| is_undeclared_public(*a));
            let as_designed = |a: &IpAddr| design.contains(a) || undeclared && is_public(*a);
            missing = addresses(design.iter().filter(|a| !is_undeclared_public(**a) && !found.contains(a)));
            unexpected = addresses(found.iter().filter(|a| !as_designed(a)));
        }
        let expected = match &finding.expected.answer {
            Answer::Addresses(list) => addresses(list),
            Answer::NxDomain => vec!["NXDOMAIN".to_owned()],
            Answer::None(reason) => vec![reason.to_string()],
        };
        let found = match said {
            Some(Said::Addresses(list)) => addresses(list),
            Some(Said::NoData) => vec!["NODATA".to_owned()],
            Some(Said::NxDomain) => vec!["NXDOMAIN".to_owned()],
            Some(Said::Refused) => vec!["REFUSED".to_owned()],
            Some(Said::Cut(_)) => vec!["TRUNCATED".to_owned()],
            Some(Said::Failure(why) | Said::Unreachable(why)) => vec![why.clone()],
            Some(Said::Silent) | None => Vec::new(),
        };
        let mut text = match said {
            Some(Said::Cut(None)) => "answers truncated, and was not asked by TCP".to_owned(),
            Some(Said::Cut(Some(why))) => format!("answers truncated, and gives nothing by TCP: {why}"),
            Some(Said::Unreachable(why)) => format!("out of reach: {why}"),
            _ => listed(&found),
        };
        let aliases = finding.reply.as_ref().map(|r| r.aliases.clone()).unwrap_or_default();
        if !aliases.is_empty() {
            let _ = write!(text, ", by alias {}", aliases.join(" → "));
        }
        Self {
            name: finding.expected.name.to_string(),
            drift: finding.drift.as_str(),
            expected,
            found,
            missing,
            unexpected,
            chain: finding.expected.chain.iter().map(ToString::to_string).collect(),
            aliases,
            remarks: finding.reply.as_ref().map(|r| r.remarks.clone()).unwrap_or_default(),
            fix: advice(finding),
            place: Place::of(sources, finding.expected.span),
            kind: finding.drift,
            said: text,
        }
    }

    /// Both answers; of long lists only what differs.
    fn both(&self) -> String {
        if matches!(self.kind, Drift::Agrees | Drift::Undeclared) {
            return format!("design {}", listed(&self.expected));
        }
        let differs = !self.missing.is_empty() || !self.unexpected.is_empty();
        if !differs || self.expected.len() <= SHOWN && self.found.len() <= SHOWN {
            return format!("design {}; server {}", listed(&self.expected), self.said);
        }
        let (design, server) = (counted_addresses(&self.expected), counted_addresses(&self.found));
        let mut text = format!("design {design}; server {server}");
        for (what, list) in [("does not answer", &self.missing), ("answers besides", &self.unexpected)] {
            if !list.is_empty() {
                let _ = write!(text, "; it {what} {}", listed(list));
            }
        }
        text
    }
}

fn counted_addresses(list: &[String]) -> String {
    match list {
        [one] => one.clone(),
        list => format!("{} addresses", list.len()),
    }
}

impl ServerReport {
    /// A server's findings for reports.
    #[must_use]
    pub fn new(sources: &SourceMap, server: &str, findings: &[Finding]) -> Self {
        let count = |f: fn(Drift) -> bool| findings.iter().filter(|x| f(x.drift)).count();
        Self {
            server: server.to_owned(),
            agrees: count(|d| d == Drift::Agrees),
            drifted: count(Drift::is_drift),
            undecided: count(Drift::is_undecided),
            names: findings.iter().map(|finding| NameReport::new(sources, finding)).collect(),
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

/// All servers, for people: what drifted with both answers and what to do, what agrees in verbose text only.
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
            let _ = writeln!(out, "      {}", wrapped(&name.both(), 6, 8, style.width));
            if name.kind == Drift::Agrees {
                continue;
            }
            for remark in &name.remarks {
                let _ = writeln!(out, "      {}", wrapped(&format!("it says: {remark}"), 6, 8, style.width));
            }
            if let Some(place) = &name.place {
                let _ = writeln!(out, "      {}", style.paint(DIM, &place.to_string()));
            }
        }
        if style.verbosity >= 0 {
            to_do(&mut out, server, style);
        }
        let agrees = if server.agrees == 0 { "none".to_owned() } else { server.agrees.to_string() };
        let mut line = format!("  {}: {agrees} as designed", counted(server.names.len(), "name"));
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

/// What to do, each thing once, and where more is said.
fn to_do(out: &mut String, server: &ServerReport, style: Style) {
    let mut fixes: Vec<(&str, usize)> = Vec::new();
    let mut kinds: Vec<&str> = Vec::new();
    for name in &server.names {
        let Some(fix) = &name.fix else { continue };
        match fixes.iter_mut().find(|(known, _)| known == fix) {
            Some((_, names)) => *names += 1,
            None => fixes.push((fix, 1)),
        }
        if !kinds.contains(&name.drift) {
            kinds.push(name.drift);
        }
    }
    for (i, (fix, names)) in fixes.iter().enumerate() {
        let lead = if i == 0 { "to do" } else { "" };
        let of = if *names > 1 { format!(" ({names} names)") } else { String::new() };
        let _ = writeln!(out, "  {lead:<8} {}", wrapped(&format!("{fix}{of}"), 11, 13, style.width));
    }
    if let Some(first) = kinds.first() {
        let others = if kinds.len() > 1 { " and the like say" } else { " says" };
        let more = format!("`privreach explain {first}`{others} what it means");
        let _ = writeln!(out, "  {:<8} {}", "", wrapped(&more, 11, 13, style.width));
    }
}
