//! AI Foundry hubs, projects, machine learning workspaces.

use super::{
    Map, Mapper, Resource, addresses::nothing, compute::tags, private_link::target, scalars, service_rules, services,
};
use crate::import::{
    draft::{Key, Matters, Node, Tree},
    ids::ArmId,
    json::Json,
};

pub(super) const TYPES: &[(&str, Map)] = &[
    ("microsoft.machinelearningservices/workspaces", workspace),
    ("microsoft.machinelearningservices/workspaces/outboundrules", outbound_rule),
    ("microsoft.machinelearningservices/workspaces/connections", connection),
    ("microsoft.machinelearningservices/workspaces/computes", compute),
    ("microsoft.machinelearningservices/workspaces/onlineendpoints", online_endpoint),
    ("microsoft.machinelearningservices/workspaces/onlineendpoints/deployments", deployment),
    ("microsoft.machinelearningservices/workspaces/datastores", nothing),
    ("microsoft.machinelearningservices/workspaces/managednetworks", managed_network_part),
];

const WORKSPACES: &str = "machine_learning_workspaces";

fn workspace(resource: &Resource, mapper: &mut Mapper<'_>) {
    let span = resource.source.span;
    let key = resource.key(WORKSPACES);
    for path in ["storageAccount", "keyVault", "containerRegistry"] {
        if let Some(id) = resource.str(path).map(str::to_owned) {
            services::refer(&id, &target(&id), resource, mapper);
        }
    }
    let reference = |path: &str| {
        resource.prop(path).and_then(|id| Some(Node::name_of(target(id.as_str().filter(|s| !s.is_empty())?), id.span)))
    };
    let item = mapper.item(resource, WORKSPACES);
    let kind = resource.body.at("kind").and_then(Json::as_str).unwrap_or("Default");
    let known = ["Hub", "Project", "Default"].iter().find(|k| k.eq_ignore_ascii_case(kind)).copied();
    item.set("kind", Node::text(known.unwrap_or("Default"), span));
    item.set_some("location", resource.body.at("location").and_then(Node::scalar));
    let id = resource.scalar("workspaceId");
    if id.is_none() && known != Some("Project") {
        item.note("Its identifier is given on deployment; a placeholder stands in.");
    }
    let placeholder = || Node::text(format!("00000000-0000-4000-8000-{:012x}", checksum(&key.id)), span);
    if known != Some("Project") || id.is_some() {
        item.set("workspace_id", id.unwrap_or_else(placeholder));
    }
    item.set_some(
        "hub",
        resource.prop("hubResourceId").and_then(|h| Some(Node::name_of(Key::new(WORKSPACES, h.as_str()?), h.span))),
    );
    // A project has the access of its hub, whatever it says itself (HUB-02).
    let own = known != Some("Project");
    let access = resource.prop("publicNetworkAccess").filter(|_| own);
    if access.and_then(Json::as_str).is_some_and(|a| a.eq_ignore_ascii_case("Disabled")) {
        item.set("public_network_access_enabled", Node::flag(false, access.map_or(span, |a| a.span)));
    }
    item.set_some("ip_rules", scalars(resource.prop("ipAllowlist").filter(|_| own)).map(service_rules::prefixes));
    item.set_some("storage_account", reference("storageAccount"));
    item.set_some("key_vault", reference("keyVault"));
    item.set_some("container_registry", reference("containerRegistry"));
    let insights =
        resource.prop("applicationInsights").and_then(|i| Some(Node::text(i.as_str()?.rsplit('/').next()?, i.span)));
    item.set_some("application_insights", insights);
    item.set_some("identity", services::identity(resource));
    item.set_some("image_build_compute_name", resource.scalar("imageBuildCompute"));
    tags(resource, item);
    if let Some(network) = resource.prop("managedNetwork").cloned() {
        managed_network(resource, &network, mapper);
    }
}

/// A number that depends on a text and on nothing else.
pub(super) fn checksum(text: &str) -> u64 {
    text.bytes().fold(17_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte))) & 0xFFFF_FFFF_FFFF
}

fn managed_network(resource: &Resource, network: &Json, mapper: &mut Mapper<'_>) {
    let span = network.span;
    let mut fields: Vec<(&str, Node)> = Vec::new();
    let scalar = |path: &str| network.at(path).and_then(Node::scalar);
    fields.extend(scalar("isolationMode").map(|n| ("isolation_mode", n)));
    fields.extend(scalar("status.status").map(|n| ("status", n)));
    let provision = scalar("provisionNetworkNow").or_else(|| resource.scalar("provisionNetworkNow"));
    fields.extend(provision.map(|n| ("provision_on_creation_enabled", n)));
    fields.extend(scalar("status.sparkReady").map(|n| ("spark_ready", n)));
    fields.extend(scalar("firewallSku").map(|n| ("firewall_sku", n)));
    let mut rules = Vec::new();
    for (name, rule) in network.at("outboundRules").map_or(&[][..], Json::fields) {
        match rule_fields(rule, resource, mapper) {
            Some(fields) => rules.push((name.to_string(), Node::map(fields, rule.span))),
            None => {
                let why = "its destination cannot be told from the input";
                mapper.unmodelled(
                    resource,
                    &format!("outbound rule {name}"),
                    why,
                    Matters::Item(resource.key(WORKSPACES)),
                );
            }
        }
    }
    if !rules.is_empty() {
        fields.push(("outbound_rules", Node::new(Tree::Map(rules), span)));
    }
    if let Some(item) = mapper.draft.get_mut(&resource.key(WORKSPACES)) {
        item.set("managed_network", Node::map(fields, span));
    }
}

fn rule_fields(rule: &Json, resource: &Resource, mapper: &mut Mapper<'_>) -> Option<Vec<(&'static str, Node)>> {
    let mut fields: Vec<(&'static str, Node)> = Vec::new();
    let scalar = |path: &str| rule.at(path).and_then(Node::scalar);
    let kind = rule.str_at("type")?.to_lowercase();
    fields.extend(scalar("type").map(|n| ("type", n)));
    fields.extend(scalar("category").map(|n| ("category", n)));
    fields.extend(scalar("status").map(|n| ("status", n)));
    match kind.as_str() {
        "privateendpoint" => {
            let id = rule.at("destination.serviceResourceId")?;
            let text = id.as_str()?;
            services::refer(text, &target(text), resource, mapper);
            fields.push(("service_resource", Node::name_of(target(text), id.span)));
            fields.push(("sub_resource_target", scalar("destination.subresourceTarget")?));
            fields.extend(scalar("destination.sparkEnabled").map(|n| ("spark_enabled", n)));
            fields.extend(scalars(rule.at("fqdns")).map(|n| ("fqdns", n)));
        }
        "servicetag" => {
            fields.push(("service_tag", scalar("destination.serviceTag")?));
            fields.extend(scalar("destination.protocol").map(|n| ("protocol", n)));
            fields.extend(scalar("destination.portRanges").map(|n| ("port_ranges", n)));
            fields.extend(scalars(rule.at("destination.addressPrefixes")).map(|n| ("address_prefixes", n)));
            fields.extend(scalar("destination.action").map(|n| ("action", n)));
        }
        _ => fields.push(("destination_fqdn", scalar("destination")?)),
    }
    Some(fields)
}

fn outbound_rule(resource: &Resource, mapper: &mut Mapper<'_>) {
    let Some(properties) = resource.body.get("properties").cloned() else { return };
    let fields = rule_fields(&properties, resource, mapper);
    let workspace = resource.parent(WORKSPACES);
    let Some(fields) = fields else {
        let why = "its destination cannot be told from the input";
        return mapper.unmodelled(resource, "", why, Matters::Item(workspace));
    };
    let rule = (resource.id.name().to_owned(), Node::map(fields, resource.source.span));
    let network =
        mapper.draft.get_mut(&workspace).and_then(|i| i.fields.iter_mut().find(|(k, _)| k == "managed_network"));
    let Some((_, Node { tree: Tree::Map(network), .. })) = network else { return };
    match network.iter_mut().find(|(k, _)| k == "outbound_rules") {
        Some((_, Node { tree: Tree::Map(rules), .. })) => rules.push(rule),
        _ => network.push(("outbound_rules".to_owned(), Node::new(Tree::Map(vec![rule]), resource.source.span))),
    }
}

fn managed_network_part(resource: &Resource, mapper: &mut Mapper<'_>) {
    let workspace = resource.id.parent().and_then(|id| mapper.find(&id).cloned());
    let (Some(workspace), Some(network)) = (workspace, resource.body.get("properties").cloned()) else { return };
    let network = network.get("managedNetwork").cloned().unwrap_or(network);
    managed_network(&workspace, &network, mapper);
}

fn connection(resource: &Resource, mapper: &mut Mapper<'_>) {
    let id = resource.prop("metadata.ResourceId").or_else(|| resource.prop("target")).cloned();
    let Some(id) = id.filter(|i| i.as_str().and_then(ArmId::parse).is_some()) else { return };
    let text = id.as_str().unwrap_or_default().to_owned();
    services::refer(&text, &target(&text), resource, mapper);
    let item = mapper.child(resource, "workspace_connections", WORKSPACES, "connections");
    item.set_some("category", resource.scalar("category"));
    item.set("target", Node::name_of(target(&text), id.span));
}

fn compute(resource: &Resource, mapper: &mut Mapper<'_>) {
    let kind = resource.str("computeType").unwrap_or_default().to_lowercase();
    let spelled = match kind.as_str() {
        "computeinstance" => "ComputeInstance",
        "amlcompute" => "AmlCompute",
        _ => return mapper.unmodelled(resource, &kind, "this kind of compute is not modelled", Matters::No),
    };
    let subnet = resource.prop("properties.subnet.id").and_then(Json::as_str).map(|id| Key::new("subnets", id));
    if let Some(subnet) = subnet {
        return mapper.unmodelled(
            resource,
            "",
            "compute in a network of the customer's is not modelled",
            Matters::Subnet(subnet),
        );
    }
    let item = mapper.child(resource, "workspace_computes", WORKSPACES, "compute");
    item.set("type", Node::text(spelled, resource.source.span));
    // The first compute provisions the network (MVNET-02), unless an export says that it is not.
    let network = mapper.draft.get_mut(&resource.parent(WORKSPACES));
    let network = network.and_then(|w| w.fields.iter_mut().find(|(k, _)| k == "managed_network"));
    if let Some((_, Node { tree: Tree::Map(fields), .. })) = network
        && fields.iter().all(|(k, _)| k != "status")
    {
        let status = Node::text("Active", resource.source.span);
        fields.push(("status".to_owned(), status.comment("Creating its first compute provisions it.")));
    }
}

fn online_endpoint(resource: &Resource, mapper: &mut Mapper<'_>) {
    let off = resource.str("publicNetworkAccess").is_some_and(|a| a.eq_ignore_ascii_case("Disabled"));
    let item = mapper.child(resource, "online_endpoints", WORKSPACES, "online_endpoints");
    if off {
        item.set("public_network_access_enabled", Node::flag(false, resource.source.span));
    }
}

fn deployment(resource: &Resource, mapper: &mut Mapper<'_>) {
    mapper.child(resource, "endpoint_deployments", "online_endpoints", "deployments");
    if resource.str("egressPublicNetworkAccess").is_some_and(|a| a.eq_ignore_ascii_case("Disabled")) {
        let why = "isolation by endpoints of the deployment's own, from before managed networks, is not modelled";
        mapper.unmodelled(
            resource,
            "egressPublicNetworkAccess",
            why,
            Matters::Item(resource.key("endpoint_deployments")),
        );
    }
}
