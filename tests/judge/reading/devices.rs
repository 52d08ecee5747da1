//! Appliances, firewalls and balancers on the path (NVA-01 to NVA-05, FW-02 to FW-14, SNAT-01 to SNAT-04, LB-01 to LB-06).

use super::{
    At, Nic, Open, Owner, Reading, Stop, To, blocked,
    filters::{at_port, protocol},
    is_reserved, prefix,
    walk::{End, Journey},
};
use privreach::azure::model::{
    firewall::{FirewallPolicy, RuleCollectionGroup, ThreatIntelligenceMode},
    gateway::SiteFirewall,
    load_balancer::{LoadBalancerProtocol, LoadBalancerRule},
    network::{Access, Direction, NextHopType, Sku},
    service::SourceNat,
};
use privreach::document::Spanned;
use std::net::IpAddr;

/// Which type of rule let a packet pass a firewall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Passed {
    Network,
    Application,
}

pub(crate) fn is_under(name: &str, suffix: &str) -> bool {
    name == suffix || name.strip_suffix(suffix).is_some_and(|rest| rest.ends_with('.'))
}

/// FW-07: an asterisk only at the left.
pub(crate) fn fqdn_matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_prefix('*') {
        Some(rest) => name.ends_with(rest) && name.len() > rest.len(),
        None => pattern == name,
    }
}

impl<'e> Reading<'e> {
    /// Into the device that a user route names (UDR-02, UDR-03): an end, or the next sender.
    pub(crate) fn enter(
        &self,
        at: At<'e>,
        net: &'e str,
        device: IpAddr,
        journey: &mut Journey<'e>,
    ) -> Open<Result<End<'e>, At<'e>>> {
        let (_, subnet) = self.place(at).unwrap();
        let near = |home: &&'e str| {
            *home == net
                || self.known_over((net, subnet), home).iter().any(|p| p.contains(device))
                || self.meshed(net, home) && !self.peered(net, home) && self.holds(home, device)
        };
        let homes: Vec<&'e str> = self.e.virtual_networks.keys().filter(near).collect();
        let found = homes.into_iter().find_map(|home| Some((home, self.owner_in(home, device)?)));
        let Some((home, owner)) = found else { return blocked("NEXTHOP") };
        match owner {
            Owner::Nic(nic) => self.appliance(at, net, home, nic, journey),
            Owner::Firewall(name) => {
                self.cross(at, net, home, None, journey)?;
                if journey.to.address == Some(device) {
                    return Ok(Ok(End::Owner(owner)));
                }
                if !journey.reply && self.is_public_of(name, journey.to.address) {
                    self.translate(name, journey)?;
                    return Ok(Err(At::Firewall(name)));
                }
                self.firewall(name, journey)?;
                Ok(Err(At::Firewall(name)))
            }
            Owner::Front(balancer, front) => {
                let nic = self.member(at, net, home, balancer, front, journey)?.0;
                self.appliance(at, net, home, nic, journey)
            }
            _ => blocked("NEXTHOP"),
        }
    }

    fn appliance(
        &self,
        at: At<'e>,
        net: &'e str,
        home: &'e str,
        nic: Nic<'e>,
        journey: &mut Journey<'e>,
    ) -> Open<Result<End<'e>, At<'e>>> {
        self.cross(at, net, home, Some(Owner::Nic(nic)), journey)?;
        let machine = self.machine(nic.machine);
        let appliance = machine.network_appliance.as_ref();
        let stateful = appliance.is_none_or(|a| *a.stateful);
        // NSG-07: a reply is filtered where its request did not pass. A device with state drops it anyway.
        let strange = journey.reply && !stateful && !journey.legs[0].passed.contains(&nic);
        let own = journey.to.address == Some(self.address_of(nic));
        if !journey.reply || strange && !own {
            self.filter(nic, &journey.seen(), Direction::Inbound)?;
        }
        // What is sent to the device itself, and reaches it by a user route, has arrived.
        if own {
            return Ok(Ok(End::Owner(Owner::Nic(nic))));
        }
        if !*machine.running {
            return blocked("NEXTHOP");
        }
        if !*machine.ip_forwarding_enabled {
            return blocked("IPFWD");
        }
        if appliance.is_some_and(|a| !*a.os_forwarding_enabled) {
            return blocked("NEXTHOP");
        }
        if (!journey.reply || !stateful)
            && let Some(rules) = appliance.and_then(|a| a.firewall.as_ref())
            && !self.site_firewall(rules, journey)
        {
            return blocked("NVA");
        }
        let outwards = journey.to.address.is_none_or(|a| self.is_public(a));
        let translates = appliance.is_some_and(|a| match *a.source_nat {
            SourceNat::None => false,
            SourceNat::Internet => outwards,
            SourceNat::All => true,
        });
        // NVA-04: without state it translates replies, too.
        if translates && journey.reply && !stateful {
            return blocked("ASYM");
        }
        if strange {
            self.filter(nic, &journey.seen(), Direction::Outbound)?;
        }
        journey.legs.last_mut().unwrap().passed.push(nic);
        if translates && !journey.reply {
            journey.translated(At::Nic(nic), self.address_of(nic));
        } else if stateful {
            journey.legs.last_mut().unwrap().devices.push(nic.machine);
            let excused = appliance.is_some_and(|a| *a.disable_snat_on_private_link);
            journey.legs.last_mut().unwrap().excused |= excused;
        }
        Ok(Err(At::Nic(nic)))
    }

    /// The rules of a site's edge, or of an appliance: lowest number first, then the default.
    pub(crate) fn site_firewall(&self, firewall: &SiteFirewall, journey: &Journey) -> bool {
        let mut rules: Vec<_> = firewall.rules.iter().map(|(_, r)| &r.value).collect();
        rules.sort_by_key(|r| r.priority.value);
        let hit = |list: &[Spanned<String>], address: Option<IpAddr>| {
            list.iter().any(|p| match p.value.as_str() {
                "*" => true,
                "Internet" => address.is_none_or(|a| self.is_public(a)),
                text => address.is_some_and(|a| prefix(text).is_some_and(|p| p.contains(a))),
            })
        };
        let found = rules.into_iter().find(|r| {
            protocol(*r.protocol, journey.udp)
                && hit(&r.source_addresses, Some(journey.source()))
                && hit(&r.destination_addresses, journey.to.address)
                && (r.destination_ports.is_empty()
                    || r.destination_ports.iter().any(|p| at_port(&p.value, journey.port, journey.reply)))
        });
        found.map_or(*firewall.default_action, |r| r.action.value) == Access::Allow
    }

    pub(crate) fn policy(&self, firewall: &str) -> Option<&'e FirewallPolicy> {
        let name = self.e.firewalls.get(firewall).unwrap().value.firewall_policy.as_ref()?;
        Some(&self.e.firewall_policies.get(&name.value).unwrap().value)
    }

    /// FW-04: the parent's groups first, each policy's by priority.
    fn rule_groups(&self, policy: &'e FirewallPolicy) -> Vec<&'e RuleCollectionGroup> {
        let mut all = match &policy.base_policy {
            Some(parent) => self.rule_groups(&self.e.firewall_policies.get(&parent.value).unwrap().value),
            None => Vec::new(),
        };
        let mut own: Vec<_> = policy.rule_collection_groups.iter().map(|(_, g)| &g.value).collect();
        own.sort_by_key(|g| g.priority.value);
        all.extend(own);
        all
    }

    /// UDR-11, FW-15: a firewall whose own default does not lead to the internet.
    pub(crate) fn is_tunnelled(&self, name: &str) -> bool {
        // FW-15: a hub's firewall always has the interface.
        let Some(net) = self.firewall_net(name) else { return false };
        let default = self.user_routes(net, "AzureFirewallSubnet").into_iter().find(|(p, ..)| p.is_default());
        default.is_some_and(|(_, kind, _)| kind != NextHopType::Internet)
    }

    pub(crate) fn is_broken(&self, name: &str) -> bool {
        self.is_tunnelled(name) && !*self.e.firewalls.get(name).unwrap().value.management_ip_enabled
    }

    pub(crate) fn firewall(&self, name: &'e str, journey: &mut Journey<'e>) -> Open<()> {
        let firewall = &self.e.firewalls.get(name).unwrap().value;
        if self.is_broken(name) {
            return self.unsupported("FW-TUNNEL");
        }
        if journey.reply {
            journey.legs[0].devices.push(name);
            return Ok(());
        }
        let policy = self.policy(name);
        if let Some(policy) = policy {
            self.threats(policy, journey)?;
        }
        let passed = match policy.map(|p| self.rules(name, p, journey)).unwrap_or_default().as_slice() {
            [Some(passed)] => *passed,
            [] | [None] => return blocked("FW"),
            // Whether the packet goes on, or the firewall asks for the name itself.
            several if several.contains(&Some(Passed::Application)) => return Err(Stop::Unknown("TAG")),
            _ => {
                self.doubt("TAG");
                Passed::Network
            }
        };
        let own = firewall.private_ip_address.as_ref().unwrap().value;
        if passed == Passed::Application {
            // FW-06, PE-33: it resolves the name itself, and connects there as itself.
            if let Some(asked) = journey.to.name.clone() {
                journey.to = self.resolved_by(name, &asked)?;
            }
            journey.translated(At::Firewall(name), own);
        } else if self.translates(policy.unwrap(), journey.to.address) {
            journey.translated(At::Firewall(name), own);
        } else {
            journey.legs.last_mut().unwrap().devices.push(name);
        }
        Ok(())
    }

    fn is_public_of(&self, firewall: &str, to: Option<IpAddr>) -> bool {
        let ips = &self.e.firewalls.get(firewall).unwrap().value.public_ips;
        let known = |name: &str| self.e.public_ips.get(name).unwrap().value.ip_address.as_ref().map(|a| a.value);
        to.is_some() && ips.iter().any(|ip| known(&ip.value) == to)
    }

    /// FW-03, FW-10: what is for the firewall's public address is translated, or dropped, before network rules.
    fn translate(&self, name: &'e str, journey: &mut Journey<'e>) -> Open<()> {
        let firewall = &self.e.firewalls.get(name).unwrap().value;
        let tunnelled = self.is_tunnelled(name);
        if tunnelled && !*firewall.management_ip_enabled {
            return self.unsupported("FW-TUNNEL");
        }
        let from = journey.known.then(|| journey.source());
        let Some((target, port)) = self.translation(name, from, journey.to.address.unwrap(), journey.port) else {
            return blocked("FW");
        };
        if tunnelled {
            return self.unsupported("FW-DNAT-TUNNEL");
        }
        journey.translated(At::Firewall(name), firewall.private_ip_address.as_ref().unwrap().value);
        journey.to = To::address(target);
        journey.port = port;
        Ok(())
    }

    /// What a firewall connects to for an application rule.
    fn resolved_by(&self, firewall: &'e str, name: &str) -> Open<To> {
        let named = self.resolve(At::Firewall(firewall), "168.63.129.16".parse().unwrap(), name);
        Ok(self.meant_by(&self.named_or(named)?, name))
    }

    /// FW-14.
    fn threats(&self, policy: &FirewallPolicy, journey: &Journey) -> Open<()> {
        if *policy.threat_intelligence_mode != ThreatIntelligenceMode::Deny {
            return Ok(());
        }
        let allowed = |t: &Spanned<String>| policy.threat_intelligence_allowlist.iter().any(|a| a.value == t.value);
        let threats: Vec<_> = self.e.known_threats.iter().filter(|t| !allowed(t)).collect();
        let named = |t: &str| journey.to.name.as_ref().is_some_and(|n| prefix(t).is_none() && fqdn_matches(t, n));
        let held = self.listed(threats.iter().map(|t| t.value.as_str()), journey.to.address);
        if held == Some(true) || threats.iter().any(|t| named(&t.value)) {
            return blocked("FW-TI");
        }
        if held.is_none() {
            self.doubt("TAG");
        }
        Ok(())
    }

    /// Whether prefixes hold an address; not known of an address that nobody knows, which a public range may hold.
    pub(crate) fn listed<'r>(
        &self,
        list: impl Iterator<Item = &'r str> + Clone,
        address: Option<IpAddr>,
    ) -> Option<bool> {
        let everything = |t: &str| t == "*" || prefix(t).is_some_and(|p| p.is_default());
        if list.clone().any(everything) {
            return Some(true);
        }
        let mut ranges = list.filter_map(prefix);
        match address {
            Some(address) => Some(ranges.any(|p| p.contains(address))),
            None if ranges.any(|p| self.is_public(p.network())) => None,
            None => Some(false),
        }
    }

    /// FW-03: network rules of every group, then application rules of every group. What may decide: each type of rule
    /// that may let the packet pass, or none; without any doubt there is one answer.
    fn rules(&self, firewall: &str, policy: &'e FirewallPolicy, journey: &Journey) -> Vec<Option<Passed>> {
        let groups = self.rule_groups(policy);
        let mut answers: Vec<Option<Passed>> = Vec::new();
        let hit = |list: &'e [Spanned<String>], address: Option<IpAddr>| {
            self.listed(list.iter().map(|p| p.value.as_str()), address)
        };
        let mut note = |matched: Option<bool>, passed: Passed, action: Access| {
            let answer = (action == Access::Allow).then_some(passed);
            if matched != Some(false) && !answers.contains(&answer) {
                answers.push(answer);
            }
            matched == Some(true)
        };
        for group in &groups {
            let mut collections: Vec<_> = group.network_rule_collections.iter().map(|(_, c)| &c.value).collect();
            collections.sort_by_key(|c| c.priority.value);
            for collection in collections {
                for (_, r) in collection.rules.iter() {
                    let r = &r.value;
                    let applies = r.protocols.iter().any(|p| protocol(p.value, journey.udp))
                        && r.destination_ports.iter().any(|p| p.value.contains(journey.port));
                    let source = hit(&r.source_addresses, Some(journey.source()));
                    // FW-08.
                    let named = r
                        .destination_fqdns
                        .iter()
                        .any(|f| self.addresses_of(firewall, &f.value).is_some_and(|a| Some(a) == journey.to.address));
                    let destination =
                        if named { Some(true) } else { hit(&r.destination_addresses, journey.to.address) };
                    let matched = if applies && source == Some(true) { destination } else { Some(false) };
                    if note(matched, Passed::Network, collection.action.value) {
                        return answers;
                    }
                }
            }
        }
        for group in &groups {
            let mut collections: Vec<_> = group.application_rule_collections.iter().map(|(_, c)| &c.value).collect();
            collections.sort_by_key(|c| c.priority.value);
            for collection in collections {
                for (_, r) in collection.rules.iter() {
                    let named = |name: &String| r.value.destination_fqdns.iter().any(|f| fqdn_matches(&f.value, name));
                    let matched = r.value.protocols.iter().any(|p| p.port.value == journey.port)
                        && !journey.udp
                        && hit(&r.value.source_addresses, Some(journey.source())) == Some(true)
                        && journey.to.name.as_ref().is_some_and(named);
                    if note(Some(matched), Passed::Application, collection.action.value) {
                        return answers;
                    }
                }
            }
        }
        if !answers.contains(&None) {
            answers.push(None);
        }
        answers
    }

    /// SNAT-01, SNAT-03: whether a network rule's packet gets the firewall's address.
    fn translates(&self, policy: &FirewallPolicy, to: Option<IpAddr>) -> bool {
        let Some(to) = to else {
            let everything = |p: &Spanned<String>| p.value == "0.0.0.0/0";
            return !policy.private_ip_ranges.as_ref().is_some_and(|r| r.iter().any(everything));
        };
        match &policy.private_ip_ranges {
            None => !is_reserved(to),
            Some(ranges) => !ranges.iter().any(|r| match r.value.as_str() {
                "IANAPrivateRanges" => is_reserved(to),
                text => prefix(text).is_some_and(|p| p.contains(to)),
            }),
        }
    }

    /// DNAT: the rule that takes a packet to one of the firewall's public addresses (FW-10).
    pub(crate) fn translation(
        &self,
        firewall: &str,
        from: Option<IpAddr>,
        to: IpAddr,
        port: u16,
    ) -> Option<(IpAddr, u16)> {
        for group in self.rule_groups(self.policy(firewall)?) {
            let mut collections: Vec<_> = group.nat_rule_collections.iter().map(|(_, c)| &c.value).collect();
            collections.sort_by_key(|c| c.priority.value);
            for collection in collections {
                for (_, rule) in collection.rules.iter() {
                    let rule = &rule.value;
                    let listed = |p: &Spanned<String>| match (from, prefix(&p.value)) {
                        (Some(from), Some(p)) => p.contains(from),
                        // A public range may hold an address that nobody knows.
                        (None, Some(p)) => self.is_public(p.network()),
                        (_, None) => p.value == "*",
                    };
                    let source = rule.source_addresses.iter().any(listed);
                    let sure = from.is_some() || rule.source_addresses.iter().any(|p| p.value == "*");
                    let own = rule.destination_public_ip.as_ref().and_then(|own| self.public_ip(&own.value));
                    let hit = rule.destination_address.as_ref().map(|a| a.value).or(own) == Some(to)
                        && rule.protocols.iter().any(|p| protocol(p.value, false))
                        && rule.destination_ports.iter().any(|p| p.value.contains(port));
                    let target = rule.translated_address.as_ref().map(|a| a.value);
                    let target = target.or_else(|| self.addresses_of(firewall, &rule.translated_fqdn.as_ref()?.value));
                    if let (true, true, Some(target)) = (source, hit, target) {
                        if !sure {
                            self.doubt("TAG");
                        }
                        return Some((target, rule.translated_port.value));
                    }
                }
            }
        }
        None
    }

    /// LB-01 to LB-06: delivery to a member of the pool behind a frontend.
    pub(crate) fn at_front(
        &self,
        at: At<'e>,
        net: &'e str,
        target: &'e str,
        balancer: &'e str,
        front: &'e str,
        journey: &mut Journey<'e>,
    ) -> Open<Owner<'e>> {
        let (nic, port) = self.member(at, net, target, balancer, front, journey)?;
        // LB-06.
        if journey.source() == self.address_of(nic) {
            return blocked("LB-HAIRPIN");
        }
        journey.legs.last_mut().unwrap().asked = journey.to.address.map(|a| (a, journey.port));
        journey.to = To::address(self.address_of(nic));
        journey.port = if port == 0 { journey.port } else { port };
        if !journey.reply {
            self.filter(nic, &journey.seen(), Direction::Inbound)?;
        }
        Ok(Owner::Nic(nic))
    }

    /// A healthy member for a packet, with the port it is served at.
    fn member(
        &self,
        at: At<'e>,
        net: &'e str,
        target: &'e str,
        name: &'e str,
        front: &'e str,
        journey: &mut Journey<'e>,
    ) -> Open<(Nic<'e>, u16)> {
        let balancer = &self.e.load_balancers.get(name).unwrap().value;
        // PEER-11.
        if *balancer.sku == Sku::Basic && net != target && self.region(net) != self.region(target) {
            return blocked("PEER-GLOBAL-BASIC");
        }
        let pools = balancer.backend_address_pools.iter().flat_map(|(_, p)| &p.value.virtual_machines);
        let any = pools.map(|m| &m.value).find_map(|m| self.nics().find(|n| n.machine == *m && n.further.is_none()));
        // PEER-07: a member lets it in, as what the member sees.
        let own = &balancer.frontend_ip_configurations.get(front).unwrap().value.private_ip_address;
        let mut seen = journey.clone();
        if let Some(nic) = any
            && own.as_ref().map(|a| a.value) == journey.to.address
        {
            seen.to = To::address(self.address_of(nic));
        }
        self.cross(at, net, target, any.map(Owner::Nic), &mut seen)?;
        journey.crossed = seen.crossed;
        self.pooled(name, front, journey)
    }

    /// The rule and member behind a frontend, once it is reached.
    pub(crate) fn pooled(&self, name: &'e str, front: &str, journey: &Journey<'e>) -> Open<(Nic<'e>, u16)> {
        let balancer = &self.e.load_balancers.get(name).unwrap().value;
        let serves = |r: &LoadBalancerRule| {
            r.frontend_ip_configuration.value == front
                && match r.protocol.value {
                    LoadBalancerProtocol::All => true,
                    // LB-05: a reply goes to the client's own port.
                    _ if journey.reply => false,
                    LoadBalancerProtocol::Tcp => !journey.udp && r.frontend_port.value == journey.port,
                    LoadBalancerProtocol::Udp => journey.udp && r.frontend_port.value == journey.port,
                }
        };
        let first = balancer.rules.iter().map(|(_, r)| &r.value).find(|r| serves(r));
        let Some(rule) = first else { return blocked("LB-NORULE") };
        let pool = &balancer.backend_address_pools.get(&rule.backend_address_pool.value).unwrap().value;
        let healthy = |nic: &Nic<'e>| {
            let machine = self.machine(nic.machine);
            *machine.running
                && rule.probe.as_ref().is_none_or(|p| {
                    let port = balancer.probes.get(&p.value).unwrap().value.port.value;
                    self.serves_port(Owner::Nic(*nic), port) && self.probe_admitted(*nic, port)
                })
        };
        let members = pool.virtual_machines.iter().filter_map(|m| self.nics().find(|n| n.machine == m.value));
        let healthy: Vec<Nic<'e>> = members.filter(healthy).collect();
        if healthy.is_empty() {
            return blocked("LB-PROBE");
        }
        Ok((healthy[self.choose(format!("balancer {name}"), healthy.len())], rule.backend_port.value))
    }

    /// Whether something listens on a port there.
    pub(crate) fn serves_port(&self, owner: Owner<'e>, port: u16) -> bool {
        use privreach::net::Transport;
        let listens = match owner {
            Owner::Nic(nic) => {
                if !*self.machine(nic.machine).running {
                    return false;
                }
                self.machine(nic.machine).listens.as_ref()
            }
            Owner::Host(site, name) if !name.is_empty() => {
                let site = &self.e.on_premises_sites.get(site).unwrap().value;
                site.hosts.get(name).unwrap().value.listens.as_ref()
            }
            _ => return true,
        };
        listens
            .is_none_or(|all| all.iter().any(|l| l.value.transport == Transport::Tcp && l.value.ports.contains(port)))
    }

    pub(crate) fn listens(&self, owner: Owner<'e>, port: u16) -> Open<()> {
        match owner {
            // What does not run is not asked for its ports.
            Owner::Nic(nic) if !*self.machine(nic.machine).running => blocked("STOPPED"),
            _ if self.serves_port(owner, port) => Ok(()),
            _ => blocked("PORT"),
        }
    }
}
