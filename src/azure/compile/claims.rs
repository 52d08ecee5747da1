//! Addresses that the file declares, claimed before the tool allocates any (ADDR-03, ADDR-07).

use super::Compiler;
use crate::{
    dataplane::{Id, Segment},
    diag::{Diagnostic, Span, code},
    document::{Reference, Spanned},
};
use std::{collections::BTreeMap, net::IpAddr};

impl<'e> Compiler<'e> {
    /// Everything that has a declared address in a subnet, site, client pool or managed network. What is wrong about the
    /// place itself is reported where the thing is made.
    pub(super) fn claims(&mut self) {
        self.claims_of_machines();
        self.claims_of_services();
        self.claims_of_managed_networks();
        self.claims_elsewhere();
    }

    fn place(&self, subnet: &Reference) -> Option<Id<Segment>> {
        self.subnets.get(&subnet.value).copied()
    }

    fn claim_all(&mut self, place: Option<Id<Segment>>, addresses: impl IntoIterator<Item = &'e Spanned<IpAddr>>) {
        let Some(segment) = place else { return };
        addresses.into_iter().for_each(|a| self.claim(segment, a.value, a.span));
    }

    fn claims_of_machines(&mut self) {
        let estate = self.estate;
        for (_, entry) in estate.virtual_machines.iter() {
            let vm = &entry.value;
            let own = std::iter::once(&vm.private_ip_address).chain(&vm.private_ip_addresses);
            self.claim_all(self.place(&vm.subnet), own);
            for (_, nic) in vm.secondary_network_interfaces.iter() {
                let own = std::iter::once(&nic.value.private_ip_address).chain(&nic.value.private_ip_addresses);
                self.claim_all(self.place(&nic.value.subnet), own);
            }
        }
        for (_, entry) in estate.firewalls.iter() {
            let firewall = &entry.value;
            let place = match (&firewall.subnet, &firewall.virtual_hub) {
                (Some(subnet), None) => self.place(subnet),
                (None, Some(hub)) => self.hubs.get(&hub.value).map(|h| h.devices),
                _ => None,
            };
            self.claim_all(place, &firewall.private_ip_address);
        }
        let resolvers = estate.private_dns_resolvers.iter();
        for (_, inbound) in resolvers.flat_map(|(_, r)| r.value.inbound_endpoints.iter()) {
            self.claim_all(self.place(&inbound.value.subnet), [&inbound.value.private_ip_address]);
        }
    }

    fn claims_of_services(&mut self) {
        let estate = self.estate;
        let balancers = estate.load_balancers.iter();
        for (_, front) in balancers.flat_map(|(_, b)| b.value.frontend_ip_configurations.iter()) {
            let place = front.value.subnet.as_ref().filter(|_| front.value.public_ip_address.is_none());
            self.claim_all(place.and_then(|s| self.place(s)), &front.value.private_ip_address);
        }
        for (_, entry) in estate.kubernetes_clusters.iter() {
            let access = entry.value.api_server_access_profile.as_ref();
            let own = access.filter(|a| a.virtual_network_integration_enabled.value).and_then(|a| a.subnet.as_ref());
            let place = self.place(own.unwrap_or(&entry.value.default_node_pool.subnet));
            self.claim_all(place, &entry.value.private_ip_address);
        }
        for (_, entry) in estate.application_gateways.iter() {
            let place = self.place(&entry.value.subnet);
            let fronts = entry.value.frontend_ip_configurations.iter().map(|(_, f)| &f.value);
            let private = fronts.filter(|f| f.public_ip_address.is_none());
            self.claim_all(place, private.filter_map(|f| f.private_ip_address.as_ref()));
            for (_, link) in entry.value.private_link_configurations.iter() {
                self.claim_all(self.place(&link.value.subnet), &link.value.ip_addresses);
            }
        }
        let services = estate.private_link_services.iter();
        for (_, nat) in services.flat_map(|(_, s)| s.value.nat_ip_configurations.iter()) {
            self.claim_all(self.place(&nat.value.subnet), &nat.value.private_ip_address);
        }
        for (_, entry) in estate.private_endpoints.iter() {
            self.claim_all(self.place(&entry.value.subnet), &entry.value.ip_addresses);
        }
    }

    fn claims_of_managed_networks(&mut self) {
        for (name, entry) in self.estate.machine_learning_workspaces.iter() {
            let workspace = &entry.value;
            let Some(declared) = &workspace.managed_network else { continue };
            let rules = declared.outbound_rules.iter().flat_map(|(_, r)| r.value.ip_addresses.iter());
            let compute = workspace.compute.iter().filter_map(|(_, c)| c.value.private_ip_address.as_ref());
            let deployments = workspace.online_endpoints.iter().flat_map(|(_, e)| e.value.deployments.iter());
            let deployments = deployments.filter_map(|(_, d)| d.value.private_ip_address.as_ref());
            let place = self.managed.get(name).map(|m| m.segment);
            self.claim_all(place, rules.chain(compute).chain(deployments));
        }
    }

    /// Hosts of a site, clients of a pool, and public addresses: nothing is reserved there. A host of a site may be its DNS
    /// server, too; two servers are not at one address.
    fn claims_elsewhere(&mut self) {
        let estate = self.estate;
        for (name, site) in estate.on_premises_sites.iter() {
            let hosts = site.value.hosts.iter().map(|(_, h)| &h.value.ip_address);
            self.apart(&format!("site `{name}`"), hosts);
            let servers = site.value.dns_servers.iter().filter_map(|(_, s)| s.value.ip_address.as_ref());
            self.apart(&format!("site `{name}`"), servers);
        }
        for name in estate.virtual_network_gateways.keys() {
            let clients = estate.vpn_clients.iter().map(|(_, c)| &c.value);
            let own = clients.filter(|c| c.virtual_network_gateway.value == name).map(|c| &c.ip_address);
            self.apart(&format!("the client pool of `{name}`"), own);
        }
        // A public address tells who is asked before a name does.
        let ips = estate.public_ips.iter().filter_map(|(_, p)| p.value.ip_address.as_ref());
        let services = estate.services.iter().filter_map(|(_, s)| s.value.public_ip_address.as_ref());
        let workspaces = estate.machine_learning_workspaces.iter();
        let workspaces = workspaces.filter_map(|(_, w)| w.value.public_ip_address.as_ref());
        self.apart("public addresses", ips.chain(services).chain(workspaces));
    }

    /// Reports addresses that are declared twice in one place.
    fn apart(&mut self, place: &str, addresses: impl Iterator<Item = &'e Spanned<IpAddr>>) {
        let mut seen: BTreeMap<IpAddr, Span> = BTreeMap::new();
        for address in addresses {
            let Some(first) = seen.insert(address.value, address.span) else { continue };
            let text = format!("{} is used twice in {place} (ADDR-07)", address.value);
            let error = Diagnostic::error(code::OVERLAP, address.span, text).related(first, "here too");
            self.diagnostics.push(error.help("give each its own address"));
        }
    }
}
