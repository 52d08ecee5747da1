//! A public address whose replies pass a firewall.

use crate::dataplane::{NextHop, Role};
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0124",
    name: "public-ip-behind-firewall-default",
    level: Level::Error,
    category: Category::Routing,
    what: "A machine with a public address in a subnet whose default route leads to a firewall, an appliance or a gateway.",
    why: "Requests from the internet come in directly and replies leave by the default route; the device drops them, because it did not see the connection begin.",
    fix: "publish the machine by a NAT rule of the firewall or an application gateway, and remove the public address",
    covers: &["LINT-NET-29"],
    sources: &["ASYM-03"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for (name, machine) in view.estate.virtual_machines.iter() {
        let Some(public) = &machine.value.public_ip else { continue };
        let Some(subnet) = view.subnet(&machine.value.subnet.value) else { continue };
        let Some(default) = view.default_route(subnet) else { continue };
        // An appliance with a public address of its own translates what it sends there.
        let forwards = view
            .members(subnet)
            .any(|(_, e)| e.origin.name == name && matches!(&e.role, Role::Host(h) if h.forwarding.enabled));
        if !matches!(default.hop, NextHop::Internet | NextHop::Drop(_)) && !forwards {
            findings
                .at(
                    public.span,
                    format!("replies of `{name}` to the internet leave `{}` by {}", subnet.full, default.origin),
                )
                .related(default.origin.span, "the default route");
        }
    }
}
