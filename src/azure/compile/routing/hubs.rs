//! Virtual hubs as networks with a router per route table, and what the platform refuses about them (VWAN-01 to VWAN-03,
//! VWAN-18).

use super::super::{Compiler, machines::endpoint, networks::CUSTOMER};
use super::segment;
use crate::{
    azure::model::virtual_wan::{HubRouting, VirtualHub},
    dataplane::{Endpoint, Id, Network, Origin, Role, Segment},
    diag::{Diagnostic, Span, code},
    document::{Entry, Reference},
    net::Prefix,
};
use std::collections::BTreeMap;

pub(super) const DEFAULT: &str = "defaultRouteTable";
pub(super) const NONE: &str = "noneRouteTable";
/// The router of branches: it also knows single private endpoints (VWAN-20).
pub(super) const BRANCHES: &str = "branches";

/// A hub in the data plane.
pub(in super::super) struct Hub {
    /// Its network.
    pub network: Id<Network>,
    /// Where its firewall stands.
    pub devices: Id<Segment>,
    /// One router per route table.
    pub(super) routers: BTreeMap<String, (Id<Endpoint>, Id<Segment>)>,
}

impl<'e> Compiler<'e> {
    /// Hubs as networks with routers (VWAN-01).
    pub(in super::super) fn virtual_hubs(&mut self) {
        let estate = self.estate;
        for (name, entry) in estate.virtual_hubs.iter() {
            let hub = &entry.value;
            self.declared("virtual_wan", &hub.virtual_wan, &estate.virtual_wans);
            let prefix = hub.address_prefix.value;
            if prefix.length() > 24 {
                let text = format!("{prefix} of hub `{name}` is smaller than /24 (VWAN-01)");
                self.error(code::PLACEMENT, hub.address_prefix.span, text, "use a /24 or, better, a /23");
            }
            let origin = Origin::new("virtual_hub", name, entry.span);
            let network = self.plane.networks.push(Network {
                origin: origin.clone(),
                realm: CUSTOMER,
                prefixes: vec![prefix],
                border: None,
                breakout: None,
                egress: None,
                complete: true,
                beyond_gateway: false,
                region: self.region(hub.location.as_ref()),
                members_connected: true,
                view: None,
            });
            let devices = self.plane.segments.push(segment(origin.clone(), network, vec![prefix]));
            let tables = [DEFAULT, BRANCHES].into_iter().chain(hub.route_tables.keys());
            let mut routers = BTreeMap::new();
            for table in tables {
                let label = format!("{name}/{table}");
                let place = self.plane.segments.push(segment(
                    Origin::new("hub_route_table", &label, entry.span),
                    network,
                    Vec::new(),
                ));
                let shown = if table == DEFAULT || table == BRANCHES { name.to_owned() } else { label };
                let router =
                    endpoint(Origin::new("virtual_hub", shown, entry.span), Some(place), Vec::new(), Role::Router);
                routers.insert(table.to_owned(), (self.plane.add_endpoint(router), place));
            }
            self.hubs.insert(name.to_owned(), Hub { network, devices, routers });
            self.check_intent(name, entry);
        }
    }

    /// What a routing intent excludes (VWAN-18).
    fn check_intent(&mut self, name: &str, entry: &Entry<VirtualHub>) {
        let hub = &entry.value;
        let Some(intent) = &hub.routing_intent else { return };
        let mut refuse = |span: Span, text: String| {
            let error = Diagnostic::error(code::ROUTING_INTENT, span, text);
            self.diagnostics.push(error.help("remove it, or the routing intent").refused());
        };
        for (table, declared) in hub.route_tables.iter() {
            refuse(
                declared.span,
                format!("hub `{name}` has a routing intent and the custom table `{table}` (VWAN-18)"),
            );
        }
        for (route, declared) in hub.default_routes.iter() {
            if self.estate.virtual_hub_connections.get(&declared.value.next_hop.value).is_some() {
                refuse(declared.span, format!("`{route}` leads to a connection beside a routing intent (VWAN-18)"));
            }
        }
        for reference in intent.internet_traffic.iter().chain(&intent.private_traffic) {
            self.hub_firewall(name, reference);
        }
    }

    fn hub_firewall(&mut self, hub: &str, reference: &Reference) {
        let estate = self.estate;
        if let Some(firewall) = self.declared("firewall", reference, &estate.firewalls)
            && firewall.virtual_hub.as_ref().is_none_or(|h| h.value != hub)
        {
            self.error(
                code::PLACEMENT,
                reference.span,
                format!("firewall `{}` does not stand in hub `{hub}`", reference.value),
                format!("set virtual_hub: {hub} on the firewall"),
            );
        }
    }

    /// Tables and labels that connections name, and networks that cannot share a hub (VWAN-02, VWAN-03).
    pub(super) fn check_hub_references(&mut self) {
        let estate = self.estate;
        let mut spaces: BTreeMap<&str, Vec<(Prefix, &str)>> = BTreeMap::new();
        for (name, entry) in estate.virtual_hub_connections.iter() {
            let c = &entry.value;
            let hub = self.declared("virtual_hub", &c.virtual_hub, &estate.virtual_hubs);
            self.declared("virtual_network", &c.remote_virtual_network, &estate.virtual_networks);
            self.check_tables(hub, c.routing.as_ref());
            let Some(hub) = hub else { continue };
            let taken =
                spaces.entry(&c.virtual_hub.value).or_insert_with(|| vec![(hub.address_prefix.value, "the hub")]);
            for prefix in self.space_of(&c.remote_virtual_network.value) {
                if let Some((other, owner)) = taken.iter().find(|(p, _)| p.overlaps(prefix)) {
                    let text = format!(
                        "{prefix} of `{name}` overlaps {other} of {owner} on hub `{}` (VWAN-02)",
                        c.virtual_hub.value
                    );
                    self.diagnostics.push(
                        Diagnostic::error(code::OVERLAP, c.remote_virtual_network.span, text)
                            .help("networks on one hub have disjoint address spaces"),
                    );
                }
                taken.push((prefix, name));
            }
        }
        for (_, entry) in estate.virtual_hub_branches.iter() {
            let hub = self.declared("virtual_hub", &entry.value.virtual_hub, &estate.virtual_hubs);
            self.declared("on_premises_site", &entry.value.on_premises_site, &estate.on_premises_sites);
            self.check_tables(hub, entry.value.routing.as_ref());
            if let Some(table) = entry.value.routing.as_ref().and_then(|r| r.associated_route_table.as_ref())
                && table.value != DEFAULT
            {
                self.error(
                    code::CONFLICT,
                    table.span,
                    "branches are always associated with the default route table (VWAN-06)",
                    "remove associated_route_table",
                );
            }
        }
        for (name, hub) in estate.virtual_hubs.iter() {
            let tables = hub.value.route_tables.iter().flat_map(|(_, t)| t.value.routes.iter());
            for (_, route) in hub.value.default_routes.iter().chain(tables) {
                let next = &route.value.next_hop;
                if estate.virtual_hub_connections.get(&next.value).is_none() {
                    self.hub_firewall(name, next);
                }
            }
        }
    }

    fn check_tables(&mut self, hub: Option<&'e VirtualHub>, routing: Option<&HubRouting>) {
        let (Some(hub), Some(routing)) = (hub, routing) else { return };
        for table in routing.associated_route_table.iter().chain(&routing.propagated_route_tables) {
            if table.value != DEFAULT && table.value != NONE {
                self.declared("hub route table", table, &hub.route_tables);
            }
        }
    }
}
