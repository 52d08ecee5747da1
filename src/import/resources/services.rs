//! PaaS services: one mapping for all types, with what each type keeps elsewhere.

use super::{Map, Mapper, Resource, addresses::nothing, apps, compute::tags, list_of, private_link::target};
use crate::{
    azure::known_services::{Cloud, KnownServices},
    import::{
        draft::{Item, Key, Matters, Node, Tree},
        ids::ArmId,
        json::Json,
    },
};

/// What puts apps into networks, before settings that act there.
pub(super) const INTEGRATIONS: &[(&str, Map)] = &[("microsoft.web/sites/networkconfig", integration)];

pub(super) const TYPES: &[(&str, Map)] = &[
    ("microsoft.search/searchservices/sharedprivatelinkresources", shared_link),
    ("microsoft.containerregistry/registries/replications", replication),
    ("microsoft.sql/servers/connectionpolicies", connection_policy),
    ("microsoft.sql/servers/virtualnetworkrules", subnet_rule),
    ("microsoft.dbforpostgresql/servers/virtualnetworkrules", subnet_rule),
    ("microsoft.dbformysql/servers/virtualnetworkrules", subnet_rule),
    ("microsoft.dbformariadb/servers/virtualnetworkrules", subnet_rule),
    ("microsoft.web/sites/config", apps::configuration),
    ("microsoft.web/sites/slots", apps::slot),
    ("microsoft.web/sites/slots/config", apps::configuration),
    ("microsoft.web/sites/slots/networkconfig", nothing),
    ("microsoft.eventhub/namespaces/networkrulesets", rule_set),
    ("microsoft.servicebus/namespaces/networkrulesets", rule_set),
];

/// The type's own spelling, if private endpoints know it.
fn known(kind: &str) -> Option<&'static str> {
    KnownServices::get().service(Cloud::Public, kind).map(|k| k.resource_type.as_str())
}

const AGENTS: &str = "agents in a network are not modelled";

const ALL_OF_AZURE: &str = "it admits every address of Azure, whoever uses it; that is not modelled";

/// Types whose private endpoints depend on the SKU.
const SKUS: [&str; 3] = [
    "microsoft.servicebus/namespaces",
    "microsoft.eventhub/namespaces",
    "microsoft.appconfiguration/configurationstores",
];

/// Types whose public endpoint is closed to all that no rule admits.
const CLOSED: [&str; 7] = [
    "microsoft.sql/servers",
    "microsoft.dbforpostgresql/servers",
    "microsoft.dbforpostgresql/flexibleservers",
    "microsoft.dbformysql/servers",
    "microsoft.dbformysql/flexibleservers",
    "microsoft.dbformariadb/servers",
    "microsoft.synapse/workspaces",
];

/// The service that a resource is or is part of.
fn services_of(resource: &Resource) -> Option<Key> {
    let id = std::iter::successors(Some(resource.full_id.clone()), |id| ArmId::parse(id)?.parent()).last()?;
    Some(Key::new("services", &id))
}

/// Whether a type is a service.
pub(in crate::import) fn is_service(kind: &str) -> bool {
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
    let is_app = resource.id.kind == "microsoft.web/sites";
    let item = mapper.item(resource, "services");
    item.set("type", Node::text(kind, span));
    item.set_some("location", resource.body.at("location").and_then(Node::scalar));
    let access = ["publicNetworkAccess", "siteConfig.publicNetworkAccess", "network.publicNetworkAccess"];
    public_access(item, access.iter().find_map(|path| resource.prop(path)));
    if !rules.is_empty() {
        item.set("network_rules", Node::map(rules, span));
    }
    let needs_sku = ["microsoft.containerregistry/registries", "microsoft.search/searchservices"]
        .contains(&resource.id.kind.as_str());
    let needs_sku = needs_sku || SKUS.contains(&resource.id.kind.as_str());
    item.set_some("sku_name", resource.body.at("sku.name").and_then(Node::scalar).filter(|_| needs_sku));
    item.set_some("custom_subdomain_name", resource.scalar("customSubDomainName"));
    if resource.id.kind == "microsoft.documentdb/databaseaccounts" {
        regions(resource, item);
    }
    if resource.str("hostingMode").is_none()
        && resource.str("executionEnvironment").is_some_and(|e| e.eq_ignore_ascii_case("Private"))
    {
        item.set_some("execution_environment", resource.scalar("executionEnvironment"));
    }
    if resource.id.kind == "microsoft.storage/storageaccounts" {
        item.set_some("account_kind", resource.body.at("kind").and_then(Node::scalar));
    }
    if resource.id.kind == "microsoft.cache/redis" {
        item.set_some("non_ssl_port_enabled", resource.scalar("enableNonSslPort"));
    }
    item.set_some("identity", identity(resource));
    tags(resource, item);
    if is_app && let Some(configuration) = resource.prop("siteConfig").cloned() {
        apps::restrictions(&configuration, resource, &key, mapper);
    }
    let Some(item) = mapper.draft.get_mut(&key) else { return };
    if let Some(subnet) = resource.prop("virtualNetworkSubnetId")
        && let Some(id) = subnet.as_str().filter(|s| !s.is_empty())
    {
        let ways = [
            "vnetRouteAllEnabled",
            "siteConfig.vnetRouteAllEnabled",
            "outboundVnetRouting.allTraffic",
            "outboundVnetRouting.applicationTraffic",
        ];
        let ways: Vec<Node> = ways.iter().filter_map(|p| resource.scalar(p)).collect();
        let all = ways.iter().find(|n| n.tree == Tree::Bool(true)).or(ways.first()).cloned();
        integrate(item, id, subnet.span, all);
    }
    if is_app {
        apps::own_servers(resource, &key, mapper);
    }
    for (what, why) in doubts {
        mapper.unmodelled(resource, what, why, Matters::Item(key.clone()));
    }
    // Agents call others from their subnet; who reaches the account is as it would be without them.
    for subnet in resource.items("networkInjections").iter().filter_map(|i| i.str_at("subnetArmId")) {
        mapper.unmodelled(resource, "networkInjections", AGENTS, Matters::Subnet(Key::new("subnets", subnet)));
    }
}

fn integrate(item: &mut Item, subnet: &str, span: crate::diag::Span, all: Option<Node>) {
    let mut fields = vec![("subnet", Node::path_of(Key::new("subnets", subnet), span))];
    fields.extend(all.filter(|n| matches!(n.tree, Tree::Bool(_))).map(|n| ("route_all_enabled", n)));
    item.set("virtual_network_integration", Node::map(fields, span));
}

/// A database stands in the regions that it lists, wherever its account was made: where it is written first, and others.
fn regions(resource: &Resource, item: &mut Item) {
    let mut listed: Vec<&Json> = resource.items("locations").iter().collect();
    listed.sort_by_key(|l| l.at("failoverPriority").and_then(Json::as_int).unwrap_or(i64::MAX));
    let mut names = listed.into_iter().filter_map(|l| l.at("locationName").and_then(Node::scalar));
    if let Some(first) = names.next() {
        item.set("location", first);
        item.set_some("replica_locations", list_of(names));
    }
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
    let place = |i: &Json| i.str_at("subnetArmId").is_some_and(|s| !s.is_empty());
    if resource.items("networkInjections").iter().any(|i| !place(i)) {
        found.push(("networkInjections", AGENTS));
    }
    let other = |path: &str, usual: &str| resource.str(path).is_some_and(|t| !t.eq_ignore_ascii_case(usual));
    match resource.id.kind.as_str() {
        "microsoft.storage/storageaccounts" if other("dnsEndpointType", "Standard") => {
            found.push(("dnsEndpointType", "its names stand in zones that Azure chooses; they are not modelled"));
        }
        "microsoft.cognitiveservices/accounts" if resource.str("customSubDomainName").is_none_or(str::is_empty) => {
            found.push((
                "customSubDomainName",
                "without a custom subdomain it has the region's names only, and takes no private endpoint",
            ))
        }
        "microsoft.web/sites" => found.extend(apps::doubts(resource)),
        "microsoft.signalrservice/signalr" | "microsoft.signalrservice/webpubsub" => found.extend(requests(resource)),
        _ => {}
    }
    found
}

/// Endpoints that a SignalR or Web PubSub service takes less than everything from.
fn requests(resource: &Resource) -> Option<(&'static str, &'static str)> {
    let rules = resource.prop("networkACLs")?;
    let narrow = |rule: &Json| !all_requests(rule) || !rule.items_at("deny").is_empty();
    let endpoints = rules.items_at("privateEndpoints").iter().any(narrow);
    let public = rules.at("publicNetwork").is_some_and(|p| narrow(p) && !p.items_at("allow").is_empty());
    if !rules.items_at("ipRules").is_empty() {
        return Some(("networkACLs", "rules of its by address are not modelled"));
    }
    (endpoints || public).then_some(("networkACLs", "rules by kind of request are not modelled"))
}

/// Whether a rule allows all kinds of requests.
fn all_requests(rule: &Json) -> bool {
    let kinds = rule.items_at("allow").iter().filter_map(Json::as_str).map(str::to_lowercase);
    let kinds: std::collections::BTreeSet<String> = kinds.collect();
    ["clientconnection", "serverconnection", "restapi"].iter().all(|k| kinds.contains(*k))
}

/// Prefixes of a list that may hold plain addresses.
pub(super) fn prefixes(mut list: Node) -> Node {
    if let Tree::List(items) = &mut list.tree {
        *items = std::mem::take(items).into_iter().map(prefix).collect();
    }
    list
}

pub(super) fn prefix(node: Node) -> Node {
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
    let rules = ["networkAcls", "networkRuleSet", "networkRuleSets"].iter().find_map(|p| resource.prop(p));
    if kind.starts_with("microsoft.signalrservice/") {
        let closed = rules.is_some_and(|r| r.at("publicNetwork").is_some_and(|p| !all_requests(p)));
        if rules.is_some_and(|r| r.str_at("defaultAction").is_some_and(|a| a.eq_ignore_ascii_case("Deny"))) && closed {
            fields.push(("default_action", Node::text("Deny", resource.source.span)));
        }
        return fields;
    }
    if let Some(rules) = rules {
        rule_fields(rules, resource, mapper, &mut fields);
    }
    match kind {
        "microsoft.documentdb/databaseaccounts" => {
            rule_fields(resource.body.get("properties").unwrap_or(&resource.body), resource, mapper, &mut fields);
            // Rules by subnet act only with the filter on.
            if resource.prop("isVirtualNetworkFilterEnabled").and_then(Json::as_bool) != Some(true) {
                fields.retain(|(k, _)| *k != "virtual_network_subnets");
            }
            let closed = fields.iter().any(|(k, _)| matches!(*k, "ip_rules" | "virtual_network_subnets"));
            if closed {
                fields.push(("default_action", Node::text("Deny", resource.source.span)));
            }
        }
        // A search service with rules lets nobody else in.
        "microsoft.search/searchservices" if fields.iter().any(|(k, _)| *k == "ip_rules") => {
            fields.push(("default_action", Node::text("Deny", resource.source.span)));
        }
        // A server lets nobody in until a rule does.
        _ if CLOSED.contains(&kind) => fields.push(("default_action", Node::text("Deny", resource.source.span))),
        "microsoft.containerregistry/registries" => {
            let bypass = resource.prop("networkRuleBypassOptions").and_then(Node::scalar);
            fields.extend(list_of(bypass).map(|n| ("bypass", n)));
        }
        _ => {}
    }
    fields
}

fn rule_fields(rules: &Json, resource: &Resource, mapper: &mut Mapper<'_>, fields: &mut Vec<(&'static str, Node)>) {
    fields.extend(rules.at("defaultAction").and_then(Node::scalar).map(|n| ("default_action", n)));
    // Words with commas between them, or a list of words, as azurerm has it.
    if let Some(bypass) = rules.at("bypass").or_else(|| rules.at("networkAclBypass")) {
        let texts = bypass.items().iter().chain(std::iter::once(bypass)).filter_map(Json::as_str);
        let words = texts.flat_map(|t| t.split(',')).map(str::trim).filter(|w| !w.is_empty());
        fields.extend(list_of(words.map(|w| Node::text(w, bypass.span))).map(|n| ("bypass", n)));
    }
    let value = |r: &Json| {
        ["value", "ipMask", "ipAddressOrRange", "addressPrefix"].iter().find_map(|k| r.at(k).and_then(Node::scalar))
    };
    let service = match services_of(resource) {
        Some(key) => key,
        None => resource.key("services"),
    };
    let ips = rules.items_at("ipRules").iter().map(|r| value(r).or_else(|| Node::scalar(r)).map(prefix));
    let ips: Vec<Option<Node>> = ips.collect();
    let subnets = rules.items_at("virtualNetworkRules").iter().map(|r| {
        let keys = ["id", "subnet.id", "virtualNetworkSubnetId", "virtualNetworkResourceId"];
        let id = keys.iter().find_map(|k| r.at(k))?;
        Some(Node::path_of(Key::new("subnets", id.as_str()?), id.span))
    });
    let subnets: Vec<Option<Node>> = subnets.collect();
    let denies =
        |r: &Json| r.str_at("action").is_some_and(|a| !["allow", "accept"].contains(&a.to_lowercase().as_str()));
    let odd = rules.items_at("ipRules").iter().chain(rules.items_at("virtualNetworkRules")).any(denies);
    let azure = |n: &Node| matches!(&n.tree, Tree::Text(t) if t.starts_with("0.0.0.0/32"));
    if odd || ips.iter().chain(&subnets).any(Option::is_none) {
        let why = "a rule of its firewall cannot be told from the input";
        mapper.unmodelled(resource, "firewall", why, Matters::Item(service.clone()));
    }
    if ips.iter().flatten().any(azure) {
        mapper.unmodelled(resource, "ipRules", ALL_OF_AZURE, Matters::Item(service.clone()));
    }
    fields.extend(list_of(ips.into_iter().flatten().filter(|n| !azure(n))).map(|n| ("ip_rules", n)));
    fields.extend(list_of(subnets.into_iter().flatten()).map(|n| ("virtual_network_subnets", n)));
    let mut callers = Vec::new();
    for rule in rules.items_at("resourceAccessRules") {
        match rule.at("resourceId").and_then(Json::as_str) {
            Some(id) if !id.contains('*') => callers.push(Node::name_of(target(id), rule.span)),
            _ => mapper.unmodelled(
                resource,
                "resourceAccessRules",
                "a rule admits every resource of a type",
                Matters::Item(service.clone()),
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
    if let Some(item) = mapper.draft.get_mut(&resource.parent("services")) {
        item.set("network_rules", Node::map(fields, resource.source.span));
        public_access(item, resource.prop("publicNetworkAccess"));
    }
}

/// Whether the public endpoint answers, where the input says so.
pub(super) fn public_access(item: &mut Item, access: Option<&Json>) {
    let Some(access) = access else { return };
    match access.as_str().map(str::to_lowercase).as_deref() {
        Some("disabled") => item.set("public_network_access_enabled", Node::flag(false, access.span)),
        Some("securedbyperimeter") => {
            item.fields.retain(|(k, _)| k != "public_network_access_enabled");
            item.set_some("public_network_access", Node::scalar(access));
        }
        _ => {}
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

/// Adds a rule that lets somebody in; a service without others is closed by the first.
fn push_rule(mapper: &mut Mapper<'_>, service: &Key, field: &str, node: Node) {
    let Some(item) = mapper.draft.get_mut(service) else { return };
    if item.get("network_rules").is_none() {
        item.set("network_rules", Node::map(vec![("default_action", Node::text("Deny", node.span))], node.span));
    }
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

/// A rule by the first and last address.
pub(super) fn address_rule(resource: &Resource, mapper: &mut Mapper<'_>) {
    let key = resource.parent("services");
    let either = |path: &str| resource.str(path).or_else(|| resource.str(&path.replace("Address", "")));
    let address = |path| either(path).and_then(|t| t.parse::<std::net::Ipv4Addr>().ok()).map(u32::from);
    match (address("startIpAddress"), address("endIpAddress")) {
        (Some(0), Some(0)) => {
            mapper.unmodelled(resource, "", ALL_OF_AZURE, Matters::Item(key));
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
pub(super) fn covering(first: u32, last: u32) -> Vec<String> {
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

fn subnet_rule(resource: &Resource, mapper: &mut Mapper<'_>) {
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

/// Whether clients of a SQL server are sent on to other ports.
fn connection_policy(resource: &Resource, mapper: &mut Mapper<'_>) {
    if let Some(item) = mapper.draft.get_mut(&resource.parent("services")) {
        item.set_some("connection_policy", resource.scalar("connectionType"));
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
