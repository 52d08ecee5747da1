//! Flows of which a device sees one direction only: the other way led through it too, or neither.

use super::{Candidate, Site};
use crate::{
    dataplane::{ClientKind, Endpoint, Id},
    forward::Step,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::IpAddr;

/// Most routes of an estate that are tried one by one.
const MAX_ROUTES: usize = 60;

/// Routes to devices taken away, and routes added to the tables of both ends.
pub(super) fn one_way(site: &Site<'_>, _: &Step) -> Vec<Candidate> {
    ways(site)
}

fn ways(site: &Site<'_>) -> Vec<Candidate> {
    let tables = || site.estate.route_tables.iter();
    let mut found = Vec::new();
    let mut devices: BTreeSet<IpAddr> = BTreeSet::new();
    for (table, of) in tables() {
        for (route, declared) in of.value.routes.iter() {
            let Some(hop) = declared.value.next_hop_in_ip_address.as_ref() else { continue };
            devices.insert(hop.value);
            let path = ["route_tables", table, "routes", route];
            found.push(Candidate::new(format!("remove route {route} of {table}"), &path, Value::Null));
        }
    }
    if found.len() > MAX_ROUTES {
        return Vec::new();
    }
    let client = site.client.and_then(|c| match c.kind {
        ClientKind::Endpoint(id) => Some(id),
        ClientKind::Identity(_) => None,
    });
    let target = site
        .trace
        .addresses
        .first()
        .and_then(|a| site.plane.endpoints.iter().find(|(_, e)| e.addresses.contains(a)).map(|(id, _)| id));
    let ends = [client, target].map(|end| end.and_then(|e| subnet(site, e)));
    for (here, there) in [(&ends[0], &ends[1]), (&ends[1], &ends[0])] {
        if let (Some(here), Some(there)) = (here, there) {
            found.extend(through_devices(site, here, there, &devices));
        }
    }
    // What comes through a gateway is routed by the table of the gateway's subnet (UDR-10).
    for (network, declared) in site.estate.virtual_networks.iter() {
        let Some(gateway) = declared.value.subnets.get("GatewaySubnet") else { continue };
        let table = gateway.value.route_table.as_ref().map(|t| t.value.clone());
        let gateway = Subnet { name: format!("{network}/GatewaySubnet"), prefixes: Vec::new(), table };
        for there in ends.iter().flatten() {
            found.extend(through_devices(site, &gateway, there, &devices));
        }
    }
    found
}

/// Ways past what the flow is expected to pass, or not to pass: routes as above, sent to other devices, and without what
/// gateways announce.
pub(super) fn waypoints(site: &Site<'_>) -> Vec<Candidate> {
    let Some(fields) = site.expected.map(|e| &e.fields) else { return Vec::new() };
    let misses = |name: &str| !site.trace.always_meets(name);
    let elements = site.trace.elements();
    let astray = fields.through.iter().any(|t| misses(&t.value))
        || fields.not_through.iter().any(|t| elements.contains(&t.value.as_str()));
    if !astray || site.trace.judgement.verdict != site.goal {
        return Vec::new();
    }
    let mut found = ways(site);
    for (table, of) in site.estate.route_tables.iter() {
        if of.value.bgp_route_propagation_enabled.value {
            let path = ["route_tables", table, "bgp_route_propagation_enabled"];
            let text = format!("keep what gateways announce out of the subnets of {table}");
            found.push(Candidate::new(text, &path, json!(false)));
        }
        for (route, _) in of.value.routes.iter() {
            let path = ["route_tables", table, "routes", route].map(str::to_owned);
            found.extend(super::settings::elsewhere(site, &path));
        }
    }
    found
}

/// Connections that carry a part of what lies behind them only: all of it, instead (ROUTE-07, PEER-09).
pub(super) fn connections(site: &Site<'_>, _: &Step) -> Vec<Candidate> {
    let mut found = Vec::new();
    for (name, declared) in site.estate.virtual_network_gateway_connections.iter() {
        let keys = [
            ("learned_prefixes", declared.value.learned_prefixes.is_some(), "learn every prefix of its site"),
            ("advertised_prefixes", declared.value.advertised_prefixes.is_some(), "announce every prefix on its side"),
        ];
        found.extend(keys.into_iter().filter(|(_, written, _)| *written).map(|(key, _, what)| {
            Candidate::new(
                format!("let connection {name} {what}"),
                &["virtual_network_gateway_connections", name, key],
                Value::Null,
            )
        }));
    }
    found
}

/// Routes of one subnet for the prefix of another, by each device; with a table for a subnet that has none.
fn through_devices(site: &Site<'_>, here: &Subnet, there: &Subnet, devices: &BTreeSet<IpAddr>) -> Vec<Candidate> {
    let tables = &site.estate.route_tables;
    let mut found = Vec::new();
    for prefix in there.prefixes.iter().take(1) {
        for device in devices.iter().take(4) {
            let new = || super::free_name(&format!("rt-{}", here.name.replace('/', "-")), |n| tables.get(n).is_some());
            let table = here.table.clone().unwrap_or_else(new);
            let route =
                super::free_name("to-device", |n| tables.get(&table).is_some_and(|t| t.value.routes.get(n).is_some()));
            let value = json!({
                "address_prefix": prefix, "next_hop_type": "VirtualAppliance", "next_hop_in_ip_address": device.to_string(),
            });
            let text =
                format!("add route {route} for {prefix} to {device} in {table}, so that both directions pass it");
            let candidate = Candidate::new(text, &["route_tables", &table, "routes", &route], value);
            found.push(match (&here.table, here.name.split_once('/')) {
                (None, Some((network, subnet))) => {
                    let part =
                        super::at(&["virtual_networks", network, "subnets", subnet, "route_table"], json!(table));
                    candidate.with(format!("the route table of {}", here.name), part)
                }
                _ => candidate,
            });
        }
    }
    found
}

/// A subnet with its prefixes and its route table.
struct Subnet {
    name: String,
    prefixes: Vec<String>,
    table: Option<String>,
}

/// The subnet of something.
fn subnet(site: &Site<'_>, of: Id<Endpoint>) -> Option<Subnet> {
    let segment = site.plane.endpoints.get(of).segment.map(|s| site.plane.segments.get(s))?;
    let (network, subnet) = segment.origin.name.split_once('/')?;
    let declared = site.estate.virtual_networks.get(network)?.value.subnets.get(subnet)?;
    let prefixes = declared.value.address_prefixes.iter().map(|p| p.value.to_string()).collect();
    let table = declared.value.route_table.as_ref().map(|t| t.value.clone());
    Some(Subnet { name: segment.origin.name.clone(), prefixes, table })
}
