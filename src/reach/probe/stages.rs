//! Parts of flows that do not depend on who sends: what takes them, and where devices and ways out lead them.

use super::{Asker, Flow, Probe, walk::Passage};
use crate::{
    dataplane::{Endpoint, Id, Match, Segment},
    reach::{Column, Findings},
};
use std::net::IpAddr;

/// Most alternatives of a stretch that are compared.
const MAX_ALTERNATIVES: usize = 16;

impl Probe<'_, '_> {
    /// What a stretch of a path comes to by every alternative; none where they differ, which is decided one by one.
    fn part<T: PartialEq>(
        &self,
        source: IpAddr,
        column: &Column,
        mut of: impl FnMut(Flow<'_>, Asker<'_>) -> T,
    ) -> Option<T> {
        let Column { transport, port, name, .. } = column;
        let destination = column.address()?;
        let flow = Flow { source, destination, transport: *transport, port: *port, name: name.as_ref(), reply: false };
        self.begin();
        let mut first: Option<T> = None;
        for _ in 0..MAX_ALTERNATIVES {
            let found = of(flow, Asker::client(false, &column.meant));
            if self.beyond.get() || first.as_ref().is_some_and(|f| *f != found) {
                return None;
            }
            first = Some(found);
            if !self.choices.turn() {
                return first;
            }
        }
        None
    }

    /// What an endpoint makes of a flow that reached it from a private address, apart from filters and the way back.
    pub(in crate::reach) fn landed(&self, column: &Column, owner: Id<Endpoint>) -> Option<Findings> {
        let source = column.address()?;
        self.part(source, column, |flow, asker| {
            let mut found = Findings::default();
            if !asker.meant.is_empty() && !asker.meant.contains(&owner) {
                found.block(crate::verdict::Reason::Overlap);
            }
            let way = Passage::new(owner, &flow);
            found.then(&self.arrive(owner, &way, asker, 0));
            found
        })
    }

    /// What becomes of a flow that a device sends in its own name, and whether it reaches nothing.
    pub(in crate::reach) fn onward(&self, device: Id<Endpoint>, column: &Column) -> Option<(Findings, bool)> {
        self.whichever(device, column, |source| {
            self.part(source, column, |flow, asker| {
                let walked = self.walk(device, &flow);
                let lost = matches!(walked.end, super::walk::End::Lost);
                (self.conclude(device, walked, &flow, asker, 0), lost)
            })
        })
    }

    /// What a flow comes to from whichever address a device sends; none where they differ, which is decided one by one.
    fn whichever<T: PartialEq>(
        &self,
        device: Id<Endpoint>,
        column: &Column,
        of: impl Fn(IpAddr) -> Option<T>,
    ) -> Option<T> {
        let destination = column.address()?;
        let device = self.model.endpoint(device);
        let own = device.source_for(destination)?;
        let found = of(own)?;
        let others = device.addresses.iter().filter(|a| device.any_address && a.is_ipv4() == destination.is_ipv4());
        others.filter(|a| **a != own).all(|a| of(*a).as_ref() == Some(&found)).then_some(found)
    }

    /// What becomes of a flow that a firewall takes over by name.
    pub(in crate::reach) fn by_name(&self, device: Id<Endpoint>, column: &Column) -> Option<Findings> {
        // Its own address is among the alternatives of what it then asks for.
        let source = self.model.endpoint(device).source_for(column.address()?)?;
        self.part(source, column, |flow, asker| self.taken_over(device, &flow, asker, 0))
    }

    /// What becomes of a flow that leaves a segment for the internet.
    pub(in crate::reach) fn outside(&self, from: Id<Endpoint>, column: &Column) -> Option<Findings> {
        let here = self.model.endpoint(from);
        let segment = self.model.segment(here.segment?);
        let source = here.source_for(column.address()?)?;
        self.part(source, column, |flow, asker| {
            let mut way = Passage::new(from, &flow);
            self.settle(way_end(self.leave(&mut way, here, segment), way), &flow, from, asker)
        })
    }

    /// What becomes of a flow that a segment sends with its own identity; none inside where it does not.
    pub(in crate::reach) fn as_segment(&self, from: Id<Endpoint>, column: &Column) -> Option<Option<Findings>> {
        let here = self.model.endpoint(from);
        let id: Id<Segment> = here.segment?;
        let destination = column.address()?;
        match self.served_by_endpoint(self.model.segment(id), destination) {
            Match::No => return Some(None),
            Match::Undecided => return None,
            Match::Yes => {}
        }
        let source = here.source_for(destination)?;
        self.part(source, column, |flow, asker| {
            let mut way = Passage::new(from, &flow);
            way.identity = Some(id);
            way.over_internet = true;
            self.settle(way_end(self.arrive_over_internet(&mut way), way), &flow, from, asker)
        })
        .map(Some)
    }

    /// The end of a way that began in the middle; one that goes on from there is walked from the device it is at.
    fn settle(&self, walked: Option<Passage<'_>>, flow: &Flow<'_>, from: Id<Endpoint>, asker: Asker<'_>) -> Findings {
        match walked {
            Some(walked) => self.conclude(from, walked, flow, asker, 0),
            None => {
                self.beyond.set(true);
                Findings::default()
            }
        }
    }
}

fn way_end<'f>(end: Option<super::walk::End>, mut way: Passage<'f>) -> Option<Passage<'f>> {
    way.end = end?;
    Some(way)
}
