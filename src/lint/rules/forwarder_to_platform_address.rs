//! A site that asks the platform's address.

use crate::lint::{Category, Findings, Level, Rule, View};
use crate::net::PLATFORM_ADDRESS;

pub(super) static RULE: Rule = Rule {
    code: "PRL0414",
    name: "forwarder-to-platform-address",
    level: Level::Error,
    category: Category::Dns,
    what: "A DNS server of a site forwards to 168.63.129.16.",
    why: "The address answers only inside virtual networks; from a site nothing does.",
    fix: "forward to an inbound endpoint of a resolver, or to a DNS server in a virtual network",
    covers: &["LINT-DNS-16", "LINT-18"],
    sources: &["FWD-01", "IN-08"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for (site, entry) in view.estate.on_premises_sites.iter() {
        for (server, dns) in entry.value.dns_servers.iter() {
            let conditional = dns.value.conditional_forwarders.iter().flat_map(|(_, f)| &f.value);
            for address in conditional.chain(&dns.value.forwarders).filter(|a| a.value == PLATFORM_ADDRESS) {
                findings.at(
                    address.span,
                    format!("`{server}` of `{site}` forwards to {}, which answers only in Azure", address.value),
                );
            }
        }
    }
}
