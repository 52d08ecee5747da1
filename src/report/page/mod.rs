//! One self-contained HTML page: the map, the matrix, every cell's explanation, the findings.
//!
//! The page loads nothing and sends nothing. Data is one JSON document in it; the script writes text, never markup.

mod build;

pub use build::{EXPLAINED, Ingredients};

use super::{Place, StepReport, TraceReport};
use serde::Serialize;
use std::collections::BTreeMap;

/// What a page shows.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Page {
    /// Title.
    pub title: String,
    /// The scenario file as a command line names it, with its variant.
    pub file: String,
    /// Pairs per verdict.
    pub totals: Vec<Total>,
    /// Groups of clients.
    pub rows: Vec<Axis>,
    /// Groups of services.
    pub columns: Vec<Axis>,
    /// Answers that cells refer to.
    pub outcomes: Vec<Answer>,
    /// Cells of each row as lengths and numbers of outcomes in turn.
    pub cells: Vec<Vec<usize>>,
    /// Steps that explanations refer to.
    pub steps: Vec<StepReport>,
    /// Explanations by `row,column`.
    pub traces: BTreeMap<String, Explanation>,
    /// Findings.
    pub findings: Vec<FindingReport>,
    /// Which map is shown first.
    pub initial_map: usize,
    /// Maps, from the coarsest to the finest.
    pub maps: Vec<Map>,
}

/// Pairs of a verdict.
#[derive(Debug, Clone, Serialize)]
pub struct Total {
    /// Verdict.
    pub verdict: &'static str,
    /// How many pairs.
    pub count: u64,
}

/// A group of clients or of services.
#[derive(Debug, Clone, Serialize)]
pub struct Axis {
    /// What it is called.
    pub label: String,
    /// What its members have in common.
    pub detail: String,
    /// How many members it has.
    pub count: usize,
    /// Its first members.
    pub names: Vec<String>,
    /// What holds them.
    pub inside: Vec<String>,
    /// The member that its explanations are about, as a command line names it.
    pub witness: String,
}

/// An answer of the matrix.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Answer {
    /// Verdict.
    pub verdict: &'static str,
    /// The way through, or the reason against.
    pub why: Option<&'static str>,
}

/// An explanation whose steps are numbers of [`Page::steps`].
#[derive(Debug, Clone, Serialize)]
pub struct Explanation {
    /// Client.
    pub from: String,
    /// Target.
    pub to: String,
    /// Transport.
    pub protocol: String,
    /// Port.
    pub port: u16,
    /// Steps.
    pub steps: Vec<usize>,
    /// Steps of each equal alternative.
    pub alternatives: Vec<(String, Vec<usize>)>,
    /// What to change.
    pub fixes: Vec<String>,
}

/// A finding with the lines it is about.
#[derive(Debug, Clone, Serialize)]
pub struct FindingReport {
    /// Code.
    pub code: String,
    /// Name of the rule.
    pub name: String,
    /// `error`, `warning` or `info`.
    pub level: String,
    /// What is wrong.
    pub message: String,
    /// Where.
    pub place: Option<Place>,
    /// Lines around the place: number, text, whether it is the one.
    pub snippet: Vec<(usize, String, bool)>,
    /// What to do.
    pub fix: Option<String>,
}

/// A picture of the estate at one level of detail.
#[derive(Debug, Clone, Serialize)]
pub struct Map {
    /// What the level is called.
    pub label: String,
    /// Names that each box stands for, and what they are held by.
    pub boxes: Vec<Vec<String>>,
    /// The picture.
    #[serde(skip)]
    pub svg: String,
}

/// Steps without repetitions: cells share most of theirs.
#[derive(Debug, Default)]
pub struct Steps {
    known: BTreeMap<String, usize>,
    all: Vec<StepReport>,
}

impl Steps {
    /// A trace whose steps are numbers.
    pub fn explanation(&mut self, trace: TraceReport) -> Explanation {
        let mut numbers = |steps: Vec<StepReport>| steps.into_iter().map(|s| self.number(s)).collect::<Vec<_>>();
        Explanation {
            steps: numbers(trace.steps),
            alternatives: trace.alternatives.into_iter().map(|(name, steps)| (name, numbers(steps))).collect(),
            from: trace.from,
            to: trace.to,
            protocol: trace.protocol,
            port: trace.port,
            fixes: trace.fixes,
        }
    }

    fn number(&mut self, step: StepReport) -> usize {
        let next = self.all.len();
        let key = serde_json::to_string(&step).unwrap_or_default();
        *self.known.entry(key).or_insert_with(|| {
            self.all.push(step);
            next
        })
    }

    /// All steps by number.
    #[must_use]
    pub fn into_all(self) -> Vec<StepReport> {
        self.all
    }
}

/// A row of numbers as lengths and numbers in turn.
#[must_use]
pub fn runs(row: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut runs: Vec<usize> = Vec::new();
    for number in row {
        match runs.as_mut_slice() {
            [.., length, last] if *last == number => *length += 1,
            _ => runs.extend([1, number]),
        }
    }
    runs
}

/// The page as HTML.
#[must_use]
pub fn html(page: &Page) -> String {
    // Inside a script element only `<` can end it or begin a comment; JSON lets it be written otherwise.
    let data = serde_json::to_string(page).unwrap_or_default().replace('<', "\\u003c");
    let title = crate::picture::escape(&page.title);
    let mut maps = String::new();
    for (number, map) in page.maps.iter().enumerate() {
        maps.push_str(&format!("<template id=\"map-{number}\">{}</template>\n", map.svg));
    }
    let parts: [(&str, &str); 5] = [
        ("{{title}}", &title),
        ("{{css}}", include_str!("page.css")),
        ("{{js}}", include_str!("page.js")),
        ("{{maps}}", &maps),
        ("{{data}}", &data),
    ];
    // In one pass over the frame, so that nothing in the data is taken for a mark of it.
    let mut out = String::new();
    let mut rest = include_str!("page.html");
    while let Some((at, (mark, text))) =
        parts.iter().filter_map(|part| Some((rest.find(part.0)?, part))).min_by_key(|(at, _)| *at)
    {
        out.push_str(rest.get(..at).unwrap_or_default());
        out.push_str(text);
        rest = rest.get(at + mark.len()..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_runs() {
        assert_eq!(runs([3, 3, 3, 0, 3].into_iter()), [3, 3, 1, 0, 1, 3]);
        assert!(runs(std::iter::empty()).is_empty());
    }

    #[test]
    fn nothing_in_the_data_ends_the_script() {
        let page = Page { title: "</title></script><script>{{js}}".to_owned(), ..Page::default() };
        let text = html(&page);
        assert_eq!(text.matches("<script").count(), 2);
        assert_eq!(text.matches("</script>").count(), 2);
        assert_eq!(text.matches("\"use strict\"").count(), 1, "marks in data are text");
    }
}
