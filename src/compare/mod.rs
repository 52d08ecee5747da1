//! Two snapshots to changes: which flows come out otherwise, and which declared difference is why.

mod cause;
mod changed;
mod changes;
mod flows;
mod listed;
mod solved;

pub use changes::{Change, apply, differences};
pub use flows::{Answer, Standing, answer, evaluate, questions, questions_in};
pub(crate) use listed::{By, Listed, Sort};
pub(crate) use solved::Solved;

use crate::{
    net::Transport,
    snapshot::Snapshot,
    trace::Question,
    verdict::{Reason, Verdict, Via},
};
use std::collections::{BTreeMap, BTreeSet};

/// What a difference does to a flow, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// It is public and was not.
    Exposed,
    /// It got through and no longer does.
    Lost,
    /// It cannot be decided any more.
    Undecided,
    /// It was private and gets through in another way.
    Weakened,
    /// It did not get through and now does.
    Gained,
    /// It gets through in another way, or by another path.
    Rerouted,
    /// It does not get through either way, for other reasons.
    Otherwise,
    /// It could not be asked for before: an end of it is new.
    Added,
    /// It can no longer be asked for: an end of it is gone.
    Removed,
}

impl Effect {
    /// Every effect, the worst first.
    pub const ALL: [Self; 9] = [
        Self::Exposed,
        Self::Lost,
        Self::Undecided,
        Self::Weakened,
        Self::Gained,
        Self::Rerouted,
        Self::Otherwise,
        Self::Added,
        Self::Removed,
    ];

    /// A word for reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exposed => "exposed",
            Self::Lost => "lost",
            Self::Undecided => "undecided",
            Self::Weakened => "weakened",
            Self::Gained => "gained",
            Self::Rerouted => "rerouted",
            Self::Otherwise => "otherwise",
            Self::Added => "added",
            Self::Removed => "removed",
        }
    }

    /// What it means.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Exposed => "public, and was not",
            Self::Lost => "got through, and no longer does",
            Self::Undecided => "cannot be decided any more",
            Self::Weakened => "was private, and gets through in another way",
            Self::Gained => "did not get through, and now does",
            Self::Rerouted => "gets through in another way",
            Self::Otherwise => "does not get through, for other reasons",
            Self::Added => "an end of the flow is new",
            Self::Removed => "an end of the flow is gone",
        }
    }

    /// The effect of coming out so after having come out otherwise; none if nothing changed.
    #[must_use]
    pub fn of(before: Option<&Answer>, after: Option<&Answer>) -> Option<Self> {
        let standing = |a: Option<&Answer>| a.map(Answer::standing);
        match (before, after) {
            (Some(was), Some(is)) if was.standing() == is.standing() => match () {
                () if was == is => None,
                () if is.standing().is_through() => Some(Self::Rerouted),
                () => Some(Self::Otherwise),
            },
            _ => Self::of_standings(standing(before), standing(after)),
        }
    }

    /// The same by verdicts alone: a flow that keeps its verdict has not changed, whichever way it takes.
    #[must_use]
    pub fn of_standings(before: Option<Standing>, after: Option<Standing>) -> Option<Self> {
        let (before, after) = match (before, after) {
            (None, None) => return None,
            (None, Some(after)) if after.exposed => return Some(Self::Exposed),
            (None, Some(_)) => return Some(Self::Added),
            (Some(_), None) => return Some(Self::Removed),
            (Some(before), Some(after)) => (before, after),
        };
        let (was, is) = (before.verdict, after.verdict);
        Some(match () {
            () if before == after => return None,
            // Where one of several ways was public and all are now, another one has been opened.
            () if after.exposed && (!before.exposed || was == Verdict::Partial && is == Verdict::Public) => {
                Self::Exposed
            }
            () if was != is && is == Verdict::Unknown => Self::Undecided,
            () if before.is_through() && !after.is_through() => Self::Lost,
            () if was == Verdict::Private && is != was => Self::Weakened,
            () if !before.is_through() && after.is_through() => Self::Gained,
            () if after.is_through() => Self::Rerouted,
            () => Self::Otherwise,
        })
    }
}

/// A flow that comes out otherwise.
#[derive(Debug, Clone)]
pub struct FlowChange {
    /// The flow.
    pub question: Question,
    /// What happened to it.
    pub effect: Effect,
    /// How it came out; nothing if it could not be asked for.
    pub before: Option<Answer>,
    /// How it comes out.
    pub after: Option<Answer>,
    /// Whether the client is on the internet.
    pub from_internet: bool,
    /// A smallest set of differences that flips it, as indices; nothing if the search gave up.
    pub causes: Option<Vec<usize>>,
}

impl FlowChange {
    /// Whether a reviewer must look at it: newly public, no longer through, no longer private, or undecided. What
    /// closes to the internet is what one wants.
    #[must_use]
    pub fn is_regression(&self) -> bool {
        match self.effect {
            Effect::Exposed | Effect::Undecided | Effect::Weakened => true,
            Effect::Lost => !self.from_internet,
            Effect::Gained | Effect::Rerouted | Effect::Otherwise | Effect::Added | Effect::Removed => false,
        }
    }
}

/// Flows that change alike: every one of these clients to every one of these targets.
#[derive(Debug, Clone)]
pub struct Class {
    /// Clients.
    pub clients: Vec<String>,
    /// Targets with ports.
    pub targets: Vec<String>,
    /// Number of flows of each client.
    pub flows_each: usize,
    /// One of the flows, for what they have in common.
    pub example: FlowChange,
}

/// What two snapshots differ in.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// Declared differences, in order of path.
    pub differences: Vec<Change>,
    /// Number of flows that were evaluated.
    pub evaluated: usize,
    /// Number of those that stay closed of which the deciding reason alone was compared, because there are very many.
    pub by_decision: usize,
    /// Who stood for the parts of the internet of which no client is declared.
    pub implied: BTreeSet<String>,
    /// Whether somebody on the internet is declared on either side.
    pub from_internet: bool,
    /// Number of ranges of the internet that rules tell apart and nobody asked from, because there are too many.
    pub left_out: usize,
    /// Flows that come out otherwise.
    pub changes: Vec<FlowChange>,
}

/// Pairs of classes that stay closed of which everything that blocks them is compared.
const CLOSED: usize = 200_000;

/// Compares two usable snapshots: all flows of both sides, and those that either's expectations ask for.
///
/// Of very many flows that stay closed the reason that decides is compared, and not what would block them further
/// ([`Comparison::by_decision`]).
#[must_use]
pub fn compare(before: &Snapshot, after: &Snapshot) -> Comparison {
    compare_closely(before, after, CLOSED)
}

/// The same; `closed` is how many pairs of classes that stay closed are traced for everything that blocks them.
#[must_use]
pub fn compare_closely(before: &Snapshot, after: &Snapshot, closed: usize) -> Comparison {
    compare_with(before, after, |sides| changed::compare(sides, closed))
}

/// The same with every flow traced by itself: slow, and what [`compare`] must agree with.
#[must_use]
pub fn compare_each(before: &Snapshot, after: &Snapshot) -> Comparison {
    compare_with(before, after, changed::compare_each)
}

fn compare_with(
    before: &Snapshot,
    after: &Snapshot,
    ask: impl FnOnce([changed::Side<'_>; 2]) -> changed::Compared,
) -> Comparison {
    let differences = differences(&before.scenario.document, &after.scenario.document);
    let (was, is) = before.told_apart(after);
    let askers = || [&was, &is].into_iter().flat_map(crate::flows::askers);
    let on_internet = |a: &crate::flows::Asker<'_>| a.origin.kind == "internet_client";
    let internet: BTreeSet<String> = askers().filter(on_internet).map(|a| a.name).collect();
    let implied: BTreeSet<String> = askers().filter(|a| crate::flows::is_implied(a.client)).map(|a| a.name).collect();
    // Equal documents give equal answers, whatever they are.
    let compared = match differences.is_empty() {
        true => changed::count([(&was, &before.scenario), (&is, &after.scenario)]),
        false => ask([(&was, &before.scenario), (&is, &after.scenario)]),
    };
    let changed = compared.changed.into_iter().map(|c| FlowChange {
        from_internet: internet.contains(c.question.from.as_str()),
        question: c.question,
        effect: c.effect,
        before: c.before,
        after: c.after,
        causes: None,
    });
    let mut changes: Vec<FlowChange> = changed.collect();
    changes.sort_by(|a, b| a.question.cmp(&b.question));
    cause::find((before, after), &is.internet, &differences, &mut changes);
    changes.sort_by(|a, b| (a.effect, &a.question).cmp(&(b.effect, &b.question)));
    Comparison {
        differences,
        evaluated: compared.evaluated,
        by_decision: compared.by_decision,
        from_internet: internet.len() > implied.len(),
        implied,
        left_out: is.internet.left_out,
        changes,
    }
}

/// What flows of one class have in common.
type Key<'c> = (Effect, Option<Short<'c>>, Option<Short<'c>>, &'c Option<Vec<usize>>, bool);
type Short<'c> = (Verdict, Option<Via>, &'c [Reason], &'c [String]);

impl Comparison {
    /// Changed flows by class, the worst first.
    #[must_use]
    pub fn classes(&self) -> Vec<Class> {
        let mut alike: BTreeMap<Key<'_>, Vec<&FlowChange>> = BTreeMap::new();
        for change in &self.changes {
            let path = matches!(change.effect, Effect::Rerouted);
            let (before, after) = (short(change.before.as_ref(), path), short(change.after.as_ref(), path));
            let key = (change.effect, before, after, &change.causes, change.from_internet);
            alike.entry(key).or_default().push(change);
        }
        let mut classes = Vec::new();
        for flows in alike.into_values() {
            let mut targets_of: BTreeMap<&str, Ports<'_>> = BTreeMap::new();
            for flow in &flows {
                let asked = &flow.question;
                let ports = targets_of.entry(&asked.from).or_default();
                ports.entry((&asked.to, asked.transport)).or_default().push(asked.port);
            }
            let mut clients_of: BTreeMap<Ports<'_>, Vec<&str>> = BTreeMap::new();
            for (client, targets) in targets_of {
                clients_of.entry(targets).or_default().push(client);
            }
            for (targets, clients) in clients_of {
                let first = flows.iter().find(|f| clients.first() == Some(&f.question.from.as_str()));
                if let Some(example) = first {
                    let clients = clients.into_iter().map(str::to_owned).collect();
                    let flows = targets.values().map(Vec::len).sum();
                    let targets = targets.iter().map(written).collect();
                    classes.push(Class { clients, targets, flows_each: flows, example: (*example).clone() });
                }
            }
        }
        classes.sort_by_key(|c| c.example.effect);
        classes
    }
}

fn short(answer: Option<&Answer>, path: bool) -> Option<Short<'_>> {
    answer.map(|a| (a.verdict, a.via, a.reasons.as_slice(), if path { a.path.as_slice() } else { &[] }))
}

/// Ports by target and transport.
type Ports<'c> = BTreeMap<(&'c str, Transport), Vec<u16>>;

/// A target with transport and ports.
fn written((target, ports): (&(&str, Transport), &Vec<u16>)) -> String {
    let ports: Vec<String> = ports.iter().map(ToString::to_string).collect();
    format!("{}  {}", target.0, target.1.on(ports.join(",")))
}
