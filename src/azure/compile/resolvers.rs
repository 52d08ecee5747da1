//! Who answers names: resolvers, firewalls and servers of the customer's; rulesets; and whom a machine asks (DNS-01,
//! RESOLVER-*, FWD-*, AFW-*).

use super::{
    Compiler,
    machines::{endpoint, host},
};
use crate::{
    azure::model::dns::{DnsServer as Declared, ForwardMode},
    dataplane::{
        DnsServer, Endpoint, ForwardRule, Forwarding, Id, Listens, Origin, Otherwise, ROOT_SERVER, RecordSet, Resolver,
        Role, View,
    },
    diag::{Diagnostic, Span, code},
    document::Spanned,
    net::PLATFORM_ADDRESS,
};
use std::{collections::BTreeMap, net::IpAddr};

impl Compiler<'_> {
    pub(super) fn servers(&mut self) {
        let estate = self.estate;
        for (name, entry) in estate.private_dns_resolvers.iter() {
            let view = self.view_of(&entry.value.virtual_network.value);
            for (endpoint_name, inbound) in entry.value.inbound_endpoints.iter() {
                let origin = Origin::new("inbound_endpoint", format!("{name}/{endpoint_name}"), inbound.span);
                let server = DnsServer {
                    origin,
                    zones: Vec::new(),
                    forwarders: Vec::new(),
                    otherwise: Otherwise::Platform,
                    iterative: false,
                    mode_undeclared: false,
                    inherited: false,
                    platform: view,
                };
                self.attach(server, &entry.value.virtual_network.value, inbound.value.private_ip_address.value);
            }
        }
        for (name, entry) in estate.firewalls.iter() {
            let Some(id) = self.firewalls.get(name).copied() else {
                continue;
            };
            let subnet = entry.value.subnet.as_ref();
            let vnet = subnet.and_then(|s| s.value.split_once('/')).map_or("", |(v, _)| v);
            let view = self.view_of(vnet);
            let found = estate.firewall_dns(&entry.value);
            let (settings, inherited) = (found.map(|(s, _)| s), found.is_some_and(|(_, inherited)| inherited));
            let servers: Vec<IpAddr> =
                settings.map(|d| d.servers.iter().map(|s| s.value).collect()).unwrap_or_default();
            let origin =
                Origin::new("firewall", name, settings.and_then(|d| d.proxy_enabled.span).unwrap_or(entry.span));
            let resolver = match (servers.is_empty(), view) {
                (true, Some(view)) => Resolver::Platform(view),
                (true, None) => Resolver::Public,
                (false, platform) => Resolver::Servers { servers: servers.clone(), origin: origin.clone(), platform },
            };
            // The proxy answers only when enabled (AFW-01); it asks the same servers as the firewall itself (AFW-02).
            let proxy = settings.is_some_and(|d| d.proxy_enabled.value).then(|| {
                let forwarders = if servers.is_empty() {
                    Vec::new()
                } else {
                    vec![ForwardRule { suffix: None, except: Vec::new(), servers, origin: origin.clone() }]
                };
                DnsServer {
                    origin,
                    zones: Vec::new(),
                    forwarders,
                    inherited,
                    // No zone can be linked to a virtual hub: there Azure DNS knows public names only (AFW-02).
                    otherwise: if view.is_some() { Otherwise::Platform } else { Otherwise::Public },
                    iterative: false,
                    mode_undeclared: false,
                    platform: view,
                }
            });
            let server = proxy.map(|p| self.plane.dns.servers.push(p));
            let device = self.plane.endpoints.get_mut(id);
            device.dns = server;
            if let Role::Firewall(firewall) = &mut device.role {
                firewall.resolver = resolver;
            }
        }
        for (site_name, entry) in estate.on_premises_sites.iter() {
            let Some((network, segment)) = self.sites.get(site_name).copied() else {
                continue;
            };
            for (name, server) in entry.value.dns_servers.iter() {
                let Some(address) = &server.value.ip_address else {
                    self.error(
                        code::MISSING_KEY,
                        server.span,
                        format!("DNS server `{name}` of site `{site_name}` needs its ip_address"),
                        "add ip_address",
                    );
                    continue;
                };
                self.inside_site(site_name, &entry.value, address.value, address.span);
                let made = self.declared_server(name, &server.value, server.span, None);
                let id = self.plane.dns.servers.push(made);
                match self.plane.owner(network, address.value) {
                    Some(owner) => self.plane.endpoints.get_mut(owner).dns = Some(id),
                    None => {
                        let host = host(Listens::Only(vec![
                            (crate::net::Transport::Udp, crate::net::PortSet::one(53)),
                            (crate::net::Transport::Tcp, crate::net::PortSet::one(53)),
                        ]));
                        let mut made = endpoint(
                            Origin::new("dns_server", name, server.span),
                            Some(segment),
                            vec![address.value],
                            Role::Host(host),
                        );
                        made.dns = Some(id);
                        self.plane.add_endpoint(made);
                    }
                }
            }
        }
        for (name, entry) in estate.virtual_machines.iter() {
            let (Some(declared), Some(id)) = (&entry.value.dns_server, self.machines.get(name).copied()) else {
                continue;
            };
            if let Some(address) =
                declared.ip_address.as_ref().filter(|a| a.value != entry.value.private_ip_address.value)
            {
                self.error(
                    code::CONFLICT,
                    address.span,
                    format!("the DNS server of `{name}` has another address than the machine"),
                    "remove ip_address",
                );
            }
            let vnet = entry.value.subnet.value.split_once('/').map_or("", |(v, _)| v);
            let platform = self.view_of(vnet);
            let server = self.declared_server(name, declared, entry.span, platform);
            let server = self.plane.dns.servers.push(server);
            self.plane.endpoints.get_mut(id).dns = Some(server);
        }
        self.root_servers();
    }

    /// Something at the far end for servers that resolve public names themselves (FWD-11). It is in no service tag.
    fn root_servers(&mut self) {
        let recurses = self.plane.dns.servers.iter().any(|(_, s)| s.otherwise == Otherwise::Recurse);
        if recurses && self.plane.public_owner(ROOT_SERVER).is_none() {
            let origin = Origin::new("root name server", ROOT_SERVER.to_string(), None);
            let mut made = endpoint(origin, None, vec![ROOT_SERVER], Role::Host(host(Listens::Undeclared)));
            made.tags.complete = true;
            self.plane.add_endpoint(made);
        }
    }

    pub(super) fn view_of(&self, vnet: &str) -> Option<Id<View>> {
        self.vnets.get(vnet).and_then(|n| self.plane.networks.get(*n).view)
    }

    fn attach(&mut self, server: DnsServer, vnet: &str, address: IpAddr) {
        let owner = self.vnets.get(vnet).and_then(|n| self.plane.owner(*n, address));
        let id = self.plane.dns.servers.push(server);
        if let Some(owner) = owner {
            self.plane.endpoints.get_mut(owner).dns = Some(id);
        }
    }

    fn declared_server(
        &mut self,
        name: &str,
        declared: &Declared,
        span: Span,
        platform: Option<Id<View>>,
    ) -> DnsServer {
        let origin = Origin::new("dns_server", name, span);
        let mut zones = Vec::new();
        for (zone_name, zone) in declared.zones.iter() {
            let Some(apex) = self.name(zone_name, zone.span) else {
                continue;
            };
            let mut records = RecordSet::default();
            self.written(&apex, &zone.value.a_records, &zone.value.cname_records, &mut records);
            zones.push((apex, records));
        }
        let mut forwarders = Vec::new();
        for (suffix, entry) in declared.conditional_forwarders.iter() {
            let servers = entry.value.iter().map(|s| s.value).collect();
            if let Some(parsed) = self.name(suffix, entry.span) {
                forwarders.push(ForwardRule {
                    suffix: Some(parsed),
                    except: Vec::new(),
                    servers,
                    origin: Origin::new("conditional_forwarder", suffix, entry.span),
                });
            }
        }
        if let Some(first) = declared.forwarders.first() {
            let servers = declared.forwarders.iter().map(|s| s.value).collect();
            forwarders.push(ForwardRule {
                suffix: None,
                except: Vec::new(),
                servers,
                origin: Origin::new("forwarders", name, first.span),
            });
        }
        let otherwise = if declared.recursion_enabled.value { Otherwise::Recurse } else { Otherwise::Refuse };
        DnsServer {
            origin,
            zones,
            forwarders,
            otherwise,
            iterative: declared.mode.value == ForwardMode::Iterative,
            mode_undeclared: declared.mode.span.is_none(),
            inherited: false,
            platform,
        }
    }

    /// Rulesets act in the networks they are linked to; a rule that is off is none (RESOLVER-04, RESOLVER-07).
    pub(super) fn rulesets(&mut self) {
        let estate = self.estate;
        let outbound: BTreeMap<String, Id<Endpoint>> = self
            .plane
            .endpoints
            .iter()
            .filter(|(_, e)| e.origin.kind == "outbound_endpoint")
            .map(|(id, e)| (e.origin.name.clone(), id))
            .collect();
        for (name, entry) in estate.private_dns_resolver_dns_forwarding_rulesets.iter() {
            let from: Vec<_> = entry
                .value
                .outbound_endpoints
                .iter()
                .filter_map(|r| self.find("outbound endpoint", r, &outbound))
                .collect();
            let mut rules = Vec::new();
            for (rule_name, rule) in entry.value.rules.iter().filter(|(_, r)| r.value.enabled.value) {
                let text = &rule.value.domain_name;
                if let Some(platform) = rule.value.target_dns_servers.iter().find(|t| t.value == PLATFORM_ADDRESS) {
                    let error = Diagnostic::error(
                        code::VALUE,
                        platform.span,
                        format!("{PLATFORM_ADDRESS} is refused as target of `{rule_name}` (RESOLVER-09)"),
                    );
                    self.diagnostics.push(error.help("name an inbound endpoint, or link the zone").refused());
                }
                let suffix = if text.value == "." { None } else { self.name(&text.value, text.span) };
                if suffix.is_some() || text.value == "." {
                    let servers = rule.value.target_dns_servers.iter().map(|s| s.value).collect();
                    // The rule for everything leaves Azure's own domains to Azure DNS (RESOLVER-10).
                    let except = match suffix {
                        None => self.known.own_domains().into_iter().collect(),
                        Some(_) => Vec::new(),
                    };
                    rules.push(ForwardRule {
                        suffix,
                        except,
                        servers,
                        origin: Origin::new("forwarding_rule", format!("{name}/{rule_name}"), rule.span),
                    });
                }
            }
            for (link_name, link) in entry.value.virtual_network_links.iter() {
                let Some(reference) = self.linked_network(link.value.virtual_network.as_ref(), link_name, link.span)
                else {
                    continue;
                };
                if let Some(view) = self.view_of(&reference.value) {
                    self.rival_rules(view, &reference.value, &rules, link.span);
                    let forwarding = &mut self.plane.dns.views.get_mut(view).forwarding;
                    forwarding.push(Forwarding { from: from.clone(), rules: rules.clone() });
                }
            }
        }
    }

    /// Two rulesets of one network that send one domain to different servers: which of them acts is not documented
    /// (RESOLVER-04).
    fn rival_rules(&mut self, view: Id<View>, vnet: &str, rules: &[ForwardRule], span: Span) {
        let others = self.plane.dns.views.get(view).forwarding.iter().flat_map(|f| &f.rules);
        let rival = others.into_iter().find_map(|other| {
            let own = rules.iter().find(|r| r.suffix == other.suffix && r.servers != other.servers)?;
            Some((own.clone(), other.origin.clone()))
        });
        if let Some((own, other)) = rival {
            let domain = own.suffix.as_ref().map_or_else(|| ".".to_owned(), ToString::to_string);
            let text =
                format!("`{vnet}` is linked to two rulesets that forward {domain} to different servers (RESOLVER-04)");
            let mut error = Diagnostic::error(code::CONFLICT, span, text);
            if let Some(at) = other.span {
                error = error.related(at, "the other rule");
            }
            self.diagnostics.push(error.help("keep one of the rules, or link one ruleset only"));
        }
    }

    /// The resolver of a machine: its interface's servers, its network's, or the platform (DNS-01).
    pub(super) fn network_resolver(&self, vnet: &str, own: &[Spanned<IpAddr>]) -> Resolver {
        let platform = self.view_of(vnet);
        let declared = self.estate.virtual_networks.get(vnet);
        let list =
            if own.is_empty() { declared.map(|v| v.value.dns_servers.as_slice()).unwrap_or_default() } else { own };
        match (list.first(), platform) {
            (None, Some(view)) => Resolver::Platform(view),
            (None, None) => Resolver::Public,
            (Some(first), _) => Resolver::Servers {
                servers: list.iter().map(|s| s.value).collect(),
                origin: Origin::new("dns_servers", vnet, first.span),
                platform,
            },
        }
    }
}
