//! Ordered filters and what their rules match.

use super::{Allocated, Origin, network::Tags};
use crate::{
    net::{AddressSet, Fqdn, FqdnPattern, Membership, PortRange, PortSet, Protocol, Transport},
    verdict::Reason,
};
use std::net::IpAddr;

/// A flow of addresses, as a filter sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// Source address.
    pub source: IpAddr,
    /// Destination address.
    pub destination: IpAddr,
    /// Transport.
    pub transport: Transport,
    /// Destination port.
    pub port: u16,
    /// The name the client asked for, which it repeats in TLS or HTTP.
    pub name: Option<Fqdn>,
    /// Whether it answers another: it then comes from `port`, and goes to a port of the client's own.
    pub reply: bool,
}

/// Ports that clients send from.
const EPHEMERAL: (u16, u16) = (1024, u16::MAX);

/// Whether whatever port a client sends from is one of these.
fn any_client_port(ports: &PortSet) -> bool {
    ports.covers(EPHEMERAL.0, EPHEMERAL.1)
}

impl Packet {
    /// Whether the destination port is one of these. A client's own port may be any of the ephemeral ones. ICMP has no
    /// ports (NSG-11).
    pub(crate) fn goes_to(&self, ports: &PortSet) -> Match {
        let (first, last) = EPHEMERAL;
        match self.reply {
            _ if self.transport == Transport::Icmp => Match::Yes,
            false => ports.contains(self.port).into(),
            true if ports.covers(first, last) => Match::Yes,
            true if ports.overlaps(&PortSet::of([PortRange { first, last }])) => Match::Undecided,
            true => Match::No,
        }
    }

    /// Whether the source port is one of these: a client's own may or may not be one of a part of the range.
    fn comes_from(&self, ports: &PortSet) -> Match {
        match self.reply {
            _ if self.transport == Transport::Icmp => Match::Yes,
            false if any_client_port(ports) => Match::Yes,
            false => Match::Undecided,
            true => ports.contains(self.port).into(),
        }
    }
}

/// One end of a packet, with what is known of it.
#[derive(Debug, Clone, Copy)]
pub struct Party<'a> {
    /// The address.
    pub address: IpAddr,
    /// Service tags of a public address.
    pub tags: Option<&'a Tags>,
    /// What has it by the model's choice, where some rule or route tells such addresses apart.
    pub perhaps: &'a [Allocated],
}

/// Whether a rule matches, where that can be unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Match {
    Yes,
    No,
    Undecided,
}

impl Match {
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Yes, Self::Yes) => Self::Yes,
            _ => Self::Undecided,
        }
    }

    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Yes, _) | (_, Self::Yes) => Self::Yes,
            (Self::No, Self::No) => Self::No,
            _ => Self::Undecided,
        }
    }
}

impl From<bool> for Match {
    fn from(yes: bool) -> Self {
        if yes { Self::Yes } else { Self::No }
    }
}

/// A set of addresses: literal prefixes and service tags.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Matcher {
    /// Literal addresses.
    pub addresses: AddressSet,
    /// Service tags, as `Storage` or `Storage.eastus2`.
    pub tags: Vec<String>,
    /// Service tags whose prefixes are known.
    pub known_tags: Vec<(String, AddressSet)>,
    /// All public addresses, but for those in `inside`.
    pub internet: bool,
    /// Public addresses in private use, which the tag Internet leaves out (TAG-03).
    pub inside: AddressSet,
    /// Addresses that belong only by an assumption, with its id; the first that holds one is named.
    pub assumed: Vec<(AddressSet, &'static str)>,
    /// What it was written as, for people.
    pub written: Vec<String>,
    /// The addresses that are named as such, rather than by a tag that stands for networks.
    pub literal: AddressSet,
    /// The addresses of things that are named themselves, whatever address they get (ASG-03).
    pub members: AddressSet,
}

impl Matcher {
    /// Every address.
    #[must_use]
    pub fn any() -> Self {
        Self { addresses: AddressSet::everything(), written: vec!["*".to_owned()], ..Self::default() }
    }

    /// The sets that tell all a matcher holds of private addresses that something declared: no service tag of unknown
    /// addresses, nor the internet, holds one.
    pub(crate) fn sets_of_private(&self) -> impl Iterator<Item = &AddressSet> {
        let Self {
            addresses,
            tags: _,
            known_tags,
            internet: _,
            inside: _,
            assumed,
            written: _,
            literal: _,
            members: _,
        } = self;
        std::iter::once(addresses)
            .chain(known_tags.iter().map(|(_, set)| set))
            .chain(assumed.iter().map(|(set, _)| set))
    }

    pub(crate) fn matches(&self, party: Party<'_>) -> Match {
        let held = |membership| match membership {
            Membership::In => Match::Yes,
            Membership::Out => Match::No,
            Membership::Undecided => Match::Undecided,
        };
        let literal = match party.perhaps {
            [] => held(self.addresses.membership(party.address)),
            _ if self.members.contains(party.address) => Match::Yes,
            all => {
                let named =
                    || self.addresses.prefixes().iter().filter(|p| !self.members.prefixes().contains(p)).copied();
                agreed(all.iter().map(|a| held(a.candidates.membership(named()))))
            }
        };
        let assumed = self.assumed.iter().fold(Match::No, |found, (set, _)| {
            let prefixes = || set.prefixes().iter().copied();
            found.or(match party.perhaps {
                [] => set.contains(party.address).into(),
                all => agreed(all.iter().map(|a| held(a.candidates.membership(prefixes())))),
            })
        });
        let public = crate::net::is_public(party.address) && party.address != crate::net::PLATFORM_ADDRESS;
        let tagged = self.tags.iter().fold(Match::No, |found, tag| found.or(tag_matches(tag, party, public)));
        let known = self.known_tags.iter().fold(Match::No, |found, (tag, set)| {
            // An address without a number, or of a declared service, is told by the service's tags.
            let by_tag = if party.tags.is_some() || crate::net::is_undeclared_public(party.address) {
                tag_matches(tag, party, public)
            } else {
                Match::No
            };
            found.or(set.contains(party.address).into()).or(by_tag)
        });
        let internet = self.internet && public && literal != Match::Yes && !self.inside.contains(party.address);
        literal.or(tagged).or(known).or(assumed).or(internet.into())
    }

    /// The assumption a match of this address rests on, if any.
    #[must_use]
    pub fn assumption(&self, address: IpAddr) -> Option<&'static str> {
        let own = self.addresses.contains(address);
        self.assumed.iter().find(|(set, _)| !own && set.contains(address)).map(|(_, id)| *id)
    }
}

/// The one answer of several, if they agree.
fn agreed(mut answers: impl Iterator<Item = Match>) -> Match {
    let first = answers.next().unwrap_or(Match::Undecided);
    if answers.all(|a| a == first) { first } else { Match::Undecided }
}

/// Membership of an address in a service tag: known for addresses with declared or derived tags, never for a private
/// address, undecided otherwise (TAG of the core rules).
fn tag_matches(tag: &str, party: Party<'_>, public: bool) -> Match {
    let Some(tags) = party.tags else {
        return if public { Match::Undecided } else { Match::No };
    };
    let (name, region) = tag.split_once('.').map_or((tag, None), |(n, r)| (n, Some(r)));
    let whole = tags.names.iter().any(|t| t.eq_ignore_ascii_case(tag));
    let named = whole || tags.names.iter().any(|t| t.eq_ignore_ascii_case(name));
    let maybe = tags.perhaps.iter().any(|t| t.eq_ignore_ascii_case(name));
    if whole {
        return Match::Yes;
    }
    match (named, region, &tags.region) {
        (true, None, _) => Match::Yes,
        (true, Some(region), Some(at)) => Match::from(region.eq_ignore_ascii_case(at)),
        (true, Some(_), None) => Match::Undecided,
        (false, Some(region), Some(at)) if maybe && !region.eq_ignore_ascii_case(at) => Match::No,
        (false, ..) if tags.complete && !maybe => Match::No,
        (false, ..) => Match::Undecided,
    }
}

/// What a rule does with a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Lets it pass.
    Allow,
    /// Drops it.
    Deny,
    /// Lets it pass, and past every filter that follows on this side (AVNM-02).
    AlwaysAllow,
}

/// Which way a connection crosses a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Towards the filtered thing.
    Inbound,
    /// Away from it.
    Outbound,
}

/// Names a rule matches in addition to addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Names {
    /// The rule does not look at names.
    Ignored,
    /// An application rule: the requested name and the ports of the protocol; a match is proxied.
    Application(Vec<FqdnPattern>),
    /// A network rule by name: it matches the addresses that the firewall resolves (FW-08).
    Resolved(Vec<Fqdn>),
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterRule {
    /// Declaration.
    pub origin: Origin,
    /// Its number in the order of evaluation, where it has one.
    pub priority: Option<u32>,
    /// Direction; both when absent.
    pub direction: Option<Direction>,
    /// What a match does.
    pub action: Action,
    /// Protocol.
    pub protocol: Protocol,
    /// Sources.
    pub from: Matcher,
    /// Source ports; a client's ephemeral port must always match.
    pub source_ports: PortSet,
    /// Destinations.
    pub to: Matcher,
    /// Destination ports.
    pub ports: PortSet,
    /// Names.
    pub names: Names,
}

/// An ordered list of rules; the first match decides, nothing matched means denied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// Declaration.
    pub origin: Origin,
    /// Reason of a denial.
    pub reason: Reason,
    /// Rule ids of the evaluation.
    pub rules_ids: &'static [&'static str],
    /// Rules in order of evaluation.
    pub rules: Vec<FilterRule>,
}

/// What a filter decided, and by which rule.
#[derive(Debug, Clone, Copy)]
pub enum Decision<'a> {
    /// A rule lets it pass.
    Allow(&'a FilterRule),
    /// A rule denies it.
    Deny(&'a FilterRule),
    /// No rule matches.
    NoMatch,
    /// It depends on a rule whose match cannot be decided.
    Undecided {
        /// The first such rule.
        rule: &'a FilterRule,
        /// Whether an application rule decides if this one does, or does not, match: then even the way on is not known.
        proxied: bool,
    },
}

impl Decision<'_> {
    fn permits(self) -> Option<bool> {
        match self {
            Self::Allow(_) => Some(true),
            Self::Deny(_) | Self::NoMatch => Some(false),
            Self::Undecided { .. } => None,
        }
    }

    /// Whether an application rule takes the flow over, or may do so.
    fn proxied(self) -> bool {
        match self {
            Self::Allow(rule) => matches!(rule.names, Names::Application(_)),
            Self::Undecided { proxied, .. } => proxied,
            Self::Deny(_) | Self::NoMatch => false,
        }
    }
}

impl Filter {
    /// Evaluates the rules in order. A rule that cannot be decided does not matter if both readings agree.
    #[must_use]
    pub fn decide(
        &self,
        direction: Direction,
        packet: &Packet,
        from: Party<'_>,
        to: Party<'_>,
        resolved: &Resolved<'_>,
    ) -> Decision<'_> {
        decide(self.rules.iter(), direction, packet, from, to, resolved)
    }

    /// Some rules, by their numbers.
    pub(crate) fn some<'a>(&'a self, numbers: &[u32]) -> impl Iterator<Item = &'a FilterRule> + Clone {
        numbers.iter().filter_map(|n| self.rules.get(*n as usize))
    }

    /// The same where only some rules can match, given by their numbers in order.
    pub(crate) fn decide_among<'a>(
        &'a self,
        numbers: &[u32],
        direction: Direction,
        packet: &Packet,
        from: Party<'_>,
        to: Party<'_>,
        resolved: &Resolved<'_>,
    ) -> Decision<'a> {
        decide(self.some(numbers), direction, packet, from, to, resolved)
    }
}

impl Filter {
    /// The filter as it acts before private endpoints, where source ports count as any; none if that is no difference
    /// (PE-27).
    #[must_use]
    pub fn at_private_endpoints(&self) -> Option<Self> {
        let mut other = self.clone();
        other.rules.iter_mut().for_each(|r| r.source_ports = PortSet::all());
        (other.rules != self.rules).then_some(other)
    }

    /// Whether rules about a packet, up to one that decided or all, name the networks around: what the tags VirtualNetwork
    /// and Internet hold follows from how networks are joined (TAG-01, TAG-03).
    pub(crate) fn asks_networks(&self, direction: Direction, packet: &Packet, decided: Option<&FilterRule>) -> bool {
        const TAGS: [&str; 2] = ["VirtualNetwork", "Internet"];
        let named = |m: &Matcher| m.written.iter().any(|w| TAGS.iter().any(|t| t.eq_ignore_ascii_case(w)));
        let last = self.rules.iter().position(|r| decided.is_some_and(|d| std::ptr::eq(r, d)));
        let asked = self.rules.iter().take(last.map_or(usize::MAX, |n| n + 1));
        let about = |r: &&FilterRule| {
            r.direction.is_none_or(|d| d == direction)
                && r.protocol.matches(packet.transport)
                && r.ports.contains(packet.port)
        };
        let hangs = |r: &FilterRule, side: &Matcher, address| {
            let by_itself = decided.is_some_and(|d| std::ptr::eq(r, d)) && side.literal.contains(address);
            named(side) && !by_itself
        };
        asked.filter(about).any(|r| hangs(r, &r.from, packet.source) || hangs(r, &r.to, packet.destination))
    }

    /// The first rule that matches, or may match; the flag tells that it is not known whether it does. For lists in
    /// which no match means something else than a denial.
    pub(crate) fn first(
        &self,
        direction: Direction,
        packet: &Packet,
        from: Party<'_>,
        to: Party<'_>,
    ) -> Option<(&FilterRule, bool)> {
        self.rules.iter().find_map(|rule| match rule.matches(direction, packet, from, to, &|_| None) {
            Match::No => None,
            Match::Yes => Some((rule, false)),
            Match::Undecided => Some((rule, true)),
        })
    }
}

impl Filter {
    /// A rule that matches, else the first that may match, with a flag. For lists that deny whatever they hold.
    pub(crate) fn holds(&self, packet: &Packet, from: Party<'_>, to: Party<'_>) -> Option<(&FilterRule, bool)> {
        let all = || self.rules.iter().map(|r| (r, r.matches(Direction::Outbound, packet, from, to, &|_| None)));
        let found = |wanted: Match| all().find(|(_, m)| *m == wanted).map(|(r, m)| (r, m == Match::Undecided));
        found(Match::Yes).or_else(|| found(Match::Undecided))
    }
}

/// The addresses of a name in the view of the device that filters; none where that cannot be known.
pub type Resolved<'r> = dyn Fn(&Fqdn) -> Option<Vec<IpAddr>> + 'r;

fn decide<'a>(
    mut rules: impl Iterator<Item = &'a FilterRule> + Clone,
    direction: Direction,
    packet: &Packet,
    from: Party<'_>,
    to: Party<'_>,
    resolved: &Resolved<'_>,
) -> Decision<'a> {
    while let Some(rule) = rules.next() {
        let acted = || match rule.action {
            Action::Allow | Action::AlwaysAllow => Decision::Allow(rule),
            Action::Deny => Decision::Deny(rule),
        };
        match rule.matches(direction, packet, from, to, resolved) {
            Match::No => {}
            Match::Yes => return acted(),
            Match::Undecided => {
                let otherwise = decide(rules.clone(), direction, packet, from, to, resolved);
                let (acted, proxied) = (acted(), acted().proxied() || otherwise.proxied());
                let agree = acted.permits() == otherwise.permits() && acted.proxied() == otherwise.proxied();
                return if agree { otherwise } else { Decision::Undecided { rule, proxied } };
            }
        }
    }
    Decision::NoMatch
}

impl FilterRule {
    /// Whether it asks nothing of the port that a client sends from (NSG-11).
    #[must_use]
    pub(crate) fn takes_any_client(&self) -> bool {
        any_client_port(&self.source_ports)
    }

    fn matches(
        &self,
        direction: Direction,
        packet: &Packet,
        from: Party<'_>,
        to: Party<'_>,
        resolved: &Resolved<'_>,
    ) -> Match {
        let ports = packet.goes_to(&self.ports);
        // Names are resolved for what could match only: it takes queries of their own.
        if !self.direction.is_none_or(|d| d == direction)
            || !self.protocol.matches(packet.transport)
            || ports == Match::No
        {
            return Match::No;
        }
        let ports = ports.and(packet.comes_from(&self.source_ports));
        let named = match (&self.names, &packet.name) {
            (Names::Ignored, _) => Match::Yes,
            (Names::Application(patterns), Some(name)) => patterns.iter().any(|p| p.matches(name)).into(),
            (Names::Application(_), None) => Match::No,
            (Names::Resolved(names), _) => names.iter().fold(Match::No, |found, name| {
                found.or(resolved(name).map_or(Match::Undecided, |all| all.contains(&packet.destination).into()))
            }),
        };
        let destination = if let Names::Application(_) = self.names { Match::Yes } else { self.to.matches(to) };
        self.from.matches(from).and(destination).and(ports).and(named)
    }
}
