//! Load balancers: the rule, the healthy members, and one of them (LB-01 to LB-11).

use super::filters::at_endpoint;
use super::step::{Outcome, Stage, Step};
use super::walk::{End, Walk};
use crate::{
    dataplane::{Balancer, BalancerRule, Direction, Endpoint, Id, Packet, Role},
    net::{PLATFORM_ADDRESS, Transport},
    verdict::Reason,
};

impl<'a> Walk<'a> {
    /// What is addressed to a frontend goes to a member, which sees the client's address (LB-02, NSG-12). A private
    /// frontend is reached like an interface, also across peerings and gateways (PEER-15, LB-10).
    pub(super) fn through_balancer(&mut self, front: Id<Endpoint>, balancer: &'a Balancer) -> Option<End> {
        let origin = &self.plane.endpoints.get(front).origin;
        if balancer.basic && self.crossed_regions {
            self.steps.push(
                Step::block(
                    Stage::Balancer,
                    Reason::PeerGlobalBasic,
                    format!("{origin} is of the Basic SKU and not reached over a global peering"),
                )
                .at(origin)
                .rules(&["PEER-11"])
                .fix("use a Standard load balancer"),
            );
        }
        let Some((member, rule)) = self.pick(front, balancer) else { return Some(End::Lost) };
        let machine = self.plane.endpoints.get(member);
        if let Some(address) = machine.source_for(self.packet.destination).filter(|_| !rule.floating) {
            self.packet.destination = address;
        }
        self.packet.port = rule.backend_port.unwrap_or(self.packet.port);
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
        let (transport, port) = (self.packet.transport, self.packet.port);
        let serves = |r: &&BalancerRule| {
            r.protocol.matches(transport) && (transport == Transport::Icmp || r.ports.contains(port))
        };
        let Some(rule) = balancer.rules.iter().find(serves) else {
            self.steps.push(
                Step::block(Stage::Balancer, Reason::LbNoRule, format!("{origin} has no rule for {transport}/{port}"))
                    .at(origin)
                    .rules(&["LB-01", "LB-05"])
                    .fix(format!("add a rule for {transport}/{port}, or an HA-ports rule where it is a next hop")),
            );
            return None;
        };
        let mut failures = Vec::new();
        let mut healthy = Vec::new();
        for member in &rule.members {
            let found = self.probe(*member, rule);
            // What may fail may also answer.
            if found.iter().all(|s| matches!(s.outcome, Outcome::Unknown(_))) {
                healthy.push((*member, found));
            } else {
                failures.extend(found);
            }
        }
        let names =
            |i: usize| healthy.get(i).map_or(String::new(), |(m, _)| self.plane.endpoints.get(*m).origin.to_string());
        let Some((member, doubts)) = healthy.get(self.context.forks.pick(healthy.len(), names)).cloned() else {
            let fix = failures.iter().find_map(|s: &Step| s.fix.clone());
            self.steps.push(
                Step::block(
                    Stage::Balancer,
                    Reason::LbProbe,
                    format!("{origin}: no member of {} is healthy", rule.origin),
                )
                .at(origin)
                .span(rule.origin.span)
                .rules(&["LB-01", "LB-03", "LB-04"])
                .fix(fix.unwrap_or_else(|| "add a member that answers the probe".to_owned()))
                .inner(failures),
            );
            return None;
        };
        if !doubts.is_empty() {
            let machine = &self.plane.endpoints.get(member).origin;
            let fix = doubts.iter().find_map(|s| s.fix.clone()).unwrap_or_else(|| "declare what it meets".to_owned());
            let text = format!("whether {machine} answers the probe of {} is not known", rule.origin);
            self.steps.push(
                Step::unknown(Stage::Balancer, Reason::LbProbe, text)
                    .at(machine)
                    .span(rule.origin.span)
                    .rules(&["LB-01", "LB-03"])
                    .fix(fix)
                    .inner(doubts),
            );
        }
        self.balanced.push((front, member));
        Some((member, rule))
    }

    /// Why a member does not answer its probe, or may not; probes come from the platform's address (LB-03).
    fn probe(&self, member: Id<Endpoint>, rule: &BalancerRule) -> Vec<Step> {
        let machine = self.plane.endpoints.get(member);
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
        let packet =
            Packet { source: PLATFORM_ADDRESS, destination, transport: Transport::Tcp, port: probe.port, name: None };
        let mut steps: Vec<_> = at_endpoint(self.plane, member, Direction::Inbound, &packet)
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
