//! Who asks for what, by number, so that a million flows need no million names.

use super::solved::effect;
use crate::{
    compare::{self, Effect, Standing},
    dataplane::{Client, ClientKind, Plane},
    flows::{self, Aim, Asker, Service},
    net::{Transport, is_public},
    snapshot::Snapshot,
    trace::Question,
};
use std::collections::{BTreeMap, BTreeSet};

/// Whoever asks for the same kinds of things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Sort {
    /// Something with an address.
    Machine,
    /// A service that calls with its identity.
    Identity,
    /// Who stands for others on the internet.
    Implied,
}

/// Sorts of clients that ask for a service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct By(u8);

impl By {
    fn of(sorts: &[Sort]) -> Self {
        Self(sorts.iter().fold(0, |all, s| all | 1 << *s as u8))
    }

    fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) fn has(self, sort: Sort) -> bool {
        self.0 >> sort as u8 & 1 == 1
    }
}

/// All flows of a design: the same as [`crate::compare::questions`] lists one by one.
#[derive(Debug)]
pub struct Asked {
    pub(super) clients: Vec<(String, Client)>,
    pub(super) services: Vec<Service>,
    pub(super) sorts: Vec<Sort>,
    pub(super) by: Vec<By>,
    /// Something with itself, which nobody asks for.
    pub(super) itself: BTreeSet<(u32, u32)>,
    /// Flows that only an expectation asks for; they are numbered as from [`EXPECTED`].
    pub(super) extra: Vec<Question>,
}

/// Stands for the client of a flow that only an expectation asks for.
const EXPECTED: u32 = u32::MAX;

fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

impl Asked {
    pub(super) fn new(snapshot: &Snapshot) -> Self {
        let plane = &snapshot.plane;
        let mut found = Self {
            clients: Vec::new(),
            services: Vec::new(),
            sorts: Vec::new(),
            by: Vec::new(),
            itself: BTreeSet::new(),
            extra: Vec::new(),
        };
        for asker in flows::askers(plane) {
            found.sorts.push(match asker.client.kind {
                ClientKind::Identity(_) => Sort::Identity,
                ClientKind::Endpoint(_) if flows::is_implied(asker.client) => Sort::Implied,
                ClientKind::Endpoint(_) => Sort::Machine,
            });
            found.clients.push((asker.name, asker.client.clone()));
        }
        let mut known: BTreeMap<(String, u16, Transport), usize> = BTreeMap::new();
        let everybody = || By::of(&[Sort::Machine, Sort::Identity, Sort::Implied]);
        for service in flows::ways(plane) {
            let by = match &service.aim {
                Aim::Name(_, Some(_)) => everybody(),
                Aim::Address(address, _) if !is_public(*address) => By::of(&[Sort::Machine]),
                _ => By::of(&[Sort::Machine, Sort::Implied]),
            };
            found.add(&mut known, service, by);
        }
        let ways = found.services.len();
        for name in flows::further(plane) {
            let service = flows::service(plane, name.as_str(), flows::USUAL_PORT, Transport::Tcp);
            service.into_iter().for_each(|s| found.add(&mut known, s, By::of(&[Sort::Machine, Sort::Implied])));
        }
        // A name that is a way, too, is asked for by what answers to it, as further names are.
        let further: BTreeSet<String> = flows::further(plane).into_iter().map(ToString::to_string).collect();
        for (c, (_, client)) in found.clients.iter().enumerate() {
            for (s, service) in found.services.iter().take(ways).enumerate() {
                let named = || service.port == flows::USUAL_PORT && service.transport == Transport::Tcp;
                let again =
                    || named() && further.contains(&service.to) && !matches!(client.kind, ClientKind::Identity(_));
                if flows::is_itself(plane, client, service) && !again() {
                    found.itself.insert((number(c), number(s)));
                }
            }
        }
        found.expected(snapshot);
        found
    }

    fn add(&mut self, known: &mut BTreeMap<(String, u16, Transport), usize>, service: Service, by: By) {
        let next = self.services.len();
        let at = *known.entry((service.to.clone(), service.port, service.transport)).or_insert(next);
        match self.by.get_mut(at) {
            Some(own) => *own = own.and(by),
            None => {
                self.by.push(by);
                self.services.push(service);
            }
        }
    }

    /// What expectations ask for by themselves.
    fn expected(&mut self, snapshot: &Snapshot) {
        let mut further: BTreeSet<Question> = BTreeSet::new();
        let numbers = self.numbers();
        let mut itself = self.itself.clone();
        for expectation in snapshot.scenario.expectations.iter().filter(|e| !e.fields.selects()) {
            let question = compare::asked_by(&expectation.fields);
            match numbers.of(&question).filter(|pair| self.masked(*pair)) {
                Some(pair) => drop(itself.remove(&pair)),
                None => drop(further.insert(question)),
            }
        }
        self.itself = itself;
        self.extra = further.into_iter().collect();
    }

    /// Whether the sort of a client asks for a service.
    fn masked(&self, (client, service): (u32, u32)) -> bool {
        let both = self.sorts.get(client as usize).zip(self.by.get(service as usize));
        both.is_some_and(|(sort, by)| by.has(*sort))
    }

    /// Whether a client asks for a service.
    pub(super) fn asks(&self, pair: (u32, u32)) -> bool {
        self.masked(pair) && !self.itself.contains(&pair)
    }

    /// Clients of a plane that are called the same; nothing where there is none.
    pub(super) fn clients_in<'p>(&self, plane: &'p Plane) -> Vec<Option<Asker<'p>>> {
        let found = |(name, _): &(String, Client)| {
            let client = crate::trace::client(plane, name).ok()?;
            Some(Asker { origin: &client.origin, client, name: name.clone() })
        };
        self.clients.iter().map(found).collect()
    }

    /// What the same words mean in another plane.
    pub(super) fn services_in(&self, plane: &Plane) -> Vec<Option<Service>> {
        let ways = flows::ways(plane);
        let mut known: BTreeMap<(&str, u16, Transport), &Service> = BTreeMap::new();
        for way in &ways {
            known.entry((&way.to, way.port, way.transport)).or_insert(way);
        }
        let found = |service: &Service| match known.get(&(service.to.as_str(), service.port, service.transport)) {
            Some(way) => Some((*way).clone()),
            None if !is_target(plane, &service.to) => None,
            None => flows::service(plane, &service.to, service.port, service.transport),
        };
        self.services.iter().map(found).collect()
    }

    /// Flows that only an expectation asks for, with their numbers.
    pub(super) fn extra(&self) -> impl Iterator<Item = ((u32, u32), &Question)> {
        (0..).zip(&self.extra).map(|(at, question)| ((EXPECTED, at), question))
    }

    pub(super) fn question(&self, (client, service): (u32, u32)) -> Option<Question> {
        if client == EXPECTED {
            return self.extra.get(service as usize).cloned();
        }
        let (from, service) = self.clients.get(client as usize).zip(self.services.get(service as usize))?;
        Some(Question {
            from: from.0.clone(),
            to: service.to.clone(),
            port: service.port,
            transport: service.transport,
        })
    }
}

/// Whether a text can be asked for.
fn is_target(plane: &Plane, to: &str) -> bool {
    crate::trace::problems(plane, None, Some(to)).is_empty()
}

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
    pub(super) fn expect(&mut self, asked: &Asked, before: &[Option<Standing>], after: &[Option<Standing>]) {
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

/// The numbers of flows by their words.
pub(super) struct Numbers<'a> {
    clients: BTreeMap<&'a str, u32>,
    services: BTreeMap<(&'a str, u16, Transport), u32>,
    extra: BTreeMap<&'a Question, (u32, u32)>,
}

impl Numbers<'_> {
    pub(super) fn of(&self, question: &Question) -> Option<(u32, u32)> {
        if let Some(pair) = self.extra.get(question) {
            return Some(*pair);
        }
        let client = self.clients.get(question.from.as_str())?;
        let service = self.services.get(&(question.to.as_str(), question.port, question.transport))?;
        Some((*client, *service))
    }
}

impl Asked {
    pub(super) fn numbers(&self) -> Numbers<'_> {
        let services = (0..).zip(&self.services).map(|(at, s)| ((s.to.as_str(), s.port, s.transport), at));
        Numbers {
            clients: (0..).zip(&self.clients).map(|(at, (name, _))| (name.as_str(), at)).collect(),
            services: services.collect(),
            extra: self.extra().map(|(pair, question)| (question, pair)).collect(),
        }
    }
}
