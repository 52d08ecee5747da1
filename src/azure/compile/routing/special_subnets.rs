//! Conditions of the subnets that hold gateways and firewalls (SUB-02, UDR-10, UDR-11, FW-11, FW-15).

use super::super::Compiler;
use crate::{
    azure::model::network::Route as UserRoute,
    dataplane::{NextHop, Origin, Role, Route, RouteSource},
    net::Prefix,
    verdict::Reason,
};

impl Compiler<'_> {
    /// A default route of its own, a learned one that the firewall or gateway subnet cannot bear, and other conditions
    /// of the two special subnets (SUB-02, UDR-11, FW-15).
    pub(super) fn special_subnets(&mut self) {
        let estate = self.estate;
        let own = estate.virtual_network_gateways.iter().flat_map(|(_, g)| &g.value.public_ips);
        let managed = estate.firewalls.iter().filter_map(|(_, f)| f.value.management_public_ip.as_ref());
        for reference in own.chain(managed) {
            self.declared("public_ip", reference, &estate.public_ips);
        }
        for (name, entry) in estate.virtual_network_gateways.iter() {
            let subnet = estate
                .virtual_networks
                .get(&entry.value.virtual_network.value)
                .and_then(|v| v.value.subnets.get("GatewaySubnet"));
            let own = subnet.and_then(|s| s.value.route_table.as_ref());
            let own = own.and_then(|t| Some((t.value.as_str(), estate.route_tables.get(&t.value)?)));
            // What a manager writes for the network stands in this subnet, too (AVNM-12).
            let managed = self.managed_routes.get(&entry.value.virtual_network.value).filter(|_| subnet.is_some());
            let mut tables = own.into_iter().chain(managed.map(|m| (m.name.as_str(), &m.table)));
            let found = tables.find_map(|(table, declared)| {
                let routes = &declared.value.routes;
                let parsed = |r: &UserRoute| r.address_prefix.value.parse::<Prefix>().ok();
                let named: Vec<Prefix> = routes.iter().filter_map(|(_, r)| parsed(&r.value)).collect();
                let default = routes
                    .iter()
                    .filter(|_| Prefix::all_public(&named))
                    .min_by_key(|(_, r)| parsed(&r.value).filter(|p| p.network().is_ipv4()).map_or(33, Prefix::length));
                let propagation = &declared.value.bgp_route_propagation_enabled;
                let (text, span) = match default {
                    Some((route, r)) => {
                        (format!("`{table}/{route}` is a default route on GatewaySubnet, or a part of one"), r.span)
                    }
                    None if !propagation.value => {
                        let span = propagation.span.unwrap_or(declared.span);
                        (format!("`{table}` switches propagation off on GatewaySubnet"), span)
                    }
                    None => return None,
                };
                Some((table.to_owned(), text, span))
            });
            let Some((table, text, span)) = found else { continue };
            if let Some(id) = self.gateways.get(name).copied() {
                self.plane.endpoints.get_mut(id).unsupported.push(crate::dataplane::Absence {
                    reason: Reason::GwSubnet,
                    origin: Origin::new("route_table", table, span),
                    text,
                    fix: "keep propagation on, and name spoke prefixes only".to_owned(),
                    rules: &["SUB-02", "UDR-10", "AVNM-12"],
                });
            }
        }
        for (name, entry) in estate.firewalls.iter() {
            let Some(id) = self.firewalls.get(name).copied() else { continue };
            let segment = self.plane.endpoints.get(id).segment;
            let default = segment.and_then(|s| default_elsewhere(&self.plane.segments.get(s).routes).cloned());
            let Some(default) = default else { continue };
            let tunnelled = |reason, text: String, fix: &str, rules| crate::dataplane::Absence {
                reason,
                origin: default.origin.clone(),
                text,
                fix: fix.to_owned(),
                rules,
            };
            let condition = tunnelled(
                Reason::FwTunnel,
                format!("the default route of firewall {name} does not lead to the internet"),
                "add a user route 0.0.0.0/0 to Internet on AzureFirewallSubnet, or a management interface",
                &["UDR-11", "FW-15"],
            );
            let translations = tunnelled(
                Reason::FwDnatTunnel,
                format!("firewall {name} is under forced tunnelling, so replies to translated traffic go another way"),
                "bring inbound traffic in by another way",
                &["FW-11"],
            );
            let managed = entry.value.management_ip_enabled.value || entry.value.virtual_hub.is_some();
            let device = self.plane.endpoints.get_mut(id);
            if !managed {
                device.unsupported.push(condition);
            }
            if let Role::Firewall(firewall) = &mut device.role {
                firewall.translations_unsupported = Some(translations);
            }
        }
    }
}

/// The route that leads everything public elsewhere than to the internet, or the widest of several that do together: two
/// halves of the default route are one (SUB-07, UDR-11, FW-15).
pub(in super::super) fn default_elsewhere(routes: &[Route]) -> Option<&Route> {
    let away = || routes.iter().filter(|r| r.prefix.network().is_ipv4() && r.hop != NextHop::Internet);
    let all: Vec<Prefix> = away().map(|r| r.prefix).collect();
    let made = || away().filter(|r| matches!(r.source, RouteSource::User | RouteSource::Gateway));
    let whole = away().find(|r| r.prefix.is_default());
    whole.or_else(|| made().filter(|_| Prefix::all_public(&all)).min_by_key(|r| r.prefix.length()))
}
