//! Applying filters to a packet, with the step that says so.

use super::step::{Stage, Step};
use crate::{
    dataplane::{
        Action, Decision, Direction, Endpoint, Filter, FilterRule, Id, Match, Origin, Packet, Party, Plane, Resolved,
        Role,
    },
    net::{Fqdn, Transport, is_public},
    verdict::Reason,
};
use std::net::IpAddr;

/// What is known of an address: its service tags, if it is public and its owner is declared.
pub(super) fn party(plane: &Plane, address: IpAddr) -> Party<'_> {
    let tags = is_public(address).then(|| plane.public_owner(address)).flatten();
    Party { address, tags: tags.map(|id| &plane.endpoints.get(id).tags), perhaps: plane.allocations.at(address) }
}

/// No view of names, for filters whose rules name none.
pub(super) fn unresolved(_: &Fqdn) -> Option<Vec<IpAddr>> {
    None
}

/// A packet for people.
fn flow(packet: &Packet) -> String {
    let Packet { source, destination, transport, port, .. } = packet;
    let ends = format!("{} → {}", show(*source), show(*destination));
    if packet.reply {
        format!("the reply {ends} from {}", transport.on(port))
    } else {
        format!("{ends} {}", transport.on(port))
    }
}

/// What has one of a packet's addresses by the model's choice, where that matters.
fn allocated(plane: &Plane, packet: &Packet) -> Option<Id<Endpoint>> {
    let ends = [packet.source, packet.destination].into_iter();
    ends.flat_map(|a| plane.allocations.at(a)).next().map(|a| a.endpoint)
}

/// That a rule tells apart which address something has, and nobody declares it (ADDR-03).
fn told_apart(plane: &Plane, packet: &Packet, stage: Stage, rule: &str, text: String) -> Step {
    let owner = allocated(plane, packet).map(|id| plane.endpoints.get(id));
    let text = match owner {
        Some(owner) => {
            format!("{text}: {} declares no address, and {rule} names some of those it may have", owner.origin)
        }
        None => text,
    };
    let step = Step::unknown(stage, Reason::Address, text).rules(&["ADDR-03"]);
    step.fix(owner.map_or_else(String::new, write_address))
}

/// How to declare the address of something.
pub(super) fn write_address(owner: &Endpoint) -> String {
    let key = if matches!(owner.role, Role::PrivateEndpoint(_)) { "ip_addresses" } else { "private_ip_address" };
    format!("declare the address of {} as `{key}`", owner.origin)
}

/// Evaluates one filter for the first packet of a connection; what was admitted stays admitted (NSG-04, NSG-07, NSG-08,
/// FW-12, FW-13).
pub(super) fn apply(
    plane: &Plane,
    filter: &Filter,
    stage: Stage,
    direction: Direction,
    packet: &Packet,
    resolved: &Resolved<'_>,
) -> Vec<Step> {
    let (from, to) = (party(plane, packet.source), party(plane, packet.destination));
    let way = match direction {
        Direction::Inbound => "inbound",
        Direction::Outbound => "outbound",
    };
    let flow = flow(packet);
    let mut by_networks = false;
    let mut step = match filter.decide(direction, packet, from, to, resolved) {
        Decision::Allow(rule) => {
            let mut steps = vec![
                Step::pass(stage, format!("{} allows {flow} {way} by {}", filter.origin, rule.origin.name))
                    .at(&filter.origin)
                    .rules(filter.rules_ids),
            ];
            if let Some(step) = steps.first_mut() {
                step.span = rule.origin.span.or(filter.origin.span);
            }
            for (matcher, address) in [(&rule.from, packet.source), (&rule.to, packet.destination)] {
                if let Some(id) = matcher.assumption(address) {
                    steps.push(
                        Step::assume(
                            stage,
                            format!("{} contains {} only by assumption {id}", rule.origin.name, show(address)),
                        )
                        .rules(&[id]),
                    );
                }
            }
            return steps;
        }
        Decision::Deny(rule) => {
            by_networks = filter.asks_networks(direction, packet, Some(rule));
            Step::block(stage, filter.reason, format!("{} denies {flow} {way} by {}", filter.origin, rule.origin.name))
                .span(rule.origin.span)
                .denies(direction, packet)
                .fix(format!("allow {flow} {way} in {}, before {}", filter.origin, rule.origin.name))
        }
        Decision::NoMatch => Step::block(
            stage,
            filter.reason,
            format!("{} has no rule for {flow} {way} and denies the rest", filter.origin),
        )
        .denies(direction, packet)
        .fix(format!("add a rule to {} that allows {flow}", filter.origin)),
        Decision::Undecided { rule, .. } if allocated(plane, packet).is_some() => {
            let text = format!("{} cannot be decided for {flow}", filter.origin);
            told_apart(plane, packet, stage, &rule.origin.name, text).span(rule.origin.span)
        }
        Decision::Undecided { rule, .. } if !rule.takes_any_client() => {
            let what = format!(
                "{} cannot be decided for {flow}: {} names source ports, and a client picks any",
                filter.origin, rule.origin.name
            );
            // What comes from the internet is let in by whoever picks such a port.
            let fix = match is_public(packet.source) && direction == Direction::Inbound {
                true => format!("remove {}: whoever picks such a source port gets in", rule.origin.name),
                false => format!("set source_port_range of {} to \"*\"", rule.origin.name),
            };
            Step::unknown(stage, Reason::Tag, what).span(rule.origin.span).fix(fix)
        }
        Decision::Undecided { rule, .. } => {
            let what = format!(
                "{} cannot be decided for {flow}: {} names a set whose members are not declared",
                filter.origin, rule.origin.name
            );
            Step::unknown(stage, Reason::Tag, what)
                .span(rule.origin.span)
                .fix("declare `ip_address`, `service_tags` and `location` of the public host")
        }
    };
    step.by_networks = by_networks;
    vec![step.at(&filter.origin).rules(filter.rules_ids)]
}

/// Whether filters act on what an endpoint sends and receives; on a frontend of a balancer they do not, but on its members
/// (NSG-12, NSG-13, PE-27).
fn subject(endpoint: &Endpoint) -> bool {
    match &endpoint.role {
        Role::PrivateEndpoint(private) => private.filtered,
        Role::Host(_) | Role::Frontend { .. } | Role::Instance(_) | Role::Resolver => true,
        Role::Firewall(_) | Role::Gateway(_) | Role::Router | Role::Balancer(_) | Role::Door(_) | Role::Unattached => {
            false
        }
    }
}

/// Filters that act at an endpoint.
#[derive(Debug, Clone, Copy)]
pub struct Guards<'p> {
    /// Those of administrators, which cover machines only, not private endpoints (AVNM-08).
    pub admins: &'p [Filter],
    /// That of its segment.
    pub segment: Option<&'p Filter>,
    /// Its own.
    pub own: Option<&'p Filter>,
}

/// The filters that act at an endpoint: none where it is no subject of any, and no admin rules at private endpoints
/// (AVNM-08).
#[must_use]
pub fn guards(plane: &Plane, id: Id<Endpoint>) -> Guards<'_> {
    let endpoint = plane.endpoints.get(id);
    let segment = endpoint.segment.map(|s| plane.segments.get(s)).filter(|_| subject(endpoint));
    let machine = !matches!(endpoint.role, Role::PrivateEndpoint(_));
    Guards {
        admins: segment.filter(|_| machine).map_or(&[], |s| s.admin.as_slice()),
        segment: segment.and_then(|s| s.filter_before(&endpoint.role)),
        own: endpoint.filter.as_ref().filter(|_| subject(endpoint)),
    }
}

/// The security groups that act at an endpoint, its network's first.
fn groups(plane: &Plane, id: Id<Endpoint>) -> impl Iterator<Item = &Filter> {
    let Guards { admins: _, segment, own } = guards(plane, id);
    [segment, own].into_iter().flatten()
}

/// Whether a security group decides at an endpoint (PEER-06).
pub(super) fn is_grouped(plane: &Plane, id: Id<Endpoint>) -> bool {
    groups(plane, id).next().is_some()
}

/// Filters between an endpoint and its network: outbound its own first, inbound its segment's first (EVAL-03, NSG-02,
/// NSG-09), admin rules before both and for this side only (AVNM-01, AVNM-04). A private endpoint's address is one of its
/// network's, not of its service's tag (PE-28).
pub(super) fn at_endpoint(plane: &Plane, id: Id<Endpoint>, direction: Direction, packet: &Packet) -> Vec<Step> {
    let endpoint = plane.endpoints.get(id);
    let segment = endpoint.segment.map(|s| plane.segments.get(s));
    if let Role::PrivateEndpoint(private) = &endpoint.role
        && private.filtering_undeclared
        && let Some(filter) = segment.and_then(|s| s.filter.as_ref())
    {
        let text = format!(
            "{} does not act on private endpoints: policies are off by default, by assumption A-6",
            filter.origin
        );
        return vec![Step::assume(Stage::Filter, text).at(&filter.origin).rules(&["PE-26", "PE-27", "A-6"])];
    }
    // The platform's resolver and probes pass the default rules of every group (DNS-03).
    if !subject(endpoint) || packet.destination == crate::net::PLATFORM_ADDRESS {
        return Vec::new();
    }
    let mut steps = Vec::new();
    let Guards { admins, segment, own } = guards(plane, id);
    steps.extend(contested(plane, admins, direction, packet));
    for admin in admins {
        match admin_decision(plane, admin, direction, packet) {
            Some((Action::AlwaysAllow, step)) => {
                steps.push(step);
                return steps;
            }
            Some((Action::Allow, step)) => {
                steps.push(step);
                break;
            }
            Some((Action::Deny, step)) => {
                steps.push(step);
                return steps;
            }
            None => {}
        }
    }
    let ordered = match direction {
        Direction::Outbound => [own, segment],
        Direction::Inbound => [segment, own],
    };
    let filters = ordered.into_iter().flatten();
    steps.extend(filters.flat_map(|f| apply(plane, f, Stage::Filter, direction, packet, &unresolved)));
    steps
}

/// That managers disagree about a packet: which of them comes first is assumed (AVNM-05, A-22).
fn contested(plane: &Plane, admins: &[Filter], direction: Direction, packet: &Packet) -> Option<Step> {
    let decisions = admins.iter().filter_map(|f| Some((f, admin_decision(plane, f, direction, packet)?.0)));
    let decisions: Vec<_> = decisions.collect();
    let ((first, action), rest) = decisions.split_first()?;
    rest.iter().any(|(_, other)| other != action).then(|| {
        let text = format!("{} comes before the other managers, by assumption A-22", first.origin);
        Step::assume(Stage::Filter, text).at(&first.origin).rules(&["AVNM-05", "A-22"])
    })
}

/// What admin rules say of a packet, if one matches (AVNM-02); one that cannot be decided stops as unknown.
fn admin_decision(plane: &Plane, filter: &Filter, direction: Direction, packet: &Packet) -> Option<(Action, Step)> {
    let (from, to) = (party(plane, packet.source), party(plane, packet.destination));
    let (rule, undecided) = filter.first(direction, packet, from, to)?;
    let flow = flow(packet);
    let rules: &[&'static str] = &["AVNM-01", "AVNM-02"];
    let name = &rule.origin.name;
    let step = match rule.action {
        _ if undecided && allocated(plane, packet).is_some() => {
            told_apart(plane, packet, Stage::Filter, name, format!("whether {name} matches {flow} is not known"))
        }
        _ if undecided => {
            Step::unknown(Stage::Filter, Reason::Tag, format!("whether {name} matches {flow} is not declared"))
                .fix("declare `ip_address`, `service_tags` and `location` of the public host")
        }
        Action::Deny => Step::block(Stage::Filter, Reason::Avnm, format!("{} denies {flow} by {name}", filter.origin))
            .fix(format!("allow {flow} in {}, before {name}", filter.origin)),
        Action::AlwaysAllow => Step::pass(
            Stage::Filter,
            format!("{} always allows {flow} by {name}; security groups are not consulted", filter.origin),
        ),
        Action::Allow => {
            Step::pass(Stage::Filter, format!("{} leaves {flow} to security groups by {name}", filter.origin))
        }
    };
    Some((rule.action, step.at(&filter.origin).span(rule.origin.span).rules(rules)))
}

/// Whether a rule of every group before an endpoint admits the packet by its very source, rather than by a tag that holds
/// it, too (PEER-07).
pub(super) fn admits_by_address(plane: &Plane, id: Id<Endpoint>, packet: &Packet) -> bool {
    let (from, to) = (party(plane, packet.source), party(plane, packet.destination));
    is_grouped(plane, id)
        && groups(plane, id).all(|group| match group.decide(Direction::Inbound, packet, from, to, &unresolved) {
            Decision::Allow(rule) => rule.from.literal.contains(packet.source),
            _ => false,
        })
}

/// An address for people; addresses that nobody declared have no number.
pub(super) fn show(address: IpAddr) -> String {
    if crate::net::is_undeclared_public(address) { "public address".to_owned() } else { address.to_string() }
}

/// A filter and its rule that close the platform's DNS.
#[derive(Debug, Clone, Copy)]
pub struct PlatformDnsDenied<'p> {
    /// The filter.
    pub filter: &'p Origin,
    /// The rule.
    pub rule: &'p Origin,
    /// Whether the rule is known to match; it may name source ports.
    pub certain: bool,
}

/// What closes the platform's DNS to an endpoint: an outbound rule that names it and that the endpoint's own address and
/// port match, unless one before it allows it (ADDR-06, DNS-03).
pub(super) fn platform_dns_denied(plane: &Plane, id: Id<Endpoint>) -> Option<PlatformDnsDenied<'_>> {
    let endpoint = plane.endpoints.get(id);
    let segment = endpoint.segment.and_then(|s| plane.segments.get(s).filter.as_ref());
    let source = endpoint.source_for(crate::net::PLATFORM_ADDRESS)?;
    let names_dns = |rule: &&FilterRule| {
        rule.direction != Some(Direction::Inbound)
            && rule.ports.contains(53)
            && rule.protocol.matches(Transport::Udp)
            && rule.to.tags.iter().any(|t| t.eq_ignore_ascii_case("AzurePlatformDNS"))
    };
    let of = |filter: &'_ Filter| -> Option<(usize, bool)> {
        let mut doubts: Vec<usize> = Vec::new();
        for (i, rule) in filter.rules.iter().enumerate().filter(|(_, r)| names_dns(r)) {
            let any_port = rule.takes_any_client();
            match (rule.from.matches(party(plane, source)), any_port) {
                (Match::No, _) => {}
                (Match::Yes, true) => {
                    let differs = |d: &&usize| {
                        filter
                            .rules
                            .get(**d)
                            .is_some_and(|r| (r.action == Action::Deny) != (rule.action == Action::Deny))
                    };
                    let doubt = doubts.iter().find(differs).copied();
                    return match (rule.action == Action::Deny, doubt) {
                        (deny, None) => deny.then_some((i, true)),
                        (deny, Some(doubt)) => Some((if deny { i } else { doubt }, false)),
                    };
                }
                _ => doubts.push(i),
            }
        }
        let denies = |d: &&usize| filter.rules.get(**d).is_some_and(|r| r.action == Action::Deny);
        doubts.iter().find(denies).map(|d| (*d, false))
    };
    let found = [endpoint.filter.as_ref(), segment].into_iter().flatten().filter_map(|filter| {
        let (rule, certain) = of(filter)?;
        Some(PlatformDnsDenied { filter: &filter.origin, rule: &filter.rules.get(rule)?.origin, certain })
    });
    found.max_by_key(|d| d.certain)
}
