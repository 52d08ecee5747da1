//! Single settings: states of connections, peerings, routes, forwarding, exceptions.

use super::{Candidate, Site, begins};
use crate::forward::Step;
use serde_json::{Value, json};

/// A state that was written, in the word for what works.
pub(super) fn states(site: &Site<'_>, step: &Step) -> Vec<Candidate> {
    let path = site.path(step);
    let Some((last, holder)) = path.split_last() else { return Vec::new() };
    let set = |path: &[String], key: &str, word: &str| {
        let full: Vec<String> = path.iter().cloned().chain([key.to_owned()]).collect();
        Candidate::new(format!("bring {} to {word}", full.join(".")), &full, json!(word))
    };
    let mut found = Vec::new();
    for holder in [holder, path.as_slice()] {
        let of = |key: &str| last == key || holder.len() == path.len();
        match holder.first().map(String::as_str) {
            Some("machine_learning_workspaces") if holder.len() == 5 => {
                found.extend(of("connection_status").then(|| set(holder, "connection_status", "Approved")));
                found.extend(of("status").then(|| set(holder, "status", "Active")));
            }
            Some("private_endpoints") => {
                let connection = path.get(..3).filter(|p| p.last().is_some_and(|k| k == "private_service_connection"));
                let endpoint = path.get(..2).map(<[String]>::to_vec).unwrap_or_default();
                let connection = connection.map_or_else(
                    || [endpoint, vec!["private_service_connection".to_owned()]].concat(),
                    <[String]>::to_vec,
                );
                found.push(set(&connection, "status", "Approved"));
            }
            Some("virtual_network_peerings") => {
                found.extend(path.get(..2).map(|p| set(p, "peering_state", "Connected")));
            }
            Some("virtual_network_gateway_connections" | "virtual_hub_branches") => {
                let up = |p: &[String]| {
                    let name = p.last().cloned().unwrap_or_default();
                    Candidate::new(format!("bring connection {name} up"), p, json!({ "connected": true }))
                };
                found.extend(path.get(..2).map(up));
            }
            _ => {}
        }
    }
    found
}

/// Settings of the peerings of a small estate, and a peering that is missing one of its links.
pub(super) fn peerings(site: &Site<'_>, step: &Step) -> Vec<Candidate> {
    const PEERINGS: &str = "virtual_network_peerings";
    let path = site.path(step);
    let named = begins(&path, PEERINGS, 2).and_then(|p| p.get(1));
    let all = &site.estate.virtual_network_peerings;
    let mut found = Vec::new();
    for (name, entry) in all.iter().filter(|(n, _)| named.is_some_and(|m| m == n) || all.len() <= 8) {
        let peering = &entry.value;
        let settings = [
            ("allow_virtual_network_access", peering.allow_virtual_network_access.value),
            ("allow_forwarded_traffic", peering.allow_forwarded_traffic.value),
            ("allow_gateway_transit", peering.allow_gateway_transit.value),
            ("use_remote_gateways", peering.use_remote_gateways.value),
        ];
        for (key, _) in settings.iter().filter(|(_, on)| !on) {
            found.push(Candidate::new(format!("set {key} of {name}"), &[PEERINGS, name, key], json!(true)));
        }
        let (here, there) = (&peering.virtual_network.value, &peering.remote_virtual_network.value);
        let back = all
            .iter()
            .any(|(_, p)| p.value.virtual_network.value == *there && p.value.remote_virtual_network.value == *here);
        if !back {
            let link = super::free_name(&format!("peer-{there}-to-{here}"), |n| all.get(n).is_some());
            let value = json!({ "virtual_network": there, "remote_virtual_network": here });
            let text = format!("add the missing link {link} of the peering");
            found.push(Candidate::new(text.clone(), &[PEERINGS, &link], value.clone()));
            // With what the other links of either network have, and the other half of what this one asks for.
            let (here, there) = (here.as_str(), there.as_str());
            let forwards = all.iter().map(|(_, p)| &p.value).any(|p| {
                let like = p.remote_virtual_network.value == here || p.virtual_network.value == there;
                like && p.allow_forwarded_traffic.value
            });
            let (borrows, lends) = (peering.allow_gateway_transit.value, peering.use_remote_gateways.value);
            if forwards || borrows || lends {
                let settings = json!({
                    "allow_forwarded_traffic": forwards, "use_remote_gateways": borrows, "allow_gateway_transit": lends,
                });
                let part = super::at(&[PEERINGS, &link], settings);
                let whole = Candidate::new(text, &[PEERINGS, &link], value);
                found.push(whole.with("with the settings of its like", part));
            }
        }
    }
    found
}

/// Routes that were declared: without the one that decides, or without its table.
pub(super) fn routes(site: &Site<'_>, step: &Step) -> Vec<Candidate> {
    let path = site.path(step);
    let mut found: Vec<Candidate> = Vec::new();
    let remove = |path: &[String]| Candidate::new(format!("remove {}", path.join(".")), path, Value::Null);
    if let Some(route) = begins(&path, "route_tables", 4) {
        found.extend(elsewhere(site, route));
        found.push(remove(route));
    }
    if let Some([_, table, ..]) = begins(&path, "route_tables", 2) {
        for (name, _) in site.estate.route_tables.get(table).into_iter().flat_map(|t| t.value.routes.iter()) {
            let path = ["route_tables", table, "routes", name].map(str::to_owned);
            found.push(remove(&path));
        }
    }
    for (network, declared) in site.estate.virtual_networks.iter() {
        for (subnet, of) in declared.value.subnets.iter() {
            let table = of.value.route_table.as_ref();
            let meant = table.is_some_and(|t| path.contains(&t.value) || path.contains(&subnet.to_owned()));
            if meant {
                let path = ["virtual_networks", network, "subnets", subnet, "route_table"].map(str::to_owned);
                found.push(remove(&path));
            }
        }
    }
    found
}

/// A route sent to a device that other routes of the file are sent to.
pub(super) fn elsewhere(site: &Site<'_>, path: &[String]) -> Vec<Candidate> {
    let [_, table, _, route] = path else { return Vec::new() };
    let tables = || site.estate.route_tables.iter();
    let all = tables().flat_map(|(t, of)| of.value.routes.iter().map(move |(r, of)| (t, r, &of.value)));
    let (mut now, mut others) = (None, std::collections::BTreeSet::new());
    for (of, name, declared) in all {
        let hop = declared.next_hop_in_ip_address.as_ref().map(|a| a.value);
        if (of, name) == (table.as_str(), route.as_str()) {
            now = hop;
        } else {
            others.extend(hop);
        }
    }
    let devices = others.into_iter().filter(|hop| Some(*hop) != now).take(MAX_DEVICES);
    let to = |hop: std::net::IpAddr| {
        let value = json!({ "next_hop_type": "VirtualAppliance", "next_hop_in_ip_address": hop.to_string() });
        Candidate::new(format!("send route {route} of {table} to {hop}, as other routes are"), path, value)
    };
    devices.map(to).collect()
}

/// Most devices that are tried as the next hop of a route.
const MAX_DEVICES: usize = 4;

pub(super) fn forwarding(site: &Site<'_>, step: &Step) -> Vec<Candidate> {
    let path = site.path(step);
    let machine = begins(&path, "virtual_machines", 2);
    let set = |p: &[String]| {
        let name = p.last().cloned().unwrap_or_default();
        Candidate::new(format!("let {name} forward"), p, json!({ "ip_forwarding_enabled": true }))
    };
    machine.map(set).into_iter().collect()
}

/// A machine that is stopped, started.
pub(super) fn running(site: &Site<'_>, step: &Step) -> Vec<Candidate> {
    let path = site.path(step);
    let Some(machine) = begins(&path, "virtual_machines", 2) else { return Vec::new() };
    let Some(name) = machine.last() else { return Vec::new() };
    let stopped = site.estate.virtual_machines.get(name).is_some_and(|m| !m.value.running.value);
    let start = || Candidate::new(format!("start {name}"), machine, json!({ "running": true }));
    stopped.then(start).into_iter().collect()
}

/// A machine that does not serve what is asked for, serving it: what runs there is its owner's to say.
pub(super) fn listening(site: &Site<'_>, step: &Step) -> Vec<Candidate> {
    let path = site.path(step);
    let Some(machine) = begins(&path, "virtual_machines", 2) else { return Vec::new() };
    let Some(name) = machine.last() else { return Vec::new() };
    let Some(declared) = site.estate.virtual_machines.get(name) else { return Vec::new() };
    let Some(now) = declared.value.listens.as_ref() else { return Vec::new() };
    let asked = &site.trace.question;
    let port = format!("{}/{}", asked.transport, asked.port);
    let mut all: Vec<String> = now.iter().map(|l| format!("{}/{}", l.value.transport, l.value.ports)).collect();
    all.push(port.clone());
    vec![Candidate::new(format!("let {name} serve {port}"), machine, json!({ "listens": all }))]
}

/// The exception for trusted services.
pub(super) fn trusted(site: &Site<'_>, step: &Step) -> Vec<Candidate> {
    let path = site.path(step);
    let Some(service) = begins(&path, "services", 2) else { return Vec::new() };
    let name = service.last().cloned().unwrap_or_default();
    let value = json!({ "network_rules": { "bypass": ["AzureServices"] } });
    vec![Candidate::new(format!("let trusted services into {name}"), service, value)]
}
