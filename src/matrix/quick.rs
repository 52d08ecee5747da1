//! Names in plain views: linked zones and public DNS, without the words that explain them.
//!
//! A second, narrow reading of the DNS walk for estates with thousands of names and views. Whatever is not plain (rulesets,
//! overrides, policies, forwarders, long chains of aliases) is left to the walk itself.

use super::views::{Server, Sight};
use crate::{
    dataplane::{Id, Otherwise, Plane, RecordData, Role, View, Zone},
    net::Fqdn,
    reach::{Findings, Named},
    verdict::Reason,
};
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

/// Longer chains of aliases are left to the walk.
const LINKS: usize = 4;

/// What a plain view sees.
pub(super) struct Quick<'p> {
    plane: &'p Plane,
    /// Linked zones by name, with whether a missing name is asked in public DNS.
    zones: HashMap<&'p str, (&'p Zone, bool), FxBuildHasher>,
}

/// Whether a view consists of linked zones alone.
pub(super) fn is_plain(plane: &Plane, view: Id<View>) -> bool {
    let View { origin: _, links: _, overrides, dormant, forwarding, policy } = plane.dns.views.get(view);
    overrides.iter().next().is_none() && dormant.is_empty() && forwarding.is_empty() && policy.is_empty()
}

/// The first of the views that answer all names alike.
pub(super) fn alike(plane: &Plane) -> HashMap<Id<View>, Id<View>, FxBuildHasher> {
    type ByLinks = HashMap<Vec<(Id<Zone>, bool)>, Id<View>, FxBuildHasher>;
    let mut known = ByLinks::default();
    let mut found = HashMap::default();
    for (id, view) in plane.dns.views.iter() {
        let links = || view.links.iter().map(|l| (l.zone, l.fallback)).collect();
        let first = if is_plain(plane, id) { *known.entry(links()).or_insert(id) } else { id };
        found.insert(id, first);
    }
    found
}

impl<'p> Quick<'p> {
    /// The view of clients, if it is plain.
    pub(super) fn of(plane: &'p Plane, sight: &Sight) -> Option<Self> {
        let view = match sight {
            Sight::Public => None,
            Sight::Platform(view, None) => Some(*view),
            Sight::Servers(_, _, reached) => match reached.first()? {
                Server::Reached(id) => Some(served(plane, *id)?),
                _ => return None,
            },
            Sight::Platform(..) | Sight::Identity | Sight::Alone(_) => return None,
        };
        let mut zones: HashMap<&'p str, (&'p Zone, bool), FxBuildHasher> = HashMap::default();
        if let Some(view) = view {
            if plane.dns.falls_through || !is_plain(plane, view) {
                return None;
            }
            for link in &plane.dns.views.get(view).links {
                let zone = plane.dns.zones.get(link.zone);
                zones.entry(zone.name.as_str()).or_insert((zone, link.fallback));
            }
        }
        Some(Self { plane, zones })
    }

    /// What a name comes to; none if that is left to the walk.
    pub(super) fn resolve(&self, name: &Fqdn) -> Option<Named> {
        let mut findings = Findings::default();
        let mut at = name;
        for _ in 0..LINKS {
            let zone = self.nearest(at);
            let held = zone.and_then(|(zone, _)| zone.records.find(at));
            let record = match (held, zone) {
                (Some(record), _) => Some(record),
                (None, Some((_, false))) => {
                    findings.block(Reason::DnsNxdomain);
                    return Some(Named { findings, addresses: Some(Vec::new()), forked: false });
                }
                (None, _) => self.plane.dns.public.find(at),
            };
            match record.map(|r| &r.data) {
                Some(RecordData::Addresses(all)) => {
                    return Some(Named { findings, addresses: Some(all.clone()), forked: false });
                }
                Some(RecordData::Alias(next)) if next != at && next != name => at = next,
                Some(RecordData::Alias(_)) => return None,
                None if self.plane.dns.absent.iter().any(|(suffix, _)| at.is_under(suffix)) => {
                    findings.block(Reason::DnsNxdomain);
                    return Some(Named { findings, addresses: Some(Vec::new()), forked: false });
                }
                None => {
                    findings.unknown(Reason::DnsUndeclared);
                    return Some(Named { findings, addresses: None, forked: false });
                }
            }
        }
        None
    }

    /// The linked zone of the longest name that covers this one.
    fn nearest(&self, name: &Fqdn) -> Option<(&'p Zone, bool)> {
        let mut rest = name.as_str();
        loop {
            if let Some(found) = self.zones.get(rest) {
                return Some(*found);
            }
            rest = rest.split_once('.')?.1;
        }
    }
}

/// The view that a server answers in, if it asks the platform for everything.
fn served(plane: &Plane, id: crate::dataplane::Id<crate::dataplane::Endpoint>) -> Option<Id<View>> {
    let endpoint = plane.endpoints.get(id);
    let stands = matches!(endpoint.role, Role::Firewall(_) | Role::Resolver) && endpoint.absence.is_none();
    let server = plane.dns.servers.get(endpoint.dns.filter(|_| stands)?);
    let asks = server.zones.is_empty() && server.forwarders.is_empty() && server.otherwise == Otherwise::Platform;
    server.platform.filter(|_| asks)
}
