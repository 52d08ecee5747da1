//! The naive judge: the rules read off the plain estate, with no data plane, no routes table and no steps.

use super::families::estate::{Estate, State};

/// A client of the random estates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum From {
    Machine(usize),
    Visitor,
    Stranger,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum To {
    Store(usize),
    Machine(usize),
}

/// Verdict and deciding reason, or path, in the words of the tool.
pub(crate) type Answer = (&'static str, &'static str);

fn peered(estate: &Estate, a: usize, b: usize) -> bool {
    // Peerings exist only between network 0 and the others, and need both links (PEER-01).
    let spoke = if a == 0 { b } else { a };
    (a == 0 || b == 0) && a != b && estate.networks[spoke].links == (true, true)
}

/// A peering with one link is the reason where nothing else leads on (PEER-01).
fn why_nowhere(estate: &Estate, from: usize, to: usize) -> &'static str {
    let spoke = if from == 0 { to } else { from };
    let half = matches!(estate.networks[spoke].links, (true, false) | (false, true));
    if (from == 0 || to == 0) && half { "PEER-STATE" } else { "NOROUTE" }
}

/// Whether the subnet's NSG lets a connection out: the first rule decides (NSG-04). The default rules allow what is in
/// the VirtualNetwork tag and the internet, and deny the rest (NSG-05); a default user route widens the tag.
fn nsg_allows(estate: &Estate, from: usize, to_network: Option<usize>) -> bool {
    let network = &estate.networks[from];
    let Some(rules) = &network.rules else { return true };
    for rule in rules {
        if rule.network.is_none() || rule.network == to_network {
            return rule.allow;
        }
    }
    match to_network {
        None => true,
        Some(to) => to == from || peered(estate, from, to) || network.default_to_firewall,
    }
}

/// The private path between two networks: directly, or by the firewall of network 0. `endpoint` has a route of its
/// own wherever it is reachable directly (PE-21).
fn private_path(estate: &Estate, from: usize, to: usize) -> Result<(), &'static str> {
    if !nsg_allows(estate, from, Some(to)) {
        return Err("NSG");
    }
    if from == to || peered(estate, from, to) {
        return Ok(());
    }
    if !estate.networks[from].default_to_firewall {
        return Err(why_nowhere(estate, from, to));
    }
    // The default route leads to the firewall only over a peering that exists (ROUTE-21).
    if !peered(estate, from, 0) {
        return Err("NEXTHOP");
    }
    if !estate.firewall_allows {
        return Err("FW");
    }
    // From the firewall's network the packet goes on only to networks peered with it.
    if !(to == 0 || peered(estate, 0, to)) {
        return Err(why_nowhere(estate, 0, to));
    }
    Ok(())
}

/// What the target machine's NSG lets in: the rules are outbound ones, so the defaults decide (NSG-05, A-01).
fn nsg_admits(estate: &Estate, from: usize, to: usize) -> Result<(), &'static str> {
    let network = &estate.networks[to];
    let tagged = from == to || peered(estate, from, to) || network.default_to_firewall;
    if network.rules.is_none() || tagged { Ok(()) } else { Err("NSG") }
}

/// Whether replies to a flow that passed the firewall pass it, too (ASYM-01).
fn replies(estate: &Estate, from: usize, to: usize, endpoint: bool) -> Result<(), &'static str> {
    let direct = from == to || peered(estate, from, to);
    // Of an endpoint's subnet no route table is attached, so nothing there leads back through the firewall.
    let back_by_firewall = !direct && !endpoint && estate.networks[to].default_to_firewall && peered(estate, to, 0);
    if direct || back_by_firewall { Ok(()) } else { Err(why_nowhere(estate, to, from)) }
}

/// Whether anything public can be reached (the route, then the firewall), and by whom it seems to be asked.
fn public_path(estate: &Estate, from: usize) -> Result<(), &'static str> {
    if !nsg_allows(estate, from, None) {
        return Err("NSG");
    }
    if estate.networks[from].default_to_firewall {
        if !peered(estate, from, 0) {
            return Err("NEXTHOP");
        }
        if !estate.firewall_allows {
            return Err("FW");
        }
    }
    Ok(())
}

/// PAAS-01, PAAS-04. Only the visitor has a listed address; machines leave by default outbound access, whose address
/// nobody knows, or by the firewall, whose address is not listed.
fn admitted(estate: &Estate, store: usize, from: From) -> Answer {
    let store = &estate.stores[store];
    if !store.public {
        return ("blocked", "PNA");
    }
    match (store.selected, from) {
        (None, _) | (Some(true), From::Visitor) => ("public", "public-endpoint"),
        (Some(true), From::Machine(n)) if !estate.networks[n].default_to_firewall => ("unknown", "TAG"),
        _ => ("blocked", "PNA"),
    }
}

pub(crate) fn judge(estate: &Estate, from: From, to: To) -> Answer {
    match (from, to) {
        (From::Machine(a), To::Machine(b)) if a == b => ("private", "routed"),
        (From::Machine(a), To::Machine(b)) => match private_path(estate, a, b)
            .and_then(|()| nsg_admits(estate, a, b))
            .and_then(|()| replies(estate, a, b, false))
        {
            Ok(()) => ("private", "routed"),
            Err(reason) => ("blocked", reason),
        },
        (_, To::Machine(_)) => ("blocked", "NOROUTE"),
        (From::Machine(n), To::Store(s)) => store_from(estate, n, s),
        (_, To::Store(s)) => admitted(estate, s, from),
    }
}

fn store_from(estate: &Estate, n: usize, s: usize) -> Answer {
    let approved = estate.stores[s].endpoint.is_some_and(|(_, state, _)| state == State::Approved);
    // The public name is an alias once an endpoint is approved (DNS-08); only then does a linked zone matter (DEF-04).
    if let (true, Some(fallback)) = (approved, estate.networks[n].zone) {
        let (home, _, registers) = estate.stores[s].endpoint.unwrap();
        if registers {
            return match private_path(estate, n, home).and_then(|()| replies(estate, n, home, true)) {
                Ok(()) => ("private", "private-endpoint"),
                Err(reason) => ("blocked", reason),
            };
        }
        if !fallback {
            return ("blocked", "DNS-NXDOMAIN");
        }
    }
    match public_path(estate, n) {
        Err(reason) => ("blocked", reason),
        Ok(()) => admitted(estate, s, From::Machine(n)),
    }
}
