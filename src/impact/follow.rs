//! Rules of security groups taken out of a solved design in place, which is much cheaper than compiling it without each.

use super::{
    changes::Changes,
    solved::{effect, extra_in},
};
use crate::{
    compare::{Effect, Listed, Sort, Standing},
    dataplane::{Filter, Plane},
    diag::Span,
    matrix::Live,
    reach::{Edit, Place},
    verdict::Verdict,
};
use std::collections::{BTreeMap, HashMap};

/// Where each rule of a security group stands; nothing for one that stands where it cannot be followed. Groups that share
/// rules by an alias of the document have them at one place of it.
pub(super) struct Standings(BTreeMap<Rule, Option<Vec<(Place, usize)>>>);

/// A group's name without regard to case, and the place of the rule in the document.
type Rule = (String, Span);

impl Standings {
    pub(super) fn new(plane: &Plane) -> Self {
        let mut found: BTreeMap<Rule, Option<Vec<(Place, usize)>>> = BTreeMap::new();
        let rules = |filter: &Filter| -> Vec<(usize, Rule)> {
            let all = filter.rules.iter().enumerate();
            all.filter_map(|(number, rule)| Some((number, (filter.origin.name.to_lowercase(), rule.origin.span?))))
                .collect()
        };
        let mut add = |filter: &Filter, at: Place| {
            for (number, rule) in rules(filter) {
                found.entry(rule).or_insert_with(|| Some(Vec::new())).iter_mut().for_each(|p| p.push((at, number)));
            }
        };
        for (id, segment) in plane.segments.iter() {
            segment.filter.iter().for_each(|f| add(f, Place::Segment(id)));
        }
        for (id, endpoint) in plane.endpoints.iter() {
            endpoint.filter.iter().for_each(|f| add(f, Place::Interface(id)));
        }
        // A group acts otherwise before private endpoints there, in a filter that no edit changes.
        for filter in plane.segments.iter().filter_map(|(_, s)| s.filter_at_endpoints.as_ref()) {
            found.extend(rules(filter).into_iter().map(|(_, rule)| (rule, None)));
        }
        Self(found)
    }
}

/// A solved design from which rules are taken, one after the other.
pub(super) struct Follower<'a> {
    asked: &'a Listed,
    standings: &'a Standings,
    /// How flows come out that only expectations ask for.
    extra: &'a [Option<Standing>],
    live: Live,
    /// Services that land in each column, by view.
    landing: Vec<HashMap<u32, Vec<u32>>>,
}

impl<'a> Follower<'a> {
    pub(super) fn new(
        plane: &Plane,
        extra: &'a [Option<Standing>],
        asked: &'a Listed,
        standings: &'a Standings,
    ) -> Self {
        let live = Live::asking(plane.clone(), asked.clients.clone(), asked.services.clone());
        let views = live.views();
        let mut landing = vec![HashMap::new(); views.len()];
        for (view, landing) in landing.iter_mut().enumerate() {
            for service in 0..asked.services.len() {
                if let Some(column) = views.column_in(view, service) {
                    landing.entry(column as u32).or_insert_with(Vec::new).push(service as u32);
                }
            }
        }
        Self { asked, standings, extra, live, landing }
    }

    /// What comes out otherwise without the rule of a group; nothing if that is not told by an edit.
    pub(super) fn without(&mut self, group: &str, rule: Span) -> Option<Changes> {
        let Some(places) = self.standings.0.get(&(group.to_lowercase(), rule)) else {
            // A group that guards nothing decides nothing.
            let elsewhere = self.standings.0.keys().any(|(_, span)| *span == rule);
            return (!elsewhere).then(Changes::default);
        };
        // From the last on, so that those before keep their numbers.
        let edits: Vec<Edit> =
            places.as_ref()?.iter().rev().map(|(at, number)| Edit::RemoveRule { at: *at, number: *number }).collect();
        if !self.live.follows(&edits) {
            return None;
        }
        let change = self.live.apply(&edits).ok()?;
        let told = change.whole.is_none() && !change.renamed;
        let decided = change.flips.iter().all(|f| {
            let plain = |v: Option<Verdict>| v.is_some_and(|v| v != Verdict::Partial);
            plain(f.was) && plain(f.is)
        });
        let extra = extra_in(self.live.plane(), self.asked);
        self.live.apply(&change.undo).ok()?;
        if !told || !decided {
            return None;
        }
        let asked = self.asked;
        let mut changes = Changes::new(asked.itself.clone());
        for flip in &change.flips {
            let standing =
                |v: Option<Verdict>| v.map(|verdict| Standing { verdict, exposed: verdict == Verdict::Public });
            let Some(effect) = effect(standing(flip.was), standing(flip.is)) else { continue };
            self.spread(&mut changes, effect, &flip.sources, &flip.columns);
        }
        changes.expect(asked, self.extra, &extra);
        Some(changes)
    }

    /// Adds the flows of some sources and columns.
    fn spread(&self, changes: &mut Changes, effect: Effect, sources: &[u32], columns: &[u32]) {
        let views = self.live.views();
        let mut alike: BTreeMap<(Option<usize>, Sort), Vec<u32>> = BTreeMap::new();
        for client in sources {
            if let Some(sort) = self.asked.sorts.get(*client as usize) {
                alike.entry((views.of(*client as usize), *sort)).or_default().push(*client);
            }
        }
        for ((view, sort), clients) in alike {
            let Some(landing) = view.and_then(|v| self.landing.get(v)) else { continue };
            let mut services: Vec<u32> = columns.iter().filter_map(|c| landing.get(c)).flatten().copied().collect();
            services.sort_unstable();
            services.retain(|s| self.asked.by.get(*s as usize).is_some_and(|by| by.has(sort)));
            changes.add(effect, clients, services);
        }
    }
}
