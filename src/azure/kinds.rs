//! The words for kinds of clients and services: those of the file format, and the provider's for types of services.

use super::known_services::{Cloud, KnownServices};

/// Kinds of clients and targets, in the words of the file format.
pub const KINDS: &[&str] = &[
    "app",
    "application_gateway",
    "compute",
    "deployment",
    "firewall",
    "host",
    "identity",
    "internet_client",
    "kubernetes_cluster",
    "load_balancer",
    "network_interface",
    "platform_caller",
    "public_host",
    "public_ip",
    "service",
    "virtual_machine",
    "vpn_client",
    "workspace",
];

/// The provider's words for types of services, without the prefix of its resources.
const WORDS: &[(&str, &str)] = &[
    ("ai_services", "Microsoft.CognitiveServices/accounts"),
    ("api_management", "Microsoft.ApiManagement/service"),
    ("app_configuration", "Microsoft.AppConfiguration/configurationStores"),
    ("automation_account", "Microsoft.Automation/automationAccounts"),
    ("batch_account", "Microsoft.Batch/batchAccounts"),
    ("cognitive_account", "Microsoft.CognitiveServices/accounts"),
    ("container_app_environment", "Microsoft.App/managedEnvironments"),
    ("container_registry", "Microsoft.ContainerRegistry/registries"),
    ("cosmosdb_account", "Microsoft.DocumentDB/databaseAccounts"),
    ("data_factory", "Microsoft.DataFactory/factories"),
    ("databricks_workspace", "Microsoft.Databricks/workspaces"),
    ("eventgrid_domain", "Microsoft.EventGrid/domains"),
    ("eventgrid_topic", "Microsoft.EventGrid/topics"),
    ("eventhub_namespace", "Microsoft.EventHub/namespaces"),
    ("function_app", "Microsoft.Web/sites"),
    ("iothub", "Microsoft.Devices/IotHubs"),
    ("key_vault", "Microsoft.KeyVault/vaults"),
    ("kusto_cluster", "Microsoft.Kusto/clusters"),
    ("linux_function_app", "Microsoft.Web/sites"),
    ("linux_web_app", "Microsoft.Web/sites"),
    ("logic_app_standard", "Microsoft.Web/sites"),
    ("machine_learning_workspace", "Microsoft.MachineLearningServices/workspaces"),
    ("mariadb_server", "Microsoft.DBforMariaDB/servers"),
    ("monitor_private_link_scope", "Microsoft.Insights/privateLinkScopes"),
    ("mssql_managed_instance", "Microsoft.Sql/managedInstances"),
    ("mssql_server", "Microsoft.Sql/servers"),
    ("mysql_flexible_server", "Microsoft.DBforMySQL/flexibleServers"),
    ("mysql_server", "Microsoft.DBforMySQL/servers"),
    ("postgresql_flexible_server", "Microsoft.DBforPostgreSQL/flexibleServers"),
    ("postgresql_server", "Microsoft.DBforPostgreSQL/servers"),
    ("purview_account", "Microsoft.Purview/accounts"),
    ("recovery_services_vault", "Microsoft.RecoveryServices/vaults"),
    ("redis_cache", "Microsoft.Cache/Redis"),
    ("relay_namespace", "Microsoft.Relay/namespaces"),
    ("search_service", "Microsoft.Search/searchServices"),
    ("servicebus_namespace", "Microsoft.ServiceBus/namespaces"),
    ("signalr_service", "Microsoft.SignalRService/SignalR"),
    ("static_web_app", "Microsoft.Web/staticSites"),
    ("storage_account", "Microsoft.Storage/storageAccounts"),
    ("synapse_workspace", "Microsoft.Synapse/workspaces"),
    ("web_pubsub", "Microsoft.SignalRService/WebPubSub"),
    ("windows_function_app", "Microsoft.Web/sites"),
    ("windows_web_app", "Microsoft.Web/sites"),
];

/// Types of services whose word in the provider's language passes a test.
pub fn types_called(is_meant: impl Fn(&str) -> bool) -> Vec<String> {
    let mut found: Vec<String> = WORDS.iter().filter(|(w, _)| is_meant(w)).map(|(_, t)| (*t).to_owned()).collect();
    found.sort();
    found.dedup();
    found
}

/// Every word that may name a kind: of clients and targets, and for types of services in either spelling.
pub fn words() -> impl Iterator<Item = &'static str> {
    let types = KnownServices::get().resource_types(Cloud::Public);
    KINDS.iter().copied().chain(WORDS.iter().map(|(w, _)| *w)).chain(types)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A word for a type that no service can have would select nothing.
    #[test]
    fn words_stand_for_types_of_the_table() {
        let known = KnownServices::get();
        let unknown: Vec<_> = WORDS.iter().filter(|(_, t)| known.service(Cloud::Public, t).is_none()).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }
}
