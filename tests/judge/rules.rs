//! The naive judge of hybrid estates: the rules, applied to what the file declares. It shares nothing with the data
//! plane, the walk or the lookup, looks everything up anew, and knows only what the random estates contain.

#[path = "names.rs"]
mod names;

use privreach::azure::model::{
    Estate,
    dns::DnsServer,
    network::{Access, Direction, NetworkSecurityGroup, NextHopType, RouteTable, SecurityRule, Subnet},
    service::{ConnectionStatus, PrivateEndpoint},
};
use privreach::net::Prefix;
use std::net::{IpAddr, Ipv4Addr};

/// Verdict, and path or deciding reason.
pub(crate) type Answer = (&'static str, &'static str);
type Open<T> = Result<T, &'static str>;

const AZURE_DNS: IpAddr = IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16));

/// Who sends a packet: a subnet of a network, or a site.
#[derive(Clone, Copy, PartialEq)]
enum Place<'e> {
    Subnet(&'e str, &'e str),
    Site(&'e str),
}

/// `None` is a public address that nobody needs to know.
type Target = Option<IpAddr>;

enum Hop<'e> {
    Network(&'e str),
    Appliance(IpAddr),
    Gateway(&'e str),
    Internet,
    Nowhere,
}

/// A walk that arrived: the firewalls it passed.
type Passed<'e> = Vec<&'e str>;

#[derive(Clone, Copy)]
struct Packet {
    from: IpAddr,
    to: Target,
    port: u16,
    /// Replies pass filters that hold the state of the flow (NSG-07, FW-12), and PEER-07 is not asked.
    reply: bool,
}

enum Named {
    Address(IpAddr),
    Public,
    Missing,
    Silence,
}

pub(crate) struct Rules<'e> {
    pub(crate) estate: &'e Estate,
}

fn within(prefix: &str, address: IpAddr) -> bool {
    prefix.parse::<Prefix>().is_ok_and(|p| p.contains(address))
}

fn is_under(name: &str, suffix: &str) -> bool {
    name == suffix || name.strip_suffix(suffix).is_some_and(|rest| rest.ends_with('.'))
}

impl<'e> Rules<'e> {
    pub(crate) fn new(estate: &'e Estate) -> Self {
        Self { estate }
    }

    fn subnet(&self, network: &str, subnet: &str) -> &'e Subnet {
        &self.estate.virtual_networks.get(network).unwrap().value.subnets.get(subnet).unwrap().value
    }

    fn holds(&self, network: &str, address: IpAddr) -> bool {
        self.estate.virtual_networks.get(network).unwrap().value.address_space.iter().any(|p| p.value.contains(address))
    }

    fn network_of(&self, address: IpAddr) -> Option<&'e str> {
        self.estate.virtual_networks.keys().find(|n| self.holds(n, address))
    }

    fn place_of(&self, address: IpAddr) -> Option<Place<'e>> {
        if let Some(site) = self.site_of(address) {
            return Some(Place::Site(site));
        }
        let network = self.network_of(address)?;
        let subnets = &self.estate.virtual_networks.get(network)?.value.subnets;
        let mut holding =
            subnets.iter().filter(|(_, s)| s.value.address_prefixes.iter().any(|p| p.value.contains(address)));
        holding.next().map(|(name, _)| Place::Subnet(network, name))
    }

    fn site_of(&self, address: IpAddr) -> Option<&'e str> {
        let holds = |s: &privreach::azure::model::gateway::OnPremisesSite| {
            s.address_space.iter().any(|p| p.value.contains(address))
        };
        self.estate.on_premises_sites.iter().find(|(_, s)| holds(&s.value)).map(|(n, _)| n)
    }

    fn endpoint(&self, address: IpAddr) -> Option<&'e PrivateEndpoint> {
        let owns = |e: &PrivateEndpoint| e.ip_addresses.iter().any(|a| a.value == address);
        self.estate.private_endpoints.iter().map(|(_, e)| &e.value).find(|e| owns(e))
    }

    /// The network of the resolver that answers at an address (RESOLVER-01).
    fn resolver(&self, address: IpAddr) -> Option<&'e str> {
        let resolvers = self.estate.private_dns_resolvers.iter().map(|(_, r)| &r.value);
        resolvers
            .filter(|r| r.inbound_endpoints.iter().any(|(_, i)| i.value.private_ip_address.value == address))
            .map(|r| r.virtual_network.value.as_str())
            .next()
    }

    fn site_server(&self, address: IpAddr) -> Option<(&'e str, &'e DnsServer)> {
        self.estate.on_premises_sites.iter().find_map(|(name, site)| {
            let mut servers = site.value.dns_servers.iter().map(|(_, s)| &s.value);
            servers.find(|s| s.ip_address.as_ref().is_some_and(|a| a.value == address)).map(|s| (name, s))
        })
    }

    fn firewall(&self, address: IpAddr) -> Option<(&'e str, &'e str)> {
        let (name, firewall) = self
            .estate
            .firewalls
            .iter()
            .find(|(_, f)| f.value.private_ip_address.as_ref().is_some_and(|a| a.value == address))?;
        Some((name, firewall.value.subnet.as_ref().unwrap().value.split('/').next().unwrap()))
    }

    /// PEER-01: a link on each side.
    fn peered(&self, a: &str, b: &str) -> bool {
        self.link(a, b).is_some() && self.link(b, a).is_some()
    }

    fn link(&self, owner: &str, remote: &str) -> Option<&'e privreach::azure::model::network::VirtualNetworkPeering> {
        self.estate
            .virtual_network_peerings
            .iter()
            .map(|(_, l)| &l.value)
            .find(|l| l.virtual_network.value == owner && l.remote_virtual_network.value == remote)
    }

    /// The gateways a network may use: its own, and those of a peer by the transit pair (PEER-08).
    fn gateways(&self, network: &str) -> Vec<&'e str> {
        let usable = |home: &str| {
            home == network
                || self.peered(home, network)
                    && *self.link(home, network).unwrap().allow_gateway_transit
                    && *self.link(network, home).unwrap().use_remote_gateways
        };
        let all = self.estate.virtual_network_gateways.iter();
        all.filter(|(_, g)| usable(&g.value.virtual_network.value)).map(|(n, _)| n).collect()
    }

    /// The sites connected to a gateway, and whether the connection is up.
    fn sites(&self, gateway: &str) -> Vec<(&'e str, bool)> {
        let all = self.estate.virtual_network_gateway_connections.iter().map(|(_, c)| &c.value);
        all.filter(|c| c.virtual_network_gateway.value == gateway)
            .map(|c| (c.on_premises_site.as_ref().unwrap().value.as_str(), *c.connected))
            .collect()
    }

    fn table(&self, network: &str, subnet: &str) -> Option<&'e RouteTable> {
        let name = self.subnet(network, subnet).route_table.as_ref()?;
        Some(&self.estate.route_tables.get(&name.value).unwrap().value)
    }

    fn has_user_default(&self, network: &str, subnet: &str) -> bool {
        self.table(network, subnet).is_some_and(|t| {
            t.routes.iter().any(|(_, r)| r.value.address_prefix.value.parse::<Prefix>().unwrap().is_default())
        })
    }

    /// ROUTE-01 to ROUTE-21: every candidate as (length, rank, hop); the longest wins, then the higher rank.
    fn next_hop(&self, network: &'e str, subnet: &'e str, to: Target) -> Hop<'e> {
        let table = self.table(network, subnet);
        let matching = |p: Prefix| to.map_or(p.is_default(), |a| p.contains(a));
        let mut routes: Vec<(u8, u8, Hop<'e>)> = Vec::new();
        for (_, route) in table.iter().flat_map(|t| t.routes.iter()) {
            let prefix = route.value.address_prefix.value.parse::<Prefix>().unwrap();
            if matching(prefix) {
                assert_eq!(route.value.next_hop_type.value, NextHopType::VirtualAppliance);
                let at = route.value.next_hop_in_ip_address.as_ref().unwrap().value;
                routes.push((prefix.length(), 2, Hop::Appliance(at)));
            }
        }
        routes.push((0, 0, Hop::Internet));
        if let Some(address) = to {
            let mut near = false;
            for (name, other) in self.estate.virtual_networks.iter() {
                if name != network && !self.peered(name, network) {
                    continue;
                }
                for prefix in other.value.address_space.iter().filter(|p| p.value.contains(address)) {
                    near = true;
                    routes.push((prefix.value.length(), 0, Hop::Network(name)));
                    // PE-21.
                    if self.endpoint(address).is_some() {
                        routes.push((32, 0, Hop::Network(name)));
                    }
                }
            }
            // ROUTE-07, ROUTE-14, UDR-08.
            if !near && table.is_none_or(|t| *t.bgp_route_propagation_enabled) {
                for gateway in self.gateways(network) {
                    for (site, _) in self.sites(gateway) {
                        let space = &self.estate.on_premises_sites.get(site).unwrap().value.address_space;
                        for prefix in space.iter().filter(|p| p.value.contains(address)) {
                            routes.push((prefix.value.length(), 1, Hop::Gateway(gateway)));
                        }
                    }
                }
            }
            // ROUTE-04, ROUTE-05.
            if !self.has_user_default(network, subnet) {
                routes.push((8, 0, Hop::Nowhere));
            }
        }
        let best = routes.into_iter().max_by_key(|(length, rank, _)| (*length, *rank));
        best.unwrap().2
    }

    /// The VirtualNetwork tag of a subnet: its network, peers, what gateways lead to, and everything beside a user
    /// default route.
    fn tagged(&self, network: &str, subnet: &str, address: IpAddr) -> bool {
        let near = self
            .estate
            .virtual_networks
            .keys()
            .any(|n| (n == network || self.peered(n, network)) && self.holds(n, address));
        let sites = || self.gateways(network).into_iter().flat_map(|g| self.sites(g));
        near || self.has_user_default(network, subnet)
            || self.site_of(address).is_some_and(|s| sites().any(|(site, _)| site == s))
    }

    fn matches(&self, prefix: &str, at: (&str, &str), address: Target) -> bool {
        match (prefix, address) {
            ("*", _) => true,
            ("VirtualNetwork", Some(a)) => self.tagged(at.0, at.1, a),
            ("VirtualNetwork", None) => false,
            ("Internet", a) => a.is_none(),
            (_, Some(a)) => within(prefix, a),
            (_, None) => false,
        }
    }

    /// NSG-04, NSG-05.
    fn nsg(&self, at: (&str, &str), packet: Packet, direction: Direction) -> Open<()> {
        let Some(name) = &self.subnet(at.0, at.1).network_security_group else { return Ok(()) };
        let group: &NetworkSecurityGroup = &self.estate.network_security_groups.get(&name.value).unwrap().value;
        let mut rules: Vec<&SecurityRule> = group.security_rules.iter().map(|(_, r)| &r.value).collect();
        rules.retain(|r| r.direction.value == direction);
        rules.sort_by_key(|r| r.priority.value);
        self.first_match(&rules, at, packet, direction)
    }

    fn first_match(&self, rules: &[&SecurityRule], at: (&str, &str), packet: Packet, direction: Direction) -> Open<()> {
        for rule in rules {
            let source = &rule.source_address_prefix.as_ref().unwrap().value;
            let destination = &rule.destination_address_prefix.as_ref().unwrap().value;
            if !rule.destination_port_range.as_ref().unwrap().value.contains(packet.port)
                || !self.matches(source, at, Some(packet.from))
            {
                continue;
            }
            let decision = if rule.access.value == Access::Allow { Ok(()) } else { Err("NSG") };
            if self.matches(destination, at, packet.to) {
                return decision;
            }
        }
        let inside = self.tagged(at.0, at.1, packet.from) && packet.to.is_some_and(|a| self.tagged(at.0, at.1, a));
        let outwards = direction == Direction::Outbound && packet.to.is_none();
        if inside || outwards { Ok(()) } else { Err("NSG") }
    }

    /// FW-02 to FW-05, network rules only.
    fn fw(&self, firewall: &str, packet: Packet) -> Open<()> {
        let firewall = &self.estate.firewalls.get(firewall).unwrap().value;
        let policy =
            &self.estate.firewall_policies.get(&firewall.firewall_policy.as_ref().unwrap().value).unwrap().value;
        let mut groups: Vec<_> = policy.rule_collection_groups.iter().map(|(_, g)| &g.value).collect();
        groups.sort_by_key(|g| g.priority.value);
        for group in groups {
            let mut collections: Vec<_> = group.network_rule_collections.iter().map(|(_, c)| &c.value).collect();
            collections.sort_by_key(|c| c.priority.value);
            for collection in collections {
                let hit = |list: &[privreach::document::Spanned<String>], a: Target| {
                    list.iter().any(|p| p.value == "*" || a.is_some_and(|a| within(&p.value, a)))
                };
                let hit = |r: &privreach::azure::model::firewall::NetworkRule| {
                    hit(&r.source_addresses, Some(packet.from))
                        && hit(&r.destination_addresses, packet.to)
                        && r.destination_ports.iter().any(|p| p.value.contains(packet.port))
                };
                if collection.rules.iter().any(|(_, r)| hit(&r.value)) {
                    return if collection.action.value == Access::Allow { Ok(()) } else { Err("FW") };
                }
            }
        }
        Err("FW")
    }

    /// EVAL-01. `known` are the firewalls that saw the first packet, for a reply (ASYM-01).
    fn walk(&self, start: Place<'e>, packet: Packet, known: &[&str]) -> Open<Passed<'e>> {
        let mut passed = Vec::new();
        let (mut place, mut by_gateway) = (start, false);
        if let (Place::Subnet(n, s), false) = (place, packet.reply) {
            self.nsg((n, s), packet, Direction::Outbound)?;
        }
        for _ in 0..10 {
            let (network, subnet) = match place {
                Place::Site(site) => {
                    match packet.to {
                        None => {
                            let has_breakout =
                                self.estate.on_premises_sites.get(site).unwrap().value.internet.is_some();
                            return if has_breakout { Ok(passed) } else { Err("NOROUTE") };
                        }
                        Some(a) if self.site_of(a) == Some(site) => return self.arrive(a, packet).map(|()| passed),
                        Some(a) => place = self.leave_site(site, a)?,
                    }
                    by_gateway = true;
                    continue;
                }
                Place::Subnet(n, s) => (n, s),
            };
            let next = match self.next_hop(network, subnet, packet.to) {
                Hop::Nowhere => return Err(self.why_nowhere(network, subnet, packet.to)),
                Hop::Internet if packet.to.is_none() => return Ok(passed),
                Hop::Internet => return Err(self.why_nowhere(network, subnet, packet.to)),
                Hop::Gateway(gateway) => {
                    let to = packet.to.unwrap();
                    let (site, up) =
                        self.sites(gateway).into_iter().find(|(s, _)| self.site_of(to) == Some(s)).unwrap();
                    if !up {
                        return Err("GW-DOWN");
                    }
                    place = Place::Site(site);
                    continue;
                }
                Hop::Network(next) => next,
                // UDR-03.
                Hop::Appliance(at) => match self.firewall(at) {
                    Some((_, home)) if home == network || self.peered(home, network) => home,
                    _ => return Err("NEXTHOP"),
                },
            };
            // PEER-07.
            if next != network
                && !packet.reply
                && !by_gateway
                && !self.holds(network, packet.from)
                && !*self.link(next, network).unwrap().allow_forwarded_traffic
            {
                return Err("PEER-FWD");
            }
            by_gateway = false;
            if let Hop::Appliance(at) = self.next_hop(network, subnet, packet.to) {
                let (firewall, _) = self.firewall(at).unwrap();
                if packet.reply && !known.contains(&firewall) {
                    return Err("ASYM");
                }
                if !packet.reply {
                    self.fw(firewall, packet)?;
                }
                if passed.contains(&firewall) {
                    return Err("LOOP");
                }
                passed.push(firewall);
                place = Place::Subnet(next, "AzureFirewallSubnet");
                continue;
            }
            return self.arrive(packet.to.unwrap(), packet).map(|()| passed);
        }
        Err("LOOP")
    }

    /// GW-13, PEER-09: a site knows the gateway's network and the spokes in transit.
    fn leave_site(&self, site: &str, to: IpAddr) -> Open<Place<'e>> {
        let target = self.network_of(to).ok_or("NOROUTE")?;
        for gateway in self.gateways(target) {
            if let Some((_, up)) = self.sites(gateway).into_iter().find(|(s, _)| *s == site) {
                let home = &self.estate.virtual_network_gateways.get(gateway).unwrap().value.virtual_network.value;
                return if up { Ok(Place::Subnet(home, "GatewaySubnet")) } else { Err("GW-DOWN") };
            }
        }
        // GW-13: a network beside the gateway's that does not use it is unknown at the site.
        let untold = self.estate.virtual_network_gateways.iter().any(|(name, gateway)| {
            self.peered(&gateway.value.virtual_network.value, target)
                && self.sites(name).iter().any(|(s, _)| *s == site)
        });
        Err(if untold { "GW-NOADV" } else { "NOROUTE" })
    }

    /// What is half declared, where nothing leads on: a peering (PEER-01), or the use of a peer's gateway (PEER-08).
    fn why_nowhere(&self, network: &str, subnet: &str, to: Target) -> &'static str {
        let Some(to) = to else { return "NOROUTE" };
        if let Some(target) = self.network_of(to) {
            let half = self.link(network, target).is_some() || self.link(target, network).is_some();
            return if half { "PEER-STATE" } else { "NOROUTE" };
        }
        let learns = self.table(network, subnet).is_none_or(|t| *t.bgp_route_propagation_enabled);
        let behind_a_peer = self.estate.virtual_network_gateways.iter().any(|(name, gateway)| {
            self.peered(&gateway.value.virtual_network.value, network)
                && self.sites(name).iter().any(|(s, up)| *up && self.site_of(to) == Some(s))
        });
        if learns && behind_a_peer { "GW-TRANSIT" } else { "NOROUTE" }
    }

    /// What stands at the address, and the filter before it.
    fn arrive(&self, to: IpAddr, packet: Packet) -> Open<()> {
        let machine = self.estate.virtual_machines.iter().any(|(_, m)| m.value.private_ip_address.value == to);
        let host = self
            .estate
            .on_premises_sites
            .iter()
            .any(|(_, s)| s.value.hosts.iter().any(|(_, h)| h.value.ip_address.value == to));
        let anything = machine || host || self.endpoint(to).is_some() || self.resolver(to).is_some();
        if !anything && self.site_server(to).is_none() {
            return Err("NO-HOST");
        }
        match self.place_of(to) {
            Some(Place::Subnet(n, s)) if machine && !packet.reply => self.nsg((n, s), packet, Direction::Inbound),
            _ => Ok(()),
        }
    }

    /// EVAL-02: there and back. An inactive endpoint answers nothing, so its state is asked before the way back.
    fn round_trip(&self, start: Place<'e>, from: IpAddr, to: IpAddr, port: u16) -> Open<()> {
        let there = self.walk(start, Packet { from, to: Some(to), port, reply: false }, &[])?;
        match self.endpoint(to).map(|e| self.state(e)) {
            None | Some(ConnectionStatus::Approved) => {}
            Some(ConnectionStatus::Pending) => return Err("PE-PENDING"),
            Some(_) => return Err("PE-INACTIVE"),
        }
        let home = self.place_of(to).unwrap();
        let back = self.walk(home, Packet { from: to, to: Some(from), port, reply: true }, &there)?;
        // ASYM-01: a firewall that sees only requests stops TCP, which queries need, too (FWD-06, A-24).
        if there.iter().all(|f| back.contains(f)) { Ok(()) } else { Err("ASYM") }
    }
}

struct Client<'e> {
    /// `None` on the internet.
    place: Option<Place<'e>>,
    address: IpAddr,
}

impl<'e> Rules<'e> {
    fn client(&self, name: &str) -> Client<'e> {
        let machine = self.estate.virtual_machines.get(name).map(|m| m.value.private_ip_address.value);
        let host = || {
            self.estate
                .on_premises_sites
                .iter()
                .find_map(|(_, s)| s.value.hosts.get(name))
                .map(|h| h.value.ip_address.value)
        };
        match machine.or_else(host) {
            Some(address) => Client { place: self.place_of(address), address },
            None => {
                Client { place: None, address: self.estate.internet_clients.get(name).unwrap().value.ip_address.value }
            }
        }
    }

    pub(crate) fn judge(&self, from: &str, to: &str) -> Answer {
        let client = self.client(from);
        let answer = match to.parse::<IpAddr>() {
            Ok(address) => self.to_machine(&client, address),
            Err(_) => self.to_service(&client, to),
        };
        match answer {
            Err(reason) => ("blocked", reason),
            Ok(open) => open,
        }
    }

    fn to_machine(&self, client: &Client<'e>, to: IpAddr) -> Open<Answer> {
        let place = client.place.ok_or("NOROUTE")?;
        if client.address != to {
            self.round_trip(place, client.address, to, 443)?;
        }
        Ok(("private", "routed"))
    }

    fn to_service(&self, client: &Client<'e>, name: &str) -> Open<Answer> {
        let service = name.split('.').next().unwrap();
        match self.resolve(client, name) {
            Named::Missing => Err("DNS-NXDOMAIN"),
            Named::Silence => Err("DNS-FAIL"),
            Named::Address(address) => {
                self.round_trip(client.place.unwrap(), client.address, address, 443)?;
                let endpoint = self.endpoint(address).unwrap();
                assert_eq!(endpoint.private_service_connection.private_connection_resource.value, service);
                Ok(("private", "private-endpoint"))
            }
            Named::Public => {
                let seen = self.leave(client)?;
                self.admit(service, client.place, seen)
            }
        }
    }

    /// The way out, and the public address the caller then has, if anyone knows it (PAAS-06).
    fn leave(&self, client: &Client<'e>) -> Open<Option<IpAddr>> {
        let Some(place) = client.place else { return Ok(Some(client.address)) };
        let passed = self.walk(place, Packet { from: client.address, to: None, port: 443, reply: false }, &[])?;
        Ok(match (place, passed.last()) {
            (Place::Site(site), _) => {
                let site = &self.estate.on_premises_sites.get(site).unwrap().value;
                Some(site.internet.as_ref().unwrap().public_ip_address.value)
            }
            (_, Some(firewall)) => {
                let pip = &self.estate.firewalls.get(firewall).unwrap().value.public_ips[0].value;
                self.estate.public_ips.get(pip).unwrap().value.ip_address.as_ref().map(|a| a.value)
            }
            (_, None) => None,
        })
    }

    /// PAAS-01.
    fn admit(&self, service: &str, place: Option<Place<'e>>, seen: Option<IpAddr>) -> Open<Answer> {
        let declared = &self.estate.services.get(service).unwrap().value;
        if !*declared.public_network_access_enabled {
            return Err("PNA");
        }
        let open = ("public", "public-endpoint");
        let Some(rules) = &declared.network_rules else { return Ok(open) };
        if *rules.default_action == Access::Allow {
            return Ok(open);
        }
        // STG-01: rules by address never admit callers in the account's own region.
        let in_azure = matches!(place, Some(Place::Subnet(..)));
        let storage = declared.type_.value == "Microsoft.Storage/storageAccounts";
        let same_region = storage && in_azure && self.estate.location.is_some();
        if rules.ip_rules.is_empty() || same_region {
            return Err("PNA");
        }
        // Nor can it be told where the region of a caller in Azure is not declared.
        if storage && in_azure && seen.is_none_or(|a| rules.ip_rules.iter().any(|p| p.value.contains(a))) {
            return Ok(("unknown", "TAG"));
        }
        match seen {
            Some(address) if rules.ip_rules.iter().any(|p| p.value.contains(address)) => Ok(open),
            Some(_) => Err("PNA"),
            None => Ok(("unknown", "TAG")),
        }
    }
}
