//! Connections that go on to further ports: a SQL server's redirect policy (SQL-02, PE-18).

use crate::{
    dataplane::{Endpoint, Filter, Id, Packet, Plane, Role},
    forward::{Context, Outcome, Stage, Step, round_trip},
    lookup,
    net::{PortRange, PortSet},
};
use std::collections::BTreeSet;

/// Ports that public addresses redirect to.
const PUBLIC: PortRange = PortRange { first: 11_000, last: 11_999 };

/// What blocks the further ports of what was reached, each filter's reason once. Filters differ at the edges of their
/// rules only, so one port of each interval stands for all of it.
///
/// Nothing was reached where a firewall takes the first connection over by name: a redirected one goes from the client to
/// the address that it has itself, which an application rule does not cover (PE-33).
pub(super) fn further_ports(
    plane: &Plane,
    from: Id<Endpoint>,
    packet: &Packet,
    reached: Option<Id<Endpoint>>,
) -> Vec<Step> {
    let named = packet.name.as_ref().and_then(|n| plane.door_names.get(n)).map(|d| plane.doors.get(d.door));
    let (redirects, at) = match (reached.map(|r| &plane.endpoints.get(r).role), named) {
        (None, Some(door)) if crate::net::is_public(packet.destination) => {
            (door.redirects.as_ref().map(|_| PortSet::of([PUBLIC])), &door.origin)
        }
        (None | Some(Role::PrivateEndpoint(_)), Some(door)) => (door.redirects.clone(), &door.origin),
        (Some(Role::Door(door)), _) => {
            let door = plane.doors.get(*door);
            (door.redirects.as_ref().map(|_| PortSet::of([PUBLIC])), &door.origin)
        }
        _ => return Vec::new(),
    };
    let Some(redirects) = redirects else { return Vec::new() };
    // What is sure to stop one of them decides, before what may stop one (EVAL-06).
    let mut doubt = None;
    for port in representatives(plane, &redirects) {
        let onward = Packet { port, ..packet.clone() };
        let context = Context::new(plane, lookup::answers);
        loop {
            let journey = round_trip(&context, from, &onward);
            if let Some((outcome, stopper)) = stopped(&journey.steps) {
                let met = stopper.element.as_deref().unwrap_or("the path");
                let text = match outcome {
                    Outcome::Unknown(_) => format!("whether {met} lets tcp/{port} pass is not known"),
                    Outcome::Unsupported(_) => format!("tcp/{port} meets what the platform does not support: {met}"),
                    _ => format!("{met} does not let tcp/{port} pass"),
                };
                let text = format!("{at} redirects connections to other ports, and {text}");
                let mut step = Step::pass(Stage::Filter, text).at(at).rules(&["SQL-02", "PE-18"]);
                step.outcome = outcome;
                step.span = stopper.span.or(step.span);
                let step = step.fix(format!("let tcp/{redirects} pass, or set connection_policy to Proxy"));
                if !matches!(outcome, Outcome::Unknown(_)) {
                    return vec![step];
                }
                doubt.get_or_insert(step);
            }
            if !context.forks.next() {
                break;
            }
        }
    }
    let text = format!("{at} redirects connections; tcp/{redirects} is open, too");
    let open = || Step::pass(Stage::Filter, text).at(at).rules(&["SQL-02", "PE-18"]);
    vec![doubt.unwrap_or_else(open)]
}

/// What stops a journey, as of any flow: the first blocker or unsupported element, else the first unknown (DEF-01).
fn stopped(steps: &[Step]) -> Option<(Outcome, &Step)> {
    let hard = |s: &&Step| matches!(s.outcome, Outcome::Block(_) | Outcome::Unsupported(_));
    let soft = |s: &&Step| matches!(s.outcome, Outcome::Unknown(_));
    let found = steps.iter().find(hard).or_else(|| steps.iter().find(soft))?;
    Some((found.outcome, found))
}

/// The first port of every interval in which no filter of the plane changes its mind.
fn representatives(plane: &Plane, within: &PortSet) -> BTreeSet<u16> {
    let mut edges: BTreeSet<u16> = within.ranges().iter().map(|r| r.first).collect();
    let mut add = |filter: &Filter| {
        for range in filter.rules.iter().flat_map(|r| r.ports.ranges()) {
            edges.insert(range.first);
            edges.extend(range.last.checked_add(1));
        }
    };
    for (_, network) in plane.networks.iter() {
        network.border.iter().for_each(&mut add);
    }
    for (_, segment) in plane.segments.iter() {
        segment.filter.iter().chain(&segment.admin).for_each(&mut add);
    }
    for (_, endpoint) in plane.endpoints.iter() {
        endpoint.filter.iter().for_each(&mut add);
        match &endpoint.role {
            Role::Firewall(firewall) => {
                [Some(&firewall.filter), firewall.threats.as_ref()].into_iter().flatten().for_each(&mut add)
            }
            Role::Host(host) => host.forwarding.filter.iter().for_each(|f| add(f)),
            _ => {}
        }
    }
    edges.into_iter().filter(|p| within.contains(*p)).collect()
}
