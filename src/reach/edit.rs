//! Changes of a plane that a solution can follow.

use crate::{
    dataplane::{
        Direction, Door, Endpoint, Filter, FilterRule, Gate, Id, Link, Matcher, Network, NextHop, Plane, Role, Route,
        Routes, Segment,
    },
    net::{Prefix, Transport},
    verdict::Reason,
};
use std::{collections::BTreeSet, sync::Arc};
use thiserror::Error;

/// Where a filter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// At the edge of a segment.
    Segment(Id<Segment>),
    /// At an endpoint's own interface.
    Interface(Id<Endpoint>),
    /// Inside a firewall.
    Firewall(Id<Endpoint>),
}

/// A change of a plane. A security group that stands in several places is changed by one edit for each.
#[derive(Debug, Clone)]
pub enum Edit {
    /// A filter is put, replaced or taken away; a firewall always has one.
    Filter {
        /// Where it stands.
        at: Place,
        /// What stands there from now on.
        filter: Option<Filter>,
    },
    /// A rule is put before the one of this number, or after the last.
    AddRule {
        /// Where the filter stands.
        at: Place,
        /// Its number from now on, counted from 0.
        number: usize,
        /// The rule.
        rule: Box<FilterRule>,
    },
    /// A rule is replaced.
    ReplaceRule {
        /// Where the filter stands.
        at: Place,
        /// Its number, counted from 0.
        number: usize,
        /// What stands there from now on.
        rule: Box<FilterRule>,
    },
    /// A rule is taken away.
    RemoveRule {
        /// Where the filter stands.
        at: Place,
        /// Its number, counted from 0.
        number: usize,
    },
    /// A segment's effective routes are replaced; the first that contains a destination wins.
    Routes {
        /// The segment.
        of: Id<Segment>,
        /// Its routes from now on.
        routes: Routes,
    },
    /// A route leads elsewhere.
    NextHop {
        /// The segment.
        of: Id<Segment>,
        /// Number of its route, counted from 0.
        number: usize,
        /// Where it leads from now on.
        hop: NextHop,
    },
    /// What a link does to everything that one network sends into another.
    Link {
        /// The sending network.
        from: Id<Network>,
        /// The receiving network.
        to: Id<Network>,
        /// What the link does from now on.
        link: Option<Box<Link>>,
    },
    /// A machine is started or stopped.
    Running {
        /// The machine.
        machine: Id<Endpoint>,
        /// Whether it runs from now on.
        running: bool,
    },
    /// A private endpoint's connection is approved, or refused with a reason.
    Connection {
        /// The private endpoint.
        endpoint: Id<Endpoint>,
        /// Why it carries no traffic from now on, if it does not.
        closed: Option<(Reason, String)>,
    },
    /// Whom a service admits.
    Gate {
        /// The way into the service.
        door: Id<Door>,
        /// What stands there from now on.
        gate: Box<Gate>,
    },
}

/// Why an edit cannot be made. Nothing is changed then.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EditError {
    /// There is no filter there, or no rule, route or link of that number or between those networks.
    #[error("there is nothing of that number to change at {0}")]
    Nothing(String),
    /// It is of another kind.
    #[error("{0} is not {1}")]
    Kind(String, &'static str),
}

/// What edits change, for whoever follows them.
#[derive(Debug, Clone, Default)]
pub(super) struct Touched {
    pub(super) filters: BTreeSet<Id<Segment>>,
    /// Those of them whose filters may let others in otherwise than before.
    pub(super) entered: BTreeSet<Id<Segment>>,
    pub(super) interfaces: BTreeSet<Id<Endpoint>>,
    pub(super) routes: BTreeSet<Id<Segment>>,
    /// What takes flows for itself otherwise than before.
    pub(super) states: BTreeSet<Id<Endpoint>>,
    /// Why everything must be solved again, if it must.
    pub(super) everything: Option<Whole>,
}

/// Why everything was solved again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whole {
    /// A firewall's rules or a service's gate changed: every source may meet them.
    Shared,
    /// A device, gateway, balancer or the like stands where the edit was made, so that others' flows pass there.
    Busy,
    /// A route leads to a device that led no answer or request before, or to an address that was a machine's.
    Device,
    /// Names are answered otherwise, so that services land elsewhere.
    Names,
    /// Rules tell addresses apart that they did not, among those that something may send from.
    Addresses,
    /// More pairs would have to be decided one by one than solving again costs.
    OneByOne,
}

impl Edit {
    /// Makes the change; gives the edits that undo it.
    ///
    /// # Errors
    /// If there is nothing to change there, or it is of another kind. Nothing is changed then.
    pub fn apply(&self, plane: &mut Plane) -> Result<Vec<Self>, EditError> {
        let undo = match self {
            Self::Filter { at, filter } => {
                let old = match (filter_mut(plane, *at)?, filter) {
                    (Slot::Optional(slot), filter) => std::mem::replace(slot, filter.clone()),
                    (Slot::Fixed(slot), Some(filter)) => Some(std::mem::replace(slot, filter.clone())),
                    (Slot::Fixed(slot), None) => {
                        let none = Filter { rules: Vec::new(), ..slot.clone() };
                        Some(std::mem::replace(slot, none))
                    }
                };
                Self::Filter { at: *at, filter: old }
            }
            Self::AddRule { at, number, rule } => {
                let rules = rules_mut(plane, *at)?;
                if *number > rules.len() {
                    return Err(EditError::Nothing(rule.origin.to_string()));
                }
                rules.insert(*number, (**rule).clone());
                Self::RemoveRule { at: *at, number: *number }
            }
            Self::ReplaceRule { at, number, rule } => {
                let slot = rules_mut(plane, *at)?.get_mut(*number);
                let slot = slot.ok_or_else(|| EditError::Nothing(rule.origin.to_string()))?;
                let old = std::mem::replace(slot, (**rule).clone());
                Self::ReplaceRule { at: *at, number: *number, rule: Box::new(old) }
            }
            Self::RemoveRule { at, number } => {
                let rules = rules_mut(plane, *at)?;
                if *number >= rules.len() {
                    return Err(EditError::Nothing(format!("rule {number}")));
                }
                let rule = Box::new(rules.remove(*number));
                Self::AddRule { at: *at, number: *number, rule }
            }
            Self::Routes { of, routes } => {
                let old = std::mem::replace(&mut plane.segments.get_mut(*of).routes, routes.clone());
                Self::Routes { of: *of, routes: old }
            }
            Self::NextHop { of, number, hop } => {
                let segment = plane.segments.get_mut(*of);
                let name = segment.origin.to_string();
                let route = Arc::make_mut(&mut segment.routes).get_mut(*number).ok_or(EditError::Nothing(name))?;
                let old = std::mem::replace(&mut route.hop, hop.clone());
                Self::NextHop { of: *of, number: *number, hop: old }
            }
            Self::Link { from, to, link } => return join(plane, *from, *to, link.as_deref()),
            Self::Running { machine, running } => {
                let endpoint = plane.endpoints.get_mut(*machine);
                let Role::Host(host) = &mut endpoint.role else {
                    return Err(EditError::Kind(endpoint.origin.to_string(), "a machine"));
                };
                Self::Running { machine: *machine, running: std::mem::replace(&mut host.running, *running) }
            }
            Self::Connection { endpoint: id, closed } => {
                let endpoint = plane.endpoints.get_mut(*id);
                let Role::PrivateEndpoint(private) = &mut endpoint.role else {
                    return Err(EditError::Kind(endpoint.origin.to_string(), "a private endpoint"));
                };
                let old = std::mem::replace(&mut private.connection.closed, closed.clone());
                Self::Connection { endpoint: *id, closed: old }
            }
            Self::Gate { door, gate } => {
                let old = std::mem::replace(&mut plane.doors.get_mut(*door).gate, (**gate).clone());
                Self::Gate { door: *door, gate: Box::new(old) }
            }
        };
        plane.allocations.tell_apart(self.named());
        Ok(vec![undo])
    }

    /// Prefixes that the edit's rules and routes name, which may tell undeclared addresses apart (ADDR-03).
    fn named(&self) -> Vec<Prefix> {
        let of_rule = |rule: &FilterRule| {
            let sides = [&rule.from, &rule.to].map(|m| m.addresses.prefixes().to_vec());
            sides.into_iter().flatten().collect::<Vec<_>>()
        };
        match self {
            Self::Filter { filter: Some(filter), .. } => filter.rules.iter().flat_map(of_rule).collect(),
            Self::AddRule { rule, .. } | Self::ReplaceRule { rule, .. } => of_rule(rule),
            Self::Routes { routes, .. } => {
                let by_number = routes.iter().filter(|r| !matches!(r.hop, NextHop::Endpoint(_)));
                by_number.map(|r| r.prefix).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Whether what the edit brings may tell addresses apart that lie within these prefixes: something reads a part of
    /// them. What is not looked into may.
    #[must_use]
    pub fn may_tell_apart(&self, within: &[Prefix]) -> bool {
        let parts = |p: &Prefix| within.iter().any(|w| w.overlaps(*p)) && !within.iter().all(|w| p.covers(*w));
        let reads = |matcher: &Matcher| {
            let further = matcher.known_tags.iter().map(|(_, set)| set).chain(matcher.assumed.iter().map(|(s, _)| s));
            let mut sets = [&matcher.addresses, &matcher.inside].into_iter().chain(further);
            sets.any(|set| set.prefixes().iter().any(parts))
        };
        let rule = |rule: &FilterRule| reads(&rule.from) || reads(&rule.to);
        match self {
            Self::Filter { filter, .. } => filter.iter().flat_map(|f| &f.rules).any(rule),
            Self::AddRule { rule: one, .. } | Self::ReplaceRule { rule: one, .. } => rule(one),
            Self::NextHop { hop, .. } => matches!(hop, NextHop::Network { .. } | NextHop::OneOf(_)),
            Self::RemoveRule { .. } | Self::Running { .. } | Self::Connection { .. } => false,
            Self::Routes { .. } | Self::Link { .. } | Self::Gate { .. } => true,
        }
    }

    /// Whether it may change what becomes of queries to DNS servers where nothing forwards for others. A rule that is taken
    /// away is told by the edit that undoes it.
    #[must_use]
    pub fn may_meet_queries(&self) -> bool {
        match self {
            Self::AddRule { rule, .. } | Self::ReplaceRule { rule, .. } => {
                rule.ports.contains(53) && [Transport::Udp, Transport::Tcp].iter().any(|t| rule.protocol.matches(*t))
            }
            Self::RemoveRule { .. } => false,
            _ => true,
        }
    }

    /// Segments whose filter or routes the edit changes, or in which something is that it changes.
    #[must_use]
    pub fn segments(&self, plane: &Plane) -> BTreeSet<Id<Segment>> {
        let mut touched = Touched::default();
        self.touch(plane, &mut touched);
        let ends = touched.interfaces.iter().chain(&touched.states);
        let ends = ends.filter_map(|e| plane.endpoints.get(*e).segment);
        touched.filters.iter().chain(&touched.routes).copied().chain(ends).collect()
    }

    /// Whether it may change what a filter lets in. A rule that is taken away is told by the edit that undoes it.
    fn lets_in(&self) -> bool {
        match self {
            Self::AddRule { rule, .. } | Self::ReplaceRule { rule, .. } => rule.direction != Some(Direction::Outbound),
            Self::RemoveRule { .. } => false,
            _ => true,
        }
    }

    /// Adds what the edit, or one that undoes it, changes.
    pub(super) fn touch(&self, plane: &Plane, touched: &mut Touched) {
        match self {
            Self::Filter { at, .. }
            | Self::AddRule { at, .. }
            | Self::ReplaceRule { at, .. }
            | Self::RemoveRule { at, .. } => match at {
                Place::Segment(id) => {
                    touched.filters.insert(*id);
                    touched.entered.extend(self.lets_in().then_some(*id));
                }
                Place::Interface(id) => drop(touched.interfaces.insert(*id)),
                Place::Firewall(_) => touched.everything = Some(Whole::Shared),
            },
            Self::Routes { of, .. } | Self::NextHop { of, .. } => drop(touched.routes.insert(*of)),
            Self::Link { from, .. } => {
                touched.routes.extend(plane.segments.iter().filter(|(_, s)| s.network == *from).map(|(id, _)| id));
            }
            Self::Running { machine: id, .. } | Self::Connection { endpoint: id, .. } => {
                touched.states.insert(*id);
            }
            Self::Gate { .. } => touched.everything = Some(Whole::Shared),
        }
    }
}

/// Sets the link over which one network sends into another, in the routes of all its segments.
fn join(plane: &mut Plane, from: Id<Network>, to: Id<Network>, link: Option<&Link>) -> Result<Vec<Edit>, EditError> {
    let leads = |route: &Route| matches!(&route.hop, NextHop::Network { network, .. } if *network == to && from != to);
    let affected = plane.segments.iter().filter(|(_, s)| s.network == from && s.routes.iter().any(leads));
    let ids: Vec<Id<Segment>> = affected.map(|(id, _)| id).collect();
    let mut undo = Vec::with_capacity(ids.len());
    // Segments that shared a table share the new one, too.
    let mut made: Vec<(Routes, Routes)> = Vec::new();
    for id in ids {
        let segment = plane.segments.get_mut(id);
        let old = Arc::clone(&segment.routes);
        let known = made.iter().find(|(was, _)| Arc::ptr_eq(was, &old)).map(|(_, is)| Arc::clone(is));
        segment.routes = known.unwrap_or_else(|| {
            let mut routes = Vec::clone(&old);
            for route in routes.iter_mut().filter(|r| leads(r)) {
                route.hop = NextHop::Network { network: to, link: link.cloned().map(Box::new) };
            }
            let routes = Arc::new(routes);
            made.push((Arc::clone(&old), Arc::clone(&routes)));
            routes
        });
        undo.push(Edit::Routes { of: id, routes: old });
    }
    if undo.is_empty() {
        return Err(EditError::Nothing(plane.networks.get(from).origin.to_string()));
    }
    Ok(undo)
}

enum Slot<'p> {
    Optional(&'p mut Option<Filter>),
    Fixed(&'p mut Filter),
}

fn filter_mut(plane: &mut Plane, at: Place) -> Result<Slot<'_>, EditError> {
    Ok(match at {
        Place::Segment(id) => Slot::Optional(&mut plane.segments.get_mut(id).filter),
        Place::Interface(id) => Slot::Optional(&mut plane.endpoints.get_mut(id).filter),
        Place::Firewall(id) => {
            let Endpoint { role, origin, .. } = plane.endpoints.get_mut(id);
            match role {
                Role::Firewall(firewall) => Slot::Fixed(&mut firewall.filter),
                _ => return Err(EditError::Kind(origin.to_string(), "a firewall")),
            }
        }
    })
}

fn rules_mut(plane: &mut Plane, at: Place) -> Result<&mut Vec<FilterRule>, EditError> {
    match filter_mut(plane, at)? {
        Slot::Fixed(filter) | Slot::Optional(Some(filter)) => Ok(&mut filter.rules),
        Slot::Optional(None) => Err(EditError::Nothing("a place without a filter".to_owned())),
    }
}
