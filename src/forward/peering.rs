//! What a peering does to packets that cross it (PEER-06, PEER-07, PEER-14).

use super::filters::{admits_by_address, is_grouped};
use super::step::{Stage, Step};
use super::{balance::receivers, walk::Walk};
use crate::{
    dataplane::{Endpoint, Id, Link, NextHop, Plane, Role, Segment},
    verdict::Reason,
};

/// The peering that lies between a segment and an endpoint, if one does.
pub(super) fn link_to<'a>(plane: &Plane, segment: &'a Segment, target: Id<Endpoint>) -> Option<&'a Link> {
    let home = plane.network_of(target)?;
    segment.routes.iter().chain(segment.replaced_routes.iter()).find_map(|route| match &route.hop {
        NextHop::Network { network, link } if *network == home => link.as_deref(),
        _ => None,
    })
}

/// That a peering keeps one network out of the other's VirtualNetwork tag, if it does; whether a security group mentions
/// what crosses it decides (PEER-06).
pub(super) fn closed(plane: &Plane, link: &Link, mentioned: bool, stage: Stage) -> Option<Step> {
    let closed = link.access_off.as_ref()?;
    let text = format!("{closed} keeps the other network out of its VirtualNetwork tag");
    let step = if mentioned || !plane.assumptions.closed_peering_blocks {
        Step::assume(stage, format!("{text}; security groups decide by addresses"))
    } else {
        Step::block(stage, Reason::PeerAccess, text).fix(format!("set allow_virtual_network_access on {closed}"))
    };
    // That one side is enough is a reading of its own.
    Some(step.at(closed).rules(&["PEER-06", "A-04", "A-07"]))
}

/// That a link may not be there, because nothing says where one of the two networks lies (AVNM-09).
pub(super) fn undeclared_region(link: &Link, stage: Stage) -> Option<Step> {
    let origin = link.doubtful()?;
    let text = format!("{origin} joins networks of one region only, and one of these declares no location");
    let step = Step::unknown(stage, Reason::RegionUndeclared, text).at(origin).rules(&["AVNM-09"]);
    Some(step.fix("declare the location of both networks, or set global_mesh_enabled"))
}

impl Walk<'_> {
    /// Whether the packet's source lies outside the network that now sends it (PEER-07). Gateways and the platform's
    /// routers are exempt.
    fn forwarded(&self, segment: &Segment) -> bool {
        let emitter = self.plane.endpoints.get(self.emitter);
        let network = self.plane.networks.get(segment.network);
        !matches!(emitter.role, Role::Gateway(_) | Role::Router)
            && !network.prefixes.iter().any(|p| p.contains(self.packet.source))
    }

    /// A peering is asked once per crossing, so a packet that a device translated comes from the device's own network.
    /// Behind a balancer's frontend its members decide, which receive the packet (NSG-12).
    pub(super) fn cross(&mut self, segment: &Segment, link: Option<&Link>, owner: Option<Id<Endpoint>>) {
        let Some(link) = link else { return };
        self.crossed = link.regions;
        self.steps.extend(undeclared_region(link, Stage::Route));
        let next = owner.and_then(|o| self.plane.endpoints.get(o).source_for(self.packet.destination));
        if let Some(only) = &link.only
            && let Some(outside) = only.outsider(segment, next.unwrap_or(self.packet.destination))
        {
            self.steps.push(
                Step::block(Stage::Route, Reason::PeerSubnet, format!("{} does not join {outside}", only.origin))
                    .at(&only.origin)
                    .rules(&["PEER-14", "A-19"])
                    .fix(format!("add the subnet of {outside} to {}", only.origin)),
            );
        }
        let receivers = owner.map(|o| receivers(self.plane, o, &self.packet)).unwrap_or_default();
        // With security groups at an end, those decide without the tag.
        let grouped = !receivers.is_empty() && receivers.iter().all(|(id, _)| is_grouped(self.plane, *id));
        let mentioned = grouped || is_grouped(self.plane, self.emitter);
        self.steps.extend(closed(self.plane, link, mentioned, Stage::Route));
        if let Some(refusing) = link.refuses_forwarded.as_ref().filter(|_| self.forwarded(segment)) {
            let admitted = self.plane.assumptions.address_admits_forwarded
                && !receivers.is_empty()
                && receivers.iter().all(|(id, packet)| admits_by_address(self.plane, *id, packet));
            let text = format!("{refusing} refuses forwarded traffic");
            let step = if admitted {
                Step::assume(Stage::Route, format!("{text}, yet a security group admits the source by its address"))
            } else {
                Step::block(Stage::Route, Reason::PeerFwd, text)
                    .fix(format!("set allow_forwarded_traffic on {refusing}"))
            };
            // The default of a flag that nobody set is a reading of its own.
            let rules: &[&'static str] =
                if link.forwarding_undeclared { &["PEER-07", "A-05", "A-18"] } else { &["PEER-07", "A-05"] };
            self.steps.push(step.at(refusing).rules(rules));
        }
    }
}
