//! A route to a machine that does not forward.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0110",
    name: "next-hop-does-not-forward",
    level: Level::Error,
    category: Category::Routing,
    what: "A user route to a machine whose interface, or a further interface it forwards by, has no IP forwarding.",
    why: "The platform drops what reaches or leaves an interface under a foreign address unless IP forwarding is on there.",
    fix: "set ip_forwarding_enabled on every interface of the appliance",
    covers: &["LINT-NET-10"],
    sources: &["NVA-01", "UDR-02"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let mut seen = std::collections::BTreeSet::new();
    for subnet in &view.subnets {
        for route in view.user_routes(subnet) {
            let Some(device) = route.appliance().and_then(|a| view.device(subnet.vnet, a)) else { continue };
            let owned = match device.endpoint.origin.kind {
                "virtual_machine" => device.endpoint.origin.name.as_str(),
                "network_interface" => device.endpoint.origin.name.split('/').next().unwrap_or_default(),
                _ => continue,
            };
            let Some(machine) = view.estate.virtual_machines.get(owned).filter(|_| seen.insert(owned)) else {
                continue;
            };
            let name = owned;
            let main = &machine.value.ip_forwarding_enabled;
            let hop = route.entry.value.next_hop_in_ip_address.as_ref().map(|h| h.span);
            let mut report = |place, what: String| {
                findings
                    .at(
                        place,
                        format!(
                            "{what} of `{name}`, the next hop of `{}/{}`, does not forward",
                            route.table, route.name
                        ),
                    )
                    .related(hop, "routes lead to it");
            };
            if !main.value {
                report(crate::lint::place(main, machine.span), "the interface".to_owned());
            }
            // A further interface matters on something that is declared to forward.
            for (nic, further) in machine.value.secondary_network_interfaces.iter() {
                if machine.value.network_appliance.is_some() && !further.value.ip_forwarding_enabled.value {
                    report(
                        crate::lint::place(&further.value.ip_forwarding_enabled, further.span),
                        format!("interface `{nic}`"),
                    );
                }
            }
        }
    }
}
