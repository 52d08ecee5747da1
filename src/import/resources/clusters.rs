//! Kubernetes clusters.

use super::{Map, Mapper, Resource, addresses::nothing, compute::tags, scalars, workspaces::checksum};
use crate::import::{
    draft::{Key, Matters, Node, Tree},
    json::Json,
};

pub(super) const TYPES: &[(&str, Map)] = &[
    ("microsoft.containerservice/managedclusters", cluster),
    ("microsoft.containerservice/managedclusters/agentpools", pool),
    ("microsoft.containerservice/managedclusters/maintenanceconfigurations", nothing),
];

const CLUSTERS: &str = "kubernetes_clusters";

fn subnet(json: Option<&Json>) -> Option<(Key, Node)> {
    let id = json?;
    let key = Key::new("subnets", id.as_str().filter(|t| !t.is_empty())?);
    Some((key.clone(), Node::path_of(key, id.span)))
}

/// What the name of a cluster begins with. Azure adds letters of its own to it, so that clusters with one prefix have
/// names of their own (AKS-01).
fn dns_prefix(resource: &Resource, mapper: &Mapper<'_>) -> Option<Node> {
    let prefix = resource.scalar("dnsPrefix")?;
    let Tree::Text(text) = &prefix.tree else { return Some(prefix) };
    let clusters = mapper.all.values().filter(|r| r.id.kind == resource.id.kind);
    let mut others = clusters.filter(|r| !r.full_id.eq_ignore_ascii_case(&resource.full_id));
    if !others.any(|r| r.str("dnsPrefix").is_some_and(|p| p.eq_ignore_ascii_case(text))) {
        return Some(prefix);
    }
    let stand_in = format!("{text}-{:08x}", checksum(&resource.full_id.to_lowercase()));
    Some(Node::text(stand_in, prefix.span).comment("Azure adds letters of its own to a prefix; these stand in."))
}

fn cluster(resource: &Resource, mapper: &mut Mapper<'_>) {
    let span = resource.source.span;
    let pools = resource.items("agentPoolProfiles");
    let Some((first, node)) = pools.iter().find_map(|p| subnet(p.at("vnetSubnetID"))) else {
        let why = "its nodes stand in a network that the platform makes; that is not modelled";
        return mapper.unmodelled(resource, "", why, Matters::Itself);
    };
    let prefix = dns_prefix(resource, mapper);
    let item = mapper.item(resource, CLUSTERS);
    item.set_some("location", resource.body.at("location").and_then(Node::scalar));
    item.set("default_node_pool", Node::map(vec![("subnet", node)], span));
    item.set_some("dns_prefix", prefix);
    item.set_some("private_cluster_enabled", resource.scalar("apiServerAccessProfile.enablePrivateCluster"));
    item.set_some(
        "private_cluster_public_fqdn_enabled",
        resource.scalar("apiServerAccessProfile.enablePrivateClusterPublicFQDN"),
    );
    let zone = resource.prop("apiServerAccessProfile.privateDNSZone").and_then(|zone| {
        let text = zone.as_str()?;
        Some(match text.to_lowercase().as_str() {
            "" => return None,
            "system" => Node::text("System", zone.span),
            "none" => Node::text("None", zone.span),
            _ => Node::name_of(Key::new("private_dns_zones", text), zone.span),
        })
    });
    item.set_some("private_dns_zone", zone);
    let mut access: Vec<(&str, Node)> = Vec::new();
    let ranges = resource.prop("apiServerAccessProfile.authorizedIPRanges");
    access.extend(scalars(ranges).map(super::service_rules::prefixes).map(|n| ("authorized_ip_ranges", n)));
    let integrated = resource.scalar("apiServerAccessProfile.enableVnetIntegration");
    access
        .extend(integrated.filter(|n| n.tree == Tree::Bool(true)).map(|n| ("virtual_network_integration_enabled", n)));
    access.extend(subnet(resource.prop("apiServerAccessProfile.subnetId")).map(|(_, n)| ("subnet", n)));
    if !access.is_empty() {
        item.set("api_server_access_profile", Node::map(access, span));
    }
    tags(resource, item);
    let others = pools.iter().filter_map(|p| subnet(p.at("vnetSubnetID"))).filter(|(key, _)| *key != first);
    let pods = pools.iter().filter_map(|p| subnet(p.at("podSubnetID")));
    for (other, _) in others.chain(pods) {
        let why = "nodes and pods outside the first pool's subnet are not modelled";
        mapper.unmodelled(resource, "agentPoolProfiles", why, Matters::Subnet(other));
    }
    if resource.str("publicNetworkAccess").is_some_and(|a| a.eq_ignore_ascii_case("Disabled")) {
        let why = "a cluster without public network access is not modelled";
        mapper.unmodelled(resource, "publicNetworkAccess", why, Matters::Item(resource.key(CLUSTERS)));
    }
}

fn pool(resource: &Resource, mapper: &mut Mapper<'_>) {
    for path in ["vnetSubnetID", "podSubnetID"] {
        let Some((other, _)) = subnet(resource.prop(path)) else { continue };
        let cluster = mapper.draft.get(&resource.parent(CLUSTERS));
        let first = cluster.and_then(|c| c.get("default_node_pool")).map(|n| &n.tree);
        let same = matches!(first, Some(Tree::Map(fields)) if fields.iter().any(|(_, n)| {
            matches!(&n.tree, Tree::Reference(key, _) if *key == other)
        }));
        if !same {
            let why = "nodes and pods outside the first pool's subnet are not modelled";
            mapper.unmodelled(resource, path, why, Matters::Subnet(other));
        }
    }
}
