//! Storage accounts, key vaults and registries.

use super::fields::{ACLS, NETWORK_ACLS};
use super::kinds::{
    How::{Copy, Each, First},
    Kind,
};
use super::shape::{Shaper, list};
use crate::import::json::Json;

pub(super) const KINDS: &[Kind] = &[
    Kind::service(
        "azurerm_storage_account",
        "Microsoft.Storage/storageAccounts",
        &[
            ("account_kind", "kind", Copy),
            ("dns_endpoint_type", "properties.dnsEndpointType", Copy),
            ("is_hns_enabled", "properties.isHnsEnabled", Copy),
            ("network_rules", "properties", First(ACLS)),
        ],
    )
    .with(sku),
    Kind::patch("azurerm_storage_account_network_rules", "storage_account_id", None, ACLS),
    Kind::service("azurerm_key_vault", "Microsoft.KeyVault/vaults", &[NETWORK_ACLS]),
    Kind::service(
        "azurerm_container_registry",
        "Microsoft.ContainerRegistry/registries",
        &[
            ("sku", "sku.name", Copy),
            ("data_endpoint_enabled", "properties.dataEndpointEnabled", Copy),
            ("network_rule_bypass_option", "properties.networkRuleBypassOptions", Copy),
            (
                "network_rule_set",
                "properties",
                First(&[
                    ("default_action", "properties.networkRuleSet.defaultAction", Copy),
                    (
                        "ip_rule",
                        "properties.networkRuleSet.ipRules",
                        Each(&[("ip_range", "value", Copy), ("action", "action", Copy)]),
                    ),
                    (
                        "virtual_network",
                        "properties.networkRuleSet.virtualNetworkRules",
                        Each(&[("subnet_id", "id", Copy), ("action", "action", Copy)]),
                    ),
                ]),
            ),
        ],
    )
    .with(replicas),
];

/// The SKU of an account has two attributes.
fn sku(shaper: &mut Shaper<'_, '_>) {
    if let (Some(tier), Some(copies)) = (shaper.text("account_tier"), shaper.text("account_replication_type")) {
        let span = shaper.values.span;
        shaper.put("sku.name", Json::text(&format!("{tier}_{copies}"), span));
    }
}

/// Regions of a registry are resources of their own in Azure; their names are what counts.
fn replicas(shaper: &mut Shaper<'_, '_>) {
    let Some(blocks) = shaper.get("georeplications") else { return };
    let regions: Vec<Json> = blocks.items().iter().filter_map(|b| b.get("location").cloned()).collect();
    if !regions.is_empty() {
        shaper.put("properties.replicaLocations", list(regions, blocks.span));
    }
}
