//! One flow of addresses through the data plane, there and back. It never resolves a name.

mod egress;
mod filters;
mod reply;
mod step;
mod walk;

pub use egress::EgressPass;
pub use step::{Outcome, Stage, Step, is_open};
pub use walk::{Arrival, End, Journey, walk};

use crate::dataplane::{Direction, Endpoint, Filter, Id, Packet, Plane};

/// Walks there, and back to whoever seems to have sent the packet on arrival (EVAL-02).
#[must_use]
pub fn round_trip(plane: &Plane, from: Id<Endpoint>, packet: &Packet) -> Journey {
    let mut journey = walk(plane, from, packet);
    if let End::Delivered(arrival) = &journey.end {
        let back = reply::walk_back(plane, from, arrival, packet);
        journey.steps.extend(back);
    }
    journey
}

/// Evaluates one filter apart from a walk, for what enters a network without being routed.
#[must_use]
pub fn filter_step(plane: &Plane, filter: &Filter, direction: Direction, packet: &Packet) -> Vec<Step> {
    filters::apply(plane, filter, Stage::Filter, direction, packet)
}
