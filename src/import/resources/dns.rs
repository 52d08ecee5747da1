//! Private DNS zones, resolvers, rulesets.

use super::{Map, Mapper, Resource, addresses::nothing, id_of, list_of, name_of, path_of, subnet_of};
use crate::import::{
    draft::{Draft, Key, Matters, Node, NotUnderstood, Source, Tree},
    json::Json,
};

pub(super) const TYPES: &[(&str, Map)] = &[
    ("microsoft.network/privatednszones", zone),
    ("microsoft.network/privatednszones/virtualnetworklinks", zone_link),
    ("microsoft.network/privatednszones/a", address_record),
    ("microsoft.network/privatednszones/cname", alias_record),
    ("microsoft.network/privatednszones/aaaa", other_record),
    ("microsoft.network/privatednszones/soa", nothing),
    ("microsoft.network/privatednszones/txt", nothing),
    ("microsoft.network/privatednszones/mx", nothing),
    ("microsoft.network/privatednszones/srv", nothing),
    ("microsoft.network/privatednszones/ptr", nothing),
    ("microsoft.network/dnsresolvers", resolver),
    ("microsoft.network/dnsresolvers/inboundendpoints", inbound),
    ("microsoft.network/dnsresolvers/outboundendpoints", outbound),
    ("microsoft.network/dnsforwardingrulesets", ruleset),
    ("microsoft.network/dnsforwardingrulesets/virtualnetworklinks", ruleset_link),
    ("microsoft.network/dnsforwardingrulesets/forwardingrules", forwarding_rule),
];

fn zone(resource: &Resource, mapper: &mut Mapper<'_>) {
    mapper.item(resource, "private_dns_zones");
    // A zone tells how many records and links it has; exports often lack them.
    let parts = |links: bool| {
        let id = format!("{}/", resource.full_id.trim_end_matches('/').to_lowercase());
        let below = mapper.all.range(id.clone()..).take_while(|(k, _)| k.starts_with(&id));
        below.filter(|(_, r)| r.id.kind.ends_with("/virtualnetworklinks") == links).count()
    };
    let told = |path: &str| resource.prop(path).and_then(Json::as_int).and_then(|n| usize::try_from(n).ok());
    let zone_id = resource.full_id.trim_end_matches('/').to_lowercase();
    let registered = |r: &&&Resource| {
        let zones = r.items("privateDnsZoneConfigs").iter();
        let mut ids = zones.filter_map(|c| c.at("properties.privateDnsZoneId").or_else(|| c.at("privateDnsZoneId")));
        ids.any(|i| i.as_str().is_some_and(|t| t.trim_end_matches('/').to_lowercase() == zone_id))
    };
    let by_groups =
        mapper.all.values().filter(|r| r.id.kind.ends_with("/privatednszonegroups")).filter(registered).count();
    let automatic = mapper.all.values().any(|r| {
        r.id.kind.ends_with("/virtualnetworklinks")
            && r.prop("registrationEnabled").and_then(Json::as_bool) == Some(true)
            && r.id.parent().is_some_and(|p| p.to_lowercase() == zone_id)
    });
    // One of the records is the zone's own (SOA).
    let records = told("numberOfRecordSets").is_some_and(|n| n > parts(false).max(1) && n > 1);
    let name = || Matters::Names(vec![resource.id.name().to_owned()]);
    if resource.live && records && by_groups == 0 && !automatic {
        let why = "the input lacks records of this zone; add `az network private-dns record-set list` and \
                   `az network private-endpoint dns-zone-group list`";
        mapper.unmodelled(resource, "numberOfRecordSets", why, name());
    }
    if resource.live && told("numberOfVirtualNetworkLinks").is_some_and(|n| n > parts(true)) {
        let why = "the input lacks links of this zone; add `az network private-dns link vnet list`";
        mapper.unmodelled(resource, "numberOfVirtualNetworkLinks", why, name());
    }
}

fn zone_link(resource: &Resource, mapper: &mut Mapper<'_>) {
    let network = name_of(resource.prop("virtualNetwork"), "virtual_networks");
    let item = mapper.child(resource, "zone_links", "private_dns_zones", "virtual_network_links");
    item.set_some("virtual_network", network);
    item.set_some("registration_enabled", resource.scalar("registrationEnabled"));
    item.set_some("resolution_policy", resource.scalar("resolutionPolicy"));
}

fn full_name(resource: &Resource) -> String {
    let zone = resource.id.names.first().map(String::as_str).unwrap_or_default();
    match resource.id.name() {
        "@" => zone.to_owned(),
        name => format!("{name}.{zone}"),
    }
}

/// What has the addresses that records take by reference.
pub(super) const ENDPOINT: &str = "microsoft.network/privateendpoints";

fn address_record(resource: &Resource, mapper: &mut Mapper<'_>) {
    let list = resource.prop("aRecords").or_else(|| resource.prop("ARecords"));
    let all: Vec<&Json> = match list {
        Some(list) if list.whose_address(ENDPOINT).is_some() => vec![list],
        Some(list) => list.items().iter().filter_map(|r| r.at("ipv4Address")).collect(),
        None => Vec::new(),
    };
    let endpoints: Vec<(Key, crate::diag::Span)> =
        all.iter().filter_map(|a| Some((Key::new("private_endpoints", a.whose_address(ENDPOINT)?), a.span))).collect();
    let addresses = list_of(all.iter().filter_map(|a| Node::scalar(a)));
    if addresses.is_none() && endpoints.is_empty() {
        let why = "its addresses are known only after deployment";
        return mapper.unmodelled(resource, "", why, Matters::Names(vec![full_name(resource)]));
    }
    // What the platform writes by itself is derived again from endpoints and machines.
    let item = mapper.child(resource, "a_records", "private_dns_zones", "a_records");
    item.set_some("records", addresses);
    let record = resource.key("a_records");
    mapper.endpoint_records.extend(endpoints.into_iter().map(|(endpoint, span)| (record.clone(), endpoint, span)));
}

/// Puts the addresses of private endpoints into the records that name them by reference: the one that is set by hand, or
/// the one that Azure allocates, where the endpoint has one only. Gives the records that are whole.
pub(super) fn endpoint_addresses(
    mapper: &mut Mapper<'_>,
    free: &mut dyn FnMut(&Key, &Draft) -> Option<Node>,
) -> Vec<Key> {
    let mut whole = Vec::new();
    for (record, endpoint, span) in std::mem::take(&mut mapper.endpoint_records) {
        let item = mapper.draft.get(&endpoint);
        let single = item.is_some_and(|e| super::members::has_one_address(e, mapper));
        let own = item.and_then(|e| e.get("ip_addresses")).map(|n| n.tree.clone());
        let address = match own {
            Some(Tree::List(list)) => list.first().filter(|_| list.len() == 1).cloned(),
            _ if single => free(&endpoint, mapper.draft),
            _ => None,
        };
        let Some(address) = address else {
            let name = mapper.draft.get(&record).map(|r| r.name.clone()).unwrap_or_default();
            let zone = mapper.draft.get(&record).and_then(|r| r.parent.clone()).map(|(z, _)| z);
            mapper.draft.not_understood(NotUnderstood {
                kind: "reference from a_record".to_owned(),
                name,
                why: "it takes the address of a private endpoint, and which of several that is cannot be told"
                    .to_owned(),
                source: Source { address: record.id.clone(), span },
                matters: zone.map_or(Matters::Everywhere, Matters::Item),
            });
            continue;
        };
        if let Some(item) = mapper.draft.get_mut(&endpoint).filter(|e| e.get("ip_addresses").is_none()) {
            item.set("ip_addresses", Node::list(vec![address.clone()], address.span));
            item.note(super::settle::ALLOCATED);
        }
        if let Some(item) = mapper.draft.get_mut(&record) {
            item.push("records", Node { span, ..address });
            item.note("It takes the address of a private endpoint.");
            whole.push(record);
        }
    }
    whole
}

fn alias_record(resource: &Resource, mapper: &mut Mapper<'_>) {
    let alias = resource.scalar("cnameRecord.cname");
    let item = mapper.child(resource, "cname_records", "private_dns_zones", "cname_records");
    item.set_some("record", alias);
}

fn other_record(resource: &Resource, mapper: &mut Mapper<'_>) {
    mapper.unmodelled(resource, "", "records of IPv6 are not imported", Matters::Names(vec![full_name(resource)]));
}

fn resolver(resource: &Resource, mapper: &mut Mapper<'_>) {
    let item = mapper.item(resource, "private_dns_resolvers");
    item.set_some("virtual_network", name_of(resource.prop("virtualNetwork"), "virtual_networks"));
}

fn inbound(resource: &Resource, mapper: &mut Mapper<'_>) {
    let configuration = resource.items("ipConfigurations").first();
    let subnet = subnet_of(configuration);
    let address = configuration.and_then(|c| c.at("privateIpAddress")).and_then(Node::scalar);
    let item = mapper.child(resource, "inbound_endpoints", "private_dns_resolvers", "inbound_endpoints");
    item.set_some("subnet", subnet);
    item.set_some("private_ip_address", address);
}

fn outbound(resource: &Resource, mapper: &mut Mapper<'_>) {
    let subnet = subnet_of(resource.body.get("properties"));
    let item = mapper.child(resource, "outbound_endpoints", "private_dns_resolvers", "outbound_endpoints");
    item.set_some("subnet", subnet);
}

fn ruleset(resource: &Resource, mapper: &mut Mapper<'_>) {
    let endpoints =
        resource.items("dnsResolverOutboundEndpoints").iter().filter_map(|e| path_of(Some(e), "outbound_endpoints"));
    let endpoints = list_of(endpoints);
    let item = mapper.item(resource, "private_dns_resolver_dns_forwarding_rulesets");
    item.set_some("outbound_endpoints", endpoints);
}

const RULESETS: &str = "private_dns_resolver_dns_forwarding_rulesets";

fn ruleset_link(resource: &Resource, mapper: &mut Mapper<'_>) {
    let network =
        id_of(resource.prop("virtualNetwork")).map(|(id, s)| Node::name_of(Key::new("virtual_networks", id), s));
    let item = mapper.child(resource, "ruleset_links", RULESETS, "virtual_network_links");
    item.set_some("virtual_network", network);
}

/// The domain of a rule, if it is one that can be named.
fn domain(resource: &Resource) -> Vec<String> {
    let name = resource.str("domainName").map(|d| d.trim_end_matches('.')).unwrap_or_default();
    vec![if name.is_empty() { ".".to_owned() } else { name.to_owned() }]
}

fn forwarding_rule(resource: &Resource, mapper: &mut Mapper<'_>) {
    let servers = resource.items("targetDnsServers").iter().filter_map(|s| s.at("ipAddress").and_then(Node::scalar));
    let servers = list_of(servers);
    let other =
        resource.items("targetDnsServers").iter().any(|s| s.at("port").and_then(Json::as_int).is_some_and(|p| p != 53));
    if other {
        let why = "a server that is asked on another port than 53 is not modelled";
        mapper.unmodelled(resource, "targetDnsServers", why, Matters::Names(domain(resource)));
    }
    let item = mapper.child(resource, "forwarding_rules", RULESETS, "rules");
    item.set_some("domain_name", resource.scalar("domainName"));
    item.set_some("target_dns_servers", servers);
    if let Some(state) = resource.prop("forwardingRuleState") {
        let enabled = state.as_str().is_none_or(|s| s.eq_ignore_ascii_case("Enabled"));
        item.set("enabled", Node::new(Tree::Bool(enabled), state.span));
    }
}
