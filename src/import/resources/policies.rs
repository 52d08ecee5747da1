//! DNS security policies, and service endpoint policies.

use super::{Map, Mapper, Resource, addresses::nothing, id_of, list_of, name_of, private_link::target};
use crate::import::{
    draft::{Matters, Node},
    ids::ArmId,
    json::Json,
};

pub(super) const TYPES: &[(&str, Map)] = &[
    ("microsoft.network/dnsresolverdomainlists", nothing),
    ("microsoft.network/dnsresolverpolicies", name_policy),
    ("microsoft.network/dnsresolverpolicies/dnssecurityrules", name_rule),
    ("microsoft.network/dnsresolverpolicies/virtualnetworklinks", name_link),
    ("microsoft.network/serviceendpointpolicies", endpoint_policy),
    ("microsoft.network/serviceendpointpolicies/serviceendpointpolicydefinitions", definition),
];

const NAME_POLICIES: &str = "dns_security_policies";

const ENDPOINT_POLICIES: &str = "service_endpoint_policies";

fn name_policy(resource: &Resource, mapper: &mut Mapper<'_>) {
    let span = resource.source.span;
    let item = mapper.item(resource, NAME_POLICIES);
    if item.get("virtual_networks").is_none() {
        item.set("virtual_networks", Node::list(Vec::new(), span));
    }
}

fn name_link(resource: &Resource, mapper: &mut Mapper<'_>) {
    let network = name_of(resource.prop("virtualNetwork"), "virtual_networks");
    if let (Some(network), Some(policy)) = (network, mapper.draft.get_mut(&resource.parent(NAME_POLICIES))) {
        policy.push("virtual_networks", network);
    }
}

fn name_rule(resource: &Resource, mapper: &mut Mapper<'_>) {
    if resource.str("dnsSecurityRuleState").is_some_and(|s| s.eq_ignore_ascii_case("Disabled")) {
        return;
    }
    let (mut domains, mut whole) = (Vec::new(), true);
    for list in resource.items("dnsResolverDomainLists") {
        let list = id_of(Some(list)).and_then(|(id, _)| mapper.find(id));
        let known = list.map_or(&[][..], |l| l.items("domains"));
        domains.extend(known.iter().filter_map(Node::scalar));
        whole &= !known.is_empty();
    }
    if !whole {
        let why = "a list of domains that it names is not in the input; add `az dns-resolver domain-list list`";
        mapper.unmodelled(resource, "dnsResolverDomainLists", why, Matters::Everywhere);
    }
    if !resource.items("managedDomainLists").is_empty() {
        // Names of attackers: no name of a design is among them.
        let why = "lists of domains that Azure keeps are not in the input";
        mapper.unmodelled(resource, "managedDomainLists", why, Matters::No);
    }
    let Some(domains) = list_of(domains) else { return };
    let item = mapper.child(resource, "dns_security_rules", NAME_POLICIES, "rules");
    item.set_some("priority", resource.scalar("priority"));
    item.set_some("action", resource.scalar("action.actionType"));
    item.set("domains", domains);
}

fn endpoint_policy(resource: &Resource, mapper: &mut Mapper<'_>) {
    mapper.item(resource, ENDPOINT_POLICIES);
    let list = "serviceEndpointPolicyDefinitions";
    for (number, part) in resource.items(list).iter().enumerate() {
        if let Some(part) = mapper.inline(part, list, number, resource, list) {
            definition(&part, mapper);
        }
    }
}

/// Accounts of a definition: those that it names, and those of groups and subscriptions that it names. Accounts beyond
/// the input are nobody's target.
fn definition(resource: &Resource, mapper: &mut Mapper<'_>) {
    // Services of Azure's own (`Global`) bring accounts of the platform only.
    if resource.str("service").is_some_and(|s| !s.eq_ignore_ascii_case("Microsoft.Storage")) {
        return;
    }
    let mut accounts: Vec<Node> = Vec::new();
    let mut add = |id: &str, at: &Json| {
        let node = Node::name_of(target(id), at.span);
        if !accounts.iter().any(|a| a.tree == node.tree) {
            accounts.push(node);
        }
    };
    let is_account = |kind: &str| kind == "microsoft.storage/storageaccounts";
    for named in resource.items("serviceResources") {
        let Some(id) = named.as_str() else { continue };
        if ArmId::parse(id).is_some_and(|i| is_account(&i.kind)) {
            if mapper.find(id).is_some() {
                add(id, named);
            }
            continue;
        }
        let inside = format!("{}/", id.trim_end_matches('/').to_lowercase());
        for (_, account) in mapper.all.range(inside.clone()..).take_while(|(k, _)| k.starts_with(&inside)) {
            if is_account(&account.id.kind) {
                add(&account.full_id, named);
            }
        }
    }
    let item = mapper.child(resource, "endpoint_definitions", ENDPOINT_POLICIES, "definitions");
    item.set_some("service", resource.scalar("service"));
    item.set("service_resources", Node::list(accounts, resource.source.span));
}

/// The policies of a subnet.
pub(super) fn of_subnet(resource: &Resource) -> Option<Node> {
    let policies = resource.items("serviceEndpointPolicies").iter();
    list_of(policies.filter_map(|p| name_of(Some(p), ENDPOINT_POLICIES)))
}
