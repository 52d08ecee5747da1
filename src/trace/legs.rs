//! One leg of a flow: there and back, and what whoever was reached does with the request.

use super::{absent, admission, gateway, judge, private_door, redirect};
use crate::{
    dataplane::{Backend, Client, ConnectionTarget, Door, Endpoint, Id, Packet, Plane, Proxy, Resolver, Role},
    forward::{Arrival, Context, EgressPass, End, Outcome, Stage, Step, round_trip},
    lookup::{self, Answer},
    verdict::{Reason, Verdict, Via},
};
use std::net::IpAddr;

/// Gateways and firewalls chained behind each other before a circle is assumed.
const MAX_LEGS: usize = 8;

/// Who a leg is for.
#[derive(Clone, Copy)]
pub(super) struct Asker<'a> {
    pub(super) client: &'a Client,
    /// The pool of the gateway that sends it, which asks for more than an open way (AGW-13, AGW-16).
    pub(super) backend: Option<&'a Backend>,
    /// The frontend that private link leads to.
    pub(super) bridge: Option<Bridge>,
    /// Who asked the gateway that asks now: its probe gets what the last machine answers.
    pub(super) behind: Option<&'a Asker<'a>>,
}

/// A way into a gateway by private link.
#[derive(Clone, Copy)]
pub(super) struct Bridge {
    pub(super) proxy: Id<Proxy>,
    pub(super) frontend: usize,
    /// Whether a managed network leads there.
    pub(super) managed: bool,
}

impl<'a> Asker<'a> {
    pub(super) fn of(client: &'a Client) -> Self {
        Self { client, backend: None, bridge: None, behind: None }
    }

    /// What a gateway asks in turn, or private link hands to one.
    pub(super) fn onward<'b>(&'b self, backend: Option<&'b Backend>, bridge: Option<Bridge>) -> Asker<'b> {
        let behind = if self.backend.is_some() { Some(self) } else { self.behind };
        Asker { client: self.client, backend, bridge, behind }
    }

    /// The gateways before the one that asks.
    pub(super) fn before(&self) -> impl Iterator<Item = &'a Backend> {
        std::iter::successors(self.behind, |a| a.behind).filter_map(|a| a.backend)
    }
}

/// One leg: there and back, then whatever was reached.
pub(super) fn leg(
    context: &Context<'_>,
    asker: Asker<'_>,
    from: Id<Endpoint>,
    packet: Packet,
    depth: usize,
) -> Vec<Step> {
    let plane = context.plane;
    if depth > MAX_LEGS {
        return vec![Step::block(Stage::Route, Reason::RouteLoop, "gateways lead in a circle").rules(&["EVAL-07"])];
    }
    let journey = round_trip(context, from, &packet);
    let mut steps = journey.steps;
    match journey.end {
        End::Lost => {}
        End::Delivered(arrival) => {
            // The way back closes the explanation, whatever the reached thing adds.
            let back = steps.iter().position(|s| s.stage == Stage::Return).map_or(Vec::new(), |at| steps.split_off(at));
            if let Some(meant) = context.meant.first().filter(|_| depth == 0 && !context.meant.contains(&arrival.asked))
            {
                steps.push(in_place_of(plane, *meant, &arrival));
            }
            // Asked for by an address that the model chose itself.
            if depth == 0 && context.meant.is_empty() && packet.name.is_none() && plane.allocations.has(arrival.asked) {
                let owner = &plane.endpoints.get(arrival.asked).origin;
                let text = format!("{owner} declares no address, and may have another than {}", packet.destination);
                let step = Step::unknown(Stage::Endpoint, Reason::Address, text).at(owner).rules(&["ADDR-03"]);
                steps.push(step.fix(format!("declare the address of {owner}")));
            }
            steps.extend(redirect::further_ports(plane, from, &packet, Some(arrival.endpoint)));
            let mut reached = arrived(context, asker, &arrival, depth);
            exposed(plane, packet.destination, &arrival, &mut reached);
            steps.extend(reached);
            let admitted = steps.iter().rposition(|s| matches!(s.outcome, Outcome::Admit(..)));
            let at = admitted.unwrap_or(steps.len());
            steps.splice(at..at, back);
        }
        End::Proxied { firewall } => {
            let back = steps.iter().position(|s| s.stage == Stage::Return).map_or(Vec::new(), |at| steps.split_off(at));
            let endpoint = plane.endpoints.get(firewall);
            steps.extend(redirect::further_ports(plane, from, &packet, None));
            if let (Role::Firewall(device), Some(name)) = (&endpoint.role, &packet.name) {
                steps.extend(proxied(
                    context,
                    asker,
                    firewall,
                    &device.resolver,
                    &Packet { name: Some(name.clone()), ..packet.clone() },
                    depth,
                ));
            }
            steps.extend(back);
        }
    }
    steps
}

/// Something else owns the address of what was asked for, where the packet arrived (ADDR-07).
fn in_place_of(plane: &Plane, meant: Id<Endpoint>, arrival: &Arrival) -> Step {
    let (meant, found) = (&plane.endpoints.get(meant).origin, &plane.endpoints.get(arrival.asked).origin);
    Step::block(Stage::Service, Reason::Overlap, format!("the address leads to {found} here, not to {meant}"))
        .at(found)
        .rules(&["ADDR-07"])
        .fix(format!("give {meant} an address of its own, or bridge to it by a private link service"))
}

/// An application rule: the firewall resolves the name in its own view and connects itself (AFW-05, SNAT-02).
pub(super) fn proxied(
    context: &Context<'_>,
    asker: Asker<'_>,
    firewall: Id<Endpoint>,
    resolver: &Resolver,
    packet: &Packet,
    depth: usize,
) -> Vec<Step> {
    let Some(name) = &packet.name else { return Vec::new() };
    let resolution = lookup::resolve(context, resolver, Some(firewall), name);
    let mut steps = resolution.steps;
    let Answer::Addresses(addresses) = resolution.answer else { return steps };
    // The firewall holds all addresses of a name, and may take any (AFW-06, EVAL-05).
    let label = |i: usize| addresses.get(i).map_or(String::new(), ToString::to_string);
    if let Some(destination) = addresses.get(context.forks.pick(addresses.len(), label)).copied()
        && let Some(source) = context.source(firewall, destination)
    {
        let onward = Packet { source, destination, ..packet.clone() };
        steps.extend(leg(context, asker, firewall, onward, depth + 1));
    }
    steps
}

/// What the reached endpoint does with the request.
pub(super) fn arrived(context: &Context<'_>, asker: Asker<'_>, arrival: &Arrival, depth: usize) -> Vec<Step> {
    let plane = context.plane;
    let endpoint = plane.endpoints.get(arrival.endpoint);
    let packet = &arrival.packet;
    let client = asker.client;
    let mut steps: Vec<_> = endpoint.absence.iter().map(absent).collect();
    if client.limited && arrival.egress == Some(EgressPass::Name) {
        steps.push(
            Step::block(Stage::Egress, Reason::Spark, format!("FQDN rules do not serve {}", client.origin))
                .at(&client.origin)
                .rules(&["FQDN-07", "MVNET-08"])
                .fix("package what Spark needs in storage that it reaches by a private endpoint"),
        );
    }
    match &endpoint.role {
        Role::Host(host) => {
            let network = plane.network_of(arrival.endpoint).map(|n| plane.networks.get(n));
            let apart = network.is_some() && host.isolated && isolated_sender(plane, arrival);
            if apart {
                let text = format!("{} is isolated from every other deployment", endpoint.origin);
                let step = Step::block(Stage::Route, Reason::ComputePeer, text).at(&endpoint.origin);
                steps.push(step.rules(&["MVNET-10", "HUB-A3"]).fix("call the endpoint by its inference name"));
            }
            if let Some(network) = network.filter(|n| !n.members_connected && !apart) {
                steps.push(
                    Step::unknown(
                        Stage::Route,
                        Reason::ComputePeer,
                        format!("no source says whether members of {} reach each other", network.origin),
                    )
                    .at(&network.origin)
                    .rules(&["MVNET-10", "HUB-A3"]),
                );
            }
            steps.extend(admission::host(plane, endpoint, host, arrival));
            steps.extend(asker.backend.and_then(|b| gateway::trusted(b, endpoint, host)));
            let asking = asker.backend.into_iter().chain(asker.before());
            steps.extend(asking.filter_map(|b| gateway::health(b, endpoint, host)));
        }
        Role::PrivateEndpoint(private) => {
            steps.extend(asker.backend.and_then(|b| gateway::too_far(b, endpoint, arrival)));
            steps.extend(private_door::connection(endpoint, private, client.limited));
            match &private.target {
                ConnectionTarget::Doors(members) => {
                    let doors: Vec<Id<Door>> = members
                        .iter()
                        .filter(|(address, _)| *address == packet.destination)
                        .flat_map(|(_, doors)| doors.iter().copied())
                        .collect();
                    steps.extend(private_door::through(plane, endpoint, private, &doors, packet));
                }
                ConnectionTarget::Proxy { proxy, frontend, sources, origin } => {
                    let bridge = Bridge { proxy: *proxy, frontend: *frontend, managed: private.managed };
                    steps.extend(gateway::through_private_link(context, asker, bridge, sources, origin, packet, depth));
                }
                ConnectionTarget::Service { nat, frontend, origin, broken } => {
                    let mut step = Step::pass(
                        Stage::Endpoint,
                        format!("{origin} hands it to {frontend} from an address of its own"),
                    );
                    step.rests_on.extend(nat.iter().map(|n| plane.endpoints.get(*n).origin.name.clone()));
                    steps.push(step.at(origin).rules(&["PLS-02", "PLS-03"]));
                    if let Some(name) = packet.name.as_ref().filter(|n| plane.door_names.contains_key(n)) {
                        let text = format!("{origin} is behind {}, not the service {name}", packet.destination);
                        let step = Step::block(Stage::Endpoint, Reason::PeTarget, text).at(&endpoint.origin);
                        steps.push(step.rules(&["PE-01", "PLS-10"]).fix(format!("correct the record of {name}")));
                    }
                    if let Some(why) = broken {
                        steps.push(
                            Step::block(Stage::Endpoint, Reason::ProxyProtocol, format!("{origin}: {why}"))
                                .at(origin)
                                .rules(&["PLS-07"])
                                .fix("switch proxy protocol on at both ends, or off at both"),
                        );
                    }
                    // Any of its addresses may carry a connection (PLS-03, EVAL-05).
                    let label =
                        |i: usize| nat.get(i).map_or(String::new(), |n| plane.endpoints.get(*n).origin.to_string());
                    if let Some(nat) = nat.get(context.forks.pick(nat.len(), label)).copied() {
                        let source = context.source(nat, *frontend).unwrap_or(*frontend);
                        let onward = Packet { source, destination: *frontend, name: None, ..packet.clone() };
                        steps.extend(leg(context, asker, nat, onward, depth + 1));
                    }
                    steps.push(
                        Step::admit(
                            Stage::Backend,
                            Verdict::Private,
                            Via::PrivateLinkService,
                            format!("{origin} carries it"),
                        )
                        .at(origin)
                        .rules(&["PLS-02"]),
                    );
                }
                ConnectionTarget::Nothing => {}
            }
        }
        Role::Frontend { proxy, frontend } => {
            steps.extend(gateway::at_frontend(context, asker, *proxy, *frontend, arrival, depth))
        }
        Role::Unattached if endpoint.origin.kind == "nat_gateway" => steps.push(
            Step::block(
                Stage::Listener,
                Reason::Listener,
                format!("{} takes nothing that comes from outside", endpoint.origin),
            )
            .at(&endpoint.origin)
            .rules(&["NAT-03"])
            .fix("give the machine or a load balancer a public address of its own"),
        ),
        Role::Unattached => steps.push(
            Step::block(
                Stage::Listener,
                Reason::Listener,
                format!("{} is attached to nothing that listens", endpoint.origin),
            )
            .at(&endpoint.origin)
            .fix("attach it to a frontend with a listener, or to a machine"),
        ),
        Role::Door(door) => steps.extend(admission::public_door(plane, *door, arrival)),
        Role::Instance(proxy) if asker.bridge.is_some_and(|b| b.proxy == *proxy) => {
            steps.extend(gateway::at_instance(context, asker, arrival, depth));
        }
        Role::Resolver
        | Role::Firewall(_)
        | Role::Gateway(_)
        | Role::Router
        | Role::Balancer(_)
        | Role::Instance(_) => {
            let dns = endpoint.dns.is_some() && packet.port == 53;
            steps.push(if dns {
                Step::admit(
                    Stage::Service,
                    Verdict::Private,
                    Via::Routed,
                    format!("{} answers on port 53", endpoint.origin),
                )
                .at(&endpoint.origin)
            } else {
                Step::block(
                    Stage::Service,
                    Reason::Port,
                    format!("{} serves nothing on {}", endpoint.origin, packet.transport.on(packet.port)),
                )
                .at(&endpoint.origin)
            });
        }
    }
    steps
}

/// Whether what sends is a deployment of the network in which it arrived.
fn isolated_sender(plane: &Plane, arrival: &Arrival) -> bool {
    let sender = plane.network_of(arrival.endpoint).and_then(|n| plane.owner(n, arrival.packet.source));
    sender.filter(|s| *s != arrival.endpoint).is_some_and(|s| plane.endpoints.get(s).role.is_isolated())
}

/// What came over the internet, or to a public address that a firewall translates, was admitted at a public address,
/// whatever private thing that led it to (FW-10). The public doors of services judge by the caller themselves.
fn exposed(plane: &Plane, sent_to: IpAddr, arrival: &Arrival, reached: &mut [Step]) {
    // What networks use themselves of public ranges is private to them (ADDR-01).
    let translated = plane.public_owner(sent_to).is_some() && arrival.packet.destination != sent_to;
    let by_door = matches!(plane.endpoints.get(arrival.endpoint).role, Role::Door(_));
    let hidden = judge::admission(reached).is_some_and(|(verdict, _)| verdict != Verdict::Public);
    if (arrival.over_internet || translated) && !by_door && hidden {
        let last = reached.iter_mut().rev().find(|s| matches!(s.outcome, Outcome::Admit(..)));
        last.into_iter().for_each(|s| s.outcome = Outcome::Admit(Verdict::Public, public_via(arrival)));
    }
}

/// How traffic to a public address counts: by the rule that let it out of a managed network, if one did.
pub(super) fn public_via(arrival: &Arrival) -> Via {
    match arrival.egress {
        Some(EgressPass::Address) => Via::ServiceTagRule,
        Some(EgressPass::Name) => Via::FqdnRule,
        Some(EgressPass::Open) | None => Via::PublicEndpoint,
    }
}
