//! Firewalls of PaaS services: switches, rules, exceptions, perimeters (PAAS-01 to PAAS-07, TRUST-01 to TRUST-13, NSP-01
//! to NSP-07).

use super::{Compiler, setting};
use crate::{
    azure::{
        known_services::KnownService,
        model::{
            network::Access,
            private_link::PerimeterMode,
            service::{Bypass, ConnectionStatus, IdentityType, NetworkRules, PublicNetworkAccess, Service},
        },
    },
    dataplane::{
        Client, ClientKind, Door, EndpointPolicy, Gate, Id, Origin, Outbound, Perimeter, Recognises, Resolver,
        Resource, Setting,
    },
    diag::{Diagnostic, Span, code},
    document::Spanned,
    net::is_public,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

const STORAGE: &str = "microsoft.storage/storageaccounts";
const VAULT: &str = "microsoft.keyvault/vaults";
const REGISTRY: &str = "microsoft.containerregistry/registries";
const ACCOUNTS: &str = "microsoft.cognitiveservices/accounts";
const SEARCH: &str = "microsoft.search/searchservices";
const WORKSPACES: &str = "microsoft.machinelearningservices/workspaces";

/// Types on storage's list that need no identity, in the same tenant (TRUST-05). Namespaces stand for all their types.
const STORAGE_TENANT: &[&str] = &[
    "microsoft.recoveryservices",
    "microsoft.databox",
    "microsoft.kusto",
    "microsoft.devtestlab",
    "microsoft.eventgrid",
    "microsoft.eventhub",
    "microsoft.storagesync",
    "microsoft.hdinsight",
    "microsoft.importexport",
    "microsoft.insights",
    "microsoft.network",
    "microsoft.siterecovery",
];

/// Types on storage's list that call with a managed identity (TRUST-06).
const STORAGE_IDENTITY: &[&str] = &[
    "microsoft.agfoodplatform/farmbeats",
    "microsoft.apimanagement/service",
    "microsoft.autonomoussystems/workspaces",
    "microsoft.cache/redis",
    SEARCH,
    ACCOUNTS,
    "microsoft.costmanagementexports",
    "microsoft.databricks/accessconnectors",
    "microsoft.datafactory/factories",
    "microsoft.kusto/clusters",
    "microsoft.dataprotection/backupvaults",
    "microsoft.datashare/accounts",
    "microsoft.dbforpostgresql",
    "microsoft.deviceregistry/schemaregistries",
    "microsoft.devices/iothubs",
    "microsoft.devtestlab/labs",
    "microsoft.eventgrid",
    "microsoft.fabric",
    "microsoft.healthcareapis",
    "microsoft.iotcentral/iotapps",
    "microsoft.keyvault/managedhsms",
    "microsoft.logic/integrationaccounts",
    "microsoft.logic/workflows",
    "microsoft.machinelearning/registries",
    "microsoft.machinelearningservices",
    "microsoft.media/mediaservices",
    "microsoft.migrate/migrateprojects",
    "microsoft.network/expressrouteports",
    "microsoft.powerplatform/enterprisepolicies",
    "microsoft.projectarcadia/workspaces",
    "microsoft.projectbabylon/accounts",
    "microsoft.purview/accounts",
    "microsoft.recoveryservices/vaults",
    "microsoft.security/datascanners",
    "microsoft.singularity/accounts",
    "microsoft.storageactions/storagetasks",
    "microsoft.sql/servers",
    "microsoft.streamanalytics",
    "microsoft.synapse/workspaces",
    "microsoft.videoindexer/accounts",
];

/// Key Vault's list, as resource types (TRUST-09).
const VAULT_LIST: &[&str] = &[
    "microsoft.apimanagement/service",
    "microsoft.network/applicationgateways",
    "microsoft.recoveryservices/vaults",
    "microsoft.dataprotection/backupvaults",
    "microsoft.batch/batchaccounts",
    "microsoft.botservice/botservices",
    "microsoft.cdn/profiles",
    REGISTRY,
    "microsoft.datafactory/factories",
    "microsoft.datalakestore/accounts",
    "microsoft.agfoodplatform/farmbeats",
    "microsoft.dbformysql/servers",
    "microsoft.dbformysql/flexibleservers",
    "microsoft.dbforpostgresql/servers",
    "microsoft.dbforpostgresql/flexibleservers",
    "microsoft.databricks/workspaces",
    "microsoft.compute/diskencryptionsets",
    "microsoft.compute/disks",
    "microsoft.eventhub/namespaces",
    "microsoft.network/expressrouteports",
    "microsoft.network/firewallpolicies",
    "microsoft.network/frontdoors",
    "microsoft.importexport/jobs",
    WORKSPACES,
    "microsoft.insights/components",
    "microsoft.netapp/netappaccounts",
    "microsoft.resources/deployments",
    "microsoft.servicebus/namespaces",
    "microsoft.sql/servers",
    STORAGE,
    "microsoft.synapse/workspaces",
    "microsoft.purview/accounts",
    "microsoft.powerplatform/enterprisepolicies",
];

/// A registry's list: with a managed identity, and without any (TRUST-10).
const REGISTRY_IDENTITY: &[&str] = &["microsoft.containerinstance/containergroups", WORKSPACES];
const REGISTRY_ANY: &[&str] = &["microsoft.security/pricings", REGISTRY];

impl<'e> Compiler<'e> {
    /// The public firewall of a service (PAAS-01) with its exceptions (TRUST-02, TRUST-06).
    pub(super) fn gate(&mut self, name: &str, origin: &Origin, service: &Service, known: &KnownService) -> Gate {
        let rules = service.network_rules.as_ref();
        let kind = known.resource_type.to_lowercase();
        let mut gate = Gate {
            origin: origin.clone(),
            enabled: self.access(name, service, &kind),
            default_allow: Setting { value: true, span: None },
            ordered: None,
            addresses: Vec::new(),
            recognises: Recognises::Everyone,
            segments: Vec::new(),
            instances: Vec::new(),
            bypass: bypass_default(&kind).map(|value| Setting { value, span: None }),
            bypass_assumed: None,
            trusted: self.trusted_by(&kind),
            perimeter: None,
            perimeter_only: service
                .public_network_access
                .as_ref()
                .is_some_and(|a| a.value == PublicNetworkAccess::SecuredByPerimeter),
            service_tag: None,
            unsupported: None,
            rules: &["PAAS-01", "HUB-04"],
        };
        if kind == "microsoft.storage/storageaccounts" {
            gate.recognises = Recognises::Outside(self.region(service.location.as_ref()));
        }
        let Some(rules) = rules else { return gate };
        gate.default_allow =
            Setting { value: rules.default_action.value == Access::Allow, span: rules.default_action.span };
        self.check_address_rules(&kind, rules);
        gate.addresses = rules.ip_rules.iter().map(|r| (r.value, Some(r.span))).collect();
        for reference in &rules.virtual_network_subnets {
            if let Some(segment) = self.subnet(reference) {
                gate.segments.push((segment, reference.span));
            }
        }
        let names = std::mem::take(&mut self.resources);
        for reference in &rules.private_link_access {
            if let Some(resource) = self.find("service or workspace", reference, &names) {
                gate.instances.push((resource, reference.span));
            }
        }
        self.resources = names;
        if let Some(bypass) = &rules.bypass {
            let on = bypass.iter().any(|b| b.value == Bypass::AzureServices);
            if bypass_default(&kind).is_none() && on {
                self.diagnostics.push(
                    Diagnostic::warning(
                        code::IGNORED,
                        bypass.first().map(|b| b.span),
                        format!("whom {} trusts is not modelled; the bypass admits nobody here", origin),
                    )
                    .help("calls that rely on it come out blocked, not private"),
                );
            }
            let span = bypass.first().map(|b| b.span).or(rules.default_action.span);
            // Search is documented to have the exception beside selected addresses; the walk-through of a secured hub uses
            // it while everything else is closed.
            let closed = kind == SEARCH && !gate.enabled.value;
            let chosen = self.estate.assumptions.as_ref().is_none_or(|a| a.search_bypass_while_closed.value);
            gate.bypass_assumed = (closed && on).then_some("A-9");
            gate.bypass = Some(Setting { value: on && (!closed || chosen), span });
        }
        gate
    }

    /// Whether the public endpoint takes traffic: as declared, or as the type decides when nothing is (APP-05,
    /// COSMOS-01, COSMOS-02). For every other type an endpoint closes nothing (PE-16, SQL-01).
    fn access(&mut self, name: &str, service: &Service, kind: &str) -> Setting<bool> {
        let switch = &service.public_network_access_enabled;
        if let Some(access) = &service.public_network_access {
            if switch.span.is_some() {
                self.error(
                    code::CONFLICT,
                    access.span,
                    format!("`{name}` has both public_network_access and public_network_access_enabled"),
                    "keep one of the two",
                );
            }
            return Setting { value: access.value == PublicNetworkAccess::Enabled, span: Some(access.span) };
        }
        let ruled = service.network_rules.as_ref().is_some_and(|r| {
            !r.ip_rules.is_empty() || !r.virtual_network_subnets.is_empty() || r.default_action.span.is_some()
        });
        let closes = match kind {
            "microsoft.web/sites" => true,
            "microsoft.documentdb/databaseaccounts" => !ruled,
            _ => false,
        };
        match self.approved_endpoint(name, (kind == "microsoft.web/sites").then_some("sites")) {
            // What an app leaves unset a declaration decides; a database's endpoint closes it even so.
            Some(span) if closes && (switch.span.is_none() || kind != "microsoft.web/sites") => {
                Setting { value: false, span: Some(span) }
            }
            _ => setting(switch),
        }
    }

    /// Where a connection to a service is approved, if one is; to this sub-resource, if it matters.
    fn approved_endpoint(&mut self, name: &str, sub: Option<&str>) -> Option<Span> {
        let estate = self.estate;
        let approved = self.approved.get_or_insert_with(|| {
            let mut approved: BTreeMap<&str, Vec<(&str, Span)>> = BTreeMap::new();
            for (_, endpoint) in estate.private_endpoints.iter() {
                let connection = &endpoint.value.private_service_connection;
                let declared = connection.status.as_ref().map(|s| s.value == ConnectionStatus::Approved);
                let target = &connection.private_connection_resource;
                if declared.unwrap_or(!connection.is_manual_connection.value) {
                    let named = connection.subresource_names.first().map_or("", |n| n.value.as_str());
                    approved.entry(&target.value).or_default().push((named, target.span));
                }
            }
            approved
        });
        let fits = |named: &str| sub.is_none_or(|sub| named.eq_ignore_ascii_case(sub));
        approved.get(name)?.iter().find(|(named, _)| fits(named)).map(|(_, span)| *span)
    }

    /// Whether a site takes public traffic: unset, it does until it has an endpoint of its own (APP-05, APP-07).
    pub(super) fn site_access(&mut self, app: &str, sub: &str, declared: Setting<bool>) -> Setting<bool> {
        match self.approved_endpoint(app, Some(sub)) {
            Some(span) if declared.span.is_none() => Setting { value: false, span: Some(span) },
            _ => declared,
        }
    }

    /// What the service endpoints of subnets may reach (SE-11).
    pub(super) fn service_endpoint_policies(&mut self) {
        let estate = self.estate;
        let names = self.resources.clone();
        let mut policies: BTreeMap<&str, (Origin, BTreeSet<Id<Resource>>)> = BTreeMap::new();
        for (name, entry) in estate.service_endpoint_policies.iter() {
            let mut allowed = BTreeSet::new();
            for (definition, declared) in entry.value.definitions.iter() {
                let service = declared.value.service.as_ref();
                if let Some(service) = service.filter(|s| !s.value.eq_ignore_ascii_case("Microsoft.Storage")) {
                    let text = format!("`{}` of definition `{definition}` is not modelled (SE-11)", service.value);
                    let help = "leave it out; policies narrow Microsoft.Storage, and aliases admit the platform's own accounts";
                    self.error(code::NOT_MODELLED, service.span, text, help);
                    continue;
                }
                for reference in &declared.value.service_resources {
                    if reference.value.starts_with('/') {
                        let text =
                            format!("`{}`: whole groups and subscriptions are not modelled (SE-11)", reference.value);
                        self.error(code::NOT_MODELLED, reference.span, text, "name the storage accounts");
                        continue;
                    }
                    allowed.extend(self.find("service", reference, &names));
                }
            }
            policies.insert(name, (Origin::new("service_endpoint_policy", name, entry.span), allowed));
        }
        for (vnet, entry) in estate.virtual_networks.iter() {
            for (subnet, declared) in entry.value.subnets.iter() {
                let full = format!("{vnet}/{subnet}");
                for reference in &declared.value.service_endpoint_policies {
                    self.declared("service_endpoint_policy", reference, &estate.service_endpoint_policies);
                    let Some((origin, allowed)) = policies.get(reference.value.as_str()) else { continue };
                    let delegated = declared.value.delegation.as_ref();
                    if delegated.is_some_and(|d| d.value.eq_ignore_ascii_case("Microsoft.Web/serverFarms")) {
                        let text = format!("subnet `{full}` of apps cannot carry a service endpoint policy (SE-11)");
                        let error = Diagnostic::error(code::CONFLICT, reference.span, text);
                        self.diagnostics.push(error.help("remove it; use private endpoints for the apps").refused());
                    }
                    let Some(segment) = self.subnets.get(&full).copied() else { continue };
                    let policy = &mut self.plane.segments.get_mut(segment).endpoint_policy;
                    match policy {
                        Some(policy) => policy.allowed.extend(allowed),
                        None => {
                            *policy = Some(EndpointPolicy {
                                origin: origin.clone(),
                                tag: "Storage",
                                allowed: allowed.clone(),
                            });
                        }
                    }
                }
            }
        }
    }

    /// Address rules hold public addresses; storage refuses the longest prefixes (PAAS-04, STG-02).
    fn check_address_rules(&mut self, kind: &str, rules: &NetworkRules) {
        for rule in &rules.ip_rules {
            let prefix = rule.value;
            let problem = if !is_public(prefix.network()) || !is_public(prefix.last()) {
                Some((
                    "holds private addresses, which never reach the public endpoint (PAAS-04)",
                    "use a private endpoint, or a subnet rule",
                ))
            } else if kind == STORAGE && prefix.network().is_ipv4() && prefix.length() == 31 {
                Some((
                    "is refused by storage accounts, which take single addresses and prefixes up to /30 (STG-02)",
                    "name the addresses",
                ))
            } else {
                None
            };
            if let Some((what, help)) = problem {
                let error = Diagnostic::error(code::VALUE, rule.span, format!("{prefix} {what}"));
                self.diagnostics.push(error.help(help).refused());
            }
        }
    }

    /// Callers that a service type trusts: by type, and where its list asks for one, with an identity (TRUST-05, TRUST-06,
    /// TRUST-09, TRUST-10, TRUST-11, TRUST-12).
    fn trusted_by(&mut self, kind: &str) -> Arc<BTreeSet<Id<Resource>>> {
        let key = (kind.to_owned(), self.plane.resources.len());
        if let Some(known) = self.trusted.get(&key) {
            return known.clone();
        }
        let listed = |list: &[&str], kind: &str| {
            list.iter().any(|l| *l == kind || kind.split_once('/').is_some_and(|(namespace, _)| namespace == *l))
        };
        let trusts = |r: &Resource| {
            let caller = r.kind.to_lowercase();
            match kind {
                // Search reads blobs as itself only (TRUST-08).
                STORAGE if caller == SEARCH => r.own_identity,
                STORAGE => listed(STORAGE_TENANT, &caller) || listed(STORAGE_IDENTITY, &caller) && r.has_identity,
                VAULT => listed(VAULT_LIST, &caller),
                REGISTRY => listed(REGISTRY_ANY, &caller) || listed(REGISTRY_IDENTITY, &caller) && r.has_identity,
                ACCOUNTS => [WORKSPACES, ACCOUNTS, SEARCH].contains(&caller.as_str()) && r.has_identity,
                SEARCH => [WORKSPACES, ACCOUNTS].contains(&caller.as_str()) && r.has_identity,
                _ => false,
            }
        };
        let trusted: BTreeSet<_> = self.plane.resources.iter().filter(|(_, r)| trusts(r)).map(|(id, _)| id).collect();
        self.trusted.entry(key).or_insert_with(|| Arc::new(trusted)).clone()
    }

    /// Services of the platform that only call (TRUST-01).
    pub(super) fn platform_callers(&mut self) {
        let estate = self.estate;
        for (name, entry) in estate.platform_callers.iter() {
            let caller = &entry.value;
            let kind = caller.type_.value.to_lowercase();
            let known = [STORAGE_TENANT, STORAGE_IDENTITY, VAULT_LIST, REGISTRY_IDENTITY, REGISTRY_ANY].concat();
            let namespace = kind.split_once('/').map_or(kind.as_str(), |(n, _)| n);
            if !known.iter().any(|k| *k == kind || *k == namespace) {
                self.diagnostics.push(
                    Diagnostic::warning(
                        code::IGNORED,
                        caller.type_.span,
                        format!("no service is known to trust `{}`", caller.type_.value),
                    )
                    .help("its calls are admitted only where everybody, or its perimeter, is"),
                );
            }
            let resource = self.plane.resources.push(Resource {
                origin: Origin::new("platform_caller", name, entry.span),
                kind: caller.type_.value.clone(),
                names: Vec::new(),
                gate: None,
                has_identity: caller.identity.value != IdentityType::None,
                own_identity: caller.identity.value.is_own(),
                shared_links: Vec::new(),
                outbound: None,
            });
            let origin = Origin::new("platform_caller", name, entry.span);
            let client = Client {
                origin: origin.clone(),
                kind: ClientKind::Identity(resource),
                resolver: Resolver::Public,
                outside: None,
                absence: None,
                limited: false,
                unsupported: Vec::new(),
            };
            self.plane.clients.insert(&origin, client);
            if self.resources.insert(name.to_owned(), resource).is_some() {
                self.error(
                    code::CONFLICT,
                    entry.span,
                    format!("a service is named `{name}`, too"),
                    "references by name need distinct names",
                );
            }
        }
    }

    /// Perimeters act on the gates of the services in them (NSP-01, NSP-02, NSP-04).
    pub(super) fn perimeters(&mut self) {
        let estate = self.estate;
        let names = self.resources.clone();
        // Secured by a perimeter and in none, a service calls nobody (NSP-02).
        for (name, entry) in estate.services.iter() {
            let secured = entry.value.public_network_access.as_ref();
            let secured = secured.filter(|a| a.value == PublicNetworkAccess::SecuredByPerimeter);
            if let (Some(secured), Some(id)) = (secured, self.resources.get(name).copied()) {
                self.plane.resources.get_mut(id).outbound = Some(Outbound {
                    origin: Origin::new("service", name, secured.span),
                    names: Vec::new(),
                    members: BTreeSet::new(),
                });
            }
        }
        let mut doors: BTreeMap<Id<Resource>, Vec<Id<Door>>> = BTreeMap::new();
        self.plane.doors.iter().for_each(|(id, d)| doors.entry(d.resource).or_default().push(id));
        for (name, entry) in estate.network_security_perimeters.iter() {
            let mut inside = Vec::new();
            for (key, association) in entry.value.associations.iter() {
                let own = Spanned { value: key.to_owned(), span: association.span };
                let reference = association.value.resource.as_ref().unwrap_or(&own);
                let profile = self.declared("profile", &association.value.profile, &entry.value.profiles);
                if let (Some(resource), Some(profile)) = (self.find("service", reference, &names), profile) {
                    inside.push((resource, profile, association));
                }
            }
            let members: BTreeSet<_> = inside.iter().map(|(r, ..)| *r).collect();
            for (resource, profile, association) in inside {
                let enforced = association.value.access_mode.value == PerimeterMode::Enforced;
                // Learning allows what the rules do not, unless the perimeter alone decides (NSP-02, NSP-07).
                if enforced || self.plane.resources.get(resource).outbound.is_some() {
                    let names = self.names(&profile.outbound_fqdns);
                    let origin = Origin::new("network_security_perimeter", name, association.span);
                    self.plane.resources.get_mut(resource).outbound =
                        Some(Outbound { origin, names, members: members.clone() });
                }
                let perimeter = Perimeter {
                    origin: Origin::new("network_security_perimeter", name, association.span),
                    enforced: association.value.access_mode.value == PerimeterMode::Enforced,
                    addresses: profile.inbound_address_prefixes.iter().map(|p| p.value).collect(),
                    members: members.clone(),
                };
                for door in doors.get(&resource).into_iter().flatten().copied() {
                    self.plane.doors.get_mut(door).gate.perimeter = Some(perimeter.clone());
                }
                if let Some(gate) = &mut self.plane.resources.get_mut(resource).gate {
                    gate.perimeter = Some(perimeter);
                }
            }
        }
    }
}

/// Whether trusted services bypass a service's firewall when nothing is declared (TRUST-02, A-11).
fn bypass_default(kind: &str) -> Option<bool> {
    match kind {
        "microsoft.storage/storageaccounts"
        | "microsoft.keyvault/vaults"
        | "microsoft.containerregistry/registries" => Some(true),
        "microsoft.cognitiveservices/accounts" | "microsoft.search/searchservices" => Some(false),
        _ => None,
    }
}
