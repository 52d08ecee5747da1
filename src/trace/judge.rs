//! The verdict of a trace, read off its steps.

use crate::{
    forward::{Outcome, Step},
    verdict::{Reason, Verdict, Via, more_exposed},
};
use std::collections::BTreeSet;

/// A verdict with how, or why not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// How it gets through, for a flow that does; none if equal alternatives get through in different ways.
    pub via: Option<Via>,
    /// The different ways in which equal alternatives get through, if there are several.
    pub vias: Vec<Via>,
    /// Every reason of a flow that does not, the deciding one first.
    pub reasons: Vec<Reason>,
}

impl Default for Judgement {
    fn default() -> Self {
        Self { verdict: Verdict::Unknown, via: None, vias: Vec::new(), reasons: vec![Reason::NotModelled] }
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
    let verdicts: BTreeSet<Verdict> = judged.iter().map(|j| j.verdict).collect();
    let mut reasons = Vec::new();
    for reason in judged.iter().flat_map(|j| &j.reasons) {
        if !reasons.contains(reason) {
            reasons.push(*reason);
        }
    }
    let mut vias = Vec::new();
    for via in judged.iter().filter_map(|j| j.via) {
        if !vias.contains(&via) {
            vias.push(via);
        }
    }
    match (verdicts.first(), verdicts.len()) {
        (Some(verdict), 1) => match vias.as_slice() {
            [] | [_] => Judgement { verdict: *verdict, via: vias.first().copied(), vias: Vec::new(), reasons },
            _ => Judgement { verdict: *verdict, via: None, vias, reasons },
        },
        // Something unknown beside something decided is not known to be partial.
        _ if verdicts.contains(&Verdict::Unknown) => {
            Judgement { verdict: Verdict::Unknown, via: None, vias: Vec::new(), reasons }
        }
        _ => Judgement { verdict: Verdict::Partial, via: None, vias: Vec::new(), reasons },
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
    let none = Judgement::default();
    match deciding.map(|s| s.outcome) {
        Some(Outcome::Block(_)) => Judgement { verdict: Verdict::Blocked, reasons, ..none },
        Some(Outcome::Unsupported(_)) => Judgement { verdict: Verdict::Unsupported, reasons, ..none },
        Some(_) => Judgement { verdict: Verdict::Unknown, reasons, ..none },
        None => admission(steps)
            .map(|(verdict, via)| Judgement { verdict, via: Some(via), vias: Vec::new(), reasons: Vec::new() })
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

    #[test]
    fn alternatives_that_get_through_in_different_ways_have_no_way_in_common() {
        let list = |via| (String::new(), vec![Step::admit(Stage::Service, Verdict::Private, via, "")]);
        let judged = judge(&[], &[list(Via::Routed), list(Via::ApplicationGateway)]);
        assert_eq!((judged.verdict, judged.via), (Verdict::Private, None));
        assert_eq!(judged.vias, [Via::Routed, Via::ApplicationGateway]);
    }

    #[test]
    fn all_alternatives_tell_their_reasons() {
        let list = |reason| (String::new(), vec![Step::block(Stage::Filter, reason, "")]);
        let judged = judge(&[], &[list(Reason::Nsg), list(Reason::Fw)]);
        assert_eq!((judged.verdict, judged.reasons), (Verdict::Blocked, vec![Reason::Nsg, Reason::Fw]));
    }
}
