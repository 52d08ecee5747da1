//! A ruleset linked to a network of another region.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0338",
    name: "ruleset-in-other-region",
    level: Level::Error,
    category: Category::Dns,
    what: "A forwarding ruleset is linked to a network in another region than its resolver's, or has a domain of more than 34 labels.",
    why: "The platform refuses the link, or the rule.",
    fix: "use a ruleset and resolver of that region",
    covers: &["LINT-DNS-22"],
    sources: &["RESOLVER-04", "RESOLVER-07"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let region = |vnet: &str| {
        let own = view.estate.virtual_networks.get(vnet)?.value.location.as_ref();
        own.or(view.estate.location.as_ref()).map(|l| l.value.to_lowercase().replace(' ', ""))
    };
    for (name, ruleset) in view.estate.private_dns_resolver_dns_forwarding_rulesets.iter() {
        let resolver = ruleset.value.outbound_endpoints.first().and_then(|e| e.value.split('/').next());
        let home = resolver
            .and_then(|r| view.estate.private_dns_resolvers.get(r))
            .map(|r| r.value.virtual_network.value.as_str());
        for (link, entry) in ruleset.value.virtual_network_links.iter() {
            let vnet = entry.value.virtual_network.as_ref().map_or(link, |v| v.value.as_str());
            if let (Some(here), Some(there)) = (home.and_then(region), region(vnet))
                && here != there
            {
                findings.at(entry.span, format!("`{name}` belongs to {here}, and `{vnet}` is in {there}"));
            }
        }
        for (rule, entry) in ruleset.value.rules.iter() {
            let domain = &entry.value.domain_name;
            if domain.value.trim_end_matches('.').split('.').count() > 34 {
                findings.at(domain.span, format!("the domain of rule `{rule}` of `{name}` has more than 34 labels"));
            }
        }
    }
}
