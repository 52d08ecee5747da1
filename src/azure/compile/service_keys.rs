//! Settings that only some types of service have (SQL-02, STG-05, SPL-02, COG-01, SRCH-01, ACR-01).

use super::{
    Compiler,
    trust::{ACCOUNTS, REGISTRY, SEARCH, STORAGE},
};
use crate::{
    azure::{known_services::KnownService, model::service::Service},
    diag::{Diagnostic, Span, code},
};

impl Compiler<'_> {
    /// Refuses what a type of service does not have, rather than to drop it.
    pub(super) fn foreign_keys(&mut self, name: &str, service: &Service, known: &KnownService) {
        let kind = known.resource_type.to_lowercase();
        let found: [(&str, Option<Span>, bool, &str); 4] = [
            ("connection_policy", service.connection_policy.span, kind.starts_with("microsoft.sql/"), "SQL-02"),
            ("account_kind", service.account_kind.as_ref().map(|k| k.span), kind == STORAGE, "STG-05"),
            ("execution_environment", service.execution_environment.span, kind == SEARCH, "SPL-02"),
            (
                "custom_subdomain_name",
                service.custom_subdomain_name.as_ref().map(|s| s.span),
                kind == ACCOUNTS,
                "COG-01",
            ),
        ];
        for (key, span, has, rule) in found {
            if let Some(span) = span.filter(|_| !has) {
                let text = format!("`{name}` is a {}, which has no `{key}` ({rule})", known.resource_type);
                let error = Diagnostic::error(code::CONFLICT, span, text);
                self.diagnostics.push(error.help(format!("remove `{key}`, or correct `type`")).refused());
            }
        }
        let rules = service.network_rules.as_ref();
        if let Some(subnet) = rules.and_then(|r| r.virtual_network_subnets.first()).filter(|_| kind == SEARCH) {
            let text = format!("`{name}` is a search service, which has address rules only (SRCH-01)");
            let help = "remove virtual_network_subnets; use a private endpoint for the subnet";
            self.diagnostics.push(Diagnostic::error(code::CONFLICT, subnet.span, text).help(help).refused());
        }
        self.open_registry(name, service, &kind);
    }

    /// Below Premium a registry is open to all networks, whatever is written beside (ACR-01, HUB-06).
    fn open_registry(&mut self, name: &str, service: &Service, kind: &str) {
        if !below_premium(service, kind) {
            return;
        }
        let access = service.public_access();
        let closed = access.span.filter(|_| !access.value);
        let ruled = service.network_rules.as_ref().and_then(|r| {
            let addresses = r.ip_rules.first().map(|p| p.span);
            addresses.or(r.virtual_network_subnets.first().map(|s| s.span))
        });
        if let Some(span) = closed.or(ruled) {
            let text = format!(
                "registry `{name}` is below Premium, so this acts on nothing: it is open to all networks (ACR-01)"
            );
            let help = "choose the Premium SKU, or remove what restricts its access";
            self.diagnostics.push(Diagnostic::warning(code::IGNORED, span, text).help(help));
        }
    }
}

/// Whether a service is a registry that cannot restrict who comes in (ACR-01, HUB-06).
pub(super) fn below_premium(service: &Service, kind: &str) -> bool {
    kind == REGISTRY && service.sku_name.as_ref().is_some_and(|s| !s.value.eq_ignore_ascii_case("Premium"))
}
