//! Virtual network gateways, local gateways, connections, Virtual WAN, Route Server.

use super::{Map, Mapper, Resource, addresses::nothing, id_of, last_of, list_of, name_of, scalars, settings};
use crate::import::{
    draft::{Key, Matters, Node, Source, Tree},
    ids::ArmId,
    json::Json,
};

pub(super) const TYPES: &[(&str, Map)] = &[
    ("microsoft.network/virtualnetworkgateways", gateway),
    ("microsoft.network/localnetworkgateways", local_gateway),
    ("microsoft.network/connections", connection),
    ("microsoft.network/expressroutecircuits", nothing),
    ("microsoft.network/expressroutecircuits/peerings", nothing),
    ("microsoft.network/virtualwans", wan),
    ("microsoft.network/virtualhubs", hub),
    ("microsoft.network/virtualhubs/ipconfigurations", route_server_place),
    ("microsoft.network/virtualhubs/bgpconnections", bgp),
    ("microsoft.network/virtualhubs/hubroutetables", hub_table),
    ("microsoft.network/virtualhubs/hubvirtualnetworkconnections", hub_connection),
    ("microsoft.network/virtualhubs/routingintent", routing_intent),
    ("microsoft.network/vpnsites", vpn_site),
    ("microsoft.network/vpngateways", vpn_gateway),
    ("microsoft.network/vpngateways/vpnconnections", vpn_connection),
    ("microsoft.network/expressroutegateways", hub_gateway),
    ("microsoft.network/expressroutegateways/expressrouteconnections", hub_circuit),
    ("microsoft.network/p2svpngateways", hub_gateway),
    ("microsoft.network/vpnserverconfigurations", nothing),
];

/// Connections stand apart from their gateway, often in another group, so that an export may lack them.
fn lacks_connections(resource: &Resource, mapper: &Mapper<'_>) -> bool {
    let own = resource.full_id.trim_end_matches('/').to_lowercase();
    let names = |r: &&Resource| {
        let ends = ["virtualNetworkGateway1", "virtualNetworkGateway2"].iter().filter_map(|p| id_of(r.prop(p)));
        ends.map(|(id, _)| id.to_lowercase()).any(|id| id == own)
    };
    let mut connections = mapper.all.values().filter(|r| r.id.kind == "microsoft.network/connections");
    let clients = resource.prop("vpnClientConfiguration").is_some_and(|c| !c.fields().is_empty());
    resource.live && !clients && !connections.any(|r| names(&&**r))
}

fn gateway(resource: &Resource, mapper: &mut Mapper<'_>) {
    let subnet = resource.items("ipConfigurations").first().and_then(|c| id_of(c.at("properties.subnet")));
    let network = subnet.and_then(|(id, span)| Some((ArmId::parse(id)?.parent()?, span)));
    let addresses = resource.items("ipConfigurations").iter().filter_map(|c| c.at("properties.publicIPAddress"));
    // Without the address itself in the input, there is nothing to say about it.
    let known = addresses.filter(|a| id_of(Some(a)).is_some_and(|(id, _)| mapper.find(id).is_some()));
    let addresses = list_of(known.filter_map(|a| name_of(Some(a), "public_ips")));
    let item = mapper.item(resource, "virtual_network_gateways");
    item.set_some("public_ips", addresses);
    item.set_some("virtual_network", network.map(|(id, span)| Node::name_of(Key::new("virtual_networks", &id), span)));
    item.set_some("type", resource.scalar("gatewayType"));
    item.set_some(
        "vpn_type",
        resource
            .scalar("vpnType")
            .filter(|_| resource.str("gatewayType").is_none_or(|t| t.eq_ignore_ascii_case("Vpn"))),
    );
    item.set_some("active_active", resource.scalar("activeActive"));
    item.set_some("asn", resource.scalar("bgpSettings.asn"));
    item.set_some(
        "vpn_client_address_space",
        scalars(resource.prop("vpnClientConfiguration.vpnClientAddressPool.addressPrefixes")),
    );
    item.set_some("remote_vnet_traffic_enabled", resource.scalar("allowRemoteVnetTraffic"));
    if lacks_connections(resource, mapper) {
        let why =
            "the input has no connection of it; add those of other resource groups (`az network vpn-connection list`)";
        let place = subnet.map(|(id, _)| Matters::Subnet(Key::new("subnets", id)));
        mapper.unmodelled(resource, "connections", why, place.unwrap_or(Matters::Gateways));
    }
    if resource.prop("allowVirtualWanTraffic").and_then(Json::as_bool) == Some(true) {
        let why = "networks of a Virtual WAN on its circuit may reach it; that is not modelled";
        let matters = Matters::Item(resource.key("virtual_network_gateways"));
        mapper.unmodelled(resource, "allowVirtualWanTraffic", why, matters);
    }
    if resource.prop("gatewayDefaultSite.id").is_some() {
        let why = "a default site takes everything without a route of its own, of the spokes, too; it is not modelled";
        mapper.unmodelled(resource, "gatewayDefaultSite", why, Matters::Everywhere);
    }
    if !resource.items("natRules").is_empty() {
        mapper.unmodelled(
            resource,
            "natRules",
            "NAT rules of VPN gateways are not modelled",
            Matters::Item(resource.key("virtual_network_gateways")),
        );
    }
}

fn local_gateway(resource: &Resource, mapper: &mut Mapper<'_>) {
    let item = mapper.item(resource, "on_premises_sites");
    item.set_some("address_space", scalars(resource.prop("localNetworkAddressSpace.addressPrefixes")));
}

fn connection(resource: &Resource, mapper: &mut Mapper<'_>) {
    let item = mapper.item(resource, "virtual_network_gateway_connections");
    item.set_some(
        "virtual_network_gateway",
        name_of(resource.prop("virtualNetworkGateway1"), "virtual_network_gateways"),
    );
    item.set_some("on_premises_site", name_of(resource.prop("localNetworkGateway2"), "on_premises_sites"));
    item.set_some(
        "peer_virtual_network_gateway",
        name_of(resource.prop("virtualNetworkGateway2"), "virtual_network_gateways"),
    );
    item.set_some("express_route_circuit", last_of(resource.prop("peer")));
    item.set_some("express_route_gateway_bypass", resource.scalar("expressRouteGatewayBypass"));
    let is_circuit = resource.prop("peer").is_some();
    item.set_some("routing_weight", resource.scalar("routingWeight").filter(|_| is_circuit));
    item.set_some("bgp_enabled", resource.scalar("enableBgp"));
    if let Some(status) = resource.prop("connectionStatus") {
        let down = ["notconnected", "connecting"];
        let up = status.as_str().is_none_or(|s| !down.contains(&s.to_lowercase().as_str()));
        item.set("connected", Node::flag(up, status.span));
    }
    announced(resource, mapper);
    let Some(circuit) = id_of(resource.prop("peer")).and_then(|(id, _)| mapper.find(id)) else { return };
    // A circuit that its provider has not made carries nothing.
    let made = [("serviceProviderProvisioningState", "Provisioned"), ("circuitProvisioningState", "Enabled")];
    let missing = made.iter().find_map(|(path, word)| circuit.prop(path).filter(|p| p.as_str() != Some(word)));
    if let (Some(state), Some(item)) =
        (missing, mapper.draft.get_mut(&resource.key("virtual_network_gateway_connections")))
    {
        item.set("connected", Node::flag(false, state.span));
    }
}

/// What the far end of a connection announces is in no input.
fn announced(resource: &Resource, mapper: &mut Mapper<'_>) {
    let key = resource.key("virtual_network_gateway_connections");
    let Some(gateway) = id_of(resource.prop("virtualNetworkGateway1")).and_then(|(id, _)| mapper.find(id)) else {
        return;
    };
    let subnet = gateway.items("ipConfigurations").first().and_then(|c| id_of(c.at("properties.subnet")));
    let matters = subnet.map_or(Matters::Item(key), |(id, _)| Matters::Subnet(Key::new("subnets", id)));
    let by_bgp = resource.prop("enableBgp").and_then(Json::as_bool) == Some(true)
        && resource.prop("localNetworkGateway2").is_some();
    if resource.prop("peer").is_some() {
        let why = "what its circuit announces is not in the input; add the site behind it (`on_premises_site`)";
        mapper.unmodelled(resource, "peer", why, matters);
    } else if by_bgp {
        let why = "what its site announces by BGP is not in the input; its address space stands in";
        mapper.unmodelled(resource, "enableBgp", why, matters);
    }
}

fn wan(resource: &Resource, mapper: &mut Mapper<'_>) {
    let item = mapper.item(resource, "virtual_wans");
    item.set_some("allow_branch_to_branch_traffic", resource.scalar("allowBranchToBranchTraffic"));
    if resource.str("type").is_some_and(|t| t.eq_ignore_ascii_case("Basic")) {
        let why = "a Basic WAN connects branches only; that is not modelled";
        mapper.unmodelled(resource, "type", why, Matters::Everywhere);
    }
}

fn hub(resource: &Resource, mapper: &mut Mapper<'_>) {
    if resource.prop("virtualWan").is_none() {
        // A hub without a WAN is a Route Server.
        let item = mapper.item(resource, "route_servers");
        item.set_some("branch_to_branch_traffic_enabled", resource.scalar("allowBranchToBranchTraffic"));
        item.set_some("hub_routing_preference", resource.scalar("hubRoutingPreference"));
        return;
    }
    // A hub names what stands in it; what routes through that is in parts of the hub that exports often lack.
    let inside = ["azureFirewall", "vpnGateway", "p2SVpnGateway", "expressRouteGateway"];
    let lacking = inside.iter().find(|p| id_of(resource.prop(p)).is_some_and(|(id, _)| mapper.find(id).is_none()));
    let own = format!("{}/", resource.full_id.trim_end_matches('/').to_lowercase());
    let tables = ["/hubroutetables", "/routingintent"];
    let mut parts = mapper.all.range(own.clone()..).take_while(|(k, _)| k.starts_with(&own));
    let untold = resource.live && !parts.any(|(_, r)| tables.iter().any(|t| r.id.kind.ends_with(t)));
    let matters = Matters::Item(resource.key("virtual_hubs"));
    if let Some(path) = lacking {
        mapper.unmodelled(resource, path, "the hub names it, and the input does not hold it", matters.clone());
    }
    if untold {
        let why = "the input lacks the hub's route tables and routing intent; add `az network vhub route-table list` \
                   and `az network vhub routing-intent list`";
        mapper.unmodelled(resource, "hubRouteTables", why, matters);
    }
    let item = mapper.item(resource, "virtual_hubs");
    item.set_some("virtual_wan", name_of(resource.prop("virtualWan"), "virtual_wans"));
    item.set_some("location", resource.body.at("location").and_then(Node::scalar));
    item.set_some("address_prefix", resource.scalar("addressPrefix"));
    item.set_some("hub_routing_preference", resource.scalar("hubRoutingPreference"));
}

fn route_server_place(resource: &Resource, mapper: &mut Mapper<'_>) {
    let network = id_of(resource.prop("subnet")).and_then(|(id, span)| Some((ArmId::parse(id)?.parent()?, span)));
    if let Some(item) = mapper.draft.get_mut(&resource.parent("route_servers")) {
        item.set_some(
            "virtual_network",
            network.map(|(id, span)| Node::name_of(Key::new("virtual_networks", &id), span)),
        );
    }
}

fn bgp(resource: &Resource, mapper: &mut Mapper<'_>) {
    if mapper.draft.get(&resource.parent("route_servers")).is_none() {
        let why = "BGP sessions of virtual hubs are not modelled";
        return mapper.unmodelled(resource, "", why, Matters::Item(resource.parent("virtual_hubs")));
    }
    let item = mapper.child(resource, "bgp_connections", "route_servers", "bgp_connections");
    item.set_some("peer_ip", resource.scalar("peerIp"));
    item.note("What the appliance announces is not in the input; add `advertised_routes`.");
    let why = "what the appliance announces is not in the input; add `advertised_routes`";
    mapper.unmodelled(resource, "announcements", why, Matters::Item(resource.parent("route_servers")));
}

fn hub_table(resource: &Resource, mapper: &mut Mapper<'_>) {
    let routes: Vec<(String, Node)> = resource
        .items("routes")
        .iter()
        .filter_map(|r| {
            let hop = r.at("nextHop").and_then(Json::as_str).and_then(ArmId::parse);
            let mut fields: Vec<_> = scalars(r.at("destinations")).map(|n| ("destinations", n)).into_iter().collect();
            fields.extend(hop.map(|h| ("next_hop", Node::text(h.name(), r.span))));
            Some((r.str_at("name")?.to_owned(), Node::map(fields, r.span)))
        })
        .collect();
    let routes = Node::new(Tree::Map(routes), resource.source.span);
    match resource.id.name().to_lowercase().as_str() {
        "defaultroutetable" => {
            if let Some(hub) = mapper.draft.get_mut(&resource.parent("virtual_hubs")) {
                hub.set("default_routes", routes);
            }
        }
        "noneroutetable" => {}
        _ => {
            let item = mapper.child(resource, "hub_tables", "virtual_hubs", "route_tables");
            item.set_some("labels", scalars(resource.prop("labels")));
            item.set("routes", routes);
        }
    }
}

fn routing(configuration: Option<&Json>) -> Option<Node> {
    let configuration = configuration?;
    let mut fields: Vec<(&str, Node)> = Vec::new();
    fields.extend(last_of(configuration.at("associatedRouteTable")).map(|n| ("associated_route_table", n)));
    let tables = configuration.items_at("propagatedRouteTables.ids").iter().filter_map(|t| last_of(Some(t)));
    fields.extend(list_of(tables).map(|n| ("propagated_route_tables", n)));
    fields.extend(scalars(configuration.at("propagatedRouteTables.labels")).map(|n| ("propagated_labels", n)));
    let routes = configuration.items_at("vnetRoutes.staticRoutes").iter().filter_map(|r| {
        let mut fields: Vec<_> =
            scalars(r.at("addressPrefixes")).map(|n| ("address_prefixes", n)).into_iter().collect();
        fields.extend(r.at("nextHopIpAddress").and_then(Node::scalar).map(|n| ("next_hop_ip_address", n)));
        Some((r.str_at("name")?.to_owned(), Node::map(fields, r.span)))
    });
    let routes: Vec<_> = routes.collect();
    if !routes.is_empty() {
        fields.push(("static_vnet_routes", Node::new(Tree::Map(routes), configuration.span)));
    }
    Some(Node::map(fields, configuration.span))
}

fn hub_connection(resource: &Resource, mapper: &mut Mapper<'_>) {
    let span = resource.source.span;
    let hub = resource.parent("virtual_hubs");
    let unread = ["inboundRouteMap", "outboundRouteMap"]
        .iter()
        .any(|p| resource.prop(&format!("routingConfiguration.{p}.id")).is_some());
    let fixed = resource.prop("routingConfiguration.vnetRoutes.staticRoutesConfig");
    let kept = fixed.is_some_and(|f| f.at("propagateStaticRoutes").and_then(Json::as_bool) == Some(false));
    let equal = fixed.and_then(|f| f.str_at("vnetLocalRouteOverrideCriteria"));
    let equal = equal.is_some_and(|c| c.eq_ignore_ascii_case("Equal"));
    let has_routes = !resource.items("routingConfiguration.vnetRoutes.staticRoutes").is_empty();
    let item = mapper.item(resource, "virtual_hub_connections");
    item.set("virtual_hub", Node::name_of(hub, span));
    item.set_some("remote_virtual_network", name_of(resource.prop("remoteVirtualNetwork"), "virtual_networks"));
    item.set_some("internet_security_enabled", resource.scalar("enableInternetSecurity"));
    item.set_some("routing", routing(resource.prop("routingConfiguration")));
    let matters = Matters::Item(resource.key("virtual_hub_connections"));
    if unread {
        mapper.unmodelled(resource, "routeMaps", "route maps are not modelled", matters.clone());
    }
    if has_routes && (kept || equal) {
        let why = "static routes that are not propagated, or that the network's own override, are not modelled";
        mapper.unmodelled(resource, "staticRoutesConfig", why, matters);
    }
}

fn routing_intent(resource: &Resource, mapper: &mut Mapper<'_>) {
    let mut fields: Vec<(&str, Node)> = Vec::new();
    for policy in resource.items("routingPolicies") {
        let hop =
            policy.at("nextHop").and_then(Json::as_str).map(|id| Node::name_of(Key::new("firewalls", id), policy.span));
        for destination in policy.items_at("destinations").iter().filter_map(Json::as_str) {
            let key = match destination.to_lowercase().as_str() {
                "internet" => "internet_traffic",
                "privatetraffic" => "private_traffic",
                _ => {
                    let why = "a destination of its policies is not known";
                    mapper.unmodelled(resource, "routingPolicies", why, Matters::Item(resource.parent("virtual_hubs")));
                    continue;
                }
            };
            fields.extend(hop.clone().map(|h| (key, h)));
        }
    }
    if let Some(hub) = mapper.draft.get_mut(&resource.parent("virtual_hubs")) {
        hub.set("routing_intent", Node::map(fields, resource.source.span));
    }
}

fn vpn_site(resource: &Resource, mapper: &mut Mapper<'_>) {
    let item = mapper.item(resource, "on_premises_sites");
    item.set_some("address_space", scalars(resource.prop("addressSpace.addressPrefixes")));
}

fn vpn_gateway(resource: &Resource, mapper: &mut Mapper<'_>) {
    for (number, part) in resource.items("connections").iter().enumerate() {
        let first = mapper.current.is_none();
        if let Some(part) = mapper.inline(part, "connections", number, resource, "vpnConnections") {
            branch(&part, resource, mapper);
            // The gateway is no item of its own, so that its first connection could not be asked before.
            if first {
                settings::unread(&part, &Matters::Item(part.key("virtual_hub_branches")), mapper);
            }
        }
    }
    if !resource.items("natRules").is_empty() {
        mapper.unmodelled(resource, "natRules", "NAT rules of VPN gateways are not modelled", Matters::Everywhere);
    }
}

fn vpn_connection(resource: &Resource, mapper: &mut Mapper<'_>) {
    let owner = resource.id.parent().and_then(|id| mapper.find(&id).cloned());
    if let Some(owner) = owner {
        branch(resource, &owner, mapper);
    }
}

fn branch(connection: &Resource, gateway: &Resource, mapper: &mut Mapper<'_>) {
    let span = connection.source.span;
    let item = mapper.item(connection, "virtual_hub_branches");
    item.set_some("virtual_hub", name_of(gateway.prop("virtualHub"), "virtual_hubs"));
    item.set_some("on_premises_site", name_of(connection.prop("remoteVpnSite"), "on_premises_sites"));
    item.set("type", Node::text("Vpn", span));
    let status = connection.prop("connectionStatus").and_then(Json::as_str);
    if status.is_some_and(|s| ["notconnected", "connecting"].contains(&s.to_lowercase().as_str())) {
        item.set("connected", Node::flag(false, span));
    }
    item.set_some("internet_security_enabled", connection.scalar("enableInternetSecurity"));
    item.set_some("routing", routing(connection.prop("routingConfiguration")));
    let links = connection.items("vpnLinkConnections").iter().filter_map(|l| l.at("properties.enableBgp"));
    let by_bgp = connection.prop("enableBgp").into_iter().chain(links).any(|b| b.as_bool() == Some(true));
    if let (true, Some((hub, _))) = (by_bgp, id_of(gateway.prop("virtualHub"))) {
        let why = "what its site announces by BGP is not in the input; its address space stands in";
        mapper.unmodelled(connection, "enableBgp", why, Matters::Item(Key::new("virtual_hubs", hub)));
    }
}

fn hub_gateway(resource: &Resource, mapper: &mut Mapper<'_>) {
    let Some((hub, _)) = id_of(resource.prop("virtualHub")) else { return };
    let key = Key::new("virtual_hubs", hub);
    if resource.prop("allowNonVirtualWanTraffic").and_then(Json::as_bool) == Some(true) {
        let why = "networks beyond the WAN on its circuits may reach it; that is not modelled";
        mapper.unmodelled(resource, "allowNonVirtualWanTraffic", why, Matters::Item(key.clone()));
    }
    for (number, clients) in resource.items("p2SConnectionConfigurations").iter().enumerate() {
        clients_of_hub(resource, clients, number, &key, mapper);
    }
    if !resource.items("expressRouteConnections").is_empty() {
        mapper.unmodelled(resource, "", UNTOLD_BRANCHES, Matters::Item(key));
    }
}

/// Clients of a hub's gateway are a branch with the addresses of their pool (VWAN-06).
fn clients_of_hub(gateway: &Resource, clients: &Json, number: usize, hub: &Key, mapper: &mut Mapper<'_>) {
    let inner = clients.get("properties").unwrap_or(clients);
    let name = clients.str_at("name").map_or_else(|| format!("clients-{number}"), str::to_owned);
    let Some(pool) = scalars(inner.at("vpnClientAddressPool.addressPrefixes")) else {
        let why = "the addresses of its clients are not in the input; add `virtual_hub_branches`";
        return mapper.unmodelled(gateway, "vpnClientAddressPool", why, Matters::Item(hub.clone()));
    };
    let maps = ["inboundRouteMap", "outboundRouteMap"];
    if maps.iter().any(|m| inner.at(&format!("routingConfiguration.{m}.id")).is_some()) {
        mapper.unmodelled(gateway, "routeMaps", "route maps are not modelled", Matters::Item(hub.clone()));
    }
    let (id, span) = (format!("{}/p2sconnectionconfigurations/{name}", gateway.full_id), clients.span);
    let source = Source { address: gateway.source.address.clone(), span };
    let (site, name) = (Key::new("on_premises_sites", &id), format!("{}-{name}", gateway.id.name()));
    let item = mapper.draft.item(&site, &name, &source);
    item.set("address_space", pool);
    item.note("Clients of a point-to-site gateway, as a site.");
    let item = mapper.draft.item(&Key::new("virtual_hub_branches", &id), &name, &source);
    item.set("virtual_hub", Node::name_of(hub.clone(), span));
    item.set("on_premises_site", Node::name_of(site, span));
    item.set("type", Node::text("PointToSite", span));
    item.set_some("internet_security_enabled", inner.at("enableInternetSecurity").and_then(Node::scalar));
    item.set_some("routing", routing(inner.at("routingConfiguration")));
}

const UNTOLD_BRANCHES: &str = "what its connections lead to is not in the input; add `virtual_hub_branches`";

/// A circuit of a hub, as a resource of its own.
fn hub_circuit(resource: &Resource, mapper: &mut Mapper<'_>) {
    let gateway = resource.id.parent().and_then(|id| mapper.find(&id));
    let hub = gateway.and_then(|g| id_of(g.prop("virtualHub"))).map(|(id, _)| Key::new("virtual_hubs", id));
    mapper.unmodelled(resource, "", UNTOLD_BRANCHES, hub.map_or(Matters::Everywhere, Matters::Item));
}
