//! What a solution keeps so that edits can be followed in place.
//!
//! Every source has a row of its own then, so that no new boundary of a rule can split one.

use super::{
    super::{
        Column, Landing, Sender, Source,
        classes::Marks,
        edit::{Touched, Whole},
        model::{Fast, Model},
    },
    Bulk,
    bits::Span,
    jobs::{self, Job, Signatures},
    setup::Setup,
};
use crate::dataplane::{ConnectionTarget, Endpoint, Id, Member, NextHop, Role, Segment, TranslationTarget};
use rustc_hash::FxHashSet;
use std::{collections::BTreeSet, net::IpAddr};

/// Pairs that are decided one by one for an edit before everything is solved again instead.
const MOST_SINGLE: usize = 4_000;

#[derive(Debug)]
pub(super) struct Kept {
    pub(super) setup: Setup,
    pub(super) signatures: Signatures,
    pub(super) jobs: Vec<Vec<Job>>,
    pub(super) end_runs: Vec<(Span, u32)>,
    pub(super) home_of: Fast<Id<Segment>, u32>,
    pub(super) rows_of_home: Vec<Vec<u32>>,
    pub(super) end_of: Fast<Id<Segment>, u32>,
    pub(super) lanes_of_end: Vec<Vec<u32>>,
    pub(super) rows_of: Fast<Id<Endpoint>, Vec<u32>>,
    pub(super) lanes_of: Fast<Id<Endpoint>, Vec<u32>>,
    /// Rows of each content.
    pub(super) holders: Vec<Vec<u32>>,
    /// Contents that no row has.
    pub(super) free: Vec<u32>,
    /// Segments where others' flows pass or end in ways that are not solved in bulk.
    busy: FxHashSet<Id<Segment>>,
    /// Whether gateways or translations find their targets by name, so that those may be anywhere.
    anywhere: bool,
    special: FxHashSet<Id<Endpoint>>,
    /// Columns by the segments in which they land, and those that are asked for by name.
    landing: Fast<Id<Segment>, Vec<u32>>,
    named: Vec<u32>,
    /// Addresses of the model's choice that something told apart when this was solved.
    told: usize,
}

impl Kept {
    #[allow(clippy::too_many_arguments, reason = "everything that edits need")]
    pub(super) fn new(
        model: &Model<'_>,
        marks: Marks<'_>,
        setup: Setup,
        signatures: Signatures,
        jobs: Vec<Vec<Job>>,
        end_runs: Vec<(Span, u32)>,
        bulk: &Bulk,
        columns: &[Column],
    ) -> Self {
        let number = |all: &[Id<Segment>]| all.iter().copied().zip(0_u32..).collect();
        let mut kept = Self {
            home_of: number(&setup.segments),
            end_of: number(&setup.ends),
            rows_of_home: jobs::rows_of_homes(&setup),
            lanes_of_end: vec![Vec::new(); setup.ends.len()],
            rows_of: Fast::default(),
            lanes_of: Fast::default(),
            holders: vec![Vec::new(); bulk.forward.contents.len()],
            free: Vec::new(),
            busy: busy(model, &marks),
            anywhere: anywhere(model),
            special: marks.special,
            landing: Fast::default(),
            named: Vec::new(),
            told: model.plane.allocations.told(),
            setup,
            signatures,
            jobs,
            end_runs,
        };
        for (row, r) in (0_u32..).zip(&kept.setup.layout.rows) {
            kept.rows_of.entry(r.endpoint).or_default().push(row);
        }
        for (lane, l) in (0_u32..).zip(&kept.setup.layout.lanes) {
            if let Some(owner) = l.owner {
                kept.lanes_of.entry(owner).or_default().push(lane);
            }
        }
        for (lane, end) in (0_u32..).zip(&kept.setup.end_of_lane).filter(|(_, e)| **e != super::NONE) {
            kept.lanes_of_end[*end as usize].push(lane);
        }
        for (number, column) in (0_u32..).zip(columns) {
            let owners = addresses(column).iter().flat_map(|a| model.owners(*a));
            for segment in owners.filter_map(|(_, owner)| model.endpoint(*owner).segment).collect::<BTreeSet<_>>() {
                kept.landing.entry(segment).or_default().push(number);
            }
            if column.name.is_some() {
                kept.named.push(number);
            }
        }
        for (row, content) in (0_u32..).zip(&bulk.forward.of_row) {
            kept.holders[*content as usize].push(row);
        }
        kept
    }

    /// Columns of machines and endpoints in a segment.
    pub(super) fn lanes_in(&self, segment: Id<Segment>) -> &[u32] {
        self.end_of.get(&segment).map_or(&[], |end| &self.lanes_of_end[*end as usize])
    }

    /// Segments in which something changes.
    pub(super) fn segments(model: &Model<'_>, touched: &Touched) -> BTreeSet<Id<Segment>> {
        let ends = touched.interfaces.iter().chain(&touched.states).filter_map(|e| model.endpoint(*e).segment);
        touched.filters.iter().chain(&touched.routes).copied().chain(ends).collect()
    }

    /// Why the edits cannot be followed in place, if they cannot.
    pub(super) fn refuses(&self, model: &Model<'_>, touched: &Touched) -> Option<Whole> {
        if touched.everything.is_some() {
            return touched.everything;
        }
        // What was like any other address is decided one by one from now on.
        if model.plane.allocations.told() != self.told {
            return Some(Whole::Shared);
        }
        if self.anywhere || Self::segments(model, touched).iter().any(|s| self.busy.contains(s)) {
            return Some(Whole::Busy);
        }
        let unheard = |hop: &NextHop| match hop {
            NextHop::Appliance(address) => model.owners(*address).iter().any(|(_, o)| !self.special.contains(o)),
            NextHop::OneOf(_) => true,
            _ => false,
        };
        let routes = touched.routes.iter().flat_map(|s| model.segment(*s).routes.iter());
        routes.map(|r| &r.hop).any(unheard).then_some(Whole::Device)
    }

    /// Sources and columns outside the bulk form whose answers may change: fine classes with columns.
    pub(super) fn single(
        &self,
        bulk: &Bulk,
        model: &Model<'_>,
        sources: &[Source],
        columns: &[Column],
        touched: &Touched,
    ) -> Option<Vec<(u32, u32)>> {
        if bulk.odd_sources.is_empty() && bulk.odd_columns.is_empty() {
            return Some(Vec::new());
        }
        let segments = Self::segments(model, touched);
        let here = |id: Id<Endpoint>| {
            touched.states.contains(&id) || model.endpoint(id).segment.is_some_and(|s| segments.contains(&s))
        };
        // Columns that land where something changes.
        let beside: BTreeSet<u32> = segments.iter().filter_map(|s| self.landing.get(s)).flatten().copied().collect();
        // Nothing on the internet enters by a device of the estate's own.
        let outside = |class: u32| {
            let first = bulk.fine.members(class as usize).first().and_then(|s| sources.get(*s as usize));
            first.is_some_and(|s| match s.sender {
                Sender::Endpoint(id) => s.outside.is_none() && model.endpoint(id).segment.is_none(),
                Sender::Identity(_) => false,
            })
        };
        let sends = |class: u32| {
            let first = bulk.fine.members(class as usize).first().and_then(|s| sources.get(*s as usize));
            first.is_some_and(|s| {
                let own = match s.sender {
                    Sender::Endpoint(id) => Some(id),
                    Sender::Identity(_) => None,
                };
                own.into_iter().chain(s.outside).any(here)
            })
        };
        // What is asked for by name may be taken elsewhere on the way.
        let taken = if self.setup.met.all.is_empty() { &[][..] } else { self.named.as_slice() };
        let landing: BTreeSet<u32> = if bulk.odd_columns.is_empty() && bulk.odd_sources.keys().all(|c| outside(*c)) {
            beside.clone()
        } else {
            beside.iter().chain(taken).copied().collect()
        };
        let mut found = Vec::new();
        for class in bulk.odd_sources.keys() {
            if sends(*class) {
                found.extend((0..columns.len() as u32).map(|c| (*class, c)));
            } else {
                let chosen = if outside(*class) { &beside } else { &landing };
                found.extend(chosen.iter().map(|c| (*class, *c)));
            }
        }
        let senders: Vec<u32> = (0..bulk.fine.len() as u32)
            .filter(|c| !bulk.odd_columns.is_empty() && !bulk.odd_sources.contains_key(c) && sends(*c))
            .collect();
        for column in bulk.odd_columns.keys() {
            if landing.contains(column) {
                let rest = (0..bulk.fine.len() as u32).filter(|c| !bulk.odd_sources.contains_key(c));
                found.extend(rest.map(|class| (class, *column)));
            } else {
                found.extend(senders.iter().map(|class| (*class, *column)));
            }
        }
        found.sort_unstable();
        (found.len() <= MOST_SINGLE).then_some(found)
    }
}

/// The addresses in which a column lands.
fn addresses(column: &Column) -> &[IpAddr] {
    match &column.landing {
        Landing::At(address) => std::slice::from_ref(address),
        Landing::OneOf(addresses) => addresses,
        Landing::Nowhere | Landing::Service(_) => &[],
    }
}

/// Whether anything of the plane finds its targets by name.
fn anywhere(model: &Model<'_>) -> bool {
    let plane = model.plane;
    let mut members = plane.proxies.iter().flat_map(|(_, p)| &p.rules).flat_map(|r| &r.backend.members);
    let mut translations = plane.endpoints.iter().flat_map(|(_, e)| match &e.role {
        Role::Firewall(firewall) => firewall.translations.as_slice(),
        _ => &[],
    });
    members.any(|m| matches!(m, Member::Name(_)))
        || translations.any(|t| matches!(t.target, TranslationTarget::Name(_)))
}

/// Segments with anything but plain machines and private endpoints of services.
fn busy(model: &Model<'_>, marks: &Marks<'_>) -> FxHashSet<Id<Segment>> {
    let plain = |id: Id<Endpoint>, endpoint: &Endpoint| match &endpoint.role {
        Role::PrivateEndpoint(private) => {
            matches!(private.target, ConnectionTarget::Doors(_) | ConnectionTarget::Nothing) && endpoint.dns.is_none()
        }
        _ => !marks.special.contains(&id),
    };
    let devices = model.plane.endpoints.iter().filter(|(id, e)| !plain(*id, e)).filter_map(|(_, e)| e.segment);
    devices.chain(model.plane.proxies.iter().map(|(_, p)| p.segment)).collect()
}
