//! Security groups and firewalls: a narrow rule ahead of the one that denies, or that one removed.

use super::{Candidate, Site, begins};
use crate::{
    azure::model::{
        Estate,
        gateway::SiteFirewall,
        network::{Access, SecurityRule},
    },
    dataplane::Direction,
    document::Spanned,
    forward::{Denied, Step},
    net::{PortSet, Prefix, is_undeclared_public},
};
use serde_json::{Value, json};
use std::net::IpAddr;

const GROUPS: &str = "network_security_groups";
const SITES: &str = "on_premises_sites";
const POLICIES: &str = "firewall_policies";

/// An address as filters write it; what nobody declared cannot be named.
fn address(address: IpAddr) -> String {
    if is_undeclared_public(address) { "*".to_owned() } else { address.to_string() }
}

/// The highest free priority below all that are taken.
pub(super) fn ahead(taken: impl Iterator<Item = u32>, least: u32, most: u32) -> Option<u32> {
    let taken: std::collections::BTreeSet<u32> = taken.collect();
    let first = taken.first().copied().unwrap_or(most + 1);
    (least..first).next_back().or_else(|| (least..=most).find(|p| !taken.contains(p)))
}

/// Where a rule stands among others, in words.
fn place(priority: u32, mut taken: impl Iterator<Item = u32>) -> String {
    if taken.all(|t| t > priority) { "ahead of all others".to_owned() } else { format!("at priority {priority}") }
}

fn remove(path: &[String]) -> Candidate {
    Candidate::new(format!("remove {}", path.join(".")), path, Value::Null)
}

fn label(denied: &Denied) -> String {
    format!("{} → {} {}", address(denied.source), address(denied.destination), denied.transport.on(denied.port))
}

pub(super) fn security_group(site: &Site<'_>, step: &Step) -> Vec<Candidate> {
    let path = site.path(step);
    let (Some(denied), Some(group)) = (&step.denied, begins(&path, GROUPS, 2).and_then(|p| p.get(1))) else {
        return Vec::new();
    };
    let Some(declared) = site.estate.network_security_groups.get(group) else { return Vec::new() };
    let rules = &declared.value.security_rules;
    let direction = match denied.direction {
        Direction::Inbound => "Inbound",
        Direction::Outbound => "Outbound",
    };
    let name = super::free_name("allow-flow", |n| rules.get(n).is_some());
    let mut found = Vec::new();
    let same = rules.iter().filter(|(_, r)| r.value.direction.value.as_str() == direction);
    let taken: Vec<u32> = same.map(|(_, r)| u32::from(r.value.priority.value)).collect();
    if let Some(priority) = ahead(taken.iter().copied(), 100, 4096) {
        let place = place(priority, taken.iter().copied());
        let value = json!({
            "priority": priority, "direction": direction, "access": "Allow", "protocol": protocol(denied),
            "source_address_prefix": address(denied.source), "destination_address_prefix": address(denied.destination),
            "destination_port_range": denied.port,
        });
        let text = format!("add rule {name} to {group}, {place}, that allows {}", label(denied));
        found.push(Candidate::new(text, &[GROUPS, group, "security_rules", &name], value));
    }
    let rule = begins(&path, GROUPS, 4);
    let declared = rule.and_then(|p| p.last()).and_then(|name| Some((name, rules.get(name)?)));
    // Turned round it must not open more than some callers and some ports.
    if let Some((name, _)) = declared.filter(|(_, of)| is_narrow(&of.value)) {
        let text = format!("let rule {name} of {group} allow what it denies");
        found.push(Candidate::new(text, &[GROUPS, group, "security_rules", name, "access"], json!("Allow")));
    }
    found.extend(rule.map(remove));
    found
}

/// Whether a rule names callers and ports.
fn is_narrow(rule: &SecurityRule) -> bool {
    let wide = |text: &str| ["*", "0.0.0.0/0", "Internet", "Any"].iter().any(|w| w.eq_ignore_ascii_case(text));
    let from = rule.source_address_prefix.iter().chain(rule.source_address_prefixes.iter());
    let from: Vec<&str> = from.map(|p| p.value.as_str()).collect();
    let groups = !rule.source_application_security_groups.is_empty();
    let mut ports = rule.destination_port_range.iter().chain(&rule.destination_port_ranges).peekable();
    let ports = ports.peek().is_some() && ports.all(|p| p.value != PortSet::all());
    (groups || !from.is_empty()) && !from.iter().any(|p| wide(p)) && ports
}

fn protocol(denied: &Denied) -> &'static str {
    match denied.transport {
        crate::net::Transport::Tcp => "Tcp",
        crate::net::Transport::Udp => "Udp",
        crate::net::Transport::Icmp => "Icmp",
    }
}

pub(super) fn site_firewall(site: &Site<'_>, step: &Step) -> Vec<Candidate> {
    let path = site.path(step);
    let (Some(denied), Some(place)) = (&step.denied, begins(&path, SITES, 2).and_then(|p| p.get(1))) else {
        return Vec::new();
    };
    let Some(firewall) = site.estate.on_premises_sites.get(place).and_then(|s| s.value.firewall.as_ref()) else {
        return Vec::new();
    };
    let name = super::free_name("allow-flow", |n| firewall.rules.get(n).is_some());
    let mut found = Vec::new();
    let taken: Vec<u32> = firewall.rules.iter().map(|(_, r)| u32::from(r.value.priority.value)).collect();
    if let Some(priority) = ahead(taken.iter().copied(), 1, 65_000) {
        let position = self::place(priority, taken.iter().copied());
        let value = json!({
            "priority": priority, "action": "Allow", "protocol": protocol(denied),
            "source_addresses": [address(denied.source)], "destination_addresses": [address(denied.destination)],
            "destination_ports": [denied.port.to_string()],
        });
        let text = format!("add rule {name} to the firewall of {place}, {position}, that allows {}", label(denied));
        found.push(Candidate::new(text, &[SITES, place, "firewall", "rules", &name], value));
    }
    found.extend(widened(site, place, firewall, denied));
    let rule = begins(&path, SITES, 5);
    // A rule that names callers and ports may be turned round.
    if let Some(name) = rule.and_then(|p| p.last())
        && let Some(of) = firewall.rules.get(name).map(|r| &r.value)
        && !of.source_addresses.is_empty()
        && !of.destination_addresses.is_empty()
        && !of.destination_ports.is_empty()
    {
        let text = format!("let rule {name} of the firewall of {place} allow what it denies");
        found.insert(0, Candidate::new(text, &[SITES, place, "firewall", "rules", name, "action"], json!("Allow")));
    }
    found.extend(rule.map(remove));
    found
}

/// Rules of a site's firewall that let the same in from, or to, other networks only: the network of what is kept out added
/// to one end.
fn widened(site: &Site<'_>, place: &str, firewall: &SiteFirewall, denied: &Denied) -> Vec<Candidate> {
    let holds = |list: &[Spanned<String>], address: IpAddr| {
        let named =
            |text: &str| text.parse::<Prefix>().map_or_else(|_| text.parse() == Ok(address), |p| p.contains(address));
        list.iter().any(|t| named(t.value.trim()))
    };
    let network = |address: IpAddr| {
        let all = site.plane.networks.iter().flat_map(|(_, n)| &n.prefixes);
        all.filter(|p| p.contains(address) && !p.is_default()).max_by_key(|p| p.length()).copied()
    };
    let mut found = Vec::new();
    for (name, rule) in firewall.rules.iter() {
        let rule = &rule.value;
        let protocol = rule.protocol.value.as_str();
        let meant = protocol == "*" || protocol.eq_ignore_ascii_case(self::protocol(denied));
        let ports = &rule.destination_ports;
        if rule.action.value != Access::Allow
            || !meant
            || !ports.is_empty() && !ports.iter().any(|p| p.value.contains(denied.port))
        {
            continue;
        }
        let (from, to) = (&rule.source_addresses, &rule.destination_addresses);
        let (key, list, address) = match (holds(from, denied.source), holds(to, denied.destination)) {
            (true, false) => ("destination_addresses", to, denied.destination),
            (false, true) => ("source_addresses", from, denied.source),
            _ => continue,
        };
        let Some(prefix) = network(address) else { continue };
        let all: Vec<String> = list.iter().map(|t| t.value.clone()).chain([prefix.to_string()]).collect();
        let text = format!("add {prefix} to the {key} of rule {name} of the firewall of {place}");
        found.push(Candidate::new(text, &[SITES, place, "firewall", "rules", name, key], json!(all)));
    }
    found
}

pub(super) fn firewall(site: &Site<'_>, step: &Step) -> Vec<Candidate> {
    let path = site.path(step);
    let Some(denied) = step.denied else { return Vec::new() };
    // What the packet is really meant for may be hidden behind a public address; a rule for that is no private path.
    if is_undeclared_public(denied.destination) {
        return Vec::new();
    }
    let policy = match begins(&path, POLICIES, 2).and_then(|p| p.get(1)) {
        Some(policy) => Some(policy.clone()),
        None => policy_of(site.estate, step.element.as_deref().or(path.get(1).map(String::as_str))),
    };
    let Some(policy) = policy else { return Vec::new() };
    let Some(declared) = site.estate.firewall_policies.get(&policy) else { return Vec::new() };
    let groups = &declared.value.rule_collection_groups;
    let group = super::free_name("allow-flow", |n| groups.get(n).is_some());
    let mut found = Vec::new();
    let taken: Vec<u32> = groups.iter().map(|(_, g)| u32::from(g.value.priority.value)).collect();
    if let Some(priority) = ahead(taken.iter().copied(), 100, 65_000) {
        let place = place(priority, taken.iter().copied());
        let rule = json!({
            "protocols": [protocol(&denied).to_uppercase()], "source_addresses": [address(denied.source)],
            "destination_addresses": [address(denied.destination)], "destination_ports": [denied.port.to_string()],
        });
        let collection = json!({ "priority": 100, "action": "Allow", "rules": { "flow": rule } });
        let value = json!({ "priority": priority, "network_rule_collections": { "allow-flow": collection } });
        let text = format!("add rule collection group {group} to {policy}, {place}, that allows {}", label(&denied));
        found.push(Candidate::new(text, &[POLICIES, &policy, "rule_collection_groups", &group], value));
    }
    found.extend(begins(&path, POLICIES, 8).map(remove));
    found
}

fn policy_of(estate: &Estate, firewall: Option<&str>) -> Option<String> {
    let declared = estate.firewalls.get(firewall?)?;
    declared.value.firewall_policy.as_ref().map(|p| p.value.clone())
}
