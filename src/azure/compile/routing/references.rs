//! References and shapes of what routes are made of.

use super::super::Compiler;
use super::is_prefix;
use crate::{
    azure::model::network::NextHopType,
    diag::{Diagnostic, code},
    net::Prefix,
};

impl Compiler<'_> {
    pub(super) fn check_references(&mut self) {
        let estate = self.estate;
        for (_, entry) in estate.virtual_network_peerings.iter() {
            for reference in [&entry.value.virtual_network, &entry.value.remote_virtual_network] {
                let named = &reference.value;
                // A declared network of the same name is meant before a managed one.
                let managed = estate.virtual_networks.get(named).is_none();
                if managed && estate.machine_learning_workspaces.get(named).is_some() {
                    self.diagnostics.push(
                        Diagnostic::error(code::MVNET_PEER, reference.span, format!("the managed network of `{}` cannot be peered (MVNET-09)", reference.value))
                            .help("use private endpoint rules; to reach on-premises, use the application gateway bridge (AGW-01)")
                            .refused(),
                    );
                } else {
                    self.declared("virtual_network", reference, &estate.virtual_networks);
                }
            }
        }
        for (_, entry) in estate.virtual_network_gateway_connections.iter() {
            self.declared(
                "virtual_network_gateway",
                &entry.value.virtual_network_gateway,
                &estate.virtual_network_gateways,
            );
            if let Some(site) = &entry.value.on_premises_site {
                self.declared("on_premises_site", site, &estate.on_premises_sites);
            }
            if let Some(peer) = &entry.value.peer_virtual_network_gateway {
                self.declared("virtual_network_gateway", peer, &estate.virtual_network_gateways);
            }
        }
        for (_, entry) in estate.route_servers.iter() {
            let home = &entry.value.virtual_network;
            if let Some(vnet) = self.declared("virtual_network", home, &estate.virtual_networks)
                && vnet.subnets.get("RouteServerSubnet").is_none()
            {
                let text = format!("`{}` has no subnet RouteServerSubnet (SUB-01)", home.value);
                self.error(code::PLACEMENT, home.span, text, "declare the subnet RouteServerSubnet");
            }
        }
        for (_, entry) in estate.virtual_networks.iter() {
            for (_, subnet) in entry.value.subnets.iter() {
                if let Some(table) = &subnet.value.route_table {
                    self.declared("route_table", table, &estate.route_tables);
                }
                if let Some(group) = &subnet.value.network_security_group {
                    self.declared("network_security_group", group, &estate.network_security_groups);
                }
            }
        }
        for (_, entry) in estate.route_tables.iter() {
            for (name, route) in entry.value.routes.iter() {
                let destination = &route.value.address_prefix;
                if !is_prefix(&destination.value) && self.tag_prefixes(&destination.value).is_none() {
                    self.check_tag(&destination.value, destination.span);
                }
                if let Err(error) = destination.value.parse::<Prefix>()
                    && is_prefix(&destination.value)
                {
                    self.diagnostics.push(
                        Diagnostic::error(code::PREFIX, destination.span, error.to_string())
                            .help("use a prefix such as 10.0.0.0/16, or a service tag"),
                    );
                }
                let appliance = route.value.next_hop_type.value == NextHopType::VirtualAppliance;
                if appliance != route.value.next_hop_in_ip_address.is_some() {
                    let (message, help) = if appliance {
                        (
                            format!("route `{name}` to an appliance needs its address (UDR-02)"),
                            "add next_hop_in_ip_address",
                        )
                    } else {
                        (
                            format!("route `{name}` names an address its next hop type does not take (UDR-02)"),
                            "remove next_hop_in_ip_address, or use VirtualAppliance",
                        )
                    };
                    self.error(code::CONFLICT, route.span, message, help);
                }
            }
        }
    }
}
