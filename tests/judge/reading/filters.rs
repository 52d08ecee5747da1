//! Security groups and admin rules at one interface (NSG-01 to NSG-13, TAG-01 to TAG-04, ASG-03, AVNM-01 to AVNM-08).

use super::{Nic, Open, Owner, Reading, To, blocked, prefix};
use privreach::azure::model::{
    network::{Access, Direction, NetworkSecurityGroup, NextHopType, RuleProtocol, SecurityRule},
    network_manager::{AdminAction, AdminRule},
};
use privreach::document::{PortRanges, Reference, Spanned};
use privreach::net::Prefix;
use std::net::IpAddr;

/// A packet as a filter sees it.
pub(crate) struct Seen<'p> {
    /// Not known where default outbound access chose it.
    pub(crate) from: Option<IpAddr>,
    pub(crate) to: &'p To,
    pub(crate) port: u16,
    pub(crate) udp: bool,
    /// From `port`, to the client's own.
    pub(crate) reply: bool,
}

/// Whether ports of a rule are those a packet goes to: a client's own is any from 1024.
pub(crate) fn at_port(ports: &PortRanges, port: u16, reply: bool) -> bool {
    if reply { ports.covers(1024, u16::MAX) } else { ports.contains(port) }
}

/// What one gate says, and whether it said so by address.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gate {
    pub(crate) open: bool,
    pub(crate) literal: bool,
}

impl<'e> Reading<'e> {
    fn group(&self, name: Option<&Reference>) -> Option<&'e NetworkSecurityGroup> {
        Some(&self.e.network_security_groups.get(&name?.value).unwrap().value)
    }

    /// Groups at an interface: of its subnet, and its own.
    fn groups(&self, nic: Nic) -> [Option<&'e NetworkSecurityGroup>; 2] {
        let machine = self.machine(nic.machine);
        let own = match nic.further {
            None => machine.network_security_group.as_ref(),
            Some(name) => machine.secondary_network_interfaces.get(name).unwrap().value.network_security_group.as_ref(),
        };
        [self.group(self.subnet(nic.net, nic.subnet).network_security_group.as_ref()), self.group(own)]
    }

    /// The groups that act on something, with the place whose tags they know: on endpoints only if policies say so (PE-27).
    pub(crate) fn acting_groups(&self, owner: Owner<'e>) -> Vec<(&'e NetworkSecurityGroup, &'e str, &'e str)> {
        match owner {
            Owner::Nic(nic) => self.groups(nic).into_iter().flatten().map(|g| (g, nic.net, nic.subnet)).collect(),
            Owner::Endpoint(name) => {
                let (net, subnet) = Self::split(&self.endpoint(name).subnet.value);
                let group = self.group(self.subnet(net, subnet).network_security_group.as_ref());
                let acts = self.groups_act_on_endpoints(net, subnet);
                group.filter(|_| acts).map(|g| (g, net, subnet)).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    pub(crate) fn has_group(&self, nic: Nic) -> bool {
        self.groups(nic).iter().any(Option::is_some)
    }

    /// EVAL-03: admin rules, then each group that is attached.
    pub(crate) fn filter(&self, nic: Nic, seen: &Seen, direction: Direction) -> Open<()> {
        match self.admin(nic.net, nic.subnet, seen, direction) {
            Some(AdminAction::Deny) => return blocked("AVNM"),
            Some(AdminAction::AlwaysAllow) => return Ok(()),
            _ => {}
        }
        for group in self.groups(nic).into_iter().flatten() {
            if !self.gate(group, nic.net, nic.subnet, seen, direction).open {
                return blocked("NSG");
            }
        }
        Ok(())
    }

    /// Whether groups let a packet in by its very address (PEER-07, A-05).
    pub(crate) fn admits_by_address(&self, owner: Owner<'e>, seen: &Seen) -> bool {
        let groups = self.acting_groups(owner).into_iter();
        let gates: Vec<Gate> =
            groups.map(|(g, net, subnet)| self.gate(g, net, subnet, seen, Direction::Inbound)).collect();
        !gates.is_empty() && gates.iter().all(|g| g.open) && gates.iter().any(|g| g.literal)
    }

    /// Whether the subnet's group lets a packet reach an endpoint in it (PE-27).
    pub(crate) fn endpoint_gate(&self, net: &'e str, subnet: &'e str, seen: &Seen) -> Open<()> {
        let group = self.group(self.subnet(net, subnet).network_security_group.as_ref());
        match group {
            Some(group) if self.groups_act_on_endpoints(net, subnet) => {
                if self.gate(group, net, subnet, seen, Direction::Inbound).open { Ok(()) } else { blocked("NSG") }
            }
            _ => Ok(()),
        }
    }

    /// AVNM-02, AVNM-03, AVNM-06.
    fn admin(&self, net: &str, _subnet: &str, seen: &Seen, direction: Direction) -> Option<AdminAction> {
        let mut rules: Vec<&AdminRule> = Vec::new();
        for (_, manager) in self.e.network_managers.iter() {
            let member = |group: &Reference| {
                let members = &manager.value.network_groups.get(&group.value).unwrap().value.virtual_networks;
                members.iter().any(|m| m.value == net)
            };
            for (_, configuration) in manager.value.security_admin_configurations.iter() {
                for (_, collection) in configuration.value.rule_collections.iter() {
                    if collection.value.network_groups.iter().any(member) {
                        rules.extend(collection.value.rules.iter().map(|(_, r)| &r.value));
                    }
                }
            }
        }
        rules.retain(|r| r.direction.value == direction);
        rules.sort_by_key(|r| r.priority.value);
        let hit = |list: &[Spanned<String>], address: Option<IpAddr>| {
            list.is_empty()
                || list
                    .iter()
                    .any(|p| p.value == "*" || address.is_some_and(|a| prefix(&p.value).is_some_and(|p| p.contains(a))))
        };
        let found = rules.into_iter().find(|r| {
            protocol(*r.protocol, seen.udp)
                && hit(&r.source_address_prefixes, seen.from)
                && hit(&r.destination_address_prefixes, seen.to.address)
                && (r.destination_port_ranges.is_empty()
                    || r.destination_port_ranges.iter().any(|p| at_port(&p.value, seen.port, seen.reply)))
        });
        found.map(|r| r.action.value)
    }

    /// NSG-04, NSG-05: the first rule that matches decides, then the defaults.
    pub(crate) fn gate(
        &self,
        group: &NetworkSecurityGroup,
        net: &'e str,
        subnet: &'e str,
        seen: &Seen,
        direction: Direction,
    ) -> Gate {
        let mut rules: Vec<&SecurityRule> = group.security_rules.iter().map(|(_, r)| &r.value).collect();
        rules.retain(|r| r.direction.value == direction);
        rules.sort_by_key(|r| r.priority.value);
        let from = To { address: seen.from, ..To::default() };
        let mut perhaps: Option<bool> = None;
        for rule in rules {
            let one = rule.destination_port_range.iter().chain(&rule.destination_port_ranges);
            if !protocol(rule.protocol.value, seen.udp)
                || !one.into_iter().any(|p| at_port(&p.value, seen.port, seen.reply))
            {
                continue;
            }
            let sources = rule.source_address_prefix.iter().chain(&rule.source_address_prefixes);
            let destinations = rule.destination_address_prefix.iter().chain(&rule.destination_address_prefixes);
            let source = self.side(sources, &rule.source_application_security_groups, net, subnet, &from);
            let destination =
                self.side(destinations, &rule.destination_application_security_groups, net, subnet, seen.to);
            let open = rule.access.value == Access::Allow;
            if let (Some(by_source), Some(_)) = (source, destination) {
                self.doubted(perhaps, open);
                return Gate { open: open || perhaps == Some(true), literal: open && by_source };
            }
            // A public range may hold an address that nobody knows.
            let sources = rule.source_address_prefix.iter().chain(&rule.source_address_prefixes);
            let public = |text: &Spanned<String>| prefix(&text.value).is_some_and(|p| self.is_public(p.network()));
            if seen.from.is_none() && destination.is_some() && perhaps.is_none() && sources.into_iter().any(public) {
                perhaps = Some(open);
            }
        }
        let inside = |to: &To| self.in_virtual_network(net, subnet, to);
        let open =
            inside(&from) && inside(seen.to) || direction == Direction::Outbound && self.on_internet(net, seen.to);
        self.doubted(perhaps, open);
        Gate { open: open || perhaps == Some(true), literal: false }
    }

    /// TAG-04: a rule that may match, and would decide otherwise.
    fn doubted(&self, perhaps: Option<bool>, decided: bool) {
        if perhaps.is_some_and(|open| open != decided) {
            self.doubt("TAG");
        }
    }

    /// Whether one side of a rule matches, and if so whether by address or group.
    fn side<'r>(
        &self,
        prefixes: impl Iterator<Item = &'r Spanned<String>>,
        groups: &[Reference],
        net: &'e str,
        subnet: &'e str,
        to: &To,
    ) -> Option<bool> {
        let mut found = None;
        for text in prefixes {
            let hit = match text.value.as_str() {
                "*" => Some(false),
                "VirtualNetwork" => self.in_virtual_network(net, subnet, to).then_some(false),
                "Internet" => self.on_internet(net, to).then_some(false),
                "AzureLoadBalancer" => (to.address == "168.63.129.16".parse().ok()).then_some(false),
                text => match prefix(text) {
                    Some(p) => to.address.is_some_and(|a| p.contains(a)).then_some(true),
                    // PE-28: a tag of a service holds public addresses only.
                    None => to.tags.iter().any(|t| t == text).then_some(false),
                },
            };
            found = found.max(hit);
        }
        if found.is_some() {
            return found;
        }
        // ASG-03: members by their addresses.
        let member = |group: &Reference| {
            self.nics().any(|nic| {
                nic.net == net
                    && Some(self.address_of(nic)) == to.address
                    && self.machine(nic.machine).application_security_groups.iter().any(|g| g.value == group.value)
            })
        };
        groups.iter().any(member).then_some(true)
    }

    /// TAG-01.
    pub(crate) fn in_virtual_network(&self, net: &'e str, subnet: &'e str, to: &To) -> bool {
        let user: Vec<Prefix> = if self.e.assumptions.as_ref().is_none_or(|a| *a.virtual_network_tag_holds_user_routes)
        {
            let leads =
                |kind: NextHopType| matches!(kind, NextHopType::VirtualAppliance | NextHopType::VirtualNetworkGateway);
            let routes = self.user_routes(net, subnet).into_iter();
            routes.filter(|(p, kind, _)| !p.is_default() || leads(*kind)).map(|(p, ..)| p).collect()
        } else {
            Vec::new()
        };
        let Some(address) = to.address else { return user.iter().any(|p| p.is_default()) };
        self.near(net, address) || user.iter().any(|p| p.contains(address))
    }

    /// The VirtualNetwork tag without user routes.
    fn near(&self, net: &'e str, address: IpAddr) -> bool {
        let peer = |other: &'e str| {
            // PEER-06: without access the remote prefixes are not in the tag.
            self.peered(net, other)
                && *self.link(net, other).unwrap().allow_virtual_network_access
                && self.subnet_or_whole(net, other, address)
                || self.meshed(net, other) && !self.peered(net, other) && self.holds(other, address)
        };
        self.holds(net, address)
            || address == "168.63.129.16".parse::<IpAddr>().unwrap()
            || self.e.virtual_networks.keys().any(|other| other != net && peer(other))
            || self.behind_gateways(net, address)
            || self.behind_hubs(net, address)
    }

    fn subnet_or_whole(&self, net: &'e str, other: &'e str, address: IpAddr) -> bool {
        let subnets = self.e.virtual_networks.get(net).unwrap().value.subnets.keys();
        subnets.into_iter().any(|s| self.known_over((net, s), other).iter().any(|p| p.contains(address)))
    }

    /// TAG-03.
    fn on_internet(&self, net: &'e str, to: &To) -> bool {
        to.address.is_none_or(|a| self.is_public(a) && !self.near(net, a))
    }

    /// DNS-03: an outbound deny whose destination is the platform's DNS.
    pub(crate) fn denies_platform_dns(&self, nic: Nic) -> bool {
        if nic.machine.is_empty() {
            return false;
        }
        self.groups(nic).into_iter().flatten().any(|g| {
            let mut rules: Vec<&SecurityRule> = g.security_rules.iter().map(|(_, r)| &r.value).collect();
            rules.sort_by_key(|r| r.priority.value);
            let named = rules.into_iter().find(|r| {
                r.direction.value == Direction::Outbound
                    && r.destination_address_prefix.as_ref().is_some_and(|d| d.value == "AzurePlatformDNS")
                    && r.destination_port_range.as_ref().is_some_and(|p| p.value.contains(53))
            });
            named.is_some_and(|r| r.access.value == Access::Deny)
        })
    }

    /// LB-03: whether groups let the probe of a balancer in.
    pub(crate) fn probe_admitted(&self, nic: Nic<'e>, port: u16) -> bool {
        let to = To::address(self.address_of(nic));
        let seen = Seen { from: "168.63.129.16".parse().ok(), to: &to, port, udp: false, reply: false };
        let open = |g: &NetworkSecurityGroup| {
            // NSG-05: rule 65001 lets it in where no rule speaks of it.
            let mut rules: Vec<&SecurityRule> = g.security_rules.iter().map(|(_, r)| &r.value).collect();
            rules.retain(|r| r.direction.value == Direction::Inbound);
            rules.sort_by_key(|r| r.priority.value);
            let any = |rule: &&&SecurityRule| self.hits(rule, nic, &seen);
            rules.iter().find(any).is_none_or(|r| r.access.value == Access::Allow)
        };
        self.groups(nic).into_iter().flatten().all(open)
    }

    fn hits(&self, rule: &SecurityRule, nic: Nic<'e>, seen: &Seen) -> bool {
        let from = To { address: seen.from, ..To::default() };
        let ports = rule.destination_port_range.iter().chain(&rule.destination_port_ranges);
        let sources = rule.source_address_prefix.iter().chain(&rule.source_address_prefixes);
        let destinations = rule.destination_address_prefix.iter().chain(&rule.destination_address_prefixes);
        protocol(rule.protocol.value, seen.udp)
            && ports.into_iter().any(|p| p.value.contains(seen.port))
            && self.side(sources, &rule.source_application_security_groups, nic.net, nic.subnet, &from).is_some()
            && self
                .side(destinations, &rule.destination_application_security_groups, nic.net, nic.subnet, seen.to)
                .is_some()
    }
}

pub(crate) fn protocol(rule: RuleProtocol, udp: bool) -> bool {
    match rule {
        RuleProtocol::Any => true,
        RuleProtocol::Tcp => !udp,
        RuleProtocol::Udp => udp,
        _ => false,
    }
}
