//! The step engine: one flow, explained from the name to the way back.
//!
//! It works leg by leg: resolve, walk, then what the thing that was reached does with the request. Every blocker is
//! followed as if it were open, so that one trace names all of them (EVAL-06). The verdict is read off the steps.

mod admission;
mod advice;
mod gateway;
mod judge;
mod legs;
mod private_door;
mod question;
mod redirect;
mod unmodelled;

pub use advice::waiting;
pub use judge::Judgement;
pub use question::{Question, QuestionError, client, host_of, problems};

use crate::{
    dataplane::{Absence, Client, ClientKind, Endpoint, Id, Packet, Plane, Use},
    forward::{Context, Outcome, Stage, Step},
    lookup::{self, Answer},
    net::Fqdn,
    verdict::{Reason, Verdict},
};
use legs::{Asker, leg};
use question::{Aim, aim};
use std::net::IpAddr;

/// A question with its explained answer.
#[derive(Debug, Clone)]
pub struct Trace {
    /// The question.
    pub question: Question,
    /// The name that was asked for, if any.
    pub name: Option<Fqdn>,
    /// What sends the request, once there is an address to send it to.
    pub sender: Option<Id<Endpoint>>,
    /// What the name answered, or the address itself.
    pub addresses: Vec<IpAddr>,
    /// Whether the name was found not to exist.
    pub nxdomain: bool,
    /// Steps in order.
    pub steps: Vec<Step>,
    /// One list of steps per equal alternative, when there are several.
    pub alternatives: Vec<(String, Vec<Step>)>,
    /// The verdict, read off the steps.
    pub judgement: Judgement,
}

/// Answers a question.
///
/// # Errors
/// If the client or the target does not exist in the scenario.
pub fn trace(plane: &Plane, question: &Question) -> Result<Trace, QuestionError> {
    let client = client(plane, &question.from)?;
    let aim = aim(plane, client.kind, &question.to)?;
    let mut context = Context::new(plane, lookup::answers);
    context.meant = match &aim {
        Aim::Address(_, owner) => owner.iter().copied().collect(),
        Aim::Name(name) => plane.machine_names.get(name).cloned().unwrap_or_default(),
        Aim::Service(..) => Vec::new(),
    };
    let mut paths = Vec::new();
    let mut result = loop {
        let mut tracer = Tracer { context: &context, plane, client, question, steps: Vec::new() };
        let result = tracer.run(&aim);
        paths.push((context.forks.label(), result.steps.clone()));
        if !context.forks.next() {
            break result;
        }
        if paths.len() == MAX_ALTERNATIVES {
            let text = format!("the flow has more than {MAX_ALTERNATIVES} equal alternatives");
            let step = Step::unknown(Stage::Route, Reason::NotModelled, text);
            paths.push(("the rest".to_owned(), vec![step.fix("ask for one address, or declare smaller pools")]));
            break result;
        }
    };
    (result.steps, result.alternatives) = shared_beginning(paths);
    unmodelled::doubt(plane, client, &mut result);
    result.judgement = judge::judge(&result.steps, &result.alternatives);
    advice::advise(plane, client, &mut result);
    Ok(result)
}

/// Equal alternatives looked at in full (EVAL-05).
const MAX_ALTERNATIVES: usize = 64;

/// What all paths begin with, and the rest of each if there are several.
fn shared_beginning(mut paths: Vec<(String, Vec<Step>)>) -> (Vec<Step>, Vec<(String, Vec<Step>)>) {
    if paths.len() == 1 {
        return (paths.pop().map(|(_, steps)| steps).unwrap_or_default(), Vec::new());
    }
    let first = paths.first().map(|(_, steps)| steps.clone()).unwrap_or_default();
    let same = |steps: &[Step]| first.iter().zip(steps).take_while(|(a, b)| a == b).count();
    let shared = paths.iter().map(|(_, steps)| same(steps)).min().unwrap_or(0);
    let mut begun = first;
    begun.truncate(shared);
    (begun, paths.into_iter().map(|(label, mut steps)| (label, steps.split_off(shared))).collect())
}

struct Tracer<'a> {
    context: &'a Context<'a>,
    plane: &'a Plane,
    client: &'a Client,
    question: &'a Question,
    steps: Vec<Step>,
}

impl Tracer<'_> {
    fn run(&mut self, aim: &Aim) -> Trace {
        let plane = self.plane;
        if let Some(absence) = &self.client.absence {
            self.steps.push(absent(absence));
        }
        let mut result = Trace {
            question: self.question.clone(),
            name: None,
            sender: None,
            addresses: Vec::new(),
            nxdomain: false,
            steps: Vec::new(),
            alternatives: Vec::new(),
            judgement: Judgement::default(),
        };
        match (self.client.kind, aim) {
            (ClientKind::Identity(caller), Aim::Service(target, name)) => {
                self.steps.extend(admission::service_call(plane, caller, *target, name.as_ref(), self.question));
            }
            (ClientKind::Identity(_), _) => self.steps.push(
                Step::unknown(
                    Stage::Exists,
                    Reason::NotModelled,
                    "calls of a service to something other than a service are not modelled",
                )
                .fix("ask for a service of the scenario"),
            ),
            (ClientKind::Endpoint(from), Aim::Address(address, _)) => {
                result.addresses = vec![*address];
                self.unsupported_client();
                let from = self.sender(from, *address);
                result.sender = Some(from);
                let legs = leg(self.context, Asker::of(self.client), from, self.packet(from, *address, None), 0);
                self.steps.extend(legs);
            }
            (ClientKind::Endpoint(from), Aim::Name(name)) => {
                result.name = Some(name.clone());
                if let Some(required) = plane.door_names.get(name).and_then(|d| d.requires.as_ref()) {
                    self.steps.push(absent(required));
                }
                let resolution = lookup::resolve(self.context, &self.client.resolver, Some(from), name);
                self.steps.extend(resolution.steps);
                self.unsupported_client();
                match resolution.answer {
                    Answer::Addresses(addresses) => {
                        let label = |i: usize| addresses.get(i).map_or(String::new(), ToString::to_string);
                        let picked = addresses.get(self.context.forks.pick(addresses.len(), label)).copied();
                        if let Some(address) = picked {
                            let from = self.sender(from, address);
                            result.sender = Some(from);
                            let packet = self.packet(from, address, Some(name));
                            self.steps.extend(leg(self.context, Asker::of(self.client), from, packet, 0));
                        }
                        result.addresses = addresses;
                    }
                    Answer::NxDomain => result.nxdomain = true,
                    Answer::None(_) => {}
                }
            }
            (ClientKind::Endpoint(_), Aim::Service(..)) => self.steps.push(
                Step::unknown(Stage::Name, Reason::NotModelled, "the service has no name of its own")
                    .fix("ask for one of its names"),
            ),
        }
        result.steps = std::mem::take(&mut self.steps);
        result
    }

    /// An app's traffic enters its network if it is private, or meant for a service endpoint of its subnet (APP-03).
    fn sender(&mut self, from: Id<Endpoint>, destination: IpAddr) -> Id<Endpoint> {
        let Some(outside) = self.client.outside else { return from };
        let plane = self.plane;
        let services = plane.endpoints.get(from).segment.map(|s| &plane.segments.get(s).service_endpoints);
        let tags = plane.public_owner(destination).map(|o| &plane.endpoints.get(o).tags.names);
        let served = services.zip(tags).is_some_and(|(s, t)| s.iter().any(|s| t.contains(&s.tag)));
        if is_rfc_1918(destination) || served {
            return from;
        }
        let text = format!("{} sends it from the platform: it does not enter the network", self.client.origin);
        self.steps.push(Step::pass(Stage::Route, text).at(&self.client.origin).rules(&["APP-03"]));
        outside
    }

    fn packet(&self, from: Id<Endpoint>, destination: IpAddr, name: Option<&Fqdn>) -> Packet {
        let source = self.context.source(from, destination).unwrap_or(destination);
        Packet {
            source,
            destination,
            transport: self.question.transport,
            port: self.question.port,
            name: name.cloned(),
            reply: false,
        }
    }

    fn unsupported_client(&mut self) {
        for condition in self.client.unsupported.iter().filter(|u| u.spoils != Use::PrivateLink) {
            self.steps.push(gateway::unsupported(condition));
        }
    }
}

fn absent(absence: &Absence) -> Step {
    Step::block(Stage::Exists, absence.reason, &absence.text).at(&absence.origin).rules(absence.rules).fix(&absence.fix)
}

/// Whether an address is one of those that enter a network without being told to (APP-03): other private ranges are not.
fn is_rfc_1918(address: IpAddr) -> bool {
    matches!(address, IpAddr::V4(v4) if v4.is_private())
}

impl Trace {
    /// Every step, nested ones and those of alternatives included, in order.
    pub fn all_steps(&self) -> impl Iterator<Item = &Step> {
        fn flatten<'s>(steps: &'s [Step], found: &mut Vec<&'s Step>) {
            for step in steps {
                found.push(step);
                flatten(&step.inner, found);
            }
        }
        let mut found = Vec::new();
        flatten(&self.steps, &mut found);
        for (_, steps) in &self.alternatives {
            flatten(steps, &mut found);
        }
        found.into_iter()
    }

    /// What each equal alternative comes to by itself; the verdict alone if there is one way only.
    #[must_use]
    pub fn alternative_verdicts(&self) -> Vec<Verdict> {
        match self.alternatives.as_slice() {
            [] => vec![self.judgement.verdict],
            several => several.iter().map(|(_, list)| judge::along(&self.steps, list).verdict).collect(),
        }
    }

    /// Names of the elements met on the path, or on one of several equal ones, outside name resolution and what it took.
    #[must_use]
    pub fn elements(&self) -> Vec<&str> {
        let mut found = elements_of(&self.steps);
        self.alternatives.iter().for_each(|(_, steps)| found.extend(elements_of(steps)));
        found
    }

    /// Elements on the path, in order, without those that are named only because something is assumed of them.
    #[must_use]
    pub fn path(&self) -> Vec<&str> {
        let steps = || self.steps.iter().chain(self.alternatives.iter().flat_map(|(_, steps)| steps));
        fn flatten<'s>(step: &'s Step, found: &mut Vec<&'s str>) {
            if step.stage == Stage::Name {
                return;
            }
            found.extend(step.element.as_deref().filter(|_| step.outcome != Outcome::Assume));
            step.inner.iter().for_each(|s| flatten(s, found));
        }
        let mut found = Vec::new();
        steps().for_each(|step| flatten(step, &mut found));
        found
    }

    /// Whether every one of several equal paths meets an element.
    #[must_use]
    pub fn always_meets(&self, element: &str) -> bool {
        let meets = |steps: &[Step]| elements_of(steps).contains(&element);
        meets(&self.steps) || !self.alternatives.is_empty() && self.alternatives.iter().all(|(_, own)| meets(own))
    }
}

fn elements_of(steps: &[Step]) -> Vec<&str> {
    fn flatten<'s>(steps: &'s [Step], found: &mut Vec<&'s str>) {
        for step in steps.iter().filter(|s| s.stage != Stage::Name) {
            found.extend(step.element.as_deref());
            flatten(&step.inner, found);
        }
    }
    let mut found = Vec::new();
    flatten(steps, &mut found);
    found
}
