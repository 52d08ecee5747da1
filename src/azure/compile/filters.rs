//! Security groups, firewall policies and site firewalls as ordered filters.

use super::{Compiler, machines::internet, managed::protocol};
use crate::{
    azure::model::{
        firewall::{ApplicationProtocolType, FirewallPolicy},
        gateway::SiteFirewall,
        network::{Access, Direction as RuleDirection, NetworkSecurityGroup},
    },
    dataplane::{Action, Direction, Filter, FilterRule, Matcher, Names, Origin, Role, RouteSource},
    diag::{Diagnostic, Span, code},
    document::{PortRanges, Reference, Spanned},
    net::{AddressSet, FqdnPattern, PLATFORM_ADDRESS, PortRange, PortSet, Prefix, Protocol, Transport},
    verdict::Reason,
};

fn action(access: Access) -> Action {
    match access {
        Access::Allow => Action::Allow,
        Access::Deny => Action::Deny,
    }
}

impl Compiler<'_> {
    pub(super) fn filters(&mut self) {
        self.security_groups();
        self.firewall_policies();
        let estate = self.estate;
        for (name, entry) in estate.on_premises_sites.iter() {
            let Some((network, _)) = self.sites.get(name).copied() else {
                continue;
            };
            if let Some(firewall) = &entry.value.firewall {
                let border = self.site_firewall(name, firewall, entry.span);
                self.plane.networks.get_mut(network).border = Some(border);
            }
        }
    }

    fn security_groups(&mut self) {
        let estate = self.estate;
        for (name, entry) in estate.network_security_groups.iter() {
            self.check_priorities(name, &entry.value);
        }
        let mut made = Vec::new();
        for (vnet, entry) in estate.virtual_networks.iter() {
            for (subnet, declared) in entry.value.subnets.iter() {
                let full = format!("{vnet}/{subnet}");
                if let Some(group) = declared.value.network_security_group.as_ref()
                    && matches!(subnet, "GatewaySubnet" | "AzureFirewallSubnet")
                {
                    let text = format!(
                        "the platform does not support a security group on {subnet} (NSG-13), and none is evaluated there"
                    );
                    self.diagnostics
                        .push(Diagnostic::warning(code::IGNORED, group.span, text).help("remove the association"));
                }
                if let Some(group) = &declared.value.network_security_group
                    && let Some(segment) = self.subnets.get(&full).copied()
                    && let Some(filter) = self.group_filter(&group.value, vnet, &full)
                {
                    made.push((segment, filter));
                }
            }
        }
        for (segment, filter) in made {
            self.plane.segments.get_mut(segment).filter = Some(filter);
        }
        for (name, entry) in estate.virtual_machines.iter() {
            let Some(group) = &entry.value.network_security_group else {
                continue;
            };
            self.declared("network_security_group", group, &estate.network_security_groups);
            let subnet = &entry.value.subnet.value;
            let vnet = subnet.split_once('/').map_or("", |(v, _)| v);
            if let (Some(id), Some(filter)) =
                (self.machines.get(name).copied(), self.group_filter(&group.value, vnet, subnet))
            {
                self.plane.endpoints.get_mut(id).filter = Some(filter);
            }
        }
    }

    fn check_priorities(&mut self, name: &str, group: &NetworkSecurityGroup) {
        let mut seen: Vec<(RuleDirection, u16, Span)> = Vec::new();
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
            if let Some((.., other)) = seen.iter().find(|(d, p, _)| *d == direction && *p == priority.value) {
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
            seen.push((direction, priority.value, priority.span));
        }
    }

    /// A group as it acts in one subnet: the tag VirtualNetwork depends on the subnet (NSG-04, NSG-05, TAG-01).
    fn group_filter(&mut self, group: &str, vnet: &str, subnet: &str) -> Option<Filter> {
        let entry = self.estate.network_security_groups.get(group)?;
        let local = self.virtual_network_tag(vnet, subnet);
        let mut rules: Vec<(u32, FilterRule)> = Vec::new();
        for (name, declared) in entry.value.security_rules.iter() {
            let rule = &declared.value;
            let from = self.sides(
                name,
                declared.span,
                "source",
                rule.source_address_prefix.as_ref(),
                &rule.source_address_prefixes,
                &local,
            );
            let to = self.sides(
                name,
                declared.span,
                "destination",
                rule.destination_address_prefix.as_ref(),
                &rule.destination_address_prefixes,
                &local,
            );
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
        let platform =
            Matcher { addresses: [Prefix::host(PLATFORM_ADDRESS)].into_iter().collect(), ..Matcher::default() };
        let default = |number: u32, name: &str, direction, act, from: Matcher, to: Matcher| {
            let origin = Origin::new("default rule", name, None);
            let rule = FilterRule {
                origin,
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
            default(65000, "AllowVnetOutBound", Direction::Outbound, Action::Allow, local.clone(), local),
            default(65001, "AllowInternetOutBound", Direction::Outbound, Action::Allow, Matcher::any(), internet()),
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
        for peer in self.peers(vnet).iter().filter(|p| p.link.allow_virtual_network_access.value) {
            all.extend(prefixes(&peer.remote));
        }
        all.extend(self.gateway_routes(vnet).into_iter().map(|(_, p, _)| p).filter(|p| !p.is_default()));
        all.push(Prefix::host(PLATFORM_ADDRESS));
        let routes =
            self.subnets.get(subnet).map(|s| self.plane.segments.get(*s).routes.as_slice()).unwrap_or_default();
        let widened: AddressSet = routes.iter().filter(|r| r.source == RouteSource::User).map(|r| r.prefix).collect();
        let assumed = (!widened.is_empty()).then_some((widened, "A-01"));
        Matcher { addresses: all.into_iter().collect(), assumed, ..Matcher::default() }
    }

    fn sides(
        &mut self,
        rule: &str,
        span: Span,
        side: &str,
        single: Option<&Spanned<String>>,
        several: &[Spanned<String>],
        local: &Matcher,
    ) -> Matcher {
        if single.is_some() != several.is_empty() {
            self.error(
                code::CONFLICT,
                span,
                format!("rule `{rule}` needs exactly one of {side}_address_prefix and {side}_address_prefixes"),
                "use `*` for any address",
            );
        }
        let mut matcher = Matcher::default();
        for text in single.into_iter().chain(several) {
            self.add_side(&mut matcher, text, Some(local));
        }
        matcher
    }

    /// Adds what a text of a rule names: `*`, a prefix, an address, or a service tag.
    fn add_side(&mut self, matcher: &mut Matcher, text: &Spanned<String>, local: Option<&Matcher>) {
        let word = text.value.trim();
        match word.to_ascii_lowercase().as_str() {
            "*" | "any" => matcher.clone_from(&Matcher::any()),
            "internet" => matcher.internet = true,
            "azureloadbalancer" => matcher.addresses.insert(Prefix::host(PLATFORM_ADDRESS)),
            "virtualnetwork" => match local {
                Some(local) => {
                    local.addresses.prefixes().iter().for_each(|p| matcher.addresses.insert(*p));
                    matcher.assumed.clone_from(&local.assumed);
                }
                None => self.error(
                    code::VALUE,
                    text.span,
                    "VirtualNetwork is a tag of security groups only",
                    "name prefixes",
                ),
            },
            _ => {
                let literal = word.parse::<Prefix>().or_else(|e| word.parse().map(Prefix::host).map_err(|_| e));
                match literal {
                    Ok(prefix) => matcher.addresses.insert(prefix),
                    Err(error) if word.starts_with(|c: char| c.is_ascii_digit()) || word.contains([':', '/']) => {
                        self.diagnostics.push(
                            Diagnostic::error(code::PREFIX, text.span, error.to_string())
                                .help("use a prefix such as 10.0.0.0/16, an address, a service tag or `*`"),
                        );
                    }
                    Err(_) => matcher.tags.push(word.to_owned()),
                }
            }
        }
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

    fn list(&mut self, texts: &[Spanned<String>]) -> Matcher {
        let mut matcher = Matcher::default();
        for text in texts {
            self.add_side(&mut matcher, text, None);
        }
        matcher
    }

    /// A policy with its parents: network rules before application rules, parents first, then priorities (FW-04).
    fn firewall_policies(&mut self) {
        let estate = self.estate;
        for (name, entry) in estate.firewalls.iter() {
            let Some(id) = self.firewalls.get(name).copied() else {
                continue;
            };
            let mut chain = Vec::new();
            let mut next: Option<&Reference> = entry.value.firewall_policy.as_ref();
            while let Some(reference) = next {
                let Some(policy) = estate.firewall_policies.get(&reference.value) else {
                    break;
                };
                if chain.iter().any(|(n, _)| *n == reference.value.as_str()) {
                    self.error(
                        code::CONFLICT,
                        reference.span,
                        "base policies run in a circle",
                        "remove one base_policy",
                    );
                    break;
                }
                chain.push((reference.value.as_str(), &policy.value));
                next = policy.value.base_policy.as_ref();
                if let Some(base) = next {
                    self.declared("firewall_policy", base, &estate.firewall_policies);
                }
            }
            chain.reverse();
            let (mut network, mut application) = (Vec::new(), Vec::new());
            for (_, policy) in chain {
                let (n, a) = self.policy_rules(policy);
                network.extend(n);
                application.extend(a);
            }
            network.extend(application);
            if let Role::Firewall(firewall) = &mut self.plane.endpoints.get_mut(id).role {
                firewall.filter.rules = network;
            }
        }
    }

    fn policy_rules(&mut self, policy: &FirewallPolicy) -> (Vec<FilterRule>, Vec<FilterRule>) {
        let (mut network, mut application) = (Vec::new(), Vec::new());
        for (_, group) in policy.rule_collection_groups.iter() {
            let order = group.value.priority.value;
            for (collection_name, collection) in group.value.network_rule_collections.iter() {
                for (name, rule) in collection.value.rules.iter() {
                    let named = !rule.value.destination_fqdns.is_empty();
                    let to = if named { Matcher::any() } else { self.list(&rule.value.destination_addresses) };
                    let from = self.list(&rule.value.source_addresses);
                    let ports = union(&rule.value.destination_ports);
                    for p in &rule.value.protocols {
                        network.push((
                            order,
                            collection.value.priority.value,
                            FilterRule {
                                origin: Origin::new("rule", format!("{collection_name}/{name}"), rule.span),
                                direction: None,
                                action: action(collection.value.action.value),
                                protocol: protocol(p.value),
                                from: from.clone(),
                                source_ports: PortSet::all(),
                                to: to.clone(),
                                ports: ports.clone(),
                                names: if named { Names::NotModelled } else { Names::Ignored },
                            },
                        ));
                    }
                }
            }
            for (collection_name, collection) in group.value.application_rule_collections.iter() {
                for (name, rule) in collection.value.rules.iter() {
                    let from = self.list(&rule.value.source_addresses);
                    let patterns: Vec<FqdnPattern> = self.names(&rule.value.destination_fqdns);
                    let ports = PortSet::of(
                        rule.value.protocols.iter().map(|p| PortRange { first: p.port.value, last: p.port.value }),
                    );
                    let mssql = rule.value.protocols.iter().any(|p| p.type_.value == ApplicationProtocolType::Mssql);
                    application.push((
                        order,
                        collection.value.priority.value,
                        FilterRule {
                            origin: Origin::new("rule", format!("{collection_name}/{name}"), rule.span),
                            direction: None,
                            action: action(collection.value.action.value),
                            protocol: Protocol::Only(Transport::Tcp),
                            from,
                            source_ports: PortSet::all(),
                            to: Matcher::any(),
                            ports,
                            names: if mssql { Names::NotModelled } else { Names::Application(patterns) },
                        },
                    ));
                }
            }
        }
        network.sort_by_key(|(group, collection, _)| (*group, *collection));
        application.sort_by_key(|(group, collection, _)| (*group, *collection));
        (network.into_iter().map(|(.., r)| r).collect(), application.into_iter().map(|(.., r)| r).collect())
    }

    fn site_firewall(&mut self, name: &str, firewall: &SiteFirewall, span: Span) -> Filter {
        let mut rules = Vec::new();
        let mut seen: Vec<(u16, Span)> = Vec::new();
        for (rule_name, entry) in firewall.rules.iter() {
            let rule = &entry.value;
            if let Some((_, other)) = seen.iter().find(|(p, _)| *p == rule.priority.value) {
                self.diagnostics.push(
                    Diagnostic::error(
                        code::PRIORITY,
                        rule.priority.span,
                        format!("priority {} is used twice in the firewall of `{name}`", rule.priority.value),
                    )
                    .related(*other, "here too")
                    .help("give each rule its own priority"),
                );
            }
            seen.push((rule.priority.value, rule.priority.span));
            let ports = if rule.destination_ports.is_empty() { PortSet::all() } else { union(&rule.destination_ports) };
            let made = FilterRule {
                origin: Origin::new("rule", rule_name, entry.span),
                direction: None,
                action: action(rule.action.value),
                protocol: protocol(rule.protocol.value),
                from: self.list(&rule.source_addresses),
                source_ports: PortSet::all(),
                to: self.list(&rule.destination_addresses),
                ports,
                names: Names::Ignored,
            };
            rules.push((rule.priority.value, made));
        }
        rules.sort_by_key(|(priority, _)| *priority);
        let mut rules: Vec<_> = rules.into_iter().map(|(_, r)| r).collect();
        rules.push(FilterRule {
            origin: Origin::new("default", "default_action", firewall.default_action.span.unwrap_or(span)),
            direction: None,
            action: action(firewall.default_action.value),
            protocol: Protocol::Any,
            from: Matcher::any(),
            source_ports: PortSet::all(),
            to: Matcher::any(),
            ports: PortSet::all(),
            names: Names::Ignored,
        });
        Filter {
            origin: Origin::new("site firewall", name, span),
            reason: Reason::OnpremFw,
            rules_ids: &["AGW-14"],
            rules,
        }
    }
}

fn union<'p>(sets: impl IntoIterator<Item = &'p Spanned<PortRanges>>) -> PortSet {
    let mut ranges: Vec<PortRange> = Vec::new();
    let mut any = false;
    for set in sets {
        any = true;
        ranges.extend_from_slice(set.value.ranges());
    }
    if any { PortSet::of(ranges) } else { PortSet::all() }
}
