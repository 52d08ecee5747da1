//! Services, their private endpoints, and the zones that hold the endpoints' names.

use super::{
    plan::{Names, Place, Plan, TIERS},
    random::Topic,
    sink::Out,
};

/// A kind of service that estates hold.
pub(super) struct Kind {
    type_: &'static str,
    /// Beginning of its names.
    pub(super) word: &'static str,
    group: &'static str,
    pub(super) public_suffix: &'static str,
    zone: &'static str,
    /// Whether each hub has a zone of its own; otherwise all hubs share one.
    regional: bool,
    /// Whether it admits subnets by service endpoint.
    endpoint: bool,
}

pub(super) const KINDS: [Kind; 4] = [
    Kind {
        type_: "Microsoft.Storage/storageAccounts",
        word: "st",
        group: "blob",
        public_suffix: "blob.core.windows.net",
        zone: "privatelink.blob.core.windows.net",
        regional: false,
        endpoint: true,
    },
    Kind {
        type_: "Microsoft.KeyVault/vaults",
        word: "kv",
        group: "vault",
        public_suffix: "vault.azure.net",
        zone: "privatelink.vaultcore.azure.net",
        regional: true,
        endpoint: true,
    },
    Kind {
        type_: "Microsoft.Sql/servers",
        word: "sql",
        group: "sqlServer",
        public_suffix: "database.windows.net",
        zone: "privatelink.database.windows.net",
        regional: true,
        endpoint: true,
    },
    Kind {
        type_: "Microsoft.Search/searchServices",
        word: "srch",
        group: "searchService",
        public_suffix: "search.windows.net",
        zone: "privatelink.search.windows.net",
        regional: false,
        endpoint: false,
    },
];

/// The kinds take turns.
fn kind(service: usize) -> &'static Kind {
    let [storage, vault, sql, search] = &KINDS;
    match service % 4 {
        0 => storage,
        1 => vault,
        2 => sql,
        _ => search,
    }
}

/// Whether the zone of a service's names is one hub's.
pub(super) fn is_regional(service: usize) -> bool {
    kind(service).regional
}

/// Whom the public endpoint of a service admits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Nobody,
    Everybody,
    Firewall,
    Subnets,
}

/// Six services of ten are closed to the public, fifteen of a hundred are open, the others admit a firewall or subnets.
pub(super) fn access(plan: &Plan, service: usize) -> Access {
    let mut random = plan.random(Topic::Service, [service, 1]);
    let access =
        random.weighted(Access::Nobody, &[(15, Access::Everybody), (13, Access::Firewall), (12, Access::Subnets)]);
    let admits = kind(service).endpoint && !plan.service_subnets.is_empty();
    if access == Access::Subnets && !admits { Access::Firewall } else { access }
}

fn name(plan: &Plan, service: usize) -> String {
    let width = plan.options.services.to_string().len();
    format!("{}contoso{:0width$}", kind(service).word, service + 1)
}

pub(super) fn emit(plan: &Plan, out: &mut Out<'_>) {
    out.block("services", |out| (0..plan.options.services).for_each(|service| one(plan, service, out)));
    out.block("private_endpoints", |out| {
        for (service, endpoints) in plan.endpoints.iter().enumerate() {
            for number in 0..endpoints.len() {
                endpoint(plan, service, number, out);
            }
        }
    });
    out.block("private_dns_zones", |out| {
        for (number, kind) in KINDS.iter().enumerate() {
            if kind.regional {
                (0..plan.hubs).for_each(|hub| zone(plan, number, Some(hub), out));
            } else {
                zone(plan, number, None, out);
            }
        }
    });
}

fn one(plan: &Plan, service: usize, out: &mut Out<'_>) {
    let hub = plan.spokes.get(plan.home(service)).map_or(0, |s| s.hub);
    let access = access(plan, service);
    out.row(&name(plan, service), |out| {
        out.text("type", kind(service).type_);
        out.text("location", Plan::region(hub));
        let firewall = format!("{}/32", Plan::firewall_public(hub));
        match access {
            Access::Nobody => out.flag("public_network_access_enabled", false),
            Access::Everybody => {}
            Access::Firewall => admitted(out, "ip_rules", vec![firewall]),
            Access::Subnets => admitted(out, "virtual_network_subnets", some_subnets(plan, service)),
        }
    });
}

fn admitted(out: &mut Out<'_>, key: &str, callers: Vec<String>) {
    out.row("network_rules", |out| {
        out.text("default_action", "Deny");
        out.list(key, callers);
    });
}

/// Up to eight subnets with service endpoints.
fn some_subnets(plan: &Plan, service: usize) -> Vec<String> {
    let all = &plan.service_subnets;
    let first = plan.random(Topic::Service, [service, 9]).below(all.len());
    let mut some: Vec<_> = all.iter().cycle().skip(first).take(all.len().min(8)).copied().collect();
    some.sort_unstable();
    let name = |(spoke, subnet): (usize, usize)| {
        let tier = TIERS.get(subnet).copied().unwrap_or("web");
        format!("vnet-{}/snet-{tier}", plan.spoke_name(spoke))
    };
    some.into_iter().map(name).collect()
}

fn endpoint(plan: &Plan, service: usize, number: usize, out: &mut Out<'_>) {
    let Some(made) = plan.endpoints.get(service).and_then(|e| e.get(number)) else { return };
    let mut random = plan.random(Topic::Service, [service, 2 + number]);
    let kind = kind(service);
    let (owner, hub) = match made.place {
        Place::Hub(hub) => (plan.hub_name(hub), hub),
        Place::Spoke(spoke) => (plan.spoke_name(spoke), plan.spokes.get(spoke).map_or(0, |s| s.hub)),
    };
    out.row(&format!("pe-{}-{owner}", name(plan, service)), |out| {
        out.text("subnet", format!("vnet-{owner}/snet-endpoints"));
        out.row("private_service_connection", |out| {
            out.text("private_connection_resource", name(plan, service));
            out.list("subresource_names", [kind.group]);
            match random.weighted(None, &[(3, Some(true)), (1, Some(false))]) {
                None => {}
                Some(true) => out.flag("is_manual_connection", true),
                Some(false) => out.text("status", "Rejected"),
            }
        });
        out.list("ip_addresses", [made.address]);
        if !random.chance(5) {
            let zone = zone_name(plan, kind, kind.regional.then_some(hub));
            out.row("private_dns_zone_group", |out| out.list("private_dns_zones", [zone]));
        }
    });
}

fn zone_name(plan: &Plan, kind: &Kind, hub: Option<usize>) -> String {
    match hub {
        Some(hub) => format!("{}-{}", kind.zone, plan.hub_name(hub)),
        None => kind.zone.to_owned(),
    }
}

/// A zone and who sees it; a zone of one hub is seen in that hub and its spokes.
fn zone(plan: &Plan, number: usize, hub: Option<usize>, out: &mut Out<'_>) {
    let Some(kind) = KINDS.get(number) else { return };
    out.block(&zone_name(plan, kind, hub), |out| {
        if hub.is_some() {
            out.text("zone_name", kind.zone);
        }
        out.block("virtual_network_links", |out| {
            for other in (0..plan.hubs).filter(|o| hub.is_none_or(|h| h == *o)) {
                out.row(&format!("vnet-{}", plan.hub_name(other)), |_| {});
            }
            for (at, spoke) in plan.spokes.iter().enumerate().filter(|(_, s)| hub.is_none_or(|h| h == s.hub)) {
                let fallback = match spoke.names {
                    Names::Linked => false,
                    Names::AllBut(other) if other != number => false,
                    Names::Fallback => true,
                    Names::AllBut(_) | Names::Unlinked | Names::Firewall => continue,
                };
                out.row(&format!("vnet-{}", plan.spoke_name(at)), |out| {
                    if fallback {
                        out.text("resolution_policy", "NxDomainRedirect");
                    }
                });
            }
        });
    });
}
