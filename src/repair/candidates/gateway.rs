//! Application gateways: their frontends and listeners.

use super::{Candidate, Site};
use crate::forward::Step;
use serde_json::json;

const GATEWAYS: &str = "application_gateways";

/// A public frontend, which private link to a gateway needs; on an address that nothing uses, or a new one.
pub(super) fn public_frontend(site: &Site<'_>, step: &Step) -> Vec<Candidate> {
    let path = site.path(step);
    let Some(gateway) = path.get(1).filter(|_| path.first().is_some_and(|p| p == GATEWAYS)) else { return Vec::new() };
    let used: Vec<&str> = site
        .estate
        .application_gateways
        .iter()
        .flat_map(|(_, g)| g.value.frontend_ip_configurations.iter())
        .filter_map(|(_, f)| f.value.public_ip_address.as_ref().map(|p| p.value.as_str()))
        .chain(site.estate.firewalls.iter().flat_map(|(_, f)| f.value.public_ips.iter().map(|p| p.value.as_str())))
        .collect();
    let name = "appGwPublicFrontendIp";
    let frontend = [GATEWAYS, gateway, "frontend_ip_configurations", name];
    let mut found: Vec<Candidate> = site
        .estate
        .public_ips
        .keys()
        .filter(|p| !used.contains(p))
        .take(4)
        .map(|p| {
            let text = format!("give {gateway} a public frontend at {p}, without a listener");
            Candidate::new(text, &frontend, json!({ "public_ip_address": p }))
        })
        .collect();
    let address = super::free_name(&format!("pip-{gateway}"), |n| site.estate.public_ips.get(n).is_some());
    let patch = json!({
        "public_ips": { &address: {} },
        GATEWAYS: { gateway: { "frontend_ip_configurations": { name: { "public_ip_address": &address } } } },
    });
    let text = format!("give {gateway} a public frontend at a new address {address}, without a listener");
    found.push(Candidate { text, patch, clauses: Vec::new() });
    found
}

/// Listeners on another frontend than the one that is asked.
pub(super) fn listeners(site: &Site<'_>, step: &Step) -> Vec<Candidate> {
    let path = site.path(step);
    let gateways: Vec<&str> = match path.get(1).filter(|_| path.first().is_some_and(|p| p == GATEWAYS)) {
        Some(gateway) => vec![gateway],
        None => site.estate.application_gateways.keys().collect(),
    };
    let mut found = Vec::new();
    for gateway in gateways {
        let Some(declared) = site.estate.application_gateways.get(gateway) else { continue };
        for (listener, of) in declared.value.http_listeners.iter() {
            let now = &of.value.frontend_ip_configuration.value;
            let private = declared.value.frontend_ip_configurations.iter();
            for (frontend, _) in private.filter(|(n, f)| *n != now && f.value.public_ip_address.is_none()) {
                let at = [GATEWAYS, gateway, "http_listeners", listener, "frontend_ip_configuration"];
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

/// A probe whose healthy answers are not what the backend gives: the usual answers, or the one it gives.
pub(super) fn probes(site: &Site<'_>, step: &Step) -> Vec<Candidate> {
    let path = site.path(step);
    let [first, gateway, part, named, ..] = path.as_slice() else { return Vec::new() };
    let Some(declared) = site.estate.application_gateways.get(gateway).filter(|_| first == GATEWAYS) else {
        return Vec::new();
    };
    let setting = declared.value.backend_http_settings.get(named).filter(|_| part == "backend_http_settings");
    let probe = match setting.and_then(|s| s.value.probe.as_ref()) {
        Some(probe) => &probe.value,
        None if part == "probes" => named,
        None => return Vec::new(),
    };
    let at = [GATEWAYS, gateway, "probes", probe, "match_status_codes"];
    let mut found = vec![Candidate::new(
        format!("let probe {probe} of {gateway} take the usual answers, 200 to 399, for healthy"),
        &at,
        serde_json::Value::Null,
    )];
    let estate = site.estate;
    let mut answers: Vec<u16> = estate.virtual_machines.iter().map(|(_, h)| h.value.http_status.value).collect();
    let sites = estate.on_premises_sites.iter();
    answers.extend(sites.flat_map(|(_, s)| s.value.hosts.iter()).map(|(_, h)| h.value.http_status.value));
    answers.sort_unstable();
    answers.dedup();
    found.extend(answers.into_iter().filter(|a| !(200..400).contains(a)).map(|answer| {
        let text = format!("let probe {probe} of {gateway} take {answer} for healthy, too");
        Candidate::new(text, &at, json!(format!("200-399,{answer}")))
    }));
    found
}
