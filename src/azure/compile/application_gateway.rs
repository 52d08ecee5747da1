//! Application gateways as proxies (AGW-02 to AGW-20).

use super::{Compiler, Target, machines::endpoint};
use crate::{
    azure::model::application_gateway::{AgwSku, ApplicationGateway, ListenerProtocol},
    dataplane::{
        Backend, Certificate, ConnectionTarget, Decision, Direction, Endpoint, Frontend, Id, Listener, Member, NextHop,
        Origin, Packet, Party, Proxy, ProxyRule, Resolver, Role, RouteSource, Tags, Unsupported, Use,
    },
    diag::{Diagnostic, Span, code},
    net::{PLATFORM_ADDRESS, PortRange, PortSet, Transport},
    verdict::Reason,
};
use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr},
};

/// Ports by which the platform manages gateways (AGW-17).
const MANAGED_PORTS: PortRange = PortRange { first: 65200, last: 65535 };

/// The one frontend name that managed private endpoints accept (AGW-05).
pub(super) const BRIDGE_FRONTEND: &str = "appGwPrivateFrontendIpIPv4";

impl Compiler<'_> {
    pub(super) fn application_gateways(&mut self) {
        let estate = self.estate;
        for (name, entry) in estate.application_gateways.iter() {
            self.application_gateway(name, &entry.value, entry.span);
        }
    }

    fn application_gateway(&mut self, name: &str, gateway: &ApplicationGateway, span: Span) {
        let Some(segment) = self.subnet(&gateway.subnet) else {
            return;
        };
        let origin = Origin::new("application_gateway", name, span);
        let listeners = self.listeners(name, gateway);
        let rules = self.routing_rules(gateway);
        let id = self.plane.proxies.push(Proxy {
            origin: origin.clone(),
            segment,
            instance: None,
            frontends: Vec::new(),
            listeners,
            rules,
            resolver: Resolver::Public,
            unsupported: Vec::new(),
        });
        self.proxies.insert(name.to_owned(), id);
        let mut frontends = Vec::new();
        for (index, (front_name, front)) in gateway.frontend_ip_configurations.iter().enumerate() {
            let front_origin = Origin::new("frontend", front_name, front.span);
            if let Some(link) = &front.value.private_link_configuration {
                self.declared("private-link configuration", link, &gateway.private_link_configurations);
            }
            let (address, public) = match (&front.value.private_ip_address, &front.value.public_ip_address) {
                (Some(address), None) => (address.value, false),
                (None, Some(reference)) => match self.public_ip(reference) {
                    Some(address) => (address, true),
                    None => continue,
                },
                _ => {
                    self.error(
                        code::CONFLICT,
                        front.span,
                        format!("frontend `{front_name}` needs exactly one of a public and a private address"),
                        "give public_ip_address or private_ip_address",
                    );
                    continue;
                }
            };
            let role = Role::Frontend { proxy: id, frontend: index };
            let mut made = if public {
                endpoint(front_origin.clone(), None, vec![address], role)
            } else {
                endpoint(front_origin.clone(), Some(segment), vec![address], role)
            };
            made.tags.complete = true;
            let owner = self.plane.add_endpoint(made);
            frontends.push(Frontend { origin: front_origin, address, public, endpoint: Some(owner) });
        }
        for (link_name, link) in gateway.private_link_configurations.iter() {
            self.private_link(name, gateway, link_name, &link.value, link.span);
        }
        let address = self.allocate(segment);
        let instance =
            self.plane.add_endpoint(endpoint(origin, Some(segment), address.into_iter().collect(), Role::Instance(id)));
        let proxy = self.plane.proxies.get_mut(id);
        proxy.instance = Some(instance);
        proxy.frontends = frontends;
    }

    /// A private-link configuration needs a subnet of its own with its network policies off (AGW-07).
    fn private_link(
        &mut self,
        gateway_name: &str,
        gateway: &ApplicationGateway,
        name: &str,
        link: &crate::azure::model::application_gateway::PrivateLinkConfiguration,
        span: Span,
    ) {
        if self.subnet(&link.subnet).is_none() {
            return;
        }
        let policies = link
            .subnet
            .value
            .split_once('/')
            .and_then(|(v, s)| self.estate.virtual_networks.get(v)?.value.subnets.get(s));
        let on = policies.is_some_and(|s| s.value.private_link_service_network_policies_enabled.value);
        if on || link.subnet.value == gateway.subnet.value {
            self.diagnostics.push(
                Diagnostic::error(
                    code::PLC_SUBNET,
                    span,
                    format!(
                        "private-link configuration `{name}` of `{gateway_name}` cannot use subnet `{}` (AGW-07)",
                        link.subnet.value
                    ),
                )
                .related(link.subnet.span, "this subnet")
                .help(
                    "use a subnet apart from the gateway's, with private_link_service_network_policies_enabled: false",
                )
                .refused(),
            );
        }
    }

    fn listeners(&mut self, gateway_name: &str, gateway: &ApplicationGateway) -> Vec<Listener> {
        let mut listeners = Vec::new();
        for (name, entry) in gateway.http_listeners.iter() {
            let declared = &entry.value;
            self.declared("frontend", &declared.frontend_ip_configuration, &gateway.frontend_ip_configurations);
            let frontend =
                gateway.frontend_ip_configurations.keys().position(|k| k == declared.frontend_ip_configuration.value);
            let tls = matches!(declared.protocol.value, ListenerProtocol::Https | ListenerProtocol::Tls);
            let certificate = declared
                .ssl_certificate
                .as_ref()
                .and_then(|c| Some((c, self.declared("certificate", c, &gateway.ssl_certificates)?)));
            if tls != declared.ssl_certificate.is_some() {
                self.error(
                    code::CONFLICT,
                    entry.span,
                    format!(
                        "listener `{name}` of `{gateway_name}`: HTTPS and TLS listeners have a certificate, others none"
                    ),
                    "add or remove ssl_certificate",
                );
            }
            if !(1..=65199).contains(&declared.frontend_port.value) {
                self.error(
                    code::VALUE,
                    declared.frontend_port.span,
                    format!("port {} is reserved (AGW-11, A-14)", declared.frontend_port.value),
                    "use a port up to 64999",
                );
            }
            let disabled = certificate
                .filter(|(_, c)| !c.key_vault_accessible.value)
                .map(|(c, _)| format!("the gateway cannot read certificate {} from its key vault (AGW-12)", c.value));
            let names = certificate.map(|(reference, c)| {
                let names = self.names(&c.subject_alternative_names);
                let place = gateway.ssl_certificates.get(&reference.value).map(|e| e.span);
                Certificate { origin: Origin::new("ssl_certificate", &reference.value, place), names }
            });
            let hosts = self.names(&declared.host_names);
            listeners.push(Listener {
                origin: Origin::new("listener", name, entry.span),
                frontend: frontend.unwrap_or(usize::MAX),
                port: declared.frontend_port.value,
                hosts,
                certificate: names,
                disabled,
                layer4: matches!(declared.protocol.value, ListenerProtocol::Tcp | ListenerProtocol::Tls),
            });
        }
        listeners
    }

    fn routing_rules(&mut self, gateway: &ApplicationGateway) -> Vec<ProxyRule> {
        let mut rules = Vec::new();
        let mut priorities: Vec<(u16, Span)> = Vec::new();
        for (name, entry) in gateway.request_routing_rules.iter() {
            let rule = &entry.value;
            if let Some((_, other)) = priorities.iter().find(|(p, _)| *p == rule.priority.value) {
                self.diagnostics.push(
                    Diagnostic::error(
                        code::PRIORITY,
                        rule.priority.span,
                        format!("priority {} is used twice", rule.priority.value),
                    )
                    .related(*other, "here too")
                    .help("give each routing rule its own priority"),
                );
            }
            priorities.push((rule.priority.value, rule.priority.span));
            self.declared("listener", &rule.http_listener, &gateway.http_listeners);
            let listener = gateway.http_listeners.keys().position(|k| k == rule.http_listener.value);
            let pool = self.declared("backend pool", &rule.backend_address_pool, &gateway.backend_address_pools);
            let settings =
                self.declared("backend settings", &rule.backend_http_settings, &gateway.backend_http_settings);
            let (Some(listener), Some(pool), Some(settings)) = (listener, pool, settings) else {
                continue;
            };
            let mut members: Vec<_> = pool.ip_addresses.iter().map(|a| Member::Address(a.value)).collect();
            members.extend(self.names(&pool.fqdns).into_iter().map(Member::Name));
            let probe = settings.probe.as_ref().and_then(|p| Some((p, self.declared("probe", p, &gateway.probes)?)));
            let pool_span = gateway.backend_address_pools.get(&rule.backend_address_pool.value).map(|e| e.span);
            let settings_span = gateway.backend_http_settings.get(&rule.backend_http_settings.value).map(|e| e.span);
            let backend = Backend {
                origin: Origin::new("backend_pool", &rule.backend_address_pool.value, pool_span),
                members,
                port: settings.port.value,
                tls: matches!(settings.protocol.value, ListenerProtocol::Https | ListenerProtocol::Tls),
                trusted_authorities: settings.trusted_root_certificates.iter().map(|c| c.value.clone()).collect(),
                healthy: probe.map_or_else(crate::azure::defaults::probe_status_codes, |(_, p)| {
                    p.match_status_codes.value.clone()
                }),
                probe: probe.map_or_else(
                    || Origin::new("backend_settings", &rule.backend_http_settings.value, settings_span),
                    |(r, _)| Origin::new("probe", &r.value, r.span),
                ),
            };
            rules.push((
                rule.priority.value,
                ProxyRule { origin: Origin::new("routing_rule", name, entry.span), listener, backend },
            ));
        }
        rules.sort_by_key(|(priority, _)| *priority);
        rules.into_iter().map(|(_, r)| r).collect()
    }

    /// A gateway frontend as a private-link target: attached configuration, a listener in use, a v2 gateway
    /// (AGW-04, AGW-05, AGW-07, AGW-08).
    pub(super) fn gateway_target(
        &mut self,
        name: &str,
        gateway: &ApplicationGateway,
        sub: &str,
    ) -> (Option<ConnectionTarget>, Target) {
        let refused = |why: String| {
            (Some(ConnectionTarget::Nothing), Target { members: 1, refused: Some(why), ..Target::default() })
        };
        let Some(proxy) = self.proxies.get(name).copied() else {
            return refused("its gateway is not usable".to_owned());
        };
        if !matches!(gateway.sku_name.value, AgwSku::StandardV2 | AgwSku::WafV2) {
            return refused(format!(
                "private link needs a v2 gateway, {name} is {} (AGW-04)",
                gateway.sku_name.value.as_str()
            ));
        }
        let found = gateway.frontend_ip_configurations.iter().position(|(n, _)| n == sub);
        let (Some(index), Some(front)) = (found, gateway.frontend_ip_configurations.get(sub)) else {
            return refused(format!("{name} has no frontend named {sub} (AGW-05)"));
        };
        let link = front.value.private_link_configuration.as_ref();
        let configuration = link.and_then(|l| Some((l, gateway.private_link_configurations.get(&l.value)?)));
        let Some((_, configuration)) = configuration else {
            return refused(format!("frontend {sub} of {name} has no private-link configuration (AGW-07)"));
        };
        let used = gateway.request_routing_rules.iter().any(|(_, r)| {
            gateway
                .http_listeners
                .get(&r.value.http_listener.value)
                .is_some_and(|l| l.value.frontend_ip_configuration.value == sub)
        });
        if !used {
            return refused(format!("no listener of {name} uses frontend {sub} (AGW-08)"));
        }
        let label = link.map(|l| l.value.clone()).unwrap_or_default();
        (
            self.proxy_target(proxy, index, &configuration.value, &label, configuration.span),
            Target { members: 1, ..Target::default() },
        )
    }

    fn proxy_target(
        &mut self,
        proxy: Id<Proxy>,
        frontend: usize,
        link: &crate::azure::model::application_gateway::PrivateLinkConfiguration,
        label: &str,
        span: Span,
    ) -> Option<ConnectionTarget> {
        let segment = self.subnets.get(&link.subnet.value).copied()?;
        let first = self.plane.segments.get(segment).prefixes.first().and_then(|p| p.usable().next());
        let source = link.ip_addresses.first().map(|a| a.value).or(first)?;
        Some(ConnectionTarget::Proxy {
            proxy,
            frontend,
            source,
            origin: Origin::new("private_link_configuration", label, span),
        })
    }

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
                conditions.extend(self.default_route_condition(id));
                conditions.extend(self.filter_condition(id));
            }
            self.plane.proxies.get_mut(id).unsupported = conditions;
        }
    }

    /// AGW-18: a default route may lead only to the internet.
    fn default_route_condition(&self, id: Id<Proxy>) -> Option<Unsupported> {
        let proxy = self.plane.proxies.get(id);
        let segment = self.plane.segments.get(proxy.segment);
        let default = segment.routes.iter().find(|r| r.prefix.is_default())?;
        if default.hop == NextHop::Internet {
            return None;
        }
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

    /// AGW-17: infrastructure traffic that the security group of the gateway's subnet must let through, on every port of
    /// its range. What is certainly denied comes before what may be.
    fn filter_condition(&self, id: Id<Proxy>) -> Option<Unsupported> {
        let proxy = self.plane.proxies.get(id);
        let segment = self.plane.segments.get(proxy.segment);
        let filter = segment.filter.as_ref()?;
        let inside = segment.prefixes.first()?.usable().next()?;
        let outside = IpAddr::V4(Ipv4Addr::new(255, 255, 255, 253));
        let manager = Tags { names: vec!["GatewayManager".to_owned()], region: None, complete: true };
        let nobody = Tags { complete: true, ..Tags::default() };
        let asked = |what, direction, (source, from), (destination, to), port| {
            let packet = Packet { source, destination, transport: Transport::Tcp, port, name: None, reply: false };
            let (from, to) = (Party { address: source, tags: from }, Party { address: destination, tags: to });
            let (span, certain) = match filter.decide(direction, &packet, from, to, &|_| None) {
                Decision::Deny(rule) => (rule.origin.span, true),
                Decision::NoMatch => (None, true),
                Decision::Undecided { rule, .. } => (rule.origin.span, false),
                Decision::Allow(_) => return None,
            };
            let verb = if certain { "denies" } else { "may deny" };
            Some(Unsupported {
                reason: Reason::AgwNsg,
                spoils: Use::Everything,
                certain,
                origin: Origin::new(filter.origin.kind, filter.origin.name.clone(), span.or(filter.origin.span)),
                text: format!("{} {verb} {what}, which {} needs", filter.origin, proxy.origin),
                fix: format!("allow {what} in {}", filter.origin),
                rules: &["AGW-17"],
            })
        };
        let managed = PortSet::of([MANAGED_PORTS]);
        let edges = filter.rules.iter().flat_map(|r| r.ports.ranges());
        let edges = edges.flat_map(|r| [Some(r.first), r.last.checked_add(1)]).flatten();
        let ports: BTreeSet<u16> = edges.chain([MANAGED_PORTS.first]).filter(|p| managed.contains(*p)).collect();
        let from_manager = ports.into_iter().map(|port| {
            let what = "GatewayManager to ports 65200-65535";
            asked(what, Direction::Inbound, (outside, Some(&manager)), (inside, None), port)
        });
        let others = [
            asked("AzureLoadBalancer", Direction::Inbound, (PLATFORM_ADDRESS, None), (inside, None), 443),
            asked("outbound traffic to Internet", Direction::Outbound, (inside, None), (outside, Some(&nobody)), 443),
        ];
        let found: Vec<Unsupported> = from_manager.chain(others).flatten().collect();
        found.iter().find(|u| u.certain).or(found.first()).cloned()
    }

    pub(super) fn proxy_instance(&self, name: &str) -> Option<Id<Endpoint>> {
        self.proxies.get(name).and_then(|p| self.plane.proxies.get(*p).instance)
    }
}

pub(super) fn is_bridge_frontend(name: &str) -> bool {
    name == BRIDGE_FRONTEND
}
