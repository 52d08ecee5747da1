//! What a solved design makes of the flows of another one.

use super::changes::Changes;
use crate::{
    compare::{By, Effect, Listed, Solved, Sort, Standing, evaluate},
    dataplane::Plane,
    reach::Outcome,
    verdict::Verdict,
};
use std::collections::{BTreeMap, BTreeSet};

fn plain(outcome: Outcome) -> Standing {
    Standing { verdict: outcome.verdict, exposed: outcome.verdict == Verdict::Public }
}

/// All flows of a list that one plane answers, and how the rest comes out.
pub(super) fn solve<'p>(plane: &'p Plane, asked: &Listed) -> (Solved<'p>, Vec<Option<Standing>>) {
    let services = asked.services.iter().map(|s| (s.to.as_str(), s.port, s.transport));
    let solved = Solved::new(plane, asked.clients.iter().map(|(n, _)| n.as_str()), services);
    (solved, extra_in(plane, asked))
}

/// Number of flows, and of those that get through.
pub(super) fn count(asked: &Listed, solved: &Solved<'_>, extra: &[Option<Standing>]) -> (usize, usize) {
    let (rows, columns) = (rows(asked, |c| (solved.row(c), None)), columns(asked, |s| (solved.column(s), None)));
    let apart: BTreeSet<(u32, u32)> = solved.apart().chain(asked.itself.iter().copied()).collect();
    let (mut all, mut through) = (0, 0);
    for ((sort, row, _), clients) in &rows {
        for ((_, column, _), services) in columns.iter().filter(|((by, ..), _)| by.has(*sort)) {
            let Some(outcome) = solved.of_groups(*row, *column) else { continue };
            let own = |c: &u32| {
                let own = apart.range((*c, 0)..=(*c, u32::MAX));
                own.filter(|(_, s)| services.binary_search(s).is_ok()).count()
            };
            let flows = clients.len() * services.len() - clients.iter().map(own).sum::<usize>();
            all += flows;
            through += if plain(outcome).is_through() { flows } else { 0 };
        }
    }
    let single = apart.iter().filter(|p| asked.asks(**p)).map(|p| solved.standing(*p));
    for standing in single.chain(extra.iter().copied()).flatten() {
        all += 1;
        through += usize::from(standing.is_through());
    }
    (all, through)
}

/// Members of the same key, in order.
type Lists<K> = BTreeMap<K, Vec<u32>>;
/// Groups before and after.
type Two = (Option<usize>, Option<usize>);

fn rows(asked: &Listed, of: impl Fn(u32) -> Two) -> Lists<(Sort, Option<usize>, Option<usize>)> {
    let mut found: Lists<_> = BTreeMap::new();
    for (client, sort) in (0_u32..).zip(&asked.sorts) {
        let (before, after) = of(client);
        found.entry((*sort, before, after)).or_default().push(client);
    }
    found
}

fn columns(asked: &Listed, of: impl Fn(u32) -> Two) -> Lists<(By, Option<usize>, Option<usize>)> {
    let mut found: Lists<_> = BTreeMap::new();
    for (service, by) in (0_u32..).zip(&asked.by) {
        let (before, after) = of(service);
        found.entry((*by, before, after)).or_default().push(service);
    }
    found
}

/// The effect on a flow, if it matters: what did not get through loses nothing with its end, or with the knowledge of it.
pub(super) fn effect(before: Option<Standing>, after: Option<Standing>) -> Option<Effect> {
    let effect = Effect::of_standings(Some(before?), after)?;
    let matters = before?.is_through() || !matches!(effect, Effect::Removed | Effect::Undecided);
    matters.then_some(effect)
}

/// What comes out otherwise after than before.
pub(super) fn between(asked: &Listed, before: &Solved<'_>, after: &Solved<'_>) -> Changes {
    let rows = rows(asked, |c| (before.row(c), after.row(c)));
    let columns = columns(asked, |s| (before.column(s), after.column(s)));
    let own = before.apart().chain(after.apart());
    let apart: BTreeSet<(u32, u32)> = own.chain(asked.itself.iter().copied()).collect();
    let mut changes = Changes::new(apart);
    for ((sort, was, is), clients) in &rows {
        let mut found: Lists<Effect> = BTreeMap::new();
        for ((_, old, new), services) in columns.iter().filter(|((by, ..), _)| by.has(*sort)) {
            let (before_all, after_all) = (before.of_groups(*was, *old), after.of_groups(*is, *new));
            if [before_all, after_all].iter().flatten().any(|o| o.verdict == Verdict::Partial) {
                for pair in clients.iter().flat_map(|c| services.iter().map(move |s| (*c, *s))) {
                    if !changes.leaves_out(pair)
                        && let Some(effect) = effect(before.standing(pair), after.standing(pair))
                    {
                        changes.add_one(pair, effect);
                    }
                }
            } else if let Some(effect) = effect(before_all.map(plain), after_all.map(plain)) {
                found.entry(effect).or_default().extend(services);
            }
        }
        for (effect, mut services) in found {
            services.sort_unstable();
            changes.add(effect, clients.clone(), services);
        }
    }
    let apart: Vec<(u32, u32)> = changes.left_out().filter(|p| asked.asks(*p)).collect();
    for pair in apart {
        if let Some(effect) = effect(before.standing(pair), after.standing(pair)) {
            changes.add_one(pair, effect);
        }
    }
    changes
}

/// How flows come out that only expectations ask for.
pub(super) fn extra_in(plane: &Plane, asked: &Listed) -> Vec<Option<Standing>> {
    asked.extra().map(|(_, question)| evaluate(plane, question).map(|a| a.standing())).collect()
}
