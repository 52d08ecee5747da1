//! What no change to the file can do, and what the platform supports instead.

use super::{Repairs, candidates::managed_workspace};
use crate::{
    dataplane::ClientKind,
    forward::Outcome,
    snapshot::Snapshot,
    verdict::{Reason, Verdict},
};

/// Sentences for a flow without a proved repair.
pub(super) fn advice(snapshot: &Snapshot, result: &Repairs) -> Vec<String> {
    let mut said = Vec::new();
    if !result.proposals.is_empty() {
        return said;
    }
    let asked = &result.trace.question;
    let client = snapshot.plane.clients.get(&asked.from).ok();
    let stopped = |reasons: &[Reason]| {
        result
            .trace
            .all_steps()
            .any(|s| matches!(s.outcome, Outcome::Block(r) | Outcome::Unsupported(r) if reasons.contains(&r)))
    };
    if let Some(workspace) = managed_workspace(snapshot, &asked.from)
        && stopped(&[Reason::NoRoute, Reason::DnsNxdomain, Reason::Egress])
    {
        said.push(format!(
            "the managed network of {workspace} is Microsoft's: it cannot be peered, and nothing routes from it to a network of yours (ISO-06, MVNET-09)"
        ));
        said.push(format!(
            "the supported bridge is an application gateway: a listener and backend pool for `{}`, a private-link configuration on its frontend, and a private endpoint outbound rule of {workspace} to that frontend with the name under fqdns (AGW-01, AGW-10); compute must then use the name, over HTTP or HTTPS",
            asked.to
        ));
    }
    if client.is_some_and(|c| c.origin.kind == "internet_client") && result.goal == Verdict::Private {
        said.push(
            "a client on the internet has no private path; connect it to a network first (VPN, ExpressRoute), or close the service to it with --verdict blocked"
                .to_owned(),
        );
    }
    if client.is_some_and(|c| matches!(c.kind, ClientKind::Identity(_))) && result.goal == Verdict::Private {
        said.push(
            "a service that calls with its identity comes from no network of yours; the most it can have is --verdict backbone, as a trusted service or by a rule that names it"
                .to_owned(),
        );
    }
    if said.is_empty() {
        said.push(format!(
            "no set of up to {} changes that privreach can propose makes this flow {}; the trace names what stands in the way",
            super::MAX_CHANGES, result.goal
        ));
    }
    said
}
