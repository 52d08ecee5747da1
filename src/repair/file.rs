//! Repairs of a whole file: one after the other, until what it expects holds.

use super::{Prover, Repairs, Value, patch};
use crate::{
    diag::Span,
    snapshot::Snapshot,
    trace::{Question, trace},
    verdict::Verdict,
    verify::{Checked, Outcome, verify},
};

use std::collections::BTreeSet;

/// Most counterexamples of one expectation that are repaired.
const MAX_ROUNDS: usize = 16;

/// The repair of one expectation, or of one flow of an expectation of many.
#[derive(Debug, Clone)]
pub struct Mended {
    /// Name of the expectation.
    pub id: String,
    /// Its place.
    pub span: Span,
    /// What differs, one sentence each.
    pub differences: Vec<String>,
    /// What the search came to. Its proposals rest on those before it.
    pub repairs: Repairs,
}

/// The repair of a file.
#[derive(Debug, Clone, Default)]
pub struct FileRepairs {
    /// Number of expectations.
    pub expects: usize,
    /// Number of expectations that failed, or could not be decided, at first.
    pub failing: usize,
    /// Searches, in the order in which they were made.
    pub mended: Vec<Mended>,
    /// Expectations that hold as soon as those before them are repaired.
    pub along: Vec<String>,
    /// The first proposal of every search in one merge patch; nothing if there are none, or two of them disagree.
    pub patch: Option<Value>,
    /// Expectations that do not hold with that patch.
    pub left: Vec<String>,
}

/// Expectations that do not hold.
fn failing(snapshot: &Snapshot) -> Vec<Checked> {
    verify(snapshot).checked.into_iter().filter(|c| c.outcome != Outcome::Held).collect()
}

/// The search for what an expectation says; for verdicts that must not come out, for a private flow, and if there is none,
/// for none at all. Whoever is on the internet has no private flow.
fn search(now: &Snapshot, question: &Question, id: &str) -> Option<(Verdict, Repairs)> {
    let expectation = now.scenario.expectations.iter().find(|e| e.id == id)?;
    let fields = &expectation.fields;
    let never = |v: Verdict| fields.never.iter().flat_map(|n| &n.0).any(|n| n.value == v);
    let from_internet = now.plane.clients.get(&question.from).is_ok_and(|c| c.origin.kind == "internet_client");
    let goals = match &fields.verdict {
        Some(verdict) => vec![verdict.value],
        None if from_internet => vec![Verdict::Blocked],
        None => [Verdict::Private, Verdict::Blocked].into_iter().filter(|v| !never(*v)).collect(),
    };
    // The whole of it, where it is about one flow and says how that one comes out.
    let expected = (!fields.selects() && fields.verdict.is_some()).then_some(expectation);
    let look = |verdict: Verdict| super::search(now, question, &super::Goal { verdict, expected }).ok();
    let mut found: Vec<(Verdict, Repairs)> = goals.iter().filter_map(|goal| Some((*goal, look(*goal)?))).collect();
    let best = found.iter().position(|(_, r)| !r.proposals.is_empty());
    let (goal, mut repairs) = (!found.is_empty()).then(|| found.swap_remove(best.unwrap_or_default()))?;
    if best.is_none() {
        repairs.goals = goals;
    }
    Some((goal, repairs))
}

/// Repairs every expectation that fails: each search begins with the first proposals of those before it applied, so that
/// the proposals fit together, and an expectation that they repair along the way needs no search.
#[must_use]
pub fn repair_file(snapshot: &Snapshot) -> FileRepairs {
    let broken = failing(snapshot);
    let mut result =
        FileRepairs { expects: snapshot.scenario.expectations.len(), failing: broken.len(), ..FileRepairs::default() };
    let mut now = snapshot.clone();
    let mut whole = Some(patch::empty());
    let mut seen: BTreeSet<String> = BTreeSet::new();
    // What others repaired on the way may bring within reach what was too far at first.
    let again = broken.clone();
    for expectation in broken.into_iter().chain(again) {
        let given_up = |m: &Mended| m.id == expectation.id && m.repairs.proposals.is_empty();
        if result.mended.iter().any(given_up) {
            if result.mended.len() == 1 || failing(&now).iter().all(|c| c.id != expectation.id) {
                continue;
            }
            result.mended.retain(|m| !given_up(m));
        } else if seen.contains(&expectation.id) {
            continue;
        }
        seen.insert(expectation.id.clone());
        let searches = result.mended.len();
        // An expectation of many flows is repaired one counterexample after the other.
        for _ in 0..MAX_ROUNDS {
            let Some(checked) = failing(&now).into_iter().find(|c| c.id == expectation.id) else { break };
            let Some(question) = checked.trace.as_ref().map(|t| t.question.clone()) else { break };
            let Some((goal, mut repairs)) = search(&now, &question, &expectation.id) else { break };
            let first = repairs.proposals.first().map(|p| p.patch.clone());
            // Steps point into the file as it is written, not into patches of it; where those before have brought the
            // verdict about, what is left to say is about the file with them.
            if let Ok(written) = trace(&snapshot.plane, &question)
                && !repairs.reached
            {
                repairs.trace = written;
            }
            let Checked { id, span, differences, .. } = checked;
            result.mended.push(Mended { id, span, differences, repairs });
            let Some(first) = first else { break };
            let Some(patched) = Prover::new(&now, &question, goal).apply(&first) else { break };
            now = patched;
            whole = whole.and_then(|w| patch::combine(&w, &first));
        }
        if result.mended.len() == searches && failing(&now).iter().all(|c| c.id != expectation.id) {
            result.along.push(expectation.id);
        }
    }
    result.left = failing(&now).into_iter().map(|c| c.id).collect();
    // What later searches repaired had nothing to propose of its own.
    let (along, mended): (Vec<Mended>, Vec<Mended>) = std::mem::take(&mut result.mended)
        .into_iter()
        .partition(|m| m.repairs.proposals.is_empty() && !result.left.contains(&m.id));
    let named: BTreeSet<&String> = mended.iter().map(|m| &m.id).collect();
    let also: BTreeSet<String> = along.into_iter().map(|m| m.id).filter(|id| !named.contains(id)).collect();
    result.along.extend(also);
    result.mended = mended;
    result.patch = whole.filter(|p| *p != patch::empty());
    result
}
