//! Rules of filters where they act: one declared rule may be compiled differently at every place.

use super::View;
use crate::{
    azure::model::network::{Access, SecurityRule},
    dataplane::{Action, Filter, FilterRule, Names, Role},
    diag::Span,
    document::Entry,
};
use std::collections::BTreeMap;

/// A security rule of a group that is attached to something.
#[derive(Debug)]
pub struct SecurityRuleView<'a> {
    /// Name of its group.
    pub group: &'a str,
    /// Its own name.
    pub name: &'a str,
    /// Its declaration.
    pub entry: &'a Entry<SecurityRule>,
    /// The rule as it acts at each place, with the rules before it.
    pub compiled: Vec<(&'a FilterRule, Vec<&'a FilterRule>)>,
    /// Virtual networks it acts in, in order of name.
    pub vnets: Vec<&'a str>,
}

impl<'a> SecurityRuleView<'a> {
    /// What a match does.
    #[must_use]
    pub fn action(&self) -> Action {
        match self.entry.value.access.value {
            Access::Allow => Action::Allow,
            Access::Deny => Action::Deny,
        }
    }

    /// Declared rules that an analysis names at every place where the rule acts; none if it names none at one of them.
    pub(super) fn everywhere(
        &self,
        analysis: fn(&FilterRule, &[&'a FilterRule]) -> Option<Vec<&'a FilterRule>>,
    ) -> Vec<&'a FilterRule> {
        let mut named: Vec<&FilterRule> = Vec::new();
        for (rule, before) in &self.compiled {
            let Some(found) = analysis(rule, before) else { return Vec::new() };
            for rule in found {
                if named.iter().all(|n| n.origin != rule.origin) {
                    named.push(rule);
                }
            }
        }
        named
    }
}

impl<'a> View<'a> {
    /// Filters of one security group, at every subnet and interface it is attached to, with the virtual network.
    fn filters_of(&self, group: &str) -> Vec<(&'a str, &'a Filter)> {
        let mut found = Vec::new();
        for subnet in &self.subnets {
            let segment = self.segment(subnet);
            let own = segment.filter.iter();
            let members = self.members(subnet).filter_map(|(_, e)| e.filter.as_ref());
            for filter in own.chain(members).filter(|f| f.origin.name == group) {
                found.push((subnet.vnet, filter));
            }
        }
        found
    }

    /// Every rule of every security group that is attached to something.
    #[must_use]
    pub fn security_rules(&self) -> Vec<SecurityRuleView<'a>> {
        let mut views = Vec::new();
        for (group, declared) in self.estate.network_security_groups.iter() {
            let filters = self.filters_of(group);
            for (name, entry) in declared.value.security_rules.iter() {
                let mut compiled: Vec<(&FilterRule, Vec<&FilterRule>)> = Vec::new();
                let mut vnets = Vec::new();
                for (vnet, filter) in &filters {
                    let Some(at) = filter.rules.iter().position(|r| r.origin.span == Some(entry.span)) else {
                        continue;
                    };
                    let Some(rule) = filter.rules.get(at) else { continue };
                    compiled.push((rule, filter.rules.iter().take(at).collect()));
                    vnets.push(*vnet);
                }
                vnets.dedup();
                if !compiled.is_empty() {
                    views.push(SecurityRuleView { group, name, entry, compiled, vnets });
                }
            }
        }
        views
    }
}

/// A network or application rule of a policy that some firewall uses.
#[derive(Debug)]
pub struct FirewallRuleView<'a> {
    /// `collection/rule`.
    pub label: &'a str,
    /// Place of its declaration.
    pub span: Span,
    /// What a match does.
    pub action: Action,
    /// The rule as it acts in each firewall, once per protocol.
    pub parts: Vec<FirewallRulePart<'a>>,
}

/// A firewall rule for one protocol in one firewall.
#[derive(Debug)]
pub struct FirewallRulePart<'a> {
    /// The rule.
    pub rule: &'a FilterRule,
    /// Rules of its own kind before it.
    pub before: Vec<&'a FilterRule>,
    /// Every network rule of the firewall, which comes before application rules.
    pub network: Vec<&'a FilterRule>,
}

impl<'a> FirewallRuleView<'a> {
    /// Declared rules that an analysis names for every protocol in every firewall; none if it names none for one.
    pub(super) fn everywhere(
        &self,
        analysis: fn(&FilterRule, &[&'a FilterRule]) -> Option<Vec<&'a FilterRule>>,
    ) -> Vec<&'a FilterRule> {
        let mut named: Vec<&FilterRule> = Vec::new();
        for part in &self.parts {
            let Some(found) = analysis(part.rule, &part.before) else { return Vec::new() };
            for rule in found {
                if named.iter().all(|n| n.origin != rule.origin) {
                    named.push(rule);
                }
            }
        }
        named
    }
}

impl<'a> View<'a> {
    /// Every network and application rule of the firewalls, by place.
    #[must_use]
    pub fn firewall_rules(&self) -> Vec<FirewallRuleView<'a>> {
        let mut views: BTreeMap<Span, FirewallRuleView<'a>> = BTreeMap::new();
        for (_, endpoint) in self.plane.endpoints.iter() {
            let Role::Firewall(firewall) = &endpoint.role else { continue };
            let declared = firewall.filter.rules.iter().filter(|r| r.origin.kind == "rule");
            let by_name = |r: &FilterRule| matches!(r.names, Names::Application(_) | Names::NotModelled);
            let (application, network): (Vec<_>, Vec<_>) = declared.partition(|r| by_name(r));
            for list in [&network, &application] {
                for (i, rule) in list.iter().enumerate() {
                    let Some(span) = rule.origin.span else { continue };
                    // Another protocol of the same rule is no rule before it.
                    let before = list.iter().take(i).copied().filter(|b| b.origin != rule.origin).collect();
                    let asked = if by_name(rule) { network.clone() } else { Vec::new() };
                    let view = views.entry(span).or_insert_with(|| FirewallRuleView {
                        label: &rule.origin.name,
                        span,
                        action: rule.action,
                        parts: Vec::new(),
                    });
                    view.parts.push(FirewallRulePart { rule, before, network: asked });
                }
            }
        }
        views.into_values().collect()
    }
}
