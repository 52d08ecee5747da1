//! Load balancers: the rule, the healthy members, and one of them (LB-01 to LB-11).

use super::filters::at_endpoint;
use super::step::{Outcome, Stage, Step};
use super::walk::{End, Walk};
use crate::{
    dataplane::{Balancer, BalancerRule, Direction, Endpoint, Id, Match, Origin, Packet, Plane, Regions, Role},
    net::{PLATFORM_ADDRESS, Transport},
    verdict::Reason,
};

/// The rule of a frontend that carries a packet: of a reply, whose port is the client's own, only one for all ports
/// (LB-01, LB-05).
pub(super) fn serving<'b>(balancer: &'b Balancer, packet: &Packet) -> Option<&'b BalancerRule> {
    let serves = |r: &&BalancerRule| r.protocol.matches(packet.transport) && packet.goes_to(&r.ports) == Match::Yes;
    balancer.rules.iter().find(serves)
}

/// Who may get a packet that is handed to an endpoint, and as what: behind a frontend, its members.
pub(super) fn receivers(plane: &Plane, id: Id<Endpoint>, packet: &Packet) -> Vec<(Id<Endpoint>, Packet)> {
    let endpoint = plane.endpoints.get(id);
    let Role::Balancer(balancer) = &endpoint.role else { return vec![(id, packet.clone())] };
    let Some(rule) = serving(balancer, packet) else { return Vec::new() };
    let delivered = endpoint.addresses.contains(&packet.destination);
    let seen = |member: &Id<Endpoint>| {
        let mut seen = packet.clone();
        if delivered {
            rewrite(plane.endpoints.get(*member), rule, &mut seen);
        }
        (*member, seen)
    };
    rule.members.iter().map(seen).collect()
}

/// What a balancer does to a packet for its frontend (LB-02).
fn rewrite(member: &Endpoint, rule: &BalancerRule, packet: &mut Packet) {
    if let Some(address) = member.source_for(packet.destination).filter(|_| !rule.floating) {
        packet.destination = address;
    }
    packet.port = rule.backend_port.unwrap_or(packet.port);
}

/// That a frontend of the Basic SKU is not reached over a global peering, as a next hop neither (PEER-11).
pub(super) fn basic_abroad(balancer: &Balancer, origin: &Origin, crossed: Regions, stage: Stage) -> Option<Step> {
    let text = format!("{origin} is of the Basic SKU and not reached over a global peering");
    let step = match crossed {
        _ if !balancer.basic => return None,
        Regions::Same => return None,
        Regions::Different => Step::block(stage, Reason::PeerGlobalBasic, text),
        Regions::Undeclared => {
            Step::unknown(stage, Reason::PeerGlobalBasic, text + ", and one network declares no location")
        }
    };
    Some(step.at(origin).rules(&["PEER-11"]).fix("use a Standard load balancer"))
}

/// That a frontend has no rule for a packet.
pub(super) fn no_rule(origin: &Origin, packet: &Packet, stage: Stage) -> Step {
    let (transport, port) = (packet.transport, packet.port);
    let (text, fix) = if packet.reply {
        let text = format!("{origin} has no rule for replies, which go to the client's own port");
        (text, "add an HA-ports rule where a frontend is a next hop".to_owned())
    } else {
        let fix = format!("add a rule for {transport}/{port}, or an HA-ports rule where it is a next hop");
        (format!("{origin} has no rule for {transport}/{port}"), fix)
    };
    Step::block(stage, Reason::LbNoRule, text).at(origin).rules(&["LB-01", "LB-05"]).fix(fix)
}

/// The members of a rule that answer their probe, with what makes that doubtful; what is against each, if none does (LB-03,
/// LB-04).
pub(super) fn healthy(
    plane: &Plane,
    origin: &Origin,
    rule: &BalancerRule,
    stage: Stage,
) -> Result<Vec<Member>, Box<Step>> {
    let mut failures = Vec::new();
    let mut healthy = Vec::new();
    for member in &rule.members {
        let found = probe(plane, *member, rule);
        // What may fail may also answer.
        if found.iter().all(|s| matches!(s.outcome, Outcome::Unknown(_))) {
            healthy.push((*member, doubtful(plane, *member, rule, found, stage)));
        } else {
            failures.extend(found);
        }
    }
    if !healthy.is_empty() {
        return Ok(healthy);
    }
    let fix = failures.iter().find_map(|s: &Step| s.fix.clone());
    let step = Step::block(stage, Reason::LbProbe, format!("{origin}: no member of {} is healthy", rule.origin))
        .at(origin)
        .span(rule.origin.span)
        .rules(&["LB-01", "LB-03", "LB-04"]);
    Err(Box::new(step.fix(fix.unwrap_or_else(|| "add a member that answers the probe".to_owned())).inner(failures)))
}

/// A member, and what makes its health doubtful.
type Member = (Id<Endpoint>, Option<Step>);

fn doubtful(plane: &Plane, member: Id<Endpoint>, rule: &BalancerRule, doubts: Vec<Step>, stage: Stage) -> Option<Step> {
    let machine = &plane.endpoints.get(member).origin;
    let fix = doubts.iter().find_map(|s| s.fix.clone()).unwrap_or_else(|| "declare what it meets".to_owned());
    let text = format!("whether {machine} answers the probe of {} is not known", rule.origin);
    let step = Step::unknown(stage, Reason::LbProbe, text).at(machine).span(rule.origin.span);
    (!doubts.is_empty()).then(|| step.rules(&["LB-01", "LB-03"]).fix(fix).inner(doubts))
}

/// Why a member does not answer its probe, or may not; probes come from the platform's address (LB-03).
fn probe(plane: &Plane, member: Id<Endpoint>, rule: &BalancerRule) -> Vec<Step> {
    let machine = plane.endpoints.get(member);
    let Role::Host(host) = &machine.role else { return Vec::new() };
    let Some(destination) = machine.addresses.first().copied() else { return Vec::new() };
    let down = |text: String, fix: String| {
        Step::block(Stage::Balancer, Reason::LbProbe, text).at(&machine.origin).rules(&["LB-03"]).fix(fix)
    };
    if !host.running {
        return vec![down(format!("{} is not running", machine.origin), format!("start {}", machine.origin))];
    }
    // Without a probe, members count as up.
    let Some(probe) = &rule.probe else { return Vec::new() };
    let source = PLATFORM_ADDRESS;
    let packet = Packet { source, destination, transport: Transport::Tcp, port: probe.port, name: None, reply: false };
    let mut steps: Vec<_> = at_endpoint(plane, member, Direction::Inbound, &packet)
        .into_iter()
        .filter(Step::is_blocker)
        .map(|s| s.rules(&["LB-03", "TAG-02"]))
        .collect();
    if !host.listens.serves(Transport::Tcp, probe.port) {
        steps.push(down(
            format!("{} does not answer {} on tcp/{}", machine.origin, probe.origin, probe.port),
            format!("serve tcp/{} there, or probe another port", probe.port),
        ));
    }
    steps
}

impl<'a> Walk<'a> {
    /// What is addressed to a frontend goes to a member, which sees the client's address (LB-02, NSG-12). A private
    /// frontend is reached like an interface, also across peerings and gateways (PEER-15, LB-10).
    pub(super) fn through_balancer(&mut self, front: Id<Endpoint>, balancer: &'a Balancer) -> Option<End> {
        let origin = &self.plane.endpoints.get(front).origin;
        self.steps.extend(basic_abroad(balancer, origin, self.crossed, Stage::Balancer));
        let Some((member, rule)) = self.pick(front, balancer) else { return Some(End::Lost) };
        let machine = self.plane.endpoints.get(member);
        self.fronted = Some((self.packet.destination, self.packet.port));
        rewrite(machine, rule, &mut self.packet);
        self.steps.push(
            Step::pass(Stage::Balancer, format!("{origin} → {} by {}", machine.origin, rule.origin))
                .at(origin)
                .span(rule.origin.span)
                .rules(&["LB-01", "LB-02", "LB-11"]),
        );
        if machine.addresses.contains(&self.packet.source) {
            self.steps.push(
                Step::block(
                    Stage::Balancer,
                    Reason::LbHairpin,
                    format!("{origin} sends the flow of {} back to itself", machine.origin),
                )
                .at(origin)
                .rules(&["LB-06"])
                .fix("let members call each other directly, or through a proxy"),
            );
        }
        // What a firewall translated to a private frontend did not come unasked.
        if self.plane.endpoints.get(front).segment.is_none() && !balancer.basic {
            self.closed_by_default(member);
        }
        self.steps.extend(at_endpoint(self.plane, member, Direction::Inbound, &self.packet));
        Some(self.arrive(member))
    }

    /// The rule of a frontend and one of its healthy members.
    pub(super) fn pick(
        &mut self,
        front: Id<Endpoint>,
        balancer: &'a Balancer,
    ) -> Option<(Id<Endpoint>, &'a BalancerRule)> {
        let origin = &self.plane.endpoints.get(front).origin;
        let Some(rule) = serving(balancer, &self.packet) else {
            self.steps.push(no_rule(origin, &self.packet, Stage::Balancer));
            return None;
        };
        let healthy = match healthy(self.plane, origin, rule, Stage::Balancer) {
            Ok(members) => members,
            Err(step) => {
                self.steps.push(*step);
                return None;
            }
        };
        let names =
            |i: usize| healthy.get(i).map_or(String::new(), |(m, _)| self.plane.endpoints.get(*m).origin.to_string());
        let (member, doubt) = healthy.get(self.context.forks.pick(healthy.len(), names)).cloned()?;
        self.steps.extend(doubt);
        self.balanced.push((front, member));
        Some((member, rule))
    }

    /// A Standard public address is closed to what comes unasked, unless a filter says otherwise (NSG-03, LB-08).
    pub(super) fn closed_by_default(&mut self, id: Id<Endpoint>) {
        let endpoint = self.plane.endpoints.get(id);
        let segment = endpoint.segment.map(|s| self.plane.segments.get(s));
        if endpoint.filter.is_some() || segment.is_some_and(|s| s.filter.is_some()) {
            return;
        }
        self.steps.push(
            Step::block(
                Stage::Filter,
                Reason::NoInbound,
                format!("no security group at {} admits what comes from the internet", endpoint.origin),
            )
            .at(&endpoint.origin)
            .rules(&["NSG-03", "LB-08"])
            .fix(format!("attach a security group with an inbound allow to {}", endpoint.origin)),
        );
    }
}
