//! Today's verdicts as expectations: a regression baseline.

use crate::{
    flows::questions,
    snapshot::Snapshot,
    trace::{Question, trace},
    verdict::{Reason, Verdict, Via},
};
use rayon::prelude::*;

/// What a flow comes to today.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Today {
    /// The flow.
    pub question: Question,
    /// The verdict.
    pub verdict: Verdict,
    /// How it gets through.
    pub via: Option<Via>,
    /// The deciding reason.
    pub reason: Option<Reason>,
}

/// The verdict of every client with everything that it can ask for, on each port that may answer.
#[must_use]
pub fn baseline(snapshot: &Snapshot) -> Vec<Today> {
    let answered = |question: &Question| {
        let judged = trace(&snapshot.plane, question).ok()?.judgement;
        let reason = judged.reason();
        Some(Today { question: question.clone(), verdict: judged.verdict, via: judged.via, reason })
    };
    let asked: Vec<Question> = questions(&snapshot.plane).into_iter().collect();
    asked.par_iter().filter_map(answered).collect()
}
