//! A default rule that a route table widens to everything.

use crate::dataplane::{Action, Direction, FilterRule, Matcher};
use crate::lint::cover::{class, deciders};
use crate::lint::{Category, Findings, Level, Rule, View};
use crate::net::{PortSet, Protocol, Transport};

pub(super) static RULE: Rule = Rule {
    code: "PRL0131",
    name: "virtual-network-tag-widened",
    level: Level::Warning,
    category: Category::Filter,
    what: "A subnet with a user default route to an appliance and a security group that allows something in by name and leaves the rest to AllowVnetInBound.",
    why: "A user default route may put every address into the VirtualNetwork tag, so that the platform's own rule lets in what no rule names.",
    fix: "add a deny for everything else at the end of the inbound rules",
    covers: &["LINT-NET-54"],
    sources: &["TAG-01"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for subnet in &view.subnets {
        let (Some(filter), Some(group)) = (&view.segment(subnet).filter, &subnet.entry.value.network_security_group)
        else {
            continue;
        };
        let Some((default, _)) = view.default_appliance(subnet) else { continue };
        let inward = |r: &&FilterRule| r.direction == Some(Direction::Inbound);
        let declared: Vec<&FilterRule> =
            filter.rules.iter().filter(inward).filter(|r| r.origin.span.is_some()).collect();
        let allows = declared.iter().any(|r| r.action == Action::Allow);
        // Something comes through that no declared rule decides.
        let asked =
            class(Direction::Inbound, Protocol::Only(Transport::Tcp), Matcher::any(), Matcher::any(), PortSet::all());
        let open = deciders(&asked, &declared).is_some_and(|d| d.iter().any(Option::is_none));
        if allows && open {
            findings
                .at(
                    group.span,
                    format!(
                        "`{}` on `{}` leaves the rest to AllowVnetInBound, which may hold every address there",
                        group.value, subnet.full
                    ),
                )
                .related(default.entry.span, "because of this route");
        }
    }
}
