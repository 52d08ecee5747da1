//! The proof of a patch.

use super::patch::{Value, names_what_it_allows, tree};
use crate::{
    compare::{Answer, evaluate, questions, questions_in},
    dataplane::{Plane, RecordData, Target},
    diag::Diagnostics,
    document::{Value as Tree, overlay},
    net::Fqdn,
    scenario::Expectation,
    snapshot::Snapshot,
    trace::{Question, trace},
    verdict::Verdict,
    verify::{Outcome, verify},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

/// Why changes that reach the goal are no repair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refuted {
    /// These expectations would break.
    Expectations(Vec<String>),
    /// These flows would be public.
    Public(Vec<(String, String)>),
}

/// What a patch keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Number of expectations that hold.
    pub holds: usize,
    /// Flows out to the internet that become public as well, as the file expects of other clients.
    pub outward: Vec<(String, String)>,
}

/// What a patch must prove.
pub struct Prover<'s> {
    before: &'s Snapshot,
    question: &'s Question,
    goal: Verdict,
    /// Verdicts of all flows before.
    flows: BTreeMap<Question, Option<Answer>>,
    /// Expectations that hold before.
    held: BTreeSet<String>,
}

impl<'s> Prover<'s> {
    /// Prepares the proof of patches to a scenario.
    #[must_use]
    pub fn new(before: &'s Snapshot, question: &'s Question, goal: Verdict) -> Self {
        let flows = questions(before).into_iter().map(|q| (q.clone(), evaluate(&before.plane, &q))).collect();
        Self { before, question, goal, flows, held: holding(before) }
    }

    /// The scenario with a patch; nothing if it cannot be applied, or the result is no design that the platform takes.
    #[must_use]
    pub fn apply(&self, patch: &Value) -> Option<Snapshot> {
        let Tree::Mapping(changes) = tree(patch).value else { return None };
        let mut problems = Diagnostics::default();
        let document = overlay(&self.before.scenario.document, &changes, &mut problems);
        if problems.has_errors() {
            return None;
        }
        let mut snapshot = Snapshot::new(self.before.scenario.with_document(document).ok()?);
        snapshot.admit(&self.question.from, Some(&self.question.to));
        snapshot.is_usable().then_some(snapshot)
    }

    /// Whether a patch proves everything, and lets in no more than it says.
    #[must_use]
    pub fn proves(&self, patch: &Value) -> bool {
        names_what_it_allows(patch)
            && self.apply(patch).is_some_and(|after| {
                let asked = trace(&after.plane, self.question);
                asked.is_ok_and(|t| t.judgement.verdict == self.goal) && self.rest(&after).is_ok()
            })
    }

    /// That no expectation breaks and nothing becomes public but what the file expects to be.
    ///
    /// # Errors
    /// With what breaks, or becomes public.
    pub fn rest(&self, after: &Snapshot) -> Result<Kept, Refuted> {
        let holds = holding(after);
        let designed = self.designed(after);
        let broken: Vec<String> = self
            .held
            .iter()
            .filter(|id| !holds.contains(*id) && !designed.contains(*id))
            .filter(|id| !self.is_asked(id))
            .cloned()
            .collect();
        if !broken.is_empty() {
            return Err(Refuted::Expectations(broken));
        }
        // What expects this very verdict of this very flow may expect a path, too.
        let unmet = self.before.scenario.expectations.iter().filter(|e| {
            let meant = e.fields.verdict.as_ref().is_some_and(|v| v.value == self.goal);
            meant && self.is_asked(&e.id) && !holds.contains(&e.id)
        });
        let unmet: Vec<String> = unmet.map(|e| e.id.clone()).collect();
        if !unmet.is_empty() {
            return Err(Refuted::Expectations(unmet));
        }
        // What was not known to be closed is not opened; a client that did not exist yet brings flows of its own.
        let planes =
            (self.before.plane.internet.kinds != after.plane.internet.kinds).then(|| self.before.told_apart(after));
        let (was, is) = planes.as_ref().map_or((&self.before.plane, &after.plane), |(was, is)| (was, is));
        let was_public = |q: &Question| {
            let asked = || planes.as_ref().and_then(|_| evaluate(was, q));
            let known = self.flows.get(q).cloned().unwrap_or_else(asked);
            let open = |a: &Answer| {
                matches!(a.verdict, Verdict::Public | Verdict::Unsupported | Verdict::Partial | Verdict::Unknown)
            };
            let absent = self.before.plane.clients.get(&q.from).is_ok_and(|c| c.absence.is_some());
            absent || known.as_ref().is_some_and(open)
        };
        let mut asked = questions_in(is, &after.scenario);
        asked.extend(self.flows.keys().cloned());
        let exposed = asked
            .into_iter()
            .filter(|q| !self.is_meant(q) && !was_public(q))
            .filter(|q| evaluate(is, q).is_some_and(|a| a.exposed) && !self.was_open_by_address(was, q));
        let (outward, exposed): (Vec<Question>, Vec<Question>) = exposed.partition(|q| self.is_way_out(q));
        let named = |flows: Vec<Question>| flows.into_iter().map(|q| (q.from, q.to)).collect();
        match exposed.is_empty() {
            true => Ok(Kept { holds: holds.len(), outward: named(outward) }),
            false => Err(Refuted::Public(named(exposed))),
        }
    }

    /// Whether a flow is the asked one, or is expected to be public; a public way that is asked for, or expected from the
    /// internet, is one for every client that takes it.
    fn is_meant(&self, flow: &Question) -> bool {
        let from_internet =
            |name: &str| self.before.plane.clients.iter().any(|(o, _)| o.kind == "internet_client" && o.name == name);
        let wanted = |e: &Expectation| {
            let fields = &e.fields;
            let public = fields.verdict.as_ref().is_some_and(|v| v.value == Verdict::Public);
            let there = fields.to.value == flow.to && fields.protocol.value.port(fields.port.value) == flow.port;
            public && there && (fields.from.value == flow.from || from_internet(&fields.from.value))
        };
        flow == self.question
            || (self.goal == Verdict::Public && flow.to == self.question.to)
            || self.before.scenario.expectations.iter().any(wanted)
    }

    /// Whether a flow leads out to a host on the internet whose address was reached before: that its name is answered again
    /// opens nothing.
    fn was_open_by_address(&self, was: &Plane, flow: &Question) -> bool {
        let plane = &self.before.plane;
        if self.before.scenario.estate.public_hosts.get(&flow.to).is_none() {
            return false;
        }
        let record = flow.to.parse::<Fqdn>().ok().and_then(|name| plane.dns.public.find(&name));
        let host = record.and_then(|record| match &record.data {
            RecordData::Addresses(all) => all.first().copied(),
            RecordData::Alias(_) => None,
        });
        let inside = plane.clients.get(&flow.from).is_ok_and(|c| c.origin.kind != "internet_client");
        let by_address = |address: IpAddr| Question { to: address.to_string(), ..flow.clone() };
        inside && host.is_some_and(|a| evaluate(was, &by_address(a)).is_some_and(|a| a.exposed))
    }

    /// Whether a flow leads out to something on the internet that the file expects others to reach so: nothing of the
    /// design is exposed by it.
    fn is_way_out(&self, flow: &Question) -> bool {
        let plane = &self.before.plane;
        let host = plane.targets.get(&flow.to).is_ok_and(|t| matches!(t, Target::Address(_, Some(owner)) if plane.endpoints.get(*owner).origin.kind == "public_host"));
        let known = host || self.before.scenario.estate.public_hosts.get(&flow.to).is_some();
        let outside = plane.clients.get(&flow.from).is_ok_and(|c| c.origin.kind == "internet_client");
        let expected = |e: &Expectation| {
            let fields = &e.fields;
            fields.verdict.as_ref().is_some_and(|v| v.value == Verdict::Public)
                && fields.to.value == flow.to
                && fields.port.value == flow.port
        };
        known && !outside && self.before.scenario.expectations.iter().any(expected)
    }

    /// Flows of expectations of one flow.
    pub(super) fn flows_of(&self, ids: &[String]) -> Vec<Question> {
        let named = self.before.scenario.expectations.iter().filter(|e| ids.contains(&e.id) && !e.fields.selects());
        named
            .map(|e| Question {
                from: e.fields.from.value.clone(),
                to: e.fields.to.value.clone(),
                port: e.fields.protocol.value.port(e.fields.port.value),
                transport: e.fields.protocol.value,
            })
            .collect()
    }

    /// Expectations that the base of this variant has of the same flows, and that hold: what a mutation expects of its
    /// own damage may return to what the design expects.
    fn designed(&self, after: &Snapshot) -> BTreeSet<String> {
        let mut designed = after.clone();
        designed.scenario.expectations.clone_from(&after.scenario.designed);
        holding(&designed)
    }

    /// Whether an expectation is about the very flow that is to come out otherwise.
    fn is_asked(&self, id: &str) -> bool {
        let same = |e: &Expectation| {
            let fields = &e.fields;
            e.id == id
                && fields.from.value == self.question.from
                && fields.to.value == self.question.to
                && fields.port.value == self.question.port
        };
        self.before.scenario.expectations.iter().any(same)
    }
}

/// Names of the expectations that hold.
fn holding(snapshot: &Snapshot) -> BTreeSet<String> {
    let verification = verify(snapshot);
    verification.checked.into_iter().filter(|c| c.outcome == Outcome::Held).map(|c| c.id).collect()
}
