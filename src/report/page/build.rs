//! A page from what the engines found.

use super::{Answer, Axis, Explanation, FindingReport, Map, Page, Steps, Total, runs};
use crate::{
    azure::topology::{Kind, Topology},
    diag::{SourceMap, Span},
    lint::Finding,
    matrix::{Common, Labels, Matrix},
    picture::{Drawing, Options, Overlay, draw, svg},
    report::{Place, TraceReport},
    select::Traits,
    snapshot::Snapshot,
    trace::trace,
    verdict::{Verdict, Word},
};
use std::collections::BTreeMap;

/// Cells whose explanations a page carries; beyond, it says which command explains.
pub const EXPLAINED: usize = 4_000;
/// Names of a group that a page lists.
const NAMED: usize = 200;
/// Lines of source around a finding.
const AROUND: usize = 2;

/// Everything a page is made of.
pub struct Ingredients<'a> {
    /// The scenario.
    pub snapshot: &'a Snapshot,
    /// Its files.
    pub sources: &'a SourceMap,
    /// All pairs.
    pub matrix: &'a Matrix<'a>,
    /// Tags of clients and services.
    pub labels: &'a Labels,
    /// Findings.
    pub findings: &'a [Finding],
}

impl Page {
    /// Puts a page together.
    #[must_use]
    pub fn new(from: &Ingredients<'_>) -> Self {
        let scenario = &from.snapshot.scenario;
        let matrix = from.matrix;
        let mut outcomes: BTreeMap<Answer, usize> = BTreeMap::new();
        let mut cells = Vec::new();
        for row in 0..matrix.groups.clients.len() {
            let numbers = (0..matrix.groups.services.len()).map(|column| {
                // What no engine answered is unknown, never left out.
                let outcome = matrix.groups.cell(row, column).outcome();
                let verdict = outcome.map_or(Verdict::Unknown, |o| o.verdict);
                let why = outcome.and_then(|o| o.via.map(Word::as_str).or(o.reason.map(Word::as_str)));
                let next = outcomes.len();
                *outcomes.entry(Answer { verdict: verdict.as_str(), why }).or_insert(next)
            });
            cells.push(runs(numbers.collect::<Vec<_>>().into_iter()));
        }
        let mut answers: Vec<(usize, Answer)> = outcomes.into_iter().map(|(a, n)| (n, a)).collect();
        answers.sort_unstable_by_key(|(n, _)| *n);
        let mut steps = Steps::default();
        let traces = explanations(from, &mut steps);
        let (maps, initial_map) = maps(from);
        let file = match &scenario.variant {
            Some(variant) => format!("{} --variant {variant}", scenario.file),
            None => scenario.file.clone(),
        };
        Self {
            title: scenario.title(),
            file,
            totals: matrix.totals.iter().map(|(v, count)| Total { verdict: v.as_str(), count }).collect(),
            rows: rows(from),
            columns: columns(from),
            outcomes: answers.into_iter().map(|(_, a)| a).collect(),
            cells,
            steps: steps.into_all(),
            traces,
            findings: from.findings.iter().map(|f| finding(from.sources, f)).collect(),
            initial_map,
            maps,
        }
    }
}

fn rows(from: &Ingredients<'_>) -> Vec<Axis> {
    let (matrix, plane) = (from.matrix, from.matrix.plane());
    let member = |at: &usize| {
        let client = matrix.clients.get(*at)?;
        Some((Traits::of_client(plane, client, from.labels), client.name.clone()))
    };
    let groups = matrix.groups.clients.iter().enumerate();
    groups
        .map(|(row, group)| {
            let witness = matrix.witness(row, 0).and_then(|(c, _)| matrix.clients.get(c)).map(|c| c.name.clone());
            axis(group.members.iter().filter_map(member).collect(), witness)
        })
        .collect()
}

fn columns(from: &Ingredients<'_>) -> Vec<Axis> {
    let (matrix, plane) = (from.matrix, from.matrix.plane());
    let member = |at: &usize| {
        let service = matrix.services.get(*at)?;
        Some((Traits::of_service(plane, service, from.labels), service.to_string()))
    };
    let groups = matrix.groups.services.iter().enumerate();
    groups
        .map(|(column, group)| {
            let witness = matrix.witness(0, column).and_then(|(_, s)| matrix.services.get(s)).map(ToString::to_string);
            axis(group.members.iter().filter_map(member).collect(), witness)
        })
        .collect()
}

fn axis(members: Vec<(Traits, String)>, witness: Option<String>) -> Axis {
    let common = Common::of(members.iter().map(|(t, n)| (t, n.clone())));
    let detail: Vec<_> = [&common.resource_type, &common.kind, &common.subnet, &common.network]
        .into_iter()
        .flatten()
        .cloned()
        .chain(common.tags.iter().map(|(k, v)| format!("{k}={v}")))
        .collect();
    let mut names: Vec<String> = members.iter().take(NAMED).map(|(_, n)| n.clone()).collect();
    // A service is asked for by a name of its own; the map knows it by the resource's.
    let mut inside: Vec<String> = members
        .iter()
        .flat_map(|(t, _)| [Some(t.name.clone()), t.subnet.clone(), t.network.clone()])
        .flatten()
        .collect();
    inside.sort_unstable();
    inside.dedup();
    names.dedup();
    Axis {
        label: common.to_string(),
        detail: detail.join(" "),
        count: members.len(),
        witness: witness.unwrap_or_default(),
        names,
        inside,
    }
}

/// Explanations of the witnesses of the first cells.
fn explanations(from: &Ingredients<'_>, steps: &mut Steps) -> BTreeMap<String, Explanation> {
    let matrix = from.matrix;
    let (rows, columns) = (matrix.groups.clients.len(), matrix.groups.services.len());
    let cells = (0..rows).flat_map(|r| (0..columns).map(move |c| (r, c)));
    cells
        .take(EXPLAINED)
        .filter_map(|(row, column)| {
            let (client, service) = matrix.witness(row, column)?;
            let traced = trace(matrix.plane(), &matrix.question(client, service)?).ok()?;
            Some((format!("{row},{column}"), steps.explanation(TraceReport::new(from.sources, &traced))))
        })
        .collect()
}

/// The estate at three levels of detail, and which of them suits its size.
fn maps(from: &Ingredients<'_>) -> (Vec<Map>, usize) {
    /// A picture of more boxes is not read, only searched.
    const READABLE: usize = 160;
    /// A picture of more boxes is not drawn.
    const MOST: usize = 4_000;
    let topology = Topology::new(&from.snapshot.scenario.estate);
    let levels = [("overview", 1), ("alike in one box", Options::COLLAPSE), ("everything", usize::MAX)];
    let mut maps: Vec<Map> = Vec::new();
    let mut first = 0;
    for (label, collapse) in levels {
        let title = from.snapshot.scenario.title();
        let Ok(drawing) = draw(&topology, &Options { collapse, ..Options::titled(&title) }, &Overlay::default()) else {
            continue;
        };
        if drawing.shapes.len() > MOST && !maps.is_empty() {
            continue;
        }
        if drawing.shapes.len() <= READABLE {
            first = maps.len();
        }
        maps.push(Map { label: label.to_owned(), boxes: boxes(&drawing), svg: svg(&drawing) });
    }
    // Two levels that look alike are one.
    maps.dedup_by(|b, a| a.svg == b.svg);
    let last = maps.len().saturating_sub(1);
    (maps, first.min(last))
}

/// The names that each box stands for.
fn boxes(drawing: &Drawing) -> Vec<Vec<String>> {
    drawing.shapes.iter().map(|s| if s.kind == Kind::Zone { Vec::new() } else { s.names.clone() }).collect()
}

fn finding(sources: &SourceMap, finding: &Finding) -> FindingReport {
    FindingReport {
        code: finding.rule.code.to_owned(),
        name: finding.rule.name.to_owned(),
        level: finding.level.to_string(),
        message: finding.message.clone(),
        place: Place::of(sources, Some(finding.place)),
        snippet: snippet(sources, finding.place),
        fix: Some(finding.rule.fix.to_owned()),
    }
}

/// The line of a place with some around it.
fn snippet(sources: &SourceMap, span: Span) -> Vec<(usize, String, bool)> {
    let Some(file) = sources.file(span.file).filter(|f| !f.withheld) else { return Vec::new() };
    let at = sources.locate(span).line;
    let first = at.saturating_sub(AROUND).max(1);
    let lines = file.text.lines().enumerate().skip(first - 1).take(at + AROUND + 1 - first);
    lines.map(|(n, text)| (n + 1, text.to_owned(), n + 1 == at)).collect()
}
