//! Managed virtual networks: isolation mode, outbound rules, and the private endpoints they make.

use super::{
    Compiler, Managed, ManagedName,
    application_gateway::{BRIDGE_FRONTEND, is_bridge_frontend},
    machines::endpoint,
    outbound_keys::foreign,
    private_endpoints::{closed_by, members_of},
    routing::segment,
};
use crate::{
    azure::model::{
        network::{Access, RuleProtocol},
        workspace::{
            IsolationMode, MachineLearningWorkspace, ManagedNetwork, NetworkStatus, OutboundRule, OutboundRuleType,
            RuleCategory, RuleStatus, WorkspaceKind,
        },
    },
    dataplane::{
        Connection, ConnectionTarget, Egress, EgressMatch, EgressRule, Matcher, Network, Origin, PrivateEndpoint,
        Realm, Role, Setting, Unmodelled, UnmodelledScope, Void,
    },
    diag::{Diagnostic, Span, code},
    document::{Entry, Reference, Spanned},
    net::{Fqdn, FqdnPattern, PortSet, Protocol, Transport},
    verdict::Reason,
};
use std::net::IpAddr;

/// Shown as the range of a managed network that declares none (DEF-02).
const DEFAULT_RANGE: &str = "10.255.0.0/16";

/// Tag rules the platform adds in AllowOnlyApprovedOutbound; `{region}` stands for the hub's (HUB-TAG-01).
const REQUIRED_TAGS: &[(&str, &str, Protocol, &str)] = &[
    ("__SYS_ST_AzureActiveDirectory_TCP", "AzureActiveDirectory", Protocol::Only(Transport::Tcp), "80,443"),
    ("__SYS_ST_AzureResourceManager_TCP", "AzureResourceManager", Protocol::Only(Transport::Tcp), "443"),
    ("__SYS_ST_AzureMachineLearning_TCP", "AzureMachineLearning", Protocol::Only(Transport::Tcp), "443"),
    ("__SYS_ST_AzureMachineLearning_UDP", "AzureMachineLearning", Protocol::Only(Transport::Udp), "5831"),
    ("__SYS_ST_BatchNodeManagement_TCP", "BatchNodeManagement", Protocol::Only(Transport::Tcp), "443"),
    (
        "__SYS_ST_MicrosoftContainerRegistry{region}_TCP",
        "MicrosoftContainerRegistry{region}",
        Protocol::Only(Transport::Tcp),
        "443",
    ),
    ("__SYS_ST_AzureFrontDoor.FirstParty", "AzureFrontDoor.FirstParty", Protocol::Any, "*"),
    ("__SYS_ST_AzureMonitor_TCP", "AzureMonitor", Protocol::Only(Transport::Tcp), "443"),
];

/// Types of services that private endpoints of managed networks can lead to (MPE-07).
const MANAGED_TARGETS: &[&str] = &[
    "microsoft.machinelearningservices/workspaces",
    "microsoft.machinelearningservices/registries",
    "microsoft.search/searchservices",
    "microsoft.cognitiveservices/accounts",
    "microsoft.apimanagement/service",
    "microsoft.containerregistry/registries",
    "microsoft.documentdb/databaseaccounts",
    "microsoft.datafactory/factories",
    "microsoft.dbformariadb/servers",
    "microsoft.dbformysql/servers",
    "microsoft.dbformysql/flexibleservers",
    "microsoft.dbforpostgresql/servers",
    "microsoft.dbforpostgresql/flexibleservers",
    "microsoft.databricks/workspaces",
    "microsoft.eventhub/namespaces",
    "microsoft.keyvault/vaults",
    "microsoft.cache/redis",
    "microsoft.sql/servers",
    "microsoft.storage/storageaccounts",
    "microsoft.insights/privatelinkscopes",
];

/// What a managed network makes of a target.
enum ManagedTarget {
    Supported,
    /// Refused, because it is this.
    Refused(String),
    /// Said to be approvable, and not in the list.
    Unclear(String),
}

impl<'e> Compiler<'e> {
    /// Each hub or workspace with compute has a network of its own, in a realm of its own (MVNET-09, ISO-01).
    pub(super) fn managed_networks(&mut self) {
        let estate = self.estate;
        for (index, (name, entry)) in estate.machine_learning_workspaces.iter().enumerate() {
            if entry.value.kind.value == WorkspaceKind::Project {
                continue;
            }
            let declared = entry.value.managed_network.as_ref();
            let mode = declared.map_or(IsolationMode::Disabled, |m| m.isolation_mode.value);
            let span = declared.map_or(entry.span, |m| m.isolation_mode.span);
            let range =
                declared.and_then(|m| m.address_space.as_ref()).map(|p| p.value).or_else(|| DEFAULT_RANGE.parse().ok());
            let prefixes: Vec<_> =
                if mode == IsolationMode::Disabled { Vec::new() } else { range.into_iter().collect() };
            let status_span = declared.and_then(|m| m.status.as_ref()).map(|s| s.span);
            let provisioned = mode == IsolationMode::Disabled
                || declared.is_some_and(|m| {
                    m.status
                        .as_ref()
                        .map_or(m.provision_on_creation_enabled.value, |s| s.value == NetworkStatus::Active)
                });
            let origin = Origin::new("managed_network", name, status_span.unwrap_or(span));
            let network = self.plane.networks.push(Network {
                origin: origin.clone(),
                realm: Realm(u32::try_from(index + 1).unwrap_or(u32::MAX)),
                prefixes: prefixes.clone(),
                border: None,
                breakout: None,
                egress: Some(Egress {
                    origin: Origin::new("managed_network", name, span),
                    open: mode != IsolationMode::AllowOnlyApprovedOutbound,
                    rules: Vec::new(),
                }),
                complete: false,
                beyond_gateway: false,
                region: self.region(entry.value.location.as_ref()),
                members_connected: false,
                view: None,
            });
            let mut made = segment(origin, network, range.into_iter().collect());
            made.default_outbound = (true, None);
            let segment = self.plane.segments.push(made);
            self.managed.insert(name.to_owned(), Managed { network, segment, provisioned });
        }
    }

    pub(super) fn managed_endpoints(&mut self) {
        let estate = self.estate;
        for (name, entry) in estate.machine_learning_workspaces.iter() {
            let Some(declared) = &entry.value.managed_network else {
                continue;
            };
            let mut seen: Vec<((String, String), Span)> = Vec::new();
            for (rule_name, rule) in declared.outbound_rules.iter() {
                self.rule(name, declared, rule_name, rule, &mut seen);
            }
            if !declared.outbound_rules.iter().any(|(_, r)| r.value.category.value == RuleCategory::Required) {
                self.required_rules(name, &entry.value, declared);
            }
        }
    }

    fn rule(
        &mut self,
        workspace: &str,
        network: &ManagedNetwork,
        name: &str,
        entry: &Entry<OutboundRule>,
        seen: &mut Vec<((String, String), Span)>,
    ) {
        let rule = &entry.value;
        let mode = network.isolation_mode.value;
        let origin = Origin::new("outbound_rule", name, entry.span);
        if name.starts_with("__SYS_") && rule.category.value == RuleCategory::UserDefined {
            self.error(
                code::RULE_NAME,
                entry.span,
                format!("the name `{name}` is reserved for the platform (OUT-04)"),
                "rename the rule, or give its category",
            );
        }
        if mode == IsolationMode::Disabled
            || rule.type_.value != OutboundRuleType::PrivateEndpoint && mode != IsolationMode::AllowOnlyApprovedOutbound
        {
            self.error(
                code::RULE_MODE,
                rule.type_.span,
                format!("rule `{name}` is not valid in isolation mode {} (ISO-01, ISO-02, FQDN-06)", mode.as_str()),
                "remove the rule, or use AllowOnlyApprovedOutbound",
            );
            return;
        }
        if self.refuse_foreign_keys(name, rule) {
            return;
        }
        let inactive = self.inactive(workspace, rule);
        match rule.type_.value {
            OutboundRuleType::PrivateEndpoint => {
                self.endpoint_rule(workspace, &origin, rule, entry.span, inactive, seen)
            }
            OutboundRuleType::ServiceTag => self.tag_rule(workspace, origin, rule, entry.span, inactive),
            OutboundRuleType::Fqdn => self.fqdn_rule(workspace, &origin, rule, entry.span, inactive.as_deref()),
        }
    }

    /// Why a rule is not in force, if its status or its network's says so.
    fn inactive(&self, workspace: &str, rule: &OutboundRule) -> Option<String> {
        let provisioned = self.managed.get(workspace).is_some_and(|m| m.provisioned);
        match rule.status.as_ref().map(|s| s.value) {
            _ if !provisioned => Some("Inactive: the managed network is not provisioned".to_owned()),
            None | Some(RuleStatus::Active) => None,
            Some(other) => Some(other.as_str().to_owned()),
        }
    }

    /// Services and sub-resources to which rules of managed networks have approved endpoints (MPE-01).
    pub(super) fn approved_rules(&self) -> Vec<(&'e Reference, &'e Spanned<String>)> {
        let mut found = Vec::new();
        for (name, entry) in self.estate.machine_learning_workspaces.iter() {
            let Some(network) = &entry.value.managed_network else { continue };
            if network.isolation_mode.value == IsolationMode::Disabled {
                continue;
            }
            for rule in network.outbound_rules.iter().map(|(_, r)| &r.value) {
                let made = rule.type_.value == OutboundRuleType::PrivateEndpoint
                    && closed_by(rule.connection_status.value).is_none()
                    && foreign(rule).is_empty()
                    && self.inactive(name, rule).is_none();
                if let (Some(service), Some(sub), true) = (&rule.service_resource, &rule.sub_resource_target, made) {
                    found.push((service, sub));
                }
            }
        }
        found
    }

    /// MPE-01: an active rule is an approved private endpoint with names of its own inside the managed network.
    fn endpoint_rule(
        &mut self,
        workspace: &str,
        origin: &Origin,
        rule: &OutboundRule,
        span: Span,
        inactive: Option<String>,
        seen: &mut Vec<((String, String), Span)>,
    ) {
        let (Some(reference), Some(sub)) = (&rule.service_resource, &rule.sub_resource_target) else {
            self.error(
                code::MISSING_KEY,
                span,
                format!(
                    "private endpoint rule `{}` needs service_resource and sub_resource_target (MPE-01)",
                    origin.name
                ),
                "add both",
            );
            return;
        };
        let key = (reference.value.clone(), sub.value.to_lowercase());
        if let Some((_, other)) = seen.iter().find(|(k, _)| *k == key) {
            self.diagnostics.push(
                Diagnostic::error(
                    code::RULE_DUPLICATE,
                    span,
                    format!("another rule leads to {} {} already (OUT-05)", reference.value, sub.value),
                )
                .related(*other, "the other rule")
                .help("remove one of the two")
                .refused(),
            );
            return;
        }
        seen.push((key.clone(), span));
        let Some((proxied, mut target)) = self.connection_target(reference, &sub.value, sub.span) else {
            return;
        };
        if self.is_gateway(&reference.value) && !is_bridge_frontend(&sub.value) {
            target.refused.get_or_insert_with(|| {
                format!("a managed network accepts only the frontend name {BRIDGE_FRONTEND} (AGW-05)")
            });
        }
        match self.managed_target(reference) {
            ManagedTarget::Supported => {}
            ManagedTarget::Refused(what) => {
                let why = format!("a managed network makes no private endpoint to {what} (MPE-07)");
                target.refused.get_or_insert(why);
            }
            ManagedTarget::Unclear(what) => {
                let text = format!("whether {} works is not documented: it leads to {what} (MPE-07)", origin);
                let scope = UnmodelledScope::Elements([origin.name.clone()].into_iter().collect());
                self.plane.unmodelled.push(Unmodelled::new(origin.clone(), text, scope));
            }
        }
        let pending = closed_by(rule.connection_status.value);
        let closed = match (&inactive, &target.refused, &pending) {
            (Some(status), ..) => Some((Reason::PeInactive, format!("its status is {status}"))),
            (_, Some(why), _) => Some((Reason::PeInactive, format!("the platform cannot activate it: {why}"))),
            (_, _, Some((reason, why))) => Some((*reason, why.clone())),
            _ => None,
        };
        let own = proxied.is_none() && !self.is_gateway(&reference.value);
        if let (true, true, Some(why)) = (own, target.untold, &target.refused) {
            let text = format!("rule `{}` leads to `{}`: {why}", origin.name, reference.value);
            self.error(code::MISSING_KEY, reference.span, text, "add what is missing to the service");
        } else if let Some(why) = target.refused.as_ref().filter(|_| own) {
            self.diagnostics.push(
                Diagnostic::error(code::PE_SKU, reference.span, format!("rule `{}` is refused: {why}", origin.name))
                    .help("change the target, or remove the rule")
                    .refused(),
            );
        }
        let aliases = self.aliases(rule, &reference.value);
        let declared: Vec<IpAddr> = rule.ip_addresses.iter().map(|a| a.value).collect();
        self.managed_endpoint(
            workspace,
            origin,
            key,
            proxied,
            &target,
            declared,
            closed,
            setting_of(rule, rule.connection_status.span.or(rule.status.as_ref().map(|s| s.span))),
            aliases,
        );
    }

    /// Whether managed networks make private endpoints to something (MPE-07).
    fn managed_target(&self, reference: &Reference) -> ManagedTarget {
        if self.estate.private_link_services.get(&reference.value).is_some() {
            return ManagedTarget::Refused("a private link service".to_owned());
        }
        let Some(service) = self.estate.services.get(&reference.value) else { return ManagedTarget::Supported };
        let kind = &service.value.type_.value;
        match kind.to_lowercase().as_str() {
            "microsoft.web/sites" => ManagedTarget::Unclear(kind.clone()),
            known if MANAGED_TARGETS.contains(&known) => ManagedTarget::Supported,
            _ => ManagedTarget::Refused(kind.clone()),
        }
    }

    fn is_gateway(&self, name: &str) -> bool {
        self.estate.application_gateways.get(name).is_some()
    }

    /// Names of an application gateway rule (AGW-10, MPE-11).
    fn aliases(&mut self, rule: &OutboundRule, target: &str) -> Vec<Fqdn> {
        let mut aliases = Vec::new();
        for text in &rule.fqdns {
            if !self.is_gateway(target) {
                self.diagnostics.push(Diagnostic::warning(
                    code::IGNORED,
                    text.span,
                    "fqdns has an effect only on application gateway rules (MPE-11)",
                ));
                continue;
            }
            match text.value.parse::<Fqdn>() {
                Ok(name) if name.labels().count() >= 3 => aliases.push(name),
                Ok(name) => self.diagnostics.push(
                    Diagnostic::error(
                        code::ALIAS_LABELS,
                        text.span,
                        format!("alias `{name}` has fewer than three labels (AGW-10)"),
                    )
                    .help("use a name such as app.corp.example.com")
                    .refused(),
                ),
                Err(error) => self.diagnostics.push(Diagnostic::error(code::VALUE, text.span, error.to_string())),
            }
        }
        aliases
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of one endpoint")]
    fn managed_endpoint(
        &mut self,
        workspace: &str,
        origin: &Origin,
        key: (String, String),
        proxied: Option<ConnectionTarget>,
        target: &super::Target,
        declared: Vec<IpAddr>,
        closed: Option<(Reason, String)>,
        settings: (Setting<bool>, Option<Span>),
        aliases: Vec<Fqdn>,
    ) {
        let Some(segment) = self.managed.get(workspace).map(|m| m.segment) else {
            return;
        };
        let members = target.members.max(1);
        let mut addresses = declared;
        addresses.truncate(members);
        while addresses.len() < members {
            let Some(address) = self.free_address(segment) else { break };
            addresses.push(address);
        }
        if closed.is_none()
            && let Some(target) = self.targets.get_mut(&key)
        {
            target.active = true;
        }
        self.managed_names.push(ManagedName {
            workspace: workspace.to_owned(),
            origin: origin.clone(),
            addresses: addresses.clone(),
            target: Some(key),
            aliases,
            closed: closed.as_ref().map(|(r, _)| *r),
        });
        let made = PrivateEndpoint {
            managed: true,
            filtered: false,
            filtering_undeclared: false,
            connection: Connection { closed, span: settings.1 },
            target: proxied.unwrap_or_else(|| ConnectionTarget::Doors(members_of(target, &addresses))),
            limited_clients: settings.0,
        };
        self.plane.add_endpoint(endpoint(origin.clone(), Some(segment), addresses, Role::PrivateEndpoint(made)));
    }

    /// HUB-TAG-02, HUB-TAG-03.
    fn tag_rule(&mut self, workspace: &str, origin: Origin, rule: &OutboundRule, span: Span, inactive: Option<String>) {
        let mut to = Matcher::default();
        if rule.address_prefixes.is_empty() {
            match &rule.service_tag {
                // The managed network itself, with the private endpoints in it (HUB-TAG-06).
                Some(tag) if tag.value.eq_ignore_ascii_case("VirtualNetwork") => {
                    let own = self.managed.get(workspace).map(|m| &self.plane.networks.get(m.network).prefixes);
                    to.addresses = own.into_iter().flatten().copied().collect();
                }
                Some(tag) if tag.value.eq_ignore_ascii_case("Internet") => to.internet = true,
                Some(tag) => match self.tag_prefixes(&tag.value) {
                    Some(prefixes) => to.known_tags.push((tag.value.clone(), prefixes.into_iter().collect())),
                    None => {
                        self.check_tag(&tag.value, tag.span);
                        to.tags.push(tag.value.clone());
                    }
                },
                None => self.error(
                    code::MISSING_KEY,
                    span,
                    format!("service tag rule `{}` needs service_tag or address_prefixes (HUB-TAG-02)", origin.name),
                    "add service_tag",
                ),
            }
        } else {
            to.addresses = rule.address_prefixes.iter().map(|p| p.value).collect();
        }
        let protocol = rule.protocol.as_ref().map_or(Protocol::Any, |p| protocol(p.value));
        let ports = rule.port_ranges.as_ref().map_or_else(PortSet::all, |p| p.value.clone());
        let matches = EgressMatch::Address { to, protocol, ports };
        self.egress(
            workspace,
            EgressRule { origin, allow: rule.action.value == Access::Allow, matches, inactive, void: None },
        );
    }

    /// FQDN-02, FQDN-03, FQDN-05; a comma-separated text names several (FQDN-04).
    fn fqdn_rule(&mut self, workspace: &str, origin: &Origin, rule: &OutboundRule, span: Span, inactive: Option<&str>) {
        let Some(text) = &rule.destination_fqdn else {
            self.error(
                code::MISSING_KEY,
                span,
                format!("FQDN rule `{}` needs destination_fqdn (FQDN-03)", origin.name),
                "add destination_fqdn",
            );
            return;
        };
        let ports = PortSet::of([80, 443].map(|p| crate::net::PortRange { first: p, last: p }));
        for part in text.value.split(',') {
            match part.trim().parse::<FqdnPattern>() {
                Ok(pattern) => {
                    let void = Some(storage_hosts());
                    let matches = EgressMatch::Name(pattern, ports.clone());
                    self.egress(
                        workspace,
                        EgressRule {
                            origin: origin.clone(),
                            allow: true,
                            matches,
                            inactive: inactive.map(str::to_owned),
                            void,
                        },
                    );
                }
                Err(error) => self.diagnostics.push(Diagnostic::error(code::VALUE, text.span, error.to_string())),
            }
        }
    }

    fn egress(&mut self, workspace: &str, rule: EgressRule) {
        let Some(network) = self.managed.get(workspace).map(|m| m.network) else {
            return;
        };
        if let Some(egress) = &mut self.plane.networks.get_mut(network).egress {
            egress.rules.push(rule);
        }
    }

    /// Rules the platform adds by itself (ISO-04, MPE-02, HUB-TAG-01), when the file lists none of them.
    fn required_rules(&mut self, name: &str, workspace: &MachineLearningWorkspace, network: &ManagedNetwork) {
        let estate = self.estate;
        let mode = network.isolation_mode.value;
        if mode == IsolationMode::Disabled {
            return;
        }
        let approved_only = mode == IsolationMode::AllowOnlyApprovedOutbound;
        let provisioned = self.managed.get(name).is_some_and(|m| m.provisioned);
        let inactive = (!provisioned).then(|| "Inactive: the managed network is not provisioned".to_owned());
        let private = |service: &str| estate.services.get(service).is_some_and(|s| !s.value.public_access().value);
        let mut wanted = vec![(name.to_owned(), "amlworkspace", !workspace.public_network_access_enabled.value)];
        if let Some(storage) = &workspace.storage_account {
            wanted.extend(["blob", "file"].map(|s| (storage.value.clone(), s, private(&storage.value))));
        }
        for (reference, sub) in [(&workspace.key_vault, "vault"), (&workspace.container_registry, "registry")] {
            wanted.extend(reference.iter().map(|r| (r.value.clone(), sub, private(&r.value))));
        }
        let existing: Vec<_> =
            self.managed_names.iter().filter(|m| m.workspace == name).filter_map(|m| m.target.clone()).collect();
        for (service, sub, closed_to_public) in wanted {
            let key = (service.clone(), sub.to_owned());
            let Some(target) = self.targets.get(&key).cloned() else {
                continue;
            };
            if !(approved_only || closed_to_public) || existing.contains(&key) {
                continue;
            }
            let origin = Origin::new("outbound_rule", format!("__SYS_PE_{service}_{sub}"), network.isolation_mode.span);
            let closed = match (&inactive, &target.refused) {
                (Some(status), _) => Some((Reason::PeInactive, format!("its status is {status}"))),
                (_, Some(why)) => Some((Reason::PeInactive, why.clone())),
                _ => None,
            };
            let spark = Setting { value: matches!(sub, "amlworkspace" | "blob" | "file"), span: None };
            self.managed_endpoint(name, &origin, key, None, &target, Vec::new(), closed, (spark, None), Vec::new());
        }
        // The tag of the registry is that of the hub's own region, where one is declared.
        let region = self.region(workspace.location.as_ref()).map_or_else(String::new, |r| format!(".{r}"));
        for (rule, tag, protocol, ports) in REQUIRED_TAGS.iter().filter(|_| approved_only) {
            let (rule, tag) = (rule.replace("{region}", &region), tag.replace("{region}", &region));
            let to = match self.tag_prefixes(&tag) {
                Some(prefixes) => {
                    Matcher { known_tags: vec![(tag, prefixes.into_iter().collect())], ..Matcher::default() }
                }
                None => Matcher { tags: vec![tag], ..Matcher::default() },
            };
            let matches = EgressMatch::Address {
                to,
                protocol: *protocol,
                ports: ports.parse().unwrap_or_else(|_| PortSet::all()),
            };
            let origin = Origin::new("outbound_rule", rule, network.isolation_mode.span);
            self.egress(name, EgressRule { origin, allow: true, matches, inactive: inactive.clone(), void: None });
        }
    }
}

fn setting_of(rule: &OutboundRule, state: Option<Span>) -> (Setting<bool>, Option<Span>) {
    (Setting { value: rule.spark_enabled.value, span: rule.spark_enabled.span }, state)
}

/// FQDN-05: storage hosts, by whatever pattern a rule names them, except the one of the documented editor list.
fn storage_hosts() -> Void {
    let parts = ["blob", "file", "queue", "table", "dfs"];
    let clouds = ["core.windows.net", "core.usgovcloudapi.net", "core.chinacloudapi.cn"];
    let under = clouds.iter().flat_map(|c| parts.iter().map(move |p| format!("{p}.{c}")));
    Void {
        reason: Reason::EgressStorageFqdn,
        under: under.filter_map(|n| n.parse().ok()).collect(),
        except: "vscode.blob.core.windows.net".parse().into_iter().collect(),
    }
}

/// A rule's protocol as filters know it (NSG-11).
pub(super) fn protocol(declared: RuleProtocol) -> Protocol {
    match declared {
        RuleProtocol::Any => Protocol::Any,
        RuleProtocol::Tcp => Protocol::Only(Transport::Tcp),
        RuleProtocol::Udp => Protocol::Only(Transport::Udp),
        RuleProtocol::Icmp => Protocol::Only(Transport::Icmp),
        RuleProtocol::Esp => Protocol::Other("Esp"),
        RuleProtocol::Ah => Protocol::Other("Ah"),
    }
}
