//! What depends on what: each element of a design is taken away, or made to fail, and every flow is asked again.

mod elements;
mod kinds;

pub use elements::{Element, How, elements};

use crate::{
    compare::{Answer, Effect, evaluate, questions},
    snapshot::Snapshot,
    trace::Question,
    verdict::Verdict,
};
use elements::without;
use kinds::Kinds;
use rayon::prelude::*;
use std::collections::HashMap;

/// What an element's failure does.
#[derive(Debug, Clone)]
pub struct Consequence {
    /// The element.
    pub element: Element,
    /// References to it that had to go with it, as keys from the top of the document.
    pub along: Vec<Vec<String>>,
    /// What happened to the flows; or why that cannot be said.
    pub outcome: Result<Vec<(Question, Effect)>, String>,
}

impl Consequence {
    /// Flows that got through, or were private, and no longer are.
    #[must_use]
    pub fn lost(&self) -> Vec<&Question> {
        self.of(|e| matches!(e, Effect::Lost | Effect::Weakened | Effect::Undecided | Effect::Removed))
    }

    /// Flows that are public and were not.
    #[must_use]
    pub fn exposed(&self) -> Vec<&Question> {
        self.of(|e| e == Effect::Exposed)
    }

    /// Whether no flow changes in any way.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.outcome.as_ref().is_ok_and(Vec::is_empty)
    }

    fn of(&self, wanted: fn(Effect) -> bool) -> Vec<&Question> {
        self.outcome.iter().flatten().filter(|(_, e)| wanted(*e)).map(|(q, _)| q).collect()
    }
}

/// What depends on every element.
#[derive(Debug, Clone)]
pub struct Impact {
    /// Number of flows.
    pub flows: usize,
    /// Number of them that get through.
    pub through: usize,
    /// Consequences, the most flows lost first, then the most exposed, then in order of the document.
    pub consequences: Vec<Consequence>,
}

/// Takes each element of a usable snapshot away in turn.
///
/// Of flows that nothing tells apart, neither with the element nor without it, one is asked for all. The elements are
/// shared out over the machine's processors; the result does not depend on how many there are.
#[must_use]
pub fn impact(snapshot: &Snapshot) -> Impact {
    of(snapshot, Some(&Kinds::new(&snapshot.plane)))
}

/// The same with every flow asked for by itself: slow, and what [`impact`] must agree with.
#[must_use]
pub fn impact_of_each(snapshot: &Snapshot) -> Impact {
    of(snapshot, None)
}

fn of(snapshot: &Snapshot, kinds: Option<&Kinds>) -> Impact {
    let flows: Vec<(Question, Answer)> =
        questions(snapshot).into_iter().filter_map(|q| evaluate(&snapshot.plane, &q).map(|a| (q, a))).collect();
    let all = elements(&snapshot.scenario.document);
    let mut consequences: Vec<Consequence> = all.par_iter().map(|e| consequence(snapshot, &flows, kinds, e)).collect();
    consequences.sort_by_key(|c| std::cmp::Reverse((c.lost().len(), c.exposed().len())));
    let through = |a: &Answer| matches!(a.verdict, Verdict::Private | Verdict::Backbone | Verdict::Public);
    let through = flows.iter().filter(|(_, a)| through(a)).count();
    Impact { flows: flows.len(), through, consequences }
}

/// Classes of a flow in two designs.
type Alike = ((usize, usize), (usize, usize));

fn consequence(
    snapshot: &Snapshot,
    flows: &[(Question, Answer)],
    kinds: Option<&Kinds>,
    element: &Element,
) -> Consequence {
    let (outcome, along) = match without(snapshot, element) {
        Ok((mut after, along)) => {
            after.plane.ask_from_internet(&snapshot.plane.internet.kinds);
            let both = kinds.map(|before| (before, Kinds::new(&after.plane)));
            let mut known: HashMap<Alike, Option<Effect>> = HashMap::new();
            let changed = flows.iter().filter_map(|(question, before)| {
                let alike = both.as_ref().and_then(|(was, is)| Some((was.of(question)?, is.of(question)?)));
                let ask = || Effect::of(Some(before), evaluate(&after.plane, question).as_ref());
                let effect = match alike {
                    Some(alike) => *known.entry(alike).or_insert_with(ask),
                    None => ask(),
                }?;
                let through = matches!(before.verdict, Verdict::Private | Verdict::Backbone | Verdict::Public);
                // What did not get through loses nothing with its end, or with the knowledge of it.
                let matters = through || !matches!(effect, Effect::Removed | Effect::Undecided);
                matters.then(|| (question.clone(), effect))
            });
            (Ok(changed.collect()), along)
        }
        Err(why) => (Err(why), Vec::new()),
    };
    Consequence { element: element.clone(), along, outcome }
}
