//! The report of `privreach impact`: what is lost with each element.

use super::format::{markdown_code, markdown_text};
use super::{CodeText, Digest, Item, Level, Place, Report, Status, Style, Suite, text};
use crate::{
    diag::SourceMap,
    impact::{Consequence, How, Impact},
    trace::Question,
};
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::Write;

/// What depends on every element of a design.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ImpactReport {
    /// The scenario.
    pub scenario: String,
    /// Number of flows.
    pub flows: usize,
    /// Number of them that get through.
    pub through: usize,
    /// Elements, the most flows lost first, then the most exposed.
    pub elements: Vec<ElementReport>,
}

/// What an element's failure does.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ElementReport {
    /// What it is.
    pub kind: &'static str,
    /// Keys from the top of the scenario, joined by dots.
    pub path: String,
    /// How it fails: `gone`, a setting, or `without` one.
    pub how: String,
    /// Where it is declared.
    pub place: Option<Place>,
    /// References to it that were taken out with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub along: Vec<String>,
    /// Why it was not tried, if it could not be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_tried: Option<String>,
    /// Number of flows whose verdict changes.
    pub changed: usize,
    /// Number of flows that got through or were private, and no longer are.
    pub lost: usize,
    /// Number of flows that are public, and were not.
    pub exposed: usize,
    /// The flows that are lost; of very many the first thousand.
    pub lost_flows: Vec<String>,
    /// The flows that are exposed; of very many the first thousand.
    pub exposed_flows: Vec<String>,
}

/// Flows of an element that a report holds.
const SHOWN: usize = 1_000;

impl ImpactReport {
    /// An analysis for reports.
    #[must_use]
    pub fn new(sources: &SourceMap, scenario: &str, impact: &Impact) -> Self {
        Self {
            scenario: scenario.to_owned(),
            flows: impact.flows,
            through: impact.through,
            elements: impact.consequences.iter().map(|c| element(sources, c)).collect(),
        }
    }

    fn summary(&self) -> String {
        let tried = self.elements.iter().filter(|e| e.not_tried.is_none()).count();
        let critical = self.elements.iter().filter(|e| e.lost > 0).count();
        let exposing = self.elements.iter().filter(|e| e.exposed > 0).count();
        let counted = text::counted;
        let one = |n: usize, singular: &'static str, plural: &'static str| if n == 1 { singular } else { plural };
        format!(
            "{} tried on {}, of which {} get{} through; {critical} {} of failure, {exposing} hold{} something closed",
            counted(tried, "element"),
            counted(self.flows, "flow"),
            self.through,
            one(self.through, "s", ""),
            one(critical, "is a single point", "are single points"),
            one(exposing, "s", "")
        )
    }

    fn split(&self) -> (Vec<&ElementReport>, Vec<&ElementReport>, Vec<&ElementReport>) {
        let matters = |e: &&ElementReport| e.lost > 0 || e.exposed > 0;
        let idle = |e: &&ElementReport| e.not_tried.is_none() && e.changed == 0;
        (
            self.elements.iter().filter(matters).collect(),
            self.elements.iter().filter(idle).collect(),
            self.elements.iter().filter(|e| e.not_tried.is_some()).collect(),
        )
    }
}

fn element(sources: &SourceMap, consequence: &Consequence) -> ElementReport {
    let flow = |q: &Question| format!("{} → {}  {}", q.from, q.to, q.transport.on(q.port));
    let one = &consequence.element;
    ElementReport {
        kind: one.kind,
        path: match one.how {
            How::Entry(number) => format!("{}[{number}]", one.path.join(".")),
            _ => one.path.join("."),
        },
        how: match one.how {
            How::Gone => "gone".to_owned(),
            How::Set(key, word) => format!("{key}: {word}"),
            How::Without(key) => format!("without {key}"),
            How::Entry(_) => "gone".to_owned(),
        },
        place: Place::of(sources, Some(one.span)),
        along: consequence.along.iter().map(|p| p.join(".")).collect(),
        not_tried: consequence.outcome.as_ref().err().cloned(),
        changed: consequence.changed(),
        lost: consequence.lost(),
        exposed: consequence.exposed(),
        lost_flows: consequence.lost_flows(SHOWN).iter().map(flow).collect(),
        exposed_flows: consequence.exposed_flows(SHOWN).iter().map(flow).collect(),
    }
}

impl ElementReport {
    fn name(&self) -> String {
        let how = if self.how == "gone" { String::new() } else { format!(" ({})", self.how) };
        format!("{} {}{how}", self.kind, self.path)
    }
}

impl Report for ImpactReport {
    const COMMAND: &'static str = "impact";

    fn text(&self, style: Style) -> String {
        let (matters, idle, untried) = self.split();
        let most = if style.verbosity > 0 { usize::MAX } else { 15 };
        let mut out = format!("{}\n\n  lost  exposed\n", text::wrapped(&self.summary(), 0, 2, style.width));
        for e in matters.iter().take(most) {
            let name = text::wrapped(&e.name(), 17, 17, style.width);
            let _ = writeln!(out, "  {:>4}  {:>7}  {name}", e.lost, e.exposed);
            if style.verbosity > 0 {
                for (mark, flows) in [("✗", &e.lost_flows), ("!", &e.exposed_flows)] {
                    flows.iter().for_each(|f| {
                        let _ = writeln!(out, "                 {mark} {}", text::wrapped(f, 19, 21, style.width));
                    });
                }
            }
        }
        if matters.len() > most {
            let _ =
                writeln!(out, "                 and {} more (-v lists them, with their flows)", matters.len() - most);
        }
        for (title, list) in [("no verdict depends on", &idle), ("not tried", &untried)] {
            if list.is_empty() {
                continue;
            }
            let _ = writeln!(out, "\n{title}: {}", list.len());
            for e in list.iter().take(most) {
                let why = e.not_tried.as_ref().map_or(String::new(), |w| format!(" ({w})"));
                let _ = writeln!(out, "  · {}", text::wrapped(&format!("{}{why}", e.name()), 4, 4, style.width));
            }
            if list.len() > most {
                let _ = writeln!(out, "    and {} more (-v lists them)", list.len() - most);
            }
        }
        out
    }

    fn digest(&self) -> Digest {
        let items = self.elements.iter().map(|e| {
            let matters = e.lost > 0 || e.exposed > 0;
            Item {
                id: e.name(),
                status: match (&e.not_tried, matters) {
                    (Some(_), _) => Status::Undecided,
                    (None, true) => Status::Failed,
                    (None, false) => Status::Held,
                },
                level: if e.exposed == 0 { Level::Info } else { Level::Warning },
                code: if e.not_tried.is_some() { "not-tried" } else { "depended-on" },
                title: e.name(),
                message: match &e.not_tried {
                    Some(why) => why.clone(),
                    None if matters => {
                        format!("without it {} flows are lost and {} exposed", e.lost, e.exposed)
                    }
                    None => String::new(),
                },
                details: e
                    .lost_flows
                    .iter()
                    .take(8)
                    .map(|f| format!("lost: {f}"))
                    .chain(e.exposed_flows.iter().take(8).map(|f| format!("exposed: {f}")))
                    .collect(),
                place: e.place.clone(),
                related: Vec::new(),
                help: Vec::new(),
            }
        });
        let items: Vec<Item> = items.collect();
        let codes = [
            ("depended-on", "Flows are lost, or something is exposed, when this element fails."),
            ("not-tried", "What remains without this element is no design that can be evaluated."),
        ];
        let used = |code: &str| items.iter().any(|i| i.code == code && i.status != Status::Held);
        let codes = codes.iter().filter(|(c, _)| used(c));
        Digest {
            command: Self::COMMAND,
            summary: self.summary(),
            codes: codes.map(|(code, m)| CodeText { code, name: "", meaning: (*m).to_owned() }).collect(),
            suites: vec![Suite { name: self.scenario.clone(), items }],
        }
    }

    fn markdown(&self, _: &Digest) -> String {
        let (matters, idle, untried) = self.split();
        let mut out = format!(
            "## What depends on what: {}\n\n{}\n\n| lost | exposed | element | where |\n|---|---|---|---|\n",
            markdown_code(&self.scenario),
            markdown_text(&self.summary())
        );
        for e in matters {
            let place = e.place.as_ref().map_or(String::new(), |p| markdown_code(&format!("{}:{}", p.file, p.line)));
            let _ = writeln!(out, "| {} | {} | {} | {place} |", e.lost, e.exposed, markdown_code(&e.name()));
        }
        for (title, list) in [("No verdict depends on", idle), ("Not tried", untried)] {
            if !list.is_empty() {
                let _ = writeln!(out, "\n{title}:\n");
                for e in list {
                    let why = e.not_tried.as_ref().map_or(String::new(), |w| format!(": {}", markdown_text(w)));
                    let _ = writeln!(out, "- {}{why}", markdown_code(&e.name()));
                }
            }
        }
        out
    }
}
