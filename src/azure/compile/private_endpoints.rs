//! Private endpoints of customer networks (PE-01 to PE-29).

use super::{Compiler, CustomerEndpoint, Target, machines::endpoint};
use crate::{
    azure::model::{
        network::PrivateEndpointNetworkPolicies,
        service::{ConnectionStatus, PrivateEndpoint as Declared},
    },
    dataplane::{Connection, ConnectionTarget, Door, Id, Origin, PrivateEndpoint, Role, Setting},
    diag::{Diagnostic, Span, code, nearest},
    document::Reference,
    verdict::Reason,
};
use std::net::IpAddr;

impl Compiler<'_> {
    pub(super) fn private_endpoints(&mut self) {
        let estate = self.estate;
        for (name, entry) in estate.private_endpoints.iter() {
            let Some(segment) = self.subnet(&entry.value.subnet) else {
                continue;
            };
            let refused = self.undelegated(&entry.value.subnet, "a private endpoint");
            for address in &entry.value.ip_addresses {
                if address.value.is_ipv6() {
                    self.error(
                        code::NOT_MODELLED,
                        address.span,
                        "IPv6 addresses of private endpoints are not modelled: they are a preview (PE-19)",
                        "give the endpoint an IPv4 address",
                    );
                }
            }
            self.private_endpoint(name, &entry.value, entry.span, segment, refused);
        }
    }

    /// One endpoint: its addresses, its target, the state that lets it carry traffic, and whether its subnet's group acts
    /// on it (PE-01, PE-04, PE-11, PE-12, PE-14, PE-27, PLS-05, PLS-10).
    fn private_endpoint(
        &mut self,
        name: &str,
        declared: &Declared,
        span: Span,
        segment: Id<crate::dataplane::Segment>,
        refused: bool,
    ) {
        let connection = &declared.private_service_connection;
        let reference = &connection.private_connection_resource;
        let link_service = self.estate.private_link_services.get(&reference.value).is_some();
        // A private link service has no sub-resources (PLS-08).
        let whole = crate::document::Spanned { value: String::new(), span: reference.span };
        let named = connection.subresource_names.first();
        if let Some(extra) = named.filter(|_| link_service) {
            self.error(
                code::VALUE,
                extra.span,
                "a private link service has no sub-resources",
                "remove subresource_names",
            );
        }
        let Some(sub) = named.or(link_service.then_some(&whole)) else {
            self.error(
                code::MISSING_KEY,
                reference.span,
                format!("private endpoint `{name}` names no sub-resource (PE-02)"),
                "add one to subresource_names",
            );
            return;
        };
        if let Some(second) = connection.subresource_names.get(1) {
            self.error(
                code::VALUE,
                second.span,
                "a private endpoint has one sub-resource (PE-02)",
                "declare a private endpoint for each",
            );
        }
        let status = connection.status.as_ref().map(|s| (s.value, s.span));
        let manual = connection.is_manual_connection.value;
        let (state, state_span) = status.map_or_else(
            || {
                (
                    if manual { ConnectionStatus::Pending } else { ConnectionStatus::Approved },
                    connection.is_manual_connection.span,
                )
            },
            |(s, at)| (s, Some(at)),
        );
        let mut closed = closed_by(state);
        if refused {
            closed = Some((Reason::PeInactive, "the platform refuses its subnet".to_owned()));
        }
        let filtered = matches!(
            self.policies(&self.plane.segments.get(segment).origin.name),
            PrivateEndpointNetworkPolicies::NetworkSecurityGroupEnabled | PrivateEndpointNetworkPolicies::Enabled
        );
        let resolved = self.connection_target(reference, &sub.value, sub.span);
        let members = resolved.as_ref().map_or(1, |(_, t)| t.members.max(1));
        let mut addresses: Vec<IpAddr> = declared.ip_addresses.iter().map(|a| a.value).collect();
        if !addresses.is_empty() && addresses.len() != members {
            self.error(
                code::CONFLICT,
                declared.ip_addresses.first().map(|a| a.span),
                format!(
                    "private endpoint `{name}` declares {} addresses, its target has {members} (PE-05)",
                    addresses.len()
                ),
                "give one address per member, in order, or none to have them allocated",
            );
        }
        while addresses.len() < members {
            let Some(address) = self.allocate(segment) else { break };
            addresses.push(address);
        }
        if addresses.iter().any(IpAddr::is_ipv6) && declared.ip_addresses.is_empty() {
            self.error(
                code::VALUE,
                declared.subnet.span,
                format!("the subnet of `{name}` has IPv6 addresses only, which are not modelled here (PE-19)"),
                "give the subnet an IPv4 prefix",
            );
        }
        let key = (reference.value.clone(), sub.value.to_lowercase());
        let target = match resolved {
            None => ConnectionTarget::Nothing,
            Some((_, target)) if target.refused.is_some() => {
                let why = target.refused.unwrap_or_default();
                if target.untold {
                    let text = format!("private endpoint `{name}` leads to `{}`: {why}", reference.value);
                    self.error(code::MISSING_KEY, reference.span, text, "add what is missing to the service");
                } else if !target.reported {
                    let text = format!("private endpoint `{name}` is refused: {why}");
                    let error = Diagnostic::error(code::PE_SKU, reference.span, text);
                    self.diagnostics.push(error.help("change the target, or remove the endpoint").refused());
                }
                let who = if target.untold { "it cannot be told" } else { "the platform refuses it" };
                closed = Some((Reason::PeInactive, format!("{who}: {why}")));
                ConnectionTarget::Nothing
            }
            Some((proxied, target)) => {
                proxied.unwrap_or_else(|| ConnectionTarget::Doors(members_of(&target, &addresses)))
            }
        };
        if closed.is_none()
            && let Some(target) = self.targets.get_mut(&key)
        {
            target.active = true;
        }
        if matches!(closed, Some((Reason::PePending, _)))
            && let Some(target) = self.targets.get_mut(&key)
        {
            target.requested = true;
        }
        let origin = Origin::new("private_endpoint", name, span);
        let made = PrivateEndpoint {
            managed: false,
            filtered,
            filtering_undeclared: self.policies_undeclared(&self.plane.segments.get(segment).origin.name),
            connection: Connection { closed, span: state_span },
            target,
            limited_clients: Setting { value: true, span: None },
        };
        let id =
            self.plane.add_endpoint(endpoint(origin, Some(segment), addresses.clone(), Role::PrivateEndpoint(made)));
        self.add_customer_endpoint(CustomerEndpoint {
            name: name.to_owned(),
            endpoint: id,
            segment,
            addresses,
            target: key,
        });
    }

    /// Keeps an endpoint in a customer network, and finds it by its network: it is a route there (PE-20).
    pub(super) fn add_customer_endpoint(&mut self, made: CustomerEndpoint) {
        let network = self.plane.segments.get(made.segment).network;
        self.endpoints_in.entry(network).or_default().push(self.customer_endpoints.len());
        self.customer_endpoints.push(made);
    }

    /// The target of a connection: a sub-resource of a service, or a frontend of an application gateway.
    pub(super) fn connection_target(
        &mut self,
        reference: &Reference,
        sub: &str,
        span: Span,
    ) -> Option<(Option<ConnectionTarget>, Target)> {
        let estate = self.estate;
        if let Some(workspace) = estate.machine_learning_workspaces.get(&reference.value)
            && workspace.value.hub.is_some()
        {
            self.error(
                code::UNSUPPORTED_TARGET,
                reference.span,
                format!("`{}` is a project; it is reached by its hub's endpoint (HUB-02)", reference.value),
                "target the hub",
            );
            return None;
        }
        // Names are unique by kind: the sub-resource tells a service from a gateway of the same name (PE-01).
        let key = (reference.value.clone(), sub.to_lowercase());
        if let Some(target) = self.targets.get(&key) {
            return Some((None, target.clone()));
        }
        if estate.private_link_services.get(&reference.value).is_some() {
            return self.link_service_target(&reference.value);
        }
        if let Some(gateway) = estate.application_gateways.get(&reference.value) {
            return Some(self.gateway_target(&reference.value, &gateway.value, sub));
        }
        let subs: Vec<String> =
            self.targets.keys().filter(|(r, _)| *r == reference.value).map(|(_, s)| s.clone()).collect();
        if subs.is_empty() {
            let names = self.resources.clone();
            if self.find("service, workspace or application gateway", reference, &names).is_some() {
                // Its names could not be built, which was reported where it is declared.
                return None;
            }
            return None;
        }
        let help = nearest(sub, subs.iter().map(String::as_str))
            .map_or_else(|| format!("sub-resources: {}", subs.join(", ")), |n| format!("did you mean `{n}`?"));
        self.error(code::UNSUPPORTED_TARGET, span, format!("`{}` has no sub-resource `{sub}`", reference.value), help);
        None
    }
}

/// Only an approved connection carries traffic (PE-11).
pub(super) fn closed_by(state: ConnectionStatus) -> Option<(Reason, String)> {
    match state {
        ConnectionStatus::Approved => None,
        ConnectionStatus::Pending => Some((Reason::PePending, "its connection awaits approval".to_owned())),
        ConnectionStatus::Rejected => Some((Reason::PeInactive, "its connection is rejected".to_owned())),
        ConnectionStatus::Disconnected => Some((Reason::PeInactive, "its connection is disconnected".to_owned())),
        ConnectionStatus::Failed => Some((Reason::PeInactive, "its connection failed".to_owned())),
    }
}

/// Which doors each address of an endpoint serves, in member order (PE-04).
pub(super) fn members_of(target: &Target, addresses: &[IpAddr]) -> Vec<(IpAddr, Vec<Id<Door>>)> {
    addresses
        .iter()
        .enumerate()
        .map(|(member, address)| {
            let named = target.names.iter().map(|n| (n.member, n.door));
            let all = named.chain(target.unnamed.iter().copied());
            let mut doors: Vec<_> = all.filter(|(m, _)| *m == member).map(|(_, door)| door).collect();
            doors.sort_unstable();
            doors.dedup();
            (*address, doors)
        })
        .collect()
}
