//! Firewalls on the way: what their rules make of sources and columns, and what becomes of what they send themselves.

use super::{
    super::{
        Cell, Column,
        model::{Fast, Model},
        probe::Probe,
    },
    Pair,
    answered::Answered,
    bits::{self, words},
    layout::Layout,
    places::{Pieces, To},
    public::Kinds,
    rules::{Ports, Rule, Rulings, rulings},
};
use crate::{
    dataplane::{Endpoint, Id, Role, Segment},
    verdict::{Reason, Verdict},
};
use rayon::prelude::*;

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

/// Where a column is sent.
fn to_of(pieces: &Pieces, lane: u32) -> Option<To> {
    let next = pieces.partition_point(|(span, _)| span.1 <= lane);
    pieces.get(next).filter(|(span, _)| span.0 <= lane).map(|(_, to)| *to)
}

/// Whether a device's own packets leave for the internet with nothing on the way that looks at more of them than what
/// tells kinds of columns apart.
fn plain_way_out(model: &Model<'_>, id: Id<Endpoint>) -> bool {
    let Some(segment) = model.endpoint(id).segment.map(|s| model.segment(s)) else { return false };
    let network = model.network(segment.network);
    let bare = network.border.is_none() && network.egress.is_none() && network.breakout.is_none();
    let quiet = segment.admin.is_empty() && segment.tag_routes.is_empty() && segment.service_endpoints.is_empty();
    bare && quiet && segment.absent_routes.is_empty() && !model.several_realms
}

impl Device {
    #[allow(clippy::too_many_arguments, reason = "everything a device is made from")]
    pub(super) fn new(
        model: &Model<'_>,
        layout: &Layout,
        columns: &[Column],
        ports: &Ports,
        kinds: &Kinds,
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
        let leaves = |lane: u32| Some(To::Internet) == to_of(&pieces, lane);
        let shared = plain_way_out(model, id);
        for lanes in kinds.groups(|lane| shared && leaves(lane)) {
            let Some(onward) = lanes.first().map(|lane| probe.onward(id, column(*lane))) else { continue };
            for lane in lanes {
                own_name.find(lane, onward.map(|(found, _)| found), Verdict::Public);
                if onward.is_some_and(|(_, nowhere)| nowhere) {
                    bits::set(&mut lost, lane);
                }
            }
        }
        own_name.special.sort_unstable();
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
            let unsure = if rule.unsure { &*rule.lanes } else { &[] };
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
            while let Some(((_, rule), later)) = rest.split_first().filter(|((place, _), _)| *place <= at) {
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
}
