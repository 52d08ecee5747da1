//! Machine learning workspaces and AI Foundry hubs with their managed networks.

use super::fields::{LOCATION, PUBLIC_WORD};
use super::kinds::{
    Field,
    How::{Copy, Id},
    Kind,
};

const WORKSPACES: &str = "Microsoft.MachineLearningServices/workspaces";
const RULES: &str = "Microsoft.MachineLearningServices/workspaces/outboundRules";
const COMPUTES: &str = "Microsoft.MachineLearningServices/workspaces/computes";

const WORKSPACE: &[Field] = &[
    ("kind", "kind", Copy),
    PUBLIC_WORD,
    ("storage_account_id", "properties.storageAccount", Copy),
    ("key_vault_id", "properties.keyVault", Copy),
    ("container_registry_id", "properties.containerRegistry", Copy),
    ("managed_network.isolation_mode", "properties.managedNetwork.isolationMode", Copy),
    ("managed_network.provision_on_creation_enabled", "properties.managedNetwork.provisionNetworkNow", Copy),
    ("image_build_compute_name", "properties.imageBuildCompute", Copy),
    ("workspace_id", "properties.workspaceId", Copy),
];

const COMPUTE: &[Field] = &[
    LOCATION,
    ("subnet_resource_id", "properties.properties.subnet", Id),
    ("node_public_ip_enabled", "properties.properties.enableNodePublicIp", Copy),
];

pub(super) const KINDS: &[Kind] = &[
    Kind::service("azurerm_machine_learning_workspace", WORKSPACES, WORKSPACE),
    Kind::service("azurerm_ai_foundry", WORKSPACES, WORKSPACE).implies(&[("kind", "Hub")]),
    Kind {
        identity: super::kinds::Identity::None,
        ..Kind::group(
            "azurerm_ai_foundry_project",
            WORKSPACES,
            &[("ai_services_hub_id", "properties.hubResourceId", Copy), ("project_id", "properties.workspaceId", Copy)],
        )
        .implies(&[("kind", "Project")])
    },
    Kind::under(
        "azurerm_machine_learning_workspace_network_outbound_rule_fqdn",
        RULES,
        "workspace_id",
        &[("destination_fqdn", "properties.destination", Copy)],
    )
    .implies(&[("properties.type", "FQDN"), ("properties.category", "UserDefined")]),
    Kind::under(
        "azurerm_machine_learning_workspace_network_outbound_rule_private_endpoint",
        RULES,
        "workspace_id",
        &[
            ("service_resource_id", "properties.destination.serviceResourceId", Copy),
            ("sub_resource_target", "properties.destination.subresourceTarget", Copy),
            ("spark_enabled", "properties.destination.sparkEnabled", Copy),
        ],
    )
    .implies(&[("properties.type", "PrivateEndpoint"), ("properties.category", "UserDefined")]),
    Kind::under(
        "azurerm_machine_learning_workspace_network_outbound_rule_service_tag",
        RULES,
        "workspace_id",
        &[
            ("service_tag", "properties.destination.serviceTag", Copy),
            ("protocol", "properties.destination.protocol", Copy),
            ("port_ranges", "properties.destination.portRanges", Copy),
        ],
    )
    .implies(&[("properties.type", "ServiceTag"), ("properties.category", "UserDefined")]),
    Kind::under("azurerm_machine_learning_compute_instance", COMPUTES, "machine_learning_workspace_id", COMPUTE)
        .implies(&[("properties.computeType", "ComputeInstance")]),
    Kind::under("azurerm_machine_learning_compute_cluster", COMPUTES, "machine_learning_workspace_id", COMPUTE)
        .implies(&[("properties.computeType", "AmlCompute")]),
];
