//! A firewall that sends private sources to the internet.

use crate::dataplane::NextHop;
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0141",
    name: "never-translate-with-direct-egress",
    level: Level::Error,
    category: Category::Firewall,
    what: "A policy that translates nothing (0.0.0.0/0) on a firewall whose default route leads to the internet.",
    why: "Packets with a private source are lost on the internet, so that nothing behind the firewall reaches it.",
    fix: "list the private ranges instead of 0.0.0.0/0",
    covers: &["LINT-NET-39"],
    sources: &["SNAT-03"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for (name, firewall, _, _) in view.firewalls() {
        let subnet = firewall.value.subnet.as_ref().and_then(|s| view.subnet(&s.value));
        let direct = subnet.and_then(|s| view.default_route(s)).is_some_and(|d| d.hop == NextHop::Internet);
        // The policy attached to the firewall decides.
        let Some((policy, entry)) = view.policies(&firewall.value).into_iter().next_back() else { continue };
        let all = entry.value.private_ip_ranges.iter().flatten().find(|r| r.value == "0.0.0.0/0");
        if let (Some(all), true) = (all, direct) {
            findings
                .at(all.span, format!("`{policy}` keeps private sources, and `{name}` sends them to the internet"))
                .related(firewall.span, "the firewall");
        }
    }
}
