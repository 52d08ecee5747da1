//! Addresses that are wrong where the file writes them: servers that queries are sent on to, and records of names.

use super::{Candidate, Site, managed};
use crate::{
    dataplane::{RecordData, Role},
    forward::{Outcome, Stage, Step},
    net::Fqdn,
    verdict::{Reason, Verdict},
};
use serde_json::{Value, json};
use std::{collections::BTreeSet, net::IpAddr};

/// Reasons behind which a wrong address may be.
const SUSPECT: &[Reason] = &[
    Reason::DnsFail,
    Reason::DnsLoop,
    Reason::DnsNxdomain,
    Reason::DnsUndeclared,
    Reason::NoHost,
    Reason::NoRoute,
    Reason::PeTarget,
    Reason::Pna,
    Reason::Port,
];

/// Most servers that are tried in place of another.
const MAX_SERVERS: usize = 8;

/// Right addresses for what the name passed on its way.
pub(super) fn addresses(site: &Site<'_>) -> Vec<Candidate> {
    let stands = |s: &Step| match s.outcome {
        Outcome::Block(r) | Outcome::Unsupported(r) | Outcome::Unknown(r) => SUSPECT.contains(&r),
        _ => false,
    };
    if site.goal != Verdict::Private || !site.trace.all_steps().any(stands) {
        return Vec::new();
    }
    let servers = servers(site);
    let mut found: Vec<Candidate> = Vec::new();
    for step in site.trace.all_steps().filter(|s| s.stage == Stage::Name) {
        let path = site.path(step);
        for candidate in forwarding(site, &path, &servers).into_iter().chain(record(site, &path)) {
            if found.iter().all(|c| c.patch != candidate.patch) {
                found.push(candidate);
            }
        }
    }
    found
}

/// Members of pools whose address is nobody's, replaced by what a zone of the file holds for the name that was asked for.
pub(super) fn members(site: &Site<'_>, _: &Step) -> Vec<Candidate> {
    let Ok(name) = crate::trace::host_of(&site.trace.question.to).parse::<Fqdn>() else { return Vec::new() };
    let dns = &site.plane.dns;
    let zones = dns.zones.iter().map(|(_, z)| &z.records);
    let all = zones.chain(dns.servers.iter().flat_map(|(_, s)| s.zones.iter().map(|(_, records)| records)));
    let held = all.filter_map(|records| records.find(&name)).filter_map(|record| match &record.data {
        RecordData::Addresses(addresses) => Some(addresses),
        RecordData::Alias(_) => None,
    });
    let right: BTreeSet<IpAddr> = held.flatten().copied().collect();
    let owned = |a: IpAddr| site.plane.owners(a).next().is_some();
    let mut found = Vec::new();
    for (gateway, declared) in site.estate.application_gateways.iter() {
        for (pool, of) in declared.value.backend_address_pools.iter() {
            let now: Vec<IpAddr> = of.value.ip_addresses.iter().map(|a| a.value).collect();
            for wrong in now.iter().filter(|a| !owned(**a)) {
                for address in right.iter().filter(|a| owned(**a) && !now.contains(a)) {
                    let kept = now.iter().map(|a| if a == wrong { address } else { a }.to_string());
                    let text = format!("let pool {pool} of {gateway} lead to {address} in place of {wrong}");
                    let path = ["application_gateways", gateway, "backend_address_pools", pool, "ip_addresses"];
                    found.push(Candidate::new(text, &path, json!(kept.collect::<Vec<_>>())));
                }
            }
        }
    }
    found
}

/// Addresses that answer names.
fn servers(site: &Site<'_>) -> BTreeSet<String> {
    let estate = site.estate;
    let mut found = BTreeSet::new();
    for (_, place) in estate.on_premises_sites.iter() {
        let declared = place.value.dns_servers.iter().filter_map(|(_, s)| s.value.ip_address.as_ref());
        found.extend(declared.map(|a| a.value.to_string()));
    }
    for (_, machine) in estate.virtual_machines.iter().filter(|(_, m)| m.value.dns_server.is_some()) {
        found.insert(machine.value.private_ip_address.value.to_string());
    }
    for (_, resolver) in estate.private_dns_resolvers.iter() {
        let inbound = resolver.value.inbound_endpoints.iter();
        found.extend(inbound.map(|(_, e)| e.value.private_ip_address.value.to_string()));
    }
    for (_, endpoint) in site.plane.endpoints.iter().filter(|(_, e)| matches!(e.role, Role::Firewall(_))) {
        found.extend(endpoint.addresses.first().map(ToString::to_string));
    }
    found.into_iter().take(MAX_SERVERS).collect()
}

/// Another server in a list that a query was sent on by.
fn forwarding(site: &Site<'_>, path: &[String], servers: &BTreeSet<String>) -> Vec<Candidate> {
    let keys: Vec<&str> = path.iter().map(String::as_str).collect();
    let estate = site.estate;
    let (at, now): (Vec<&str>, Vec<String>) = match keys.as_slice() {
        ["private_dns_resolver_dns_forwarding_rulesets", set, "rules", rule, ..] => {
            let declared = estate.private_dns_resolver_dns_forwarding_rulesets.get(set);
            let Some(declared) = declared.and_then(|s| s.value.rules.get(rule)) else { return Vec::new() };
            let now = declared.value.target_dns_servers.iter().map(|a| a.value.to_string()).collect();
            (vec!["private_dns_resolver_dns_forwarding_rulesets", *set, "rules", *rule, "target_dns_servers"], now)
        }
        ["on_premises_sites", place, "dns_servers", server, "conditional_forwarders", suffix, ..] => {
            let declared = estate.on_premises_sites.get(place).and_then(|s| s.value.dns_servers.get(server));
            let list = declared.and_then(|s| s.value.conditional_forwarders.get(suffix));
            let now = list.iter().flat_map(|l| &l.value).map(|a| a.value.to_string()).collect();
            (vec!["on_premises_sites", *place, "dns_servers", *server, "conditional_forwarders", *suffix], now)
        }
        ["virtual_machines", machine, "dns_server", "conditional_forwarders", suffix, ..] => {
            let declared = estate.virtual_machines.get(machine).and_then(|m| m.value.dns_server.as_ref());
            let list = declared.and_then(|s| s.conditional_forwarders.get(suffix));
            let now = list.iter().flat_map(|l| &l.value).map(|a| a.value.to_string()).collect();
            (vec!["virtual_machines", *machine, "dns_server", "conditional_forwarders", *suffix], now)
        }
        ["virtual_networks", network, "dns_servers", ..] => {
            let declared = estate.virtual_networks.get(network);
            let list = declared.map(|n| n.value.dns_servers.iter());
            let now = list.into_iter().flatten().map(|a| a.value.to_string()).collect();
            (vec!["virtual_networks", *network, "dns_servers"], now)
        }
        _ => return Vec::new(),
    };
    let others = servers.iter().filter(|s| !now.contains(s));
    others
        .map(|server| {
            let text = format!("send queries of {} to {server} in place of {}", shown(&at), now.join(", "));
            Candidate::new(text, &at, json!([server]))
        })
        .collect()
}

/// The declaration that a list belongs to, in words.
fn shown(at: &[&str]) -> String {
    let named = at.iter().filter(|k| !["rules", "dns_servers", "target_dns_servers", "dns_server"].contains(k));
    named.skip(1).copied().collect::<Vec<_>>().join(" ").replace("conditional_forwarders ", "for ")
}

/// The record that answered, with an address that is right, or without it.
fn record(site: &Site<'_>, path: &[String]) -> Vec<Candidate> {
    let Some(kind) = path.iter().position(|k| k == "a_records" || k == "aaaa_records") else { return Vec::new() };
    let (Some(at), Some(name)) = (path.get(..=kind + 1), path.get(kind + 1)) else { return Vec::new() };
    let zone = path.get(kind - 1).map_or("", String::as_str);
    let mut found = Vec::new();
    let mut right: BTreeSet<String> = BTreeSet::new();
    for (service, sub) in managed::service_behind(site) {
        let leads = site.estate.private_endpoints.iter().filter(|(_, e)| {
            let connection = &e.value.private_service_connection;
            connection.private_connection_resource.value == service
                && connection.subresource_names.iter().any(|s| s.value.eq_ignore_ascii_case(&sub))
        });
        for (endpoint, _) in leads {
            let of = |origin: &crate::dataplane::Origin| origin.kind == "private_endpoint" && origin.name == *endpoint;
            let there = site.plane.endpoints.iter().filter(|(_, e)| of(&e.origin));
            right.extend(there.flat_map(|(_, e)| &e.addresses).map(ToString::to_string));
        }
    }
    if let Some(machine) = site.estate.virtual_machines.get(name) {
        right.insert(machine.value.private_ip_address.value.to_string());
    }
    for (_, place) in site.estate.on_premises_sites.iter() {
        right.extend(place.value.hosts.get(name).map(|h| h.value.ip_address.value.to_string()));
    }
    // What the file expects the name to answer.
    let asked = &site.trace.question.to;
    let about = site.snapshot.scenario.expectations.iter().filter(|e| e.fields.to.value == *asked);
    let answers = about.filter_map(|e| e.fields.dns.as_ref()).flat_map(|d| &d.0);
    right.extend(answers.filter(|d| d.value.parse::<IpAddr>().is_ok()).map(|d| d.value.clone()));
    for address in right {
        let text = format!("let the record `{name}` of zone {zone} hold {address}");
        found.push(Candidate::new(text, at, json!({ "records": [address] })));
    }
    let text = format!("remove the record `{name}` of zone {zone}");
    found.push(Candidate::new(text, at, Value::Null));
    found
}
