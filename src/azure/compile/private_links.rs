//! Private link services of the customer's own, and private links that services have to each other (PLS-01 to PLS-10,
//! SPL-01 to SPL-06).

use super::{Compiler, Target, machines::endpoint, private_endpoints::closed_by};
use crate::{
    azure::model::{
        network::Sku,
        private_link::PrivateLinkService,
        service::{ConnectionStatus, ExecutionEnvironment},
    },
    dataplane::{Connection, ConnectionTarget, Endpoint, Id, Origin, Role, SharedLink},
    diag::{Diagnostic, code},
    document::Entry,
    net::Fqdn,
};

/// What a search service can link to: resource type and sub-resource (SPL-03).
const LINKABLE: &[(&str, &[&str])] = &[
    ("microsoft.storage/storageaccounts", &["blob", "table", "dfs", "file"]),
    ("microsoft.documentdb/databaseaccounts", &["sql"]),
    ("microsoft.sql/servers", &["sqlserver"]),
    ("microsoft.keyvault/vaults", &["vault"]),
    ("microsoft.dbformysql/servers", &["mysqlserver"]),
    ("microsoft.web/sites", &["sites"]),
    ("microsoft.sql/managedinstances", &["managedinstance"]),
    ("microsoft.cognitiveservices/accounts", &["openai_account", "cognitiveservices_account"]),
];

/// Sub-resources that only shared private links know: the one they are part of, and the label that its names share.
const PARTS: &[(&str, &str, &str)] =
    &[("openai_account", "account", "openai"), ("cognitiveservices_account", "account", "cognitiveservices")];

impl Compiler<'_> {
    /// Each service sends from an address of the provider's network; the first one stands for all (PLS-03).
    pub(super) fn private_link_services(&mut self) {
        let estate = self.estate;
        for (name, entry) in estate.private_link_services.iter() {
            let service = &entry.value;
            let front = &service.load_balancer_frontend;
            let frontends = self.frontends.clone();
            let frontend = self.find("load balancer frontend", front, &frontends);
            let balancer = front.value.split_once('/').and_then(|(b, _)| estate.load_balancers.get(b));
            if balancer.is_some_and(|b| b.value.sku.value == Sku::Basic) {
                self.error(
                    code::CONFLICT,
                    front.span,
                    format!("private link service `{name}` needs a Standard load balancer (PLS-01)"),
                    "use the Standard SKU",
                );
            }
            let nat = self.translation_endpoints(name, entry);
            let Some(frontend) = frontend.filter(|_| !nat.is_empty()) else { continue };
            let Some(address) = self.plane.endpoints.get(frontend).addresses.first().copied() else { continue };
            if nat.iter().any(|n| self.plane.network_of(frontend) != self.plane.network_of(*n)) {
                let text =
                    format!("private link service `{name}` translates in another network than its frontend's (PLS-03)");
                self.error(code::PLACEMENT, entry.span, text, "use subnets of the frontend's network");
            }
            let both = (service.enable_proxy_protocol.value, service.backend_accepts_proxy_protocol.value);
            let broken = match both {
                (true, false) => Some("it puts a proxy header before connections, which its backends do not expect"),
                (false, true) => Some("its backends expect a proxy header that it does not send"),
                _ => None,
            };
            self.link_services.insert(
                name.to_owned(),
                ConnectionTarget::Service {
                    nat,
                    frontend: address,
                    origin: Origin::new("private_link_service", name, entry.span),
                    broken: broken.map(str::to_owned),
                },
            );
        }
    }

    /// The addresses a connection may come from at the provider, by configuration (PLS-03).
    fn translation_endpoints(&mut self, name: &str, entry: &Entry<PrivateLinkService>) -> Vec<Id<Endpoint>> {
        let mut all = Vec::new();
        for (configuration, declared) in entry.value.nat_ip_configurations.iter() {
            let subnet = &declared.value.subnet;
            let Some(segment) = self.subnet(subnet) else { continue };
            let policies = subnet
                .value
                .split_once('/')
                .and_then(|(v, s)| self.estate.virtual_networks.get(v)?.value.subnets.get(s));
            if let Some(on) =
                policies.map(|s| &s.value.private_link_service_network_policies_enabled).filter(|p| p.value)
            {
                self.diagnostics.push(
                    Diagnostic::error(
                        code::PLC_SUBNET,
                        on.span.unwrap_or(subnet.span),
                        format!("`{}` has private-link-service network policies on (PLS-09)", subnet.value),
                    )
                    .help("set private_link_service_network_policies_enabled to false on it")
                    .refused(),
                );
            }
            let address = match &declared.value.private_ip_address {
                Some(address) => Some(address.value),
                None => self.free_address(segment),
            };
            let origin = Origin::new("nat_ip_configuration", format!("{name}/{configuration}"), declared.span);
            let address = address.into_iter().collect();
            let id = self.plane.add_endpoint(endpoint(origin, Some(segment), address, Role::Router));
            if declared.value.private_ip_address.is_none() {
                self.anywhere(id);
            }
            if self.undelegated(subnet, "an address of a private link service") {
                self.refuse(id);
            }
            all.push(id);
        }
        if all.is_empty() {
            self.error(
                code::MISSING_KEY,
                entry.span,
                format!("private link service `{name}` has no address to translate to (PLS-03)"),
                "add one to nat_ip_configurations",
            );
        }
        all
    }

    /// What a private endpoint to a private link service leads to; such a target has no names (PLS-08).
    pub(super) fn link_service_target(&self, name: &str) -> Option<(Option<ConnectionTarget>, Target)> {
        let target = self.link_services.get(name)?.clone();
        Some((Some(target), Target { members: 1, ..Target::default() }))
    }

    /// Links of search services, to pairs that support them (SPL-03).
    pub(super) fn shared_private_links(&mut self) {
        let estate = self.estate;
        let names = self.resources.clone();
        for (name, entry) in estate.services.iter() {
            let Some(own) = self.resources.get(name).copied() else { continue };
            for (link, declared) in entry.value.shared_private_links.iter() {
                if !entry.value.type_.value.eq_ignore_ascii_case("Microsoft.Search/searchServices") {
                    let text = format!("`{name}` is no search service and has no shared private links (SPL-01)");
                    self.error(code::CONFLICT, declared.span, text, "remove shared_private_links");
                    continue;
                }
                let Some(target) = self.find("service", &declared.value.target, &names) else { continue };
                let kind = self.plane.resources.get(target).kind.to_lowercase();
                let group = declared.value.group_id.value.to_lowercase();
                if !LINKABLE.iter().any(|(k, groups)| *k == kind && groups.contains(&group.as_str())) {
                    let text = format!("shared private link `{link}` names a pair that is not supported (SPL-03)");
                    self.diagnostics.push(
                        Diagnostic::error(code::UNSUPPORTED_TARGET, declared.value.group_id.span, text)
                            .help("see the supported targets of shared private links")
                            .refused(),
                    );
                    continue;
                }
                let status = &declared.value.status;
                let part = PARTS.iter().find(|(part, ..)| *part == group);
                let key = (
                    declared.value.target.value.clone(),
                    part.map_or(group.as_str(), |(_, whole, _)| *whole).to_owned(),
                );
                let mut carried = Vec::new();
                if let Some(target) = self.targets.get_mut(&key) {
                    // It is a connection like any other: the alias comes with it (DNS-08).
                    target.active |= status.value == ConnectionStatus::Approved;
                    target.requested |= status.value == ConnectionStatus::Pending;
                    let fits = |name: &Fqdn| part.is_none_or(|(.., label)| name.labels().nth(1) == Some(label));
                    carried.extend(target.names.iter().map(|n| n.public.clone()).filter(fits));
                }
                let made = SharedLink {
                    origin: Origin::new("shared_private_link", link, declared.span),
                    target,
                    names: carried,
                    connection: Connection { closed: closed_by(status.value), span: status.span },
                    usable: entry.value.execution_environment.value == ExecutionEnvironment::Private,
                };
                self.plane.resources.get_mut(own).shared_links.push(made);
            }
        }
    }
}
