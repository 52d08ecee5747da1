//! Machines, gateways, firewalls and resolvers: owners of addresses in customer networks and on the internet.

use super::Compiler;
use crate::{
    azure::model::{
        dns::PublicHost,
        firewall::Firewall as AzureFirewall,
        gateway::OnPremisesSite,
        network::Sku,
        service::{NetworkInterface, SourceNat, VirtualMachine},
    },
    dataplane::{
        Endpoint, Filter, FilterRule, Firewall, Gateway, Host, Id, Listens, Matcher, Origin, Resolver, Role, Segment,
        Tags, Transit, Translates,
    },
    diag::{Diagnostic, Span, code},
    document::{Entry, ListenPort, Reference, Spanned},
    net::{AddressSet, is_public},
    verdict::Reason,
};
use std::net::IpAddr;

/// What machines are called where they are refused.
const MACHINE: &str = "a virtual machine";

/// An endpoint with nothing special about it.
pub(super) fn endpoint(origin: Origin, segment: Option<Id<Segment>>, addresses: Vec<IpAddr>, role: Role) -> Endpoint {
    Endpoint::new(origin, segment, addresses, role)
}

fn listens(list: Option<&Vec<Spanned<ListenPort>>>) -> Listens {
    list.map_or(Listens::Undeclared, |l| {
        Listens::Only(l.iter().map(|p| (p.value.transport, p.value.ports.clone())).collect())
    })
}

/// The addresses of an interface; the primary one comes first.
fn own_addresses(primary: &Spanned<IpAddr>, further: &[Spanned<IpAddr>]) -> Vec<IpAddr> {
    std::iter::once(primary).chain(further).map(|a| a.value).collect()
}

/// A machine with nothing special about it.
pub(super) fn host(listens: Listens) -> Host {
    Host::new(listens)
}

impl Compiler<'_> {
    pub(super) fn machines(&mut self) {
        self.virtual_machines();
        self.on_premises_hosts();
        self.virtual_network_gateways();
        self.azure_firewalls();
        self.point_to_site_clients();
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
            let made = Endpoint::on_internet(Origin::new("internet_client", name, entry.span), client.ip_address.value);
            let id = self.plane.add_endpoint(made);
            self.internet_clients.insert(name.to_owned(), id);
        }
    }

    /// The address of a public IP by name; one that stands for it when undeclared.
    pub(super) fn public_ip(&mut self, reference: &Reference) -> Option<IpAddr> {
        let estate = self.estate;
        let declared = self.declared("public_ip", reference, &estate.public_ips)?.ip_address.as_ref();
        if let Some((known, user)) = self.public_addresses.get(&reference.value).copied() {
            if user != reference.span {
                let text = format!("public_ip `{}` is attached twice", reference.value);
                let error = Diagnostic::error(code::CONFLICT, reference.span, text).related(user, "here too");
                self.diagnostics.push(error.help("give each a public address of its own"));
            }
            return Some(known);
        }
        let address = match declared {
            Some(address) => address.value,
            None => self.undeclared_public(),
        };
        self.public_addresses.insert(reference.value.clone(), (address, reference.span));
        Some(address)
    }

    fn virtual_machines(&mut self) {
        let estate = self.estate;
        for (name, entry) in estate.virtual_machines.iter() {
            let vm = &entry.value;
            let Some(segment) = self.subnet(&vm.subnet) else {
                continue;
            };
            let refused = self.undelegated(&vm.subnet, MACHINE);
            let addresses = own_addresses(&vm.private_ip_address, &vm.private_ip_addresses);
            let machine = Host {
                listens: listens(vm.listens.as_ref()),
                isolated: false,
                forwarding: self.transit(name, vm, vm.ip_forwarding_enabled.value),
                running: vm.running.value,
                replies_unknown: false,
                http_status: vm.http_status.value,
                private_ca: vm.private_certificate_authority.as_ref().map(|c| c.value.clone()),
                interfaces: Vec::new(),
            };
            let origin = Origin::new("virtual_machine", name, entry.span);
            let role = Role::Host(machine.clone());
            let mut made = endpoint(origin, Some(segment), addresses, role);
            if let Some(reference) = &vm.public_ip
                && let Some(address) = self.public_ip(reference)
            {
                made.public_addresses.push(address);
                made.public_source = Some(address);
                made.open_public = self.sku(reference) == Sku::Basic;
            }
            made.tags.complete = true;
            let id = self.plane.add_endpoint(made);
            if refused {
                self.refuse(id);
            }
            self.machines.insert(name.to_owned(), id);
            let mut interfaces = vec![id];
            for (nic, interface) in vm.secondary_network_interfaces.iter() {
                interfaces.extend(self.secondary_interface(name, nic, interface, &machine, vm));
            }
            for nic in interfaces.iter().filter(|_| interfaces.len() > 1) {
                if let Role::Host(host) = &mut self.plane.endpoints.get_mut(*nic).role {
                    host.interfaces.clone_from(&interfaces);
                }
            }
        }
    }

    /// A further interface: its own subnet's routes, and replies by the primary one unless the guest knows better
    /// (ADDR-09).
    fn secondary_interface(
        &mut self,
        machine: &str,
        name: &str,
        entry: &Entry<NetworkInterface>,
        host: &Host,
        vm: &VirtualMachine,
    ) -> Option<Id<Endpoint>> {
        let interface = &entry.value;
        let segment = self.subnet(&interface.subnet)?;
        let addresses = own_addresses(&interface.private_ip_address, &interface.private_ip_addresses);
        let full = format!("{machine}/{name}");
        let role = Role::Host(Host {
            forwarding: self.transit(machine, vm, interface.ip_forwarding_enabled.value),
            replies_unknown: !interface.guest_routes_enabled.value,
            ..host.clone()
        });
        let origin = Origin::new("network_interface", &full, entry.span);
        let id = self.plane.add_endpoint(endpoint(origin, Some(segment), addresses, role));
        self.machines.insert(full, id);
        Some(id)
    }

    /// What a machine does with traffic of others (NVA-01 to NVA-04).
    fn transit(&mut self, name: &str, vm: &VirtualMachine, enabled: bool) -> Transit {
        let Some(appliance) = &vm.network_appliance else { return Transit { enabled, ..Transit::default() } };
        Transit {
            enabled,
            system: Some(appliance.os_forwarding_enabled.value),
            stateless: !appliance.stateful.value,
            translates: match appliance.source_nat.value {
                SourceNat::None => Translates::Never,
                SourceNat::Internet => Translates::Internet,
                SourceNat::All => Translates::Always,
            },
            filter: appliance.firewall.as_ref().map(|f| {
                let span = f.default_action.span.unwrap_or(vm.subnet.span);
                Box::new(self.appliance_firewall(name, f, span))
            }),
            symmetric_private_link: appliance.disable_snat_on_private_link.value,
        }
    }

    /// The SKU of a public address by name.
    pub(super) fn sku(&self, reference: &Reference) -> Sku {
        self.estate.public_ips.get(&reference.value).map_or(Sku::Standard, |p| p.value.sku.value)
    }

    /// Whether a subnet takes only what it is named for, and nothing else (SUB-01); reports it then.
    pub(super) fn special(&mut self, subnet: &Reference, what: &str) -> bool {
        let name = subnet.value.split_once('/').map_or("", |(_, n)| n);
        let special = ["GatewaySubnet", "AzureFirewallSubnet", "AzureFirewallManagementSubnet", "RouteServerSubnet"];
        // Bastion is no kind of its own; a machine in its subnet stands for it.
        let bastion = name == "AzureBastionSubnet" && what != MACHINE;
        let refused = special.contains(&name) || bastion;
        if refused {
            let text = format!("{what} cannot be placed in `{}`, which takes nothing else (SUB-01)", subnet.value);
            let error = Diagnostic::error(code::PLACEMENT, subnet.span, text);
            self.diagnostics.push(error.help("use a subnet of its own").refused());
        }
        refused
    }

    /// A delegated subnet takes only instances of its service (SUB-08), a special one only what it is named for (SUB-01);
    /// whether the platform refuses it.
    pub(super) fn undelegated(&mut self, subnet: &Reference, what: &str) -> bool {
        self.delegated_to_other(subnet, what, &[])
    }

    /// The same for what belongs to one of these services, whose delegations it stands.
    pub(super) fn delegated_to_other(&mut self, subnet: &Reference, what: &str, own: &[&str]) -> bool {
        let special = self.special(subnet, what);
        let declared = subnet
            .value
            .split_once('/')
            .and_then(|(v, s)| self.estate.virtual_networks.get(v)?.value.subnets.get(s))
            .and_then(|s| s.value.delegation.as_ref())
            .filter(|d| !own.iter().any(|o| d.value.eq_ignore_ascii_case(o)));
        if let Some(service) = declared {
            let text =
                format!("{what} cannot be placed in `{}`, delegated to {} (SUB-08)", subnet.value, service.value);
            self.diagnostics.push(
                Diagnostic::error(code::DELEGATION, subnet.span, text)
                    .related(service.span, "the delegation")
                    .help("use a subnet of its own")
                    .refused(),
            );
        }
        special || declared.is_some()
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
                    http_status: declared.http_status.value,
                    private_ca: declared.private_certificate_authority.as_ref().map(|c| c.value.clone()),
                    ..host(listens(declared.listens.as_ref()))
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
            let address = self.free_address(segment);
            let made = endpoint(
                Origin::new("virtual_network_gateway", name, entry.span),
                Some(segment),
                address.into_iter().collect(),
                Role::Gateway(Gateway { tunnels: Vec::new() }),
            );
            let id = self.plane.add_endpoint(made);
            if self.refused_subnets.contains(&subnet) {
                self.refuse(id);
            }
            self.gateways.insert(name.to_owned(), id);
        }
    }

    fn azure_firewalls(&mut self) {
        let estate = self.estate;
        for (name, entry) in estate.firewalls.iter() {
            let firewall = &entry.value;
            let Some(segment) = self.firewall_place(name, entry) else {
                continue;
            };
            let address = match &firewall.private_ip_address {
                Some(address) => Some(address.value),
                None => self.free_address(segment),
            };
            let origin = Origin::new("firewall", name, entry.span);
            let policy = firewall.firewall_policy.as_ref();
            if let Some(reference) = policy {
                self.declared("firewall_policy", reference, &estate.firewall_policies);
            }
            let role = Role::Firewall(Box::new(Firewall {
                filter: Filter {
                    origin: origin.clone(),
                    reason: Reason::Fw,
                    rules_ids: &["FW-02", "FW-03"],
                    rules: Vec::<FilterRule>::new(),
                },
                threats: None,
                translations: Vec::new(),
                translations_unsupported: None,
                answers_names: false,
                keeps_source: private_ranges(),
                resolver: Resolver::Public,
            }));
            let mut made = endpoint(origin, Some(segment), address.into_iter().collect(), role);
            made.public_addresses = firewall.public_ips.iter().filter_map(|r| self.public_ip(r)).collect();
            made.public_source = made.public_addresses.first().copied();
            let id = self.plane.add_endpoint(made);
            if firewall.subnet.as_ref().is_some_and(|s| self.refused_subnets.contains(&s.value)) {
                self.refuse(id);
            }
            // What it sends comes from any of its instances (SNAT-02, SNAT-06).
            if firewall.subnet.is_some() {
                self.anywhere(id);
            }
            self.firewalls.insert(name.to_owned(), id);
        }
    }

    /// A firewall stands in AzureFirewallSubnet, or in a virtual hub (FW-01).
    fn firewall_place(&mut self, name: &str, entry: &Entry<AzureFirewall>) -> Option<Id<Segment>> {
        match (&entry.value.subnet, &entry.value.virtual_hub) {
            (Some(subnet), None) => {
                let segment = self.subnet(subnet)?;
                if !subnet.value.ends_with("/AzureFirewallSubnet") {
                    self.error(
                        code::PLACEMENT,
                        subnet.span,
                        format!("firewall `{name}` must sit in a subnet named AzureFirewallSubnet (FW-01)"),
                        "rename the subnet",
                    );
                }
                Some(segment)
            }
            (None, Some(hub)) => {
                self.declared("virtual_hub", hub, &self.estate.virtual_hubs)?;
                self.hubs.get(&hub.value).map(|h| h.devices)
            }
            _ => {
                self.error(
                    code::CONFLICT,
                    entry.span,
                    format!("firewall `{name}` needs exactly one of subnet and virtual_hub"),
                    "give the place it stands in",
                );
                None
            }
        }
    }

    /// Point-to-site clients have addresses of their gateway's pool (GW-09).
    fn point_to_site_clients(&mut self) {
        let estate = self.estate;
        for (name, entry) in estate.vpn_clients.iter() {
            let client = &entry.value;
            let gateway = &client.virtual_network_gateway;
            if self.declared("virtual_network_gateway", gateway, &estate.virtual_network_gateways).is_none() {
                continue;
            }
            let Some((_, segment)) = self.client_pools.get(&gateway.value).copied() else {
                let text = format!("gateway `{}` has no vpn_client_address_space for `{name}`", gateway.value);
                self.error(code::CONFLICT, gateway.span, text, "declare the client pool of the gateway");
                continue;
            };
            let address = client.ip_address.value;
            if !self.plane.segments.get(segment).prefixes.iter().any(|p| p.contains(address)) {
                let text = format!("{address} lies outside the client pool of `{}` (GW-09)", gateway.value);
                self.error(code::PLACEMENT, client.ip_address.span, text, "use an address of vpn_client_address_space");
            }
            let origin = Origin::new("vpn_client", name, entry.span);
            let id = self.plane.add_endpoint(endpoint(
                origin,
                Some(segment),
                vec![address],
                Role::Host(host(Listens::Undeclared)),
            ));
            self.vpn_clients.insert(name.to_owned(), id);
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
                let address = self.free_address(segment);
                let full = format!("{name}/{endpoint_name}");
                let id = self.plane.add_endpoint(endpoint(
                    Origin::new("outbound_endpoint", full, outbound.span),
                    Some(segment),
                    address.into_iter().collect(),
                    Role::Resolver,
                ));
                self.anywhere(id);
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
            let own =
                estate.public_ips.iter().find(|(_, p)| p.value.ip_address.as_ref().is_some_and(|a| a.value == address));
            if let Some((public_ip, _)) = own {
                // A name of what has this public address, and no host of its own.
                let further = declared.service_tags.first().map(|t| t.span).or(declared
                    .listens
                    .iter()
                    .flatten()
                    .map(|l| l.span)
                    .next());
                if let Some(span) = further {
                    let text =
                        format!("`{name}` is a name of public_ip `{public_ip}`, whose owner decides what serves there");
                    self.error(code::CONFLICT, span, text, "leave `listens` and `service_tags` out");
                }
                let data = crate::dataplane::RecordData::Addresses(vec![address]);
                self.plane.dns.public.insert(parsed, crate::dataplane::Record { data, origin });
                continue;
            }
            let mut made =
                endpoint(origin.clone(), None, vec![address], Role::Host(host(listens(declared.listens.as_ref()))));
            for tag in &declared.service_tags {
                self.check_tag(&tag.value, tag.span);
            }
            let mut names: Vec<_> = declared.service_tags.iter().map(|t| t.value.clone()).collect();
            let mut perhaps = Vec::new();
            if names.is_empty() {
                let known = self.known.tags_of_name(self.cloud, &parsed);
                names.extend(known.certain.map(str::to_owned));
                perhaps.extend(known.perhaps.into_iter().map(str::to_owned));
            }
            // What is declared is all there is: a host without tags belongs to no service tag.
            let region = declared.location.as_ref().map(|l| l.value.to_lowercase());
            made.tags = Tags { names, perhaps, region, complete: true };
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
    Matcher { internet: true, written: vec!["Internet".to_owned()], ..Matcher::default() }
}
