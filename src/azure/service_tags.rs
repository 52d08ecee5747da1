//! Microsoft's published list of service tags, for rules and routes by address (TAG-04).

use crate::net::Prefix;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Service tags that Microsoft documents, without regions (TAG-04).
const KNOWN: &[&str] = &[
    "ActionGroup",
    "ApiManagement",
    "AppConfiguration",
    "ApplicationInsightsAvailability",
    "AppService",
    "AppServiceManagement",
    "AutonomousDevelopmentPlatform",
    "AzureActiveDirectory",
    "AzureActiveDirectoryDomainServices",
    "AzureAdvancedThreatProtection",
    "AzureAPIForFHIR",
    "AzureArcInfrastructure",
    "AzureAttestation",
    "AzureBackup",
    "AzureBotService",
    "AzureCloud",
    "AzureCognitiveSearch",
    "AzureConnectors",
    "AzureContainerAppsService",
    "AzureContainerRegistry",
    "AzureCosmosDB",
    "AzureDatabricks",
    "AzureDataExplorerManagement",
    "AzureDataLake",
    "AzureDeviceUpdate",
    "AzureDevOps",
    "AzureDevSpaces",
    "AzureDigitalTwins",
    "AzureEventGrid",
    "AzureFrontDoor",
    "AzureHealthcareAPIs",
    "AzureInformationProtection",
    "AzureIoTHub",
    "AzureKeyVault",
    "AzureLoadBalancer",
    "AzureLoadTestingInstanceManagement",
    "AzureMachineLearning",
    "AzureMachineLearningInference",
    "AzureManagedGrafana",
    "AzureMonitor",
    "AzureMonitorForSAP",
    "AzureOpenDatasets",
    "AzurePlatformDNS",
    "AzurePlatformIMDS",
    "AzurePlatformLKM",
    "AzureResourceManager",
    "AzureSecurityCenter",
    "AzureSentinel",
    "AzureSignalR",
    "AzureSiteRecovery",
    "AzureSpatialAnchors",
    "AzureSphere",
    "AzureSphereSecureService_Prod",
    "AzureSpringCloud",
    "AzureStack",
    "AzureTrafficManager",
    "AzureUpdateDelivery",
    "AzureVideoAnalyzerForMedia",
    "AzureVideoIndexer",
    "AzureVMwareSolution",
    "AzureWebPubSub",
    "BatchNodeManagement",
    "ChaosStudio",
    "CognitiveServicesFrontend",
    "CognitiveServicesManagement",
    "DataFactory",
    "DataFactoryManagement",
    "Dynamics365BusinessCentral",
    "Dynamics365ForMarketingEmail",
    "DynamicsBusinessCentral",
    "EOPExternalPublishedIPs",
    "EventHub",
    "GatewayManager",
    "Grafana",
    "GuestAndHybridManagement",
    "HDInsight",
    "Internet",
    "IoTCentral",
    "KustoAnalytics",
    "LogicApps",
    "LogicAppsManagement",
    "M365ManagementActivityApi",
    "M365ManagementActivityApiWebhook",
    "Marketplace",
    "MicrosoftAzureFluidRelay",
    "MicrosoftCloudAppSecurity",
    "MicrosoftContainerRegistry",
    "MicrosoftDefenderForEndpoint",
    "MicrosoftPurviewPolicyDistribution",
    "Office365",
    "OneDsCollector",
    "PowerBI",
    "PowerPlatformInfra",
    "PowerPlatformPlex",
    "PowerQueryOnline",
    "PrivateLink",
    "RemoteRenderings",
    "SCCservice",
    "Scuba",
    "SecurityCopilot",
    "SerialConsole",
    "ServiceBus",
    "ServiceFabric",
    "Sql",
    "SqlManagement",
    "Storage",
    "StorageMover",
    "StorageSyncService",
    "TrafficManager",
    "VideoIndexer",
    "VirtualDesktop",
    "VirtualNetwork",
    "WindowsAdminCenter",
    "WindowsVirtualDesktop",
];

/// The tag that was probably meant, if a word is none that Microsoft documents; a suffix after a dot is a region or part.
///
/// # Errors
/// If the word is no service tag.
pub fn check(word: &str) -> Result<(), Option<&'static str>> {
    let family = word.split_once('.').map_or(word, |(family, _)| family);
    if KNOWN.iter().any(|k| k.eq_ignore_ascii_case(family)) {
        return Ok(());
    }
    Err(crate::diag::nearest(family, KNOWN.iter().copied()))
}

/// A published list.
#[derive(Debug, Clone, Default)]
pub struct PublishedTags {
    /// Prefixes by tag in lower case.
    prefixes: BTreeMap<String, Vec<Prefix>>,
    /// Number of the list's edition.
    pub change_number: u64,
}

#[derive(Deserialize)]
struct File {
    #[serde(rename = "changeNumber", default)]
    change_number: u64,
    values: Vec<Tag>,
}

#[derive(Deserialize)]
struct Tag {
    name: String,
    properties: Properties,
}

#[derive(Deserialize)]
struct Properties {
    #[serde(rename = "addressPrefixes")]
    address_prefixes: Vec<String>,
}

impl PublishedTags {
    /// Reads the text of a `ServiceTags_*.json` file.
    ///
    /// # Errors
    /// If it is not of that form, with the line and column, or holds something that is no prefix.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: File = serde_json::from_str(text).map_err(|e| e.to_string())?;
        let mut prefixes = BTreeMap::new();
        for tag in file.values {
            let list: Result<Vec<Prefix>, _> = tag.properties.address_prefixes.iter().map(|p| p.parse()).collect();
            let list = list.map_err(|e: crate::net::PrefixError| format!("tag {}: {e}", tag.name))?;
            prefixes.insert(tag.name.to_lowercase(), list);
        }
        Ok(Self { prefixes, change_number: file.change_number })
    }

    /// Whether some tag is one of a region, in the short lower-case form.
    #[must_use]
    pub fn has_region(&self, region: &str) -> bool {
        self.prefixes.keys().any(|tag| tag.rsplit_once('.').is_some_and(|(_, part)| part == region))
    }

    /// The prefixes of a tag.
    #[must_use]
    pub fn prefixes(&self, tag: &str) -> Option<&[Prefix]> {
        self.prefixes.get(&tag.to_lowercase()).map(Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_without_regard_to_case() {
        let text = r#"{"changeNumber": 7, "cloud": "Public", "values": [{"name": "Storage.WestEurope", "id": "x",
            "properties": {"region": "westeurope", "addressPrefixes": ["20.38.108.0/23", "2603:1020::/47"]}}]}"#;
        let tags = PublishedTags::parse(text).unwrap();
        assert_eq!(tags.prefixes("storage.westeurope").unwrap().len(), 2);
        assert!(tags.has_region("westeurope") && !tags.has_region("storage"));
        assert_eq!((tags.change_number, tags.prefixes("Sql")), (7, None));
        assert!(PublishedTags::parse("{}").unwrap_err().contains("line 1"));
        assert!(PublishedTags::parse(&text.replace("/23", "/99")).unwrap_err().contains("Storage.WestEurope"));
    }
}
