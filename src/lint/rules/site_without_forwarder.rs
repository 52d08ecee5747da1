//! A private name that a site does not ask Azure for.

use crate::lint::{Category, Findings, Level, Rule, View};
use crate::net::Fqdn;

pub(super) static RULE: Rule = Rule {
    code: "PRL0413",
    name: "site-without-forwarder",
    level: Level::Error,
    category: Category::Dns,
    what: "A DNS server of a site forwards some names of Azure services to a resolver in Azure, and not the public suffix of a private endpoint's name there.",
    why: "The name resolves publicly for the site, and the service refuses it.",
    fix: "add a conditional forwarder for the suffix to the same resolver",
    covers: &["LINT-17", "LINT-DNS-18"],
    sources: &["IN-08", "FWD-05"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for (site, entry) in view.estate.on_premises_sites.iter() {
        for (server, dns) in entry.value.dns_servers.iter() {
            let resolvers: Vec<_> = view.inbound_resolvers().collect();
            let resolver = dns
                .value
                .conditional_forwarders
                .iter()
                .find_map(|(_, f)| f.value.iter().find_map(|a| resolvers.iter().find(|(at, _)| *at == a.value)));
            // A server that forwards everything needs no conditions.
            let Some((_, vnet)) = resolver
                .filter(|_| dns.value.forwarders.iter().all(|f| resolvers.iter().all(|(at, _)| *at != f.value)))
            else {
                continue;
            };
            let suffixes: Vec<Fqdn> = dns.value.conditional_forwarders.keys().filter_map(|k| k.parse().ok()).collect();
            let forwarded = |name: &Fqdn| suffixes.iter().any(|s| name == s || name.is_under(s));
            let mut seen = std::collections::BTreeSet::new();
            for (name, endpoint) in view.estate.private_endpoints.iter() {
                let zones = endpoint.value.private_dns_zone_group.iter().flat_map(|g| &g.private_dns_zones);
                for zone in zones.filter(|z| view.zone_linked(&z.value, vnet)) {
                    let public = match zone.value.as_str() {
                        "privatelink.vaultcore.azure.net" => "vault.azure.net",
                        other => other.strip_prefix("privatelink.").unwrap_or(other),
                    };
                    let Ok(suffix) = public.parse::<Fqdn>() else { continue };
                    if !forwarded(&suffix) && seen.insert(public.to_owned()) {
                        findings
                            .at(dns.span, format!("`{server}` of `{site}` does not forward {public} to `{vnet}`, where `{name}` answers"))
                            .related(endpoint.span, "the private endpoint");
                    }
                }
            }
        }
    }
}
