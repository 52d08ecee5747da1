//! Segments that sources are in: their ways out to the internet, and what their own identity changes.

use super::{
    super::{
        Cell, Column,
        classes::Marks,
        model::{Fast, Model},
        probe::Probe,
    },
    Pair,
    answered::{Answered, bits_of, cell},
    bits::{self, words},
    places::Pieces,
    public::Kinds,
    setup::Setup,
};
use crate::{
    dataplane::{Endpoint, Id, Role, Segment},
    net::is_undeclared_public,
    verdict::Verdict,
};
use rayon::prelude::*;
use std::{collections::BTreeSet, net::IpAddr, sync::Arc};

/// A segment that sources are in.
#[derive(Debug)]
pub(super) struct Home {
    pub(super) pieces: Arc<Pieces>,
    /// Which way out its sources have to the internet.
    pub(super) outside: usize,
    /// What its own identity changes: for public columns that it is served.
    pub(super) served: Option<Served>,
    /// Number of its filter of what goes out.
    pub(super) filter: Option<usize>,
}

/// Columns that a segment reaches with its own identity.
#[derive(Debug, Clone)]
pub(super) struct Served {
    /// The columns.
    pub(super) lanes: Vec<u64>,
    pub(super) pair: Pair,
    pub(super) odd: Vec<u64>,
    /// Open ones whose verdict is not that of a public column.
    pub(super) special: Vec<(u32, Verdict)>,
    /// Outcomes that many segments share, and those that are the segment's own, which come before; both in order.
    pub(super) shared: Arc<Vec<(u32, Cell)>>,
    pub(super) own: Vec<(u32, Cell)>,
}

/// What tells ways out apart: the public address, default access, the region, and whether it lies beyond a gateway.
type WayOut<'a> = (Option<Vec<usize>>, bool, Option<&'a str>, bool);

impl Setup {
    /// Ways out and identities of homes; what many share is decided once.
    #[allow(clippy::too_many_arguments, reason = "everything homes are made from")]
    pub(super) fn homes(
        &mut self,
        model: &Model<'_>,
        marks: &Marks<'_>,
        columns: &[Column],
        kinds: &Kinds,
        samples: &[Id<Endpoint>],
        pieces: Vec<Arc<Pieces>>,
        filters: &[Option<usize>],
    ) {
        let (layout, segments) = (&self.layout, &self.segments);
        let width = layout.lanes.len();
        let public = &kinds.all;
        let column = |lane: u32| &columns[layout.lanes[lane as usize].column as usize];
        let mut ways: Fast<WayOut<'_>, usize> = Fast::default();
        let mut identities: Fast<String, Vec<usize>> = Fast::default();
        // Lanes whose gates name a segment.
        let mut named: Fast<Id<Segment>, Vec<u32>> = Fast::default();
        for lane in public {
            let owner = model.plane.public_owner(IpAddr::V4(layout.lanes[*lane as usize].address.into()));
            if let Some(Role::Door(door)) = owner.map(|o| &model.endpoint(o).role) {
                let reached = model.plane.doors.get(*door);
                let by_name = column(*lane).name.as_ref().and_then(|n| model.plane.door_names.get(n));
                let door = by_name.map_or(reached, |d| model.plane.doors.get(d.door));
                for (segment, _) in door.gate.segments.iter().chain(&reached.gate.segments) {
                    named.entry(*segment).or_default().push(*lane);
                }
            }
        }
        // A perimeter may admit the source's own address, which members of a class need not share.
        let mut guarded = vec![0_u64; words(width)];
        for lane in public.iter().filter(|l| behind_perimeter(model.plane, column(**l))) {
            bits::set(&mut guarded, *lane);
        }
        for (number, segment) in segments.iter().enumerate() {
            let place = model.segment(*segment);
            let network = model.network(place.network);
            let nat = place.nat.as_ref().map(|n| &n.addresses).map(|all| {
                all.iter().map(|a| marks.cuts.atom(*a) << 1 | usize::from(is_undeclared_public(*a))).collect()
            });
            let region = network.region.as_deref();
            let key = (nat, place.default_outbound.0, region, network.beyond_gateway);
            let next = self.outside.len();
            let way = *ways.entry(key).or_insert(next);
            if way == next {
                let answers = kinds.decide(model, |_| true, |probe, lane| probe.outside(samples[number], column(lane)));
                let mut all = Answered::new(width);
                for (lane, found) in answers {
                    all.put(lane, bits_of(found, Verdict::Public));
                    all.tell(lane, found);
                }
                self.outside.push(all);
            }
            if !place.service_endpoints.is_empty() {
                // A policy is the segment's own.
                let own = place.endpoint_policy.as_ref().map(|_| number);
                let tags: Vec<_> = place.service_endpoints.iter().map(|s| (&s.tag, s.reach)).collect();
                identities
                    .entry(format!("{tags:?} {own:?} {region:?} {}", network.beyond_gateway))
                    .or_default()
                    .push(number);
            }
            self.homes.push(Home { pieces: Arc::default(), outside: way, served: None, filter: filters[number] });
        }
        for (home, pieces) in self.homes.iter_mut().zip(pieces) {
            home.pieces = pieces;
        }
        let mut groups: Vec<Vec<usize>> = identities.into_values().collect();
        groups.sort_unstable();
        for group in groups {
            let Some(sample) = group.first().copied() else { continue };
            let own = |number: usize| named.get(&segments[number]).map_or(&[][..], Vec::as_slice);
            // A policy tells services of one kind apart, and so does a gate that names the segment.
            let place = model.segment(segments[sample]);
            let shared = |lane: u32| place.endpoint_policy.is_none() && !own(sample).contains(&lane);
            let base = kinds.decide(model, shared, |probe, lane| probe.as_segment(samples[sample], column(lane)));
            let shared: Vec<(u32, Cell)> = base.iter().map(|(lane, found)| (*lane, cell(found.flatten()))).collect();
            let shared = Arc::new(shared);
            let mut usual = Served::new(width, shared);
            base.iter().for_each(|(lane, found)| usual.put(*lane, *found, &guarded));
            usual.special.sort_unstable();
            let made: Vec<(usize, Served)> = group
                .par_iter()
                .map_init(
                    || Probe::new(model),
                    |probe, number| {
                        let mut served = usual.clone();
                        let again = own(*number).iter().chain(own(sample));
                        let again: BTreeSet<u32> =
                            if *number == sample { BTreeSet::new() } else { again.copied().collect() };
                        for lane in &again {
                            let found = probe.as_segment(samples[*number], column(*lane));
                            served.own.push((*lane, cell(found.flatten())));
                            served.take_out(*lane);
                            served.put(*lane, found, &guarded);
                        }
                        served.special.sort_unstable();
                        (*number, served)
                    },
                )
                .collect();
            for (number, served) in made {
                self.homes[number].served = Some(served);
            }
        }
    }
}

fn behind_perimeter(plane: &crate::dataplane::Plane, column: &Column) -> bool {
    let owner = column.address().and_then(|a| plane.public_owner(a)).map(|o| &plane.endpoints.get(o).role);
    let Some(Role::Door(door)) = owner else { return true };
    let named = column.name.as_ref().and_then(|n| plane.door_names.get(n)).map(|d| plane.doors.get(d.door));
    let own = |d: &crate::dataplane::Door| d.gate.perimeter.is_some() || d.gate.ordered.is_some();
    own(plane.doors.get(*door)) || named.is_some_and(own)
}
