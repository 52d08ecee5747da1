//! A forwarding rule that leads back to where it was asked.

use crate::lint::{Category, Findings, Level, Rule, View};
use crate::verdict::Reason;

pub(super) static RULE: Rule = Rule {
    code: "PRL0319",
    name: "ruleset-loops",
    level: Level::Error,
    category: Category::Dns,
    what: "A ruleset is linked to the network of an inbound endpoint to which one of its rules forwards, or an expected flow's name is forwarded in a circle.",
    why: "The inbound endpoint asks the platform in its network, which forwards to the inbound endpoint again.",
    fix: "remove the link from that network, and link the zone to it instead",
    covers: &["LINT-DNS-20", "LINT-DNS-21"],
    sources: &["RESOLVER-11", "RESOLVER-12"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for (name, ruleset) in view.estate.private_dns_resolver_dns_forwarding_rulesets.iter() {
        for (link, entry) in ruleset.value.virtual_network_links.iter() {
            let vnet = entry.value.virtual_network.as_ref().map_or(link, |v| v.value.as_str());
            let rule = ruleset.value.rules.iter().find(|(_, r)| {
                r.value.enabled.value
                    && r.value
                        .target_dns_servers
                        .iter()
                        .any(|t| view.inbound_resolvers().any(|(a, home)| a == t.value && home == vnet))
            });
            if let Some((rule, at)) = rule {
                findings
                    .at(entry.span, format!("rule `{rule}` of `{name}` forwards to an endpoint of `{vnet}`, to which the ruleset is linked"))
                    .related(at.span, "the rule");
            }
        }
    }
    for flow in view.wanted() {
        if let Some(step) = view.stopped(flow, Reason::DnsLoop) {
            let to = &flow.expectation.fields.to;
            findings.at(to.span, format!("{} is forwarded in a circle", to.value)).related(step.span, "decided here");
        }
    }
}
