//! Hubs: what their managed networks let out, the names of their endpoints, and the gateways that bridge to them
//! (foundry-hub rules IN, ISO, MVNET, OUT, MPE, TAG, FQDN, MOE, AGW).

use super::{
    Answer, At, Open, Owner, Reading, Stop, To, Word, blocked,
    devices::{fqdn_matches, is_under},
    filters::Seen,
    leave::Left,
    services::Member,
};
use privreach::azure::model::{
    application_gateway::{ApplicationGateway, HttpListener, ListenerProtocol},
    network::{Access, Direction, NextHopType},
    service::ConnectionStatus,
    workspace::{
        ComputeType, IsolationMode, MachineLearningWorkspace, ManagedNetwork, NetworkStatus, OutboundRule,
        OutboundRuleType, RuleCategory, RuleStatus,
    },
};
use std::net::IpAddr;

/// Code that runs in the managed network of a hub, or on its behalf.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Compute<'e> {
    hub: &'e str,
    spark: bool,
}

/// A private endpoint of a managed network: declared, or required by the mode (ISO-04).
struct ManagedEndpoint<'e> {
    target: &'e str,
    group: String,
    spark: bool,
    closed: Option<Word>,
    fqdns: Vec<&'e str>,
}

/// How the managed network lets a public destination out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pass {
    Open,
    Tag,
    Name,
}

/// Tags of the rules that the service adds itself: tag, TCP ports (TAG-01).
const REQUIRED: [(&str, &[u16]); 6] = [
    ("AzureActiveDirectory", &[80, 443]),
    ("AzureResourceManager", &[443]),
    ("AzureMachineLearning", &[443]),
    ("BatchNodeManagement", &[443]),
    ("AzureFrontDoor.FirstParty", &[]),
    ("AzureMonitor", &[443]),
];

impl<'e> Reading<'e> {
    fn hubs(&self) -> impl Iterator<Item = (&'e str, &'e MachineLearningWorkspace)> + use<'e> {
        self.e.machine_learning_workspaces.iter().map(|(name, w)| (name, &w.value))
    }

    pub(crate) fn hub(&self, name: &str) -> Option<&'e MachineLearningWorkspace> {
        self.hubs().find(|(n, _)| *n == name).map(|(_, w)| w)
    }

    /// IN-04: the names of a hub's endpoint, in the order of its addresses: API, notebooks, inference; what runs at a
    /// compute instance ends at the API address.
    pub(crate) fn hub_members(&self) -> Vec<Member<'e>> {
        let mut all = Vec::new();
        for (service, hub) in self.hubs() {
            let guid = hub.workspace_id.as_ref().map_or("", |g| g.value.as_str());
            let region = hub.location.as_ref().or(self.e.location.as_ref()).map_or("", |l| l.value.as_str());
            let api = format!("{guid}.workspace.{region}.privatelink.api.azureml.ms");
            let member = |public: String, alias: String| Member { service, group: "amlworkspace", public, alias };
            all.push(member(format!("{guid}.workspace.{region}.api.azureml.ms"), api.clone()));
            let notebooks = format!("ml-{service}-{region}-{guid}.{region}");
            all.push(member(
                format!("{notebooks}.notebooks.azure.net"),
                format!("{notebooks}.privatelink.notebooks.azure.net"),
            ));
            for (endpoint, _) in hub.online_endpoints.iter() {
                all.push(member(
                    format!("{endpoint}.{region}.inference.ml.azure.com"),
                    format!("{endpoint}.{guid}.inference.{region}.privatelink.api.azureml.ms"),
                ));
            }
            for (compute, _) in hub.compute.iter() {
                all.push(member(format!("{compute}.{region}.instances.azureml.ms"), api.clone()));
            }
        }
        all
    }

    /// The computing that a name stands for: it must exist (UNPROV). By its address no client reaches it anyway (IN-17).
    pub(crate) fn must_exist(&self, to: &str) -> Open<()> {
        for (_, hub) in self.hubs() {
            let runs = |name: &str| hub.compute.get(name).is_some() || hub.online_endpoints.get(name).is_some();
            let label = to.split('.').next().unwrap();
            let named = to.ends_with(".instances.azureml.ms") || to.ends_with(".inference.ml.azure.com");
            if named && runs(label) && self.isolation(hub).is_some_and(|n| !provisioned(n)) {
                return blocked("UNPROV");
            }
        }
        Ok(())
    }

    /// The managed network, unless the mode is Disabled (ISO-01).
    fn isolation(&self, hub: &'e MachineLearningWorkspace) -> Option<&'e ManagedNetwork> {
        hub.managed_network.as_ref().filter(|n| n.isolation_mode.value != IsolationMode::Disabled)
    }

    pub(crate) fn compute(&self, name: &str) -> Option<Compute<'e>> {
        self.hubs().find_map(|(hub, w)| {
            if let Some(compute) = w.compute.get(name) {
                return Some(Compute { hub, spark: compute.value.type_.value == ComputeType::ServerlessSpark });
            }
            let (endpoint, deployment) = name.split_once('/')?;
            w.online_endpoints.get(endpoint)?.value.deployments.get(deployment)?;
            Some(Compute { hub, spark: false })
        })
    }

    pub(crate) fn is_compute(&self, name: &str) -> bool {
        self.hubs().any(|(_, hub)| hub.compute.get(name).is_some())
    }

    /// ISO-04, MPE-02, OUT-03: declared endpoints, then those that the mode requires.
    fn managed_endpoints(&self, name: &'e str) -> Vec<ManagedEndpoint<'e>> {
        let hub = self.hub(name).unwrap();
        let Some(network) = self.isolation(hub) else { return Vec::new() };
        let endpoints = network.outbound_rules.iter().map(|(_, r)| &r.value);
        let endpoints = endpoints.filter(|r| r.type_.value == OutboundRuleType::PrivateEndpoint);
        let mut all: Vec<ManagedEndpoint<'e>> = endpoints
            .map(|r| ManagedEndpoint {
                target: &r.service_resource.as_ref().unwrap().value,
                group: r.sub_resource_target.as_ref().unwrap().value.clone(),
                spark: *r.spark_enabled,
                closed: closed(r),
                fqdns: r.fqdns.iter().map(|f| f.value.as_str()).collect(),
            })
            .collect();
        // MPE-06: what is declared of the service's own rules is all there is of them.
        if names_required(network) {
            return all;
        }
        let approved = network.isolation_mode.value == IsolationMode::AllowOnlyApprovedOutbound;
        let service = |n: &str| !self.public_access(n, &self.e.services.get(n).unwrap().value);
        let mut wanted = vec![(name, "amlworkspace", !*hub.public_network_access_enabled)];
        for storage in hub.storage_account.iter().map(|s| s.value.as_str()) {
            wanted.extend([(storage, "blob", service(storage)), (storage, "file", service(storage))]);
        }
        wanted.extend(hub.key_vault.iter().map(|k| (k.value.as_str(), "vault", service(&k.value))));
        for (target, group, private) in wanted {
            if (approved || private) && !all.iter().any(|e| e.target == target && e.group == group) {
                let spark = group != "vault";
                all.push(ManagedEndpoint { target, group: group.to_owned(), spark, closed: None, fqdns: Vec::new() });
            }
        }
        all
    }

    /// DEF-04: an endpoint in a managed network makes the alias as any other does.
    pub(crate) fn managed_endpoint(&self, service: &str, group: &str) -> bool {
        self.hubs().any(|(name, hub)| {
            let works = self.isolation(hub).is_some_and(provisioned);
            works
                && self
                    .managed_endpoints(name)
                    .iter()
                    .any(|e| e.closed.is_none() && e.target == service && e.group.eq_ignore_ascii_case(group))
        })
    }

    /// A flow of managed compute (DEF-01).
    pub(crate) fn managed(&self, from: Compute<'e>, to: &str, port: u16) -> Open<Answer> {
        let hub = self.hub(from.hub).unwrap();
        let network = self.isolation(hub);
        if let Some(network) = network {
            if !provisioned(network) {
                return blocked("UNPROV");
            }
            // MVNET-08.
            if from.spark && !*network.spark_ready {
                return blocked("SPARK");
            }
        }
        if hub.compute.get(to).is_some() {
            // MVNET-10, A-3.
            return if network.is_some() { Err(Stop::Unknown("COMPUTE-PEER")) } else { blocked("NOROUTE") };
        }
        // ISO-06.
        if to.parse::<IpAddr>().is_ok() {
            return blocked("NOROUTE");
        }
        let endpoints = self.managed_endpoints(from.hub);
        let member = self.member_named(to).filter(|m| m.public == to);
        let covers = |e: &&ManagedEndpoint| {
            e.fqdns.contains(&to)
                || member.as_ref().is_some_and(|m| m.service == e.target && m.group.eq_ignore_ascii_case(&e.group))
        };
        let covering = endpoints.iter().find(covers);
        if let Some(endpoint) = covering.filter(|e| e.closed.is_none()) {
            return self.by_managed_endpoint(from, endpoint, to, port);
        }
        let asleep = covering.and_then(|e| e.closed);
        let named = match self.named_or(self.public_dns(to)) {
            Err(Stop::Blocked("DNS-NXDOMAIN")) if asleep.is_some() => return blocked(asleep.unwrap()),
            named => named?,
        };
        let goal = self.meant_by(&named, to);
        let pass = match network {
            Some(n) if n.isolation_mode.value == IsolationMode::AllowOnlyApprovedOutbound => {
                match (self.approved(n, &goal, to, port)?, asleep) {
                    (Some(pass), _) => pass,
                    (None, Some(asleep)) => return blocked(asleep),
                    (None, None) => return blocked("EGRESS"),
                }
            }
            _ => Pass::Open,
        };
        // FQDN-07.
        if from.spark && pass == Pass::Name {
            return blocked("SPARK");
        }
        let via = match pass {
            Pass::Open => "public-endpoint",
            Pass::Tag => "service-tag-rule",
            Pass::Name => "fqdn-rule",
        };
        // TRUST-07, IN-16: no list holds the addresses that the platform picks.
        let left = Left::By("255.255.255.254".parse().ok());
        match self.at_door(&goal, At::Internet, left, to, port)? {
            Answer("public", "public-endpoint") => Ok(Answer("public", via)),
            other => Ok(other),
        }
    }

    fn by_managed_endpoint(
        &self,
        from: Compute<'e>,
        endpoint: &ManagedEndpoint<'e>,
        to: &str,
        port: u16,
    ) -> Open<Answer> {
        // MVNET-08, AGW-23.
        let bridge = self.e.application_gateways.iter().find(|(n, _)| *n == endpoint.target);
        if from.spark && (!endpoint.spark || bridge.is_some()) {
            return blocked("SPARK");
        }
        if let Some((gateway, _)) = bridge {
            return self.bridged(gateway, &endpoint.group, to, port);
        }
        // DEF-05.
        let served = if endpoint.group == "file" { matches!(port, 443 | 445) } else { port == 443 };
        if served { Ok(Answer("private", "managed-private-endpoint")) } else { blocked("PORT") }
    }

    /// ISO-03, OUT-02, A-12: a denied tag, then allowed tags, then names.
    fn approved(&self, network: &'e ManagedNetwork, to: &To, name: &str, port: u16) -> Open<Option<Pass>> {
        let rules = || {
            let all = network.outbound_rules.iter().map(|(_, r)| &r.value);
            all.filter(|r| closed(r).is_none())
        };
        let tagged = |r: &OutboundRule| {
            r.type_.value == OutboundRuleType::ServiceTag
                && r.service_tag.as_ref().is_some_and(|t| to.tags.contains(&t.value))
                && r.port_ranges.as_ref().is_none_or(|p| p.value.contains(port))
        };
        if rules().any(|r| tagged(r) && *r.action == Access::Deny) {
            return blocked("EGRESS");
        }
        let own = |(tag, ports): &(&str, &[u16])| {
            to.tags.iter().any(|t| t == tag) && (ports.is_empty() || ports.contains(&port))
        };
        let required = !names_required(network) && REQUIRED.iter().any(own);
        if required || rules().any(|r| tagged(r) && *r.action == Access::Allow) {
            return Ok(Some(Pass::Tag));
        }
        // FQDN-02, FQDN-03, FQDN-05.
        let by_name = |r: &OutboundRule| {
            r.type_.value == OutboundRuleType::Fqdn
                && matches!(port, 80 | 443)
                && r.destination_fqdn.as_ref().is_some_and(|f| fqdn_matches(&f.value, name))
        };
        if !rules().any(by_name) {
            return Ok(None);
        }
        let storage = ["blob", "file", "queue", "table", "dfs"];
        if storage.iter().any(|s| is_under(name, &format!("{s}.core.windows.net"))) {
            return blocked("EGRESS-STORAGE-FQDN");
        }
        Ok(Some(Pass::Name))
    }

    /// The public door of a hub: its API and instances, or an online endpoint (IN-01, IN-15, IN-16, MOE-02).
    pub(crate) fn hub_admits(&self, member: &Member<'e>, left: Left<'e>) -> Open<Answer> {
        let hub = self.hub(member.service).unwrap();
        let label = member.public.split('.').next().unwrap();
        let endpoint = hub.online_endpoints.get(label).filter(|_| member.public.contains(".inference."));
        let open = match endpoint {
            Some(endpoint) => *endpoint.value.public_network_access_enabled,
            None => *hub.public_network_access_enabled,
        };
        if !open {
            return blocked("PNA");
        }
        let seen = match left {
            Left::By(seen) => seen,
            Left::ServiceEndpoint(..) => None,
        };
        let listed = |a: IpAddr| hub.ip_rules.iter().any(|p| p.value.contains(a));
        match seen {
            _ if hub.ip_rules.is_empty() => {}
            Some(address) if listed(address) => {}
            Some(_) => return blocked("PNA"),
            None => return Err(Stop::Unknown("TAG")),
        }
        let instance = member.public.ends_with(".instances.azureml.ms");
        let rules = self.isolation(hub).into_iter().flat_map(|n| n.outbound_rules.iter());
        // IN-16: with approved outbound only there is always one.
        let exists =
            self.isolation(hub).is_some_and(|n| n.isolation_mode.value == IsolationMode::AllowOnlyApprovedOutbound)
                || self.e.private_endpoints.iter().any(|(_, e)| {
                    e.value.private_service_connection.private_connection_resource.value == member.service
                })
                || rules.filter_map(|(_, r)| r.value.service_resource.as_ref()).any(|t| t.value == member.service);
        if instance && exists {
            return self.unsupported("CI-PUBLIC");
        }
        Ok(Answer("public", "public-endpoint"))
    }

    // Application gateways.

    fn gateway(&self, name: &str) -> &'e ApplicationGateway {
        &self.e.application_gateways.get(name).unwrap().value
    }

    /// What an application gateway has: a frontend, or the address of an instance (AGW-14).
    pub(crate) fn gateway_at(&self, net: &str, address: IpAddr) -> Option<Owner<'e>> {
        self.e.application_gateways.iter().find_map(|(name, gateway)| {
            let (home, subnet) = Self::split(&gateway.value.subnet.value);
            let inside = self.subnet(home, subnet).address_prefixes.iter().any(|p| p.value.contains(address));
            if home != net || !inside {
                return None;
            }
            let mut fronts = gateway.value.frontend_ip_configurations.iter();
            let front = fronts.find(|(_, f)| f.value.private_ip_address.as_ref().is_some_and(|a| a.value == address));
            Some(front.map_or(Owner::Resolver(&gateway.value.subnet.value), |(f, _)| Owner::Gate(name, f)))
        })
    }

    /// AGW-11, AGW-12: whether anything listens at a frontend's port; a listener without its certificate does not.
    pub(crate) fn gate_listens(&self, gateway: &str, front: &str, port: u16) -> Open<()> {
        if self.listeners(gateway, front, port).is_empty() { blocked("LISTENER") } else { Ok(()) }
    }

    /// AGW-17: security groups at the subnet of a gateway.
    pub(crate) fn gate_opens(&self, gateway: &str, seen: &Seen) -> Open<()> {
        let (net, subnet) = Self::split(&self.gateway(gateway).subnet.value);
        let group = self.subnet(net, subnet).network_security_group.as_ref();
        match group.map(|g| &self.e.network_security_groups.get(&g.value).unwrap().value) {
            Some(group) if !self.gate(group, net, subnet, seen, Direction::Inbound).open => blocked("NSG"),
            _ => Ok(()),
        }
    }

    /// The subnet of a gateway.
    pub(crate) fn gateway_place(&self, name: &str) -> &'e str {
        &self.gateway(name).subnet.value
    }

    fn listeners(&self, gateway: &str, front: &str, port: u16) -> Vec<(&'e str, &'e HttpListener)> {
        let gateway = self.gateway(gateway);
        let usable = |l: &HttpListener| {
            l.ssl_certificate
                .as_ref()
                .is_none_or(|c| *gateway.ssl_certificates.get(&c.value).unwrap().value.key_vault_accessible)
        };
        let all = gateway.http_listeners.iter().map(|(n, l)| (n, &l.value));
        all.filter(|(_, l)| l.frontend_ip_configuration.value == front && l.frontend_port.value == port && usable(l))
            .collect()
    }

    /// From a managed network by private link into a gateway, and on to its backend (AGW-01 to AGW-18).
    fn bridged(&self, name: &'e str, front: &str, asked: &str, port: u16) -> Open<Answer> {
        let gateway = self.gateway(name);
        self.gateway_conditions(name)?;
        let declared = &gateway.frontend_ip_configurations.get(front).unwrap().value;
        let link = declared.private_link_configuration.as_ref().unwrap();
        let sources = &gateway.private_link_configurations.get(&link.value).unwrap().value.ip_addresses;
        let to = To::address(declared.private_ip_address.as_ref().unwrap().value);
        let from = Some(sources[0].value);
        self.gate_opens(name, &Seen { from, to: &to, port, udp: false, reply: false })?;
        let listeners = self.listeners(name, front, port);
        // AGW-02, AGW-03, A-8.
        if listeners.iter().any(|(_, l)| l.protocol.value == ListenerProtocol::Tcp) {
            return self.unsupported("L4-HUB");
        }
        let fits =
            |l: &HttpListener| l.host_names.is_empty() || l.host_names.iter().any(|h| fqdn_matches(&h.value, asked));
        let Some((_, listener)) = listeners.into_iter().find(|(_, l)| fits(l)) else { return blocked("LISTENER") };
        if let Some(certificate) = &listener.ssl_certificate {
            let certificate = &gateway.ssl_certificates.get(&certificate.value).unwrap().value;
            if !certificate.subject_alternative_names.iter().any(|n| fqdn_matches(&n.value, asked)) {
                return blocked("TLS-NAME");
            }
        }
        if self.backend_works(name) { Ok(Answer("private", "application-gateway")) } else { blocked("BACKEND-502") }
    }

    /// What the platform does not support of a gateway by private link.
    fn gateway_conditions(&self, name: &str) -> Open<()> {
        let gateway = self.gateway(name);
        let (net, subnet) = Self::split(&gateway.subnet.value);
        // AGW-06.
        if !gateway.frontend_ip_configurations.iter().any(|(_, f)| f.value.public_ip_address.is_some()) {
            return self.unsupported("AGW-PRIVATE-ONLY");
        }
        // AGW-18.
        let steered = |(p, kind, _): &(privreach::net::Prefix, NextHopType, Option<IpAddr>)| {
            p.is_default() && *kind != NextHopType::Internet
        };
        if self.user_routes(net, subnet).iter().any(steered) {
            return self.unsupported("AGW-UDR");
        }
        // DEF-01: routes before filters.
        self.gate_managed(name)
    }

    /// AGW-17: GatewayManager, which is in no network, must come in.
    pub(crate) fn gate_managed(&self, name: &str) -> Open<()> {
        let (net, subnet) = Self::split(&self.gateway(name).subnet.value);
        if let Some(group) = &self.subnet(net, subnet).network_security_group {
            let group = &self.e.network_security_groups.get(&group.value).unwrap().value;
            let manager = To { tags: vec!["GatewayManager".to_owned()], ..To::default() };
            let mut rules: Vec<_> = group.security_rules.iter().map(|(_, r)| &r.value).collect();
            rules.retain(|r| r.direction.value == Direction::Inbound);
            rules.sort_by_key(|r| r.priority.value);
            let named = |text: &str| text == "*" || manager.tags.iter().any(|t| t == text);
            let first = rules.into_iter().find(|r| r.source_address_prefix.as_ref().is_some_and(|s| named(&s.value)));
            if first.is_none_or(|r| r.access.value == Access::Deny) {
                return self.unsupported("AGW-NSG");
            }
        }
        Ok(())
    }

    /// AGW-13, AGW-14, AGW-16: whether a member of the pool answers the probe, as any instance asks.
    fn backend_works(&self, name: &str) -> bool {
        let gateway = self.gateway(name);
        let place = gateway.subnet.value.as_str();
        let source = self.outbound_address(Self::split(place));
        let (_, rule) = gateway.request_routing_rules.iter().next().unwrap();
        let settings = &gateway.backend_http_settings.get(&rule.value.backend_http_settings.value).unwrap().value;
        let pool = &gateway.backend_address_pools.get(&rule.value.backend_address_pool.value).unwrap().value;
        pool.ip_addresses.iter().any(|member| {
            let to = To::address(member.value);
            let reached = self.round_trip(At::Resolver(place), source, &to, settings.port.value, None);
            let Ok(Owner::Host(site, host)) = reached else { return false };
            let site = &self.e.on_premises_sites.get(site).unwrap().value;
            let Some(host) = site.hosts.get(host).map(|h| &h.value) else { return true };
            let trusted = host
                .private_certificate_authority
                .as_ref()
                .is_none_or(|ca| settings.trusted_root_certificates.iter().any(|t| t.value == ca.value));
            // The default probe takes 200 to 399.
            let status = *host.http_status;
            let healthy = match &settings.probe {
                None => (200..400).contains(&status),
                Some(probe) => {
                    let codes = &gateway.probes.get(&probe.value).unwrap().value.match_status_codes;
                    codes.contains(status)
                }
            };
            trusted && healthy
        })
    }
}

fn names_required(network: &ManagedNetwork) -> bool {
    network.outbound_rules.iter().any(|(_, r)| *r.value.category == RuleCategory::Required)
}

fn provisioned(network: &ManagedNetwork) -> bool {
    network.status.as_ref().is_some_and(|s| s.value == NetworkStatus::Active)
}

/// OUT-03, APPR-01: why a rule carries nothing.
fn closed(rule: &OutboundRule) -> Option<Word> {
    if rule.status.as_ref().is_some_and(|s| s.value != RuleStatus::Active) {
        return Some("PE-INACTIVE");
    }
    match *rule.connection_status {
        ConnectionStatus::Approved => None,
        ConnectionStatus::Pending => Some("PE-PENDING"),
        _ => Some("PE-INACTIVE"),
    }
}
