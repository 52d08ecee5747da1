//! The verdict of a trace, read off its steps.

use crate::{
    forward::{Outcome, Step},
    verdict::{Reason, Verdict, Via, more_exposed},
};

/// A verdict with how, or why not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// How it gets through, for a flow that does.
    pub via: Option<Via>,
    /// Every reason of a flow that does not, the deciding one first.
    pub reasons: Vec<Reason>,
}

impl Default for Judgement {
    fn default() -> Self {
        Self { verdict: Verdict::Unknown, via: None, reasons: vec![Reason::NotModelled] }
    }
}

impl Judgement {
    /// The reason that decides.
    #[must_use]
    pub fn reason(&self) -> Option<Reason> {
        self.reasons.first().copied()
    }
}

/// Judges a trace (DEF-01). The first blocker or unsupported element decides; a blocker further on is as certain as
/// the first, so only without any does something unknown decide.
pub(super) fn judge(steps: &[Step], alternatives: &[(String, Vec<Step>)]) -> Judgement {
    if alternatives.is_empty() {
        return one(steps);
    }
    let judged: Vec<_> = alternatives.iter().map(|(_, list)| along(steps, list)).collect();
    let mut different = judged.clone();
    different.dedup_by(|a, b| a.verdict == b.verdict);
    match (different.len(), judged.into_iter().next()) {
        (1, Some(same)) => same,
        _ => {
            let mut reasons = Vec::new();
            for reason in different.iter().flat_map(|j| &j.reasons) {
                if !reasons.contains(reason) {
                    reasons.push(*reason);
                }
            }
            // Something unknown beside something decided is not known to be partial.
            let verdict = if different.iter().any(|j| j.verdict == Verdict::Unknown) {
                Verdict::Unknown
            } else {
                Verdict::Partial
            };
            Judgement { verdict, via: None, reasons }
        }
    }
}

/// Judges one of several alternatives by the steps that all share and its own.
pub(super) fn along(shared: &[Step], own: &[Step]) -> Judgement {
    one(&shared.iter().chain(own).cloned().collect::<Vec<_>>())
}

fn one(steps: &[Step]) -> Judgement {
    let hard = |s: &&Step| matches!(s.outcome, Outcome::Block(_) | Outcome::Unsupported(_));
    let soft = |s: &&Step| matches!(s.outcome, Outcome::Unknown(_));
    let deciding = steps.iter().find(hard).or_else(|| steps.iter().find(soft));
    let mut reasons = Vec::new();
    let ordered = deciding.into_iter().chain(steps.iter().filter(|s| s.is_blocker()));
    for step in ordered {
        if let Outcome::Block(r) | Outcome::Unsupported(r) | Outcome::Unknown(r) = step.outcome
            && !reasons.contains(&r)
        {
            reasons.push(r);
        }
    }
    match deciding.map(|s| s.outcome) {
        Some(Outcome::Block(_)) => Judgement { verdict: Verdict::Blocked, via: None, reasons },
        Some(Outcome::Unsupported(_)) => Judgement { verdict: Verdict::Unsupported, via: None, reasons },
        Some(_) => Judgement { verdict: Verdict::Unknown, via: None, reasons },
        None => admission(steps)
            .map(|(verdict, via)| Judgement { verdict, via: Some(via), reasons: Vec::new() })
            .unwrap_or_default(),
    }
}

/// What the admissions among steps make together, if there are any.
pub(super) fn admission(steps: &[Step]) -> Option<(Verdict, Via)> {
    let admitted = steps.iter().filter_map(|s| match s.outcome {
        Outcome::Admit(verdict, via) => Some((verdict, via)),
        _ => None,
    });
    admitted.reduce(more_exposed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forward::Stage;

    fn admit() -> Step {
        Step::admit(Stage::Service, Verdict::Private, Via::Routed, "")
    }

    #[test]
    fn a_blocker_beats_an_earlier_unknown() {
        let steps = [
            Step::unknown(Stage::Filter, Reason::Tag, ""),
            Step::block(Stage::Service, Reason::Pna, ""),
            Step::block(Stage::Return, Reason::Asym, ""),
        ];
        let judged = judge(&steps, &[]);
        assert_eq!(judged.verdict, Verdict::Blocked);
        assert_eq!(judged.reasons, [Reason::Pna, Reason::Tag, Reason::Asym]);
    }

    #[test]
    fn nothing_admitted_is_unknown_never_private() {
        assert_eq!(judge(&[], &[]).verdict, Verdict::Unknown);
        assert_eq!(judge(&[admit()], &[]).verdict, Verdict::Private);
    }

    #[test]
    fn a_path_is_as_private_as_its_most_exposed_stretch() {
        let public = Step::admit(Stage::Service, Verdict::Public, Via::PublicEndpoint, "");
        let judged = judge(&[public, admit()], &[]);
        assert_eq!((judged.verdict, judged.via), (Verdict::Public, Some(Via::PublicEndpoint)));
    }

    #[test]
    fn alternatives_that_differ_are_partial() {
        // EVAL-05
        let list = |step| vec![step];
        let open = ("a".to_owned(), list(admit()));
        let shut = ("b".to_owned(), list(Step::block(Stage::Filter, Reason::Nsg, "")));
        assert_eq!(judge(&[], &[open.clone(), shut]).verdict, Verdict::Partial);
        assert_eq!(judge(&[], &[open.clone(), open]).verdict, Verdict::Private);
    }
}
