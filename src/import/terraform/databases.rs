//! Databases and caches, with their rules by address and by subnet.

use super::fields::{NAME, SKU};
use super::kinds::{
    Field,
    How::{Copy, Each, Keyed, Words},
    Kind,
};
use super::shape::{Shaper, list, put};
use crate::import::json::{Json, Value};

const FLEXIBLE: &[Field] = &[
    ("public_network_access", "properties.network.publicNetworkAccess", Copy),
    ("public_network_access_enabled", "properties.network.publicNetworkAccess", Words("Enabled", "Disabled")),
    ("delegated_subnet_id", "properties.network.delegatedSubnetResourceId", Copy),
    ("private_dns_zone_id", "properties.network.privateDnsZoneArmResourceId", Copy),
];

/// A rule by the first and last address.
const ADDRESSES: &[Field] = &[
    ("start_ip_address", "properties.startIpAddress", Copy),
    ("end_ip_address", "properties.endIpAddress", Copy),
    ("start_ip", "properties.startIpAddress", Copy),
    ("end_ip", "properties.endIpAddress", Copy),
];

/// A rule by subnet.
const SUBNET: &[Field] = &[("subnet_id", "properties.virtualNetworkSubnetId", Copy)];

const SERVERS: &str = "Microsoft.Sql/servers";
const SQL_ADDRESSES: &str = "Microsoft.Sql/servers/firewallRules";
const SQL_SUBNETS: &str = "Microsoft.Sql/servers/virtualNetworkRules";
const POSTGRES: &str = "Microsoft.DBforPostgreSQL/flexibleServers";
const POSTGRES_ADDRESSES: &str = "Microsoft.DBforPostgreSQL/flexibleServers/firewallRules";
const POSTGRES_PARAMETERS: &str = "Microsoft.DBforPostgreSQL/flexibleServers/configurations";
const OLD_POSTGRES_ADDRESSES: &str = "Microsoft.DBforPostgreSQL/servers/firewallRules";
const MYSQL: &str = "Microsoft.DBforMySQL/flexibleServers";
const MYSQL_ADDRESSES: &str = "Microsoft.DBforMySQL/flexibleServers/firewallRules";
const OLD_MYSQL_ADDRESSES: &str = "Microsoft.DBforMySQL/servers/firewallRules";
const REDIS_ADDRESSES: &str = "Microsoft.Cache/Redis/firewallRules";
const SYNAPSE_ADDRESSES: &str = "Microsoft.Synapse/workspaces/firewallRules";

pub(super) const KINDS: &[Kind] = &[
    Kind::service("azurerm_mssql_server", SERVERS, SKU).with(connections),
    Kind::under("azurerm_mssql_firewall_rule", SQL_ADDRESSES, "server_id", ADDRESSES),
    Kind::under("azurerm_mssql_virtual_network_rule", SQL_SUBNETS, "server_id", SUBNET),
    Kind::service("azurerm_sql_server", SERVERS, SKU).with(connections),
    Kind::within("azurerm_sql_firewall_rule", SQL_ADDRESSES, &["server_name"], ADDRESSES),
    Kind::within("azurerm_sql_virtual_network_rule", SQL_SUBNETS, &["server_name"], SUBNET),
    Kind::group(
        "azurerm_mssql_managed_instance",
        "Microsoft.Sql/managedInstances",
        &[
            ("subnet_id", "properties.subnetId", Copy),
            ("public_data_endpoint_enabled", "properties.publicDataEndpointEnabled", Copy),
        ],
    ),
    Kind::service(
        "azurerm_cosmosdb_account",
        "Microsoft.DocumentDB/databaseAccounts",
        &[
            ("kind", "kind", Copy),
            ("is_virtual_network_filter_enabled", "properties.isVirtualNetworkFilterEnabled", Copy),
            ("capabilities", "properties.capabilities", Each(&[NAME])),
            (
                "geo_location",
                "properties.locations",
                Each(&[("location", "locationName", Copy), ("failover_priority", "failoverPriority", Copy)]),
            ),
            ("virtual_network_rule", "properties.virtualNetworkRules", Each(&[("id", "id", Copy)])),
            ("ip_range_filter", "properties.ipRules", Keyed("ipAddressOrRange")),
        ],
    )
    .with(address_filter),
    Kind::group("azurerm_postgresql_flexible_server", POSTGRES, FLEXIBLE),
    Kind::under("azurerm_postgresql_flexible_server_firewall_rule", POSTGRES_ADDRESSES, "server_id", ADDRESSES),
    Kind::under(
        "azurerm_postgresql_flexible_server_configuration",
        POSTGRES_PARAMETERS,
        "server_id",
        &[("value", "properties.value", Copy)],
    ),
    Kind::service("azurerm_postgresql_server", "Microsoft.DBforPostgreSQL/servers", SKU),
    Kind::within("azurerm_postgresql_firewall_rule", OLD_POSTGRES_ADDRESSES, &["server_name"], ADDRESSES),
    Kind::group("azurerm_mysql_flexible_server", MYSQL, FLEXIBLE),
    Kind::within("azurerm_mysql_flexible_server_firewall_rule", MYSQL_ADDRESSES, &["server_name"], ADDRESSES),
    Kind::service("azurerm_mysql_server", "Microsoft.DBforMySQL/servers", SKU),
    Kind::within("azurerm_mysql_firewall_rule", OLD_MYSQL_ADDRESSES, &["server_name"], ADDRESSES),
    Kind::service("azurerm_mariadb_server", "Microsoft.DBforMariaDB/servers", SKU),
    Kind::service(
        "azurerm_redis_cache",
        "Microsoft.Cache/Redis",
        &[
            ("sku_name", "sku.name", Copy),
            ("subnet_id", "properties.subnetId", Copy),
            ("enable_non_ssl_port", "properties.enableNonSslPort", Copy),
            ("non_ssl_port_enabled", "properties.enableNonSslPort", Copy),
        ],
    ),
    Kind::within("azurerm_redis_firewall_rule", REDIS_ADDRESSES, &["redis_cache_name"], ADDRESSES),
    Kind::service("azurerm_synapse_workspace", "Microsoft.Synapse/workspaces", SKU),
    Kind::under("azurerm_synapse_firewall_rule", SYNAPSE_ADDRESSES, "synapse_workspace_id", ADDRESSES),
];

/// How clients of a SQL server connect is a resource of its own in Azure.
fn connections(shaper: &mut Shaper<'_, '_>) {
    let Some(policy) = shaper.get("connection_policy") else { return };
    let mut body = Json::new(Value::Null, policy.span);
    put(&mut body, "properties.connectionType", policy);
    shaper.parts.push((format!("{}/connectionPolicies/default", shaper.id), body));
}

/// Older versions of the provider take one text with commas.
fn address_filter(shaper: &mut Shaper<'_, '_>) {
    let Some(text) = shaper.text("ip_range_filter") else { return };
    let span = shaper.values.span;
    let items = text.split(',').filter(|t| !t.trim().is_empty()).map(|address| {
        let mut item = Json::new(Value::Null, span);
        put(&mut item, "ipAddressOrRange", Json::text(address.trim(), span));
        item
    });
    shaper.put("properties.ipRules", list(items.collect(), span));
}
