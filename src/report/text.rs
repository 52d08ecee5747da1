//! Text for people, on a terminal that may be 80 columns wide.

use super::format::printable;
use super::{CheckReport, PairsReport, ResolveReport, StepReport, TraceReport};
use std::fmt::Write;

/// A transport with its port: `tcp/443`. ICMP has none.
pub(super) fn on_port(protocol: &str, port: u16) -> String {
    if protocol == "icmp" { protocol.to_owned() } else { format!("{protocol}/{port}") }
}

/// What follows `--to` of `privreach trace` to ask for a target on a transport and port.
pub(super) fn target((to, protocol, port): (&str, &str, u16)) -> String {
    match protocol {
        "tcp" => format!("{to}:{port}"),
        "icmp" => format!("{to} --protocol icmp"),
        other => format!("{to}:{port} --protocol {other}"),
    }
}

/// How text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// With ANSI colours.
    pub colour: bool,
    /// -1 for quiet, 0, or more for verbose.
    pub verbosity: i8,
    /// Columns to wrap at.
    pub width: usize,
}

pub(super) const RED: &str = "31";
pub(super) const GREEN: &str = "32";
pub(super) const YELLOW: &str = "33";
pub(super) const BOLD: &str = "1";
pub(super) const DIM: &str = "2";

impl Style {
    pub(super) fn paint(self, code: &str, text: &str) -> String {
        if self.colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// A verdict, coloured and padded to a width.
pub(super) fn painted(style: Style, verdict: &str, width: usize) -> String {
    style.paint(verdict_colour(verdict), &format!("{verdict:<width$}"))
}

fn verdict_colour(verdict: &str) -> &'static str {
    match verdict {
        "private" => GREEN,
        "blocked" => RED,
        _ => YELLOW,
    }
}

/// A number of things: `1 flow`, `2 flows`.
pub(super) fn counted(number: usize, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

/// Words of a text, wrapped with a hanging indent; a word that is longer than a line is cut, after a dot or a slash where
/// it has one.
#[must_use]
pub fn wrapped(text: &str, first: usize, indent: usize, width: usize) -> String {
    let mut out = String::new();
    let mut column = first;
    let room = width.saturating_sub(indent).max(8);
    for (i, word) in printable(text).split(' ').enumerate() {
        let length = word.chars().count();
        if i > 0 && column + 1 + length > width && column > indent {
            let _ = write!(out, "\n{:indent$}", "");
            column = indent;
        } else if i > 0 {
            out.push(' ');
            column += 1;
        }
        let mut rest = word;
        while rest.chars().count() > room {
            let at = cut(rest, width.saturating_sub(column).clamp(1, room));
            let (head, tail) = rest.split_at(at);
            let _ = write!(out, "{head}\n{:indent$}", "");
            (rest, column) = (tail, indent);
        }
        out.push_str(rest);
        column += rest.chars().count();
    }
    out
}

/// Where to cut a long word so that some characters are left at most: behind a mark that joins its parts, if there is one.
fn cut(word: &str, most: usize) -> usize {
    let end = word.char_indices().nth(most).map_or(word.len(), |(at, _)| at);
    let head = word.get(..end).unwrap_or(word);
    if let Some(at) = head.rfind(['.', '/', ',', '_']).filter(|at| *at > 0) {
        return at + 1;
    }
    // Between the words of a name such as `AllowVnetInBound`.
    let letters = || head.char_indices().zip(word.char_indices().skip(1));
    let joint = letters().filter(|((_, a), (at, b))| a.is_lowercase() && b.is_uppercase() && *at <= end);
    joint.map(|(_, (at, _))| at).last().unwrap_or(end)
}

/// One flow.
#[must_use]
pub fn trace(report: &TraceReport, style: Style) -> String {
    let mut out = String::new();
    let why = match (report.via, report.vias.as_slice()) {
        (Some(via), _) => format!("via {via}"),
        (None, []) => report.reasons.join(", "),
        (None, several) => format!("via {}", several.join(" or ")),
    };
    let name = report.name.as_deref().unwrap_or(&report.to);
    let head = style.paint(&format!("{BOLD};{}", verdict_colour(report.verdict)), report.verdict);
    let line = format!("{} → {name}  {}", report.from, on_port(&report.protocol, report.port));
    let first = report.verdict.chars().count() + 2;
    let _ = writeln!(out, "{head}  {}", wrapped(&line, first, 4, style.width));
    if !why.is_empty() {
        let _ = writeln!(out, "  {}", style.paint(BOLD, &wrapped(&why, 2, 4, style.width)));
    }
    if style.verbosity < 0 {
        return out;
    }
    out.push('\n');
    steps(&mut out, &report.steps, 2, style);
    for (address, list) in &report.alternatives {
        let _ = writeln!(out, "\n  at {}:", printable(address));
        steps(&mut out, list, 4, style);
    }
    if !report.fixes.is_empty() {
        out.push('\n');
        for (i, fix) in report.fixes.iter().enumerate() {
            let label = if i == 0 { "to fix" } else { "and" };
            let _ = writeln!(
                out,
                "  {}    {}",
                style.paint(BOLD, &format!("{label:<7}")),
                wrapped(fix, 13, 13, style.width)
            );
        }
    }
    out
}

fn steps(out: &mut String, list: &[StepReport], indent: usize, style: Style) {
    for step in list {
        let (mark, colour) = match step.outcome {
            "block" => ("✗", RED),
            "unsupported" | "unknown" => ("!", YELLOW),
            "admit" => ("✓", GREEN),
            "assume" => ("~", DIM),
            _ => ("·", DIM),
        };
        let lead = indent + 2 + 9;
        let code = step.reason.map_or(String::new(), |r| format!("{r}: "));
        let body = wrapped(&format!("{code}{}", step.text), lead, lead, style.width);
        let _ = writeln!(out, "{:indent$}{} {:<9}{body}", "", style.paint(colour, mark), step.stage);
        let mut source = step.place.as_ref().map_or(String::new(), ToString::to_string);
        if !step.rules.is_empty() {
            let _ = write!(source, "{}{}", if source.is_empty() { "" } else { "  " }, step.rules.join(" "));
        }
        if !source.is_empty() && (style.verbosity > 0 || step.outcome != "pass" || step.place.is_some()) {
            let _ = writeln!(out, "{:lead$}{}", "", style.paint(DIM, &wrapped(&source, lead, lead, style.width)));
        }
        let stopped = matches!(step.outcome, "block" | "unsupported" | "unknown");
        if !step.inner.is_empty() && (stopped || style.verbosity > 0) {
            steps(out, &step.inner, indent + 4, style);
        }
    }
}

/// A resolution.
#[must_use]
pub fn resolve(report: &ResolveReport, style: Style) -> String {
    let mut out = String::new();
    let answer = report.answer.join(", ");
    let line = wrapped(&format!("{} asks for {}: {answer}", report.from, report.name), 0, 4, style.width);
    let line = line.strip_suffix(&answer).map_or(line.clone(), |l| format!("{l}{}", style.paint(BOLD, &answer)));
    let _ = writeln!(out, "{line}");
    if style.verbosity >= 0 {
        out.push('\n');
        steps(&mut out, &report.steps, 2, style);
    }
    out
}

/// All scenarios: one line each, failures explained, a summary.
#[must_use]
pub fn check(report: &CheckReport, style: Style) -> String {
    let mut out = String::new();
    let mut file = "";
    let names = report.scenarios.iter().filter_map(|s| s.variant.as_ref()).map(|v| v.chars().count());
    let column = names.max().unwrap_or(0).clamp(38, style.width.saturating_sub(22).max(38));
    for scenario in &report.scenarios {
        if scenario.file != file && style.verbosity >= 0 {
            file = &scenario.file;
            let _ = writeln!(out, "{}", style.paint(BOLD, &printable(file)));
        }
        let total = scenario.held + scenario.failed + scenario.undecided + scenario.unusable;
        let name = printable(scenario.variant.as_deref().unwrap_or("as designed"));
        let (mark, colour) = if scenario.holds() { ("✓", GREEN) } else { ("✗", RED) };
        if style.verbosity >= 0 || !scenario.holds() {
            let place = if style.verbosity < 0 { format!("{}: ", printable(&scenario.file)) } else { String::new() };
            let mark = style.paint(colour, mark);
            let unusable =
                if scenario.unusable > 0 { format!(", {} cannot be asked", scenario.unusable) } else { String::new() };
            let _ = writeln!(out, "  {mark} {place}{name:<column$} {} of {total} hold{unusable}", scenario.held);
        }
        for missing in &scenario.missing_refusals {
            let _ = writeln!(out, "      expected {}, which did not occur", printable(&missing.code));
        }
        for checked in &scenario.expectations {
            if checked.outcome == "held" && style.verbosity < 1 {
                continue;
            }
            let place = checked.place.as_ref().map_or(String::new(), ToString::to_string);
            let line = format!("{} {}: {} → {}", checked.outcome, checked.id, checked.from, checked.to);
            let _ = writeln!(out, "      {}", wrapped(&line, 6, 10, style.width));
            for difference in &checked.differences {
                let _ = writeln!(out, "        {}", wrapped(difference, 8, 10, style.width));
            }
            if let Some(pairs) = &checked.pairs {
                counterexamples(&mut out, pairs, style);
            }
            if checked.outcome != "held" {
                let _ = writeln!(out, "        {}", style.paint(DIM, &printable(&place)));
                let decides = |s: &&StepReport| matches!(s.outcome, "block" | "unsupported" | "unknown" | "admit");
                let stopped: Vec<_> = checked.flow.iter().flat_map(|f| &f.steps).filter(decides).cloned().collect();
                steps(&mut out, &stopped, 8, style);
                for (address, list) in checked.flow.iter().flat_map(|f| &f.alternatives) {
                    let stopped: Vec<_> = list.iter().filter(decides).cloned().collect();
                    if !stopped.is_empty() {
                        let _ = writeln!(out, "        at {}:", printable(address));
                        steps(&mut out, &stopped, 10, style);
                    }
                }
            }
        }
    }
    let good = report.scenarios.iter().all(super::ScenarioReport::holds);
    let _ = writeln!(out, "\n{}", style.paint(if good { GREEN } else { RED }, &report.summary()));
    out
}

/// Groups of counterexamples that text shows; the others with -v, and in every other format.
const SHOWN: usize = 10;

/// What the flows of an expectation of many came to, and the groups that differ.
fn counterexamples(out: &mut String, pairs: &PairsReport, style: Style) {
    if style.verbosity > 0 {
        let verdicts: Vec<_> = pairs.verdicts.iter().map(|(v, n)| format!("{n} {v}")).collect();
        let mut line = format!("{} clients, {} services, {} flows", pairs.clients, pairs.services, pairs.pairs);
        if !verdicts.is_empty() {
            let _ = write!(line, ": {}", verdicts.join(", "));
        }
        if pairs.delegated > 0 {
            let _ = write!(line, "; {} were left to the step engine", pairs.delegated);
        }
        let _ = writeln!(out, "        {}", wrapped(&line, 8, 10, style.width));
    }
    let shown = if style.verbosity > 0 { usize::MAX } else { SHOWN };
    for group in pairs.counterexamples.iter().take(shown) {
        let (mark, colour) = if group.outcome == "undecided" { ("!", YELLOW) } else { ("✗", RED) };
        let _ = writeln!(out, "        {} {}", style.paint(colour, mark), wrapped(&group.line(), 10, 12, style.width));
        for difference in &group.differences {
            let _ = writeln!(out, "          {}", wrapped(difference, 10, 12, style.width));
        }
        let line = format!("e.g. {}", group.arguments());
        let _ = writeln!(out, "          {}", wrapped(&line, 10, 15, style.width));
    }
    let rest = pairs.counterexamples.len().saturating_sub(shown);
    if rest > 0 {
        let flows: u64 = pairs.counterexamples.iter().skip(shown).map(|c| c.pairs).sum();
        let _ = writeln!(out, "        and {rest} more groups with {flows} flows; -v lists them");
    }
}
