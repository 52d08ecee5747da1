//! Kinds of public columns: those whose services treat callers alike are decided once for each way out.

use super::{
    super::{
        Column, Findings,
        model::{Fast, Model},
        probe::Probe,
    },
    layout::Layout,
};
use crate::{
    dataplane::{Gate, Recognises, Role, Tags},
    net::{Prefix, Transport},
    verdict::Reason,
};
use rayon::prelude::*;

/// Public columns by kind.
#[derive(Debug, Default)]
pub(super) struct Kinds {
    /// All of them, in order.
    pub(super) all: Vec<u32>,
    /// Those of each kind, in order; one that is like no other is alone.
    members: Vec<Vec<u32>>,
}

/// What a door is to callers that are no services and come with no identity that it names.
#[derive(PartialEq, Eq, Hash)]
struct Kind<'p> {
    /// Whether it takes anybody, and whoever no rule names.
    open: (bool, bool),
    addresses: Vec<Prefix>,
    cloud: bool,
    recognises: Option<Option<&'p str>>,
    unsupported: Option<Reason>,
    /// Whether the name that was asked for is nobody's, and then whether it is one of private link.
    foreign: Option<bool>,
    serves: bool,
    transport: Transport,
    tags: &'p Tags,
}

impl Kinds {
    pub(super) fn new(model: &Model<'_>, layout: &Layout, columns: &[Column], public: &[u32]) -> Self {
        let mut known: Fast<Kind<'_>, usize> = Fast::default();
        let mut members: Vec<Vec<u32>> = Vec::new();
        for lane in public {
            let next = members.len();
            let column = &columns[layout.lanes[*lane as usize].column as usize];
            let kind = kind(model, column).map_or(next, |k| *known.entry(k).or_insert(next));
            match members.get_mut(kind) {
                Some(alike) => alike.push(*lane),
                None => members.push(vec![*lane]),
            }
        }
        Self { all: public.to_vec(), members }
    }

    /// The columns of each kind that has more than one, by their numbers.
    pub(super) fn columns(&self, layout: &Layout) -> Vec<Vec<u32>> {
        let several = self.members.iter().filter(|alike| alike.len() > 1);
        several.map(|alike| alike.iter().map(|l| layout.lanes[*l as usize].column).collect()).collect()
    }

    /// Groups of columns that are decided together: those of a kind that may share an answer, and all others alone.
    pub(super) fn groups(&self, shared: impl Fn(u32) -> bool) -> Vec<Vec<u32>> {
        let mut found = Vec::with_capacity(self.members.len());
        for alike in &self.members {
            let (together, alone): (Vec<u32>, Vec<u32>) = alike.iter().partition(|l| alike.len() == 1 || shared(**l));
            found.extend((!together.is_empty()).then_some(together));
            found.extend(alone.into_iter().map(|l| vec![l]));
        }
        found
    }

    /// Decides one column of each group; the answer of each column, in order.
    pub(super) fn decide<T: Copy + Send>(
        &self,
        model: &Model<'_>,
        shared: impl Fn(u32) -> bool,
        of: impl Fn(&Probe<'_, '_>, u32) -> Option<T> + Sync,
    ) -> Vec<(u32, Option<T>)> {
        let decided = self
            .groups(shared)
            .into_par_iter()
            .with_min_len(64)
            .map_init(
                || Probe::new(model),
                |probe, lanes| {
                    let found = lanes.first().and_then(|lane| of(probe, *lane));
                    lanes.into_iter().map(|lane| (lane, found)).collect::<Vec<_>>()
                },
            )
            .flatten_iter();
        let mut all: Vec<(u32, Option<T>)> = decided.collect();
        all.sort_unstable_by_key(|(lane, _)| *lane);
        all
    }
}

/// The kind of a column; none if it is like no other.
fn kind<'p>(model: &Model<'p>, column: &Column) -> Option<Kind<'p>> {
    let Column { landing: _, transport, port, name, meant, before } = column;
    let plane = model.plane;
    let owner = model.endpoint(plane.public_owner(column.address()?)?);
    let Role::Door(reached) = &owner.role else { return None };
    let plain = owner.segment.is_none()
        && owner.absence.is_none()
        && owner.unsupported.is_empty()
        && owner.filter.is_none()
        && owner.dns.is_none();
    let reached = plane.doors.get(*reached);
    let name = name.as_ref().filter(|_| plain && meant.is_empty() && *before == Findings::default())?;
    let foreign = match plane.door_names.get(name).map(|d| plane.doors.get(d.door)) {
        Some(asked) if std::ptr::eq(asked, reached) => None,
        Some(_) => return None,
        None => Some(name.labels().any(|l| l == "privatelink")),
    };
    let Gate {
        origin: _,
        enabled,
        closed_by: _,
        default_allow,
        ordered: None,
        addresses,
        cloud,
        recognises,
        segments: _,
        instances: _,
        bypass: _,
        bypass_rule: _,
        trusted: _,
        trust_unmodelled: _,
        perimeter: None,
        perimeter_only: false,
        service_tag: _,
        unsupported,
        rules: _,
    } = &reached.gate
    else {
        return None;
    };
    Some(Kind {
        open: (enabled.value, default_allow.value),
        addresses: addresses.iter().map(|(p, _)| *p).collect(),
        cloud: cloud.is_some(),
        recognises: match recognises {
            Recognises::Everyone => None,
            Recognises::Outside(region) => Some(region.as_deref()),
        },
        unsupported: unsupported.map(|(reason, ..)| reason),
        foreign,
        serves: *transport == Transport::Tcp && reached.ports.contains(*port),
        transport: *transport,
        tags: &owner.tags,
    })
}
