//! Sources and columns outside the bulk form: decided one by one, for classes that no rule tells apart.

use super::{
    super::{
        Cell, Column, Findings, Landing, Outcome, Sender, Source,
        classes::Partition,
        model::{Fast, Model},
        probe::Probe,
        solution::Pairs,
    },
    NONE,
    layout::Layout,
    public::Kinds,
    setup::Setup,
};
use crate::verdict::{Reason, Verdict};
use rayon::prelude::*;

/// Answers outside the bulk form.
#[derive(Debug, Default)]
pub(super) struct Single {
    /// Columns that are the same for every plain source.
    pub(super) constant: Fast<u32, Cell>,
    /// Cells of odd sources, by fine class, over all columns; and of odd columns over all fine classes.
    pub(super) sources: Fast<u32, Vec<Cell>>,
    pub(super) columns: Fast<u32, Vec<Cell>>,
    /// Pairs of classes that were decided.
    pub(super) decided: u64,
}

impl Single {
    /// Decides them for classes of sources and, where they are given, of columns. What has no segment, as on the
    /// internet, is answered alike by public columns of one kind.
    pub(super) fn new(
        pairs: &Pairs<'_, '_, '_>,
        fine: &Partition,
        layout: &Layout,
        kinds: &Kinds,
        alike: Option<&Partition>,
    ) -> Self {
        let Pairs { model, sources, columns } = pairs;
        let mut single = Self::default();
        let mut odd: Vec<u32> = Vec::new();
        for column in &layout.odd_columns {
            match constant_column(&columns[*column as usize]) {
                Some(cell) => drop(single.constant.insert(*column, cell)),
                None => odd.push(*column),
            }
        }
        let alone: Vec<u32> = (0..columns.len() as u32).collect();
        let classes: Vec<&[u32]> = match alike {
            Some(partition) => (0..partition.len()).map(|c| partition.members(c)).collect(),
            None => alone.chunks(1).collect(),
        };
        let public: Vec<Vec<u32>> = kinds.columns(layout);
        let mut of_kind = vec![false; columns.len()];
        public.iter().flatten().for_each(|c| of_kind[*c as usize] = true);
        let others = classes.iter().copied().filter(|numbers| numbers.iter().all(|c| !of_kind[*c as usize]));
        let from_outside: Vec<&[u32]> = public.iter().map(Vec::as_slice).chain(others).collect();
        let made: Vec<(u32, Vec<Cell>, u64)> = layout
            .odd_sources
            .par_iter()
            .map(|class| {
                let probe = Probe::new(model);
                let members = fine.members(*class as usize);
                let first = members.first().and_then(|s| sources.get(*s as usize));
                let mut cells = vec![Cell::DELEGATED; columns.len()];
                let mut decided = 0;
                let outside = first.is_some_and(|s| is_outside(model, s));
                for numbers in if outside { &from_outside } else { &classes } {
                    let column = numbers.first().and_then(|c| columns.get(*c as usize));
                    let cell = match column.and_then(|c| lost(model, first, c)) {
                        Some(cell) => cell,
                        None => {
                            decided += 1;
                            pairs.of_classes(&probe, members, numbers)
                        }
                    };
                    numbers.iter().for_each(|c| cells[*c as usize] = cell);
                }
                (*class, cells, decided)
            })
            .collect();
        single.decided = made.iter().map(|(_, _, n)| n).sum();
        single.sources = made.into_iter().map(|(class, cells, _)| (class, cells)).collect();
        let made: Vec<(u32, Vec<Cell>)> = odd
            .par_iter()
            .map(|column| {
                let probe = Probe::new(model);
                let numbers = members_of(alike, column);
                (*column, (0..fine.len()).map(|c| pairs.of_classes(&probe, fine.members(c), numbers)).collect())
            })
            .collect();
        single.decided += (made.len() * fine.len()) as u64;
        single.columns = made.into_iter().collect();
        single
    }
}

/// What things come to at their own addresses. Nothing lies between a plain machine and itself, so that what takes the
/// column decides.
pub(super) fn own(
    pairs: &Pairs<'_, '_, '_>,
    setup: &Setup,
    fine: &Partition,
    (row_of_class, lane_of_column): (&[u32], &[u32]),
) -> Vec<((u32, u32), Cell)> {
    let known = |source: u32, column: u32| {
        let row = fine.class(source as usize).map_or(NONE, |class| row_of_class[class]);
        let lane = lane_of_column[column as usize];
        (row != NONE && lane != NONE).then(|| setup.landed_cells[lane as usize]).filter(|cell| *cell != Cell::DELEGATED)
    };
    let decide = |probe: &mut Probe<'_, '_>, (source, column): (u32, u32)| {
        ((source, column), known(source, column).unwrap_or_else(|| pairs.decide(probe, source, column)))
    };
    pairs.own().into_par_iter().map_init(|| Probe::new(pairs.model), decide).collect()
}

/// Whether something sends from an address of its own and from no network.
fn is_outside(model: &Model<'_>, source: &Source) -> bool {
    let Source { sender: Sender::Endpoint(id), outside: None, .. } = source else { return false };
    model.endpoint(*id).segment.is_none()
}

/// Columns of the class of one, or it alone.
pub(super) fn members_of<'a>(alike: Option<&'a Partition>, column: &'a u32) -> &'a [u32] {
    let class = alike.and_then(|p| Some(p.members(p.class(*column as usize)?)));
    class.unwrap_or_else(|| std::slice::from_ref(column))
}

/// The answer for something on the internet that asks for a private address: nothing leads there.
fn lost(model: &Model<'_>, source: Option<&Source>, column: &Column) -> Option<Cell> {
    let Source { sender: Sender::Endpoint(id), outside: None, absent: None, unsupported, .. } = source? else {
        return None;
    };
    let address = column.address().filter(|a| !crate::net::is_public(*a))?;
    let away = model.endpoint(*id).segment.is_none() && model.plane.public_owner(address).is_none();
    let plain = *unsupported == Findings::default() && column.before == Findings::default();
    let own = model.endpoint(*id).addresses.contains(&address);
    let nowhere = Outcome::refused(Verdict::Blocked, Reason::NoRoute);
    (away && plain && !own).then(|| Cell::new(nowhere))
}

/// The answer that a column gives every source with an address, if it is the same for all.
fn constant_column(column: &Column) -> Option<Cell> {
    match column.landing {
        Landing::Nowhere => Some(Cell::new(column.before.outcome())),
        Landing::Service(_) => Some(Cell::new(Outcome::refused(Verdict::Unknown, Reason::NotModelled))),
        Landing::At(_) | Landing::OneOf(_) => column.before.certain.map(|_| Cell::new(column.before.outcome())),
    }
}
