//! What no order decides: equal priorities that differ in effect, and two entries for one thing. Names decide nothing.

use super::Compiler;
use crate::{
    azure::model::{app::AccessRestriction, load_balancer::LoadBalancer},
    diag::{Diagnostic, Span, code},
    document::Map,
    net::Prefix,
};
use std::collections::BTreeMap;

impl Compiler<'_> {
    /// Refuses what only the alphabet would decide (UDR-01, LB-05, RESOLVER-04, DNSPOL-02, APP-06).
    pub(super) fn ties(&mut self) {
        let estate = self.estate;
        for (name, entry) in estate.route_tables.iter() {
            let routes = entry.value.routes.iter().map(|(_, r)| &r.value.address_prefix);
            let routes = routes.map(|p| (p.value.parse::<Prefix>().map_err(|_| p.value.to_lowercase()), p.span));
            self.twice(routes, |prefix| {
                let prefix = prefix.as_ref().map_or_else(Clone::clone, ToString::to_string);
                format!("route table `{name}` has two routes for {prefix} (UDR-01)")
            });
        }
        for (name, entry) in estate.load_balancers.iter() {
            self.rival_balancer_rules(name, &entry.value);
        }
        for (name, entry) in estate.private_dns_resolver_dns_forwarding_rulesets.iter() {
            let rules = entry.value.rules.iter().filter(|(_, r)| r.value.enabled.value);
            let rules = rules.map(|(_, r)| &r.value.domain_name);
            let rules = rules.map(|d| (d.value.trim_end_matches('.').to_lowercase(), d.span));
            self.twice(rules, |domain| format!("ruleset `{name}` has two rules for {domain}. (RESOLVER-04)"));
        }
        for (name, entry) in estate.dns_security_policies.iter() {
            let rules = entry.value.rules.iter().map(|(_, r)| &r.value);
            let rules = rules.map(|r| (u32::from(r.priority.value), r.action.value, r.priority.span));
            self.equal(rules, &format!("DNS security policy `{name}`"), "DNSPOL-02");
        }
        for (name, entry) in estate.services.iter() {
            let service = &entry.value;
            let slots = service.slots.iter().map(|(_, s)| &s.value);
            let slots = slots.flat_map(|s| [&s.ip_restrictions, &s.scm_ip_restrictions]);
            for rules in [&service.ip_restrictions, &service.scm_ip_restrictions].into_iter().chain(slots) {
                self.equal_restrictions(name, rules);
            }
        }
    }

    fn equal_restrictions(&mut self, app: &str, rules: &Map<AccessRestriction>) {
        let rules = rules.iter().map(|(_, r)| &r.value);
        let rules = rules.map(|r| (r.priority.value, r.action.value, r.priority.span));
        self.equal(rules, &format!("app `{app}`"), "APP-06");
    }

    fn rival_balancer_rules(&mut self, name: &str, balancer: &LoadBalancer) {
        let rules = balancer.rules.iter().map(|(_, r)| &r.value);
        let rules = rules.map(|r| {
            let front = &r.frontend_ip_configuration.value;
            ((front.clone(), format!("{:?}", r.protocol.value), r.frontend_port.value), r.frontend_port.span)
        });
        self.twice(rules, |(front, protocol, port)| {
            format!("load balancer `{name}` has two rules for {protocol} port {port} of frontend `{front}` (LB-05)")
        });
    }

    /// Two entries for one thing, which the platform refuses.
    fn twice<K: Ord>(&mut self, entries: impl Iterator<Item = (K, Span)>, text: impl Fn(&K) -> String) {
        let mut seen: BTreeMap<K, Span> = BTreeMap::new();
        for (key, span) in entries {
            if let Some(other) = seen.get(&key) {
                let error = Diagnostic::error(code::CONFLICT, span, text(&key)).related(*other, "the other one");
                self.diagnostics.push(error.help("keep one of the two"));
            } else {
                seen.insert(key, span);
            }
        }
    }

    /// Two rules of one priority that do different things: which of them comes first is not documented.
    fn equal<A: PartialEq>(&mut self, rules: impl Iterator<Item = (u32, A, Span)>, owner: &str, rule: &str) {
        let mut seen: BTreeMap<u32, (A, Span)> = BTreeMap::new();
        for (priority, action, span) in rules {
            match seen.get(&priority) {
                None => {
                    seen.insert(priority, (action, span));
                }
                Some((other, at)) if *other != action => {
                    let text = format!("{owner} has two rules of priority {priority} that differ ({rule})");
                    let error = Diagnostic::error(code::PRIORITY, span, text).related(*at, "here too");
                    self.diagnostics.push(error.help("give each rule its own priority"));
                }
                Some(_) => {}
            }
        }
    }
}
