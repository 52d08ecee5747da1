//! PaaS services: one mapping for all types, with what each type keeps elsewhere.

use super::{
    Map, Mapper, Resource, addresses::nothing, apps, compute::tags, list_of, private_link::target, service_rules,
    settings::at_public_door,
};
use crate::{
    azure::known_services::{ACCOUNT_KINDS, Cloud, DATABASE_KINDS, KnownServices},
    import::{
        draft::{Item, Key, Matters, Node, NotUnderstood, Tree},
        ids::ArmId,
        json::{Json, Value},
    },
};
use std::collections::BTreeSet;

/// What puts apps into networks, before settings that act there.
pub(super) const INTEGRATIONS: &[(&str, Map)] = &[("microsoft.web/sites/networkconfig", integration)];

pub(super) const TYPES: &[(&str, Map)] = &[
    ("microsoft.search/searchservices/sharedprivatelinkresources", shared_link),
    ("microsoft.containerregistry/registries/replications", replication),
    ("microsoft.sql/servers/connectionpolicies", connection_policy),
    ("microsoft.dbforpostgresql/flexibleservers/configurations", server_parameter),
    ("microsoft.web/sites/config", apps::configuration),
    ("microsoft.web/sites/slots", apps::slot),
    ("microsoft.web/sites/slots/config", apps::configuration),
    ("microsoft.web/sites/slots/networkconfig", nothing),
];

/// The type's own spelling, if private endpoints know it.
fn known(kind: &str) -> Option<&'static str> {
    KnownServices::get().service(Cloud::Public, kind).map(|k| k.resource_type.as_str())
}

const AGENTS: &str = "agents in a network are not modelled";

const AGENT_CALLS: &str = "its agents call others from their network, which is not modelled";

/// Types whose private endpoints or names depend on the SKU.
const SKUS: [&str; 6] = [
    "microsoft.containerregistry/registries",
    "microsoft.search/searchservices",
    "microsoft.storage/storageaccounts",
    "microsoft.servicebus/namespaces",
    "microsoft.eventhub/namespaces",
    "microsoft.appconfiguration/configurationstores",
];

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
    mapper.draft.not_understood(NotUnderstood {
        kind: parsed.kind.clone(),
        name: parsed.name().to_owned(),
        why: "it is only referred to, so that whom it admits at its public address is not known; import the file that \
              declares it, too"
            .to_owned(),
        source: from.source.clone(),
        matters: at_public_door(&parsed.kind, key, Matters::Public),
    });
}

/// A service of any known type.
pub(super) fn service(resource: &Resource, mapper: &mut Mapper<'_>) {
    let span = resource.source.span;
    let Some(kind) = known(&resource.id.kind) else { return };
    let key = resource.key("services");
    let rules = service_rules::network_rules(resource, mapper);
    let doubts = doubts(resource, mapper);
    let is_app = resource.id.kind == "microsoft.web/sites";
    let item = mapper.item(resource, "services");
    item.set("type", Node::text(kind, span));
    item.set_some("location", resource.body.at("location").and_then(Node::scalar));
    let access = ["publicNetworkAccess", "siteConfig.publicNetworkAccess", "network.publicNetworkAccess"];
    public_access(item, access.iter().find_map(|path| resource.prop(path)));
    if !rules.is_empty() {
        item.set("network_rules", Node::map(rules, span));
    }
    let needs_sku = SKUS.contains(&resource.id.kind.as_str());
    item.set_some("sku_name", resource.body.at("sku.name").and_then(Node::scalar).filter(|_| needs_sku));
    item.set_some("custom_subdomain_name", resource.scalar("customSubDomainName"));
    if resource.id.kind == "microsoft.documentdb/databaseaccounts" {
        regions(resource, item);
        interfaces(resource, item);
    }
    if resource.str("hostingMode").is_none()
        && resource.str("executionEnvironment").is_some_and(|e| e.eq_ignore_ascii_case("Private"))
    {
        item.set_some("execution_environment", resource.scalar("executionEnvironment"));
    }
    if resource.id.kind == "microsoft.storage/storageaccounts" {
        item.set_some("account_kind", kind_of(resource));
    }
    if resource.id.kind == "microsoft.cognitiveservices/accounts" {
        let known =
            |n: &Node| matches!(&n.tree, Tree::Text(t) if ACCOUNT_KINDS.iter().any(|k| k.eq_ignore_ascii_case(t)));
        item.set_some("kind", kind_of(resource).filter(known));
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
        let elsewhere = what == apps::ENVIRONMENT;
        let matters = match what {
            _ if elsewhere => Matters::Place(key.clone()),
            AUTOMATIC => Matters::Public(key.clone()),
            _ => Matters::Item(key.clone()),
        };
        mapper.unmodelled(resource, what, why, matters);
    }
    for subnet in homes(resource) {
        mapper.unmodelled(resource, "subnet", HOME, Matters::Subnet(Key::new("subnets", &subnet)));
    }
    // Agents call others from their subnet; who reaches the account is as it would be without them.
    for subnet in resource.items("networkInjections").iter().filter_map(|i| i.str_at("subnetArmId")) {
        mapper.unmodelled(resource, "networkInjections", AGENTS, Matters::Subnet(Key::new("subnets", subnet)));
    }
    if !resource.items("networkInjections").is_empty() {
        mapper.unmodelled(resource, "networkInjections", AGENT_CALLS, Matters::CallsElsewhere(key));
    }
}

/// What a store leaves unset that closes by itself once it has an endpoint.
const AUTOMATIC: &str = "publicNetworkAccess";

const HOME: &str = "it has addresses of its own in a subnet, which are not modelled";

/// Subnets that a service stands in: those that it names, but for apps, which call from them, and rules, which admit them.
fn homes(resource: &Resource) -> BTreeSet<String> {
    fn search(json: &Json, found: &mut BTreeSet<String>) {
        match &json.value {
            Value::Text(text) => {
                let is_subnet = |id: &ArmId| id.kind == "microsoft.network/virtualnetworks/subnets";
                found.extend(ArmId::parse(text).filter(is_subnet).map(|_| text.to_string()));
            }
            Value::List(items) => items.iter().for_each(|item| search(item, found)),
            Value::Object(fields) => {
                let rules =
                    |name: &str| ["rule", "acl", "injections", "privateendpoint"].iter().any(|w| name.contains(w));
                fields.iter().filter(|(k, _)| !rules(&k.to_lowercase())).for_each(|(_, v)| search(v, found));
            }
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    if let Some(properties) = resource.body.get("properties").filter(|_| resource.id.kind != "microsoft.web/sites") {
        search(properties, &mut found);
    }
    found
}

fn integrate(item: &mut Item, subnet: &str, span: crate::diag::Span, all: Option<Node>) {
    let mut fields = vec![("subnet", Node::path_of(Key::new("subnets", subnet), span))];
    fields.extend(all.filter(|n| matches!(n.tree, Tree::Bool(_))).map(|n| ("route_all_enabled", n)));
    item.set("virtual_network_integration", Node::map(fields, span));
}

/// The kind, where there is one: exports write an empty text for none.
fn kind_of(resource: &Resource) -> Option<Node> {
    resource.body.at("kind").filter(|k| k.as_str() != Some("")).and_then(Node::scalar)
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

/// The interfaces of a database, and with them its names, follow from its kind and what it can do, if both are known.
fn interfaces(resource: &Resource, item: &mut Item) {
    let known = |n: &Node| matches!(&n.tree, Tree::Text(t) if DATABASE_KINDS.iter().any(|k| k.eq_ignore_ascii_case(t)));
    let Some(kind) = kind_of(resource).filter(known) else { return };
    let all = resource.prop("capabilities").map_or(&[][..], Json::items);
    let names: Vec<Option<Node>> = all.iter().map(|c| c.at("name").and_then(Node::scalar)).collect();
    if resource.prop("capabilities").is_some_and(|c| !matches!(c.value, Value::List(_))) || names.contains(&None) {
        return;
    }
    let adds = ["enablecassandra", "enablegremlin", "enabletable", "enablemongo"];
    let adds = |n: &Node| matches!(&n.tree, Tree::Text(t) if adds.contains(&t.to_lowercase().as_str()));
    item.set("kind", kind);
    item.set_some("capabilities", list_of(names.into_iter().flatten().filter(adds)));
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
fn doubts(resource: &Resource, mapper: &Mapper<'_>) -> Vec<(&'static str, &'static str)> {
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
        "microsoft.web/sites" => found.extend(apps::doubts(resource, mapper)),
        "microsoft.appconfiguration/configurationstores" if resource.str("publicNetworkAccess").is_none() => {
            found.extend(service_rules::is_closed(resource, mapper).then_some((AUTOMATIC, "an endpoint may close it")));
        }
        "microsoft.signalrservice/signalr" | "microsoft.signalrservice/webpubsub" => found.extend(requests(resource)),
        _ => {}
    }
    found
}

/// Endpoints that a SignalR or Web PubSub service takes less than everything from.
fn requests(resource: &Resource) -> Option<(&'static str, &'static str)> {
    let rules = resource.prop("networkACLs")?;
    let narrow = |rule: &Json| !service_rules::all_requests(rule) || !rule.items_at("deny").is_empty();
    let endpoints = rules.items_at("privateEndpoints").iter().any(narrow);
    let public = rules.at("publicNetwork").is_some_and(|p| narrow(p) && !p.items_at("allow").is_empty());
    if !rules.items_at("ipRules").is_empty() {
        return Some(("networkACLs", "rules of its by address are not modelled"));
    }
    (endpoints || public).then_some(("networkACLs", "rules by kind of request are not modelled"))
}

/// Whether the public endpoint answers, where the input says so.
pub(super) fn public_access(item: &mut Item, access: Option<&Json>) {
    let Some(access) = access else { return };
    // Automation accounts have a truth value.
    let word = if access.as_bool() == Some(false) { Some("disabled") } else { access.as_str() };
    match word.map(str::to_lowercase).as_deref() {
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

/// Of the parameters of a database server, one opens a port.
fn server_parameter(resource: &Resource, mapper: &mut Mapper<'_>) {
    let Some(value) = resource.prop("value").filter(|_| resource.id.name().eq_ignore_ascii_case("pgbouncer.enabled"))
    else {
        return;
    };
    let service = resource.parent("services");
    let enabled = match (value.as_bool(), value.as_str().map(str::to_lowercase).as_deref()) {
        (Some(enabled), _) => enabled,
        (None, Some("true" | "on")) => true,
        (None, Some("false" | "off")) => false,
        _ => {
            let why = "whether it opens the port of PgBouncer is not known";
            return mapper.unmodelled(resource, "value", why, Matters::Item(service));
        }
    };
    if let Some(item) = mapper.draft.get_mut(&service) {
        item.set("pgbouncer_enabled", Node::flag(enabled, value.span));
    }
}
