//! What both sides of a solution are made from.

use super::{
    super::{
        Cell, Column,
        classes::Marks,
        model::{Fast, Model},
        probe::Probe,
    },
    Pair,
    answered::{Answered, bits_of, cell},
    bits::{self, Span, words},
    layout::{Layout, TagLanes},
    places::{Answers, Devices, Homes, Lists, Pieces, To, every_tag, pieces},
    rules::{Compiler, Ports, Rule, Rulings, rulings},
};
use crate::{
    dataplane::{Direction, Endpoint, Filter, Id, Network, Role, Segment},
    net::{Transport, is_undeclared_public},
    reach::Findings,
    verdict::{Reason, Verdict},
};
use rayon::prelude::*;
use std::{collections::BTreeSet, net::IpAddr, sync::Arc};

/// A firewall on the way.
#[derive(Debug)]
pub(super) struct Device {
    /// Where it sends what it keeps the source of.
    pub(super) pieces: Pieces,
    /// What becomes of what it sends in its own name, and of what it takes over by name.
    pub(super) own_name: Pair,
    pub(super) taken: Pair,
    /// Open ones among both whose verdict is not the usual one of their column, in order.
    pub(super) own_special: Vec<(u32, Verdict)>,
    pub(super) taken_special: Vec<(u32, Verdict)>,
    /// The outcomes of both, and the columns to which nothing is reached in its own name.
    pub(super) own_cells: Vec<Cell>,
    pub(super) taken_cells: Vec<Cell>,
    pub(super) lost: Vec<u64>,
    /// Why it stops what it stops.
    pub(super) reason: Reason,
    /// Columns that it may ask for by name, with the segments in which it finds them then.
    pub(super) finds: Vec<(u32, Id<Segment>)>,
    /// Whether all of its answers are decided one by one.
    pub(super) all_odd: bool,
    /// Columns whose answer there is decided one by one.
    pub(super) odd: Vec<u64>,
    /// The signature of each row: which rules name it.
    pub(super) signature: Vec<u32>,
    /// What the rules make of each column, by signature.
    pub(super) rulings: Vec<Rulings>,
}

/// A segment that sources are in.
#[derive(Debug)]
pub(super) struct Home {
    pub(super) pieces: Pieces,
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

/// A filter compiled for one direction.
#[derive(Debug, Default)]
pub(super) struct Compiled {
    pub(super) out: Vec<Rule>,
    pub(super) into: Vec<Rule>,
    /// Why it stops what it stops.
    pub(super) reason: Option<Reason>,
}

#[derive(Debug)]
pub(super) struct Setup {
    pub(super) layout: Layout,
    pub(super) ports: Ports,
    pub(super) devices: Vec<Device>,
    pub(super) homes: Vec<Home>,
    pub(super) home_of_row: Vec<u32>,
    pub(super) filters: Vec<Compiled>,
    /// Filter of each row's own interface, and of each lane's segment and interface.
    pub(super) row_filter: Vec<Option<usize>>,
    pub(super) lane_filters: Vec<[Option<usize>; 2]>,
    /// What takes private columns.
    pub(super) landed: Pair,
    pub(super) landed_cells: Vec<Cell>,
    /// Columns decided one by one for every source.
    pub(super) odd: Vec<u64>,
    /// Ways out: what becomes of public columns, and which are decided one by one.
    pub(super) outside: Vec<Answered>,
    /// The segment of each lane among those of private columns; `NONE` for public ones.
    pub(super) end_of_lane: Vec<u32>,
    /// By end and home: the list of devices on the way back.
    pub(super) back: Vec<Vec<u16>>,
    pub(super) lists: Lists,
    /// Columns of public addresses.
    pub(super) public: Vec<u64>,
    /// Columns that forgive a device which sees requests only; of them, those of another transport than TCP.
    pub(super) lenient: Vec<u64>,
    pub(super) others: Vec<u64>,
    /// What edits need: segments of homes and of ends, where homes lie, devices by number, ways back from devices, and
    /// columns by service tag.
    pub(super) segments: Vec<Id<Segment>>,
    pub(super) ends: Vec<Id<Segment>>,
    pub(super) places: Homes,
    pub(super) met: Devices,
    pub(super) by_device: Vec<Vec<u16>>,
    pub(super) tags: TagLanes,
}

/// Filters by content: those of segments by place, those of interfaces by what they hold.
struct Interner<'p> {
    known: Fast<(&'p str, usize), Vec<(&'p Filter, usize)>>,
    all: Vec<&'p Filter>,
}

impl<'p> Interner<'p> {
    fn id(&mut self, filter: Option<&'p Filter>) -> Option<usize> {
        let filter = filter?;
        let alike = self.known.entry((filter.origin.name.as_str(), filter.rules.len())).or_default();
        let same = |(known, _): &&(&'p Filter, usize)| std::ptr::eq(*known, filter) || **known == *filter;
        if let Some((_, id)) = alike.iter().find(same) {
            return Some(*id);
        }
        alike.push((filter, self.all.len()));
        self.all.push(filter);
        Some(self.all.len() - 1)
    }
}

/// What tells ways out apart: the public address, default access, the region, and whether it lies beyond a gateway.
type WayOut<'a> = (Option<Vec<usize>>, bool, Option<&'a str>, bool);

impl Setup {
    /// What takes a private column answers otherwise from now on.
    pub(super) fn land(&mut self, lane: u32, answer: Option<(bool, bool)>) {
        let (open, soft) = answer.unwrap_or_default();
        bits::put(&mut self.landed.open, lane, open);
        bits::put(&mut self.landed.soft, lane, soft);
        bits::put(&mut self.odd, lane, answer.is_none());
    }

    pub(super) fn new(model: &Model<'_>, marks: &Marks<'_>, made: Layout, columns: &[Column]) -> Self {
        let plane = model.plane;
        let layout = &made;
        let width = layout.lanes.len();
        let mut filters = Interner { known: Fast::default(), all: Vec::new() };
        // Homes, in order of their first row.
        let mut number: Fast<Id<Segment>, u32> = Fast::default();
        let mut segments: Vec<Id<Segment>> = Vec::new();
        let mut samples: Vec<Id<Endpoint>> = Vec::new();
        let mut home_of_row = Vec::with_capacity(layout.rows.len());
        let mut row_filter = Vec::with_capacity(layout.rows.len());
        for row in &layout.rows {
            let home = *number.entry(row.segment).or_insert_with(|| {
                segments.push(row.segment);
                let network = model.segment(row.segment).network;
                let address = IpAddr::V4(row.address.into());
                samples.extend(model.owner(network, address));
                segments.len() as u32 - 1
            });
            home_of_row.push(home);
            row_filter.push(filters.id(model.endpoint(row.endpoint).filter.as_ref()));
        }
        let networks: Vec<Id<Network>> = segments.iter().map(|s| model.segment(*s).network).collect();
        let mut runs: Vec<(Span, u32)> = Vec::new();
        for (row, home) in (0_u32..).zip(&home_of_row) {
            match runs.last_mut() {
                Some((span, same)) if same == home => span.1 = row + 1,
                _ => runs.push(((row, row + 1), *home)),
            }
        }
        let places = Homes { networks, runs };
        // Ends of private lanes.
        let mut end_number: Fast<Id<Segment>, u32> = Fast::default();
        let mut ends: Vec<Id<Segment>> = Vec::new();
        let mut end_of_lane = Vec::with_capacity(width);
        let mut lane_filters = Vec::with_capacity(width);
        let mut lenient = vec![0_u64; words(width)];
        let mut others = vec![0_u64; words(width)];
        let advice = !plane.assumptions.one_sided_endpoints_block;
        for (i, lane) in (0_u32..).zip(&layout.lanes) {
            let transport = layout.combinations[lane.combination as usize].0;
            if transport != Transport::Tcp {
                bits::set(&mut others, i);
            }
            let owner = lane.owner.map(|o| model.endpoint(o));
            let (Some(owner), Some(segment)) = (owner, owner.and_then(|o| o.segment)) else {
                end_of_lane.push(super::NONE);
                lane_filters.push([None, None]);
                continue;
            };
            end_of_lane.push(*end_number.entry(segment).or_insert_with(|| {
                ends.push(segment);
                ends.len() as u32 - 1
            }));
            let (private, filtered) = match &owner.role {
                Role::PrivateEndpoint(private) => (true, private.filtered),
                _ => (false, true),
            };
            if private && advice || transport != Transport::Tcp {
                bits::set(&mut lenient, i);
            }
            lane_filters.push(if filtered {
                [filters.id(model.segment(segment).filter_before(&owner.role)), filters.id(owner.filter.as_ref())]
            } else {
                [None, None]
            });
        }
        let home_filters: Vec<Option<usize>> =
            segments.iter().map(|s| filters.id(model.segment(*s).filter.as_ref())).collect();
        // Where segments and devices send columns.
        let mut devices = Devices::default();
        let home_pieces: Vec<Pieces> =
            segments.iter().map(|s| pieces(model, layout, &mut devices, model.segment(*s), false)).collect();
        let mut lists = Lists::new();
        let starts: Vec<Id<Segment>> = ends.clone();
        let mut device_pieces: Vec<Pieces> = Vec::new();
        let answers = Answers::new(model, layout, &places, &starts, &mut devices, &mut lists);
        while let Some(device) = devices.all.get(device_pieces.len()).copied() {
            let segment = model.endpoint(device).segment.map(|s| model.segment(s));
            let all_odd = || vec![((0, layout.width()), To::Odd)];
            device_pieces.push(segment.map_or_else(all_odd, |s| pieces(model, layout, &mut devices, s, true)));
        }
        let back: Vec<Vec<u16>> = ends.par_iter().map(|s| answers.of(model.segment(*s), &devices)).collect();
        // Rules.
        let tags = TagLanes::new(model, layout, every_tag(&filters.all, &devices, model).into_iter());
        let compiler = Compiler { model, layout, tags: &tags, columns };
        let mut ports = Ports::new(layout);
        let mut compiled: Vec<Compiled> = filters
            .all
            .par_iter()
            .map(|f| Compiled {
                out: compiler.draft(f, Direction::Outbound, None).0,
                into: compiler.draft(f, Direction::Inbound, None).0,
                reason: Some(f.reason),
            })
            .collect();
        let mut number_ports =
            |rules: &mut Vec<Rule>| rules.iter_mut().for_each(|r| r.ports = ports.id(r.combinations));
        for filter in &mut compiled {
            number_ports(&mut filter.out);
            number_ports(&mut filter.into);
        }
        let mut drafts: Vec<(Vec<Rule>, bool)> = devices
            .all
            .par_iter()
            .map(|id| match &model.endpoint(*id).role {
                Role::Firewall(f) => compiler.draft(&f.filter, Direction::Outbound, Some((f, *id))),
                _ => (Vec::new(), true),
            })
            .collect();
        drafts.iter_mut().for_each(|(rules, _)| number_ports(rules));
        // What takes each column, whoever sends.
        let mut landed = Answered::new(width);
        let answered: Vec<(u32, Option<Findings>)> = (0..width as u32)
            .into_par_iter()
            .filter(|i| layout.lanes[*i as usize].owner.is_some())
            .map_init(
                || Probe::new(model),
                |probe, i| {
                    let lane = &layout.lanes[i as usize];
                    let column = &columns[lane.column as usize];
                    let found = lane.owner.and_then(|owner| probe.landed(column, owner));
                    (i, found)
                },
            )
            .collect();
        for (i, found) in answered {
            landed.put(i, bits_of(found, Verdict::Private));
            landed.tell(i, found);
        }
        let public: Vec<u32> = (0..width as u32).filter(|i| layout.lanes[*i as usize].public).collect();
        let built: Vec<Device> = drafts
            .into_par_iter()
            .zip(device_pieces)
            .zip(&devices.all)
            .map(|(((rules, odd), pieces), id)| {
                Self::device(model, layout, columns, &ports, &public, rules, odd, pieces, *id)
            })
            .collect();
        let by_device = answers.by_device;
        let mut setup = Self {
            layout: made,
            ports,
            devices: built,
            homes: Vec::new(),
            home_of_row,
            filters: compiled,
            row_filter,
            lane_filters,
            odd: landed.odd,
            landed: landed.pair,
            landed_cells: landed.cells,
            outside: Vec::new(),
            end_of_lane,
            back,
            lists,
            public: {
                let mut row = vec![0_u64; words(width)];
                public.iter().for_each(|l| bits::set(&mut row, *l));
                row
            },
            lenient,
            others,
            segments,
            ends,
            places,
            met: devices,
            by_device,
            tags,
        };
        setup.homes(model, marks, columns, &public, &samples, home_pieces, &home_filters);
        setup
    }

    #[allow(clippy::too_many_arguments, reason = "everything a device is made from")]
    fn device(
        model: &Model<'_>,
        layout: &Layout,
        columns: &[Column],
        ports: &Ports,
        public: &[u32],
        rules: Vec<Rule>,
        odd: bool,
        pieces: Pieces,
        id: Id<Endpoint>,
    ) -> Device {
        let width = layout.lanes.len();
        let probe = Probe::new(model);
        let column = |lane: u32| &columns[layout.lanes[lane as usize].column as usize];
        let mut own_name = Answered::new(width);
        let mut lost = vec![0_u64; words(width)];
        for lane in public {
            let onward = probe.onward(id, column(*lane));
            own_name.find(*lane, onward.map(|(found, _)| found), Verdict::Public);
            if onward.is_some_and(|(_, nowhere)| nowhere) {
                bits::set(&mut lost, *lane);
            }
        }
        let mut taken = Answered::new(width);
        let mut by_name = vec![0_u64; words(width)];
        for rule in rules.iter().filter(|r| r.by_name && r.allow) {
            rule.lanes.iter().for_each(|s| bits::fill(&mut by_name, *s));
        }
        for lane in bits::ones(&by_name) {
            let usual = if layout.lanes[lane as usize].public { Verdict::Public } else { Verdict::Private };
            taken.find(lane, probe.by_name(id, column(lane)), usual);
        }
        let finds = match &model.endpoint(id).role {
            Role::Firewall(firewall) => bits::ones(&by_name)
                .filter_map(|lane| Some((lane, column(lane).name.as_ref()?)))
                .flat_map(|(lane, name)| {
                    let found = model.names.resolve(&firewall.resolver, id, name).addresses.unwrap_or_default();
                    let owners: Vec<_> = found.iter().flat_map(|a| model.owners(*a)).map(|(_, o)| *o).collect();
                    owners.into_iter().filter_map(move |o| Some((lane, model.endpoint(o).segment?)))
                })
                .collect(),
            _ => Vec::new(),
        };
        let mut strange = own_name.odd;
        strange.iter_mut().zip(&taken.odd).for_each(|(a, b)| *a |= b);
        if odd {
            strange.fill(u64::MAX);
        }
        // Decided perhaps by its address and else by its name, a packet goes different ways (FW-03).
        let mut by_address = vec![0_u64; words(width)];
        for rule in rules.iter().filter(|r| !r.by_name) {
            let unsure = if rule.unsure { rule.lanes.as_slice() } else { &[] };
            rule.maybe.iter().chain(unsure).for_each(|s| bits::fill(&mut by_address, *s));
        }
        strange.iter_mut().zip(by_address.iter().zip(&by_name)).for_each(|(odd, (a, n))| *odd |= a & n);
        // Rows that the same rules name, in one sweep over the rules' ranges.
        let mut events: Vec<(u32, u32)> = Vec::new();
        for (number, rule) in (0_u32..).zip(&rules) {
            events.extend(rule.rows.iter().flat_map(|s| [(s.0, number), (s.1, number)]));
        }
        events.sort_unstable();
        let height = layout.height();
        let mut active = vec![0_u64; words(rules.len())];
        let mut known: Fast<Vec<u64>, u32> = Fast::default();
        let mut signature = vec![0_u32; height as usize];
        let mut at = 0;
        let mut rest = events.as_slice();
        while at < height {
            while let Some(((place, rule), later)) =
                rest.split_first().map(|(e, l)| (*e, l)).filter(|((p, _), _)| *p <= at)
            {
                let _ = place;
                active[(rule / 64) as usize] ^= 1 << (rule % 64);
                rest = later;
            }
            let next = rest.first().map_or(height, |(p, _)| (*p).min(height));
            let fresh = known.len() as u32;
            let id = *known.entry(active.clone()).or_insert(fresh);
            signature[at as usize..next as usize].fill(id);
            at = next;
        }
        let mut order: Vec<(Vec<u64>, u32)> = known.into_iter().collect();
        order.sort_unstable_by_key(|(_, id)| *id);
        let rulings = order.into_par_iter().map(|(active, _)| rulings(&rules, &active, width, ports)).collect();
        Device {
            pieces,
            own_name: own_name.pair,
            taken: taken.pair,
            own_special: own_name.special,
            taken_special: taken.special,
            own_cells: own_name.cells,
            taken_cells: taken.cells,
            lost,
            reason: match &model.endpoint(id).role {
                Role::Firewall(firewall) => firewall.filter.reason,
                _ => Reason::Fw,
            },
            finds,
            all_odd: odd,
            odd: strange,
            signature,
            rulings,
        }
    }

    /// Ways out and identities of homes; what many share is decided once.
    #[allow(clippy::too_many_arguments, reason = "everything homes are made from")]
    fn homes(
        &mut self,
        model: &Model<'_>,
        marks: &Marks<'_>,
        columns: &[Column],
        public: &[u32],
        samples: &[Id<Endpoint>],
        pieces: Vec<Pieces>,
        filters: &[Option<usize>],
    ) {
        let (layout, segments) = (&self.layout, &self.segments);
        let width = layout.lanes.len();
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
                let answers: Vec<_> = public
                    .par_iter()
                    .map_init(
                        || Probe::new(model),
                        |probe, lane| (*lane, probe.outside(samples[number], column(*lane))),
                    )
                    .collect();
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
            self.homes.push(Home { pieces: Vec::new(), outside: way, served: None, filter: filters[number] });
        }
        for (home, pieces) in self.homes.iter_mut().zip(pieces) {
            home.pieces = pieces;
        }
        let mut groups: Vec<Vec<usize>> = identities.into_values().collect();
        groups.sort_unstable();
        for group in groups {
            let Some(sample) = group.first().copied() else { continue };
            let base: Vec<_> = public
                .par_iter()
                .map_init(|| Probe::new(model), |probe, lane| (*lane, probe.as_segment(samples[sample], column(*lane))))
                .collect();
            let shared: Vec<(u32, Cell)> = base.iter().map(|(lane, found)| (*lane, cell(found.flatten()))).collect();
            let shared = Arc::new(shared);
            let own = |number: usize| named.get(&segments[number]).map_or(&[][..], Vec::as_slice);
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
