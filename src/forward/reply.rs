//! The way back: from the endpoint that was reached to the source it saw (EVAL-02, ASYM-01).

use super::step::{Stage, Step};
use super::walk::{Arrival, lookup, nearby};
use crate::{
    dataplane::{Endpoint, Id, NextHop, Packet, Plane, Role},
    net::is_public,
    verdict::Reason,
};

/// Walks back. Replies are not filtered where state holds the connection (NSG-07); stateful devices must have seen
/// the first packet.
pub(super) fn walk_back(plane: &Plane, from: Id<Endpoint>, arrival: &Arrival, sent: &Packet) -> Vec<Step> {
    let reached = plane.endpoints.get(arrival.endpoint);
    let source = arrival.packet.source;
    // Outside the customer's networks, translated sources lead the reply back by themselves.
    let Some(mut segment) = reached.segment else {
        return Vec::new();
    };
    let inbound_from_internet = arrival.over_internet && plane.endpoints.get(from).segment.is_none();
    if arrival.over_internet && !inbound_from_internet {
        return Vec::new();
    }
    if let Role::Frontend { .. } = reached.role
        && inbound_from_internet
    {
        return Vec::new();
    }
    let mut emitter = arrival.endpoint;
    let mut devices = Vec::new();
    let mut from_inside = true;
    for _ in 0..32 {
        let here = plane.endpoints.get(emitter);
        let routes = match &here.role {
            Role::Gateway(gateway) if from_inside => &gateway.tunnels,
            _ => &plane.segments.get(segment).routes,
        };
        let Some(route) = lookup(routes, source) else { break };
        match &route.hop {
            NextHop::Network { network, .. } | NextHop::Tunnel(network) => {
                return finish(plane, arrival, plane.owner(*network, source).is_some(), &devices, sent);
            }
            NextHop::Endpoint(owner) => {
                let owns = plane.endpoints.get(*owner).addresses.contains(&source);
                return finish(plane, arrival, owns, &devices, sent);
            }
            NextHop::Internet if is_public(source) => return finish(plane, arrival, true, &devices, sent),
            NextHop::Gateway(gateway) => {
                let network = plane.networks.get(plane.segments.get(segment).network);
                from_inside = !network.beyond_gateway;
                emitter = *gateway;
            }
            NextHop::Appliance(address) => {
                let near = nearby(plane, plane.segments.get(segment), *address);
                let Some(device) = near else { break };
                devices.push(device);
                emitter = device;
                if devices.len() > 8 {
                    break;
                }
            }
            NextHop::Internet | NextHop::Drop(_) => break,
        }
        let Some(next) = plane.endpoints.get(emitter).segment else {
            break;
        };
        segment = next;
    }
    let text = format!("{} has no way back to {source}", plane.segments.get(segment).origin);
    vec![
        Step::block(Stage::Return, Reason::NoRoute, text)
            .at(&plane.segments.get(segment).origin)
            .rules(&["EVAL-02", "ROUTE-21"])
            .fix(format!("give {} a route to {source}", plane.segments.get(segment).origin)),
    ]
}

fn finish(plane: &Plane, arrival: &Arrival, owned: bool, devices: &[Id<Endpoint>], sent: &Packet) -> Vec<Step> {
    let reached = plane.endpoints.get(arrival.endpoint);
    let source = arrival.packet.source;
    if !owned && !is_public(source) {
        let text = format!("the way back to {source} ends where nothing owns that address");
        return vec![Step::block(Stage::Return, Reason::NoRoute, text).at(&reached.origin).rules(&["EVAL-02"])];
    }
    let mut there = arrival.devices.clone();
    there.reverse();
    if there == devices {
        return vec![Step::pass(Stage::Return, format!("replies reach {source}")).rules(&["EVAL-02"])];
    }
    let odd = devices.iter().chain(&there).find(|d| !(devices.contains(d) && there.contains(d)));
    let device = &plane.endpoints.get(odd.copied().unwrap_or(arrival.endpoint)).origin;
    let text = format!("{device} sees only one direction of {} → {}", sent.source, sent.destination);
    if let Role::PrivateEndpoint(_) = reached.role {
        return vec![
            Step::assume(Stage::Return, format!("{text}; source translation there is advised for private endpoints"))
                .rules(&["ASYM-07", "A-7"]),
        ];
    }
    // Without a connection there is no state to miss, unless the device never saw the request.
    let saw_request = devices.iter().all(|d| there.contains(d));
    if sent.transport != crate::net::Transport::Tcp && saw_request {
        return vec![
            Step::assume(Stage::Return, format!("{text}; {} passes a device that sees requests only", sent.transport))
                .at(device)
                .rules(&["ASYM-01", "A-06"]),
        ];
    }
    vec![
        Step::block(Stage::Return, Reason::Asym, text)
            .at(device)
            .rules(&["ASYM-01", "ASYM-04"])
            .fix(format!("route both directions through {device}, or neither; or translate the source there")),
    ]
}
