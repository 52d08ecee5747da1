//! The report of `privreach fix` for every expectation of a file that fails.

use super::{
    super::{
        Digest, Item, Level, Place, Report, Style, Suite,
        format::{markdown_code, markdown_text, printable},
        text,
    },
    FixReport,
};
use crate::{
    diag::SourceMap,
    lint::Finding,
    repair::{FileRepairs, Repairs, to_yaml},
};
use schemars::JsonSchema;
use serde::Serialize;
use std::{collections::BTreeMap, fmt::Write};

/// What repairing a whole file came to.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct FixFileReport {
    /// The scenario.
    pub scenario: String,
    /// Number of expectations that fail, or cannot be decided.
    pub failing: usize,
    /// A search for each of them, in the order in which they were made; each begins with the first proposals of those
    /// before it applied.
    pub repairs: Vec<MendedReport>,
    /// Expectations that hold as soon as those before them are repaired.
    pub along: Vec<String>,
    /// The first proposal of every search in one merge patch; null if there are none, or two of them disagree.
    pub patch: Option<serde_json::Value>,
    /// Expectations that do not hold with the first proposals applied.
    pub left: Vec<String>,
    /// Number of expectations of the scenario.
    pub expects: usize,
    /// Variants of the file of which something does not hold, with how many expectations; each is repaired by itself.
    pub variants: BTreeMap<String, usize>,
}

/// The repair of one expectation.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct MendedReport {
    /// Name of the expectation.
    pub expectation: String,
    /// Its place.
    pub place: Option<Place>,
    /// What differs.
    pub differences: Vec<String>,
    /// What the search came to.
    pub repair: FixReport,
}

impl FixFileReport {
    /// The repair of a file for reports.
    #[must_use]
    pub fn new(sources: &SourceMap, scenario: &str, repairs: &FileRepairs) -> Self {
        let mended = repairs.mended.iter().map(|m| MendedReport {
            expectation: m.id.clone(),
            place: Place::of(sources, Some(m.span)),
            differences: m.differences.clone(),
            repair: FixReport::new(sources, scenario, &m.repairs),
        });
        Self {
            scenario: scenario.to_owned(),
            failing: repairs.failing,
            repairs: mended.collect(),
            along: repairs.along.clone(),
            patch: repairs.patch.clone(),
            left: repairs.left.clone(),
            expects: repairs.expects,
            variants: BTreeMap::new(),
        }
    }

    /// With what lint finds where flows without a repair are stopped.
    #[must_use]
    pub fn with_findings<'f>(mut self, repairs: &FileRepairs, find: impl Fn(&Repairs) -> Vec<&'f Finding>) -> Self {
        let found = self.repairs.into_iter().zip(&repairs.mended);
        self.repairs = found
            .map(|(report, mended)| MendedReport {
                repair: report.repair.with_findings(&find(&mended.repairs)),
                ..report
            })
            .collect();
        self
    }

    fn summary(&self) -> String {
        let mended = self.failing - self.left.len().min(self.failing);
        match self.failing {
            0 if self.expects == 0 => {
                "nothing is expected, so nothing can be repaired; name a flow with --from and --to".to_owned()
            }
            0 => "every expectation holds; nothing is to be repaired".to_owned(),
            1 => format!("1 expectation does not hold; changes were found for {mended}"),
            n => format!("{n} expectations do not hold; changes were found for {mended}"),
        }
    }
}

impl FixFileReport {
    /// Which variants do not hold, in a sentence.
    fn of_variants(&self) -> Option<String> {
        let each: Vec<String> =
            self.variants.iter().map(|(name, n)| format!("{name} ({n} of its expectations)")).collect();
        let some = "variants that do not hold, each repaired with --variant";
        (!each.is_empty()).then(|| format!("{some}: {}", each.join(", ")))
    }
}

impl MendedReport {
    /// The verdict is the expected one, something else about the flow is not, and nothing was found to mend it.
    fn differs_otherwise(&self) -> bool {
        self.repair.flow.verdict == self.repair.goal && self.repair.proposals.is_empty()
    }
}

/// What is said of a flow whose verdict is right.
const OTHERWISE: &str = "its verdict is as expected, and no changes were found that mend the rest; either the design differs from what was meant, or the expectation does";

impl Report for FixFileReport {
    const COMMAND: &'static str = "fix-file";

    fn text(&self, style: Style) -> String {
        let mut out = String::new();
        let _ = writeln!(out, "{}", text::wrapped(&self.scenario, 0, 2, style.width));
        let _ = writeln!(out, "{}", text::wrapped(&self.summary(), 0, 2, style.width));
        for mended in &self.repairs {
            let place = mended.place.as_ref().map_or(String::new(), |p| format!("  {}:{}", p.file, p.line));
            let head = style.paint(text::BOLD, &printable(&mended.expectation));
            let _ = writeln!(out, "\n{head}{}", printable(&place));
            for difference in &mended.differences {
                let _ = writeln!(out, "  {}", text::wrapped(difference, 2, 4, style.width));
            }
            if mended.differs_otherwise() {
                let _ = writeln!(out, "  {}", text::wrapped(OTHERWISE, 2, 2, style.width));
            }
            out.push_str(&mended.repair.text(style));
        }
        if !self.along.is_empty() {
            let line = format!("repaired along with them: {}", self.along.join(", "));
            let _ = writeln!(out, "\n{}", text::wrapped(&line, 0, 2, style.width));
        }
        if let (Some(patch), true) = (&self.patch, self.repairs.len() > 1) {
            let _ = writeln!(out, "\nthe first proposals together\n\n    patch:");
            for line in to_yaml(patch, 6).lines() {
                let _ = writeln!(out, "{}", printable(line));
            }
        }
        if !self.left.is_empty() {
            let line = format!("still not as expected: {}", self.left.join(", "));
            let _ = writeln!(out, "\n{}", text::wrapped(&line, 0, 2, style.width));
        }
        if let Some(line) = self.of_variants() {
            let _ = writeln!(out, "\n{}", text::wrapped(&line, 0, 2, style.width));
        }
        out
    }

    fn digest(&self) -> Digest {
        let mut codes = Vec::new();
        let mut items = Vec::new();
        for mended in &self.repairs {
            let digest = mended.repair.digest();
            for code in digest.codes {
                if codes.iter().all(|c: &super::CodeText| c.code != code.code) {
                    codes.push(code);
                }
            }
            for item in digest.suites.into_iter().flat_map(|s| s.items) {
                let details = mended.differences.iter().cloned().chain(item.details.clone()).collect();
                let id = format!("{} {}", mended.expectation, item.id);
                let title = format!("{}: {}", mended.expectation, item.title);
                let place = mended.place.clone().or_else(|| item.place.clone());
                items.push(Item { id, title, details, place, ..otherwise(mended, item) });
            }
        }
        if items.iter().any(|i| i.code == "differs") {
            let meaning = "The verdict is as expected, and something else about the flow is not.".to_owned();
            codes.push(super::CodeText { code: "differs", name: "", meaning });
        }
        let suites = vec![Suite { name: self.scenario.clone(), items }];
        Digest { command: Self::COMMAND, summary: self.summary(), suites, codes }
    }

    fn markdown(&self, _: &Digest) -> String {
        let (name, summary) = (markdown_code(&self.scenario), markdown_text(&self.summary()));
        let mut out = format!("## Repair of {name}\n\n{summary}\n");
        for mended in &self.repairs {
            let _ = writeln!(out, "\n### {}\n", markdown_code(&mended.expectation));
            for difference in &mended.differences {
                let _ = writeln!(out, "- {}", markdown_text(difference));
            }
            if mended.differs_otherwise() {
                let _ = writeln!(out, "\n{}", markdown_text(OTHERWISE));
            } else {
                let own = mended.repair.markdown(&mended.repair.digest());
                out.push_str(own.split_once("\n\n").map_or("", |(_, rest)| rest));
            }
        }
        for (label, list) in [("Repaired along with them", &self.along), ("Still not as expected", &self.left)] {
            if !list.is_empty() {
                let names: Vec<String> = list.iter().map(|n| markdown_code(n)).collect();
                let _ = writeln!(out, "\n{label}: {}", names.join(", "));
            }
        }
        if let Some(line) = self.of_variants() {
            let _ = writeln!(out, "\n{}", markdown_text(&line));
        }
        out
    }
}

/// An item of a flow whose verdict is right says so.
fn otherwise(mended: &MendedReport, item: Item) -> Item {
    if !mended.differs_otherwise() {
        return item;
    }
    let message = mended.differences.join("; ");
    Item { status: super::Status::Failed, level: Level::Warning, code: "differs", message, ..item }
}
