//! Generators of changes, by what stands in the way. One more is one line in the registry.

mod addresses;
mod closing;
mod filters;
mod gateway;
mod managed;
mod names;
mod routes;
mod settings;

pub(super) use managed::workspace_of as managed_workspace;

use super::patch::{Value, at};
use crate::{
    azure::model::Estate,
    dataplane::{Client, Plane},
    diag::Span,
    document::{Mapping, Value as Tree},
    forward::{Outcome, Step},
    scenario::Expectation,
    snapshot::Snapshot,
    trace::Trace,
    verdict::{Reason, Verdict},
};

/// A change that may help.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Candidate {
    /// The change in words.
    pub(super) text: String,
    /// The change as a merge patch, clauses included.
    pub(super) patch: Value,
    /// What else the change does, each with its part of the patch: said only if a proof needs it.
    pub(super) clauses: Vec<(String, Value)>,
}

impl Candidate {
    fn new<K: AsRef<str>>(text: impl Into<String>, path: &[K], value: Value) -> Self {
        Self { text: text.into(), patch: at(path, value), clauses: Vec::new() }
    }

    /// The change with something else that it does.
    fn with(mut self, text: impl Into<String>, part: Value) -> Self {
        self.patch = patch_of(&self.patch, &part);
        self.clauses.push((text.into(), part));
        self
    }

    /// The change in words, as far as a patch makes it; nothing if it does not.
    pub(super) fn said(&self, patch: &Value) -> Option<String> {
        let made = |part: &Value| super::patch::shares(patch, part);
        let own = self.clauses.iter().fold(self.patch.clone(), |rest, (_, part)| super::patch::less(&rest, part));
        let clauses = self.clauses.iter().filter(|(_, part)| made(part)).map(|(text, _)| text.as_str());
        let said: Vec<&str> = made(&own).then_some(self.text.as_str()).into_iter().chain(clauses).collect();
        (!said.is_empty()).then(|| said.join(", "))
    }
}

/// What generators look at.
pub(super) struct Site<'s> {
    pub(super) snapshot: &'s Snapshot,
    pub(super) estate: &'s Estate,
    pub(super) plane: &'s Plane,
    pub(super) trace: &'s Trace,
    pub(super) client: Option<&'s Client>,
    pub(super) goal: Verdict,
    /// What else is wanted of the flow.
    pub(super) expected: Option<&'s Expectation>,
}

/// A generator, and the reasons that it has something to say to; every trace for none.
type Family = (&'static [Reason], fn(&Site<'_>, &Step) -> Vec<Candidate>);

/// For one step that stands in the way.
const FAMILIES: &[Family] = &[
    (&[Reason::Unprov, Reason::Spark, Reason::PeInactive], managed::provisioning),
    (&[Reason::PePending, Reason::PeInactive, Reason::PeerState, Reason::GwDown], settings::states),
    (&[Reason::Backend502, Reason::LbProbe], gateway::probes),
    (&[Reason::Backend502, Reason::NoHost, Reason::NextHop], addresses::members),
    (&[Reason::Nsg, Reason::NoInbound], filters::security_group),
    (&[Reason::OnpremFw], filters::site_firewall),
    (&[Reason::Fw], filters::firewall),
    (
        &[
            Reason::PeerAccess,
            Reason::PeerFwd,
            Reason::PeerState,
            Reason::PeerSync,
            Reason::GwTransit,
            Reason::GwNoadv,
            Reason::NoRoute,
            Reason::NextHop,
            Reason::Asym,
        ],
        settings::peerings,
    ),
    (
        &[Reason::UdrNone, Reason::NextHop, Reason::RouteLoop, Reason::AgwUdr, Reason::Asym, Reason::NoEgress],
        settings::routes,
    ),
    (&[Reason::Asym], routes::one_way),
    (&[Reason::NoRoute, Reason::GwNoadv, Reason::GwDown], routes::connections),
    (&[Reason::IpForwarding], settings::forwarding),
    (&[Reason::Stopped, Reason::Port, Reason::NextHop, Reason::LbProbe], settings::running),
    (&[Reason::Port], settings::listening),
    (&[Reason::AgwPrivateOnly], gateway::public_frontend),
    (&[Reason::Listener, Reason::PeInactive], gateway::listeners),
    (&[Reason::TrustedOff], settings::trusted),
];

/// For the flow as a whole: a private way to a service may be missing whatever stops the public one.
const WHOLE: &[fn(&Site<'_>) -> Vec<Candidate>] = &[
    managed::outbound_rules,
    names::approvals,
    addresses::addresses,
    names::private_endpoints,
    closing::passed,
    closing::closing,
    closing::cutting,
    routes::waypoints,
];

/// Every candidate, in the order in which steps were met.
pub(super) fn of(site: &Site<'_>) -> Vec<Candidate> {
    let mut found = Vec::new();
    for step in site.trace.all_steps() {
        let (Outcome::Block(reason) | Outcome::Unsupported(reason) | Outcome::Unknown(reason)) = step.outcome else {
            continue;
        };
        // What is expected to stand in the way may stay.
        if site.expects_reason(reason) {
            continue;
        }
        let families = FAMILIES.iter().filter(|(reasons, _)| reasons.contains(&reason));
        found.extend(families.flat_map(|(_, generate)| generate(site, step)));
    }
    found.extend(WHOLE.iter().flat_map(|generate| generate(site)));
    found
}

impl<'s> Site<'s> {
    pub(super) fn new(
        snapshot: &'s Snapshot,
        trace: &'s Trace,
        goal: Verdict,
        expected: Option<&'s Expectation>,
    ) -> Self {
        let plane = &snapshot.plane;
        let client = plane.clients.get(&trace.question.from).ok();
        Self { snapshot, estate: &snapshot.scenario.estate, plane, trace, client, goal, expected }
    }

    /// Whether the flow is expected to be blocked for a reason.
    fn expects_reason(&self, reason: Reason) -> bool {
        self.goal == Verdict::Blocked
            && self.expected.is_some_and(|e| {
                let named = e.fields.reasons.iter().flatten();
                e.fields.reason.iter().chain(named).any(|r| r.value == reason)
            })
    }

    /// Keys from the top of the document to what a step points at.
    fn path(&self, step: &Step) -> Vec<String> {
        step.span.map(|span| path_at(&self.snapshot.scenario.document, span)).unwrap_or_default()
    }
}

/// Keys that lead to the innermost value or key at a place.
pub(super) fn path_at(mapping: &Mapping, span: Span) -> Vec<String> {
    for (key, at, node) in &mapping.0 {
        let inner = match &node.value {
            Tree::Mapping(inner) => path_at(inner, span),
            _ => Vec::new(),
        };
        if !inner.is_empty() || covers(*at, span) || holds(node, span) {
            return std::iter::once(key.clone()).chain(inner).collect();
        }
    }
    Vec::new()
}

fn covers(outer: Span, inner: Span) -> bool {
    outer.file == inner.file && outer.start <= inner.start && inner.end <= outer.end
}

/// Whether a place lies in a value, or in an entry of a list.
fn holds(node: &crate::document::Node, span: Span) -> bool {
    match &node.value {
        Tree::Mapping(_) => false,
        Tree::Sequence(items) => covers(node.span, span) || items.iter().any(|i| holds(i, span)),
        _ => covers(node.span, span),
    }
}

/// The first keys of a path, if it begins so and is as long.
fn begins<'p>(path: &'p [String], first: &str, length: usize) -> Option<&'p [String]> {
    (path.first().is_some_and(|p| p == first)).then(|| path.get(..length)).flatten()
}

/// Two patches as one; the first holds where they disagree.
fn patch_of(first: &Value, second: &Value) -> Value {
    super::patch::combine(first, second).unwrap_or_else(|| first.clone())
}

/// A name that nothing has yet.
fn free_name(wanted: &str, taken: impl Fn(&str) -> bool) -> String {
    let mut name = wanted.to_owned();
    let mut number = 2;
    while taken(&name) {
        name = format!("{wanted}-{number}");
        number += 1;
    }
    name
}
