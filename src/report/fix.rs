//! The report of `privreach fix`: proved sets of changes, as patches.

mod file;

pub use file::{FixFileReport, MendedReport};

use super::format::{markdown_code, markdown_text, printable};
use super::{CodeText, Digest, Item, Level, Report, Status, Style, Suite, TraceReport, text};
use crate::{
    diag::SourceMap,
    lint::Finding,
    repair::{Refuted, Repairs, to_yaml},
};
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::Write;

/// What a search for repairs came to.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct FixReport {
    /// The scenario.
    pub scenario: String,
    /// The verdict that was wanted.
    pub goal: String,
    /// The flow as it is.
    pub flow: TraceReport,
    /// Proved sets of changes, the smallest first. Empty if the flow is as wanted, or nothing was found.
    pub proposals: Vec<ProposalReport>,
    /// Changes that reach the goal and would break something else.
    pub refuted: Vec<RefutedReport>,
    /// What no change to the file can do, and what the platform supports instead.
    pub advice: Vec<String>,
    /// Number of patches that were applied.
    pub tried: usize,
    /// What lint finds where the flow is stopped, if nothing was proved: code, name and message.
    pub findings: Vec<String>,
    /// Every verdict that would have done.
    #[serde(skip)]
    goals: String,
    /// Whether the flow is as wanted without any change.
    #[serde(skip)]
    reached: bool,
}

/// A proved set of changes.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ProposalReport {
    /// The changes in words.
    pub changes: Vec<String>,
    /// RFC 7396 merge patch of the scenario's resources.
    pub patch: serde_json::Value,
    /// Number of values that the patch sets or removes.
    pub size: usize,
    /// Flows out to the internet, as client and host, that become public as well, as the file expects of other clients.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also_public: Vec<(String, String)>,
}

impl ProposalReport {
    /// What else becomes public.
    fn outward(&self) -> Option<String> {
        let flows: Vec<String> = self.also_public.iter().map(|(from, to)| format!("{from} → {to}")).collect();
        (!flows.is_empty()).then(|| format!("then public, too, as the file expects of others: {}", flows.join(", ")))
    }
}

/// Changes that reach the goal and fail the rest of the proof.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RefutedReport {
    /// The changes in words.
    pub changes: Vec<String>,
    /// What they would break.
    pub because: String,
}

impl FixReport {
    /// A search for reports.
    #[must_use]
    pub fn new(sources: &SourceMap, scenario: &str, repairs: &Repairs) -> Self {
        let proposals = repairs.proposals.iter().map(|p| ProposalReport {
            changes: p.changes.clone(),
            patch: p.patch.clone(),
            size: p.size,
            also_public: p.outward.clone(),
        });
        let refuted = repairs.refuted.iter().map(|(changes, why)| RefutedReport {
            changes: changes.clone(),
            because: match why {
                Refuted::Expectations(ids) => format!("expectations would break: {}", ids.join(", ")),
                Refuted::Public(flows) => {
                    let shown: Vec<String> = flows.iter().take(4).map(|(f, t)| format!("{f} → {t}")).collect();
                    format!("{} flows would be public: {}", flows.len(), shown.join(", "))
                }
            },
        });
        Self {
            scenario: scenario.to_owned(),
            goal: repairs.goal.to_string(),
            flow: TraceReport::new(sources, &repairs.trace),
            proposals: proposals.collect(),
            refuted: refuted.collect(),
            advice: repairs.advice.clone(),
            tried: repairs.tried,
            findings: Vec::new(),
            goals: repairs.goals.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or "),
            reached: repairs.reached,
        }
    }

    /// Whether the flow is as wanted without any change.
    #[must_use]
    pub fn is_reached(&self) -> bool {
        self.reached
    }

    /// With what lint finds where the flow is stopped.
    #[must_use]
    pub fn with_findings(mut self, findings: &[&Finding]) -> Self {
        if !self.reached && self.proposals.is_empty() {
            let said = |f: &&Finding| format!("{}: {}; {}", f.rule.code, f.message, f.fix);
            self.findings = findings.iter().map(said).collect();
        }
        self
    }

    fn proof(&self) -> &'static str {
        if self.proposals.iter().all(|p| p.also_public.is_empty()) { PROOF } else { PROOF_OUTWARD }
    }

    fn summary(&self) -> String {
        let flow = &self.flow;
        let what = format!("{} → {}  {}", flow.from, flow.to, text::on_port(&flow.protocol, flow.port));
        match self.proposals.len() {
            _ if self.is_reached() => format!("{what} is {} already", self.goal),
            n if flow.verdict == self.goal => {
                let so = format!("{what} is {}, in another way than expected", flow.verdict);
                match n {
                    0 => format!("{so}; nothing found mends it"),
                    1 => format!("{so}; one set of changes mends it"),
                    n => format!("{so}; {n} sets of changes mend it, any one will do"),
                }
            }
            0 => format!("{what} is {}; nothing found makes it {}", flow.verdict, self.goals),
            1 => format!("{what} is {}; one set of changes makes it {}", flow.verdict, self.goal),
            n => format!("{what} is {}; {n} sets of changes make it {}, any one will do", flow.verdict, self.goal),
        }
    }
}

/// What was proved of every proposal.
const PROOF: &str = "applied and proved: the flow comes out as wanted, no expectation breaks, nothing new is public, and no part can be left out";
/// The same where something is.
const PROOF_OUTWARD: &str = "applied and proved: the flow comes out as wanted, no expectation breaks, nothing new is public but what is named, and no part can be left out";

impl Report for FixReport {
    const COMMAND: &'static str = "fix";

    fn text(&self, style: Style) -> String {
        let mut out = String::new();
        let _ = writeln!(out, "{}", text::wrapped(&self.summary(), 0, 2, style.width));
        for (i, proposal) in self.proposals.iter().enumerate() {
            out.push('\n');
            for (j, change) in proposal.changes.iter().enumerate() {
                let label = if j == 0 { format!("{}.", i + 1) } else { "+".to_owned() };
                let _ = writeln!(out, "{label:<4}{}", text::wrapped(change, 4, 4, style.width));
            }
            if let Some(outward) = proposal.outward() {
                let _ = writeln!(out, "    {}", text::wrapped(&outward, 4, 4, style.width));
            }
            let _ = writeln!(out, "\n    patch:");
            for line in to_yaml(&proposal.patch, 6).lines() {
                let _ = writeln!(out, "{}", printable(line));
            }
        }
        if !self.proposals.is_empty() {
            let _ = writeln!(out, "\n{}", text::wrapped(self.proof(), 0, 0, style.width));
        }
        for advice in &self.advice {
            let _ = writeln!(out, "\n  {}", text::wrapped(advice, 2, 2, style.width));
        }
        for finding in &self.findings {
            let line = format!("lint: {finding}");
            let _ = writeln!(out, "\n  {}", text::wrapped(&line, 2, 8, style.width));
        }
        if self.proposals.is_empty() || style.verbosity > 0 {
            for refuted in &self.refuted {
                let line = format!("not: {} ({})", refuted.changes.join("; "), refuted.because);
                let _ = writeln!(out, "\n  {}", text::wrapped(&line, 2, 7, style.width));
            }
        }
        out
    }

    fn digest(&self) -> Digest {
        let flow = &self.flow;
        let proposed = |p: &ProposalReport| p.changes.join("; ");
        let open = !self.is_reached() && self.proposals.is_empty();
        let place = flow.steps.iter().find(|s| s.reason.is_some()).and_then(|s| s.place.clone());
        let item = Item {
            id: format!("{} {} {}", flow.from, flow.to, text::on_port(&flow.protocol, flow.port)),
            status: if self.is_reached() { Status::Held } else { Status::Failed },
            level: if open { Level::Error } else { Level::Warning },
            code: if open { "no-repair" } else { "repairable" },
            title: format!("{} → {}  {}", flow.from, flow.to, text::on_port(&flow.protocol, flow.port)),
            message: format!("{} ({}), wanted {}", flow.verdict, flow.reasons.join(", "), self.goal),
            details: self.advice.iter().chain(&self.findings).cloned().collect(),
            place,
            related: Vec::new(),
            help: self.proposals.iter().map(proposed).collect(),
        };
        let codes = [
            ("no-repair", "No set of changes was found that makes the flow come out as wanted."),
            ("repairable", "The flow does not come out as wanted, and a proved set of changes makes it."),
        ];
        let codes = codes.iter().filter(|(c, _)| *c == item.code && item.status == Status::Failed);
        Digest {
            command: Self::COMMAND,
            summary: self.summary(),
            codes: codes.map(|(code, m)| CodeText { code, name: "", meaning: (*m).to_owned() }).collect(),
            suites: vec![Suite { name: self.scenario.clone(), items: vec![item] }],
        }
    }

    fn markdown(&self, _: &Digest) -> String {
        let mut out = format!("## Repair of {}\n\n{}\n", markdown_code(&self.scenario), markdown_text(&self.summary()));
        for (i, proposal) in self.proposals.iter().enumerate() {
            let _ = writeln!(out, "\n{}. {}\n", i + 1, markdown_text(&proposal.changes.join("; ")));
            if let Some(outward) = proposal.outward() {
                let _ = writeln!(out, "   {}\n", markdown_text(&outward));
            }
            // Indented code has no fence that a name could close.
            for line in to_yaml(&proposal.patch, 0).lines() {
                let _ = writeln!(out, "       {}", printable(line));
            }
        }
        if !self.proposals.is_empty() {
            let _ = writeln!(out, "\n{}", markdown_text(self.proof()));
        }
        for advice in &self.advice {
            let _ = writeln!(out, "\n- {}", markdown_text(advice));
        }
        for finding in &self.findings {
            let _ = writeln!(out, "\n- {}", markdown_text(finding));
        }
        out
    }
}
