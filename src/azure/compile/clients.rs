//! Who may ask, and what may be asked for.

use super::{
    Compiler,
    machines::{endpoint, host},
};
use crate::{
    azure::model::{
        service::{Identity, IdentityType},
        workspace::{Compute, ComputeType, IsolationMode, MachineLearningWorkspace, WorkspaceKind},
    },
    dataplane::{
        Absence, Client, ClientKind, Endpoint, Host, Id, Listens, Origin, Resolver, Resource, Role, Target, Unsupported,
    },
    diag::{Span, code},
    verdict::Reason,
};
use std::net::IpAddr;

/// Kind of what an online endpoint runs.
const DEPLOYMENT: &str = "deployment";

impl Compiler<'_> {
    pub(super) fn clients(&mut self) {
        let estate = self.estate;
        for (name, entry) in estate.virtual_machines.iter() {
            let Some(id) = self.machines.get(name).copied() else {
                continue;
            };
            let vnet = entry.value.subnet.value.split_once('/').map_or("", |(v, _)| v);
            let resolver = self.network_resolver(vnet, &entry.value.dns_servers);
            self.client("virtual_machine", name, entry.span, id, resolver);
            self.target(
                "virtual_machine",
                name,
                entry.span,
                Target::Address(entry.value.private_ip_address.value, Some(id)),
            );
        }
        for (site_name, site) in estate.on_premises_sites.iter() {
            // In the order in which they are written (DNS-05).
            let mut written: Vec<_> = site.value.dns_servers.iter().collect();
            written.sort_by_key(|(_, server)| server.span);
            let servers: Vec<IpAddr> =
                written.into_iter().filter_map(|(_, s)| s.value.ip_address.as_ref()).map(|a| a.value).collect();
            for (name, entry) in site.value.hosts.iter() {
                let Some(id) = self.hosts.get(name).copied() else {
                    continue;
                };
                let resolver = if servers.is_empty() {
                    Resolver::Public
                } else {
                    Resolver::Servers {
                        servers: servers.clone(),
                        origin: Origin::new("on_premises_site", site_name, site.span),
                        platform: None,
                    }
                };
                self.client("host", name, entry.span, id, resolver);
                self.target("host", name, entry.span, Target::Address(entry.value.ip_address.value, Some(id)));
            }
        }
        for (name, entry) in estate.internet_clients.iter() {
            if let Some(id) = self.internet_clients.get(name).copied() {
                self.client("internet_client", name, entry.span, id, Resolver::Public);
            }
        }
        self.further_interfaces();
        for (name, entry) in estate.vpn_clients.iter() {
            if let Some(id) = self.vpn_clients.get(name).copied() {
                let servers: Vec<IpAddr> = entry.value.dns_servers.iter().map(|s| s.value).collect();
                let resolver = match entry.value.dns_servers.first() {
                    None => Resolver::Public,
                    Some(first) => Resolver::Servers {
                        servers,
                        origin: Origin::new("vpn_client", name, first.span),
                        platform: None,
                    },
                };
                self.client("vpn_client", name, entry.span, id, resolver);
                self.target("vpn_client", name, entry.span, Target::Address(entry.value.ip_address.value, Some(id)));
            }
        }
        for (name, entry) in estate.load_balancers.iter() {
            let fronts = entry.value.frontend_ip_configurations.iter();
            let all: Vec<(String, Span, IpAddr, Id<Endpoint>)> = fronts
                .filter_map(|(front, declared)| {
                    let full = format!("{name}/{front}");
                    let id = *self.frontends.get(&full)?;
                    Some((full, declared.span, self.plane.endpoints.get(id).addresses.first().copied()?, id))
                })
                .collect();
            let target = match all.as_slice() {
                [(.., only, id)] => Target::Address(*only, Some(*id)),
                [] => Target::Unusable("it has no frontend".to_owned()),
                several => {
                    let names: Vec<&str> = several.iter().map(|(full, ..)| full.as_str()).collect();
                    let names = names.join(" or ");
                    Target::Unusable(format!(
                        "it has several frontends; ask for {names}, a public one by its public_ip"
                    ))
                }
            };
            // Public ones have the name of their public address.
            let inside = |id: Id<Endpoint>| self.plane.endpoints.get(id).segment.is_some();
            let further: Vec<_> = all.iter().filter(|(.., id)| all.len() > 1 && inside(*id)).cloned().collect();
            for (full, span, address, id) in &further {
                self.target("load_balancer", full, *span, Target::Address(*address, Some(*id)));
            }
            // With another frontend, this one will be called so.
            if let [(full, .., id)] = all.as_slice()
                && self.plane.endpoints.get(*id).segment.is_some()
            {
                self.plane.aliases.insert(full.clone(), name.to_owned());
            }
            self.target("load_balancer", name, entry.span, target);
        }
        self.gateway_clients();
        self.service_clients();
        for (name, entry) in estate.machine_learning_workspaces.iter() {
            self.workspace_clients(name, &entry.value, entry.span);
        }
        for (name, entry) in estate.public_ips.iter() {
            let address = self.public_addresses.get(name).map(|(known, _)| *known).unwrap_or_else(|| {
                let address = entry.value.ip_address.as_ref().map_or_else(|| self.undeclared_public(), |a| a.value);
                if self.plane.public_owner(address).is_none() {
                    self.plane.add_endpoint(endpoint(
                        Origin::new("public_ip", name, entry.span),
                        None,
                        vec![address],
                        Role::Unattached,
                    ));
                }
                address
            });
            let owner = self.plane.public_owner(address);
            self.target("public_ip", name, entry.span, Target::Address(address, owner));
        }
    }

    /// Further interfaces of machines, as `machine/interface` (ADDR-09).
    fn further_interfaces(&mut self) {
        let estate = self.estate;
        for (name, entry) in estate.virtual_machines.iter() {
            for (nic, interface) in entry.value.secondary_network_interfaces.iter() {
                let full = format!("{name}/{nic}");
                let Some(id) = self.machines.get(&full).copied() else { continue };
                let vnet = interface.value.subnet.value.split_once('/').map_or("", |(v, _)| v);
                let resolver = self.network_resolver(vnet, &entry.value.dns_servers);
                self.client("network_interface", &full, interface.span, id, resolver);
                let address = interface.value.private_ip_address.value;
                self.target("network_interface", &full, interface.span, Target::Address(address, Some(id)));
            }
        }
    }

    pub(super) fn insert_client(&mut self, origin: &Origin, mut client: Client) {
        // What the platform refuses sends nothing.
        if let ClientKind::Endpoint(id) = client.kind {
            let own = self.plane.endpoints.get(id).absence.as_ref().filter(|a| a.reason == Reason::Refused);
            client.absence = client.absence.or(own.cloned());
        }
        self.plane.clients.insert(origin, client);
    }

    pub(super) fn client(&mut self, kind: &'static str, name: &str, span: Span, id: Id<Endpoint>, resolver: Resolver) {
        let origin = Origin::new(kind, name, span);
        // What is stopped sends nothing.
        let machine = self.plane.endpoints.get(id);
        let absence = matches!(&machine.role, Role::Host(host) if !host.running).then(|| Absence {
            reason: Reason::Stopped,
            origin: machine.origin.clone(),
            text: format!("{} is not running, and sends nothing", machine.origin),
            fix: format!("start {}", machine.origin),
            rules: &[],
        });
        let client = Client {
            origin: origin.clone(),
            kind: ClientKind::Endpoint(id),
            resolver,
            outside: None,
            absence,
            limited: false,
            unsupported: Vec::new(),
        };
        self.insert_client(&origin, client);
    }

    pub(super) fn target(&mut self, kind: &'static str, name: &str, span: Span, target: Target) {
        self.plane.targets.insert(&Origin::new(kind, name, span), target);
    }

    /// A gateway's own traffic to its backends (AGW-14, AGW-15).
    fn gateway_clients(&mut self) {
        let estate = self.estate;
        for (name, entry) in estate.application_gateways.iter() {
            let (Some(proxy), Some(instance)) = (self.proxies.get(name).copied(), self.proxy_instance(name)) else {
                continue;
            };
            let vnet = entry.value.subnet.value.split_once('/').map_or("", |(v, _)| v);
            let resolver = self.network_resolver(vnet, &[]);
            self.plane.proxies.get_mut(proxy).resolver = resolver.clone();
            let origin = Origin::new("application_gateway", name, entry.span);
            let unsupported: Vec<Unsupported> = self.plane.proxies.get(proxy).unsupported.clone();
            let client = Client {
                origin: origin.clone(),
                kind: ClientKind::Endpoint(instance),
                resolver,
                outside: None,
                absence: None,
                limited: false,
                unsupported,
            };
            self.insert_client(&origin, client);
            let front = self.plane.proxies.get(proxy).frontends.iter().find(|f| !f.public);
            let target = front.map_or_else(
                || Target::Unusable("it has no private frontend; ask for its public_ip".to_owned()),
                |f| Target::Address(f.address, f.endpoint),
            );
            self.target("application_gateway", name, entry.span, target);
        }
    }

    /// Services that call others with their identity are clients by the identity's name (HUB-11, TRUST-04).
    fn service_clients(&mut self) {
        let estate = self.estate;
        for (name, entry) in estate.services.iter() {
            self.identity(name, entry.value.identity.as_ref());
            if let Some(id) = self.resources.get(name).copied() {
                self.target("service", name, entry.span, Target::Resource(id));
            }
        }
    }

    fn identity(&mut self, service: &str, identity: Option<&Identity>) {
        let Some(identity) = identity else { return };
        let (Some(name), Some(resource)) = (&identity.name, self.resources.get(service).copied()) else {
            return;
        };
        if identity.type_.value == IdentityType::None {
            self.error(
                code::CONFLICT,
                name.span,
                format!("identity `{}` has type None", name.value),
                "set type: SystemAssigned or UserAssigned",
            );
        }
        let origin = Origin::new("identity", self.shared.identity(service, &name.value), name.span);
        self.identity_client(&origin, resource);
    }

    /// A service that calls others with its identity, from no network of the customer (HUB-11).
    pub(super) fn identity_client(&mut self, origin: &Origin, resource: Id<Resource>) {
        let client = Client {
            origin: origin.clone(),
            kind: ClientKind::Identity(resource),
            resolver: Resolver::Public,
            outside: None,
            absence: None,
            limited: false,
            unsupported: Vec::new(),
        };
        self.insert_client(origin, client);
    }

    fn workspace_clients(&mut self, name: &str, workspace: &MachineLearningWorkspace, span: Span) {
        self.identity(name, workspace.identity.as_ref());
        if workspace.kind.value == WorkspaceKind::Project {
            return;
        }
        if let Some(id) = self.resources.get(name).copied() {
            self.target("workspace", name, span, Target::Resource(id));
        }
        for (compute, entry) in workspace.compute.iter() {
            let compute = &self.shared.compute(name, compute);
            self.compute_client(name, compute, &entry.value, entry.span, workspace);
        }
        for (endpoint_name, entry) in workspace.online_endpoints.iter() {
            for (deployment, declared) in entry.value.deployments.iter() {
                let full = self.shared.compute(name, &format!("{endpoint_name}/{deployment}"));
                let absence = self.compute_absence(name, &full, declared.span);
                let address = declared.value.private_ip_address.as_ref().map(|a| a.value);
                self.managed_client(name, DEPLOYMENT, &full, declared.span, address, absence, false);
            }
        }
    }

    fn compute_client(
        &mut self,
        workspace_name: &str,
        compute: &str,
        declared: &Compute,
        span: Span,
        workspace: &MachineLearningWorkspace,
    ) {
        // Without a managed network there is none to provision for it (ISO-01).
        let network = workspace.managed_network.as_ref();
        let network = network.filter(|m| m.isolation_mode.value != IsolationMode::Disabled);
        let spark = declared.type_.value == ComputeType::ServerlessSpark && network.is_some();
        let mut absence = self.compute_absence(workspace_name, compute, span);
        let ready = network.map(|m| &m.spark_ready);
        if spark
            && absence.is_none()
            && let Some(ready) = ready.filter(|r| !r.value)
        {
            absence = Some(Absence {
                reason: Reason::Spark,
                origin: Origin::new("compute", compute, ready.span.unwrap_or(span)),
                text: format!("the managed network of {workspace_name} is not provisioned for serverless Spark"),
                fix: "provision the network with include-spark".to_owned(),
                rules: &["MVNET-08"],
            });
        }
        let address = declared.private_ip_address.as_ref().map(|a| a.value);
        self.managed_client(workspace_name, "compute", compute, span, address, absence, spark);
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of one client")]
    fn managed_client(
        &mut self,
        workspace: &str,
        kind: &'static str,
        name: &str,
        span: Span,
        address: Option<IpAddr>,
        absence: Option<Absence>,
        limited: bool,
    ) {
        let Some((network, segment)) = self.managed.get(workspace).map(|m| (m.network, m.segment)) else {
            return;
        };
        let Some(address) = address.or_else(|| self.free_address(segment)) else {
            return;
        };
        let origin = Origin::new(kind, name, span);
        let host = Host { isolated: kind == DEPLOYMENT, ..host(Listens::Undeclared) };
        let id = self.plane.add_endpoint(endpoint(origin.clone(), Some(segment), vec![address], Role::Host(host)));
        let resolver = self.plane.networks.get(network).view.map_or(Resolver::Public, Resolver::Platform);
        let client = Client {
            origin: origin.clone(),
            kind: ClientKind::Endpoint(id),
            resolver,
            outside: None,
            absence,
            limited,
            unsupported: Vec::new(),
        };
        self.insert_client(&origin, client);
        self.plane.targets.insert(&origin, Target::Address(address, Some(id)));
    }
}
