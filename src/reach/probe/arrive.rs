//! What takes a flow, and what it makes of it.

use super::{
    Asker, Flow, Probe,
    admission::public_via,
    filters::Way,
    walk::{LetOut, Passage},
};
use crate::{
    dataplane::{
        Backend, ConnectionTarget, Endpoint, Frontend, Host, Id, Listener, Member, Proxy, Regions, Resolver, Role, Use,
    },
    net::Transport,
    reach::{Findings, Objection},
    verdict::{Reason, Verdict, Via, more_exposed},
};
use std::net::IpAddr;

impl Probe<'_, '_> {
    /// A firewall that lets a name through asks for it itself (AFW-05, SNAT-02).
    pub(super) fn taken_over(
        &self,
        firewall: Id<Endpoint>,
        flow: &Flow<'_>,
        asker: Asker<'_>,
        depth: usize,
    ) -> Findings {
        let device = self.model.endpoint(firewall);
        let (Role::Firewall(rules), Some(name)) = (&device.role, flow.name) else { return Findings::default() };
        let (mut found, addresses) = self.named(&rules.resolver, firewall, name);
        // Any address that the firewall holds (AFW-06).
        if let Some(destination) = addresses.get(self.choices.take(addresses.len())).copied()
            && let Some(source) = self.source(firewall, destination)
        {
            found.then(&self.leg(firewall, &Flow { source, destination, ..*flow }, asker, depth + 1));
        }
        found
    }

    fn named(&self, resolver: &Resolver, at: Id<Endpoint>, name: &crate::net::Fqdn) -> (Findings, Vec<IpAddr>) {
        let named = self.model.names.resolve(resolver, at, name);
        if named.forked {
            self.beyond.set(true);
        }
        (named.findings, named.addresses.unwrap_or_default())
    }

    pub(super) fn arrive(&self, at: Id<Endpoint>, way: &Passage<'_>, asker: Asker<'_>, depth: usize) -> Findings {
        let end = self.model.endpoint(at);
        let mut found = Findings::default();
        if let Some(absence) = &end.absence {
            found.block(absence.reason);
        }
        if asker.limited && way.let_out == Some(LetOut::ByName) {
            found.block(Reason::Spark);
        }
        match &end.role {
            Role::Host(host) => {
                let home = self.model.plane.network_of(at).map(|n| self.model.network(n));
                let plane = self.model.plane;
                let sender = plane.network_of(at).and_then(|n| plane.owner(n, way.source)).filter(|s| *s != at);
                if host.isolated && sender.is_some_and(|s| self.model.endpoint(s).role.is_isolated()) {
                    found.block(Reason::ComputePeer);
                } else if home.is_some_and(|n| !n.members_connected) {
                    found.unknown(Reason::ComputePeer);
                }
                self.machine(host, way, &mut found);
                let unhealthy = asker.gateways().any(|b| !b.healthy.contains(host.http_status));
                if unhealthy || asker.backend.is_some_and(|b| !trusted(b, host)) {
                    found.block(Reason::Backend502);
                }
            }
            Role::PrivateEndpoint(private) => {
                if asker.backend.is_some_and(|b| b.drops_distant_endpoints) {
                    match way.crossed {
                        Regions::Same => {}
                        Regions::Different => found.block(Reason::Backend502),
                        Regions::Undeclared => found.unknown(Reason::Backend502),
                    }
                }
                if let Some((reason, _)) = &private.connection.closed {
                    found.block(*reason);
                }
                if asker.limited && !private.limited_clients.value {
                    found.block(Reason::Spark);
                }
                match &private.target {
                    ConnectionTarget::Doors(members) => self.private_door(private.managed, members, way, &mut found),
                    ConnectionTarget::Proxy { proxy, frontend, sources, .. } => {
                        let gateway = self.model.plane.proxies.get(*proxy);
                        gateway.unsupported.iter().for_each(|u| found.then(&Findings::of_condition(u)));
                        let front = gateway.frontends.get(*frontend);
                        let from = front.and_then(|_| sources.get(self.choices.take(sources.len()))).copied();
                        let destination = front.and_then(|f| self.seen_at(gateway, f));
                        if let (Some(from), Some(destination)) = (from, destination) {
                            let source = self.source(from, destination).unwrap_or(destination);
                            let inside = Flow { source, destination, ..way.flow() };
                            let bridge = Some((*proxy, *frontend, private.managed));
                            found.then(&self.leg(from, &inside, asker.onward(None, bridge), depth + 1));
                        }
                    }
                    ConnectionTarget::Service { nat, frontend, broken, .. } => {
                        if way.name.is_some_and(|n| self.model.plane.door_names.contains_key(n)) {
                            found.block(Reason::PeTarget);
                        }
                        if broken.is_some() {
                            found.block(Reason::ProxyProtocol);
                        }
                        if let Some(nat) = nat.get(self.choices.take(nat.len())).copied() {
                            let source = self.source(nat, *frontend).unwrap_or(*frontend);
                            let inside = Flow { source, destination: *frontend, name: None, ..way.flow() };
                            found.then(&self.leg(nat, &inside, asker, depth + 1));
                        }
                        found.admit(Verdict::Private, Via::PrivateLinkService);
                    }
                    ConnectionTarget::Nothing => {}
                }
            }
            Role::Frontend { proxy, frontend } => {
                let gateway = self.model.plane.proxies.get(*proxy);
                let linked = asker.bridge.is_some_and(|(p, f, _)| (p, f) == (*proxy, *frontend));
                self.frontend(gateway, *frontend, linked, way, asker, depth, &mut found);
            }
            Role::Instance(proxy) if asker.bridge.is_some_and(|(p, ..)| p == *proxy) => {
                let gateway = self.model.plane.proxies.get(*proxy);
                if let Some((_, frontend, _)) = asker.bridge {
                    let bridged = Some(Via::ApplicationGateway);
                    found.then(&self.listener(gateway, frontend, &way.flow(), bridged, asker, depth).1);
                }
            }
            Role::Unattached => found.block(Reason::Listener),
            Role::Door(door) => self.public_door(*door, way, &mut found),
            Role::Resolver
            | Role::Firewall(_)
            | Role::Gateway(_)
            | Role::Router
            | Role::Balancer(_)
            | Role::Instance(_) => {
                if end.dns.is_some() && way.port == 53 {
                    found.admit(Verdict::Private, Via::Routed);
                } else {
                    found.block(Reason::Port);
                }
            }
        }
        found
    }

    /// Over the internet, or by a translated public address, it came in at a public address; doors judge their callers
    /// themselves (FW-10).
    pub(super) fn expose(&self, at: Id<Endpoint>, sent_to: IpAddr, way: &Passage<'_>, found: &mut Findings) {
        let hidden = found.admitted.is_some_and(|(verdict, _)| verdict != Verdict::Public);
        let translated = self.model.plane.public_owner(sent_to).is_some() && way.destination != sent_to;
        let public = way.over_internet || translated;
        if public && hidden && !matches!(self.model.endpoint(at).role, Role::Door(_)) {
            found.admitted = Some((Verdict::Public, public_via(way)));
        }
    }

    /// Where filters see what is for a frontend: a public one's at an instance (NSG-06).
    fn seen_at(&self, gateway: &Proxy, front: &Frontend) -> Option<IpAddr> {
        if !front.public {
            return Some(front.address);
        }
        gateway.instance.and_then(|i| self.model.endpoint(i).addresses.first().copied())
    }

    /// At a gateway's own frontend: what spoils all of it, or the backends that are used, the listener, and at a public
    /// address the filters between (NSG-06). What came by private link met the conditions before.
    #[allow(clippy::too_many_arguments, reason = "one flow in its surroundings")]
    fn frontend(
        &self,
        gateway: &Proxy,
        index: usize,
        linked: bool,
        way: &Passage<'_>,
        asker: Asker<'_>,
        depth: usize,
        found: &mut Findings,
    ) {
        let Some(front) = gateway.frontends.get(index) else { return };
        let seen = self.seen_at(gateway, front).filter(|_| !gateway.shares_port(front, way.port));
        let flow = Flow { destination: seen.unwrap_or(front.address), ..way.flow() };
        let probed = asker.gateways().next().is_some();
        let bridged = (linked || probed || flow.name.is_some()).then_some(Via::ApplicationGateway);
        for condition in gateway.unsupported.iter().filter(|_| !linked) {
            match condition.spoils {
                Use::Everything => found.then(&Findings::of_condition(condition)),
                Use::Backends if bridged.is_some() => found.then(&Findings::of_condition(condition)),
                Use::Backends | Use::PrivateLink => {}
            }
        }
        let (heard, answer) = self.listener(gateway, index, &flow, bridged, asker, depth);
        let guard = match gateway.instance.filter(|_| front.public) {
            Some(instance) => self.guarded(instance, Way::In, &flow),
            None => Findings::default(),
        };
        // Nothing listens there: the platform's balancer drops it before any filter.
        let order = if heard { [&guard, &answer] } else { [&answer, &guard] };
        order.into_iter().for_each(|f| found.then(f));
    }

    /// The listener of the first rule that serves a request, then the pool behind it; whether one serves it at all
    /// (AGW-02, AGW-11, AGW-12).
    fn listener(
        &self,
        gateway: &Proxy,
        frontend: usize,
        flow: &Flow<'_>,
        bridged: Option<Via>,
        asker: Asker<'_>,
        depth: usize,
    ) -> (bool, Findings) {
        let mut found = Findings::default();
        let hears = |l: &Listener| {
            let host = |n| l.hosts.is_empty() || l.hosts.iter().any(|h| h.matches(n));
            l.frontend == frontend && l.port == flow.port && l.disabled.is_none() && flow.name.is_none_or(host)
        };
        let chosen = gateway.rules.iter().filter(|_| flow.transport == Transport::Tcp).find_map(|rule| {
            let listener = gateway.listeners.get(rule.listener)?;
            hears(listener).then_some((rule, listener))
        });
        let Some((rule, listener)) = chosen else {
            found.block(Reason::Listener);
            return (false, found);
        };
        if flow.name.is_some_and(|n| self.model.plane.door_names.contains_key(n)) {
            found.unknown(Reason::NotModelled);
        }
        // Which host another gateway asks for is not said.
        if asker.backend.is_some() && flow.name.is_none() && !listener.hosts.is_empty() {
            found.unknown(Reason::NotModelled);
        }
        if listener.layer4 && asker.bridge.is_some_and(|(.., managed)| managed) {
            found.unsupported(Reason::L4Hub);
        }
        if let (Some(certificate), Some(name)) = (&listener.certificate, flow.name)
            && !certificate.names.iter().any(|c| c.covers_host(name))
        {
            found.block(Reason::TlsName);
        }
        if bridged.is_some() {
            found.then(&self.pool(gateway, &rule.backend, flow, asker, depth));
        }
        let public = asker.bridge.is_none() && gateway.frontends.get(frontend).is_some_and(|f| f.public);
        match public {
            true => found.admit(Verdict::Public, Via::PublicEndpoint),
            false => found.admit(Verdict::Private, bridged.unwrap_or(Via::Routed)),
        }
        (true, found)
    }

    /// One healthy member is enough, and the most exposed of them counts; what may be a member may expose, too (AGW-14,
    /// AGW-16).
    fn pool(&self, gateway: &Proxy, backend: &Backend, flow: &Flow<'_>, asker: Asker<'_>, depth: usize) -> Findings {
        let mut found = Findings::default();
        let mut perhaps = Vec::new();
        let Some(instance) = gateway.instance else {
            found.block(Reason::Backend502);
            return found;
        };
        for member in &backend.members {
            let (named, addresses, name) = match member {
                Member::Address(address) => (Findings::default(), vec![*address], None),
                Member::Name(name) => {
                    let (named, addresses) = self.named(&gateway.resolver, instance, name);
                    (named, addresses, Some(name))
                }
            };
            // Each address is a server of its own (AGW-15).
            let mut servers = Vec::new();
            for destination in addresses {
                let source = self.source(instance, destination).unwrap_or(destination);
                let onward =
                    Flow { source, destination, transport: flow.transport, port: backend.port, name, reply: false };
                servers.push(self.leg(instance, &onward, asker.onward(Some(backend), None), depth + 1));
            }
            if servers.is_empty() {
                servers.push(Findings::default());
            }
            for server in servers {
                let mut seen = named;
                seen.then(&server);
                match (seen.certain, seen.uncertain, seen.admitted) {
                    (Some((Objection::Blocked, _)), ..) | (None, None, None) => {}
                    (None, None, Some((verdict, via))) => found.admit(verdict, via),
                    (Some((Objection::Unsupported, reason)), _, admitted) => perhaps.push((true, reason, admitted)),
                    (None, Some(reason), admitted) => perhaps.push((false, reason, admitted)),
                }
            }
        }
        let Some(usual) = found.admitted else {
            match perhaps.iter().find(|(unsupported, ..)| *unsupported) {
                Some((_, reason, _)) => found.unsupported(*reason),
                None if perhaps.is_empty() => found.block(Reason::Backend502),
                None => found.unknown(Reason::Backend502),
            }
            return found;
        };
        let exposes = |admitted: Option<(Verdict, Via)>| admitted.is_none_or(|a| more_exposed(usual, a).0 != usual.0);
        match perhaps.into_iter().find(|(.., admitted)| exposes(*admitted)) {
            Some((true, reason, _)) => found.unsupported(reason),
            Some((false, reason, _)) => found.unknown(reason),
            None => {}
        }
        found
    }
}

/// Whether a gateway takes a machine's certificate (AGW-13).
fn trusted(backend: &Backend, host: &Host) -> bool {
    !backend.tls || host.private_ca.as_ref().is_none_or(|ca| backend.trusted_authorities.contains(ca))
}
