//! Web application firewalls: of what they do to requests, only rules that go by who asks are about reachability.

use super::{Map, Mapper, Resource, addresses::nothing, id_of};
use crate::import::{
    draft::{Key, Matters},
    ids::ArmId,
    json::Json,
};

pub(super) const TYPES: &[(&str, Map)] =
    &[("microsoft.network/applicationgatewaywebapplicationfirewallpolicies", nothing)];

/// Puts a gateway in doubt that has a policy whose own rules block by address, or one that the input does not hold.
pub(super) fn doubt(gateway: &Resource, key: &Key, mapper: &mut Mapper<'_>) {
    let own = gateway.prop("firewallPolicy");
    let listeners = gateway.items("httpListeners").iter().filter_map(|l| l.at("properties.firewallPolicy"));
    let paths = gateway.items("urlPathMaps").iter().flat_map(|m| m.items_at("properties.pathRules"));
    let paths = paths.filter_map(|r| r.at("properties.firewallPolicy"));
    let all: Vec<String> =
        own.into_iter().chain(listeners).chain(paths).filter_map(|p| Some(id_of(Some(p))?.0.to_owned())).collect();
    for id in all {
        let name = ArmId::parse(&id).map_or_else(|| id.clone(), |i| i.name().to_owned());
        let why = match mapper.find(&id) {
            None => format!("its web application firewall policy {name} is not in the input, and may block by address"),
            Some(policy) if blocks(policy) => {
                format!("rules of the web application firewall policy {name} block by who asks; they are not modelled")
            }
            Some(_) => continue,
        };
        mapper.unmodelled(gateway, "firewallPolicy", &why, Matters::Item(key.clone()));
    }
}

/// Whether a rule of the policy's own blocks requests for where they come from, or all of them.
fn blocks(policy: &Resource) -> bool {
    let is = |json: Option<&str>, word: &str| json.is_some_and(|w| w.eq_ignore_ascii_case(word));
    if is(policy.str("policySettings.state"), "Disabled") || is(policy.str("policySettings.mode"), "Detection") {
        return false;
    }
    let by_address = |condition: &Json| {
        let variables = condition.items_at("matchVariables").iter();
        let by = |v: &Json| ["RemoteAddr", "SocketAddr"].iter().any(|w| is(v.str_at("variableName"), w));
        is(condition.str_at("operator"), "Any") || variables.into_iter().any(by)
    };
    policy.items("customRules").iter().any(|rule| {
        is(rule.str_at("action"), "Block")
            && !is(rule.str_at("state"), "Disabled")
            && !is(rule.str_at("ruleType"), "RateLimitRule")
            && rule.items_at("matchConditions").iter().any(by_address)
    })
}
