//! One flow of addresses through the data plane, there and back. It never resolves a name by itself.

mod balance;
mod context;
mod devices;
mod egress;
mod exit;
mod filters;
mod peering;
mod reply;
mod routes;
mod step;
mod walk;

pub use context::{Answers, Context, Forks};
pub use egress::EgressPass;
pub use filters::{Guards, PlatformDnsDenied, guards};
pub use step::{Denied, Outcome, PublicDoor, Stage, Step, is_open, met};
pub use walk::{Arrival, End, Journey, walk};

use crate::dataplane::{Direction, Endpoint, Id, Packet, Plane, Route, ServiceEndpoint, TagRoute};
use std::net::IpAddr;

/// Walks there, and back to whoever seems to have sent the packet on arrival; from a device that translated the source
/// on to whom it came from, and so on (EVAL-02, ASYM-02).
#[must_use]
pub fn round_trip(context: &Context<'_>, from: Id<Endpoint>, packet: &Packet) -> Journey {
    let mut journey = walk(context, from, packet);
    let mut back = Vec::new();
    if let End::Delivered(arrival) = &journey.end {
        back.extend(reply::walk_back(context, from, arrival, packet));
    }
    if !matches!(journey.end, End::Lost) {
        for leg in journey.legs.iter().rev() {
            let steps = reply::walk_leg_back(context, leg, packet);
            // Only what stops a reply is told of the stretches before; the last step rests on the rest.
            let (told, quiet): (Vec<_>, Vec<_>) =
                steps.into_iter().partition(|s| s.is_blocker() || s.outcome == Outcome::Assume);
            if let Some(last) = back.last_mut().or(journey.steps.last_mut()) {
                last.rests_on.extend(met(&quiet));
            }
            back.extend(told);
        }
    }
    for step in back {
        // What both directions meet is told once, and a peering asked once whether it is open.
        let access = |s: &Step| s.rules.contains(&"PEER-06");
        let told = |s: &Step| {
            let same = s.outcome != Outcome::Pass && s.outcome == step.outcome && s.text == step.text;
            same || access(s) && access(&step) && s.element == step.element
        };
        if !journey.steps.iter().any(told) {
            journey.steps.push(step);
        }
    }
    journey
}

/// What an endpoint sends by first.
#[derive(Debug, Clone, Copy)]
pub enum FirstHop<'p> {
    /// A route by prefix.
    Route(&'p Route),
    /// A route by service tag.
    Tag(&'p TagRoute),
    /// A service endpoint, which outranks both (ROUTE-15).
    ServiceEndpoint(&'p ServiceEndpoint),
}

/// What decides where an endpoint sends what is for an address, by the same choice as a walk's (ROUTE-12, ROUTE-15,
/// ROUTE-17); none if nothing does, or it is not known what.
#[must_use]
pub fn first_hop(plane: &Plane, from: Id<Endpoint>, destination: IpAddr) -> Option<FirstHop<'_>> {
    let endpoint = plane.endpoints.get(from);
    let segment = plane.segments.get(endpoint.segment?);
    if let Some((service, _)) = exit::served(plane, segment, destination) {
        return Some(FirstHop::ServiceEndpoint(service));
    }
    let table = routes::table(endpoint, segment, true, destination);
    routes::chosen(plane, segment, table, destination).ok().flatten().map(|found| found.written)
}

/// The filter and the rule that close the platform's DNS to an endpoint, if one does or may (ADDR-06, DNS-03).
#[must_use]
pub fn platform_dns_denied(plane: &Plane, id: Id<Endpoint>) -> Option<PlatformDnsDenied<'_>> {
    filters::platform_dns_denied(plane, id)
}

/// What the filters before an endpoint make of what enters its network without being routed.
#[must_use]
pub fn entering(plane: &Plane, id: Id<Endpoint>, packet: &Packet) -> Vec<Step> {
    filters::at_endpoint(plane, id, Direction::Inbound, packet)
}
