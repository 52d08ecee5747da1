//! The steps of an explanation: what engines produce and what everything users read is rendered from.

use crate::{
    dataplane::{Direction, Origin, Packet},
    diag::Span,
    net::Transport,
    verdict::{Reason, Verdict, Via},
};
use std::{collections::BTreeSet, net::IpAddr};

/// Part of the journey a step belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Whether both ends exist.
    Exists,
    /// Name resolution.
    Name,
    /// Outbound rules of a managed network.
    Egress,
    /// Routing.
    Route,
    /// Security groups.
    Filter,
    /// Firewalls.
    Firewall,
    /// A load balancer.
    Balancer,
    /// The private endpoint and its connection.
    Endpoint,
    /// The service's own rules.
    Service,
    /// A gateway's listener.
    Listener,
    /// A gateway's backend.
    Backend,
    /// The way back.
    Return,
}

impl Stage {
    /// A short label for people.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Exists => "exists",
            Self::Name => "name",
            Self::Egress => "egress",
            Self::Route => "route",
            Self::Filter => "filter",
            Self::Firewall => "firewall",
            Self::Balancer => "balancer",
            Self::Endpoint => "endpoint",
            Self::Service => "service",
            Self::Listener => "listener",
            Self::Backend => "backend",
            Self::Return => "return",
        }
    }
}

/// What a step means for the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It goes on.
    Pass,
    /// It rests on an assumption or a platform default, which the text names.
    Assume,
    /// It ends here, with the verdict it would have if nothing else objected.
    Admit(Verdict, Via),
    /// It is stopped.
    Block(Reason),
    /// The platform does not support this.
    Unsupported(Reason),
    /// It cannot be known.
    Unknown(Reason),
}

/// What decides whom a service lets in at its public address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublicDoor {
    /// Its rules.
    Rules,
    /// The switch that closes it, whatever its rules say.
    Switch,
}

/// A packet that a filter or firewall stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Denied {
    /// Source address.
    pub source: IpAddr,
    /// Destination address.
    pub destination: IpAddr,
    /// Transport.
    pub transport: Transport,
    /// Destination port.
    pub port: u16,
    /// Direction as the filter sees it.
    pub direction: Direction,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Part of the journey.
    pub stage: Stage,
    /// What happens, in words.
    pub text: String,
    /// What it means for the verdict.
    pub outcome: Outcome,
    /// The element passed or met: `firewall afw-hub`.
    pub element: Option<String>,
    /// What it rests on beside the element: the route, the peering, the certificate.
    pub rests_on: Vec<String>,
    /// Whether what it rests on decides what the steps after it are about: another answer to a name leads elsewhere.
    pub steers: bool,
    /// Whether a filter says so by what networks are joined to the one that it stands in.
    pub by_networks: bool,
    /// What decides, where it says whom a service lets in at its public address.
    pub public_door: Option<PublicDoor>,
    /// The line that decided.
    pub span: Option<Span>,
    /// Rule ids.
    pub rules: Vec<&'static str>,
    /// What to change, for a step that stops the flow.
    pub fix: Option<String>,
    /// The packet that a filter or firewall stopped.
    pub denied: Option<Denied>,
    /// A journey of its own, for example of a DNS query or to a backend. It explains; it does not decide.
    pub inner: Vec<Step>,
}

impl Step {
    /// A step that goes on.
    pub fn pass(stage: Stage, text: impl Into<String>) -> Self {
        Self {
            stage,
            text: text.into(),
            outcome: Outcome::Pass,
            element: None,
            rests_on: Vec::new(),
            steers: false,
            by_networks: false,
            public_door: None,
            span: None,
            rules: Vec::new(),
            fix: None,
            denied: None,
            inner: Vec::new(),
        }
    }

    /// A step that names an assumption or default.
    pub fn assume(stage: Stage, text: impl Into<String>) -> Self {
        Self { outcome: Outcome::Assume, ..Self::pass(stage, text) }
    }

    /// A step that ends the journey.
    pub fn admit(stage: Stage, verdict: Verdict, via: Via, text: impl Into<String>) -> Self {
        Self { outcome: Outcome::Admit(verdict, via), ..Self::pass(stage, text) }
    }

    /// A step that stops the flow.
    pub fn block(stage: Stage, reason: Reason, text: impl Into<String>) -> Self {
        Self { outcome: Outcome::Block(reason), ..Self::pass(stage, text) }
    }

    /// A step on something the platform does not support.
    pub fn unsupported(stage: Stage, reason: Reason, text: impl Into<String>) -> Self {
        Self { outcome: Outcome::Unsupported(reason), ..Self::pass(stage, text) }
    }

    /// A step that cannot be known.
    pub fn unknown(stage: Stage, reason: Reason, text: impl Into<String>) -> Self {
        Self { outcome: Outcome::Unknown(reason), ..Self::pass(stage, text) }
    }

    /// Names the element and its place.
    #[must_use]
    pub fn at(mut self, origin: &Origin) -> Self {
        self.element = Some(origin.name.clone());
        self.span = self.span.or(origin.span);
        self
    }

    /// Names what it rests on, too.
    #[must_use]
    pub fn on(mut self, origin: &Origin) -> Self {
        self.rests_on.push(origin.name.clone());
        self
    }

    /// Says that the steps after it are about something else if what it rests on does something else.
    #[must_use]
    pub fn steers(mut self) -> Self {
        self.steers = true;
        self
    }

    /// Gives the deciding place.
    #[must_use]
    pub fn span(mut self, span: impl Into<Option<Span>>) -> Self {
        self.span = span.into().or(self.span);
        self
    }

    /// Adds rule ids.
    #[must_use]
    pub fn rules(mut self, rules: &[&'static str]) -> Self {
        self.rules.extend_from_slice(rules);
        self
    }

    /// Says what to change.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    /// Names the packet that is stopped.
    #[must_use]
    pub fn denies(mut self, direction: Direction, packet: &Packet) -> Self {
        self.denied = Some(Denied {
            source: packet.source,
            destination: packet.destination,
            transport: packet.transport,
            port: packet.port,
            direction,
        });
        self
    }

    /// Adds a journey of its own.
    #[must_use]
    pub fn inner(mut self, inner: Vec<Self>) -> Self {
        self.inner = inner;
        self
    }

    /// Whether the flow stops, or may stop, here.
    #[must_use]
    pub fn is_blocker(&self) -> bool {
        matches!(self.outcome, Outcome::Block(_) | Outcome::Unsupported(_) | Outcome::Unknown(_))
    }
}

/// What steps meet and rest on, those of journeys inside them included.
#[must_use]
pub fn met(steps: &[Step]) -> BTreeSet<String> {
    let own = steps.iter().flat_map(|s| s.element.iter().chain(&s.rests_on).cloned());
    own.chain(steps.iter().flat_map(|s| met(&s.inner))).collect()
}

/// Whether nothing in the steps objects.
#[must_use]
pub fn is_open(steps: &[Step]) -> bool {
    !steps.iter().any(Step::is_blocker)
}
