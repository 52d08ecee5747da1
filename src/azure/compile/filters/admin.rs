//! Security admin rules of network managers (AVNM-01 to AVNM-08).

use super::super::{Compiler, managed::protocol};
use super::union;
use crate::{
    azure::model::network::Direction as RuleDirection,
    azure::model::network_manager::{
        AdminAction, AdminRule, AdminRuleCollection, ManagerScope, NetworkManager, SecurityAdminConfiguration,
    },
    dataplane::{Action, Direction, Filter, FilterRule, Matcher, Names, Origin},
    diag::{Diagnostic, code},
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

    /// Two rules of one direction and priority that can meet in one network, and do different things: which of them comes
    /// first is not documented (AVNM-03).
    fn equal_priorities(&mut self, configuration: &SecurityAdminConfiguration) {
        let groups = |c: &AdminRuleCollection| c.network_groups.iter().map(|g| g.value.clone()).collect::<Vec<_>>();
        let mut seen: Vec<(Vec<String>, &Entry<AdminRule>)> = Vec::new();
        for (_, collection) in configuration.rule_collections.iter() {
            let here = groups(&collection.value);
            for (_, rule) in collection.value.rules.iter() {
                let own = &rule.value;
                let rival = seen.iter().find(|(groups, other)| {
                    let other = &other.value;
                    other.priority.value == own.priority.value
                        && other.direction.value == own.direction.value
                        && other.action.value != own.action.value
                        && groups.iter().any(|g| here.contains(g))
                });
                if let Some((_, other)) = rival {
                    let text = format!("priority {} is used twice in one direction (AVNM-03)", own.priority.value);
                    let error = Diagnostic::error(code::PRIORITY, own.priority.span, text);
                    let error = error.related(other.value.priority.span, "here too");
                    self.diagnostics.push(
                        error.help("give each rule its own priority: which of two comes first is not documented"),
                    );
                }
                seen.push((here.clone(), rule));
            }
        }
    }

    /// References and priorities, once per manager (AVNM-03).
    fn check_groups(&mut self, manager: &NetworkManager) {
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
                }
            }
            self.equal_priorities(&configuration.value);
        }
        for (_, group) in manager.network_groups.iter() {
            for vnet in &group.value.virtual_networks {
                self.declared("virtual_network", vnet, &self.estate.virtual_networks);
            }
        }
    }
}
