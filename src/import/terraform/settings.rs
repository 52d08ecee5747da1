//! Attributes that no table reads. What is set, and neither read nor known to have no part in reachability, is said.

use super::{
    kinds::{Field, How, Kind},
    plan::Instance,
};
use crate::import::{
    json::{Json, Value},
    listed::{Listed, listed},
    resources::speaks_of_network,
};
use std::{collections::BTreeMap, sync::OnceLock};

/// Attributes that have no part in reachability, of any type.
const EVERYWHERE: &[&str] = &[
    "id",
    "name",
    "resource_group_name",
    "location",
    "tags",
    "timeouts",
    "guid",
    "resource_guid",
    "edge_zone",
    "zone",
    "zones",
    "availability_zone",
    "sku",
    "sku_name",
    "sku_tier",
    "tier",
    "capacity",
    "identity",
    "description",
    "tenant_id",
    "subscription_id",
    "delete_os_disk_on_termination",
    "network_watcher_name",
    "triggers",
    "use_existing",
    "ip_tags",
    "internal_id",
    "count",
    "for_each",
];

/// Attributes that functions read beside the tables, or that have no part in reachability, by type.
const TYPES: &str = include_str!("../data/attributes.txt");

fn known(kind: &str) -> Option<&'static Listed> {
    static INDEX: OnceLock<BTreeMap<&'static str, Listed>> = OnceLock::new();
    INDEX.get_or_init(|| listed(TYPES)).get(kind)
}

/// Attributes of services that speak of the network, and are read or have no part in who reaches them.
const SERVICES: &[&str] = &[
    "private_endpoint_connection",
    "private_endpoint_connections",
    "outbound_ip_addresses",
    "outbound_ip_address_list",
    "possible_outbound_ip_addresses",
    "possible_outbound_ip_address_list",
    "public_ip_addresses",
    "private_ip_addresses",
    "public_ip_address_id",
    "gateway_url",
    "gateway_regional_url",
    "dns_prefix",
    "outbound_network_access_restricted",
    "network_acl_bypass_for_azure_services",
    "network_acl_bypass_ids",
    "routing",
    "storage_account_outbound",
    "vnet_content_share_enabled",
    "virtual_network_backup_restore_enabled",
    "virtual_network_image_pull_enabled",
    "azure_services_bypass",
    "storage_account_id",
    "ip_range_filter",
    "management_ip_address",
    "cross_tenant_replication_enabled",
];

/// What is set of an instance and not read, each with its value.
pub(super) fn unread<'v>(instance: &Instance, kind: &Kind, values: &'v Json) -> Vec<(String, &'v Json)> {
    let mut found = Vec::new();
    match known(&instance.kind) {
        Some(row) if row.beside.contains(&"*") => {}
        Some(row) => search(values, kind.fields, &row.beside, "", &mut found),
        // Of services, what speaks of the network counts.
        None if !kind.arm.starts_with("Microsoft.Network/") => {
            search(values, kind.fields, SERVICES, "", &mut found);
            found.retain(|(path, _)| {
                let last = path.rsplit('.').next().unwrap_or_default().replace('_', "");
                speaks_of_network(&last)
            });
        }
        None => {}
    }
    found
}

fn search<'v>(values: &'v Json, fields: &[Field], known: &[&str], path: &str, found: &mut Vec<(String, &'v Json)>) {
    for (name, value) in values.fields() {
        let own = fields.iter().filter(|(from, ..)| from.split('.').next() == Some(name));
        let mut read = false;
        for (_, _, how) in own {
            read = true;
            if let How::Each(inner) | How::First(inner) = how {
                let blocks = if value.items().is_empty() { std::slice::from_ref(value) } else { value.items() };
                for (n, block) in blocks.iter().enumerate() {
                    search(block, inner, known, &format!("{path}{name}[{n}]."), found);
                }
            }
        }
        let beside = EVERYWHERE.contains(&&**name) || known.contains(&&**name);
        if !read && !beside && is_set(value) {
            found.push((format!("{path}{name}"), value));
        }
    }
}

/// Whether a value sets something. What only apply tells of an attribute that nobody set is the platform's to choose.
fn is_set(value: &Json) -> bool {
    match &value.value {
        Value::Null | Value::Bool(false) | Value::Unknown(_) | Value::Secret => false,
        Value::Int(n) => *n != 0,
        Value::Text(text) => !["", "Disabled", "None"].contains(&&**text),
        Value::List(items) => items.iter().any(is_set),
        Value::Object(_) if value.str_at("enforcement") == Some("AllowUnencrypted") => false,
        Value::Object(fields) => fields.iter().any(|(_, v)| is_set(v)),
        Value::Bool(true) | Value::Float(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::terraform::kinds;
    use std::collections::BTreeSet;

    /// Of a type of the network, what is set and not listed is said, so each has its lists.
    #[test]
    fn types_of_the_network_are_listed() {
        let listed = listed(TYPES);
        let network = kinds::all().filter(|k| k.arm.starts_with("Microsoft.Network/"));
        let without: Vec<&str> = network.map(|k| k.name).filter(|n| !listed.contains_key(n)).collect();
        assert_eq!(without, Vec::<&str>::new());
    }

    #[test]
    fn lists_name_known_types_and_nothing_twice() {
        for (name, row) in listed(TYPES) {
            let kind = kinds::find(name).unwrap_or_else(|| panic!("{name} is no known type"));
            let known = &row.beside;
            let read: BTreeSet<&str> = kind.fields.iter().filter_map(|(from, ..)| from.split('.').next()).collect();
            let distinct: BTreeSet<&str> = known.iter().copied().collect();
            assert_eq!(distinct.len(), known.len(), "{name} lists an attribute twice");
            let machines = name.contains("virtual_machine") || name == "azurerm_application_gateway";
            // Parts of a block may be called as an attribute that is read.
            let blocks = ["private_ip_address", "subnets", "bgp_settings", "vpn_client_configuration", "custom_route"];
            assert!(
                machines || distinct.intersection(&read).all(|a| blocks.contains(a)),
                "{name}: {distinct:?} {read:?}"
            );
        }
    }
}
