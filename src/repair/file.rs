//! Repairs of a whole file: one after the other, until what it expects holds.

use super::{Prover, Repairs, Value, patch, repair};
use crate::{
    diag::Span,
    snapshot::Snapshot,
    trace::trace,
    verify::{Checked, Outcome, verify},
};

/// The repair of one expectation.
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

/// Repairs every expectation that fails: each search begins with the first proposals of those before it applied, so that
/// the proposals fit together, and an expectation that they repair along the way needs no search.
#[must_use]
pub fn repair_file(snapshot: &Snapshot) -> FileRepairs {
    let broken = failing(snapshot);
    let mut result = FileRepairs { failing: broken.len(), ..FileRepairs::default() };
    let mut now = snapshot.clone();
    let mut whole = Some(patch::empty());
    for checked in broken {
        if failing(&now).iter().all(|c| c.id != checked.id) {
            result.along.push(checked.id);
            continue;
        }
        let wanted = snapshot.scenario.expectations.iter().find(|e| e.id == checked.id);
        // One that is asked of many flows has no single question; it stays among those left.
        let goal = wanted.and_then(|e| e.fields.verdict.as_ref()).map(|v| v.value);
        let (Some(goal), Some(asked)) = (goal, checked.trace.as_ref()) else { continue };
        let question = &asked.question;
        let Ok(mut repairs) = repair(&now, question, goal) else { continue };
        if let Some(first) = repairs.proposals.first() {
            if let Some(patched) = Prover::new(&now, question, goal).apply(&first.patch) {
                now = patched;
            }
            whole = whole.and_then(|w| patch::combine(&w, &first.patch));
        }
        // Steps point into the file as it is written, not into patches of it.
        if let Ok(written) = trace(&snapshot.plane, question) {
            repairs.trace = written;
        }
        let Checked { id, span, differences, .. } = checked;
        result.mended.push(Mended { id, span, differences, repairs });
    }
    result.left = failing(&now).into_iter().map(|c| c.id).collect();
    result.patch = whole.filter(|p| *p != patch::empty());
    result
}
