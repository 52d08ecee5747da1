//! The naive judge of hybrid estates, second part: what a name answers, and to whom.

use super::{AZURE_DNS, Client, Named, Place, Rules, is_under};
use privreach::azure::model::{
    dns::{DnsServer, ForwardMode, PrivateDnsZone, ResolutionPolicy},
    service::{ConnectionStatus, PrivateEndpoint, PublicAlias},
};
use std::net::IpAddr;

impl<'e> Rules<'e> {
    /// Approved endpoints register themselves (ZG-02, ZG-04); the others do not.
    fn record(&self, key: &str, zone: &PrivateDnsZone, relative: &str) -> Option<IpAddr> {
        if let Some(written) = zone.a_records.get(relative) {
            return written.value.records.first().map(|a| a.value);
        }
        let registers = |e: &&PrivateEndpoint| {
            e.private_service_connection.private_connection_resource.value == relative
                && self.state(e) == ConnectionStatus::Approved
                && e.private_dns_zone_group.as_ref().is_some_and(|g| g.private_dns_zones.iter().any(|z| z.value == key))
        };
        let mut all = self.estate.private_endpoints.iter().map(|(_, e)| &e.value);
        all.find(registers).map(|e| e.ip_addresses[0].value)
    }

    pub(super) fn state(&self, endpoint: &PrivateEndpoint) -> ConnectionStatus {
        endpoint.private_service_connection.status.as_ref().unwrap().value
    }

    /// DNS-07, DNS-08: the public name, and the alias if an approved endpoint (or the file) makes one.
    fn chain(&self, name: &str) -> Vec<String> {
        let service = name.split('.').next().unwrap();
        let declared = self.estate.services.get(service).unwrap().value.public_alias.as_ref();
        let approved = self.estate.private_endpoints.iter().any(|(_, e)| {
            e.value.private_service_connection.private_connection_resource.value == service
                && self.state(&e.value) == ConnectionStatus::Approved
        });
        let mut chain = vec![name.to_owned()];
        if declared.map_or(approved, |d| d.value == PublicAlias::Present) {
            let vault = name.ends_with("vault.azure.net");
            let zone = if vault { "privatelink.vaultcore.azure.net" } else { "privatelink.blob.core.windows.net" };
            chain.push(format!("{service}.{zone}"));
        }
        chain
    }

    /// DNS-17: at every hop of the chain, the most specific linked zone has the last word (ZONE-06 to ZONE-11).
    fn azure_dns(&self, network: &str, chain: &[String]) -> Named {
        for name in chain {
            let zones = self.estate.private_dns_zones.iter();
            let linked =
                zones.filter(|(zone, z)| z.value.virtual_network_links.get(network).is_some() && is_under(name, zone));
            let Some((key, zone)) = linked.max_by_key(|(zone, _)| zone.len()) else { continue };
            let relative = name.strip_suffix(key).unwrap().trim_end_matches('.');
            if let Some(address) = self.record(key, &zone.value, relative) {
                return Named::Address(address);
            }
            let policy = *zone.value.virtual_network_links.get(network).unwrap().value.resolution_policy;
            // ZONE-10: only zones of private link fall back.
            let falls_back = policy == ResolutionPolicy::NxDomainRedirect && key.starts_with("privatelink.");
            // Public DNS gives the rest of the chain (ZONE-09).
            if !falls_back {
                return Named::Missing;
            }
        }
        Named::Public
    }

    /// A query sent to a server: the first that answers decides (DNS-05), over the ordinary path (DNS-04, FWD-06).
    fn ask(&self, start: Place<'e>, from: IpAddr, servers: &[IpAddr], chain: &[String]) -> Named {
        for server in servers {
            if *server == AZURE_DNS {
                // DNS-02, FWD-01.
                match start {
                    Place::Subnet(network, _) => return self.azure_dns(network, chain),
                    Place::Site(_) => continue,
                }
            }
            if self.round_trip(start, from, *server, 53).is_err() {
                continue;
            }
            let answer = match (self.resolver(*server), self.site_server(*server)) {
                (Some(network), _) => self.azure_dns(network, chain),
                (None, Some((site, dns))) => self.on_premises(site, *server, dns, chain),
                _ => Named::Silence,
            };
            if !matches!(answer, Named::Silence) {
                return answer;
            }
        }
        Named::Silence
    }

    /// FWD-03, FWD-04, FWD-07: a forwarding server looks at the name it was asked for, an iterative one at each alias.
    fn on_premises(&self, site: &'e str, at: IpAddr, dns: &DnsServer, chain: &[String]) -> Named {
        let looked_at = if *dns.mode == ForwardMode::Iterative { chain.len() } else { 1 };
        for (i, name) in chain.iter().enumerate().take(looked_at) {
            let suffixes = dns.conditional_forwarders.iter().filter(|(suffix, _)| is_under(name, suffix));
            if let Some((_, targets)) = suffixes.max_by_key(|(suffix, _)| suffix.len()) {
                let targets: Vec<_> = targets.value.iter().map(|t| t.value).collect();
                return self.ask(Place::Site(site), at, &targets, &chain[i..]);
            }
        }
        Named::Public
    }

    pub(super) fn resolve(&self, client: &Client<'e>, name: &str) -> Named {
        let chain = self.chain(name);
        match client.place {
            None => Named::Public,
            Some(Place::Site(site)) => {
                let servers = self.estate.on_premises_sites.get(site).unwrap().value.dns_servers.iter();
                let servers: Vec<_> = servers.map(|(_, s)| s.value.ip_address.as_ref().unwrap().value).collect();
                self.ask(Place::Site(site), client.address, &servers, &chain)
            }
            Some(Place::Subnet(network, subnet)) => {
                let servers = &self.estate.virtual_networks.get(network).unwrap().value.dns_servers;
                let mut servers: Vec<_> = servers.iter().map(|s| s.value).collect();
                if servers.is_empty() {
                    servers.push(AZURE_DNS);
                }
                self.ask(Place::Subnet(network, subnet), client.address, &servers, &chain)
            }
        }
    }
}
