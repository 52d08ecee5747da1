//! What depends on what: each element of a design is taken away, or made to fail, and every flow is asked again.
//!
//! Every flow is asked of the solver, which answers all of them at once. Without most elements the design is compiled and
//! solved again; what comes out otherwise is found by groups. Rules of security groups, which are most of a large design,
//! are taken out of the solved design in place.

mod changes;
mod elements;
mod follow;
mod solved;

pub use changes::Changes;
pub use elements::{Element, How, elements};

use crate::{
    compare::{Effect, Listed, Standing, evaluate, questions},
    dataplane::Plane,
    snapshot::Snapshot,
    trace::Question,
};
use elements::without;
use follow::{Follower, Standings};
use rayon::prelude::*;
use solved::{between, count, effect, solve};
use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

/// What an element's failure does.
#[derive(Debug, Clone)]
pub struct Consequence {
    /// The element.
    pub element: Element,
    /// References to it that had to go with it, as keys from the top of the document.
    pub along: Vec<Vec<String>>,
    /// What happened to the flows; or why that cannot be said.
    pub outcome: Result<Arc<Changes>, String>,
    asked: Arc<Listed>,
}

impl Consequence {
    /// Number of flows that got through, or were private, and no longer are.
    #[must_use]
    pub fn lost(&self) -> usize {
        self.count(is_lost)
    }

    /// Number of flows that are public and were not.
    #[must_use]
    pub fn exposed(&self) -> usize {
        self.count(is_exposed)
    }

    /// Number of flows whose verdict changes.
    #[must_use]
    pub fn changed(&self) -> usize {
        self.count(|_| true)
    }

    /// Whether every flow keeps its verdict.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.outcome.is_ok() && self.changed() == 0
    }

    /// The flows that [`Consequence::lost`] counts, in order; of more than `most` some.
    #[must_use]
    pub fn lost_flows(&self, most: usize) -> Vec<Question> {
        self.questions(is_lost, most)
    }

    /// The flows that [`Consequence::exposed`] counts, in order; of more than `most` some.
    #[must_use]
    pub fn exposed_flows(&self, most: usize) -> Vec<Question> {
        self.questions(is_exposed, most)
    }

    /// Every flow whose verdict changes, with what happened to it, in order.
    #[must_use]
    pub fn flows(&self) -> Vec<(Question, Effect)> {
        let all = self.outcome.iter().flat_map(|c| c.iter());
        let mut found: Vec<_> = all.filter_map(|(pair, effect)| Some((self.asked.question(pair)?, effect))).collect();
        found.sort_unstable();
        found
    }

    fn count(&self, wanted: fn(Effect) -> bool) -> usize {
        self.outcome.as_ref().map_or(0, |c| c.count(wanted))
    }

    fn questions(&self, wanted: fn(Effect) -> bool, most: usize) -> Vec<Question> {
        let all = self.outcome.iter().flat_map(|c| c.iter()).filter(|(_, e)| wanted(*e));
        let mut found: Vec<Question> = all.take(most).filter_map(|(pair, _)| self.asked.question(pair)).collect();
        found.sort_unstable();
        found
    }
}

fn is_lost(effect: Effect) -> bool {
    matches!(effect, Effect::Lost | Effect::Weakened | Effect::Undecided | Effect::Removed)
}

fn is_exposed(effect: Effect) -> bool {
    effect == Effect::Exposed
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
/// A flow has changed if its verdict has, or if one of several equal ways is public now: another path to the same verdict
/// is no change. The elements are shared out over the machine's processors; the result does not depend on how many there
/// are.
#[must_use]
pub fn impact(snapshot: &Snapshot) -> Impact {
    impact_telling(snapshot, &|_, _| {})
}

/// The same; `tell` learns how many elements of how many are done.
#[must_use]
pub fn impact_telling(snapshot: &Snapshot, tell: &(dyn Fn(usize, usize) + Sync)) -> Impact {
    let asked = Arc::new(Listed::new(&snapshot.plane, &snapshot.scenario));
    let (before, extra) = solve(&snapshot.plane, &asked);
    let all = elements(&snapshot.scenario.document);
    let done = AtomicUsize::new(0);
    let told = || tell(done.fetch_add(1, Ordering::Relaxed) + 1, all.len());
    let mut followed =
        if before.is_plain() { follow_rules((&snapshot.plane, &extra), &asked, &all, &told) } else { HashMap::new() };
    let rest: Vec<usize> = (0..all.len()).filter(|at| !followed.contains_key(at)).collect();
    let solve = |at: &usize| {
        let outcome = all.get(*at).map(|element| {
            without(snapshot, element).map(|(mut after, along)| {
                after.ask_as_in(snapshot);
                let (now, now_extra) = solve(&after.plane, &asked);
                let mut changes = between(&asked, &before, &now);
                changes.expect(&asked, &extra, &now_extra);
                (changes, along)
            })
        });
        told();
        outcome.map(|o| (*at, o))
    };
    let mut solved: HashMap<usize, _> = rest.par_iter().filter_map(solve).collect();
    let consequences = all.iter().enumerate().filter_map(|(at, element)| {
        let (outcome, along) = match followed.remove(&at) {
            Some(changes) => (Ok(changes), Vec::new()),
            None => match solved.remove(&at)? {
                Ok((changes, along)) => (Ok(changes), along),
                Err(why) => (Err(why), Vec::new()),
            },
        };
        let (element, asked) = (element.clone(), Arc::clone(&asked));
        Some(Consequence { element, along, outcome: outcome.map(Arc::new), asked })
    });
    let (flows, through) = count(&asked, &before, &extra);
    ranked(flows, through, consequences.collect())
}

fn ranked(flows: usize, through: usize, mut consequences: Vec<Consequence>) -> Impact {
    consequences.sort_by_cached_key(|c| std::cmp::Reverse((c.lost(), c.exposed())));
    Impact { flows, through, consequences }
}

/// What rules of security groups carry that can be taken out in place, by the number of the element.
fn follow_rules(
    (plane, extra): (&Plane, &[Option<Standing>]),
    asked: &Listed,
    all: &[Element],
    told: &(dyn Fn() + Sync),
) -> HashMap<usize, Changes> {
    let rules: Vec<usize> =
        all.iter().enumerate().filter(|(_, e)| e.kind == "security rule").map(|(at, _)| at).collect();
    let standings = Standings::new(plane);
    let share = rules.len().div_ceil(rayon::current_num_threads()).max(1);
    let of = |rules: &[usize]| -> Vec<(usize, Changes)> {
        let mut follower = Follower::new(plane, extra, asked, &standings);
        let followed = rules.iter().filter_map(|at| {
            let rule = all.get(*at)?;
            let changes = follower.without(rule.path.get(1)?, rule.span)?;
            told();
            Some((*at, changes))
        });
        followed.collect()
    };
    rules.par_chunks(share).flat_map_iter(of).collect()
}

/// The same with every flow traced by itself, with and without each element: slow, and what [`impact`] must agree with. Of
/// the elements, in order of [`elements`], every `step`th is taken away.
#[must_use]
pub fn impact_of_each(snapshot: &Snapshot, step: usize) -> Impact {
    let asked = Arc::new(Listed::new(&snapshot.plane, &snapshot.scenario));
    let numbers = asked.numbers();
    let flows: Vec<(Question, Standing)> = questions(snapshot)
        .into_iter()
        .filter_map(|q| evaluate(&snapshot.plane, &q).map(|a| (q, a.standing())))
        .collect();
    let all: Vec<Element> = elements(&snapshot.scenario.document).into_iter().step_by(step.max(1)).collect();
    let consequence = |element: &Element| {
        let (outcome, along) = match without(snapshot, element) {
            Ok((mut after, along)) => {
                after.ask_as_in(snapshot);
                let mut changes = Changes::new(BTreeSet::new());
                for (question, before) in &flows {
                    let now = evaluate(&after.plane, question).map(|a| a.standing());
                    if let (Some(effect), Some(pair)) = (effect(Some(*before), now), numbers.of(question)) {
                        changes.add_one(pair, effect);
                    }
                }
                (Ok(Arc::new(changes)), along)
            }
            Err(why) => (Err(why), Vec::new()),
        };
        Consequence { element: element.clone(), along, outcome, asked: Arc::clone(&asked) }
    };
    let consequences = all.par_iter().map(consequence).collect();
    let through = flows.iter().filter(|(_, s)| s.is_through()).count();
    ranked(flows.len(), through, consequences)
}
