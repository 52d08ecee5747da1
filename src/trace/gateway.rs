//! Application gateways: listener, certificate, backend (AGW-10 to AGW-16).

use super::{Asker, judge::admission, leg};
use crate::{
    dataplane::{
        Backend, Direction, Endpoint, Filter, Host, Id, Listener, Member, Origin, Packet, Plane, Proxy, Unsupported,
        Use,
    },
    forward::{Arrival, Context, Outcome, Stage, Step, filter_step},
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

/// What enters through a private endpoint: conditions on the gateway, its filter with the private-link address as
/// source, the listener, the backend.
#[allow(clippy::too_many_arguments, reason = "one leg's worth of context")]
pub(super) fn through_private_link(
    context: &Context<'_>,
    asker: Asker<'_>,
    proxy: Id<Proxy>,
    frontend: usize,
    source: IpAddr,
    link: &Origin,
    packet: &Packet,
    depth: usize,
) -> Vec<Step> {
    let plane = context.plane;
    let gateway = plane.proxies.get(proxy);
    let mut steps: Vec<_> = gateway.unsupported.iter().map(unsupported).collect();
    let Some(front) = gateway.frontends.get(frontend) else {
        return steps;
    };
    steps.push(
        Step::assume(Stage::Endpoint, format!("{link} hands it to {} from {source}", front.origin))
            .span(link.span)
            .at(&gateway.origin)
            .rules(&["AGW-07", "A-10"]),
    );
    let inside = Packet { source, destination: front.address, ..packet.clone() };
    steps.extend(filter(plane, gateway, &inside));
    steps.extend(listener(context, asker, gateway, frontend, &inside, Some(Via::ApplicationGateway), depth));
    steps
}

/// What arrives at a frontend directly. Asked for by address, the listener itself is the target.
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
    // Filters see the address behind the public one (NSG-06).
    let instance = gateway.instance.and_then(|i| plane.endpoints.get(i).addresses.first().copied());
    packet.destination = if front.public { instance.unwrap_or(front.address) } else { front.address };
    let bridged = packet.name.is_some().then_some(Via::ApplicationGateway);
    let mut steps: Vec<_> =
        gateway.unsupported.iter().filter(|u| u.spoils == Use::Everything).map(unsupported).collect();
    let conditions = steps.len();
    steps.extend(listener(context, asker, gateway, frontend, &packet, bridged, depth));
    if front.public {
        // Without a listener the gateway's balancer drops before any filter; with one, filters act first.
        let missing = steps.get(conditions).is_some_and(|s| matches!(s.outcome, Outcome::Block(Reason::Listener)));
        let at = conditions + usize::from(missing);
        let filtered = filter(plane, gateway, &packet);
        steps.splice(at..at, filtered);
    }
    steps
}

fn filter(plane: &Plane, gateway: &Proxy, packet: &Packet) -> Vec<Step> {
    let filter: Option<&Filter> = plane.segments.get(gateway.segment).filter.as_ref();
    filter.map_or(Vec::new(), |f| filter_step(plane, f, Direction::Inbound, packet))
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
            && (l.hosts.is_empty() || packet.name.as_ref().is_none_or(|n| l.hosts.iter().any(|h| h.covers_host(n))))
    };
    let chosen = gateway.rules.iter().find_map(|r| {
        let listener = gateway.listeners.get(r.listener)?;
        serves(listener).then_some((r, listener))
    });
    let Some((rule, listener)) = chosen else {
        let asked = packet.name.as_ref().map_or_else(|| front_name.to_owned(), |n| format!("{n} on {front_name}"));
        let off = gateway.listeners.iter().find_map(|l| Some(format!("; {}: {}", l.origin, l.disabled.as_ref()?)));
        let text = format!(
            "{} has no listener for {asked}, {}/{}{}",
            gateway.origin,
            packet.transport,
            packet.port,
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
            .rules(&["AGW-11"]),
    ];
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
    if listener.layer4 && bridged.is_some() {
        steps.push(
            Step::unsupported(Stage::Listener, Reason::L4Hub, format!("{} works below HTTP", listener.origin))
                .at(&listener.origin)
                .rules(&["AGW-03", "A-8"])
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
    let public = gateway.frontends.get(frontend).is_some_and(|f| f.public);
    match bridged {
        Some(via) => {
            let (pool, served) = backend(context, asker, gateway, &rule.backend, packet, depth);
            steps.extend(pool);
            let own = if public { (Verdict::Public, Via::PublicEndpoint) } else { (Verdict::Private, via) };
            let (verdict, via) = served.map_or(own, |pool| more_exposed(pool, own));
            steps.push(
                Step::admit(
                    Stage::Backend,
                    verdict,
                    via,
                    format!("{} bridges to {}", gateway.origin, rule.backend.origin),
                )
                .at(&gateway.origin)
                .rules(&["AGW-01"]),
            );
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
    let mut served: Option<(Verdict, Via)> = None;
    let mut unsure = Vec::new();
    for member in &backend.members {
        let steps = member_steps(context, asker, gateway, backend, member, packet, depth);
        let admitted = admission(&steps);
        match steps.iter().filter(|s| s.is_blocker()).map(|s| s.outcome).reduce(worse) {
            None => {
                healthy += usize::from(admitted.is_some());
                served = served.into_iter().chain(admitted).reduce(more_exposed);
            }
            Some(Outcome::Unknown(reason)) => unsure.push((member, reason, admitted)),
            Some(_) => {}
        }
        inner.extend(steps);
    }
    let total = backend.members.len();
    if let Some(served) = served {
        let exposes =
            |admitted: &Option<(Verdict, Via)>| admitted.is_none_or(|a| more_exposed(served, a).0 != served.0);
        let text = format!("{healthy} of {total} members of {} are healthy", backend.origin);
        let step = match unsure.iter().find(|(.., admitted)| exposes(admitted)) {
            None => Step::pass(Stage::Backend, text),
            Some((member, reason, _)) => {
                let text = format!("{text}; whether and how {member} answers, too, is not known");
                let fix = format!("declare what {member} leads to, or take it out of the pool");
                Step::unknown(Stage::Backend, *reason, text).fix(fix)
            }
        };
        return (vec![step.at(&backend.origin).rules(&["AGW-14", "AGW-16"]).inner(inner)], Some(served));
    }
    let fix = inner.iter().find(|s| s.is_blocker()).and_then(|s| s.fix.clone());
    let text = format!("none of {total} members of {} is healthy", backend.origin);
    let step = if unsure.is_empty() {
        Step::block(Stage::Backend, Reason::Backend502, text)
    } else {
        Step::unknown(Stage::Backend, Reason::Backend502, text)
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

fn member_steps(
    context: &Context<'_>,
    asker: Asker<'_>,
    gateway: &Proxy,
    backend: &Backend,
    member: &Member,
    packet: &Packet,
    depth: usize,
) -> Vec<Step> {
    let plane = context.plane;
    let Some(instance) = gateway.instance else {
        return Vec::new();
    };
    let (mut steps, addresses) = match member {
        Member::Address(address) => (Vec::new(), vec![*address]),
        Member::Name(name) => {
            let resolution = lookup::resolve(context, &gateway.resolver, Some(instance), name);
            let addresses = match resolution.answer {
                Answer::Addresses(addresses) => addresses,
                _ => Vec::new(),
            };
            (resolution.steps, addresses)
        }
    };
    let name = match member {
        Member::Name(name) => Some(name.clone()),
        Member::Address(_) => None,
    };
    for address in addresses {
        let source = plane.endpoints.get(instance).source_for(address).unwrap_or(address);
        let onward = Packet {
            source,
            destination: address,
            transport: packet.transport,
            port: backend.port,
            name: name.clone(),
            reply: false,
        };
        // What the gateway asks of the machine is asked of whoever takes the request.
        let asker = Asker { backend: Some(backend), ..asker };
        steps.extend(leg(context, asker, instance, onward, depth + 1));
    }
    steps
}

/// What a gateway asks of the machine that takes its request: a certificate that it trusts, and a healthy answer to its
/// probe (AGW-13, AGW-16).
pub(super) fn health(backend: &Backend, machine: &Endpoint, host: &Host) -> Vec<Step> {
    let mut steps = Vec::new();
    if let Some(ca) = host.private_ca.as_ref().filter(|ca| backend.tls && !backend.trusted_authorities.contains(ca)) {
        let text = format!("the certificate of {} comes from {ca}, which the gateway does not trust", machine.origin);
        steps.push(
            Step::block(Stage::Backend, Reason::Backend502, text)
                .at(&machine.origin)
                .rules(&["AGW-13"])
                .fix(format!("add {ca} to the trusted root certificates of the backend settings")),
        );
    }
    if !backend.healthy.contains(host.http_status) {
        let text =
            format!("{} answers probes with {}, healthy is {}", machine.origin, host.http_status, backend.healthy);
        steps.push(
            Step::block(Stage::Backend, Reason::Backend502, text)
                .at(&backend.probe)
                .rules(&["AGW-16"])
                .fix("use a custom probe that the backend answers, or widen its healthy status codes"),
        );
    }
    steps
}
