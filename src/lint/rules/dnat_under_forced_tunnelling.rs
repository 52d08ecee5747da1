//! Inbound translation on a tunnelled firewall.

use crate::dataplane::NextHop;
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0143",
    name: "dnat-under-forced-tunnelling",
    level: Level::Error,
    category: Category::Firewall,
    what: "A firewall with NAT rules whose default route does not lead to the internet.",
    why: "Replies to translated connections leave by the tunnel instead of the address they came in by, so the platform does not support it.",
    fix: "bring inbound traffic in by another firewall or an application gateway",
    covers: &["LINT-NET-41"],
    sources: &["FW-11"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for (name, firewall, _, _) in view.firewalls() {
        let subnet = firewall.value.subnet.as_ref().and_then(|s| view.subnet(&s.value));
        let default = subnet.and_then(|s| view.default_route(s)).filter(|d| d.hop != NextHop::Internet);
        let nat = view.policies(&firewall.value).into_iter().find_map(|(_, p)| {
            let groups = p.value.rule_collection_groups.iter();
            groups.flat_map(|(_, g)| g.value.nat_rule_collections.iter()).find_map(|(_, c)| c.value.rules.iter().next())
        });
        if let (Some(default), Some((rule, entry))) = (default, nat) {
            findings
                .at(entry.span, format!("NAT rule `{rule}` of `{name}` is not supported under forced tunnelling"))
                .related(default.origin.span, "the default route");
        }
    }
}
