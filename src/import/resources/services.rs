//! PaaS services: one mapping for all types, with what each type keeps elsewhere.

use super::{Map, Mapper, Resource, compute::tags, list_of, private_link::target};
use crate::{
    azure::known_services::{Cloud, KnownServices},
    import::{
        draft::{Key, Matters, Node, Tree},
        ids::ArmId,
        json::Json,
    },
};

pub(super) const TYPES: &[(&str, Map)] = &[
    ("microsoft.search/searchservices/sharedprivatelinkresources", shared_link),
    ("microsoft.containerregistry/registries/replications", replication),
    ("microsoft.sql/servers/firewallrules", sql_rule),
    ("microsoft.sql/servers/virtualnetworkrules", sql_network),
    ("microsoft.web/sites/networkconfig", integration),
    ("microsoft.web/sites/config", site_config),
    ("microsoft.eventhub/namespaces/networkrulesets", rule_set),
    ("microsoft.servicebus/namespaces/networkrulesets", rule_set),
];

/// The type's own spelling, if private endpoints know it.
fn known(kind: &str) -> Option<&'static str> {
    KnownServices::get().service(Cloud::Public, kind).map(|k| k.resource_type.as_str())
}

/// Whether a type is a service.
pub(super) fn is_service(kind: &str) -> bool {
    known(kind).is_some() && kind.matches('/').count() == 1
}

/// Declares a target that is only referred to, so that its endpoints have a name to answer.
pub(super) fn refer(id: &str, key: &Key, from: &Resource, mapper: &mut Mapper<'_>) {
    if key.collection != "services" || mapper.find(id).is_some_and(|r| !r.existing) || mapper.draft.get(key).is_some() {
        return;
    }
    let Some(parsed) = ArmId::parse(id) else { return };
    let Some(kind) = known(&parsed.kind) else { return };
    let item = mapper.draft.item(key, parsed.name(), &from.source);
    item.set("type", Node::text(kind, from.source.span));
    item.note("Only referred to: its own settings are not in the input, so Azure's defaults stand in for them.");
}

/// A service of any known type.
pub(super) fn service(resource: &Resource, mapper: &mut Mapper<'_>) {
    let span = resource.source.span;
    let Some(kind) = known(&resource.id.kind) else { return };
    let key = resource.key("services");
    let rules = network_rules(resource, mapper);
    let doubts = doubts(resource);
    let item = mapper.item(resource, "services");
    item.set("type", Node::text(kind, span));
    item.set_some("location", resource.body.at("location").and_then(Node::scalar));
    let access = resource.prop("publicNetworkAccess").or_else(|| resource.prop("siteConfig.publicNetworkAccess"));
    match access.and_then(Json::as_str).map(str::to_lowercase).as_deref() {
        Some("disabled") => {
            item.set("public_network_access_enabled", Node::flag(false, access.map_or(span, |a| a.span)))
        }
        Some("securedbyperimeter") => item.set_some("public_network_access", access.and_then(Node::scalar)),
        _ => {}
    }
    if !rules.is_empty() {
        item.set("network_rules", Node::map(rules, span));
    }
    let needs_sku = ["microsoft.containerregistry/registries", "microsoft.search/searchservices"]
        .contains(&resource.id.kind.as_str());
    item.set_some("sku_name", resource.body.at("sku.name").and_then(Node::scalar).filter(|_| needs_sku));
    item.set_some("custom_subdomain_name", resource.scalar("customSubDomainName"));
    if resource.id.kind == "microsoft.documentdb/databaseaccounts" {
        let own = resource.body.str_at("location").unwrap_or_default().to_lowercase().replace(' ', "");
        let replicas = resource.items("locations").iter().filter_map(|l| l.at("locationName").and_then(Node::scalar));
        let others = replicas.filter(|n| !matches!(&n.tree, Tree::Text(t) if t.to_lowercase().replace(' ', "") == own));
        item.set_some("replica_locations", list_of(others));
    }
    if resource.str("hostingMode").is_none()
        && resource.str("executionEnvironment").is_some_and(|e| e.eq_ignore_ascii_case("Private"))
    {
        item.set_some("execution_environment", resource.scalar("executionEnvironment"));
    }
    item.set_some("identity", identity(resource));
    tags(resource, item);
    if let Some(subnet) = resource.prop("virtualNetworkSubnetId")
        && let Some(id) = subnet.as_str().filter(|s| !s.is_empty())
    {
        let all = ["vnetRouteAllEnabled", "siteConfig.vnetRouteAllEnabled", "outboundVnetRouting.allTraffic"];
        integrate(item, id, subnet.span, all.iter().find_map(|p| resource.scalar(p)));
    }
    for (what, why) in doubts {
        mapper.unmodelled(resource, what, why, Matters::Item(key.clone()));
    }
}

fn integrate(item: &mut crate::import::draft::Item, subnet: &str, span: crate::diag::Span, all: Option<Node>) {
    let mut fields = vec![("subnet", Node::path_of(Key::new("subnets", subnet), span))];
    fields.extend(all.filter(|n| matches!(n.tree, Tree::Bool(_))).map(|n| ("route_all_enabled", n)));
    item.set("virtual_network_integration", Node::map(fields, span));
}

/// Who the service is when it calls others.
pub(super) fn identity(resource: &Resource) -> Option<Node> {
    let kind = resource.body.at("identity.type")?;
    let words = kind.as_str()?.to_lowercase().replace(' ', "");
    let spelled = match words.as_str() {
        "systemassigned" => "SystemAssigned",
        "userassigned" => "UserAssigned",
        "systemassigned,userassigned" => "SystemAssigned, UserAssigned",
        _ => return None,
    };
    let name = Node::text(format!("{}-identity", resource.id.name()), kind.span);
    Some(Node::map(vec![("type", Node::text(spelled, kind.span)), ("name", name)], kind.span))
}

/// Settings of the public endpoint that are not modelled.
fn doubts(resource: &Resource) -> Vec<(&'static str, &'static str)> {
    let mut found = Vec::new();
    let restricted = ["siteConfig.ipSecurityRestrictions", "siteConfig.scmIpSecurityRestrictions"];
    let allows_all = |r: &Json| {
        r.str_at("ipAddress").is_none_or(|a| a.eq_ignore_ascii_case("Any"))
            && r.str_at("action").is_none_or(|a| a.eq_ignore_ascii_case("Allow"))
            && r.at("vnetSubnetResourceId").is_none()
    };
    if restricted.iter().flat_map(|p| resource.items(p)).any(|r| !allows_all(r)) {
        found.push(("ipSecurityRestrictions", "access restrictions of apps are not modelled"));
    }
    if !resource.items("networkInjections").is_empty() {
        found.push(("networkInjections", "agents in a network are not modelled"));
    }
    found
}

fn prefix(node: Node) -> Node {
    match &node.tree {
        Tree::Text(t) => match t.parse::<std::net::IpAddr>() {
            Ok(address) => {
                Node { tree: Tree::Text(format!("{t}/{}", if address.is_ipv4() { 32 } else { 128 })), ..node }
            }
            Err(_) => node,
        },
        _ => node,
    }
}

fn network_rules(resource: &Resource, mapper: &mut Mapper<'_>) -> Vec<(&'static str, Node)> {
    let mut fields = Vec::new();
    let kind = resource.id.kind.as_str();
    let rules = resource.prop("networkAcls").or_else(|| resource.prop("networkRuleSet"));
    if let Some(rules) = rules {
        rule_fields(rules, resource, mapper, &mut fields);
    }
    match kind {
        "microsoft.documentdb/databaseaccounts" => {
            rule_fields(resource.body.get("properties").unwrap_or(&resource.body), resource, mapper, &mut fields);
            let closed = fields.iter().any(|(k, _)| matches!(*k, "ip_rules" | "virtual_network_subnets"));
            if closed {
                fields.push(("default_action", Node::text("Deny", resource.source.span)));
            }
        }
        // A server lets nobody in until a rule does.
        "microsoft.sql/servers" => fields.push(("default_action", Node::text("Deny", resource.source.span))),
        "microsoft.containerregistry/registries" => {
            let off = resource.str("networkRuleBypassOptions").is_some_and(|b| b.eq_ignore_ascii_case("None"));
            if off {
                fields
                    .push(("bypass", Node::list(vec![Node::text("None", resource.source.span)], resource.source.span)));
            }
        }
        _ => {}
    }
    fields
}

fn rule_fields(rules: &Json, resource: &Resource, mapper: &mut Mapper<'_>, fields: &mut Vec<(&'static str, Node)>) {
    fields.extend(rules.at("defaultAction").and_then(Node::scalar).map(|n| ("default_action", n)));
    let bypass = rules.at("bypass").or_else(|| rules.at("networkAclBypass"));
    if let Some(bypass) = bypass
        && let Some(words) = bypass.as_str()
    {
        let words = words.split(',').map(str::trim).filter(|w| !w.is_empty());
        fields.extend(list_of(words.map(|w| Node::text(w, bypass.span))).map(|n| ("bypass", n)));
    }
    let value = |r: &Json| {
        ["value", "ipMask", "ipAddressOrRange", "addressPrefix"].iter().find_map(|k| r.at(k).and_then(Node::scalar))
    };
    let ips = rules.items_at("ipRules").iter().filter_map(|r| value(r).or_else(|| Node::scalar(r))).map(prefix);
    fields.extend(list_of(ips).map(|n| ("ip_rules", n)));
    let subnets = rules.items_at("virtualNetworkRules").iter().filter_map(|r| {
        let id = r.at("id").or_else(|| r.at("subnet.id")).or_else(|| r.at("virtualNetworkSubnetId"))?;
        Some(Node::path_of(Key::new("subnets", id.as_str()?), id.span))
    });
    fields.extend(list_of(subnets).map(|n| ("virtual_network_subnets", n)));
    let mut callers = Vec::new();
    for rule in rules.items_at("resourceAccessRules") {
        match rule.at("resourceId").and_then(Json::as_str) {
            Some(id) if !id.contains('*') => callers.push(Node::name_of(target(id), rule.span)),
            _ => mapper.unmodelled(
                resource,
                "resourceAccessRules",
                "a rule admits every resource of a type",
                Matters::Item(resource.key("services")),
            ),
        }
    }
    fields.extend(list_of(callers).map(|n| ("private_link_access", n)));
}

/// Rules of an event hub or service bus stand in a part of their own.
fn rule_set(resource: &Resource, mapper: &mut Mapper<'_>) {
    let mut fields = Vec::new();
    if let Some(properties) = resource.body.get("properties") {
        rule_fields(properties, resource, mapper, &mut fields);
    }
    if resource.prop("trustedServiceAccessEnabled").and_then(Json::as_bool) == Some(true) {
        fields.push((
            "bypass",
            Node::list(vec![Node::text("AzureServices", resource.source.span)], resource.source.span),
        ));
    }
    let off = resource.str("publicNetworkAccess").is_some_and(|a| a.eq_ignore_ascii_case("Disabled"));
    if let Some(item) = mapper.draft.get_mut(&resource.parent("services")) {
        item.set("network_rules", Node::map(fields, resource.source.span));
        if off {
            item.set("public_network_access_enabled", Node::flag(false, resource.source.span));
        }
    }
}

fn shared_link(resource: &Resource, mapper: &mut Mapper<'_>) {
    let item = mapper.child(resource, "shared_links", "services", "shared_private_links");
    let to = resource.prop("privateLinkResourceId").and_then(|id| Some(Node::name_of(target(id.as_str()?), id.span)));
    item.set_some("target", to);
    item.set_some("group_id", resource.scalar("groupId"));
    item.set_some("status", resource.scalar("status"));
}

fn replication(resource: &Resource, mapper: &mut Mapper<'_>) {
    if let (Some(location), Some(item)) =
        (resource.body.at("location").and_then(Node::scalar), mapper.draft.get_mut(&resource.parent("services")))
    {
        item.push("replica_locations", location);
    }
}

fn push_rule(mapper: &mut Mapper<'_>, service: &Key, field: &str, node: Node) {
    let Some(item) = mapper.draft.get_mut(service) else { return };
    if let Some((_, rules)) = item.fields.iter_mut().find(|(k, _)| k == "network_rules")
        && let Tree::Map(fields) = &mut rules.tree
    {
        match fields.iter_mut().find(|(k, _)| k == field) {
            Some((_, Node { tree: Tree::List(items), .. })) => items.push(node),
            _ => {
                let span = node.span;
                fields.push((field.to_owned(), Node::list(vec![node], span)));
            }
        }
    }
}

fn sql_rule(resource: &Resource, mapper: &mut Mapper<'_>) {
    let key = resource.parent("services");
    let address = |path| resource.str(path).and_then(|t| t.parse::<std::net::Ipv4Addr>().ok()).map(u32::from);
    match (address("startIpAddress"), address("endIpAddress")) {
        (Some(0), Some(0)) => {
            let why = "it admits every address of Azure, whoever uses it; that is not modelled";
            mapper.unmodelled(resource, "", why, Matters::Item(key));
        }
        (Some(first), Some(last)) if first <= last => {
            for text in covering(first, last) {
                push_rule(mapper, &key, "ip_rules", Node::text(text, resource.source.span));
            }
        }
        _ => mapper.unmodelled(resource, "", "its addresses are known only after deployment", Matters::Item(key)),
    }
}

/// The prefixes that make up a range of addresses.
fn covering(first: u32, last: u32) -> Vec<String> {
    let mut found = Vec::new();
    let (mut at, end) = (u64::from(first), u64::from(last) + 1);
    while at < end {
        let aligned = if at == 0 { 32 } else { at.trailing_zeros().min(32) };
        let fits = 63 - (end - at).leading_zeros();
        let bits = aligned.min(fits);
        let address = std::net::Ipv4Addr::from(u32::try_from(at).unwrap_or(u32::MAX));
        found.push(format!("{address}/{}", 32 - bits));
        at += 1_u64 << bits;
    }
    found
}

fn sql_network(resource: &Resource, mapper: &mut Mapper<'_>) {
    if let Some(subnet) = resource.prop("virtualNetworkSubnetId")
        && let Some(id) = subnet.as_str()
    {
        let node = Node::path_of(Key::new("subnets", id), subnet.span);
        push_rule(mapper, &resource.parent("services"), "virtual_network_subnets", node);
    }
}

fn integration(resource: &Resource, mapper: &mut Mapper<'_>) {
    let subnet = resource.prop("subnetResourceId");
    if let (Some(subnet), Some(item)) = (subnet, mapper.draft.get_mut(&resource.parent("services")))
        && let Some(id) = subnet.as_str()
    {
        integrate(item, id, subnet.span, None);
    }
}

fn site_config(resource: &Resource, mapper: &mut Mapper<'_>) {
    if !resource.items("ipSecurityRestrictions").is_empty() {
        let why = "access restrictions of apps are not modelled";
        mapper.unmodelled(resource, "ipSecurityRestrictions", why, Matters::Item(resource.parent("services")));
    }
}

#[cfg(test)]
mod tests {
    use super::covering;

    #[test]
    fn ranges_become_prefixes() {
        let range = |a: [u8; 4], b: [u8; 4]| covering(u32::from_be_bytes(a), u32::from_be_bytes(b));
        assert_eq!(range([203, 0, 113, 4], [203, 0, 113, 4]), ["203.0.113.4/32"]);
        assert_eq!(range([203, 0, 113, 1], [203, 0, 113, 4]), ["203.0.113.1/32", "203.0.113.2/31", "203.0.113.4/32"]);
        assert_eq!(range([0, 0, 0, 0], [255, 255, 255, 255]), ["0.0.0.0/0"]);
    }
}
