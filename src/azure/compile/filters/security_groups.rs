//! Security groups as they act in one subnet or at one interface (NSG-01 to NSG-12, TAG-01, ASG-01 to ASG-05).

use super::super::{Compiler, machines::internet, managed::protocol};
use super::{action, union};
use crate::{
    azure::model::network::{Direction as RuleDirection, NetworkSecurityGroup},
    dataplane::{
        Action, Direction, Filter, FilterRule, Id, Matcher, Names, Network, NextHop, Origin, Route, RouteSource,
    },
    diag::{Diagnostic, Span, code},
    document::{PortRanges, Reference, Spanned},
    net::{AddressSet, PLATFORM_ADDRESS, PortSet, Prefix, Protocol},
    verdict::Reason,
};
use std::{collections::BTreeMap, net::IpAddr};

/// Members of application security groups: addresses, the network they are in, and where that was fixed.
type Groups = BTreeMap<String, (Vec<IpAddr>, Option<(Id<Network>, Span)>)>;

/// One side of a rule as it is written.
struct Side<'r> {
    what: &'static str,
    single: Option<&'r Spanned<String>>,
    several: &'r [Spanned<String>],
    groups: &'r [Reference],
}

impl Compiler<'_> {
    /// One group at a subnet, one at an interface (NSG-01).
    pub(super) fn security_groups(&mut self) {
        let estate = self.estate;
        let groups = self.application_groups();
        for (name, entry) in estate.network_security_groups.iter() {
            self.check_priorities(name, &entry.value);
        }
        let mut made = Vec::new();
        for (vnet, entry) in estate.virtual_networks.iter() {
            for (subnet, declared) in entry.value.subnets.iter() {
                let full = format!("{vnet}/{subnet}");
                if let Some(group) = declared.value.network_security_group.as_ref()
                    && matches!(subnet, "GatewaySubnet" | "AzureFirewallSubnet" | "RouteServerSubnet")
                {
                    let text = format!(
                        "the platform does not support a security group on {subnet} (NSG-13), and none is evaluated there"
                    );
                    self.diagnostics
                        .push(Diagnostic::warning(code::IGNORED, group.span, text).help("remove the association"));
                }
                if let Some(group) = &declared.value.network_security_group
                    && let Some(segment) = self.subnets.get(&full).copied()
                    && let Some(filter) = self.group_filter(&group.value, vnet, &full, &groups)
                {
                    made.push((segment, filter));
                }
            }
        }
        for (segment, filter) in made {
            let segment = self.plane.segments.get_mut(segment);
            segment.filter_at_endpoints = filter.at_private_endpoints();
            segment.filter = Some(filter);
        }
        for (name, entry) in estate.virtual_machines.iter() {
            let own = entry.value.network_security_group.as_ref().map(|g| (name.to_owned(), g, &entry.value.subnet));
            let further = entry.value.secondary_network_interfaces.iter().filter_map(|(nic, i)| {
                Some((format!("{name}/{nic}"), i.value.network_security_group.as_ref()?, &i.value.subnet))
            });
            for (machine, group, subnet) in own.into_iter().chain(further) {
                self.declared("network_security_group", group, &estate.network_security_groups);
                let vnet = subnet.value.split_once('/').map_or("", |(v, _)| v);
                if let (Some(id), Some(filter)) = (
                    self.machines.get(&machine).copied(),
                    self.group_filter(&group.value, vnet, &subnet.value, &groups),
                ) {
                    self.plane.endpoints.get_mut(id).filter = Some(filter);
                }
            }
        }
    }

    /// Members of application security groups, private endpoints among them; all of one group are in one network (ASG-01,
    /// PE-29).
    fn application_groups(&mut self) -> Groups {
        let estate = self.estate;
        let mut groups: Groups =
            estate.application_security_groups.keys().map(|g| (g.to_owned(), (Vec::new(), None))).collect();
        let machines = estate
            .virtual_machines
            .iter()
            .map(|(name, m)| (&m.value.application_security_groups, self.machines.get(name).copied(), name));
        let made: BTreeMap<&str, _> = self.customer_endpoints.iter().map(|c| (c.name.as_str(), c.endpoint)).collect();
        let private = estate.private_endpoints.iter().map(|(name, p)| {
            let id = made.get(name).copied();
            (&p.value.application_security_groups, id, name)
        });
        let members: Vec<_> = machines.chain(private).collect();
        for (references, id, name) in members {
            for reference in references {
                self.declared("application_security_group", reference, &estate.application_security_groups);
                let (Some(id), Some((addresses, home))) = (id, groups.get_mut(&reference.value)) else { continue };
                let Some(network) = self.plane.network_of(id) else { continue };
                let (first, at) = *home.get_or_insert((network, reference.span));
                if network != first {
                    let text = format!(
                        "`{name}` is in another network than the first member of `{}` (ASG-01)",
                        reference.value
                    );
                    self.diagnostics.push(
                        Diagnostic::error(code::ASG_VNET, reference.span, text)
                            .related(at, "the first member")
                            .help("use one group per virtual network")
                            .refused(),
                    );
                    continue;
                }
                addresses.extend(&self.plane.endpoints.get(id).addresses);
            }
        }
        groups
    }

    fn check_priorities(&mut self, name: &str, group: &NetworkSecurityGroup) {
        let mut seen: BTreeMap<(bool, u16), Span> = BTreeMap::new();
        for (rule_name, rule) in group.security_rules.iter() {
            let (direction, priority) = (rule.value.direction.value, &rule.value.priority);
            if !(100..=4096).contains(&priority.value) {
                self.error(
                    code::PRIORITY,
                    priority.span,
                    format!("priority {} of rule `{rule_name}` lies outside 100 to 4096 (NSG-04)", priority.value),
                    "choose a priority in that range",
                );
            }
            let key = (direction == RuleDirection::Inbound, priority.value);
            if let Some(other) = seen.get(&key) {
                self.diagnostics.push(
                    Diagnostic::error(
                        code::PRIORITY,
                        priority.span,
                        format!("priority {} is used twice in `{name}` (NSG-04)", priority.value),
                    )
                    .related(*other, "here too")
                    .help("give each rule of a direction its own priority"),
                );
            }
            seen.entry(key).or_insert(priority.span);
        }
    }

    /// A group as it acts in one subnet: the tag VirtualNetwork depends on the subnet (NSG-04, NSG-05, TAG-01).
    fn group_filter(&mut self, group: &str, vnet: &str, subnet: &str, groups: &Groups) -> Option<Filter> {
        let entry = self.estate.network_security_groups.get(group)?;
        let local = self.virtual_network_tag(vnet, subnet);
        let mut rules: Vec<(u32, FilterRule)> = Vec::new();
        for (name, declared) in entry.value.security_rules.iter() {
            let rule = &declared.value;
            let refused = self.group_pair(
                &rule.source_application_security_groups,
                &rule.destination_application_security_groups,
                groups,
            );
            // What the platform refuses admits nobody.
            if refused && rule.access.value == crate::azure::model::network::Access::Allow {
                continue;
            }
            let source = Side {
                what: "source",
                single: rule.source_address_prefix.as_ref(),
                several: &rule.source_address_prefixes,
                groups: &rule.source_application_security_groups,
            };
            let destination = Side {
                what: "destination",
                single: rule.destination_address_prefix.as_ref(),
                several: &rule.destination_address_prefixes,
                groups: &rule.destination_application_security_groups,
            };
            let from = self.sides(name, declared.span, &source, &local, groups);
            let to = self.sides(name, declared.span, &destination, &local, groups);
            let ports = self.ports(
                name,
                declared.span,
                rule.destination_port_range.as_ref(),
                &rule.destination_port_ranges,
                true,
            );
            let source_ports =
                self.ports(name, declared.span, rule.source_port_range.as_ref(), &rule.source_port_ranges, false);
            let direction = match rule.direction.value {
                RuleDirection::Inbound => Direction::Inbound,
                RuleDirection::Outbound => Direction::Outbound,
            };
            rules.push((
                u32::from(rule.priority.value),
                FilterRule {
                    origin: Origin::new("rule", name, declared.span),
                    priority: Some(rule.priority.value.into()),
                    direction: Some(direction),
                    action: action(rule.access.value),
                    protocol: protocol(rule.protocol.value),
                    from,
                    source_ports,
                    to,
                    ports,
                    names: Names::Ignored,
                },
            ));
        }
        let platform = Matcher {
            addresses: [Prefix::host(PLATFORM_ADDRESS)].into_iter().collect(),
            written: vec!["AzureLoadBalancer".to_owned()],
            ..Matcher::default()
        };
        let default = |number: u32, name: &str, direction, act, from: Matcher, to: Matcher| {
            let origin = Origin::new("default rule", name, None);
            let rule = FilterRule {
                origin,
                priority: Some(number),
                direction: Some(direction),
                action: act,
                protocol: Protocol::Any,
                from,
                source_ports: PortSet::all(),
                to,
                ports: PortSet::all(),
                names: Names::Ignored,
            };
            (number, rule)
        };
        rules.extend([
            default(65000, "AllowVnetInBound", Direction::Inbound, Action::Allow, local.clone(), local.clone()),
            default(
                65001,
                "AllowAzureLoadBalancerInBound",
                Direction::Inbound,
                Action::Allow,
                platform,
                Matcher::any(),
            ),
            default(65500, "DenyAllInBound", Direction::Inbound, Action::Deny, Matcher::any(), Matcher::any()),
            default(65000, "AllowVnetOutBound", Direction::Outbound, Action::Allow, local.clone(), local.clone()),
            default(
                65001,
                "AllowInternetOutBound",
                Direction::Outbound,
                Action::Allow,
                Matcher::any(),
                Matcher { inside: Self::inside(&local), ..internet() },
            ),
            default(65500, "DenyAllOutBound", Direction::Outbound, Action::Deny, Matcher::any(), Matcher::any()),
        ]);
        rules.sort_by_key(|(priority, _)| *priority);
        Some(Filter {
            origin: Origin::new("network_security_group", group, entry.span),
            reason: Reason::Nsg,
            rules_ids: &["NSG-04", "NSG-05"],
            rules: rules.into_iter().map(|(_, r)| r).collect(),
        })
    }

    /// TAG-01: own and peered prefixes, what gateways learned, the platform's address; user routes widen it by
    /// assumption A-01.
    fn virtual_network_tag(&self, vnet: &str, subnet: &str) -> Matcher {
        let prefixes =
            |name: &str| self.vnets.get(name).map(|n| self.plane.networks.get(*n).prefixes.clone()).unwrap_or_default();
        let mut all: Vec<Prefix> = prefixes(vnet);
        for peer in self.peers.of(vnet).iter().filter(|p| p.in_tag) {
            all.extend(&peer.prefixes);
        }
        // What gateways learned belongs to it, by assumption A-14 even where propagation is off.
        let learned = self.gateway_routes(vnet).into_iter().map(|l| l.prefix);
        let learned = learned.chain(self.hub_routes(vnet).into_iter().map(|r| r.prefix)).filter(|p| !p.is_default());
        let kept_out = !self.propagates(subnet);
        let unrouted: AddressSet = if kept_out { learned.clone().collect() } else { AddressSet::default() };
        all.extend(learned.filter(|_| !kept_out));
        all.push(Prefix::host(PLATFORM_ADDRESS));
        let routes =
            self.subnets.get(subnet).map(|s| self.plane.segments.get(*s).routes.as_slice()).unwrap_or_default();
        // A default route widens it only where it leads to an appliance or a gateway.
        let leads = |r: &&Route| !r.prefix.is_default() || matches!(r.hop, NextHop::Appliance(_) | NextHop::Gateway(_));
        let user = routes.iter().filter(|r| r.source == RouteSource::User);
        let widened: AddressSet = user.filter(leads).map(|r| r.prefix).collect();
        let holds = self.estate.assumptions.as_ref().is_none_or(|a| a.virtual_network_tag_holds_user_routes.value);
        let mut assumed = Vec::new();
        let chosen = self.estate.assumptions.as_ref();
        if !unrouted.is_empty() && chosen.is_none_or(|a| a.virtual_network_tag_holds_unrouted_sites.value) {
            assumed.push((unrouted, "A-14"));
        }
        if holds && !widened.is_empty() {
            assumed.push((widened, "A-01"));
        }
        Matcher {
            addresses: all.into_iter().collect(),
            assumed,
            written: vec!["VirtualNetwork".to_owned()],
            ..Matcher::default()
        }
    }

    /// What the tag Internet leaves out: the networks in VirtualNetwork, with or without a route to them, not what user
    /// routes add to it (TAG-03).
    pub(super) fn inside(local: &Matcher) -> AddressSet {
        let sites = local.assumed.iter().filter(|(_, id)| *id == "A-14").flat_map(|(set, _)| set.prefixes());
        local.addresses.prefixes().iter().chain(sites).copied().collect()
    }

    /// Whether gateway routes reach a subnet (UDR-08).
    fn propagates(&self, subnet: &str) -> bool {
        let found = subnet.split_once('/').and_then(|(v, s)| self.estate.virtual_networks.get(v)?.value.subnets.get(s));
        let table =
            found.and_then(|s| s.value.route_table.as_ref()).and_then(|t| self.estate.route_tables.get(&t.value));
        table.is_none_or(|t| t.value.bgp_route_propagation_enabled.value)
    }

    fn sides(&mut self, rule: &str, span: Span, side: &Side<'_>, local: &Matcher, groups: &Groups) -> Matcher {
        let given = [side.single.is_some(), !side.several.is_empty(), !side.groups.is_empty()];
        if given.iter().filter(|g| **g).count() != 1 {
            let what = side.what;
            self.error(
                code::CONFLICT,
                span,
                format!(
                    "rule `{rule}` needs exactly one of {what}_address_prefix, {what}_address_prefixes and \
                     {what}_application_security_groups"
                ),
                "use `*` for any address",
            );
        }
        let mut matcher = Matcher::default();
        for text in side.single.into_iter().chain(side.several) {
            self.add_side(&mut matcher, text, Some(local));
        }
        // A group stands for the addresses of its members, and for nothing without any (ASG-03, ASG-05).
        for reference in side.groups {
            self.declared("application_security_group", reference, &self.estate.application_security_groups);
            let members = groups.get(&reference.value).map(|(m, _)| m.as_slice()).unwrap_or_default();
            matcher.written.push(reference.value.clone());
            members.iter().map(|a| Prefix::host(*a)).for_each(|a| {
                matcher.literal.insert(a);
                matcher.members.insert(a);
                matcher.addresses.insert(a);
            });
        }
        matcher
    }

    /// Whether groups of one rule have their members in different networks, which is refused (ASG-02).
    fn group_pair(&mut self, sources: &[Reference], destinations: &[Reference], groups: &Groups) -> bool {
        let mut refused = false;
        let home = |r: &Reference| groups.get(&r.value).and_then(|(_, home)| *home).map(|(n, _)| n);
        for source in sources {
            for destination in destinations {
                let homes = home(source).zip(home(destination));
                let apart = homes.is_some_and(|(a, b)| a != b);
                refused |= apart;
                if apart && self.reported.insert(destination.span) {
                    let text = format!(
                        "`{}` and `{}` have members in different networks (ASG-02)",
                        source.value, destination.value
                    );
                    self.diagnostics.push(
                        Diagnostic::error(code::ASG_PAIR, destination.span, text)
                            .related(source.span, "the other group")
                            .help("name prefixes for one of the sides")
                            .refused(),
                    );
                }
            }
        }
        refused
    }

    fn ports(
        &mut self,
        rule: &str,
        span: Span,
        single: Option<&Spanned<PortRanges>>,
        several: &[Spanned<PortRanges>],
        required: bool,
    ) -> PortSet {
        if single.is_some() && !several.is_empty() || required && single.is_none() && several.is_empty() {
            self.error(
                code::CONFLICT,
                span,
                format!("rule `{rule}` needs exactly one of the singular and the plural form of its ports"),
                "use `*` for any port",
            );
        }
        union(single.into_iter().chain(several))
    }
}
