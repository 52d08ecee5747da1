//! A private endpoint past the firewall that should inspect it.

use crate::dataplane::Role;
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0158",
    name: "endpoint-past-firewall",
    level: Level::Error,
    category: Category::PrivateLink,
    what: "A flow to a private endpoint is expected to pass a firewall to which the client's default route leads, and does not pass it.",
    why: "A private endpoint brings a /32 route to its network and its peers. Only a route as long as the endpoint's network or longer, with route table policies on in its subnet, wins against it.",
    fix: "set private_endpoint_network_policies to RouteTableEnabled, and add a route for the endpoint's prefix",
    covers: &["LINT-NET-58", "LINT-PL-13"],
    sources: &["ROUTE-09", "PE-22", "PE-23"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for flow in view.wanted() {
        let fields = &flow.expectation.fields;
        let passed = flow.trace.elements();
        let segment = view.sender(&fields.from.value).and_then(|s| view.plane.endpoints.get(s).segment);
        let Some(subnet) = segment.and_then(|s| view.subnet_at(s)) else { continue };
        let Some((default, Some(device))) = view.default_appliance(subnet) else { continue };
        let endpoint = flow
            .trace
            .addresses
            .iter()
            .find_map(|a| view.owners(*a).find(|e| matches!(e.role, Role::PrivateEndpoint(_))));
        let missed = fields
            .through
            .iter()
            .find(|t| t.value == device.endpoint.origin.name && !passed.contains(&t.value.as_str()));
        if let (Some(endpoint), Some(missed)) = (endpoint, missed) {
            findings
                .at(
                    missed.span,
                    format!("the /32 route of {} beats the default route to `{}`", endpoint.origin, missed.value),
                )
                .related(default.entry.span, "the default route")
                .related(endpoint.origin.span, "the private endpoint");
        }
    }
}
