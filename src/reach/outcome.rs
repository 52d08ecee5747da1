//! What a flow comes to, and what has been found against it so far.

use crate::{
    dataplane::Unsupported,
    verdict::{Reason, Verdict, Via, Word, more_exposed},
};

/// The answer for one flow: the verdict, how it gets through, or what decides against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Outcome {
    /// The verdict.
    pub verdict: Verdict,
    /// How it gets through, for a flow that does; none if equal alternatives get through in different ways.
    pub via: Option<Via>,
    /// What decides, for a flow that does not.
    pub reason: Option<Reason>,
}

impl Outcome {
    /// A flow that gets through.
    #[must_use]
    pub fn admitted(verdict: Verdict, via: Via) -> Self {
        Self { verdict, via: Some(via), reason: None }
    }

    /// A flow that does not, or may not.
    #[must_use]
    pub fn refused(verdict: Verdict, reason: Reason) -> Self {
        Self { verdict, via: None, reason: Some(reason) }
    }

    /// What equal alternatives come to together (EVAL-05): the same if all agree, unknown beside something decided is
    /// unknown, and everything else is partial.
    #[must_use]
    pub fn of_alternatives(all: &[Self]) -> Option<Self> {
        let first = *all.first()?;
        if all.iter().all(|o| o.verdict == first.verdict) {
            let same = all.iter().all(|o| o.via == first.via);
            return Some(Self { via: first.via.filter(|_| same), ..first });
        }
        let unknown = all.iter().any(|o| o.verdict == Verdict::Unknown);
        let verdict = if unknown { Verdict::Unknown } else { Verdict::Partial };
        Some(Self { verdict, via: None, reason: all.iter().find_map(|o| o.reason) })
    }
}

/// What a stretch of a path has against a flow, and what admits it at its end. Stretches are put together in the order
/// of the path: the first certain objection decides, then the first uncertain one, then the most exposed admission (EVAL-06).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Findings {
    /// The first certain objection: whether the platform does not support something, and the reason.
    pub certain: Option<(Objection, Reason)>,
    /// The first thing that cannot be known.
    pub uncertain: Option<Reason>,
    /// The first objection of either kind.
    pub first: Option<Reason>,
    /// The most exposed admission, the last of those that expose alike.
    pub admitted: Option<(Verdict, Via)>,
}

/// Kinds of certain objections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Objection {
    /// The flow is stopped.
    Blocked,
    /// The platform does not support it.
    Unsupported,
}

impl Findings {
    /// The flow is stopped here.
    pub fn block(&mut self, reason: Reason) {
        self.certain.get_or_insert((Objection::Blocked, reason));
        self.first.get_or_insert(reason);
    }

    /// The platform does not support this.
    pub fn unsupported(&mut self, reason: Reason) {
        self.certain.get_or_insert((Objection::Unsupported, reason));
        self.first.get_or_insert(reason);
    }

    /// What the platform does not support, or may not.
    #[must_use]
    pub fn of_condition(condition: &Unsupported) -> Self {
        let mut found = Self::default();
        if condition.certain {
            found.unsupported(condition.reason);
        } else {
            found.unknown(condition.reason);
        }
        found
    }

    /// This cannot be known.
    pub fn unknown(&mut self, reason: Reason) {
        self.uncertain.get_or_insert(reason);
        self.first.get_or_insert(reason);
    }

    /// The flow is let in.
    pub fn admit(&mut self, verdict: Verdict, via: Via) {
        let own = (verdict, via);
        self.admitted = Some(self.admitted.map_or(own, |before| more_exposed(before, own)));
    }

    /// Adds what comes after.
    pub fn then(&mut self, next: &Self) {
        self.certain = self.certain.or(next.certain);
        self.uncertain = self.uncertain.or(next.uncertain);
        self.first = self.first.or(next.first);
        if let Some((verdict, via)) = next.admitted {
            self.admit(verdict, via);
        }
    }

    /// Whether nothing objects.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.certain.is_none() && self.uncertain.is_none()
    }

    /// The answer. What nobody admitted is unknown, never open.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match (self.certain, self.uncertain, self.admitted) {
            (Some((Objection::Blocked, reason)), ..) => Outcome::refused(Verdict::Blocked, reason),
            (Some((Objection::Unsupported, reason)), ..) => Outcome::refused(Verdict::Unsupported, reason),
            (None, Some(reason), _) => Outcome::refused(Verdict::Unknown, reason),
            (None, None, Some((verdict, via))) => Outcome::admitted(verdict, via),
            (None, None, None) => Outcome::refused(Verdict::Unknown, Reason::NotModelled),
        }
    }
}

/// An outcome in two bytes, or the mark of a flow that is left to the step engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell(u16);

impl Cell {
    /// Left to the step engine, and counted.
    pub const DELEGATED: Self = Self(u16::MAX);

    /// Packs an outcome.
    #[must_use]
    pub fn new(outcome: Outcome) -> Self {
        fn at<W: Word + PartialEq>(word: W) -> u16 {
            W::ALL.iter().position(|w| *w == word).and_then(|i| u16::try_from(i).ok()).unwrap_or(0)
        }
        let what = match (outcome.via, outcome.reason) {
            (Some(via), _) => 1 + at(via),
            (None, Some(reason)) => 1 + Self::VIAS + at(reason),
            (None, None) => 0,
        };
        Self(at(outcome.verdict) * Self::STRIDE + what)
    }

    const STRIDE: u16 = 256;
    const VIAS: u16 = 32;

    /// The two bytes.
    pub(super) fn raw(self) -> u16 {
        self.0
    }

    /// The cell of two bytes.
    pub(super) fn from_raw(raw: u16) -> Self {
        Self(raw)
    }

    /// Whether the flow is certainly stopped, whatever else cannot be known.
    pub(super) fn is_certain(self) -> bool {
        let verdict = Verdict::ALL.get(usize::from(self.0 / Self::STRIDE));
        matches!(verdict, Some(Verdict::Blocked | Verdict::Unsupported))
    }

    /// The outcome; none if it was left to the step engine.
    #[must_use]
    pub fn outcome(self) -> Option<Outcome> {
        if self == Self::DELEGATED {
            return None;
        }
        let verdict = *Verdict::ALL.get(usize::from(self.0 / Self::STRIDE))?;
        let what = self.0 % Self::STRIDE;
        Some(match what.checked_sub(1 + Self::VIAS) {
            Some(reason) => Outcome { verdict, via: None, reason: Reason::ALL.get(usize::from(reason)).copied() },
            None => {
                let via = what.checked_sub(1).and_then(|v| Via::ALL.get(usize::from(v)).copied());
                Outcome { verdict, via, reason: None }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_hold_every_outcome() {
        for verdict in Verdict::ALL {
            let vias = Via::ALL.iter().map(|v| Outcome::admitted(*verdict, *v));
            let reasons = Reason::ALL.iter().map(|r| Outcome::refused(*verdict, *r));
            let neither = Outcome { verdict: *verdict, via: None, reason: None };
            for outcome in vias.chain(reasons).chain([neither]) {
                assert_eq!(Cell::new(outcome).outcome(), Some(outcome));
            }
        }
        assert_eq!(Cell::DELEGATED.outcome(), None);
    }

    #[test]
    fn a_certain_objection_decides_before_an_uncertain_one() {
        let mut found = Findings::default();
        found.unknown(Reason::Tag);
        found.admit(Verdict::Private, Via::Routed);
        assert_eq!(found.outcome(), Outcome::refused(Verdict::Unknown, Reason::Tag));
        found.block(Reason::Nsg);
        found.unsupported(Reason::GwSubnet);
        assert_eq!(found.outcome(), Outcome::refused(Verdict::Blocked, Reason::Nsg));
        assert_eq!(Findings::default().outcome().verdict, Verdict::Unknown);
    }
}
