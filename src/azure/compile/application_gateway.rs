//! Application gateways as proxies (AGW-02 to AGW-20).

use super::{Compiler, Target, machines::endpoint};
use crate::{
    azure::model::application_gateway::{AgwSku, ApplicationGateway, ListenerProtocol, PrivateLinkConfiguration},
    dataplane::{
        Backend, Certificate, ConnectionTarget, Endpoint, Frontend, Id, Listener, Member, Origin, Proxy, ProxyRule,
        Resolver, Role,
    },
    diag::{Diagnostic, Span, code},
    document::Reference,
};
use std::collections::BTreeMap;

/// The one frontend name that managed private endpoints accept (AGW-05).
pub(super) const BRIDGE_FRONTEND: &str = "appGwPrivateFrontendIpIPv4";

/// Highest priority number of a routing rule \[background\].
const MAX_PRIORITY: u16 = 20_000;

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
        self.gateway_shape(name, gateway);
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
        let address = self.free_address(segment);
        let instance =
            self.plane.add_endpoint(endpoint(origin, Some(segment), address.into_iter().collect(), Role::Instance(id)));
        // It has one for every instance, and changes them when it scales (AGW-14).
        self.anywhere(instance);
        // With network isolation its subnet is delegated to it (AGW-19).
        let own = ["Microsoft.Network/applicationGateways"];
        if self.delegated_to_other(&gateway.subnet, "an application gateway", &own) {
            self.refuse(instance);
            frontends.iter().filter_map(|f| f.endpoint).for_each(|f| self.refuse(f));
        }
        // What it sends to public addresses carries that of its public frontend, whatever its subnet's way out (AGW-14).
        let public = frontends.iter().find(|f| f.public).map(|f| f.address);
        self.plane.endpoints.get_mut(instance).public_source = public;
        let proxy = self.plane.proxies.get_mut(id);
        proxy.instance = Some(instance);
        proxy.frontends = frontends;
    }

    /// A private-link configuration needs a subnet that holds no gateway, with its network policies off (AGW-07). A refused
    /// one carries nothing.
    fn private_link(
        &mut self,
        gateway_name: &str,
        gateway: &ApplicationGateway,
        name: &str,
        link: &PrivateLinkConfiguration,
        span: Span,
    ) {
        let Some(segment) = self.subnet(&link.subnet) else {
            return;
        };
        if let Some(ninth) = link.ip_addresses.get(8) {
            let text = format!("private-link configuration `{name}` of `{gateway_name}` has more than eight addresses");
            self.error(code::VALUE, ninth.span, format!("{text} (AGW-07)"), "declare one to eight");
        }
        let policies = link
            .subnet
            .value
            .split_once('/')
            .and_then(|(v, s)| self.estate.virtual_networks.get(v)?.value.subnets.get(s));
        let on = policies.is_some_and(|s| s.value.private_link_service_network_policies_enabled.value);
        let holds_gateway =
            self.estate.application_gateways.iter().any(|(_, g)| g.value.subnet.value == link.subnet.value);
        if self.undelegated(&link.subnet, "a private-link configuration") {
            return;
        }
        let network = |subnet: &Reference| subnet.value.split_once('/').map(|(v, _)| v.to_owned());
        let elsewhere = network(&link.subnet) != network(&gateway.subnet);
        if on || holds_gateway || elsewhere || link.subnet.value == gateway.subnet.value {
            let text = format!(
                "private-link configuration `{name}` of `{gateway_name}` cannot use subnet `{}` (AGW-07)",
                link.subnet.value
            );
            let error = Diagnostic::error(code::PLC_SUBNET, span, text).related(link.subnet.span, "this subnet");
            let help = "use a subnet of the gateway's network without gateways, with private_link_service_network_policies_enabled: false";
            self.diagnostics.push(error.help(help).refused());
            return;
        }
        let origin = Origin::new("private_link_configuration", name, span);
        let mut sources = Vec::new();
        for address in &link.ip_addresses {
            let made = endpoint(origin.clone(), Some(segment), vec![address.value], Role::Router);
            sources.push(self.plane.add_endpoint(made));
        }
        if sources.is_empty() {
            let address = self.free_address(segment);
            let id =
                self.plane.add_endpoint(endpoint(origin, Some(segment), address.into_iter().collect(), Role::Router));
            self.anywhere(id);
            sources.push(id);
        }
        self.link_sources.insert((gateway_name.to_owned(), name.to_owned()), sources);
    }

    /// What a gateway and its subnet may hold (AGW-05, AGW-07, AGW-20, AGW-27).
    fn gateway_shape(&mut self, name: &str, gateway: &ApplicationGateway) {
        let estate = self.estate;
        let fronts = || gateway.frontend_ip_configurations.iter();
        let place = |what: String, span: Span, help: &str| {
            Diagnostic::error(code::PLACEMENT, span, format!("{what} (AGW-20)")).help(help).refused()
        };
        let subnet = &gateway.subnet;
        let mut found = Vec::new();
        let machines = estate.virtual_machines.iter().flat_map(|(name, m)| {
            let further = m.value.secondary_network_interfaces.iter().map(|(_, n)| &n.value.subnet);
            std::iter::once(&m.value.subnet).chain(further).map(move |s| ("virtual machine", name, s))
        });
        let endpoints = estate.private_endpoints.iter().map(|(n, e)| ("private endpoint", n, &e.value.subnet));
        if let Some((kind, other, at)) = machines.chain(endpoints).find(|(.., s)| s.value == subnet.value) {
            let what = format!("{kind} `{other}` is in `{}`, which application gateway `{name}` has", subnet.value);
            if self.reported.insert(at.span) {
                found.push(place(what, at.span, "give the gateway a subnet of its own"));
            }
        }
        let second = |g: &ApplicationGateway| matches!(g.sku_name.value, AgwSku::StandardV2 | AgwSku::WafV2);
        let mut before = estate.application_gateways.iter().take_while(|(n, _)| *n != name);
        if let Some((other, _)) =
            before.find(|(_, g)| g.value.subnet.value == subnet.value && second(&g.value) != second(gateway))
        {
            let what = format!("`{name}` and `{other}` are gateways of two generations in `{}`", subnet.value);
            found.push(place(what, subnet.span, "give each generation a subnet of its own"));
        }
        for address in fronts().filter_map(|(_, f)| f.value.private_ip_address.as_ref()).filter(|a| a.value.is_ipv6()) {
            let text = format!("frontends of `{name}` by IPv6 are not modelled (AGW-27)");
            found.push(
                Diagnostic::error(code::NOT_MODELLED, address.span, text).help("give the frontend an IPv4 address"),
            );
        }
        let private = fronts().filter(|(_, f)| f.value.private_ip_address.is_some());
        for (front, entry) in private.skip(1) {
            let text = format!("`{front}` is the second private frontend of `{name}`, which has one at most (AGW-05)");
            found.push(Diagnostic::error(code::CONFLICT, entry.span, text).help("remove it").refused());
        }
        let mut attached: BTreeMap<&str, Span> = BTreeMap::new();
        for link in fronts().filter_map(|(_, f)| f.value.private_link_configuration.as_ref()) {
            if let Some(first) = attached.insert(&link.value, link.span) {
                let text = format!("`{}` is attached to two frontends of `{name}` (AGW-07)", link.value);
                let error = Diagnostic::error(code::CONFLICT, link.span, text).related(first, "here too");
                found.push(error.help("give each frontend a configuration of its own").refused());
            }
        }
        listeners_in_conflict(name, gateway, &mut found);
        found.into_iter().for_each(|d| self.diagnostics.push(d));
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
                    format!("port {} is reserved (AGW-11, HUB-A14)", declared.frontend_port.value),
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
            if !(1..=MAX_PRIORITY).contains(&rule.priority.value) {
                let text = format!("priority {} is out of range (AGW-11)", rule.priority.value);
                let error = Diagnostic::error(code::VALUE, rule.priority.span, text);
                self.diagnostics.push(error.help(format!("use 1 to {MAX_PRIORITY}")).refused());
            }
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
                drops_distant_endpoints: gateway.network_isolation_enabled.value,
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
        let Some(sources) = self.link_sources.get(&(name.to_owned(), label.clone())).cloned() else {
            let (target, made) =
                refused(format!("the private-link configuration of frontend {sub} of {name} is refused"));
            return (target, Target { reported: true, ..made });
        };
        let origin = Origin::new("private_link_configuration", label, configuration.span);
        (
            Some(ConnectionTarget::Proxy { proxy, frontend: index, sources, origin }),
            Target { members: 1, ..Target::default() },
        )
    }

    pub(super) fn proxy_instance(&self, name: &str) -> Option<Id<Endpoint>> {
        self.proxies.get(name).and_then(|p| self.plane.proxies.get(*p).instance)
    }
}

/// What the platform refuses of listeners and their rules: a port of a frontend has one protocol, each host one listener
/// there, a listener one rule, and its settings are of its kind (AGW-11; the last two \[background\]).
fn listeners_in_conflict(name: &str, gateway: &ApplicationGateway, found: &mut Vec<Diagnostic>) {
    let refused = |span: Span, first: Span, text: String, help: &str| {
        let error = Diagnostic::error(code::CONFLICT, span, format!("application gateway `{name}`: {text} (AGW-11)"));
        error.related(first, "the first one").help(help).refused()
    };
    // What a listener below HTTP is refused for, its own rules say (AGW-03).
    let below = |p: ListenerProtocol| matches!(p, ListenerProtocol::Tcp | ListenerProtocol::Tls);
    let mut protocols: BTreeMap<(&str, u16), (ListenerProtocol, Span)> = BTreeMap::new();
    let mut hosts: BTreeMap<(&str, u16, Option<String>), (&str, Span)> = BTreeMap::new();
    for (listener, entry) in gateway.http_listeners.iter() {
        let declared = &entry.value;
        let (front, port) = (declared.frontend_ip_configuration.value.as_str(), declared.frontend_port.value);
        let protocol = declared.protocol.value;
        match protocols.get(&(front, port)) {
            Some((other, first)) if *other != protocol && !below(*other) && !below(protocol) => {
                let text = format!(
                    "port {port} of frontend `{front}` is for {} and for {}",
                    other.as_str(),
                    protocol.as_str()
                );
                found.push(refused(declared.protocol.span, *first, text, "give each protocol a port of its own"));
                continue;
            }
            _ => drop(protocols.insert((front, port), (protocol, declared.protocol.span))),
        }
        let own = declared.host_names.iter().map(|h| (Some(h.value.to_lowercase()), h.span));
        let basic = declared.host_names.is_empty().then_some((None, entry.span));
        for (host, span) in own.chain(basic) {
            match hosts.get(&(front, port, host.clone())) {
                Some((other, first)) if *other != listener => {
                    let what = host.map_or_else(|| "every host".to_owned(), |h| format!("host {h}"));
                    let text = format!("`{other}` and `{listener}` take {what} at port {port} of frontend `{front}`");
                    found.push(refused(span, *first, text, "give each listener hosts of its own"));
                }
                _ => drop(hosts.insert((front, port, host), (listener, span))),
            }
        }
    }
    let mut taken: BTreeMap<&str, Span> = BTreeMap::new();
    for (rule, entry) in gateway.request_routing_rules.iter() {
        let reference = &entry.value.http_listener;
        if let Some(first) = taken.insert(&reference.value, reference.span) {
            let text = format!("listener `{}` is in two routing rules", reference.value);
            found.push(refused(reference.span, first, text, "give each rule a listener of its own"));
        }
        let listener = gateway.http_listeners.get(&reference.value).map(|l| &l.value.protocol);
        let settings = gateway.backend_http_settings.get(&entry.value.backend_http_settings.value);
        if let (Some(listener), Some(settings)) = (listener, settings.map(|s| &s.value.protocol))
            && below(settings.value)
            && !below(listener.value)
        {
            let (one, other) = (listener.value.as_str(), settings.value.as_str());
            let text = format!("rule `{rule}` joins a listener for {one} to settings for {other}");
            found.push(refused(settings.span, listener.span, text, "use settings of the listener's kind"));
        }
    }
}

pub(super) fn is_bridge_frontend(name: &str) -> bool {
    name == BRIDGE_FRONTEND
}
