//! Private endpoints on a hub with a private policy, without route table policies.

use crate::azure::model::network::PrivateEndpointNetworkPolicies as Policies;
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0170",
    name: "wan-endpoint-replies-inspected",
    level: Level::Warning,
    category: Category::VirtualWan,
    what: "A private endpoint in a network on a hub with a private policy, in a subnet where route tables do not act on endpoints.",
    why: "What comes from a site to the endpoint passes the firewall by, and the endpoint's replies are sent to it.",
    fix: "set private_endpoint_network_policies to RouteTableEnabled on the endpoints' subnet",
    covers: &["LINT-NET-81"],
    sources: &["ASYM-07", "VWAN-20"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for (_, connection) in view.estate.virtual_hub_connections.iter() {
        let hub = view.estate.virtual_hubs.get(&connection.value.virtual_hub.value);
        let private = hub.and_then(|h| h.value.routing_intent.as_ref()?.private_traffic.as_ref());
        let Some(firewall) = private else { continue };
        for subnet in view.subnets_of(&connection.value.remote_virtual_network.value) {
            let policies = &subnet.entry.value.private_endpoint_network_policies;
            let inspected = matches!(policies.value, Policies::Enabled | Policies::RouteTableEnabled);
            let endpoint = view.guests(&subnet.full).first().copied();
            if let (false, Some((name, endpoint))) = (inspected, endpoint) {
                findings
                    .at(
                        crate::lint::place(policies, subnet.entry.span),
                        format!(
                            "what reaches `{name}` in `{}` passes `{}` by, and its replies do not",
                            subnet.full, firewall.value
                        ),
                    )
                    .related(endpoint.span, "the private endpoint");
            }
        }
    }
}
