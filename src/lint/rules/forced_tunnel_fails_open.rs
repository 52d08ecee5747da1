//! A forced tunnel that fails open.

use crate::dataplane::{Direction, FilterRule, Matcher, NextHop, Role, RouteSource};
use crate::lint::cover::{Fate, class, fate, tag};
use crate::lint::{Category, Findings, Level, Rule, View};
use crate::net::{PortSet, Protocol, Transport};

pub(super) static RULE: Rule = Rule {
    code: "PRL0163",
    name: "forced-tunnel-fails-open",
    level: Level::Warning,
    category: Category::Routing,
    what: "A subnet whose default route is a learned one only, with a way out to the internet of its own and no security group that denies the internet.",
    why: "When the announcement is withdrawn, the platform's own default route returns and the subnet leaves directly.",
    fix: "deny Internet in the outbound rules of the subnet, or make it private with default_outbound_access_enabled false",
    covers: &["LINT-NET-73"],
    sources: &["ROUTE-20", "ER-03"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let mut seen = std::collections::BTreeSet::new();
    for subnet in &view.subnets {
        // What a virtual hub sends to its own firewall is not announced by anybody who could withdraw it.
        let learned =
            |d: &&crate::dataplane::Route| d.source == RouteSource::Gateway && !matches!(d.hop, NextHop::Router(_));
        let Some(default) = view.default_route(subnet).filter(learned) else { continue };
        let hosts = view.members(subnet).filter(|(_, e)| matches!(e.role, Role::Host(_))).count();
        let out = subnet.entry.value.default_outbound_access_enabled.value || subnet.entry.value.nat_gateway.is_some();
        let asked = class(
            Direction::Outbound,
            Protocol::Only(Transport::Tcp),
            Matcher::any(),
            tag("Internet"),
            PortSet::one(443),
        );
        let rules: Vec<&FilterRule> = view.segment(subnet).filter.iter().flat_map(|f| &f.rules).collect();
        let denied = !rules.is_empty() && fate(&asked, &rules) == Some(Fate::Denied);
        if hosts > 0 && out && !denied && seen.insert(subnet.full.as_str()) {
            findings
                .at(
                    subnet.entry.span,
                    format!("`{}` is kept from the internet only while {} is announced", subnet.full, default.prefix),
                )
                .related(default.origin.span, "learned here");
        }
    }
}
