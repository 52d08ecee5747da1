//! Private endpoints in customer networks, and the zones, links and forwarders by which clients find them.

use super::{Candidate, Site, managed, patch_of};
use crate::{
    azure::model::service::{ConnectionStatus, PrivateEndpoint},
    dataplane::ClientKind,
    document::Spanned,
    verdict::Verdict,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Ways to let a client of a customer network find the service privately.
pub(super) fn private_endpoints(site: &Site<'_>) -> Vec<Candidate> {
    let managed = managed::workspace_of(site.snapshot, &site.trace.question.from).is_some();
    let identity = site.client.is_none_or(|c| matches!(c.kind, ClientKind::Identity(_)));
    // What is open is not closed by another way in.
    let open = site.goal == Verdict::Blocked && site.trace.judgement.verdict != Verdict::Blocked;
    if managed || identity || open {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (service, sub) in managed::service_behind(site) {
        let zones = zones_of(site, &service, &sub);
        found.extend(links(site, &zones));
        found.extend(forwarders(site, &zones));
        found.extend(endpoints(site, &service, &sub, &zones));
    }
    found
}

/// Private zones that answer the names of a sub-resource.
fn zones_of(site: &Site<'_>, service: &str, sub: &str) -> BTreeSet<String> {
    let plane = site.plane;
    let of_service = |door: &crate::dataplane::DoorName| {
        let resource = plane.resources.get(plane.doors.get(door.door).resource);
        (resource.origin.name == service).then_some(resource)
    };
    let answered = plane.door_names.iter().filter(|(name, door)| {
        of_service(door).is_some_and(|r| {
            let mut groups = r.names.iter();
            match groups.find(|(_, names)| names.contains(name)) {
                Some((group, _)) => group == sub,
                None => true,
            }
        })
    });
    answered.filter_map(|(_, door)| door.zone.as_ref().map(ToString::to_string)).collect()
}

/// Networks whose view of names the client's answer comes from: its own, and those of resolvers that others ask.
fn vantages<'s>(site: &Site<'s>) -> BTreeSet<&'s str> {
    let own = match site.client.map(|c| c.kind) {
        Some(ClientKind::Endpoint(id)) => {
            site.plane.network_of(id).map(|n| site.plane.networks.get(n).origin.name.as_str())
        }
        _ => None,
    };
    let mut found: BTreeSet<&str> = own.into_iter().collect();
    found.extend(site.estate.private_dns_resolvers.iter().map(|(_, r)| r.value.virtual_network.value.as_str()));
    found.retain(|n| site.estate.virtual_networks.get(n).is_some());
    // The networks of servers that a client asks are not told apart, so in a small estate every one is tried.
    if site.estate.virtual_networks.len() <= 8 {
        found.extend(site.estate.virtual_networks.keys());
    }
    found
}

fn linked(site: &Site<'_>, zone: &str, network: &str) -> bool {
    site.estate.private_dns_zones.get(zone).is_some_and(|z| {
        let named = |link: &str, of: Option<&Spanned<String>>| of.map_or(link == network, |v| v.value == network);
        z.value.virtual_network_links.iter().any(|(link, l)| named(link, l.value.virtual_network.as_ref()))
    })
}

fn links(site: &Site<'_>, zones: &BTreeSet<String>) -> Vec<Candidate> {
    let mut found = Vec::new();
    for zone in zones.iter().filter(|z| site.estate.private_dns_zones.get(z).is_some()) {
        for network in vantages(site).into_iter().filter(|n| !linked(site, zone, n)) {
            let path = ["private_dns_zones", zone, "virtual_network_links", network];
            found.push(Candidate::new(format!("link zone {zone} to {network}"), &path, json!({})));
        }
    }
    found
}

/// Servers on premises that should send the public suffix to a resolver which sees the zone.
fn forwarders(site: &Site<'_>, zones: &BTreeSet<String>) -> Vec<Candidate> {
    let mut resolvers: BTreeSet<String> = BTreeSet::new();
    for (_, resolver) in site.estate.private_dns_resolvers.iter() {
        let inbound = resolver.value.inbound_endpoints.iter();
        resolvers.extend(inbound.map(|(_, e)| e.value.private_ip_address.value.to_string()));
    }
    for (_, of) in site.estate.on_premises_sites.iter() {
        let servers = of.value.dns_servers.iter().flat_map(|(_, s)| s.value.conditional_forwarders.iter());
        resolvers.extend(servers.flat_map(|(_, to)| to.value.iter().map(|a| a.value.to_string())));
    }
    let mut found = Vec::new();
    for (place, of) in site.estate.on_premises_sites.iter() {
        if !of.value.hosts.keys().any(|h| h == site.trace.question.from) {
            continue;
        }
        for (server, declared) in of.value.dns_servers.iter() {
            // The suffix of the name itself may be another one than its zone has (vault.azure.net).
            let own =
                site.trace.name.iter().filter_map(|n| n.as_str().split_once('.').map(|(_, rest)| rest.to_owned()));
            let suffixes: BTreeSet<String> = zones
                .iter()
                .map(|z| z.replacen("privatelink.", "", 1))
                .chain(own.filter(|s| s.contains('.')))
                .collect();
            for suffix in suffixes {
                if declared.value.conditional_forwarders.get(&suffix).is_some() {
                    continue;
                }
                for resolver in &resolvers {
                    let path = ["on_premises_sites", place, "dns_servers", server, "conditional_forwarders", &suffix];
                    let text = format!("let {server} forward {suffix} to {resolver}");
                    found.push(Candidate::new(text, &path, json!([resolver])));
                }
            }
        }
    }
    found
}

/// A new endpoint with its zones, or a zone group for one that has none.
fn endpoints(site: &Site<'_>, service: &str, sub: &str, zones: &BTreeSet<String>) -> Vec<Candidate> {
    let estate = site.estate;
    let of_service = |(_, e): &(&str, &crate::document::Entry<crate::azure::model::service::PrivateEndpoint>)| {
        let connection = &e.value.private_service_connection;
        connection.private_connection_resource.value == service
            && connection.subresource_names.iter().any(|s| s.value.eq_ignore_ascii_case(sub))
    };
    let names: Vec<&String> = zones.iter().collect();
    let group = json!({ "private_dns_zones": names });
    let missing: serde_json::Map<String, Value> = zones
        .iter()
        .map(|z| {
            let networks = vantages(site).into_iter().filter(|n| !linked(site, z, n));
            let links: serde_json::Map<String, Value> = networks.map(|n| (n.to_owned(), json!({}))).collect();
            (z.clone(), json!({ "virtual_network_links": links }))
        })
        .collect();
    let with_zones = |candidate: Candidate, group: Option<Value>| {
        let zones = json!({ "private_dns_zones": missing });
        let part = group.map_or(zones.clone(), |g| patch_of(&g, &zones));
        candidate.with("with its zones and their links", part)
    };
    let there: Vec<&str> = estate.private_endpoints.iter().filter(of_service).map(|(n, _)| n).collect();
    let mut found = Vec::new();
    for name in &there {
        let path = ["private_endpoints", name, "private_dns_zone_group"];
        let text = format!("let {name} register its names in {}", zones.iter().cloned().collect::<Vec<_>>().join(", "));
        found.push(with_zones(Candidate::new(text, &path, group.clone()), None));
    }
    if !there.is_empty() {
        return found;
    }
    let used: BTreeSet<&str> = estate.private_endpoints.iter().map(|(_, e)| e.value.subnet.value.as_str()).collect();
    let mut subnets: Vec<String> = used.into_iter().map(str::to_owned).collect();
    if subnets.is_empty() {
        for network in vantages(site) {
            let declared = estate.virtual_networks.get(network).into_iter().flat_map(|v| v.value.subnets.keys());
            subnets.extend(declared.filter(|s| !s.contains("Subnet")).map(|s| format!("{network}/{s}")));
        }
    }
    let name = super::free_name(&format!("pe-{service}-{sub}"), |n| estate.private_endpoints.get(n).is_some());
    for subnet in subnets.iter().take(4) {
        let value = json!({
            "subnet": subnet,
            "private_service_connection": { "private_connection_resource": service, "subresource_names": [sub] },
        });
        let text = format!("add private endpoint {name} for {sub} of {service} in {subnet}");
        let registered = json!({ "private_endpoints": { &name: { "private_dns_zone_group": group } } });
        let mut candidate = with_zones(Candidate::new(text, &["private_endpoints", &name], value), Some(registered));
        premium(site, service, &mut candidate);
        found.push(candidate);
    }
    found
}

/// A container registry takes private endpoints in the Premium tier only.
pub(super) fn premium(site: &Site<'_>, service: &str, candidate: &mut Candidate) {
    let declared = site.estate.services.get(service).map(|s| &s.value);
    let registry = declared.filter(|s| s.type_.value.eq_ignore_ascii_case("Microsoft.ContainerRegistry/registries"));
    if registry.is_some_and(|s| s.sku_name.as_ref().is_none_or(|k| !k.value.eq_ignore_ascii_case("Premium"))) {
        let tier = json!({ "services": { service: { "sku_name": "Premium" } } });
        *candidate = candidate.clone().with(format!("move {service} to the Premium tier"), tier);
    }
}

/// The approval of private endpoints to the asked service that wait for one: while they wait, the name may lead past them,
/// so that no step of the flow meets them (DNS-08).
pub(super) fn approvals(site: &Site<'_>) -> Vec<Candidate> {
    let behind: BTreeSet<String> = managed::service_behind(site).into_iter().map(|(service, _)| service).collect();
    let waits = |endpoint: &PrivateEndpoint| {
        let connection = &endpoint.private_service_connection;
        let target = behind.contains(&connection.private_connection_resource.value);
        target && connection.status.as_ref().is_none_or(|s| s.value != ConnectionStatus::Approved)
    };
    let waiting = site.estate.private_endpoints.iter().filter(|(_, e)| waits(&e.value));
    waiting
        .map(|(name, _)| {
            let path = ["private_endpoints", name, "private_service_connection", "status"];
            Candidate::new(format!("approve the connection of {name}"), &path, json!("Approved"))
        })
        .collect()
}
