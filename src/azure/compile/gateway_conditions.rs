//! What the platform does not support about application gateways, once routes and filters are known (AGW-06, AGW-17 to
//! AGW-19).

use super::{Compiler, routing::default_elsewhere};
use crate::{
    azure::model::application_gateway::{AgwSku, ApplicationGateway},
    dataplane::{
        Action, Decision, Direction, Filter, Id, Origin, Packet, Party, Proxy, RouteSource, Tags, Unsupported, Use,
    },
    diag::Span,
    net::{PLATFORM_ADDRESS, PortRange, PortSet, Transport, is_public},
    verdict::Reason,
};
use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr},
};

/// Ports by which the platform manages gateways of the second generation, and of the first (AGW-17, SUB-06).
const MANAGED_PORTS: PortRange = PortRange { first: 65200, last: 65535 };
const MANAGED_PORTS_OF_V1: PortRange = PortRange { first: 65503, last: 65534 };
/// Packets that are tried at a filter; what a longer list holds is not known.
const TRIED: usize = 50_000;

impl Compiler<'_> {
    /// What the platform does not support about a gateway, once routes and filters are known (AGW-06, -17, -18).
    pub(super) fn gateway_conditions(&mut self) {
        let estate = self.estate;
        for (name, entry) in estate.application_gateways.iter() {
            let Some(id) = self.proxies.get(name).copied() else {
                continue;
            };
            let gateway = &entry.value;
            let mut conditions = Vec::new();
            if !gateway.frontend_ip_configurations.iter().any(|(_, f)| f.value.public_ip_address.is_some()) {
                conditions.push(Unsupported {
                    reason: Reason::AgwPrivateOnly,
                    spoils: Use::PrivateLink,
                    certain: true,
                    origin: Origin::new("application_gateway", name, entry.span),
                    text: format!("{name} has no public frontend, and private link needs one"),
                    fix: "add a frontend with a public address, without any listener on it".to_owned(),
                    rules: &["AGW-06"],
                });
            }
            if !gateway.network_isolation_enabled.value {
                // The ban on default routes is of the second generation (AGW-18, SUB-07).
                conditions.extend(second(gateway).then(|| self.default_route_condition(id)).flatten());
                conditions.extend(self.filter_condition(id, gateway));
            }
            self.plane.proxies.get_mut(id).unsupported = conditions;
        }
    }

    /// AGW-18: a default route may lead only to the internet.
    fn default_route_condition(&self, id: Id<Proxy>) -> Option<Unsupported> {
        let proxy = self.plane.proxies.get(id);
        let segment = self.plane.segments.get(proxy.segment);
        let default = default_elsewhere(&segment.routes)?;
        let who = if default.source == RouteSource::User { "a route table" } else { "a gateway" };
        Some(Unsupported {
            reason: Reason::AgwUdr,
            spoils: Use::Backends,
            certain: true,
            origin: default.origin.clone(),
            text: format!("{who} sends the default route of {} elsewhere than to the internet", segment.origin),
            fix: "route only specific prefixes through the appliance, or create the gateway with network isolation"
                .to_owned(),
            rules: &["AGW-18"],
        })
    }

    /// AGW-17: infrastructure traffic that the security group of the gateway's subnet must let through: from the platform
    /// to all instances on all ports that it manages them by, from its balancer, and out to all of the internet. What is
    /// certainly denied comes before what may be.
    fn filter_condition(&self, id: Id<Proxy>, gateway: &ApplicationGateway) -> Option<Unsupported> {
        let proxy = self.plane.proxies.get(id);
        let segment = self.plane.segments.get(proxy.segment);
        let filter = segment.filter.as_ref()?;
        let kinds = self.plane.alike(proxy.segment);
        let inside: Vec<IpAddr> =
            kinds.iter().filter_map(|k| k.first()).map(|(first, _)| IpAddr::V4((*first).into())).collect();
        let outside = IpAddr::V4(Ipv4Addr::new(255, 255, 255, 253));
        let manager = Tags { names: vec!["GatewayManager".to_owned()], complete: true, ..Tags::default() };
        let nobody = Tags { complete: true, ..Tags::default() };
        let managed = if second(gateway) { MANAGED_PORTS } else { MANAGED_PORTS_OF_V1 };
        let (all, public) = (PortRange { first: 1, last: u16::MAX }, destinations(filter, outside));
        let mut needs: Vec<Need<'_>> = Vec::new();
        for instance in &inside {
            let from_manager = format!("GatewayManager to ports {}-{}", managed.first, managed.last);
            needs.push(Need {
                what: from_manager,
                direction: Direction::Inbound,
                from: Party { address: outside, tags: Some(&manager), perhaps: &[] },
                to: vec![Party { address: *instance, tags: None, perhaps: &[] }],
                ports: managed,
                transports: &[Transport::Tcp],
            });
            needs.push(Need {
                what: "AzureLoadBalancer".to_owned(),
                direction: Direction::Inbound,
                from: Party { address: PLATFORM_ADDRESS, tags: None, perhaps: &[] },
                to: vec![Party { address: *instance, tags: None, perhaps: &[] }],
                ports: all,
                transports: &[Transport::Tcp],
            });
            needs.push(Need {
                what: "outbound traffic to Internet".to_owned(),
                direction: Direction::Outbound,
                from: Party { address: *instance, tags: None, perhaps: &[] },
                to: public.iter().map(|a| Party { address: *a, tags: Some(&nobody), perhaps: &[] }).collect(),
                ports: all,
                transports: &[Transport::Tcp, Transport::Udp],
            });
        }
        let found = |need: &Need<'_>, what: String, verb: &str, span: Option<Span>, certain: bool| Unsupported {
            reason: Reason::AgwNsg,
            spoils: Use::Everything,
            certain,
            origin: Origin::new(filter.origin.kind, filter.origin.name.clone(), span.or(filter.origin.span)),
            text: format!("{} {verb} {what}, which {} needs", filter.origin, proxy.origin),
            fix: format!("allow {} in {}", need.what, filter.origin),
            rules: &["AGW-17"],
        };
        let mut doubt = None;
        let mut left = TRIED;
        for need in &needs {
            for (to, transport, port) in need.packets(filter) {
                let Some(next) = left.checked_sub(1) else {
                    let what = format!("{} in part; it has too many rules to try them all", need.what);
                    return doubt.or_else(|| Some(found(need, what, "may deny", None, false)));
                };
                left = next;
                let source = need.from.address;
                let packet = Packet { source, destination: to.address, transport, port, name: None, reply: false };
                let (span, denied) = match filter.decide(need.direction, &packet, need.from, to, &|_| None) {
                    Decision::Allow(_) => continue,
                    Decision::Deny(rule) if rule.action == Action::Deny => (rule.origin.span, true),
                    Decision::Deny(_) | Decision::NoMatch => (None, true),
                    Decision::Undecided { rule, .. } => (rule.origin.span, false),
                };
                // Which of it goes by UDP is not documented; all of it is to pass.
                let udp = transport == Transport::Udp;
                let what = if udp { format!("UDP of {}", need.what) } else { need.what.clone() };
                let found = found(need, what, if denied { "denies" } else { "may deny" }, span, denied && !udp);
                if found.certain {
                    return Some(found);
                }
                doubt.get_or_insert(found);
            }
        }
        doubt
    }
}

/// Whether a gateway is of the second generation.
fn second(gateway: &ApplicationGateway) -> bool {
    matches!(gateway.sku_name.value, AgwSku::StandardV2 | AgwSku::WafV2)
}

/// Traffic that must pass.
struct Need<'a> {
    what: String,
    direction: Direction,
    from: Party<'a>,
    to: Vec<Party<'a>>,
    ports: PortRange,
    transports: &'static [Transport],
}

impl<'a> Need<'a> {
    /// One packet of each kind that the filter tells apart: of destinations and of ports that the same rules hold, one.
    fn packets(&self, filter: &Filter) -> Vec<(Party<'a>, Transport, u16)> {
        let within = PortSet::of([self.ports]);
        let own: Vec<_> = filter.rules.iter().filter(|r| r.direction.is_none_or(|d| d == self.direction)).collect();
        let edges = own.iter().flat_map(|r| r.ports.ranges());
        let edges = edges.flat_map(|r| [Some(r.first), r.last.checked_add(1)]).flatten();
        let usual = [self.ports.first, 443];
        let ports: BTreeSet<u16> = edges.chain(usual).filter(|p| within.contains(*p)).collect();
        let mut kinds = BTreeSet::new();
        let mut alike = |port: &u16| kinds.insert(own.iter().map(|r| r.ports.contains(*port)).collect::<Vec<_>>());
        let ports: Vec<u16> = ports.into_iter().filter(|p| alike(p)).collect();
        let mut kinds = BTreeSet::new();
        let held = |to: &Party<'_>| own.iter().map(|r| r.to.matches(*to) as u8).collect::<Vec<_>>();
        let to: Vec<_> = self.to.iter().filter(|to| kinds.insert(held(to))).collect();
        let mut all = Vec::new();
        for to in to {
            for transport in self.transports {
                all.extend(ports.iter().map(|port| (*to, *transport, *port)));
            }
        }
        all
    }
}

/// Public addresses that a filter tells apart: one that nobody declares, and the first of every prefix that rules name.
fn destinations(filter: &Filter, undeclared: IpAddr) -> Vec<IpAddr> {
    let out = filter.rules.iter().filter(|r| r.direction != Some(Direction::Inbound));
    let named = out.flat_map(|r| r.to.addresses.prefixes()).map(|p| p.network());
    let named: BTreeSet<IpAddr> = named.filter(|a| a.is_ipv4() && is_public(*a)).collect();
    std::iter::once(undeclared).chain(named).collect()
}
