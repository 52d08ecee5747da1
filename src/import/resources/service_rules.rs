//! Who a service lets in at its public endpoint: rules by subnet, address and caller.

use super::{Map, Mapper, Resource, list_of, private_link::target, services::public_access, settings::at_public_door};
use crate::{
    azure::known_services::admits_all_of_azure,
    import::{
        draft::{Key, Matters, Node, Tree},
        ids::ArmId,
        json::{Json, Value},
    },
};

pub(super) const TYPES: &[(&str, Map)] = &[
    ("microsoft.sql/servers/virtualnetworkrules", subnet_rule),
    ("microsoft.dbforpostgresql/servers/virtualnetworkrules", subnet_rule),
    ("microsoft.dbformysql/servers/virtualnetworkrules", subnet_rule),
    ("microsoft.dbformariadb/servers/virtualnetworkrules", subnet_rule),
    ("microsoft.eventhub/namespaces/networkrulesets", rule_set),
    ("microsoft.servicebus/namespaces/networkrulesets", rule_set),
];

const UNDOCUMENTED: &str = "what a rule for 0.0.0.0 admits is not documented for this type";

const NOBODY: &str =
    "it admits selected networks, and selects none; whether it admits nobody or everybody is not documented";

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

/// Names of the object that holds the rules of a service.
const FIREWALLS: &[&str] = &["networkAcls", "networkRuleSet", "networkRuleSets"];

/// The same of services that have their rules among their other properties.
const TOP: &[&str] = &["ipRules", "virtualNetworkRules"];

/// What the rules of a type of service stand in. Tools call those of storage accounts otherwise than Azure itself.
fn firewall_of(kind: &str) -> &'static [&'static str] {
    match kind {
        "microsoft.storage/storageaccounts" => &["networkAcls", "networkRuleSet"],
        "microsoft.containerregistry/registries" | "microsoft.search/searchservices" => &["networkRuleSet"],
        "microsoft.devices/iothubs" | "microsoft.eventhub/namespaces" | "microsoft.servicebus/namespaces" => {
            &["networkRuleSets"]
        }
        "microsoft.documentdb/databaseaccounts" => TOP,
        _ => &["networkAcls"],
    }
}

/// The service that a resource is or is part of.
fn services_of(resource: &Resource) -> Option<Key> {
    let id = std::iter::successors(Some(resource.full_id.clone()), |id| ArmId::parse(id)?.parent()).last()?;
    Some(Key::new("services", &id))
}

/// Whether a rule allows all kinds of requests.
pub(super) fn all_requests(rule: &Json) -> bool {
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

/// What stands under `network_rules`.
pub(super) fn network_rules(resource: &Resource, mapper: &mut Mapper<'_>) -> Vec<(&'static str, Node)> {
    let mut fields = Vec::new();
    let kind = resource.id.kind.as_str();
    let own = firewall_of(kind);
    let stray = FIREWALLS.iter().chain(TOP).filter(|name| !own.contains(name));
    for name in
        stray.filter(|name| resource.prop(name).is_some_and(|r| !r.fields().is_empty() || !r.items().is_empty()))
    {
        let why = format!("services of this type have no such rules; theirs are `{}`", own.join("`, `"));
        mapper.unmodelled(resource, name, &why, Matters::Item(resource.key("services")));
    }
    let rules = own.iter().filter(|name| FIREWALLS.contains(name)).find_map(|name| resource.prop(name));
    if kind.starts_with("microsoft.signalrservice/") {
        let closed = rules.is_some_and(|r| r.at("publicNetwork").is_some_and(|p| !all_requests(p)));
        if rules.is_some_and(|r| r.str_at("defaultAction").is_some_and(|a| a.eq_ignore_ascii_case("Deny"))) && closed {
            fields.push(("default_action", Node::text("Deny", resource.source.span)));
        }
        return fields;
    }
    if let Some(rules) = rules {
        rule_fields(rules, resource, mapper, &mut fields);
        // A search service has none; what rules it has close it.
        let told = fields.iter().any(|(k, _)| *k == "default_action") || kind == "microsoft.search/searchservices";
        if !told && rules.fields().iter().any(|(_, v)| v.value != Value::Null) {
            let why = "without a `defaultAction`, whom it lets in beside its rules is not told";
            mapper.unmodelled(
                resource,
                "firewall",
                why,
                at_public_door(kind, &resource.key("services"), Matters::PublicRules),
            );
        }
    }
    match kind {
        "microsoft.documentdb/databaseaccounts" => {
            rule_fields(resource.body.get("properties").unwrap_or(&resource.body), resource, mapper, &mut fields);
            // Rules by subnet act only with the filter on.
            if resource.prop("isVirtualNetworkFilterEnabled").and_then(Json::as_bool) != Some(true) {
                fields.retain(|(k, _)| *k != "virtual_network_subnets");
            }
            let closed = fields.iter().any(|(k, _)| matches!(*k, "ip_rules" | "virtual_network_subnets"));
            let unruled =
                !closed && resource.prop("isVirtualNetworkFilterEnabled").and_then(Json::as_bool) == Some(true);
            if unruled && !is_closed(resource, mapper) {
                let key = resource.key("services");
                mapper.unmodelled(resource, "isVirtualNetworkFilterEnabled", NOBODY, Matters::PublicRules(key));
            }
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

/// Whether the public endpoint of a database is closed whatever its rules say: by a switch, or by a private endpoint
/// (COSMOS-01, COSMOS-02).
pub(super) fn is_closed(resource: &Resource, mapper: &Mapper<'_>) -> bool {
    let leads_here = |endpoint: &&Resource| {
        let to = |c: &Json| c.get("properties").unwrap_or(c).str_at("privateLinkServiceId").map(str::to_lowercase);
        let mut all = endpoint.items("privateLinkServiceConnections").iter().filter_map(to);
        endpoint.id.kind == "microsoft.network/privateendpoints" && all.any(|id| id == resource.full_id.to_lowercase())
    };
    let switched = resource.str("publicNetworkAccess").is_some_and(|a| !a.eq_ignore_ascii_case("Enabled"));
    switched || mapper.all.values().any(leads_here)
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
    let matters = at_public_door(&resource.id.kind, &service, Matters::PublicRules);
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
    let known = admits_all_of_azure(&resource.id.kind);
    let azure = |n: &Node| !known && matches!(&n.tree, Tree::Text(t) if t.starts_with("0.0.0.0/32"));
    if odd || ips.iter().chain(&subnets).any(Option::is_none) {
        let why = "a rule of its firewall cannot be told from the input";
        mapper.unmodelled(resource, "firewall", why, matters.clone());
    }
    if ips.iter().flatten().any(azure) {
        mapper.unmodelled(resource, "ipRules", UNDOCUMENTED, matters.clone());
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
                matters.clone(),
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
            Some((_, Node { tree: Tree::List(items), .. })) if items.iter().any(|i| i.tree == node.tree) => {}
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
        (Some(0), Some(0)) if !admits_all_of_azure(&resource.id.kind) => {
            mapper.unmodelled(resource, "", UNDOCUMENTED, Matters::PublicRules(key));
        }
        (Some(first), Some(last)) if first <= last => {
            for text in covering(first, last) {
                push_rule(mapper, &key, "ip_rules", Node::text(text, resource.source.span));
            }
        }
        _ => {
            mapper.unmodelled(resource, "", "its addresses are known only after deployment", Matters::PublicRules(key))
        }
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
