//! Which answers of the solver something unmodelled could change: those are left to the step engine.
//!
//! The solver knows nothing of what is not modelled. The step engine turns steps that it meets into unknowns; which steps
//! a flow has is the same for all pairs of two classes, as long as their members are named in the same scopes.

use crate::{
    dataplane::{Plane, Unmodelled, UnmodelledScope},
    reach::Cell,
    verdict::Verdict,
};

/// What is not modelled of a plane.
pub(super) struct Doubts<'p> {
    all: &'p [Unmodelled],
}

impl<'p> Doubts<'p> {
    pub(super) fn new(plane: &'p Plane) -> Self {
        Self { all: &plane.unmodelled }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The scopes that name one of these, by number: part of what tells classes apart.
    pub(super) fn naming<'n>(&self, names: impl Iterator<Item = &'n str> + Clone) -> Vec<usize> {
        let named = |what: &Unmodelled| match &what.scope {
            UnmodelledScope::Elements(elements) => names.clone().any(|n| elements.contains(n)),
            UnmodelledScope::Owners(networks) => names.clone().any(|n| networks.contains(n)),
            UnmodelledScope::Everything | UnmodelledScope::Names(_) => false,
        };
        self.all.iter().enumerate().filter(|(_, what)| named(what)).map(|(i, _)| i).collect()
    }

    /// Whether something unmodelled could change an answer.
    pub(super) fn may_change(&self, cell: Cell) -> bool {
        self.all.iter().any(|what| match &what.scope {
            // It lifts only blockers for want of an owner, and a flow that gets through meets none. The answer for a
            // blocked flow names the reason of one alternative only.
            UnmodelledScope::Owners(_) => match cell.outcome().map(|o| o.verdict) {
                None | Some(Verdict::Blocked | Verdict::Partial | Verdict::Unknown) => true,
                Some(Verdict::Private | Verdict::Backbone | Verdict::Public | Verdict::Unsupported) => false,
            },
            UnmodelledScope::Everything | UnmodelledScope::Elements(_) | UnmodelledScope::Names(_) => true,
        })
    }
}
