//! Today's verdicts as expectations: a regression baseline.

use crate::{
    dataplane::{ClientKind, Target},
    snapshot::Snapshot,
    trace::{Question, trace},
    verdict::{Reason, Verdict, Via},
};
use std::collections::BTreeSet;

/// What a flow comes to today.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Today {
    /// Client.
    pub from: String,
    /// A service's name, or the service for a client that has no network.
    pub to: String,
    /// Port.
    pub port: u16,
    /// The verdict.
    pub verdict: Verdict,
    /// How it gets through.
    pub via: Option<Via>,
    /// The deciding reason.
    pub reason: Option<Reason>,
}

/// The verdict of every client with every service: each of a service's names on its first port.
#[must_use]
pub fn baseline(snapshot: &Snapshot) -> Vec<Today> {
    let plane = &snapshot.plane;
    let mut found = Vec::new();
    for (client, about) in plane.clients.iter() {
        let mut asked = BTreeSet::new();
        for (_, resource) in plane.targets.iter() {
            let Target::Resource(id) = resource else { continue };
            let resource = plane.resources.get(*id);
            let names: Vec<String> = match about.kind {
                ClientKind::Identity(own) if own == *id => continue,
                ClientKind::Identity(_) => vec![resource.origin.name.clone()],
                ClientKind::Endpoint(_) => {
                    resource.names.iter().filter_map(|(_, n)| n.first()).map(ToString::to_string).collect()
                }
            };
            for to in names.into_iter().filter(|n| asked.insert(n.clone())) {
                let port = to.parse().ok().and_then(|n| plane.door_names.get(&n)).and_then(|n| {
                    let ports = &plane.doors.get(n.door).ports;
                    if ports.contains(443) { Some(443) } else { ports.ranges().first().map(|r| r.first) }
                });
                let port = port.unwrap_or(443);
                let question =
                    Question { from: client.name.clone(), to: to.clone(), port, transport: crate::net::Transport::Tcp };
                // A client whose name is not unique needs its kind before it.
                let qualified = || Question { from: format!("{}.{}", client.kind, client.name), ..question.clone() };
                let answer = trace(plane, &question).or_else(|_| trace(plane, &qualified()));
                if let Ok(answer) = answer {
                    let judged = &answer.judgement;
                    found.push(Today {
                        from: answer.question.from.clone(),
                        to,
                        port,
                        verdict: judged.verdict,
                        via: judged.via,
                        reason: judged.reason(),
                    });
                }
            }
        }
    }
    found
}
