//! What something unmodelled could change is left to the step engine: one pair for each two classes.
//!
//! The solver knows nothing of what is not modelled. The step engine turns steps that it meets into unknowns, those of
//! DNS queries on the way included, so that no answer of the solver is beyond doubt. Which steps a flow has is the same
//! for all pairs of two classes, as long as their members are named in the same scopes.

use crate::dataplane::{Plane, Unmodelled, UnmodelledScope};

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
}
