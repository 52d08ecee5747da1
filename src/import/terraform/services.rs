//! Services of the platform: storage, vaults, registries, AI services, search, databases, apps, messaging.

use super::fields::{IDENTITY, LOCATION, NAME, TAGS};
use super::kinds::{
    Field,
    How::{Copy, Each, First, Keyed, Words},
    Kind,
};
use super::shape::{Shaper, list, put, shape};
use crate::import::json::{Json, Value};

/// Whether the public endpoint answers.
pub(super) const PUBLIC: Field =
    ("public_network_access_enabled", "properties.publicNetworkAccess", Words("Enabled", "Disabled"));

/// Firewall rules as a block `network_acls` or `network_rules` writes them.
const ACLS: &[Field] = &[
    ("default_action", "properties.networkAcls.defaultAction", Copy),
    ("bypass", "properties.networkAcls.bypass", Copy),
    ("ip_rules", "properties.networkAcls.ipRules", Keyed("value")),
    ("virtual_network_subnet_ids", "properties.networkAcls.virtualNetworkRules", Keyed("id")),
    ("virtual_network_rules", "properties.networkAcls.virtualNetworkRules", Each(&[("subnet_id", "id", Copy)])),
    (
        "private_link_access",
        "properties.networkAcls.resourceAccessRules",
        Each(&[("endpoint_resource_id", "resourceId", Copy), ("endpoint_tenant_id", "tenantId", Copy)]),
    ),
];

const ACCOUNT: &[Field] = &[
    LOCATION,
    TAGS,
    IDENTITY,
    PUBLIC,
    ("kind", "kind", Copy),
    ("sku_name", "sku.name", Copy),
    ("custom_subdomain_name", "properties.customSubDomainName", Copy),
    ("public_network_access", "properties.publicNetworkAccess", Copy),
    ("network_acls", "properties", First(ACLS)),
    (
        "network_injection",
        "properties.networkInjections",
        Each(&[("scenario", "scenario", Copy), ("subnet_id", "subnetArmId", Copy)]),
    ),
];

const PLAIN: &[Field] = &[LOCATION, TAGS, IDENTITY, PUBLIC, ("sku_name", "sku.name", Copy), ("sku", "sku.name", Copy)];

const DATABASE: &[Field] = &[
    LOCATION,
    TAGS,
    IDENTITY,
    ("public_network_access", "properties.network.publicNetworkAccess", Copy),
    ("public_network_access_enabled", "properties.network.publicNetworkAccess", Words("Enabled", "Disabled")),
    ("delegated_subnet_id", "properties.network.delegatedSubnetResourceId", Copy),
    ("private_dns_zone_id", "properties.network.privateDnsZoneArmResourceId", Copy),
];

const MESSAGING: &[Field] = &[
    LOCATION,
    TAGS,
    IDENTITY,
    PUBLIC,
    ("sku", "sku.name", Copy),
    ("network_rulesets", "properties", First(RULE_SET)),
    ("network_rule_set", "properties", First(RULE_SET)),
];

/// Rules of messaging services and hubs of things.
const RULE_SET: &[Field] = &[
    ("default_action", "properties.networkRuleSets.defaultAction", Copy),
    ("trusted_service_access_enabled", "properties.networkRuleSets.bypass", Words("AzureServices", "None")),
    ("trusted_services_allowed", "properties.networkRuleSets.bypass", Words("AzureServices", "None")),
    ("public_network_access_enabled", "properties.publicNetworkAccess", Words("Enabled", "Disabled")),
    ("ip_rules", "properties.networkRuleSets.ipRules", Keyed("ipMask")),
    ("ip_rule", "properties.networkRuleSets.ipRules", Each(&[("ip_mask", "ipMask", Copy), ("action", "action", Copy)])),
    ("virtual_network_rule", "properties.networkRuleSets.virtualNetworkRules", Each(&[("subnet_id", "id", Copy)])),
    ("network_rules", "properties.networkRuleSets.virtualNetworkRules", Each(&[("subnet_id", "id", Copy)])),
];

const FIREWALL_RULE: &[Field] = &[
    ("start_ip_address", "properties.startIpAddress", Copy),
    ("end_ip_address", "properties.endIpAddress", Copy),
    ("start_ip", "properties.startIpAddress", Copy),
    ("end_ip", "properties.endIpAddress", Copy),
];

pub(super) const KINDS: &[Kind] = &[
    Kind::group(
        "azurerm_storage_account",
        "Microsoft.Storage/storageAccounts",
        &[
            LOCATION,
            TAGS,
            IDENTITY,
            PUBLIC,
            ("account_kind", "kind", Copy),
            ("dns_endpoint_type", "properties.dnsEndpointType", Copy),
            ("is_hns_enabled", "properties.isHnsEnabled", Copy),
            ("network_rules", "properties", First(ACLS)),
        ],
    ),
    Kind::patch("azurerm_storage_account_network_rules", "storage_account_id", None, ACLS),
    Kind::group(
        "azurerm_key_vault",
        "Microsoft.KeyVault/vaults",
        &[LOCATION, TAGS, PUBLIC, ("network_acls", "properties", First(ACLS))],
    ),
    Kind::group(
        "azurerm_container_registry",
        "Microsoft.ContainerRegistry/registries",
        &[
            LOCATION,
            TAGS,
            IDENTITY,
            PUBLIC,
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
    Kind::group("azurerm_cognitive_account", "Microsoft.CognitiveServices/accounts", ACCOUNT),
    Kind::group("azurerm_ai_services", "Microsoft.CognitiveServices/accounts", ACCOUNT)
        .implies(&[("kind", "AIServices")]),
    Kind::group(
        "azurerm_search_service",
        "Microsoft.Search/searchServices",
        &[
            LOCATION,
            TAGS,
            IDENTITY,
            PUBLIC,
            ("sku", "sku.name", Copy),
            ("network_rule_bypass_option", "properties.networkRuleSet.bypass", Copy),
            ("allowed_ips", "properties.networkRuleSet.ipRules", Keyed("value")),
        ],
    ),
    Kind::group("azurerm_mssql_server", "Microsoft.Sql/servers", PLAIN).with(connections),
    Kind::under("azurerm_mssql_firewall_rule", "Microsoft.Sql/servers/firewallRules", "server_id", FIREWALL_RULE),
    Kind::under(
        "azurerm_mssql_virtual_network_rule",
        "Microsoft.Sql/servers/virtualNetworkRules",
        "server_id",
        &[("subnet_id", "properties.virtualNetworkSubnetId", Copy)],
    ),
    Kind::group(
        "azurerm_mssql_managed_instance",
        "Microsoft.Sql/managedInstances",
        &[
            LOCATION,
            TAGS,
            ("subnet_id", "properties.subnetId", Copy),
            ("public_data_endpoint_enabled", "properties.publicDataEndpointEnabled", Copy),
        ],
    ),
    Kind::group(
        "azurerm_cosmosdb_account",
        "Microsoft.DocumentDB/databaseAccounts",
        &[
            LOCATION,
            TAGS,
            IDENTITY,
            PUBLIC,
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
    Kind::group("azurerm_postgresql_flexible_server", "Microsoft.DBforPostgreSQL/flexibleServers", DATABASE),
    Kind::group("azurerm_mysql_flexible_server", "Microsoft.DBforMySQL/flexibleServers", DATABASE),
    Kind::under(
        "azurerm_postgresql_flexible_server_firewall_rule",
        "Microsoft.DBforPostgreSQL/flexibleServers/firewallRules",
        "server_id",
        FIREWALL_RULE,
    ),
    Kind::within(
        "azurerm_postgresql_firewall_rule",
        "Microsoft.DBforPostgreSQL/servers/firewallRules",
        &["server_name"],
        FIREWALL_RULE,
    ),
    Kind::within(
        "azurerm_mysql_firewall_rule",
        "Microsoft.DBforMySQL/servers/firewallRules",
        &["server_name"],
        FIREWALL_RULE,
    ),
    Kind::within(
        "azurerm_mysql_flexible_server_firewall_rule",
        "Microsoft.DBforMySQL/flexibleServers/firewallRules",
        &["server_name"],
        FIREWALL_RULE,
    ),
    Kind::group("azurerm_sql_server", "Microsoft.Sql/servers", PLAIN).with(connections),
    Kind::within("azurerm_sql_firewall_rule", "Microsoft.Sql/servers/firewallRules", &["server_name"], FIREWALL_RULE),
    Kind::within(
        "azurerm_sql_virtual_network_rule",
        "Microsoft.Sql/servers/virtualNetworkRules",
        &["server_name"],
        &[("subnet_id", "properties.virtualNetworkSubnetId", Copy)],
    ),
    Kind::group("azurerm_postgresql_server", "Microsoft.DBforPostgreSQL/servers", PLAIN),
    Kind::group("azurerm_mysql_server", "Microsoft.DBforMySQL/servers", PLAIN),
    Kind::group("azurerm_mariadb_server", "Microsoft.DBforMariaDB/servers", PLAIN),
    Kind::group("azurerm_eventhub_namespace", "Microsoft.EventHub/namespaces", MESSAGING),
    Kind::group("azurerm_servicebus_namespace", "Microsoft.ServiceBus/namespaces", MESSAGING),
    Kind::group("azurerm_relay_namespace", "Microsoft.Relay/namespaces", PLAIN),
    Kind::group("azurerm_eventgrid_topic", "Microsoft.EventGrid/topics", PLAIN),
    Kind::group("azurerm_eventgrid_domain", "Microsoft.EventGrid/domains", PLAIN),
    Kind::group(
        "azurerm_redis_cache",
        "Microsoft.Cache/Redis",
        &[
            LOCATION,
            TAGS,
            IDENTITY,
            PUBLIC,
            ("sku_name", "sku.name", Copy),
            ("subnet_id", "properties.subnetId", Copy),
            ("enable_non_ssl_port", "properties.enableNonSslPort", Copy),
            ("non_ssl_port_enabled", "properties.enableNonSslPort", Copy),
        ],
    ),
    Kind::within(
        "azurerm_redis_firewall_rule",
        "Microsoft.Cache/Redis/firewallRules",
        &["redis_cache_name"],
        FIREWALL_RULE,
    ),
    Kind::under(
        "azurerm_synapse_firewall_rule",
        "Microsoft.Synapse/workspaces/firewallRules",
        "synapse_workspace_id",
        FIREWALL_RULE,
    ),
    Kind::group(
        "azurerm_app_configuration",
        "Microsoft.AppConfiguration/configurationStores",
        &[
            LOCATION,
            TAGS,
            IDENTITY,
            ("public_network_access", "properties.publicNetworkAccess", Copy),
            ("sku", "sku.name", Copy),
        ],
    ),
    Kind::group(
        "azurerm_data_factory",
        "Microsoft.DataFactory/factories",
        &[
            LOCATION,
            TAGS,
            IDENTITY,
            ("public_network_enabled", "properties.publicNetworkAccess", Words("Enabled", "Disabled")),
        ],
    ),
    Kind::group("azurerm_synapse_workspace", "Microsoft.Synapse/workspaces", PLAIN),
    Kind::group(
        "azurerm_databricks_workspace",
        "Microsoft.Databricks/workspaces",
        &[
            LOCATION,
            TAGS,
            PUBLIC,
            ("custom_parameters.virtual_network_id", "properties.parameters.customVirtualNetworkId.value", Copy),
            ("custom_parameters.public_subnet_name", "properties.parameters.customPublicSubnetName.value", Copy),
            ("custom_parameters.private_subnet_name", "properties.parameters.customPrivateSubnetName.value", Copy),
        ],
    ),
    Kind::group(
        "azurerm_iothub",
        "Microsoft.Devices/IotHubs",
        &[LOCATION, TAGS, IDENTITY, PUBLIC, ("network_rule_set", "properties", First(RULE_SET))],
    ),
    Kind::group("azurerm_signalr_service", "Microsoft.SignalRService/SignalR", PLAIN),
    Kind::group("azurerm_web_pubsub", "Microsoft.SignalRService/WebPubSub", PLAIN),
    Kind::group("azurerm_static_web_app", "Microsoft.Web/staticSites", PLAIN),
    Kind::group("azurerm_kusto_cluster", "Microsoft.Kusto/clusters", PLAIN),
    Kind::group(
        "azurerm_purview_account",
        "Microsoft.Purview/accounts",
        &[
            LOCATION,
            TAGS,
            IDENTITY,
            ("public_network_enabled", "properties.publicNetworkAccess", Words("Enabled", "Disabled")),
            PUBLIC,
        ],
    ),
    Kind::group("azurerm_batch_account", "Microsoft.Batch/batchAccounts", PLAIN),
    Kind::group("azurerm_automation_account", "Microsoft.Automation/automationAccounts", PLAIN),
    Kind::group("azurerm_recovery_services_vault", "Microsoft.RecoveryServices/vaults", PLAIN),
    Kind::group("azurerm_monitor_private_link_scope", "Microsoft.Insights/privateLinkScopes", &[TAGS]),
    Kind::group(
        "azurerm_api_management",
        "Microsoft.ApiManagement/service",
        &[
            LOCATION,
            TAGS,
            PUBLIC,
            ("virtual_network_type", "properties.virtualNetworkType", Copy),
            (
                "virtual_network_configuration.subnet_id",
                "properties.virtualNetworkConfiguration.subnetResourceId",
                Copy,
            ),
        ],
    ),
    Kind::group(
        "azurerm_container_app_environment",
        "Microsoft.App/managedEnvironments",
        &[
            LOCATION,
            TAGS,
            ("public_network_access", "properties.publicNetworkAccess", Copy),
            ("infrastructure_subnet_id", "properties.vnetConfiguration.infrastructureSubnetId", Copy),
            ("internal_load_balancer_enabled", "properties.vnetConfiguration.internal", Copy),
        ],
    ),
    Kind::group(
        "azurerm_container_group",
        "Microsoft.ContainerInstance/containerGroups",
        &[
            LOCATION,
            TAGS,
            ("subnet_ids", "properties.subnetIds", super::kinds::How::Ids),
            ("network_profile_id", "properties.networkProfile", super::kinds::How::Id),
            ("ip_address", "properties.ipAddress.ip", Copy),
            ("dns_config.nameservers", "properties.dnsConfig.nameServers", Copy),
            ("exposed_port", "properties.ipAddress.ports", Each(PORT)),
        ],
    )
    .with(ports),
];

const PORT: &[Field] = &[("port", "port", Copy), ("protocol", "protocol", Copy)];

/// Without ports of its own, a group exposes those of its containers.
fn ports(shaper: &mut Shaper<'_, '_>) {
    if !shaper.body.items_at("properties.ipAddress.ports").is_empty() {
        return;
    }
    let containers = shaper.get("container").map(|c| c.items().to_vec()).unwrap_or_default();
    for port in containers.iter().flat_map(|c| c.items_at("ports")) {
        let mut item = Json::new(Value::Null, port.span);
        shape(port, PORT, &mut item);
        shaper.put("properties.ipAddress.ports[]", item);
    }
}

/// How clients of a SQL server connect is a resource of its own in Azure.
fn connections(shaper: &mut Shaper<'_, '_>) {
    let Some(policy) = shaper.get("connection_policy") else { return };
    let mut body = Json::new(Value::Null, policy.span);
    put(&mut body, "properties.connectionType", policy);
    shaper.parts.push((format!("{}/connectionPolicies/default", shaper.id), body));
}

/// Regions of a registry are resources of their own in Azure; their names are what counts.
fn replicas(shaper: &mut Shaper<'_, '_>) {
    let Some(blocks) = shaper.get("georeplications") else { return };
    let regions: Vec<Json> = blocks.items().iter().filter_map(|b| b.get("location").cloned()).collect();
    if !regions.is_empty() {
        shaper.put("properties.replicaLocations", list(regions, blocks.span));
    }
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
