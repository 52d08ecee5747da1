//! A fallback that acts on Private Link zones only.

use crate::azure::model::dns::ResolutionPolicy;
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0314",
    name: "redirect-on-ordinary-zone",
    level: Level::Warning,
    category: Category::Dns,
    what: "A link with the resolution policy NxDomainRedirect on a zone that is no Private Link zone.",
    why: "The policy has no effect there; a name that the zone does not hold still does not exist.",
    fix: "remove the policy",
    covers: &["LINT-DNS-12"],
    sources: &["ZONE-10"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for (key, zone) in view.estate.private_dns_zones.iter() {
        let name = zone.value.zone_name.as_ref().map_or(key, |n| n.value.as_str()).to_ascii_lowercase();
        if name.split('.').any(|l| l == "privatelink") {
            continue;
        }
        for (link, entry) in zone.value.virtual_network_links.iter() {
            let policy = &entry.value.resolution_policy;
            if let (ResolutionPolicy::NxDomainRedirect, Some(span)) = (policy.value, policy.span) {
                findings.at(
                    span,
                    format!("link `{link}` of `{key}` redirects nothing, because {name} is no Private Link zone"),
                );
            }
        }
    }
}
