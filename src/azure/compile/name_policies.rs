//! DNS security policies (DNSPOL-01 to DNSPOL-05).

use super::Compiler;
use crate::{
    azure::model::dns::DnsSecurityAction,
    dataplane::{NameRule, Origin},
    diag::{Diagnostic, Span, code},
};
use std::collections::BTreeMap;

impl Compiler<'_> {
    /// Attaches each policy's rules to the views of its networks; a network has one policy (DNSPOL-01). Who
    /// asks another server is subject to the policy of that server's network (DNSPOL-05).
    pub(super) fn name_policies(&mut self) {
        let estate = self.estate;
        let mut taken: BTreeMap<&str, (&str, Span)> = BTreeMap::new();
        for (name, entry) in estate.dns_security_policies.iter() {
            let mut rules: Vec<(u16, NameRule)> = Vec::new();
            for (rule_name, rule) in entry.value.rules.iter() {
                let priority = &rule.value.priority;
                if !(100..=65000).contains(&priority.value) {
                    let text =
                        format!("priority {} of `{rule_name}` lies outside 100 to 65000 (DNSPOL-02)", priority.value);
                    self.error(code::PRIORITY, priority.span, text, "choose a priority in that range");
                }
                let mut suffixes = Vec::new();
                for domain in &rule.value.domains {
                    match domain.value.as_str() {
                        "." => suffixes.push(None),
                        text => suffixes.extend(self.name(text, domain.span).map(Some)),
                    }
                }
                let origin = Origin::new("dns_security_rule", format!("{name}/{rule_name}"), rule.span);
                let blocks = rule.value.action.value == DnsSecurityAction::Block;
                rules.push((priority.value, NameRule { origin, suffixes, blocks }));
            }
            rules.sort_by_key(|(priority, _)| *priority);
            let rules: Vec<NameRule> = rules.into_iter().map(|(_, r)| r).collect();
            for reference in &entry.value.virtual_networks {
                if self.declared("virtual_network", reference, &estate.virtual_networks).is_none() {
                    continue;
                }
                if let Some((other, at)) = taken.insert(&reference.value, (name, reference.span)) {
                    let text = format!(
                        "`{}` has the DNS security policies `{other}` and `{name}` (DNSPOL-01)",
                        reference.value
                    );
                    let error = Diagnostic::error(code::CONFLICT, reference.span, text).related(at, "the other policy");
                    self.diagnostics.push(error.help("link one policy to a network"));
                }
                if let Some(view) = self.view_of(&reference.value) {
                    self.plane.dns.views.get_mut(view).policy.clone_from(&rules);
                }
            }
        }
    }
}
