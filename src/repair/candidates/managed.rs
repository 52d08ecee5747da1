//! The managed network of a hub: provisioning, outbound rules, the bridge.

use super::{Candidate, Site};
use crate::{
    azure::model::workspace::OutboundRuleType,
    dataplane::Target,
    forward::Step,
    snapshot::Snapshot,
    verdict::{Reason, Verdict},
};
use serde_json::json;

/// The workspace whose managed network a client lives in.
pub(in crate::repair) fn workspace_of<'s>(snapshot: &'s Snapshot, client: &str) -> Option<&'s str> {
    let bare = client.rsplit_once('.').map_or(client, |(kind, rest)| if kind.contains('/') { client } else { rest });
    let workspaces = snapshot.scenario.estate.machine_learning_workspaces.iter();
    let mut holding = workspaces.filter(|(_, w)| {
        let computes = w.value.compute.keys().any(|c| c == client || c == bare);
        let deployments = w.value.online_endpoints.iter();
        let mut deployments =
            deployments.flat_map(|(e, d)| d.value.deployments.keys().map(move |n| format!("{e}/{n}")));
        w.value.managed_network.is_some() && (computes || deployments.any(|d| d == client || d == bare))
    });
    holding.next().map(|(name, _)| name)
}

const WORKSPACES: &str = "machine_learning_workspaces";

pub(super) fn provisioning(site: &Site<'_>, step: &Step) -> Vec<Candidate> {
    let path = site.path(step);
    let named = path.get(1).filter(|_| path.first().is_some_and(|p| p == WORKSPACES));
    let Some(workspace) = named.map(String::as_str).or_else(|| workspace_of(site.snapshot, &site.trace.question.from))
    else {
        return Vec::new();
    };
    let network = [WORKSPACES, workspace, "managed_network"];
    let mut found = vec![
        Candidate::new(
            format!("provision the managed network of {workspace}"),
            &network,
            json!({ "status": "Active" }),
        ),
        Candidate::new(
            format!("provision the managed network of {workspace} with Spark"),
            &network,
            json!({ "spark_ready": true }),
        ),
    ];
    if let [_, _, _, rules, rule, ..] = path.as_slice()
        && rules == "outbound_rules"
    {
        let at = [WORKSPACES, workspace, "managed_network", "outbound_rules", rule];
        found.push(Candidate::new(
            format!("enable outbound rule {rule} for Spark"),
            &at,
            json!({ "spark_enabled": true }),
        ));
    }
    found
}

/// Rules that would carry the flow: to the service behind the name, to a gateway that bridges, or out by name.
pub(super) fn outbound_rules(site: &Site<'_>) -> Vec<Candidate> {
    let Some(workspace) = workspace_of(site.snapshot, &site.trace.question.from) else { return Vec::new() };
    let declared = site.estate.machine_learning_workspaces.get(workspace);
    let Some(network) = declared.and_then(|w| w.value.managed_network.as_ref()) else { return Vec::new() };
    let rules = &network.outbound_rules;
    let at = |rule: &str| [WORKSPACES, workspace, "managed_network", "outbound_rules", rule].map(str::to_owned);
    let free = |wanted: &str| super::free_name(wanted, |n| rules.get(n).is_some());
    let mut found = Vec::new();
    for (service, sub) in service_behind(site) {
        let there = rules.iter().any(|(_, r)| {
            let is = |v: &Option<crate::document::Spanned<String>>, w: &str| {
                v.as_ref().is_some_and(|v| v.value.eq_ignore_ascii_case(w))
            };
            is(&r.value.service_resource, &service) && is(&r.value.sub_resource_target, &sub)
        });
        if there {
            continue;
        }
        let rule = free(&format!("pe-{service}-{sub}"));
        let value = json!({ "type": "PrivateEndpoint", "service_resource": service, "sub_resource_target": sub, "spark_enabled": true });
        let mut candidate = Candidate::new(
            format!("add private endpoint outbound rule {rule} to {workspace}, for {sub} of {service}"),
            &at(&rule),
            value,
        );
        super::names::premium(site, &service, &mut candidate);
        found.push(candidate);
    }
    let Some(name) = site.trace.name.as_ref().map(ToString::to_string) else { return found };
    for (gateway, declared) in site.estate.application_gateways.iter() {
        let bridges =
            rules.iter().filter(|(_, r)| r.value.service_resource.as_ref().is_some_and(|s| s.value == gateway));
        let mut bridged = false;
        for (rule, declared) in bridges {
            bridged = true;
            let mut names: Vec<&str> = declared.value.fqdns.iter().map(|f| f.value.as_str()).collect();
            if !names.contains(&name.as_str()) {
                names.push(&name);
                let text = format!("list {name} under the names of outbound rule {rule}");
                found.push(Candidate::new(text, &at(rule), json!({ "fqdns": names })));
            }
        }
        for frontend in declared.value.frontend_ip_configurations.keys().filter(|_| !bridged) {
            let rule = free(&format!("{gateway}-bridge"));
            let value = json!({ "type": "PrivateEndpoint", "service_resource": gateway, "sub_resource_target": frontend, "fqdns": [name] });
            let text = format!(
                "add private endpoint outbound rule {rule} to {workspace}, to frontend {frontend} of {gateway} for {name}"
            );
            found.push(Candidate::new(text, &at(&rule), value));
        }
    }
    let open = rules.iter().any(|(_, r)| {
        r.value.type_.value == OutboundRuleType::Fqdn
            && r.value.destination_fqdn.as_ref().is_some_and(|f| f.value == name)
    });
    let stopped = site.trace.judgement.reasons.contains(&Reason::Egress);
    if site.goal == Verdict::Public && stopped && !open {
        let rule = free(&format!("fqdn-{}", name.replace('.', "-")));
        let text = format!("add FQDN outbound rule {rule} for {name} to {workspace}");
        found.push(Candidate::new(text, &at(&rule), json!({ "type": "FQDN", "destination_fqdn": name })));
    }
    found
}

/// The service and sub-resource that the asked name, or resource, belongs to.
pub(super) fn service_behind(site: &Site<'_>) -> Vec<(String, String)> {
    let plane = site.plane;
    if let Some(name) = &site.trace.name {
        let Some(door) = plane.door_names.get(name) else { return Vec::new() };
        let resource = plane.resources.get(plane.doors.get(door.door).resource);
        // Names of what a workspace holds are answered by its endpoint, and are not among its own.
        let listed = resource.names.iter().any(|(_, names)| names.contains(name));
        let subs = resource.names.iter().filter(|(_, names)| !listed || names.contains(name));
        return subs.map(|(sub, _)| (resource.origin.name.clone(), sub.clone())).collect();
    }
    match plane.targets.get(&site.trace.question.to) {
        Ok(Target::Resource(id)) => {
            let resource = plane.resources.get(*id);
            resource.names.iter().map(|(sub, _)| (resource.origin.name.clone(), sub.clone())).collect()
        }
        _ => Vec::new(),
    }
}
