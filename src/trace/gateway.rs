//! Application gateways: listener, certificate, backend (AGW-10 to AGW-16).

use super::{
    judge::admission,
    legs::{Asker, Bridge, leg},
};
use crate::{
    dataplane::{
        Backend, Endpoint, Frontend, Host, Id, Listener, Member, Origin, Packet, Plane, Proxy, Regions, Unsupported,
        Use,
    },
    forward::{Arrival, Context, Outcome, Stage, Step, entering},
    lookup::{self, Answer},
    net::Transport,
    verdict::{Reason, Verdict, Via, more_exposed},
};
use std::net::IpAddr;

pub(super) fn unsupported(condition: &Unsupported) -> Step {
    let step = if condition.certain {
        Step::unsupported(Stage::Listener, condition.reason, &condition.text)
    } else {
        Step::unknown(Stage::Listener, condition.reason, &condition.text)
    };
    step.at(&condition.origin).rules(condition.rules).fix(&condition.fix)
}

/// What enters through a private endpoint: conditions on the gateway, then the way from one of the private-link addresses to
/// the frontend, past the filters of the gateway's subnet and back by its routes (AGW-07, HUB-A10).
pub(super) fn through_private_link(
    context: &Context<'_>,
    asker: Asker<'_>,
    bridge: Bridge,
    sources: &[Id<Endpoint>],
    link: &Origin,
    packet: &Packet,
    depth: usize,
) -> Vec<Step> {
    let plane = context.plane;
    let gateway = plane.proxies.get(bridge.proxy);
    let mut steps: Vec<_> = gateway.unsupported.iter().map(unsupported).collect();
    let Some(front) = gateway.frontends.get(bridge.frontend) else { return steps };
    let label = |i: usize| {
        let own = sources.get(i).and_then(|s| plane.endpoints.get(*s).addresses.first());
        own.map_or(String::new(), |a| format!("{link} at {a}"))
    };
    // Any of its addresses may carry a connection (AGW-07, EVAL-05).
    let Some(from) = sources.get(context.forks.pick(sources.len(), label)).copied() else { return steps };
    let Some(destination) = inside(plane, gateway, front) else { return steps };
    let source = context.source(from, destination).unwrap_or(destination);
    steps.push(
        Step::assume(Stage::Endpoint, format!("{link} hands it to {} from {source}", front.origin))
            .span(link.span)
            .at(&gateway.origin)
            .on(link)
            .on(&front.origin)
            .rules(&["AGW-07", "HUB-A10"]),
    );
    let asker = asker.onward(None, Some(bridge));
    steps.extend(leg(context, asker, from, Packet { source, destination, ..packet.clone() }, depth + 1));
    steps
}

/// Where filters see what is meant for a frontend: behind a public one, at an instance (NSG-06).
fn inside(plane: &Plane, gateway: &Proxy, front: &Frontend) -> Option<IpAddr> {
    let instance = gateway.instance.and_then(|i| plane.endpoints.get(i).addresses.first().copied());
    if front.public { instance } else { Some(front.address) }
}

/// What private link brings to an instance, for a public frontend.
pub(super) fn at_instance(context: &Context<'_>, asker: Asker<'_>, arrival: &Arrival, depth: usize) -> Vec<Step> {
    let Some(bridge) = asker.bridge else { return Vec::new() };
    let gateway = context.plane.proxies.get(bridge.proxy);
    listener(context, asker, gateway, bridge.frontend, &arrival.packet, Some(Via::ApplicationGateway), depth)
}

/// What arrives at a frontend directly, or by private link. Asked for by address, the listener itself is the target.
pub(super) fn at_frontend(
    context: &Context<'_>,
    asker: Asker<'_>,
    proxy: Id<Proxy>,
    frontend: usize,
    arrival: &Arrival,
    depth: usize,
) -> Vec<Step> {
    let plane = context.plane;
    let gateway = plane.proxies.get(proxy);
    let Some(front) = gateway.frontends.get(frontend) else {
        return Vec::new();
    };
    let mut packet = arrival.packet.clone();
    packet.destination = match gateway.shares_port(front, packet.port) {
        true => front.address,
        false => inside(plane, gateway, front).unwrap_or(front.address),
    };
    let linked = asker.bridge.is_some_and(|b| (b.proxy, b.frontend) == (proxy, frontend));
    // Another gateway's probe asks for what stands behind (AGW-16).
    let probed = asker.backend.is_some() || asker.behind.is_some();
    let bridged = (linked || probed || packet.name.is_some()).then_some(Via::ApplicationGateway);
    // What comes by private link met the conditions before.
    let spoilt =
        |u: &&Unsupported| !linked && (u.spoils == Use::Everything || u.spoils == Use::Backends && bridged.is_some());
    let mut steps: Vec<_> = gateway.unsupported.iter().filter(spoilt).map(unsupported).collect();
    let conditions = steps.len();
    steps.extend(listener(context, asker, gateway, frontend, &packet, bridged, depth));
    if front.public {
        // Without a listener the gateway's balancer drops before any filter; with one, filters act first.
        let missing = steps.get(conditions).is_some_and(|s| matches!(s.outcome, Outcome::Block(Reason::Listener)));
        let at = conditions + usize::from(missing);
        let filtered = gateway.instance.map(|i| entering(plane, i, &packet)).unwrap_or_default();
        steps.splice(at..at, filtered);
    }
    steps
}

/// A gateway with network isolation does not reach private endpoints across a global peering (AGW-19).
pub(super) fn too_far(backend: &Backend, endpoint: &Endpoint, arrival: &Arrival) -> Option<Step> {
    let text = format!("{} is in a globally peered network, which network isolation drops", endpoint.origin);
    let step = match arrival.crossed {
        _ if !backend.drops_distant_endpoints => return None,
        Regions::Same => return None,
        Regions::Different => Step::block(Stage::Backend, Reason::Backend502, text),
        Regions::Undeclared => {
            let text = format!("{} may be in another region, and network isolation would drop it", endpoint.origin);
            Step::unknown(Stage::Backend, Reason::Backend502, text)
        }
    };
    let fix = "place a private endpoint in the gateway's region, or a gateway without network isolation";
    Some(step.at(&endpoint.origin).rules(&["AGW-19"]).fix(fix))
}

/// The first matching rule's listener serves the request (AGW-11).
fn listener(
    context: &Context<'_>,
    asker: Asker<'_>,
    gateway: &Proxy,
    frontend: usize,
    packet: &Packet,
    bridged: Option<Via>,
    depth: usize,
) -> Vec<Step> {
    let plane = context.plane;
    let front_name = gateway.frontends.get(frontend).map_or("", |f| f.origin.name.as_str());
    let serves = |l: &Listener| {
        l.frontend == frontend
            && l.port == packet.port
            && packet.transport == Transport::Tcp
            && l.disabled.is_none()
            && (l.hosts.is_empty() || packet.name.as_ref().is_none_or(|n| l.hosts.iter().any(|h| h.matches(n))))
    };
    let chosen = gateway.rules.iter().find_map(|r| {
        let listener = gateway.listeners.get(r.listener)?;
        serves(listener).then_some((r, listener))
    });
    let Some((rule, listener)) = chosen else {
        let asked = packet.name.as_ref().map_or_else(|| front_name.to_owned(), |n| format!("{n} on {front_name}"));
        let off = gateway.listeners.iter().find_map(|l| Some(format!("; {}: {}", l.origin, l.disabled.as_ref()?)));
        let text = format!(
            "{} has no listener for {asked}, {}{}",
            gateway.origin,
            packet.transport.on(packet.port),
            off.unwrap_or_default()
        );
        return vec![
            Step::block(Stage::Listener, Reason::Listener, text)
                .at(&gateway.origin)
                .rules(&["AGW-02", "AGW-11"])
                .fix(format!("add a listener on {front_name} port {} with a routing rule", packet.port)),
        ];
    };
    let mut steps = vec![
        Step::pass(Stage::Listener, format!("{} serves it by {}", listener.origin, rule.origin))
            .at(&listener.origin)
            .on(&rule.origin)
            .rules(&["AGW-11"]),
    ];
    if let Some(first) = steps.first_mut() {
        let parts =
            [listener.certificate.as_ref().map(|c| &c.origin), gateway.frontends.get(frontend).map(|f| &f.origin)];
        first.rests_on.extend(parts.into_iter().flatten().map(|o| o.name.clone()));
    }
    if let Some(name) = packet.name.as_ref().filter(|n| plane.door_names.contains_key(n)) {
        steps.push(
            Step::unknown(
                Stage::Listener,
                Reason::NotModelled,
                format!("whether the backend of {} is the service {name} is not modelled", gateway.origin),
            )
            .at(&gateway.origin)
            .fix(format!("resolve {name} to its private endpoint")),
        );
    }
    // A gateway that has another's address as a member asks for a host that nothing here says (AGW-11, AGW-13).
    if asker.backend.is_some() && packet.name.is_none() && !listener.hosts.is_empty() {
        let text =
            format!("{} takes its own hosts only, and which host it is asked for is not modelled", listener.origin);
        let step = Step::unknown(Stage::Listener, Reason::NotModelled, text).at(&listener.origin).rules(&["AGW-11"]);
        steps.push(step.fix("name the member by a host of the listener"));
    }
    // Only managed networks know no such listeners; others use them like any (AGW-03).
    if listener.layer4 && asker.bridge.is_some_and(|b| b.managed) {
        steps.push(
            Step::unsupported(Stage::Listener, Reason::L4Hub, format!("{} works below HTTP", listener.origin))
                .at(&listener.origin)
                .rules(&["AGW-03", "HUB-A8"])
                .fix("use an HTTP or HTTPS listener"),
        );
    }
    if let (Some(certificate), Some(name)) = (&listener.certificate, &packet.name)
        && !certificate.names.iter().any(|c| c.covers_host(name))
    {
        steps.push(
            Step::block(Stage::Listener, Reason::TlsName, format!("{} is not valid for {name}", certificate.origin))
                .at(&certificate.origin)
                .rules(&["AGW-12"])
                .fix(format!("issue a certificate that names {name}")),
        );
    }
    // Private link enters from inside, whatever the frontend.
    let public = asker.bridge.is_none() && gateway.frontends.get(frontend).is_some_and(|f| f.public);
    match bridged {
        Some(via) => {
            let (pool, served) = backend(context, asker, gateway, &rule.backend, packet, depth);
            let none = served.is_none() && pool.iter().any(|s| matches!(s.outcome, Outcome::Block(_)));
            steps.extend(pool);
            let own = if public { (Verdict::Public, Via::PublicEndpoint) } else { (Verdict::Private, via) };
            let (verdict, via) = served.map_or(own, |pool| more_exposed(pool, own));
            let bridge = match none {
                false => {
                    let text = format!("{} bridges to {}", gateway.origin, rule.backend.origin);
                    Step::admit(Stage::Backend, verdict, via, text)
                }
                // Where no member answers, there is nothing to admit.
                true => Step::pass(Stage::Backend, format!("{} would bridge to it", gateway.origin)),
            };
            steps.push(bridge.at(&gateway.origin).rules(&["AGW-01"]));
        }
        None => {
            steps.push(
                Step::assume(
                    Stage::Listener,
                    "asked by address: the listener is the target, its backend is not examined",
                )
                .rules(&["AGW-11"]),
            );
            let (verdict, via) =
                if public { (Verdict::Public, Via::PublicEndpoint) } else { (Verdict::Private, Via::Routed) };
            steps.push(
                Step::admit(Stage::Listener, verdict, via, format!("{} answers", listener.origin))
                    .at(&listener.origin)
                    .rules(&["AGW-11"]),
            );
        }
    }
    steps
}

/// A pool works if one member is healthy: reached from an instance address, trusted, and answering the probe
/// (AGW-13 to AGW-16). The request goes on to any healthy one, so the most exposed of them counts; a member of which it is
/// not known whether it is healthy counts where it could be more exposed than those that are.
fn backend(
    context: &Context<'_>,
    asker: Asker<'_>,
    gateway: &Proxy,
    backend: &Backend,
    packet: &Packet,
    depth: usize,
) -> (Vec<Step>, Option<(Verdict, Via)>) {
    let mut inner = Vec::new();
    let mut healthy = 0;
    let mut total = 0;
    let mut served: Option<(Verdict, Via)> = None;
    let mut unsure = Vec::new();
    for member in &backend.members {
        let Some(instance) = gateway.instance else { break };
        let (resolved, addresses) = members_of(context, gateway, instance, member);
        // Every address of a name is a server of its own (AGW-15, AGW-16).
        let mut servers = Vec::new();
        for address in &addresses {
            servers.push(server(context, asker, instance, backend, member, *address, packet, depth));
        }
        if servers.is_empty() {
            servers.push(Vec::new());
        }
        inner.extend(resolved.clone());
        for steps in servers {
            total += 1;
            let admitted = admission(&steps);
            let objections = resolved.iter().chain(&steps).filter(|s| s.is_blocker());
            match objections.map(|s| s.outcome).reduce(worse) {
                None => {
                    healthy += usize::from(admitted.is_some());
                    served = served.into_iter().chain(admitted).reduce(more_exposed);
                }
                Some(open @ (Outcome::Unknown(_) | Outcome::Unsupported(_))) => unsure.push((member, open, admitted)),
                Some(_) => {}
            }
            inner.extend(steps);
        }
    }
    if let Some(served) = served {
        let exposes =
            |admitted: &Option<(Verdict, Via)>| admitted.is_none_or(|a| more_exposed(served, a).0 != served.0);
        let text = format!("{healthy} of {total} members of {} are healthy", backend.origin);
        let step = match unsure.iter().find(|(.., admitted)| exposes(admitted)) {
            None => Step::pass(Stage::Backend, text),
            Some((member, open, _)) => {
                let text = format!("{text}; whether and how {member} answers, too, is not known");
                let fix = format!("declare what {member} leads to, or take it out of the pool");
                Step { outcome: *open, ..Step::pass(Stage::Backend, text) }.fix(fix)
            }
        };
        let step = step.at(&backend.origin).on(&backend.probe);
        return (vec![step.rules(&["AGW-14", "AGW-16"]).inner(inner)], Some(served));
    }
    let fix = inner.iter().find(|s| s.is_blocker()).and_then(|s| s.fix.clone());
    let text = format!("none of {total} members of {} is healthy", backend.origin);
    // What is not supported on the way may work or not (DEF-01).
    let unsupported = unsure.iter().map(|(_, open, _)| *open).find(|o| matches!(o, Outcome::Unsupported(_)));
    let step = match (unsupported, unsure.is_empty()) {
        (Some(outcome), _) => Step { outcome, ..Step::pass(Stage::Backend, text) },
        (None, true) => Step::block(Stage::Backend, Reason::Backend502, text),
        (None, false) => Step::unknown(Stage::Backend, Reason::Backend502, text),
    };
    let step = step.at(&backend.origin).rules(&["AGW-14", "AGW-16"]);
    (vec![step.fix(fix.unwrap_or_else(|| "add a reachable member".to_owned())).inner(inner)], None)
}

/// Of two things that stop a flow the certain one; of two alike the first.
fn worse(one: Outcome, other: Outcome) -> Outcome {
    match (one, other) {
        (Outcome::Unknown(_), Outcome::Block(_) | Outcome::Unsupported(_)) => other,
        _ => one,
    }
}

/// The addresses of a member, and how they were found.
fn members_of(
    context: &Context<'_>,
    gateway: &Proxy,
    instance: Id<Endpoint>,
    member: &Member,
) -> (Vec<Step>, Vec<IpAddr>) {
    match member {
        Member::Address(address) => (Vec::new(), vec![*address]),
        Member::Name(name) => {
            let resolution = lookup::resolve(context, &gateway.resolver, Some(instance), name);
            let addresses = match resolution.answer {
                Answer::Addresses(addresses) => addresses,
                _ => Vec::new(),
            };
            (resolution.steps, addresses)
        }
    }
}

/// What becomes of a request to one server of a pool.
#[allow(clippy::too_many_arguments, reason = "one leg's worth of context")]
fn server(
    context: &Context<'_>,
    asker: Asker<'_>,
    instance: Id<Endpoint>,
    backend: &Backend,
    member: &Member,
    address: IpAddr,
    packet: &Packet,
    depth: usize,
) -> Vec<Step> {
    let name = match member {
        Member::Name(name) => Some(name.clone()),
        Member::Address(_) => None,
    };
    let onward = Packet {
        source: context.source(instance, address).unwrap_or(address),
        destination: address,
        transport: packet.transport,
        port: backend.port,
        name,
        reply: false,
    };
    // What the gateway asks of the machine is asked of whoever takes the request.
    let asker = asker.onward(Some(backend), None);
    leg(context, asker, instance, onward, depth + 1)
}

/// A gateway asks a certificate that it trusts of the machine that takes its request (AGW-13).
pub(super) fn trusted(backend: &Backend, machine: &Endpoint, host: &Host) -> Option<Step> {
    let foreign = |ca: &&String| backend.tls && !backend.trusted_authorities.contains(*ca);
    let ca = host.private_ca.as_ref().filter(foreign)?;
    let text = format!("the certificate of {} comes from {ca}, which the gateway does not trust", machine.origin);
    let step = Step::block(Stage::Backend, Reason::Backend502, text).at(&machine.origin).rules(&["AGW-13"]);
    Some(step.fix(format!("add {ca} to the trusted root certificates of the backend settings")))
}

/// A gateway asks a healthy answer to its probe, which those before it get, too (AGW-16).
pub(super) fn health(backend: &Backend, machine: &Endpoint, host: &Host) -> Option<Step> {
    if backend.healthy.contains(host.http_status) {
        return None;
    }
    let text = format!("{} answers probes with {}, healthy is {}", machine.origin, host.http_status, backend.healthy);
    let step = Step::block(Stage::Backend, Reason::Backend502, text).at(&backend.probe).rules(&["AGW-16"]);
    Some(step.fix("use a custom probe that the backend answers, or widen its healthy status codes"))
}
