//! The way there: hop by hop from a source address to whoever owns the destination (EVAL-01).

use super::egress::{self, EgressPass};
use super::filters::{apply, at_endpoint, party, show};
use super::step::{Stage, Step};
use crate::{
    dataplane::{
        Decision, Direction, Endpoint, Filter, Firewall, Id, Names, Network, NextHop, Origin, Packet, Plane, Role,
        Route, Segment,
    },
    net::is_public,
    verdict::Reason,
};
use std::{collections::BTreeSet, net::IpAddr};

/// Where a packet ended up.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// The owner of the destination.
    pub endpoint: Id<Endpoint>,
    /// The packet on arrival, after any source translation.
    pub packet: Packet,
    /// The segment whose identity the packet carries at public services (SE-02).
    pub segment_identity: Option<Id<Segment>>,
    /// How it left a managed network.
    pub egress: Option<EgressPass>,
    /// Whether it came over the internet.
    pub over_internet: bool,
    /// Stateful devices on the way that kept the source address (ASYM-01).
    pub devices: Vec<Id<Endpoint>>,
    /// The endpoint that sent the packet on its last source translation.
    pub sender: Id<Endpoint>,
}

/// How a walk ends.
#[derive(Debug, Clone)]
pub enum End {
    /// Somebody owns the destination.
    Delivered(Arrival),
    /// A firewall takes over by an application rule and asks for the name itself (SNAT-02).
    Proxied {
        /// The firewall.
        firewall: Id<Endpoint>,
    },
    /// There is no way on.
    Lost,
}

/// A walk and what happened on it.
#[derive(Debug, Clone)]
pub struct Journey {
    /// Steps, blockers included: the walk goes on past them as if they were open (EVAL-06).
    pub steps: Vec<Step>,
    /// The end.
    pub end: End,
}

/// Enough for every real path; a longer one is a loop that changes its packet.
const MAX_HOPS: usize = 32;

struct Walk<'a> {
    plane: &'a Plane,
    packet: Packet,
    emitter: Id<Endpoint>,
    sender: Id<Endpoint>,
    steps: Vec<Step>,
    egress: Option<EgressPass>,
    over_internet: bool,
    devices: Vec<Id<Endpoint>>,
    segment_identity: Option<Id<Segment>>,
    /// At a gateway: whether the packet came from the gateway's own side.
    from_inside: bool,
}

/// Walks from an endpoint to the owner of the packet's destination.
#[must_use]
pub fn walk(plane: &Plane, from: Id<Endpoint>, packet: &Packet) -> Journey {
    let mut walk = Walk {
        plane,
        packet: packet.clone(),
        emitter: from,
        sender: from,
        steps: Vec::new(),
        egress: None,
        over_internet: false,
        devices: Vec::new(),
        segment_identity: None,
        from_inside: true,
    };
    let end = walk.run();
    Journey { steps: walk.steps, end }
}

/// The winning route of a segment.
pub(super) fn lookup(routes: &[Route], destination: IpAddr) -> Option<&Route> {
    routes.iter().find(|r| r.prefix.contains(destination))
}

/// The owner of an address in this network or one connected directly. What counts is the connection, so user routes
/// for the same prefix do not hide it (UDR-02).
pub(super) fn nearby(plane: &Plane, segment: &Segment, address: IpAddr) -> Option<Id<Endpoint>> {
    plane.owner(segment.network, address).or_else(|| {
        segment.routes.iter().find_map(|route| match &route.hop {
            NextHop::Network { network, .. } if route.prefix.contains(address) => plane.owner(*network, address),
            _ => None,
        })
    })
}

impl<'a> Walk<'a> {
    fn run(&mut self) -> End {
        // What is addressed to the sender itself never leaves it.
        if self.plane.endpoints.get(self.emitter).addresses.contains(&self.packet.destination) {
            return self.arrive(self.emitter);
        }
        if self.packet.source.is_ipv4() != self.packet.destination.is_ipv4() {
            let origin = &self.plane.endpoints.get(self.emitter).origin;
            let text = format!("{origin} has no address of the family of {}", show(self.packet.destination));
            let step = Step::block(Stage::Route, Reason::NoRoute, text).at(origin).rules(&["ROUTE-21"]);
            self.steps.push(step.fix(format!("give {origin} an address of that family")));
            return End::Lost;
        }
        if let Some(end) = self.foreign_realm() {
            return end;
        }
        let mut seen = BTreeSet::new();
        for _ in 0..MAX_HOPS {
            if !seen.insert((self.emitter, self.packet.source, self.from_inside)) {
                break;
            }
            let endpoint = self.plane.endpoints.get(self.emitter);
            let Some(segment) = endpoint.segment else {
                return self.across_internet();
            };
            self.steps.extend(at_endpoint(self.plane, self.emitter, Direction::Outbound, &self.packet));
            let segment = self.plane.segments.get(segment);
            let routes = match &endpoint.role {
                Role::Gateway(gateway) if self.from_inside => &gateway.tunnels,
                _ => &segment.routes,
            };
            match self.hop(endpoint, segment, routes) {
                Some(end) => return end,
                None => continue,
            }
        }
        let emitter = &self.plane.endpoints.get(self.emitter).origin;
        self.steps.push(
            Step::block(Stage::Route, Reason::RouteLoop, format!("the packet passes {emitter} twice"))
                .at(emitter)
                .rules(&["EVAL-07"])
                .fix("break the circle of next hops in the route tables on this path"),
        );
        End::Lost
    }

    /// A destination that belongs to another realm only is out of reach, whatever the routes say (ISO-06, MVNET-09).
    fn foreign_realm(&mut self) -> Option<End> {
        let home = self.plane.network_of(self.emitter)?;
        let realm = self.plane.networks.get(home).realm;
        let destination = self.packet.destination;
        let holds = |n: &Network| n.prefixes.iter().any(|p| p.contains(destination));
        let mut own = self.plane.networks.iter().filter(|(_, n)| n.realm == realm);
        if is_public(destination)
            || holds(self.plane.networks.get(home))
            || own.any(|(id, _)| self.plane.owner(id, destination).is_some())
        {
            return None;
        }
        let (_, other) = self.plane.networks.iter().find(|(_, n)| n.realm != realm && holds(n))?;
        let text =
            format!("{} lies in {}, which no other network can be connected to", self.packet.destination, other.origin);
        self.steps.push(
            Step::block(Stage::Route, Reason::NoRoute, text)
                .at(&other.origin)
                .rules(&["IN-17", "ISO-06", "MVNET-09"])
                .fix("reach it through a private endpoint or an application gateway; peering is not possible"),
        );
        Some(End::Lost)
    }

    fn hop(&mut self, endpoint: &'a Endpoint, segment: &'a Segment, routes: &'a [Route]) -> Option<End> {
        let destination = self.packet.destination;
        let found = lookup(routes, destination);
        // Where nothing leads there, a connection that is down may be the reason (GW-12).
        let nowhere = found.is_none_or(|r| match r.hop {
            NextHop::Drop(reason) => reason == Reason::NoRoute,
            NextHop::Internet => !is_public(destination),
            _ => false,
        });
        let gone = lookup(&segment.withdrawn, destination).filter(|_| nowhere);
        let Some(route) = gone.or(found) else {
            let step = match &endpoint.role {
                Role::Gateway(_) if self.from_inside => Step::block(
                    Stage::Route,
                    Reason::GwDown,
                    format!("{} has no connection that is up towards {destination}", endpoint.origin),
                )
                .rules(&["GW-12"])
                .fix(format!("connect {} to the site that holds {destination}", endpoint.origin)),
                _ => Step::block(
                    Stage::Route,
                    Reason::NoRoute,
                    format!("{} has no route to {}", segment.origin, show(destination)),
                )
                .rules(&["ROUTE-21"])
                .fix(format!("give {} a route to {}", segment.origin, show(destination))),
            };
            self.steps.push(step.at(&endpoint.origin));
            return Some(End::Lost);
        };
        let via = |what: String| {
            let mut step = Step::pass(Stage::Route, format!("{} → {what}", route.prefix)).rules(route.rules);
            step.span = route.origin.span;
            step
        };
        match &route.hop {
            NextHop::Network { network, refuses_forwarded } => {
                let target = self.plane.networks.get(*network);
                self.steps.push(via(target.origin.to_string()));
                self.peering(segment, refuses_forwarded.as_deref());
                Some(self.deliver_in(*network))
            }
            NextHop::Endpoint(target) => {
                self.steps.push(via(self.plane.endpoints.get(*target).origin.to_string()));
                let home = self.plane.network_of(*target);
                let link = segment.routes.iter().find_map(|r| match &r.hop {
                    NextHop::Network { network, refuses_forwarded } if Some(*network) == home => {
                        refuses_forwarded.as_deref()
                    }
                    _ => None,
                });
                self.peering(segment, link);
                Some(self.deliver(*target))
            }
            NextHop::Gateway(gateway) => {
                let target = &self.plane.endpoints.get(*gateway).origin;
                self.steps.push(via(target.to_string()).at(target));
                let network = self.plane.networks.get(segment.network);
                if let Some(border) = &network.border {
                    self.border(border);
                }
                self.from_inside = !network.beyond_gateway;
                self.emitter = *gateway;
                None
            }
            NextHop::Tunnel(far) => {
                let network = self.plane.networks.get(*far);
                self.steps.push(via(network.origin.to_string()));
                if let Some(border) = &network.border {
                    self.border(border);
                }
                Some(self.deliver_in(*far))
            }
            NextHop::Appliance(address) => self.appliance(*address, route, segment),
            NextHop::Internet => {
                self.steps.push(via("internet".to_owned()));
                self.leave(endpoint, segment)
            }
            NextHop::Drop(reason) => {
                let fix = match reason {
                    Reason::UdrNone => format!("remove the route {} with next hop None", route.origin.name),
                    Reason::GwDown => format!("bring {} up", route.origin),
                    _ => format!("give {} a route to {}", segment.origin, show(destination)),
                };
                self.steps.push(
                    Step::block(Stage::Route, *reason, format!("{} → none: {} drops it", route.prefix, route.origin))
                        .at(&segment.origin)
                        .span(route.origin.span)
                        .rules(route.rules)
                        .fix(fix),
                );
                Some(End::Lost)
            }
        }
    }

    /// Whether the packet's source lies outside the network that now sends it (PEER-07). Gateways are exempt.
    fn forwarded(&self, segment: &Segment) -> bool {
        let emitter = self.plane.endpoints.get(self.emitter);
        let network = self.plane.networks.get(segment.network);
        !matches!(emitter.role, Role::Gateway(_)) && !network.prefixes.iter().any(|p| p.contains(self.packet.source))
    }

    /// The receiving side of a peering may refuse what others forward.
    fn peering(&mut self, segment: &Segment, refusing: Option<&Origin>) {
        if let Some(link) = refusing.filter(|_| self.forwarded(segment)) {
            self.steps.push(
                Step::block(Stage::Route, Reason::PeerFwd, format!("{link} refuses forwarded traffic"))
                    .at(link)
                    .rules(&["PEER-07"])
                    .fix(format!("set allow_forwarded_traffic on {link}")),
            );
        }
    }

    fn border(&mut self, border: &Filter) {
        self.steps.extend(apply(self.plane, border, Stage::Firewall, Direction::Inbound, &self.packet));
    }

    fn deliver_in(&mut self, network: Id<Network>) -> End {
        let destination = self.packet.destination;
        if let Some(owner) = self.plane.owner(network, destination) {
            return self.deliver(owner);
        }
        let network = self.plane.networks.get(network);
        let step = if network.complete {
            Step::block(Stage::Route, Reason::NoHost, format!("nothing in {} owns {destination}", network.origin))
        } else {
            Step::unknown(
                Stage::Route,
                Reason::NoHost,
                format!("nothing declared in {} owns {destination}", network.origin),
            )
        };
        self.steps
            .push(step.at(&network.origin).fix(format!("declare the owner of {destination}, or correct the address")));
        End::Lost
    }

    fn deliver(&mut self, owner: Id<Endpoint>) -> End {
        self.steps.extend(at_endpoint(self.plane, owner, Direction::Inbound, &self.packet));
        self.arrive(owner)
    }

    fn arrive(&self, owner: Id<Endpoint>) -> End {
        End::Delivered(Arrival {
            endpoint: owner,
            packet: self.packet.clone(),
            segment_identity: self.segment_identity,
            egress: self.egress,
            over_internet: self.over_internet,
            devices: self.devices.clone(),
            sender: self.sender,
        })
    }

    fn appliance(&mut self, address: IpAddr, route: &Route, segment: &'a Segment) -> Option<End> {
        let owner = nearby(self.plane, segment, address);
        let Some(owner) = owner else {
            self.steps.push(
                Step::block(
                    Stage::Route,
                    Reason::NextHop,
                    format!("{} → {address}, which nothing nearby owns", route.prefix),
                )
                .span(route.origin.span)
                .rules(&["ROUTE-21", "UDR-02"])
                .fix(format!("correct next_hop_in_ip_address of {}", route.origin)),
            );
            return Some(End::Lost);
        };
        let device = self.plane.endpoints.get(owner);
        let mut step = Step::pass(Stage::Route, format!("{} → {} ({address})", route.prefix, device.origin))
            .at(&device.origin)
            .rules(route.rules);
        step.span = route.origin.span;
        self.steps.push(step);
        match &device.role {
            Role::Firewall(firewall) => return self.firewall(owner, firewall),
            Role::Host(host) if host.forwards => {
                self.steps.extend(at_endpoint(self.plane, owner, Direction::Inbound, &self.packet));
                self.devices.push(owner);
                self.emitter = owner;
                return None;
            }
            Role::Host(_) => self.steps.push(
                Step::block(Stage::Route, Reason::IpForwarding, format!("{} does not forward", device.origin))
                    .at(&device.origin)
                    .rules(&["NVA-01"])
                    .fix(format!("set ip_forwarding_enabled on {}", device.origin)),
            ),
            _ => self.steps.push(
                Step::block(Stage::Route, Reason::NextHop, format!("{} does not forward", device.origin))
                    .at(&device.origin)
                    .rules(&["ROUTE-21"])
                    .fix(format!("correct next_hop_in_ip_address of {}", route.origin)),
            ),
        }
        Some(End::Lost)
    }

    /// Azure Firewall: network rules, application rules, deny; then source translation (FW-02, SNAT-01).
    fn firewall(&mut self, id: Id<Endpoint>, firewall: &Firewall) -> Option<End> {
        let (from, to) = (party(self.plane, self.packet.source), party(self.plane, self.packet.destination));
        let decision = firewall.filter.decide(Direction::Outbound, &self.packet, from, to);
        self.steps.extend(apply(self.plane, &firewall.filter, Stage::Firewall, Direction::Outbound, &self.packet));
        if let Decision::Allow(rule) = decision
            && matches!(rule.names, Names::Application(_))
        {
            return Some(End::Proxied { firewall: id });
        }
        if firewall.keeps_source.contains(self.packet.destination) {
            self.devices.push(id);
        } else if let Some(address) = self.plane.endpoints.get(id).addresses.first() {
            self.packet.source = *address;
            self.sender = id;
            self.devices.clear();
        }
        self.emitter = id;
        None
    }

    /// Out to the internet: outbound rules of a managed network, then an outbound method (NAT-01).
    fn leave(&mut self, endpoint: &'a Endpoint, segment: &'a Segment) -> Option<End> {
        let destination = self.packet.destination;
        let network = self.plane.networks.get(segment.network);
        if !is_public(destination) {
            self.steps.push(
                Step::block(
                    Stage::Route,
                    Reason::NoRoute,
                    format!("{destination} is private and leaves no trace on the internet"),
                )
                .at(&segment.origin)
                .rules(&["ROUTE-05"])
                .fix(format!("give {} a route to {destination}", segment.origin)),
            );
            return Some(End::Lost);
        }
        if let Some(border) = &network.border {
            self.border(border);
        }
        if let Some(egress) = &network.egress {
            let (pass, step) = egress::decide(self.plane, &self.packet, network, egress);
            self.egress = Some(pass);
            self.steps.push(step);
        }
        if self.uses_service_endpoint(segment) {
            return Some(self.across_internet());
        }
        let source = endpoint
            .public_source
            .or(network.breakout.as_ref().map(|b| b.address))
            .or_else(|| matches!(endpoint.role, Role::Firewall(_)).then_some(UNDECLARED_SOURCE));
        match source {
            Some(address) => self.packet.source = address,
            None if segment.default_outbound.0 => {
                if network.egress.is_none() {
                    self.steps.push(
                        Step::assume(Stage::Route, format!("{} leaves by default outbound access", segment.origin))
                            .span(segment.default_outbound.1)
                            .rules(&["NAT-07"]),
                    );
                }
                self.packet.source = UNDECLARED_SOURCE;
            }
            None => self.steps.push(
                Step::block(
                    Stage::Route,
                    Reason::NoEgress,
                    format!("{} has no way out to the internet", segment.origin),
                )
                .at(&segment.origin)
                .span(segment.default_outbound.1)
                .rules(&["NAT-01"])
                .fix(format!("give {} a public address, or route it through a firewall", segment.origin)),
            ),
        }
        self.over_internet = true;
        Some(self.across_internet())
    }

    /// A service endpoint keeps the private source and adds the subnet's identity (SE-02), for traffic that starts
    /// in the subnet (SE-05).
    fn uses_service_endpoint(&mut self, segment: &Segment) -> bool {
        let Some(owner) = self.plane.public_owner(self.packet.destination) else {
            return false;
        };
        let tags = &self.plane.endpoints.get(owner).tags.names;
        let Some((service, span)) = segment.service_endpoints.iter().find(|(s, _)| tags.contains(s)) else {
            return false;
        };
        let id = self.plane.endpoints.get(self.emitter).segment;
        if self.emitter != self.sender {
            return false;
        }
        self.segment_identity = id;
        self.steps.push(
            Step::pass(
                Stage::Route,
                format!("a service endpoint for {service} carries the identity of {}", segment.origin),
            )
            .span(*span)
            .rules(&["SE-01", "SE-02"]),
        );
        true
    }

    fn across_internet(&mut self) -> End {
        let destination = self.packet.destination;
        self.over_internet = true;
        if let Some(owner) = self.plane.public_owner(destination) {
            let endpoint = self.plane.endpoints.get(owner);
            // The platform translates a public address to the private one of its owner before filters see it.
            if let (Some(private), Some(_)) = (endpoint.addresses.first(), endpoint.segment) {
                self.packet.destination = *private;
                if let Role::Frontend { proxy, frontend } = endpoint.role
                    && let Some(front) = self.plane.proxies.get(proxy).frontends.get(frontend)
                {
                    self.packet.destination = front.address;
                }
            }
            let at_listener = matches!(endpoint.role, Role::Frontend { .. });
            if at_listener {
                // The gateway's platform balancer has no rule without a listener, so filters come after (see trace).
                return self.arrive(owner);
            }
            return self.deliver(owner);
        }
        let step = if is_public(destination) {
            Step::unknown(Stage::Route, Reason::NoHost, format!("nobody declares who owns {}", show(destination)))
                .fix("declare it under `public_hosts` with its `ip_address`")
        } else {
            Step::block(
                Stage::Route,
                Reason::NoRoute,
                format!("{destination} is private and cannot be reached over the internet"),
            )
            .rules(&["ROUTE-05"])
        };
        self.steps.push(step);
        End::Lost
    }
}

/// The source of traffic that leaves by an address nobody declared.
const UNDECLARED_SOURCE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(255, 255, 255, 254));
