//! Which differences flip a flow: found by making some of them and asking again.
//!
//! A smallest set is looked for among single differences, then pairs where there are few; otherwise a minimal one, from
//! which none can be left out, by halving (delta debugging).

use super::{Answer, Change, Effect, FlowChange, apply, evaluate};
use crate::{
    dataplane::{Internet, Plane},
    scenario::Scenario,
    snapshot::Snapshot,
};
use rayon::prelude::*;

/// Most hybrids of the two documents that are evaluated. Beyond it a cause is not named, rather than guessed.
const MAX_TRIALS: usize = 4_000;
/// Most differences of which every single one is tried; beyond it halving begins at once.
const MAX_SINGLES: usize = 1_000;
/// Most differences of which every pair is tried.
const MAX_PAIRED: usize = 24;

struct Search<'s> {
    before: &'s Snapshot,
    after: &'s Snapshot,
    changes: &'s [Change],
    /// Who asks from the internet.
    internet: &'s Internet,
    left: usize,
}

/// Finds the cause of every change.
pub(super) fn find(
    (before, after): (&Snapshot, &Snapshot),
    internet: &Internet,
    changes: &[Change],
    flows: &mut [FlowChange],
) {
    let mut search = Search { before, after, changes, internet, left: MAX_TRIALS };
    if changes.len() <= MAX_SINGLES {
        for i in 0..changes.len() {
            search.settle(&[i], flows);
        }
    }
    if changes.len() <= MAX_PAIRED {
        for i in 0..changes.len() {
            for j in i + 1..changes.len() {
                search.settle(&[i, j], flows);
            }
        }
    }
    for at in 0..flows.len() {
        let Some(flow) = flows.get(at).filter(|f| f.causes.is_none()).cloned() else { continue };
        if let Some(set) = search.minimal(&flow) {
            search.settle_minimal(&set, flows);
        }
    }
}

impl Search<'_> {
    /// Names a set as the cause of every open flow that it flips.
    fn settle(&mut self, set: &[usize], flows: &mut [FlowChange]) {
        if flows.iter().all(|f| f.causes.is_some()) {
            return;
        }
        let Some(plane) = self.hybrid(set) else { return };
        flows.par_iter_mut().filter(|f| f.causes.is_none()).for_each(|flow| {
            if flips(&plane, flow) {
                flow.causes = Some(set.to_vec());
            }
        });
    }

    /// Names a set as the cause of every open flow that it flips and no smaller part of it does.
    fn settle_minimal(&mut self, set: &[usize], flows: &mut [FlowChange]) {
        let Some(plane) = self.hybrid(set) else { return };
        let without = |i: &usize| set.iter().copied().filter(|j| j != i).collect::<Vec<_>>();
        let parts: Vec<Plane> = set.iter().filter_map(|i| self.hybrid(&without(i))).collect();
        flows.par_iter_mut().filter(|f| f.causes.is_none()).for_each(|flow| {
            if flips(&plane, flow) && !parts.iter().any(|p| flips(p, flow)) {
                flow.causes = Some(set.to_vec());
            }
        });
    }

    /// The plane before with some differences made; nothing if they make no sense without others.
    fn hybrid(&mut self, set: &[usize]) -> Option<Plane> {
        self.left = self.left.checked_sub(1)?;
        let made: Vec<&Change> = set.iter().filter_map(|i| self.changes.get(*i)).collect();
        let document = apply(&self.before.scenario.document, made.iter().copied());
        let tags = made.iter().any(|c| c.path.first().is_some_and(|k| k == "service_tags_file"));
        let side: &Scenario = if tags { &self.after.scenario } else { &self.before.scenario };
        let mut snapshot = Snapshot::new(side.with_document(document).ok()?);
        // What the platform would refuse still has a meaning between two designs that it accepts.
        let broken = snapshot.errors().any(|d| !d.refused);
        snapshot.plane.ask_from_internet(&self.internet.kinds);
        (!broken).then_some(snapshot.plane)
    }

    /// A set that flips the flow and of which no part can be left out.
    fn minimal(&mut self, flow: &FlowChange) -> Option<Vec<usize>> {
        let mut set: Vec<usize> = (0..self.changes.len()).collect();
        let mut parts = 2;
        while set.len() > 1 {
            let size = set.len().div_ceil(parts);
            let mut smaller = None;
            for start in (0..set.len()).step_by(size) {
                let rest: Vec<usize> =
                    set.iter().enumerate().filter(|(i, _)| *i < start || *i >= start + size).map(|(_, c)| *c).collect();
                if self.left == 0 {
                    return None;
                }
                if self.hybrid(&rest).is_some_and(|p| flips(&p, flow)) {
                    smaller = Some(rest);
                    break;
                }
            }
            match smaller {
                Some(rest) => {
                    set = rest;
                    parts = 2.max(parts - 1);
                }
                None if size == 1 => break,
                None => parts = (parts * 2).min(set.len()),
            }
        }
        Some(set)
    }
}

/// Whether the flow comes out as it does in the end. Further blockers behind the one that decides have causes of their
/// own, which matter only where the decision is the same on both sides.
fn flips(plane: &Plane, flow: &FlowChange) -> bool {
    let found = evaluate(plane, &flow.question);
    match (flow.effect, &found, &flow.after) {
        (Effect::Rerouted | Effect::Otherwise, ..) => found == flow.after,
        (_, Some(found), Some(wanted)) => {
            let decision = |a: &Answer| (a.verdict, a.via, a.decides);
            decision(found) == decision(wanted)
        }
        (_, found, None) => found.as_ref().is_none_or(Answer::is_undeclared),
        (_, None, Some(_)) => false,
    }
}
