//! A NAT gateway that nothing uses.

use crate::azure::model::network::NextHopType;
use crate::dataplane::NextHop;
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0148",
    name: "idle-nat-gateway",
    level: Level::Warning,
    category: Category::Outbound,
    what: "A NAT gateway on a subnet whose default route leads to an appliance or a gateway, without a route to the internet.",
    why: "The default route takes the traffic before the NAT gateway sees it.",
    fix: "remove the NAT gateway, or route to the internet what should use it",
    covers: &["LINT-NET-64"],
    sources: &["NAT-02"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for subnet in &view.subnets {
        let Some(nat) = &subnet.entry.value.nat_gateway else { continue };
        let Some(default) = view.default_route(subnet).filter(|d| d.hop != NextHop::Internet) else { continue };
        if !view.user_routes(subnet).any(|r| r.leads_to(NextHopType::Internet)) {
            findings
                .at(
                    nat.span,
                    format!(
                        "nothing of `{}` reaches `{}`, because {} takes it",
                        subnet.full, nat.value, default.origin
                    ),
                )
                .related(default.origin.span, "the default route");
        }
    }
}
