//! A private zone in the way of a forwarding rule.

use crate::lint::{Category, Findings, Level, Rule, View};
use crate::net::Fqdn;

pub(super) static RULE: Rule = Rule {
    code: "PRL0320",
    name: "zone-hides-forwarding-rule",
    level: Level::Warning,
    category: Category::Dns,
    what: "A ruleset forwards a domain in a network that is linked to a private zone of that domain or of one below it.",
    why: "Private zones come before forwarding rules, so what the zone does not hold does not exist.",
    fix: "remove the link of the zone, or the rule",
    covers: &["LINT-DNS-23"],
    sources: &["RESOLVER-06"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for (name, ruleset) in view.estate.private_dns_resolver_dns_forwarding_rulesets.iter() {
        for (rule, entry) in
            ruleset.value.rules.iter().filter(|(_, r)| r.value.enabled.value && r.value.domain_name.value != ".")
        {
            let Ok(domain) = entry.value.domain_name.value.parse::<Fqdn>() else { continue };
            for (zone, declared) in view.estate.private_dns_zones.iter() {
                let own = declared.value.zone_name.as_ref().map_or(zone, |n| n.value.as_str());
                let Ok(apex) = own.parse::<Fqdn>() else { continue };
                // A zone below a wider rule is how exceptions are made; one of the very domain hides the whole rule.
                let hides = apex == domain || domain.is_under(&apex);
                let shared = ruleset.value.virtual_network_links.iter().find(|(k, l)| {
                    view.zone_linked(own, l.value.virtual_network.as_ref().map_or(k, |v| v.value.as_str()))
                });
                if let (true, Some((link, _))) = (hides, shared) {
                    findings
                        .at(
                            entry.value.domain_name.span,
                            format!("rule `{rule}` of `{name}` is hidden by zone `{zone}` in `{link}`"),
                        )
                        .related(declared.span, "the zone");
                }
            }
        }
    }
}
