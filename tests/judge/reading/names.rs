//! What a name answers, and to whom (DNS-01 to DNS-17, ZONE-06 to ZONE-20, RESOLVER-01 to RESOLVER-12, FWD-01 to
//! FWD-11, AFW-01 to AFW-04, DNSPOL-01 to DNSPOL-05).

use super::{
    At, Open, Reading, Stop, To, blocked,
    devices::is_under,
    services::Member,
    walk::{End, Journey},
};
use privreach::azure::model::{
    dns::{DnsSecurityAction, DnsServer, ForwardMode, PrivateDnsZone, ResolutionPolicy},
    service::ConnectionStatus,
};
use std::net::IpAddr;

/// What a name leads to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Named<'e> {
    Address(IpAddr),
    /// The public end of a service's chain.
    Service(Member<'e>),
    Host(&'e str),
    Missing,
    Silence,
    Loop,
    Undeclared,
    /// A policy's no, which is an answer (DNSPOL-03).
    Refused,
    /// Whether a server answers cannot be known.
    Unclear,
    /// A device on the way to a server is not supported.
    Open(Stop),
}

type Trail<'e> = Vec<(String, String)>;

/// Names under which a rule for everything leaves the answer to Azure (RESOLVER-10).
const RESERVED: [&str; 4] = ["windows.net", "azure.com", "azure.net", "windowsazure.us"];

impl<'e> Reading<'e> {
    pub(crate) fn resolve(&self, at: At<'e>, source: IpAddr, name: &str) -> Named<'e> {
        let mut trail = Vec::new();
        match at {
            At::Internet => self.public_dns(name),
            At::Laptop(client) => {
                let servers: Vec<IpAddr> =
                    self.e.vpn_clients.get(client).unwrap().value.dns_servers.iter().map(|s| s.value).collect();
                if servers.is_empty() {
                    self.public_dns(name)
                } else {
                    self.ask(at, source, &servers, name, &mut trail)
                }
            }
            At::Site(site) => {
                let servers = self.e.on_premises_sites.get(site).unwrap().value.dns_servers.iter();
                let servers: Vec<IpAddr> =
                    servers.filter_map(|(_, s)| s.value.ip_address.as_ref()).map(|a| a.value).collect();
                if servers.is_empty() {
                    self.public_dns(name)
                } else {
                    self.ask(at, source, &servers, name, &mut trail)
                }
            }
            At::Nic(nic) => {
                let own = &self.machine(nic.machine).dns_servers;
                let net = &self.e.virtual_networks.get(nic.net).unwrap().value.dns_servers;
                let servers: Vec<IpAddr> = if own.is_empty() { net } else { own }.iter().map(|s| s.value).collect();
                if servers.is_empty() {
                    if self.platform_denied(at) {
                        return Named::Silence;
                    }
                    return self.azure_dns(nic.net, name, true, &mut trail);
                }
                self.ask(at, source, &servers, name, &mut trail)
            }
            At::Firewall(firewall) => self.proxied(firewall, name, &mut trail),
            At::App(app) => {
                // DNS-01, APP-04: without a network there are no private zones.
                let Some(integration) = self.integration(app) else { return self.public_dns(name) };
                let net = Self::split(&integration.subnet.value).0;
                let own = &integration.dns_servers;
                let shared = &self.e.virtual_networks.get(net).unwrap().value.dns_servers;
                let servers: Vec<IpAddr> = if own.is_empty() { shared } else { own }.iter().map(|s| s.value).collect();
                if servers.is_empty() {
                    return self.azure_dns(net, name, true, &mut trail);
                }
                self.ask(at, source, &servers, name, &mut trail)
            }
            At::Gateway(_) | At::Endpoint(_) | At::Resolver(_) | At::Link(_) => Named::Silence,
        }
    }

    fn platform() -> IpAddr {
        "168.63.129.16".parse().unwrap()
    }

    /// DNS-03: an outbound deny that names the platform's DNS.
    fn platform_denied(&self, at: At<'e>) -> bool {
        let At::Nic(nic) = at else { return false };
        self.denies_platform_dns(nic)
    }

    /// A list of servers: the first that answers decides, even if it finds nothing; one without an answer of its own is
    /// as silent as one out of reach (DNS-05, DNS-06, DNS-04, RESOLVER-09).
    fn ask(&self, at: At<'e>, source: IpAddr, servers: &[IpAddr], name: &str, trail: &mut Trail<'e>) -> Named<'e> {
        let mut last = Named::Silence;
        for server in servers {
            let (asked, links) = (trail.len(), self.chain.borrow().len());
            match self.ask_one(at, source, *server, name, trail) {
                None => {}
                Some(failed @ (Named::Silence | Named::Loop)) => last = failed,
                Some(answer) => return answer,
            }
            trail.truncate(asked);
            self.chain.borrow_mut().truncate(links);
        }
        last
    }

    /// Whether a query comes to a server on the internet.
    fn reaches_outside(&self, at: At<'e>, own: IpAddr, server: IpAddr) -> Open<()> {
        let mut journey = Journey::new(at, own, &To::address(server), 53);
        journey.udp = true;
        let end = self.travel(&mut journey)?;
        match end {
            End::Out(sender) => self.out(sender, &journey)?,
            _ => return blocked("NOROUTE"),
        };
        self.return_to_legs(end, &journey)
    }

    /// FWD-10, FWD-11: every alias is looked up from the start, own zones first; forwarders only by iterative servers.
    fn recurse(&self, at: At<'e>, own: IpAddr, dns: &'e DnsServer, name: &str, trail: &mut Trail<'e>) -> Named<'e> {
        // What resolves public names itself asks the root servers first.
        match self.reaches_outside(at, own, "198.41.0.4".parse().unwrap()) {
            Ok(()) => {}
            Err(Stop::Unknown(_)) => return Named::Unclear,
            Err(_) => return Named::Silence,
        }
        match self.public_chain(name).get(1) {
            Some(alias) if *dns.mode == ForwardMode::Iterative || dns.zones.iter().any(|(z, _)| is_under(alias, z)) => {
                self.chain.borrow_mut().push(alias.clone());
                self.custom(at, own, dns, alias, trail)
            }
            _ => self.public_dns(name),
        }
    }

    /// `None` of a server that cannot be asked.
    fn ask_one(
        &self,
        at: At<'e>,
        source: IpAddr,
        server: IpAddr,
        name: &str,
        trail: &mut Trail<'e>,
    ) -> Option<Named<'e>> {
        if server == Self::platform() {
            // DNS-02, FWD-01.
            return match self.place(at) {
                Some((net, _)) if !self.platform_denied(at) => Some(self.azure_dns(net, name, true, trail)),
                _ => None,
            };
        }
        // DNS-10: a public resolver answers what public DNS holds; of one that nobody declares, nothing is known.
        if self.is_public(server) {
            let hosts = &self.e.public_hosts;
            let declared = hosts.iter().any(|(_, h)| h.value.ip_address.as_ref().is_some_and(|a| a.value == server));
            return match self.reaches_outside(at, source, server) {
                Err(Stop::Unknown(_)) => Some(Named::Unclear),
                Err(_) => None,
                Ok(()) if declared => Some(self.public_dns(name)),
                Ok(()) => Some(Named::Unclear),
            };
        }
        match self.query_passes(at, source, server) {
            Ok(()) => {}
            Err(Stop::Unknown(_)) => return Some(Named::Unclear),
            Err(Stop::Blocked(_)) => return None,
            Err(open) => return Some(Named::Open(open)),
        }
        for (_, resolver) in self.e.private_dns_resolvers.iter() {
            let own = resolver.value.inbound_endpoints.iter().any(|(_, i)| i.value.private_ip_address.value == server);
            if own {
                let net = resolver.value.virtual_network.value.as_str();
                return Some(self.azure_dns(net, name, true, trail));
            }
        }
        for (firewall, f) in self.e.firewalls.iter() {
            if f.value.private_ip_address.as_ref().is_some_and(|a| a.value == server) {
                let proxy = self.policy(firewall).and_then(|p| p.dns.as_ref()).is_some_and(|d| *d.proxy_enabled);
                return proxy.then(|| self.proxied(firewall, name, trail));
            }
        }
        self.dns_server(server).map(|(at, dns)| self.custom(at, server, dns, name, trail))
    }

    /// A server of the customer's: on a machine, or on premises.
    pub(crate) fn dns_server(&self, address: IpAddr) -> Option<(At<'e>, &'e DnsServer)> {
        for nic in self.nics().filter(|n| n.further.is_none()) {
            if let Some(dns) = &self.machine(nic.machine).dns_server
                && dns.ip_address.as_ref().map_or(self.address_of(nic), |a| a.value) == address
                && *self.machine(nic.machine).running
            {
                return Some((At::Nic(nic), dns));
            }
        }
        self.e.on_premises_sites.iter().find_map(|(site, s)| {
            let mut servers = s.value.dns_servers.iter().map(|(_, d)| &d.value);
            servers.find(|d| d.ip_address.as_ref().is_some_and(|a| a.value == address)).map(|d| (At::Site(site), d))
        })
    }

    /// AFW-02.
    fn proxied(&self, firewall: &'e str, name: &str, trail: &mut Trail<'e>) -> Named<'e> {
        let at = At::Firewall(firewall);
        if self.repeats(trail, format!("proxy {firewall}"), name) {
            return Named::Loop;
        }
        let declared = &self.e.firewalls.get(firewall).unwrap().value;
        let own = declared.private_ip_address.as_ref().unwrap().value;
        let servers: Vec<IpAddr> = self
            .policy(firewall)
            .and_then(|p| p.dns.as_ref())
            .map(|d| d.servers.iter().map(|s| s.value).collect())
            .unwrap_or_default();
        if servers.is_empty() {
            match self.firewall_net(firewall) {
                Some(net) => self.azure_dns(net, name, true, trail),
                None => self.public_dns(name),
            }
        } else {
            self.ask(at, own, &servers, name, trail)
        }
    }

    fn repeats(&self, trail: &mut Trail<'e>, who: String, name: &str) -> bool {
        let step = (who, name.to_owned());
        let seen = trail.contains(&step);
        trail.push(step);
        seen
    }

    /// FWD-03 to FWD-11: own zones, then the longest forwarder, then the rest.
    fn custom(&self, at: At<'e>, own: IpAddr, dns: &'e DnsServer, name: &str, trail: &mut Trail<'e>) -> Named<'e> {
        if self.repeats(trail, format!("server {own}"), name) {
            return Named::Loop;
        }
        let zones = dns.zones.iter().filter(|(zone, _)| is_under(name, zone));
        if let Some((zone, held)) = zones.max_by_key(|(zone, _)| zone.len()) {
            let relative = relative(name, zone);
            if let Some(record) = held.value.a_records.get(&relative) {
                return record.value.records.first().map_or(Named::Missing, |a| Named::Address(a.value));
            }
            return match held.value.cname_records.get(&relative) {
                Some(alias) => self.custom(at, own, dns, &alias.value.record.value, trail),
                None => Named::Missing,
            };
        }
        let iterative = *dns.mode == ForwardMode::Iterative;
        let suffixes = dns.conditional_forwarders.iter().filter(|(suffix, _)| is_under(name, suffix));
        let longest = suffixes.max_by_key(|(suffix, _)| suffix.len());
        let targets = longest.map(|(_, t)| &t.value).or((!dns.forwarders.is_empty()).then_some(&dns.forwarders));
        let (before, asked) = (self.chain.borrow().len(), trail.len());
        let answer = match targets {
            Some(targets) => {
                let targets: Vec<IpAddr> = targets.iter().map(|t| t.value).collect();
                self.ask(at, own, &targets, name, trail)
            }
            None if *dns.recursion_enabled => return self.recurse(at, own, dns, name, trail),
            None => Named::Silence,
        };
        // FWD-04: an iterative server believes the first alias only, and follows it itself.
        let alias = self.chain.borrow().get(before).cloned();
        match alias {
            Some(alias)
                if iterative && !matches!(answer, Named::Silence | Named::Loop | Named::Unclear | Named::Open(_)) =>
            {
                self.chain.borrow_mut().truncate(before + 1);
                trail.truncate(asked);
                self.custom(at, own, dns, &alias, trail)
            }
            _ => answer,
        }
    }

    /// DNS-17.
    pub(crate) fn azure_dns(&self, net: &'e str, name: &str, asked: bool, trail: &mut Trail<'e>) -> Named<'e> {
        if self.repeats(trail, format!("azure {net} {asked}"), name) {
            return Named::Loop;
        }
        let assumptions = self.e.assumptions.as_ref();
        // DNSPOL-02, A-2.
        let looks = asked || assumptions.is_some_and(|a| *a.dns_policy_matches_aliases);
        if looks && self.policy_blocks(net, name) {
            return Named::Refused;
        }
        if let Some((key, zone)) = self.linked_zone(net, name) {
            match self.in_zone(net, key, zone, name) {
                Some(Ok(address)) => return Named::Address(address),
                Some(Err(alias)) => {
                    self.chain.borrow_mut().push(alias.clone());
                    return self.azure_dns(net, &alias, false, trail);
                }
                None => {}
            }
            let links = &zone.virtual_network_links;
            let link = links.iter().find(|(k, l)| l.value.virtual_network.as_ref().map_or(*k, |v| &v.value) == net);
            let policy = *link.unwrap().1.value.resolution_policy;
            // ZONE-10: only zones of private link fall back.
            let falls =
                policy == ResolutionPolicy::NxDomainRedirect && zone_name(key, zone).starts_with("privatelink.");
            return if falls { self.public_dns(name) } else { Named::Missing };
        }
        // RESOLVER-05, RESOLVER-07, A-1.
        if (asked || assumptions.is_none_or(|a| *a.ruleset_matches_aliases))
            && let Some((out, targets)) = self.ruleset(net, name)
        {
            return self.ask_from(out, &targets, name, trail);
        }
        match self.public_chain(name).get(1) {
            Some(alias) => {
                self.chain.borrow_mut().push(alias.clone());
                self.azure_dns(net, alias, false, trail)
            }
            None => self.public_dns(name),
        }
    }

    /// Queries of an outbound endpoint start in its subnet (RESOLVER-02).
    fn ask_from(&self, out: (&'e str, &'e str), servers: &[IpAddr], name: &str, trail: &mut Trail<'e>) -> Named<'e> {
        let first = self.outbound_address(out);
        let at = At::Nic(super::Nic { net: out.0, subnet: out.1, machine: "", further: None });
        self.ask(at, first, servers, name, trail)
    }

    fn policy_blocks(&self, net: &str, name: &str) -> bool {
        let policies = self.e.dns_security_policies.iter().map(|(_, p)| &p.value);
        for policy in policies.filter(|p| p.virtual_networks.iter().any(|n| n.value == net)) {
            let mut rules: Vec<_> = policy.rules.iter().map(|(_, r)| &r.value).collect();
            rules.sort_by_key(|r| r.priority.value);
            let hit = |domain: &str| domain == "." || is_under(name, domain.trim_end_matches('.'));
            if let Some(rule) = rules.into_iter().find(|r| r.domains.iter().any(|d| hit(&d.value))) {
                return rule.action.value == DnsSecurityAction::Block;
            }
        }
        false
    }

    /// ZONE-06: the most specific linked zone.
    fn linked_zone(&self, net: &str, name: &str) -> Option<(&'e str, &'e PrivateDnsZone)> {
        let linked = self.e.private_dns_zones.iter().filter(|(key, zone)| {
            let mut links = zone.value.virtual_network_links.iter();
            is_under(name, zone_name(key, &zone.value))
                && links.any(|(k, l)| l.value.virtual_network.as_ref().map_or(k, |v| v.value.as_str()) == net)
        });
        linked.max_by_key(|(key, zone)| zone_name(key, &zone.value).len()).map(|(key, zone)| (key, &zone.value))
    }

    /// A record of a zone: an address, or an alias.
    fn in_zone(&self, _net: &str, key: &str, zone: &'e PrivateDnsZone, name: &str) -> Option<Result<IpAddr, String>> {
        let relative = relative(name, zone_name(key, zone));
        let exact = |label: &str| -> Option<Result<IpAddr, String>> {
            if let Some(record) = zone.a_records.get(label) {
                return record.value.records.first().map(|a| Ok(a.value));
            }
            zone.cname_records.get(label).map(|c| Err(c.value.record.value.trim_end_matches('.').to_owned()))
        };
        // ZONE-20: a wildcard only where there is no record of the name.
        exact(&relative).or_else(|| self.registered(key, zone, name).map(Ok)).or_else(|| exact("*"))
    }

    /// ZG-02, ZG-04, ZONE-21: what endpoints and machines register.
    fn registered(&self, key: &str, zone: &'e PrivateDnsZone, name: &str) -> Option<IpAddr> {
        for (endpoint, e) in self.e.private_endpoints.iter() {
            let group = e.value.private_dns_zone_group.as_ref();
            if group.is_some_and(|g| g.private_dns_zones.iter().any(|z| z.value == key))
                && self.status(endpoint) == ConnectionStatus::Approved
            {
                let at = self.members_of(endpoint).into_iter().position(|m| m.registers(name));
                if let Some(at) = at {
                    let addresses = self.endpoint_addresses(endpoint);
                    return addresses.get(at).or(addresses.first()).copied();
                }
            }
        }
        let links = zone.virtual_network_links.iter().filter(|(_, l)| *l.value.registration_enabled);
        for (k, link) in links {
            let net = link.value.virtual_network.as_ref().map_or(k, |v| v.value.as_str());
            let mut machines = self.nics().filter(|n| n.further.is_none() && n.net == net);
            let found = machines.find(|n| relative(name, zone_name(key, zone)) == n.machine);
            if let Some(nic) = found {
                return Some(self.address_of(nic));
            }
        }
        None
    }

    /// RESOLVER-07 to RESOLVER-10.
    fn ruleset(&self, net: &str, name: &str) -> Option<((&'e str, &'e str), Vec<IpAddr>)> {
        let mut best: Option<(usize, (&'e str, &'e str), Vec<IpAddr>)> = None;
        for (_, ruleset) in self.e.private_dns_resolver_dns_forwarding_rulesets.iter() {
            let mut links = ruleset.value.virtual_network_links.iter();
            if !links.any(|(k, l)| l.value.virtual_network.as_ref().map_or(k, |v| v.value.as_str()) == net) {
                continue;
            }
            let (resolver, endpoint) = Self::split(&ruleset.value.outbound_endpoints[0].value);
            let out =
                &self.e.private_dns_resolvers.get(resolver).unwrap().value.outbound_endpoints.get(endpoint).unwrap();
            for (_, rule) in ruleset.value.rules.iter().filter(|(_, r)| *r.value.enabled) {
                let domain = rule.value.domain_name.value.trim_end_matches('.');
                let all = domain.is_empty() && !RESERVED.iter().any(|r| is_under(name, r));
                if (all || !domain.is_empty() && is_under(name, domain))
                    && best.as_ref().is_none_or(|(length, ..)| domain.len() > *length)
                {
                    let targets = rule.value.target_dns_servers.iter().map(|t| t.value).collect();
                    best = Some((domain.len(), Self::split(&out.value.subnet.value), targets));
                }
            }
        }
        best.map(|(_, out, targets)| (out, targets))
    }

    /// What public DNS says (DNS-07, DNS-08, DNS-10).
    pub(crate) fn public_dns(&self, name: &str) -> Named<'e> {
        if let Some(alias) = self.public_chain(name).get(1) {
            self.chain.borrow_mut().push(alias.clone());
        }
        if let Some(member) = self.member_named(name) {
            return Named::Service(member);
        }
        if let Some((host, _)) = self.e.public_hosts.iter().find(|(h, _)| *h == name) {
            return Named::Host(host);
        }
        let absent = self.e.public_dns.as_ref().is_some_and(|p| p.absent.iter().any(|a| is_under(name, &a.value)));
        if absent { Named::Missing } else { Named::Undeclared }
    }

    /// A name and the aliases that public DNS gives it.
    fn public_chain(&self, name: &str) -> Vec<String> {
        let mut chain = vec![name.to_owned()];
        if let Some(member) = self.member_named(name)
            && member.public == name
            && self.aliased(&member)
        {
            chain.push(member.alias);
        }
        chain
    }

    /// The address that a firewall has for a name (FW-08).
    pub(crate) fn addresses_of(&self, firewall: &str, name: &str) -> Option<IpAddr> {
        let (firewall, _) = self.e.firewalls.iter().find(|(f, _)| *f == firewall)?;
        match self.proxied(firewall, name, &mut Vec::new()) {
            Named::Address(address) => Some(address),
            Named::Host(host) => self.e.public_hosts.get(host)?.value.ip_address.as_ref().map(|a| a.value),
            _ => None,
        }
    }

    pub(crate) fn named_or(&self, named: Named<'e>) -> Result<Named<'e>, Stop> {
        match named {
            Named::Missing => Err(Stop::Blocked("DNS-NXDOMAIN")),
            Named::Silence | Named::Refused => Err(Stop::Blocked("DNS-FAIL")),
            Named::Unclear => Err(Stop::Unknown("DNS-FAIL")),
            Named::Loop => Err(Stop::Blocked("DNS-LOOP")),
            Named::Undeclared => Err(Stop::Unknown("DNS-UNDECLARED")),
            Named::Open(open) => Err(open),
            named => Ok(named),
        }
    }
}

pub(crate) fn zone_name<'z>(key: &'z str, zone: &'z PrivateDnsZone) -> &'z str {
    zone.zone_name.as_ref().map_or(key, |n| n.value.as_str())
}

fn relative(name: &str, zone: &str) -> String {
    let rest = name.strip_suffix(zone).unwrap_or(name).trim_end_matches('.');
    if rest.is_empty() { "@".to_owned() } else { rest.to_owned() }
}
