//! Effective routes and rules of one place, in the columns that Azure's own tools print.

mod evidence;

pub use evidence::{
    Comparison, Contrast, Difference, Evidence, Said, SeenGroup, SeenRoute, SeenRule, SeenSide, compare,
};

use crate::{
    dataplane::{
        Action, ClientKind, Direction, Endpoint, Filter, Id, Matcher, NextHop, Origin, Plane, Role, Route, RouteSource,
        Segment, ServiceEndpoint, TagRoute,
    },
    forward::{FirstHop, Guards, first_hop, guards},
    net::{PortSet, Protocol},
};
use std::net::IpAddr;
use thiserror::Error;

/// A row of an effective route table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteRow {
    /// `Active`, or `Invalid` for a route that another one replaces.
    pub state: &'static str,
    /// `User`, `VirtualNetworkGateway` or `Default`.
    pub source: &'static str,
    /// Destination prefix or service tag.
    pub prefix: String,
    /// Next hop type.
    pub next_hop_type: &'static str,
    /// Address of the next hop, for appliances.
    pub next_hop: Vec<IpAddr>,
    /// Declaration.
    pub origin: Origin,
}

/// A row of an effective rule table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleRow {
    /// The filter: a security group or a network manager.
    pub filter: Origin,
    /// Where it is attached.
    pub attached: Origin,
    /// Name of the rule.
    pub name: Origin,
    /// Its number.
    pub priority: Option<u32>,
    /// `Inbound` or `Outbound`.
    pub direction: &'static str,
    /// `Allow`, `AlwaysAllow` or `Deny`.
    pub access: &'static str,
    /// Protocol.
    pub protocol: String,
    /// Sources as written, with the prefixes they stand for.
    pub sources: Side,
    /// Destinations.
    pub destinations: Side,
    /// Source ports.
    pub source_ports: PortSet,
    /// Destination ports.
    pub ports: PortSet,
}

/// One side of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// As it was written: prefixes, tags, groups.
    pub written: Vec<String>,
    /// The prefixes that tags and groups stand for here.
    pub expanded: Vec<String>,
}

/// Why a place has no table.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PlaceError {
    /// Nothing of that name has routes or rules.
    #[error("`{0}` is neither a subnet (`vnet/subnet`) nor something with an address in this scenario{1}")]
    Missing(String, String),
    /// It has an address, but no table of its own.
    #[error("`{0}` lies outside the customer's networks and has no {1}")]
    Outside(String, &'static str),
}

/// A subnet, a hub's route table, or something that sits in one.
fn place(plane: &Plane, at: &str, what: &'static str) -> Result<(Id<Segment>, Option<Id<Endpoint>>), PlaceError> {
    // A hub by its name alone means its default table, rather than the subnet of its firewall.
    let routers = || plane.endpoints.iter().filter(|(_, e)| matches!(e.role, Role::Router));
    let router = routers().find(|(_, e)| e.origin.name == at).and_then(|(_, e)| e.segment);
    let segment = || plane.segments.iter().find(|(_, s)| s.origin.name == at).map(|(id, _)| id);
    if let Some(segment) = router.or_else(segment) {
        return Ok((segment, None));
    }
    let endpoint = match plane.clients.get(at).map(|c| c.kind) {
        Ok(ClientKind::Endpoint(id)) => Some(id),
        _ => plane.endpoints.iter().find(|(_, e)| e.origin.name == at && e.segment.is_some()).map(|(id, _)| id),
    };
    let Some(endpoint) = endpoint else {
        let names = || plane.segments.iter().map(|(_, s)| s.origin.name.as_str());
        let near = crate::diag::nearest(at, names().chain(plane.clients.iter().map(|(o, _)| o.name.as_str())));
        let hint = match near {
            Some(near) => format!("; did you mean `{near}`?"),
            None => {
                let subnets: Vec<_> = names().filter(|n| n.contains('/')).collect();
                let shown = subnets.iter().take(8).copied().collect::<Vec<_>>().join(", ");
                let rest = subnets.len().saturating_sub(8);
                format!("; its subnets: {shown}{}", if rest > 0 { format!(" and {rest} more") } else { String::new() })
            }
        };
        return Err(PlaceError::Missing(at.to_owned(), hint));
    };
    match plane.endpoints.get(endpoint).segment {
        Some(segment) => Ok((segment, Some(endpoint))),
        None => Err(PlaceError::Outside(at.to_owned(), what)),
    }
}

/// The effective routes of a subnet, or of the subnet that something sits in: those that act, then those replaced.
///
/// # Errors
/// If nothing of that name has routes.
pub fn routes(plane: &Plane, at: &str) -> Result<Vec<RouteRow>, PlaceError> {
    let (segment, endpoint) = place(plane, at, "routes")?;
    let segment = plane.segments.get(segment);
    let tunnels = endpoint.and_then(|e| match &plane.endpoints.get(e).role {
        Role::Gateway(gateway) => Some(&gateway.tunnels),
        _ => None,
    });
    let mut rows: Vec<RouteRow> = Vec::new();
    // Service endpoints outrank everything (ROUTE-15).
    rows.extend(segment.service_endpoints.iter().map(service_row));
    rows.extend(segment.tag_routes.iter().map(tag_row));
    let active = tunnels.unwrap_or(&segment.routes).iter().map(|r| row("Active", r));
    rows.extend(active);
    rows.extend(segment.replaced_routes.iter().map(|r| row("Invalid", r)));
    Ok(rows)
}

/// The route by which an endpoint sends to an address first.
#[must_use]
pub fn first_route(plane: &Plane, from: Id<Endpoint>, destination: IpAddr) -> Option<RouteRow> {
    Some(match first_hop(plane, from, destination)? {
        FirstHop::Route(route) => row("Active", route),
        FirstHop::Tag(route) => tag_row(route),
        FirstHop::ServiceEndpoint(service) => service_row(service),
    })
}

fn service_row(service: &ServiceEndpoint) -> RouteRow {
    RouteRow {
        state: "Active",
        source: "Default",
        prefix: service.tag.clone(),
        next_hop_type: "VirtualNetworkServiceEndpoint",
        next_hop: Vec::new(),
        origin: Origin::new("service_endpoint", &service.tag, service.span),
    }
}

fn tag_row(route: &TagRoute) -> RouteRow {
    RouteRow {
        state: "Active",
        source: "User",
        prefix: route.tag.clone(),
        next_hop_type: shown(&route.hop),
        next_hop: addresses(&route.hop),
        origin: route.origin.clone(),
    }
}

fn row(state: &'static str, route: &Route) -> RouteRow {
    RouteRow {
        state,
        source: match route.source {
            RouteSource::User => "User",
            RouteSource::Gateway => "VirtualNetworkGateway",
            RouteSource::System => "Default",
        },
        prefix: route.prefix.to_string(),
        next_hop_type: route.shown,
        next_hop: addresses(&route.hop),
        origin: route.origin.clone(),
    }
}

fn shown(hop: &NextHop) -> &'static str {
    match hop {
        NextHop::Appliance(_) => "VirtualAppliance",
        NextHop::Internet => "Internet",
        NextHop::Drop(_) => "None",
        _ => "VirtualNetworkGateway",
    }
}

fn addresses(hop: &NextHop) -> Vec<IpAddr> {
    match hop {
        NextHop::Appliance(address) => vec![*address],
        NextHop::OneOf(routes) => routes.iter().flat_map(|r| addresses(&r.hop)).collect(),
        _ => Vec::new(),
    }
}

/// The effective rules of an interface or subnet in order of evaluation: admin rules, then security groups.
///
/// # Errors
/// If nothing of that name has rules.
pub fn rules(plane: &Plane, at: &str) -> Result<Vec<RuleRow>, PlaceError> {
    let (segment, endpoint) = place(plane, at, "rules")?;
    let segment = plane.segments.get(segment);
    let everything = Guards { admins: &segment.admin, segment: segment.filter.as_ref(), own: None };
    let Guards { admins, segment: edge, own } = endpoint.map_or(everything, |id| guards(plane, id));
    let mut rows = Vec::new();
    for filter in admins.iter().chain(edge) {
        rows.extend(rule_rows(filter, &segment.origin));
    }
    if let Some((id, filter)) = endpoint.zip(own) {
        rows.extend(rule_rows(filter, &plane.endpoints.get(id).origin));
    }
    Ok(rows)
}

fn rule_rows(filter: &Filter, attached: &Origin) -> Vec<RuleRow> {
    let made = |rule: &crate::dataplane::FilterRule| RuleRow {
        filter: filter.origin.clone(),
        attached: attached.clone(),
        name: rule.origin.clone(),
        priority: rule.priority,
        direction: match rule.direction {
            Some(Direction::Inbound) => "Inbound",
            Some(Direction::Outbound) => "Outbound",
            None => "Both",
        },
        access: match rule.action {
            Action::Allow => "Allow",
            Action::AlwaysAllow => "AlwaysAllow",
            Action::Deny => "Deny",
        },
        protocol: match rule.protocol {
            Protocol::Any => "*".to_owned(),
            Protocol::Only(transport) => transport.to_string(),
            Protocol::Other(other) => other.to_lowercase(),
        },
        sources: side(&rule.from),
        destinations: side(&rule.to),
        source_ports: rule.source_ports.clone(),
        ports: rule.ports.clone(),
    };
    let mut rows: Vec<_> = filter.rules.iter().map(made).collect();
    rows.sort_by_key(|r| (r.direction, r.priority));
    rows
}

fn side(matcher: &Matcher) -> Side {
    let literal: Vec<String> = matcher.addresses.prefixes().iter().map(ToString::to_string).collect();
    let whole = matcher.written.iter().any(|w| w == "*");
    let expanded = literal.into_iter().filter(|p| !whole && !matcher.written.contains(p)).collect();
    Side { written: matcher.written.clone(), expanded }
}
