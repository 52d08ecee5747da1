//! A forwarder for a privatelink zone instead of the public one.

use crate::lint::{Category, Findings, Level, Rule, View};
use crate::net::Fqdn;

pub(super) static RULE: Rule = Rule {
    code: "PRL0415",
    name: "forwarder-for-privatelink-zone",
    level: Level::Warning,
    category: Category::Dns,
    what: "A conditional forwarder names a zone with a privatelink label, and none names the public suffix.",
    why: "Clients ask for public names. A server that takes its upstream's whole answer never asks for the alias by itself.",
    fix: "forward the public suffix instead",
    covers: &["LINT-DNS-17"],
    sources: &["FWD-03", "FWD-04", "IN-08"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let sites = view.estate.on_premises_sites.iter().flat_map(|(_, s)| s.value.dns_servers.iter());
    let own = sites.map(|(name, d)| (name, &d.value));
    let machines =
        view.estate.virtual_machines.iter().filter_map(|(name, m)| Some((name, m.value.dns_server.as_ref()?)));
    for (server, dns) in own.chain(machines) {
        let suffixes: Vec<Fqdn> = dns.conditional_forwarders.keys().filter_map(|k| k.parse().ok()).collect();
        for (suffix, entry) in dns.conditional_forwarders.iter() {
            let public = match suffix.trim_end_matches('.').to_ascii_lowercase().as_str() {
                "privatelink.vaultcore.azure.net" => "vault.azure.net".to_owned(),
                other => match other.strip_prefix("privatelink.") {
                    Some(public) => public.to_owned(),
                    None => continue,
                },
            };
            let covered = public.parse::<Fqdn>().is_ok_and(|p| suffixes.iter().any(|s| p == *s || p.is_under(s)));
            if !covered {
                findings
                    .at(entry.span, format!("`{server}` forwards {suffix}, and not {public}, which clients ask for"));
            }
        }
    }
}
