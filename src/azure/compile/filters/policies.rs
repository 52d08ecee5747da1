//! Policies of Azure Firewalls: inheritance, order, names, translations, threat intelligence (FW-02 to FW-14).

use super::super::{Compiler, machines::private_ranges, managed::protocol};
use super::{action, union};
use crate::{
    azure::model::{
        firewall::{FirewallPolicy, NatRule, ThreatIntelligenceMode},
        network::{Access, RuleProtocol},
    },
    dataplane::{Action, Filter, FilterRule, Matcher, Names, Origin, Role, Translation, TranslationTarget},
    diag::{Diagnostic, Span, code},
    document::{Entry, Spanned},
    net::{AddressSet, Fqdn, FqdnPattern, PortRange, PortSet, Prefix, Protocol, Transport},
    verdict::Reason,
};
use std::net::IpAddr;

/// The passes of a firewall over its rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pass {
    Nat,
    Network,
    Application,
}

/// The protocols of a rule of a firewall, where `Any` may mean TCP and UDP only.
fn with_ports(declared: RuleProtocol, any: bool) -> Vec<Protocol> {
    match protocol(declared) {
        Protocol::Any if !any => vec![Protocol::Only(Transport::Tcp), Protocol::Only(Transport::Udp)],
        other => vec![other],
    }
}

impl Compiler<'_> {
    /// A policy with its parents: network rules before application rules, parents first, then priorities (FW-04).
    pub(super) fn firewall_policies(&mut self) {
        let estate = self.estate;
        for (_, entry) in estate.firewall_policies.iter() {
            self.policy_priorities(&entry.value);
            self.nat_destinations(&entry.value);
        }
        for (name, entry) in estate.firewalls.iter() {
            let Some(id) = self.firewalls.get(name).copied() else {
                continue;
            };
            let mut chain = estate.firewall_policies_of(&entry.value);
            for base in chain.iter().filter_map(|(_, p)| p.base_policy.as_ref()) {
                self.declared("firewall_policy", base, &estate.firewall_policies);
            }
            let further = chain.last().and_then(|(_, p)| p.base_policy.as_ref());
            if let Some(again) = further.filter(|b| chain.iter().any(|(n, _)| n.value == b.value)) {
                self.error(code::CONFLICT, again.span, "base policies run in a circle", "remove one base_policy");
            }
            chain.reverse();
            let own_addresses: Vec<_> = {
                let device = self.plane.endpoints.get(id);
                device.addresses.iter().chain(&device.public_addresses).copied().collect()
            };
            let dns = estate.firewall_dns(&entry.value);
            let proxy = dns.is_some_and(|(d, _)| d.proxy_enabled.value);
            let (mut network, mut application, mut translations) = (Vec::new(), Vec::new(), Vec::new());
            for (_, policy) in &chain {
                let (n, a) = self.policy_rules(policy, proxy);
                network.extend(n);
                application.extend(a);
                translations.extend(self.translations(policy, &own_addresses));
            }
            network.extend(application);
            network.extend(self.infrastructure());
            // With a policy, only the policy's ranges count; the nearest one that has some (SNAT-03).
            let kept = chain.iter().rev().find_map(|(_, p)| p.private_ip_ranges.as_ref()).map(|r| self.kept_ranges(r));
            let policies: Vec<_> = chain.iter().map(|(_, p)| *p).collect();
            let threats = self.threats(name, &policies);
            if let Role::Firewall(firewall) = &mut self.plane.endpoints.get_mut(id).role {
                firewall.filter.rules = network;
                // Rules by name rest on where the DNS settings come from.
                if dns.is_some_and(|(_, inherited)| inherited) {
                    firewall.filter.rules_ids = &["FW-02", "FW-03", "A-23"];
                }
                firewall.translations = translations;
                firewall.answers_names = proxy;
                firewall.threats = threats;
                if let Some(kept) = kept {
                    firewall.keeps_source = kept;
                }
            }
        }
    }

    /// Priorities of groups and collections: their range, and collections of one type that nothing puts in order although
    /// the order matters (FW-04).
    fn policy_priorities(&mut self, policy: &FirewallPolicy) {
        type Seen = ((Pass, u16, u16), Option<Access>, Span);
        let mut seen: Vec<Seen> = Vec::new();
        for (name, group) in policy.rule_collection_groups.iter() {
            let (group, order) = (&group.value, group.value.priority.value);
            self.policy_priority(name, &group.priority);
            let nat = group.nat_rule_collections.iter().map(|(n, c)| (n, Pass::Nat, &c.value.priority, None));
            let network = group.network_rule_collections.iter();
            let network = network.map(|(n, c)| (n, Pass::Network, &c.value.priority, Some(c.value.action.value)));
            let application = group.application_rule_collections.iter();
            let application =
                application.map(|(n, c)| (n, Pass::Application, &c.value.priority, Some(c.value.action.value)));
            for (name, pass, priority, action) in nat.chain(network).chain(application) {
                self.policy_priority(name, priority);
                let place = (pass, order, priority.value);
                let rival = seen.iter().find(|(p, a, _)| *p == place && (action.is_none() || *a != action));
                if let Some((.., other)) = rival {
                    let text =
                        format!("nothing tells whether `{name}` comes before another of priority {}", priority.value);
                    let error = Diagnostic::error(code::PRIORITY, priority.span, format!("{text} (FW-04)"));
                    self.diagnostics
                        .push(error.related(*other, "the other").help("give each collection its own priority"));
                }
                seen.push((place, action, priority.span));
            }
        }
    }

    fn policy_priority(&mut self, name: &str, priority: &Spanned<u16>) {
        if !(100..=65000).contains(&priority.value) {
            let text = format!("priority {} of `{name}` lies outside 100 to 65000 (FW-04)", priority.value);
            self.error(code::PRIORITY, priority.span, text, "choose a priority in that range");
        }
    }

    /// Ranges that keep their source; `255.255.255.255/32` is nobody's, so everything is translated (SNAT-03). Public
    /// ranges in private use have to be named (SNAT-04, VWAN-22).
    fn kept_ranges(&mut self, ranges: &[Spanned<String>]) -> AddressSet {
        let mut kept = AddressSet::default();
        for range in ranges {
            if range.value.eq_ignore_ascii_case("IANAPrivateRanges") {
                private_ranges().prefixes().iter().for_each(|p| kept.insert(*p));
                continue;
            }
            match range.value.parse::<Prefix>() {
                Ok(prefix) => kept.insert(prefix),
                Err(error) => self.diagnostics.push(
                    Diagnostic::error(code::PREFIX, range.span, error.to_string())
                        .help("use prefixes, or IANAPrivateRanges"),
                ),
            }
        }
        kept
    }

    /// Names of the platform that pass once no rule denied them; the list is an input (FW-03, FW-17, A-21).
    fn infrastructure(&mut self) -> Option<FilterRule> {
        let names = &self.estate.known_infrastructure_names;
        let span = names.first()?.span;
        let web = [80, 443].map(|p| PortRange { first: p, last: p });
        Some(FilterRule {
            origin: Origin::new("rule", "infrastructure names (A-21)", span),
            priority: None,
            direction: None,
            action: Action::Allow,
            protocol: Protocol::Only(Transport::Tcp),
            from: Matcher::any(),
            source_ports: PortSet::all(),
            to: Matcher::any(),
            ports: PortSet::of(web),
            names: Names::Application(self.names(names)),
        })
    }

    /// What threat intelligence denies, in the mode that denies (FW-14). A policy inherits its parents' mode, and can only
    /// be stricter; what any of them allows is allowed.
    fn threats(&mut self, name: &str, chain: &[&FirewallPolicy]) -> Option<Filter> {
        let denies = |p: &&&FirewallPolicy| p.threat_intelligence_mode.value == ThreatIntelligenceMode::Deny;
        let mode = chain.iter().rev().find(denies)?.threat_intelligence_mode.span;
        let lists = chain.iter().flat_map(|p| &p.threat_intelligence_allowlist);
        let allowed = |text: &str| lists.clone().any(|a| a.value == text);
        let mut rules = Vec::new();
        for threat in self.estate.known_threats.iter().filter(|t| !allowed(&t.value)) {
            let address = threat.value.parse::<IpAddr>().map(Prefix::host).or_else(|_| threat.value.parse());
            let (to, names) = match address {
                Ok(prefix) => {
                    (Matcher { addresses: [prefix].into_iter().collect(), ..Matcher::default() }, Names::Ignored)
                }
                Err(_) => match threat.value.parse::<FqdnPattern>() {
                    Ok(pattern) => (Matcher::any(), Names::Application(vec![pattern])),
                    // Reported with all the others, whether a policy acts on them or not.
                    Err(_) => continue,
                },
            };
            rules.push(FilterRule {
                origin: Origin::new("threat", &threat.value, threat.span),
                priority: None,
                direction: None,
                action: Action::Deny,
                protocol: Protocol::Any,
                from: Matcher::any(),
                source_ports: PortSet::all(),
                to,
                ports: PortSet::all(),
                names,
            });
        }
        Some(Filter {
            origin: Origin::new("threat intelligence", name, mode),
            reason: Reason::FwTi,
            rules_ids: &["FW-14"],
            rules,
        })
    }

    /// NAT rules of one policy in order of group and collection (FW-04, FW-10).
    fn translations(&mut self, policy: &FirewallPolicy, own: &[IpAddr]) -> Vec<Translation> {
        let mut found = Vec::new();
        for (_, group) in policy.rule_collection_groups.iter() {
            for (collection_name, collection) in group.value.nat_rule_collections.iter() {
                for (name, rule) in collection.value.rules.iter() {
                    let label = format!("{collection_name}/{name}");
                    for made in self.translation(&label, rule, own) {
                        found.push((group.value.priority.value, collection.value.priority.value, made));
                    }
                }
            }
        }
        found.sort_by_key(|(group, collection, _)| (*group, *collection));
        found.into_iter().map(|(.., t)| t).collect()
    }

    /// Each NAT rule names one address of the firewall, by number or by its public IP (FW-10).
    fn nat_destinations(&mut self, policy: &FirewallPolicy) {
        let estate = self.estate;
        let collections = policy.rule_collection_groups.iter().flat_map(|(_, g)| g.value.nat_rule_collections.iter());
        for (collection, name, entry) in
            collections.flat_map(|(c, e)| e.value.rules.iter().map(move |(n, r)| (c, n, r)))
        {
            let rule = &entry.value;
            if let Some(reference) = &rule.destination_public_ip {
                self.declared("public_ip", reference, &estate.public_ips);
            }
            if rule.destination_address.is_some() == rule.destination_public_ip.is_some() {
                let label = format!("NAT rule `{collection}/{name}`");
                let text = format!("{label} needs exactly one of destination_address and destination_public_ip");
                self.error(code::CONFLICT, entry.span, text, "give the firewall's address, or its public IP by name");
            }
        }
    }

    /// The address of the firewall that a rule translates, reported where it is another's (FW-10).
    fn nat_destination(&mut self, label: &str, rule: &NatRule, own: &[IpAddr]) -> Option<IpAddr> {
        let (address, shown, span) = match (&rule.destination_address, &rule.destination_public_ip) {
            (Some(address), None) => (Some(address.value), address.value.to_string(), address.span),
            (None, Some(name)) if self.estate.public_ips.get(&name.value).is_some() => {
                let known = self.public_addresses.get(&name.value).map(|(known, _)| *known);
                (known, format!("public_ip `{}`", name.value), name.span)
            }
            _ => return None,
        };
        if !address.is_some_and(|a| own.contains(&a)) && self.reported.insert(span) {
            let text = format!("{shown} of NAT rule `{label}` is no address of the firewall (FW-10)");
            self.error(code::REFERENCE, span, text, "use its private address, or one of its public addresses");
        }
        address
    }

    fn translation(&mut self, label: &str, entry: &Entry<NatRule>, own: &[IpAddr]) -> Vec<Translation> {
        let rule = &entry.value;
        let address = self.nat_destination(label, rule, own);
        let target = match (&rule.translated_address, &rule.translated_fqdn) {
            (Some(address), None) => TranslationTarget::Address(address.value),
            (None, Some(name)) => match self.name::<Fqdn>(&name.value, name.span) {
                Some(name) => TranslationTarget::Name(name),
                None => return Vec::new(),
            },
            _ => {
                let text = format!("NAT rule `{label}` needs exactly one of translated_address and translated_fqdn");
                self.error(code::CONFLICT, entry.span, text, "give the new destination");
                return Vec::new();
            }
        };
        let Some(address) = address else { return Vec::new() };
        let from = self.list(&rule.source_addresses);
        let ports = union(&rule.destination_ports);
        let made = |protocol: Protocol| Translation {
            origin: Origin::new("rule", label, entry.span),
            from: from.clone(),
            to: [Prefix::host(address)].into_iter().collect(),
            protocol,
            ports: ports.clone(),
            target: target.clone(),
            port: rule.translated_port.value,
        };
        for p in &rule.protocols {
            let carried = matches!(p.value, RuleProtocol::Any | RuleProtocol::Tcp | RuleProtocol::Udp);
            if !carried && self.reported.insert(p.span) {
                let text = format!("NAT rule `{label}`: only TCP and UDP are translated (FW-10)");
                self.error(code::VALUE, p.span, text, "use Tcp, Udp or `*`, which stands for both");
            }
        }
        rule.protocols.iter().flat_map(|p| with_ports(p.value, false)).map(made).collect()
    }

    /// Names of a network rule: whole names, resolved by the firewall, which needs its DNS proxy (FW-07, FW-08).
    fn rule_names(&mut self, names: &[Spanned<String>], proxy: bool) -> Vec<Fqdn> {
        let mut found = Vec::new();
        for name in names {
            if name.value.contains('*') {
                let text = format!("`{}`: network rules take whole names only (FW-07)", name.value);
                self.error(code::FW_FQDN, name.span, text, "use an application rule, or write the name out");
                continue;
            }
            if !proxy && self.reported.insert(name.span) {
                let text = format!("`{}` in a network rule needs the firewall's DNS proxy (FW-08)", name.value);
                self.diagnostics.push(
                    Diagnostic::error(code::FW_FQDN, name.span, text)
                        .help("set dns.proxy_enabled on the policy")
                        .refused(),
                );
            }
            found.extend(self.name::<Fqdn>(&name.value, name.span));
        }
        found
    }

    /// Network rules by address or resolved name, application rules by the requested name and the ports of their
    /// protocols, those of SQL among them (FW-05, FW-06, PE-33).
    fn policy_rules(&mut self, policy: &FirewallPolicy, proxy: bool) -> (Vec<FilterRule>, Vec<FilterRule>) {
        let (mut network, mut application) = (Vec::new(), Vec::new());
        for (_, group) in policy.rule_collection_groups.iter() {
            let order = group.value.priority.value;
            for (collection_name, collection) in group.value.network_rule_collections.iter() {
                for (name, rule) in collection.value.rules.iter() {
                    let named = !rule.value.destination_fqdns.is_empty();
                    if named != rule.value.destination_addresses.is_empty() && self.reported.insert(rule.span) {
                        let text = format!(
                            "network rule `{name}` needs exactly one of destination_addresses and destination_fqdns (FW-05)"
                        );
                        self.error(code::CONFLICT, rule.span, text, "split the rule, or use `*` for any address");
                    }
                    let names = self.rule_names(&rule.value.destination_fqdns, proxy);
                    let to = if named { Matcher::any() } else { self.list(&rule.value.destination_addresses) };
                    let from = self.list(&rule.value.source_addresses);
                    let ports = union(&rule.value.destination_ports);
                    // `Any` with some ports means what has ports (FW-05).
                    let any = ports == PortSet::all();
                    for protocol in rule.value.protocols.iter().flat_map(|p| with_ports(p.value, any)) {
                        network.push((
                            order,
                            collection.value.priority.value,
                            FilterRule {
                                origin: Origin::new("rule", format!("{collection_name}/{name}"), rule.span),
                                priority: None,
                                direction: None,
                                action: action(collection.value.action.value),
                                protocol,
                                from: from.clone(),
                                source_ports: PortSet::all(),
                                to: to.clone(),
                                ports: ports.clone(),
                                names: if named { Names::Resolved(names.clone()) } else { Names::Ignored },
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
                    application.push((
                        order,
                        collection.value.priority.value,
                        FilterRule {
                            origin: Origin::new("rule", format!("{collection_name}/{name}"), rule.span),
                            priority: None,
                            direction: None,
                            action: action(collection.value.action.value),
                            protocol: Protocol::Only(Transport::Tcp),
                            from,
                            source_ports: PortSet::all(),
                            to: Matcher::any(),
                            ports,
                            names: Names::Application(patterns),
                        },
                    ));
                }
            }
        }
        network.sort_by_key(|(group, collection, _)| (*group, *collection));
        application.sort_by_key(|(group, collection, _)| (*group, *collection));
        (network.into_iter().map(|(.., r)| r).collect(), application.into_iter().map(|(.., r)| r).collect())
    }
}
