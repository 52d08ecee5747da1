//! The way out: outbound rules of a managed network, outbound methods, service endpoints, and arrival over the internet.

use super::egress;
use super::filters::{party, show, unresolved};
use super::step::{Stage, Step};
use super::{
    routes::{again, lookup},
    walk::{End, Walk},
};
use crate::{
    dataplane::{
        Direction, Endpoint, Id, Match, Matcher, Network, NextHop, Origin, Plane, Reach, Role, Segment, ServiceEndpoint,
    },
    net::{Transport, UNDECLARED_SOURCE, is_public},
    verdict::Reason,
};
use std::net::IpAddr;

/// The service endpoint of a segment that serves a public address, and what its region says (SE-01, SE-06).
pub(super) fn served<'s>(
    plane: &Plane,
    segment: &'s Segment,
    destination: IpAddr,
) -> Option<(&'s ServiceEndpoint, Option<Step>)> {
    if segment.service_endpoints.is_empty() || !is_public(destination) {
        return None;
    }
    let to = party(plane, destination);
    let region = to.tags.and_then(|t| t.region.as_deref());
    let here = plane.networks.get(segment.network).region.as_deref();
    for endpoint in &segment.service_endpoints {
        let matcher = Matcher { tags: vec![endpoint.tag.clone()], ..Matcher::default() };
        if matcher.matches(to) != Match::Yes {
            continue;
        }
        // Another region, where that matters (SE-06).
        let elsewhere = matches!((region, here), (Some(a), Some(b)) if a != b);
        let step = match endpoint.reach {
            _ if !elsewhere => None,
            Reach::Own => continue,
            Reach::Paired(pair) if region != Some(pair) => continue,
            Reach::Paired(_) => {
                let text = format!("the service endpoint for {} also serves the paired region", endpoint.tag);
                Some(Step::pass(Stage::Route, text))
            }
            Reach::PairUnknown => {
                let text = format!("whether {} is paired with {} is not known", show_region(here), show_region(region));
                let step = Step::unknown(Stage::Route, Reason::NotModelled, text);
                Some(step.fix("use Microsoft.Storage.Global, or a private endpoint"))
            }
            Reach::Any => None,
        };
        return Some((endpoint, step.map(|s| s.span(endpoint.span).rules(&["SE-06"]))));
    }
    None
}

fn show_region(region: Option<&str>) -> &str {
    region.unwrap_or("an undeclared region")
}

impl<'a> Walk<'a> {
    /// Out to the internet: outbound rules of a managed network, then an outbound method (NAT-01).
    pub(super) fn leave(&mut self, endpoint: &'a Endpoint, segment: &'a Segment) -> Option<End> {
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
                .fix(again(format!("give {} a route to {destination}", segment.origin))),
            );
            return Some(End::Lost);
        }
        if let Some(border) = &network.border {
            self.steps.extend(super::filters::apply(
                self.plane,
                border,
                Stage::Firewall,
                Direction::Inbound,
                &self.packet,
                &unresolved,
            ));
        }
        if let Some(egress) = &network.egress {
            let (pass, step) = egress::decide(self.plane, &self.packet, network, egress);
            self.egress = Some(pass);
            self.steps.push(step);
        }
        match self.outbound_method(endpoint, segment, network) {
            Ok(address) => self.packet.source = address,
            Err(step) => self.steps.push(*step),
        }
        self.across_internet()
    }

    /// The public source a packet gets, in the documented order: NAT gateway, own public address, outbound rule of a
    /// balancer, default outbound access (NAT-01, NAT-05, A-11).
    fn outbound_method(
        &mut self,
        endpoint: &Endpoint,
        segment: &Segment,
        network: &Network,
    ) -> Result<IpAddr, Box<Step>> {
        let none = |text: String, rules: &[&'static str], fix: String| {
            let step = Step::block(Stage::Route, Reason::NoEgress, text).at(&segment.origin).rules(rules).fix(fix);
            Err(Box::new(step))
        };
        if let Some(breakout) = &network.breakout {
            return Ok(breakout.address);
        }
        // Only the sender's own addresses are translated: what a device forwards must carry one of the device's.
        if !endpoint.addresses.contains(&self.packet.source) {
            let text = format!("{} forwards {} to the internet untranslated", endpoint.origin, self.packet.source);
            let fix = format!("let {} translate the source of what leaves for the internet", endpoint.origin);
            return none(text, &["NVA-04", "SNAT-03"], fix);
        }
        // NAT gateways and default outbound access translate IPv4 only (NAT-01).
        if self.packet.source.is_ipv6() {
            let own = endpoint.public_source.into_iter().chain(endpoint.balanced_source).find(IpAddr::is_ipv6);
            let text = format!("{} has no way out for IPv6", endpoint.origin);
            let fix = format!("give {} a public IPv6 address", endpoint.origin);
            return own.map_or_else(|| none(text, &["NAT-01"], fix), Ok);
        }
        let icmp = self.packet.transport == Transport::Icmp;
        if let Some(nat) = &segment.nat {
            if icmp {
                let text = format!("{} carries TCP and UDP only", nat.origin);
                return none(text, &["NAT-03"], "give the machine a public address of its own".to_owned());
            }
            let text = format!("{} translates the source", nat.origin);
            self.steps.push(Step::pass(Stage::Route, text).at(&nat.origin).rules(&["NAT-01", "NAT-02", "A-11"]));
            return Ok(self.one_source(&nat.origin, &nat.addresses).unwrap_or(UNDECLARED_SOURCE));
        }
        let firewall = matches!(endpoint.role, Role::Firewall(_)).then_some(UNDECLARED_SOURCE);
        if firewall.is_some()
            && let Some(address) = self.one_source(&endpoint.origin, &endpoint.public_addresses)
        {
            return Ok(address);
        }
        if let Some(address) = endpoint.public_source.or(endpoint.balanced_source).or(firewall) {
            return Ok(address);
        }
        let (allowed, span) = segment.default_outbound;
        if let Some(balancer) = endpoint.internal_pool.as_ref().filter(|_| allowed) {
            let text = format!("{} is in the pool of {balancer}, which gives no way out", endpoint.origin);
            let fix = format!("attach a NAT gateway to {}, or give the machine a public address", segment.origin);
            return none(text, &["NAT-06", "NAT-10"], fix).map_err(|step| Box::new(step.span(balancer.span)));
        }
        if allowed && icmp {
            let text = format!("default outbound access of {} carries no ICMP", segment.origin);
            return none(text, &["NAT-06"], "give the machine a public address of its own".to_owned());
        }
        if allowed {
            if network.egress.is_none() {
                let text = format!("{} leaves by default outbound access", segment.origin);
                self.steps.push(Step::assume(Stage::Route, text).span(span).rules(&["NAT-06"]));
            }
            return Ok(UNDECLARED_SOURCE);
        }
        if self.same_region_storage(network) {
            let text = "storage of the same region is reached without an outbound method";
            self.steps.push(Step::pass(Stage::Route, text).rules(&["NAT-08"]));
            return Ok(UNDECLARED_SOURCE);
        }
        let text = format!("{} has no way out to the internet", segment.origin);
        let fix = format!("attach a NAT gateway to {}, or route it through a firewall", segment.origin);
        none(text, &["NAT-01", "NAT-06", "NAT-07"], fix).map_err(|step| Box::new(step.span(span)))
    }

    /// One of the addresses that a device sends from; those that the destination treats alike are one (PAAS-06).
    fn one_source(&self, device: &Origin, addresses: &[IpAddr]) -> Option<IpAddr> {
        let kept = self.plane.told_apart(self.packet.destination, addresses);
        let label = |i: usize| kept.get(i).map_or(String::new(), |a| format!("{device} as {}", show(*a)));
        kept.get(self.context.forks.pick(kept.len(), label)).copied()
    }

    /// Forced tunnelling: out by a site's own way to the internet, if the site can send the replies back (ROUTE-20,
    /// ER-03).
    pub(super) fn out_by_site(&mut self, site: Id<Network>) -> Option<End> {
        let network = self.plane.networks.get(site);
        let Some(breakout) = &network.breakout else {
            if self.plane.public_owner(self.packet.destination).is_none() {
                return self.deliver_in(site);
            }
            // Somebody else has that address, so the site would have to send it on.
            let text = format!("{} has no way to the internet", network.origin);
            let step = Step::block(Stage::Route, Reason::NoEgress, text).at(&network.origin);
            let fix = format!("declare `internet` of {}, or another default route", network.origin);
            self.steps.push(step.rules(&["ROUTE-20", "ER-03"]).fix(fix));
            return Some(End::Lost);
        };
        let inside = self.plane.segments.iter().find(|(_, s)| s.network == site).map(|(_, s)| s);
        let back = inside.and_then(|s| lookup(&s.routes, self.packet.source)).map(|r| &r.hop);
        // Its own machines are there; where a way leads elsewhere, the leg back asks it.
        let knows = match back {
            Some(NextHop::Network { network, .. }) => {
                *network == site && self.plane.network_of(self.sender) == Some(site)
            }
            Some(NextHop::Internet | NextHop::Drop(_)) | None => false,
            Some(_) => true,
        };
        if !knows {
            self.steps.push(
                Step::block(
                    Stage::Return,
                    Reason::NoRoute,
                    format!("{} does not know the way back to {}", network.origin, self.packet.source),
                )
                .at(&network.origin)
                .rules(&["EVAL-02", "GW-13"])
                .fix(format!("announce {} to {}", self.packet.source, network.origin)),
            );
        }
        let text = format!("{} leaves for the internet by its own breakout", network.origin);
        self.steps.push(Step::pass(Stage::Route, text).at(&breakout.origin).rules(&["ROUTE-20"]));
        // Devices before the site see the replies, too.
        let inside = self.plane.endpoints.iter().find(|(id, _)| self.plane.network_of(*id) == Some(site));
        match inside {
            Some((id, _)) => self.end_leg(id),
            None => self.devices.clear(),
        }
        self.packet.source = breakout.address;
        self.left_by = Some(site);
        self.across_internet()
    }

    fn same_region_storage(&self, network: &Network) -> bool {
        let Some(owner) = self.plane.public_owner(self.packet.destination) else { return false };
        let tags = &self.plane.endpoints.get(owner).tags;
        tags.names.iter().any(|t| t == "Storage") && tags.region.is_some() && tags.region == network.region
    }

    /// A service endpoint keeps the private source and adds the subnet's identity (SE-02). A device that forwards does
    /// so with the identity of its own subnet (SE-05).
    pub(super) fn uses_service_endpoint(&mut self, segment: &Segment) -> bool {
        let Some((endpoint, doubt)) = served(self.plane, segment, self.packet.destination) else { return false };
        self.steps.extend(doubt);
        self.segment_identity = self.plane.endpoints.get(self.emitter).segment;
        self.over_internet = true;
        self.steps.push(
            Step::pass(
                Stage::Route,
                format!("a service endpoint for {} carries the identity of {}", endpoint.tag, segment.origin),
            )
            .span(endpoint.span)
            .rules(&["SE-01", "SE-02", "ROUTE-08", "ROUTE-15"]),
        );
        true
    }

    /// Arrives at whoever owns a public address.
    pub(super) fn across_internet(&mut self) -> Option<End> {
        let destination = self.packet.destination;
        self.over_internet = true;
        if let Some(owner) = self.plane.public_owner(destination) {
            let endpoint = self.plane.endpoints.get(owner);
            if let (Some(private), Some(_)) = (endpoint.addresses.first(), endpoint.segment) {
                match endpoint.role {
                    // A firewall translates its public addresses by rules (FW-10).
                    Role::Firewall(_) => {}
                    Role::Frontend { proxy, frontend } => {
                        let front = self.plane.proxies.get(proxy).frontends.get(frontend);
                        self.packet.destination = front.map_or(*private, |f| f.address);
                    }
                    // The platform translates to the private address of the owner before filters see it (NSG-06).
                    _ => self.packet.destination = *private,
                }
            }
            return match endpoint.role {
                // The gateway's platform balancer has no rule without a listener, so filters come after (see trace).
                Role::Frontend { .. } => Some(self.arrive(owner)),
                Role::Host(_) if endpoint.segment.is_some() && !endpoint.open_public => {
                    self.closed_by_default(owner);
                    self.deliver(owner)
                }
                _ => self.deliver(owner),
            };
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
        Some(End::Lost)
    }
}
