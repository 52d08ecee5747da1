//! Routing configurations of network managers: user routes that they write into the tables of subnets (AVNM-12).

use super::super::Compiler;
use crate::{
    azure::model::{
        network::{NextHopType, Route, RouteTable},
        network_manager::{RoutingDestinationType, RoutingNextHopType, RoutingRule},
    },
    dataplane::{Origin, Unmodelled, UnmodelledScope},
    diag::{Diagnostic, Span, code},
    document::{Entry, Map, Setting, Spanned},
    net::Prefix,
};
use std::collections::BTreeMap;

/// What managers write for one network.
pub(in super::super) struct ManagedTable {
    /// Name for people.
    pub name: String,
    /// The routes, as of a route table.
    pub table: Entry<RouteTable>,
}

impl Compiler<'_> {
    /// The routes that managers write for the subnets of each network. Of one destination the first stays; two that
    /// disagree are refused.
    pub(super) fn managed_tables(&mut self) -> BTreeMap<String, ManagedTable> {
        let estate = self.estate;
        let mut all: BTreeMap<String, ManagedTable> = BTreeMap::new();
        for (manager, entry) in estate.network_managers.iter() {
            for (configuration, declared) in entry.value.routing_configurations.iter() {
                for (collection_name, collection) in declared.value.rule_collections.iter() {
                    let mut routes: Vec<(String, Span, Route)> = Vec::new();
                    for (rule, declared) in collection.value.rules.iter() {
                        let name = format!("{configuration}/{collection_name}/{rule}");
                        routes.extend(
                            self.managed_route(&declared.value, declared.span).map(|r| (name, declared.span, r)),
                        );
                    }
                    for group in &collection.value.network_groups {
                        let Some(members) = self.declared("network group", group, &entry.value.network_groups) else {
                            continue;
                        };
                        for member in &members.virtual_networks {
                            let table = all.entry(member.value.clone()).or_insert_with(|| ManagedTable {
                                name: manager.to_owned(),
                                table: Entry {
                                    span: entry.span,
                                    value: RouteTable {
                                        bgp_route_propagation_enabled: Setting { value: true, span: None },
                                        routes: Map::default(),
                                    },
                                },
                            });
                            let propagate = &collection.value.bgp_route_propagation_enabled;
                            if !propagate.value {
                                table.table.value.bgp_route_propagation_enabled = propagate.clone();
                            }
                            for (name, span, route) in &routes {
                                let routes = &mut table.table.value.routes;
                                let same = routes.iter().find(|(_, r)| same_destination(&r.value, route));
                                match same.map(|(n, r)| (n.to_owned(), same_hop(&r.value, route))) {
                                    Some((_, true)) => {}
                                    Some((other, false)) if self.reported.insert(*span) => {
                                        // Which of the two acts nobody says.
                                        let acts = format!("{manager}/{other}");
                                        let what = format!("{acts} and {manager}/{name} disagree (AVNM-12)");
                                        self.plane.unmodelled.push(Unmodelled::new(
                                            Origin::new("routing_rule", format!("{manager}/{name}"), *span),
                                            format!("which of two rules acts is not known: {what}"),
                                            UnmodelledScope::Elements([acts].into_iter().collect()),
                                        ));
                                        let text = format!(
                                            "`{name}` and `{other}` send {} to different next hops (AVNM-12)",
                                            route.address_prefix.value
                                        );
                                        let error = Diagnostic::error(code::CONFLICT, *span, text);
                                        self.diagnostics.push(error.help("keep one of the rules").refused());
                                    }
                                    Some(_) => {}
                                    None => routes.insert(name.clone(), Entry { span: *span, value: route.clone() }),
                                }
                            }
                        }
                    }
                }
            }
        }
        all
    }

    /// A routing rule as a user route.
    fn managed_route(&mut self, rule: &RoutingRule, span: Span) -> Option<Route> {
        let hop = match rule.next_hop.type_.value {
            RoutingNextHopType::VirtualAppliance => NextHopType::VirtualAppliance,
            RoutingNextHopType::VirtualNetworkGateway => NextHopType::VirtualNetworkGateway,
            RoutingNextHopType::VnetLocal => NextHopType::VnetLocal,
            RoutingNextHopType::Internet => NextHopType::Internet,
            RoutingNextHopType::NoNextHop => NextHopType::None,
        };
        if (hop == NextHopType::VirtualAppliance) != rule.next_hop.address.is_some() {
            let text = "the address of a next hop goes with VirtualAppliance, and no other type takes one (UDR-02)";
            self.error(code::CONFLICT, span, text, "add next_hop.address, or remove it");
            return None;
        }
        let destination = &rule.destination.address;
        match rule.destination.type_.value {
            RoutingDestinationType::AddressPrefix => {
                if let Err(error) = destination.value.parse::<Prefix>() {
                    self.diagnostics.push(
                        Diagnostic::error(code::PREFIX, destination.span, error.to_string())
                            .help("use a prefix such as 10.0.0.0/16, or the type ServiceTag"),
                    );
                    return None;
                }
            }
            RoutingDestinationType::ServiceTag => self.check_tag(&destination.value, destination.span),
        }
        Some(Route {
            address_prefix: destination.clone(),
            next_hop_type: Spanned { value: hop, span: rule.next_hop.type_.span },
            next_hop_in_ip_address: rule.next_hop.address.clone(),
        })
    }
}

/// Whether two routes are for one destination, so that the declared one stays (AVNM-12).
pub(super) fn same_destination(a: &Route, b: &Route) -> bool {
    a.address_prefix.value.eq_ignore_ascii_case(&b.address_prefix.value)
}

fn same_hop(a: &Route, b: &Route) -> bool {
    let address = |r: &Route| r.next_hop_in_ip_address.as_ref().map(|a| a.value);
    a.next_hop_type.value == b.next_hop_type.value && address(a) == address(b)
}
