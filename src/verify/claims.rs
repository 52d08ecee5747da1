//! What an expectation claims of one flow, and whether it is so.

use super::Outcome;
use crate::{
    dataplane::Plane,
    document::Spanned,
    effective::first_route,
    scenario::{ExpectationFields, OneOrMany, RouteFields, answer_of},
    trace::Trace,
    verdict::{Reason, Verdict, Via},
};
use std::net::IpAddr;

/// What became of a claim about a flow.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Claim {
    pub(super) outcome: Outcome,
    pub(super) differences: Vec<String>,
}

/// Whether a claim needs the steps of a flow, and not only its verdict, path and deciding reason.
pub(super) fn needs_trace(fields: &ExpectationFields) -> bool {
    fields.reasons.is_some()
        || fields.dns.is_some()
        || fields.route.is_some()
        || !fields.through.is_empty()
        || !fields.not_through.is_empty()
}

/// What is claimed of a verdict, the path and the deciding reason. `alternatives` are the verdicts of equal alternatives.
pub(super) fn of_verdict(
    fields: &ExpectationFields,
    verdict: Verdict,
    via: Option<Via>,
    reason: Option<Reason>,
    alternatives: &[Verdict],
) -> Claim {
    let mut differences = Vec::new();
    let mut differ = |what: &str, expected: String, found: String| {
        if expected != found {
            differences.push(format!("{what}: expected {expected}, found {found}"));
        }
    };
    let none = || "none".to_owned();
    // What gets through has a way; equal alternatives may have several.
    let several = reason.is_none() && matches!(verdict, Verdict::Private | Verdict::Backbone | Verdict::Public);
    let no_way = || if several { "different ones of equal alternatives".to_owned() } else { none() };
    if let Some(expected) = &fields.verdict {
        differ("verdict", expected.value.to_string(), verdict.to_string());
    }
    if let Some(expected) = &fields.via {
        differ("via", expected.value.to_string(), via.map_or_else(no_way, |v| v.to_string()));
    }
    if let Some(expected) = &fields.reason {
        differ("reason", expected.value.to_string(), reason.map_or_else(none, |r| r.to_string()));
    }
    let expects_unknown = fields.verdict.as_ref().is_some_and(|v| v.value == Verdict::Unknown);
    let mut undecided = verdict == Verdict::Unknown && !expects_unknown;
    for never in fields.never.iter().flat_map(|n| &n.0) {
        let never = never.value;
        if never == verdict {
            differences.push(format!("never {never}: found {verdict}"));
            undecided = false;
        } else if alternatives.contains(&never) {
            differences.push(format!("never {never}: found by one of several equal alternatives"));
            undecided = false;
        } else if verdict == Verdict::Unknown {
            differences.push(format!("never {never}: the verdict is unknown, which does not rule it out"));
        }
    }
    let outcome = match (differences.is_empty(), undecided) {
        (true, _) => Outcome::Held,
        (false, true) => Outcome::Undecided,
        (false, false) => Outcome::Failed,
    };
    Claim { outcome, differences }
}

/// Everything that is claimed of a flow.
pub(super) fn of_trace(fields: &ExpectationFields, plane: &Plane, trace: &Trace) -> Claim {
    let judged = &trace.judgement;
    let alternatives = trace.alternative_verdicts();
    let mut claim = of_verdict(fields, judged.verdict, judged.via, judged.reason(), &alternatives);
    let expects_unknown = fields.verdict.as_ref().is_some_and(|v| v.value == Verdict::Unknown);
    let undecided = judged.verdict == Verdict::Unknown && !expects_unknown && claim.outcome != Outcome::Failed;
    let mut differ = |difference: String| {
        claim.differences.push(difference);
        claim.outcome = if undecided { Outcome::Undecided } else { Outcome::Failed };
    };
    let mut unequal = |what: &str, expected: String, found: String| {
        if expected != found {
            differ(format!("{what}: expected {expected}, found {found}"));
        }
    };
    if let Some(reasons) = &fields.reasons {
        let found = sorted(judged.reasons.iter().map(ToString::to_string));
        unequal("reasons", sorted(reasons.iter().map(|r| r.value.to_string())), found);
    }
    if let Some(dns) = &fields.dns {
        let found: Vec<String> = if trace.nxdomain {
            vec!["NXDOMAIN".to_owned()]
        } else {
            trace.addresses.iter().map(|a| crate::net::shown(*a)).collect()
        };
        unequal(
            "dns",
            sorted(dns.0.iter().map(|d| answer_of(&d.value).unwrap_or_else(|| d.value.clone()))),
            sorted(found.into_iter()),
        );
    }
    let passed = trace.elements();
    for element in &fields.through {
        if !passed.contains(&element.value.as_str()) {
            differ(format!("through: the path does not pass {}", element.value));
        } else if !trace.always_meets(&element.value) {
            differ(format!("through: not all of the equal paths pass {}", element.value));
        }
    }
    for element in &fields.not_through {
        if passed.contains(&element.value.as_str()) {
            differ(format!("not_through: the path passes {}", element.value));
        }
    }
    if let Some(route) = &fields.route {
        let differences = of_route(route, plane, trace);
        if !differences.is_empty() {
            claim.differences.extend(differences);
            claim.outcome = Outcome::Failed;
        }
    }
    claim
}

/// What differs about the first hop's winning route.
fn of_route(fields: &RouteFields, plane: &Plane, trace: &Trace) -> Vec<String> {
    let found = trace.sender.zip(trace.addresses.first()).and_then(|(f, a)| first_route(plane, f, *a));
    let Some(found) = found else { return vec!["route: nothing is sent, so no route wins".to_owned()] };
    let mut differences = Vec::new();
    let mut differ = |what: &str, expected: Option<String>, found: String| {
        if let Some(expected) = expected.filter(|e| *e != found) {
            differences.push(format!("route {what}: expected {expected}, found {found}"));
        }
    };
    differ("prefix", fields.prefix.as_ref().map(|p| p.value.clone()), found.prefix);
    differ("source", fields.source.as_ref().map(|s| s.value.as_str().to_owned()), found.source.to_owned());
    differ(
        "next_hop_type",
        fields.next_hop_type.as_ref().map(|t| t.value.as_str().to_owned()),
        found.next_hop_type.to_owned(),
    );
    let addresses = |list: &OneOrMany<_>| sorted(list.0.iter().map(|a: &Spanned<IpAddr>| a.value.to_string()));
    let hops = sorted(found.next_hop.iter().map(ToString::to_string));
    differ("next_hop_in_ip_address", fields.next_hop_in_ip_address.as_ref().map(addresses), hops);
    differences
}

fn sorted(items: impl Iterator<Item = String>) -> String {
    let mut items: Vec<_> = items.collect();
    items.sort();
    if items.is_empty() { "none".to_owned() } else { items.join(", ") }
}
