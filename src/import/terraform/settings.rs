//! Attributes that no table reads. What is set, and neither read nor known to have no part in reachability, is said.

use super::{
    kinds::{Field, How, Kind},
    plan::Instance,
};
use crate::import::json::{Json, Value};

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
const TYPES: &[(&str, &[&str])] = &[
    (
        "azurerm_virtual_network",
        &[
            "bgp_community",
            "ddos_protection_plan",
            "flow_timeout_in_minutes",
            "private_endpoint_vnet_policies",
            "ip_address_pool",
            "vnet_peerings",
            "vnet_peerings_addresses",
            "subnets",
            "address_spaces",
        ],
    ),
    ("azurerm_virtual_network_dns_servers", &["virtual_network_id"]),
    (
        "azurerm_subnet",
        &[
            "virtual_network_name",
            "virtual_network_id",
            "ip_address_pool",
            "sharing_scope",
            "actions",
            "service_delegation",
        ],
    ),
    ("azurerm_subnet_network_security_group_association", &["subnet_id"]),
    ("azurerm_subnet_route_table_association", &["subnet_id"]),
    ("azurerm_subnet_nat_gateway_association", &["subnet_id"]),
    ("azurerm_virtual_network_peering", &["virtual_network_name"]),
    ("azurerm_network_security_group", &[]),
    ("azurerm_network_security_rule", &["network_security_group_name"]),
    ("azurerm_application_security_group", &[]),
    ("azurerm_route_table", &["subnets"]),
    ("azurerm_route", &["route_table_name"]),
    (
        "azurerm_public_ip",
        &[
            "ddos_protection_mode",
            "ddos_protection_plan_id",
            "domain_name_label",
            "domain_name_label_scope",
            "idle_timeout_in_minutes",
            "public_ip_prefix_id",
            "reverse_fqdn",
            "fqdn",
        ],
    ),
    ("azurerm_public_ip_prefix", &["prefix_length", "ip_version", "custom_ip_prefix_id"]),
    ("azurerm_nat_gateway", &["idle_timeout_in_minutes", "source_virtual_network_id"]),
    ("azurerm_nat_gateway_public_ip_association", &["nat_gateway_id"]),
    ("azurerm_nat_gateway_public_ip_prefix_association", &["nat_gateway_id"]),
    (
        "azurerm_lb",
        &[
            "private_ip_address",
            "private_ip_addresses",
            "private_ip_address_version",
            "public_ip_prefix_id",
            "inbound_nat_rules",
            "load_balancer_rules",
            "outbound_rules",
        ],
    ),
    (
        "azurerm_lb_backend_address_pool",
        &[
            "loadbalancer_id",
            "synchronous_mode",
            "backend_ip_configurations",
            "inbound_nat_rules",
            "load_balancing_rules",
            "outbound_rules",
            "backend_address",
        ],
    ),
    (
        "azurerm_lb_probe",
        &["loadbalancer_id", "interval_in_seconds", "number_of_probes", "probe_threshold", "load_balancer_rules"],
    ),
    (
        "azurerm_lb_rule",
        &[
            "loadbalancer_id",
            "frontend_ip_configuration_name",
            "frontend_ip_configuration_id",
            "idle_timeout_in_minutes",
            "load_distribution",
            "enable_tcp_reset",
            "tcp_reset_enabled",
        ],
    ),
    (
        "azurerm_lb_outbound_rule",
        &[
            "loadbalancer_id",
            "frontend_ip_configuration",
            "allocated_outbound_ports",
            "idle_timeout_in_minutes",
            "enable_tcp_reset",
            "tcp_reset_enabled",
        ],
    ),
    (
        "azurerm_network_interface",
        &[
            "accelerated_networking_enabled",
            "enable_accelerated_networking",
            "auxiliary_mode",
            "auxiliary_sku",
            "internal_dns_name_label",
            "internal_domain_name_suffix",
            "applied_dns_servers",
            "mac_address",
            "private_ip_address",
            "private_ip_addresses",
            "virtual_machine_id",
            "network_security_group_id",
            "application_gateway_backend_address_pools_ids",
            "application_security_group_ids",
            "load_balancer_backend_address_pools_ids",
            "load_balancer_inbound_nat_rules_ids",
            "gateway_load_balancer_frontend_ip_configuration_id",
        ],
    ),
    ("azurerm_network_interface_security_group_association", &["network_interface_id"]),
    (
        "azurerm_network_interface_application_security_group_association",
        &["network_interface_id", "application_security_group_id"],
    ),
    ("azurerm_network_interface_backend_address_pool_association", &["network_interface_id", "ip_configuration_name"]),
    (
        "azurerm_network_interface_application_gateway_backend_address_pool_association",
        &["network_interface_id", "ip_configuration_name"],
    ),
    ("azurerm_network_interface_nat_rule_association", &["network_interface_id", "ip_configuration_name"]),
    (
        "azurerm_private_endpoint",
        &[
            "private_service_connection",
            "private_dns_zone_group",
            "custom_dns_configs",
            "private_dns_zone_configs",
            "custom_network_interface_name",
            "network_interface",
        ],
    ),
    ("azurerm_private_endpoint_application_security_group_association", &["private_endpoint_id"]),
    (
        "azurerm_private_link_service",
        &[
            "visibility_subscription_ids",
            "fqdns",
            "alias",
            "private_ip_address_version",
            "destination_ip_address",
            "network_interface_ids",
        ],
    ),
    (
        "azurerm_private_dns_zone",
        &[
            "soa_record",
            "max_number_of_record_sets",
            "max_number_of_virtual_network_links",
            "max_number_of_virtual_network_links_with_registration",
            "number_of_record_sets",
        ],
    ),
    ("azurerm_private_dns_zone_virtual_network_link", &["private_dns_zone_name"]),
    ("azurerm_private_dns_a_record", &["zone_name", "ttl", "fqdn"]),
    ("azurerm_private_dns_cname_record", &["zone_name", "ttl", "fqdn"]),
    ("azurerm_private_dns_resolver", &[]),
    ("azurerm_private_dns_resolver_inbound_endpoint", &["private_dns_resolver_id"]),
    ("azurerm_private_dns_resolver_outbound_endpoint", &["private_dns_resolver_id"]),
    ("azurerm_private_dns_resolver_dns_forwarding_ruleset", &[]),
    ("azurerm_private_dns_resolver_forwarding_rule", &["dns_forwarding_ruleset_id", "enabled", "metadata"]),
    ("azurerm_private_dns_resolver_virtual_network_link", &["dns_forwarding_ruleset_id", "metadata"]),
    ("azurerm_firewall", &["management_ip_configuration", "public_ip_addresses", "public_ip_count"]),
    (
        "azurerm_firewall_policy",
        &[
            "insights",
            "intrusion_detection",
            "sql_redirect_allowed",
            "tls_certificate",
            "child_policies",
            "firewalls",
            "rule_collection_groups",
        ],
    ),
    (
        "azurerm_firewall_policy_rule_collection_group",
        &["firewall_policy_id", "nat_rule_collection", "network_rule_collection", "application_rule_collection"],
    ),
    (
        "azurerm_virtual_network_gateway",
        &[
            "generation",
            "default_local_network_gateway_id",
            "edge_zone",
            "private_ip_address_allocation",
            "bgp_settings",
            "vpn_client_configuration",
            "custom_route",
            "ip_sec_replay_protection_enabled",
            "dns_forwarding_enabled",
            "private_ip_address_enabled",
            "bgp_route_translation_for_nat_enabled",
            "virtual_wan_traffic_enabled",
            "minimum_scale_unit",
            "maximum_scale_unit",
            "scale_unit",
        ],
    ),
    ("azurerm_local_network_gateway", &["bgp_settings"]),
    (
        "azurerm_virtual_network_gateway_connection",
        &[
            "authorization_key",
            "shared_key",
            "connection_protocol",
            "connection_mode",
            "dpd_timeout_seconds",
            "ipsec_policy",
            "local_azure_ip_address_enabled",
            "custom_bgp_addresses",
            "private_link_fast_path_enabled",
        ],
    ),
    (
        "azurerm_virtual_wan",
        &["disable_vpn_encryption", "office365_local_breakout_category", "sku", "virtual_hub_ids", "vpn_site_ids"],
    ),
    (
        "azurerm_virtual_hub",
        &[
            "virtual_router_asn",
            "virtual_router_ips",
            "virtual_router_auto_scale_min_capacity",
            "branch_to_branch_traffic_enabled",
            "default_route_table_id",
        ],
    ),
    (
        "azurerm_virtual_hub_connection",
        &["virtual_hub_id", "static_vnet_local_route_override_criteria", "static_vnet_propagate_static_routes_enabled"],
    ),
    ("azurerm_virtual_hub_routing_intent", &["virtual_hub_id"]),
    ("azurerm_virtual_hub_route_table", &["virtual_hub_id"]),
];

/// What is set of an instance and not read, each with its value.
pub(super) fn unread<'v>(instance: &Instance, kind: &Kind, values: &'v Json) -> Vec<(String, &'v Json)> {
    let Some((_, known)) = TYPES.iter().find(|(name, _)| *name == instance.kind) else { return Vec::new() };
    let mut found = Vec::new();
    search(values, kind.fields, known, "", &mut found);
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

    #[test]
    fn lists_name_known_types_and_nothing_twice() {
        let mut types = BTreeSet::new();
        for (name, known) in TYPES {
            let kind = kinds::find(name).unwrap_or_else(|| panic!("{name} is no known type"));
            assert!(types.insert(*name), "{name} is listed twice");
            let read: BTreeSet<&str> = kind.fields.iter().filter_map(|(from, ..)| from.split('.').next()).collect();
            let distinct: BTreeSet<&str> = known.iter().copied().collect();
            assert_eq!(distinct.len(), known.len(), "{name} lists an attribute twice");
            // Parts of a block may be called as an attribute that is read.
            let blocks = ["private_ip_address", "subnets", "bgp_settings", "vpn_client_configuration", "custom_route"];
            assert!(distinct.intersection(&read).all(|a| blocks.contains(a)), "{name}: {distinct:?} {read:?}");
        }
    }
}
