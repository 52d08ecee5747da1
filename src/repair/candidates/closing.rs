//! Closing what is open: for flows that should not get through, or not over a public address.

use super::{Candidate, Site, managed};
use crate::{
    azure::model::workspace::IsolationMode,
    net::{Fqdn, Transport},
    scenario::Expectation,
    verdict::Verdict,
};
use serde_json::{Map, Value, json};

pub(super) fn closing(site: &Site<'_>) -> Vec<Candidate> {
    let open = site.trace.alternative_verdicts().contains(&Verdict::Public);
    if !open || !matches!(site.goal, Verdict::Blocked | Verdict::Backbone) {
        return Vec::new();
    }
    let mut found = approved_only(site);
    for (service, _) in managed::service_behind(site) {
        let holder =
            if site.estate.services.get(&service).is_some() { "services" } else { "machine_learning_workspaces" };
        let text = format!("switch public network access of {service} off");
        let closed = json!({ "public_network_access_enabled": false });
        // A service has one of the two settings.
        let stepped = site.estate.services.get(&service).is_some_and(|s| s.value.public_network_access.is_some());
        let own = if stepped { json!({ "public_network_access": "Disabled" }) } else { closed.clone() };
        found.push(Candidate::new(text, &[holder, &service], own));
        if let Some(workspace) = site.estate.machine_learning_workspaces.get(&service) {
            for (endpoint, _) in workspace.value.online_endpoints.iter() {
                let path = ["machine_learning_workspaces", &service, "online_endpoints", endpoint];
                found.push(Candidate::new(
                    format!("switch public network access of {endpoint} off"),
                    &path,
                    closed.clone(),
                ));
            }
            if !workspace.value.ip_rules.is_empty() {
                let path = ["machine_learning_workspaces", &service, "ip_rules"];
                found.push(Candidate::new(format!("remove the ip_rules of {service}"), &path, Value::Null));
            }
        }
    }
    // Passed filters have no step of their own to blame: every group on the path may deny the internet.
    for element in site.trace.elements() {
        if let Some(group) = site.estate.network_security_groups.get(element) {
            for (rule, of) in group.value.security_rules.iter() {
                if of.value.access.value.as_str() == "Allow" {
                    let path = ["network_security_groups", element, "security_rules", rule];
                    found.push(Candidate::new(format!("remove rule {rule} of {element}"), &path, Value::Null));
                }
            }
        }
    }
    for (gateway, declared) in site.estate.application_gateways.iter() {
        if !site.trace.elements().contains(&gateway) {
            continue;
        }
        for (listener, of) in declared.value.http_listeners.iter() {
            let frontends = declared.value.frontend_ip_configurations.iter();
            let now = &of.value.frontend_ip_configuration.value;
            for (frontend, _) in frontends.filter(|(n, f)| *n != now && f.value.public_ip_address.is_none()) {
                let at = ["application_gateways", gateway, "http_listeners", listener, "frontend_ip_configuration"];
                found.push(Candidate::new(
                    format!("move listener {listener} to frontend {frontend}"),
                    &at,
                    json!(frontend),
                ));
            }
        }
    }
    found
}

/// A private flow that should not be: the endpoint that carries it taken away, or a rule against it at the client.
pub(super) fn cutting(site: &Site<'_>) -> Vec<Candidate> {
    if site.trace.judgement.verdict != Verdict::Private || site.goal != Verdict::Blocked {
        return Vec::new();
    }
    let mut found = denying(site);
    for element in site.trace.elements() {
        if site.estate.private_endpoints.get(element).is_some() {
            let text = format!("remove private endpoint {element}");
            found.push(Candidate::new(text, &["private_endpoints", element], Value::Null));
        }
    }
    found
}

/// A rule in the group of the client's subnet, ahead of all others, against this flow.
fn denying(site: &Site<'_>) -> Vec<Candidate> {
    let asked = &site.trace.question;
    let Some(machine) = site.estate.virtual_machines.get(&asked.from) else { return Vec::new() };
    let destinations: Vec<String> = site.trace.addresses.iter().map(ToString::to_string).collect();
    let Some((network, subnet)) = machine.value.subnet.value.split_once('/') else { return Vec::new() };
    let declared = site.estate.virtual_networks.get(network).and_then(|n| n.value.subnets.get(subnet));
    let Some(group) = declared.and_then(|s| s.value.network_security_group.as_ref()) else { return Vec::new() };
    let Some(of) = site.estate.network_security_groups.get(&group.value) else { return Vec::new() };
    let rules = &of.value.security_rules;
    let outbound = rules.iter().filter(|(_, r)| r.value.direction.value.as_str() == "Outbound");
    let Some(priority) = super::filters::ahead(outbound.map(|(_, r)| u32::from(r.value.priority.value)), 100, 4096)
    else {
        return Vec::new();
    };
    let name = super::free_name("deny-flow", |n| rules.get(n).is_some());
    let protocol = match asked.transport {
        Transport::Tcp => "Tcp",
        Transport::Udp => "Udp",
        Transport::Icmp => "Icmp",
    };
    let source = machine.value.private_ip_address.value.to_string();
    let value = json!({
        "priority": priority, "direction": "Outbound", "access": "Deny", "protocol": protocol,
        "source_address_prefix": source, "destination_address_prefixes": destinations,
        "destination_port_range": asked.port,
    });
    let to = destinations.join(", ");
    let text = format!(
        "add rule {name} to {}, ahead of all others, that denies {source} → {to} {}",
        group.value,
        asked.transport.on(asked.port)
    );
    vec![Candidate::new(text, &["network_security_groups", &group.value, "security_rules", &name], value)]
}

/// A managed network that lets everything out, closed but for what the file expects to be public: alone, and with a rule
/// for each destination that the file, or the design it is a variant of, expects its compute to reach so.
fn approved_only(site: &Site<'_>) -> Vec<Candidate> {
    let Some(workspace) = managed::workspace_of(site.snapshot, &site.trace.question.from) else { return Vec::new() };
    let declared = site.estate.machine_learning_workspaces.get(workspace);
    let Some(network) = declared.and_then(|w| w.value.managed_network.as_ref()) else { return Vec::new() };
    if network.isolation_mode.value != IsolationMode::AllowInternetOutbound {
        return Vec::new();
    }
    let scenario = &site.snapshot.scenario;
    let wanted = |e: &&Expectation| {
        let fields = &e.fields;
        let designed = scenario.designed.iter().find(|d| d.id == e.id);
        let verdict = designed.map_or(fields, |d| &d.fields).verdict.as_ref().map(|v| v.value);
        let within = managed::workspace_of(site.snapshot, &fields.from.value) == Some(workspace);
        !fields.selects() && within && verdict == Some(Verdict::Public) && !is_asked(site, e)
    };
    let mut rules: Map<String, Value> = Map::new();
    for expectation in scenario.expectations.iter().filter(wanted) {
        let fields = &expectation.fields;
        let Ok(name) = fields.to.value.parse::<Fqdn>() else { continue };
        let host = site.estate.public_hosts.get(name.as_str());
        let (label, rule) = match host.and_then(|h| h.value.service_tags.first()).map(|t| t.value.as_str()) {
            // A rule by name carries web traffic only; a tag has ports of its own.
            Some(tag) => {
                let protocol = if fields.protocol.value == Transport::Udp { "Udp" } else { "Tcp" };
                let rule = json!({ "type": "ServiceTag", "service_tag": tag, "protocol": protocol, "port_ranges": fields.port.value });
                (format!("tag-{tag}-{}", fields.port.value), rule)
            }
            None => (
                format!("fqdn-{}", name.as_str().replace('.', "-")),
                json!({ "type": "FQDN", "destination_fqdn": name.as_str() }),
            ),
        };
        if network.outbound_rules.get(&label).is_none() {
            rules.insert(label, rule);
        }
    }
    let at = ["machine_learning_workspaces", workspace, "managed_network"];
    let text = format!("let the managed network of {workspace} out to approved destinations only");
    let mode = json!({ "isolation_mode": "AllowOnlyApprovedOutbound" });
    let whole = Candidate::new(text, &at, mode);
    let mut found = vec![whole.clone()];
    if !rules.is_empty() {
        let part = super::at(&at, json!({ "outbound_rules": rules }));
        found.push(whole.with("with rules for those that are expected to be public", part));
    }
    found
}

fn is_asked(site: &Site<'_>, expectation: &Expectation) -> bool {
    let (asked, fields) = (&site.trace.question, &expectation.fields);
    asked.from == fields.from.value && asked.to == fields.to.value && asked.port == fields.port.value
}

/// Kinds of rules of which one lets a flow pass, by where they stand in a document (`*` is any name).
const LETTING: &[&[&str]] = &[
    &["network_security_groups", "*", "security_rules", "*"],
    &["firewall_policies", "*", "rule_collection_groups", "*", "nat_rule_collections", "*", "rules", "*"],
    &["firewall_policies", "*", "rule_collection_groups", "*", "network_rule_collections", "*", "rules", "*"],
    &["firewall_policies", "*", "rule_collection_groups", "*", "application_rule_collections", "*", "rules", "*"],
    &["on_premises_sites", "*", "firewall", "rules", "*"],
    &["load_balancers", "*", "rules", "*"],
    &["load_balancers", "*", "inbound_nat_rules", "*"],
    &["application_gateways", "*", "request_routing_rules", "*"],
    &["services", "*", "ip_restrictions", "*"],
    &["services", "*", "scm_ip_restrictions", "*"],
];

/// What let the flow pass, taken away: the rules that the trace names, and the switches of what admitted it.
pub(super) fn passed(site: &Site<'_>) -> Vec<Candidate> {
    let open = site.trace.alternative_verdicts().into_iter();
    let through = |v: Verdict| matches!(v, Verdict::Private | Verdict::Backbone | Verdict::Public);
    if site.goal != Verdict::Blocked || !open.into_iter().any(through) {
        return Vec::new();
    }
    let mut found = Vec::new();
    let paths: Vec<Vec<String>> = site.trace.all_steps().filter(|s| !s.is_blocker()).map(|s| site.path(s)).collect();
    for pattern in LETTING {
        let is = |(key, wanted): (&String, &&str)| *wanted == "*" || key == wanted;
        for rule in paths.iter().filter_map(|p| p.get(..pattern.len())).filter(|p| p.iter().zip(*pattern).all(is)) {
            found.push(Candidate::new(format!("remove {}", rule.join(".")), rule, Value::Null));
        }
    }
    found.extend(paths.iter().flat_map(|path| doors(site, path)));
    found
}

/// The switches of an app: of its slots, and of callers that no rule names.
fn doors(site: &Site<'_>, path: &[String]) -> Vec<Candidate> {
    let [kind, service, rest @ ..] = path else { return Vec::new() };
    let Some(declared) = site.estate.services.get(service).filter(|_| kind == "services") else { return Vec::new() };
    if let [slots, slot, ..] = rest
        && slots == "slots"
    {
        let text = format!("switch public network access of slot {service}/{slot} off");
        let at = ["services", service, "slots", slot, "public_network_access_enabled"];
        return vec![Candidate::new(text, &at, json!(false))];
    }
    let is_app = declared.value.type_.value.eq_ignore_ascii_case("Microsoft.Web/sites");
    let deny = |key: &str, of: &str| {
        let text = format!("deny whom no rule of {of} names");
        Candidate::new(text, &["services", service, key], json!("Deny"))
    };
    let own = [
        deny("scm_ip_restriction_default_action", &format!("the deployment site of {service}")),
        deny("ip_restriction_default_action", service),
    ];
    if is_app { own.to_vec() } else { Vec::new() }
}
