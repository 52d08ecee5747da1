//! Security groups and firewalls.

use super::export::{Record, Template, kind, only, put, records};
use serde_json::{Value, json};

pub(crate) fn application_group(name: &str, _: &mut Record, template: &mut Template) -> Option<()> {
    template.add(kind("application_security_groups"), &[name], json!({}));
    Some(())
}

/// Keys of a security rule with their words; lists of groups are references.
const RULE: &[(&str, &str)] = &[
    ("priority", "priority"),
    ("direction", "direction"),
    ("access", "access"),
    ("protocol", "protocol"),
    ("source_port_range", "sourcePortRange"),
    ("source_port_ranges", "sourcePortRanges"),
    ("destination_port_range", "destinationPortRange"),
    ("destination_port_ranges", "destinationPortRanges"),
    ("source_address_prefix", "sourceAddressPrefix"),
    ("source_address_prefixes", "sourceAddressPrefixes"),
    ("destination_address_prefix", "destinationAddressPrefix"),
    ("destination_address_prefixes", "destinationAddressPrefixes"),
    ("source_application_security_groups", "sourceApplicationSecurityGroups"),
    ("destination_application_security_groups", "destinationApplicationSecurityGroups"),
];

pub(crate) fn group(name: &str, record: &mut Record, template: &mut Template) -> Option<()> {
    let mut rules = Vec::new();
    for (name, rule) in records(record.get("security_rules")) {
        let mut properties = json!({});
        for (key, value) in rule {
            let (_, word) = RULE.iter().find(|(k, _)| k == key)?;
            properties[*word] = match key.ends_with("security_groups") {
                true => template.references("application_security_groups", value)?.into(),
                false => text(value),
            };
        }
        for side in ["source", "destination"] {
            let others = [format!("{side}AddressPrefix"), format!("{side}AddressPrefixes")];
            let groups = format!("{side}ApplicationSecurityGroups");
            if others.iter().chain([&groups]).all(|k| properties.get(k).is_none()) {
                properties[&others[0]] = json!("*");
            }
        }
        if properties.get("sourcePortRange").is_none() && properties.get("sourcePortRanges").is_none() {
            properties["sourcePortRange"] = json!("*");
        }
        rules.push(json!({ "name": name, "properties": properties }));
    }
    record.remove("security_rules");
    template.add(kind("network_security_groups"), &[name], json!({ "securityRules": rules }));
    Some(())
}

/// Ports are texts in templates; priorities are numbers there, too.
fn text(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(text).collect(),
        other => other.clone(),
    }
}

fn copied(record: &Record, words: &[(&str, &str)], kind: &str, name: &str) -> Option<Value> {
    let keys: Vec<&str> = words.iter().map(|(k, _)| *k).collect();
    if !only(record, &keys) {
        return None;
    }
    let mut rule = json!({ "ruleType": kind, "name": name });
    for (key, word) in words {
        put(&mut rule, word, record.get(*key).cloned());
    }
    Some(rule)
}

fn network_rule(name: &str, record: &Record) -> Option<Value> {
    let words = [
        ("protocols", "ipProtocols"),
        ("source_addresses", "sourceAddresses"),
        ("destination_addresses", "destinationAddresses"),
        ("destination_fqdns", "destinationFqdns"),
        ("destination_ports", "destinationPorts"),
    ];
    copied(record, &words, "NetworkRule", name)
}

fn application_rule(name: &str, record: &Record) -> Option<Value> {
    let words =
        [("protocols", "protocols"), ("source_addresses", "sourceAddresses"), ("destination_fqdns", "targetFqdns")];
    let mut rule = copied(record, &words, "ApplicationRule", name)?;
    for protocol in rule["protocols"].as_array_mut()? {
        *protocol = json!({ "protocolType": protocol["type"], "port": protocol["port"] });
    }
    Some(rule)
}

fn nat_rule(name: &str, record: &Record) -> Option<Value> {
    let words = [
        ("protocols", "ipProtocols"),
        ("source_addresses", "sourceAddresses"),
        ("destination_address", "destinationAddresses"),
        ("destination_public_ip", "destinationPublicIp"),
        ("destination_ports", "destinationPorts"),
        ("translated_address", "translatedAddress"),
        ("translated_fqdn", "translatedFqdn"),
        ("translated_port", "translatedPort"),
    ];
    let mut rule = copied(record, &words, "NatRule", name)?;
    if let Some(own) = rule.as_object_mut()?.remove("destinationPublicIp") {
        let id = format!("resourceId('{}', '{}')", kind("public_ips"), own.as_str()?);
        rule["destinationAddresses"] = format!("[reference({id}).ipAddress]").into();
    }
    rule["destinationAddresses"] = json!([rule["destinationAddresses"]]);
    rule["translatedPort"] = rule["translatedPort"].to_string().trim_matches('"').into();
    Some(rule)
}

fn collections(group: &Record) -> Option<Vec<Value>> {
    let mut found = Vec::new();
    type Rule = fn(&str, &Record) -> Option<Value>;
    let kinds: [(&str, &str, Rule); 3] = [
        ("nat_rule_collections", "FirewallPolicyNatRuleCollection", nat_rule),
        ("network_rule_collections", "FirewallPolicyFilterRuleCollection", network_rule),
        ("application_rule_collections", "FirewallPolicyFilterRuleCollection", application_rule),
    ];
    for (key, kind, rule) in kinds {
        for (name, collection) in records(group.get(key)) {
            if !only(collection, &["priority", "action", "rules"]) {
                return None;
            }
            let rules: Option<Vec<Value>> = records(collection.get("rules")).map(|(n, r)| rule(n, r)).collect();
            let action = collection.get("action").cloned().unwrap_or(json!("DNAT"));
            found.push(json!({
                "ruleCollectionType": kind, "name": name, "priority": collection["priority"],
                "action": { "type": action }, "rules": rules?,
            }));
        }
    }
    Some(found)
}

pub(crate) fn policy(name: &str, record: &mut Record, template: &mut Template) -> Option<()> {
    let mut properties = json!({});
    if let Some(base) = record.get("base_policy") {
        properties["basePolicy"] = template.reference("firewall_policies", base)?;
    }
    let groups: Option<Vec<(String, Value)>> = records(record.get("rule_collection_groups"))
        .map(|(name, group)| {
            let words = json!({ "priority": group["priority"], "ruleCollections": collections(group)? });
            Some((name.to_owned(), words))
        })
        .collect();
    let groups = groups?;
    put(&mut properties, "threatIntelMode", record.remove("threat_intelligence_mode"));
    if let Some(dns) = record.remove("dns") {
        let mut words = json!({});
        put(&mut words, "enableProxy", dns.get("proxy_enabled").cloned());
        put(&mut words, "servers", dns.get("servers").cloned());
        properties["dnsSettings"] = words;
    }
    if let Some(ranges) = record.remove("private_ip_ranges") {
        properties["snat"] = json!({ "privateRanges": ranges });
    }
    record.remove("base_policy");
    record.remove("rule_collection_groups");
    template.add(kind("firewall_policies"), &[name], properties);
    for (group, words) in groups {
        template.add("Microsoft.Network/firewallPolicies/ruleCollectionGroups", &[name, &group], words);
    }
    Some(())
}

pub(crate) fn firewall(name: &str, record: &mut Record, template: &mut Template) -> Option<()> {
    let mut properties = json!({});
    if let Some(policy) = record.get("firewall_policy") {
        properties["firewallPolicy"] = template.reference("firewall_policies", policy)?;
    }
    let addresses = match record.get("public_ips") {
        Some(names) => template.references("public_ips", names)?,
        None => Vec::new(),
    };
    match record.get("virtual_hub") {
        Some(hub) => {
            properties["virtualHub"] = template.reference("virtual_hubs", hub)?;
            properties["sku"] = json!({ "name": "AZFW_Hub", "tier": "Standard" });
            properties["hubIPAddresses"] = json!({ "privateIPAddress": record.get("private_ip_address")? });
            // Its public addresses are no resources there, so they stay in the patch.
            let public = record.remove("public_ips");
            record.clear();
            public.map(|p| record.insert("public_ips".to_owned(), p));
        }
        None => {
            let subnet = template.subnet(record.get("subnet")?)?;
            let mut all: Vec<Value> = addresses.iter().map(|a| json!({ "publicIPAddress": a })).collect();
            if all.is_empty() {
                all.push(json!({}));
            }
            all[0]["subnet"] = subnet;
            put(&mut all[0], "privateIPAddress", record.get("private_ip_address").cloned());
            let numbered = all.into_iter().enumerate();
            properties["ipConfigurations"] =
                numbered.map(|(n, p)| json!({ "name": format!("c{n}"), "properties": p })).collect();
            ["subnet", "private_ip_address", "public_ips", "firewall_policy"]
                .iter()
                .for_each(|k| drop(record.remove(*k)));
        }
    }
    template.add(kind("firewalls"), &[name], properties);
    Some(())
}
