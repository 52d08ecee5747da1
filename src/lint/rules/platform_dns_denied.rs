//! A subnet that may not ask the platform's DNS.

use crate::azure::model::{
    dns::DnsSecurityAction,
    network::{Access, Direction},
};
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0322",
    name: "platform-dns-denied",
    level: Level::Warning,
    category: Category::Dns,
    what: "A security group denies AzurePlatformDNS on a subnet that uses the platform's DNS, or a DNS security policy blocks every name of a network.",
    why: "Nothing resolves there, so that no flow by name even begins.",
    fix: "remove the rule, or give the network DNS servers of its own",
    covers: &["LINT-DNS-28"],
    sources: &["DNS-03", "DNSPOL-02"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for rule in view.security_rules() {
        let declared = &rule.entry.value;
        let tags = declared.destination_address_prefix.iter().chain(&declared.destination_address_prefixes);
        let tag = tags.into_iter().find(|t| t.value.eq_ignore_ascii_case("AzurePlatformDNS"));
        let denies = declared.access.value == Access::Deny && declared.direction.value == Direction::Outbound;
        let asks = rule
            .vnets
            .iter()
            .find(|v| view.estate.virtual_networks.get(v).is_some_and(|n| n.value.dns_servers.is_empty()));
        if let (Some(tag), true, Some(vnet)) = (tag, denies, asks) {
            findings.at(tag.span, format!("`{}/{}` keeps `{vnet}` from its own DNS", rule.group, rule.name));
        }
    }
    for (name, policy) in view.estate.dns_security_policies.iter() {
        let first = policy.value.rules.iter().min_by_key(|(_, r)| r.value.priority.value);
        let all = first.filter(|(_, r)| r.value.action.value == DnsSecurityAction::Block);
        let all = all.and_then(|(n, r)| Some((n, r.value.domains.iter().find(|d| d.value == ".")?)));
        if let Some((rule, domain)) = all.filter(|_| !policy.value.virtual_networks.is_empty()) {
            findings.at(domain.span, format!("rule `{rule}` of `{name}` blocks every name"));
        }
    }
}
