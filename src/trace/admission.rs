//! What machines, private endpoints and services do with a request that reached them.

use super::{Question, legs::public_via};
use crate::{
    dataplane::{
        Caller, Door, Endpoint, Gate, Host, Id, Listens, Match, OrderedRules, Packet, Party, Plane, Recognises,
        Resource, Segment, SharedLink, Tags,
    },
    forward::{Arrival, Outcome, PublicDoor, Stage, Step},
    net::{Fqdn, Membership, Transport, is_undeclared_public},
    verdict::{Reason, Verdict, Via},
};
use std::net::IpAddr;

/// A machine answers on the ports it serves.
pub(super) fn host(plane: &Plane, endpoint: &Endpoint, host: &Host, arrival: &Arrival) -> Vec<Step> {
    let packet = &arrival.packet;
    if let Some(name) = packet.name.as_ref().filter(|n| plane.door_names.contains_key(n)) {
        return vec![
            Step::block(
                Stage::Service,
                Reason::PeTarget,
                format!("{} answers at {}, which is not the service {name}", endpoint.origin, packet.destination),
            )
            .at(&endpoint.origin)
            .rules(&["PE-01"])
            .fix(format!("correct the record of {name}")),
        ];
    }
    let (verdict, via) =
        if arrival.over_internet { (Verdict::Public, public_via(arrival)) } else { (Verdict::Private, Via::Routed) };
    if !host.running {
        return vec![
            Step::block(Stage::Service, Reason::Stopped, format!("{} is not running", endpoint.origin))
                .at(&endpoint.origin)
                .fix(format!("start {}", endpoint.origin)),
        ];
    }
    if packet.transport != Transport::Icmp && !host.listens.serves(packet.transport, packet.port) {
        return vec![
            Step::block(
                Stage::Service,
                Reason::Port,
                format!("{} serves nothing on {}", endpoint.origin, packet.transport.on(packet.port)),
            )
            .at(&endpoint.origin)
            .fix(format!("serve {} there, or ask for a port in `listens`", packet.transport.on(packet.port))),
        ];
    }
    let mut steps = Vec::new();
    if host.listens == Listens::Undeclared {
        let text = format!(
            "{} declares no `listens`; {} is taken as served",
            endpoint.origin,
            packet.transport.on(packet.port)
        );
        steps.push(Step::assume(Stage::Service, text));
    }
    steps.push(Step::admit(Stage::Service, verdict, via, format!("{} answers", endpoint.origin)).at(&endpoint.origin));
    steps
}

/// The public door of a service: ports, then its own firewall (PAAS-01).
pub(super) fn public_door(plane: &Plane, id: Id<Door>, arrival: &Arrival) -> Vec<Step> {
    let packet = &arrival.packet;
    let reached = plane.doors.get(id);
    // Doors of one service may share an address; the requested name tells them apart.
    let named = packet.name.as_ref().and_then(|n| plane.door_names.get(n)).map(|d| plane.doors.get(d.door));
    let door = match named {
        Some(named) if named.resource == reached.resource => named,
        Some(other) => {
            let name = packet.name.as_ref().map_or(String::new(), ToString::to_string);
            return vec![
                Step::block(
                    Stage::Service,
                    Reason::PeTarget,
                    format!("the address belongs to {}, not to {} ({name})", reached.origin, other.origin),
                )
                .at(&reached.origin)
                .rules(&["PE-01"])
                .fix(format!("correct the record of {name}")),
            ];
        }
        None => reached,
    };
    let mut steps = foreign_name(plane, door, packet);
    if packet.transport != Transport::Tcp || !serves(door, packet.port) {
        steps.push(
            Step::block(
                Stage::Service,
                Reason::Port,
                format!("{} of {} serves tcp/{} only", door.label, door.origin, door.ports),
            )
            .at(&door.origin)
            .rules(&["DEF-05"])
            .fix(format!("use tcp/{}", door.ports)),
        );
    }
    steps.extend(endpoint_policy(plane, door, arrival));
    let cloud = plane.network_of(arrival.sender).map(|n| plane.networks.get(n));
    let cloud = cloud.filter(|n| !n.beyond_gateway && arrival.left_by.is_none());
    let caller = Caller::Network { source: packet.source, segment: arrival.segment_identity, cloud };
    let mut step = admit(plane, &door.gate, caller, public_via(arrival), arrival.egress.is_some());
    // Where the subnet has no service endpoint, what is not known of it decides.
    let own = plane.endpoints.get(arrival.sender).segment.filter(|_| arrival.segment_identity.is_none());
    if let Some(own) = own.filter(|own| names_segment(&door.gate, *own) && step.is_blocker()) {
        step.rests_on.push(plane.segments.get(own).origin.name.clone());
    }
    steps.push(step);
    steps
}

/// Whether a rule names a subnet.
fn names_segment(gate: &Gate, segment: Id<Segment>) -> bool {
    let ordered = gate.ordered.iter().flat_map(|o| &o.rules).filter_map(|r| r.segment);
    gate.segments.iter().map(|(s, _)| *s).chain(ordered).any(|s| s == segment)
}

/// A policy on the service endpoint that carries the traffic lets its listed services through only (SE-11).
fn endpoint_policy(plane: &Plane, door: &Door, arrival: &Arrival) -> Option<Step> {
    let policy = plane.segments.get(arrival.segment_identity?).endpoint_policy.as_ref()?;
    let owner = plane.public_owner(door.public_address)?;
    let concerned = plane.endpoints.get(owner).tags.names.iter().any(|t| t == policy.tag);
    if !concerned {
        return None;
    }
    let (origin, resource) = (&policy.origin, &plane.resources.get(door.resource).origin);
    Some(if policy.allowed.contains(&door.resource) {
        Step::pass(Stage::Filter, format!("{origin} lets {resource} through")).at(origin).rules(&["SE-11"])
    } else {
        Step::block(Stage::Filter, Reason::SePolicy, format!("{origin} does not name {resource}"))
            .at(origin)
            .rules(&["SE-11"])
            .fix(format!("name {} in {origin}, or reach it through a private endpoint", resource.name))
    })
}

/// The ports of a door, those of redirected connections included (PE-18).
pub(super) fn serves(door: &Door, port: u16) -> bool {
    door.ports.contains(port) || door.redirects.as_ref().is_some_and(|r| r.contains(port))
}

/// A service answers to its own names: not to a bare address or privatelink names, and to others only where they are
/// bound (PE-17).
pub(super) fn foreign_name(plane: &Plane, door: &Door, packet: &Packet) -> Vec<Step> {
    let Some(name) = &packet.name else {
        let text = format!("{} does not answer to a bare address", door.origin);
        let step = Step::block(Stage::Service, Reason::HostName, text).fix("ask for the service's public name");
        return vec![step.at(&door.origin).rules(&["PE-17"])];
    };
    if plane.door_names.contains_key(name) {
        return Vec::new();
    }
    let step = if name.labels().any(|l| l == "privatelink") {
        Step::block(Stage::Service, Reason::HostName, format!("{} does not answer to {name}", door.origin))
            .fix("use the service's public name; it is what the service answers to")
    } else {
        let text = format!("whether {} answers to {name} is not declared", door.origin);
        Step::unknown(Stage::Service, Reason::HostName, text).fix("ask for the service's own name")
    };
    vec![step.at(&door.origin).rules(&["PE-17"])]
}

/// A call of one service to another, with its identity (HUB-11, TRUST-01). Asked for as a whole, the other stands for the
/// sub-resource that it names first.
pub(super) fn service_call(
    plane: &Plane,
    caller: Id<Resource>,
    target: Id<Resource>,
    name: Option<&Fqdn>,
    asked: &Question,
) -> Vec<Step> {
    let from = plane.resources.get(caller);
    let to = plane.resources.get(target);
    let usual = to.names.first().map(|(_, names)| names.as_slice()).unwrap_or_default();
    let served = name.or(usual.first()).and_then(|n| plane.door_names.get(n)).map(|d| plane.doors.get(d.door));
    let door = name.and_then(|n| plane.door_names.get(n)).map(|d| plane.doors.get(d.door));
    let Some(gate) = to.gate.as_ref().map(|own| door.map_or(own, |d| &d.gate)) else {
        return vec![
            Step::unknown(
                Stage::Service,
                Reason::NotModelled,
                format!("service-to-service rules of {} are not modelled", to.origin),
            )
            .at(&to.origin),
        ];
    };
    let intro =
        Step::pass(Stage::Name, format!("{} calls from the platform, in no network of the customer", from.origin))
            .at(&from.origin)
            .rules(&["HUB-11"]);
    let mut steps = vec![intro];
    if let Some(door) = served.filter(|d| asked.transport != Transport::Tcp || !serves(d, asked.port)) {
        let text = format!("{} of {} serves tcp/{} only", door.label, door.origin, door.ports);
        let step = Step::block(Stage::Service, Reason::Port, text).at(&door.origin).rules(&["DEF-05"]);
        steps.push(step.fix(format!("use tcp/{}", door.ports)));
    }
    // A link carries one sub-resource (PE-02); where several could, one that is closed tells more.
    let names = name.map_or(usual, std::slice::from_ref);
    let carries = |l: &&SharedLink| l.target == target && l.names.iter().any(|n| names.contains(n));
    let links = || from.shared_links.iter().filter(carries);
    if let Some(link) = links().find(|l| l.connection.closed.is_some()).or_else(|| links().next()) {
        let (at, rules): (_, &[&'static str]) = (&link.origin, &["SPL-01", "SPL-02"]);
        match (&link.connection.closed, link.usable) {
            // Where it cannot be used, its state does not matter (SPL-02).
            (Some((reason, why)), true) => {
                let step = Step::block(Stage::Endpoint, *reason, format!("{at}: {why}")).at(at);
                let fix = format!("approve the connection of {at} on its target");
                steps.push(step.span(link.connection.span).rules(rules).fix(fix));
                return steps;
            }
            (None, true) => {
                let text = format!("{at} carries it");
                steps.push(
                    Step::admit(Stage::Service, Verdict::Private, Via::PrivateEndpoint, text).at(at).rules(rules),
                );
                return steps;
            }
            (_, false) => {
                let text = format!("{at} cannot be used from the multitenant environment");
                steps.push(Step::pass(Stage::Endpoint, text).at(at).rules(rules));
            }
        }
    }
    steps.extend(outbound(from, to, target));
    steps.push(admit(plane, gate, Caller::Identity(caller), Via::PublicEndpoint, false));
    steps
}

/// A perimeter around the caller lets it call members, and names that its profile lists (NSP-02, NSP-07).
fn outbound(from: &Resource, to: &Resource, target: Id<Resource>) -> Option<Step> {
    let outbound = from.outbound.as_ref()?;
    let origin = &outbound.origin;
    let listed = || to.names.iter().flat_map(|(_, names)| names).any(|n| outbound.names.iter().any(|p| p.matches(n)));
    let rules: &[&'static str] = &["NSP-02", "NSP-07"];
    Some(if outbound.members.contains(&target) || listed() {
        Step::pass(Stage::Egress, format!("{origin} lets {} call {}", from.origin, to.origin)).at(origin).rules(rules)
    } else {
        Step::block(Stage::Egress, Reason::NspOut, format!("{origin} does not let {} call {}", from.origin, to.origin))
            .at(origin)
            .rules(rules)
            .fix(format!("name {} under outbound_fqdns of the profile, or associate it", to.origin.name))
    })
}

/// What the public gate says, unless being let in there is not supported.
fn admit(plane: &Plane, gate: &Gate, caller: Caller<'_>, via: Via, from_managed: bool) -> Step {
    let mut step = admission(plane, gate, caller, via, from_managed);
    // Services with an identity may be let in where the public is not (TRUST-01, TRUST-06).
    let switch = !gate.enabled.value && gate.enabled.span.is_some() && gate.closed_by.is_none();
    let shut = switch && matches!(caller, Caller::Network { .. });
    step.public_door = Some(if shut { PublicDoor::Switch } else { PublicDoor::Rules });
    match (gate.unsupported, step.outcome) {
        (Some((reason, text, rules)), Outcome::Admit(..)) => Step::unsupported(Stage::Service, reason, text)
            .at(&gate.origin)
            .span(gate.enabled.span)
            .rules(rules)
            .fix("reach it through the hub's private endpoint"),
        _ => step,
    }
}

/// What a network security perimeter decides before the service's own rules, if it decides (NSP-02 to NSP-04).
fn perimeter(gate: &Gate, caller: Caller<'_>) -> Option<Step> {
    let who = &gate.origin;
    let refuse = |text: String, span, rules: &[&'static str]| {
        Step::block(Stage::Service, Reason::Pna, text).at(who).span(span).rules(rules).fix(format!(
            "admit the caller in the perimeter's profile, or reach {} through a private endpoint",
            who.name
        ))
    };
    let Some(perimeter) = &gate.perimeter else {
        return gate.perimeter_only.then(|| {
            let text = format!("{who} is secured by a perimeter, and in none");
            refuse(text, gate.enabled.span, &["NSP-02", "PAAS-01"])
        });
    };
    let origin = &perimeter.origin;
    let admits = |verdict| {
        Step::admit(Stage::Service, verdict, Via::Perimeter, format!("{origin} admits the caller"))
            .at(who)
            .span(origin.span)
            .rules(&["NSP-02", "NSP-03"])
    };
    match caller {
        // Traffic of a service endpoint has no public address (SE-02).
        Caller::Network { segment: Some(_), .. } => {}
        Caller::Network { source, .. } if is_undeclared_public(source) && !perimeter.addresses.is_empty() => {
            return Some(
                Step::unknown(
                    Stage::Service,
                    Reason::Tag,
                    format!("{origin} admits addresses, and the caller's is not declared"),
                )
                .at(who)
                .span(origin.span)
                .rules(&["NSP-02"])
                .fix("declare the public address of the source"),
            );
        }
        Caller::Network { source, .. } if perimeter.addresses.contains(source) => return Some(admits(Verdict::Public)),
        Caller::Identity(id) if perimeter.members.contains(&id) => return Some(admits(Verdict::Backbone)),
        _ => {}
    }
    // Learning leaves the rest to the service's own rules.
    let closed =
        perimeter.enforced || gate.perimeter_only || !gate.enabled.value && matches!(caller, Caller::Network { .. });
    closed.then(|| refuse(format!("{origin} does not admit the caller"), origin.span, &["NSP-03", "TRUST-04"]))
}

fn tags_of(plane: &Plane, source: IpAddr) -> Option<&Tags> {
    plane.public_owner(source).map(|id| &plane.endpoints.get(id).tags)
}

/// Rules in order: the first that matches decides (APP-06). Traffic of a service endpoint carries its subnet's identity
/// and no public address.
fn by_rules(plane: &Plane, gate: &Gate, rules: &OrderedRules, caller: Caller<'_>, via: Via) -> Step {
    let (who, stage) = (&gate.origin, Stage::Service);
    let Caller::Network { source, segment, .. } = caller else {
        let text = format!("whether access restrictions of {who} admit calls of services is not modelled");
        return Step::unknown(stage, Reason::NotModelled, text).at(who).rules(&["APP-06"]);
    };
    let tags = tags_of(plane, source);
    for rule in &rules.rules {
        let (matched, by_segment) = match (rule.segment, segment) {
            (Some(wanted), Some(has)) => (Match::from(wanted == has), true),
            (Some(_), None) | (None, Some(_)) => (Match::No, false),
            (None, None) => (rule.from.matches(Party { address: source, tags, perhaps: &[] }), false),
        };
        let name = &rule.origin.name;
        let step = match (matched, rule.allow) {
            (Match::No, _) => continue,
            (Match::Undecided, _) => {
                Step::unknown(stage, Reason::Tag, format!("whether {name} matches the caller is not declared"))
                    .fix("declare the public address of the source")
            }
            (Match::Yes, true) if by_segment => {
                let text = format!("{who} admits the subnet by {name}");
                Step::admit(stage, Verdict::Backbone, Via::ServiceEndpoint, text)
            }
            (Match::Yes, true) => {
                Step::admit(stage, Verdict::Public, via, format!("{who} admits the caller by {name}"))
            }
            (Match::Yes, false) => Step::block(stage, Reason::Pna, format!("{who} refuses the caller by {name}"))
                .fix(format!("admit the caller before {name}, or use a private endpoint")),
        };
        return step.at(who).span(rule.origin.span).rules(&["APP-06"]);
    }
    if rules.default_allow {
        let text = format!("{who} admits whom no rule names");
        return Step::admit(stage, Verdict::Public, via, text).at(who).rules(&["APP-06"]);
    }
    Step::block(stage, Reason::Pna, format!("{who} has no rule for the caller, and refuses the rest"))
        .at(who)
        .rules(&["APP-06"])
        .fix(format!("add an access restriction for the caller, or reach {} through a private endpoint", who.name))
}

/// What a rule for 0.0.0.0 does.
const ALL_OF_AZURE: &str = "admits every address of Azure, other customers' included";

/// Public admission, in the order of precedence: open to all, the caller's subnet, its address, its identity, the
/// exception for trusted services (PAAS-01, PAAS-02, PAAS-03, PAAS-06, SE-03, SE-04, TRUST-01, TRUST-06, TRUST-07).
fn admission(plane: &Plane, gate: &Gate, caller: Caller<'_>, via: Via, from_managed: bool) -> Step {
    let stage = Stage::Service;
    let who = &gate.origin;
    let ok = |verdict, via, text: String, span, rules: &[&'static str]| {
        Step::admit(stage, verdict, via, text).at(who).span(span).rules(rules).rules(gate.rules)
    };
    if let Some(step) = perimeter(gate, caller) {
        return step;
    }
    let open = gate.enabled.value;
    if let Some(rules) = gate.ordered.as_ref().filter(|_| open) {
        return by_rules(plane, gate, rules, caller, via);
    }
    let is_public = open && gate.default_allow.value;
    if is_public {
        let default = if gate.enabled.span.is_none() { " by default" } else { "" };
        return ok(
            Verdict::Public,
            via,
            format!("{who} is open to the internet{default}"),
            gate.enabled.span,
            &["PAAS-01"],
        );
    }
    match caller {
        Caller::Network { source, segment, cloud } => {
            if let Some((_, span)) = gate.segments.iter().find(|(s, _)| open && Some(*s) == segment) {
                return ok(
                    Verdict::Backbone,
                    Via::ServiceEndpoint,
                    format!("{who} admits the subnet"),
                    Some(*span),
                    &["SE-04"],
                );
            }
            let by_address = gate.addresses.iter().find(|(p, _)| {
                open && segment.is_none() && p.contains(source) && (p.is_default() || !is_undeclared_public(source))
            });
            // Whether the caller comes from the region whose addresses the gate does not see (STG-01).
            let neighbour = match (&gate.recognises, cloud) {
                (Recognises::Outside(own), Some(network)) => {
                    own.as_ref().zip(network.region.as_ref()).map(|(a, b)| a == b)
                }
                _ => Some(false),
            };
            if let Some((prefix, span)) = by_address.filter(|_| neighbour == Some(true)) {
                let text = format!("{who} does not see public addresses of its own region, so {prefix} never matches");
                return Step::block(stage, Reason::Pna, text).at(who).span(*span).rules(&["STG-01"]).fix(format!(
                    "admit the caller's subnet by a service endpoint, or use a private endpoint to {}",
                    who.name
                ));
            }
            if let Some((prefix, span)) = by_address.filter(|_| neighbour.is_none()) {
                let text =
                    format!("{who} admits {prefix} unless the caller is in its own region, which is not declared");
                return Step::unknown(stage, Reason::Tag, text)
                    .at(who)
                    .span(*span)
                    .rules(&["STG-01"])
                    .fix("declare `location` of the service and of the caller's network");
            }
            let party = Party { address: source, tags: tags_of(plane, source), perhaps: &[] };
            let ruled = gate.cloud.as_ref().filter(|_| open && segment.is_none());
            let ruled = ruled.map(|rule| (gate.admits_cloud(party, cloud.is_some()), rule.span));
            if let Some((Match::Yes, span)) = ruled {
                return ok(Verdict::Public, via, format!("{who} {ALL_OF_AZURE}"), Some(span), &["PAAS-04"]);
            }
            if let Some((prefix, span)) = by_address {
                return ok(Verdict::Public, via, format!("{who} admits {prefix}"), *span, &["PAAS-04"]);
            }
            if let Some((Match::Undecided, span)) = ruled {
                let text = format!("{who} {ALL_OF_AZURE}, and whether the caller's is one is not declared");
                let step = Step::unknown(stage, Reason::Tag, text).at(who).span(span).rules(&["PAAS-04", "TAG-04"]);
                return step.fix("load the published service tags (`service_tags_file`), or remove the rule");
            }
            let could_match = gate.address_set().membership(source) != Membership::Out;
            let undeclared = is_undeclared_public(source) && neighbour != Some(true);
            if open && could_match && undeclared && !from_managed && segment.is_none() {
                return Step::unknown(
                    stage,
                    Reason::Tag,
                    format!("{who} admits selected addresses, and the caller's is not declared"),
                )
                .at(who)
                .span(gate.addresses.first().and_then(|(_, s)| *s))
                .rules(&["PAAS-04"])
                .fix("declare the public address of the source");
            }
            let why = match (open, gate.closed_by) {
                (true, _) => "admits selected networks only",
                (false, Some(_)) => "is closed to the public: a private endpoint to it is approved",
                (false, None) => "has public network access disabled",
            };
            let span = if open { gate.default_allow.span } else { gate.enabled.span };
            let step = Step::block(stage, Reason::Pna, format!("{who} {why}")).at(who).span(span);
            let step = match gate.closed_by.filter(|_| !open) {
                Some(rule) => step.rules(&[rule]),
                None => step.rules(&["PAAS-01"]).rules(gate.rules),
            };
            step.fix(format!("reach {} through a private endpoint that this client resolves to", who.name))
        }
        Caller::Identity(id) => {
            if let Some((_, span)) = gate.instances.iter().find(|(i, _)| *i == id) {
                return ok(
                    Verdict::Backbone,
                    Via::ResourceInstance,
                    format!("{who} admits this caller by name"),
                    Some(*span),
                    &["TRUST-06"],
                );
            }
            if let Some(rule) = gate.cloud.as_ref().filter(|_| open) {
                return ok(Verdict::Public, via, format!("{who} {ALL_OF_AZURE}"), Some(rule.span), &["PAAS-04"]);
            }
            if gate.trust_unmodelled {
                let text =
                    format!("{who} lets trusted services bypass its firewall, and whom it trusts is not modelled");
                return Step::unknown(stage, Reason::NotModelled, text)
                    .at(who)
                    .span(gate.bypass.and_then(|b| b.span))
                    .rules(&["TRUST-01"])
                    .fix("see the service's own list of trusted callers");
            }
            let trusted = gate.trusted.contains(&id);
            if let Some(bypass) = gate.bypass.filter(|b| b.value && trusted) {
                let default = if bypass.span.is_none() { " (the platform's default)" } else { "" };
                return ok(
                    Verdict::Backbone,
                    Via::TrustedService,
                    format!("{who} lets trusted services bypass its firewall{default}"),
                    bypass.span,
                    &["TRUST-01", "TRUST-02", "TRUST-03"],
                )
                .rules(gate.bypass_rule.as_slice());
            }
            let why = match (trusted, gate.bypass) {
                (true, Some(_)) => "does not let trusted services bypass its firewall".to_owned(),
                (false, Some(_)) => {
                    "does not count this caller among its trusted services (or it has no managed identity)".to_owned()
                }
                (_, None) => "knows no exception for trusted services".to_owned(),
            };
            Step::block(stage, Reason::TrustedOff, format!("{who} is closed and {why}"))
                .at(who)
                .span(gate.bypass.and_then(|b| b.span).or(gate.enabled.span))
                .rules(&["TRUST-01", "TRUST-02"])
                .rules(gate.bypass_rule.as_slice())
                .fix(format!(
                    "add AzureServices to the bypass of {}, or admit the caller by a resource-instance rule",
                    who.name
                ))
        }
    }
}
