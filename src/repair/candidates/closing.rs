//! Closing what is open: for flows that should not get through, or not over a public address.

use super::{Candidate, Site, managed};
use crate::verdict::Verdict;
use serde_json::{Value, json};

pub(super) fn closing(site: &Site<'_>) -> Vec<Candidate> {
    let verdict = site.trace.judgement.verdict;
    if verdict != Verdict::Public || !matches!(site.goal, Verdict::Blocked | Verdict::Backbone) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (service, _) in managed::service_behind(site) {
        let holder =
            if site.estate.services.get(&service).is_some() { "services" } else { "machine_learning_workspaces" };
        let text = format!("switch public network access of {service} off");
        let closed = json!({ "public_network_access_enabled": false });
        found.push(Candidate::new(text, &[holder, &service], closed.clone()));
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
