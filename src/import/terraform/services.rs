//! Other services of the platform: AI, search, analytics, management.

use super::fields::{NETWORK_ACLS, PUBLIC_WORD, SKU};
use super::kinds::{
    Field,
    How::{Copy, Each, Keyed, Words},
    Kind,
};

const ACCOUNTS: &str = "Microsoft.CognitiveServices/accounts";

const ACCOUNT: &[Field] = &[
    ("kind", "kind", Copy),
    ("sku_name", "sku.name", Copy),
    ("custom_subdomain_name", "properties.customSubDomainName", Copy),
    PUBLIC_WORD,
    NETWORK_ACLS,
    (
        "network_injection",
        "properties.networkInjections",
        Each(&[("scenario", "scenario", Copy), ("subnet_id", "subnetArmId", Copy)]),
    ),
];

/// What some types call the switch of their public endpoint.
const PUBLIC_NETWORK: Field =
    ("public_network_enabled", "properties.publicNetworkAccess", Words("Enabled", "Disabled"));

pub(super) const KINDS: &[Kind] = &[
    Kind::service("azurerm_cognitive_account", ACCOUNTS, ACCOUNT),
    Kind::service("azurerm_ai_services", ACCOUNTS, ACCOUNT).implies(&[("kind", "AIServices")]),
    Kind::service(
        "azurerm_search_service",
        "Microsoft.Search/searchServices",
        &[
            ("sku", "sku.name", Copy),
            ("network_rule_bypass_option", "properties.networkRuleSet.bypass", Copy),
            ("allowed_ips", "properties.networkRuleSet.ipRules", Keyed("value")),
        ],
    ),
    Kind::group(
        "azurerm_app_configuration",
        "Microsoft.AppConfiguration/configurationStores",
        &[PUBLIC_WORD, ("sku", "sku.name", Copy)],
    ),
    Kind::group("azurerm_data_factory", "Microsoft.DataFactory/factories", &[PUBLIC_NETWORK]),
    Kind::service("azurerm_purview_account", "Microsoft.Purview/accounts", &[PUBLIC_NETWORK]),
    Kind::service(
        "azurerm_databricks_workspace",
        "Microsoft.Databricks/workspaces",
        &[
            ("custom_parameters.virtual_network_id", "properties.parameters.customVirtualNetworkId.value", Copy),
            ("custom_parameters.public_subnet_name", "properties.parameters.customPublicSubnetName.value", Copy),
            ("custom_parameters.private_subnet_name", "properties.parameters.customPrivateSubnetName.value", Copy),
        ],
    ),
    Kind::service(
        "azurerm_api_management",
        "Microsoft.ApiManagement/service",
        &[
            ("virtual_network_type", "properties.virtualNetworkType", Copy),
            (
                "virtual_network_configuration.subnet_id",
                "properties.virtualNetworkConfiguration.subnetResourceId",
                Copy,
            ),
        ],
    ),
    Kind::service("azurerm_static_web_app", "Microsoft.Web/staticSites", SKU),
    Kind::service("azurerm_kusto_cluster", "Microsoft.Kusto/clusters", SKU),
    Kind::service("azurerm_batch_account", "Microsoft.Batch/batchAccounts", SKU),
    Kind::service("azurerm_automation_account", "Microsoft.Automation/automationAccounts", SKU),
    Kind::service("azurerm_recovery_services_vault", "Microsoft.RecoveryServices/vaults", SKU),
    Kind::group("azurerm_monitor_private_link_scope", "Microsoft.Insights/privateLinkScopes", &[]),
];
