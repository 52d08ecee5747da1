//! What every evaluation shares: the plane, the picks among alternatives, and the names devices resolve.

use super::{round_trip, walk::Journey};
use crate::{
    dataplane::{Endpoint, Id, Packet, Plane, Resolver},
    net::{Fqdn, Transport},
};
use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    net::IpAddr,
    rc::Rc,
};

/// Resolves a name as a device would; absent where that cannot be known. Supplied by whoever can resolve names, since
/// the forwarding of packets comes before them.
pub type Answers = fn(&Context<'_>, &Resolver, Id<Endpoint>, &Fqdn) -> Option<Vec<IpAddr>>;

/// One evaluation of a flow.
pub struct Context<'a> {
    /// The plane.
    pub plane: &'a Plane,
    /// Picks among equal alternatives.
    pub forks: Forks,
    /// What the question names otherwise than by address; nothing else may answer in its place. Empty if anything may.
    pub meant: Vec<Id<Endpoint>>,
    answers: Answers,
    depth: Cell<usize>,
    /// Queries that were followed already, if many names are resolved in one context.
    queries: Option<RefCell<Queries>>,
}

/// Queries by who sends them where, and how.
type Queries = BTreeMap<(Id<Endpoint>, IpAddr, Transport), Rc<Journey>>;

/// Devices whose rules depend on names that are resolved through devices whose rules depend on names.
const MAX_DEPTH: usize = 4;

impl<'a> Context<'a> {
    /// An evaluation with every alternative still to be picked.
    #[must_use]
    pub fn new(plane: &'a Plane, answers: Answers) -> Self {
        Self { plane, forks: Forks::default(), meant: Vec::new(), answers, depth: Cell::new(0), queries: None }
    }

    /// The same for many names: what becomes of a query to a server does not depend on the name in it.
    #[must_use]
    pub fn remembering(plane: &'a Plane, answers: Answers) -> Self {
        Self { queries: Some(RefCell::default()), ..Self::new(plane, answers) }
    }

    /// What becomes of a query. One that takes one of several alternatives is followed each time.
    pub(crate) fn query(&self, from: Id<Endpoint>, packet: &Packet) -> Rc<Journey> {
        let key = (from, packet.destination, packet.transport);
        // Inside the resolution of another name fewer names may be left to resolve.
        let known = self.queries.as_ref().filter(|_| self.depth.get() == 0);
        if let Some(journey) = known.and_then(|q| q.borrow().get(&key).cloned()) {
            return journey;
        }
        let picked = self.forks.at.get();
        let journey = Rc::new(round_trip(self, from, packet));
        if let Some(known) = known.filter(|_| self.forks.at.get() == picked) {
            known.borrow_mut().insert(key, Rc::clone(&journey));
        }
        journey
    }

    /// The address that something sends from towards a destination: its own, or any of those that it may have, the same
    /// one on the whole path (EVAL-05).
    #[must_use]
    pub fn source(&self, id: Id<Endpoint>, destination: IpAddr) -> Option<IpAddr> {
        let endpoint = self.plane.endpoints.get(id);
        if !endpoint.any_address {
            return endpoint.source_for(destination);
        }
        let same = |a: &&IpAddr| a.is_ipv4() == destination.is_ipv4();
        let all: Vec<IpAddr> = endpoint.addresses.iter().filter(same).copied().collect();
        let label = |i: usize| all.get(i).map_or(String::new(), |a| format!("{} at {a}", endpoint.origin));
        all.get(self.forks.pick_once(id, all.len(), label)).copied().or_else(|| endpoint.source_for(destination))
    }

    /// The addresses of a name in a device's view (FW-08).
    pub(super) fn resolved(&self, resolver: &Resolver, at: Id<Endpoint>, name: &Fqdn) -> Option<Vec<IpAddr>> {
        if self.depth.get() >= MAX_DEPTH {
            return None;
        }
        self.depth.set(self.depth.get() + 1);
        let found = (self.answers)(self, resolver, at, name);
        self.depth.set(self.depth.get() - 1);
        found
    }
}

/// Equal alternatives of a flow (EVAL-05): members of a pool, routes of equal cost, addresses of a name. A walk takes
/// one path; [`Forks::next`] makes the following walk take another, until all were taken.
#[derive(Default)]
pub struct Forks {
    picks: RefCell<Vec<Pick>>,
    at: Cell<usize>,
    /// What was picked for something that is met again on the same path.
    once: RefCell<Vec<(Id<Endpoint>, usize)>>,
}

struct Pick {
    choice: usize,
    options: usize,
    label: String,
}

impl Forks {
    /// Picks one of several alternatives, each with a label for people.
    pub fn pick(&self, options: usize, label: impl Fn(usize) -> String) -> usize {
        if options < 2 {
            return 0;
        }
        let mut picks = self.picks.borrow_mut();
        let at = self.at.replace(self.at.get() + 1);
        let choice = picks.get(at).map_or(0, |p| p.choice.min(options - 1));
        let pick = Pick { choice, options, label: label(choice) };
        match picks.get_mut(at) {
            Some(known) => *known = pick,
            None => picks.push(pick),
        }
        choice
    }

    /// The same for something that has one alternative on the whole path, wherever it is met.
    pub fn pick_once(&self, of: Id<Endpoint>, options: usize, label: impl Fn(usize) -> String) -> usize {
        let known = self.once.borrow().iter().find(|(id, _)| *id == of).map(|(_, choice)| *choice);
        known.unwrap_or_else(|| {
            let choice = self.pick(options, label);
            self.once.borrow_mut().push((of, choice));
            choice
        })
    }

    /// Moves on to the next combination; false once all were taken.
    pub fn next(&self) -> bool {
        self.once.borrow_mut().clear();
        let mut picks = self.picks.borrow_mut();
        picks.truncate(self.at.replace(0));
        while let Some(mut last) = picks.pop() {
            last.choice += 1;
            if last.choice < last.options {
                picks.push(last);
                return true;
            }
        }
        false
    }

    /// What the last walk picked, in words.
    #[must_use]
    pub fn label(&self) -> String {
        let picks = self.picks.borrow();
        picks.iter().take(self.at.get()).map(|p| p.label.as_str()).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_combination_is_taken_once() {
        let forks = Forks::default();
        let mut seen = Vec::new();
        loop {
            let a = forks.pick(2, |i| format!("a{i}"));
            // The second fork exists on one branch only.
            let b = if a == 1 { forks.pick(3, |i| format!("b{i}")) } else { 9 };
            seen.push((a, b, forks.label()));
            if !forks.next() {
                break;
            }
        }
        let short: Vec<_> = seen.iter().map(|(a, b, _)| (*a, *b)).collect();
        assert_eq!(short, [(0, 9), (1, 0), (1, 1), (1, 2)]);
        assert_eq!(seen[3].2, "a1, b2");
    }
}
