//! Firewalls of PaaS services: switches, rules, exceptions (PAAS-01 to PAAS-07, TRUST-02, TRUST-03, SE-09, SE-11).

use super::{
    Compiler, setting,
    trust::{REGISTRY, SEARCH, STORAGE, bypass_default},
};
use crate::{
    azure::{
        known_services::{ALL_OF_AZURE, KnownService, admits_all_of_azure},
        model::{
            network::Access,
            service::{Bypass, ConnectionStatus, NetworkRules, Service},
        },
    },
    dataplane::{CloudRule, EndpointPolicy, Gate, Id, Origin, Recognises, Resource, Setting},
    diag::{Diagnostic, Span, code},
    document::Spanned,
    net::{Prefix, is_public},
};
use std::collections::{BTreeMap, BTreeSet};

const APPS: &str = "microsoft.web/sites";
/// Types, or how they begin, whose rules lead from a first to a last address.
const RANGES: [&str; 4] = ["microsoft.sql/", "microsoft.dbfor", "microsoft.synapse/", "microsoft.cache/"];
pub(super) const DATABASES: &str = "microsoft.documentdb/databaseaccounts";

/// Whether an address rule of a type stands for every address of Azure (PAAS-04).
fn is_for_cloud(kind: &str, prefix: Prefix) -> bool {
    admits_all_of_azure(kind) && prefix == Prefix::host(ALL_OF_AZURE)
}

impl<'e> Compiler<'e> {
    /// The public firewall of a service (PAAS-01) with its exceptions (TRUST-02, TRUST-06).
    pub(super) fn gate(&mut self, name: &str, origin: &Origin, service: &Service, known: &KnownService) -> Gate {
        let rules = service.network_rules.as_ref();
        let kind = known.resource_type.to_lowercase();
        let (enabled, closed_by) = self.access(name, service, &kind);
        let mut gate = Gate {
            origin: origin.clone(),
            enabled,
            closed_by,
            default_allow: Setting { value: true, span: None },
            ordered: None,
            addresses: Vec::new(),
            recognises: Recognises::Everyone,
            segments: Vec::new(),
            instances: Vec::new(),
            bypass: bypass_default(&kind).map(|value| Setting { value, span: None }),
            bypass_rule: None,
            cloud: None,
            trust_unmodelled: false,
            trusted: self.trusted_by(&kind, None),
            perimeter: None,
            perimeter_only: service.secured_by_perimeter(),
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
        let (cloud, addresses): (Vec<_>, Vec<_>) = rules.ip_rules.iter().partition(|r| is_for_cloud(&kind, r.value));
        gate.cloud = cloud.first().map(|r| {
            let tag = Spanned { value: "AzureCloud".to_owned(), span: r.span };
            CloudRule { span: r.span, addresses: self.list(&[tag]) }
        });
        gate.addresses = addresses.into_iter().map(|r| (r.value, Some(r.span))).collect();
        for reference in &rules.virtual_network_subnets {
            if let Some(segment) = self.subnet(reference) {
                gate.segments.push((segment, reference.span));
            }
        }
        gate.instances = self.instances(&kind, origin, rules);
        if let Some(bypass) = &rules.bypass {
            let on = bypass.iter().any(|b| b.value == Bypass::AzureServices);
            gate.trust_unmodelled = bypass_default(&kind).is_none() && on;
            if gate.trust_unmodelled {
                self.diagnostics.push(
                    Diagnostic::warning(
                        code::IGNORED,
                        bypass.first().map(|b| b.span),
                        format!("whom {origin} trusts is not modelled"),
                    )
                    .help("calls that may rely on the bypass come out unknown"),
                );
            }
            let span = bypass.first().map(|b| b.span).or(rules.default_action.span);
            // Search is documented to have the exception beside selected addresses; the walk-through of a secured hub uses
            // it while everything else is closed.
            let closed = kind == SEARCH && !gate.enabled.value;
            let chosen = self.estate.assumptions.as_ref().is_none_or(|a| a.search_bypass_while_closed.value);
            gate.bypass_rule = (closed && on).then_some("A-9");
            gate.bypass = Some(Setting { value: on && (!closed || chosen), span });
        }
        if let Some(subnet) = rules.virtual_network_subnets.first().filter(|_| kind == REGISTRY) {
            gate.bypass_rule = Some("SE-09");
            gate.bypass = Some(Setting { value: false, span: Some(subnet.span) });
        }
        gate
    }

    /// Whether the public endpoint takes traffic: as declared, or as the type decides when nothing is (APP-05,
    /// COSMOS-01, COSMOS-02). For every other type an endpoint closes nothing (PE-16, SQL-01). With the rule by which an
    /// endpoint closes it, if one does.
    fn access(&mut self, name: &str, service: &Service, kind: &str) -> (Setting<bool>, Option<&'static str>) {
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
            return (setting(&service.public_access()), None);
        }
        // Rules are those for addresses and subnets; a default action is none.
        let rules = service.network_rules.as_ref();
        let ruled = rules.is_some_and(|r| !r.ip_rules.is_empty() || !r.virtual_network_subnets.is_empty());
        // What an app leaves unset a declaration decides; a database's endpoint closes it even so.
        let (rule, sub) = match kind {
            APPS if switch.span.is_none() => ("APP-05", Some("sites")),
            DATABASES if !ruled => ("COSMOS-01", None),
            _ => return (setting(switch), None),
        };
        match self.approved_endpoint(name, sub) {
            Some(span) if switch.value => (Setting { value: false, span: Some(span) }, Some(rule)),
            _ => (setting(switch), None),
        }
    }

    /// Where a connection to a service is approved, if one is; to this sub-resource, if it matters. Who made it does not:
    /// managed networks and other services have endpoints, too (MPE-01, SPL-01).
    pub(super) fn approved_endpoint(&mut self, name: &str, sub: Option<&str>) -> Option<Span> {
        let estate = self.estate;
        if self.approved.is_none() {
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
            for (target, sub) in self.approved_rules() {
                approved.entry(&target.value).or_default().push((&sub.value, target.span));
            }
            let links = estate.services.iter().flat_map(|(_, s)| s.value.shared_private_links.iter());
            for link in links.map(|(_, l)| &l.value).filter(|l| l.status.value == ConnectionStatus::Approved) {
                approved.entry(&link.target.value).or_default().push((&link.group_id.value, link.target.span));
            }
            self.approved = Some(approved);
        }
        let fits = |named: &str| sub.is_none_or(|sub| named.eq_ignore_ascii_case(sub));
        self.approved.as_ref()?.get(name)?.iter().find(|(named, _)| fits(named)).map(|(_, span)| *span)
    }

    /// Whether a site takes public traffic, and what closes it if an endpoint does: unset, it does until it has an
    /// endpoint of its own (APP-05, APP-07).
    pub(super) fn site_access(
        &mut self,
        app: &str,
        sub: &str,
        declared: Setting<bool>,
    ) -> (Setting<bool>, Option<&'static str>) {
        match self.approved_endpoint(app, Some(sub)) {
            Some(span) if declared.span.is_none() => (Setting { value: false, span: Some(span) }, Some("APP-05")),
            _ => (declared, None),
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
                    let mut gateways = estate.application_gateways.iter();
                    if let Some((gateway, _)) = gateways.find(|(_, g)| g.value.subnet.value == full) {
                        let text = format!(
                            "subnet `{full}` of application gateway `{gateway}` cannot carry a service endpoint policy \
                             (AGW-20)"
                        );
                        let error = Diagnostic::error(code::CONFLICT, reference.span, text);
                        self.diagnostics.push(error.help("remove it").refused());
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
        // Rules from a first to a last address may hold any; private ones never match.
        let ranges = RANGES.iter().any(|r| kind.starts_with(r));
        for rule in &rules.ip_rules {
            let prefix = rule.value;
            let problem = if ranges || is_for_cloud(kind, prefix) {
                None
            } else if !is_public(prefix.network()) || !is_public(prefix.last()) {
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
}
