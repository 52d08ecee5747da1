//! What happened to flows, in blocks of clients and services.

use super::solved::effect;
use crate::compare::{Effect, Listed, Standing};
use std::collections::BTreeSet;

/// Every one of these clients to every one of these services.
#[derive(Debug)]
struct Block {
    effect: Effect,
    clients: Vec<u32>,
    services: Vec<u32>,
    flows: usize,
}

/// What happened to flows.
#[derive(Debug, Default)]
pub struct Changes {
    blocks: Vec<Block>,
    /// Pairs of blocks that are none of their flows.
    but: BTreeSet<(u32, u32)>,
    single: Vec<((u32, u32), Effect)>,
}

impl Changes {
    pub(super) fn new(but: BTreeSet<(u32, u32)>) -> Self {
        Self { but, ..Self::default() }
    }

    /// Adds every one of some clients to every one of some services, both in order.
    pub(super) fn add(&mut self, effect: Effect, clients: Vec<u32>, services: Vec<u32>) {
        let but = |c: &u32| {
            let own = self.but.range((*c, 0)..=(*c, u32::MAX));
            own.filter(|(_, s)| services.binary_search(s).is_ok()).count()
        };
        let flows = clients.len() * services.len() - clients.iter().map(but).sum::<usize>();
        if flows > 0 {
            self.blocks.push(Block { effect, clients, services, flows });
        }
    }

    /// Whether a pair is none of the blocks'.
    pub(super) fn leaves_out(&self, pair: (u32, u32)) -> bool {
        self.but.contains(&pair)
    }

    /// Pairs that are none of the blocks'.
    pub(super) fn left_out(&self) -> impl Iterator<Item = (u32, u32)> {
        self.but.iter().copied()
    }

    /// Adds flows that only expectations ask for, by how they come out.
    pub(super) fn expect(&mut self, asked: &Listed, before: &[Option<Standing>], after: &[Option<Standing>]) {
        for ((pair, _), (was, is)) in asked.extra().zip(before.iter().zip(after)) {
            if let Some(effect) = effect(*was, *is) {
                self.add_one(pair, effect);
            }
        }
    }

    pub(super) fn add_one(&mut self, pair: (u32, u32), effect: Effect) {
        self.single.push((pair, effect));
    }

    /// Number of flows with one of some effects.
    #[must_use]
    pub fn count(&self, wanted: impl Fn(Effect) -> bool) -> usize {
        let blocks = self.blocks.iter().filter(|b| wanted(b.effect)).map(|b| b.flows).sum::<usize>();
        blocks + self.single.iter().filter(|(_, e)| wanted(*e)).count()
    }

    /// Every changed flow by its numbers, in no order of note.
    pub(super) fn iter(&self) -> impl Iterator<Item = ((u32, u32), Effect)> {
        let of = |b: &'_ Block| -> Vec<((u32, u32), Effect)> {
            let pairs = b.clients.iter().flat_map(|c| b.services.iter().map(move |s| (*c, *s)));
            pairs.filter(|p| !self.but.contains(p)).map(|p| (p, b.effect)).collect()
        };
        self.blocks.iter().flat_map(of).chain(self.single.iter().copied())
    }
}
