//! A flow by name on a port that FQDN rules do not carry.

use crate::azure::model::workspace::OutboundRuleType;
use crate::lint::{Category, Findings, Level, Rule, View};
use crate::net::FqdnPattern;
use crate::verdict::Reason;

pub(super) static RULE: Rule = Rule {
    code: "PRL0421",
    name: "fqdn-rule-for-other-port",
    level: Level::Error,
    category: Category::ManagedNetwork,
    what: "A flow from managed compute on another port than 80 and 443 is expected to get through, and only an FQDN rule names its destination.",
    why: "FQDN rules act on ports 80 and 443 only.",
    fix: "add a service tag rule with the address of the destination, or another path",
    covers: &["LINT-26"],
    sources: &["FQDN-02"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for flow in view.wanted() {
        let fields = &flow.expectation.fields;
        let port = fields.port.value;
        let Some(name) = flow.trace.name.as_ref().filter(|_| !matches!(port, 80 | 443)) else { continue };
        if view.stopped(flow, Reason::Egress).is_none() {
            continue;
        }
        let rule = view.hubs().find_map(|hub| {
            let owns = hub.entry.value.compute.get(&fields.from.value).is_some();
            let mut rules = hub.rules(OutboundRuleType::Fqdn).filter(|_| owns);
            rules.find_map(|(n, r)| {
                let host = r.value.destination_fqdn.as_ref()?;
                host.value.parse::<FqdnPattern>().is_ok_and(|p| p.matches(name)).then_some((n, host.span))
            })
        });
        if let Some((rule, at)) = rule {
            findings
                .at(
                    crate::lint::place(&fields.port, flow.expectation.span),
                    format!("rule `{rule}` does not carry port {port} to {name}"),
                )
                .related(at, "the rule");
        }
    }
}
