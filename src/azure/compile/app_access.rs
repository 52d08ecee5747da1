//! Gates of apps and their slots: rules by priority, for the main and the deployment site (APP-05, APP-06, APP-07).

use super::{Compiler, setting};
use crate::{
    azure::model::{
        app::{AccessRestriction, AppSlot},
        network::Access,
        service::Service,
    },
    dataplane::{Gate, GateRule, OrderedRules, Origin, Setting},
    diag::{Diagnostic, Span, code},
    document::{Entry, Map, Setting as Declared, Spanned},
};

/// Gates of a site: its main one, and the one of its deployment site where that is another.
pub(super) struct SiteGates {
    pub main: Gate,
    pub deployment: Gate,
}

impl Compiler<'_> {
    /// The gates of an app; `gate` holds what it shares with other services.
    pub(super) fn site_gates(&mut self, name: &str, service: &Service, gate: &Gate) -> SiteGates {
        let restricted = !service.ip_restrictions.is_empty()
            || !service.scm_ip_restrictions.is_empty()
            || service.ip_restriction_default_action.is_some();
        if let Some(rules) = service.network_rules.as_ref().filter(|_| restricted) {
            let text = format!("`{name}` has both ip_restrictions and network_rules");
            self.error(code::CONFLICT, rules.default_action.span, text, "keep ip_restrictions");
        }
        if gate.origin.kind == "service" && service.type_.value.to_lowercase() != "microsoft.web/sites" {
            let first = service.ip_restrictions.iter().chain(service.scm_ip_restrictions.iter()).map(|(_, e)| e.span);
            if let Some(span) = first.chain(service.slots.iter().map(|(_, e)| e.span)).next() {
                let text = format!("`{name}` is no app: it has neither access restrictions nor slots (APP-06, APP-07)");
                self.error(code::CONFLICT, span, text, "use network_rules");
            }
        }
        self.with_rules(
            name,
            "sites",
            gate,
            (&service.ip_restrictions, service.ip_restriction_default_action.as_ref()),
            (&service.scm_ip_restrictions, service.scm_ip_restriction_default_action.as_ref()),
            &service.scm_use_main_ip_restriction,
        )
    }

    /// The gates of a slot, which shares nothing with the app's own (APP-07).
    pub(super) fn slot_gates(&mut self, app: &str, slot: &str, entry: &Entry<AppSlot>, gate: &Gate) -> SiteGates {
        let declared = &entry.value;
        let mut own = gate.clone();
        own.origin = Origin::new("slot", format!("{app}/{slot}"), entry.span);
        own.default_allow = Setting { value: true, span: None };
        own.addresses.clear();
        own.segments.clear();
        (own.enabled, own.closed_by) =
            self.site_access(app, &format!("sites-{slot}"), setting(&declared.public_network_access_enabled));
        own.perimeter_only = false;
        self.with_rules(
            app,
            &format!("sites-{slot}"),
            &own,
            (&declared.ip_restrictions, declared.ip_restriction_default_action.as_ref()),
            (&declared.scm_ip_restrictions, declared.scm_ip_restriction_default_action.as_ref()),
            &declared.scm_use_main_ip_restriction,
        )
    }

    fn with_rules(
        &mut self,
        name: &str,
        sub: &str,
        gate: &Gate,
        main: (&Map<AccessRestriction>, Option<&Spanned<Access>>),
        deployment: (&Map<AccessRestriction>, Option<&Spanned<Access>>),
        follows: &Declared<bool>,
    ) -> SiteGates {
        let mut gates = SiteGates { main: gate.clone(), deployment: gate.clone() };
        let endpoint = self.approved_endpoint(name, Some(sub));
        gates.main.ordered = self.ordered(name, main.0, main.1, endpoint);
        gates.deployment.ordered = if follows.value {
            gates.main.ordered.clone()
        } else {
            self.ordered(name, deployment.0, deployment.1, endpoint)
        };
        gates
    }

    /// Rules in order of priority; what none matches is denied once there is one, unless it is said (APP-06).
    fn ordered(
        &mut self,
        name: &str,
        rules: &Map<AccessRestriction>,
        default: Option<&Spanned<Access>>,
        endpoint: Option<Span>,
    ) -> Option<OrderedRules> {
        if rules.is_empty() && default.is_none() {
            return None;
        }
        let mut made: Vec<(u32, GateRule)> = Vec::new();
        for (rule_name, entry) in rules.iter() {
            let rule = &entry.value;
            let named = usize::from(rule.ip_address.is_some())
                + usize::from(rule.service_tag.is_some())
                + usize::from(rule.virtual_network_subnet.is_some());
            if named != 1 {
                let text = format!("rule `{rule_name}` of `{name}` does not say whom it matches, or says it twice");
                let help = "give exactly one of ip_address, service_tag and virtual_network_subnet";
                self.error(code::CONFLICT, entry.span, text, help);
                continue;
            }
            let segment = match &rule.virtual_network_subnet {
                Some(reference) => match self.subnet(reference) {
                    Some(segment) => Some(segment),
                    None => continue,
                },
                None => None,
            };
            // Such rules are not allowed beside a private endpoint (SE-09), so they admit nobody.
            if let (Some(reference), Some(endpoint), Access::Allow) =
                (&rule.virtual_network_subnet, endpoint, rule.action.value)
            {
                let text =
                    format!("rule `{rule_name}` admits a subnet to `{name}`, which has a private endpoint (SE-09)");
                let error = Diagnostic::error(code::CONFLICT, reference.span, text).related(endpoint, "the endpoint");
                self.diagnostics.push(error.help("remove the rule, or the private endpoint").refused());
                continue;
            }
            let of_web = |s| self.plane.segments.get(s).service_endpoints.iter().any(|e| e.tag == "AppService");
            if let Some(reference) =
                rule.virtual_network_subnet.as_ref().filter(|_| segment.is_some_and(|s| !of_web(s)))
            {
                let text = format!(
                    "`{}` has no service endpoint for Microsoft.Web, so the rule never matches",
                    reference.value
                );
                self.diagnostics.push(
                    Diagnostic::warning(code::IGNORED, reference.span, text)
                        .help("add Microsoft.Web to service_endpoints of the subnet"),
                );
            }
            let text = rule.ip_address.as_ref().map(|p| Spanned { value: p.value.to_string(), span: p.span });
            let sides: Vec<_> = text.into_iter().chain(rule.service_tag.clone()).collect();
            let origin = Origin::new("access restriction", format!("{name}/{rule_name}"), entry.span);
            let rule_made =
                GateRule { origin, allow: rule.action.value == Access::Allow, from: self.list(&sides), segment };
            made.push((rule.priority.value, rule_made));
        }
        made.sort_by_key(|(priority, _)| *priority);
        Some(OrderedRules {
            default_allow: default.map_or(rules.is_empty(), |d| d.value == Access::Allow),
            rules: made.into_iter().map(|(_, r)| r).collect(),
        })
    }
}
