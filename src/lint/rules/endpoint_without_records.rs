//! A private endpoint that no name leads to.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0306",
    name: "endpoint-without-records",
    level: Level::Warning,
    category: Category::Dns,
    what: "A private endpoint to a service has no zone group, and no zone or DNS server of the scenario holds its addresses.",
    why: "Clients resolve the service's name to its public address and never meet the endpoint.",
    fix: "add a private_dns_zone_group",
    covers: &["LINT-PL-10"],
    sources: &["PE-04", "ZG-01"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let zones = view.estate.private_dns_zones.iter().flat_map(|(_, z)| z.value.a_records.iter());
    let servers =
        view.estate.on_premises_sites.iter().flat_map(|(_, s)| s.value.dns_servers.iter()).map(|(_, d)| &d.value);
    let machines = view.estate.virtual_machines.iter().filter_map(|(_, m)| m.value.dns_server.as_ref());
    let held = servers.chain(machines).flat_map(|d| d.zones.iter()).flat_map(|(_, z)| z.value.a_records.iter());
    let known: std::collections::BTreeSet<std::net::IpAddr> =
        zones.chain(held).flat_map(|(_, r)| r.value.records.iter().map(|a| a.value)).collect();
    for (name, endpoint) in view.estate.private_endpoints.iter() {
        let target = &endpoint.value.private_service_connection.private_connection_resource.value;
        // Private link services and gateways have no names of their own.
        let named =
            view.estate.services.get(target).is_some() || view.estate.machine_learning_workspaces.get(target).is_some();
        let owner = view.endpoint("private_endpoint", name);
        let addresses = owner.map(|(_, e)| e.addresses.as_slice()).unwrap_or_default();
        if named && endpoint.value.private_dns_zone_group.is_none() && !addresses.iter().any(|a| known.contains(a)) {
            findings.at(endpoint.span, format!("no record leads to `{name}`, the private endpoint to `{target}`"));
        }
    }
}
