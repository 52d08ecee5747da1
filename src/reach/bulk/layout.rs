//! Sources and columns in order of address, so that every prefix is a range of either.

use super::{
    super::{
        Column, Landing, Sender, Source,
        classes::{Marks, Partition},
        model::{Fast, Model},
    },
    bits::{Span, put_in_order, settle},
};
use crate::{
    dataplane::{Endpoint, Id, Match, Matcher, Network, Party, Role, Segment},
    net::{AddressSet, Membership, PLATFORM_ADDRESS, Prefix, Transport, is_platform, is_public, is_undeclared_public},
};
use rayon::prelude::*;
use std::net::IpAddr;

/// A class of sources that is solved in bulk.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) address: u32,
    /// Its class among the fine classes.
    pub(super) class: u32,
    pub(super) endpoint: Id<Endpoint>,
    pub(super) segment: Id<Segment>,
}

/// A column that is solved in bulk.
#[derive(Debug, Clone)]
pub(super) struct Lane {
    pub(super) address: u32,
    pub(super) column: u32,
    /// Which of the transports and ports in use.
    pub(super) combination: u8,
    pub(super) public: bool,
    /// Who takes what arrives at a private address.
    pub(super) owner: Option<Id<Endpoint>>,
    pub(super) network: Option<Id<Network>>,
}

#[derive(Debug)]
pub(super) struct Layout {
    pub(super) rows: Vec<Row>,
    pub(super) lanes: Vec<Lane>,
    row_addresses: Addresses,
    lane_addresses: Addresses,
    /// Transports and ports of columns, each once.
    pub(super) combinations: Vec<(Transport, u16)>,
    /// Lanes of public addresses that nobody declared.
    undeclared: Vec<Span>,
    /// Lanes of other public addresses, and of both.
    declared: Vec<Span>,
    pub(super) public: Vec<Span>,
    /// Fine classes of sources, and columns, that are decided one by one.
    pub(super) odd_sources: Vec<u32>,
    pub(super) odd_columns: Vec<u32>,
}

/// More transports and ports than a word holds are left to one-by-one.
const COMBINATIONS: usize = 64;

pub(super) fn v4(address: IpAddr) -> Option<u32> {
    match address {
        IpAddr::V4(v4) => Some(u32::from(v4)),
        IpAddr::V6(_) => None,
    }
}

impl Layout {
    pub(super) fn new(
        model: &Model<'_>,
        marks: &Marks<'_>,
        classes: &Partition,
        sources: &[Source],
        columns: &[Column],
    ) -> Self {
        let of_class = |class: u32| {
            let first = classes.members(class as usize).first().and_then(|m| sources.get(*m as usize));
            first.and_then(|s| row(model, marks, s, class)).ok_or(class)
        };
        let made: Vec<Result<Row, u32>> = (0..classes.len() as u32).into_par_iter().map(of_class).collect();
        let (mut rows, odd_sources) = parted(made);
        rows.par_sort_unstable_by_key(|r| (r.address, r.class));
        // The first that a word holds.
        let mut combinations: Vec<(Transport, u16)> = Vec::new();
        for column in columns {
            let pair = (column.transport, column.port);
            if combinations.len() < COMBINATIONS && !combinations.contains(&pair) {
                combinations.push(pair);
            }
        }
        let of_column = |(number, column): (usize, &Column)| {
            let pair = (column.transport, column.port);
            let known = combinations.iter().position(|c| *c == pair);
            known.and_then(|c| lane(model, marks, column, number as u32, c as u8)).ok_or(number as u32)
        };
        let made: Vec<Result<Lane, u32>> = columns.par_iter().enumerate().map(of_column).collect();
        let (mut lanes, odd_columns) = parted(made);
        lanes.par_sort_unstable_by_key(|l| (l.address, l.column));
        let mut layout = Self {
            row_addresses: Addresses::new(rows.iter().map(|r| r.address).collect()),
            lane_addresses: Addresses::new(lanes.iter().map(|l| l.address).collect()),
            rows,
            lanes,
            combinations,
            undeclared: Vec::new(),
            declared: Vec::new(),
            public: Vec::new(),
            odd_sources,
            odd_columns,
        };
        let spans = |wanted: &dyn Fn(IpAddr) -> bool| {
            let chosen = (0_u32..).zip(&layout.lanes).filter(|(_, l)| l.public && wanted(IpAddr::V4(l.address.into())));
            settle(chosen.map(|(i, _)| (i, i + 1)).collect())
        };
        let public = spans(&|_| true);
        (layout.undeclared, layout.declared) = (spans(&is_undeclared_public), spans(&|a| !is_undeclared_public(a)));
        layout.public = public;
        layout
    }

    pub(super) fn width(&self) -> u32 {
        self.lanes.len() as u32
    }

    pub(super) fn height(&self) -> u32 {
        self.rows.len() as u32
    }

    pub(super) fn lanes_in(&self, prefix: Prefix) -> Span {
        self.lane_addresses.range(prefix)
    }

    pub(super) fn rows_in(&self, prefix: Prefix) -> Span {
        self.row_addresses.range(prefix)
    }

    /// Rows whose address a matcher names, in order. They are private, so no tag of public services holds them.
    pub(super) fn rows_of(&self, matcher: &Matcher, found: &mut Vec<Span>) {
        found.clear();
        found.extend(matcher.sets_of_private().flat_map(AddressSet::prefixes).map(|p| self.rows_in(*p)));
        put_in_order(found);
    }

    /// Lanes whose address a matcher holds, and those of which that cannot be decided; both in order.
    pub(super) fn lanes_of(&self, matcher: &Matcher, tags: &TagLanes, yes: &mut Vec<Span>, maybe: &mut Vec<Span>) {
        let Matcher {
            addresses,
            tags: names,
            known_tags,
            internet,
            inside,
            assumed,
            written: _,
            literal: _,
            members: _,
        } = matcher;
        yes.clear();
        maybe.clear();
        yes.extend(addresses.prefixes().iter().map(|p| self.lanes_in(*p)));
        if let Some(first) = self.undeclared.first().filter(|_| !addresses.is_empty()) {
            // An undeclared address lies literally in prefixes it must not be looked for in.
            if yes.iter().any(|s| s.1 > first.0) {
                put_in_order(yes);
                *yes = minus(std::mem::take(yes), &self.undeclared);
            }
            let stand_in = self.lanes.get(first.0 as usize).map(|l| l.address);
            match stand_in.map(|a| addresses.membership(IpAddr::V4(a.into()))) {
                Some(Membership::In) => yes.extend(&self.undeclared),
                Some(Membership::Undecided) => maybe.extend(&self.undeclared),
                _ => {}
            }
        }
        for (set, _) in assumed {
            yes.extend(set.prefixes().iter().map(|p| self.lanes_in(*p)));
        }
        if *internet {
            let platform = self.lanes_in(Prefix::host(PLATFORM_ADDRESS));
            let inside = inside.prefixes().iter().map(|p| self.lanes_in(*p)).chain([platform]);
            let inside = settle(inside.collect());
            yes.extend(minus(settle(self.declared.iter().chain(&self.undeclared).copied().collect()), &inside));
        }
        for tag in names {
            let (sure, unsure) = tags.of(tag);
            yes.extend(sure);
            maybe.extend(unsure);
        }
        for (tag, set) in known_tags {
            yes.extend(set.prefixes().iter().map(|p| self.lanes_in(*p)));
            let (sure, unsure) = tags.of_told(tag);
            yes.extend(sure);
            maybe.extend(unsure);
        }
        put_in_order(yes);
        if !maybe.is_empty() {
            put_in_order(maybe);
            *maybe = minus(std::mem::take(maybe), yes);
        }
    }
}

/// What is solved in bulk, and what is decided one by one.
fn parted<T>(made: Vec<Result<T, u32>>) -> (Vec<T>, Vec<u32>) {
    let (mut bulk, mut odd) = (Vec::with_capacity(made.len()), Vec::new());
    for one in made {
        match one {
            Ok(one) => bulk.push(one),
            Err(number) => odd.push(number),
        }
    }
    (bulk, odd)
}

/// Addresses in order, with how many there are below each block of 2^16: filters look for the same blocks again and again.
#[derive(Debug)]
struct Addresses {
    all: Vec<u32>,
    below: Vec<u32>,
}

impl Addresses {
    fn new(all: Vec<u32>) -> Self {
        let mut below = vec![0_u32; (1 << 16) + 1];
        for address in &all {
            below[(address >> 16) as usize + 1] += 1;
        }
        let mut sum = 0;
        for count in &mut below {
            sum += *count;
            *count = sum;
        }
        Self { all, below }
    }

    /// How many of the block of an address, and of those below it, are in front.
    fn count(&self, at: u32, in_front: impl Fn(u32) -> bool) -> u32 {
        let block = (at >> 16) as usize;
        let (from, to) = (self.below[block], self.below[block + 1]);
        from + self.all[from as usize..to as usize].partition_point(|a| in_front(*a)) as u32
    }

    /// The places of the addresses that a prefix holds.
    fn range(&self, prefix: Prefix) -> Span {
        let (Some(first), Some(last)) = (v4(prefix.network()), v4(prefix.last())) else { return (0, 0) };
        (self.count(first, |a| a < first), self.count(last, |a| a <= last))
    }
}

/// What remains of ranges in order without others in order.
pub(super) fn minus(spans: Vec<Span>, without: &[Span]) -> Vec<Span> {
    let mut left = Vec::with_capacity(spans.len());
    for (mut from, to) in spans {
        let first = without.partition_point(|cut| cut.1 <= from);
        for cut in without[first..].iter().take_while(|cut| cut.0 < to) {
            if cut.0 > from {
                left.push((from, cut.0));
            }
            from = from.max(cut.1);
        }
        if from < to {
            left.push((from, to));
        }
    }
    left
}

fn row(model: &Model<'_>, marks: &Marks<'_>, source: &Source, class: u32) -> Option<Row> {
    let Source { sender, outside, limited, absent, unsupported } = source;
    let Sender::Endpoint(id) = sender else { return None };
    if outside.is_some()
        || *limited
        || absent.is_some()
        || *unsupported != crate::reach::Findings::default()
        || marks.special.contains(id)
    {
        return None;
    }
    let endpoint = model.endpoint(*id);
    let segment = endpoint.segment?;
    let address = *endpoint.addresses.first()?;
    let place = model.segment(segment);
    let network = model.network(place.network);
    // Administrators' rules, borders and managed ways out are decided one by one.
    let plain = !model.several_realms
        && place.admin.is_empty()
        && place.tag_routes.is_empty()
        && network.border.is_none()
        && network.egress.is_none()
        && network.breakout.is_none()
        && network.prefixes.iter().any(|p| p.contains(address));
    (plain && !is_public(address)).then_some(())?;
    Some(Row { address: v4(address)?, class, endpoint: *id, segment })
}

fn lane(model: &Model<'_>, marks: &Marks<'_>, column: &Column, number: u32, combination: u8) -> Option<Lane> {
    let address = column.address()?;
    if column.before != super::super::Findings::default() || !matches!(column.landing, Landing::At(_)) {
        return None;
    }
    // A service that redirects needs further ports, too.
    let doors = &model.plane.doors;
    let named = column.name.as_ref().and_then(|n| model.plane.door_names.get(n)).map(|d| doors.get(d.door));
    let owned = model.plane.public_owner(address).and_then(|o| match &model.endpoint(o).role {
        Role::Door(door) => Some(doors.get(*door)),
        _ => None,
    });
    if is_platform(address)
        || !model.plane.allocations.at(address).is_empty()
        || [named, owned].into_iter().flatten().any(|d| d.redirects.is_some())
    {
        return None;
    }
    let at = v4(address)?;
    if is_public(address) {
        return Some(Lane { address: at, column: number, combination, public: true, owner: None, network: None });
    }
    let [(network, owner)] = model.owners(address) else { return None };
    let endpoint = model.endpoint(*owner);
    let segment = endpoint.segment.map(|s| model.segment(s))?;
    let plain = match &endpoint.role {
        Role::Host(host) => !marks.special.contains(owner) && !host.replies_unknown,
        Role::PrivateEndpoint(_) => endpoint.unsupported.is_empty(),
        // What serves names takes queries as a machine would (FWD-06).
        Role::Firewall(_) | Role::Resolver => {
            let sound = endpoint.unsupported.is_empty() && endpoint.absence.is_none();
            endpoint.dns.is_some() && column.port == 53 && column.name.is_none() && sound
        }
        _ => false,
    };
    (plain && segment.admin.is_empty()).then_some(Lane {
        address: at,
        column: number,
        combination,
        public: false,
        owner: Some(*owner),
        network: Some(*network),
    })
}

/// Lanes that are surely meant, and those of which that is not known.
type Meant = (Vec<Span>, Vec<Span>);

/// Lanes by service tag: those surely in it, and those of which that is not known.
#[derive(Debug, Default)]
pub(super) struct TagLanes {
    /// By tag, for any address; and only for what the service's own tags tell.
    known: Fast<String, [Meant; 2]>,
}

impl TagLanes {
    pub(super) fn new<'t>(model: &Model<'_>, layout: &Layout, tags: impl Iterator<Item = &'t str>) -> Self {
        let mut found = Self::default();
        found.learn(model, layout, tags);
        found
    }

    /// Adds tags that are not known yet.
    pub(super) fn learn<'t>(&mut self, model: &Model<'_>, layout: &Layout, tags: impl Iterator<Item = &'t str>) {
        for tag in tags {
            if self.known.contains_key(tag) {
                continue;
            }
            let matcher = Matcher { tags: vec![tag.to_owned()], ..Matcher::default() };
            let mut found: [(Vec<Span>, Vec<Span>); 2] = Default::default();
            for (i, lane) in (0_u32..).zip(&layout.lanes).filter(|(_, l)| l.public) {
                let party: Party<'_> = model.party(IpAddr::V4(lane.address.into()));
                let told = party.tags.is_some() || is_undeclared_public(party.address);
                let at = (i, i + 1);
                for (only_told, (yes, maybe)) in [false, true].into_iter().zip(&mut found) {
                    if only_told && !told {
                        continue;
                    }
                    match matcher.matches(party) {
                        Match::Yes => yes.push(at),
                        Match::Undecided => maybe.push(at),
                        Match::No => {}
                    }
                }
            }
            self.known.insert(tag.to_owned(), found.map(|(yes, maybe)| (settle(yes), settle(maybe))));
        }
    }

    fn of(&self, tag: &str) -> (&[Span], &[Span]) {
        self.known.get(tag).map_or((&[], &[]), |[all, _]| (&all.0, &all.1))
    }

    fn of_told(&self, tag: &str) -> (&[Span], &[Span]) {
        self.known.get(tag).map_or((&[], &[]), |[_, told]| (&told.0, &told.1))
    }
}
