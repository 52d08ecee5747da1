//! Seeded random estates of appliances, balancers, peering flags, groups and ways out, and a naive reading of the rules
//! for them. It knows nothing of the data plane: it holds numbers, and writes the scenario for the engine.

use super::families::estate::Random;
use std::fmt::Write;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hop {
    None,
    Nva,
    Front,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Out {
    Default,
    Private,
    Nat,
    Own,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum From {
    Anywhere,
    Network(usize),
    Group(usize),
    VirtualNetwork,
}

#[derive(Debug)]
struct Group {
    /// Inbound rules in order: source and whether they allow.
    rules: Vec<(From, bool)>,
}

#[derive(Debug)]
struct Net {
    /// Where 0.0.0.0/0 of the machine's subnet goes.
    default: Hop,
    /// Whether the hub's prefix is steered to the first appliance.
    steers_hub: bool,
    group: Option<Group>,
    out: Out,
    /// Flags of this network's link to the hub, and of the hub's link back: access, forwarded.
    own_link: (bool, bool),
    hub_link: (bool, bool),
    /// Whether the machine runs, and serves 443.
    up: bool,
    serves: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Nat {
    No,
    Internet,
    All,
}

#[derive(Debug)]
struct Nva {
    up: bool,
    forwards: bool,
    stateful: bool,
    nat: Nat,
    /// Whether it answers the probe.
    probed: bool,
}

/// Network 0 is the hub with two appliances and a balancer before them; the others are spokes.
#[derive(Debug)]
pub(crate) struct Estate {
    nets: Vec<Net>,
    nvas: [Nva; 2],
    /// Whether the appliances' balancer has an HA-ports rule, or one for 443 only; and whether it probes.
    ha_ports: bool,
    probes: bool,
}

pub(crate) fn estate(seed: u64) -> Estate {
    let r = &mut Random(seed ^ 0x7a11_5170);
    let hop = |r: &mut Random| [Hop::None, Hop::Nva, Hop::Front][r.below(3) as usize];
    let nets = (0..3)
        .map(|n| Net {
            default: hop(r),
            steers_hub: n > 0 && r.one_in(3),
            group: r.one_in(2).then(|| Group {
                rules: (0..r.below(3))
                    .map(|_| {
                        let from = match r.below(4) {
                            0 => From::Anywhere,
                            1 => From::Network(r.below(3) as usize),
                            2 => From::Group(r.below(3) as usize),
                            _ => From::VirtualNetwork,
                        };
                        (from, !r.one_in(3))
                    })
                    .collect(),
            }),
            out: [Out::Default, Out::Private, Out::Nat, Out::Own][r.below(4) as usize],
            own_link: (!r.one_in(6), !r.one_in(3)),
            hub_link: (!r.one_in(6), !r.one_in(3)),
            up: !r.one_in(8),
            serves: !r.one_in(8),
        })
        .collect();
    let mut nva = || Nva {
        up: !r.one_in(8),
        forwards: !r.one_in(8),
        stateful: !r.one_in(3),
        nat: [Nat::No, Nat::Internet, Nat::All][r.below(3) as usize],
        probed: !r.one_in(6),
    };
    let nvas = [nva(), nva()];
    Estate { nets, nvas, ha_ports: !r.one_in(4), probes: r.one_in(2) }
}

/// The scenario of an estate.
pub(crate) fn text(e: &Estate) -> String {
    let mut out = String::from("name: transit\nvirtual_networks:\n");
    for (n, net) in e.nets.iter().enumerate() {
        let mut keys = format!("address_prefixes: [10.{n}.1.0/24]");
        if net.default != Hop::None || net.steers_hub {
            let _ = write!(keys, ", route_table: rt-{n}");
        }
        if net.group.is_some() {
            let _ = write!(keys, ", network_security_group: nsg-{n}");
        }
        match net.out {
            Out::Nat => keys.push_str(&format!(", nat_gateway: nat-{n}, default_outbound_access_enabled: false")),
            Out::Private | Out::Own => keys.push_str(", default_outbound_access_enabled: false"),
            Out::Default => {}
        }
        let nva = if n == 0 { ", nva: { address_prefixes: [10.0.3.0/24], nat_gateway: nat-0 }" } else { "" };
        let _ = writeln!(out, "  v{n}: {{ address_space: [10.{n}.0.0/16], subnets: {{ s: {{ {keys} }}{nva} }} }}");
    }
    out.push_str("virtual_network_peerings:\n");
    for (n, net) in e.nets.iter().enumerate().skip(1) {
        for (name, from, to, (access, forwarded)) in [("up", n, 0, net.own_link), ("down", 0, n, net.hub_link)] {
            let _ = writeln!(
                out,
                "  {name}-{n}: {{ virtual_network: v{from}, remote_virtual_network: v{to}, allow_virtual_network_access: {access}, allow_forwarded_traffic: {forwarded} }}"
            );
        }
    }
    out.push_str("route_tables:\n");
    for (n, net) in e.nets.iter().enumerate() {
        let _ = writeln!(out, "  rt-{n}:\n    routes:");
        let hop = |at: &str| format!("next_hop_type: VirtualAppliance, next_hop_in_ip_address: {at}");
        let none = net.default == Hop::None && !net.steers_hub;
        match net.default {
            Hop::Nva => drop(writeln!(out, "      all: {{ address_prefix: 0.0.0.0/0, {} }}", hop("10.0.3.4"))),
            Hop::Front => drop(writeln!(out, "      all: {{ address_prefix: 0.0.0.0/0, {} }}", hop("10.0.3.100"))),
            Hop::None => {}
        }
        if net.steers_hub {
            let _ = writeln!(out, "      hub: {{ address_prefix: 10.0.0.0/16, {} }}", hop("10.0.3.4"));
        }
        if none {
            out.push_str("      unused: { address_prefix: 172.30.0.0/16, next_hop_type: None }\n");
        }
    }
    out.push_str("network_security_groups:\n");
    for (n, net) in e.nets.iter().enumerate() {
        let _ = writeln!(out, "  nsg-{n}:\n    security_rules:");
        let rules = net.group.as_ref().map(|g| g.rules.as_slice()).unwrap_or_default();
        for (i, (from, allow)) in rules.iter().enumerate() {
            let source = match from {
                From::Anywhere => "source_address_prefix: \"*\"".to_owned(),
                From::Network(m) => format!("source_address_prefix: 10.{m}.0.0/16"),
                From::Group(m) => format!("source_application_security_groups: [asg-{m}]"),
                From::VirtualNetwork => "source_address_prefix: VirtualNetwork".to_owned(),
            };
            let access = if *allow { "Allow" } else { "Deny" };
            let _ = writeln!(
                out,
                "      r{i}: {{ priority: {}, direction: Inbound, access: {access}, protocol: \"*\", {source}, destination_address_prefix: \"*\", destination_port_range: \"*\" }}",
                200 + i
            );
        }
        out.push_str("      last: { priority: 4000, direction: Inbound, access: Deny, protocol: Udp, source_address_prefix: \"*\", destination_address_prefix: \"*\", destination_port_range: 9 }\n");
    }
    out.push_str("application_security_groups: { asg-0: {}, asg-1: {}, asg-2: {} }\n");
    out.push_str("public_ips: { pip-nat-0: { ip_address: 203.0.113.8 }, pip-nat-1: { ip_address: 203.0.113.9 }, pip-nat-2: { ip_address: 203.0.113.10 }, pip-own: { ip_address: 203.0.113.16 }, pip-one: { ip_address: 203.0.113.17 }, pip-two: { ip_address: 203.0.113.18 } }\n");
    out.push_str("nat_gateways: { nat-0: { public_ips: [pip-nat-0] }, nat-1: { public_ips: [pip-nat-1] }, nat-2: { public_ips: [pip-nat-2] } }\nvirtual_machines:\n");
    for (n, net) in e.nets.iter().enumerate() {
        let pip = ["pip-own", "pip-one", "pip-two"][n];
        let own = if net.out == Out::Own { format!(", public_ip: {pip}") } else { String::new() };
        let port = if net.serves { 443 } else { 22 };
        let _ = writeln!(
            out,
            "  vm-{n}: {{ subnet: v{n}/s, private_ip_address: 10.{n}.1.4, application_security_groups: [asg-{n}], listens: [tcp/{port}], running: {}{own} }}",
            net.up
        );
    }
    for (i, nva) in e.nvas.iter().enumerate() {
        let nat = match nva.nat {
            Nat::No => "None",
            Nat::Internet => "Internet",
            Nat::All => "All",
        };
        let _ = writeln!(
            out,
            "  nva-{i}: {{ subnet: v0/nva, private_ip_address: 10.0.3.{}, ip_forwarding_enabled: {}, running: {}, listens: [tcp/{}], network_appliance: {{ stateful: {}, source_nat: {nat} }} }}",
            4 + i,
            nva.forwards,
            nva.up,
            if nva.probed { 22 } else { 23 },
            nva.stateful
        );
    }
    let probe = if e.probes { ", probe: ssh" } else { "" };
    let (protocol, port) = if e.ha_ports { ("All", 0) } else { ("Tcp", 443) };
    let _ = writeln!(
        out,
        "load_balancers: {{ front: {{ frontend_ip_configurations: {{ f: {{ subnet: v0/nva, private_ip_address: 10.0.3.100 }} }}, backend_address_pools: {{ p: {{ virtual_machines: [nva-0, nva-1] }} }}, probes: {{ ssh: {{ port: 22 }} }}, rules: {{ r: {{ protocol: {protocol}, frontend_port: {port}, backend_port: {port}, frontend_ip_configuration: f, backend_address_pool: p{probe} }} }} }} }}"
    );
    out.push_str("public_hosts: { www.example.com: { ip_address: 192.0.2.80 } }\n");
    out.push_str("services: { kvt: { type: Microsoft.KeyVault/vaults, network_rules: { default_action: Deny, ip_rules: [203.0.113.8/30] } } }\n");
    out
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum To {
    Machine(usize),
    Host,
    Vault,
}

/// A flow: from a machine, to something, on a port.
pub(crate) fn questions() -> Vec<(usize, To, u16)> {
    let targets = [To::Machine(0), To::Machine(1), To::Machine(2), To::Host, To::Vault];
    (0..3).flat_map(|from| targets.iter().flat_map(move |to| [(from, *to, 443), (from, *to, 8080)])).collect()
}

type Answer = (&'static str, &'static str);

/// What an address is: a machine of a network, an appliance, or public.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Machine(usize),
    Nva(usize),
}

impl Estate {
    /// Where a machine's subnet sends a packet for a network (ROUTE-12, ROUTE-13, ROUTE-16); `None` is the internet.
    fn hop(&self, from: usize, to: Option<usize>) -> Result<Option<Hop>, &'static str> {
        let net = &self.nets[from];
        let default = |nowhere: Result<Option<Hop>, &'static str>| match net.default {
            Hop::None => nowhere,
            hop => Ok(Some(hop)),
        };
        match to {
            None => default(Ok(None)),
            Some(to) if to == from => Ok(None),
            Some(0) if net.steers_hub => Ok(Some(Hop::Nva)),
            Some(to) if to == 0 || from == 0 => Ok(None),
            // Spokes are not peered (PEER-02).
            Some(_) => default(Err("NOROUTE")),
        }
    }

    /// Appliances a hop may lead to, or why to none (LB-01, LB-03, LB-05).
    fn devices(&self, hop: Hop, port: u16) -> Result<Vec<usize>, &'static str> {
        if hop == Hop::Nva {
            return Ok(vec![0]);
        }
        if !self.ha_ports && port != 443 {
            return Err("LB-NORULE");
        }
        let healthy = |i: &usize| self.nvas[*i].up && (!self.probes || self.nvas[*i].probed);
        let all: Vec<usize> = (0..2).filter(healthy).collect();
        if all.is_empty() { Err("LB-PROBE") } else { Ok(all) }
    }

    /// A peering without access, with no group at an end that could say otherwise (PEER-06, A-04).
    fn closed(&self, spoke: usize, groups: bool) -> bool {
        spoke > 0 && !groups && !(self.nets[spoke].own_link.0 && self.nets[spoke].hub_link.0)
    }

    /// Whether a network's tag holds an address (TAG-01, A-01).
    fn tagged(&self, at: usize, source: Source) -> bool {
        let net = &self.nets[at];
        let home = match source {
            Source::Machine(n) => n,
            Source::Nva(_) => 0,
        };
        let peered = |spoke: usize| if at == 0 { self.nets[spoke].hub_link.0 } else { net.own_link.0 };
        let near = home == at || (at == 0 && peered(home)) || (home == 0 && at > 0 && peered(at));
        near || net.default != Hop::None || (net.steers_hub && home == 0)
    }

    /// Whether the group at a machine admits a source, and whether by its very address (NSG-04, NSG-05, ASG-03).
    fn admits(&self, at: usize, source: Source) -> (bool, bool) {
        let Some(group) = &self.nets[at].group else { return (true, false) };
        let home = match source {
            Source::Machine(n) => n,
            Source::Nva(_) => 0,
        };
        for (from, allow) in &group.rules {
            let (hit, literal) = match from {
                From::Anywhere => (true, false),
                From::Network(n) => (home == *n, true),
                From::Group(n) => (source == Source::Machine(*n), true),
                From::VirtualNetwork => (self.tagged(at, source), false),
            };
            if hit {
                return (*allow, *allow && literal);
            }
        }
        (self.tagged(at, source), false)
    }

    /// One way through the estate: the appliance picked on the way there and, where a balancer picks again, back.
    fn walk(
        &self,
        from: usize,
        to: To,
        port: u16,
        there: Option<usize>,
        hop: Option<Hop>,
    ) -> Result<Answer, &'static str> {
        let group = |n: usize| self.nets[n].group.is_some();
        let mut source = Source::Machine(from);
        // On a blocked path later blockers do not matter: the first one decides.
        if let Some(device) = there {
            let nva = &self.nvas[device];
            // The balancer and the appliances stand in the hub; a spoke reaches them over its peering.
            if self.closed(from, group(from)) {
                return Err("PEER-ACCESS");
            }
            if !nva.up {
                return Err("NEXTHOP");
            }
            if !nva.forwards {
                return Err("IPFWD");
            }
            let translates = nva.nat == Nat::All || (nva.nat == Nat::Internet && !matches!(to, To::Machine(_)));
            if translates {
                source = Source::Nva(device);
            }
        }
        let target = match to {
            To::Machine(n) => n,
            To::Host | To::Vault => {
                let public = match (there, source) {
                    (Some(_), Source::Machine(_)) => return Err("NO-EGRESS"),
                    (Some(_), Source::Nva(_)) => Some(8),
                    (None, _) => match self.nets[from].out {
                        Out::Nat => Some(8),
                        Out::Own => Some(16),
                        Out::Default => None,
                        Out::Private => return Err("NO-EGRESS"),
                    },
                };
                return match (to, public) {
                    (To::Host, _) => Ok(("public", "public-endpoint")),
                    (To::Vault, _) if port != 443 => Err("PORT"),
                    (To::Vault, Some(8)) => Ok(("public", "public-endpoint")),
                    (To::Vault, None) => Ok(("unknown", "TAG")),
                    _ => Err("PNA"),
                };
            }
        };
        if target == from && there.is_none() {
            return self.answers(target, port);
        }
        // The last network to be entered over a peering, and whether what enters was sent there by a forwarder.
        let crossing = match there {
            Some(_) => (target > 0).then_some(target),
            None => Some(if target == 0 { from } else { target }),
        };
        if let Some(spoke) = crossing {
            let emitter = if there.is_some() { false } else { group(from) };
            if self.closed(spoke, emitter || group(target)) {
                return Err("PEER-ACCESS");
            }
            let foreign = there.is_some() && source != Source::Machine(0) && matches!(source, Source::Machine(_));
            if foreign && !self.nets[target].own_link.1 && !self.admits(target, source).1 {
                return Err("PEER-FWD");
            }
        }
        if !self.admits(target, source).0 {
            return Err("NSG");
        }
        self.answers(target, port)?;
        self.returns(target, source, there, hop)?;
        self.answers(target, port)
    }

    fn answers(&self, target: usize, port: u16) -> Result<Answer, &'static str> {
        let net = &self.nets[target];
        match net.up {
            false => Err("STOPPED"),
            true if net.serves && port == 443 => Ok(("private", "routed")),
            true => Err("PORT"),
        }
    }

    /// The way back: to the source that was seen, by the target's own table; stateful appliances must be the same both
    /// ways (EVAL-02, ASYM-01, NVA-05).
    fn returns(
        &self,
        target: usize,
        source: Source,
        there: Option<usize>,
        sent_to: Option<Hop>,
    ) -> Result<(), &'static str> {
        let stateful = |d: usize| self.nvas[d].stateful;
        let seen = match source {
            Source::Nva(_) => None,
            Source::Machine(_) => there.filter(|d| stateful(*d)),
        };
        let home = match source {
            Source::Machine(n) => n,
            Source::Nva(_) => 0,
        };
        let back = match self.hop(target, Some(home))? {
            None => None,
            // Steered to the hub, where the first appliance may be the very source of what is answered.
            Some(Hop::Nva) if source == Source::Nva(0) => return Ok(()),
            Some(Hop::Nva) => Some(vec![0]),
            // LB-05: a reply goes to the client's own port.
            Some(Hop::Front) if !self.ha_ports => return Err("LB-NORULE"),
            // A balancer sends replies to the member that the request passed; others are picked anew.
            Some(Hop::Front) if sent_to == Some(Hop::Front) && source != Source::Nva(there.unwrap_or(9)) => {
                there.map(|d| vec![d])
            }
            Some(_) => Some(self.devices(Hop::Front, 0)?),
        };
        let Some(devices) = back else {
            return if seen.is_none() { Ok(()) } else { Err("ASYM") };
        };
        let mut results = devices.iter().map(|d| {
            let nva = &self.nvas[*d];
            if source == Source::Nva(*d) {
                return Ok(());
            }
            if !nva.up {
                return Err("NEXTHOP");
            }
            if !nva.forwards {
                return Err("IPFWD");
            }
            // NVA-04: without state it translates the reply, too.
            if !nva.stateful && nva.nat == Nat::All {
                return Err("ASYM");
            }
            let meets = stateful(*d).then_some(*d);
            if meets == seen { Ok(()) } else { Err("ASYM") }
        });
        let first = results.next().unwrap_or(Err("NOROUTE"));
        if results.all(|r| r == first) { first } else { Err("several") }
    }

    /// The answer to a flow; `several` where alternatives differ, which the engine answers in more detail.
    pub(crate) fn judge(&self, from: usize, to: To, port: u16) -> Answer {
        if !self.nets[from].up {
            return ("blocked", "STOPPED");
        }
        let home = match to {
            To::Machine(n) => Some(n),
            To::Host | To::Vault => None,
        };
        if home == Some(from) {
            return self.answers(from, port).unwrap_or_else(|why| ("blocked", why));
        }
        // A group's default rules let out what is in the tag, and what is public (NSG-05).
        let leaves = home.is_none_or(|n| self.tagged(from, Source::Machine(n)));
        if self.nets[from].group.is_some() && !leaves {
            return ("blocked", "NSG");
        }
        let hop = match self.hop(from, home) {
            Ok(hop) => hop,
            Err(why) => return ("blocked", why),
        };
        let devices = match hop.map(|h| self.devices(h, port)) {
            None => vec![None],
            Some(Ok(devices)) => devices.into_iter().map(Some).collect(),
            // The peering before the balancer is crossed first.
            Some(Err(_)) if self.closed(from, self.nets[from].group.is_some()) => return ("blocked", "PEER-ACCESS"),
            Some(Err(why)) => return ("blocked", why),
        };
        let mut answers: Vec<Answer> = devices
            .into_iter()
            .map(|device| self.walk(from, to, port, device, hop).unwrap_or_else(|why| ("blocked", why)))
            .collect();
        let first = answers.remove(0);
        if first.1 == "several" || answers.iter().any(|a| *a != first) { ("several", "") } else { first }
    }
}
