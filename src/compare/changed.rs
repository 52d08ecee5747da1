//! Which flows come out otherwise: told by the solver on both sides, and traced where it does not tell.
//!
//! The solver knows verdict, way and deciding reason of every flow. A path, and what further blocks a flow, only a trace
//! tells: it is asked once for two classes of clients and services on both sides, whose flows pass the same elements, and
//! for every flow of those that change.

use super::{
    Answer, Effect, Standing, evaluate,
    flows::renames,
    listed::{By, Listed, Sort},
    solved::Solved,
};
use crate::{
    dataplane::Plane,
    net::Transport,
    reach::Outcome,
    scenario::Scenario,
    trace::Question,
    verdict::{Reason, Verdict},
};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// One side: a plane and its scenario.
pub(super) type Side<'s> = (&'s Plane, &'s Scenario);

/// A flow with how it came and comes out.
pub(super) struct Changed {
    pub(super) question: Question,
    pub(super) effect: Effect,
    pub(super) before: Option<Answer>,
    pub(super) after: Option<Answer>,
}

/// Flows of two sides.
pub(super) struct Compared {
    /// Number of flows that either side asks for.
    pub(super) evaluated: usize,
    pub(super) changed: Vec<Changed>,
    /// Flows that stay closed of which the deciding reason alone was compared.
    pub(super) by_decision: usize,
}

/// Two things, of before and of after.
type Two<T> = [T; 2];

/// The flows of both sides, by numbers that both share.
struct Both<'s> {
    planes: Two<&'s Plane>,
    clients: Vec<String>,
    services: Vec<(String, u16, Transport)>,
    sorts: Vec<Two<Option<Sort>>>,
    by: Vec<Two<By>>,
    itself: Two<BTreeSet<(u32, u32)>>,
    /// Flows that only expectations ask for.
    extra: Two<BTreeSet<Question>>,
}

fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

impl<'s> Both<'s> {
    fn new(sides: Two<Side<'s>>) -> Self {
        let lists = sides.map(|(plane, scenario)| Listed::new(plane, scenario));
        let planes = sides.map(|(plane, _)| plane);
        let called = [renames(planes[0], planes[1]), renames(planes[1], planes[0])];
        let mut clients: BTreeMap<String, Two<Option<Sort>>> = BTreeMap::new();
        let mut services: BTreeMap<(String, u16, Transport), Two<By>> = BTreeMap::new();
        let mut extra: Two<BTreeSet<Question>> = Default::default();
        // What the other side calls otherwise is asked for as the other side does.
        let word = |side: usize, to: &str| {
            let other = called.get(side).and_then(|names| names.get(to));
            other.map_or_else(|| to.to_owned(), |alias| (*alias).to_owned())
        };
        for (side, list) in lists.iter().enumerate() {
            for ((name, _), sort) in list.clients.iter().zip(&list.sorts) {
                clients.entry(name.clone()).or_default().iter_mut().skip(side).take(1).for_each(|s| *s = Some(*sort));
            }
            for (service, by) in list.services.iter().zip(&list.by) {
                let key = (word(side, &service.to), service.port, service.transport);
                let own = services.entry(key).or_default().iter_mut().skip(side).take(1);
                own.for_each(|b| *b = b.and(*by));
            }
            for (_, question) in list.extra() {
                let question = Question { to: word(side, &question.to), ..question.clone() };
                extra.iter_mut().skip(side).take(1).for_each(|e| {
                    e.insert(question.clone());
                });
            }
        }
        let client_at: Two<Vec<Option<u32>>> = lists.each_ref().map(|list| {
            let known: BTreeMap<&String, u32> = clients.keys().zip(0..).collect();
            list.clients.iter().map(|(name, _)| known.get(name).copied()).collect()
        });
        let service_at: BTreeMap<(String, u16, Transport), u32> = services.keys().cloned().zip(0..).collect();
        let mut itself: Two<BTreeSet<(u32, u32)>> = Default::default();
        for (side, ((list, known), own)) in lists.iter().zip(&client_at).zip(&mut itself).enumerate() {
            own.extend(list.itself.iter().filter_map(|(c, s)| {
                let service = list.services.get(*s as usize)?;
                let key = (word(side, &service.to), service.port, service.transport);
                Some((known.get(*c as usize).copied()??, *service_at.get(&key)?))
            }));
        }
        Self {
            planes,
            sorts: clients.values().copied().collect(),
            clients: clients.into_keys().collect(),
            by: services.values().copied().collect(),
            services: services.into_keys().collect(),
            itself,
            extra,
        }
    }

    fn solved(&self, plane: &'s Plane) -> Solved<'s> {
        let services = self.services.iter().map(|(to, port, transport)| (to.as_str(), *port, *transport));
        Solved::new(plane, self.clients.iter().map(String::as_str), services)
    }

    /// Whether clients of a sort ask for a service, on either side.
    fn is_masked(&self, pair: (u32, u32)) -> bool {
        let both = self.sorts.get(pair.0 as usize).zip(self.by.get(pair.1 as usize));
        both.is_some_and(|(sorts, by)| masked(sorts, by) != [false, false])
    }

    /// Whether each side asks for a flow.
    fn asked(&self, pair: (u32, u32)) -> Two<bool> {
        let (Some(sorts), Some(by)) = (self.sorts.get(pair.0 as usize), self.by.get(pair.1 as usize)) else {
            return [false, false];
        };
        let [a, b] = masked(sorts, by);
        let [x, y] = self.itself.each_ref().map(|own| !own.contains(&pair));
        [a && x, b && y]
    }

    fn question(&self, (client, service): (u32, u32)) -> Option<Question> {
        let (from, (to, port, transport)) =
            self.clients.get(client as usize).zip(self.services.get(service as usize))?;
        Some(Question { from: from.clone(), to: to.clone(), port: *port, transport: *transport })
    }

    /// What became of a flow; nothing if it has not changed.
    fn changed(&self, question: Question, asked: Two<bool>) -> Option<Changed> {
        // A name that one side alone knows is not there on the other, rather than unknown.
        let of = |plane: &Plane, own: bool| evaluate(plane, &question).filter(|a| own || !a.is_undeclared());
        let (before, after) = (of(self.planes[0], asked[0]), of(self.planes[1], asked[1]));
        let effect = Effect::of(before.as_ref(), after.as_ref())?;
        Some(Changed { question, effect, before, after })
    }
}

fn masked(sorts: &Two<Option<Sort>>, by: &Two<By>) -> Two<bool> {
    let of = |sort: Option<Sort>, by: By| sort.is_some_and(|s| by.has(s));
    [of(sorts[0], by[0]), of(sorts[1], by[1])]
}

/// Members of the same key, in order.
fn alike<K: Ord>(keys: impl Iterator<Item = K>) -> BTreeMap<K, Vec<u32>> {
    let mut found: BTreeMap<K, Vec<u32>> = BTreeMap::new();
    for (at, key) in keys.enumerate() {
        found.entry(key).or_default().push(number(at));
    }
    found
}

/// Clients and services of a block by their classes.
type Parts = (Vec<Vec<u32>>, Vec<Vec<u32>>);

/// Clients and services of two groups on both sides.
struct Block<'b> {
    clients: &'b [u32],
    services: &'b [u32],
}

/// Compares all flows of two sides. `most` is how many pairs of classes that stay closed are traced for what further blocks
/// them; of more the deciding reason alone is compared.
pub(super) fn compare(sides: Two<Side<'_>>, most: usize) -> Compared {
    let both = Both::new(sides);
    let solved = both.planes.map(|plane| both.solved(plane));
    let [before, after] = &solved;
    let rows = alike((0..).zip(&both.sorts).map(|(c, sorts)| (*sorts, before.row(c), after.row(c))));
    let columns = alike((0..).zip(&both.by).map(|(s, by)| (*by, before.column(s), after.column(s))));
    let own = both.itself.iter().flatten().copied();
    let apart: BTreeSet<(u32, u32)> = before.apart().chain(after.apart()).chain(own).collect();
    let (mut open, mut closed) = (Vec::new(), Vec::new());
    let mut evaluated = 0;
    for ((sorts, was, is), clients) in &rows {
        for ((by, old, new), services) in &columns {
            let asked = masked(sorts, by);
            if asked == [false, false] {
                continue;
            }
            evaluated += clients.len() * services.len();
            let there = |own: bool, outcome: Option<Outcome>| {
                outcome.filter(|o| own || o.reason != Some(Reason::DnsUndeclared))
            };
            let cells = [there(asked[0], before.of_groups(*was, *old)), there(asked[1], after.of_groups(*is, *new))];
            match cells {
                [None, None] => {}
                [Some(a), Some(b)] if a == b && stays_closed(a) => closed.push(Block { clients, services }),
                _ => open.push(Block { clients, services }),
            }
        }
    }
    evaluated -= apart.iter().filter(|pair| both.is_masked(**pair) && both.asked(**pair) == [false, false]).count();
    let class = |c: u32| (before.class_of_client(c), after.class_of_client(c));
    let client_class: Vec<_> = (0..both.clients.len()).map(|c| class(number(c))).collect();
    let class = |s: u32| (before.class_of_service(s), after.class_of_service(s));
    let service_class: Vec<_> = (0..both.services.len()).map(|s| class(number(s))).collect();
    let parted = |members: &[u32], classes: &[(Option<usize>, Option<usize>)]| -> Vec<Vec<u32>> {
        let mut found: BTreeMap<_, Vec<u32>> = BTreeMap::new();
        for member in members {
            // What is missing on both sides has no class.
            let class = classes.get(*member as usize).copied().filter(|c| c.0.is_some() || c.1.is_some());
            found.entry(class.ok_or(*member)).or_default().push(*member);
        }
        found.into_values().collect()
    };
    let parts = |block: &Block<'_>| (parted(block.clients, &client_class), parted(block.services, &service_class));
    let mut work: Vec<Parts> = open.iter().map(parts).collect();
    let rest: Vec<Parts> = closed.iter().map(parts).collect();
    let mut by_decision = 0;
    if rest.iter().map(|(c, s)| c.len() * s.len()).sum::<usize>() <= most {
        work.extend(rest);
    } else {
        by_decision = closed.iter().map(|b| b.clients.len() * b.services.len()).sum();
    }
    let lines: Vec<(&[u32], &[Vec<u32>])> =
        work.iter().flat_map(|(c, s)| c.iter().map(move |c| (c.as_slice(), s.as_slice()))).collect();
    let change = |pair: (u32, u32)| {
        let asked = both.asked(pair);
        if asked == [false, false] { None } else { both.changed(both.question(pair)?, asked) }
    };
    let of_classes = |clients: &[u32], services: &[u32]| -> Vec<Changed> {
        let pairs = || clients.iter().flat_map(|c| services.iter().map(move |s| (*c, *s)));
        let mut usual = pairs().filter(|pair| !apart.contains(pair));
        let Some(first) = usual.next().and_then(change) else { return Vec::new() };
        std::iter::once(first).chain(usual.filter_map(change)).collect()
    };
    let mut changed: Vec<Changed> = lines
        .par_iter()
        .flat_map_iter(|(clients, lists)| lists.iter().flat_map(|services| of_classes(clients, services)))
        .collect();
    let single: Vec<(u32, u32)> = apart.iter().copied().collect();
    changed.par_extend(single.par_iter().filter_map(|pair| change(*pair)));
    let [first, second] = &both.extra;
    for question in first.union(second) {
        evaluated += 1;
        changed.extend(both.changed(question.clone(), [first.contains(question), second.contains(question)]));
    }
    Compared { evaluated, changed, by_decision }
}

/// Counts the flows of two sides that are equal.
pub(super) fn count(sides: Two<Side<'_>>) -> Compared {
    let both = Both::new(sides);
    let rows = alike(both.sorts.iter());
    let columns = alike(both.by.iter());
    let pairs = rows.iter().flat_map(|(sorts, clients)| columns.iter().map(move |(by, s)| (sorts, clients, by, s)));
    let asked = pairs.filter(|(sorts, _, by, _)| masked(sorts, by) != [false, false]);
    let all: usize = asked.map(|(_, clients, _, services)| clients.len() * services.len()).sum();
    let [first, second] = &both.itself;
    let itself = first.union(second).filter(|pair| both.is_masked(**pair) && both.asked(**pair) == [false, false]);
    let [one, other] = &both.extra;
    let evaluated = all - itself.count() + one.union(other).count();
    Compared { evaluated, changed: Vec::new(), by_decision: 0 }
}

/// Whether a flow does not get through, by any way.
fn stays_closed(outcome: Outcome) -> bool {
    let standing = Standing { verdict: outcome.verdict, exposed: false };
    !standing.is_through() && outcome.verdict != Verdict::Partial
}

/// The same with every flow of both sides traced by itself.
pub(super) fn compare_each(sides: Two<Side<'_>>) -> Compared {
    let [(was, before), (is, after)] = sides;
    let mut own = [super::questions_in(was, before), super::questions_in(is, after)];
    let names = [renames(was, is), renames(is, was)];
    for (questions, names) in own.iter_mut().zip(&names) {
        let called = |q: Question| match names.get(q.to.as_str()) {
            Some(alias) => Question { to: (*alias).to_owned(), ..q },
            None => q,
        };
        *questions = std::mem::take(questions).into_iter().map(called).collect();
    }
    let [first, second] = &own;
    let all: Vec<&Question> = first.union(second).collect();
    let changed = all.par_iter().filter_map(|question| {
        let of = |plane: &Plane, own: &BTreeSet<Question>| {
            evaluate(plane, question).filter(|a| own.contains(*question) || !a.is_undeclared())
        };
        let (before, after) = (of(was, first), of(is, second));
        let effect = Effect::of(before.as_ref(), after.as_ref())?;
        Some(Changed { question: (*question).clone(), effect, before, after })
    });
    Compared { evaluated: all.len(), changed: changed.collect(), by_decision: 0 }
}
