//! Which flows there are, and how one comes out.

use crate::{
    dataplane::{ClientKind, Plane},
    flows,
    net::Transport,
    scenario::{ExpectationFields, Scenario},
    snapshot::Snapshot,
    trace::{Question, Trace, trace},
    verdict::{Reason, Verdict, Via},
};
use std::collections::{BTreeMap, BTreeSet};

/// How a flow comes out, as far as it can be compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Answer {
    /// The verdict.
    pub verdict: Verdict,
    /// How it gets through.
    pub via: Option<Via>,
    /// The reason that decides.
    pub decides: Option<Reason>,
    /// Why not, in order of word; the order in which blockers are met is no difference.
    pub reasons: Vec<Reason>,
    /// Elements on the path of a flow that gets through.
    pub path: Vec<String>,
    /// Whether it, or one of several equal ways, is public.
    pub exposed: bool,
}

/// What matters most of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Standing {
    /// The verdict.
    pub verdict: Verdict,
    /// Whether it, or one of several equal ways, is public.
    pub exposed: bool,
}

impl Standing {
    /// Whether the flow gets through.
    #[must_use]
    pub fn is_through(self) -> bool {
        matches!(self.verdict, Verdict::Private | Verdict::Backbone | Verdict::Public)
    }
}

impl Answer {
    /// Verdict and exposure alone.
    #[must_use]
    pub fn standing(&self) -> Standing {
        Standing { verdict: self.verdict, exposed: self.exposed }
    }

    /// Whether the name that was asked for is declared nowhere.
    #[must_use]
    pub fn is_undeclared(&self) -> bool {
        self.decides == Some(Reason::DnsUndeclared)
    }
}

/// How a flow comes out; nothing if it cannot be asked for.
#[must_use]
pub fn evaluate(plane: &Plane, question: &Question) -> Option<Answer> {
    trace(plane, question).ok().map(|t| answer(&t))
}

/// What a trace says, as far as it can be compared.
#[must_use]
pub fn answer(trace: &Trace) -> Answer {
    let mut reasons = trace.judgement.reasons.clone();
    reasons.sort_unstable();
    let through = matches!(trace.judgement.verdict, Verdict::Private | Verdict::Backbone | Verdict::Public);
    let mut path: Vec<String> = Vec::new();
    if through {
        for element in trace.path() {
            if path.last().is_none_or(|l| l != element) {
                path.push(element.to_owned());
            }
        }
    }
    let judged = &trace.judgement;
    let exposed = trace.alternative_verdicts().contains(&Verdict::Public);
    Answer { verdict: judged.verdict, via: judged.via, decides: judged.reason(), reasons, path, exposed }
}

/// Every client to every name and address of the scenario on the ports that may answer there, and what its expectations
/// ask for.
#[must_use]
pub fn questions(snapshot: &Snapshot) -> BTreeSet<Question> {
    questions_in(&snapshot.plane, &snapshot.scenario)
}

/// The same of a plane of the scenario in which others may ask from the internet.
#[must_use]
pub fn questions_in(plane: &Plane, scenario: &Scenario) -> BTreeSet<Question> {
    let mut asked = flows::questions(plane);
    // Names that lead to what is asked for by its address: a record that changes leads elsewhere.
    let names: Vec<String> = flows::further(plane).into_iter().map(ToString::to_string).collect();
    for asker in flows::askers(plane).iter().filter(|a| matches!(a.client.kind, ClientKind::Endpoint(_))) {
        asked.extend(names.iter().map(|to| Question {
            from: asker.name.clone(),
            to: to.clone(),
            port: flows::USUAL_PORT,
            transport: Transport::Tcp,
        }));
    }
    // Flows that an expectation selects are among those above.
    for expectation in scenario.expectations.iter().filter(|e| !e.fields.selects()) {
        asked.insert(asked_by(&expectation.fields));
    }
    asked
}

/// What an expectation of one flow asks.
pub(crate) fn asked_by(fields: &ExpectationFields) -> Question {
    Question {
        from: fields.from.value.clone(),
        to: fields.to.value.clone(),
        port: fields.protocol.value.port(fields.port.value),
        transport: fields.protocol.value,
    }
}

/// Names of one side's targets that the other side calls otherwise, with how it calls them: a balancer's frontend is named
/// by itself once it is not the only one.
pub(super) fn renames<'p>(own: &'p Plane, other: &Plane) -> BTreeMap<&'p str, &'p str> {
    let moved = own.aliases.iter().filter(|(alias, _)| other.targets.get(alias).is_ok());
    moved.map(|(alias, name)| (name.as_str(), alias.as_str())).collect()
}
