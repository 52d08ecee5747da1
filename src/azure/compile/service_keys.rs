//! Settings that only some types of service have (SQL-02, STG-05, SPL-02, COG-01, SRCH-01).

use super::{
    Compiler,
    gates::DATABASES,
    services::POSTGRES,
    trust::{ACCOUNTS, SEARCH, STORAGE},
};
use crate::{
    azure::{
        known_services::{ACCOUNT_KINDS, DATABASE_KINDS, KnownService, own_name_placeholders},
        model::service::Service,
    },
    diag::{Diagnostic, Span, code, nearest},
    document::Spanned,
};
use std::collections::BTreeSet;

impl Compiler<'_> {
    /// Refuses what a type of service does not have, rather than to drop it.
    pub(super) fn foreign_keys(&mut self, name: &str, service: &Service, known: &KnownService) {
        let kind = known.resource_type.to_lowercase();
        let found: [(&str, Option<Span>, bool, &str); 7] = [
            ("capabilities", service.capabilities.first().map(|c| c.span), kind == DATABASES, "COSMOS-03"),
            ("pgbouncer_enabled", service.pgbouncer_enabled.span, kind == POSTGRES, "PE-18"),
            ("connection_policy", service.connection_policy.span, kind.starts_with("microsoft.sql/"), "SQL-02"),
            ("kind", service.kind.as_ref().map(|k| k.span), kind == ACCOUNTS || kind == DATABASES, "COG-02"),
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
        let (kinds, of): (&[&str], _) = match kind.as_str() {
            ACCOUNTS => (&ACCOUNT_KINDS, "AI services account"),
            DATABASES => (&DATABASE_KINDS, "Cosmos DB account"),
            _ => (&[], ""),
        };
        let other = |k: &&Spanned<String>| !kinds.iter().any(|a| a.eq_ignore_ascii_case(&k.value));
        if let Some(unknown) = service.kind.as_ref().filter(|_| !kinds.is_empty()).filter(other) {
            let text = format!("`{}` is no kind of {of}", unknown.value);
            let near = nearest(&unknown.value, kinds.iter().copied());
            let help = near
                .map_or(format!("use a kind that Azure has, for example {}", kinds.first().unwrap_or(&of)), |n| {
                    format!("did you mean `{n}`?")
                });
            self.diagnostics.push(Diagnostic::error(code::VALUE, unknown.span, text).help(help));
        }
        self.foreign_name_values(name, service, known);
        let rules = service.network_rules.as_ref();
        if let Some(subnet) = rules.and_then(|r| r.virtual_network_subnets.first()).filter(|_| kind == SEARCH) {
            let text = format!("`{name}` is a search service, which has address rules only (SRCH-01)");
            let help = "remove virtual_network_subnets; use a private endpoint for the subnet";
            self.diagnostics.push(Diagnostic::error(code::CONFLICT, subnet.span, text).help(help).refused());
        }
    }

    /// Values that fill nothing in the names of a type would leave it without the name that was meant.
    fn foreign_name_values(&mut self, name: &str, service: &Service, known: &KnownService) {
        let own = own_name_placeholders();
        for (key, value) in service.name_values.iter() {
            if own.contains(&key) || known.sub_resources.iter().any(|s| s.takes_value(key)) {
                continue;
            }
            let suffixes = known.sub_resources.iter().flat_map(|s| s.open_suffixes());
            let placeholders = known.sub_resources.iter().flat_map(|s| s.placeholders());
            let keys: BTreeSet<&str> = suffixes.chain(placeholders).collect();
            let help = match (nearest(key, keys.iter().copied()), keys.len()) {
                (Some(near), _) => format!("did you mean `{near}`?"),
                (None, 0) => "remove it: the names of this type need no value".to_owned(),
                (None, _) => {
                    let keys: Vec<String> = keys.iter().map(|k| format!("`{k}`")).collect();
                    format!("its keys: {}", keys.join(", "))
                }
            };
            let text =
                format!("unknown key `{key}`: it fills nothing in the names of `{name}`, a {}", known.resource_type);
            self.diagnostics.push(Diagnostic::error(code::UNKNOWN_KEY, value.span, text).help(help));
        }
    }
}
