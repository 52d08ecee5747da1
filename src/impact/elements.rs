//! The elements that can fail, and the design without one of them.

use crate::{
    diag::{Diagnostic, Span},
    document::{Mapping, Node, Value},
    snapshot::Snapshot,
};

/// How an element fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// It is not there.
    Gone,
    /// A key has this word.
    Set(&'static str, &'static str),
    /// A key is not there.
    Without(&'static str),
    /// The entry of this number is not in the list.
    Entry(usize),
}

/// Something that can fail.
#[derive(Debug, Clone)]
pub struct Element {
    /// What it is, in the words of the format.
    pub kind: &'static str,
    /// Keys from the top of the document.
    pub path: Vec<String>,
    /// Place of its key.
    pub span: Span,
    /// How it fails.
    pub how: How,
}

/// Kinds of elements: where they stand in a document (`*` is any name), and how they fail.
const KINDS: &[(&str, &[&str], How)] = &[
    ("peering", &["virtual_network_peerings", "*"], How::Gone),
    ("gateway", &["virtual_network_gateways", "*"], How::Gone),
    ("connection", &["virtual_network_gateway_connections", "*"], How::Gone),
    ("resolver endpoint", &["private_dns_resolvers", "*", "inbound_endpoints", "*"], How::Gone),
    ("firewall", &["firewalls", "*"], How::Gone),
    ("rule collection group", &["firewall_policies", "*", "rule_collection_groups", "*"], How::Gone),
    ("route", &["route_tables", "*", "routes", "*"], How::Gone),
    ("security rule", &["network_security_groups", "*", "security_rules", "*"], How::Gone),
    (
        "admin rule",
        &["network_managers", "*", "security_admin_configurations", "*", "rule_collections", "*", "rules", "*"],
        How::Gone,
    ),
    (
        "manager's routing rule",
        &["network_managers", "*", "routing_configurations", "*", "rule_collections", "*", "rules", "*"],
        How::Gone,
    ),
    ("connectivity configuration", &["network_managers", "*", "connectivity_configurations", "*"], How::Gone),
    ("hub connection", &["virtual_hub_connections", "*"], How::Gone),
    ("hub branch", &["virtual_hub_branches", "*"], How::Gone),
    ("hub route", &["virtual_hubs", "*", "default_routes", "*"], How::Gone),
    ("hub route", &["virtual_hubs", "*", "route_tables", "*", "routes", "*"], How::Gone),
    ("hub route", &["virtual_hub_connections", "*", "routing", "static_vnet_routes", "*"], How::Gone),
    ("routing intent", &["virtual_hubs", "*", "routing_intent"], How::Gone),
    ("route server", &["route_servers", "*"], How::Gone),
    ("BGP connection", &["route_servers", "*", "bgp_connections", "*"], How::Gone),
    ("load balancer", &["load_balancers", "*"], How::Gone),
    ("NAT gateway", &["nat_gateways", "*"], How::Gone),
    ("site firewall rule", &["on_premises_sites", "*", "firewall", "rules", "*"], How::Gone),
    ("DNS server", &["on_premises_sites", "*", "dns_servers", "*"], How::Gone),
    (
        "conditional forwarder",
        &["on_premises_sites", "*", "dns_servers", "*", "conditional_forwarders", "*"],
        How::Gone,
    ),
    ("resolver endpoint", &["private_dns_resolvers", "*", "outbound_endpoints", "*"], How::Gone),
    ("forwarding rule", &["private_dns_resolver_dns_forwarding_rulesets", "*", "rules", "*"], How::Gone),
    ("ruleset link", &["private_dns_resolver_dns_forwarding_rulesets", "*", "virtual_network_links", "*"], How::Gone),
    ("DNS security rule", &["dns_security_policies", "*", "rules", "*"], How::Gone),
    ("private endpoint", &["private_endpoints", "*"], How::Gone),
    ("approval", &["private_endpoints", "*", "private_service_connection"], How::Set("status", "Pending")),
    ("zone", &["private_dns_zones", "*"], How::Gone),
    ("zone link", &["private_dns_zones", "*", "virtual_network_links", "*"], How::Gone),
    ("record", &["private_dns_zones", "*", "a_records", "*"], How::Gone),
    ("record", &["private_dns_zones", "*", "cname_records", "*"], How::Gone),
    ("private link service", &["private_link_services", "*"], How::Gone),
    ("shared private link", &["services", "*", "shared_private_links", "*"], How::Gone),
    ("approval", &["services", "*", "shared_private_links", "*"], How::Set("status", "Pending")),
    ("access restriction", &["services", "*", "ip_restrictions", "*"], How::Gone),
    ("access restriction", &["services", "*", "scm_ip_restrictions", "*"], How::Gone),
    ("service endpoint policy", &["service_endpoint_policies", "*"], How::Gone),
    ("perimeter association", &["network_security_perimeters", "*", "associations", "*"], How::Gone),
    ("outbound rule", &["machine_learning_workspaces", "*", "managed_network", "outbound_rules", "*"], How::Gone),
    (
        "approval",
        &["machine_learning_workspaces", "*", "managed_network", "outbound_rules", "*"],
        How::Set("connection_status", "Pending"),
    ),
    ("provisioning", &["machine_learning_workspaces", "*", "managed_network"], How::Set("status", "Inactive")),
    ("application gateway", &["application_gateways", "*"], How::Gone),
    ("listener", &["application_gateways", "*", "http_listeners", "*"], How::Gone),
    ("routing rule", &["application_gateways", "*", "request_routing_rules", "*"], How::Gone),
];

/// Lists of which each entry is an element: where they stand.
const LISTS: &[(&str, &[&str])] = &[
    ("IP rule", &["services", "*", "network_rules", "ip_rules"]),
    ("network rule", &["services", "*", "network_rules", "virtual_network_subnets"]),
    ("network rule", &["services", "*", "network_rules", "private_link_access"]),
    ("IP rule", &["machine_learning_workspaces", "*", "ip_rules"]),
];

/// Switches that are turned around where they are written: what holds them, and their key.
const SWITCHES: &[(&str, &[&str], &str)] = &[
    ("public network access", &["services", "*"], "public_network_access_enabled"),
    ("public network access", &["machine_learning_workspaces", "*"], "public_network_access_enabled"),
    (
        "public network access",
        &["machine_learning_workspaces", "*", "online_endpoints", "*"],
        "public_network_access_enabled",
    ),
    ("default action", &["services", "*", "network_rules"], "default_action"),
    ("default action", &["services", "*"], "ip_restriction_default_action"),
    ("default action", &["services", "*"], "scm_ip_restriction_default_action"),
];

/// The other word of a switch.
fn turned(node: &Node) -> Option<&'static str> {
    match &node.value {
        Value::Bool(true) => Some("false"),
        Value::Bool(false) => Some("true"),
        Value::Text { text, .. } if text.eq_ignore_ascii_case("deny") => Some("Allow"),
        Value::Text { text, .. } if text.eq_ignore_ascii_case("allow") => Some("Deny"),
        _ => None,
    }
}

/// Every element of a document, in order of kind and then of the document.
#[must_use]
pub fn elements(document: &Mapping) -> Vec<Element> {
    let mut found = Vec::new();
    for (kind, pattern, how) in KINDS {
        collect(document, pattern, &mut Vec::new(), &mut |path, span, node| {
            // Only rules that make an endpoint have a connection to approve.
            let endpoint = |node: &Node| match &node.value {
                Value::Mapping(m) => m.get("service_resource").is_some(),
                _ => false,
            };
            if *how != How::Set("connection_status", "Pending") || endpoint(node) {
                found.push(Element { kind, path: path.to_vec(), span, how: *how });
            }
        });
    }
    // Routing intent goes with its firewall, and traffic goes round; one that fails stops what is sent to it. Without its
    // policy a firewall denies everything (FW-02).
    collect(document, &["firewalls", "*"], &mut Vec::new(), &mut |path, span, node| {
        let has = |key: &str| matches!(&node.value, Value::Mapping(m) if m.get(key).is_some());
        if has("virtual_hub") && has("firewall_policy") {
            found.push(Element { kind: "firewall", path: path.to_vec(), span, how: How::Without("firewall_policy") });
        }
    });
    for (kind, pattern) in LISTS {
        collect(document, pattern, &mut Vec::new(), &mut |path, _, node| {
            let Value::Sequence(items) = &node.value else { return };
            found.extend(items.iter().enumerate().map(|(number, item)| Element {
                kind,
                path: path.to_vec(),
                span: item.span,
                how: How::Entry(number),
            }));
        });
    }
    for (kind, pattern, key) in SWITCHES {
        collect(document, pattern, &mut Vec::new(), &mut |path, _, node| {
            let Value::Mapping(inner) = &node.value else { return };
            let Some((_, span, value)) = inner.0.iter().find(|(k, ..)| k == key) else { return };
            let how = turned(value).map(|word| How::Set(key, word));
            found.extend(how.map(|how| Element { kind, path: path.to_vec(), span: *span, how }));
        });
    }
    found
}

fn collect(mapping: &Mapping, pattern: &[&str], path: &mut Vec<String>, found: &mut dyn FnMut(&[String], Span, &Node)) {
    let Some((first, rest)) = pattern.split_first() else { return };
    for (key, span, node) in mapping.0.iter().filter(|(k, ..)| *first == "*" || k == first) {
        path.push(key.clone());
        match &node.value {
            _ if rest.is_empty() => found(path, *span, node),
            Value::Mapping(inner) => collect(inner, rest, path, found),
            _ => {}
        }
        path.pop();
    }
}

/// Rounds in which what cannot be without the element is taken out.
const MAX_ROUNDS: usize = 16;

/// The design without an element, and the references that had to go with it.
///
/// # Errors
/// With the reason, if what remains is no design that can be evaluated.
pub(super) fn without(snapshot: &Snapshot, element: &Element) -> Result<(Snapshot, Vec<Vec<String>>), String> {
    let mut document = (*snapshot.scenario.document).clone();
    match element.how {
        How::Gone => drop(remove(&mut document, &element.path)),
        How::Set(key, word) => set(&mut document, &element.path, key, word, element.span),
        How::Without(key) => {
            let path: Vec<String> = element.path.iter().cloned().chain([key.to_owned()]).collect();
            remove(&mut document, &path);
        }
        How::Entry(number) => drop(remove_entry(&mut document, &element.path, number)),
    }
    let mut along = Vec::new();
    for _ in 0..MAX_ROUNDS {
        let after = Snapshot::new(snapshot.scenario.with_document(document.clone()).map_err(|d| first(&d))?);
        let errors: Vec<Diagnostic> = after.errors().cloned().collect();
        let Some(problem) = errors.first() else { return Ok((after, along)) };
        match problem.span.and_then(|span| detach(snapshot, &document, span, errors.len())) {
            Some((rest, path)) => {
                document = rest;
                along.push(path);
            }
            None => return Err(first(&errors)),
        }
    }
    Err("too much leads to it".to_owned())
}

fn first(problems: &[Diagnostic]) -> String {
    problems
        .first()
        .map_or_else(|| "it cannot be taken out of the file".to_owned(), |d| format!("{}: {}", d.code, d.message))
}

/// The document without the smallest thing around a place that, left out, leaves fewer errors.
fn detach(snapshot: &Snapshot, document: &Mapping, span: Span, errors: usize) -> Option<(Mapping, Vec<String>)> {
    let path = locate(document, span)?;
    let better = |rest: &Mapping| {
        let scenario = snapshot.scenario.with_document(rest.clone());
        scenario.is_ok_and(|s| Snapshot::new(s).errors().count() < errors)
    };
    let mut entry = document.clone();
    if drop_entry(&mut entry, &path, span) && better(&entry) {
        return Some((entry, path));
    }
    // A whole collection is never the smallest thing.
    (2..=path.len()).rev().filter_map(|length| path.get(..length)).find_map(|outer| {
        let mut rest = document.clone();
        remove(&mut rest, outer)?;
        better(&rest).then(|| (rest, outer.to_vec()))
    })
}

fn covers(outer: Span, inner: Span) -> bool {
    outer.file == inner.file && outer.start <= inner.start && inner.end <= outer.end
}

fn holds(node: &Node, span: Span) -> bool {
    match &node.value {
        Value::Mapping(_) => false,
        Value::Sequence(items) => items.iter().any(|i| holds(i, span)) || covers(node.span, span),
        _ => covers(node.span, span),
    }
}

fn locate(mapping: &Mapping, span: Span) -> Option<Vec<String>> {
    mapping.0.iter().find_map(|(key, at, node)| {
        let inner = match &node.value {
            Value::Mapping(inner) => locate(inner, span),
            _ => None,
        };
        let here = || (covers(*at, span) || holds(node, span)).then(Vec::new);
        let inner = inner.or_else(here)?;
        Some(std::iter::once(key.clone()).chain(inner).collect())
    })
}

fn at<'m>(mapping: &'m mut Mapping, path: &[String]) -> Option<&'m mut Mapping> {
    let Some((key, rest)) = path.split_first() else { return Some(mapping) };
    match mapping.0.iter_mut().find(|(k, ..)| k == key) {
        Some((_, _, Node { value: Value::Mapping(inner), .. })) => at(inner, rest),
        _ => None,
    }
}

fn remove(document: &mut Mapping, path: &[String]) -> Option<()> {
    let (last, holder) = path.split_last()?;
    let holder = at(document, holder)?;
    let before = holder.0.len();
    holder.0.retain(|(k, ..)| k != last);
    (holder.0.len() < before).then_some(())
}

/// Takes an entry of a list out, and the list with its last one.
fn remove_entry(document: &mut Mapping, path: &[String], number: usize) -> Option<()> {
    let (last, holder) = path.split_last()?;
    let holder = at(document, holder)?;
    let (_, _, list) = holder.0.iter_mut().find(|(k, ..)| k == last)?;
    let Value::Sequence(items) = &mut list.value else { return None };
    let entry = (number < items.len()).then(|| items.remove(number));
    if items.is_empty() {
        holder.0.retain(|(k, ..)| k != last);
    }
    entry.map(|_| ())
}

/// Takes the entry of a list at a place out; false if the place is in no list, or the list would be empty.
fn drop_entry(document: &mut Mapping, path: &[String], span: Span) -> bool {
    let Some((last, holder)) = path.split_last() else { return false };
    let Some(holder) = at(document, holder) else { return false };
    match holder.0.iter_mut().find(|(k, ..)| k == last) {
        Some((_, _, Node { value: Value::Sequence(items), .. })) if items.len() > 1 => {
            let before = items.len();
            items.retain(|i| !holds(i, span));
            items.len() + 1 == before
        }
        _ => false,
    }
}

fn set(document: &mut Mapping, path: &[String], key: &str, word: &str, span: Span) {
    if let Some(holder) = at(document, path) {
        holder.0.retain(|(k, ..)| k != key);
        let value = match word {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => Value::Text { text: word.to_owned(), number: false },
        };
        let node = Node { value, span };
        holder.0.push((key.to_owned(), span, node));
    }
}
