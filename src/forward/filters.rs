//! Applying filters to a packet, with the step that says so.

use super::step::{Stage, Step};
use crate::{
    dataplane::{Decision, Direction, Endpoint, Filter, Id, Packet, Party, Plane, Role},
    net::is_public,
    verdict::Reason,
};
use std::net::IpAddr;

/// What is known of an address: its service tags, if it is public and its owner is declared.
pub(super) fn party(plane: &Plane, address: IpAddr) -> Party<'_> {
    let tags = is_public(address).then(|| plane.public_owner(address)).flatten();
    Party { address, tags: tags.map(|id| &plane.endpoints.get(id).tags) }
}

/// Evaluates one filter (NSG-04, NSG-07: only the first packet of a connection is filtered).
pub(super) fn apply(plane: &Plane, filter: &Filter, stage: Stage, direction: Direction, packet: &Packet) -> Vec<Step> {
    let (from, to) = (party(plane, packet.source), party(plane, packet.destination));
    let way = match direction {
        Direction::Inbound => "inbound",
        Direction::Outbound => "outbound",
    };
    let flow = format!("{} → {} {}/{}", show(packet.source), show(packet.destination), packet.transport, packet.port);
    let step = match filter.decide(direction, packet, from, to) {
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
            Step::block(stage, filter.reason, format!("{} denies {flow} {way} by {}", filter.origin, rule.origin.name))
                .span(rule.origin.span)
                .fix(format!("allow {flow} {way} in {}, before {}", filter.origin, rule.origin.name))
        }
        Decision::NoMatch => Step::block(
            stage,
            filter.reason,
            format!("{} has no rule for {flow} {way} and denies the rest", filter.origin),
        )
        .fix(format!("add a rule to {} that allows {flow}", filter.origin)),
        Decision::Undecided(rule) => {
            let what = format!(
                "{} cannot be decided for {flow}: {} names a set whose members are not declared",
                filter.origin, rule.origin.name
            );
            Step::unknown(stage, Reason::Tag, what)
                .span(rule.origin.span)
                .fix("declare `ip_address`, `service_tags` and `location` of the public host")
        }
    };
    vec![step.at(&filter.origin).rules(filter.rules_ids)]
}

/// Filters between an endpoint and its network: outbound its own first, inbound its segment's first (EVAL-03).
pub(super) fn at_endpoint(plane: &Plane, id: Id<Endpoint>, direction: Direction, packet: &Packet) -> Vec<Step> {
    let endpoint = plane.endpoints.get(id);
    let subject = match &endpoint.role {
        Role::PrivateEndpoint(private) => private.filtered,
        Role::Host(_) | Role::Frontend { .. } | Role::Instance(_) | Role::Resolver => true,
        Role::Firewall(_) | Role::Gateway(_) | Role::Door(_) | Role::Unattached => false,
    };
    // The platform's resolver and probes pass the default rules of every group (DNS-03).
    if !subject || packet.destination == crate::net::PLATFORM_ADDRESS {
        return Vec::new();
    }
    let segment = endpoint.segment.and_then(|s| plane.segments.get(s).filter.as_ref());
    let own = endpoint.filter.as_ref();
    let ordered = match direction {
        Direction::Outbound => [own, segment],
        Direction::Inbound => [segment, own],
    };
    ordered.into_iter().flatten().flat_map(|f| apply(plane, f, Stage::Filter, direction, packet)).collect()
}

/// An address for people; addresses that nobody declared have no number.
pub(super) fn show(address: IpAddr) -> String {
    if crate::net::is_undeclared_public(address) { "public address".to_owned() } else { address.to_string() }
}
