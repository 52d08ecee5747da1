//! Web apps, functions and logic apps.

use super::fields::{NAME, PUBLIC_WORD};
use super::kinds::{
    Field,
    How::{Copy, Each, First, Id},
    Kind,
};

const APP: &[Field] = &[
    ("virtual_network_subnet_id", "properties.virtualNetworkSubnetId", Copy),
    ("enabled", "properties.enabled", Copy),
    ("site_config.vnet_route_all_enabled", "properties.siteConfig.vnetRouteAllEnabled", Copy),
    PUBLIC_WORD,
    ("vnet_image_pull_enabled", "properties.vnetImagePullEnabled", Copy),
    ("site_config.ip_restriction", "properties.siteConfig.ipSecurityRestrictions", Each(RESTRICTION)),
    ("site_config.scm_ip_restriction", "properties.siteConfig.scmIpSecurityRestrictions", Each(RESTRICTION)),
    ("site_config.scm_use_main_ip_restriction", "properties.siteConfig.scmIpSecurityRestrictionsUseMain", Copy),
    (
        "site_config.scm_ip_restriction_default_action",
        "properties.siteConfig.scmIpSecurityRestrictionsDefaultAction",
        Copy,
    ),
    ("app_settings", "properties.siteConfig.appSettings", Copy),
    ("site_config.ip_restriction_default_action", "properties.siteConfig.ipSecurityRestrictionsDefaultAction", Copy),
    ("service_plan_id", "properties.serverFarmId", Copy),
    ("app_service_plan_id", "properties.serverFarmId", Copy),
];

const SITES: &str = "Microsoft.Web/sites";

const HEADERS: &[Field] = &[
    ("x_azure_fdid", "headers.fdid", Copy),
    ("x_forwarded_for", "headers.for", Copy),
    ("x_forwarded_host", "headers.host", Copy),
    ("x_fd_health_probe", "headers.probe", Copy),
];

/// Rules of apps.
const RESTRICTION: &[Field] = &[
    NAME,
    ("action", "action", Copy),
    ("priority", "priority", Copy),
    ("ip_address", "ipAddress", Copy),
    ("service_tag", "serviceTag", Copy),
    ("virtual_network_subnet_id", "vnetSubnetResourceId", Copy),
    ("headers", "headers", First(HEADERS)),
];

/// Plans matter for where their apps stand.
const PLAN: &[Field] = &[
    ("sku_name", "sku.name", Copy),
    ("sku.tier", "sku.tier", Copy),
    ("app_service_environment_id", "properties.hostingEnvironmentProfile", Id),
];

pub(super) const KINDS: &[Kind] = &[
    Kind::group("azurerm_service_plan", "Microsoft.Web/serverfarms", PLAN),
    Kind::group("azurerm_app_service_plan", "Microsoft.Web/serverfarms", PLAN),
    Kind::service("azurerm_linux_web_app", SITES, APP),
    Kind::service("azurerm_windows_web_app", SITES, APP),
    Kind::service("azurerm_app_service", SITES, APP),
    Kind::service("azurerm_linux_function_app", SITES, APP).implies(&[("kind", "functionapp")]),
    Kind::service("azurerm_windows_function_app", SITES, APP).implies(&[("kind", "functionapp")]),
    Kind::service("azurerm_function_app", SITES, APP).implies(&[("kind", "functionapp")]),
    Kind::service("azurerm_function_app_flex_consumption", SITES, APP).implies(&[("kind", "functionapp")]),
    Kind::service("azurerm_logic_app_standard", SITES, APP).implies(&[("kind", "functionapp,workflowapp")]),
    Kind::patch(
        "azurerm_app_service_virtual_network_swift_connection",
        "app_service_id",
        None,
        &[("subnet_id", "properties.virtualNetworkSubnetId", Copy)],
    ),
];
