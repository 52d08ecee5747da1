//! Which route wins at a hop, and what is near enough to be a next hop.

use super::{
    FirstHop,
    filters::{party, show, write_address},
    step::{Stage, Step},
    walk::Walk,
};
use crate::{
    dataplane::{
        Allocated, Endpoint, Id, Match, Matcher, NextHop, Origin, Plane, Role, Route, RouteSource, Segment, TagRoute,
    },
    net::{Membership, Prefix, is_public, is_undeclared_public},
    verdict::Reason,
};
use std::net::{IpAddr, Ipv4Addr};

/// The winning route of a segment.
pub(super) fn lookup(routes: &[Route], destination: IpAddr) -> Option<&Route> {
    routes.iter().find(|r| r.prefix.contains(destination))
}

/// The owner of an address in this network or one connected directly. What counts is the connection, so user routes
/// for the same prefix do not hide it (UDR-02, UDR-03). The hub of a virtual WAN counts as connected.
pub(super) fn nearby(plane: &Plane, segment: &Segment, address: IpAddr) -> Option<Id<Endpoint>> {
    let routes = || segment.routes.iter().chain(segment.replaced_routes.iter());
    let beside = || {
        routes().find_map(|route| match &route.hop {
            NextHop::Network { network, .. } if route.prefix.contains(address) => plane.owner(*network, address),
            _ => None,
        })
    };
    let in_hub = || {
        routes().find_map(|route| match &route.hop {
            NextHop::Router(router) => plane.owner(plane.network_of(*router)?, address),
            _ => None,
        })
    };
    plane.owner(segment.network, address).or_else(beside).or_else(in_hub)
}

/// The routes an endpoint sends by. A gateway sends what its network hands it over its connections, and back into its
/// networks what only they hold: so spokes meet through it (PEER-10, GW-01).
pub(super) fn table<'a>(
    endpoint: &'a Endpoint,
    segment: &'a Segment,
    from_inside: bool,
    destination: IpAddr,
) -> &'a [Route] {
    match &endpoint.role {
        Role::Gateway(gateway) if from_inside => {
            let tunnelled = lookup(&gateway.tunnels, destination).is_some();
            let near = lookup(&segment.routes, destination);
            // User routes of its subnet steer it as any other (UDR-10).
            let inside =
                near.is_some_and(|r| matches!(r.hop, NextHop::Network { .. }) || r.source == RouteSource::User);
            if !tunnelled && inside { &segment.routes } else { &gateway.tunnels }
        }
        _ => &segment.routes,
    }
}

/// A route found for a packet: how it is written, where it leads, and who says so.
pub(super) struct Found<'a> {
    pub(super) label: String,
    pub(super) hop: &'a NextHop,
    pub(super) origin: &'a Origin,
    pub(super) rules: &'a [&'static str],
    pub(super) written: FirstHop<'a>,
}

impl<'a> Found<'a> {
    pub(super) fn of(route: &'a Route) -> Self {
        let Route { prefix, hop, origin, rules, .. } = route;
        Self { label: prefix.to_string(), hop, origin, rules, written: FirstHop::Route(route) }
    }

    pub(super) fn of_tag(route: &'a TagRoute) -> Self {
        let TagRoute { tag, hop, origin } = route;
        Self { label: tag.clone(), hop, origin, rules: &["ROUTE-17"], written: FirstHop::Tag(route) }
    }

    pub(super) fn via(&self, what: &impl std::fmt::Display) -> Step {
        let mut step = Step::pass(Stage::Route, format!("{} → {what}", self.label)).rules(self.rules).on(self.origin);
        step.span = self.origin.span;
        step
    }
}

/// That a device in the virtual hub which the segment's network hangs on is taken as a next hop, if it sits there.
pub(super) fn in_hub(plane: &Plane, segment: &Segment, device: Id<Endpoint>, stage: Stage) -> Option<Step> {
    let home = plane.network_of(device);
    let mut routes = segment.routes.iter().chain(segment.replaced_routes.iter());
    let hub = home != Some(segment.network)
        && routes.any(|r| match r.hop {
            NextHop::Router(router) => plane.network_of(router) == home,
            _ => false,
        });
    let origin = &plane.endpoints.get(device).origin;
    let text = format!("{origin} in the hub is taken as a next hop, by assumption A-08");
    hub.then(|| Step::assume(stage, text).at(origin).rules(&["UDR-03", "A-08"]))
}

/// The route that wins: the longest prefix, or a service tag where only a default contains the address (ROUTE-12,
/// ROUTE-17). None if nothing leads there.
pub(super) fn winner<'a>(
    plane: &Plane,
    segment: &'a Segment,
    routes: &'a [Route],
    destination: IpAddr,
) -> Result<Option<Found<'a>>, Box<Step>> {
    if let [first, ..] = plane.allocations.at(destination) {
        return one_place(plane, segment, routes, destination, first).map(|r| r.map(Found::of));
    }
    let found = if is_undeclared_public(destination) {
        wherever(plane, routes).map_err(|step| Box::new((*step).at(&segment.origin)))?
    } else {
        lookup(routes, destination)
    };
    let tagged = !segment.tag_routes.is_empty() && is_public(destination);
    if tagged
        && !found.is_some_and(|r| r.prefix.is_host())
        && let Some(by_tag) = by_tag(plane, segment, found, destination)
    {
        return by_tag.map(Some);
    }
    Ok(found.map(Found::of))
}

/// The route for a public address that nobody declared: where all routes that may hold it lead, if that is one place
/// (ROUTE-12). What networks of the estate use themselves is no public host's (ADDR-01), and an address that something is
/// declared to have is that thing's.
fn wherever<'a>(plane: &Plane, routes: &'a [Route]) -> Result<Option<&'a Route>, Box<Step>> {
    let prefixes: Vec<_> = routes.iter().map(|r| r.prefix).collect();
    let rest = routes.iter().find(|r| r.prefix.is_default() && r.prefix.network().is_ipv4());
    let rest = rest.filter(|_| !halved(&prefixes, 0, 0));
    let may_hold = |r: &&Route| {
        let own = matches!(r.hop, NextHop::Network { .. } | NextHop::Endpoint(_));
        let taken = r.prefix.is_host() && plane.is_declared(r.prefix.network());
        !r.prefix.is_default() && r.prefix.holds_public() && !own && !taken
    };
    let mut others = routes.iter().filter(may_hold);
    let Some(usual) = rest.or_else(|| others.next()) else { return Ok(None) };
    let Some(other) = others.find(|r| r.hop != usual.hop) else { return Ok(Some(usual)) };
    let text = format!("the public address is not declared, and may lie in {}, which leads elsewhere", other.prefix);
    let step = Step::unknown(Stage::Route, Reason::Tag, text).span(other.origin.span).rules(&["ROUTE-12", "TAG-04"]);
    Err(Box::new(step.fix("declare the `ip_address` of the public host")))
}

/// The route for an address that the model chose: where all routes lead that its owner's addresses may win, if that is one
/// place (ADDR-03, ROUTE-12). The route of a private endpoint is that of whatever address it has.
fn one_place<'a>(
    plane: &Plane,
    segment: &Segment,
    routes: &'a [Route],
    destination: IpAddr,
    allocated: &Allocated,
) -> Result<Option<&'a Route>, Box<Step>> {
    let mut found: Option<&Route> = None;
    for route in routes {
        let membership = match route.hop {
            NextHop::Endpoint(_) if route.prefix.contains(destination) => Membership::In,
            NextHop::Endpoint(_) => Membership::Out,
            _ => allocated.candidates.membership([route.prefix]),
        };
        match (membership, found) {
            (Membership::Out, _) => continue,
            (_, Some(other)) if other.hop != route.hop => {
                let owner = plane.endpoints.get(allocated.endpoint);
                let (text, at) = (&owner.origin, other.origin.span);
                let text = format!("{text} declares no address, and {} holds some of those it may have", other.prefix);
                let step = Step::unknown(Stage::Route, Reason::Address, text).at(&segment.origin).span(at);
                return Err(Box::new(step.rules(&["ADDR-03", "ROUTE-12"]).fix(write_address(owner))));
            }
            (Membership::In, _) => return Ok(Some(route)),
            (Membership::Undecided, _) => found = Some(route),
        }
    }
    Ok(found)
}

/// Whether longer prefixes hold all of one, as two halves do; that is looked for down to /8.
fn halved(prefixes: &[Prefix], network: u32, length: u8) -> bool {
    let whole = |network, length| {
        let here = IpAddr::V4(Ipv4Addr::from(network));
        prefixes.iter().any(|p| p.network() == here && p.length() == length) || halved(prefixes, network, length)
    };
    length < 8 && whole(network, length + 1) && whole(network | 1 << (31 - length), length + 1)
}

/// The route for a destination, or what is absent where nothing leads there.
pub(super) fn chosen<'a>(
    plane: &Plane,
    segment: &'a Segment,
    routes: &'a [Route],
    destination: IpAddr,
) -> Result<Option<Found<'a>>, Box<Step>> {
    let found = winner(plane, segment, routes, destination)?;
    // Where nothing leads there, something that is down or half declared may be the reason (GW-12, PEER-01).
    let nowhere = found.as_ref().is_none_or(|r| match r.hop {
        NextHop::Drop(reason) => *reason == Reason::NoRoute,
        NextHop::Internet => !is_public(destination),
        _ => false,
    });
    let absent = lookup(&segment.absent_routes, destination).filter(|_| nowhere);
    Ok(absent.map(Found::of).or(found))
}

impl<'a> Walk<'a> {
    /// The route for the packet, or what is absent where nothing leads there.
    pub(super) fn choose(
        &self,
        endpoint: &'a Endpoint,
        segment: &'a Segment,
        routes: &'a [Route],
    ) -> Result<Found<'a>, Box<Step>> {
        let destination = self.packet.destination;
        if let Some(route) = chosen(self.plane, segment, routes, destination)? {
            return Ok(route);
        }
        let step = match &endpoint.role {
            Role::Gateway(_) if self.from_inside => Step::block(
                Stage::Route,
                Reason::GwDown,
                format!("{} has no connection that is up towards {}", endpoint.origin, show(destination)),
            )
            .rules(&["GW-02", "GW-12"])
            .fix(again(format!(
                "connect {} to the site that holds {}",
                endpoint.origin,
                show(destination)
            ))),
            _ => Step::block(
                Stage::Route,
                Reason::NoRoute,
                format!("{} has no route to {}", segment.origin, show(destination)),
            )
            .rules(&["ROUTE-21"])
            .fix(again(give_route(segment, destination))),
        };
        // What is missing is missing at the site, whoever asks.
        let at = if is_cut_off(segment) { &segment.origin } else { &endpoint.origin };
        Err(Box::new(step.at(at)))
    }
}

/// The most specific service tag that contains the destination, if a tag decides here.
fn by_tag<'a>(
    plane: &Plane,
    segment: &'a Segment,
    found: Option<&'a Route>,
    destination: IpAddr,
) -> Option<Result<Found<'a>, Box<Step>>> {
    let to = party(plane, destination);
    let same = |hop: &NextHop| found.is_some_and(|r| r.hop == *hop);
    for route in &segment.tag_routes {
        let matcher = Matcher { tags: vec![route.tag.clone()], ..Matcher::default() };
        let sure = match matcher.matches(to) {
            Match::No => continue,
            Match::Yes => true,
            Match::Undecided => false,
        };
        if same(&route.hop) {
            return None;
        }
        if sure && found.is_none_or(|r| r.prefix.is_default()) {
            return Some(Ok(Found::of_tag(route)));
        }
        let what = if sure {
            format!("which is longer, a prefix of {} or another route's, is not known", route.tag)
        } else {
            format!("whether {} contains the address is not declared", route.tag)
        };
        return Some(Err(Box::new(
            Step::unknown(Stage::Route, Reason::Tag, what)
                .at(&route.origin)
                .rules(&["ROUTE-17", "TAG-04"])
                .fix("declare `service_tag_prefixes`, or load the published service tags"),
        )));
    }
    None
}

/// That a learned route which a user route's prefix contains stays discarded (ROUTE-14, A-03).
pub(super) fn discarded(segment: &Segment, found: &Found<'_>, destination: IpAddr) -> Option<Step> {
    let user = segment.routes.iter().find(|r| r.origin == *found.origin && r.source == RouteSource::User)?;
    let learned = segment.replaced_routes.iter().find(|r| {
        let longer = r.prefix.length() > user.prefix.length();
        r.source == RouteSource::Gateway && longer && r.prefix.contains(destination)
    })?;
    let text =
        format!("the learned {} inside the network's prefix stays discarded, by assumption A-03", learned.prefix);
    Some(Step::assume(Stage::Route, text).at(&learned.origin).rules(&["ROUTE-14", "A-03"]))
}

/// Whether a site has no connection at all.
fn is_cut_off(segment: &Segment) -> bool {
    let inside = |r: &Route| matches!(r.hop, NextHop::Network { link: None, .. } | NextHop::Internet);
    segment.origin.kind == "on_premises_site" && segment.routes.iter().all(inside) && segment.absent_routes.is_empty()
}

/// What gives a segment the route it lacks.
fn give_route(segment: &Segment, destination: IpAddr) -> String {
    let at = &segment.origin;
    match is_cut_off(segment) {
        true => {
            format!("connect {at}, to which no connection of the file leads, to the network of {}", show(destination))
        }
        false => format!("give {at} a route to {}", show(destination)),
    }
}

/// What to do where the way ends, said with what it hides: a trace cannot go on without knowing where to (EVAL-06).
pub(super) fn again(fix: String) -> String {
    format!("{fix}, then trace it again: what follows was not examined")
}

/// Why a packet is dropped by a route, and what to do.
pub(super) fn dropped(reason: Reason, found: &Found<'_>, segment: &Segment, destination: IpAddr) -> (String, String) {
    let (label, origin) = (&found.label, found.origin);
    let route = || format!("give {} a route to {}", segment.origin, show(destination));
    match reason {
        Reason::UdrNone => (
            format!("{label} → none: {origin} drops it"),
            again(format!("remove the route {} with next hop None", origin.name)),
        ),
        Reason::GwDown => (format!("{label}: {origin} is down"), again(format!("bring {origin} up"))),
        Reason::PeerState => (
            format!("{label}: {origin} is not connected on both sides"),
            again("declare the link of the other side too, and bring both to state Connected".to_owned()),
        ),
        Reason::PeerSync => (
            format!("{label} was added after {origin} was made, and never synchronised"),
            again(format!("synchronise {origin}")),
        ),
        Reason::GwTransit => (
            format!("{label} lies behind the gateway of the other network, which {origin} does not use"),
            again("set allow_gateway_transit on the gateway's side and use_remote_gateways on the other".to_owned()),
        ),
        Reason::GwNoadv => (
            format!("{label} is announced to nobody at {}: {origin} does not know it", segment.origin),
            again("let the network use the gateway in transit, or announce its prefix".to_owned()),
        ),
        _ => (format!("{label} → none: {origin} drops it"), again(route())),
    }
}
