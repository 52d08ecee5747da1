//! Where segments and devices send each column, and by which devices answers come back.

use super::{
    super::{
        model::{Fast, Model, best},
        probe::{Probe, Sends},
    },
    bits::{Span, common, settle},
    layout::{Layout, minus},
};
use crate::{
    dataplane::{Endpoint, Filter, Id, Link, Network, NextHop, Role, Route, Segment},
    net::{Prefix, is_public},
    verdict::{Reason, Word},
};
use std::{collections::BTreeSet, net::IpAddr};

/// What happens to a range of columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum To {
    /// They are stopped, for this reason; none where the reason is found one by one.
    Closed(Option<Reason>),
    /// Their owner gets them.
    Owner,
    /// A device gets them.
    Device(u16),
    /// They leave for the internet.
    Internet,
    /// Where they go cannot be known.
    Unclear,
    /// They are decided one by one.
    Odd,
}

pub(super) type Pieces = Vec<(Span, To)>;

/// Devices met so far, by number.
#[derive(Debug, Default)]
pub(super) struct Devices {
    known: Fast<Id<Endpoint>, u16>,
    pub(super) all: Vec<Id<Endpoint>>,
}

impl Devices {
    /// Forgets devices that were met after others.
    pub(super) fn forget(&mut self, after: usize) {
        for id in self.all.drain(after..) {
            self.known.remove(&id);
        }
    }

    fn number(&mut self, id: Id<Endpoint>) -> u16 {
        let next = self.all.len() as u16;
        let Self { known, all } = self;
        *known.entry(id).or_insert_with(|| {
            all.push(id);
            next
        })
    }
}

/// Whether a peering lets everything through; what was forwarded must not be refused.
fn clear(link: Option<&Link>, forwarded: bool) -> bool {
    let Some(link) = link else { return true };
    let Link { refuses_forwarded, forwarding_undeclared: _, access_off, regions: _, regional: _, only } = link;
    link.doubtful().is_none() && access_off.is_none() && only.is_none() && (refuses_forwarded.is_none() || !forwarded)
}

/// A firewall that can be solved in bulk: it keeps the source of everything private and of nothing public.
fn plain_firewall(endpoint: &Endpoint) -> bool {
    let Role::Firewall(firewall) = &endpoint.role else { return false };
    let private = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"];
    let keeps =
        |p: &str| p.parse::<Prefix>().is_ok_and(|p| firewall.keeps_source.prefixes().iter().any(|k| k.covers(p)));
    let keeps_public = firewall.keeps_source.prefixes().iter().any(|p| is_public(p.network()) || is_public(p.last()));
    private.into_iter().all(keeps) && !keeps_public && firewall.threats.is_none() && endpoint.unsupported.is_empty()
}

/// What routes have left of a range, in order.
struct Left(Vec<Span>);

impl Left {
    fn of(whole: Span) -> Self {
        Self(vec![whole])
    }

    /// Takes what is left of a range.
    fn take(&mut self, span: Span) -> Vec<Span> {
        if span.0 >= span.1 {
            return Vec::new();
        }
        let Self(left) = self;
        let first = left.partition_point(|s| s.1 <= span.0);
        let last = first + left[first..].partition_point(|s| s.0 < span.1);
        let taken: Vec<Span> = left[first..last].iter().map(|s| (s.0.max(span.0), s.1.min(span.1))).collect();
        let before = left[first..last].first().map(|s| (s.0, span.0));
        let after = left[first..last].last().map(|s| (span.1, s.1));
        left.splice(first..last, before.into_iter().chain(after).filter(|s| s.0 < s.1));
        taken
    }
}

/// What a segment does with every column.
pub(super) fn pieces<'p>(
    model: &Model<'p>,
    layout: &Layout,
    devices: &mut Devices,
    segment: &'p Segment,
    forwarded: bool,
) -> Pieces {
    let mut left = Left::of((0, layout.width()));
    let mut found: Pieces = Vec::new();
    let silent = segment.absent_routes.iter().all(|r| matches!(r.hop, NextHop::Drop(_)));
    for route in segment.routes.iter() {
        for here in left.take(layout.lanes_in(route.prefix)) {
            hop(model, layout, devices, segment, &route.hop, here, forwarded, &mut found);
        }
    }
    left.0.into_iter().for_each(|s| closed(layout, segment, Reason::NoRoute, s, &mut found));
    // An address that nobody declared may be in any prefix of public ones, and is in none of its own: all of them go where
    // one of them does (ROUTE-12).
    let undeclared: Option<Prefix> = "240.0.0.0/4".parse().ok();
    let span = undeclared.map_or((0, 0), |p| layout.lanes_in(p));
    if let Some(lane) = layout.lanes.get(span.0 as usize).filter(|_| span.0 < span.1) {
        let outside = |(s, to): (Span, To)| minus(vec![s], &[span]).into_iter().map(move |s| (s, to));
        found = found.into_iter().flat_map(outside).collect();
        match Probe::new(model).sends(&segment.routes, segment, IpAddr::V4(lane.address.into())) {
            Sends::By(next) => hop(model, layout, devices, segment, next, span, forwarded, &mut found),
            Sends::Nowhere => closed(layout, segment, Reason::NoRoute, span, &mut found),
            Sends::Unclear => found.push((span, To::Unclear)),
            Sends::Unplaced => found.push((span, To::Odd)),
        }
    }
    found.sort_unstable_by_key(|(s, _)| *s);
    if !silent || !segment.tag_routes.is_empty() {
        found = vec![((0, layout.width()), To::Odd)];
    }
    let mut joined: Pieces = Vec::with_capacity(found.len());
    for (span, to) in found {
        match joined.last_mut() {
            Some((last, same)) if *same == to && last.1 == span.0 => last.1 = span.1,
            _ => joined.push((span, to)),
        }
    }
    joined
}

/// Columns that no route leads to: what is absent may say why.
fn closed(layout: &Layout, segment: &Segment, usual: Reason, span: Span, found: &mut Pieces) {
    if segment.absent_routes.is_empty() {
        return found.push((span, To::Closed(Some(usual))));
    }
    for at in span.0..span.1 {
        let address = IpAddr::V4(layout.lanes[at as usize].address.into());
        let why = match best(&segment.absent_routes, address).map(|r| &r.hop) {
            Some(NextHop::Drop(reason)) => Some(*reason),
            Some(_) => None,
            None => Some(usual),
        };
        match found.last_mut() {
            Some((last, same)) if *same == To::Closed(why) && last.1 == at => last.1 = at + 1,
            _ => found.push(((at, at + 1), To::Closed(why))),
        }
    }
}

#[allow(clippy::too_many_arguments, reason = "one route in its surroundings")]
fn hop<'p>(
    model: &Model<'p>,
    layout: &Layout,
    devices: &mut Devices,
    segment: &'p Segment,
    next: &NextHop,
    span: Span,
    forwarded: bool,
    found: &mut Pieces,
) {
    let each = |of: &dyn Fn(&super::layout::Lane) -> To, found: &mut Pieces| {
        let mut run: Option<(Span, To)> = None;
        for at in span.0..span.1 {
            let to = of(&layout.lanes[at as usize]);
            match &mut run {
                Some((here, same)) if *same == to => here.1 = at + 1,
                other => found.extend(other.replace(((at, at + 1), to))),
            }
        }
        found.extend(run);
    };
    match next {
        NextHop::Network { network, link } => {
            let (open, complete) = (clear(link.as_deref(), forwarded), model.network(*network).complete);
            // What the peering refuses comes before that nobody is there.
            let nobody = if complete { To::Closed(open.then_some(Reason::NoHost)) } else { To::Odd };
            each(
                &|lane| match (lane.public, lane.network == Some(*network)) {
                    (true, _) => To::Odd,
                    // Something without a declared address may have it.
                    (false, false) if model.plane.perhaps(*network, IpAddr::V4(lane.address.into())).is_some() => {
                        To::Odd
                    }
                    (false, false) => nobody,
                    (false, true) => {
                        if open {
                            To::Owner
                        } else {
                            To::Odd
                        }
                    }
                },
                found,
            );
        }
        NextHop::Endpoint(owner) => {
            let open = clear(model.link(segment, *owner), forwarded);
            each(&|lane| if open && lane.owner == Some(*owner) { To::Owner } else { To::Odd }, found);
        }
        NextHop::Appliance(address) => {
            let Some(device) = model.nearby(segment, *address) else {
                let perhaps = model.plane.perhaps_frontend(*address).is_some();
                return found.push((span, if perhaps { To::Odd } else { To::Closed(Some(Reason::NextHop)) }));
            };
            let plain = plain_firewall(model.endpoint(device));
            let open = clear(model.link(segment, device), forwarded);
            let to = if plain && open { To::Device(devices.number(device)) } else { To::Odd };
            let held = |addresses: &[IpAddr]| {
                let own = addresses.iter().map(|a| layout.lanes_in(Prefix::host(*a)));
                settle(own.map(|s| (s.0.max(span.0), s.1.min(span.1))).collect())
            };
            // What is for the device itself, as queries to its proxy, ends there.
            let own = minus(held(&model.endpoint(device).addresses), &layout.public);
            let sound = open && model.endpoint(device).unsupported.is_empty();
            found.extend(own.iter().map(|s| (*s, if sound { To::Owner } else { To::Odd })));
            // A firewall translates at its own public addresses (FW-10).
            let published = common(&held(&model.endpoint(device).public_addresses), &layout.public);
            let apart = settle(own.into_iter().chain(published.iter().copied()).collect());
            found.extend(minus(vec![span], &apart).into_iter().map(|s| (s, to)));
            // What no rule of its translates is dropped there.
            let dropped = |lane: u32| {
                let Role::Firewall(firewall) = &model.endpoint(device).role else { return false };
                let lane = &layout.lanes[lane as usize];
                let (transport, port) = layout.combinations[lane.combination as usize];
                let address = IpAddr::V4(lane.address.into());
                let translated = firewall
                    .translations
                    .iter()
                    .any(|t| t.to.contains(address) && t.protocol.matches(transport) && t.ports.contains(port));
                !translated && (model.endpoint(device).dns.is_none() || port != 53)
            };
            for lane in published.into_iter().flat_map(|s| s.0..s.1) {
                let known = to != To::Odd && dropped(lane);
                found.push(((lane, lane + 1), if known { To::Closed(Some(Reason::Fw)) } else { To::Odd }));
            }
        }
        NextHop::Internet => {
            let outside = common(&[span], &layout.public);
            minus(vec![span], &outside).into_iter().for_each(|s| closed(layout, segment, Reason::NoRoute, s, found));
            found.extend(outside.into_iter().map(|s| (s, To::Internet)));
        }
        NextHop::Drop(Reason::NoRoute) => closed(layout, segment, Reason::NoRoute, span, found),
        NextHop::Drop(reason) => found.push((span, To::Closed(Some(*reason)))),
        NextHop::Gateway(_)
        | NextHop::Tunnel(_)
        | NextHop::Router(_)
        | NextHop::OneOf(_)
        | NextHop::Unsupported(_)
        | NextHop::Unknown(_) => found.push((span, To::Odd)),
    }
}

/// Lists of devices, each once; the first is the empty one.
#[derive(Debug)]
pub(super) struct Lists {
    known: Fast<Vec<u16>, u16>,
    all: Vec<Vec<u16>>,
}

impl Lists {
    /// The way is decided one by one.
    pub(super) const ODD: u16 = u16::MAX;
    /// From here on, a way that leads nowhere, with the reason.
    const LOST: u16 = u16::MAX - 0x200;

    /// A way that leads nowhere.
    pub(super) fn lost(reason: Reason) -> u16 {
        let at = Reason::ALL.iter().position(|r| *r == reason).unwrap_or(0) as u16;
        Self::LOST + at
    }

    /// Why a way leads nowhere, if it does.
    pub(super) fn why(id: u16) -> Option<Reason> {
        Reason::ALL.get(usize::from(id.checked_sub(Self::LOST)?)).copied()
    }

    pub(super) fn new() -> Self {
        let mut lists = Self { known: Fast::default(), all: Vec::new() };
        lists.id(Vec::new());
        lists
    }

    pub(super) fn id(&mut self, list: Vec<u16>) -> u16 {
        if let Some(id) = self.known.get(&list) {
            return *id;
        }
        let next = self.all.len() as u16;
        if next >= Self::LOST {
            return Self::ODD;
        }
        self.all.push(list.clone());
        self.known.insert(list, next);
        next
    }

    /// The number of a list that is known.
    pub(super) fn find(&self, list: &[u16]) -> Option<u16> {
        self.known.get(list).copied()
    }

    pub(super) fn of(&self, id: u16) -> &[u16] {
        self.all.get(id as usize).map_or(&[], Vec::as_slice)
    }
}

/// Sources that share a segment: answers find them alike.
#[derive(Debug)]
pub(super) struct Homes {
    /// The network of each home.
    pub(super) networks: Vec<Id<Network>>,
    /// Ranges of sources with their home, in order.
    pub(super) runs: Vec<(Span, u32)>,
}

/// Where answers go from one place, for each home.
const ARRIVED: u16 = u16::MAX - 1;

/// The devices that answers pass on their way to each home.
pub(super) struct Answers<'m, 'p> {
    model: &'m Model<'p>,
    layout: &'m Layout,
    homes: &'m Homes,
    /// By device and home, as numbers of lists; lists begin with the device.
    pub(super) by_device: Vec<Vec<u16>>,
}

impl<'m, 'p> Answers<'m, 'p> {
    /// Follows answers through every device that any of the segments, or another device, leads to.
    pub(super) fn new(
        model: &'m Model<'p>,
        layout: &'m Layout,
        homes: &'m Homes,
        segments: &[Id<Segment>],
        devices: &mut Devices,
        lists: &mut Lists,
    ) -> Self {
        for segment in segments {
            for route in model.segment(*segment).routes.iter() {
                appliance(model, model.segment(*segment), route, devices);
            }
        }
        let mut next: Vec<Vec<u16>> = Vec::new();
        while let Some(device) = devices.all.get(next.len()).copied() {
            let segment = model.endpoint(device).segment.map(|s| model.segment(s));
            next.push(match segment {
                Some(segment) => paint(model, layout, homes, segment, devices),
                None => vec![Lists::ODD; homes.networks.len()],
            });
        }
        let mut by_device = vec![vec![Lists::ODD; homes.networks.len()]; next.len()];
        for (device, values) in by_device.iter_mut().enumerate() {
            let mut known: Fast<Vec<u16>, u16> = Fast::default();
            for (home, value) in values.iter_mut().enumerate() {
                let mut list = vec![device as u16];
                let mut at = device;
                *value = loop {
                    match next[at][home] {
                        ARRIVED => break *known.entry(list).or_insert_with_key(|l| lists.id(l.clone())),
                        Lists::ODD => break Lists::ODD,
                        lost if Lists::why(lost).is_some() => break lost,
                        // More devices than any way back passes are a circle.
                        _ if list.len() > 7 => break Lists::ODD,
                        on => {
                            list.push(on);
                            at = on as usize;
                        }
                    }
                };
            }
        }
        Self { model, layout, homes, by_device }
    }

    /// For each home, the list of devices from a segment back to it.
    pub(super) fn of(&self, segment: &'p Segment, devices: &Devices) -> Vec<u16> {
        back_of(self.model, self.layout, self.homes, &self.by_device, segment, devices)
    }
}

/// For each home, the list of devices from a segment back to it; answers go on from devices as `by_device` has it.
pub(super) fn back_of<'p>(
    model: &Model<'p>,
    layout: &Layout,
    homes: &Homes,
    by_device: &[Vec<u16>],
    segment: &'p Segment,
    devices: &Devices,
) -> Vec<u16> {
    let mut known = Devices { known: devices.known.clone(), all: devices.all.clone() };
    let mut found = paint(model, layout, homes, segment, &mut known);
    for (home, value) in found.iter_mut().enumerate() {
        *value = match *value {
            ARRIVED => 0,
            Lists::ODD => Lists::ODD,
            lost if Lists::why(lost).is_some() => lost,
            device => by_device.get(device as usize).map_or(Lists::ODD, |d| d[home]),
        };
    }
    found
}

fn appliance<'p>(model: &Model<'p>, segment: &'p Segment, route: &Route, devices: &mut Devices) -> Option<u16> {
    let NextHop::Appliance(address) = &route.hop else { return None };
    let id = model.nearby(segment, *address)?;
    matches!(model.endpoint(id).role, Role::Firewall(_)).then(|| devices.number(id))
}

/// Where a segment sends answers to each home: there, to a device, nowhere, or undecided in bulk.
fn paint<'p>(
    model: &Model<'p>,
    layout: &Layout,
    homes: &Homes,
    segment: &'p Segment,
    devices: &mut Devices,
) -> Vec<u16> {
    const UNSET: u16 = u16::MAX - 2;
    let mut found = vec![UNSET; homes.networks.len()];
    let mut give = |span: Span, value: &dyn Fn(Span, Id<Network>) -> u16| {
        let first = homes.runs.partition_point(|(s, _)| s.1 <= span.0);
        for (run, home) in homes.runs[first..].iter().take_while(|(s, _)| s.0 < span.1) {
            let home = *home as usize;
            let value = value((run.0.max(span.0), run.1.min(span.1)), homes.networks[home]);
            // Sources of one home that part ways are decided one by one.
            found[home] = if found[home] == UNSET || found[home] == value { value } else { Lists::ODD };
        }
    };
    // Nothing leads back to these; what is absent may say why.
    let unreturnable = |span: Span| -> u16 {
        for route in segment.absent_routes.iter() {
            let here = layout.rows_in(route.prefix);
            if here.0 <= span.0 && span.1 <= here.1 {
                return match route.hop {
                    NextHop::Drop(reason) => Lists::lost(reason),
                    _ => Lists::lost(Reason::NoRoute),
                };
            }
            if here.0.max(span.0) < here.1.min(span.1) {
                return Lists::ODD;
            }
        }
        Lists::lost(Reason::NoRoute)
    };
    let mut left = Left::of((0, layout.height()));
    for route in segment.routes.iter() {
        // What a peering may object to on the way back is decided one by one (PEER-06, PEER-14).
        for span in left.take(layout.rows_in(route.prefix)) {
            match &route.hop {
                NextHop::Network { link, .. } if !clear(link.as_deref(), false) => give(span, &|_, _| Lists::ODD),
                NextHop::Network { network, .. } => give(span, &|_, home| {
                    if home == *network { ARRIVED } else { Lists::lost(Reason::NoRoute) }
                }),
                NextHop::Appliance(address) => {
                    let value = match model.nearby(segment, *address) {
                        None if model.plane.perhaps_frontend(*address).is_some() => Lists::ODD,
                        None => Lists::lost(Reason::NextHop),
                        Some(device) if !clear(model.link(segment, device), false) => Lists::ODD,
                        Some(device) if !model.endpoint(device).unsupported.is_empty() => Lists::ODD,
                        Some(_) => appliance(model, segment, route, devices).unwrap_or(Lists::ODD),
                    };
                    give(span, &|_, _| value);
                }
                NextHop::Internet | NextHop::Drop(Reason::NoRoute) => give(span, &|run, _| unreturnable(run)),
                NextHop::Drop(reason) => give(span, &|_, _| Lists::lost(*reason)),
                _ => give(span, &|_, _| Lists::ODD),
            }
        }
    }
    for span in left.0 {
        give(span, &|run, _| unreturnable(run));
    }
    found.into_iter().map(|v| if v == UNSET { Lists::lost(Reason::NoRoute) } else { v }).collect()
}

/// Service tags that rules of filters or firewalls name.
pub(super) fn every_tag<'p>(filters: &[&'p Filter], devices: &Devices, model: &Model<'p>) -> BTreeSet<&'p str> {
    let firewalls = devices.all.iter().filter_map(|id| match &model.endpoint(*id).role {
        Role::Firewall(firewall) => Some(&firewall.filter),
        _ => None,
    });
    let mut found = BTreeSet::new();
    for rule in filters.iter().copied().chain(firewalls).flat_map(|f| &f.rules) {
        let known = rule.to.known_tags.iter().map(|(tag, _)| tag);
        found.extend(rule.to.tags.iter().chain(known).map(String::as_str));
    }
    found
}
