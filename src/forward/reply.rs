//! The way back: from the endpoint that was reached to the source it saw (EVAL-02, ASYM-01).

use super::balance::{basic_abroad, healthy, no_rule, serving};
use super::context::Context;
use super::devices::{closed_way_out, perhaps_frontend, refusal, unknown_way_out, way_out};
use super::exit::served;
use super::filters::{apply, at_endpoint, unresolved};
use super::filters::{is_grouped, show};
use super::peering::{closed, link_to, undeclared_region};
use super::step::{Stage, Step};
use super::{
    routes::{Found, discarded, dropped, in_hub, lookup, nearby, table, winner},
    walk::{Arrival, Leg},
};
use crate::{
    dataplane::{
        Balancer, Direction, Endpoint, Host, Id, Link, NextHop, Origin, Packet, Plane, Regions, Role, Segment,
        Translates,
    },
    net::{Transport, is_public},
    verdict::Reason,
};
use std::{collections::BTreeSet, net::IpAddr};

/// Enough for every real way back.
const MAX_HOPS: usize = 32;

struct Back<'a> {
    context: &'a Context<'a>,
    plane: &'a Plane,
    /// Who answers, or passes the answer on.
    origin: Id<Endpoint>,
    /// The answer.
    reply: Packet,
    /// Stateful devices on the way there.
    there: Vec<Id<Endpoint>>,
    /// Interfaces that the request passed.
    passed: &'a [Id<Endpoint>],
    /// Balancers on the way there with the member each picked.
    balanced: &'a [(Id<Endpoint>, Id<Endpoint>)],
    /// Whether the request came over the internet, which then has to take the answer.
    over_internet: bool,
    source: IpAddr,
    /// Who sent the request, and must get the answer.
    sender: Id<Endpoint>,
    emitter: Id<Endpoint>,
    segment: &'a Segment,
    /// The route by which the answer left its origin.
    first: Option<&'a Origin>,
    /// Stateful devices on the way back.
    devices: Vec<Id<Endpoint>>,
    from_inside: bool,
    /// What objects on the way.
    steps: Vec<Step>,
    /// What led and passed the answer on.
    met: BTreeSet<&'a str>,
}

/// Where a reply stands after a hop.
enum Hop {
    On,
    /// With whoever has its address there.
    Home(Option<Id<Endpoint>>),
    /// It ends here.
    Lost(Box<Step>),
}

/// Walks back. Replies are not filtered where state holds the connection (NSG-07, FW-12); stateful devices must have
/// seen the first packet.
pub(super) fn walk_back(context: &Context<'_>, from: Id<Endpoint>, arrival: &Arrival, sent: &Packet) -> Vec<Step> {
    let plane = context.plane;
    let reached = plane.endpoints.get(arrival.endpoint);
    let source = arrival.packet.source;
    // A public service answers the address it saw, which leads back by itself.
    let Some(segment) = reached.segment else {
        return Vec::new();
    };
    let outsider = plane.endpoints.get(from).segment.is_none();
    if let (Role::Frontend { .. }, true) = (&reached.role, arrival.over_internet && outsider) {
        return Vec::new();
    }
    // What a machine sends to itself needs no way.
    if arrival.endpoint == arrival.sender {
        return Vec::new();
    }
    if reached.addresses.contains(&source) {
        return vec![in_its_place(plane, source, arrival.endpoint, arrival.sender)];
    }
    let mut back = Back {
        context,
        plane,
        origin: arrival.endpoint,
        reply: answer(source, arrival.answers_as, &arrival.packet),
        there: arrival.devices.clone(),
        passed: &arrival.passed,
        balanced: &arrival.balanced,
        over_internet: arrival.over_internet,
        source,
        sender: arrival.sender,
        emitter: arrival.endpoint,
        segment: plane.segments.get(segment),
        first: None,
        devices: Vec::new(),
        from_inside: true,
        steps: Vec::new(),
        met: BTreeSet::new(),
    };
    back.secondary_interface(reached);
    back.run(sent);
    back.steps
}

/// From a translator on, back over the stretch before it (ASYM-02).
pub(super) fn walk_leg_back(context: &Context<'_>, leg: &Leg, sent: &Packet) -> Vec<Step> {
    let plane = context.plane;
    let translator = plane.endpoints.get(leg.translator);
    let Some(segment) = translator.segment else { return Vec::new() };
    let mut back = Back {
        context,
        plane,
        origin: leg.translator,
        reply: answer(leg.source, leg.answers_as, sent),
        there: leg.devices.clone(),
        passed: &leg.passed,
        balanced: &leg.balanced,
        over_internet: false,
        source: leg.source,
        sender: leg.sender,
        emitter: leg.translator,
        segment: plane.segments.get(segment),
        first: None,
        devices: Vec::new(),
        from_inside: true,
        steps: Vec::new(),
        met: BTreeSet::new(),
    };
    back.run(sent);
    back.steps
}

/// The answer to a packet, from what it was sent to.
fn answer(to: IpAddr, (source, port): (IpAddr, u16), sent: &Packet) -> Packet {
    Packet { source, destination: to, transport: sent.transport, port, name: None, reply: true }
}

impl<'a> Back<'a> {
    fn run(&mut self, sent: &Packet) {
        let mut seen = BTreeSet::new();
        for _ in 0..MAX_HOPS {
            if !seen.insert((self.emitter, self.from_inside)) {
                break;
            }
            match self.hop() {
                Hop::On => {}
                Hop::Home(owner) => {
                    let closing = self.finish(owner, sent);
                    return self.close(closing);
                }
                Hop::Lost(step) => return self.close(*step),
            }
        }
        let emitter = &self.plane.endpoints.get(self.emitter).origin;
        let text = format!("the reply to {} passes {emitter} twice", show(self.source));
        let step = Step::block(Stage::Return, Reason::RouteLoop, text)
            .at(emitter)
            .rules(&["EVAL-02", "EVAL-07", "UDR-13"])
            .fix("break the circle of next hops in the route tables on the way back");
        self.close(step);
    }

    /// The last step rests on the whole way, since nothing else is told of it.
    fn close(&mut self, mut step: Step) {
        step.rests_on.extend(self.met.iter().map(|name| (*name).to_owned()));
        self.steps.push(step);
    }

    /// Replies of a secondary interface to other subnets depend on routes inside the guest (ADDR-09).
    fn secondary_interface(&mut self, reached: &Endpoint) {
        let Role::Host(host) = &reached.role else { return };
        if !host.replies_unknown || self.segment.prefixes.iter().any(|p| p.contains(self.source)) {
            return;
        }
        let text = format!("whether {} answers other subnets on this interface depends on its guest", reached.origin);
        self.steps.push(
            Step::unknown(Stage::Return, Reason::MultiNic, text)
                .at(&reached.origin)
                .rules(&["ADDR-09"])
                .fix("declare `guest_routes_enabled`"),
        );
    }

    fn hop(&mut self) -> Hop {
        let here = self.plane.endpoints.get(self.emitter);
        self.met.insert(&here.origin.name);
        // What outranks routes on the way out does so on the way back; nobody says what a service makes of it (ROUTE-15).
        if let Some((endpoint, _)) = served(self.plane, self.segment, self.source) {
            let text =
                format!("whether a reply to {} takes the service endpoint for {}", show(self.source), endpoint.tag);
            let step = Step::unknown(Stage::Return, Reason::NotModelled, text + " is not documented");
            let step = step.at(&self.segment.origin).span(endpoint.span).rules(&["ROUTE-15", "EVAL-02"]);
            return Hop::Lost(Box::new(step.fix("remove the service endpoint, or call from another address")));
        }
        let routes = table(here, self.segment, self.from_inside, self.source);
        let found = match winner(self.plane, self.segment, routes, self.source) {
            Ok(found) => found,
            Err(step) => return Hop::Lost(Box::new(Step { stage: Stage::Return, ..*step }.rules(&["EVAL-02"]))),
        };
        let Some(found) = found else { return self.nowhere() };
        self.first.get_or_insert(found.origin);
        let assumed = discarded(self.segment, &found, self.source);
        self.steps.extend(assumed.map(|step| Step { stage: Stage::Return, ..step }));
        self.follow(&found)
    }

    /// Nothing leads back from here; something that is down or half declared may be the reason.
    fn nowhere(&self) -> Hop {
        let (at, source) = (&self.segment.origin, self.source);
        let absent = lookup(&self.segment.absent_routes, source).and_then(|r| match r.hop {
            NextHop::Drop(reason) => Some((reason, r)),
            _ => None,
        });
        let source = show(source);
        let text = format!("{at} has no way back to {source}");
        let step = match absent {
            Some((reason, route)) => {
                Step::block(Stage::Return, reason, format!("{text}: {} would lead there", route.origin))
                    .span(route.origin.span)
                    .rules(route.rules)
            }
            None => Step::block(Stage::Return, Reason::NoRoute, text),
        };
        let fix = format!("give {at} a route to {source}");
        Hop::Lost(Box::new(step.at(at).rules(&["EVAL-02", "ROUTE-21"]).fix(fix)))
    }

    fn follow(&mut self, route: &Found<'a>) -> Hop {
        self.met.insert(&route.origin.name);
        match route.hop {
            NextHop::Network { network, link } => {
                let owner = self.plane.owner(*network, self.source);
                if let Some(step) = link.as_deref().and_then(|l| self.cross(l, self.source, owner)) {
                    return Hop::Lost(Box::new(step));
                }
                Hop::Home(owner)
            }
            NextHop::Tunnel(network) => Hop::Home(self.plane.owner(*network, self.source)),
            NextHop::Endpoint(owner) => Hop::Home(Some(*owner)),
            NextHop::Gateway(gateway) => {
                let network = self.plane.networks.get(self.segment.network);
                let role = &self.plane.endpoints.get(self.emitter).role;
                let tunnelled = matches!(role, Role::Gateway(_)) && self.from_inside;
                self.from_inside = !network.beyond_gateway && !tunnelled;
                self.unsupported(*gateway);
                self.emit(*gateway)
            }
            NextHop::Router(router) => self.emit(*router),
            NextHop::Appliance(address) => self.appliance(*address, route),
            NextHop::OneOf(routes) => {
                let label = |i: usize| format!("back by {}", routes.get(i).map_or(String::new(), |r| hop_name(&r.hop)));
                match routes.get(self.context.forks.pick(routes.len(), label)) {
                    Some(route) => self.follow(&Found::of(route)),
                    None => self.nowhere(),
                }
            }
            NextHop::Unknown(reason) | NextHop::Unsupported(reason) => {
                let (at, to) = (&self.segment.origin, show(self.source));
                let text = format!("where {} leads replies to {to} ", route.origin);
                let step = if matches!(route.hop, NextHop::Unknown(_)) {
                    Step::unknown(Stage::Return, *reason, text + "is not documented")
                } else {
                    Step::unsupported(Stage::Return, *reason, text + "is not supported")
                };
                let step = step.at(at).span(route.origin.span).rules(route.rules).rules(&["EVAL-02"]);
                Hop::Lost(Box::new(step.fix(format!("give {at} another route to {to}"))))
            }
            NextHop::Internet => self.to_internet(route),
            NextHop::Drop(Reason::NoRoute) => self.nowhere(),
            NextHop::Drop(reason) => {
                let (text, fix) = dropped(*reason, route, self.segment, self.source);
                let text = format!("no way back to {}: {text}", show(self.source));
                let step = Step::block(Stage::Return, *reason, text);
                let step = step.at(&self.segment.origin).span(route.origin.span).rules(route.rules);
                Hop::Lost(Box::new(step.rules(&["EVAL-02"]).fix(fix)))
            }
        }
    }

    /// Out to the internet: what came from there goes back by the address it came to, if the interface that has it sends
    /// the reply. A public range in private use is not there (ADDR-01), and what a device passes on untranslated leads
    /// nowhere (NVA-04).
    fn to_internet(&self, route: &Found<'_>) -> Hop {
        let source = self.source;
        if !self.over_internet || !is_public(source) {
            return self.nowhere();
        }
        if self.emitter == self.origin || self.devices.iter().any(|d| !self.there.contains(d)) {
            return Hop::Home(Some(self.sender));
        }
        let emitter = &self.plane.endpoints.get(self.emitter).origin;
        let answers = show(self.reply.source);
        let step = Step::block(
            Stage::Return,
            Reason::NoEgress,
            format!("{emitter} sends the reply of {answers} to the internet untranslated"),
        );
        let step = step.at(emitter).span(route.origin.span).rules(&["ASYM-03", "NVA-04"]);
        Hop::Lost(Box::new(step.fix("bring the traffic in through that device, or lead the replies past it")))
    }

    /// A next hop that cannot be used (UDR-02, UDR-03).
    fn useless(&self, route: &Found<'_>, what: String) -> Hop {
        let text = format!("the way back to {} leads to {what}", show(self.source));
        let step = Step::block(Stage::Return, Reason::NextHop, text).at(&self.segment.origin).span(route.origin.span);
        let step = step.rules(&["EVAL-02", "ROUTE-21", "UDR-02"]);
        Hop::Lost(Box::new(step.fix(format!("correct next_hop_in_ip_address of {}", route.origin))))
    }

    /// What a peering makes of a reply to an address beyond it. A subnet peering drops packets from or for a subnet that it
    /// does not join, replies like everything else (PEER-14, A-19); one that is closed is asked as on the way there
    /// (PEER-06). Whether forwarded traffic is refused concerns first packets only.
    fn cross(&mut self, link: &Link, next: IpAddr, taker: Option<Id<Endpoint>>) -> Option<Step> {
        let mentioned = [Some(self.emitter), taker].into_iter().flatten().any(|id| is_grouped(self.plane, id));
        self.steps.extend(undeclared_region(link, Stage::Return));
        self.steps.extend(self.forwarded(link));
        let closed = closed(self.plane, link, mentioned, Stage::Return);
        let Some((only, outside)) = link.only.as_ref().and_then(|o| Some((o, o.outsider(self.segment, next)?))) else {
            self.steps.extend(closed);
            return None;
        };
        let text = format!("{} does not join {outside}, which the reply to {} needs", only.origin, self.source);
        let apart = Step::block(Stage::Return, Reason::PeerSubnet, text)
            .at(&only.origin)
            .rules(&["PEER-14", "A-19", "EVAL-02"])
            .fix(format!("add the subnet of {outside} to {}", only.origin));
        // What is not joined has no way at all; whether the tag holds it comes after.
        let Some(closed) = closed else { return Some(apart) };
        self.steps.push(apart);
        Some(closed)
    }

    /// That a link which refuses forwarded traffic takes a reply from beyond the network that sends it, by assumption
    /// (PEER-07, A-05).
    fn forwarded(&self, link: &Link) -> Option<Step> {
        let refusing = link.refuses_forwarded.as_ref()?;
        let network = self.plane.networks.get(self.segment.network);
        let exempt = matches!(self.plane.endpoints.get(self.emitter).role, Role::Gateway(_) | Role::Router);
        if exempt || network.prefixes.iter().any(|p| p.contains(self.reply.source)) {
            return None;
        }
        let text = format!("{refusing} refuses forwarded traffic; that replies pass is assumption A-05");
        Some(Step::assume(Stage::Return, text).at(refusing).rules(&["PEER-07", "A-05"]))
    }

    /// What the platform does not support about a thing that the reply passes.
    fn unsupported(&mut self, id: Id<Endpoint>) {
        for condition in &self.plane.endpoints.get(id).unsupported {
            let step = Step::unsupported(Stage::Return, condition.reason, &condition.text).at(&condition.origin);
            self.steps.push(step.rules(condition.rules).fix(&condition.fix));
        }
    }

    /// The owner of an address that a route names. In a peered network it is reached over the peering, which asks what it
    /// asks of every packet.
    fn appliance(&mut self, address: IpAddr, route: &Found<'a>) -> Hop {
        // A device is reached within one family (UDR-02).
        let same_family = address.is_ipv4() == self.source.is_ipv4();
        let Some(id) = nearby(self.plane, self.segment, address).filter(|_| same_family) else {
            let perhaps = perhaps_frontend(self.plane, address, Stage::Return);
            return perhaps.map_or_else(
                || self.useless(route, format!("{address}, which nothing nearby owns")),
                |step| Hop::Lost(Box::new(step)),
            );
        };
        self.steps.extend(in_hub(self.plane, self.segment, id, Stage::Return));
        if let Some(link) = link_to(self.plane, self.segment, id)
            && let Some(step) = self.cross(link, address, Some(id))
        {
            return Hop::Lost(Box::new(step));
        }
        self.unsupported(id);
        self.device(id, route)
    }

    /// A device that a route names. A balancer sends a reply to the member that the request passed (NVA-05).
    fn device(&mut self, id: Id<Endpoint>, route: &Found<'a>) -> Hop {
        let endpoint = self.plane.endpoints.get(id);
        self.met.insert(&endpoint.origin.name);
        // The next hop may be whom the reply is for: a device that translated the source.
        if endpoint.addresses.contains(&self.source) {
            return Hop::Home(Some(id));
        }
        match &endpoint.role {
            Role::Firewall(_) => {
                self.devices.push(id);
                self.emit(id)
            }
            Role::Host(host) => self.forwarder(id, host),
            Role::Balancer(balancer) => match self.member(id, balancer) {
                Ok(member) => self.device(member, route),
                Err(step) => Hop::Lost(step),
            },
            _ => self.useless(route, format!("{}, which does not forward", endpoint.origin)),
        }
    }

    /// The member of a balancer that a reply goes to. To one that did not see the request it is a new flow (LB-04).
    fn member(&mut self, id: Id<Endpoint>, balancer: &'a Balancer) -> Result<Id<Endpoint>, Box<Step>> {
        let origin = &self.plane.endpoints.get(id).origin;
        let crossed = link_to(self.plane, self.segment, id).map_or(Regions::Same, |l| l.regions);
        self.steps.extend(basic_abroad(balancer, origin, crossed, Stage::Return));
        let Some(rule) = serving(balancer, &self.reply) else {
            return Err(Box::new(no_rule(origin, &self.reply, Stage::Return).rules(&["EVAL-02"])));
        };
        if let Some((_, member)) = self.balanced.iter().find(|(front, _)| *front == id) {
            return Ok(*member);
        }
        let members = healthy(self.plane, origin, rule, Stage::Return)?;
        let label = |i: usize| {
            let name = members.get(i).map(|(m, _)| self.plane.endpoints.get(*m).origin.to_string());
            format!("back by {}", name.unwrap_or_default())
        };
        let picked = members.get(self.context.forks.pick(members.len(), label)).cloned();
        let (member, doubt) =
            picked.filter(|(m, _)| *m != id).ok_or_else(|| Box::new(no_rule(origin, &self.reply, Stage::Return)))?;
        self.steps.extend(doubt);
        Ok(member)
    }

    /// A machine that passes the reply on. One without state takes it for any other packet: by its own rules, and with its
    /// translation; and so do the filters at an interface that did not see the request (NSG-07, NVA-04).
    fn forwarder(&mut self, id: Id<Endpoint>, host: &'a Host) -> Hop {
        let device = self.plane.endpoints.get(id);
        let out = way_out(self.plane, id, self.source);
        let stateless = host.forwarding.stateless;
        self.filters(id, Direction::Inbound);
        if let Some(step) = refusal(device, host).or_else(|| closed_way_out(self.plane, id, out)) {
            let step = Step { stage: Stage::Return, ..step };
            return Hop::Lost(Box::new(step.rules(&["EVAL-02"])));
        }
        let unknown = unknown_way_out(device, host).filter(|_| out == id && !self.passed.contains(&id));
        self.steps.extend(unknown.map(|step| Step { stage: Stage::Return, ..step }));
        if let Some(filter) = host.forwarding.filter.as_ref().filter(|_| stateless) {
            let steps = apply(self.plane, filter, Stage::Return, Direction::Outbound, &self.reply, &unresolved);
            self.steps.extend(steps.into_iter().filter(Step::is_blocker));
        }
        let translates = match host.forwarding.translates {
            Translates::Never => false,
            Translates::Internet => is_public(self.source),
            Translates::Always => true,
        };
        if stateless && translates {
            let text = format!("{} replaces the source of the reply, which {} never asked", device.origin, self.source);
            let step = Step::block(Stage::Return, Reason::Asym, text).at(&device.origin);
            self.steps.push(
                step.rules(&["ASYM-01", "NVA-04"])
                    .fix(format!("route both directions through {}, or neither", device.origin)),
            );
        }
        if !stateless {
            self.devices.push(self.plane.machine(id));
        }
        self.filters(out, Direction::Outbound);
        self.emit(out)
    }

    /// Filters at an interface that does not know the connection. A stateful machine that does not know it either drops the
    /// reply by itself (ASYM-01).
    fn filters(&mut self, id: Id<Endpoint>, direction: Direction) {
        let stateful = matches!(&self.plane.endpoints.get(id).role, Role::Host(h) if !h.forwarding.stateless);
        let dropped = stateful && !self.there.contains(&self.plane.machine(id));
        if !dropped && !self.passed.contains(&id) {
            let steps = at_endpoint(self.plane, id, direction, &self.reply).into_iter().filter(Step::is_blocker);
            self.steps.extend(steps.map(|step| Step { stage: Stage::Return, ..step }.rules(&["NSG-07", "EVAL-02"])));
        }
    }

    fn emit(&mut self, next: Id<Endpoint>) -> Hop {
        let Some(segment) = self.plane.endpoints.get(next).segment else { return self.nowhere() };
        self.emitter = next;
        self.segment = self.plane.segments.get(segment);
        Hop::On
    }

    /// Whether each stateful device saw both directions: one-sided steering, a learned route beside a default, shared
    /// services that answer directly, public balancers before machines with a default to a firewall (ASYM-01, ASYM-03 to
    /// ASYM-06, LB-07). Security groups are no such devices: an interface sees both directions (ASYM-05, ASYM-06,
    /// ASYM-08).
    fn finish(&self, owner: Option<Id<Endpoint>>, sent: &Packet) -> Step {
        let reached = self.plane.endpoints.get(self.origin);
        let source = show(self.source);
        if owner != Some(self.sender) {
            return self.astray(owner);
        }
        let devices = &self.devices;
        let mut there = self.there.clone();
        there.reverse();
        if there == *devices {
            return Step::pass(Stage::Return, format!("replies reach {source}")).rules(&["EVAL-02"]);
        }
        let one_sided = |d: &&Id<Endpoint>| !(devices.contains(d) && there.contains(d));
        let odd: Vec<_> =
            devices.iter().chain(&there).filter(one_sided).map(|d| self.plane.endpoints.get(*d)).collect();
        let device = odd.first().map_or(&reached.origin, |d| &d.origin);
        let text = format!("{device} sees only one direction of {} → {}", show(sent.source), show(sent.destination));
        // Without a connection there is no state to miss, unless the device never saw the request.
        let saw_request = devices.iter().all(|d| there.contains(d));
        let lifted = saw_request && odd.iter().all(|d| is_symmetric(d));
        let advised = saw_request && !self.plane.assumptions.one_sided_endpoints_block;
        if matches!(reached.role, Role::PrivateEndpoint(_)) && (lifted || advised) {
            return if lifted {
                let text = format!("replies of the private endpoint come back through {device}");
                Step::pass(Stage::Return, text).at(device).rules(&["PE-31"])
            } else {
                let text = format!("{text}; source translation there is advised for private endpoints");
                Step::assume(Stage::Return, text).at(device).rules(&["ASYM-07", "PE-31", "A-7"])
            };
        }
        if sent.transport != Transport::Tcp && saw_request {
            let text = format!("{text}; {} passes a device that sees requests only", sent.transport);
            return Step::assume(Stage::Return, text).at(device).rules(&["ASYM-01", "A-06"]);
        }
        Step::block(Stage::Return, Reason::Asym, text)
            .at(device)
            .rules(&["ASYM-01", "ASYM-03", "ASYM-04"])
            .fix(format!("route both directions through {device}, or neither; or translate the source there"))
    }

    /// The reply ends where nobody has its address, or somebody else does. To a client on the internet, its route led it
    /// elsewhere (ASYM-03, ROUTE-19).
    fn astray(&self, owner: Option<Id<Endpoint>>) -> Step {
        let (source, at) = (show(self.source), &self.plane.endpoints.get(self.origin).origin);
        if let Some(route) = self.first.filter(|_| self.over_internet && is_public(self.source)) {
            let text = format!("{route} leads the reply to {source} away from the internet, by which it was asked");
            let step = Step::block(Stage::Return, Reason::Asym, text).at(at).span(route.span);
            return step.rules(&["ASYM-03", "ROUTE-19"]).fix(format!(
                "bring the traffic in the way that {route} leads out, or give its subnet a route to {source} to the \
                 internet"
            ));
        }
        if let Some(owner) = owner {
            return in_its_place(self.plane, self.source, owner, self.sender);
        }
        let text = format!("the way back to {source} ends where nothing owns that address");
        let step = Step::block(Stage::Return, Reason::NoRoute, text).at(at).rules(&["EVAL-02"]);
        step.fix(format!("give {} a route to {source}", self.segment.origin))
    }
}

/// That the owner of the same address elsewhere gets the reply to a sender (ADDR-07).
fn in_its_place(plane: &Plane, source: IpAddr, owner: Id<Endpoint>, sender: Id<Endpoint>) -> Step {
    let (owner, sender) = (&plane.endpoints.get(owner).origin, &plane.endpoints.get(sender).origin);
    let text = format!("the reply to {} goes to {owner}, not to {sender}: both have that address", show(source));
    let step = Step::block(Stage::Return, Reason::Overlap, text).at(owner).rules(&["ADDR-07", "EVAL-02"]);
    step.fix(format!("give {sender} an address of its own, or translate its source on the way"))
}

/// An appliance whose tag lifts the need for translation before private endpoints (PE-31).
fn is_symmetric(device: &Endpoint) -> bool {
    matches!(&device.role, Role::Host(host) if host.forwarding.symmetric_private_link)
}

fn hop_name(hop: &NextHop) -> String {
    match hop {
        NextHop::Appliance(address) => address.to_string(),
        _ => "the other route".to_owned(),
    }
}
