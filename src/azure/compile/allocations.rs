//! What has no declared address: which it may have, and what tells those apart (ADDR-03).

use super::Compiler;
use crate::{
    azure::model::{Estate, dns::DnsServer},
    dataplane::{Allocated, Candidates, Filter, Matcher, NextHop, Plane, Role, Route},
    document::Spanned,
    net::Prefix,
};
use std::{collections::BTreeSet, net::IpAddr, sync::Arc};

/// Addresses that records, routes, translations and lists of servers and backends lead to by number. What stands there is
/// what declares the address, never something that was given one.
pub(super) fn mentioned(estate: &Estate) -> BTreeSet<IpAddr> {
    let mut found = BTreeSet::new();
    let mut add = |all: &[Spanned<IpAddr>]| found.extend(all.iter().map(|a| a.value));
    for (_, zone) in estate.private_dns_zones.iter() {
        zone.value.a_records.iter().for_each(|(_, r)| add(&r.value.records));
    }
    for (_, network) in estate.virtual_networks.iter() {
        add(&network.value.dns_servers);
    }
    for (_, ruleset) in estate.private_dns_resolver_dns_forwarding_rulesets.iter() {
        ruleset.value.rules.iter().for_each(|(_, r)| add(&r.value.target_dns_servers));
    }
    let mut serves = |server: &DnsServer| {
        server.zones.iter().flat_map(|(_, z)| z.value.a_records.iter()).for_each(|(_, r)| add(&r.value.records));
        server.conditional_forwarders.iter().for_each(|(_, list)| add(&list.value));
        add(&server.forwarders);
    };
    for (_, site) in estate.on_premises_sites.iter() {
        site.value.dns_servers.iter().for_each(|(_, s)| serves(&s.value));
    }
    for (_, machine) in estate.virtual_machines.iter() {
        machine.value.dns_server.iter().for_each(&mut serves);
    }
    for (_, machine) in estate.virtual_machines.iter() {
        add(&machine.value.dns_servers);
    }
    for (_, table) in estate.route_tables.iter() {
        let hops = table.value.routes.iter().filter_map(|(_, r)| r.value.next_hop_in_ip_address.clone());
        add(&hops.collect::<Vec<_>>());
    }
    for (_, policy) in estate.firewall_policies.iter() {
        add(&policy.value.dns.as_ref().map_or_else(Vec::new, |d| d.servers.clone()));
        for (_, group) in policy.value.rule_collection_groups.iter() {
            let rules = group.value.nat_rule_collections.iter().flat_map(|(_, c)| c.value.rules.iter());
            add(&rules.filter_map(|(_, r)| r.value.translated_address.clone()).collect::<Vec<_>>());
        }
    }
    for (_, gateway) in estate.application_gateways.iter() {
        gateway.value.backend_address_pools.iter().for_each(|(_, p)| add(&p.value.ip_addresses));
    }
    found
}

impl Compiler<'_> {
    /// Takes note of what was given an address, and of what tells such addresses apart.
    pub(super) fn allocations(&mut self) {
        let given = std::mem::take(&mut self.given);
        for (segment, addresses) in given {
            let place = self.plane.segments.get(segment);
            let taken = self.taken.get(&segment).into_iter().flatten();
            let claimed = taken.filter(|a| !addresses.contains(a)).copied().collect();
            let candidates = Arc::new(Candidates::new(place.prefixes.clone(), claimed));
            let network = place.network;
            for address in addresses {
                // Without an alternative an address is certain.
                let certain = candidates.membership([Prefix::host(address)]) != crate::net::Membership::Undecided;
                if let Some(endpoint) = self.plane.owner(network, address).filter(|_| !certain) {
                    let allocated = Allocated { endpoint, candidates: Arc::clone(&candidates) };
                    self.plane.allocations.insert(address, allocated);
                }
            }
        }
        let named = named(&self.plane);
        self.plane.allocations.tell_apart(named);
    }
}

/// Prefixes that rules and routes name.
fn named(plane: &Plane) -> BTreeSet<Prefix> {
    let mut found = BTreeSet::new();
    let mut filter = |filter: &Filter| {
        for rule in &filter.rules {
            for Matcher { addresses, assumed, members, .. } in [&rule.from, &rule.to] {
                let sets = assumed.iter().map(|(set, _)| set).chain([addresses]);
                found.extend(sets.flat_map(|s| s.prefixes()).filter(|p| !members.prefixes().contains(p)));
            }
        }
    };
    plane.networks.iter().for_each(|(_, n)| n.border.iter().for_each(&mut filter));
    for (_, segment) in plane.segments.iter() {
        segment.filter.iter().chain(&segment.filter_at_endpoints).chain(&segment.admin).for_each(&mut filter);
    }
    let mut sets: Vec<Prefix> = Vec::new();
    for (_, endpoint) in plane.endpoints.iter() {
        endpoint.filter.iter().for_each(&mut filter);
        match &endpoint.role {
            Role::Host(host) => host.forwarding.filter.iter().for_each(|f| filter(f)),
            Role::Firewall(firewall) => {
                filter(&firewall.filter);
                firewall.threats.iter().for_each(&mut filter);
                sets.extend(firewall.keeps_source.prefixes());
                sets.extend(firewall.translations.iter().flat_map(|t| t.from.addresses.prefixes()));
            }
            Role::Gateway(gateway) => routes(&gateway.tunnels, &mut sets),
            _ => {}
        }
    }
    for (_, segment) in plane.segments.iter() {
        let all = [&segment.routes, &segment.absent_routes, &segment.replaced_routes];
        all.into_iter().for_each(|r| routes(r, &mut sets));
    }
    found.extend(sets);
    found
}

/// The route of a private endpoint is that of whatever address it has.
fn routes(all: &[Route], into: &mut Vec<Prefix>) {
    let by_number = all.iter().filter(|r| !matches!(r.hop, NextHop::Endpoint(_)));
    into.extend(by_number.map(|r| r.prefix));
}
