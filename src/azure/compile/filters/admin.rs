//! Security admin rules of network managers (AVNM-01 to AVNM-08).

use super::super::{Compiler, managed::protocol};
use super::union;
use crate::{
    azure::model::network::Direction as RuleDirection,
    azure::model::network_manager::{AdminAction, AdminRule, ManagerScope, NetworkManager},
    dataplane::{Action, Direction, Filter, FilterRule, Matcher, Names, Origin},
    diag::{Span, code},
    document::{Entry, Spanned},
    net::PortSet,
    verdict::Reason,
};

impl Compiler<'_> {
    /// Adds to every subnet in scope the rules of each manager: managers of management groups before those of
    /// subscriptions, then in order of name (AVNM-05, A-22).
    pub(super) fn admin_rules(&mut self) {
        let estate = self.estate;
        let mut managers: Vec<_> = estate.network_managers.iter().collect();
        let wide = |s: &ManagerScope| !s.management_group_ids.is_empty();
        managers.sort_by_key(|(_, m)| !m.value.scope.as_ref().is_some_and(wide));
        for (name, entry) in managers {
            for (vnet, declared) in estate.virtual_networks.iter() {
                let rules = self.rules_for(&entry.value, vnet);
                // Networks with these services get no admin rules at all (AVNM-06).
                let exempt = declared.value.subnets.iter().any(|(_, s)| {
                    s.value.delegation.as_ref().is_some_and(|d| {
                        let service = d.value.to_lowercase();
                        matches!(service.as_str(), "microsoft.sql/managedinstances" | "microsoft.databricks/workspaces")
                    })
                });
                if rules.is_empty() || exempt {
                    continue;
                }
                let filter = Filter {
                    origin: Origin::new("network_manager", name, entry.span),
                    reason: Reason::Avnm,
                    rules_ids: &["AVNM-01", "AVNM-02"],
                    rules,
                };
                for subnet in declared.value.subnets.keys() {
                    let segment = self.subnets.get(&format!("{vnet}/{subnet}")).copied();
                    if let Some(segment) = segment.filter(|_| !self.skipped(vnet, subnet)) {
                        self.plane.segments.get_mut(segment).admin.push(filter.clone());
                    }
                }
            }
            self.check_groups(&entry.value);
        }
    }

    /// Subnets that admin rules leave alone (AVNM-07).
    fn skipped(&self, vnet: &str, subnet: &str) -> bool {
        let special = matches!(
            subnet,
            "GatewaySubnet"
                | "AzureFirewallSubnet"
                | "AzureFirewallManagementSubnet"
                | "AzureBastionSubnet"
                | "RouteServerSubnet"
        );
        let full = format!("{vnet}/{subnet}");
        special
            || self
                .estate
                .application_gateways
                .iter()
                .any(|(_, g)| g.value.subnet.value == full && !g.value.network_isolation_enabled.value)
    }

    fn rules_for(&mut self, manager: &NetworkManager, vnet: &str) -> Vec<FilterRule> {
        let mut rules: Vec<(u16, FilterRule)> = Vec::new();
        for (_, configuration) in manager.security_admin_configurations.iter() {
            for (_, collection) in configuration.value.rule_collections.iter() {
                let here = collection.value.network_groups.iter().any(|group| {
                    let members = manager.network_groups.get(&group.value).map(|g| &g.value.virtual_networks);
                    members.is_some_and(|m| m.iter().any(|v| v.value == vnet))
                });
                if here {
                    for (name, entry) in collection.value.rules.iter() {
                        rules.push((entry.value.priority.value, self.admin_rule(name, entry)));
                    }
                }
            }
        }
        rules.sort_by_key(|(priority, _)| *priority);
        rules.into_iter().map(|(_, r)| r).collect()
    }

    fn admin_rule(&mut self, name: &str, entry: &Entry<AdminRule>) -> FilterRule {
        let rule = &entry.value;
        let ports = &rule.destination_port_ranges;
        FilterRule {
            origin: Origin::new("admin rule", name, entry.span),
            priority: Some(rule.priority.value.into()),
            direction: Some(match rule.direction.value {
                RuleDirection::Inbound => Direction::Inbound,
                RuleDirection::Outbound => Direction::Outbound,
            }),
            action: match rule.action.value {
                AdminAction::Allow => Action::Allow,
                AdminAction::AlwaysAllow => Action::AlwaysAllow,
                AdminAction::Deny => Action::Deny,
            },
            protocol: protocol(rule.protocol.value),
            from: self.admin_side(&rule.source_address_prefixes),
            source_ports: PortSet::all(),
            to: self.admin_side(&rule.destination_address_prefixes),
            ports: if ports.is_empty() { PortSet::all() } else { union(ports) },
            names: Names::Ignored,
        }
    }

    fn admin_side(&mut self, texts: &[Spanned<String>]) -> Matcher {
        if texts.is_empty() { Matcher::any() } else { self.list(texts) }
    }

    /// References and priorities, once per manager (AVNM-03).
    fn check_groups(&mut self, manager: &NetworkManager) {
        let mut seen: Vec<(RuleDirection, u16, Span)> = Vec::new();
        for (_, configuration) in manager.security_admin_configurations.iter() {
            for (_, collection) in configuration.value.rule_collections.iter() {
                for group in &collection.value.network_groups {
                    self.declared("network group", group, &manager.network_groups);
                }
                for (name, rule) in collection.value.rules.iter() {
                    let priority = &rule.value.priority;
                    if !(1..=4096).contains(&priority.value) {
                        let text = format!("priority {} of `{name}` lies outside 1 to 4096 (AVNM-03)", priority.value);
                        self.error(code::PRIORITY, priority.span, text, "choose a priority in that range");
                    }
                    seen.push((rule.value.direction.value, priority.value, priority.span));
                }
            }
        }
        for (_, group) in manager.network_groups.iter() {
            for vnet in &group.value.virtual_networks {
                self.declared("virtual_network", vnet, &self.estate.virtual_networks);
            }
        }
    }
}
