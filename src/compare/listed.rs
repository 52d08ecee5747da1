//! Who asks for what, by number, so that a million flows need no million names.

use super::flows::asked_by;
use crate::{
    dataplane::{Client, ClientKind, Plane},
    flows::{self, Aim, Asker, Service},
    net::{Transport, is_public},
    scenario::Scenario,
    trace::Question,
};
use std::collections::{BTreeMap, BTreeSet};

/// Whoever asks for the same kinds of things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Sort {
    /// Something with an address.
    Machine,
    /// A service that calls with its identity.
    Identity,
    /// Who stands for others on the internet.
    Implied,
}

/// Sorts of clients that ask for a service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct By(u8);

impl By {
    fn of(sorts: &[Sort]) -> Self {
        Self(sorts.iter().fold(0, |all, s| all | 1 << *s as u8))
    }

    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn has(self, sort: Sort) -> bool {
        self.0 >> sort as u8 & 1 == 1
    }
}

/// All flows of a design: the same as [`super::questions`] lists one by one.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) clients: Vec<(String, Client)>,
    pub(crate) services: Vec<Service>,
    pub(crate) sorts: Vec<Sort>,
    pub(crate) by: Vec<By>,
    /// Something with itself, which nobody asks for.
    pub(crate) itself: BTreeSet<(u32, u32)>,
    /// Flows that only an expectation asks for; they are numbered as from [`EXPECTED`].
    pub(crate) extra: Vec<Question>,
}

/// Stands for the client of a flow that only an expectation asks for.
const EXPECTED: u32 = u32::MAX;

fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

impl Listed {
    pub(crate) fn new(plane: &Plane, scenario: &Scenario) -> Self {
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
        found.expected(scenario);
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
    fn expected(&mut self, scenario: &Scenario) {
        let mut further: BTreeSet<Question> = BTreeSet::new();
        let numbers = self.numbers();
        let mut itself = self.itself.clone();
        for expectation in scenario.expectations.iter().filter(|e| !e.fields.selects()) {
            let question = asked_by(&expectation.fields);
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
    pub(crate) fn asks(&self, pair: (u32, u32)) -> bool {
        self.masked(pair) && !self.itself.contains(&pair)
    }

    /// Flows that only an expectation asks for, with their numbers.
    pub(crate) fn extra(&self) -> impl Iterator<Item = ((u32, u32), &Question)> {
        (0..).zip(&self.extra).map(|(at, question)| ((EXPECTED, at), question))
    }

    pub(crate) fn question(&self, (client, service): (u32, u32)) -> Option<Question> {
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

/// Clients of a plane by name; nothing where there is none.
pub(crate) fn clients_in<'p, 'n>(plane: &'p Plane, names: impl Iterator<Item = &'n str>) -> Vec<Option<Asker<'p>>> {
    let found = |name: &str| {
        let client = crate::trace::client(plane, name).ok()?;
        Some(Asker { origin: &client.origin, client, name: name.to_owned() })
    };
    names.map(found).collect()
}

/// What a service is asked for by.
pub(crate) type Words<'a> = (&'a str, u16, Transport);

/// What words mean in a plane.
pub(crate) fn services_in<'n>(plane: &Plane, words: impl Iterator<Item = Words<'n>>) -> Vec<Option<Service>> {
    let ways = flows::ways(plane);
    let mut known: BTreeMap<Words<'_>, &Service> = BTreeMap::new();
    for way in &ways {
        known.entry((&way.to, way.port, way.transport)).or_insert(way);
    }
    let found = |words: Words<'n>| match known.get(&words) {
        Some(way) => Some((*way).clone()),
        None if !is_target(plane, words.0) => None,
        None => flows::service(plane, words.0, words.1, words.2),
    };
    words.map(found).collect()
}

/// Whether a text can be asked for.
fn is_target(plane: &Plane, to: &str) -> bool {
    crate::trace::problems(plane, None, Some(to)).is_empty()
}

/// The numbers of flows by their words.
pub(crate) struct Numbers<'a> {
    clients: BTreeMap<&'a str, u32>,
    services: BTreeMap<(&'a str, u16, Transport), u32>,
    extra: BTreeMap<&'a Question, (u32, u32)>,
}

impl Numbers<'_> {
    pub(crate) fn of(&self, question: &Question) -> Option<(u32, u32)> {
        if let Some(pair) = self.extra.get(question) {
            return Some(*pair);
        }
        let client = self.clients.get(question.from.as_str())?;
        let service = self.services.get(&(question.to.as_str(), question.port, question.transport))?;
        Some((*client, *service))
    }
}

impl Listed {
    pub(crate) fn numbers(&self) -> Numbers<'_> {
        let services = (0..).zip(&self.services).map(|(at, s)| ((s.to.as_str(), s.port, s.transport), at));
        Numbers {
            clients: (0..).zip(&self.clients).map(|(at, (name, _))| (name.as_str(), at)).collect(),
            services: services.collect(),
            extra: self.extra().map(|(pair, question)| (question, pair)).collect(),
        }
    }
}
