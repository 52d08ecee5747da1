//! A firewall that is asked and does not answer.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0321",
    name: "dns-server-is-firewall-without-proxy",
    level: Level::Warning,
    category: Category::Dns,
    what: "A network names a firewall as its DNS server whose policy has no DNS proxy.",
    why: "The firewall answers queries only as a proxy; nothing resolves.",
    fix: "set dns.proxy_enabled on the policy",
    covers: &["LINT-DNS-26"],
    sources: &["AFW-01"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for (name, firewall, _, address) in view.firewalls() {
        let proxy = view.estate.firewall_dns(&firewall.value).is_some_and(|(dns, _)| dns.proxy_enabled.value);
        if proxy {
            continue;
        }
        for (vnet, entry) in view.estate.virtual_networks.iter() {
            if let Some(server) = entry.value.dns_servers.iter().find(|s| s.value == address) {
                findings
                    .at(server.span, format!("`{vnet}` asks `{name}`, which has no DNS proxy"))
                    .related(firewall.span, "the firewall");
            }
        }
    }
}
