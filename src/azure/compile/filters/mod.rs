//! Filters: rules of security groups, admin rules, firewall policies and site firewalls become ordered lists.

mod admin;
mod policies;
mod security_groups;

use super::{Compiler, managed::protocol};
use crate::{
    azure::{
        model::{gateway::SiteFirewall, network::Access},
        service_tags,
    },
    dataplane::{Action, Filter, FilterRule, Matcher, Names, Origin},
    diag::{Diagnostic, Span, code},
    document::{PortRanges, Spanned},
    net::{AddressSet, PLATFORM_ADDRESS, PortRange, PortSet, Prefix, Protocol},
    verdict::Reason,
};
use std::collections::BTreeMap;

fn action(access: Access) -> Action {
    match access {
        Access::Allow => Action::Allow,
        Access::Deny => Action::Deny,
    }
}

impl Compiler<'_> {
    pub(super) fn filters(&mut self) {
        self.security_groups();
        self.admin_rules();
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

    /// Adds what a text of a rule names: `*`, a prefix, an address, or a service tag (TAG-02 to TAG-04).
    fn add_side(&mut self, matcher: &mut Matcher, text: &Spanned<String>, local: Option<&Matcher>) {
        let word = text.value.trim();
        matcher.written.push(word.to_owned());
        match word.to_ascii_lowercase().as_str() {
            "*" | "any" => matcher.addresses = AddressSet::everything(),
            "internet" => {
                matcher.internet = true;
                matcher.inside = local.map(Self::inside).unwrap_or_default();
            }
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
                    Ok(prefix) => {
                        matcher.literal.insert(prefix);
                        matcher.addresses.insert(prefix);
                    }
                    Err(error) if word.starts_with(|c: char| c.is_ascii_digit()) || word.contains([':', '/']) => {
                        self.diagnostics.push(
                            Diagnostic::error(code::PREFIX, text.span, error.to_string())
                                .help("use a prefix such as 10.0.0.0/16, an address, a service tag or `*`"),
                        );
                    }
                    Err(_) => match self.tag_prefixes(word) {
                        Some(prefixes) => matcher.known_tags.push((word.to_owned(), prefixes.into_iter().collect())),
                        None => {
                            self.check_tag(word, text.span);
                            matcher.tags.push(word.to_owned());
                        }
                    },
                }
            }
        }
    }

    /// A word that is no service tag would make a rule that matches nothing (TAG-04).
    pub(super) fn check_tag(&mut self, word: &str, span: Span) {
        let Err(near) = service_tags::check(word) else { return };
        if self.reported.insert(span) {
            let help = "declare its prefixes under service_tag_prefixes if it is one";
            let help = near.map_or_else(|| help.to_owned(), |n| format!("did you mean `{n}`? Otherwise {help}"));
            self.error(code::VALUE, span, format!("`{word}` is no address, no prefix and no known service tag"), help);
        }
    }

    pub(super) fn list(&mut self, texts: &[Spanned<String>]) -> Matcher {
        let mut matcher = Matcher::default();
        for text in texts {
            self.add_side(&mut matcher, text, None);
        }
        matcher
    }

    /// The rules of a network appliance, in the shape of a site firewall's.
    pub(super) fn appliance_firewall(&mut self, name: &str, firewall: &SiteFirewall, span: Span) -> Filter {
        let rules = self.site_firewall(name, firewall, span);
        Filter { origin: Origin::new("appliance", name, span), reason: Reason::Nva, rules_ids: &["NVA-02"], ..rules }
    }

    /// The prefixes of a service tag, where the file declares them or a published list holds them (TAG-04).
    pub(super) fn tag_prefixes(&self, tag: &str) -> Option<Vec<Prefix>> {
        let declared = self.estate.service_tag_prefixes.iter().find(|(name, _)| name.eq_ignore_ascii_case(tag));
        let declared = declared.map(|(_, prefixes)| prefixes.value.iter().map(|p| p.value).collect());
        declared.or_else(|| self.published?.prefixes(tag).map(<[Prefix]>::to_vec))
    }

    fn site_firewall(&mut self, name: &str, firewall: &SiteFirewall, span: Span) -> Filter {
        let mut rules = Vec::new();
        let mut seen: BTreeMap<u16, Span> = BTreeMap::new();
        for (rule_name, entry) in firewall.rules.iter() {
            let rule = &entry.value;
            if let Some(other) = seen.get(&rule.priority.value) {
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
            seen.entry(rule.priority.value).or_insert(rule.priority.span);
            let ports = if rule.destination_ports.is_empty() { PortSet::all() } else { union(&rule.destination_ports) };
            let made = FilterRule {
                origin: Origin::new("rule", rule_name, entry.span),
                priority: Some(rule.priority.value.into()),
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
            priority: None,
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
