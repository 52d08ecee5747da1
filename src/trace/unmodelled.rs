//! Doubts: where something that is not modelled could change what a step says, the step becomes unknown.

use super::Trace;
use crate::{
    dataplane::{Client, ClientKind, Concern, DEFAULT_ROUTE, Links, Plane, Unmodelled, UnmodelledScope},
    forward::{Outcome, PublicDoor, Stage, Step},
    net::{Fqdn, Transport, is_public},
    verdict::Reason,
};
use std::net::IpAddr;

/// Turns blockers that something unmodelled could lift into unknowns, and ends lists of steps that it could stop with
/// one. Blockers elsewhere stay certain.
pub(super) fn doubt(plane: &Plane, client: &Client, trace: &mut Trace) {
    let outside = is_outside(plane, client);
    let astray = outside && is_astray(trace);
    for what in &plane.unmodelled {
        let own = matches!(&what.scope, UnmodelledScope::Elements(e) if e.contains(&client.origin.name));
        // Nobody on the internet asks private DNS.
        let private = matches!(what.scope, UnmodelledScope::Names(_)) && what.doubts(Concern::Names);
        if private && outside {
            continue;
        }
        if astray && !own && what.scope != UnmodelledScope::Everything {
            continue;
        }
        let lists = || std::iter::once(&trace.steps).chain(trace.alternatives.iter().map(|(_, steps)| steps));
        if what.links.as_ref().is_some_and(|links| lists().all(|steps| stays(links, steps))) {
            continue;
        }
        let shared = is_met(what, &trace.steps) || is_end(plane, what, client, &trace.addresses, trace.name.as_ref());
        let onward = shared && soften(plane, client, what, &mut trace.steps, false);
        if trace.alternatives.is_empty() && shared {
            trace.steps.push(unknown(what));
        }
        for (_, list) in &mut trace.alternatives {
            if shared || is_met(what, list) {
                soften(plane, client, what, list, onward);
                list.push(unknown(what));
            }
        }
    }
}

/// Whether it goes from the internet to private addresses, where nothing could lead it (ROUTE-05).
fn is_astray(trace: &Trace) -> bool {
    trace.name.is_none() && !trace.addresses.is_empty() && !trace.addresses.iter().any(|a| is_public(*a))
}

/// Whether a client stands on the internet, and is no service that may stand elsewhere.
fn is_outside(plane: &Plane, client: &Client) -> bool {
    matches!(client.kind, ClientKind::Endpoint(from) if plane.is_on_internet(from))
}

/// Whether a flow leads over none of the links that are in doubt, and to nothing that other links could lead to: by the
/// routes of a network to itself.
fn stays(links: &Links, steps: &[Step]) -> bool {
    steps.iter().all(|step| {
        let mut own = step.element.iter().chain(&step.rests_on);
        let here = match step.stage {
            // What leads nowhere may be led somewhere by another link.
            Stage::Route | Stage::Return => !step.is_blocker() && own.all(|e| links.inside.contains(e)),
            // Zones and their links stand nowhere.
            Stage::Name => own.all(|e| links.inside.contains(e) || !links.all.contains_key(e)),
            // What its subnet learns decides what a gateway supports (AGW-18).
            Stage::Listener | Stage::Backend => false,
            _ => true,
        };
        here && stays(links, &step.inner)
    })
}

/// Blockers by absence: there would be a path if something were there.
const ABSENT: [Reason; 5] = [Reason::NoRoute, Reason::NextHop, Reason::NoHost, Reason::NoEgress, Reason::NoInbound];

/// Blockers that say how networks are not joined, or what one does not tell another.
const UNJOINED: [Reason; 5] = [Reason::GwDown, Reason::GwNoadv, Reason::GwTransit, Reason::PeerState, Reason::PeerSync];

/// Whether it belongs to a network, a subnet or what has an address, so that it may bring the very thing that is missing;
/// what belongs to a filter only may not.
fn adds(plane: &Plane, what: &Unmodelled) -> bool {
    let UnmodelledScope::Elements(elements) = &what.scope else { return false };
    let networks = plane.networks.iter().map(|(_, n)| &n.origin);
    let segments = plane.segments.iter().map(|(_, s)| &s.origin);
    let endpoints = plane.endpoints.iter().map(|(_, e)| &e.origin);
    networks.chain(segments).chain(endpoints).any(|o| elements.contains(&o.name))
}

/// Whether it may join networks, or announce routes to one, on which hangs what tags of security groups hold.
fn joins(plane: &Plane, what: &Unmodelled) -> bool {
    let networks = || plane.networks.iter().map(|(_, n)| &n.origin.name);
    match &what.scope {
        _ if what.links.is_some() || what.doubts(Concern::Routes) => true,
        UnmodelledScope::Elements(elements) => !is_narrow(what) && networks().any(|n| elements.contains(n)),
        UnmodelledScope::Owners(places) => places.iter().any(|p| p.ends_with("/GatewaySubnet")),
        UnmodelledScope::Everything | UnmodelledScope::Names(_) => false,
    }
}

/// Whether it says what is in doubt of the elements.
fn is_narrow(what: &Unmodelled) -> bool {
    !what.ports.is_empty()
        || what.doubts(Concern::Names)
        || what.doubts(Concern::Calls)
        || what.doubts(Concern::Address)
        || at_public_door(what)
}

fn unknown(what: &Unmodelled) -> Step {
    Step::unknown(Stage::Exists, Reason::NotModelled, &what.text)
        .at(&what.origin)
        .fix(format!("declare what it does, or remove {} if it does not matter", what.origin))
}

/// Whether it could change what one of the ends does.
fn is_end(plane: &Plane, what: &Unmodelled, client: &Client, addresses: &[IpAddr], name: Option<&Fqdn>) -> bool {
    if let (UnmodelledScope::Names(names), Some(asked)) = (&what.scope, name) {
        return names.iter().any(|n| asked.is_under(n));
    }
    let UnmodelledScope::Elements(elements) = &what.scope else { return false };
    if !what.ports.is_empty() || at_public_door(what) {
        return false;
    }
    // A service that calls from no network has a name of its own as a client.
    let caller = match client.kind {
        ClientKind::Identity(of) => Some(&plane.resources.get(of).origin.name),
        ClientKind::Endpoint(_) => None,
    };
    if what.doubts(Concern::Names) {
        return name.is_some() && elements.contains(&client.origin.name);
    }
    if what.doubts(Concern::Calls) {
        return elements.contains(&client.origin.name) || caller.is_some_and(|name| elements.contains(name));
    }
    let mut owners = addresses.iter().flat_map(|a| plane.owners(*a));
    elements.contains(&client.origin.name) || owners.any(|o| elements.contains(&plane.endpoints.get(o).origin.name))
}

/// Whether only whom services let in at their public address is in doubt.
fn at_public_door(what: &Unmodelled) -> bool {
    what.doubts(Concern::PublicAccess) || what.doubts(Concern::PublicRules)
}

/// Whether the steps, or journeys inside them, meet what it could change.
fn is_met(what: &Unmodelled, steps: &[Step]) -> bool {
    !what.doubts(Concern::Calls) && steps.iter().any(|s| meets(what, s))
}

/// Whether a step says that no rule carries a port which one that is not known may.
fn may_carry(what: &Unmodelled, step: &Step) -> bool {
    // The port is the one at the balancer, whatever was asked for; it is told in words only.
    let told = step.text.split_whitespace().filter_map(|w| w.split_once('/'));
    let ports = told.filter_map(|(t, p)| Some((t.parse::<Transport>().ok()?, p.parse::<u16>().ok()?)));
    let asked: Vec<(Transport, u16)> = ports.collect();
    let has = |(transport, port): &(Transport, u16)| {
        what.ports.iter().any(|(t, ports)| t == transport && ports.contains(*port))
    };
    step.outcome == Outcome::Block(Reason::LbNoRule) && (asked.is_empty() || asked.iter().any(has))
}

fn meets(what: &Unmodelled, step: &Step) -> bool {
    if !what.ports.is_empty() && !may_carry(what, step) {
        return is_met(what, &step.inner);
    }
    if at_public_door(what) {
        let decides = match step.public_door {
            Some(PublicDoor::Rules) => true,
            Some(PublicDoor::Switch) => what.doubts(Concern::PublicAccess),
            None => false,
        };
        let UnmodelledScope::Elements(elements) = &what.scope else { return true };
        return decides && step.element.iter().any(|e| elements.contains(e)) || is_met(what, &step.inner);
    }
    let own = || step.element.iter().chain(&step.rests_on);
    let named = |names: &std::collections::BTreeSet<String>| own().any(|e| names.contains(e));
    let here = match &what.scope {
        UnmodelledScope::Everything => true,
        UnmodelledScope::Elements(elements) if what.doubts(Concern::Names) => {
            matches!(step.stage, Stage::Name | Stage::Backend) && named(elements)
        }
        UnmodelledScope::Elements(elements) => named(elements),
        UnmodelledScope::Owners(networks) => match step.outcome {
            // Whose address a route leads to is said at the route, so any network may be meant.
            Outcome::Block(Reason::NextHop) => true,
            // What stands beside a gateway may announce a route.
            Outcome::Block(Reason::NoRoute | Reason::GwDown | Reason::GwNoadv | Reason::GwTransit) => {
                networks.iter().any(|n| n.ends_with("/GatewaySubnet"))
            }
            // Or a default.
            Outcome::Pass if matches!(step.stage, Stage::Route | Stage::Return) => {
                own().any(|e| e == DEFAULT_ROUTE) && own().any(|e| what.learners.contains(e))
            }
            Outcome::Block(Reason::NoHost) => named(networks),
            _ => false,
        },
        // Aliases on the way are told in words only.
        UnmodelledScope::Names(names) => {
            let words = || step.text.split_whitespace().filter_map(|w| w.parse::<Fqdn>().ok());
            step.stage == Stage::Name && words().any(|w| names.iter().any(|n| w.is_under(n)))
        }
    };
    here || is_met(what, &step.inner)
}

/// Whether it could change what the steps after one are about: another answer to a name leads elsewhere.
fn turns(plane: &Plane, what: &Unmodelled, step: &Step) -> bool {
    let UnmodelledScope::Elements(elements) = &what.scope else { return false };
    if step.stage != Stage::Name || what.doubts(Concern::Calls) || !what.ports.is_empty() || at_public_door(what) {
        return false;
    }
    // What has an address is meant for many a reason, mostly for what reaches it.
    let placed = |name: &String| plane.endpoints.iter().any(|(_, e)| e.origin.name == *name);
    let element = step.element.as_ref().filter(|e| elements.contains(*e));
    what.doubts(Concern::Names) || element.is_some_and(|e| !placed(e)) || step.steers && meets(what, step)
}

/// Makes blockers unknown that it could lift. Another answer to the name leads elsewhere, and so does another place of one
/// of the ends, so that every blocker may be beside the point. Gives whether those are that come after; `onward` says
/// whether they were before.
fn soften(plane: &Plane, client: &Client, what: &Unmodelled, steps: &mut [Step], mut onward: bool) -> bool {
    let adds = what.ports.is_empty() && !at_public_door(what) && adds(plane, what);
    // What is let in from the internet comes by no link.
    let joins = joins(plane, what) && !is_outside(plane, client);
    let sends = matches!(&what.scope, UnmodelledScope::Elements(e) if e.contains(&client.origin.name));
    let elsewhere = what.doubts(Concern::Place) || matches!(what.scope, UnmodelledScope::Names(_));
    for step in steps.iter_mut() {
        onward |= what.doubts(Concern::Names) && step.stage == Stage::Name
            || what.doubts(Concern::Routes) && step.stage == Stage::Route && (sends || meets(what, step));
        // Which rule or route acts follows from the address.
        let by_address = what.doubts(Concern::Address)
            && matches!(
                step.stage,
                Stage::Route | Stage::Filter | Stage::Firewall | Stage::Balancer | Stage::Backend | Stage::Return
            );
        let absent = adds && matches!(step.outcome, Outcome::Block(reason) if ABSENT.contains(&reason));
        let joined = joins && (step.by_networks || matches!(step.outcome, Outcome::Block(r) if UNJOINED.contains(&r)));
        let other =
            elsewhere || onward || absent || by_address || joined || !what.doubts(Concern::Calls) && meets(what, step);
        // Which rule of a firewall acts decides who sends on: one by names makes that the firewall (SNAT-02).
        let proxies = step.stage == Stage::Firewall && !is_narrow(what) && meets(what, step);
        onward |= turns(plane, what, step) || proxies;
        if let (true, Outcome::Block(reason) | Outcome::Unsupported(reason)) = (other, step.outcome) {
            step.outcome = Outcome::Unknown(reason);
            // The walk went on from a guess: another member, or another source.
            onward |= step.stage == Stage::Balancer || reason == Reason::NoEgress;
            // From another place there may be nothing to change.
            if what.doubts(Concern::Place) {
                step.fix = None;
            }
        }
    }
    onward
}
