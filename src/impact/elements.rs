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
        let node = Node { value: Value::Text { text: word.to_owned(), number: false }, span };
        holder.0.push((key.to_owned(), span, node));
    }
}
