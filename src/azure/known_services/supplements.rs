//! What the published zone table leaves out: ports, names of some rows, and service tags. Entries marked
//! \[background\] are general knowledge that no page we read states.

use super::data::RawMember;

/// Placeholders that stand for the service's own name unless a value is given. An account's custom subdomain is its
/// name by default (COG-01).
pub(super) const OWN_NAME_PLACEHOLDERS: [&str; 11] = [
    "account",
    "app",
    "customSubdomain",
    "instance",
    "name",
    "registry",
    "server",
    "service",
    "vault",
    "workspace",
    "workspaceName",
];

/// Rows without published member names whose first public name is `<service name>.<first public suffix>`
/// \[background\]: lower-case resource type and group id, `*` for all.
pub(super) const NAMED_BY_RESOURCE: [(&str, &str); 30] = [
    ("microsoft.apimanagement/service", "*"),
    ("microsoft.appconfiguration/configurationstores", "*"),
    ("microsoft.batch/batchaccounts", "batchaccount"),
    ("microsoft.cache/redis", "*"),
    ("microsoft.cognitiveservices/accounts", "*"),
    ("microsoft.dbformariadb/servers", "*"),
    ("microsoft.dbformysql/flexibleservers", "*"),
    ("microsoft.dbformysql/servers", "*"),
    ("microsoft.dbforpostgresql/flexibleservers", "*"),
    ("microsoft.dbforpostgresql/servers", "*"),
    ("microsoft.devices/iothubs", "*"),
    ("microsoft.devices/provisioningservices", "*"),
    ("microsoft.documentdb/databaseaccounts", "sqldedicated"),
    ("microsoft.eventhub/namespaces", "*"),
    ("microsoft.hdinsight/clusters", "gateway"),
    ("microsoft.keyvault/managedhsms", "*"),
    ("microsoft.keyvault/vaults", "*"),
    ("microsoft.kusto/clusters", "*"),
    ("microsoft.purview/accounts", "account"),
    ("microsoft.relay/namespaces", "*"),
    ("microsoft.search/searchservices", "*"),
    ("microsoft.servicebus/namespaces", "*"),
    ("microsoft.signalrservice/signalr", "*"),
    ("microsoft.signalrservice/webpubsub", "*"),
    ("microsoft.sql/managedinstances", "*"),
    ("microsoft.sql/servers", "*"),
    ("microsoft.synapse/workspaces", "dev"),
    ("microsoft.synapse/workspaces", "sql"),
    ("microsoft.synapse/workspaces", "sqlondemand"),
    ("microsoft.web/sites", "*"),
];

/// Member names by row, where the published row has none or is incomplete: cloud, resource type and group id.
pub(super) fn members(cloud: &str, resource_type: &str, group_id: &str) -> Option<Vec<RawMember>> {
    let one = |public: &str, alias: &str, ip: &str| RawMember {
        member: String::new(),
        public_fqdn: public.to_owned(),
        alias: Some(alias.to_owned()),
        ip: ip.to_owned(),
    };
    match (cloud, resource_type, group_id) {
        // The page lists `{regionName}.azurecr.us`; data endpoints carry the `data` label in every cloud (ACR-02).
        ("usgov", "Microsoft.ContainerRegistry/registries", "registry") => Some(vec![
            one("{registry}.azurecr.us", "{registry}.privatelink.azurecr.us", "ip1"),
            one(
                "{registry}.{regionName}.data.azurecr.us",
                "{registry}.{regionName}.data.privatelink.azurecr.us",
                "one per replica region",
            ),
        ]),
        // The page leaves out the suffix that clients use (FWD-05).
        ("china", "Microsoft.KeyVault/vaults", "vault") => {
            Some(vec![one("{vault}.vault.azure.cn", "{vault}.privatelink.vaultcore.azure.cn", "ip1")])
        }
        // Both names of a web app share the zone and the address (APP-08, PE-05).
        ("usgov", "Microsoft.Web/sites", "sites") => Some(vec![
            one("{app}.azurewebsites.us", "{app}.privatelink.azurewebsites.us", "ip1"),
            one("{app}.scm.azurewebsites.us", "{app}.scm.privatelink.azurewebsites.us", "ip1"),
        ]),
        ("china", "Microsoft.Web/sites", "sites") => Some(vec![
            one("{app}.chinacloudsites.cn", "{app}.privatelink.chinacloudsites.cn", "ip1"),
            one("{app}.scm.chinacloudsites.cn", "{app}.scm.privatelink.chinacloudsites.cn", "ip1"),
        ]),
        _ => None,
    }
}

/// TCP ports that the private endpoint of a sub-resource accepts.
///
/// DEF-05 gives 443 to most and 443 and 445 to file shares; PE-18 gives SQL's proxy port and opens Cosmos DB for
/// direct mode. The other numbers are the services' documented client ports \[background\].
pub(super) fn ports(resource_type: &str, group_id: &str) -> &'static str {
    let group_id = group_id.to_ascii_lowercase();
    match (resource_type.to_ascii_lowercase().as_str(), group_id.as_str()) {
        ("microsoft.storage/storageaccounts", "file" | "file_secondary") => "443,445",
        ("microsoft.fileshares/fileshares", _) => "443,445,2049",
        ("microsoft.sql/servers" | "microsoft.sql/managedinstances", _) => "1433",
        ("microsoft.synapse/workspaces", "sql" | "sqlondemand") => "1433",
        ("microsoft.documentdb/databaseaccounts", "sql") => "*",
        ("microsoft.documentdb/databaseaccounts", "mongodb") => "10255",
        ("microsoft.documentdb/databaseaccounts", "cassandra") => "10350",
        ("microsoft.documentdb/mongoclusters", _) => "10260",
        ("microsoft.dbforpostgresql/servers", _) => "5432",
        ("microsoft.dbforpostgresql/flexibleservers" | "microsoft.dbforpostgresql/servergroupsv2", _) => "5432,6432",
        ("microsoft.dbformysql/servers" | "microsoft.dbformysql/flexibleservers", _) => "3306",
        ("microsoft.dbformariadb/servers", _) => "3306",
        ("microsoft.cache/redis", _) => "6379-6380,13000-13999,15000-15999",
        ("microsoft.cache/redisenterprise", _) => "8500-8599,10000",
        ("microsoft.eventhub/namespaces", _) => "443,5671-5672,9093",
        ("microsoft.servicebus/namespaces", _) => "443,5671-5672",
        ("microsoft.relay/namespaces", _) => "443,5671-5672,9350-9354",
        ("microsoft.devices/iothubs" | "microsoft.devices/provisioningservices", _) => "443,5671,8883",
        ("microsoft.eventgrid/namespaces", "topicspace") => "443,8883",
        ("microsoft.hdinsight/clusters", "headnode") => "22,443",
        ("microsoft.web/sites", _) => "80,443",
        _ => "443",
    }
}

/// Service tag that holds the public addresses of a resource type, from Microsoft's list of service tags; the databases
/// that share the service endpoint `Microsoft.Sql` share its tag.
pub(super) fn tag(resource_type: &str) -> Option<&'static str> {
    match resource_type {
        "Microsoft.AppConfiguration/configurationStores" => Some("AppConfiguration"),
        "Microsoft.CognitiveServices/accounts" => Some("CognitiveServicesManagement"),
        "Microsoft.ContainerRegistry/registries" => Some("AzureContainerRegistry"),
        "Microsoft.DBforMariaDB/servers" | "Microsoft.DBforMySQL/servers" | "Microsoft.DBforPostgreSQL/servers" => {
            Some("Sql")
        }
        "Microsoft.DocumentDB/databaseAccounts" => Some("AzureCosmosDB"),
        "Microsoft.EventHub/namespaces" => Some("EventHub"),
        "Microsoft.KeyVault/vaults" => Some("AzureKeyVault"),
        "Microsoft.ServiceBus/namespaces" => Some("ServiceBus"),
        "Microsoft.SignalRService/SignalR" => Some("AzureSignalR"),
        "Microsoft.Sql/servers" => Some("Sql"),
        // Names of disks and shares are names of storage accounts.
        "Microsoft.Compute/diskAccesses" | "Microsoft.FileShares/fileShares" | "Microsoft.Storage/storageAccounts" => {
            Some("Storage")
        }
        "Microsoft.Web/sites" => Some("AppService"),
        super::WORKSPACE_TYPE | "Microsoft.MachineLearningServices/registries" => Some("AzureMachineLearning"),
        _ => None,
    }
}

/// Service tags that may hold the public addresses of a resource type: the list names the service, and does not say
/// whether it means these addresses, those by which the platform manages it, or both. Rules that name one are undecided.
///
/// Left out is AI Search: the list says that `AzureCognitiveSearch` holds the indexers' addresses and not the search
/// service's own.
pub(super) fn perhaps(resource_type: &str) -> &'static [&'static str] {
    match resource_type {
        "Microsoft.ApiManagement/service" => &["ApiManagement"],
        "Microsoft.App/ManagedEnvironments" => &["AzureContainerAppsService"],
        "Microsoft.Attestation/attestationProviders" => &["AzureAttestation"],
        "Microsoft.Authorization/resourceManagementPrivateLinks" => &["AzureResourceManager"],
        "Microsoft.Automation/automationAccounts" => &["GuestAndHybridManagement"],
        "Microsoft.Batch/batchAccounts" => &["BatchNodeManagement"],
        "Microsoft.BotService/botServices" => &["AzureBotService"],
        "Microsoft.CognitiveServices/accounts" => &["CognitiveServicesFrontend"],
        "Microsoft.ElasticSan/elasticSans" => &["Storage"],
        "Microsoft.DBforMySQL/flexibleServers"
        | "Microsoft.DBforPostgreSQL/flexibleServers"
        | "Microsoft.DBforPostgreSQL/serverGroupsv2"
        | "Microsoft.Synapse/privateLinkHubs"
        | "Microsoft.Synapse/workspaces" => &["Sql"],
        "Microsoft.Dashboard/grafana" => &["AzureManagedGrafana", "Grafana"],
        "Microsoft.DataFactory/factories" => &["DataFactory", "DataFactoryManagement"],
        "Microsoft.Databricks/workspaces" => &["AzureDatabricks"],
        "Microsoft.DesktopVirtualization/hostpools" | "Microsoft.DesktopVirtualization/workspaces" => {
            &["VirtualDesktop", "WindowsVirtualDesktop"]
        }
        "Microsoft.DeviceUpdate/accounts" => &["AzureDeviceUpdate"],
        // A hub takes events at names of Event Hubs, too.
        "Microsoft.Devices/IotHubs" | "Microsoft.Devices/ProvisioningServices" => &["AzureIoTHub"],
        "Microsoft.DigitalTwins/digitalTwinsInstances" => &["AzureDigitalTwins"],
        "Microsoft.DocumentDB/mongoClusters" => &["AzureCosmosDB"],
        "Microsoft.EventGrid/domains"
        | "Microsoft.EventGrid/namespaces"
        | "Microsoft.EventGrid/partnerNamespaces"
        | "Microsoft.EventGrid/topics" => &["AzureEventGrid"],
        "Microsoft.Fabric/privateLinkServicesForFabric" | "Microsoft.PowerBI/privateLinkServicesForPowerBI" => {
            &["PowerBI", "PowerQueryOnline"]
        }
        "Microsoft.HDInsight/clusters" => &["HDInsight"],
        "Microsoft.HealthcareApis/services" | "Microsoft.HealthcareApis/workspaces" => {
            &["AzureAPIForFHIR", "AzureHealthcareAPIs"]
        }
        "Microsoft.HybridCompute/privateLinkScopes" => &["AzureArcInfrastructure", "GuestAndHybridManagement"],
        "Microsoft.Insights/privateLinkScopes" | "Microsoft.Monitor/accounts" => &["AzureMonitor"],
        "Microsoft.IoTCentral/IoTApps" => &["AzureIoTHub", "IoTCentral"],
        "Microsoft.KeyVault/managedHSMs" => &["AzureKeyVault"],
        "Microsoft.Kusto/Clusters" => &["AzureDataExplorerManagement", "KustoAnalytics"],
        "Microsoft.Logic/integrationAccounts" => &["LogicApps", "LogicAppsManagement"],
        "Microsoft.Purview/accounts" => &["MicrosoftPurviewPolicyDistribution"],
        "Microsoft.RecoveryServices/vaults" => &["AzureBackup", "AzureSiteRecovery"],
        "Microsoft.Relay/namespaces" => &["EventHub", "ServiceBus"],
        "Microsoft.SignalRService/WebPubSub" => &["AzureSignalR", "AzureWebPubSub"],
        "Microsoft.Sql/managedInstances" => &["SqlManagement"],
        "Microsoft.StorageSync/storageSyncServices" => &["StorageSyncService"],
        "Microsoft.VideoIndexer/accounts" => &["AzureVideoAnalyzerForMedia", "AzureVideoIndexer", "VideoIndexer"],
        "Microsoft.Web/hostingEnvironments" => &["AppService", "AppServiceManagement"],
        "Microsoft.Web/staticSites" => &["AppService"],
        super::WORKSPACE_TYPE => &["AzureMachineLearningInference"],
        _ => &[],
    }
}
