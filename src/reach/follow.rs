//! A solution that follows edits of its plane.

use super::{
    Bulk, Cell, Column, Names, Source, Totals,
    bulk::Flip,
    edit::{Edit, Touched, Whole},
    model::{Model, Owned},
    probe::Probe,
};
use crate::dataplane::Plane;

/// A solved plane that edits are applied to. The plane itself stays with whoever edits it.
#[derive(Debug)]
pub struct Followed {
    bulk: Bulk,
    owned: Owned,
    totals: Totals,
}

/// What edits changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Pairs that changed, in blocks of sources and columns that changed alike; no pair is in two of them.
    pub flips: Vec<Flip>,
    /// Why everything was solved again, if it was.
    pub whole: Option<Whole>,
}

impl Change {
    /// Number of pairs that changed.
    #[must_use]
    pub fn pairs(&self) -> u64 {
        self.flips.iter().map(Flip::pairs).sum()
    }
}

impl Followed {
    /// Solves a plane, and keeps what edits need. Each source is a class of its own, so that none can be split.
    #[must_use]
    pub fn new(plane: &Plane, sources: &[Source], columns: &[Column], names: &dyn Names) -> Self {
        let model = Model::new(plane, names);
        let bulk = Bulk::new(&model, sources, columns, true);
        let totals = bulk.totals();
        Self { bulk, owned: model.owned(), totals }
    }

    /// The solution as it is now.
    #[must_use]
    pub fn bulk(&mut self) -> &Bulk {
        self.bulk.refresh();
        &self.bulk
    }

    /// The verdict for a source and a column, as [`Bulk::verdict`] has it.
    #[must_use]
    pub fn verdict(&self, source: usize, column: usize) -> Option<crate::verdict::Verdict> {
        self.bulk.verdict(source, column)
    }

    /// Exact totals over all sources and columns as they are now.
    #[must_use]
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    /// Whether edits would be followed in place, as far as is known beforehand.
    #[must_use]
    pub fn follows(&self, plane: &Plane, edits: &[Edit], names: &dyn Names) -> bool {
        let mut touched = Touched::default();
        edits.iter().for_each(|e| e.touch(plane, &mut touched));
        self.bulk.takes(&Model::with(plane, names, self.owned.clone()), &touched)
    }

    /// Follows edits that were made to the plane since, given with those that undo them; sources, columns and names must be
    /// the same as before.
    pub fn follow(
        &mut self,
        plane: &Plane,
        edits: [&[Edit]; 2],
        sources: &[Source],
        columns: &[Column],
        names: &dyn Names,
    ) -> Change {
        let mut touched = Touched::default();
        edits.into_iter().flatten().for_each(|e| e.touch(plane, &mut touched));
        let model = Model::with(plane, names, self.owned.clone());
        let change = match self.bulk.follow(&model, sources, columns, &touched) {
            Ok(flips) => Change { flips, whole: None },
            Err(why) => self.again(&model, sources, columns, why),
        };
        self.count(&change);
        change
    }

    /// Solves everything again after edits that changed who owns which address.
    pub fn renew(&mut self, plane: &Plane, sources: &[Source], columns: &[Column], names: &dyn Names) -> Change {
        let model = Model::new(plane, names);
        self.owned = model.owned();
        let change = self.again(&model, sources, columns, Whole::Addresses);
        self.count(&change);
        change
    }

    /// What sources come to at columns that are none of its own, on the plane as it is now.
    #[must_use]
    pub fn decide(&self, plane: &Plane, pairs: &[(Source, Column)], names: &dyn Names) -> Vec<Cell> {
        let model = Model::with(plane, names, self.owned.clone());
        let probe = Probe::new(&model);
        pairs.iter().map(|(s, c)| probe.decide(s, c).map_or(Cell::DELEGATED, Cell::new)).collect()
    }

    fn again(&mut self, model: &Model<'_>, sources: &[Source], columns: &[Column], why: Whole) -> Change {
        let fresh = Bulk::new(model, sources, columns, true);
        self.bulk.refresh();
        let flips = self.bulk.compare(&fresh, sources.len(), columns.len());
        self.bulk = fresh;
        Change { flips, whole: Some(why) }
    }

    fn count(&mut self, change: &Change) {
        for flip in &change.flips {
            self.totals.replace_verdict(flip.was, flip.is, flip.pairs());
        }
    }
}
