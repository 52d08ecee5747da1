//! The names of everything that a path can meet.

use super::{Filter, NextHop, Origin, Plane, Role, Route};
use std::collections::BTreeSet;

impl Plane {
    /// Names of everything that a step can meet: networks, segments, devices, filters and their rules, routes, peerings,
    /// proxies with their parts, services.
    #[must_use]
    pub fn element_names(&self) -> BTreeSet<&str> {
        let mut found = Names(BTreeSet::new());
        for (_, network) in self.networks.iter() {
            found.origin(&network.origin);
            found.filter(network.border.as_ref());
            found.origins(network.breakout.iter().map(|b| &b.origin));
            found.origins(network.egress.iter().map(|e| &e.origin));
            found.origins(network.egress.iter().flat_map(|e| &e.rules).map(|r| &r.origin));
        }
        for (_, segment) in self.segments.iter() {
            found.origin(&segment.origin);
            found.filter(segment.filter.as_ref());
            segment.admin.iter().for_each(|f| found.filter(Some(f)));
            found.origins(segment.nat.iter().map(|n| &n.origin));
            found.origins(segment.tag_routes.iter().map(|r| &r.origin));
            segment.routes.iter().chain(segment.absent_routes.iter()).for_each(|r| found.route(r));
        }
        for (_, endpoint) in self.endpoints.iter() {
            found.origin(&endpoint.origin);
            found.filter(endpoint.filter.as_ref());
            found.origins(endpoint.unsupported.iter().chain(&endpoint.absence).map(|a| &a.origin));
            found.role(&endpoint.role);
        }
        for (_, proxy) in self.proxies.iter() {
            found.origin(&proxy.origin);
            found.origins(proxy.frontends.iter().map(|f| &f.origin));
            found.origins(proxy.listeners.iter().map(|l| &l.origin));
            found.origins(proxy.listeners.iter().filter_map(|l| l.certificate.as_ref()).map(|c| &c.origin));
            found.origins(proxy.rules.iter().flat_map(|r| [&r.origin, &r.backend.origin, &r.backend.probe]));
            found.origins(proxy.unsupported.iter().map(|u| &u.origin));
        }
        for (_, resource) in self.resources.iter() {
            found.origin(&resource.origin);
            found.origins(resource.shared_links.iter().map(|l| &l.origin));
        }
        found.origins(self.doors.iter().flat_map(|(_, d)| [&d.origin, &d.gate.origin]));
        found.origins(self.dns.servers.iter().map(|(_, s)| &s.origin));
        found.origins(self.clients.iter().map(|(o, _)| o).chain(self.targets.iter().map(|(o, _)| o)));
        found.0
    }
}

struct Names<'p>(BTreeSet<&'p str>);

impl<'p> Names<'p> {
    fn origin(&mut self, origin: &'p Origin) {
        self.0.insert(&origin.name);
    }

    fn origins(&mut self, origins: impl Iterator<Item = &'p Origin>) {
        origins.for_each(|o| self.origin(o));
    }

    fn filter(&mut self, filter: Option<&'p Filter>) {
        self.origins(filter.iter().map(|f| &f.origin));
        self.origins(filter.iter().flat_map(|f| &f.rules).map(|r| &r.origin));
    }

    fn route(&mut self, route: &'p Route) {
        self.origin(&route.origin);
        match &route.hop {
            NextHop::Network { link: Some(link), .. } => {
                self.origins(link.refuses_forwarded.iter().chain(&link.access_off));
                self.origins(link.only.iter().map(|o| &o.origin));
            }
            NextHop::OneOf(routes) => routes.iter().for_each(|r| self.route(r)),
            _ => {}
        }
    }

    fn role(&mut self, role: &'p Role) {
        match role {
            Role::Firewall(firewall) => {
                self.filter(Some(&firewall.filter));
                self.filter(firewall.threats.as_ref());
                self.origins(firewall.translations.iter().map(|t| &t.origin));
            }
            Role::Balancer(balancer) => {
                self.origins(balancer.rules.iter().map(|r| &r.origin));
                self.origins(balancer.rules.iter().filter_map(|r| r.probe.as_ref()).map(|p| &p.origin));
            }
            Role::PrivateEndpoint(private) => match &private.target {
                super::ConnectionTarget::Proxy { origin, .. } | super::ConnectionTarget::Service { origin, .. } => {
                    self.origin(origin);
                }
                super::ConnectionTarget::Doors(_) | super::ConnectionTarget::Nothing => {}
            },
            Role::Host(host) => self.filter(host.forwarding.filter.as_deref()),
            Role::Gateway(gateway) => gateway.tunnels.iter().for_each(|r| self.route(r)),
            _ => {}
        }
    }
}
