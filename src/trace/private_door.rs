//! What private endpoints make of a request: the state of the connection, and the doors they lead to.

use super::admission::{foreign_name, serves};
use crate::{
    dataplane::{Door, Endpoint, FurtherName, Id, Packet, Plane, PrivateEndpoint},
    forward::{Stage, Step},
    net::{Fqdn, Transport},
    verdict::{Reason, Verdict, Via},
};

/// The state of a private endpoint's connection (PE-11, OUT-03) and whether a limited client may use it (MVNET-08).
pub(super) fn connection(endpoint: &Endpoint, private: &PrivateEndpoint, limited: bool) -> Vec<Step> {
    let mut steps = Vec::new();
    match &private.connection.closed {
        Some((reason, why)) => steps.push(
            Step::block(Stage::Endpoint, *reason, format!("{}: {why}", endpoint.origin))
                .at(&endpoint.origin)
                .span(private.connection.span)
                .rules(&["PE-11", "OUT-03"])
                .fix(match reason {
                    Reason::PePending => format!("approve the connection of {} on its target", endpoint.origin),
                    _ => format!("restore {}", endpoint.origin),
                }),
        ),
        None => steps.push(
            Step::pass(Stage::Endpoint, format!("{} is approved", endpoint.origin))
                .at(&endpoint.origin)
                .rules(&["PE-11"]),
        ),
    }
    if limited && !private.limited_clients.value {
        steps.push(
            Step::block(Stage::Endpoint, Reason::Spark, format!("{} is not enabled for Spark", endpoint.origin))
                .at(&endpoint.origin)
                .span(private.limited_clients.span)
                .rules(&["MVNET-08", "AGW-23"])
                .fix(format!("set spark_enabled on {}", endpoint.origin)),
        );
    }
    steps
}

/// A private endpoint leads to exactly its doors, on their ports, and neither the service's firewall nor a perimeter is
/// consulted (PE-01, PE-15, PE-18, NSP-05).
pub(super) fn through(
    plane: &Plane,
    endpoint: &Endpoint,
    private: &PrivateEndpoint,
    doors: &[Id<Door>],
    packet: &Packet,
) -> Vec<Step> {
    let mut steps = Vec::new();
    let meant = packet.name.as_ref().map(|name| (name, plane.door_names.get(name)));
    let bound = |name: &Fqdn| {
        let binds = doors.first().is_some_and(|d| plane.doors.get(*d).binds);
        binds && !name.labels().any(|l| l == "privatelink")
    };
    let further = |name: &Fqdn| further_name(plane, doors, name);
    let reached = match meant {
        Some((_, Some(named))) if doors.contains(&named.door) => Some(named.door),
        Some((name, None)) if further(name).is_some() => further(name).map(|(door, further)| {
            steps.extend(further.requires.as_ref().map(super::absent));
            let label = &plane.doors.get(door).label;
            let text = format!("{label} answers to {name}, which only a record of yours leads here");
            steps.push(Step::assume(Stage::Endpoint, text).at(&endpoint.origin).rules(further.rules));
            door
        }),
        // Whether the name is bound to it is not declared.
        Some((name, None)) if bound(name) => {
            let first = doors.first().copied();
            steps.extend(first.map(|d| foreign_name(plane, plane.doors.get(d), packet)).unwrap_or_default());
            first
        }
        Some((name, _)) => {
            let leads = doors
                .first()
                .map(|d| plane.doors.get(*d))
                .map_or("nothing".to_owned(), |d| format!("{} {}", d.origin, d.label));
            let privatelink = plane.dns.zones.iter().any(|(_, z)| name.is_under(&z.name));
            let (reason, rules, fix): (_, &[&'static str], _) =
                if meant.is_some_and(|(_, door)| door.is_none()) && privatelink {
                    (
                        Reason::HostName,
                        &["PE-17"],
                        "use the service's public name; it is what the service answers to".to_owned(),
                    )
                } else {
                    (Reason::PeTarget, &["PE-01", "PE-02"], format!("correct the record of {name}"))
                };
            steps.push(
                Step::block(
                    Stage::Endpoint,
                    reason,
                    format!("{} at {} leads to {leads}, not to {name}", endpoint.origin, packet.destination),
                )
                .at(&endpoint.origin)
                .rules(rules)
                .fix(fix),
            );
            None
        }
        None => doors.first().copied(),
    };
    let Some(door) = reached else { return steps };
    let door = plane.doors.get(door);
    if packet.transport != Transport::Tcp || !serves(door, packet.port) {
        steps.push(
            Step::block(
                Stage::Endpoint,
                Reason::Port,
                format!("{} of {} serves tcp/{} only", door.label, door.origin, door.ports),
            )
            .at(&endpoint.origin)
            .rules(&["DEF-05", "PE-18"])
            .fix(format!("use tcp/{}", door.ports)),
        );
    }
    if packet.name.is_none() {
        // The transport connects, and a probe of it says nothing of the service.
        steps.push(
            Step::block(
                Stage::Endpoint,
                Reason::HostName,
                format!("{} does not answer to a bare address", door.origin),
            )
            .at(&endpoint.origin)
            .rules(&["PE-17"])
            .fix("ask for the service's public name"),
        );
    }
    let via = if private.managed { Via::ManagedPrivateEndpoint } else { Via::PrivateEndpoint };
    steps.push(
        Step::admit(
            Stage::Service,
            Verdict::Private,
            via,
            format!("{} admits what its private endpoints bring", door.origin),
        )
        .at(&door.origin)
        .rules(&["PE-15"]),
    );
    steps
}

/// The door that answers to a name beside its own, behind the address that a record gives (IN-04, MOE-07).
fn further_name<'p>(plane: &'p Plane, doors: &[Id<Door>], name: &Fqdn) -> Option<(Id<Door>, &'p FurtherName)> {
    doors.iter().find_map(|d| Some((*d, plane.doors.get(*d).further.iter().find(|f| f.pattern.matches(name))?)))
}
