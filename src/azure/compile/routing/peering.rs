//! Networks that are joined: peering links with their states, subnet peerings, and the connections that network
//! managers make.

use super::super::Compiler;
use crate::{
    azure::model::{
        network::{PeeringState, VirtualNetworkPeering},
        network_manager::{GroupConnectivity, NetworkManager, Topology},
    },
    dataplane::{Link, LinkedSubnets, NextHop, Origin, Regions, Route, RouteSource},
    diag::{Diagnostic, code},
    document::Entry,
    net::Prefix,
    verdict::Reason,
};
use std::collections::BTreeMap;

/// Another network, seen from one that is joined to it.
#[derive(Clone)]
pub(in super::super) struct Peer {
    /// Its name.
    pub remote: String,
    /// What joins them.
    pub origin: Origin,
    /// Its prefixes that are routed.
    pub prefixes: Vec<Prefix>,
    /// What the junction does to packets.
    pub link: Link,
    /// Whether this side counts the other to its VirtualNetwork tag (PEER-06).
    pub in_tag: bool,
    /// Whether this side uses the other's gateway, both sides agreeing (PEER-08).
    pub uses_gateway: bool,
    /// Whether the other side uses this one's.
    pub lends_gateway: bool,
    /// Next hop type as tools print it.
    pub shown: &'static str,
}

/// All junctions, by network; and routes that are absent for want of one.
#[derive(Default)]
pub(in super::super) struct Peers {
    pub joined: BTreeMap<String, Vec<Peer>>,
    pub absent: BTreeMap<String, Vec<Route>>,
}

impl Peers {
    pub(in super::super) fn of(&self, vnet: &str) -> &[Peer] {
        self.joined.get(vnet).map_or(&[], Vec::as_slice)
    }
}

fn connected(link: &VirtualNetworkPeering) -> bool {
    link.peering_state.as_ref().is_none_or(|s| s.value == PeeringState::Connected)
}

fn shown(regions: Regions) -> &'static str {
    if regions == Regions::Different { "VNetGlobalPeering" } else { "VNetPeering" }
}

/// A route that does not exist, and why.
fn absent(prefix: Prefix, reason: Reason, origin: Origin, rules: &'static [&'static str]) -> Route {
    Route { prefix, hop: NextHop::Drop(reason), source: RouteSource::System, shown: "None", origin, rules }
}

impl<'e> Compiler<'e> {
    /// All junctions of the estate (PEER-01, PEER-12, PEER-14, AVNM-09, AVNM-10).
    pub(super) fn join(&mut self) -> Peers {
        let mut peers = Peers::default();
        let estate = self.estate;
        let mut links: BTreeMap<(&str, &str), (&str, &'e Entry<VirtualNetworkPeering>)> = BTreeMap::new();
        for (name, entry) in estate.virtual_network_peerings.iter() {
            let pair = (entry.value.virtual_network.value.as_str(), entry.value.remote_virtual_network.value.as_str());
            if let Some((other, first)) = links.insert(pair, (name, entry)) {
                self.diagnostics.push(
                    Diagnostic::error(
                        code::CONFLICT,
                        entry.span,
                        format!("`{name}` and `{other}` are two links from `{}` to `{}` (PEER-14)", pair.0, pair.1),
                    )
                    .related(first.span, "the other link")
                    .help("a pair of networks has one link on each side"),
                );
            }
        }
        for ((vnet, remote), (name, entry)) in &links {
            let Some(prefixes) = self.space(remote) else { continue };
            let origin = Origin::new("virtual_network_peering", *name, entry.span);
            let back = links.get(&(*remote, *vnet)).filter(|(_, b)| connected(&b.value));
            let Some((back_name, back)) = back.filter(|_| connected(&entry.value)) else {
                let routes = prefixes.iter().map(|p| absent(*p, Reason::PeerState, origin.clone(), &["PEER-01"]));
                peers.absent.entry((*vnet).to_owned()).or_default().extend(routes);
                continue;
            };
            let back_origin = Origin::new("virtual_network_peering", *back_name, back.span);
            self.transit_pair(vnet, remote, entry, &back.value);
            let (peer, missing) = self.peer(vnet, remote, entry, &back.value, &origin, &back_origin, prefixes);
            let routes = missing.into_iter().map(|p| absent(p, Reason::PeerSync, origin.clone(), &["PEER-12"]));
            peers.absent.entry((*vnet).to_owned()).or_default().extend(routes);
            peers.joined.entry((*vnet).to_owned()).or_default().push(peer);
        }
        // A link that only the other side has explains as much.
        for ((vnet, remote), (name, entry)) in &links {
            if !links.contains_key(&(*remote, *vnet))
                && let Some(prefixes) = self.space(vnet)
            {
                let origin = Origin::new("virtual_network_peering", *name, entry.span);
                let routes = prefixes.into_iter().map(|p| absent(p, Reason::PeerState, origin.clone(), &["PEER-01"]));
                peers.absent.entry((*remote).to_owned()).or_default().extend(routes);
            }
        }
        for (name, entry) in estate.network_managers.iter() {
            self.managed_connections(name, entry, &mut peers);
        }
        peers
    }

    fn space(&self, vnet: &str) -> Option<Vec<Prefix>> {
        self.vnets.get(vnet).map(|n| self.plane.networks.get(*n).prefixes.clone())
    }

    /// Whether two networks lie in one region. All that name none lie in the one that the file leaves out.
    fn regions(&self, a: &str, b: &str) -> Regions {
        let region = |v: &str| self.vnets.get(v).and_then(|n| self.plane.networks.get(*n).region.as_deref());
        match (region(a), region(b)) {
            (Some(a), Some(b)) if a != b => Regions::Different,
            (Some(_), Some(_)) | (None, None) => Regions::Same,
            _ => Regions::Undeclared,
        }
    }

    /// One side of a peering that is connected on both sides; and remote prefixes that the link does not know yet.
    #[allow(clippy::too_many_arguments, reason = "both sides of one peering")]
    fn peer(
        &mut self,
        vnet: &str,
        remote: &str,
        entry: &Entry<VirtualNetworkPeering>,
        back: &VirtualNetworkPeering,
        origin: &Origin,
        back_origin: &Origin,
        mut prefixes: Vec<Prefix>,
    ) -> (Peer, Vec<Prefix>) {
        let link = &entry.value;
        let mut missing = Vec::new();
        if let Some(known) = &link.remote_address_space {
            missing = prefixes.iter().filter(|p| !known.iter().any(|k| k.value.covers(**p))).copied().collect();
            // A prefix that was removed there is still routed here.
            prefixes = known.iter().map(|k| k.value).collect();
        }
        let only = self.linked_subnets(vnet, remote, entry, origin);
        if let Some((_, remote_prefixes)) = &only {
            prefixes.clone_from(remote_prefixes);
            // Subnets that are not named are no part of it, synchronised or not (PEER-14).
            missing.clear();
        }
        let closed = |l: &VirtualNetworkPeering, o: &Origin| (!l.allow_virtual_network_access.value).then(|| o.clone());
        let regions = self.regions(vnet, remote);
        let peer = Peer {
            remote: remote.to_owned(),
            origin: origin.clone(),
            prefixes,
            link: Link {
                refuses_forwarded: (!back.allow_forwarded_traffic.value).then(|| back_origin.clone()),
                forwarding_undeclared: back.allow_forwarded_traffic.span.is_none(),
                // Both links must be on for the default rules.
                access_off: closed(link, origin).or_else(|| closed(back, back_origin)),
                regions,
                regional: None,
                only: only.map(|(joined, _)| Box::new(joined)),
            },
            in_tag: link.allow_virtual_network_access.value,
            uses_gateway: link.use_remote_gateways.value && back.allow_gateway_transit.value,
            lends_gateway: link.allow_gateway_transit.value && back.use_remote_gateways.value,
            shown: shown(regions),
        };
        (peer, missing)
    }

    /// The subnets that a subnet peering joins, and the remote ones' prefixes (PEER-14).
    fn linked_subnets(
        &mut self,
        vnet: &str,
        remote: &str,
        entry: &Entry<VirtualNetworkPeering>,
        origin: &Origin,
    ) -> Option<(LinkedSubnets, Vec<Prefix>)> {
        let link = &entry.value;
        if link.peer_complete_virtual_networks_enabled.value {
            for name in link.local_subnet_names.iter().chain(&link.remote_subnet_names) {
                self.error(
                    code::CONFLICT,
                    name.span,
                    "a link of complete networks names no subnets (PEER-14)",
                    "set peer_complete_virtual_networks_enabled to false, or remove the names",
                );
            }
            return None;
        }
        let mut joined: [Vec<Prefix>; 2] = Default::default();
        for (side, (network, other, names)) in
            [(vnet, remote, &link.local_subnet_names), (remote, vnet, &link.remote_subnet_names)].iter().enumerate()
        {
            for name in *names {
                let full = crate::document::Spanned { value: format!("{network}/{}", name.value), span: name.span };
                let Some(segment) = self.subnet(&full) else { continue };
                let own = self.plane.segments.get(segment).prefixes.clone();
                let space = self.space(network).unwrap_or_default();
                let shared = self.space(other).unwrap_or_default();
                let holding = space.iter().find(|p| own.iter().any(|o| p.covers(*o)));
                if let Some(twice) = holding.and_then(|h| shared.iter().find(|s| s.overlaps(*h))) {
                    let text = format!("`{}` lies in {twice}, which both networks have (PEER-14)", full.value);
                    self.diagnostics.push(
                        Diagnostic::error(code::OVERLAP, name.span, text)
                            .help("join subnets of prefixes that occur in one of the two networks only")
                            .refused(),
                    );
                }
                if let Some(list) = joined.get_mut(side) {
                    list.extend(own);
                }
            }
        }
        let [local, far] = joined;
        let prefixes = local.iter().chain(&far).copied().collect();
        Some((LinkedSubnets { origin: origin.clone(), prefixes }, far))
    }

    fn holds_gateway(&self, vnet: &str) -> bool {
        let mut gateways = self.estate.virtual_network_gateways.iter();
        let mut servers = self.estate.route_servers.iter();
        gateways.any(|(_, g)| g.value.virtual_network.value == vnet)
            || servers.any(|(_, r)| r.value.virtual_network.value == vnet)
    }

    /// Links to a hub whose gateway spokes are to use, and which has none, are never established (AVNM-10).
    fn unestablished(&self, hub: &str, spokes: &[String], origin: &Origin, peers: &mut Peers) {
        for (vnet, remote) in spokes.iter().flat_map(|s| [(hub, s.as_str()), (s.as_str(), hub)]) {
            let prefixes = self.space(remote).unwrap_or_default().into_iter();
            let missing = prefixes.map(|p| absent(p, Reason::PeerState, origin.clone(), &["AVNM-10", "PEER-01"]));
            peers.absent.entry(vnet.to_owned()).or_default().extend(missing);
        }
    }

    /// What a remote gateway needs (PEER-08).
    fn transit_pair(
        &mut self,
        vnet: &str,
        remote: &str,
        entry: &Entry<VirtualNetworkPeering>,
        back: &VirtualNetworkPeering,
    ) {
        let uses = &entry.value.use_remote_gateways;
        if !uses.value {
            return;
        }
        let holds = |v: &str| self.holds_gateway(v);
        let (remote_holds, own_holds) = (holds(remote), holds(vnet));
        let others = self.estate.virtual_network_peerings.iter().filter(|(_, l)| {
            l.value.virtual_network.value == vnet
                && l.value.remote_virtual_network.value != remote
                && l.value.use_remote_gateways.value
        });
        let mut refuse = |text: String, help: &str| {
            let error = Diagnostic::error(code::TRANSIT, uses.span.unwrap_or(entry.span), text).help(help);
            self.diagnostics.push(error.refused());
        };
        if !back.allow_gateway_transit.value {
            refuse(
                format!("`{vnet}` uses a gateway of `{remote}`, whose link does not allow it (PEER-08)"),
                "set allow_gateway_transit on the other link",
            );
        }
        if !remote_holds {
            refuse(
                format!("`{vnet}` uses a gateway of `{remote}`, which has neither gateway nor Route Server (PEER-08)"),
                "declare the gateway, or unset use_remote_gateways",
            );
        }
        if own_holds {
            refuse(
                format!("`{vnet}` has a gateway of its own and cannot use that of `{remote}` (PEER-08)"),
                "remove the own gateway, or unset use_remote_gateways",
            );
        }
        if others.count() > 0 {
            refuse(
                format!("`{vnet}` uses remote gateways over more than one link (PEER-08)"),
                "keep use_remote_gateways on one link",
            );
        }
    }

    /// Meshes and hubs with spokes that a network manager makes (AVNM-09, AVNM-10).
    fn managed_connections(&mut self, name: &str, entry: &Entry<NetworkManager>, peers: &mut Peers) {
        let manager = &entry.value;
        for (config_name, config) in manager.connectivity_configurations.iter() {
            let origin = Origin::new("connectivity_configuration", format!("{name}/{config_name}"), config.span);
            for (group_name, group) in config.value.applies_to_groups.iter() {
                let reference = crate::document::Spanned { value: group_name.to_owned(), span: group.span };
                let Some(declared) = self.declared("network group", &reference, &manager.network_groups) else {
                    continue;
                };
                let members: Vec<String> = declared
                    .virtual_networks
                    .iter()
                    .filter(|v| self.declared("virtual_network", v, &self.estate.virtual_networks).is_some())
                    .map(|v| v.value.clone())
                    .collect();
                let (mesh, global) = match config.value.connectivity_topology.value {
                    Topology::Mesh => (true, config.value.global_mesh_enabled.value),
                    Topology::HubAndSpoke => (
                        group.value.group_connectivity.value == GroupConnectivity::DirectlyConnected,
                        group.value.global_mesh_enabled.value,
                    ),
                };
                if mesh {
                    self.mesh(&members, global, &origin, peers);
                }
                if config.value.connectivity_topology.value == Topology::HubAndSpoke {
                    let Some(hub) = &config.value.hub else {
                        self.error(
                            code::MISSING_KEY,
                            config.span,
                            format!("`{config_name}` is a hub with spokes and names no hub"),
                            "add `hub:`",
                        );
                        continue;
                    };
                    if self.declared("virtual_network", hub, &self.estate.virtual_networks).is_some() {
                        let lends = group.value.use_hub_gateway.value;
                        if lends && !self.holds_gateway(&hub.value) {
                            self.unestablished(&hub.value, &members, &origin, peers);
                            continue;
                        }
                        for spoke in &members {
                            self.connect(&hub.value, spoke, &origin, (Junction::Hub { lends }, &[]), peers);
                            self.connect(spoke, &hub.value, &origin, (Junction::Spoke { uses: lends }, &[]), peers);
                        }
                    }
                }
            }
        }
    }

    fn mesh(&mut self, members: &[String], global: bool, origin: &Origin, peers: &mut Peers) {
        for a in members {
            let near = || members.iter().filter(|b| *b != a && (global || self.regions(a, b) != Regions::Different));
            for b in near() {
                let others: Vec<Prefix> =
                    near().filter(|c| *c != b).flat_map(|c| self.space(c).unwrap_or_default()).collect();
                self.connect(a, b, origin, (Junction::Mesh { global }, &others), peers);
            }
        }
    }

    /// One direction of a connection, unless a peering joins the two already (AVNM-11), in a group with further ranges.
    fn connect(
        &self,
        vnet: &str,
        remote: &str,
        origin: &Origin,
        (junction, others): (Junction, &[Prefix]),
        peers: &mut Peers,
    ) {
        let list = peers.joined.entry(vnet.to_owned()).or_default();
        if list.iter().any(|p| p.remote == remote) {
            return;
        }
        let own = self.space(vnet).unwrap_or_default();
        let mut prefixes = self.space(remote).unwrap_or_default();
        // Ranges that two members have are tolerated, and dropped (AVNM-09).
        prefixes.retain(|p| !own.iter().chain(others).any(|o| o.overlaps(*p)));
        let regions = self.regions(vnet, remote);
        list.push(Peer {
            remote: remote.to_owned(),
            origin: origin.clone(),
            prefixes,
            link: Link {
                refuses_forwarded: None,
                forwarding_undeclared: false,
                access_off: None,
                regions,
                regional: matches!(junction, Junction::Mesh { global: false }).then(|| origin.clone()),
                only: None,
            },
            in_tag: true,
            uses_gateway: matches!(junction, Junction::Spoke { uses: true }),
            lends_gateway: matches!(junction, Junction::Hub { lends: true }),
            shown: if matches!(junction, Junction::Mesh { .. }) { "ConnectedGroup" } else { shown(regions) },
        });
    }
}

#[derive(Clone, Copy)]
enum Junction {
    /// Whether it joins networks of several regions.
    Mesh {
        global: bool,
    },
    Hub {
        lends: bool,
    },
    Spoke {
        uses: bool,
    },
}
