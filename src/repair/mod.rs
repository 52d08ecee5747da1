//! Smallest sets of changes that make a flow come out as wanted: proposed from what its trace says, applied, proved.
//!
//! A generator looks at one step of a trace and proposes changes; it may be bold, because nothing is reported that was
//! not proved: the patch is applied, the flow is asked again, no expectation breaks, nothing becomes public that was
//! not. Changes are tried alone first and then together, so what is found first is smallest, and what a proposal does
//! not need is taken out of it again.

mod advice;
mod candidates;
mod file;
mod patch;
mod proof;

pub use file::{FileRepairs, Mended, repair_file};
pub use patch::{Value, to_yaml};
pub use proof::{Kept, Prover, Refuted};

use crate::{
    diag::Span,
    forward::{Outcome, Stage, Step},
    scenario::Expectation,
    snapshot::Snapshot,
    trace::{Question, QuestionError, Trace, trace},
    verdict::{Reason, Verdict},
    verify::differences,
};
use candidates::{Candidate, Site};
use std::collections::BTreeSet;

/// Most changes that are combined.
const MAX_CHANGES: usize = 4;
/// Most combinations that are carried on to the next change.
const MAX_FRONTIER: usize = 24;
/// Most patches that are applied in one search.
const MAX_TRIALS: usize = 3_000;
/// Most proposals that are reported.
const MAX_PROPOSALS: usize = 4;

/// A set of changes that was proved.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// The changes in words, in order of being proposed.
    pub changes: Vec<String>,
    /// RFC 7396 merge patch of the scenario's resources.
    pub patch: Value,
    /// Number of values that the patch sets or removes.
    pub size: usize,
    /// Number of expectations that hold with it.
    pub holds: usize,
    /// Flows out to the internet that become public as well, as the file expects of other clients.
    pub outward: Vec<(String, String)>,
}

/// What a search came to.
#[derive(Debug, Clone)]
pub struct Repairs {
    /// The flow as it is.
    pub trace: Trace,
    /// The verdict that was wanted.
    pub goal: Verdict,
    /// Every verdict that would have done, and was looked for.
    pub goals: Vec<Verdict>,
    /// Whether the flow is as wanted without a change.
    pub reached: bool,
    /// Proved sets of changes, the smallest first.
    pub proposals: Vec<Proposal>,
    /// Changes that reach the goal and fail the rest of the proof, with what they would break.
    pub refuted: Vec<(Vec<String>, Refuted)>,
    /// What no change to the file can do, and what the platform supports instead.
    pub advice: Vec<String>,
    /// Number of patches that were applied.
    pub tried: usize,
}

/// A combination of changes under way.
struct State {
    changes: Vec<Candidate>,
    patch: Value,
    snapshot: Snapshot,
    trace: Trace,
    /// Flows of expectations that these changes break.
    broken: Vec<Question>,
}

/// Broken expectations that are looked at for further changes.
const MAX_BROKEN: usize = 3;

/// What a search is for.
struct Goal<'s> {
    verdict: Verdict,
    /// An expectation of this very flow that is to hold as a whole.
    expected: Option<&'s Expectation>,
}

impl Goal<'_> {
    /// What is still otherwise.
    fn differences(&self, snapshot: &Snapshot, trace: &Trace) -> Vec<String> {
        match self.expected {
            Some(expected) => differences(expected, &snapshot.plane, trace),
            None if trace.judgement.verdict == self.verdict => Vec::new(),
            None => vec![trace.judgement.verdict.to_string()],
        }
    }
}

/// Looks for the smallest sets of changes after which the flow has the wanted verdict.
///
/// # Errors
/// If the question cannot be asked of the scenario.
pub fn repair(snapshot: &Snapshot, question: &Question, goal: Verdict) -> Result<Repairs, QuestionError> {
    search(snapshot, question, &Goal { verdict: goal, expected: None })
}

fn search(snapshot: &Snapshot, question: &Question, goal: &Goal<'_>) -> Result<Repairs, QuestionError> {
    let first = trace(&snapshot.plane, question)?;
    let reached = goal.differences(snapshot, &first).is_empty();
    let mut result = Repairs {
        trace: first.clone(),
        goals: vec![goal.verdict],
        goal: goal.verdict,
        reached,
        proposals: Vec::new(),
        refuted: Vec::new(),
        advice: Vec::new(),
        tried: 0,
    };
    if reached {
        return Ok(result);
    }
    let prover = Prover::new(snapshot, question, goal.verdict);
    let (changes, patch) = (Vec::new(), patch::empty());
    let start = State { changes, patch, snapshot: snapshot.clone(), trace: first, broken: Vec::new() };
    let mut frontier = vec![start];
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for _ in 0..MAX_CHANGES {
        let mut next = Vec::new();
        for state in &frontier {
            let before = goal.differences(&state.snapshot, &state.trace);
            for candidate in proposed(state, goal) {
                let Some(combined) = patch::combine(&state.patch, &candidate.patch) else { continue };
                if !seen.insert(combined.to_string()) || result.tried >= MAX_TRIALS {
                    continue;
                }
                result.tried += 1;
                let Some(patched) = prover.apply(&combined) else { continue };
                let Ok(after) = trace(&patched.plane, question) else { continue };
                let mut changes = state.changes.clone();
                changes.push(candidate);
                let mut broken = Vec::new();
                let now = goal.differences(&patched, &after);
                if now.is_empty() {
                    match prover.rest(&patched) {
                        Ok(kept) => {
                            result.proposals.push(shrunk(&prover, &changes, combined, kept));
                            continue;
                        }
                        Err(why) => {
                            if let Refuted::Expectations(ids) = &why {
                                broken = prover.flows_of(ids);
                            }
                            let said = changes.iter().filter_map(|c| c.said(&combined)).collect();
                            result.refuted.push((said, why));
                        }
                    }
                } else if !progresses(&state.trace, &after) && before.iter().all(|d| now.contains(d)) {
                    continue;
                }
                next.push(State { changes, patch: combined, snapshot: patched, trace: after, broken });
            }
        }
        if !result.proposals.is_empty() {
            break;
        }
        // What leaves fewer obstacles is nearer.
        next.sort_by_key(|s| s.trace.judgement.reasons.len());
        next.truncate(MAX_FRONTIER);
        frontier = next;
    }
    // What takes a protection away comes after what adds a way for this flow alone; what mends more than this flow is
    // nearer to the cause. Taking away what lets a flow pass protects.
    let opens = |p: &Proposal| goal.verdict != Verdict::Blocked && patch::opens(&p.patch);
    result.proposals.sort_by_key(|p| (p.outward.len(), opens(p), std::cmp::Reverse(p.holds), p.size));
    let mut known: Vec<(Vec<String>, Value)> = Vec::new();
    result.proposals.retain(|p| {
        let said = unnumbered(&p.changes);
        let new = known.iter().all(|(s, patch)| *s != said && *patch != p.patch);
        known.push((said, p.patch.clone()));
        new
    });
    result.proposals.truncate(MAX_PROPOSALS);
    // What fails with more than it needs to fail says nothing new.
    let all: Vec<BTreeSet<String>> =
        result.refuted.iter().map(|(changes, _)| changes.iter().cloned().collect()).collect();
    let mut number = 0;
    result.refuted.retain(|_| {
        let own = all.get(number);
        number += 1;
        !all.iter().any(|other| own.is_some_and(|own| other != own && other.is_subset(own)))
    });
    result.refuted.truncate(MAX_PROPOSALS);
    result.advice = advice::advice(snapshot, &result);
    Ok(result)
}

/// Changes in order, without the numbers that names and priorities got from the order in which they were proposed.
fn unnumbered(changes: &[String]) -> Vec<String> {
    let plain = |text: &String| -> String {
        let words = text.split(' ').map(|word| {
            let stem = word.trim_end_matches(',').trim_end_matches(|c: char| c.is_ascii_digit());
            if word.starts_with("allow-flow") { stem.trim_end_matches('-') } else { word }
        });
        let text: String = words.collect::<Vec<_>>().join(" ");
        match text.split_once(", at priority ") {
            Some((head, tail)) => format!("{head}{}", tail.trim_start_matches(|c: char| c.is_ascii_digit())),
            None => text.replace(", ahead of all others,", ""),
        }
    };
    let mut said: Vec<String> = changes.iter().map(plain).map(|t| t.replace(", that", " that")).collect();
    said.sort_unstable();
    said
}

/// Candidates for every step of a state's trace that stands between it and the goal.
fn proposed(state: &State, goal: &Goal<'_>) -> Vec<Candidate> {
    let broken = state.broken.iter().take(MAX_BROKEN).filter_map(|q| trace(&state.snapshot.plane, q).ok());
    let traces: Vec<Trace> = std::iter::once(state.trace.clone()).chain(broken).collect();
    let mut found: Vec<Candidate> = Vec::new();
    for (number, trace) in traces.iter().enumerate() {
        let expected = goal.expected.filter(|_| number == 0);
        for candidate in candidates::of(&Site::new(&state.snapshot, trace, goal.verdict, expected)) {
            if found.iter().all(|c| c.patch != candidate.patch) {
                found.push(candidate);
            }
        }
    }
    found
}

/// Whether something that stood in the way is gone, or is another thing now.
fn progresses(before: &Trace, after: &Trace) -> bool {
    let obstacles = |t: &Trace| -> Vec<(crate::forward::Outcome, Option<String>, String)> {
        t.all_steps().filter(|s| s.is_blocker()).map(|s| (s.outcome, s.element.clone(), s.text.clone())).collect()
    };
    let (old, new) = (obstacles(before), obstacles(after));
    old.iter().any(|o| !new.contains(o)) || (old.is_empty() && before.judgement != after.judgement)
}

/// A proved patch without the parts that its proof does not need, and the words for what is left of it.
fn shrunk(prover: &Prover<'_>, changes: &[Candidate], whole: Value, kept: Kept) -> Proposal {
    let mut patch = whole;
    loop {
        let smaller = patch::without_each(&patch).into_iter().find(|less| prover.proves(less));
        match smaller {
            Some(less) => patch = less,
            None => break,
        }
    }
    let changes = changes.iter().filter_map(|c| c.said(&patch)).collect();
    Proposal { changes, size: patch::size(&patch), patch, holds: kept.holds, outward: kept.outward }
}

/// Whether a place belongs to something that stops a flow: to the same resource as the line that decided a step which
/// stops it, or one by which a name was answered if the answer led to the wrong place.
#[must_use]
pub fn concerns(snapshot: &Snapshot, trace: &Trace, place: Span) -> bool {
    let document = &snapshot.scenario.document;
    let resource = |span: Span| {
        let path = candidates::path_at(document, span);
        // What belongs to a hub is too much to be one thing.
        let depth = if path.first().is_some_and(|k| k == "machine_learning_workspaces") { 5 } else { 2 };
        path.get(..depth).map(<[String]>::to_vec)
    };
    let Some(at) = resource(place) else { return false };
    let named = |s: &Step| s.stage == Stage::Name || matches!(s.outcome, Outcome::Block(Reason::Pna));
    let led = trace.all_steps().any(|s| s.is_blocker() && named(s));
    let mut steps = trace.all_steps().filter(|s| s.is_blocker() || led && s.stage == Stage::Name);
    steps.any(|s| s.span.and_then(resource).as_ref() == Some(&at))
}
