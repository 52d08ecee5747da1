//! Keys of outbound rules that their type does not take (OUT-02, HUB-TAG-02, FQDN-02, MPE-01).

use super::Compiler;
use crate::{
    azure::model::workspace::{OutboundRule, OutboundRuleType},
    diag::{Diagnostic, Span, code},
};

/// Keys that a rule gives and its type does not take, with their places.
pub(super) fn foreign(rule: &OutboundRule) -> Vec<(&'static str, Span)> {
    use OutboundRuleType::{Fqdn, PrivateEndpoint, ServiceTag};
    let given: [(OutboundRuleType, &'static str, Option<Span>); 11] = [
        (PrivateEndpoint, "service_resource", rule.service_resource.as_ref().map(|r| r.span)),
        (PrivateEndpoint, "sub_resource_target", rule.sub_resource_target.as_ref().map(|s| s.span)),
        (PrivateEndpoint, "spark_enabled", rule.spark_enabled.span),
        (PrivateEndpoint, "connection_status", rule.connection_status.span),
        (PrivateEndpoint, "ip_addresses", rule.ip_addresses.first().map(|a| a.span)),
        (ServiceTag, "service_tag", rule.service_tag.as_ref().map(|t| t.span)),
        (ServiceTag, "protocol", rule.protocol.as_ref().map(|p| p.span)),
        (ServiceTag, "port_ranges", rule.port_ranges.as_ref().map(|p| p.span)),
        (ServiceTag, "address_prefixes", rule.address_prefixes.first().map(|p| p.span)),
        (ServiceTag, "action", rule.action.span),
        (Fqdn, "destination_fqdn", rule.destination_fqdn.as_ref().map(|n| n.span)),
    ];
    let other = given.into_iter().filter(|(type_, ..)| *type_ != rule.type_.value);
    other.filter_map(|(_, key, span)| Some((key, span?))).collect()
}

impl Compiler<'_> {
    /// Refuses keys of other types: without them the rule would mean more than it says. Tells whether it has any.
    pub(super) fn refuse_foreign_keys(&mut self, name: &str, rule: &OutboundRule) -> bool {
        let foreign = foreign(rule);
        for (key, span) in &foreign {
            let text = format!("rule `{name}` of type {} takes no `{key}`", rule.type_.value.as_str());
            let help = match *key {
                "action" => "only service tag rules deny; remove the rule where nothing is to be let out",
                _ => "remove it, or give the rule the type that takes it",
            };
            self.diagnostics.push(Diagnostic::error(code::CONFLICT, *span, text).help(help).refused());
        }
        !foreign.is_empty()
    }
}
