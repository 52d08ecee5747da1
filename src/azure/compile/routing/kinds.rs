//! What gateways and connections of each kind can do: clients and tunnels between networks are for VPN, circuits, weights
//! and FastPath for ExpressRoute (GW-06, GW-07, GW-09, GW-12, ER-01, ER-04 to ER-06).

use super::super::Compiler;
use crate::{
    azure::model::gateway::GatewayType,
    diag::{Diagnostic, Span, code},
};

impl Compiler<'_> {
    /// Reports keys that do not act on the kind of gateway that they are written for.
    pub(super) fn gateway_kinds(&mut self) {
        let estate = self.estate;
        let mut wrong: Vec<(Span, String, &str)> = Vec::new();
        for (name, gateway) in estate.virtual_network_gateways.iter() {
            let pool = gateway.value.vpn_client_address_space.first();
            if let Some(pool) = pool.filter(|_| gateway.value.type_.value == GatewayType::ExpressRoute) {
                let text = format!("`{name}` is an ExpressRoute gateway and has no point-to-site clients (GW-09)");
                wrong.push((pool.span, text, "give the client pool to a VPN gateway"));
            }
        }
        for (name, entry) in estate.virtual_network_gateway_connections.iter() {
            let connection = &entry.value;
            let kind = |gateway: &str| estate.virtual_network_gateways.get(gateway).map(|g| g.value.type_.value);
            let own = kind(&connection.virtual_network_gateway.value);
            let express = own == Some(GatewayType::ExpressRoute);
            let vpn = own == Some(GatewayType::Vpn);
            if let Some(peer) = &connection.peer_virtual_network_gateway {
                if express || kind(&peer.value) == Some(GatewayType::ExpressRoute) {
                    let text = format!("connection `{name}` joins networks by an ExpressRoute gateway (GW-12)");
                    wrong.push((peer.span, text, "join VPN gateways, or connect both gateways to one circuit"));
                }
                if let Some(first) =
                    connection.advertised_prefixes.as_ref().map(|l| l.first().map_or(peer.span, |p| p.span))
                {
                    let text = format!(
                        "gateways tell each other what they know: advertised_prefixes of `{name}` has no effect (GW-03)"
                    );
                    wrong.push((first, text, "remove it, or connect a site"));
                }
            }
            let mut unheard = |span: Option<Span>, key: &str, rule: &str, of: &str| {
                if let Some(span) = span {
                    let text = format!("{key} of connection `{name}` acts on {of} only ({rule})");
                    wrong.push((span, text, "remove it"));
                }
            };
            if vpn {
                let circuit = connection.express_route_circuit.as_ref().map(|c| c.span);
                unheard(circuit, "express_route_circuit", "ER-01", "ExpressRoute gateways");
                unheard(connection.routing_weight.span, "routing_weight", "ER-05", "ExpressRoute gateways");
                let bypass = connection.express_route_gateway_bypass.span;
                unheard(bypass, "express_route_gateway_bypass", "ER-06", "ExpressRoute gateways");
            }
            if express {
                unheard(connection.accepted_tunnels.span, "accepted_tunnels", "GW-07", "VPN gateways");
            }
        }
        for (span, text, help) in wrong {
            self.diagnostics.push(Diagnostic::error(code::CONFLICT, span, text).help(help));
        }
    }
}
