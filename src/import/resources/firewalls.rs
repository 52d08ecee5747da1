//! Azure Firewalls and their policies.

use super::{Map, Mapper, Resource, id_of, list_of, name_of, scalars, subnet_of};
use crate::import::{
    draft::{Key, Matters, Node, Tree},
    json::{Json, Value},
};

pub(super) const TYPES: &[(&str, Map)] = &[
    ("microsoft.network/firewallpolicies", policy),
    ("microsoft.network/firewallpolicies/rulecollectiongroups", group),
    ("microsoft.network/firewallpolicies/rulegroups", group),
    ("microsoft.network/azurefirewalls", firewall),
];

fn firewall(resource: &Resource, mapper: &mut Mapper<'_>) {
    let configurations = resource.items("ipConfigurations");
    // Further configurations hold further public addresses, and no subnet.
    let mut parts = configurations.iter().filter_map(|c| c.get("properties"));
    let first = parts.find(|p| p.at("subnet").is_some());
    let ips = configurations.iter().filter_map(|c| name_of(c.at("properties.publicIPAddress"), "public_ips"));
    let ips = list_of(ips);
    // Without the address itself in the input, there is nothing to say about it.
    let managed = resource.prop("managementIpConfiguration.properties.publicIPAddress");
    let managed = managed.filter(|m| id_of(Some(m)).is_some_and(|(id, _)| mapper.find(id).is_some()));
    let managed = name_of(managed, "public_ips");
    let item = mapper.item(resource, "firewalls");
    item.set_some("subnet", subnet_of(first));
    item.set_some("virtual_hub", name_of(resource.prop("virtualHub"), "virtual_hubs"));
    if let Some(management) = resource.prop("managementIpConfiguration") {
        item.set("management_ip_enabled", Node::flag(true, management.span));
        item.set_some("management_public_ip", managed);
    }
    let own = first.and_then(|f| f.at("privateIPAddress")).and_then(Node::scalar);
    item.set_some("private_ip_address", own.or_else(|| resource.scalar("hubIPAddresses.privateIPAddress")));
    item.set_some("public_ips", ips);
    item.set_some("firewall_policy", name_of(resource.prop("firewallPolicy"), "firewall_policies"));
    classic(resource, mapper);
}

/// Rules of a firewall without a policy stand on the firewall itself.
fn classic(resource: &Resource, mapper: &mut Mapper<'_>) {
    let kinds = [
        ("natRuleCollections", "nat"),
        ("networkRuleCollections", "network"),
        ("applicationRuleCollections", "application"),
    ];
    if resource.prop("firewallPolicy").is_some() || kinds.iter().all(|(k, _)| resource.items(k).is_empty()) {
        return;
    }
    let span = resource.source.span;
    let key = Key::new("firewall_policies", &format!("{}/rules", resource.full_id));
    let policy = mapper.draft.item(&key, &format!("{}-rules", resource.id.name()), &resource.source);
    policy.note("The firewall's own rules, as a policy.");
    policy.set_some("threat_intelligence_mode", resource.scalar("threatIntelMode"));
    let group_key = Key::new("rule_groups", &format!("{}/rules/own", resource.full_id));
    mapper
        .draft
        .child(&group_key, "own", &key, "rule_collection_groups", &resource.source)
        .set("priority", Node::new(Tree::Number(100), span));
    let mut all = Collections::default();
    for (list, kind) in kinds {
        for collection in resource.items(list) {
            let rules = collection.items_at("properties.rules").iter().collect();
            all.add(
                collection,
                collection.get("properties").unwrap_or(collection),
                kind,
                rules,
                &key,
                resource,
                mapper,
            );
        }
    }
    all.write(&group_key, mapper, span);
    if let Some(item) = mapper.draft.get_mut(&resource.key("firewalls")) {
        item.set("firewall_policy", Node::name_of(key, span));
    }
}

fn policy(resource: &Resource, mapper: &mut Mapper<'_>) {
    let item = mapper.item(resource, "firewall_policies");
    item.set_some("base_policy", name_of(resource.prop("basePolicy"), "firewall_policies"));
    if let Some(dns) = resource.prop("dnsSettings") {
        let mut fields = Vec::new();
        fields.extend(dns.at("enableProxy").and_then(Node::scalar).map(|n| ("proxy_enabled", n)));
        fields.extend(scalars(dns.at("servers")).map(|n| ("servers", n)));
        item.set("dns", Node::map(fields, dns.span));
    }
    item.set_some("private_ip_ranges", scalars(resource.prop("snat.privateRanges")));
    let learns = resource.str("snat.autoLearnPrivateRanges").is_some_and(|a| a.eq_ignore_ascii_case("Enabled"));
    item.set_some("threat_intelligence_mode", resource.scalar("threatIntelMode"));
    let allowed = ["threatIntelWhitelist.ipAddresses", "threatIntelWhitelist.fqdns"];
    let allowed = allowed.iter().flat_map(|p| resource.items(p)).filter_map(Node::scalar);
    item.set_some("threat_intelligence_allowlist", list_of(allowed));
    let matters = Matters::Item(resource.key("firewall_policies"));
    if learns {
        let why = "ranges that the firewall learns and does not translate are not modelled";
        mapper.unmodelled(resource, "snat.autoLearnPrivateRanges", why, matters.clone());
    }
    // An export names the groups of rules that it does not hold.
    let missing = resource.items("ruleCollectionGroups").iter().filter_map(|g| id_of(Some(g)));
    if missing.into_iter().any(|(id, _)| mapper.find(id).is_none()) {
        let why = "the input lacks groups of its rules; add `az network firewall policy rule-collection-group list`";
        mapper.unmodelled(resource, "ruleCollectionGroups", why, matters);
    }
    if resource.prop("explicitProxy.enableExplicitProxy").and_then(Json::as_bool) == Some(true) {
        mapper.unmodelled(
            resource,
            "explicitProxy",
            "the explicit proxy is not modelled",
            Matters::Item(resource.key("firewall_policies")),
        );
    }
}

fn group(resource: &Resource, mapper: &mut Mapper<'_>) {
    let item = mapper.child(resource, "rule_groups", "firewall_policies", "rule_collection_groups");
    item.set_some("priority", resource.scalar("priority"));
    let policy = resource.parent("firewall_policies");
    let mut all = Collections::default();
    let collections = match resource.items("ruleCollections") {
        [] => resource.items("rules"),
        several => several,
    };
    for collection in collections {
        let rules = match collection.items_at("rules") {
            [] => collection.items_at("ruleConditions"),
            several => several,
        };
        let is_nat = collection
            .str_at("ruleCollectionType")
            .or_else(|| collection.str_at("ruleType"))
            .is_some_and(|t| t.to_lowercase().contains("nat"));
        for kind in ["nat", "network", "application"] {
            let own: Vec<&Json> = rules.iter().filter(|r| kind == rule_kind(r, is_nat)).collect();
            if !own.is_empty() {
                all.add(collection, collection, kind, own, &policy, resource, mapper);
            }
        }
    }
    all.write(&resource.key("rule_groups"), mapper, resource.source.span);
}

fn rule_kind(rule: &Json, is_nat: bool) -> &'static str {
    match rule.str_at("ruleType").or_else(|| rule.str_at("ruleConditionType")).map(str::to_lowercase) {
        _ if is_nat => "nat",
        Some(kind) if kind.contains("application") => "application",
        _ => "network",
    }
}

#[derive(Default)]
struct Collections {
    found: Vec<(&'static str, Vec<(String, Node)>)>,
}

impl Collections {
    #[allow(clippy::too_many_arguments, reason = "the parts of one collection")]
    fn add(
        &mut self,
        named: &Json,
        head: &Json,
        kind: &'static str,
        rules: Vec<&Json>,
        policy: &Key,
        resource: &Resource,
        mapper: &mut Mapper<'_>,
    ) {
        let name = named.str_at("name").unwrap_or(kind).to_owned();
        let mut fields = Vec::new();
        fields.extend(head.at("priority").and_then(Node::scalar).map(|n| ("priority", n)));
        if kind != "nat" {
            fields.extend(head.at("action.type").and_then(Node::scalar).map(|n| ("action", n)));
        }
        let mut written = Vec::new();
        for (number, rule) in rules.into_iter().enumerate() {
            let rule_name = rule.str_at("name").map_or_else(|| format!("rule-{number}"), str::to_owned);
            match fields_of(rule, kind, mapper) {
                Ok(fields) => written.push((rule_name, Node::map(fields, rule.span))),
                Err(why) => {
                    let what = format!("rule {name}/{rule_name}");
                    mapper.unmodelled(resource, &what, &why, Matters::Item(policy.clone()));
                }
            }
        }
        fields.push(("rules", Node::new(Tree::Map(written), head.span)));
        let field = match kind {
            "nat" => "nat_rule_collections",
            "network" => "network_rule_collections",
            _ => "application_rule_collections",
        };
        let entry = (name, Node::map(fields, head.span));
        match self.found.iter_mut().find(|(f, _)| *f == field) {
            Some((_, entries)) => entries.push(entry),
            None => self.found.push((field, vec![entry])),
        }
    }

    fn write(self, group: &Key, mapper: &mut Mapper<'_>, span: crate::diag::Span) {
        if let Some(item) = mapper.draft.get_mut(group) {
            self.found.into_iter().for_each(|(f, entries)| item.set(f, Node::new(Tree::Map(entries), span)));
        }
    }
}

/// Addresses of a list and of IP groups.
fn addresses(rule: &Json, list: &str, groups: &str, mapper: &Mapper<'_>) -> Result<Option<Node>, String> {
    let mut all: Vec<Node> = rule.items_at(list).iter().filter_map(Node::scalar).collect();
    if rule.items_at(list).len() != all.len() {
        return Err(format!("its `{list}` are known only after deployment"));
    }
    // What is no list says nothing that could be read, and yet it says something.
    for path in [list, groups] {
        if rule.at(path).is_some_and(|value| !matches!(value.value, Value::List(_))) {
            return Err(format!("its `{path}` are known only after deployment"));
        }
    }
    for one in rule.items_at(groups) {
        let id = one.as_str().unwrap_or_default();
        match mapper.find(id) {
            Some(group) => {
                let members: Vec<Node> = group.items("ipAddresses").iter().filter_map(Node::scalar).collect();
                if members.len() != group.items("ipAddresses").len() || members.is_empty() {
                    return Err(format!("the addresses of {} are known only after deployment", group.id.name()));
                }
                all.extend(members);
            }
            None => return Err(format!("it names an IP group that the input does not hold ({id})")),
        }
    }
    Ok(list_of(all.into_iter().flat_map(split)))
}

/// The prefixes of a range that is written by its first and last address.
fn split(node: Node) -> Vec<Node> {
    let range = match &node.tree {
        Tree::Text(text) => text.split_once('-').and_then(|(first, last)| {
            let address = |t: &str| t.trim().parse::<std::net::Ipv4Addr>().ok().map(u32::from);
            Some((address(first)?, address(last)?))
        }),
        _ => None,
    };
    match range.filter(|(first, last)| first <= last) {
        Some((first, last)) => {
            super::service_rules::covering(first, last).into_iter().map(|p| Node::text(p, node.span)).collect()
        }
        None => vec![node],
    }
}

/// What has the addresses that NAT rules take by reference.
pub(super) const PUBLIC: &str = "microsoft.network/publicipaddresses";

/// The firewall's address that a NAT rule translates: by number, or whose public IP it is.
fn nat_destination(rule: &Json, mapper: &Mapper<'_>) -> Result<(&'static str, Node), String> {
    let destinations = rule.items_at("destinationAddresses");
    if destinations.len() > 1 {
        return Err("translations of several destinations are not modelled".to_owned());
    }
    let unknown = "its destination is known only after deployment";
    let destination = destinations.first().or_else(|| rule.at("destinationAddresses")).ok_or(unknown)?;
    if let Some(address) = Node::scalar(destination) {
        return Ok(("destination_address", address));
    }
    let id =
        destination.whose_address(PUBLIC).filter(|id| mapper.find(id).is_some_and(|r| !r.existing)).ok_or(unknown)?;
    let has_it = |r: &&Resource| {
        let mut own = r.items("ipConfigurations").iter().filter_map(|c| id_of(c.at("properties.publicIPAddress")));
        r.id.kind == "microsoft.network/azurefirewalls" && own.any(|(own, _)| own.eq_ignore_ascii_case(id))
    };
    if !mapper.all.values().any(has_it) {
        return Err("its destination is a public IP, which no firewall of the input has".to_owned());
    }
    Ok(("destination_public_ip", Node::name_of(Key::new("public_ips", id), destination.span)))
}

fn fields_of(rule: &Json, kind: &str, mapper: &Mapper<'_>) -> Result<Vec<(&'static str, Node)>, String> {
    let mut fields: Vec<(&'static str, Node)> = Vec::new();
    let sources = addresses(rule, "sourceAddresses", "sourceIpGroups", mapper)?.ok_or("it has no sources")?;
    let list = |key: &str| scalars(rule.at(key));
    let protocols = || {
        let texts = rule.items_at("ipProtocols").iter().chain(rule.items_at("protocols"));
        list_of(texts.filter_map(|p| {
            Some(Node::text(if p.as_str()?.eq_ignore_ascii_case("Any") { "*" } else { p.as_str()? }, p.span))
        }))
    };
    match kind {
        "nat" => {
            fields.extend(protocols().map(|n| ("protocols", n)));
            fields.push(("source_addresses", sources));
            fields.push(nat_destination(rule, mapper)?);
            fields.push(("destination_ports", list("destinationPorts").ok_or("it has no destination ports")?));
            let scalar = |key: &str| rule.at(key).and_then(Node::scalar);
            fields.extend(scalar("translatedAddress").map(|n| ("translated_address", n)));
            fields.extend(scalar("translatedFqdn").map(|n| ("translated_fqdn", n)));
            fields.push(("translated_port", scalar("translatedPort").ok_or("its translated port is not known")?));
        }
        "network" => {
            fields.extend(protocols().map(|n| ("protocols", n)));
            fields.push(("source_addresses", sources));
            let destinations = addresses(rule, "destinationAddresses", "destinationIpGroups", mapper)?;
            let names = list("destinationFqdns");
            if destinations.is_none() && names.is_none() {
                return Err("it has no destinations".to_owned());
            }
            fields.extend(destinations.map(|n| ("destination_addresses", n)));
            fields.extend(names.map(|n| ("destination_fqdns", n)));
            fields.push(("destination_ports", list("destinationPorts").ok_or("it has no destination ports")?));
        }
        _ => {
            let protocols = rule.items_at("protocols").iter().filter_map(|p| {
                let kind = p.at("protocolType").and_then(Node::scalar)?;
                let port = p.at("port").and_then(Node::scalar).unwrap_or_else(|| Node::new(Tree::Number(443), p.span));
                Some(Node::map(vec![("type", kind), ("port", port)], p.span))
            });
            let protocols: Vec<Node> = protocols.collect();
            if !rule.items_at("webCategories").is_empty() || !rule.items_at("targetUrls").is_empty() {
                return Err("web categories and URLs are not modelled".to_owned());
            }
            if !rule.items_at("destinationAddresses").is_empty() {
                return Err("application rules by address are not modelled".to_owned());
            }
            let names = list("targetFqdns").filter(|_| rule.items_at("fqdnTags").is_empty());
            let names = names.ok_or("FQDN tags are not modelled; write the names out")?;
            let odd = |p: &&Json| {
                p.as_str().is_some_and(|t| t.len() > 1 && t.strip_prefix('*').is_some_and(|r| !r.starts_with('.')))
            };
            if let Some(odd) = rule.items_at("targetFqdns").iter().find(odd) {
                return Err(format!("the pattern {} is not modelled; write *.name", odd.as_str().unwrap_or_default()));
            }
            fields.push(("protocols", list_of(protocols).ok_or("it has no protocols")?));
            fields.push(("source_addresses", sources));
            fields.push(("destination_fqdns", names));
        }
    }
    Ok(fields)
}
