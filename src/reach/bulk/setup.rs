//! What both sides of a solution are made from.

use super::{
    super::{
        Cell, Column,
        classes::Marks,
        model::{Fast, Model},
        probe::{Probe, is_subject},
    },
    Pair,
    answered::{Answered, bits_of},
    bits::{self, Span, words},
    device::Device,
    homes::Home,
    layout::{Layout, TagLanes},
    places::{Answers, Devices, Homes, Lists, Pieces, To, every_tag, pieces},
    public::Kinds,
    rules::{Compiler, Ports, Rule},
};
use crate::{
    dataplane::{Direction, Endpoint, Filter, Id, Network, Role, Segment},
    net::Transport,
    reach::Findings,
    verdict::{Reason, Verdict},
};
use rayon::prelude::*;
use std::{
    net::IpAddr,
    sync::{Arc, OnceLock},
};

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
    pub(super) back: Vec<Arc<Vec<u16>>>,
    pub(super) lists: Lists,
    /// Columns of public addresses, and their kinds.
    pub(super) public: Vec<u64>,
    pub(super) kinds: Kinds,
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
struct Interner<'m, 'p> {
    marks: &'m Marks<'p>,
    marked: Fast<u32, usize>,
    known: Fast<(&'p str, usize), Vec<(&'p Filter, usize)>>,
    all: Vec<&'p Filter>,
}

impl<'p> Interner<'_, 'p> {
    fn id(&mut self, filter: Option<&'p Filter>) -> Option<usize> {
        let filter = filter?;
        let next = self.all.len();
        // Those of sources were compared when their classes were found.
        if let Some(mark) = self.marks.filter(filter) {
            let id = *self.marked.entry(mark).or_insert(next);
            if id == next {
                self.all.push(filter);
            }
            return Some(id);
        }
        let alike = self.known.entry((filter.origin.name.as_str(), filter.rules.len())).or_default();
        let same = |(known, _): &&(&'p Filter, usize)| std::ptr::eq(*known, filter) || **known == *filter;
        if let Some((_, id)) = alike.iter().find(same) {
            return Some(*id);
        }
        alike.push((filter, next));
        self.all.push(filter);
        Some(next)
    }
}

/// What was made of segments' tables, once for all segments of one network that share theirs.
struct Alike<T>(Fast<(Id<Network>, [usize; 3], bool), Arc<T>>);

impl<T> Default for Alike<T> {
    fn default() -> Self {
        Self(Fast::default())
    }
}

impl<T> Alike<T> {
    fn of(&mut self, segment: &Segment, made: impl FnOnce() -> T) -> Arc<T> {
        let tables = [&segment.routes, &segment.absent_routes, &segment.replaced_routes];
        let tables = tables.map(|t| Arc::as_ptr(t).addr());
        let key = (segment.network, tables, segment.tag_routes.is_empty());
        Arc::clone(self.0.entry(key).or_insert_with(|| Arc::new(made())))
    }
}

impl Setup {
    /// What takes a private column answers otherwise from now on.
    pub(super) fn land(&mut self, lane: u32, answer: Option<(bool, bool)>) {
        let (open, soft) = answer.unwrap_or_default();
        bits::put(&mut self.landed.open, lane, open);
        bits::put(&mut self.landed.soft, lane, soft);
        bits::put(&mut self.odd, lane, answer.is_none());
    }

    pub(super) fn new<'p>(model: &Model<'p>, marks: &Marks<'p>, made: Layout, columns: &[Column]) -> Self {
        let plane = model.plane;
        let layout = &made;
        let width = layout.lanes.len();
        let mut filters = Interner { marks, marked: Fast::default(), known: Fast::default(), all: Vec::new() };
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
            let (private, filtered) = (matches!(owner.role, Role::PrivateEndpoint(_)), is_subject(owner));
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
        let mut alike = Alike::default();
        let home_pieces: Vec<Arc<Pieces>> = segments
            .iter()
            .map(|s| {
                let segment = model.segment(*s);
                alike.of(segment, || pieces(model, layout, &mut devices, segment, false))
            })
            .collect();
        let mut lists = Lists::new();
        let starts: Vec<Id<Segment>> = ends.clone();
        let mut device_pieces: Vec<Pieces> = Vec::new();
        let answers = Answers::new(model, layout, &places, &starts, &mut devices, &mut lists);
        while let Some(device) = devices.all.get(device_pieces.len()).copied() {
            let segment = model.endpoint(device).segment.map(|s| model.segment(s));
            let all_odd = || vec![((0, layout.width()), To::Odd)];
            device_pieces.push(segment.map_or_else(all_odd, |s| pieces(model, layout, &mut devices, s, true)));
        }
        let mut alike = Alike::default();
        let back = ends.iter().map(|s| alike.of(model.segment(*s), || answers.of(model.segment(*s), &devices)));
        let back: Vec<Arc<Vec<u16>>> = back.collect();
        // Rules.
        let tags = TagLanes::new(model, layout, every_tag(&filters.all, &devices, model).into_iter());
        let compiler = Compiler { model, layout, tags: &tags, columns, named: OnceLock::new() };
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
        let kinds = Kinds::new(model, layout, columns, &public);
        let built: Vec<Device> = drafts
            .into_par_iter()
            .zip(device_pieces)
            .zip(&devices.all)
            .map(|(((rules, odd), pieces), id)| {
                Device::new(model, layout, columns, &ports, &kinds, rules, odd, pieces, *id)
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
            kinds: Kinds::default(),
            lenient,
            others,
            segments,
            ends,
            places,
            met: devices,
            by_device,
            tags,
        };
        setup.homes(model, marks, columns, &kinds, &samples, home_pieces, &home_filters);
        setup.kinds = kinds;
        setup
    }
}
