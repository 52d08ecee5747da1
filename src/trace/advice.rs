//! What a trace advises, beyond what its steps know by themselves: which private endpoint the client misses and why, and
//! nothing that would open more to the internet.

use super::Trace;
use crate::{
    dataplane::{
        Client, ConnectionTarget, DnsServer, Door, Endpoint, Id, Plane, PrivateEndpoint, Resolver, Role, View,
    },
    forward::{Outcome, Step},
    net::Fqdn,
    verdict::Reason,
};

/// Reasons whose usual remedy is to let more in.
const CLOSED: [Reason; 10] = [
    Reason::Nsg,
    Reason::Fw,
    Reason::FwTi,
    Reason::Avnm,
    Reason::Nva,
    Reason::OnpremFw,
    Reason::Pna,
    Reason::NoInbound,
    Reason::LbNoRule,
    Reason::Listener,
];

/// Gives the steps of a trace the advice that needs the whole.
pub(super) fn advise(plane: &Plane, client: &Client, trace: &mut Trace) {
    let name = trace.name.clone();
    let outside = client.origin.kind == "internet_client";
    // Endpoints and zones of a customer's networks serve no managed network (MPE-05).
    let managed =
        matches!(&client.resolver, Resolver::Platform(v) if plane.dns.views.get(*v).origin.kind == "managed_network");
    let advice = |step: &Step| match step.outcome {
        Outcome::Block(reason) if outside => {
            let opens = step.fix.as_ref().is_some_and(|f| f.starts_with("serve "));
            (CLOSED.contains(&reason) || reason == Reason::Port && opens).then(|| stay_closed(client))
        }
        _ if managed => None,
        Outcome::Block(Reason::DnsNxdomain) => waiting(plane, name.as_ref()?),
        Outcome::Block(Reason::Pna) => missed(plane, client, name.as_ref()?),
        _ => None,
    };
    let lists = trace.alternatives.iter_mut().map(|(_, steps)| steps);
    std::iter::once(&mut trace.steps).chain(lists).for_each(|steps| each(steps, &advice));
}

fn each(steps: &mut [Step], advice: &dyn Fn(&Step) -> Option<String>) {
    for step in steps {
        if let Some(fix) = advice(step) {
            step.fix = Some(fix);
        }
        each(&mut step.inner, advice);
    }
}

/// What is let in from the internet is public, whatever else is asked.
fn stay_closed(client: &Client) -> String {
    format!(
        "leave it closed to the internet; connect {} to a network first, by VPN or ExpressRoute, and let it come privately from there",
        client.origin.name
    )
}

/// Private endpoints of a customer's own network that lead to a door.
fn endpoints(plane: &Plane, door: Id<Door>) -> impl Iterator<Item = (&Endpoint, &PrivateEndpoint)> {
    plane.endpoints.iter().filter_map(move |(_, endpoint)| match &endpoint.role {
        Role::PrivateEndpoint(private) if !private.managed => match &private.target {
            ConnectionTarget::Doors(members) => {
                let leads = members.iter().any(|(_, doors)| doors.contains(&door));
                leads.then_some((endpoint, private))
            }
            _ => None,
        },
        _ => None,
    })
}

/// What to do about the private endpoint that would answer to a service's name, if only its connection were approved
/// (PE-11); none if another one is.
#[must_use]
pub fn waiting(plane: &Plane, name: &Fqdn) -> Option<String> {
    let door = plane.door_names.get(name)?.door;
    let mut closed = endpoints(plane, door).map(|(e, p)| (e, p.connection.closed.as_ref())).collect::<Vec<_>>();
    if closed.iter().any(|(_, closed)| closed.is_none()) {
        return None;
    }
    closed.sort_by_key(|(_, closed)| closed.is_none_or(|(reason, _)| *reason != Reason::PePending));
    closed.first().map(|(endpoint, closed)| match closed {
        Some((Reason::PePending, _)) => {
            format!("approve the connection of {} on its target: it would answer to {name}", endpoint.origin)
        }
        _ => format!("restore {}: it would answer to {name}", endpoint.origin),
    })
}

/// Which private endpoint a client misses that was refused at the public address, and what keeps it from resolving it.
fn missed(plane: &Plane, client: &Client, name: &Fqdn) -> Option<String> {
    if let Some(fix) = waiting(plane, name) {
        return Some(fix);
    }
    let named = plane.door_names.get(name)?;
    let (endpoint, _) = endpoints(plane, named.door).find(|(_, p)| p.connection.closed.is_none())?;
    let at = &endpoint.origin;
    let aside = || format!("let {} resolve {name} to {at}, through which it is reached", client.origin);
    let Some(zone) = &named.zone else { return Some(aside()) };
    let linked = |id: Id<View>| plane.dns.views.get(id).links.iter().any(|l| plane.dns.zones.get(l.zone).name == *zone);
    Some(match asked(plane, client, name) {
        Some(Asked::View(view)) if !linked(view) => {
            format!("link zone {zone} to {}, so that it resolves {name} to {at}", plane.dns.views.get(view).origin)
        }
        Some(Asked::Server(server)) => {
            let suffix = name.parent().unwrap_or_else(|| name.clone());
            let resolver = plane.endpoints.iter().find_map(|(_, e)| {
                let view = plane.dns.servers.get(e.dns?).platform?;
                let address = e.addresses.first()?;
                (matches!(e.role, Role::Resolver) && linked(view)).then(|| format!("{} ({address})", e.origin))
            });
            let to = resolver.unwrap_or_else(|| format!("a resolver in a network that zone {zone} is linked to"));
            format!("add a conditional forwarder for {suffix} to {}, towards {to}, where {at} answers", server.origin)
        }
        _ => aside(),
    })
}

/// Who has the last word on a name for a client, if nothing is forwarded.
enum Asked<'p> {
    View(Id<View>),
    /// A server that is no part of Azure and asks public DNS.
    Server(&'p DnsServer),
}

fn asked<'p>(plane: &'p Plane, client: &Client, name: &Fqdn) -> Option<Asked<'p>> {
    let servers = match &client.resolver {
        Resolver::Platform(view) => return Some(Asked::View(*view)),
        Resolver::Public => return None,
        Resolver::Servers { servers, .. } => servers,
    };
    let owner = plane.owners(*servers.first()?).find_map(|o| plane.endpoints.get(o).dns)?;
    let server = plane.dns.servers.get(owner);
    match server.platform {
        _ if server.forwarders.iter().any(|f| f.covers(name).is_some()) => None,
        Some(view) => Some(Asked::View(view)),
        None => Some(Asked::Server(server)),
    }
}
