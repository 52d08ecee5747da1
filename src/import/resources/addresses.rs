//! Public addresses, NAT gateways, load balancers, network interfaces, IP groups.

use super::{Map, Mapper, Resource, id_of, last_of, list_of, name_of, subnet_of};
use crate::{
    diag::Span,
    import::{
        draft::{Key, Matters, Node, NotUnderstood, Source, Tree},
        json::Json,
    },
};

pub(super) const TYPES: &[(&str, Map)] = &[
    ("microsoft.network/publicipaddresses", public_ip),
    ("microsoft.network/natgateways", nat_gateway),
    ("microsoft.network/loadbalancers", load_balancer),
    ("microsoft.network/loadbalancers/backendaddresspools", pool),
    ("microsoft.network/loadbalancers/inboundnatrules", nat_rule),
    ("microsoft.network/networkinterfaces", interface),
    ("microsoft.network/ipgroups", nothing),
    ("microsoft.network/publicipprefixes", nothing),
];

/// Read where others refer to it.
pub(super) fn nothing(_: &Resource, _: &mut Mapper<'_>) {}

fn public_ip(resource: &Resource, mapper: &mut Mapper<'_>) {
    let address = resource.scalar("ipAddress").filter(|n| n.tree != Tree::Text(String::new()));
    let sku = resource.body.at("sku.name").and_then(Node::scalar);
    let item = mapper.item(resource, "public_ips");
    item.set_some("ip_address", address);
    // ARM's own default is Basic; the scenario's is Standard.
    let sku = sku.unwrap_or_else(|| Node::text("Basic", resource.source.span));
    // The second version is closed to what nobody asked for, as the first.
    let second = matches!(&sku.tree, Tree::Text(t) if t.eq_ignore_ascii_case("StandardV2"));
    item.set("sku", if second { Node::text("Standard", sku.span) } else { sku });
    // An export tells what it is attached to, whether it holds that or not.
    let owner =
        resource.str("ipConfiguration.id").and_then(|id| id.rsplit_once('/')?.0.rsplit_once('/').map(|(o, _)| o));
    if let Some(owner) = owner.filter(|owner| mapper.find(owner).is_none()) {
        let why =
            format!("it is attached to {owner}, which the input does not hold; import the file that declares it, too");
        mapper.unmodelled(resource, "ipConfiguration", &why, Matters::Item(resource.key("public_ips")));
    }
}

fn nat_gateway(resource: &Resource, mapper: &mut Mapper<'_>) {
    let ips = list_of(resource.items("publicIpAddresses").iter().filter_map(|i| name_of(Some(i), "public_ips")));
    let item = mapper.item(resource, "nat_gateways");
    item.set_some("public_ips", ips);
    let prefixes = ["publicIpPrefixes", "publicIpPrefixesV6"].iter().any(|p| !resource.items(p).is_empty());
    let addresses = ["publicIpAddresses", "publicIpAddressesV6"].iter().any(|p| !resource.items(p).is_empty());
    if !addresses && !prefixes {
        let why = "it has no public address in the input, and leads nowhere without one";
        mapper.unmodelled(resource, "publicIpAddresses", why, Matters::Item(resource.key("nat_gateways")));
    }
    if let Some((network, _)) = id_of(resource.prop("sourceVirtualNetwork")) {
        let why = "it is the way out of a whole network; that is not modelled, name it at the subnets";
        let matters = Matters::Item(Key::new("virtual_networks", network));
        mapper.unmodelled(resource, "sourceVirtualNetwork", why, matters);
    }
    if prefixes {
        let why = "addresses of its public IP prefixes are not modelled";
        mapper.unmodelled(resource, "publicIpPrefixes", why, Matters::Item(resource.key("nat_gateways")));
    }
}

fn load_balancer(resource: &Resource, mapper: &mut Mapper<'_>) {
    let span = resource.source.span;
    let item = mapper.item(resource, "load_balancers");
    item.set("sku", resource.body.at("sku.name").and_then(Node::scalar).unwrap_or_else(|| Node::text("Basic", span)));
    for (number, part) in resource.items("frontendIPConfigurations").iter().enumerate() {
        let Some(part) = mapper.inline(part, "frontendIPConfigurations", number, resource, "frontendIPConfigurations")
        else {
            continue;
        };
        let item = mapper.child(&part, "frontends", "load_balancers", "frontend_ip_configurations");
        item.set_some("subnet", subnet_of(part.body.get("properties")));
        item.set_some("private_ip_address", part.scalar("privateIPAddress").filter(|_| part.prop("subnet").is_some()));
        item.set_some("public_ip_address", name_of(part.prop("publicIPAddress"), "public_ips"));
        if part.prop("gatewayLoadBalancer").is_some() {
            mapper.unmodelled(
                &part,
                "gatewayLoadBalancer",
                "gateway load balancers are not modelled",
                Matters::Item(resource.key("load_balancers")),
            );
        }
    }
    for (number, part) in resource.items("backendAddressPools").iter().enumerate() {
        if let Some(part) = mapper.inline(part, "backendAddressPools", number, resource, "backendAddressPools") {
            pool(&part, mapper);
        }
    }
    let parts = |key: &str| resource.items(key).iter().filter(|p| p.str_at("name").is_some());
    let probes = parts("probes").map(|p| {
        let port = p.at("properties.port").and_then(Node::scalar);
        (
            p.str_at("name").unwrap_or_default().to_owned(),
            Node::map(port.map(|n| ("port", n)).into_iter().collect(), p.span),
        )
    });
    let probes: Vec<_> = probes.collect();
    let rules: Vec<_> =
        parts("loadBalancingRules").map(|r| (r.str_at("name").unwrap_or_default().to_owned(), rule(r))).collect();
    let outbound = parts("outboundRules").filter_map(|r| {
        let frontend = r.items_at("properties.frontendIPConfigurations").first().and_then(|f| last_of(Some(f)))?;
        let pool = last_of(r.at("properties.backendAddressPool"))?;
        let fields = vec![("frontend_ip_configuration", frontend), ("backend_address_pool", pool)];
        Some((r.str_at("name")?.to_owned(), Node::map(fields, r.span)))
    });
    let mut outbound: Vec<_> = outbound.collect();
    // A way out for TCP is one for what is asked of it.
    let narrow = |r: &Json| r.str_at("properties.protocol").is_some_and(|p| p.eq_ignore_ascii_case("Udp"));
    if resource.items("outboundRules").iter().any(narrow) {
        let why = "a way out for UDP only is not modelled";
        mapper.unmodelled(resource, "outboundRules", why, Matters::Item(resource.key("load_balancers")));
    }
    implicit(resource, &mut outbound);
    let key = resource.key("load_balancers");
    if let Some(item) = mapper.draft.get_mut(&key) {
        for (field, entries) in [("probes", probes), ("rules", rules), ("outbound_rules", outbound)] {
            if !entries.is_empty() {
                item.set(field, Node::new(Tree::Map(entries), span));
            }
        }
    }
    for (number, part) in resource.items("inboundNatRules").iter().enumerate() {
        if let Some(part) = mapper.inline(part, "inboundNatRules", number, resource, "inboundNatRules") {
            nat_rule(&part, mapper);
        }
    }
    for part in resource.items("inboundNatPools") {
        several(resource, part, &key, "inboundNatPools", mapper);
    }
    if resource.body.str_at("sku.tier").is_some_and(|s| s.eq_ignore_ascii_case("Global")) {
        let why = "balancers above regions are not modelled";
        mapper.unmodelled(resource, "sku.tier", why, Matters::Item(resource.key("load_balancers")));
    }
    if resource.body.str_at("sku.name").is_some_and(|s| s.eq_ignore_ascii_case("Gateway")) {
        mapper.unmodelled(resource, "sku", "gateway load balancers are not modelled", Matters::Everywhere);
    }
}

/// Members of a public Standard balancer leave by the frontend of their rules, unless the rule or an outbound rule says
/// otherwise.
fn implicit(resource: &Resource, outbound: &mut Vec<(String, Node)>) {
    let standard = resource.body.str_at("sku.name").is_some_and(|s| s.eq_ignore_ascii_case("Standard"));
    if !standard || !outbound.is_empty() || !resource.items("outboundRules").is_empty() {
        return;
    }
    let public = |frontend: &Node| {
        let mut all = resource.items("frontendIPConfigurations").iter();
        all.any(|f| {
            f.at("properties.publicIPAddress").is_some()
                && f.str_at("name").map(|n| Tree::Text(n.to_owned())) == Some(frontend.tree.clone())
        })
    };
    for rule in resource.items("loadBalancingRules") {
        let off = rule.at("properties.disableOutboundSnat").and_then(Json::as_bool) == Some(true);
        let several = rule.items_at("properties.backendAddressPools").first();
        let pool = last_of(rule.at("properties.backendAddressPool").or(several));
        let frontend = last_of(rule.at("properties.frontendIPConfiguration")).filter(public);
        if let (false, Some(pool), Some(frontend), Some(name)) = (off, pool, frontend, rule.str_at("name")) {
            let fields = vec![("frontend_ip_configuration", frontend), ("backend_address_pool", pool)];
            let node = Node::map(fields, rule.span).comment("Members leave by the frontend of this rule.");
            outbound.push((format!("{name}-outbound"), node));
        }
    }
}

fn rule(rule: &Json) -> Node {
    let scalar = |path: &str| rule.at(&format!("properties.{path}")).and_then(Node::scalar);
    let mut fields = Vec::new();
    let mut add = |key, node: Option<Node>| fields.extend(node.map(|n| (key, n)));
    add("protocol", scalar("protocol"));
    add("frontend_port", scalar("frontendPort"));
    add("backend_port", scalar("backendPort"));
    add("frontend_ip_configuration", last_of(rule.at("properties.frontendIPConfiguration")));
    let several = rule.items_at("properties.backendAddressPools").first();
    add("backend_address_pool", last_of(rule.at("properties.backendAddressPool").or(several)));
    add("probe", last_of(rule.at("properties.probe")));
    add("floating_ip_enabled", scalar("enableFloatingIP"));
    Node::map(fields, rule.span)
}

fn pool(resource: &Resource, mapper: &mut Mapper<'_>) {
    let item = mapper.child(resource, "pools", "load_balancers", "backend_address_pools");
    if item.get("virtual_machines").is_none() {
        item.set("virtual_machines", Node::list(Vec::new(), resource.source.span));
    }
    let by_address =
        resource.items("loadBalancerBackendAddresses").iter().any(|a| a.at("properties.ipAddress").is_some())
            && resource.items("backendIPConfigurations").is_empty();
    let state = |a: &Json| {
        a.get("properties").unwrap_or(a).str_at("adminState").is_some_and(|s| !s.eq_ignore_ascii_case("None"))
    };
    if resource.items("loadBalancerBackendAddresses").iter().any(state) {
        let why = "members that are taken out, or kept in, by hand are not modelled";
        mapper.unmodelled(resource, "adminState", why, Matters::Item(resource.parent("load_balancers")));
    }
    if by_address {
        let why = "pools of addresses are not modelled; name machines";
        mapper.unmodelled(
            resource,
            "loadBalancerBackendAddresses",
            why,
            Matters::Item(resource.parent("load_balancers")),
        );
    }
}

/// A rule that gives a port of a range to each of several machines: which gets which is not known before they run, and
/// no other rule may take these ports.
fn several(resource: &Resource, rule: &Json, balancer: &Key, what: &str, mapper: &mut Mapper<'_>) {
    let number = |path: &str| rule.at(&format!("properties.{path}")).and_then(Json::as_int).filter(|p| *p > 0);
    let transport = rule.str_at("properties.protocol").map(str::to_lowercase);
    let range = number("frontendPortRangeStart").zip(number("frontendPortRangeEnd"));
    let matters = match (range, transport.as_deref()) {
        (Some((first, last)), Some(transport @ ("tcp" | "udp"))) if first <= last => {
            Matters::Ports(balancer.clone(), format!("{transport}/{first}-{last}"))
        }
        _ => Matters::Item(balancer.clone()),
    };
    let why = "which machine gets which of its ports is told by their deployment only";
    mapper.unmodelled(resource, what, why, matters);
}

/// A rule that leads one port to one machine: a pool of one, made once an interface names the rule. Until one does, it
/// leads nowhere.
fn nat_rule(resource: &Resource, mapper: &mut Mapper<'_>) {
    let balancer = resource.parent("load_balancers");
    let single = resource.prop("frontendPort").and_then(Json::as_int).is_some_and(|p| p > 0)
        && resource.prop("backendAddressPool").is_none();
    if !single {
        return several(resource, &resource.body, &balancer, "rule", mapper);
    }
    let id = resource.full_id.trim_end_matches('/').to_lowercase();
    mapper.nat_rules.insert(id, (balancer, resource.id.name().to_owned(), rule(&resource.body)));
}

/// Leads the port of a NAT rule to a machine.
fn join_nat_rule(id: &str, machine: &Key, span: crate::diag::Span, mapper: &mut Mapper<'_>) {
    let Some((balancer, name, mut rule)) = mapper.nat_rules.remove(&id.trim_end_matches('/').to_lowercase()) else {
        return;
    };
    let pool = format!("nat-{name}");
    let source = Source { address: String::new(), span: rule.span };
    let item = mapper.draft.child(&Key::new("pools", id), &pool, &balancer, "backend_address_pools", &source);
    item.push("virtual_machines", Node::name_of(machine.clone(), span));
    if let Tree::Map(fields) = &mut rule.tree {
        fields.push(("backend_address_pool".to_owned(), Node::text(pool.clone(), span)));
    }
    let Some(item) = mapper.draft.get_mut(&balancer) else { return };
    match item.fields.iter_mut().find(|(k, _)| k == "rules") {
        Some((_, Node { tree: Tree::Map(rules), .. })) => rules.push((pool, rule)),
        _ => item.set("rules", Node::new(Tree::Map(vec![(pool, rule)]), span)),
    }
}

/// Interfaces matter through what they belong to; those of private endpoints hold the endpoint's addresses.
fn interface(resource: &Resource, mapper: &mut Mapper<'_>) {
    let Some((endpoint, _)) = id_of(resource.prop("privateEndpoint")) else { return };
    mapper.draft.interface(&resource.full_id, &Key::new("private_endpoints", endpoint));
}

/// The configuration that counts: the primary one, or the first.
pub(super) fn primary(configurations: &[Json]) -> Option<&Json> {
    let is_primary =
        |c: &&Json| c.at("properties.primary").or_else(|| c.at("primary")).and_then(Json::as_bool) == Some(true);
    configurations.iter().find(is_primary).or_else(|| configurations.first())
}

/// Keys of a machine that its interface decides.
pub(super) fn interface_fields(properties: &Json, fields: &mut Vec<(&'static str, Node)>) -> Option<()> {
    let configuration = primary(properties.items_at("ipConfigurations"))?;
    let inner = configuration.get("properties").unwrap_or(configuration);
    let mut add = |key, node: Option<Node>| fields.extend(node.map(|n| (key, n)));
    add("subnet", subnet_of(Some(inner)));
    add("private_ip_address", inner.at("privateIPAddress").and_then(Node::scalar));
    let others = properties.items_at("ipConfigurations").iter().filter(|c| !std::ptr::eq(*c, configuration));
    let others = others.filter_map(|c| c.get("properties").unwrap_or(c).at("privateIPAddress").and_then(Node::scalar));
    add("private_ip_addresses", list_of(others));
    add("public_ip", name_of(inner.at("publicIPAddress"), "public_ips"));
    add("network_security_group", name_of(properties.at("networkSecurityGroup"), "network_security_groups"));
    add("dns_servers", super::servers(properties.at("dnsSettings.dnsServers")));
    add(
        "ip_forwarding_enabled",
        properties.at("enableIPForwarding").and_then(Node::scalar).filter(|n| n.tree == Tree::Bool(true)),
    );
    let groups = inner
        .items_at("applicationSecurityGroups")
        .iter()
        .filter_map(|g| name_of(Some(g), "application_security_groups"));
    add("application_security_groups", list_of(groups));
    Some(())
}

/// That a machine is in a pool of a balancer that the input does not hold: it may send, and be reached, by that.
fn absent_pool(id: &str, machine: &Key, span: Span, mapper: &mut Mapper<'_>) {
    let Some(source) = mapper.draft.get(machine).map(|m| m.source.clone()) else { return };
    mapper.draft.not_understood(NotUnderstood {
        kind: "reference from virtual_machine".to_owned(),
        name: machine.id.rsplit('/').next().unwrap_or_default().to_owned(),
        why: format!(
            "it is in the pool {}, which the input does not hold; import the file that declares it, too",
            id.to_lowercase()
        ),
        source: Source { span, ..source },
        matters: Matters::Item(machine.clone()),
    });
}

/// Puts a machine into the balancer pools of its interface's configurations.
pub(super) fn join_pools(properties: &Json, machine: &Key, mapper: &mut Mapper<'_>) {
    for configuration in properties.items_at("ipConfigurations") {
        let inner = configuration.get("properties").unwrap_or(configuration);
        for (id, span) in inner.items_at("loadBalancerBackendAddressPools").iter().filter_map(|p| id_of(Some(p))) {
            let key = Key::new("pools", id);
            match mapper.draft.get_mut(&key) {
                Some(pool) => pool.push("virtual_machines", Node::name_of(machine.clone(), span)),
                None => absent_pool(id, machine, span, mapper),
            }
        }
        for (id, span) in inner.items_at("loadBalancerInboundNatRules").iter().filter_map(|r| id_of(Some(r))) {
            join_nat_rule(id, machine, span, mapper);
        }
        for (id, _) in inner.items_at("applicationGatewayBackendAddressPools").iter().filter_map(|p| id_of(Some(p))) {
            let address = inner.at("privateIPAddress").and_then(Node::scalar);
            mapper.gateway_members.push((id.to_lowercase(), address.ok_or_else(|| machine.clone())));
        }
    }
}
