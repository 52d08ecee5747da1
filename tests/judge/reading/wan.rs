//! Virtual hubs: what each route table holds, what hangs on hubs learns of it, and the way through (VWAN-03 to VWAN-17).

use super::{
    At, Open, Owner, Reading, To, blocked, prefix,
    routes::{Hop, Rank, Route},
    walk::{End, Journey},
};
use privreach::azure::model::virtual_wan::{BranchType, HubRouting, RoutingIntent, VirtualHub};
use privreach::net::Prefix;
use std::net::IpAddr;

const DEFAULT: &str = "defaultRouteTable";

/// What hangs on a hub.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Thing<'e> {
    Net(&'e str),
    Site(&'e str, BranchType),
}

#[derive(Debug, Clone)]
struct Attached<'e> {
    name: &'e str,
    hub: &'e str,
    thing: Thing<'e>,
    prefixes: Vec<Prefix>,
    routing: Option<&'e HubRouting>,
    /// Whether it learns a default route (VWAN-08).
    internet: bool,
}

/// Where a hub's table leads.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Next<'e> {
    Thing(Thing<'e>),
    Firewall(&'e str),
    Hub(&'e str),
}

impl<'e> Reading<'e> {
    fn vhub(&self, name: &str) -> &'e VirtualHub {
        &self.e.virtual_hubs.get(name).unwrap().value
    }

    fn intent(&self, hub: &str) -> Option<&'e RoutingIntent> {
        self.vhub(hub).routing_intent.as_ref()
    }

    fn is_private_hub(&self, hub: &str) -> bool {
        self.intent(hub).is_some_and(|i| i.private_traffic.is_some())
    }

    /// Everything on hubs; a branch that is down brings nothing (GW-12).
    fn attached(&self) -> Vec<Attached<'e>> {
        let mut all = Vec::new();
        for (name, c) in self.e.virtual_hub_connections.iter() {
            let net = c.value.remote_virtual_network.value.as_str();
            all.push(Attached {
                name,
                hub: &c.value.virtual_hub.value,
                thing: Thing::Net(net),
                prefixes: self.spaces(net).collect(),
                routing: c.value.routing.as_ref(),
                internet: *c.value.internet_security_enabled,
            });
        }
        for (name, b) in self.e.virtual_hub_branches.iter().filter(|(_, b)| *b.value.connected) {
            let site = b.value.on_premises_site.value.as_str();
            all.push(Attached {
                name,
                hub: &b.value.virtual_hub.value,
                thing: Thing::Site(site, b.value.type_.value),
                prefixes: match &b.value.learned_prefixes {
                    Some(learned) => learned.iter().map(|p| p.value).collect(),
                    None => self.site_space(site),
                },
                routing: b.value.routing.as_ref(),
                internet: *b.value.internet_security_enabled,
            });
        }
        all
    }

    /// Whether an attachment's prefixes go to a table (VWAN-04 to VWAN-06, VWAN-13).
    fn fills(&self, a: &Attached<'e>, hub: &str, table: &str) -> bool {
        if let Some(intent) = self.intent(a.hub) {
            return intent.private_traffic.is_none() && table == DEFAULT;
        }
        let Some(routing) = a.routing else { return table == DEFAULT };
        if routing.propagated_route_tables.is_empty() && routing.propagated_labels.is_empty() {
            return table == DEFAULT;
        }
        let named = a.hub == hub && routing.propagated_route_tables.iter().any(|t| t.value == table);
        let carries = |label: &str| {
            label.eq_ignore_ascii_case("default") && table == DEFAULT
                || self
                    .vhub(hub)
                    .route_tables
                    .get(table)
                    .is_some_and(|t| t.value.labels.iter().any(|l| l.value == label))
        };
        named || routing.propagated_labels.iter().any(|l| carries(&l.value))
    }

    /// One route table of a hub.
    fn hub_table(&self, hub: &'e str, table: &str) -> Vec<(Prefix, Next<'e>)> {
        let mut routes = Vec::new();
        let declared = self.vhub(hub);
        if let Some(intent) = &declared.routing_intent {
            if let Some(firewall) = &intent.internet_traffic {
                routes.push((prefix("0.0.0.0/0").unwrap(), Next::Firewall(firewall.value.as_str())));
            }
            if let Some(firewall) = &intent.private_traffic {
                // VWAN-14.
                let own = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"].into_iter().map(|p| prefix(p).unwrap());
                let all = own.chain(intent.private_traffic_prefixes.iter().map(|p| p.value));
                routes.extend(all.map(|p| (p, Next::Firewall(firewall.value.as_str()))));
                return routes;
            }
        }
        let statics = if table == DEFAULT {
            Some(&declared.default_routes)
        } else {
            declared.route_tables.get(table).map(|t| &t.value.routes)
        };
        // VWAN-07: static over learned.
        for (_, route) in statics.into_iter().flat_map(|r| r.iter()) {
            for destination in &route.value.destinations {
                let next = route.value.next_hop.value.as_str();
                if self.e.firewalls.keys().any(|f| f == next) {
                    routes.push((destination.value, Next::Firewall(next)));
                }
            }
        }
        for a in self.attached() {
            let secured = a.hub != hub && table == DEFAULT && self.is_private_hub(a.hub);
            if !(self.fills(&a, hub, table) || secured) {
                continue;
            }
            for p in &a.prefixes {
                // VWAN-08: a default never crosses hubs.
                if routes.iter().any(|(known, _)| known == p) || a.hub != hub && p.is_default() {
                    continue;
                }
                let next = if a.hub == hub { Next::Thing(a.thing) } else { Next::Hub(a.hub) };
                routes.push((*p, next));
            }
        }
        routes
    }

    fn table_of(&self, a: &Attached<'e>) -> &'e str {
        if self.intent(a.hub).is_some() {
            return DEFAULT;
        }
        a.routing.and_then(|r| r.associated_route_table.as_ref()).map_or(DEFAULT, |t| t.value.as_str())
    }

    /// What a network on hubs learns; only prefixes shorter than its own come in (VWAN-08, VWAN-09).
    pub(crate) fn learned_of_hubs(&self, net: &'e str, to: &To) -> Vec<Route<'e>> {
        let mut routes = Vec::new();
        for a in self.attached().into_iter().filter(|a| a.thing == Thing::Net(net)) {
            for (p, _) in self.hub_table(a.hub, self.table_of(&a)) {
                if self.spaces(net).any(|own| own.covers(p)) || p.is_default() && !a.internet {
                    continue;
                }
                if to.address.map_or(p.is_default(), |address| p.contains(address)) {
                    routes.push((p.length(), Rank::Gateway, Ok(Hop::Hub(a.name, a.hub))));
                }
            }
        }
        routes
    }

    /// TAG-01: what hangs on the same hubs, as far as it is learned.
    pub(crate) fn behind_hubs(&self, net: &'e str, address: IpAddr) -> bool {
        self.attached().into_iter().filter(|a| a.thing == Thing::Net(net)).any(|a| {
            let table = self.hub_table(a.hub, self.table_of(&a));
            table.into_iter().any(|(p, _)| !p.is_default() && p.contains(address))
        })
    }

    /// Through a hub, from something that hangs on it.
    pub(crate) fn through_hub(
        &self,
        connection: &str,
        hub: &'e str,
        journey: &mut Journey<'e>,
    ) -> Open<Result<End<'e>, At<'e>>> {
        let attached = self.attached();
        let table = attached.iter().find(|a| a.name == connection).map_or(DEFAULT, |a| self.table_of(a));
        journey.by_gateway = true;
        self.at_hub(hub, table, journey, 0)
    }

    fn at_hub(
        &self,
        hub: &'e str,
        table: &str,
        journey: &mut Journey<'e>,
        depth: usize,
    ) -> Open<Result<End<'e>, At<'e>>> {
        if depth > 6 {
            return blocked("LOOP");
        }
        let matching = |p: &Prefix| journey.to.address.map_or(p.is_default(), |a| p.contains(a));
        let routes = self.hub_table(hub, table).into_iter().filter(|(p, _)| matching(p));
        match routes.max_by_key(|(p, _)| p.length()).map(|(_, next)| next) {
            Some(next) => self.hub_leads(next, journey, depth),
            None => blocked("NOROUTE"),
        }
    }

    fn hub_leads(&self, next: Next<'e>, journey: &mut Journey<'e>, depth: usize) -> Open<Result<End<'e>, At<'e>>> {
        match next {
            Next::Hub(hub) => self.at_hub(hub, DEFAULT, journey, depth + 1),
            Next::Firewall(name) => {
                self.firewall(name, journey)?;
                self.hub_firewall_sends(name, journey, depth)
            }
            Next::Thing(Thing::Site(site, _)) => self.site_reached(site, journey).map(Ok),
            Next::Thing(Thing::Net(net)) => {
                let Some(owner) = journey.to.address.and_then(|a| self.owner_in(net, a)) else {
                    return blocked("NO-HOST");
                };
                self.arrive(At::Internet, net, net, owner, journey).map(End::Owner).map(Ok)
            }
        }
    }

    /// VWAN-16: what a hub's firewall let pass goes to what hangs there, to other hubs, or out.
    pub(crate) fn hub_firewall_sends(
        &self,
        name: &'e str,
        journey: &mut Journey<'e>,
        depth: usize,
    ) -> Open<Result<End<'e>, At<'e>>> {
        let hub = self.e.firewalls.get(name).unwrap().value.virtual_hub.as_ref().unwrap().value.as_str();
        let mut best: Option<(u8, Next<'e>)> = None;
        for a in self.attached() {
            let local = a.hub == hub;
            let reached = local || self.is_private_hub(a.hub) || self.fills(&a, hub, DEFAULT);
            for p in a.prefixes.iter().filter(|p| reached && !p.is_default()) {
                if journey.to.address.is_some_and(|x| p.contains(x)) && best.is_none_or(|(l, _)| p.length() > l) {
                    best = Some((p.length(), if local { Next::Thing(a.thing) } else { Next::Hub(a.hub) }));
                }
            }
        }
        match best {
            Some((_, next)) => self.hub_leads(next, journey, depth + 1),
            None if journey.to.address.is_none_or(|a| self.is_public(a)) => Ok(Ok(End::Out(At::Firewall(name)))),
            None => self.own_hub(hub, journey),
        }
    }

    /// VWAN-01: devices of the hubs of a WAN know each other.
    fn own_hub(&self, _hub: &str, journey: &Journey<'e>) -> Open<Result<End<'e>, At<'e>>> {
        let mut firewalls = self.e.firewalls.iter().filter(|(_, f)| f.value.virtual_hub.is_some());
        let found = firewalls.find(|(_, f)| f.value.private_ip_address.as_ref().map(|a| a.value) == journey.to.address);
        found.map_or_else(|| blocked("NOROUTE"), |(name, _)| Ok(Ok(End::Owner(Owner::Firewall(name)))))
    }

    /// From a site on hubs (VWAN-06, VWAN-08, VWAN-11, VWAN-12); `None` where no branch of it knows the destination.
    pub(crate) fn hub_of_site(&self, site: &str, journey: &Journey<'e>) -> Option<&'e str> {
        let attached = self.attached();
        let own: Vec<_> = attached.iter().filter(|a| matches!(a.thing, Thing::Site(s, _) if s == site)).collect();
        let mut best: Option<(u8, &'e str)> = None;
        for a in own {
            let Thing::Site(_, kind) = a.thing else { continue };
            // VWAN-11, VWAN-12: a private policy does not join two circuits, nor what the WAN keeps apart.
            if self.is_private_hub(a.hub) && journey.to.address.is_some_and(|x| self.kept_apart(a.hub, site, x)) {
                continue;
            }
            for (p, next) in self.hub_table(a.hub, DEFAULT) {
                let matching = journey.to.address.map_or(p.is_default(), |x| p.contains(x));
                // What it announces itself it does not learn.
                if !matching
                    || a.prefixes.contains(&p)
                    || p.is_default() && !a.internet
                    || !self.branches_meet(a.hub, kind, next, p)
                {
                    continue;
                }
                if best.is_none_or(|(l, _)| p.length() > l) {
                    best = Some((p.length(), a.hub));
                }
            }
        }
        best.map(|(_, hub)| hub)
    }

    /// On through a hub, as a branch enters it.
    pub(crate) fn through_router(&self, hub: &'e str, journey: &mut Journey<'e>) -> Open<Result<End<'e>, At<'e>>> {
        journey.by_gateway = true;
        self.at_hub(hub, DEFAULT, journey, 0)
    }

    /// Whether a site and an address meet over two ExpressRoute circuits and nothing else, or over a circuit and another
    /// branch where the WAN does not join those.
    fn kept_apart(&self, hub: &str, site: &str, address: IpAddr) -> bool {
        let express = |a: &Attached<'e>| matches!(a.thing, Thing::Site(_, BranchType::ExpressRoute));
        let wan = &self.vhub(hub).virtual_wan.value;
        let joined = *self.e.virtual_wans.get(wan).unwrap().value.allow_branch_to_branch_traffic;
        let attached = self.attached();
        let own = |a: &&Attached<'e>| matches!(a.thing, Thing::Site(s, _) if s == site);
        let (circuit, line) =
            (attached.iter().filter(own).all(express), attached.iter().filter(own).all(|a| !express(a)));
        let apart = |a: &Attached<'e>| match a.thing {
            Thing::Site(..) if circuit => express(a) || !joined,
            Thing::Site(..) if line => express(a) && !joined,
            _ => false,
        };
        let theirs: Vec<_> = attached
            .iter()
            .filter(|a| !own(a) && self.vhub(a.hub).virtual_wan.value == *wan)
            .filter(|a| a.prefixes.iter().any(|p| !p.is_default() && p.contains(address)))
            .collect();
        !theirs.is_empty() && theirs.iter().all(|a| apart(a))
    }

    fn branches_meet(&self, hub: &str, kind: BranchType, next: Next<'e>, p: Prefix) -> bool {
        let wan = &self.vhub(hub).virtual_wan.value;
        let all = *self.e.virtual_wans.get(wan).unwrap().value.allow_branch_to_branch_traffic;
        let other = match next {
            Next::Thing(Thing::Site(_, other)) => Some(other),
            Next::Hub(_) => self.attached().into_iter().find_map(|a| match a.thing {
                Thing::Site(_, other) if a.prefixes.contains(&p) => Some(other),
                _ => None,
            }),
            _ => None,
        };
        let Some(other) = other else { return true };
        let express = [kind, other].iter().filter(|k| **k == BranchType::ExpressRoute).count();
        match express {
            2 => false,
            1 => all,
            _ => true,
        }
    }
}
