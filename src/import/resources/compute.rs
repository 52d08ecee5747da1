//! Machines: virtual machines, scale sets, container groups, bastions.

use super::{
    Map, Mapper, Resource,
    addresses::{interface_fields, join_pools},
    id_of, list_of, name_of, settings, subnet_of,
};
use crate::import::{
    draft::{Item, Key, Matters, Node, Source, Tree},
    json::Json,
};
use std::collections::BTreeSet;

pub(super) const TYPES: &[(&str, Map)] = &[
    ("microsoft.compute/virtualmachines", machine),
    ("microsoft.compute/virtualmachinescalesets", scale_set),
    ("microsoft.containerinstance/containergroups", container_group),
    ("microsoft.network/bastionhosts", bastion),
];

fn machine(resource: &Resource, mapper: &mut Mapper<'_>) {
    let span = resource.source.span;
    let key = resource.key("virtual_machines");
    let references = resource.items("networkProfile.networkInterfaces");
    let first = references.iter().find(is_primary).or_else(|| references.first());
    let inline = resource
        .items("networkProfile.networkInterfaceConfigurations")
        .first()
        .map(|c| c.get("properties").unwrap_or(c))
        .cloned();
    let named = id_of(first).map(|(id, _)| id.to_owned());
    named.iter().for_each(|id| mapper.draft.interface(id, &key));
    let properties = match &named {
        Some(id) => mapper.find(id).and_then(|n| n.body.get("properties").cloned()),
        None => inline,
    };
    tags(resource, mapper.item(resource, "virtual_machines"));
    let Some(properties) = properties else {
        let nic = named.unwrap_or_else(|| "none".to_owned());
        let why = format!("its network interface ({nic}) is not in the input; import it, too");
        mapper.draft.items.remove(&key);
        mapper.unmodelled(resource, "", &why, Matters::SomeSubnet);
        return;
    };
    let mut fields = Vec::new();
    interface_fields(&properties, &mut fields);
    let item = mapper.item(resource, "virtual_machines");
    fields.into_iter().for_each(|(k, n)| item.set(k, n));
    if allocated(&properties) {
        item.note(super::settle::ALLOCATED);
    }
    let power =
        resource.str("instanceView.powerState.code").or_else(|| resource.str("extended.instanceView.powerState.code"));
    // `az vm list -d` writes `VM running`, the platform `PowerState/running`.
    let power = power.or_else(|| resource.str("powerState"));
    if power.is_some_and(|p| !["powerstate/running", "vm running"].contains(&p.to_lowercase().as_str())) {
        item.set("running", Node::flag(false, span));
    }
    // Zones that register machines go by their own names for themselves.
    let host = resource.scalar("osProfile.computerName").filter(|h| other_name(h, resource.id.name()));
    item.set_some("computer_name", host);
    join_pools(&properties, &key, mapper);
    for own in resource.items("networkProfile.networkInterfaceConfigurations").iter().filter(|_| named.is_none()) {
        settings::interface(resource, own, &Matters::Item(key.clone()), mapper);
    }
    for other in references.iter().filter(|r| first.is_none_or(|f| f.span != r.span)) {
        let Some((id, _)) = id_of(Some(other)) else { continue };
        let Some(nic) = mapper.find(id).cloned() else { continue };
        let Some(properties) = nic.body.get("properties") else { continue };
        further(id, nic.id.name(), properties, &key, &nic.source, mapper);
    }
}

fn other_name(host: &Node, name: &str) -> bool {
    matches!(&host.tree, Tree::Text(text) if !text.is_empty() && !text.eq_ignore_ascii_case(name))
}

fn allocated(properties: &Json) -> bool {
    let configurations = properties.items_at("ipConfigurations").iter();
    configurations.filter_map(|c| c.at("properties.allocatedByImport")).next().is_some()
}

/// Labels for selectors.
pub(super) fn tags(resource: &Resource, item: &mut crate::import::draft::Item) {
    let tags = resource.body.get("tags").map_or(&[][..], Json::fields);
    let texts: Vec<_> =
        tags.iter().filter_map(|(k, v)| v.as_str().map(|t| (k.to_string(), Node::text(t, v.span)))).collect();
    if !texts.is_empty() {
        item.set("tags", Node::new(crate::import::draft::Tree::Map(texts), resource.source.span));
    }
}

/// Instances of a set are alike: two stand for all.
const SHOWN_INSTANCES: i64 = 2;

fn scale_set(resource: &Resource, mapper: &mut Mapper<'_>) {
    let count = resource.body.at("sku.capacity").and_then(Json::as_int).unwrap_or(1).max(0);
    let interfaces = resource.items("virtualMachineProfile.networkProfile.networkInterfaceConfigurations");
    let first = interfaces.iter().find(is_primary).or_else(|| interfaces.first());
    let Some(properties) = first.map(|i| i.get("properties").unwrap_or(i)) else {
        mapper.unmodelled(resource, "", "its network profile is not in the input", Matters::SomeSubnet);
        return;
    };
    for number in 0..count.min(SHOWN_INSTANCES) {
        let key = Key::new("virtual_machines", &format!("{}/{number}", resource.full_id));
        let mut fields = Vec::new();
        interface_fields(properties, &mut fields);
        let item = mapper.draft.item(&key, &format!("{}-{number}", resource.id.name()), &resource.source);
        fields.into_iter().filter(|(k, _)| !k.starts_with("private_ip_address")).for_each(|(k, n)| item.set(k, n));
        let prefix = resource.str("virtualMachineProfile.osProfile.computerNamePrefix");
        let host =
            prefix.filter(|p| !p.is_empty()).map(|p| Node::text(format!("{p}{number:06}"), resource.source.span));
        item.set_some("computer_name", host);
        item.note(format!("Instance of a scale set of {count}; its address is assumed."));
        tags(resource, item);
        let whole = mapper.current.get_or_insert_with(|| key.clone()).clone();
        if whole != key {
            mapper.draft.alike.entry(whole.clone()).or_default().push(key.clone());
        }
        interfaces.iter().for_each(|i| settings::interface(resource, i, &Matters::Item(whole.clone()), mapper));
        public_address(resource, properties, &key, mapper);
        join_pools(properties, &key, mapper);
        for (place, other) in interfaces.iter().enumerate().filter(|(_, i)| first.is_some_and(|f| f.span != i.span)) {
            let properties = other.get("properties").unwrap_or(other);
            let id = format!("{}/{number}/{place}", resource.full_id);
            let name = other.str_at("name").map_or_else(|| format!("nic-{place}"), str::to_owned);
            further(&id, &name, properties, &key, &resource.source, mapper);
        }
    }
}

/// What the systems of machines do that pass packets on is in no input: their rules, and whether they translate (NVA-01,
/// NVA-04).
pub(super) fn guests(mapper: &mut Mapper<'_>) {
    let passes = |item: &Item| item.get("ip_forwarding_enabled").is_some_and(|n| n.tree == Tree::Bool(true));
    let machine_of = |(key, item): (&Key, &Item)| item.parent.as_ref().map_or(key, |(parent, _)| parent).clone();
    let all = mapper.draft.items.iter().filter(|(_, item)| passes(item));
    for machine in all.map(machine_of).collect::<BTreeSet<_>>() {
        let Some(item) = mapper.draft.get_mut(&machine) else { continue };
        item.note("What its system does is not in the input: it forwards, and neither filters nor translates.");
        let name = item.name.clone();
        mapper.draft.assumed.push(format!(
            "virtual_machine {name} passes on what it gets, and neither filters nor translates it, as no input tells what \
             its system does; declare `network_appliance`"
        ));
    }
}

/// Each instance of a set may have a public address of its own.
fn public_address(resource: &Resource, properties: &Json, machine: &Key, mapper: &mut Mapper<'_>) {
    let configurations = properties.items_at("ipConfigurations").iter();
    let mut own = configurations.filter_map(|c| c.get("properties").unwrap_or(c).at("publicIPAddressConfiguration"));
    let Some(own) = own.next() else { return };
    let key = Key::new("public_ips", &format!("{}/address", machine.id));
    let name = mapper.draft.get(machine).map(|m| format!("{}-address", m.name)).unwrap_or_default();
    let sku = own.at("sku.name").and_then(Node::scalar).unwrap_or_else(|| Node::text("Standard", own.span));
    let item = mapper.draft.item(&key, &name, &resource.source);
    item.set("sku", sku);
    item.note("The address of an instance; Azure allocates it.");
    if let Some(item) = mapper.draft.get_mut(machine) {
        item.set("public_ip", Node::name_of(key, own.span));
    }
}

fn is_primary(reference: &&Json) -> bool {
    let primary = reference.at("properties.primary").or_else(|| reference.at("primary"));
    primary.and_then(Json::as_bool) == Some(true)
}

/// A further interface of a machine.
fn further(id: &str, name: &str, properties: &Json, machine: &Key, source: &Source, mapper: &mut Mapper<'_>) {
    let mut fields = Vec::new();
    interface_fields(properties, &mut fields);
    let key = Key::new("secondary_interfaces", id);
    let item = mapper.draft.child(&key, name, machine, "secondary_network_interfaces", source);
    for (name, node) in fields {
        let own = ["subnet", "private_ip_address", "private_ip_addresses", "network_security_group"];
        if own.contains(&name) || name == "ip_forwarding_enabled" {
            item.set(name, node);
        }
    }
    join_pools(properties, machine, mapper);
}

const GROUPS: &str = "Microsoft.ContainerInstance/containerGroups";

fn container_group(resource: &Resource, mapper: &mut Mapper<'_>) {
    let subnet = resource.items("subnetIds").first().and_then(|s| id_of(Some(s)));
    let Some((id, span)) = subnet else {
        if resource.prop("networkProfile").is_some() {
            let why = "it stands in the subnet of a network profile; that is not modelled";
            mapper.unmodelled(resource, "networkProfile", why, Matters::Everywhere);
        }
        return;
    };
    let subnet = Node::path_of(Key::new("subnets", id), span);
    let address = resource.scalar("ipAddress.ip");
    let ports = resource.items("ipAddress.ports").iter().filter_map(|p| {
        let port = p.at("port").and_then(Json::as_int)?;
        let protocol = p.str_at("protocol").unwrap_or("TCP").to_lowercase();
        Some(Node::text(format!("{protocol}/{port}"), p.span))
    });
    let ports = list_of(ports);
    // The delegation is to what stands there as a machine, which no scenario may place in a delegated subnet.
    if let Some(place) = mapper.draft.get_mut(&Key::new("subnets", id)) {
        place
            .fields
            .retain(|(k, n)| k != "delegation" || !matches!(&n.tree, Tree::Text(t) if t.eq_ignore_ascii_case(GROUPS)));
        place.note("It is delegated to container groups, which stand here as machines.");
    }
    let item = mapper.item(resource, "virtual_machines");
    item.set("subnet", subnet);
    item.set_some("private_ip_address", address);
    item.set("listens", ports.unwrap_or_else(|| Node::list(Vec::new(), resource.source.span)));
    item.set_some("dns_servers", super::servers(resource.prop("dnsConfig.nameServers")));
    item.note("A container group, as a machine.");
}

/// A bastion reaches machines from its own subnet.
fn bastion(resource: &Resource, mapper: &mut Mapper<'_>) {
    let configuration = resource.items("ipConfigurations").first().and_then(|c| c.get("properties"));
    let Some(subnet) = subnet_of(configuration) else {
        let (why, matters) = match resource.prop("virtualNetwork") {
            Some(_) => (
                "a bastion without a subnet of its own reaches machines of its network from an address of the platform \
                 (168.63.129.16); that is not modelled",
                Matters::Itself,
            ),
            None => ("in which subnet it stands is not known", Matters::SomeSubnet),
        };
        return mapper.unmodelled(resource, "", why, matters);
    };
    let span = resource.source.span;
    let public = configuration.and_then(|c| name_of(c.at("publicIPAddress"), "public_ips"));
    let door = Key::new("network_security_groups", &format!("{}/door", resource.full_id));
    if public.is_some() {
        // The platform takes what comes for its portal; what else a subnet needs is up to its own group (SUB-05).
        let text = |text: &str| Node::text(text, span);
        let rule = Node::map(
            vec![
                ("priority", Node::new(Tree::Number(100), span)),
                ("direction", text("Inbound")),
                ("access", text("Allow")),
                ("protocol", text("Tcp")),
                ("source_address_prefix", text("Internet")),
                ("source_port_range", text("*")),
                ("destination_address_prefix", text("*")),
                ("destination_port_range", text("443")),
            ],
            span,
        );
        let item = mapper.draft.item(&door, &format!("{}-door", resource.id.name()), &resource.source);
        item.set("security_rules", Node::map(vec![("portal", rule)], span));
        item.note("What a bastion takes from the internet without any group: people who open machines through it.");
    }
    let item = mapper.item(resource, "virtual_machines");
    if let Some(public) = public {
        item.set("public_ip", public);
        item.set("network_security_group", Node::name_of(door, span));
    }
    item.set("subnet", subnet);
    item.set("listens", list_of([Node::text("tcp/443", span)]).unwrap_or_else(|| Node::list(Vec::new(), span)));
    item.note("A bastion, as a machine: what it can reach on 22 and 3389 is what people can open through it.");
}
