//! Outbound rules of a managed network (OUT-02, ISO-02, ISO-03).

use super::filters::{party, show};
use super::step::{Stage, Step};
use crate::{
    dataplane::{Egress, EgressMatch, EgressRule, Match, Network, Packet, Party, Plane},
    net::Transport,
    verdict::Reason,
};

/// How a managed network let a packet out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EgressPass {
    /// It has no outbound rules, or allows everything.
    Open,
    /// By a rule on addresses or tags.
    Address,
    /// By a rule on names.
    Name,
}

/// Rules that would have matched, had they been in force or decidable.
#[derive(Default)]
struct Missed<'a> {
    undecided: Option<&'a EgressRule>,
    void: Option<&'a EgressRule>,
    asleep: Option<&'a EgressRule>,
}

/// Evaluates denies, then allows; how the packet leaves if it may, and the step that says so.
pub(super) fn decide(plane: &Plane, packet: &Packet, network: &Network, egress: &Egress) -> (EgressPass, Step) {
    if egress.open {
        let step = Step::pass(Stage::Egress, format!("{} allows everything public", egress.origin));
        return (EgressPass::Open, step.span(egress.origin.span).rules(&["ISO-02", "ISO-07"]));
    }
    let to = party(plane, packet.destination);
    let mut missed = Missed::default();
    let ordered = egress.rules.iter().filter(|r| !r.allow).chain(egress.rules.iter().filter(|r| r.allow));
    for rule in ordered {
        match matches(rule, packet, to) {
            Match::No => {}
            _ if rule.inactive.is_some() => {
                missed.asleep.get_or_insert(rule);
            }
            Match::Undecided => {
                missed.undecided.get_or_insert(rule);
            }
            Match::Yes if rule.void_for(packet.name.as_ref()).is_some() => {
                missed.void.get_or_insert(rule);
            }
            Match::Yes if !rule.allow => {
                let step = Step::block(Stage::Egress, Reason::Egress, format!("{} denies it", rule.origin));
                let step = step.at(&rule.origin).rules(&["OUT-02", "HUB-A12"]);
                return (EgressPass::Open, step.fix(format!("remove {}", rule.origin)));
            }
            // A deny that may match comes before every allow.
            Match::Yes if missed.undecided.is_some_and(|r| !r.allow) => break,
            Match::Yes => {
                let (pass, id) = match rule.matches {
                    EgressMatch::Name(..) => (EgressPass::Name, "FQDN-02"),
                    EgressMatch::Address { .. } => (EgressPass::Address, "HUB-TAG-01"),
                };
                let step = Step::pass(Stage::Egress, format!("{} allows it", rule.origin)).at(&rule.origin);
                return (pass, step.rules(&["ISO-03", id]));
            }
        }
    }
    (EgressPass::Open, denied(plane, packet, network, egress, &missed))
}

/// A deny in force that holds an address of the network itself: it comes before what lets compute reach its private
/// endpoints (OUT-02, HUB-TAG-06, HUB-A12).
pub(super) fn inside(plane: &Plane, packet: &Packet, egress: &Egress) -> Option<Step> {
    let to = party(plane, packet.destination);
    let mut denies = egress.rules.iter().filter(|r| !r.allow && r.inactive.is_none());
    let rule = denies.find(|r| matches(r, packet, to) == Match::Yes)?;
    let step = Step::block(Stage::Egress, Reason::Egress, format!("{} denies it", rule.origin));
    let step = step.at(&rule.origin).rules(&["OUT-02", "HUB-TAG-06", "HUB-A12"]);
    Some(step.fix(format!("remove {}", rule.origin)))
}

fn matches(rule: &EgressRule, packet: &Packet, to: Party<'_>) -> Match {
    match &rule.matches {
        EgressMatch::Address { to: set, protocol, ports } => {
            let here = protocol.matches(packet.transport) && ports.contains(packet.port);
            if here { set.matches(to) } else { Match::No }
        }
        // FQDN-02: the ports of the web only.
        EgressMatch::Name(pattern, ports) => {
            let named = packet.name.as_ref().is_some_and(|n| pattern.matches(n));
            (packet.transport == Transport::Tcp && ports.contains(packet.port) && named).into()
        }
    }
}

/// The most telling reason why nothing lets the packet out.
fn denied(plane: &Plane, packet: &Packet, network: &Network, egress: &Egress, missed: &Missed<'_>) -> Step {
    if let Some(rule) = missed.undecided {
        let text = format!("whether {} covers the address is not declared", rule.origin);
        return Step::unknown(Stage::Egress, Reason::Tag, text)
            .at(&rule.origin)
            .rules(&["TAG-02"])
            .fix("declare `service_tags` and `location` of the public host");
    }
    if let Some((rule, reason)) = missed.void.and_then(|r| Some((r, r.void_for(packet.name.as_ref())?))) {
        return Step::block(Stage::Egress, reason, format!("{} has no effect on storage accounts", rule.origin))
            .at(&rule.origin)
            .rules(&["FQDN-05"])
            .fix("use a private endpoint rule in its place");
    }
    let name = packet.name.as_ref();
    let view = network.view.map(|v| plane.dns.views.get(v));
    if let Some((reason, origin)) = name.and_then(|n| view.and_then(|v| v.dormant.get(n))) {
        let fix = match reason {
            Reason::PePending => format!(
                "approve the connection of {origin} on its target, or give the hub's identity the approver role there"
            ),
            _ => format!("bring {origin} to status Active"),
        };
        return Step::block(Stage::Egress, *reason, format!("{origin} would lead there, and is not active"))
            .at(origin)
            .rules(&["OUT-03", "APPR-01"])
            .fix(fix);
    }
    let mut text = format!("{} allows only approved outbound traffic, and no active rule matches", network.origin);
    if let Some(rule) = missed.asleep {
        text.push_str(&format!(" ({} is {})", rule.origin, rule.inactive.as_deref().unwrap_or("inactive")));
    }
    let target = name.map_or_else(|| show(packet.destination), ToString::to_string);
    let fix = if name.is_some_and(|n| plane.door_names.contains_key(n)) {
        format!(
            "add a private endpoint outbound rule for {target} to {}; a private endpoint in a customer network does \
             not serve managed compute (MPE-05)",
            network.origin
        )
    } else {
        format!("add an FQDN or service tag outbound rule for {target} to {}", network.origin)
    };
    Step::block(Stage::Egress, Reason::Egress, text).at(&egress.origin).rules(&["ISO-03", "OUT-03"]).fix(fix)
}
