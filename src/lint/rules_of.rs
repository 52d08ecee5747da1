//! Rules of filters where they act: one declared rule may be compiled differently at every place.

use super::{View, cover::cover};
use crate::{
    azure::model::network::{Access, SecurityRule},
    dataplane::{Action, Filter, FilterRule, Id, Names, Role, Segment},
    diag::Span,
    document::Entry,
};
use std::{cell::OnceCell, collections::BTreeMap, rc::Rc};

/// A rule as it acts at one place.
#[derive(Debug, Clone)]
pub struct Acting<'a> {
    /// The rule.
    pub rule: &'a FilterRule,
    /// All rules of its kind there, in order.
    list: Rc<[&'a FilterRule]>,
    /// How many of them come before it.
    before: usize,
}

impl<'a> Acting<'a> {
    /// Rules of its kind that come before it.
    #[must_use]
    pub fn before(&self) -> &[&'a FilterRule] {
        self.list.get(..self.before).unwrap_or_default()
    }
}

/// Declared rules that decide all of what a rule matches, wherever it acts; none if at one place they do not.
fn covering<'a>(acting: &[Acting<'a>]) -> Vec<&'a FilterRule> {
    let mut named: Vec<&FilterRule> = Vec::new();
    for place in acting {
        let Some(found) = cover(place.rule, place.before()) else { return Vec::new() };
        for rule in found {
            if named.iter().all(|n| n.origin != rule.origin) {
                named.push(rule);
            }
        }
    }
    named
}

/// A security rule of a group that is attached to something.
#[derive(Debug)]
pub struct SecurityRuleView<'a> {
    /// Name of its group.
    pub group: &'a str,
    /// Its own name.
    pub name: &'a str,
    /// Its declaration.
    pub entry: &'a Entry<SecurityRule>,
    /// The rule as it acts, once for places where it acts alike.
    pub acting: Vec<Acting<'a>>,
    /// Virtual networks it acts in, in order of name.
    pub vnets: Rc<[&'a str]>,
    covering: OnceCell<Vec<&'a FilterRule>>,
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

    /// Declared rules before it that decide all of what it matches, at every place; none if they do not at one.
    pub fn covering(&self) -> &[&'a FilterRule] {
        self.covering.get_or_init(|| covering(&self.acting))
    }
}

/// Where a security group acts: virtual networks in order, and its filters that differ.
#[derive(Default)]
struct Attached<'a> {
    vnets: Vec<&'a str>,
    last: Option<Id<Segment>>,
    filters: Vec<&'a Filter>,
}

impl<'a> View<'a> {
    /// Every attached security group, by name.
    fn attached(&self) -> BTreeMap<&'a str, Attached<'a>> {
        let mut found: BTreeMap<&str, Attached<'_>> = BTreeMap::new();
        for subnet in &self.subnets {
            let members = self.members(subnet).filter_map(|(_, e)| e.filter.as_ref());
            for filter in self.segment(subnet).filter.iter().chain(members) {
                let group = found.entry(&filter.origin.name).or_default();
                if group.vnets.last() != Some(&subnet.vnet) {
                    group.vnets.push(subnet.vnet);
                }
                // One group is the same filter everywhere in a subnet, and often in a whole network.
                let here = group.last.replace(subnet.segment) == Some(subnet.segment);
                if !here && group.filters.last().is_none_or(|l| l.rules != filter.rules) {
                    group.filters.push(filter);
                }
            }
        }
        found
    }

    /// Every rule of every security group that is attached to something.
    #[must_use]
    pub fn security_rules(&self) -> &[SecurityRuleView<'a>] {
        self.security_rules.get_or_init(|| {
            let mut attached = self.attached();
            let mut views = Vec::new();
            for (group, declared) in self.estate.network_security_groups.iter() {
                let Some(here) = attached.remove(group) else { continue };
                let vnets: Rc<[&str]> = here.vnets.into();
                let mut acting: BTreeMap<Span, Vec<Acting<'_>>> = BTreeMap::new();
                for filter in here.filters {
                    let list: Rc<[&FilterRule]> = filter.rules.iter().collect();
                    for (before, rule) in list.iter().enumerate() {
                        if let Some(span) = rule.origin.span {
                            acting.entry(span).or_default().push(Acting { rule, list: Rc::clone(&list), before });
                        }
                    }
                }
                for (name, entry) in declared.value.security_rules.iter() {
                    if let Some(acting) = acting.remove(&entry.span) {
                        let (vnets, covering) = (Rc::clone(&vnets), OnceCell::new());
                        views.push(SecurityRuleView { group, name, entry, acting, vnets, covering });
                    }
                }
            }
            views
        })
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
    covering: OnceCell<Vec<&'a FilterRule>>,
}

/// A firewall rule for one protocol in one firewall.
#[derive(Debug)]
pub struct FirewallRulePart<'a> {
    /// The rule among those of its own kind.
    pub acting: Acting<'a>,
    /// Every network rule of the firewall that is asked before it: all for an application rule, none for others.
    pub network: Option<Rc<[&'a FilterRule]>>,
}

impl<'a> FirewallRuleView<'a> {
    /// Declared rules of its kind before it that decide all of what it matches, for every protocol in every firewall;
    /// none if they do not for one.
    pub fn covering(&self) -> &[&'a FilterRule] {
        self.covering.get_or_init(|| {
            let acting: Vec<_> = self.parts.iter().map(|p| p.acting.clone()).collect();
            covering(&acting)
        })
    }
}

impl<'a> View<'a> {
    /// Every network and application rule of the firewalls, by place.
    #[must_use]
    pub fn firewall_rules(&self) -> &[FirewallRuleView<'a>] {
        self.firewall_rules.get_or_init(|| {
            let mut views: BTreeMap<Span, FirewallRuleView<'a>> = BTreeMap::new();
            for (_, endpoint) in self.plane.endpoints.iter() {
                let Role::Firewall(firewall) = &endpoint.role else { continue };
                let declared = firewall.filter.rules.iter().filter(|r| r.origin.kind == "rule");
                let by_name = |r: &FilterRule| matches!(r.names, Names::Application(_));
                let (application, network): (Vec<_>, Vec<_>) = declared.partition(|r| by_name(r));
                let (application, network): (Rc<[_]>, Rc<[_]>) = (application.into(), network.into());
                for list in [&network, &application] {
                    let mut before = 0;
                    for (i, rule) in list.iter().enumerate() {
                        let Some(span) = rule.origin.span else { continue };
                        // Another protocol of the same rule stands beside it and is no rule before it.
                        if i.checked_sub(1).and_then(|p| list.get(p)).is_none_or(|l| l.origin != rule.origin) {
                            before = i;
                        }
                        let view = views.entry(span).or_insert_with(|| FirewallRuleView {
                            label: &rule.origin.name,
                            span,
                            action: rule.action,
                            parts: Vec::new(),
                            covering: OnceCell::new(),
                        });
                        view.parts.push(FirewallRulePart {
                            acting: Acting { rule, list: Rc::clone(list), before },
                            network: by_name(rule).then(|| Rc::clone(&network)),
                        });
                    }
                }
            }
            views.into_values().collect()
        })
    }
}
