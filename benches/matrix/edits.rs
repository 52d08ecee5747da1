//! What it takes to keep a solved estate up to date with edits of rules and routes.

use super::meter::seconds;
use privreach::{
    dataplane::{Action, Direction, Id, NextHop, Plane, Segment},
    matrix::Live,
    reach::{Edit, Flip, Place},
    verdict::Reason,
};
use std::time::Instant;

/// Edits of each kind.
const EDITS: usize = 201;

/// Makes edits of each kind one after the other, and prints how long the median and the slowest of a hundred take; those
/// that everything is solved again for are counted apart.
pub(crate) fn print(plane: Plane) {
    let start = Instant::now();
    let mut live = Live::new(plane);
    println!("  solve and keep what edits need: {}", seconds(start.elapsed().as_secs_f64()));
    type Make = fn(&Plane, Id<Segment>) -> Option<Edit>;
    let kinds: [(&str, Make); 3] = [
        ("turn an outbound rule around", |p, s| turned(p, s, Direction::Outbound)),
        ("turn an inbound rule around", |p, s| turned(p, s, Direction::Inbound)),
        ("lead a route elsewhere", led),
    ];
    for (what, make) in kinds {
        let segments: Vec<Id<Segment>> = live.plane().segments.iter().map(|(id, _)| id).collect();
        let (mut times, mut whole, mut pairs) = (Vec::new(), 0, 0);
        let mut at = 0;
        while times.len() + whole < EDITS && at < segments.len() * 4 {
            at += 1;
            let Some(edit) = segments.get(at * 7_919 % segments.len()).and_then(|s| make(live.plane(), *s)) else {
                continue;
            };
            let start = Instant::now();
            let Ok(change) = live.apply(std::slice::from_ref(&edit)) else { continue };
            let time = start.elapsed().as_secs_f64();
            match change.whole {
                None => times.push(time),
                Some(_) => whole += 1,
            }
            pairs += change.flips.iter().map(Flip::pairs).sum::<u64>();
            // The next edit finds the estate as it was.
            let _ = live.apply(&change.undo);
        }
        times.sort_by(f64::total_cmp);
        let of =
            |hundredths: usize| times.get(times.len() * hundredths / 100).map_or("none".to_owned(), |t| seconds(*t));
        println!(
            "  {what}: {} in place, p50 {}, p99 {}; {whole} solved again; {pairs} pairs changed",
            times.len(),
            of(50),
            of(99)
        );
    }
}

/// The middle rule of a segment's filter, allowed where it was denied or the other way around.
fn turned(plane: &Plane, segment: Id<Segment>, way: Direction) -> Option<Edit> {
    let rules = &plane.segments.get(segment).filter.as_ref()?.rules;
    let all: Vec<usize> =
        (0..rules.len()).filter(|n| rules.get(*n).is_some_and(|r| r.direction == Some(way))).collect();
    let number = *all.get(all.len() / 2)?;
    let mut rule = rules.get(number)?.clone();
    rule.action = if rule.action == Action::Deny { Action::Allow } else { Action::Deny };
    Some(Edit::ReplaceRule { at: Place::Segment(segment), number, rule: Box::new(rule) })
}

/// The first route to a device, dropped instead.
fn led(plane: &Plane, segment: Id<Segment>) -> Option<Edit> {
    let routes = &plane.segments.get(segment).routes;
    let number = routes.iter().position(|r| matches!(r.hop, NextHop::Appliance(_)))?;
    Some(Edit::NextHop { of: segment, number, hop: NextHop::Drop(Reason::UdrNone) })
}
