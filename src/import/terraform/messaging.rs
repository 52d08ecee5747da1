//! Messaging, events, and hubs of things.

use super::fields::SKU;
use super::kinds::{
    Field,
    How::{Copy, Each, First, Keyed, Words},
    Kind,
};

/// Rules of namespaces and hubs of things.
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

const NAMESPACE: &[Field] = &[
    ("sku", "sku.name", Copy),
    ("network_rulesets", "properties", First(RULE_SET)),
    ("network_rule_set", "properties", First(RULE_SET)),
];

pub(super) const KINDS: &[Kind] = &[
    Kind::service("azurerm_eventhub_namespace", "Microsoft.EventHub/namespaces", NAMESPACE),
    Kind::service("azurerm_servicebus_namespace", "Microsoft.ServiceBus/namespaces", NAMESPACE),
    Kind::service("azurerm_relay_namespace", "Microsoft.Relay/namespaces", SKU),
    Kind::service("azurerm_eventgrid_topic", "Microsoft.EventGrid/topics", SKU),
    Kind::service("azurerm_eventgrid_domain", "Microsoft.EventGrid/domains", SKU),
    Kind::service(
        "azurerm_iothub",
        "Microsoft.Devices/IotHubs",
        &[("network_rule_set", "properties", First(RULE_SET))],
    ),
    Kind::service("azurerm_signalr_service", "Microsoft.SignalRService/SignalR", SKU),
    Kind::service("azurerm_web_pubsub", "Microsoft.SignalRService/WebPubSub", SKU),
];
