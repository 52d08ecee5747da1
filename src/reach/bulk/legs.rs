//! Ways back from devices that send on in their own name (ASYM-02).

use super::{places::Lists, setup::Setup};
use crate::verdict::Reason;

/// What becomes of an answer on its way from a device back to a home.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leg {
    /// It passes the devices that saw the request.
    Clear,
    /// It does not arrive.
    Closed(Reason),
    /// It is decided one by one.
    Odd,
}

/// From a device that requests came to over others: for TCP, and for everything else, which forgives a device that saw
/// requests only.
pub(super) fn legs(setup: &Setup, device: u16, home: usize, there: &[u16]) -> (Leg, Leg) {
    let both = |leg| (leg, leg);
    let found = setup.by_device.get(device as usize).map_or(Lists::ODD, |d| d[home]);
    if let Some(reason) = Lists::why(found) {
        return both(Leg::Closed(reason));
    }
    // Lists begin with the device itself.
    let Some((first, answers)) = setup.lists.of(found).split_first().filter(|_| found != Lists::ODD) else {
        return both(Leg::Odd);
    };
    match *first == device && there.iter().rev().eq(answers) {
        true => both(Leg::Clear),
        false if answers.iter().all(|d| there.contains(d)) => (Leg::Closed(Reason::Asym), Leg::Clear),
        false => both(Leg::Closed(Reason::Asym)),
    }
}
