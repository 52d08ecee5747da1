//! A public frontend that nothing opens.

use crate::dataplane::{Action, Direction, Role};
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0160",
    name: "public-frontend-without-allow",
    level: Level::Error,
    category: Category::Balancer,
    what: "A Standard public frontend with load-balancing rules whose members have no security group, or none that allows anything in.",
    why: "Standard public addresses are closed to unsolicited traffic until a security group at the member opens them.",
    fix: "attach a security group that allows the clients to the backend port",
    covers: &["LINT-NET-69"],
    sources: &["NSG-03", "LB-08"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for (_, frontend) in view.plane.endpoints.iter().filter(|(_, e)| e.segment.is_none()) {
        let Role::Balancer(balancer) = &frontend.role else { continue };
        if balancer.basic {
            continue;
        }
        for rule in &balancer.rules {
            let closed = rule.members.iter().map(|m| view.plane.endpoints.get(*m)).find(|machine| {
                let outer = machine.segment.and_then(|s| view.plane.segments.get(s).filter.as_ref());
                let filters = || outer.into_iter().chain(&machine.filter);
                let opens = |f: &crate::dataplane::Filter| {
                    f.rules.iter().any(|r| {
                        r.origin.span.is_some()
                            && r.action == Action::Allow
                            && r.direction == Some(Direction::Inbound)
                            && rule.backend_port.is_none_or(|p| r.ports.contains(p))
                    })
                };
                !machine.open_public && !filters().any(opens)
            });
            if let (Some(machine), Some(place)) = (closed, rule.origin.span) {
                findings
                    .at(place, format!("no security group opens {} for `{}`", machine.origin, rule.origin.name))
                    .related(machine.origin.span, "the member");
            }
        }
    }
}
