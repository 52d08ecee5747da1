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
    for (here, there) in [(client, target), (target, client)] {
        let (Some((_, table)), Some(prefixes)) =
            (here.and_then(|h| subnet(site, h)), there.and_then(|t| subnet(site, t)))
        else {
            continue;
        };
        let Some(table) = table else { continue };
        for prefix in prefixes.0.iter().take(1) {
            for device in devices.iter().take(4) {
                let route = super::free_name("to-device", |n| {
                    site.estate.route_tables.get(&table).is_some_and(|t| t.value.routes.get(n).is_some())
                });
                let value = json!({
                    "address_prefix": prefix, "next_hop_type": "VirtualAppliance",
                    "next_hop_in_ip_address": device.to_string(),
                });
                let text =
                    format!("add route {route} for {prefix} to {device} in {table}, so that both directions pass it");
                found.push(Candidate::new(text, &["route_tables", &table, "routes", &route], value));
            }
        }
    }
    found
}

/// Prefixes of the subnet of something, and its route table.
fn subnet(site: &Site<'_>, of: Id<Endpoint>) -> Option<(Vec<String>, Option<String>)> {
    let segment = site.plane.endpoints.get(of).segment.map(|s| site.plane.segments.get(s))?;
    let (network, subnet) = segment.origin.name.split_once('/')?;
    let declared = site.estate.virtual_networks.get(network)?.value.subnets.get(subnet)?;
    let prefixes = declared.value.address_prefixes.iter().map(|p| p.value.to_string()).collect();
    Some((prefixes, declared.value.route_table.as_ref().map(|t| t.value.clone())))
}
