//! Conditions of the subnets that hold gateways and firewalls (SUB-02, UDR-10, UDR-11, FW-11, FW-15).

use super::super::Compiler;
use crate::{
    dataplane::{NextHop, Origin, Role},
    verdict::Reason,
};

impl Compiler<'_> {
    /// A default route of its own, a learned one that the firewall or gateway subnet cannot bear, and other conditions
    /// of the two special subnets (SUB-02, UDR-11, FW-15).
    pub(super) fn special_subnets(&mut self) {
        let estate = self.estate;
        for (name, entry) in estate.virtual_network_gateways.iter() {
            let subnet = estate
                .virtual_networks
                .get(&entry.value.virtual_network.value)
                .and_then(|v| v.value.subnets.get("GatewaySubnet"));
            let table = subnet.and_then(|s| s.value.route_table.as_ref());
            let Some((table, declared)) = table.and_then(|t| Some((t, estate.route_tables.get(&t.value)?))) else {
                continue;
            };
            let default = declared.value.routes.iter().find(|(_, r)| r.value.address_prefix.value == "0.0.0.0/0");
            let (text, span) = match default {
                Some((route, r)) => (format!("`{}/{route}` is a default route on GatewaySubnet", table.value), r.span),
                None if !declared.value.bgp_route_propagation_enabled.value => {
                    let span = declared.value.bgp_route_propagation_enabled.span.unwrap_or(declared.span);
                    (format!("`{}` switches propagation off on GatewaySubnet", table.value), span)
                }
                None => continue,
            };
            if let Some(id) = self.gateways.get(name).copied() {
                self.plane.endpoints.get_mut(id).unsupported.push(crate::dataplane::Absence {
                    reason: Reason::GwSubnet,
                    origin: Origin::new("route_table", &table.value, span),
                    text,
                    fix: "keep propagation on, and name spoke prefixes only".to_owned(),
                    rules: &["SUB-02", "UDR-10"],
                });
            }
        }
        for (name, entry) in estate.firewalls.iter() {
            let Some(id) = self.firewalls.get(name).copied() else { continue };
            let segment = self.plane.endpoints.get(id).segment;
            let default = segment.and_then(|s| {
                let routes = &self.plane.segments.get(s).routes;
                routes.iter().find(|r| r.prefix.is_default() && r.prefix.network().is_ipv4()).cloned()
            });
            let Some(default) = default.filter(|d| d.hop != NextHop::Internet) else { continue };
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
