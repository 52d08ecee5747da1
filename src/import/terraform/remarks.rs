//! What is said of instances: attributes that nothing reads, names that only apply tells, and instances that are left out.

use super::{
    data,
    kinds::{self, Place},
    plan::Instance,
    resolve::{self, Resolver},
    settings,
};
use crate::import::{
    Session, Source,
    draft::{Key, Matters, NotUnderstood, Standing},
    ids::ArmId,
    json::{Json, Value},
    resources::{ELEMENTS, is_service, speaks_of_network, target},
};
use std::collections::BTreeSet;

/// Says what an instance sets and no table reads, and what a data source does not tell.
pub(super) fn unread(session: &mut Session, resolver: &Resolver<'_>, number: usize, instance: &Instance) {
    if instance.kind.starts_with("azapi_") {
        return withheld(session, resolver, number, instance);
    }
    let Some(kind) = kinds::find(&instance.kind) else { return };
    if instance.is_data {
        if let Some(id) = resolver.id(number) {
            data::report(session, instance, &id);
        }
        return;
    }
    later(session, resolver, number, instance);
    looped(session, resolver, number, instance);
    let values = resolver.full(number);
    const UNREAD: &str = "this attribute is not read, and it could matter";
    const UNDECIDED: &str = "it is not set, and who is let in hangs on it";
    let found = settings::unread(instance, kind, &values).into_iter().map(|(path, value)| (path, value, UNREAD));
    let undecided = settings::undecided(kind, &values).into_iter().map(|(path, block)| (path, block, UNDECIDED));
    let found: Vec<_> = found.chain(undecided).collect();
    if found.is_empty() {
        return;
    }
    // What sets something in another resource belongs there.
    let id = match kind.place {
        Place::Own => resolver.id(number).map(|id| id.to_string()),
        Place::In(target, _) | Place::Patch(target, _) => resolver.text(number, target),
    };
    let own = id.and_then(|id| item_of(&id));
    let matters = own.unwrap_or_else(|| {
        let mut ids = BTreeSet::new();
        resolve::texts(&values, &mut ids);
        // It is a type whose attributes count, so that they count somewhere.
        match place_of(&instance.kind, &ids) {
            Matters::Itself => Matters::Everywhere,
            // It changes what stands in the subnet, and does not only add to it.
            Matters::Subnet(subnet) => Matters::Item(subnet),
            place => place,
        }
    });
    for (path, value, why) in found {
        session.draft.not_understood(NotUnderstood {
            kind: format!("{} {path}", instance.kind),
            name: instance.name.clone(),
            why: why.to_owned(),
            source: Source { address: format!("{}.{path}", instance.address), span: value.span },
            matters: matters.clone(),
        });
    }
}

/// What azapi sends and no plan shows may set anything.
fn withheld(session: &mut Session, resolver: &Resolver<'_>, number: usize, instance: &Instance) {
    const BODY: &str = "sensitive_body";
    let configured = resolver.own_config(instance).and_then(|c| c.at("expressions")?.get(BODY));
    let configured = configured.is_some_and(|c| c.get("constant_value").is_none_or(|v| v.value != Value::Null));
    let value = instance.values.get(BODY).filter(|v| v.value != Value::Null);
    if !configured && value.is_none() {
        return;
    }
    session.draft.not_understood(NotUnderstood {
        kind: format!("{} {BODY}", instance.kind),
        name: instance.name.clone(),
        why: "it is in no plan, and may set what counts".to_owned(),
        source: Source { address: format!("{}.{BODY}", instance.address), span: instance.values.span },
        matters: resolver.id(number).and_then(|id| item_of(&id)).unwrap_or(Matters::Everywhere),
    });
}

/// Blocks that the provider never fills in: one that is known after apply is made by a loop over what is not known yet.
const LOOPED: [(&str, &[&str]); 16] = [
    (
        "azurerm_firewall_policy_rule_collection_group",
        &["application_rule_collection", "network_rule_collection", "nat_rule_collection"],
    ),
    ("azurerm_firewall_network_rule_collection", &["rule"]),
    ("azurerm_firewall_application_rule_collection", &["rule"]),
    ("azurerm_firewall_nat_rule_collection", &["rule"]),
    ("azurerm_firewall", &["ip_configuration", "management_ip_configuration", "virtual_hub"]),
    ("azurerm_cosmosdb_account", &["virtual_network_rule"]),
    ("azurerm_private_endpoint", &["private_dns_zone_group", "private_service_connection", "ip_configuration"]),
    ("azurerm_cognitive_account", &["network_acls", "network_injection"]),
    ("azurerm_iothub", &["network_rule_set"]),
    ("azurerm_firewall_policy", &["dns"]),
    ("azurerm_local_network_gateway", &["bgp_settings"]),
    ("azurerm_lb", &["frontend_ip_configuration"]),
    ("azurerm_network_interface", &["ip_configuration"]),
    (
        "azurerm_application_gateway",
        &[
            "frontend_ip_configuration",
            "frontend_port",
            "backend_address_pool",
            "backend_http_settings",
            "http_listener",
            "request_routing_rule",
            "url_path_map",
            "probe",
        ],
    ),
    ("azurerm_virtual_hub_route_table", &["route"]),
    ("azurerm_virtual_hub_routing_intent", &["routing_policy"]),
];

/// Blocks that a loop makes whose rounds are known after apply.
fn looped(session: &mut Session, resolver: &Resolver<'_>, number: usize, instance: &Instance) {
    let Some((_, blocks)) = LOOPED.iter().find(|(kind, _)| *kind == instance.kind) else { return };
    let is_marked =
        |mark: &Json| mark.as_bool() == Some(true) || mark.items().iter().any(|m| m.as_bool() == Some(true));
    for block in blocks.iter().filter(|b| instance.unknown.get(b).is_some_and(is_marked)) {
        let own = resolver.id(number).and_then(|id| item_of(&id));
        // In which zones an endpoint registers decides about all names of its target.
        let values = resolver.full(number);
        let target_of = || {
            let connection = values.items_at("private_service_connection").first()?;
            connection.str_at("private_connection_resource_id").map(str::to_owned)
        };
        let own = match *block {
            "private_dns_zone_group" => target_of().map(|id| Matters::Target(target(&id), Vec::new())),
            _ => own,
        };
        session.draft.not_understood(NotUnderstood {
            kind: format!("{} {block}", instance.kind),
            name: instance.name.clone(),
            why: "how many there are is known only after apply".to_owned(),
            source: Source { address: format!("{}.{block}", instance.address), ..instance.source() },
            matters: own.unwrap_or(Matters::Everywhere),
        });
    }
}

/// Rules and routes that are wholly known after apply: a loop may make them, and without any the plan looks the same.
fn later(session: &mut Session, resolver: &Resolver<'_>, number: usize, instance: &Instance) {
    const BLOCKS: [(&str, &str, &str, &str); 2] = [
        (
            "azurerm_network_security_group",
            "security_rule",
            "azurerm_network_security_rule",
            "network_security_group_name",
        ),
        ("azurerm_route_table", "route", "azurerm_route", "route_table_name"),
    ];
    let Some((_, block, apart, by)) = BLOCKS.iter().find(|(kind, ..)| *kind == instance.kind) else { return };
    let mark = instance.unknown.get(block).map(|m| m.value == Value::Bool(true));
    let name = resolver.text(number, "name");
    let all = resolver.plan.instances.iter().enumerate();
    let mut others = all.filter(|(_, i)| i.kind == *apart).map(|(n, _)| resolver.text(n, by));
    if mark != Some(true) || others.any(|n| n == name) {
        return;
    }
    session.draft.not_understood(NotUnderstood {
        kind: format!("{} {block}", instance.kind),
        name: instance.name.clone(),
        why: "it has none, or they are known only after apply; the plan does not tell which".to_owned(),
        source: instance.source(),
        matters: resolver.id(number).and_then(|id| item_of(&id)).unwrap_or(Matters::Everywhere),
    });
}

/// The item that a resource with an id is, or is part of.
fn item_of(id: &str) -> Option<Matters> {
    // Others act on these by what they have of them, and not by naming them.
    const OTHERS: [(&str, &str); 6] = [
        ("microsoft.compute/virtualmachines", "virtual_machines"),
        ("microsoft.containerservice/managedclusters", "kubernetes_clusters"),
        ("microsoft.network/applicationsecuritygroups", "application_security_groups"),
        ("microsoft.network/natgateways", "nat_gateways"),
        ("microsoft.network/publicipaddresses", "public_ips"),
        ("microsoft.network/virtualwans", "virtual_wans"),
    ];
    let own = |id: &String| {
        let kind = ArmId::parse(id)?.kind;
        let element = ELEMENTS.iter().chain(&OTHERS).find(|(k, _)| *k == kind);
        match element {
            Some((_, collection)) => Some(Matters::Item(Key::new(collection, id))),
            None => is_service(&kind).then(|| Matters::Item(target(id))),
        }
    };
    std::iter::successors(Some(id.to_owned()), |id| ArmId::parse(id)?.parent()).find_map(|id| own(&id))
}

/// A service whose name is not known yet has other domain names than those shown.
pub(super) fn unknown_name(session: &mut Session, instance: &Instance) {
    let is_service =
        kinds::find(&instance.kind).is_some_and(|k| !k.arm.starts_with("Microsoft.Network/") && !k.arm.is_empty());
    if is_service && !instance.is_data && instance.known_name().is_none() {
        session.draft.not_understood(NotUnderstood {
            kind: format!("name of {}", instance.kind),
            name: instance.name.clone(),
            why: format!("it is known only after apply; `{}` stands in, in its domain names, too", instance.stand_in()),
            source: instance.source(),
            matters: Matters::No,
        });
    }
}

/// Reports an instance that is left out, with where it could matter; nothing is said of one that has no part.
pub(super) fn report(session: &mut Session, resolver: &Resolver<'_>, number: usize, instance: &Instance, why: &str) {
    if why.is_empty() || instance.is_data {
        session.draft.count(&instance.kind, Standing::Beside, &instance.source());
        return;
    }
    session.draft.count(&instance.kind, Standing::NotUnderstood, &instance.source());
    let mut ids = BTreeSet::new();
    resolve::texts(&resolver.full(number), &mut ids);
    // What sets something elsewhere, and does not say where, may set it anywhere.
    let kind = kinds::find(&instance.kind);
    let astray = kind.is_some_and(|k| !matches!(k.place, Place::Own));
    let parent = kind.and_then(|k| k.unknown_parent(|name| resolver.text(number, name)));
    session.draft.not_understood(NotUnderstood {
        kind: instance.kind.clone(),
        name: instance.name.clone(),
        why: why.to_owned(),
        source: instance.source(),
        matters: match parent {
            _ if astray => Matters::Everywhere,
            Some(parent) => match place_of(&instance.kind, &ids) {
                Matters::Everywhere => Matters::AnyOf(parent),
                place => Matters::AnyOf(parent).and(place),
            },
            None => place_of(&instance.kind, &ids),
        },
    });
}

/// Where something that is left out could matter: in a subnet that it names, at what else it names, or anywhere if it
/// belongs to the network.
pub(super) fn place_of(kind: &str, ids: &BTreeSet<String>) -> Matters {
    let parsed: Vec<(&String, ArmId)> = ids.iter().filter_map(|i| Some((i, ArmId::parse(i)?))).collect();
    if let Some((id, _)) = parsed.iter().find(|(_, p)| p.kind == "microsoft.network/virtualnetworks/subnets") {
        return Matters::Subnet(Key::new("subnets", id));
    }
    let element = parsed.iter().find_map(|(id, p)| {
        let (_, collection) = ELEMENTS.iter().find(|(k, _)| *k == p.kind)?;
        Some(Matters::Item(Key::new(collection, id)))
    });
    const NETWORKS: [&str; 15] = [
        "network_",
        "virtual_network",
        "virtual_hub",
        "virtual_wan",
        "vpn_",
        "route",
        "firewall",
        "subnet",
        "private_dns",
        "private_link",
        "private_endpoint",
        "express_route",
        "nat_gateway",
        "application_gateway",
        "lb",
    ];
    let own = kind.strip_prefix("azurerm_").unwrap_or(kind);
    // A deployment of a template may bring anything.
    let is_network = kind.starts_with("azapi_")
        || own.ends_with("_template_deployment")
        || NETWORKS.iter().any(|n| own.starts_with(n));
    // What answers at the edge of the internet leads to public names.
    const EDGES: [&str; 4] = ["cdn_", "frontdoor", "front_door", "traffic_manager_"];
    let edge = EDGES.iter().any(|e| own.starts_with(e));
    let decides = !edge && speaks_of_network(&own.replace('_', ""));
    let service = parsed.iter().find(|(_, p)| decides && is_service(&p.kind));
    let service = service.map(|(id, _)| Matters::Item(target(id)));
    let otherwise = if is_network || decides { Matters::Everywhere } else { Matters::Itself };
    element.or(service).unwrap_or(otherwise)
}
