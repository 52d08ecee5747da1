//! The report of `privreach diff`: what changed, for whom, and why.

mod findings;

use super::format::{markdown_code, markdown_text, printable};
use super::{CodeText, Digest, FindingReport, Item, Level, Place, Report, Status, Style, Suite, text};
use crate::{
    compare::{Answer, Change, Class, Comparison, Effect},
    diag::{SourceMap, Span},
    lint,
    verdict::Word,
};
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::Write;

/// What two scenarios differ in.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct DiffReport {
    /// The scenario before.
    pub before: String,
    /// The scenario after.
    pub after: String,
    /// Number of flows that were evaluated on both sides.
    pub evaluated: usize,
    /// Number of those that stay closed of which the deciding reason alone was compared, because there are very many.
    pub by_decision: usize,
    /// Whether an `internet_clients` of either side asked.
    pub asked_from_internet: bool,
    /// Who stood for the parts of the internet of which no client is declared: `internet`, or `internet:` with a range that
    /// rules tell apart.
    pub implied_clients: Vec<String>,
    /// Number of further ranges that rules tell apart, from which nobody asked because there are too many.
    pub ranges_left_out: usize,
    /// Number of flows that come out otherwise.
    pub changed: usize,
    /// Number of them that a reviewer must look at.
    pub regressions: usize,
    /// Number of them that are public and were not.
    pub exposed: usize,
    /// Declared differences, in order of the files.
    pub differences: Vec<DifferenceReport>,
    /// Flows that change alike, the worst first.
    pub classes: Vec<ClassReport>,
    /// Findings of `lint` after that there were not before, ordered by place.
    pub findings_added: Vec<FindingReport>,
    /// Findings of `lint` before that there are no more, ordered by place.
    pub findings_removed: Vec<FindingReport>,
}

/// A declared difference.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct DifferenceReport {
    /// Keys from the top of the scenario, joined by dots.
    pub path: String,
    /// The difference in a line.
    pub text: String,
    /// Where it stands before; of an added key, what is to hold it.
    pub before: Option<Place>,
    /// Where it stands after; of a removed key, what held it.
    pub after: Option<Place>,
    /// Number of changed flows that it is a cause of.
    pub flows: usize,
}

/// Flows that change alike: every one of the clients to every one of the targets.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ClassReport {
    /// `exposed`, `lost`, `undecided`, `weakened`, `gained`, `rerouted`, `otherwise`, `added` or `removed`.
    pub effect: &'static str,
    /// Whether a reviewer must look at it.
    pub regression: bool,
    /// Clients.
    pub clients: Vec<String>,
    /// Targets with transport and ports.
    pub targets: Vec<String>,
    /// Number of flows.
    pub flows: usize,
    /// How they came out; absent if they could not be asked for.
    pub before: Option<AnswerReport>,
    /// How they come out.
    pub after: Option<AnswerReport>,
    /// Elements that are on the path and were not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub path_gained: Vec<String>,
    /// Elements that were on the path and are not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub path_lost: Vec<String>,
    /// A smallest set of differences that flips them, as indices into `differences`; null if none was found within bounds.
    pub causes: Option<Vec<usize>>,
}

/// How a flow comes out.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct AnswerReport {
    /// Verdict.
    pub verdict: &'static str,
    /// How it gets through.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub via: Option<&'static str>,
    /// Why not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<&'static str>,
}

impl AnswerReport {
    /// An answer for reports.
    #[must_use]
    pub fn new(answer: &Answer) -> Self {
        Self {
            verdict: answer.verdict.as_str(),
            via: answer.via.map(Word::as_str),
            reasons: answer.reasons.iter().map(|r| r.as_str()).collect(),
        }
    }
}

impl std::fmt::Display for AnswerReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.verdict)?;
        match self.via {
            Some(via) => write!(f, " via {via}"),
            None if self.reasons.is_empty() => Ok(()),
            None => write!(f, " ({})", self.reasons.join(", ")),
        }
    }
}

impl DiffReport {
    /// A comparison for reports; each side has places of its own.
    #[must_use]
    pub fn new(
        before: (&str, &SourceMap),
        after: (&str, &SourceMap),
        comparison: &Comparison,
        findings: &lint::Changes,
    ) -> Self {
        let classes = comparison.classes();
        let flows =
            |i: usize| comparison.changes.iter().filter(|c| c.causes.as_ref().is_some_and(|s| s.contains(&i))).count();
        let differences = comparison.differences.iter().enumerate();
        Self {
            before: before.0.to_owned(),
            after: after.0.to_owned(),
            evaluated: comparison.evaluated,
            by_decision: comparison.by_decision,
            asked_from_internet: comparison.from_internet,
            implied_clients: comparison.implied.iter().cloned().collect(),
            ranges_left_out: comparison.left_out,
            changed: comparison.changes.len(),
            regressions: comparison.changes.iter().filter(|c| c.is_regression()).count(),
            exposed: comparison.changes.iter().filter(|c| c.effect == Effect::Exposed).count(),
            differences: differences.map(|(i, d)| difference(before.1, after.1, d, flows(i))).collect(),
            classes: classes.iter().map(class).collect(),
            findings_added: findings.added.iter().map(|f| super::lint::finding(after.1, f)).collect(),
            findings_removed: findings.removed.iter().map(|f| super::lint::finding(before.1, f)).collect(),
        }
    }

    fn summary(&self) -> String {
        let plural = |n: usize, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
        let mut line = format!(
            "{}; {} of {} flows come out otherwise, {} to look at",
            plural(self.differences.len(), "declared difference", "declared differences"),
            self.changed,
            self.evaluated,
            self.regressions
        );
        if !self.findings_added.is_empty() || !self.findings_removed.is_empty() {
            let added = plural(self.findings_added.len(), "finding is new", "findings are new");
            let _ = write!(line, "; {added}, {} gone", self.findings_removed.len());
        }
        if self.by_decision > 0 {
            let _ = write!(line, "; of {} that stay closed only the deciding reason was compared", self.by_decision);
        }
        line.push_str(&implied(&self.implied_clients, self.ranges_left_out));
        line
    }

    fn causes<'r>(&'r self, class: &ClassReport) -> Vec<&'r DifferenceReport> {
        class.causes.iter().flatten().filter_map(|i| self.differences.get(*i)).collect()
    }
}

/// Names that a sentence lists.
const NAMED: usize = 3;

/// Who asked for the internet without being declared, as the rest of a sentence.
pub(super) fn implied(clients: &[String], left_out: usize) -> String {
    let named: Vec<&str> = clients.iter().take(NAMED).map(String::as_str).collect();
    let mut text = match named.as_slice() {
        [] => String::new(),
        some => format!("; the internet asked as {}", some.join(", ")),
    };
    if clients.len() > NAMED {
        let _ = write!(text, " and {} more", clients.len() - NAMED);
    }
    if left_out > 0 {
        let _ = write!(
            text,
            "; {left_out} more ranges of it that rules tell apart were not asked from, there are too many"
        );
    }
    text
}

fn difference(before: &SourceMap, after: &SourceMap, change: &Change, flows: usize) -> DifferenceReport {
    let at = |sources: &SourceMap, value: Option<Span>, parent: Option<Span>| Place::of(sources, value.or(parent));
    DifferenceReport {
        path: change.path.join("."),
        text: change.to_string(),
        before: at(before, change.before.as_ref().map(|(s, _)| *s), change.parents.0),
        after: at(after, change.after.as_ref().map(|(s, _)| *s), change.parents.1),
        flows,
    }
}

fn class(class: &Class) -> ClassReport {
    let example = &class.example;
    let path = |a: &Option<Answer>| a.as_ref().map(|a| a.path.clone()).unwrap_or_default();
    let (old, new) = (path(&example.before), path(&example.after));
    let rerouted = example.effect == Effect::Rerouted;
    let only = |these: &[String], those: &[String]| -> Vec<String> {
        these.iter().filter(|e| rerouted && !those.contains(e)).cloned().collect()
    };
    ClassReport {
        effect: example.effect.as_str(),
        regression: example.is_regression(),
        clients: class.clients.clone(),
        targets: class.targets.clone(),
        flows: class.flows_each * class.clients.len(),
        before: example.before.as_ref().map(AnswerReport::new),
        after: example.after.as_ref().map(AnswerReport::new),
        path_gained: only(&new, &old),
        path_lost: only(&old, &new),
        causes: example.causes.clone(),
    }
}

/// Names up to a number, then how many more.
fn few(names: &[String], most: usize) -> String {
    let shown: Vec<&str> = names.iter().take(most).map(String::as_str).collect();
    match names.len().saturating_sub(most) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

fn answer(side: Option<&AnswerReport>) -> String {
    side.map_or_else(|| "not there".to_owned(), ToString::to_string)
}

fn path_words(class: &ClassReport) -> Vec<String> {
    let side = |word: &str, list: &[String]| (!list.is_empty()).then(|| format!("{word} {}", list.join(", ")));
    side("now through", &class.path_gained).into_iter().chain(side("no longer through", &class.path_lost)).collect()
}

impl Report for DiffReport {
    const COMMAND: &'static str = "diff";

    fn text(&self, style: Style) -> String {
        let mut out = String::new();
        let _ = writeln!(out, "{}", text::wrapped(&format!("{} → {}", self.before, self.after), 0, 2, style.width));
        let _ = writeln!(out, "{}", text::wrapped(&self.summary(), 0, 2, style.width));
        let most = if style.verbosity > 0 { usize::MAX } else { 6 };
        for class in &self.classes {
            if style.verbosity < 0 && !class.regression {
                continue;
            }
            let colour = if class.regression { text::RED } else { text::YELLOW };
            let head = style.paint(&format!("{};{colour}", text::BOLD), class.effect);
            let _ = writeln!(
                out,
                "\n{head}  {}",
                text::wrapped(&few(&class.clients, most), class.effect.len() + 2, 10, style.width)
            );
            for target in class.targets.iter().take(most) {
                let _ = writeln!(out, "  → {}", printable(target));
            }
            if class.targets.len() > most {
                let _ = writeln!(out, "  → and {} more (-v lists them)", class.targets.len() - most);
            }
            let mut row = |label: &str, value: &str| {
                let _ = writeln!(out, "    {label:<7}{}", text::wrapped(value, 11, 11, style.width));
            };
            row("was", &answer(class.before.as_ref()));
            row("is", &answer(class.after.as_ref()));
            path_words(class).iter().for_each(|p| row("path", p));
            if class.causes.is_none() {
                row("cause", "not found within the bounds of the search");
            }
            for cause in self.causes(class) {
                row("cause", &cause.text);
                let place = |p: &Option<Place>| p.as_ref().map(|p| format!("{}:{}", p.file, p.line));
                let places: Vec<String> = place(&cause.before).into_iter().chain(place(&cause.after)).collect();
                row("", &places.join(" → "));
            }
        }
        findings::text(self, style, &mut out);
        let idle = self.differences.iter().filter(|d| d.flows == 0).count();
        if idle > 0 && style.verbosity >= 0 {
            let _ = writeln!(out, "\n{idle} of the differences flip no flow by themselves");
            for difference in self.differences.iter().filter(|d| d.flows == 0).take(most) {
                let _ = writeln!(out, "  · {}", text::wrapped(&difference.text, 4, 4, style.width));
            }
        }
        out
    }

    fn digest(&self) -> Digest {
        let items = self.classes.iter().map(|class| {
            let causes = self.causes(class);
            let what = Effect::ALL.iter().find(|e| e.as_str() == class.effect);
            let places = |side: fn(&DifferenceReport) -> Option<&Place>| causes.iter().filter_map(move |c| side(c));
            Item {
                id: format!("{} {} → {}", class.effect, class.clients.join(", "), class.targets.join(", ")),
                status: if class.regression { Status::Failed } else { Status::Held },
                level: if class.effect == "exposed" { Level::Error } else { Level::Warning },
                code: what.map_or("changed", |e| e.as_str()),
                title: format!("{} → {}", few(&class.clients, 6), few(&class.targets, 6)),
                message: format!("{}, was {}", answer(class.after.as_ref()), answer(class.before.as_ref())),
                details: causes.iter().map(|c| format!("cause: {}", c.text)).collect(),
                place: places(|c| c.after.as_ref()).next().cloned(),
                related: causes
                    .iter()
                    .skip(1)
                    .filter_map(|c| Some((c.after.clone()?, format!("cause: {}", c.text))))
                    .collect(),
                help: Vec::new(),
            }
        });
        let effects = Effect::ALL
            .iter()
            .filter(|e| self.classes.iter().any(|c| c.regression && c.effect == e.as_str()))
            .map(|e| CodeText { code: e.as_str(), name: "", meaning: format!("A flow is {}.", e.meaning()) });
        let items = items.chain(findings::items(self));
        let codes = effects.chain(findings::codes(self)).collect();
        let name = format!("{} → {}", self.before, self.after);
        let suites = vec![Suite { name, items: items.collect() }];
        Digest { command: Self::COMMAND, summary: self.summary(), suites, codes }
    }

    fn markdown(&self, digest: &Digest) -> String {
        let mark = digest.mark();
        let mut out = format!(
            "## {mark} Network reachability: {} → {}\n\n",
            markdown_code(&self.before),
            markdown_code(&self.after)
        );
        let _ = writeln!(out, "{}", markdown_text(&self.summary()));
        for (title, regression) in [("To look at", true), ("Other changes", false)] {
            let classes: Vec<&ClassReport> = self.classes.iter().filter(|c| c.regression == regression).collect();
            if classes.is_empty() {
                continue;
            }
            let flows: usize = classes.iter().map(|c| c.flows).sum();
            // What needs no look is folded away.
            if regression {
                let _ = writeln!(out, "\n### {title} ({flows} flows)\n");
            } else {
                let _ = writeln!(out, "\n<details><summary>{title} ({flows} flows)</summary>\n");
            }
            let _ = writeln!(out, "| effect | from | to | was | is | cause |\n|---|---|---|---|---|---|");
            for class in classes {
                let names = |list: &[String]| {
                    let shown: Vec<String> = list.iter().take(8).map(|n| markdown_code(n)).collect();
                    let more = list.len().saturating_sub(8);
                    if more > 0 { format!("{}<br>and {more} more", shown.join("<br>")) } else { shown.join("<br>") }
                };
                let mut causes: Vec<String> = class.causes.iter().flatten().map(|i| format!("({})", i + 1)).collect();
                if class.causes.is_none() {
                    causes.push("not found".to_owned());
                }
                let mut is = vec![markdown_text(&answer(class.after.as_ref()))];
                is.extend(path_words(class).iter().map(|p| markdown_text(p)));
                let _ = writeln!(
                    out,
                    "| {} | {} | {} | {} | {} | {} |",
                    class.effect,
                    names(&class.clients),
                    names(&class.targets),
                    markdown_text(&answer(class.before.as_ref())),
                    is.join("<br>"),
                    causes.join(" ")
                );
            }
            if !regression {
                out.push_str("\n</details>\n");
            }
        }
        findings::markdown(self, &mut out);
        if !self.differences.is_empty() {
            let _ = writeln!(
                out,
                "\n### Declared differences\n\n| | difference | before | after | flows |\n|---|---|---|---|---|"
            );
        }
        for (i, d) in self.differences.iter().enumerate() {
            let at = |p: &Option<Place>| {
                p.as_ref().map_or(String::new(), |p| markdown_code(&format!("{}:{}", p.file, p.line)))
            };
            let (before, after) = (at(&d.before), at(&d.after));
            let _ = writeln!(out, "| ({}) | {} | {before} | {after} | {} |", i + 1, markdown_code(&d.text), d.flows);
        }
        out
    }
}
