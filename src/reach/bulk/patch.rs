//! Edits followed in place: only rows and lists that an edit touches are made again.

use super::{
    super::{
        Cell, Column, Sender, Source,
        edit::{Touched, Whole},
        model::{Fast, Model},
        probe::{Probe, is_subject},
        solution::Pairs,
    },
    Bulk, Compiled,
    answered::bits_of,
    bits::{self, Span},
    content::Content,
    flips::{self, Before, Flip, Moved},
    inbound, jobs,
    kept::Kept,
    places::{Pieces, To, back_of, pieces},
    rows,
    rules::{Compiler, Rule},
};
use crate::{
    dataplane::{Direction, Endpoint, Filter, Id, Segment},
    verdict::Verdict,
};
use rayon::prelude::*;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, OnceLock},
};

/// What is made again of a home.
#[derive(Default)]
struct Scope {
    /// All of its rows, or some.
    all: bool,
    some: BTreeSet<u32>,
}

/// What is made again.
#[derive(Default)]
struct Work {
    homes: BTreeMap<u32, Scope>,
    /// Columns whose lists are made again.
    lists: BTreeSet<u32>,
    /// Columns that are made again in rows of some homes, or of all.
    lanes: BTreeSet<u32>,
    lanes_of_home: BTreeMap<u32, BTreeSet<u32>>,
    /// Ranges of columns that rules or routes of a home decide otherwise.
    ruled: BTreeMap<u32, Vec<Span>>,
    /// Homes with another filter, whose rules have other numbers even where they decide nothing otherwise.
    refiltered: BTreeSet<u32>,
    /// Segments that let others in otherwise than before.
    entered: BTreeSet<Id<Segment>>,
}

/// What an edit is followed with.
pub(super) struct Given<'g, 'p> {
    pub(super) model: &'g Model<'p>,
    pub(super) sources: &'g [Source],
    pub(super) columns: &'g [Column],
}

impl Bulk {
    /// Whether nothing is known against following what edits touch.
    pub(in crate::reach) fn takes(&self, model: &Model<'_>, touched: &Touched) -> bool {
        self.kept.as_ref().is_some_and(|kept| kept.refuses(model, touched).is_none())
    }

    /// Follows edits that were made to the plane. Without success nothing has changed.
    pub(in crate::reach) fn follow(
        &mut self,
        model: &Model<'_>,
        sources: &[Source],
        columns: &[Column],
        touched: &Touched,
    ) -> Result<Vec<Flip>, Whole> {
        let Some(mut kept) = self.kept.take() else { return Err(Whole::Shared) };
        let given = Given { model, sources, columns };
        let result = self.follow_with(&mut kept, &given, touched);
        self.kept = Some(kept);
        result
    }

    fn follow_with(&mut self, kept: &mut Kept, given: &Given<'_, '_>, touched: &Touched) -> Result<Vec<Flip>, Whole> {
        if let Some(why) = kept.refuses(given.model, touched) {
            return Err(why);
        }
        let single = kept.single(self, given.model, given.sources, given.columns, touched).ok_or(Whole::OneByOne)?;
        // Routes first: they are what may still turn out to lead elsewhere.
        self.stale = true;
        let mut work = Work::default();
        routes(kept, given.model, touched, &mut work)?;
        filters(kept, given, touched, &mut work);
        landings(kept, given, touched, &mut work);
        let mut before = Before::default();
        let moved = self.rows(kept, given, &work, &mut before);
        self.lists(kept, &work, &mut before);
        let mut flips = flips::between(self, kept, &moved, &before);
        flips.extend(self.lanes_one_by_one(kept, given, touched, &moved));
        flips.extend(self.one_by_one(given, &single));
        flips.extend(self.own_addresses(given, touched));
        settle(kept, moved);
        flips.sort_unstable();
        Ok(flips)
    }

    /// Makes rows again, and says which have another content.
    fn rows(&mut self, kept: &mut Kept, given: &Given<'_, '_>, work: &Work, before: &mut Before) -> Vec<Moved> {
        for home in work.homes.keys().chain(&work.refiltered) {
            kept.jobs[*home as usize] =
                jobs::of_home(&kept.setup, &kept.signatures, *home as usize, &kept.rows_of_home[*home as usize]);
        }
        let whole = (0, kept.setup.layout.width());
        let mut moved: Vec<Moved> = Vec::new();
        // Rows that were made whole.
        let mut done: BTreeSet<u32> = BTreeSet::new();
        let mut again: BTreeSet<u32> = BTreeSet::new();
        for (home, scope) in &work.homes {
            let wanted = |j: &&jobs::Job| scope.all || j.rows.iter().any(|r| scope.some.contains(r));
            let chosen = kept.jobs[*home as usize].iter().filter(wanted).map(|job| (*home, job)).collect();
            let made = rows::of_homes(&kept.setup, &kept.signatures, &kept.end_runs, chosen, whole);
            let mut changed: Vec<(Content, BTreeMap<u32, Vec<u32>>)> = Vec::new();
            for (content, _, rows) in made {
                let mut by_old: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
                for row in rows.into_iter().flatten() {
                    done.insert(*row);
                    by_old.entry(self.forward.of_row[*row as usize]).or_default().push(*row);
                }
                if content.odd.is_some() {
                    again.extend(by_old.values().flatten());
                }
                by_old.retain(|old, _| self.forward.contents[*old as usize] != content);
                if !by_old.is_empty() {
                    changed.push((content, by_old));
                }
            }
            for (content, by_old) in changed {
                let is = store(&mut kept.free, &mut kept.holders, &mut self.forward.contents, content);
                moved.extend(by_old.into_iter().map(|(was, rows)| Moved { rows, was, is }));
            }
        }
        self.windows(kept, work, &done, &mut moved, &mut again);
        for Moved { rows, is, .. } in &mut moved {
            rows.sort_unstable();
            rows.iter().for_each(|r| self.forward.of_row[*r as usize] = *is);
        }
        let pairs = Pairs { model: given.model, sources: given.sources, columns: given.columns };
        let probe = Probe::new(given.model);
        for row in moved.iter().flat_map(|m| &m.rows).chain(&again) {
            if let Some(old) = self.forward.odd.remove(row) {
                before.odd.entry(*row).or_insert(old);
            }
        }
        let anew: BTreeSet<u32> = moved.iter().flat_map(|m| &m.rows).chain(&again).copied().collect();
        for row in anew {
            let content = &self.forward.contents[self.forward.of_row[row as usize] as usize];
            let Some(odd) = &content.odd else { continue };
            let members = self.fine.members(kept.setup.layout.rows[row as usize].class as usize);
            let cells = bits::ones(odd).map(|lane| {
                let column = kept.setup.layout.lanes[lane as usize].column;
                (lane, pairs.of_classes(&probe, members, &[column]))
            });
            self.forward.odd.insert(row, cells.collect());
        }
        // Rows that kept their content may have got other answers one by one.
        let stay = again.into_iter().filter(|r| moved.iter().all(|m| m.rows.binary_search(r).is_err()));
        let stay: Vec<Moved> = stay
            .map(|row| {
                let content = self.forward.of_row[row as usize];
                Moved { rows: vec![row], was: content, is: content }
            })
            .collect();
        moved.extend(stay);
        moved
    }

    /// Makes some columns again in rows of homes that are otherwise as they were.
    fn windows(
        &mut self,
        kept: &mut Kept,
        work: &Work,
        done: &BTreeSet<u32>,
        moved: &mut Vec<Moved>,
        again: &mut BTreeSet<u32>,
    ) {
        if work.lanes.is_empty() && work.lanes_of_home.is_empty() && work.ruled.is_empty() {
            return;
        }
        let Kept { jobs, free, holders, setup, signatures, end_runs, .. } = kept;
        let homes: Vec<(u32, Vec<Span>)> = (0..jobs.len() as u32)
            .filter(|home| !work.homes.get(home).is_some_and(|s| s.all))
            .map(|home| {
                let own = work.lanes_of_home.get(&home).into_iter().flatten();
                let ruled = work.ruled.get(&home).map_or(&[][..], Vec::as_slice);
                (home, spans(work.lanes.iter().chain(own), ruled))
            })
            .filter(|(_, spans)| !spans.is_empty())
            .collect();
        let make = |(home, spans): (u32, Vec<Span>)| {
            let jobs: Vec<_> = jobs[home as usize].iter().map(|job| (home, job)).collect();
            let make = |span| (span, rows::of_homes(setup, signatures, end_runs, jobs.clone(), span));
            let parts = spans.into_iter().map(make);
            parts.collect::<Vec<_>>()
        };
        let made: Vec<_> = match homes.len() {
            0..SEVERAL => homes.into_iter().map(make).collect(),
            _ => homes.into_par_iter().with_min_len(SEVERAL).map(make).collect(),
        };
        let mut known: Fast<(u32, u64), Vec<u32>> = Fast::default();
        let mut rows_of: BTreeMap<(u32, u32), Vec<u32>> = BTreeMap::new();
        for parts in made {
            // Ranges one after the other; a row that another range has changed goes on from there.
            let mut now: Fast<u32, u32> = Fast::default();
            for (span, made) in parts {
                let window = bits::touched(span);
                let mut changed: Vec<(Content, u64, BTreeMap<u32, Vec<u32>>)> = Vec::new();
                for (part, hash, rows) in made {
                    let mut by_old: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
                    for row in rows.into_iter().flatten().filter(|r| !done.contains(r)) {
                        let old = now.get(row).copied().unwrap_or(self.forward.of_row[*row as usize]);
                        by_old.entry(old).or_default().push(*row);
                    }
                    by_old.retain(|old, rows| {
                        let same = self.forward.contents[*old as usize].agrees(&window, &part);
                        if same && part.odd.is_some() {
                            again.extend(rows.iter());
                        }
                        !same
                    });
                    if !by_old.is_empty() {
                        changed.push((part, hash, by_old));
                    }
                }
                for (part, hash, by_old) in changed {
                    for (old, rows) in by_old {
                        let alike = known.entry((old, hash)).or_default();
                        let found = alike.iter().find(|n| self.forward.contents[**n as usize].agrees(&window, &part));
                        let is = found.copied().unwrap_or_else(|| {
                            let content = self.forward.contents[old as usize].with(&window, &part);
                            store(free, holders, &mut self.forward.contents, content)
                        });
                        if !alike.contains(&is) {
                            alike.push(is);
                        }
                        now.extend(rows.into_iter().map(|r| (r, is)));
                    }
                }
            }
            for (row, is) in now {
                rows_of.entry((self.forward.of_row[row as usize], is)).or_default().push(row);
            }
        }
        moved.extend(rows_of.into_iter().map(|((was, is), rows)| Moved { rows, was, is }));
    }

    /// Makes lists of columns again.
    fn lists(&mut self, kept: &Kept, work: &Work, before: &mut Before) {
        let mut known: Fast<inbound::Key, u32> = Fast::default();
        for lane in &work.lists {
            let key = inbound::key(&kept.setup, *lane);
            let old = self.inbound.of_lane[*lane as usize];
            let new = match known.get(&key) {
                Some(list) => *list,
                None => {
                    let list = inbound::list_of(&kept.setup, &key);
                    let id = if self.inbound.list(old) == list { old } else { self.inbound.add(&list) };
                    known.insert(key, id);
                    id
                }
            };
            if self.inbound.list(old) != self.inbound.list(new) {
                before.lists.insert(*lane, old);
                self.inbound.of_lane[*lane as usize] = new;
            }
        }
    }

    /// Pairs of rows that kept their content with touched columns that are decided one by one.
    fn lanes_one_by_one(
        &mut self,
        kept: &Kept,
        given: &Given<'_, '_>,
        touched: &Touched,
        moved: &[Moved],
    ) -> Vec<Flip> {
        // Whoever asks by name may be taken elsewhere on the way.
        let segments = Kept::segments(given.model, touched);
        let lands: BTreeSet<u32> = segments.into_iter().flat_map(|s| kept.lanes_in(s)).copied().collect();
        let columns = &kept.setup.layout.lanes;
        let named = |lane: u32| given.columns[columns[lane as usize].column as usize].name.is_some();
        let affected = |lane: &u32| lands.contains(lane) || named(*lane);
        let pairs = Pairs { model: given.model, sources: given.sources, columns: given.columns };
        let probe = Probe::new(given.model);
        let done: BTreeSet<u32> = moved.iter().flat_map(|m| &m.rows).copied().collect();
        let mut found = Vec::new();
        for (row, cells) in self.forward.odd.iter_mut().filter(|(r, _)| !done.contains(r)) {
            for (lane, cell) in cells.iter_mut().filter(|(lane, _)| affected(lane)) {
                let members = self.fine.members(kept.setup.layout.rows[*row as usize].class as usize);
                let column = kept.setup.layout.lanes[*lane as usize].column;
                let new = pairs.of_classes(&probe, members, &[column]);
                found.extend(flip(members, column, *cell, new));
                *cell = new;
            }
        }
        found
    }

    /// Pairs outside the bulk form.
    fn one_by_one(&mut self, given: &Given<'_, '_>, single: &[(u32, u32)]) -> Vec<Flip> {
        let pairs = Pairs { model: given.model, sources: given.sources, columns: given.columns };
        let probe = Probe::new(given.model);
        let mut found = Vec::new();
        for (class, column) in single {
            let members = self.fine.members(*class as usize);
            let new = pairs.of_classes(&probe, members, &[*column]);
            let cell = match self.odd_sources.get_mut(class) {
                Some(cells) => cells.get_mut(*column as usize),
                None => self.odd_columns.get_mut(column).and_then(|c| c.get_mut(*class as usize)),
            };
            if let Some(cell) = cell {
                let others: Vec<u32> =
                    members.iter().copied().filter(|s| !self.own.contains_key(&(*s, *column))).collect();
                found.extend(flip(&others, *column, *cell, new));
                *cell = new;
            }
        }
        found
    }

    /// What asks for its own address.
    fn own_addresses(&mut self, given: &Given<'_, '_>, touched: &Touched) -> Vec<Flip> {
        let pairs = Pairs { model: given.model, sources: given.sources, columns: given.columns };
        let probe = Probe::new(given.model);
        let mut found = Vec::new();
        let sends = |source: u32| {
            given.sources.get(source as usize).is_some_and(|s| {
                let own = match s.sender {
                    Sender::Endpoint(id) => Some(id),
                    Sender::Identity(_) => None,
                };
                own.into_iter().chain(s.outside).any(|id| touched.states.contains(&id))
            })
        };
        let all = self.own.iter_mut().filter(|_| !touched.states.is_empty());
        for ((source, column), cell) in all.filter(|((s, _), _)| sends(*s)) {
            let new = pairs.decide(&probe, *source, *column);
            found.extend(flip(&[*source], *column, *cell, new));
            *cell = new;
        }
        found
    }
}

fn flip(sources: &[u32], column: u32, was: Cell, is: Cell) -> Option<Flip> {
    let verdict = |cell: Cell| cell.outcome().map(|o| o.verdict);
    let (was, is) = (verdict(was), verdict(is));
    (was != is && !sources.is_empty()).then(|| Flip { was, is, sources: sources.to_vec(), columns: vec![column] })
}

/// Puts a content where there is room.
fn store(free: &mut Vec<u32>, holders: &mut Vec<Vec<u32>>, contents: &mut Vec<Content>, content: Content) -> u32 {
    if let Some(id) = free.pop() {
        contents[id as usize] = content;
        return id;
    }
    contents.push(content);
    holders.push(Vec::new());
    contents.len() as u32 - 1
}

/// Notes which rows have which content from now on.
fn settle(kept: &mut Kept, moved: Vec<Moved>) {
    let moved: Vec<Moved> = moved.into_iter().filter(|m| m.was != m.is).collect();
    for Moved { rows, was, .. } in &moved {
        kept.holders[*was as usize].retain(|r| rows.binary_search(r).is_err());
    }
    for Moved { rows, is, .. } in &moved {
        kept.holders[*is as usize].extend(rows);
        kept.holders[*is as usize].sort_unstable();
    }
    let emptied: BTreeSet<u32> = moved.iter().map(|m| m.was).collect();
    kept.free.extend(emptied.into_iter().filter(|was| kept.holders[*was as usize].is_empty()));
}

/// Homes whose rows are made by one thread at a time.
const SEVERAL: usize = 16;

/// More ranges than these are taken as one.
const MOST_RANGES: usize = 4;

/// Ranges of whole words that hold lanes, or ranges of them.
fn spans<'l>(lanes: impl Iterator<Item = &'l u32>, further: &[Span]) -> Vec<Span> {
    let words = |from: u32, to: u32| (from / 64 * 64, to.div_ceil(64) * 64);
    let single = bits::settle(lanes.map(|l| words(*l, l + 1)).collect());
    let mut whole = bits::settle(further.iter().map(|s| words(s.0, s.1)).collect());
    if let Some((first, last)) = whole.first().zip(whole.last()).filter(|_| whole.len() > MOST_RANGES) {
        whole = vec![(first.0, last.1)];
    }
    whole.extend(single);
    bits::settle(whole)
}

/// Columns that two lists of rules may decide differently: those of rules that only one of them has in its place.
fn ruled(was: &[Rule], is: &[Rule]) -> Vec<Span> {
    let before = was.iter().zip(is).take_while(|(a, b)| a == b).count();
    let (was, is) = (&was[before..], &is[before..]);
    let after = was.iter().rev().zip(is.iter().rev()).take_while(|(a, b)| a == b).count();
    let changed = was[..was.len() - after].iter().chain(&is[..is.len() - after]);
    bits::settle(changed.flat_map(|r| r.lanes.iter().chain(r.maybe.iter())).copied().collect())
}

/// Columns that two lists of pieces may send elsewhere. Those that are decided one by one may be, whatever the lists say.
fn rerouted(was: &Pieces, is: &Pieces) -> Vec<Span> {
    let mut found = Vec::new();
    let mut old = was.iter().peekable();
    for ((from, to), now) in is {
        let mut at = *from;
        while at < *to {
            while old.next_if(|(span, _)| span.1 <= at).is_some() {}
            let (end, before) = match old.peek() {
                Some((span, before)) if span.0 <= at => (span.1.min(*to), Some(before)),
                Some((span, _)) => (span.0.min(*to), None),
                None => (*to, None),
            };
            if before != Some(now) || matches!(now, To::Odd | To::Closed(None)) {
                found.push((at, end));
            }
            at = end;
        }
    }
    bits::settle(found)
}

/// New routes of segments: where they send, and by which devices answers go back.
fn routes(kept: &mut Kept, model: &Model<'_>, touched: &Touched, work: &mut Work) -> Result<(), Whole> {
    let setup = &mut kept.setup;
    let known = setup.met.all.len();
    let mut sent = Vec::new();
    let mut answered = Vec::new();
    for segment in &touched.routes {
        let place = model.segment(*segment);
        if let Some(home) = kept.home_of.get(segment) {
            sent.push((*home, pieces(model, &setup.layout, &mut setup.met, place, false)));
        }
        if let Some(end) = kept.end_of.get(segment) {
            let back = back_of(model, &setup.layout, &setup.places, &setup.by_device, place, &setup.met);
            if back.contains(&super::places::Lists::ODD) {
                return Err(Whole::Device);
            }
            answered.push((*end, back));
        }
    }
    if setup.met.all.len() > known {
        setup.met.forget(known);
        return Err(Whole::Device);
    }
    for (home, pieces) in sent {
        let old = std::mem::replace(&mut setup.homes[home as usize].pieces, Arc::new(pieces));
        let changed = rerouted(&old, &setup.homes[home as usize].pieces);
        if !changed.is_empty() {
            work.ruled.entry(home).or_default().extend(changed);
        }
    }
    for (end, back) in answered {
        let old = std::mem::replace(&mut setup.back[end as usize], Arc::new(back));
        for (home, _) in (0_u32..).zip(old.iter().zip(setup.back[end as usize].iter())).filter(|(_, (a, b))| a != b) {
            work.lanes_of_home.entry(home).or_default().extend(&kept.lanes_of_end[end as usize]);
        }
    }
    Ok(())
}

/// New filters of segments and interfaces.
fn filters(kept: &mut Kept, given: &Given<'_, '_>, touched: &Touched, work: &mut Work) {
    let model = given.model;
    for segment in &touched.filters {
        let filter = compiled(kept, given, model.segment(*segment).filter.as_ref());
        if let Some(home) = kept.home_of.get(segment).copied() {
            let was = std::mem::replace(&mut kept.setup.homes[home as usize].filter, filter);
            work.refiltered.insert(home);
            match (was, filter) {
                (Some(was), Some(is)) => {
                    let all = &kept.setup.filters;
                    let changed = ruled(&all[was].out, &all[is].out);
                    if !changed.is_empty() {
                        work.ruled.entry(home).or_default().extend(changed);
                    }
                }
                (None, None) => {}
                _ => work.homes.entry(home).or_default().all = true,
            }
        }
        let mut known: Option<(Option<usize>, bool)> = None;
        for lane in kept.lanes_in(*segment).to_vec() {
            if filtered(model, kept, lane) {
                let was = std::mem::replace(&mut kept.setup.lane_filters[lane as usize][0], filter);
                let all = &kept.setup.filters;
                let alike = match known {
                    Some((of, alike)) if of == was => alike,
                    _ => was.zip(filter).is_some_and(|(was, is)| all[was].into == all[is].into),
                };
                known = Some((was, alike));
                if !alike {
                    work.lists.insert(lane);
                }
            }
        }
    }
    for endpoint in &touched.interfaces {
        let filter = compiled(kept, given, model.endpoint(*endpoint).filter.as_ref());
        for row in kept.rows_of.get(endpoint).into_iter().flatten() {
            kept.setup.row_filter[*row as usize] = filter;
            let home = kept.setup.home_of_row[*row as usize];
            work.homes.entry(home).or_default().some.insert(*row);
        }
        for lane in kept.lanes_of.get(endpoint).cloned().unwrap_or_default() {
            if filtered(model, kept, lane) {
                kept.setup.lane_filters[lane as usize][1] = filter;
                work.lists.insert(lane);
            }
        }
    }
    let ends = touched.interfaces.iter().chain(&touched.states).filter_map(|e| model.endpoint(*e).segment);
    work.entered.extend(touched.entered.iter().chain(&touched.routes).copied().chain(ends));
}

fn filtered(model: &Model<'_>, kept: &Kept, lane: u32) -> bool {
    kept.setup.layout.lanes[lane as usize].owner.is_some_and(|o| is_subject(model.endpoint(o)))
}

fn compiled(kept: &mut Kept, given: &Given<'_, '_>, filter: Option<&Filter>) -> Option<usize> {
    let filter = filter?;
    let setup = &mut kept.setup;
    let tags = filter.rules.iter().flat_map(|r| r.to.tags.iter().chain(r.to.known_tags.iter().map(|(t, _)| t)));
    setup.tags.learn(given.model, &setup.layout, tags.map(String::as_str));
    let compiler = Compiler {
        model: given.model,
        layout: &setup.layout,
        tags: &setup.tags,
        columns: given.columns,
        named: OnceLock::new(),
    };
    let mut made = Compiled {
        out: compiler.draft(filter, Direction::Outbound, None).0,
        into: compiler.draft(filter, Direction::Inbound, None).0,
        reason: Some(filter.reason),
    };
    made.out.iter_mut().chain(&mut made.into).for_each(|r| r.ports = setup.ports.id(r.combinations));
    setup.filters.push(made);
    Some(setup.filters.len() - 1)
}

/// What takes flows otherwise than before, for itself or because of what stands before it.
fn landings(kept: &mut Kept, given: &Given<'_, '_>, touched: &Touched, work: &mut Work) {
    let probe = Probe::new(given.model);
    let column = |kept: &Kept, lane: u32| &given.columns[kept.setup.layout.lanes[lane as usize].column as usize];
    for endpoint in &touched.states {
        for lane in kept.lanes_of.get(endpoint).cloned().unwrap_or_default() {
            let answer = bits_of(probe.landed(column(kept, lane), *endpoint), Verdict::Private);
            kept.setup.land(lane, answer);
            work.lanes.insert(lane);
        }
    }
    // What a firewall asks for in its own name meets these filters and routes, too.
    let segments = work.entered.clone();
    let devices: Vec<Id<Endpoint>> = kept.setup.met.all.clone();
    for (number, id) in devices.into_iter().enumerate() {
        let finds = kept.setup.devices[number].finds.iter().filter(|(_, s)| segments.contains(s));
        let lanes: BTreeSet<u32> = finds.map(|(lane, _)| *lane).collect();
        for lane in &lanes {
            let usual = if kept.setup.layout.lanes[*lane as usize].public { Verdict::Public } else { Verdict::Private };
            let found = probe.by_name(id, column(kept, *lane));
            if kept.setup.devices[number].take(*lane, found, usual) {
                work.lanes.insert(*lane);
            }
        }
    }
}
