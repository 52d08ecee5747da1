//! Application gateways.

use super::{Map, Mapper, Resource, last_of, list_of, name_of, scalars, subnet_of, web_firewalls};
use crate::import::{
    draft::{Key, Matters, Node, NotUnderstood, Tree},
    json::{Json, Value},
};

pub(super) const TYPES: &[(&str, Map)] = &[("microsoft.network/applicationgateways", gateway)];

type Fields = Vec<(&'static str, Node)>;

/// A list of named parts as a mapping.
fn parts(resource: &Resource, list: &str, mut fields: impl FnMut(&Json, usize) -> Fields) -> Option<Node> {
    let found: Vec<(String, Node)> = resource
        .items(list)
        .iter()
        .enumerate()
        .filter_map(|(n, p)| {
            let inner = p.get("properties").unwrap_or(p);
            Some((p.str_at("name")?.to_owned(), Node::map(fields(inner, n), p.span)))
        })
        .collect();
    (!found.is_empty()).then(|| Node::new(Tree::Map(found), resource.source.span))
}

fn gateway(resource: &Resource, mapper: &mut Mapper<'_>) {
    let span = resource.source.span;
    let key = resource.key("application_gateways");
    let some = |fields: Vec<(&'static str, Option<Node>)>| -> Fields {
        fields.into_iter().filter_map(|(k, n)| n.map(|n| (k, n))).collect()
    };
    let scalar = |json: &Json, path: &str| json.at(path).and_then(Node::scalar);
    let port_of = |json: &Json| {
        let wanted = last_of(json.at("frontendPort"))?.tree;
        let ports = resource.items("frontendPorts").iter();
        let mut named = ports.filter(|p| is_called(&wanted, p.str_at("name")));
        named.next().and_then(|p| p.at("properties.port").and_then(Node::scalar))
    };
    let configurations = resource.items("gatewayIPConfigurations").first().and_then(|c| c.get("properties"));
    let frontends = parts(resource, "frontendIPConfigurations", |p, _| {
        some(vec![
            ("public_ip_address", name_of(p.at("publicIPAddress"), "public_ips")),
            ("private_ip_address", scalar(p, "privateIPAddress")),
            ("private_link_configuration", last_of(p.at("privateLinkConfiguration"))),
        ])
    });
    let links = parts(resource, "privateLinkConfigurations", |p, _| {
        let first = p.items_at("ipConfigurations").first().and_then(|c| c.get("properties"));
        let addresses = p
            .items_at("ipConfigurations")
            .iter()
            .filter_map(|c| c.at("properties.privateIPAddress").and_then(Node::scalar));
        some(vec![("subnet", subnet_of(first)), ("ip_addresses", list_of(addresses))])
    });
    let hosts = |p: &Json| scalars(p.at("hostNames")).or_else(|| list_of(scalar(p, "hostName")));
    // Names of a certificate are not in the input: those of the listeners that use it stand in for them.
    let certificates = parts(resource, "sslCertificates", |_, _| Vec::new()).map(|mut node| {
        if let Tree::Map(entries) = &mut node.tree {
            for (name, entry) in entries {
                let uses = |l: &&Json| {
                    last_of(l.at("properties.sslCertificate")).is_some_and(|n| is_called(&n.tree, Some(name)))
                };
                let listeners = resource.items("httpListeners").iter().filter(uses);
                let names = listeners.filter_map(|l| hosts(l.get("properties")?)).flat_map(|n| match n.tree {
                    Tree::List(items) => items,
                    _ => Vec::new(),
                });
                let names = list_of(names).unwrap_or_else(|| Node::list(vec![Node::text("*", entry.span)], entry.span));
                entry.comments.push("Its names are not in the input; those of its listeners are assumed.".to_owned());
                entry.tree = Tree::Map(vec![("subject_alternative_names".to_owned(), names)]);
            }
        }
        node
    });
    let listeners = parts(resource, "httpListeners", |p, _| {
        some(vec![
            ("frontend_ip_configuration", last_of(p.at("frontendIPConfiguration"))),
            ("frontend_port", port_of(p)),
            ("protocol", scalar(p, "protocol")),
            ("host_names", hosts(p)),
            ("ssl_certificate", last_of(p.at("sslCertificate"))),
        ])
    });
    let pools = parts(resource, "backendAddressPools", |p, _| {
        let members = || p.items_at("backendAddresses").iter();
        let (addresses, names) =
            (members().filter_map(|m| scalar(m, "ipAddress")), members().filter_map(|m| scalar(m, "fqdn")));
        let (is_name, is_address) = (|n: &Node| !is_ip(n), |n: &Node| is_ip(n));
        let all: Vec<Node> = addresses.chain(names).collect();
        let (addresses, names): (Vec<_>, Vec<_>) = all.into_iter().partition(is_address);
        let names: Vec<Node> = names.into_iter().filter(is_name).collect();
        some(vec![("ip_addresses", list_of(addresses)), ("fqdns", list_of(names))])
    });
    let settings = parts(resource, "backendHttpSettingsCollection", |p, _| {
        let roots = p.items_at("trustedRootCertificates").iter().filter_map(|c| last_of(Some(c)));
        some(vec![
            ("port", scalar(p, "port")),
            ("protocol", scalar(p, "protocol")),
            ("probe", last_of(p.at("probe"))),
            ("trusted_root_certificates", list_of(roots)),
        ])
    });
    let probes = parts(resource, "probes", |p, _| {
        let codes: Vec<&str> = p.items_at("match.statusCodes").iter().filter_map(Json::as_str).collect();
        let codes = (!codes.is_empty()).then(|| Node::text(codes.join(","), p.span));
        some(vec![("host", scalar(p, "host")), ("path", scalar(p, "path")), ("match_status_codes", codes)])
    });
    // A probe asks the port and by the protocol of the settings that use it, in the model.
    let own_way = resource.items("probes").iter().any(|probe| {
        let users = resource
            .items("backendHttpSettingsCollection")
            .iter()
            .filter(|s| last_of(s.at("properties.probe")).is_some_and(|n| is_called(&n.tree, probe.str_at("name"))));
        let differs = |path: &str, s: &Json| {
            let word = |j: &Json| j.at(path).and_then(Node::scalar).map(|n| format!("{:?}", n.tree).to_lowercase());
            word(probe).is_some_and(|p| word(s).is_some_and(|s| s != p))
        };
        users.into_iter().any(|s| differs("properties.port", s) || differs("properties.protocol", s))
    });
    let mut path_based = Vec::new();
    let rules = parts(resource, "requestRoutingRules", |p, n| {
        if p.at("urlPathMap").is_some() || p.at("redirectConfiguration").is_some() {
            path_based.push(p.span);
        }
        // Gateways from before priorities take rules in the order of the file.
        let order = i64::try_from((n + 1) * 10).unwrap_or(10);
        let map = last_of(p.at("urlPathMap")).map(|n| n.tree);
        let default = |key: &str| {
            let mut maps = resource.items("urlPathMaps").iter();
            let found = maps.find(|m| map.as_ref().is_some_and(|map| is_called(map, m.str_at("name"))));
            found.and_then(|m| last_of(m.at(&format!("properties.{key}"))))
        };
        some(vec![
            ("priority", scalar(p, "priority").or_else(|| Some(Node::new(Tree::Number(order), p.span)))),
            ("http_listener", last_of(p.at("httpListener"))),
            (
                "backend_address_pool",
                last_of(p.at("backendAddressPool")).or_else(|| default("defaultBackendAddressPool")),
            ),
            (
                "backend_http_settings",
                last_of(p.at("backendHttpSettings")).or_else(|| default("defaultBackendHttpSettings")),
            ),
        ])
    });
    // A rule that only redirects has no pool, and cannot be written.
    let rules = rules.map(|mut node| {
        if let Tree::Map(entries) = &mut node.tree {
            let whole = |n: &Node| matches!(&n.tree, Tree::Map(f) if f.len() == 4);
            entries.retain(|(_, n)| whole(n));
        }
        node
    });
    let item = mapper.item(resource, "application_gateways");
    item.set_some(
        "sku_name",
        resource.scalar("sku.name").or_else(|| resource.body.at("sku.name").and_then(Node::scalar)),
    );
    item.set_some("subnet", subnet_of(configurations));
    if resource.prop("enableNetworkIsolation").and_then(Json::as_bool) == Some(true) {
        item.set("network_isolation_enabled", Node::flag(true, span));
    }
    for (field, node) in [
        ("frontend_ip_configurations", frontends),
        ("private_link_configurations", links),
        ("ssl_certificates", certificates),
        ("http_listeners", listeners),
        ("backend_address_pools", pools),
        ("backend_http_settings", settings),
        ("probes", probes),
        ("request_routing_rules", rules),
    ] {
        item.set_some(field, node);
    }
    unknown_members(resource, &key, mapper);
    if own_way {
        let why = "a probe on a port or by a protocol of its own is not modelled";
        mapper.unmodelled(resource, "probes", why, Matters::Item(key.clone()));
    }
    if !path_based.is_empty() {
        let why = "rules by path and redirections are not modelled; the default pool stands in";
        mapper.unmodelled(resource, "urlPathMaps", why, Matters::Item(key.clone()));
    }
    if !resource.items("routingRules").is_empty() {
        mapper.unmodelled(resource, "routingRules", "rules of layer 4 are not modelled", Matters::Item(key.clone()));
    }
    web_firewalls::doubt(resource, &key, mapper);
}

/// Whether a reference means a part of a name: names are compared without regard to case.
fn is_called(reference: &Tree, name: Option<&str>) -> bool {
    matches!(reference, Tree::Text(text) if name.is_some_and(|n| n.eq_ignore_ascii_case(text)))
}

/// Members of pools that only a deployment tells: the machine whose address one is, where that is known. Others are
/// doubted where the pool is asked; who listens in front of it is known all the same (AGW-11).
fn unknown_members(resource: &Resource, gateway: &Key, mapper: &mut Mapper<'_>) {
    for pool in resource.items("backendAddressPools") {
        let (Some(name), inner) = (pool.str_at("name"), pool.get("properties").unwrap_or(pool)) else { continue };
        let Some(all) = inner.at("backendAddresses") else { continue };
        let of_members = all.items().iter().flat_map(|m| [Some(m), m.at("ipAddress"), m.at("fqdn")]).flatten();
        for value in std::iter::once(all).chain(of_members) {
            let Value::Unknown(why) = &value.value else { continue };
            let by_interface = value.whose_address(INTERFACE).map(str::to_lowercase);
            let machine = by_interface.and_then(|id| mapper.draft.interfaces.get(&id).cloned());
            let machine = machine.or_else(|| Some(Key::new("virtual_machines", value.whose_address(MACHINE)?)));
            match machine.filter(|m| mapper.draft.get(m).is_some()) {
                Some(machine) => {
                    let id = format!("{}/backendAddressPools/{name}", resource.full_id);
                    mapper.gateway_members.push((id.to_lowercase(), Err(machine)));
                }
                None => {
                    let why = format!("a member of pool {name} is not known: {why}");
                    let matters = Matters::Pool(gateway.clone(), name.to_owned());
                    mapper.unmodelled(resource, "backendAddressPools", &why, matters);
                }
            }
        }
    }
}

const INTERFACE: &str = "microsoft.network/networkinterfaces";
const MACHINE: &str = "microsoft.compute/virtualmachines";

/// Machines in pools, now that they have addresses.
pub(super) fn members(mapper: &mut Mapper<'_>) {
    for (pool, member) in std::mem::take(&mut mapper.gateway_members) {
        let address = match &member {
            Ok(address) => Some(address.clone()),
            Err(machine) => mapper.draft.get(machine).and_then(|m| m.get("private_ip_address")).cloned(),
        };
        let Some((gateway, name)) = pool.split_once("/backendaddresspools/") else { continue };
        let gateway = Key::new("application_gateways", gateway);
        let Some(item) = mapper.draft.get_mut(&gateway) else { continue };
        let source = item.source.clone();
        let pools = item.fields.iter_mut().find(|(k, _)| k == "backend_address_pools");
        let Some((_, Node { tree: Tree::Map(pools), .. })) = pools else { continue };
        let Some((own, Node { tree: Tree::Map(fields), .. })) =
            pools.iter_mut().find(|(k, _)| k.to_lowercase() == name)
        else {
            continue;
        };
        let Some(address) = address else {
            let matters = Matters::Pool(gateway, own.clone());
            let (kind, name) = ("member of a pool".to_owned(), own.clone());
            let why = "its address is not known".to_owned();
            mapper.draft.not_understood(NotUnderstood { kind, name, why, source, matters });
            continue;
        };
        match fields.iter_mut().find(|(k, _)| k == "ip_addresses") {
            Some((_, Node { tree: Tree::List(list), .. })) => list.push(address),
            _ => {
                let span = address.span;
                fields.push(("ip_addresses".to_owned(), Node::list(vec![address], span)));
            }
        }
    }
}

fn is_ip(node: &Node) -> bool {
    matches!(&node.tree, Tree::Text(t) if t.parse::<std::net::IpAddr>().is_ok())
}
