//! Kubernetes clusters, container groups, environments of container apps.

use super::fields::{NAME, PUBLIC_WORD};
use super::kinds::{
    Field,
    How::{Copy, Each, Id, Ids},
    Kind,
};
use super::shape::{Shaper, shape};
use crate::import::json::{Json, Value};

pub(super) const KINDS: &[Kind] = &[
    Kind::service(
        "azurerm_kubernetes_cluster",
        "Microsoft.ContainerService/managedClusters",
        &[
            ("dns_prefix", "properties.dnsPrefix", Copy),
            ("private_link_enabled", "properties.apiServerAccessProfile.enablePrivateCluster", Copy),
            ("private_cluster_enabled", "properties.apiServerAccessProfile.enablePrivateCluster", Copy),
            (
                "private_cluster_public_fqdn_enabled",
                "properties.apiServerAccessProfile.enablePrivateClusterPublicFQDN",
                Copy,
            ),
            (
                "api_server_access_profile.virtual_network_integration_enabled",
                "properties.apiServerAccessProfile.enableVnetIntegration",
                Copy,
            ),
            ("api_server_access_profile.subnet_id", "properties.apiServerAccessProfile.subnetId", Copy),
            ("api_server_authorized_ip_ranges", "properties.apiServerAccessProfile.authorizedIPRanges", Copy),
            ("private_dns_zone_id", "properties.apiServerAccessProfile.privateDNSZone", Copy),
            ("private_fqdn", "properties.privateFQDN", Copy),
            ("fqdn", "properties.fqdn", Copy),
            (
                "api_server_access_profile.authorized_ip_ranges",
                "properties.apiServerAccessProfile.authorizedIPRanges",
                Copy,
            ),
            ("network_profile.outbound_type", "properties.networkProfile.outboundType", Copy),
            ("http_proxy_config", "properties.httpProxyConfig", Copy),
            ("network_profile.network_plugin", "properties.networkProfile.networkPlugin", Copy),
            (
                "default_node_pool",
                "properties.agentPoolProfiles",
                Each(&[
                    NAME,
                    ("node_count", "count", Copy),
                    ("vnet_subnet_id", "vnetSubnetID", Copy),
                    ("pod_subnet_id", "podSubnetID", Copy),
                ]),
            ),
        ],
    ),
    Kind::under(
        "azurerm_kubernetes_cluster_node_pool",
        "Microsoft.ContainerService/managedClusters/agentPools",
        "kubernetes_cluster_id",
        &[
            ("node_count", "properties.count", Copy),
            ("vnet_subnet_id", "properties.vnetSubnetID", Copy),
            ("pod_subnet_id", "properties.podSubnetID", Copy),
        ],
    ),
    Kind::group(
        "azurerm_container_app_environment",
        "Microsoft.App/managedEnvironments",
        &[
            PUBLIC_WORD,
            ("infrastructure_subnet_id", "properties.vnetConfiguration.infrastructureSubnetId", Copy),
            ("internal_load_balancer_enabled", "properties.vnetConfiguration.internal", Copy),
        ],
    ),
    Kind::group(
        "azurerm_container_group",
        "Microsoft.ContainerInstance/containerGroups",
        &[
            ("subnet_ids", "properties.subnetIds", Ids),
            ("network_profile_id", "properties.networkProfile", Id),
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
