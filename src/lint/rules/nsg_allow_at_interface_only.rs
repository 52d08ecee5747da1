//! An allow at the interface that the subnet denies.

use crate::dataplane::{Action, Direction, FilterRule};
use crate::lint::cover::{Fate, addresses, fate};
use crate::lint::{Category, Findings, Level, Rule, View};
use crate::net::Prefix;

pub(super) static RULE: Rule = Rule {
    code: "PRL0127",
    name: "nsg-allow-at-interface-only",
    level: Level::Warning,
    category: Category::Filter,
    what: "A rule that allows something at an interface while the security group of the subnet denies all of it.",
    why: "Inbound traffic must pass both groups, the subnet's first; the second is not asked after a denial.",
    fix: "allow it in the group of the subnet, too, or keep one of the two groups",
    covers: &["LINT-NET-44"],
    sources: &["NSG-02"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for subnet in &view.subnets {
        let Some(outer) = &view.segment(subnet).filter else { continue };
        let outer_rules: Vec<&FilterRule> =
            outer.rules.iter().filter(|r| r.direction == Some(Direction::Inbound)).collect();
        for (_, member) in view.members(subnet) {
            let Some(inner) = member.filter.as_ref().filter(|f| f.origin.name != outer.origin.name) else { continue };
            for rule in &inner.rules {
                let opens = rule.origin.span.is_some()
                    && rule.action == Action::Allow
                    && rule.direction == Some(Direction::Inbound);
                if !opens {
                    continue;
                }
                // What the rule opens here is traffic to this interface.
                let reaches = member.addresses.iter().any(|a| rule.to.addresses.contains(*a));
                let here =
                    FilterRule { to: addresses(member.addresses.iter().map(|a| Prefix::host(*a))), ..rule.clone() };
                if let (true, Some(span), Some(Fate::Denied)) = (reaches, rule.origin.span, fate(&here, &outer_rules)) {
                    findings
                        .at(
                            span,
                            format!(
                                "`{}/{}` opens {}, but `{}` of subnet `{}` denies all of it",
                                inner.origin.name, rule.origin.name, member.origin, outer.origin.name, subnet.full
                            ),
                        )
                        .related(outer.origin.span, "the subnet's group comes first");
                }
            }
        }
    }
}
