//! Private zones, views, servers and rulesets (DNS-01 to DNS-09, ZONE-*, ZG-*, RESOLVER-*, FWD-*, AFW-*).

use super::{
    Compiler,
    machines::{endpoint, host},
};
use crate::{
    azure::model::dns::{AddressRecord, CnameRecord, DnsServer as Declared, ForwardMode, ResolutionPolicy},
    azure::model::service::ConnectionStatus,
    dataplane::{
        DnsServer, Endpoint, ForwardRule, Forwarding, Id, Listens, Network, Origin, Otherwise, ROOT_SERVER, Record,
        RecordData, RecordSet, Resolver, Role, View, Zone, ZoneLink,
    },
    diag::{Diagnostic, Span, code},
    document::{Map, Reference, Spanned},
    net::{Fqdn, PLATFORM_ADDRESS},
};
use std::{collections::BTreeMap, net::IpAddr};

impl Compiler<'_> {
    pub(super) fn dns(&mut self) {
        let zones = self.zones();
        self.views(&zones);
        self.managed_views();
        self.servers();
        self.rulesets();
        self.name_policies();
    }

    fn zones(&mut self) -> BTreeMap<String, Id<Zone>> {
        let estate = self.estate;
        let mut ids = BTreeMap::new();
        for (key, entry) in estate.private_dns_zones.iter() {
            let declared = entry.value.zone_name.as_ref();
            let Some(name) =
                self.name(declared.map_or(key, |n| n.value.as_str()), declared.map_or(entry.span, |n| n.span))
            else {
                continue;
            };
            let mut records = RecordSet::default();
            self.written(&name, &entry.value.a_records, &entry.value.cname_records, &mut records);
            let id = self.plane.dns.zones.push(Zone {
                origin: Origin::new("private_dns_zone", key, entry.span),
                name,
                records,
            });
            ids.insert(key.to_owned(), id);
        }
        self.zone_groups(&ids);
        ids
    }

    /// Records written by hand: relative name, `@` for the apex (ZG-03). They outlive their endpoints, and may hold public
    /// addresses (PE-37, ZONE-12).
    fn written(&mut self, zone: &Fqdn, a: &Map<AddressRecord>, cname: &Map<CnameRecord>, records: &mut RecordSet) {
        for (relative, entry) in a.iter() {
            match zone.prepend(relative) {
                Ok(name) => {
                    let data = RecordData::Addresses(entry.value.records.iter().map(|r| r.value).collect());
                    let span = entry.value.records.first().map_or(entry.span, |r| r.span);
                    records.insert(name, Record { data, origin: Origin::new("a_record", relative, span) });
                }
                Err(error) => self.diagnostics.push(Diagnostic::error(code::VALUE, entry.span, error.to_string())),
            }
        }
        for (relative, entry) in cname.iter() {
            if a.get(relative).is_some() {
                self.error(
                    code::CONFLICT,
                    entry.span,
                    format!("`{relative}` has address records and an alias"),
                    "keep one of the two",
                );
            }
            let target = self.name(&entry.value.record.value, entry.value.record.span);
            if let (Some(target), Ok(name)) = (target, zone.prepend(relative)) {
                records.insert(
                    name,
                    Record {
                        data: RecordData::Alias(target),
                        origin: Origin::new("cname_record", relative, entry.span),
                    },
                );
            }
        }
    }

    /// A zone group registers the records of its endpoint in the zones it names, a manual connection's only once it is
    /// approved (ZG-01, ZG-02, ZG-04). Of two that register one name, the later one in order of name stays (ZG-05, A-8).
    fn zone_groups(&mut self, zones: &BTreeMap<String, Id<Zone>>) {
        let estate = self.estate;
        let endpoints = std::mem::take(&mut self.customer_endpoints);
        for private in &endpoints {
            let Some(entry) = estate.private_endpoints.get(&private.name) else {
                continue;
            };
            let Some(group) = &entry.value.private_dns_zone_group else {
                continue;
            };
            let connection = &entry.value.private_service_connection;
            let approved = connection.status.as_ref().is_some_and(|s| s.value == ConnectionStatus::Approved);
            if connection.is_manual_connection.value && !approved {
                continue;
            }
            let target = self.targets.get(&private.target).cloned().unwrap_or_default();
            for reference in &group.private_dns_zones {
                let Some(id) = self.find("private_dns_zone", reference, zones) else {
                    continue;
                };
                let zone = self.plane.dns.zones.get_mut(id);
                let records = target
                    .names
                    .iter()
                    .map(|n| (&n.record, n.member))
                    .chain(target.records.iter().map(|(n, m)| (n, *m)));
                let mut any = false;
                for (name, member) in records {
                    if let Some(address) = private.addresses.get(member).filter(|_| name.is_under(&zone.name)) {
                        any = true;
                        let origin = Origin::new("private_dns_zone_group", &private.name, reference.span);
                        let record = Record { data: RecordData::Addresses(vec![*address]), origin: origin.clone() };
                        let old = zone.records.find_exact(name).map(|r| r.origin.clone());
                        let old = old.filter(|o| o.kind == origin.kind && o.name != private.name);
                        // What was written by hand stays beside it.
                        match old {
                            Some(_) => zone.records.replace(name.clone(), record),
                            None => zone.records.insert(name.clone(), record),
                        }
                        if let Some(old) = old {
                            self.diagnostics.push(
                                Diagnostic::warning(
                                    code::IGNORED,
                                    old.span,
                                    format!(
                                        "`{}` replaces the record of {name} that {old} made (ZG-05, A-8)",
                                        private.name
                                    ),
                                )
                                .help("register one endpoint per resource and zone"),
                            );
                        }
                    }
                }
                if !any {
                    self.diagnostics.push(
                        Diagnostic::warning(
                            code::IGNORED,
                            reference.span,
                            format!(
                                "no name of `{}` lies in zone `{}`, so the zone group registers nothing there",
                                private.target.0, reference.value
                            ),
                        )
                        .help("name the zone of the sub-resource, for example privatelink.blob.core.windows.net"),
                    );
                }
            }
        }
        self.customer_endpoints = endpoints;
    }

    /// What each network sees: the zones linked to it, whatever it is peered with (ZONE-01, ZONE-02, ZONE-03,
    /// ZONE-18, DNS-14).
    fn views(&mut self, zones: &BTreeMap<String, Id<Zone>>) {
        let estate = self.estate;
        let mut links: BTreeMap<String, Vec<ZoneLink>> = BTreeMap::new();
        let mut members: BTreeMap<Option<Id<Network>>, Vec<Id<Endpoint>>> = BTreeMap::new();
        self.machines.values().for_each(|m| members.entry(self.plane.network_of(*m)).or_default().push(*m));
        for (key, entry) in estate.private_dns_zones.iter() {
            let Some(zone) = zones.get(key).copied() else { continue };
            for (link_name, link) in entry.value.virtual_network_links.iter() {
                let Some(reference) = self.linked_network(link.value.virtual_network.as_ref(), link_name, link.span)
                else {
                    continue;
                };
                let list = links.entry(reference.value.clone()).or_default();
                let same = |l: &&ZoneLink| self.plane.dns.zones.get(l.zone).name == self.plane.dns.zones.get(zone).name;
                if list.iter().find(same).is_some() {
                    self.diagnostics.push(
                        Diagnostic::error(
                            code::CONFLICT,
                            link.span,
                            format!("`{}` is linked to two zones of the same name (ZONE-05)", reference.value),
                        )
                        .help("keep one of the links")
                        .refused(),
                    );
                    continue;
                }
                if link.value.registration_enabled.value {
                    let network = self.vnets.get(&reference.value).copied();
                    self.register_machines(zone, members.get(&network).map_or(&[], Vec::as_slice));
                }
                list.push(ZoneLink {
                    zone,
                    origin: Origin::new("virtual_network_link", format!("{key}/{link_name}"), link.span),
                    // Only zones of Private Link fall back (ZONE-10, ZONE-13).
                    fallback: link.value.resolution_policy.value == ResolutionPolicy::NxDomainRedirect
                        && zone_is_private_link(&self.plane.dns.zones.get(zone).name),
                });
            }
        }
        for (vnet, id) in self.vnets.clone() {
            let network = self.plane.networks.get(id);
            let view = View {
                origin: network.origin.clone(),
                links: links.remove(&vnet).unwrap_or_default(),
                overrides: RecordSet::default(),
                dormant: BTreeMap::new(),
                forwarding: Vec::new(),
                policy: Vec::new(),
            };
            let view = self.plane.dns.views.push(view);
            self.plane.networks.get_mut(id).view = Some(view);
        }
    }

    /// The network of a link: the one it names, or the one its key names.
    fn linked_network(&mut self, named: Option<&Reference>, key: &str, span: Span) -> Option<Reference> {
        let estate = self.estate;
        let reference = named.cloned().unwrap_or(Spanned { value: key.to_owned(), span });
        let usable = !self.refuse_managed(&reference)
            && self.declared("virtual_network", &reference, &estate.virtual_networks).is_some();
        usable.then_some(reference)
    }

    /// A managed network takes no customer settings (MVNET-09).
    fn refuse_managed(&mut self, reference: &Reference) -> bool {
        let managed = self.managed.contains_key(&reference.value) && !self.vnets.contains_key(&reference.value);
        if managed {
            self.diagnostics.push(
                Diagnostic::error(
                    code::MVNET_PEER,
                    reference.span,
                    format!(
                        "no zone or ruleset can be linked to the managed network of `{}` (MVNET-09)",
                        reference.value
                    ),
                )
                .help("remove the link")
                .refused(),
            );
        }
        managed
    }

    /// Machines of a registration network register an A record each; one whose interface has several IPv4 addresses sets
    /// them statically, and is left out (ZONE-21).
    fn register_machines(&mut self, zone: Id<Zone>, members: &[Id<Endpoint>]) {
        let members: Vec<_> = members.iter().map(|m| (*m, self.plane.endpoints.get(*m).clone())).collect();
        let zone = self.plane.dns.zones.get_mut(zone);
        for (id, machine) in members {
            let [address] = *machine.addresses.iter().copied().filter(IpAddr::is_ipv4).collect::<Vec<_>>() else {
                continue;
            };
            if let Ok(name) = zone.name.prepend(&machine.origin.name) {
                self.plane.machine_names.entry(name.clone()).or_default().push(id);
                zone.records
                    .insert(name, Record { data: RecordData::Addresses(vec![address]), origin: machine.origin });
            }
        }
    }

    /// Names inside a managed network: public DNS, overridden by active private endpoint rules (MPE-10, DEF-03).
    fn managed_views(&mut self) {
        let names = std::mem::take(&mut self.managed_names);
        for (workspace, managed) in &self.managed {
            let origin = self.plane.networks.get(managed.network).origin.clone();
            let mut view = View {
                origin,
                links: Vec::new(),
                overrides: RecordSet::default(),
                dormant: BTreeMap::new(),
                forwarding: Vec::new(),
                policy: Vec::new(),
            };
            for made in names.iter().filter(|m| m.workspace == *workspace) {
                let target = made.target.as_ref().and_then(|t| self.targets.get(t));
                let records = target.into_iter().flat_map(|t| {
                    t.names.iter().map(|n| (&n.record, n.member)).chain(t.records.iter().map(|(n, m)| (n, *m)))
                });
                let aliases = made.aliases.iter().map(|a| (a, 0));
                match made.closed {
                    None => {
                        for (name, member) in records.chain(aliases) {
                            if let Some(address) = made.addresses.get(member) {
                                view.overrides.insert(
                                    name.clone(),
                                    Record { data: RecordData::Addresses(vec![*address]), origin: made.origin.clone() },
                                );
                            }
                        }
                    }
                    Some(reason) => {
                        let public = target.into_iter().flat_map(|t| t.names.iter().map(|n| &n.public));
                        for name in public.chain(&made.aliases) {
                            view.dormant.insert(name.clone(), (reason, made.origin.clone()));
                        }
                    }
                }
            }
            let view = self.plane.dns.views.push(view);
            self.plane.networks.get_mut(managed.network).view = Some(view);
        }
        self.managed_names = names;
    }

    fn servers(&mut self) {
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
            let policy = entry.value.firewall_policy.as_ref().and_then(|p| estate.firewall_policies.get(&p.value));
            let settings = policy.and_then(|p| p.value.dns.as_ref());
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
            platform,
        }
    }

    /// Rulesets act in the networks they are linked to; a rule that is off is none (RESOLVER-04, RESOLVER-07).
    fn rulesets(&mut self) {
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

/// Whether a zone is one of Private Link, to which alone a link's resolution policy applies (ZONE-10).
fn zone_is_private_link(zone: &Fqdn) -> bool {
    zone.labels().any(|l| l == "privatelink")
}
