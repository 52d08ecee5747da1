//! A naive reading of the rules, for every family: it looks everything up anew in what the file declares, and shares
//! nothing with the data plane, the walk, the lookup or the trace. Where equal alternatives exist it tries them all.

mod devices;
mod filters;
mod foundry;
mod gateways;
mod learned;
mod leave;
mod names;
mod routes;
mod services;
mod trust;
mod walk;
mod wan;

use privreach::azure::model::{
    Estate,
    network::{Subnet, VirtualNetworkPeering},
    service::{PrivateEndpoint, VirtualMachine},
};
use privreach::net::Prefix;
use std::{cell::RefCell, net::IpAddr};

pub(crate) type Word = &'static str;

/// Why a flow does not get through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    Blocked(Word),
    Unsupported(Word),
    Unknown(Word),
}

pub(crate) type Open<T> = Result<T, Stop>;

pub(crate) fn blocked<T>(why: Word) -> Open<T> {
    Err(Stop::Blocked(why))
}

/// Verdict, and path or deciding reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Answer(pub(crate) Word, pub(crate) Word);

/// A network interface: network, subnet, machine, and which of its further interfaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Nic<'e> {
    net: &'e str,
    subnet: &'e str,
    machine: &'e str,
    further: Option<&'e str>,
}

/// Who sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum At<'e> {
    Nic(Nic<'e>),
    Firewall(&'e str),
    /// A gateway sends from the GatewaySubnet of its network.
    Gateway(&'e str),
    Site(&'e str),
    Laptop(&'e str),
    /// A private endpoint, which only answers (PE-10).
    Endpoint(&'e str),
    /// The inbound endpoint of a resolver, as `resolver/endpoint` of the network it answers for.
    Resolver(&'e str),
    /// A private link service, by the subnet of its addresses.
    Link(&'e str),
    /// An app, in its integration subnet (APP-02), or nowhere.
    App(&'e str),
    Internet,
}

/// What an address belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner<'e> {
    Nic(Nic<'e>),
    Front(&'e str, &'e str),
    Endpoint(&'e str),
    Firewall(&'e str),
    Host(&'e str, &'e str),
    Laptop(&'e str),
    /// An inbound endpoint, by its subnet.
    Resolver(&'e str),
    /// A frontend of an application gateway.
    Gate(&'e str, &'e str),
}

/// Where a packet goes.
#[derive(Debug, Clone, Default)]
pub(crate) struct To {
    /// Not known of some public things.
    address: Option<IpAddr>,
    /// The name it was asked for, for rules that go by name.
    name: Option<String>,
    /// Service tags of a public thing.
    tags: Vec<String>,
    /// The service whose public address it is.
    service: Option<String>,
}

impl To {
    fn address(address: IpAddr) -> Self {
        Self { address: Some(address), ..Self::default() }
    }
}

pub(crate) struct Reading<'e> {
    pub(crate) e: &'e Estate,
    plan: RefCell<Vec<usize>>,
    taken: RefCell<Vec<(String, usize, usize)>>,
    /// The aliases that answers went through.
    chain: RefCell<Vec<String>>,
    /// What could not be known on the way; a blocker further on still decides.
    doubts: RefCell<Vec<Word>>,
    /// Whether a private endpoint sends, on which no route table acts (PE-27, PE-31).
    pub(crate) unsteered: std::cell::Cell<bool>,
}

pub(crate) fn prefix(text: &str) -> Option<Prefix> {
    text.parse().ok().or_else(|| text.parse().ok().map(Prefix::host))
}

/// RFC 1918, RFC 6598, and their like of IPv6.
pub(crate) fn is_reserved(address: IpAddr) -> bool {
    ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"]
        .iter()
        .any(|p| prefix(p).unwrap().contains(address))
}

impl<'e> Reading<'e> {
    pub(crate) fn new(e: &'e Estate) -> Self {
        Self {
            e,
            plan: RefCell::default(),
            taken: RefCell::default(),
            chain: RefCell::default(),
            doubts: RefCell::default(),
            unsteered: std::cell::Cell::default(),
        }
    }

    /// One of `n` equal alternatives; the same one for the same key (EVAL-05).
    pub(crate) fn choose(&self, key: String, n: usize) -> usize {
        if n < 2 {
            return 0;
        }
        let mut taken = self.taken.borrow_mut();
        if let Some((_, choice, _)) = taken.iter().find(|(k, ..)| *k == key) {
            return *choice;
        }
        let choice = self.plan.borrow().get(taken.len()).copied().unwrap_or(0);
        taken.push((key, choice, n));
        choice
    }

    pub(crate) fn doubt(&self, why: Word) {
        self.doubts.borrow_mut().push(why);
    }

    /// Every alternative of a flow; they differ where the answers do.
    pub(crate) fn judge(&self, from: &str, to: &str, port: u16) -> Vec<Answer> {
        let mut answers = Vec::new();
        self.plan.borrow_mut().clear();
        loop {
            self.taken.borrow_mut().clear();
            self.doubts.borrow_mut().clear();
            let answer = self.one(from, to, port);
            // A blocker decides over something unknown before it.
            answers.push(match (answer, self.doubts.borrow().first().copied()) {
                (Err(Stop::Blocked(why)), _) => Answer("blocked", why),
                (Err(Stop::Unsupported(why)), _) => Answer("unsupported", why),
                (_, Some(why)) | (Err(Stop::Unknown(why)), None) => Answer("unknown", why),
                (Ok(answer), None) => answer,
            });
            let mut taken = self.taken.borrow().clone();
            while taken.last().is_some_and(|(_, choice, n)| choice + 1 == *n) {
                taken.pop();
            }
            let Some(last) = taken.last_mut() else { return answers };
            last.1 += 1;
            *self.plan.borrow_mut() = taken.iter().map(|(_, choice, _)| *choice).collect();
        }
    }

    fn one(&self, from: &str, to: &str, port: u16) -> Open<Answer> {
        if let Some(compute) = self.compute(from) {
            return self.managed(compute, to, port);
        }
        if let Some(caller) = self.caller(from) {
            return self.call(caller, to);
        }
        let (at, source) = self.client(from);
        self.must_exist(to)?;
        // IN-17.
        if self.is_compute(to) {
            return blocked("NOROUTE");
        }
        if let At::Nic(nic) = at
            && !*self.machine(nic.machine).running
        {
            return blocked("STOPPED");
        }
        let meant = self.machine_named(to);
        let address = meant.map(|nic| self.address_of(nic)).or_else(|| to.parse().ok());
        let address = address.or_else(|| self.host_named(to)).or_else(|| self.laptop_named(to));
        match address {
            Some(address) => self.ask_by_address(at, source, address, meant, port),
            None => self.ask_by_name(at, source, to, port),
        }
    }

    fn ask_by_address(
        &self,
        at: At<'e>,
        source: IpAddr,
        address: IpAddr,
        meant: Option<Nic<'e>>,
        port: u16,
    ) -> Open<Answer> {
        if self.is_public(address) {
            if source.is_ipv4() != address.is_ipv4() {
                return blocked("NOROUTE");
            }
            return self.ask_public(at, source, address, port);
        }
        if at == At::Internet {
            return blocked("NOROUTE");
        }
        // A packet is of one family.
        if source.is_ipv4() != address.is_ipv4() {
            return blocked("NOROUTE");
        }
        // What a machine sends itself never leaves it.
        if let At::Nic(nic) = at
            && source == address
        {
            if meant.is_some_and(|m| m != nic) {
                return blocked("OVERLAP");
            }
            self.listens(Owner::Nic(nic), port)?;
            return Ok(Answer("private", "routed"));
        }
        match self.round_trip(at, source, &To::address(address), port, meant)? {
            Owner::Endpoint(name) => self.served(name, None, port),
            _ => Ok(Answer("private", "routed")),
        }
    }

    // What the file declares.

    pub(crate) fn subnet(&self, net: &str, subnet: &str) -> &'e Subnet {
        &self.e.virtual_networks.get(net).unwrap().value.subnets.get(subnet).unwrap().value
    }

    pub(crate) fn machine(&self, name: &str) -> &'e VirtualMachine {
        &self.e.virtual_machines.get(name).unwrap().value
    }

    pub(crate) fn spaces(&self, net: &str) -> impl Iterator<Item = Prefix> + use<'e> {
        self.e.virtual_networks.get(net).unwrap().value.address_space.iter().map(|p| p.value)
    }

    pub(crate) fn holds(&self, net: &str, address: IpAddr) -> bool {
        self.spaces(net).any(|p| p.contains(address))
    }

    /// ADDR-01: what a network or site uses is private to it, whatever range it is of.
    pub(crate) fn is_public(&self, address: IpAddr) -> bool {
        let sites = || self.e.on_premises_sites.iter().flat_map(|(_, s)| &s.value.address_space);
        !is_reserved(address)
            && !self.e.virtual_networks.keys().any(|net| self.holds(net, address))
            && !sites().any(|p| p.value.contains(address))
    }

    pub(crate) fn split(place: &'e str) -> (&'e str, &'e str) {
        place.split_once('/').unwrap()
    }

    /// Every interface of every machine.
    pub(crate) fn nics(&self) -> impl Iterator<Item = Nic<'e>> + use<'e> {
        self.e.virtual_machines.iter().flat_map(|(machine, m)| {
            let (net, subnet) = Self::split(&m.value.subnet.value);
            let further = m.value.secondary_network_interfaces.iter().map(move |(name, nic)| {
                let (net, subnet) = Self::split(&nic.value.subnet.value);
                Nic { net, subnet, machine, further: Some(name) }
            });
            std::iter::once(Nic { net, subnet, machine, further: None }).chain(further)
        })
    }

    pub(crate) fn address_of(&self, nic: Nic) -> IpAddr {
        let machine = self.machine(nic.machine);
        match nic.further {
            None => machine.private_ip_address.value,
            Some(name) => machine.secondary_network_interfaces.get(name).unwrap().value.private_ip_address.value,
        }
    }

    fn machine_named(&self, name: &str) -> Option<Nic<'e>> {
        self.nics().find(|nic| nic.machine == name && nic.further.is_none())
    }

    fn host_named(&self, name: &str) -> Option<IpAddr> {
        let mut sites = self.e.on_premises_sites.iter();
        sites.find_map(|(_, s)| s.value.hosts.get(name)).map(|h| h.value.ip_address.value)
    }

    fn laptop_named(&self, name: &str) -> Option<IpAddr> {
        self.e.vpn_clients.get(name).map(|c| c.value.ip_address.value)
    }

    fn client(&self, name: &str) -> (At<'e>, IpAddr) {
        if let Some(nic) = self.machine_named(name) {
            return (At::Nic(nic), self.address_of(nic));
        }
        for (site, s) in self.e.on_premises_sites.iter() {
            if let Some(host) = s.value.hosts.get(name) {
                return (At::Site(site), host.value.ip_address.value);
            }
        }
        if let Some((name, client)) = self.e.vpn_clients.iter().find(|(n, _)| *n == name) {
            return (At::Laptop(name), client.value.ip_address.value);
        }
        if let Some((app, service)) = self.e.services.iter().find(|(n, _)| *n == name) {
            let place = service.value.virtual_network_integration.as_ref().map(|i| Self::split(&i.subnet.value));
            let source = place.map_or("255.255.255.254".parse().unwrap(), |p| self.outbound_address(p));
            return (At::App(app), source);
        }
        (At::Internet, self.e.internet_clients.get(name).unwrap().value.ip_address.value)
    }

    pub(crate) fn endpoint(&self, name: &str) -> &'e PrivateEndpoint {
        &self.e.private_endpoints.get(name).unwrap().value
    }

    /// What has an address in a network.
    pub(crate) fn owner_in(&self, net: &str, address: IpAddr) -> Option<Owner<'e>> {
        if let Some(nic) = self.nics().find(|nic| nic.net == net && self.address_of(*nic) == address) {
            return Some(Owner::Nic(nic));
        }
        for (name, balancer) in self.e.load_balancers.iter() {
            for (front, f) in balancer.value.frontend_ip_configurations.iter() {
                let here = f.value.subnet.as_ref().is_some_and(|s| Self::split(&s.value).0 == net);
                if here && f.value.private_ip_address.as_ref().is_some_and(|a| a.value == address) {
                    return Some(Owner::Front(name, front));
                }
            }
        }
        let here = |e: &PrivateEndpoint| Self::split_of(&e.subnet.value).0 == net;
        let mut endpoints = self.e.private_endpoints.iter();
        let endpoint = endpoints
            .find(|(name, e)| here(&e.value) && self.endpoint_addresses(name).contains(&address))
            .map(|(name, _)| Owner::Endpoint(name));
        let resolver = || {
            let all = self.e.private_dns_resolvers.iter().flat_map(|(_, r)| r.value.inbound_endpoints.iter());
            let mut found = all.filter(|(_, i)| {
                Self::split_of(&i.value.subnet.value).0 == net && i.value.private_ip_address.value == address
            });
            let inbound = found.next().map(|(_, i)| i.value.subnet.value.as_str());
            let outbound = || {
                let mut all = self.e.private_dns_resolvers.iter().flat_map(|(_, r)| r.value.outbound_endpoints.iter());
                let place = |s: &'e str| self.outbound_address(Self::split(s)) == address && Self::split(s).0 == net;
                all.find(|(_, o)| place(&o.value.subnet.value)).map(|(_, o)| o.value.subnet.value.as_str())
            };
            let linked = || {
                let mut all =
                    self.e.private_link_services.iter().flat_map(|(_, s)| s.value.nat_ip_configurations.iter());
                let own = |a: &privreach::document::Spanned<IpAddr>| a.value == address;
                all.find(|(_, n)| n.value.private_ip_address.as_ref().is_some_and(own))
                    .map(|(_, n)| n.value.subnet.value.as_str())
            };
            let app = || {
                let mut all = self.e.services.iter().filter_map(|(_, s)| s.value.virtual_network_integration.as_ref());
                let here = |s: &'e str| Self::split(s).0 == net && self.outbound_address(Self::split(s)) == address;
                all.find(|i| here(&i.subnet.value)).map(|i| i.subnet.value.as_str())
            };
            inbound.or_else(outbound).or_else(linked).or_else(app).map(Owner::Resolver)
        };
        endpoint.or_else(|| self.gateway_at(net, address)).or_else(resolver).or_else(|| {
            let mut firewalls = self.e.firewalls.iter();
            let found = firewalls.find(|(_, f)| {
                f.value.subnet.as_ref().is_some_and(|s| Self::split_of(&s.value).0 == net)
                    && f.value.private_ip_address.as_ref().is_some_and(|a| a.value == address)
            });
            found.map(|(name, _)| Owner::Firewall(name))
        })
    }

    /// The address of an endpoint that declares none: the first of its subnet that nothing else has (ADDR-03).
    pub(crate) fn allocated(&self, name: &str) -> Vec<IpAddr> {
        let (net, subnet) = Self::split(&self.endpoint(name).subnet.value);
        let mut free: Vec<IpAddr> = self.subnet(net, subnet).address_prefixes[0].value.usable().take(50).collect();
        free.retain(|a| !self.nics().any(|n| n.net == net && self.address_of(n) == *a));
        for (other, endpoint) in self.e.private_endpoints.iter() {
            if endpoint.value.subnet.value != self.endpoint(name).subnet.value {
                continue;
            }
            let wanted = self.members_of(other).len().max(1);
            if other == name {
                free.truncate(wanted);
                return free;
            }
            if endpoint.value.ip_addresses.is_empty() {
                free.drain(..wanted);
            } else {
                free.retain(|a| !endpoint.value.ip_addresses.iter().any(|i| i.value == *a));
            }
        }
        free
    }

    /// The address that an outbound endpoint sends from (RESOLVER-02).
    pub(crate) fn outbound_address(&self, (net, subnet): (&str, &str)) -> IpAddr {
        self.subnet(net, subnet).address_prefixes[0].value.usable().next().unwrap()
    }

    pub(crate) fn split_of(place: &str) -> (&str, &str) {
        place.split_once('/').unwrap()
    }

    /// The network of a firewall that stands in one.
    pub(crate) fn firewall_net(&self, name: &str) -> Option<&'e str> {
        self.e.firewalls.get(name).unwrap().value.subnet.as_ref().map(|s| Self::split(&s.value).0)
    }

    /// The link that a network holds to another one.
    pub(crate) fn link(&self, owner: &str, remote: &str) -> Option<&'e VirtualNetworkPeering> {
        let mut links = self.e.virtual_network_peerings.iter().map(|(_, l)| &l.value);
        links.find(|l| l.virtual_network.value == owner && l.remote_virtual_network.value == remote)
    }

    /// PEER-01: a link on each side, and neither is left from a peering that was deleted.
    pub(crate) fn peered(&self, a: &str, b: &str) -> bool {
        use privreach::azure::model::network::PeeringState::Connected;
        let good = |l: &VirtualNetworkPeering| l.peering_state.as_ref().is_none_or(|s| s.value == Connected);
        self.link(a, b).is_some_and(good) && self.link(b, a).is_some_and(good)
    }
}
