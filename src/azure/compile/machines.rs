//! Machines, gateways, firewalls and resolvers: owners of addresses in customer networks and on the internet.

use super::Compiler;
use crate::{
    azure::model::{dns::PublicHost, gateway::OnPremisesSite},
    dataplane::{Endpoint, Firewall, Gateway, Host, Id, Listens, Matcher, Origin, Resolver, Role, Segment, Tags},
    dataplane::{Filter, FilterRule},
    diag::{Span, code},
    document::{ListenPort, Reference, Spanned},
    net::{AddressSet, is_public},
    verdict::Reason,
};
use std::net::IpAddr;

/// An endpoint with nothing special about it.
pub(super) fn endpoint(origin: Origin, segment: Option<Id<Segment>>, addresses: Vec<IpAddr>, role: Role) -> Endpoint {
    Endpoint {
        origin,
        segment,
        addresses,
        public_addresses: Vec::new(),
        filter: None,
        role,
        tags: Tags::default(),
        public_source: None,
        dns: None,
        absence: None,
    }
}

fn listens(list: Option<&Vec<Spanned<ListenPort>>>) -> Listens {
    list.map_or(Listens::Undeclared, |l| {
        Listens::Only(l.iter().map(|p| (p.value.transport, p.value.ports.clone())).collect())
    })
}

fn host(listens: Listens) -> Host {
    Host { listens, forwards: false, http_status: 200, private_ca: None }
}

impl Compiler<'_> {
    pub(super) fn machines(&mut self) {
        self.virtual_machines();
        self.on_premises_hosts();
        self.virtual_network_gateways();
        self.azure_firewalls();
        self.resolvers();
        self.public_hosts();
        for (name, entry) in self.estate.internet_clients.iter() {
            let client = &entry.value;
            if !is_public(client.ip_address.value) {
                self.error(
                    code::VALUE,
                    client.ip_address.span,
                    format!("{} is not a public address", client.ip_address.value),
                    "a client on the internet has a public address",
                );
            }
            let mut made = endpoint(
                Origin::new("internet_client", name, entry.span),
                None,
                vec![client.ip_address.value],
                Role::Host(host(Listens::Only(Vec::new()))),
            );
            made.tags.complete = true;
            let id = self.plane.add_endpoint(made);
            self.internet_clients.insert(name.to_owned(), id);
        }
    }

    /// The address of a public IP by name; one that stands for it when undeclared.
    pub(super) fn public_ip(&mut self, reference: &Reference) -> Option<IpAddr> {
        let estate = self.estate;
        let declared = self.declared("public_ip", reference, &estate.public_ips)?.ip_address.as_ref();
        Some(match declared {
            Some(address) => address.value,
            None => self.undeclared_public(),
        })
    }

    fn virtual_machines(&mut self) {
        let estate = self.estate;
        for (name, entry) in estate.virtual_machines.iter() {
            let vm = &entry.value;
            let Some(segment) = self.subnet(&vm.subnet) else {
                continue;
            };
            self.claim(segment, vm.private_ip_address.value, vm.private_ip_address.span);
            let role = Role::Host(Host {
                listens: listens(vm.listens.as_ref()),
                forwards: vm.ip_forwarding_enabled.value,
                http_status: vm.http_status.value,
                private_ca: vm.private_certificate_authority.as_ref().map(|c| c.value.clone()),
            });
            let mut made = endpoint(
                Origin::new("virtual_machine", name, entry.span),
                Some(segment),
                vec![vm.private_ip_address.value],
                role,
            );
            if let Some(address) = vm.public_ip.as_ref().and_then(|r| self.public_ip(r)) {
                made.public_addresses.push(address);
                made.public_source = Some(address);
            }
            made.tags.complete = true;
            let id = self.plane.add_endpoint(made);
            self.machines.insert(name.to_owned(), id);
        }
    }

    fn on_premises_hosts(&mut self) {
        let estate = self.estate;
        for (site_name, entry) in estate.on_premises_sites.iter() {
            let Some((_, segment)) = self.sites.get(site_name).copied() else {
                continue;
            };
            let site: &OnPremisesSite = &entry.value;
            for (name, host_entry) in site.hosts.iter() {
                let declared = &host_entry.value;
                self.inside_site(site_name, site, declared.ip_address.value, declared.ip_address.span);
                let role = Role::Host(Host {
                    listens: listens(declared.listens.as_ref()),
                    forwards: false,
                    http_status: declared.http_status.value,
                    private_ca: declared.private_certificate_authority.as_ref().map(|c| c.value.clone()),
                });
                let made = endpoint(
                    Origin::new("host", name, host_entry.span),
                    Some(segment),
                    vec![declared.ip_address.value],
                    role,
                );
                let id = self.plane.add_endpoint(made);
                if self.hosts.insert(name.to_owned(), id).is_some() {
                    self.error(
                        code::CONFLICT,
                        host_entry.span,
                        format!("two hosts are named `{name}`"),
                        "names of hosts are unique over all sites",
                    );
                }
            }
        }
    }

    pub(super) fn inside_site(&mut self, name: &str, site: &OnPremisesSite, address: IpAddr, span: Span) {
        if !site.address_space.iter().any(|p| p.value.contains(address)) {
            self.error(
                code::PLACEMENT,
                span,
                format!("{address} lies outside the address space of site `{name}`"),
                "correct the address, or add its prefix to address_space",
            );
        }
    }

    fn virtual_network_gateways(&mut self) {
        let estate = self.estate;
        for (name, entry) in estate.virtual_network_gateways.iter() {
            let reference = &entry.value.virtual_network;
            if self.declared("virtual_network", reference, &estate.virtual_networks).is_none() {
                continue;
            }
            let subnet = format!("{}/GatewaySubnet", reference.value);
            let Some(segment) = self.subnets.get(&subnet).copied() else {
                self.error(
                    code::PLACEMENT,
                    entry.span,
                    format!("`{}` has no subnet GatewaySubnet for `{name}` (GW-01)", reference.value),
                    "declare the subnet GatewaySubnet",
                );
                continue;
            };
            let address = self.allocate(segment);
            let made = endpoint(
                Origin::new("virtual_network_gateway", name, entry.span),
                Some(segment),
                address.into_iter().collect(),
                Role::Gateway(Gateway { tunnels: Vec::new() }),
            );
            let id = self.plane.add_endpoint(made);
            self.gateways.insert(name.to_owned(), id);
        }
    }

    fn azure_firewalls(&mut self) {
        let estate = self.estate;
        for (name, entry) in estate.firewalls.iter() {
            let firewall = &entry.value;
            let Some(segment) = self.subnet(&firewall.subnet) else {
                continue;
            };
            if !firewall.subnet.value.ends_with("/AzureFirewallSubnet") {
                self.error(
                    code::PLACEMENT,
                    firewall.subnet.span,
                    format!("firewall `{name}` must sit in a subnet named AzureFirewallSubnet (FW-01)"),
                    "rename the subnet",
                );
            }
            let address = match &firewall.private_ip_address {
                Some(address) => {
                    self.claim(segment, address.value, address.span);
                    Some(address.value)
                }
                None => self.allocate(segment),
            };
            let origin = Origin::new("firewall", name, entry.span);
            let policy = firewall.firewall_policy.as_ref();
            if let Some(reference) = policy {
                self.declared("firewall_policy", reference, &estate.firewall_policies);
            }
            let kept = policy
                .and_then(|p| estate.firewall_policies.get(&p.value))
                .and_then(|p| p.value.private_ip_ranges.as_ref())
                .map(|ranges| ranges.iter().map(|r| r.value).collect::<AddressSet>());
            let role = Role::Firewall(Firewall {
                filter: Filter {
                    origin: origin.clone(),
                    reason: Reason::Fw,
                    rules_ids: &["FW-02"],
                    rules: Vec::<FilterRule>::new(),
                },
                keeps_source: kept.unwrap_or_else(private_ranges),
                resolver: Resolver::Public,
            });
            let mut made = endpoint(origin, Some(segment), address.into_iter().collect(), role);
            made.public_source = firewall.public_ips.first().and_then(|r| self.public_ip(r));
            let id = self.plane.add_endpoint(made);
            self.firewalls.insert(name.to_owned(), id);
        }
    }

    /// Inbound endpoints own their address; outbound ones are places that queries are sent from (RESOLVER-01, -02).
    fn resolvers(&mut self) {
        let estate = self.estate;
        for (name, entry) in estate.private_dns_resolvers.iter() {
            self.declared("virtual_network", &entry.value.virtual_network, &estate.virtual_networks);
            let home = format!("{}/", entry.value.virtual_network.value);
            let place = |compiler: &mut Self, subnet: &Reference| {
                let segment = compiler.subnet(subnet)?;
                if !subnet.value.starts_with(&home) {
                    compiler.error(
                        code::PLACEMENT,
                        subnet.span,
                        format!("`{}` is not in the network of resolver `{name}` (RESOLVER-03)", subnet.value),
                        format!("use a subnet of {home}…"),
                    );
                }
                Some(segment)
            };
            for (endpoint_name, inbound) in entry.value.inbound_endpoints.iter() {
                let Some(segment) = place(self, &inbound.value.subnet) else {
                    continue;
                };
                let address = &inbound.value.private_ip_address;
                self.claim(segment, address.value, address.span);
                let full = format!("{name}/{endpoint_name}");
                self.plane.add_endpoint(endpoint(
                    Origin::new("inbound_endpoint", full, inbound.span),
                    Some(segment),
                    vec![address.value],
                    Role::Resolver,
                ));
            }
            for (endpoint_name, outbound) in entry.value.outbound_endpoints.iter() {
                let Some(segment) = place(self, &outbound.value.subnet) else {
                    continue;
                };
                let address = self.allocate(segment);
                let full = format!("{name}/{endpoint_name}");
                self.plane.add_endpoint(endpoint(
                    Origin::new("outbound_endpoint", full, outbound.span),
                    Some(segment),
                    address.into_iter().collect(),
                    Role::Resolver,
                ));
            }
        }
    }

    fn public_hosts(&mut self) {
        let estate = self.estate;
        for (name, entry) in estate.public_hosts.iter() {
            let declared: &PublicHost = &entry.value;
            let address = match &declared.ip_address {
                Some(address) if !is_public(address.value) => {
                    self.error(
                        code::VALUE,
                        address.span,
                        format!("{} is not a public address", address.value),
                        "a public host has a public address",
                    );
                    continue;
                }
                Some(address) => address.value,
                None => self.undeclared_public(),
            };
            let Some(parsed) = self.name(name, entry.span) else { continue };
            let origin = Origin::new("public_host", name, entry.span);
            let mut made =
                endpoint(origin.clone(), None, vec![address], Role::Host(host(listens(declared.listens.as_ref()))));
            let mut names: Vec<_> = declared.service_tags.iter().map(|t| t.value.clone()).collect();
            if names.is_empty() {
                names.extend(self.known.tag_of_name(self.cloud, &parsed).map(str::to_owned));
            }
            // What is declared is all there is: a host without tags belongs to no service tag.
            made.tags =
                Tags { names, region: declared.location.as_ref().map(|l| l.value.to_lowercase()), complete: true };
            self.plane.add_endpoint(made);
            self.plane.dns.public.insert(
                parsed,
                crate::dataplane::Record { data: crate::dataplane::RecordData::Addresses(vec![address]), origin },
            );
        }
    }
}

/// Destinations that network rules do not source-translate by default: RFC 1918 and RFC 6598 (SNAT-01).
pub(super) fn private_ranges() -> AddressSet {
    ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"].iter().filter_map(|p| p.parse().ok()).collect()
}

/// A matcher for the private ranges, for people who write `Internet` and mean the rest.
pub(super) fn internet() -> Matcher {
    Matcher { internet: true, ..Matcher::default() }
}
