//! Connections that go on to further ports of the same address (SQL-02, PE-18).

use super::{Flow, Probe, walk::End};
use crate::{
    dataplane::{Endpoint, Id, Role},
    net::{PortRange, PortSet, is_public},
    reach::{Findings, Objection},
};

/// Ports that public addresses redirect to.
const PUBLIC: PortRange = PortRange { first: 11_000, last: 11_999 };

impl Probe<'_, '_> {
    /// Every further port must be open there and back, on every equal alternative; whatever objects stops the flow.
    /// Nothing was reached where a firewall took the flow over by name (PE-33).
    pub(super) fn further_ports(&self, from: Id<Endpoint>, reached: Option<Id<Endpoint>>, flow: &Flow<'_>) -> Findings {
        let mut found = Findings::default();
        let plane = self.model.plane;
        let named = flow.name.and_then(|n| plane.door_names.get(n)).map(|d| plane.doors.get(d.door));
        let ports = match reached.map(|r| &self.model.endpoint(r).role) {
            None if is_public(flow.destination) => {
                named.and_then(|d| d.redirects.as_ref()).map(|_| PortSet::of([PUBLIC]))
            }
            None | Some(Role::PrivateEndpoint(_)) => named.and_then(|d| d.redirects.clone()),
            Some(Role::Door(door)) => plane.doors.get(*door).redirects.as_ref().map(|_| PortSet::of([PUBLIC])),
            _ => None,
        };
        let Some(ports) = ports else { return found };
        for port in self.model.cut_ports(&ports) {
            // The further connection takes its own choices among alternatives.
            let inner = Probe { beyond: self.beyond.clone(), ..Probe::new(self.model) };
            loop {
                let onward = Flow { port, ..*flow };
                let way = inner.walk(from, &onward);
                let mut seen = way.findings;
                seen.then(&way.late);
                if let End::Reached(at) = way.end {
                    seen.then(&inner.back(from, at, &way, &onward));
                }
                if inner.beyond.get() {
                    self.beyond.set(true);
                }
                // What is sure to stop one decides, before what may stop one.
                match (seen.certain, seen.uncertain) {
                    (Some((objection, reason)), _) => {
                        let mut sure = Findings::default();
                        match objection {
                            Objection::Blocked => sure.block(reason),
                            Objection::Unsupported => sure.unsupported(reason),
                        }
                        return sure;
                    }
                    (None, Some(reason)) if found.is_open() => found.unknown(reason),
                    _ => {}
                }
                if !inner.choices.turn() {
                    break;
                }
            }
        }
        found
    }
}
