//! What no change to the file can do, and what the platform supports instead.

use super::{Repairs, candidates::managed_workspace};
use crate::{
    dataplane::ClientKind,
    forward::Outcome,
    scenario::Expectation,
    snapshot::Snapshot,
    verdict::{Reason, Verdict},
};

/// Sentences for a flow without a proved repair.
pub(super) fn advice(snapshot: &Snapshot, result: &Repairs) -> Vec<String> {
    let mut said = against(snapshot, result);
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
    if said.len() == against(snapshot, result).len() {
        let goals: Vec<String> = result.goals.iter().map(ToString::to_string).collect();
        let so = match &result.trace.judgement.verdict {
            verdict if *verdict == result.goal => "come out as expected".to_owned(),
            _ => goals.join(" or "),
        };
        said.push(format!(
            "no set of up to {} changes that privreach can propose makes this flow {so}",
            super::MAX_CHANGES
        ));
    }
    // What the trace says is to be fixed is the next step where nothing was proved.
    if result.goal != Verdict::Blocked {
        let mut fixes: Vec<&String> = Vec::new();
        for fix in result.trace.all_steps().filter(|s| s.is_blocker()).filter_map(|s| s.fix.as_ref()) {
            if !fixes.contains(&fix) {
                fixes.push(fix);
            }
        }
        said.extend(fixes.into_iter().map(|fix| format!("to fix: {fix}")));
    }
    said
}

/// Expectations that want this very flow to come out otherwise: no change can keep them.
fn against(snapshot: &Snapshot, result: &Repairs) -> Vec<String> {
    let asked = &result.trace.question;
    let expectations = snapshot.scenario.expectations.iter();
    let same = |e: &&Expectation| {
        let fields = &e.fields;
        fields.from.value == asked.from
            && fields.to.value == asked.to
            && fields.port.value == asked.port
            && fields.protocol.value == asked.transport
            // A mutation expects its own damage; what the design expects of the flow is what is wanted.
            && snapshot.scenario.designed.iter().all(|d| d.id != e.id)
    };
    let said = expectations.filter(same).filter_map(|e| {
        let wanted = e.fields.verdict.as_ref().map(|v| v.value).filter(|v| *v != result.goal);
        let never = e.fields.never.iter().flat_map(|n| &n.0).find(|n| n.value == result.goal);
        let says = wanted.map(|v| v.to_string()).or_else(|| never.map(|n| format!("never {}", n.value)))?;
        let id = &e.id;
        Some(format!("the expectation `{id}` of the file says {says} of this flow: change it, too, or it will fail"))
    });
    said.collect()
}
