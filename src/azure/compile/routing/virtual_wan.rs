//! Virtual WANs: hub route tables, labels, routing preference and routing intent become routes of the platform's
//! routers, one per route table (VWAN-01 to VWAN-22).

use super::super::Compiler;
use super::hubs::{BRANCHES, DEFAULT, NONE};
use super::{route, sorted};
use crate::{
    azure::model::{
        gateway::RoutingPreference,
        network::PrivateEndpointNetworkPolicies,
        virtual_wan::{BranchType, HubRouting},
    },
    dataplane::{Endpoint, Id, NextHop, Origin, Route, RouteSource},
    net::Prefix,
    verdict::Reason,
};
use std::collections::BTreeMap;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Network,
    Branch(BranchType),
}

/// A network or site on a hub.
struct Attachment<'e> {
    origin: Origin,
    hub: &'e str,
    /// Name of the network or site.
    name: &'e str,
    kind: Kind,
    prefixes: Vec<Prefix>,
    hop: NextHop,
    /// The table that routes what comes from it (VWAN-03).
    table: String,
    /// Tables its prefixes go to (VWAN-04).
    fills: Vec<(String, String)>,
    /// Whether it learns the default route (VWAN-08).
    internet: bool,
    as_path: u16,
    routing: Option<&'e HubRouting>,
}

/// A route of a hub before the selection.
#[derive(Clone)]
struct Candidate {
    route: Route,
    local: bool,
    kind: Kind,
    as_path: u16,
}

impl<'e> Compiler<'e> {
    fn wan_of(&self, hub: &str) -> Option<&'e str> {
        self.estate.virtual_hubs.get(hub).map(|h| h.value.virtual_wan.value.as_str())
    }

    /// Everything that hangs on hubs (VWAN-02 to VWAN-06).
    fn attachments(&self) -> Vec<Attachment<'e>> {
        let estate = self.estate;
        let mut all = Vec::new();
        for (name, entry) in estate.virtual_hub_connections.iter() {
            let c = &entry.value;
            let Some(network) = self.vnets.get(&c.remote_virtual_network.value).copied() else { continue };
            let routing = c.routing.as_ref();
            all.push(Attachment {
                origin: Origin::new("virtual_hub_connection", name, entry.span),
                hub: &c.virtual_hub.value,
                name: &c.remote_virtual_network.value,
                kind: Kind::Network,
                prefixes: self.plane.networks.get(network).prefixes.clone(),
                hop: NextHop::Network { network, link: None },
                table: self.associated(&c.virtual_hub.value, routing),
                fills: self.filled(&c.virtual_hub.value, routing),
                internet: c.internet_security_enabled.value,
                as_path: 0,
                routing,
            });
        }
        for (name, entry) in estate.virtual_hub_branches.iter() {
            let b = &entry.value;
            let Some((network, _)) = self.sites.get(&b.on_premises_site.value).copied() else { continue };
            if !b.connected.value {
                continue;
            }
            let prefixes = match &b.learned_prefixes {
                Some(list) => list.iter().map(|p| p.value).collect(),
                None => self.plane.networks.get(network).prefixes.clone(),
            };
            all.push(Attachment {
                origin: Origin::new("virtual_hub_branch", name, entry.span),
                hub: &b.virtual_hub.value,
                name: &b.on_premises_site.value,
                kind: Kind::Branch(b.type_.value),
                prefixes,
                hop: NextHop::Tunnel(network),
                table: DEFAULT.to_owned(),
                fills: self.filled(&b.virtual_hub.value, b.routing.as_ref()),
                internet: b.internet_security_enabled.value,
                as_path: b.as_path_length.value,
                routing: b.routing.as_ref(),
            });
        }
        // Virtual WAN carries no IPv6 (VWAN-02).
        all.iter_mut().for_each(|a| a.prefixes.retain(|p| p.network().is_ipv4()));
        all.retain(|a| self.hubs.contains_key(a.hub));
        all
    }

    fn has_private_intent(&self, hub: &str) -> bool {
        let hub = self.estate.virtual_hubs.get(hub);
        hub.and_then(|h| h.value.routing_intent.as_ref()).is_some_and(|i| i.private_traffic.is_some())
    }

    fn associated(&self, hub: &str, routing: Option<&HubRouting>) -> String {
        let intent = self.estate.virtual_hubs.get(hub).is_some_and(|h| h.value.routing_intent.is_some());
        let named = routing.and_then(|r| r.associated_route_table.as_ref()).filter(|_| !intent);
        named.map_or(DEFAULT.to_owned(), |t| t.value.clone())
    }

    /// Tables that prefixes go to: named ones of the own hub, labelled ones of all hubs (VWAN-04, VWAN-05, VWAN-13).
    fn filled(&self, hub: &str, routing: Option<&HubRouting>) -> Vec<(String, String)> {
        let intent = self.estate.virtual_hubs.get(hub).and_then(|h| h.value.routing_intent.as_ref());
        let wan = self.wan_of(hub);
        let hubs = || self.estate.virtual_hubs.iter().filter(|(_, h)| Some(h.value.virtual_wan.value.as_str()) == wan);
        let defaults = || hubs().map(|(h, _)| (h.to_owned(), DEFAULT.to_owned()));
        if let Some(intent) = intent {
            return if intent.private_traffic.is_some() { Vec::new() } else { defaults().collect() };
        }
        let Some(routing) = routing else { return defaults().collect() };
        if routing.propagated_route_tables.is_empty() && routing.propagated_labels.is_empty() {
            return defaults().collect();
        }
        let mut all: Vec<_> = routing
            .propagated_route_tables
            .iter()
            .filter(|t| t.value != NONE)
            .map(|t| (hub.to_owned(), t.value.clone()))
            .collect();
        for label in &routing.propagated_labels {
            if label.value.eq_ignore_ascii_case("default") {
                all.extend(defaults());
            }
            for (name, declared) in hubs() {
                let labelled = declared
                    .value
                    .route_tables
                    .iter()
                    .filter(|(_, t)| t.value.labels.iter().any(|l| l.value.eq_ignore_ascii_case(&label.value)));
                all.extend(labelled.map(|(t, _)| (name.to_owned(), t.to_owned())));
            }
        }
        all
    }

    /// Fills the tables of all hubs.
    pub(super) fn hub_tables(&mut self) {
        let attachments = self.attachments();
        let mut made = Vec::new();
        for (name, hub) in &self.hubs {
            for (table, (_, place)) in &hub.routers {
                let routes = self.table(name, table, &attachments);
                made.push((*place, routes.into_iter().map(|c| c.route).collect()));
            }
            made.push((hub.devices, self.device_routes(name, &attachments)));
        }
        for (place, routes) in made {
            self.plane.segments.get_mut(place).routes = std::sync::Arc::new(sorted(routes));
        }
    }

    fn firewall_address(&self, firewall: &str) -> Option<std::net::IpAddr> {
        self.plane.endpoints.get(*self.firewalls.get(firewall)?).addresses.first().copied()
    }

    /// Private prefixes that a routing intent takes: those of RFC 1918 and the declared ones (VWAN-14).
    fn intent_prefixes(&self, hub: &str) -> Vec<Prefix> {
        let rfc = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"].iter().filter_map(|p| p.parse().ok());
        let intent = self.estate.virtual_hubs.get(hub).and_then(|h| h.value.routing_intent.as_ref());
        rfc.chain(intent.into_iter().flat_map(|i| &i.private_traffic_prefixes).map(|p| p.value)).collect()
    }

    fn router(&self, hub: &str, table: &str) -> Option<Id<Endpoint>> {
        self.hubs.get(hub)?.routers.get(table).map(|(id, _)| *id)
    }

    /// One route table of a hub (VWAN-04, VWAN-07, VWAN-13).
    fn table(&self, hub: &str, table: &str, attachments: &[Attachment<'e>]) -> Vec<Candidate> {
        let Some(declared) = self.estate.virtual_hubs.get(hub).map(|h| &h.value) else { return Vec::new() };
        let key = if table == BRANCHES { DEFAULT } else { table };
        let intent = declared.routing_intent.as_ref();
        let mut candidates = Vec::new();
        let fixed = |prefix, hop, origin, rules| Candidate {
            route: route(prefix, hop, RouteSource::Gateway, origin, rules),
            local: true,
            kind: Kind::Network,
            as_path: 0,
        };
        if let Some(firewall) = intent.and_then(|i| i.internet_traffic.as_ref())
            && let (Some(address), Ok(all)) = (self.firewall_address(&firewall.value), "0.0.0.0/0".parse())
        {
            let origin = Origin::new("routing_intent", hub, firewall.span);
            candidates.push(fixed(all, NextHop::Appliance(address), origin, &["VWAN-13", "VWAN-15"]));
        }
        if let Some(firewall) = intent.and_then(|i| i.private_traffic.as_ref())
            && let Some(address) = self.firewall_address(&firewall.value)
        {
            for prefix in self.intent_prefixes(hub) {
                let origin = Origin::new("routing_intent", hub, firewall.span);
                candidates.push(fixed(prefix, NextHop::Appliance(address), origin, &["VWAN-13", "VWAN-14"]));
            }
            if table == BRANCHES {
                candidates.extend(self.endpoint_hosts(hub, attachments));
            }
            return candidates;
        }
        let statics = if key == DEFAULT { Some(&declared.default_routes) } else { None };
        let statics = statics.or_else(|| declared.route_tables.get(key).map(|t| &t.value.routes));
        let mut static_prefixes = Vec::new();
        for (name, entry) in statics.into_iter().flat_map(|m| m.iter()) {
            for prefix in &entry.value.destinations {
                let next = &entry.value.next_hop.value;
                let through = attachments.iter().find(|a| a.kind == Kind::Network && a.origin.name == *next);
                let hop = match (self.firewall_address(next), through) {
                    (Some(address), _) => NextHop::Appliance(address),
                    (None, Some(attachment)) => attachment.inside(prefix.value),
                    (None, None) => continue,
                };
                static_prefixes.push(prefix.value);
                let origin = Origin::new("hub_route", format!("{hub}/{name}"), prefix.span);
                candidates.push(fixed(prefix.value, hop, origin, &["VWAN-07", "VWAN-21"]));
            }
        }
        let mut learned: BTreeMap<Prefix, Vec<Candidate>> = BTreeMap::new();
        let mut elsewhere: BTreeMap<(&str, Prefix), Vec<Candidate>> = BTreeMap::new();
        for attachment in attachments {
            let local = attachment.hub == hub;
            let same_wan = self.wan_of(attachment.hub) == self.wan_of(hub);
            let fills = attachment.fills.iter().any(|(h, t)| h == hub && t == key);
            // A hub with a private policy tells other hubs what hangs on it, and takes the traffic (VWAN-16).
            let secured = !local && key == DEFAULT && self.has_private_intent(attachment.hub);
            if !same_wan || !(fills || secured) {
                continue;
            }
            for prefix in attachment.prefixes.iter().filter(|p| !static_prefixes.contains(p)) {
                let hop = attachment.hop.clone();
                let made = route(*prefix, hop, RouteSource::Gateway, attachment.origin.clone(), &["VWAN-04"]);
                let candidate =
                    Candidate { route: made, local: true, kind: attachment.kind, as_path: attachment.as_path };
                // The default route never crosses hubs (VWAN-08).
                if local {
                    learned.entry(*prefix).or_default().push(candidate);
                } else if !prefix.is_default() {
                    elsewhere.entry((attachment.hub, *prefix)).or_default().push(candidate);
                }
            }
        }
        // Another hub tells what it holds for its best routes only, and takes the traffic for them.
        for ((other, prefix), all) in elsewhere {
            let preferred = self.estate.virtual_hubs.get(other).map(|h| h.value.hub_routing_preference.value);
            let (Some(preference), Some(router)) = (preferred, self.router(other, DEFAULT)) else { continue };
            if let Some(mut candidate) = best(all, preference) {
                candidate.local = false;
                candidate.route.hop = NextHop::Router(router);
                learned.entry(prefix).or_default().push(candidate);
            }
        }
        let preference = declared.hub_routing_preference.value;
        candidates.extend(learned.into_values().filter_map(|all| best(all, preference)));
        candidates
    }

    /// Private endpoints are single routes to what comes from branches, unless their subnet's policies act on routes
    /// (VWAN-20, ASYM-07).
    fn endpoint_hosts(&self, hub: &str, attachments: &[Attachment<'e>]) -> Vec<Candidate> {
        let mut hosts = Vec::new();
        for private in &self.customer_endpoints {
            let place = self.plane.segments.get(private.segment);
            let network = self.plane.networks.get(place.network);
            let here =
                attachments.iter().any(|a| a.hub == hub && a.kind == Kind::Network && a.name == network.origin.name);
            let routed = matches!(
                self.policies(&place.origin.name),
                PrivateEndpointNetworkPolicies::RouteTableEnabled | PrivateEndpointNetworkPolicies::Enabled
            );
            if !here || routed {
                continue;
            }
            for address in &private.addresses {
                let hop = NextHop::Endpoint(private.endpoint);
                let origin = self.plane.endpoints.get(private.endpoint).origin.clone();
                let rules: &[&'static str] = &["VWAN-20", "ASYM-07"];
                let made = route(Prefix::host(*address), hop, RouteSource::Gateway, origin, rules);
                hosts.push(Candidate { route: made, local: true, kind: Kind::Network, as_path: 0 });
            }
        }
        hosts
    }

    /// What a hub's firewall does with what it let pass: local connections directly, others by their hub (VWAN-16).
    fn device_routes(&self, hub: &str, attachments: &[Attachment<'e>]) -> Vec<Route> {
        let mut routes = Vec::new();
        for attachment in attachments.iter().filter(|a| self.wan_of(a.hub) == self.wan_of(hub)) {
            let local = attachment.hub == hub;
            let reached = local
                || self.has_private_intent(attachment.hub)
                || attachment.fills.iter().any(|(h, t)| h == hub && t == DEFAULT);
            let hop = match self.router(attachment.hub, DEFAULT) {
                _ if local => attachment.hop.clone(),
                Some(router) if reached => NextHop::Router(router),
                _ => continue,
            };
            for prefix in attachment.prefixes.iter().filter(|p| !p.is_default()) {
                routes.push(route(*prefix, hop.clone(), RouteSource::Gateway, attachment.origin.clone(), &["VWAN-16"]));
            }
            for (_, inside) in attachment.routing.iter().filter(|_| local).flat_map(|r| r.static_vnet_routes.iter()) {
                for prefix in &inside.value.address_prefixes {
                    let hop = NextHop::Appliance(inside.value.next_hop_ip_address.value);
                    routes.push(route(
                        prefix.value,
                        hop,
                        RouteSource::Gateway,
                        attachment.origin.clone(),
                        &["VWAN-21"],
                    ));
                }
            }
        }
        // The hubs of a WAN are meshed, so devices of two hubs answer each other (VWAN-01).
        for (_, other) in self.hubs.iter().filter(|(name, _)| *name != hub && self.wan_of(name) == self.wan_of(hub)) {
            let network = self.plane.networks.get(other.network);
            for prefix in &network.prefixes {
                let hop = NextHop::Network { network: other.network, link: None };
                routes.push(route(*prefix, hop, RouteSource::Gateway, network.origin.clone(), &["VWAN-01"]));
            }
        }
        if let Some(hub) = self.hubs.get(hub) {
            let network = self.plane.networks.get(hub.network);
            for prefix in &network.prefixes {
                let hop = NextHop::Network { network: hub.network, link: None };
                routes.push(route(*prefix, hop, RouteSource::System, network.origin.clone(), &["ROUTE-01"]));
            }
            if let Ok(all) = "0.0.0.0/0".parse() {
                routes.push(route(all, NextHop::Internet, RouteSource::System, network.origin.clone(), &["VWAN-15"]));
            }
        }
        routes
    }

    /// A hub connection is a peering with the hub's own network, so the addresses of its firewall are reached directly
    /// (VWAN-02) \[background\].
    pub(super) fn hubs_beside(&self, vnet: &str) -> Vec<Route> {
        let connections = self.estate.virtual_hub_connections.iter();
        let here = connections.filter(|(_, c)| c.value.remote_virtual_network.value == vnet);
        let found = here.filter_map(|(name, c)| {
            let hub = &c.value.virtual_hub.value;
            let (made, declared) = (self.hubs.get(hub)?, self.estate.virtual_hubs.get(hub)?);
            let hop = NextHop::Network { network: made.network, link: None };
            let origin = Origin::new("virtual_hub_connection", name, c.span);
            let prefix = declared.value.address_prefix.value;
            let mut made = route(prefix, hop, RouteSource::System, origin, &["VWAN-02", "ROUTE-06"]);
            made.shown = "VNetPeering";
            Some(made)
        });
        found.collect()
    }

    /// What a network on hubs learns; only prefixes shorter than its own come in (VWAN-08, VWAN-09).
    pub(in super::super) fn hub_routes(&self, vnet: &str) -> Vec<Route> {
        let attachments = self.attachments();
        let own = self.space_of(vnet);
        let mut routes = Vec::new();
        for attachment in attachments.iter().filter(|a| a.kind == Kind::Network && a.name == vnet) {
            let Some(router) = self.router(attachment.hub, &attachment.table) else { continue };
            for candidate in self.table(attachment.hub, &attachment.table, &attachments) {
                let prefix = candidate.route.prefix;
                if own.iter().any(|o| o.covers(prefix)) || prefix.is_default() && !attachment.internet {
                    continue;
                }
                let origin = candidate.route.origin.clone();
                routes.push(route(
                    prefix,
                    NextHop::Router(router),
                    RouteSource::Gateway,
                    origin,
                    &["VWAN-04", "VWAN-09"],
                ));
            }
            // A prefix that the private policy was not told of is reached by nothing (VWAN-14).
            if self.has_private_intent(attachment.hub) {
                let told = self.intent_prefixes(attachment.hub);
                let foreign = attachments.iter().filter(|a| self.wan_of(a.hub) == self.wan_of(attachment.hub));
                for (prefix, other) in foreign.flat_map(|a| a.prefixes.iter().map(move |p| (*p, a))) {
                    let known = told.iter().any(|t| t.covers(prefix)) || own.iter().any(|o| o.covers(prefix));
                    if !known && !prefix.is_default() {
                        let hop = NextHop::Drop(Reason::NoRoute);
                        routes.push(route(prefix, hop, RouteSource::Gateway, other.origin.clone(), &["VWAN-14"]));
                    }
                }
            }
        }
        routes
    }

    /// A private policy's aggregates do not join circuits, nor branches that the WAN keeps apart: they are not told of them
    /// (VWAN-11, VWAN-12).
    fn circuits_apart(&self, own: &Attachment<'e>, attachments: &[Attachment<'e>]) -> Vec<Route> {
        let express = |a: &Attachment<'_>| a.kind == Kind::Branch(BranchType::ExpressRoute);
        let wan = self.wan_of(own.hub).and_then(|w| self.estate.virtual_wans.get(w));
        let between = wan.is_none_or(|w| w.value.allow_branch_to_branch_traffic.value);
        let ways = || attachments.iter().filter(|a| a.name == own.name);
        let (circuit, line) = (ways().all(express), ways().all(|a| !express(a)));
        // Circuits never meet; other branches meet circuits where the WAN joins them (VWAN-11, VWAN-12).
        let apart = |a: &Attachment<'_>| match (circuit, line) {
            (true, _) => express(a) || !between && matches!(a.kind, Kind::Branch(_)),
            (_, true) => express(a) && !between,
            _ => false,
        };
        if !self.has_private_intent(own.hub) {
            return Vec::new();
        }
        let near = || attachments.iter().filter(|a| self.wan_of(a.hub) == self.wan_of(own.hub));
        // Neither the branch's own prefixes nor a default are another way to them.
        let others = || near().filter(|a| a.name != own.name);
        let holds = |a: &Attachment<'_>, p: Prefix| a.prefixes.iter().any(|o| !o.is_default() && o.overlaps(p));
        let otherwise = |p: Prefix| others().any(|a| !apart(a) && holds(a, p));
        let mut routes = Vec::new();
        for other in others().filter(|a| apart(a)) {
            for prefix in other.prefixes.iter().filter(|p| !p.is_default() && !own.prefixes.contains(p)) {
                if !otherwise(*prefix) {
                    let hop = NextHop::Drop(Reason::NoRoute);
                    let rules: &[&'static str] = &["VWAN-11", "VWAN-12"];
                    routes.push(route(*prefix, hop, RouteSource::Gateway, other.origin.clone(), rules));
                }
            }
        }
        routes
    }

    /// What a site learns of the hubs it hangs on (VWAN-06, VWAN-11, VWAN-12).
    pub(super) fn hub_routes_of_site(&self, site: &str) -> Vec<Route> {
        let attachments = self.attachments();
        let mut routes = Vec::new();
        for attachment in attachments.iter().filter(|a| a.name == site) {
            let Kind::Branch(own) = attachment.kind else { continue };
            let Some(router) = self.router(attachment.hub, BRANCHES) else { continue };
            // Hubs announce their own prefix to branches.
            if let (Some(hub), Some(declared)) =
                (self.hubs.get(attachment.hub), self.estate.virtual_hubs.get(attachment.hub))
            {
                let hop = NextHop::Network { network: hub.network, link: None };
                let origin = Origin::new("virtual_hub", attachment.hub, declared.span);
                routes.push(route(
                    declared.value.address_prefix.value,
                    hop,
                    RouteSource::Gateway,
                    origin,
                    &["VWAN-06"],
                ));
            }
            let wan = self.wan_of(attachment.hub).and_then(|w| self.estate.virtual_wans.get(w));
            let between = wan.is_none_or(|w| w.value.allow_branch_to_branch_traffic.value);
            let express = |kind| kind == BranchType::ExpressRoute;
            routes.extend(self.circuits_apart(attachment, &attachments));
            for candidate in self.table(attachment.hub, DEFAULT, &attachments) {
                let prefix = candidate.route.prefix;
                let meets = match candidate.kind {
                    Kind::Network => true,
                    Kind::Branch(other) if express(other) && express(own) => false,
                    Kind::Branch(other) => between || express(other) == express(own),
                };
                // A default that it announces itself keeps nothing else from it.
                let mine = attachment.prefixes.iter().any(|p| p.covers(prefix) && (!p.is_default() || *p == prefix));
                if !meets || mine || prefix.is_default() && !attachment.internet {
                    continue;
                }
                let origin = candidate.route.origin.clone();
                let rules: &[&'static str] = &["VWAN-06", "VWAN-11", "VWAN-12"];
                routes.push(route(prefix, NextHop::Router(router), RouteSource::Gateway, origin, rules));
            }
        }
        routes
    }
}

impl Attachment<'_> {
    /// Where a static route to this connection leads: an appliance inside, if the connection names one (VWAN-21).
    fn inside(&self, prefix: Prefix) -> NextHop {
        let routes = self.routing.into_iter().flat_map(|r| r.static_vnet_routes.iter());
        let found = routes.into_iter().find(|(_, r)| r.value.address_prefixes.iter().any(|p| p.value.covers(prefix)));
        found.map_or_else(|| self.hop.clone(), |(_, r)| NextHop::Appliance(r.value.next_hop_ip_address.value))
    }
}

/// The best of several routes for one prefix, or all that are equally good (VWAN-07).
fn best(mut all: Vec<Candidate>, preference: RoutingPreference) -> Option<Candidate> {
    let vpn = |c: &Candidate| !matches!(c.kind, Kind::Branch(BranchType::ExpressRoute));
    let key = |c: &Candidate| {
        let (far, length) = (u16::from(!c.local), c.as_path);
        let express_first = u16::from(vpn(c));
        let by_kind = if c.local { express_first } else { 1 - express_first };
        match preference {
            // Where the kind is asked, what is left is all local or all remote.
            RoutingPreference::ExpressRoute => [far, by_kind, length],
            RoutingPreference::VpnGateway => [far, 1 - express_first, length],
            RoutingPreference::AsPath => [length, far, by_kind],
        }
    };
    all.sort_by_key(|c| (key(c), c.route.origin.name.clone()));
    let first = key(all.first()?);
    all.retain(|c| key(c) == first);
    let mut chosen = all.first()?.clone();
    all.dedup_by(|a, b| a.route.hop == b.route.hop);
    if all.len() > 1 {
        chosen.route.hop = NextHop::OneOf(all.into_iter().map(|c| c.route).collect());
    }
    Some(chosen)
}
