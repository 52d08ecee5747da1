//! Records of a private endpoint that are kept by hand.

use crate::document::Spanned;
use crate::lint::{Category, Findings, Level, Rule, View};
use std::{collections::BTreeMap, net::IpAddr};

pub(super) static RULE: Rule = Rule {
    code: "PRL0307",
    name: "hand-written-endpoint-record",
    level: Level::Warning,
    category: Category::Dns,
    what: "A private endpoint without a zone group whose address is written into a private zone by hand.",
    why: "The record stays behind when the endpoint changes or goes.",
    fix: "use a private_dns_zone_group",
    covers: &["LINT-DNS-09"],
    sources: &["ZG-03"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let mut records: BTreeMap<IpAddr, (usize, &str, &str, &Spanned<IpAddr>)> = BTreeMap::new();
    let all =
        view.estate.private_dns_zones.iter().flat_map(|(z, e)| e.value.a_records.iter().map(move |(r, s)| (z, r, s)));
    for (at, (zone, record, address)) in
        all.flat_map(|(z, r, s)| s.value.records.iter().map(move |a| (z, r, a))).enumerate()
    {
        records.entry(address.value).or_insert((at, zone, record, address));
    }
    for (name, endpoint) in
        view.estate.private_endpoints.iter().filter(|(_, e)| e.value.private_dns_zone_group.is_none())
    {
        let target = &endpoint.value.private_service_connection.private_connection_resource.value;
        // Private link services and gateways have no names of their own, so their records are always kept by hand.
        if view.estate.services.get(target).is_none() && view.estate.machine_learning_workspaces.get(target).is_none() {
            continue;
        }
        let owner = view.endpoint("private_endpoint", name);
        let addresses = owner.map(|(_, e)| e.addresses.as_slice()).unwrap_or_default();
        let by_hand = addresses.iter().filter_map(|a| records.get(a)).min_by_key(|(at, ..)| *at);
        if let Some((_, zone, record, address)) = by_hand {
            findings
                .at(address.span, format!("`{record}` of `{zone}` follows `{name}` by hand"))
                .related(endpoint.span, "the private endpoint");
        }
    }
}
