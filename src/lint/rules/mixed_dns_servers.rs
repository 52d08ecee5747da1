//! A list of DNS servers with two views.

use crate::lint::{Category, Findings, Level, Rule, View};
use crate::net::PLATFORM_ADDRESS;

pub(super) static RULE: Rule = Rule {
    code: "PRL0323",
    name: "mixed-dns-servers",
    level: Level::Warning,
    category: Category::Dns,
    what: "The DNS servers of a network or interface mix the platform's address with others.",
    why: "A client asks the next server only when one is silent, not when it answers that a name does not exist; what it sees depends on the order.",
    fix: "name one kind, and let those servers forward what they do not know",
    covers: &["LINT-DNS-29"],
    sources: &["DNS-06"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let networks = view.estate.virtual_networks.iter().map(|(n, v)| (n, &v.value.dns_servers));
    let machines = view.estate.virtual_machines.iter().map(|(n, m)| (n, &m.value.dns_servers));
    for (name, servers) in networks.chain(machines) {
        let platform = servers.iter().find(|s| s.value == PLATFORM_ADDRESS);
        if let (Some(platform), true) = (platform, servers.len() > 1) {
            findings.at(
                platform.span,
                format!(
                    "`{name}` asks the platform beside {} other server{}",
                    servers.len() - 1,
                    if servers.len() == 2 { "" } else { "s" }
                ),
            );
        }
    }
}
